"""What a dashboard says: one headline and some tables, the same on a terminal and in a browser."""

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.delivery.wording import alerts, figures
from bot.delivery.wording.faults import explain
from bot.delivery.wording.ink import PLAIN
from bot.delivery.wording.patches import STATE_NAMES, STEP_NAMES, VERDICT_NAMES, state_of
from bot.overview import Overview
from contracts.alerts.model import Group, GroupState, Severity
from contracts.faults import Fault
from contracts.gates import Verdict
from contracts.health import GateHealth, Level, Service, ServiceState, Status
from contracts.measuring import Measure
from contracts.ports import Counts
from contracts.records import LaneLine, PatchLine, StoredPatch
from contracts.risk import Risk, RiskLevel
from contracts.states import PatchState

TITLE: Final = "Patchdesk"
SIGN_IN: Final = "Sign in"
SIGN_OUT: Final = "Sign out"
KEY_LABEL: Final = "Key"
KEY_HINT: Final = "`patchdesk keys create` makes one; its scope must include `read`."
KEY_REFUSED: Final = "This is no key of this desk, or it does not open the dashboard."
SKIP: Final = "Skip to the content"
CONTENTS: Final = "On this page"
AS_OF: Final = "As of"
#: Shown by the page's script, and by nobody if there is none.
FOLLOWED: Final = "Follows by itself."
NOT_FOLLOWED: Final = "Not connected; trying again. What is shown may be old."
ENDED: Final = "Signed out, or the desk has stopped. Load the page again."
UNFOLLOWED: Final = "Load the page again to see how it stands then."


class Tone(enum.StrEnum):
    """How a cell looks. Never the only sign: the words say it, too."""

    PLAIN = "plain"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Cell:
    """*at*: the moment that *text* spells, for whoever can show it in local time."""

    text: str
    tone: Tone = Tone.PLAIN
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """*name* is for links. Without rows *empty* is said instead; *note* stands below in any case.

    *numbers* are the columns (by index) that hold numbers.
    """

    name: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty: str
    note: str = ""
    numbers: frozenset[int] = frozenset()


def headline(seen: Overview) -> Cell:
    """How the desk is, in a few words."""
    if not seen.running:
        return Cell("No desk is running.", Tone.BAD)
    if seen.health is None:
        return Cell("The desk has not measured itself yet.", Tone.WARN)
    if seen.stale:
        age = figures.duration(seen.at - seen.health.at)
        return Cell(f"The desk has not measured itself for {age}.", Tone.BAD)
    broken = sum(level.broken_since is not None for level in seen.health.levels)
    said = f": {figures.counted(broken, 'level does', 'levels do')} not hold" if broken else ""
    return Cell(f"{_STATUS[seen.health.status][0]}{said}.", _STATUS[seen.health.status][1])


_STATUS: Mapping[Status, tuple[str, Tone]] = {
    Status.HEALTHY: ("Healthy", Tone.GOOD),
    Status.DEGRADED: ("Degraded", Tone.WARN),
    Status.FAILING: ("Failing", Tone.BAD),
}


def standing(counts: Counts, *, running: bool) -> str:
    """What waits everywhere, in one line."""
    desk = "The desk is running" if running else "No desk is running"
    parts = [
        f"{counts.running:,} under way",
        f"{counts.waiting:,} waiting",
        f"{figures.counted(counts.inbox, 'event', 'events')} to decide",
        f"{figures.counted(counts.outbox, 'message', 'messages')} to send",
    ]
    return f"{desk}: {', '.join(parts)}."


def tables(seen: Overview) -> tuple[Table, ...]:
    """All there is, what may need somebody first."""
    return (
        _alerts(seen),
        _under_way(seen),
        _domains(seen),
        _queue(seen),
        _risk(seen.risk),
        _gates(seen),
        _recent(seen),
        _levels(seen),
        _services(seen),
    )


# Cells -----------------------------------------------------------------------------------------
def _moment(when: datetime | None) -> Cell:
    return Cell(figures.utc(when), at=when) if when else Cell("")


def _words(text: str) -> Cell:
    return Cell(PLAIN.words(text))


def _said(wrong: Fault | None) -> Cell:
    return Cell(explain(wrong).what if wrong else "")


def _number(value: int) -> Cell:
    return Cell(f"{value:,}")


_STATE_TONES: Mapping[PatchState, Tone] = {
    PatchState.LANDED: Tone.GOOD,
    PatchState.FAILED: Tone.BAD,
    PatchState.STOPPED: Tone.BAD,
    PatchState.QUARANTINED: Tone.BAD,
}


def _state(state: PatchState) -> Cell:
    return Cell(STATE_NAMES[state], _STATE_TONES.get(state, Tone.PLAIN))


