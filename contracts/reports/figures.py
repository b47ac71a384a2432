"""What is counted over a stretch of time, and the figures that reports show; arithmetic only."""

import enum
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from pydantic import ConfigDict

from contracts.faults import Fault, Reason, fault


# What the store counts -----------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Spread:
    """How lengths of time lie: of *of* values, half are at most *p50*, nine in ten at most *p90*."""

    of: int
    p50: timedelta
    p90: timedelta
    __pydantic_config__ = ConfigDict(ser_json_timedelta="float")


def spread(lengths: Sequence[timedelta]) -> Spread | None:
    """By the nearest rank: both are values that occurred. *lengths* are sorted."""
    if not lengths:
        return None
    many = len(lengths)
    return Spread(many, lengths[rank(many, 50)], lengths[rank(many, 90)])


def rank(many: int, percent: int) -> int:
    """The place, from 0, of a percentile among *many* sorted values."""
    return -(-many * percent // 100) - 1


@dataclass(frozen=True, slots=True)
class GateTally:
    """The runs of one gate of one domain."""

    domain: str
    gate: str
    passed: int
    failed: int
    errored: int
    skipped: int

    @property
    def judged(self) -> int:
        """Runs that should have given an answer. One that did not apply is none."""
        return self.passed + self.failed + self.errored


@dataclass(frozen=True, slots=True)
class Cause:
    """Why patches did not land. *reason* is a Reason of this release or of an earlier one."""

    reason: str
    gate: str | None
    many: int


@dataclass(frozen=True, slots=True)
class Answered:
    """Alerts of one window. Means are None where there is nothing to take the mean of."""

    incidents: int = 0  #: critical groups that opened
    acknowledged: int = 0
    to_acknowledge: timedelta | None = None
    resolved: int = 0
    to_resolve: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Approvals:
    """How long those patches had waited about which somebody decided in one window, approved or rejected.

    *waiting* are those that waited at its end.
    """

    wait: Spread | None = None
    longest: timedelta | None = None
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Counted:
    """Everything about the patches, gates and alerts of a window.

    Patches and gates belong to the window in which they ended. *deploy* is the mean time from accepted to
    landed. *flaky*: runs that failed although the same gate passed on exactly the same candidate.
    *oldest_at*: when the oldest patch was accepted that was still open at the window's end.
    """

    landed: int = 0
    failed: int = 0
    quarantined: int = 0
    wait: Spread | None = None
    run: Spread | None = None
    deploy: timedelta | None = None
    gates: tuple[GateTally, ...] = ()
    flaky: int = 0
    coverage: float | None = None  #: percent
    causes: tuple[Cause, ...] = ()
    alerts: Answered = Answered()
    approvals: Approvals = Approvals()
    oldest_at: datetime | None = None

    @property
    def ended(self) -> int:
        return self.landed + self.failed + self.quarantined


@dataclass(frozen=True, slots=True)
class Day:
    """One day of a period, for the plots."""

    day: date
    landed: int
    failed: int
    quarantined: int
    wait: Spread | None
    run: Spread | None


# What reports show ---------------------------------------------------------------------------------
class Measure(enum.StrEnum):
    LANDED = "landed"
    FAILED = "failed"
    QUARANTINED = "quarantined"
    SUCCESS_RATE = "success-rate"  #: landed of all that ended
    GATE_PASS_RATE = "gate-pass-rate"  #: passed of all runs that should have answered
    FLAKE_RATE = "flake-rate"
    COVERAGE = "coverage"
    INCIDENTS = "incidents"
    DEPLOY_MEAN = "deploy-mean"
    WAIT_P50 = "wait-p50"
    WAIT_P90 = "wait-p90"
    RUN_P50 = "run-p50"
    RUN_P90 = "run-p90"
    ACKNOWLEDGE_MEAN = "acknowledge-mean"
    RESOLVE_MEAN = "resolve-mean"
    APPROVAL_P50 = "approval-latency"  #: from the need of an approval to the decision
    APPROVAL_P90 = "approval-p90"
    APPROVAL_LONGEST = "approval-longest"
    APPROVALS_WAITING = "approvals-waiting"
    OLDEST_OPEN = "oldest-open"


class Unit(enum.StrEnum):
    COUNT = "count"
    PERCENT = "percent"
    SECONDS = "seconds"


_COUNTS = frozenset(
    {Measure.LANDED, Measure.FAILED, Measure.QUARANTINED, Measure.INCIDENTS, Measure.APPROVALS_WAITING}
)
_PERCENTS = frozenset({Measure.SUCCESS_RATE, Measure.GATE_PASS_RATE, Measure.FLAKE_RATE, Measure.COVERAGE})
#: More of these is better; of all others, less is.
_MORE_IS_BETTER = frozenset({Measure.LANDED, Measure.SUCCESS_RATE, Measure.GATE_PASS_RATE, Measure.COVERAGE})


def unit_of(measure: Measure) -> Unit:
    if measure in _COUNTS:
        return Unit.COUNT
    return Unit.PERCENT if measure in _PERCENTS else Unit.SECONDS


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a period, and the same of the period *before*, in the unit of its measure.

    None was not measured; *why* says why *now* is not.
    """

    measure: Measure
    now: float | None
    before: float | None
    why: Fault | None = None

    @property
    def change(self) -> float | None:
        return None if self.now is None or self.before is None else self.now - self.before

    @property
    def better(self) -> bool | None:
        """None: as before, or not to be told."""
        if not self.change:
            return None
        return (self.change > 0) == (self.measure in _MORE_IS_BETTER)


def figures(now: Counted, before: Counted, *, ends: tuple[datetime, datetime]) -> tuple[Figure, ...]:
    """One per Measure. *ends* are the ends of the two windows: how old what was open then had become."""
    values, earlier = _values(now, ends[0]), _values(before, ends[1])
    return tuple(
        Figure(measure, values[measure], earlier[measure], _why(measure, values[measure]))
        for measure in Measure
    )


def _why(measure: Measure, value: float | None) -> Fault | None:
    if value is not None:
        return None
    match measure:
        case Measure.COVERAGE:
            return fault(Reason.NOT_REPORTED)
        case Measure.APPROVAL_P50 | Measure.APPROVAL_P90 | Measure.APPROVAL_LONGEST:
            return fault(Reason.NO_APPROVALS)
        case _:
            return fault(Reason.NOTHING_TO_MEASURE)


def _values(counted: Counted, end: datetime) -> Mapping[Measure, float | None]:
    judged = sum(gate.judged for gate in counted.gates)
    answered = sum(gate.passed + gate.failed for gate in counted.gates)
    oldest = None if counted.oldest_at is None else end - counted.oldest_at
    waited, ran, decided = _ranks(counted.wait), _ranks(counted.run), _ranks(counted.approvals.wait)
    return {
        Measure.LANDED: counted.landed,
        Measure.FAILED: counted.failed,
        Measure.QUARANTINED: counted.quarantined,
        Measure.SUCCESS_RATE: _percent(counted.landed, counted.ended),
        Measure.GATE_PASS_RATE: _percent(sum(gate.passed for gate in counted.gates), judged),
        Measure.FLAKE_RATE: _percent(counted.flaky, answered),
        Measure.COVERAGE: counted.coverage,
        Measure.INCIDENTS: counted.alerts.incidents,
        Measure.DEPLOY_MEAN: _seconds(counted.deploy),
        Measure.WAIT_P50: waited[0],
        Measure.WAIT_P90: waited[1],
        Measure.RUN_P50: ran[0],
        Measure.RUN_P90: ran[1],
        Measure.ACKNOWLEDGE_MEAN: _seconds(counted.alerts.to_acknowledge),
        Measure.RESOLVE_MEAN: _seconds(counted.alerts.to_resolve),
        Measure.APPROVAL_P50: decided[0],
        Measure.APPROVAL_P90: decided[1],
        Measure.APPROVAL_LONGEST: _seconds(counted.approvals.longest),
        Measure.APPROVALS_WAITING: counted.approvals.waiting,
        Measure.OLDEST_OPEN: _seconds(oldest),
    }


def _percent(part: int, whole: int) -> float | None:
    return None if whole == 0 else part / whole * 100


def _ranks(lengths: Spread | None) -> tuple[float | None, float | None]:
    """Half, and nine in ten, take at most so long."""
    return (None, None) if lengths is None else (lengths.p50.total_seconds(), lengths.p90.total_seconds())


def _seconds(length: timedelta | None) -> float | None:
    return None if length is None else length.total_seconds()
