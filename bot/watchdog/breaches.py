"""Levels that do not hold, as alerts. Pure."""

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from contracts.alerts.model import DOMAIN, NAME, SEVERITY, Observation, Severity
from contracts.faults import Fault, Reason
from contracts.health import Health, Level
from contracts.measuring import Measure

#: The label of an alert about a part of the desk.
COMPONENT: Final = "component"


class _Unit(enum.Enum):
    COUNT = enum.auto()
    SECONDS = enum.auto()
    SHARE = enum.auto()


@dataclass(frozen=True, slots=True)
class _Alert:
    name: str
    severity: Severity
    reason: Reason
    unit: _Unit
    mended: bool = False  #: there is something that the desk can do about it by itself


_ALERTS: Final[Mapping[Measure, _Alert]] = {
    Measure.QUEUE_DEPTH: _Alert("QueueDeep", Severity.WARNING, Reason.QUEUE_DEEP, _Unit.COUNT),
    Measure.HEAD_AGE: _Alert("HeadStale", Severity.WARNING, Reason.HEAD_STALE, _Unit.SECONDS, mended=True),
    Measure.SUMMARY_AGE: _Alert("SummaryLate", Severity.WARNING, Reason.SUMMARY_LATE, _Unit.SECONDS),
    Measure.QUARANTINED: _Alert("QuarantineFull", Severity.WARNING, Reason.QUARANTINE_FULL, _Unit.COUNT),
    Measure.FAILURE_RATE: _Alert("FailuresMany", Severity.WARNING, Reason.FAILURES_MANY, _Unit.SHARE),
    Measure.SILENCE: _Alert(
        "ComponentSilent", Severity.CRITICAL, Reason.COMPONENT_SILENT, _Unit.SECONDS, mended=True
    ),
    Measure.RESTARTS: _Alert(
        "ComponentRestarts", Severity.CRITICAL, Reason.RESTARTS_MANY, _Unit.COUNT, mended=True
    ),
    Measure.UNCONSUMED: _Alert("NothingConsumed", Severity.CRITICAL, Reason.NOTHING_CONSUMED, _Unit.SECONDS),
    Measure.OUTBOX_AGE: _Alert("OutboxOld", Severity.WARNING, Reason.OUTBOX_OLD, _Unit.SECONDS),
    Measure.DISK_FREE: _Alert("DiskLow", Severity.CRITICAL, Reason.DISK_LOW, _Unit.SHARE, mended=True),
    Measure.STORE_FINDINGS: _Alert("StoreDamaged", Severity.CRITICAL, Reason.STORE_DAMAGED, _Unit.COUNT),
    Measure.SOCKET_SILENCE: _Alert(
        "SocketSilent", Severity.CRITICAL, Reason.SOCKET_SILENT, _Unit.SECONDS, mended=True
    ),
    Measure.CLOCK_SKEW: _Alert("ClockSkewed", Severity.WARNING, Reason.CLOCK_SKEWED, _Unit.SECONDS),
}

_SPELLED: Final[Mapping[_Unit, Callable[[float], str]]] = {
    _Unit.COUNT: lambda value: f"{value:.0f}",
    _Unit.SECONDS: lambda value: f"{value:.0f}",
    _Unit.SHARE: lambda value: f"{value * 100:.3g}",
}


def breach(level: Level) -> Fault:
    """What to say of a level that does not hold: the measured value, the limit, of what, what was done."""
    known = _ALERTS[Measure(level.name)]
    spell = _SPELLED[known.unit]
    facts = {"measured": spell(level.measured or 0), "limit": spell(level.limit), **_of(level)}
    if known.mended:
        facts["did"] = str(level.did.reason) if level.did else ""
    return Fault(known.reason, facts)


def observations(health: Health) -> tuple[Observation, ...]:
    """One for every level that does not hold. It happened anew if it did not hold for the first time."""
    return tuple(
        Observation(
            labels=_labels(level),
            what=breach(level),
            since=level.broken_since,
            times=1 if level.broken_since == health.at else 0,
        )
        for level in health.levels
        if level.broken_since is not None
    )


def _labels(level: Level) -> dict[str, str]:
    known = _ALERTS[Measure(level.name)]
    return {NAME: known.name, SEVERITY: str(known.severity), **_of(level)}


def _of(level: Level) -> dict[str, str]:
    of = {DOMAIN: level.domain, COMPONENT: level.component}
    return {name: value for name, value in of.items() if value is not None}