# Patches ---------------------------------------------------------------------------------------
def _under_way(seen: Overview) -> Table:
    return Table(
        "running",
        "Under way",
        ("patch", "domain", "title", "from", "step", "since", "try"),
        tuple(map(_patch_row, seen.under_way)),
        "Nothing is under way.",
        numbers=frozenset({6}),
    )


def _patch_row(row: StoredPatch) -> tuple[Cell, ...]:
    step = row.steps[-1] if row.steps else None
    return (
        Cell(row.id),
        Cell(row.patch.domain),
        _words(row.patch.title or ""),
        _words(row.actor.name or row.actor.id),
        Cell(STEP_NAMES[step.step] if step else "starting"),
        _moment(step.started if step else row.started_at),
        _number(row.attempt),
    )


def _domains(seen: Overview) -> Table:
    ends = (PatchState.LANDED, PatchState.FAILED, PatchState.QUARANTINED)
    return Table(
        "domains",
        "Domains",
        ("domain", "head", "waiting", "oldest since", *(STATE_NAMES[end] for end in ends)),
        tuple(map(_domain_row, seen.domains)),
        "No domain is set up yet.",
        numbers=frozenset({2, 4, 5, 6}),
    )


def _domain_row(lane: LaneLine) -> tuple[Cell, ...]:
    head = f"{lane.head.id} ({STATE_NAMES[lane.head.state]})" if lane.head else "idle"
    ended = (lane.landed, lane.failed, lane.quarantined)
    return (
        Cell(lane.domain),
        Cell(head),
        _number(lane.waiting),
        _moment(lane.oldest_accepted_at),
        *map(_number, ended),
    )


def _queue(seen: Overview) -> Table:
    # Heads under way are counted apart from those that wait.
    left = seen.counts.waiting + seen.counts.running - len(seen.queue)
    return Table(
        "queue",
        "Queue",
        ("domain", "place", "patch", "title", "from", "state", "since"),
        tuple(map(_queue_row, seen.queue)),
        "Nothing is waiting.",
        f"… and {figures.counted(left, 'more', 'more')}" if left > 0 else "",
        frozenset({1}),
    )


def _queue_row(line: PatchLine) -> tuple[Cell, ...]:
    return (
        Cell(line.domain),
        Cell(str(line.position or "")),
        Cell(line.id),
        _words(line.title),
        _words(line.actor),
        Cell(state_of(line)) if line.on_hold else _state(line.state),
        _moment(line.accepted_at),
    )


def _recent(seen: Overview) -> Table:
    return Table(
        "recent",
        "Recently finished",
        ("patch", "domain", "title", "from", "state", "at"),
        tuple(map(_recent_row, seen.recent)),
        "Nothing has finished yet.",
    )


def _recent_row(line: PatchLine) -> tuple[Cell, ...]:
    return (
        Cell(line.id),
        Cell(line.domain),
        _words(line.title),
        _words(line.actor),
        _state(line.state),
        _moment(line.finished_at),
    )


# Alerts ----------------------------------------------------------------------------------------
_SEVERITY_TONES: Mapping[Severity, Tone] = {
    Severity.INFO: Tone.PLAIN,
    Severity.WARNING: Tone.WARN,
    Severity.CRITICAL: Tone.BAD,
}
_GROUP_STATES: Mapping[GroupState, str] = {
    GroupState.WAITING: "waiting for more of its kind",
    GroupState.FIRING: "nobody has taken it",
    GroupState.ACKNOWLEDGED: "acknowledged",
    GroupState.SNOOZED: "snoozed",
    GroupState.RESOLVED: "resolved",
}


def _alerts(seen: Overview) -> Table:
    return Table(
        "alerts",
        "Open alerts",
        ("severity", "alert", "state", "firing", "times", "since"),
        tuple(map(_alert_row, seen.alerts)),
        "Nothing fires.",
        numbers=frozenset({3, 4}),
    )


def _alert_row(group: Group) -> tuple[Cell, ...]:
    called = alerts.title(group, (), PLAIN).partition(": ")[2]
    state = _GROUP_STATES[group.state] + (f" by {PLAIN.words(group.taken.by)}" if group.taken else "")
    hidden = " (hidden)" if group.hidden else ""
    return (
        Cell(alerts.SEVERITY_NAMES[group.severity], _SEVERITY_TONES[group.severity]),
        Cell(called),
        Cell(state + hidden),
        _number(group.firing),
        _number(group.times),
        _moment(group.opened_at),
    )


