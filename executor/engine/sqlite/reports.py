"""What reports are counted from, and the reports that were made. `contracts.reports.store.Reports`.

Counting reads narrow rows through `tasks_ended` and the primary key of `gate_runs`, a stretch of each.
"""

import json
import sqlite3
from array import array
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from statistics import fmean
from typing import Any, NamedTuple

from contracts.commands import Place
from contracts.notices import NewDelivery
from contracts.records import PatchLine
from contracts.reports.figures import Answered, Cause, Counted, Day, GateTally, Spread, rank
from contracts.reports.periods import Window
from contracts.reports.settings import Kind
from contracts.reports.store import EndedTask, ReportKey, StoredReport
from contracts.risk import TaskCounts, TaskMark
from contracts.states import PatchState
from executor.engine.sqlite.codec import STORED, from_time, from_time_if, stored_patch, to_time, to_time_if
from executor.engine.sqlite.outbox import Letter, letters, say
from executor.engine.sqlite.rulings import approvals_in
from executor.engine.sqlite.threads import Thread
from executor.engine.sqlite.writer import Transaction, Writer

#: The causes that a report names.
_MOST_CAUSES = 10

# NULL as :domains means all; a window is a stretch of `tasks_ended` and of `gate_runs`.
_WITHIN = "ended_at >= :start AND ended_at < :end"
_OF_DOMAINS = "(:domains IS NULL OR domain IN (SELECT value FROM json_each(:domains)))"
_TASKS = f"tasks INDEXED BY tasks_ended WHERE {_WITHIN} AND {_OF_DOMAINS}"
# The runs of a gate in a window lie together; the gates are found by leaps from one to the next.
_NEXT_DOMAIN = "SELECT min(domain) FROM gate_runs WHERE domain > ?"
_NEXT_GATE = "SELECT min(gate) FROM gate_runs WHERE domain = ? AND gate > ?"
_RUNS = f"gate_runs WHERE domain = :domain AND gate = :gate AND {_WITHIN}"
_ENDS = f"""
SELECT count(*) FILTER (WHERE state = 'landed'), count(*) FILTER (WHERE state = 'failed'),
  count(*) FILTER (WHERE state = 'quarantined'),
  avg(ended_at - accepted_at) FILTER (WHERE state = 'landed')
FROM {_TASKS}"""
_LENGTHS = f"SELECT max(0, started_at - accepted_at), max(0, ended_at - started_at) FROM {_TASKS}"
_VERDICTS = f"""
SELECT coalesce(sum(verdict = 0), 0), coalesce(sum(verdict = 2), 0), coalesce(sum(verdict = 3), 0),
  coalesce(sum(verdict = 1), 0)
FROM {_RUNS}"""
# Failures are few: what passed is held against them, not the other way round.
_FLAKY = f"""
WITH said_no AS MATERIALIZED (
  SELECT candidate, count(*) AS many FROM {_RUNS} AND verdict = 2 AND candidate IS NOT NULL
  GROUP BY candidate)
SELECT coalesce(sum(many), 0) FROM said_no WHERE candidate IN (
  SELECT candidate FROM {_RUNS} AND verdict = 0 AND candidate IN (SELECT candidate FROM said_no))"""
_COVERAGE = f"SELECT coverage FROM {_RUNS} AND coverage IS NOT NULL ORDER BY ended_at DESC, seq DESC LIMIT 1"
_CAUSES = f"""
SELECT reason, gate, count(*) FROM {_TASKS} AND state <> 'landed' AND reason IS NOT NULL
GROUP BY reason, gate ORDER BY count(*) DESC, reason, gate LIMIT {_MOST_CAUSES}"""
# Of the open ones, and of those that ended since then.
_OLDEST = f"""
SELECT min(accepted_at) FROM (
  SELECT accepted_at FROM patches WHERE seq = (SELECT min(seq) FROM lanes WHERE {_OF_DOMAINS})
  UNION ALL
  SELECT min(accepted_at) FROM tasks INDEXED BY tasks_ended WHERE ended_at >= :end AND {_OF_DOMAINS})
WHERE accepted_at < :end"""
_RISK = f"""
SELECT count(*), coalesce(sum(errors), 0), coalesce(sum(warnings), 0), coalesce(sum(state <> 'landed'), 0)
FROM {_TASKS}"""
_MARKS = f"SELECT ended_at, errors, warnings, state <> 'landed' FROM {_TASKS} ORDER BY ended_at"

