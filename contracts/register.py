"""The risk register: what may go wrong with the plan, how bad it would be, and when somebody last looked."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

#: A risk that is open is looked at once a week.
REVIEW_EVERY: Final = timedelta(days=7)


class Degree(enum.StrEnum):
    """In rising order; counts 1, 2 or 3."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"

    @property
    def points(self) -> int:
        return list(Degree).index(self) + 1


class RiskState(enum.StrEnum):
    OPEN = "open"  #: it may happen; reviewed weekly
    ACCEPTED = "accepted"  #: it may happen, and nothing more is done about it; reviewed weekly
    HAPPENED = "happened"
    CLOSED = "closed"  #: it can no longer happen


#: What still may happen.
OPEN_RISKS: Final = frozenset({RiskState.OPEN, RiskState.ACCEPTED})


@dataclass(frozen=True, slots=True)
class Risk:
    """*risk* says what may happen. *version* counts its writes from 1; 0: it is not kept yet."""

    id: str
    risk: str
    probability: Degree
    impact: Degree
    mitigation: str = ""
    owner: str = ""
    state: RiskState = RiskState.OPEN
    reviewed_at: datetime | None = None
    version: int = 0

    @property
    def score(self) -> int:
        """Probability × impact, from 1 to 9."""
        return self.probability.points * self.impact.points

    @property
    def degree(self) -> Degree:
        """6 and more is high, 3 and more medium."""
        return Degree.HIGH if self.score >= 6 else Degree.MEDIUM if self.score >= 3 else Degree.LOW


@dataclass(frozen=True, slots=True)
class RiskEdit:
    """One write of a risk, as it was from then on."""

    at: datetime
    actor: str
    after: Risk


def by_score(risks: Sequence[Risk]) -> tuple[Risk, ...]:
    """What may still happen first; then the highest score, then the id."""
    return tuple(sorted(risks, key=lambda risk: (risk.state not in OPEN_RISKS, -risk.score, risk.id)))


def due_for_review(risks: Sequence[Risk], now: datetime) -> tuple[Risk, ...]:
    """What may still happen and nobody has looked at for a week, the highest score first."""
    return tuple(
        risk
        for risk in by_score(risks)
        if risk.state in OPEN_RISKS and (risk.reviewed_at is None or now - risk.reviewed_at >= REVIEW_EVERY)
    )
