"""The tick that makes what is due: each report once per period and channel, whoever else looks too."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.reports.making import Order, make
from bot.reports.schedule import Due, Schedule, due
from contracts.notices import NewDelivery, PostReport, UploadPlot
from contracts.operations import Operations
from contracts.ports import Engine
from contracts.reports.body import Plot, body_to_json
from contracts.reports.settings import Kind
from contracts.reports.store import StoredReport

EVERY: Final = timedelta(seconds=30)
#: What is drawn for which report, in its thread.
_WITH_PLOTS: Final = frozenset({Kind.WEEKLY, Kind.RETROSPECTIVE})

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Reporter:
    """*new_id* gives unguessable ids."""

    engine: Engine
    operations: Operations
    schedules: tuple[Schedule, ...]
    new_id: Callable[[], str]

    async def tick(self, now: datetime) -> None:
        for schedule in self.schedules:
            reports = self.engine.reports
            found = due(
                schedule,
                now=now,
                since=await reports.known_since(schedule.key, now=now),
                latest=await reports.latest(schedule.key),
                late=self.operations.reports.late,
            )
            if found is not None:
                await self._make(found, now)

    async def _make(self, found: Due, now: datetime) -> None:
        key, period = found.schedule.key, found.period
        due_at = found.at if found.late else None
        domains = None if key.domain is None else (key.domain,)
        order = Order(key.kind, period, found.schedule.zone, domains, key.domain, due_at)
        body = await make(order, self.engine, self.operations.risk, now=now)
        id_ = self.new_id()
        report = StoredReport(id_, key, period.start, period.end, now, due_at, body_to_json(body))
        made = await self.engine.reports.make(report, _told(id_, key.channel, key.kind))
        if made:
            log.info("%s report of %s for %s", key.kind, period.label, key.channel)


def _told(report: str, channel: str, kind: Kind) -> tuple[NewDelivery, ...]:
    plots = tuple(Plot) if kind in _WITH_PLOTS else ()
    return (
        NewDelivery(PostReport(report), channel),
        *(NewDelivery(UploadPlot(report, plot), channel) for plot in plots),
    )