# Groups that opened in the window and were taken in it; and those that were resolved in it. Of those that
# were forgotten there are rows in `incidents`.
_OF_LABELS = """
(:domains IS NULL OR json_extract(labels, '$.domain') IN (SELECT value FROM json_each(:domains)))"""
_OPENED = f"""
SELECT coalesce(sum(critical), 0), count(taken), avg(taken - opened_at) FROM (
  SELECT severity = 'critical' AS critical, opened_at, (
    SELECT min(at) FROM alert_entries
    WHERE grp = seq AND kind IN ('acknowledged', 'taken-over') AND at < :end) AS taken
  FROM alert_groups INDEXED BY alert_groups_opened
  WHERE opened_at >= :start AND opened_at < :end AND {_OF_LABELS}
  UNION ALL SELECT critical, opened_at, iif(taken_at < :end, taken_at, NULL)
  FROM incidents INDEXED BY incidents_opened
  WHERE opened_at >= :start AND opened_at < :end AND {_OF_DOMAINS})"""
_RESOLVED = f"""
SELECT count(*), avg(resolved_at - opened_at) FROM (
  SELECT opened_at, resolved_at FROM alert_groups INDEXED BY alert_groups_resolved
  WHERE state = 'resolved' AND resolved_at >= :start AND resolved_at < :end AND {_OF_LABELS}
  UNION ALL SELECT opened_at, resolved_at FROM incidents INDEXED BY incidents_resolved
  WHERE resolved_at >= :start AND resolved_at < :end AND {_OF_DOMAINS})"""

_LINE = "SELECT id, patches.domain, title, actor_name, state, patches.accepted_at"
_LANDED = f"""
{_LINE}, ended_at, 0 FROM (
  SELECT seq, state, ended_at FROM tasks WHERE number IN (
    SELECT number FROM {_TASKS} AND state = 'landed' ORDER BY ended_at DESC, number DESC LIMIT :limit))
JOIN patches USING (seq) ORDER BY ended_at, seq"""
_OPEN = f"""
{_LINE}, NULL, held_by IS NOT NULL FROM lanes JOIN patches USING (seq)
WHERE (:domains IS NULL OR lanes.domain IN (SELECT value FROM json_each(:domains))) AND accepted_at < :end
ORDER BY seq LIMIT :limit"""
_ENDED = "SELECT number, seq, errors, warnings FROM tasks WHERE number > :after"
_LAST = "SELECT coalesce(max(number), 0) FROM tasks"
_DAY = 86_400_000_000
_DAYS = f"SELECT DISTINCT ended_at / {_DAY} * {_DAY} FROM tasks INDEXED BY tasks_ended ORDER BY 1"
_REPORT = """
SELECT id, kind, reports.channel, domain, period_start, period_end, made_at, due_at, body,
  cards.channel, cards.ts, cards.thread
FROM reports LEFT JOIN cards ON cards.patch = reports.id"""


