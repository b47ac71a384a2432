"""What the store counts for reports, the reports it keeps, and what it tells the execution log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol

from contracts.commands import Place
from contracts.notices import NewDelivery
from contracts.records import PatchLine, StoredPatch
from contracts.reports.figures import Counted, Day
from contracts.reports.periods import Window
from contracts.reports.settings import Kind
from contracts.risk import TaskCounts, TaskMark


@dataclass(frozen=True, slots=True)
class ReportKey:
    """What a report is made for. *domain* None: all domains together."""

    kind: Kind
    channel: str
    domain: str | None


@dataclass(frozen=True, slots=True)
class StoredReport:
    """One report as it was made; *body* is a `reports.body.Body` as JSON. *due_at* set: it is late."""

    id: str
    key: ReportKey
    start: datetime
    end: datetime
    made_at: datetime
    due_at: datetime | None
    body: str
    card: Place | None = None  #: where it was posted, once Slack has confirmed it


@dataclass(frozen=True, slots=True)
class EndedTask:
    """A finished patch; *number* counts them from 1 in the order in which the store has written them."""

    number: int
    patch: StoredPatch
    errors: int
    warnings: int


class Reports(Protocol):
    """*domains* None means all, gone ones too. Windows hold what ended from their start up to their end."""

    async def counted(self, window: Window, domains: Sequence[str] | None) -> Counted: ...

    async def days(
        self, days: Sequence[tuple[date, Window]], domains: Sequence[str] | None
    ) -> tuple[Day, ...]: ...

    async def landed(
        self, window: Window, domains: Sequence[str] | None, *, limit: int
    ) -> tuple[PatchLine, ...]:
        """The latest that landed, in the order in which they did."""

    async def open_at(
        self, moment: datetime, domains: Sequence[str] | None, *, limit: int
    ) -> tuple[PatchLine, ...]:
        """What is open now and was accepted before *moment*, the oldest first."""

    # Risk ----------------------------------------------------------------------------------------
    async def tasks(self, window: Window, domains: Sequence[str] | None) -> TaskCounts: ...

    async def marks(self, window: Window, domains: Sequence[str] | None) -> tuple[TaskMark, ...]:
        """Each task for itself, in the order of their ends."""

    # The execution log ---------------------------------------------------------------------------
    async def last_number(self) -> int:
        """Of the task that ended last; 0: none has."""

    async def days_with_tasks(self) -> tuple[date, ...]:
        """The UTC days on which tasks ended, in their order."""

    async def ended(self, *, after: int, limit: int) -> tuple[EndedTask, ...]:
        """The tasks that follow number *after*, in their order."""

    async def last_ended(self) -> int:
        """The number of the latest task; 0: there is none."""

    async def ended_within(self, window: Window, *, after: int, limit: int) -> tuple[EndedTask, ...]:
        """The same, of those that ended in *window*."""

    # Reports that are kept -----------------------------------------------------------------------
    async def known_since(self, key: ReportKey, *, now: datetime) -> datetime:
        """When the store first heard of this schedule, which is *now* if it never did."""

    async def latest(self, key: ReportKey) -> datetime | None:
        """The end of the latest period that a report was made of."""

    async def make(self, report: StoredReport, told: Sequence[NewDelivery]) -> bool:
        """Keep the report and say *told*, in one transaction.

        False, and nothing is written: one of the same kind, channel, domain and period is there already.
        """

    async def report(self, report: str) -> StoredReport | None: ...
