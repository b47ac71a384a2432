"""What is given as JSON: by `--json` and over HTTP. docs/cli.md and docs/http.md promise these shapes:
a field is added, never changed or taken away.

Times are ISO 8601 with their offset, durations seconds, sizes bytes; what is not known is null.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from bot.overview import Overview, is_stale
from contracts.alerts.model import Group
from contracts.control import Closed
from contracts.faults import Fault, Reason
from contracts.faults import fault as fault_of
from contracts.gates import GateResult
from contracts.health import GateHealth, Health, Level, Sample, Service, Status
from contracts.outcome import Approved, FileChange, Offer, Preview, Report, StepTime
from contracts.outlook import Outlook
from contracts.patch import Patch
from contracts.ports import Counts
from contracts.records import LaneLine, PatchLine, PatchSet, StoredPatch
from contracts.risk import Risk
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
        "on_hold": patch.on_hold,
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
    running: bool,
    counts: Counts,
    states: Mapping[PatchState, int],
    lanes: Sequence[LaneLine],
    closings: Sequence[Closed],
) -> Json:
    return {
        "running": running,
        "waiting_for": _waiting(counts),
        "patches": {state.value: states[state] for state in PatchState},
        "domains": [lane(each) for each in lanes],
        "closed": [closed(each) for each in closings],
    }


def _waiting(counts: Counts) -> Json:
    return {
        "inbox": counts.inbox,
        "lanes": counts.waiting,
        "outbox": counts.outbox,
        "oldest_outbox_at": _time(counts.oldest_outbox_at),
    }


def patch(stored: StoredPatch, expected: Outlook | None = None) -> Json:
    """*expected* is of one that waits."""
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
        "priority": (stored.priority or stored.patch.priority).value,
        "hotfix": stored.patch.hotfix,
        "depends_on": list(stored.patch.depends_on),
        "replays": stored.patch.replays,
        "reverts": stored.patch.reverts,
        "adjusts": stored.patch.adjusts,
        "set": stored.set_id,
        "reverted_by": stored.reverted_by,
        "stopped_by": stored.stop_by,
        "outlook": outlook(expected) if expected else None,
        "steps": [_step(each) for each in stored.steps],
        "report": report(stored.report) if stored.report else None,
    }


def patch_set(found: PatchSet, expected: Mapping[str, Outlook | None]) -> Json:
    """*expected*: by the ids of its patches. A domain without a patch kept its part out."""
    return {
        "id": found.id,
        "title": found.first.patch.title,
        "atomic": found.atomic,
        "domains": list(found.domains),
        "open": bool(found.open),
        "patches": [patch(each, expected.get(each.id)) for each in found.members],
    }


def outlook(expected: Outlook) -> Json:
    """What keeps a patch from its turn, and about how many seconds it is until then."""
    found = expected.obstacles
    hold, proposal = found.hold, found.proposal
    return {
        "position": expected.position,
        "ahead": list(found.ahead),
        "hold": {"by": hold.by, "why": hold.why, "since": _time(hold.since)} if hold else None,
        "approval": [fault(each) for each in proposal.reasons] if proposal else None,
        "waits_for": [{"patch": each.patch, "state": each.state.value} for each in found.waits_for],
        "companions": [
            {"patch": each.patch, "domain": each.domain, "state": each.state.value, "kept": each.kept}
            for each in found.companions
        ],
        "sets_ahead": list(found.sets_ahead),
        "closed": [closed(each) for each in found.closed],
        "again_at": _time(found.again_at),
        "wait": _seconds(expected.wait),
        "unknown": fault(expected.unknown) if expected.unknown else None,
    }


def closed(closed: Closed) -> Json:
    """*domain* null: the whole desk. *by* empty: a window of the settings."""
    return {
        "domain": closed.domain,
        "closing": closed.closing.value,
        "by": closed.by,
        "why": closed.why,
        "since": _time(closed.since),
        "until": _time(closed.until),
    }


def _approved(given: Approved) -> Json:
    return {"by": given.by, "at": _time(given.at), "reasons": [fault(each) for each in given.reasons]}


def report(report: Report) -> Json:
    return {
        "branch": report.branch,
        "base": report.base,
        "commit": report.commit,
        "pushed_to": report.pushed_to,
        "moved": report.moved,
        "found": report.found,
        "reused": report.reused,
        "approved": _approved(report.approved) if report.approved else None,
        "files": [_file(each) for each in report.files],
        "gates": [_gate(each) for each in report.gates],
        "resolutions": [fault(each) for each in report.resolutions],
        "offer": offer(report.offer) if report.offer else None,
        "steps": [_step(each) for each in report.steps],
        "fault": fault(report.fault) if report.fault else None,
    }


def offer(offered: Offer) -> Json:
    """The diff whole, or nothing where JSON cannot have it: whoever posts it again posts just that."""
    try:
        diff = offered.diff.decode()
    except UnicodeDecodeError:
        diff = None
    return {"diff": diff, "steps": [fault(each) for each in offered.steps]}


def tried(patch: Patch, would_be: Report) -> Json:
    return {"title": patch.title, "would_land": would_be.fault is None, "report": report(would_be)}


def previewed(patch: Patch, seen: Preview, ahead: Sequence[PatchLine], closings: Sequence[Closed]) -> Json:
    return {
        "title": patch.title,
        "domain": patch.domain,
        "branch": seen.branch,
        "base": seen.base,
        "tree": seen.tree,
        "files": [_file(each) for each in seen.files],
        "faults": [fault(each) for each in seen.faults],
        "gates": [
            {
                "name": each.name,
                "required": each.required,
                "runs": each.why_not is None,
                "why_not": fault(each.why_not) if each.why_not else None,
            }
            for each in seen.gates
        ],
        "approvals": [fault(each) for each in seen.approvals],
        "reworked": [fault(each) for each in seen.reworked],
        "offer": offer(seen.offer) if seen.offer else None,
        "ahead": [line(each) for each in ahead],
        "closed": [closed(each) for each in closings],
    }


# Everything at a glance ------------------------------------------------------------------------
def overview(seen: Overview) -> Json:
    return {
        "at": _time(seen.at),
        "running": seen.running,
        "waiting_for": _waiting(seen.counts),
        "under_way": [patch(each) for each in seen.under_way],
        "domains": [lane(each) for each in seen.domains],
        "queue": [line(each) for each in seen.queue],
        "alerts": [alerts(each) for each in seen.alerts],
        "recent": [line(each) for each in seen.recent],
        "risk": risk(seen.risk),
        "health": health(seen.health, fresh=seen.fresh, now=seen.at),
    }


def alerts(group: Group) -> Json:
    """One group of alerts."""
    return {
        "id": group.id,
        "labels": dict(group.labels),
        "severity": group.severity.value,
        "state": group.state.value,
        "firing": group.firing,
        "times": group.times,
        "opened_at": _time(group.opened_at),
        "taken_by": group.taken.by if group.taken else None,
        "hidden": group.hidden.why.value if group.hidden else None,
    }


def risk(risk: Risk) -> Json:
    """The rate with all that it is made of."""
    return {
        "rate": risk.rate,
        "level": risk.level.value,
        "errors": risk.counts.errors,
        "tasks": risk.counts.tasks,
        "failed": risk.counts.failed,
        "warnings": risk.counts.warnings,
        "window": _seconds(risk.window),
    }


# How the desk is -------------------------------------------------------------------------------
def health(found: Health | None, *, fresh: timedelta, now: datetime) -> Json:
    """What was measured, as it is at *now*. What is null has its reason under `unmeasured`.

    A measurement that is not *fresh* any more says nothing of now, so nothing old is called healthy.
    """
    if found is None:
        return _nothing_measured()
    stale = is_stale(found, fresh=fresh, now=now)
    age = now - found.at
    old = {"status": fault_of(Reason.HEALTH_OLD, age=age.total_seconds(), most=fresh.total_seconds())}
    return {
        "status": (Status.FAILING if stale else found.status).value,
        "timestamp": _time(found.at),
        "services": {service.name: _service(service) for service in found.services},
        "acceptance_gates": _acceptance(found.gates),
        "reachable": found.reachable,
        "ts": found.at.timestamp(),
        "lastConsumeAgeSec": _seconds(now - found.last_consumed_at) if found.last_consumed_at else None,
        "queueDepth": found.queue_depth,
        "drift": found.drift,
        "slo": _by_name(found.levels),
        "unmeasured": {
            name: fault(why) for name, why in ({**_missing(found), **(old if stale else {})}).items()
        },
    }


_NULLABLE = ("timestamp", "reachable", "ts", "lastConsumeAgeSec", "queueDepth", "drift")


def _nothing_measured() -> Json:
    why = fault(fault_of(Reason.NOT_MEASURED_YET))
    nothing = dict.fromkeys(("status", *_NULLABLE))
    return {
        "status": None,
        "timestamp": None,
        "services": {},
        "acceptance_gates": {},
        **{name: nothing[name] for name in _NULLABLE[1:]},
        "slo": {},
        "unmeasured": dict.fromkeys(nothing, why),
    }


def _missing(found: Health) -> dict[str, Fault]:
    """Why what is null is null; under the names that the answer uses."""
    unknown = fault_of(Reason.NOT_MEASURED_YET)
    nulls = {
        "reachable": (found.reachable, found.unmeasured.get("reachable", unknown)),
        "lastConsumeAgeSec": (found.last_consumed_at, fault_of(Reason.NEVER_CONSUMED)),
        "drift": (found.drift, found.unmeasured.get("drift", unknown)),
    }
    return dict(found.unmeasured) | {name: why for name, (value, why) in nulls.items() if value is None}


def _service(service: Service) -> Json:
    return {
        "state": service.state.value,
        "last_beat": _time(service.last_beat),
        "restarts": service.restarts,
        "why": fault(service.why) if service.why else None,
    }


def _acceptance(gates: Sequence[GateHealth]) -> Json:
    """Domain to gate to its last verdict."""
    domains = dict.fromkeys(gate.domain for gate in gates)
    return {
        domain: {
            gate.gate: {
                "verdict": gate.verdict.name.lower(),
                "at": _time(gate.at),
                "passed": gate.passed,
                "runs": gate.runs,
            }
            for gate in gates
            if gate.domain == domain
        }
        for domain in domains
    }


def _by_name(levels: Sequence[Level]) -> Json:
    names = dict.fromkeys(level.name for level in levels)
    return {name: [_level(level) for level in levels if level.name == name] for name in names}


def _level(level: Level) -> Json:
    return {
        "domain": level.domain,
        "component": level.component,
        "measured": level.measured,
        "limit": level.limit,
        "floor": level.floor,
        "holds": None if level.measured is None else level.broken_since is None,
        "broken_since": _time(level.broken_since),
        "why": fault(level.why) if level.why else None,
        "did": fault(level.did) if level.did else None,
    }


def sample(sample: Sample) -> Json:
    """The worst of a minute or an hour."""
    return {
        "at": _time(sample.at),
        "status": sample.status.value,
        "queueDepth": sample.queue_depth,
        "broken": sample.broken,
    }


# Parts -----------------------------------------------------------------------------------------
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
        "runs": [each.name.lower() for each in gate.runs],
    }


def _step(step: StepTime) -> Json:
    return {"step": step.step.value, "started": _time(step.started), "ended": _time(step.ended)}


def _time(when: datetime | None) -> str | None:
    return when.isoformat() if when else None


def _seconds(time: timedelta | None) -> float | None:
    return time.total_seconds() if time is not None else None
