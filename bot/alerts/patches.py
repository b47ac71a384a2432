"""Patches that ended, as alerts: what keeps a domain's patches from landing, until one shows it is over."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from contracts.alerts.model import DOMAIN, NAME, SEVERITY, Alert, Labels, Observation, Severity, fingerprint
from contracts.faults import Fault, Reason, fault
from contracts.gates import Verdict, refusing
from contracts.records import FlakyGate, StoredPatch
from contracts.states import PatchState

GATE: Final = "gate"
REASON: Final = "reason"
#: A failure that nobody repeats for so long is history, though no later patch showed that it is over.
FORGOTTEN_AFTER: Final = timedelta(days=1)


def observations(ended: Sequence[StoredPatch], firing: Sequence[Alert]) -> list[Observation]:
    """What *ended*, in its order, says of what fires: each shows what is over, and what is wrong now."""
    known = {each.fingerprint: _again(each) for each in firing}
    found: list[Observation] = []
    for patch in ended:
        at = patch.finished_at or patch.accepted_at
        for print_, each in list(known.items()):
            if _is_over(each.labels, patch):
                found.append(replace(known.pop(print_), ended=at))
        if failure := _failure(patch, at):
            known[fingerprint(failure.labels)] = failure
            found.append(failure)
    return found


def _again(alert: Alert) -> Observation:
    return Observation(alert.labels, alert.what, alert.since, times=0)


def _is_over(labels: Labels, patch: StoredPatch) -> bool:
    """A patch that landed went all the way; any other shows at least which gates pass."""
    if labels.get(DOMAIN) != patch.patch.domain:
        return False
    gates = patch.report.gates if patch.report else ()
    passed = {gate.name for gate in gates if gate.verdict is Verdict.PASSED}
    return patch.state is PatchState.LANDED or labels.get(GATE) in passed


def _failure(patch: StoredPatch, at: datetime) -> Observation | None:
    wrong = patch.report.fault if patch.report else None
    why = wrong.reason.value if wrong else "unknown"
    match patch.state:
        case PatchState.FAILED:
            labels, what = _failed(patch, why)
            return Observation(labels, what, at, expires=at + FORGOTTEN_AFTER)
        case PatchState.QUARANTINED:
            labels = _labels("patch-quarantined", Severity.CRITICAL, patch, **{REASON: why})
            return Observation(labels, fault(Reason.PATCH_GIVEN_UP, patch=patch.id, why=why), at)
        case _:
            return None


def _failed(patch: StoredPatch, why: str) -> tuple[Labels, Fault]:
    """The gate that kept it from landing; without one, why it was not judged or did not land."""
    gate = refusing(patch.report.gates) if patch.report else None
    if gate is None:
        # What does not even apply is its author's to mend, who is told so; others need not hurry.
        was_built = patch.report is not None and patch.report.commit is not None
        severity = Severity.WARNING if was_built else Severity.INFO
        labels = _labels("patch-failed", severity, patch, **{REASON: why})
        return labels, fault(Reason.PATCH_DID_NOT_LAND, patch=patch.id, why=why)
    if gate.verdict is Verdict.ERRORED:
        labels = _labels("patch-errored", Severity.WARNING, patch, **{GATE: gate.name})
        why = gate.why.reason.value if gate.why else why
        return labels, fault(Reason.GATE_DID_NOT_RUN, gate=gate.name, patch=patch.id, why=why)
    labels = _labels("patch-failed", Severity.WARNING, patch, **{GATE: gate.name})
    return labels, fault(Reason.GATE_REFUSES, gate=gate.name, patch=patch.id)


def _labels(name: str, severity: Severity, patch: StoredPatch, **more: str) -> Labels:
    return {NAME: name, SEVERITY: severity.value, DOMAIN: patch.patch.domain, **more}


def flaky(gate: FlakyGate, span: timedelta) -> Observation:
    """A gate that contradicted itself within *span*; it holds for as long as that is so."""
    labels = {
        NAME: "gate-flaky",
        SEVERITY: Severity.WARNING.value,
        DOMAIN: gate.domain,
        GATE: gate.gate,
    }
    what = fault(Reason.GATE_FLAKY, gate=gate.gate, count=gate.count, span=round(span.total_seconds()))
    return Observation(labels, what, gate.latest, times=0)
