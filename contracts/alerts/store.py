"""What the store promises about alerts. Each verb that writes is one transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from contracts.alerts.duties import Duty
from contracts.alerts.model import Alert, Entry, Group, GroupChange, Labels, Seen, Silence, SilenceChange


@dataclass(frozen=True, slots=True)
class Watermark:
    """How far a reader of rows has read: from *before* up to *value*.

    Written with what it saw, so that nothing is counted twice or not at all.
    """

    name: str
    before: int
    value: int


class Alerts(Protocol):
    async def observe(
        self,
        source: str,
        seen: Sequence[Seen],
        *,
        now: datetime,
        whole: bool = False,
        mark: Watermark | None = None,
    ) -> None:
        """Keep what *source* saw; *whole*: what fires of this source and is not among it has ended.

        Alerts join the open group of each of their keys, which is made (WAITING, due at once) where there is
        none. Facts of the groups follow, and each group that they change is due at once. An alert that
        ended and fires again counts anew, as once at least; one that only still holds changes no facts and
        makes no group, so that a resolved group stays resolved for as long as its cause holds. What ends
        and was never seen to fire is nothing. The same labels from two sources are two alerts. When an alert
        that inhibits begins or ends, every open group is due at once. If *mark* is not where it was
        *before*, somebody else has read this far, and nothing is written.
        """

    async def expire(self, *, now: datetime) -> int:
        """End alerts that were to be seen again by now and were not; how many."""

    async def forget(self, *, before: datetime, most: int) -> int:
        """Remove groups that were resolved by *before* with all of them, the first of them first; how many.

        At most *most* alerts at a time, so that a large group goes step by step. What reports count of it
        stays. A group stays while one of its alerts fires or ended later, or words of it wait to be said.
        Silences that had ended by then go, too.
        """

    async def write(
        self, changes: Sequence[GroupChange | SilenceChange], *, now: datetime
    ) -> tuple[bool, ...]:
        """Write each change whose group is still at its version; which were written.

        A silence only ends earlier and is announced once; after a change of it every open group that it
        could touch is due at once.
        """

    # Reading -----------------------------------------------------------------------------------
    async def watermark(self, name: str) -> int:
        """0 if there is none yet."""

    async def due(self, *, now: datetime, limit: int) -> tuple[Group, ...]:
        """Open groups to look at, the longest due first."""

    async def unheard(self, groups: Sequence[str]) -> Mapping[str, datetime]:
        """Since when something waits to be said of each group in Slack; those with nothing are left out."""

    async def firing(
        self, groups: Sequence[str], *, limit: int | None = None
    ) -> Mapping[str, tuple[Labels, ...]]:
        """The labels of the alerts that fire in each of *groups*, or of *limit* of them at most."""

    async def firing_of(self, source: str) -> tuple[Alert, ...]:
        """The alerts of *source* that fire, the oldest first."""

    async def sources(self) -> tuple[Alert, ...]:
        """Firing alerts that inhibit others."""

    async def silences(self, *, now: datetime) -> tuple[Silence, ...]:
        """Those that have not ended, whether begun or not."""

    async def silence(self, silence: str) -> Silence | None: ...

    async def duties(self, *, now: datetime) -> tuple[Duty, ...]:
        """Those that have not ended, in the order in which they were taken."""

    async def group(self, group: str) -> Group | None: ...

    async def open_groups(self, *, limit: int) -> tuple[Group, ...]:
        """The worst first, then the latest."""

    async def members(self, group: str, *, limit: int) -> tuple[Alert, ...]:
        """The firing ones first, then the latest that ended."""

    async def log(self, group: str) -> tuple[Entry, ...]:
        """Oldest first."""