class SqliteReports:
    def __init__(self, writer: Writer, reader: Thread) -> None:
        self._writer = writer
        self._reader = reader

    async def counted(self, window: Window, domains: Sequence[str] | None) -> Counted:
        return await self._reader.read(partial(_counted, _bound(window, domains)))

    async def days(
        self, days: Sequence[tuple[date, Window]], domains: Sequence[str] | None
    ) -> tuple[Day, ...]:
        bounds = [(day, _bound(window, domains)) for day, window in days]
        return await self._reader.read(lambda store: tuple(_day(store, day, bound) for day, bound in bounds))

    async def landed(
        self, window: Window, domains: Sequence[str] | None, *, limit: int
    ) -> tuple[PatchLine, ...]:
        return await self._reader.read(partial(_lines, _LANDED, _bound(window, domains, limit=limit)))

    async def open_at(
        self, moment: datetime, domains: Sequence[str] | None, *, limit: int
    ) -> tuple[PatchLine, ...]:
        bound = _bound(Window(moment, moment), domains, limit=limit)
        return await self._reader.read(partial(_lines, _OPEN, bound))

    # Risk ----------------------------------------------------------------------------------------
    async def tasks(self, window: Window, domains: Sequence[str] | None) -> TaskCounts:
        bound = _bound(window, domains)
        return await self._reader.read(lambda store: TaskCounts(*store.execute(_RISK, bound).fetchone()))

    async def marks(self, window: Window, domains: Sequence[str] | None) -> tuple[TaskMark, ...]:
        bound = _bound(window, domains)
        rows = await self._reader.read(lambda store: store.execute(_MARKS, bound).fetchall())
        return tuple(
            TaskMark(from_time(at), errors, warnings, bool(failed)) for at, errors, warnings, failed in rows
        )

    # The execution log -----------------------------------------------------------------------------
    async def last_number(self) -> int:
        row = await self._reader.read(lambda store: store.execute(_LAST).fetchone())
        number: int = row[0]
        return number

    async def days_with_tasks(self) -> tuple[date, ...]:
        rows = await self._reader.read(lambda store: store.execute(_DAYS).fetchall())
        return tuple(from_time(start).date() for (start,) in rows)

    async def ended(self, *, after: int, limit: int) -> tuple[EndedTask, ...]:
        wanted = f"{_ENDED} ORDER BY number LIMIT :limit"
        return await self._reader.read(partial(_ended, wanted, {"after": after, "limit": limit}))

    async def last_ended(self) -> int:
        (number,) = await self._reader.read(
            lambda store: store.execute("SELECT coalesce(max(number), 0) FROM tasks").fetchone()
        )
        return int(number)

    async def ended_within(self, window: Window, *, after: int, limit: int) -> tuple[EndedTask, ...]:
        wanted = f"{_ENDED} AND {_WITHIN} ORDER BY number LIMIT :limit"
        bound = {**_bound(window, None), "after": after, "limit": limit}
        return await self._reader.read(partial(_ended, wanted, bound))

    # Reports that are kept -------------------------------------------------------------------------
    async def known_since(self, key: ReportKey, *, now: datetime) -> datetime:
        known = {**_key(key), "now": to_time(now)}
        return from_time(await self._writer.run(partial(_known_since, known)))

    async def latest(self, key: ReportKey) -> datetime | None:
        row = await self._reader.read(
            lambda store: store.execute(
                """SELECT max(period_end) FROM reports
                WHERE kind = :kind AND channel = :channel AND domain = :domain""",
                _key(key),
            ).fetchone()
        )
        return from_time_if(row[0])

    async def make(self, report: StoredReport, told: Sequence[NewDelivery]) -> bool:
        row = {
            **_key(report.key),
            "id": report.id,
            "start": to_time(report.start),
            "end": to_time(report.end),
            "made_at": to_time(report.made_at),
            "due_at": to_time_if(report.due_at),
            "body": report.body,
        }
        return await self._writer.run(partial(_make, row, letters(told, row["made_at"])))

    async def report(self, report: str) -> StoredReport | None:
        row = await self._reader.read(
            lambda store: store.execute(f"{_REPORT} WHERE id = ?", (report,)).fetchone()
        )
        return None if row is None else _report(row)


def _bound(window: Window, domains: Sequence[str] | None, **more: int) -> dict[str, Any]:
    listed = None if domains is None else json.dumps(list(domains))
    return {"start": to_time(window.start), "end": to_time(window.end), "domains": listed, **more}


# Counting ----------------------------------------------------------------------------------------
def _counted(bound: dict[str, Any], store: sqlite3.Connection) -> Counted:
    landed, failed, quarantined, deploy = store.execute(_ENDS, bound).fetchone()
    wait, run = _spreads(store, bound)
    incidents, acknowledged, to_acknowledge = store.execute(_OPENED, bound).fetchone()
    resolved, to_resolve = store.execute(_RESOLVED, bound).fetchone()
    gates = [_gate(store, *named, bound) for named in _named(store, bound["domains"])]
    covered = [gate.coverage for gate in gates if gate.coverage is not None]
    return Counted(
        landed=landed,
        failed=failed,
        quarantined=quarantined,
        wait=wait,
        run=run,
        deploy=_length(deploy),
        gates=tuple(gate.tally for gate in gates if gate.ran),
        flaky=sum(gate.flaky for gate in gates),
        coverage=fmean(covered) if covered else None,
        causes=tuple(Cause(*row) for row in store.execute(_CAUSES, bound)),
        alerts=Answered(incidents, acknowledged, _length(to_acknowledge), resolved, _length(to_resolve)),
        approvals=approvals_in(store, bound),
        oldest_at=from_time_if(store.execute(_OLDEST, bound).fetchone()[0]),
    )


class _Gate(NamedTuple):
    tally: GateTally
    flaky: int
    coverage: float | None

    @property
    def ran(self) -> bool:
        return bool(self.tally.judged or self.tally.skipped)