# How the desk is -------------------------------------------------------------------------------
_VERDICT_TONES: Mapping[Verdict, Tone] = {
    Verdict.PASSED: Tone.GOOD,
    Verdict.SKIPPED: Tone.PLAIN,
    Verdict.FAILED: Tone.BAD,
    Verdict.ERRORED: Tone.WARN,
}
_RISK_LEVELS: Mapping[RiskLevel, tuple[str, Tone]] = {
    RiskLevel.FINE: ("fine", Tone.GOOD),
    RiskLevel.WARNING: ("warning", Tone.WARN),
    RiskLevel.CRITICAL: ("critical", Tone.BAD),
}
_SERVICE_STATES: Mapping[ServiceState, tuple[str, Tone]] = {
    ServiceState.UP: ("up", Tone.GOOD),
    ServiceState.RESTARTING: ("restarting", Tone.WARN),
    ServiceState.DOWN: ("down", Tone.BAD),
}
_UNMEASURED: Final = "Nothing has been measured yet."


def _gates(seen: Overview) -> Table:
    return Table(
        "gates",
        "Gates",
        ("domain", "gate", "last verdict", "at", "passed of the last runs"),
        tuple(map(_gate_row, seen.health.gates if seen.health else ())),
        "No gate has run yet." if seen.health else _UNMEASURED,
        numbers=frozenset({4}),
    )


def _gate_row(gate: GateHealth) -> tuple[Cell, ...]:
    return (
        Cell(gate.domain),
        Cell(gate.gate),
        Cell(VERDICT_NAMES[gate.verdict], _VERDICT_TONES[gate.verdict]),
        _moment(gate.at),
        Cell(f"{gate.passed:,} of {gate.runs:,}"),
    )


def _risk(risk: Risk) -> Table:
    level, tone = _RISK_LEVELS[risk.level]
    counts = risk.counts
    cells = (
        Cell(f"{risk.rate:.2f} %"),
        Cell(level, tone),
        *map(_number, (counts.errors, counts.tasks, counts.failed, counts.warnings)),
    )
    return Table(
        "risk",
        "Risk",
        ("rate", "level", "errors", "tasks", "failed tasks", "warnings"),
        (cells,),
        "",
        "errors / max(1, tasks) × 100 = "
        f"{counts.errors:,} / {max(1, counts.tasks):,} × 100, over the last {figures.duration(risk.window)}",
        frozenset({0, 2, 3, 4, 5}),
    )


#: How the number of a level is written. What is not here is a count.
_SPANS = frozenset(
    {
        Measure.HEAD_AGE,
        Measure.SUMMARY_AGE,
        Measure.SILENCE,
        Measure.UNCONSUMED,
        Measure.OUTBOX_AGE,
        Measure.SOCKET_SILENCE,
        Measure.CLOCK_SKEW,
    }
)
_SHARES = frozenset({Measure.FAILURE_RATE, Measure.DISK_FREE})


def _levels(seen: Overview) -> Table:
    """The broken ones first, then what could not be measured; those of components stand with those."""
    levels = seen.health.levels if seen.health else ()
    shown = sorted(
        _of_interest(levels), key=lambda level: (level.broken_since is None, level.measured is not None)
    )
    return Table(
        "levels",
        "Service levels",
        ("level", "of", "measured", "limit", "holds", "since", "what the desk did"),
        tuple(map(_level_row, shown)),
        _UNMEASURED,
        numbers=frozenset({2, 3}),
    )


def _of_interest(levels: tuple[Level, ...]) -> Iterator[Level]:
    """Components that are well have a table of their own."""
    return (level for level in levels if level.component is None or level.broken_since is not None)


def _level_row(level: Level) -> tuple[Cell, ...]:
    if level.measured is None:
        holds = Cell("not measured", Tone.WARN)
    else:
        broken = level.broken_since is not None
        holds = Cell("no", Tone.BAD) if broken else Cell("yes", Tone.GOOD)
    bound = "at least " if level.floor else "at most "
    return (
        Cell(level.name.replace("-", " ")),
        Cell(level.domain or level.component or "the desk"),
        Cell(amount(level.name, level.measured)) if level.measured is not None else _said(level.why),
        Cell(bound + amount(level.name, level.limit)),
        holds,
        _moment(level.broken_since),
        _said(level.did),
    )


def amount(name: str, value: float) -> str:
    """A level's number as people write it."""
    if name in _SPANS:
        return figures.duration(timedelta(seconds=value))
    return f"{value * 100:.1f} %" if name in _SHARES else f"{value:,.0f}"


def _services(seen: Overview) -> Table:
    return Table(
        "services",
        "Components",
        ("component", "state", "last sign of life", "restarts", "why"),
        tuple(map(_service_row, seen.health.services if seen.health else ())),
        _UNMEASURED,
        numbers=frozenset({3}),
    )


def _service_row(service: Service) -> tuple[Cell, ...]:
    state, tone = _SERVICE_STATES[service.state]
    return (
        Cell(service.name),
        Cell(state, tone),
        _moment(service.last_beat),
        _number(service.restarts),
        _said(service.why),
    )
