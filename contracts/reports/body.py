"""A report as data: what was found out about one period. Every layout shows some of it."""

from dataclasses import dataclass
from datetime import date, datetime

from contracts.records import PatchLine
from contracts.reports.figures import Cause, Day, Figure, GateTally
from contracts.reports.periods import Period
from contracts.reports.settings import Kind
from contracts.risk import Risk


@dataclass(frozen=True, slots=True)
class BatchLine:
    """A batch of the plan. *progress* is a percentage."""

    id: str
    name: str
    status: str
    progress: float
    owner: str
    target: date | None = None
    blockers: tuple[str, ...] = ()
    notes: str = ""


@dataclass(frozen=True, slots=True)
class RiskLine:
    """An entry of the risk register."""

    risk: str
    probability: str
    impact: str
    mitigation: str
    owner: str


@dataclass(frozen=True, slots=True)
class PlanPart:
    """What the plan says. *rule*: how *progress* follows from the batches. *done*: finished in the period."""

    progress: float | None
    rule: str
    current: BatchLine | None
    done: tuple[BatchLine, ...]
    under_way: tuple[BatchLine, ...]
    blocked: tuple[BatchLine, ...]
    next: tuple[BatchLine, ...]
    risks: tuple[RiskLine, ...]


@dataclass(frozen=True, slots=True)
class Body:
    """*domain* None: all together. *due_at* set: it is late. *running*: the period was not over yet.

    *landed* and *open* are the latest and the oldest; how many there are is in the figures and in *waiting*.
    *plan* None: there is none.
    """

    kind: Kind
    domain: str | None
    period: Period
    zone: str
    made_at: datetime
    due_at: datetime | None
    running: bool
    figures: tuple[Figure, ...]
    gates: tuple[GateTally, ...]
    causes: tuple[Cause, ...]
    days: tuple[Day, ...]
    landed: tuple[PatchLine, ...]
    open: tuple[PatchLine, ...]
    risk: Risk
    plan: PlanPart | None = None