def _named(store: sqlite3.Connection, listed: str | None) -> Iterator[tuple[str, str]]:
    """Domain and gate of all that ever ran, in their order."""
    wanted = None if listed is None else frozenset(json.loads(listed))
    domain = ""
    while (domain := store.execute(_NEXT_DOMAIN, (domain,)).fetchone()[0]) is not None:
        gate = ""
        while wanted is None or domain in wanted:
            gate = store.execute(_NEXT_GATE, (domain, gate)).fetchone()[0]
            if gate is None:
                break
            yield domain, gate


def _gate(store: sqlite3.Connection, domain: str, gate: str, bound: dict[str, Any]) -> _Gate:
    runs = {**bound, "domain": domain, "gate": gate}
    tally = GateTally(domain, gate, *store.execute(_VERDICTS, runs).fetchone())
    flaky = store.execute(_FLAKY, runs).fetchone()[0] if tally.failed else 0
    coverage = store.execute(_COVERAGE, runs).fetchone()
    return _Gate(tally, flaky, None if coverage is None else coverage[0])


def _day(store: sqlite3.Connection, day: date, bound: dict[str, Any]) -> Day:
    landed, failed, quarantined, _ = store.execute(_ENDS, bound).fetchone()
    return Day(day, landed, failed, quarantined, *_spreads(store, bound))


def _spreads(store: sqlite3.Connection, bound: dict[str, Any]) -> tuple[Spread | None, Spread | None]:
    """Of the waits and of the runs. Arrays, because a million integers as objects are 32 MB."""
    waits, runs = array("q"), array("q")
    for wait, run in store.execute(_LENGTHS, bound):
        waits.append(wait)
        runs.append(run)
    return _spread(waits), _spread(runs)


def _spread(lengths: "array[int]") -> Spread | None:
    if not lengths:
        return None
    ordered, many = sorted(lengths), len(lengths)
    return Spread(many, _micro(ordered[rank(many, 50)]), _micro(ordered[rank(many, 90)]))


def _length(mean: float | None) -> timedelta | None:
    return None if mean is None else _micro(round(mean))


def _micro(length: int) -> timedelta:
    return timedelta(microseconds=length)


# Lists -------------------------------------------------------------------------------------------
def _lines(wanted: str, bound: dict[str, Any], store: sqlite3.Connection) -> tuple[PatchLine, ...]:
    return tuple(
        PatchLine(
            id_,
            domain,
            title,
            actor,
            PatchState(state),
            from_time(accepted),
            from_time_if(ended),
            position=None,
            on_hold=bool(on_hold),
        )
        for id_, domain, title, actor, state, accepted, ended, on_hold in store.execute(wanted, bound)
    )


def _ended(wanted: str, bound: dict[str, Any], store: sqlite3.Connection) -> tuple[EndedTask, ...]:
    return tuple(
        EndedTask(number, _patch(store, seq), errors, warnings)
        for number, seq, errors, warnings in store.execute(wanted, bound).fetchall()
    )


def _patch(store: sqlite3.Connection, seq: int) -> Any:
    return stored_patch(store.execute(f"{STORED} WHERE patches.seq = ?", (seq,)).fetchone())


# Reports -----------------------------------------------------------------------------------------
def _key(key: ReportKey) -> dict[str, Any]:
    return {"kind": key.kind, "channel": key.channel, "domain": key.domain or ""}


def _known_since(known: dict[str, Any], tx: Transaction) -> int:
    tx.execute("INSERT INTO schedules VALUES (:kind, :channel, :domain, :now) ON CONFLICT DO NOTHING", known)
    since: int = tx.execute(
        "SELECT since FROM schedules WHERE kind = :kind AND channel = :channel AND domain = :domain", known
    ).fetchone()[0]
    return since


def _make(row: dict[str, Any], said: Sequence[Letter], tx: Transaction) -> bool:
    made = tx.execute(
        """INSERT INTO reports
        VALUES (:id, :kind, :channel, :domain, :start, :end, :made_at, :due_at, :body)
        ON CONFLICT (kind, channel, domain, period_start) DO NOTHING""",
        row,
    )
    if made.rowcount == 0:
        return False
    say(tx, said)
    return True


def _report(row: Sequence[Any]) -> StoredReport:
    id_, kind, channel, domain, start, end, made_at, due_at, body, *card = row
    return StoredReport(
        id=id_,
        key=ReportKey(Kind(kind), channel, domain or None),
        start=from_time(start),
        end=from_time(end),
        made_at=from_time(made_at),
        due_at=from_time_if(due_at),
        body=body,
        card=None if card[0] is None else Place(*card),
    )
