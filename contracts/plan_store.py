"""What the store promises about the plan and its risks. Each verb that writes is one transaction."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from contracts.plan import Edit, Landed, Plan
from contracts.register import Risk, RiskEdit


@dataclass(frozen=True, slots=True)
class KeptPlan:
    """*version* is raised by every write; 0: there has never been a plan, and *plan* is empty."""

    version: int
    plan: Plan


@dataclass(frozen=True, slots=True)
class PlanChange:
    """*after* replaces *before*, which was read; if that is no longer the version, nothing is written.

    *actor* is the name by which people know who wants it.
    """

    before: KeptPlan
    after: Plan
    actor: str


@dataclass(frozen=True, slots=True)
class RiskChange:
    """*after* replaces the risk of its id and version; version 0: there is none of that id yet."""

    after: Risk
    actor: str


class Plans(Protocol):
    async def write(self, change: PlanChange | RiskChange, *, now: datetime) -> bool:
        """Write the change and its history. False: decided on a version that is no longer; decide again."""

    # Reading -----------------------------------------------------------------------------------
    async def current(self) -> KeptPlan: ...

    async def history(
        self,
        *,
        batch: str | None = None,
        after: int = 0,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int | None = None,
    ) -> tuple[Edit, ...]:
        """Edits of *batch* (None: of all) that led to versions above *after*, from *start* up to *end*.

        Oldest first; of more than *limit* the latest.
        """

    async def landed(self) -> Landed:
        """How many patches have landed for each batch that a landed patch names."""

    async def risks(self) -> tuple[Risk, ...]:
        """In the order of their ids."""

    async def risk_history(
        self, risk: str | None = None, *, limit: int | None = None
    ) -> tuple[RiskEdit, ...]:
        """Oldest first; of more than *limit* the latest."""
