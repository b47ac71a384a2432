"""Everything that a dashboard shows, as one value; the same for the terminal and for the browser."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from contracts.alerts.model import Group
from contracts.health import Health
from contracts.operations import Operations
from contracts.ports import Counts, Engine
from contracts.records import LaneLine, PatchLine, StoredPatch
from contracts.reports.periods import Window
from contracts.risk import Risk, assess
from contracts.settings import Settings
from contracts.states import PatchState

#: What is shown of each list; `Overview.counts` says how much there is.
MOST_QUEUED: Final = 20
MOST_RECENT: Final = 15
MOST_ALERTS: Final = 30
#: A measurement that is older than so many periods says nothing of now.
FRESH_PERIODS: Final = 2


@dataclass(frozen=True, slots=True)
class Overview:
    """How everything stood at *at*. *running*: a desk worked on the store just then.

    *under_way* are the RUNNING patches with their steps. *health* is the latest measurement, None if there
    never was one; one that is older than *fresh* says nothing of now.
    """

    at: datetime
    running: bool
    counts: Counts
    domains: tuple[LaneLine, ...]
    under_way: tuple[StoredPatch, ...]
    queue: tuple[PatchLine, ...]
    recent: tuple[PatchLine, ...]
    alerts: tuple[Group, ...]
    risk: Risk
    health: Health | None
    fresh: timedelta

    @property
    def stale(self) -> bool:
        """There was a measurement, and it says nothing of now."""
        return self.health is not None and is_stale(self.health, fresh=self.fresh, now=self.at)


def freshness(operations: Operations) -> timedelta:
    """How long a measurement says something of now."""
    return operations.health.every * FRESH_PERIODS


def is_stale(health: Health, *, fresh: timedelta, now: datetime) -> bool:
    return now - health.at > fresh


async def look(
    engine: Engine, settings: Settings, operations: Operations, *, running: bool, now: datetime
) -> Overview:
    """Few reads, whatever waits: one for each kind of row, one for each patch under way."""
    ledger, names = engine.ledger, tuple(settings.domains)
    domains = await ledger.lanes(names)
    heads = [line.head for line in domains if line.head and line.head.state is PatchState.RUNNING]
    found = [await ledger.patch(head.id) for head in heads]
    window = Window(now - operations.risk.window, now)
    return Overview(
        at=now,
        running=running,
        counts=await ledger.counts(),
        domains=domains,
        # Looked at a moment later, so one may be over meanwhile; then it is among the recent ones.
        under_way=tuple(patch for patch in found if patch and patch.state is PatchState.RUNNING),
        queue=await ledger.queue(names, limit=MOST_QUEUED),
        recent=await ledger.recent(names, limit=MOST_RECENT),
        alerts=await engine.alerts.open_groups(limit=MOST_ALERTS),
        risk=assess(await engine.reports.tasks(window, names), operations.risk),
        health=await engine.health.latest(),
        fresh=freshness(operations),
    )
