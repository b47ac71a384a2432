"""What an ended attempt adds to the narrow tables that reports are counted from."""

import hashlib
import sqlite3
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

from contracts.as_json import AsJson
from contracts.gates import reported_coverage
from contracts.outcome import Report
from contracts.patch import content_hash
from contracts.risk import errors_of, warnings_of
from contracts.states import OPEN_STATES, PatchState
from executor.engine.sqlite.codec import patch_from_json, report_from_json
from executor.engine.sqlite.writer import Transaction

_MICROSECOND = timedelta(microseconds=1)
_LENGTH: AsJson[timedelta] = AsJson(timedelta)
_TASK = """
INSERT INTO tasks (seq, ended_at, domain, state, accepted_at, started_at, errors, warnings, reason, gate)
VALUES (:seq, :now, :domain, :state, (SELECT accepted_at FROM patches WHERE seq = :seq), :started_at,
  :errors, :warnings, :reason, :gate)"""
_GATE_RUN = "INSERT INTO gate_runs VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"


class Ended(NamedTuple):
    """The attempt that ended, as the lane has it: *held* counts those before that only waited."""

    seq: int
    domain: str
    content: str
    attempt: int
    held: int
    started_at: int
    now: int
    state: PatchState


def note_attempt(tx: Transaction, ended: Ended, report: Report) -> None:
    """Its gates, and the task itself if this was its end."""
    if report.gates and not report.reused:
        tx.executemany(_GATE_RUN, _gate_runs(ended, report))
    if ended.state not in OPEN_STATES:
        tx.execute(_TASK, _task(ended, report))


def _gate_runs(ended: Ended, report: Report) -> Iterator[tuple[Any, ...]]:
    candidate = _candidate(ended.content, report.base)
    # One that ran twice has said something each time.
    runs = [(gate, verdict) for gate in report.gates for verdict in gate.runs or (gate.verdict,)]
    for place, (gate, verdict) in enumerate(runs):
        took = None if gate.took is None else gate.took // _MICROSECOND
        coverage = reported_coverage(gate.output)
        yield (
            *(ended.domain, gate.name, ended.now, ended.seq, ended.attempt, place),
            *(verdict, took, candidate, coverage),
        )


def _task(ended: Ended, report: Report) -> dict[str, Any]:
    wrong = None if ended.state is PatchState.LANDED else report.fault
    return {
        "seq": ended.seq,
        "now": ended.now,
        "domain": ended.domain,
        "state": ended.state,
        "started_at": ended.started_at,
        "errors": errors_of(report),
        "warnings": warnings_of(report, tries=ended.attempt - ended.held),
        "reason": wrong and wrong.reason,
        "gate": wrong and wrong.args.get("gate"),
    }


def _candidate(content: str, base: str | None) -> int | None:
    """Equal numbers, equal trees: the same changes on the same base."""
    if base is None:
        return None
    digest = hashlib.sha256(f"{content} {base}".encode()).digest()
    return int.from_bytes(digest[:8], signed=True)


# What the migration needs to do the same for what ended before ---------------------------------------
def add_functions(connection: sqlite3.Connection) -> None:
    """What the statements of the schema call by name."""
    for name, arguments, function in (
        ("errors_in", 1, lambda report: errors_of(report_from_json(report))),
        ("warnings_in", 2, lambda report, tries: warnings_of(report_from_json(report), tries=tries)),
        ("microseconds_of", 1, _microseconds),
        ("candidate_of", 2, _candidate_of),
        ("coverage_in", 1, reported_coverage),
    ):
        connection.create_function(name, arguments, function, deterministic=True)


def _microseconds(length: str | None) -> int | None:
    return None if length is None else _LENGTH.adapter.validate_python(length) // _MICROSECOND


def _candidate_of(patch: str, base: str | None) -> int | None:
    return _candidate(content_hash(patch_from_json(patch)), base)
