"""What is given as JSON: by `--json` and over HTTP. docs/cli.md and docs/http.md promise these shapes:
a field is added, never changed or taken away.

Times are ISO 8601 with their offset, durations seconds, sizes bytes; what is not known is null.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from contracts.faults import Fault
from contracts.gates import GateResult
from contracts.outcome import FileChange, Report, StepTime
from contracts.patch import Patch
from contracts.ports import Counts
from contracts.records import LaneLine, PatchLine, StoredPatch
from contracts.states import PatchState

Json = dict[str, object]

#: The states in which a patch has ended, in the order in which lanes count them.
ENDS = (PatchState.LANDED, PatchState.FAILED, PatchState.QUARANTINED)


def line(patch: PatchLine) -> Json:
    return {
        "id": patch.id,
        "domain": patch.domain,
        "title": patch.title,
        "actor": patch.actor,
        "state": patch.state.value,
        "accepted_at": _time(patch.accepted_at),
        "finished_at": _time(patch.finished_at),
        "position": patch.position,
    }


def lane(lane: LaneLine) -> Json:
    return {
        "domain": lane.domain,
        "waiting": lane.waiting,
        "head": line(lane.head) if lane.head else None,
        "oldest_accepted_at": _time(lane.oldest_accepted_at),
        "landed": lane.landed,
        "failed": lane.failed,
        "quarantined": lane.quarantined,
    }


def status(
    running: bool, counts: Counts, states: Mapping[PatchState, int], lanes: Sequence[LaneLine]
) -> Json:
    return {
        "running": running,
        "waiting_for": {
            "inbox": counts.inbox,
            "lanes": counts.waiting,
            "outbox": counts.outbox,
            "oldest_outbox_at": _time(counts.oldest_outbox_at),
        },
        "patches": {state.value: states[state] for state in PatchState},
        "domains": [lane(each) for each in lanes],
    }


def patch(stored: StoredPatch) -> Json:
    return {
        "id": stored.id,
        "domain": stored.patch.domain,
        "title": stored.patch.title,
        "state": stored.state.value,
        "actor": {"kind": stored.actor.kind.value, "id": stored.actor.id, "name": stored.actor.name},
        "source": stored.source.value,
        "attempt": stored.attempt,
        "accepted_at": _time(stored.accepted_at),
        "started_at": _time(stored.started_at),
        "finished_at": _time(stored.finished_at),
        "not_before": _time(stored.not_before),
        "steps": [_step(each) for each in stored.steps],
        "report": report(stored.report) if stored.report else None,
    }


def report(report: Report) -> Json:
    return {
        "branch": report.branch,
        "base": report.base,
        "commit": report.commit,
        "pushed_to": report.pushed_to,
        "moved": report.moved,
        "found": report.found,
        "files": [_file(each) for each in report.files],
        "gates": [_gate(each) for each in report.gates],
        "steps": [_step(each) for each in report.steps],
        "fault": fault(report.fault) if report.fault else None,
    }


def tried(patch: Patch, would_be: Report) -> Json:
    return {"title": patch.title, "would_land": would_be.fault is None, "report": report(would_be)}


def fault(fault: Fault) -> Json:
    """The reason and its facts; the sentence is for people and may change."""
    return {
        "reason": fault.reason.value,
        "facts": dict(fault.args),
        "file": fault.file,
        "line": fault.line,
        "column": fault.column,
    }


def _file(change: FileChange) -> Json:
    return {
        "path": change.path,
        "old_path": change.old_path,
        "change": change.change.value,
        "added": change.added,
        "removed": change.removed,
    }


def _gate(gate: GateResult) -> Json:
    return {
        "name": gate.name,
        "verdict": gate.verdict.name.lower(),
        "required": gate.required,
        "why": fault(gate.why) if gate.why else None,
        "took": _seconds(gate.took),
        "level": gate.level,
        "output": gate.output,
        "dropped": gate.dropped,
    }


def _step(step: StepTime) -> Json:
    return {"step": step.step.value, "started": _time(step.started), "ended": _time(step.ended)}


def _time(when: datetime | None) -> str | None:
    return when.isoformat() if when else None


def _seconds(time: timedelta | None) -> float | None:
    return time.total_seconds() if time is not None else None
