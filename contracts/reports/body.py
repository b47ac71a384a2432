"""A report as data: what was found out about one period. Every layout shows some of it."""

import enum
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contracts.as_json import AsJson
from contracts.records import PatchLine
from contracts.reports.figures import Cause, Day, Figure, GateTally, unit_of
from contracts.reports.periods import Period
from contracts.reports.settings import Kind
from contracts.risk import Risk


class Plot(enum.StrEnum):
    """What can be drawn of a report."""

    THROUGHPUT = "throughput"  #: what landed and what did not, and the share of success, by day
    TIMES = "times"  #: how long patches waited and ran, by day


@dataclass(frozen=True, slots=True)
class BatchLine:
    """A batch of the plan. *landed*: how many patches landed for it. *blockers*: what is still in its way."""

    id: str
    name: str
    status: str
    percent: float
    landed: int
    owner: str | None
    target: str | None
    blockers: tuple[str, ...]
    notes: str | None


@dataclass(frozen=True, slots=True)
class RiskLine:
    """An entry of the risk register that may still happen. *to_review*: nobody looked at it for a week."""

    id: str
    risk: str
    score: int
    degree: str
    mitigation: str
    owner: str
    to_review: bool


@dataclass(frozen=True, slots=True)
class PlanPart:
    """What the plan says, as it was when the report was made; *done* became so in the period.

    *percent* is the sum of weight × percent over the sum of weights; *shares* are its numbers, for each
    weight how many batches there are and the sum of their percents.
    """

    percent: float | None
    batches: int
    finished: int
    shares: tuple[tuple[int, int, float], ...]
    current: BatchLine | None
    done: tuple[BatchLine, ...]
    under_way: tuple[BatchLine, ...]
    blocked: tuple[BatchLine, ...]
    next: tuple[BatchLine, ...]
    late: tuple[BatchLine, ...]
    risks: tuple[RiskLine, ...]


@dataclass(frozen=True, slots=True)
class Body:
    """*domain* None: all together. *due_at* set: it is late. *running*: the period was not over yet.

    *landed* are the latest of those that landed, *open* the oldest that waited when the report was made.
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


_BODY: AsJson[Body] = AsJson(Body)


def body_to_json(body: Body) -> str:
    return _BODY.dump(body)


def body_from_json(stored: str) -> Body:
    return _BODY.load(stored)


def body_to_data(body: Body) -> Any:
    """As JSON data: times in ISO 8601, lengths of time in seconds, shares in percent."""
    data = json.loads(body_to_json(body))
    data["period"]["label"] = body.period.label
    data["risk"] |= {"rate": body.risk.rate, "formula": "errors / max(1, tasks) × 100"}
    for shown, figure in zip(data["figures"], body.figures, strict=True):
        shown |= {"change": figure.change, "unit": unit_of(figure.measure)}
    return data
