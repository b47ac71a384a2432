"""One line of the execution log: what is known of a finished task, as JSON that never comes out otherwise."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.gates import GateResult, Verdict
from contracts.outcome import Report
from contracts.records import StoredPatch
from contracts.reports.store import EndedTask
from contracts.risk import did_not_run
from contracts.states import PatchState

_STATUS = {
    PatchState.LANDED: "completed",
    PatchState.FAILED: "failed",
    PatchState.STOPPED: "stopped",
    PatchState.QUARANTINED: "quarantined",
}


def line_of(task: EndedTask) -> bytes:
    """A whole line; equal tasks are equal bytes."""
    return json.dumps(_entry(task), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def day_of(task: EndedTask) -> str:
    """The UTC day in whose file it belongs: that of its end."""
    return f"{_ended(task.patch).astimezone(UTC):%Y-%m-%d}"


def _ended(patch: StoredPatch) -> datetime:
    if patch.finished_at is None:
        raise LookupError(f"patch {patch.id} is not finished")
    return patch.finished_at


def _entry(task: EndedTask) -> dict[str, Any]:
    patch, report = task.patch, task.patch.report or Report("")
    ended, started = _ended(patch), patch.started_at or _ended(patch)
    return {
        "task_id": patch.id,
        "agent": patch.actor.name or patch.actor.id,
        "phase": patch.steps[-1].step if patch.steps else None,
        "description": patch.patch.title,
        "status": _STATUS[patch.state],
        "start_time": _moment(started),
        "end_time": _moment(ended),
        "duration_seconds": _seconds(ended - started),
        "dependencies": [],
        "errors": _errors(report),
        "warnings": _warnings(report),
        "metrics": {
            "domain": patch.patch.domain,
            "wait_seconds": _seconds(started - patch.accepted_at),
            "attempts": patch.attempt,
            "errors": task.errors,
            "warnings": task.warnings,
            "files": len(report.files),
            "lines_added": sum(file.added or 0 for file in report.files),
            "lines_removed": sum(file.removed or 0 for file in report.files),
            "commit": report.commit if patch.state is PatchState.LANDED else None,
            "gates": [_gate(gate) for gate in report.gates],
        },
    }


def _errors(report: Report) -> list[dict[str, Any]]:
    """What the risk rate counts as errors, each once."""
    gates = [
        {"gate": gate.name, "reason": gate.why.reason if gate.why else gate.verdict.name.lower()}
        for gate in report.gates
        if did_not_run(gate) or (gate.required and gate.verdict is Verdict.FAILED)
    ]
    refused = any(gate.required and gate.verdict > Verdict.SKIPPED for gate in report.gates)
    if report.fault is None or refused:
        return gates
    return [*gates, {"reason": report.fault.reason, **report.fault.args}]


def _warnings(report: Report) -> list[dict[str, Any]]:
    advisory = [
        {"gate": gate.name, "reason": "advisory"}
        for gate in report.gates
        if gate.verdict is Verdict.FAILED and not gate.required
    ]
    return [*advisory, *([{"reason": "branch-moved", "times": report.moved}] if report.moved else [])]


def _gate(gate: GateResult) -> dict[str, Any]:
    took = None if gate.took is None else _seconds(gate.took)
    return {"name": gate.name, "verdict": gate.verdict.name.lower(), "seconds": took}


def _moment(when: datetime) -> str:
    return when.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _seconds(length: timedelta) -> float:
    """Never negative, though clocks are set back."""
    return max(length, timedelta(0)).total_seconds()
