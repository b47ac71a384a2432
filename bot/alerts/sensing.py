"""The desk's own rows, read as a source of alerts: each once, by how far it has read."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from bot.alerts import deliveries, patches
from bot.alerts.observing import Observer
from contracts.alerts.store import Watermark
from contracts.ports import Engine

#: Rows of one transaction.
BATCH: Final = 200
FLAKY_WITHIN: Final = timedelta(days=1)
FAILING_AFTER: Final = timedelta(minutes=5)


class Sensing:
    """What happens is read every tick; what merely holds when `look` is called, less often.

    *reached* is called with `endings-found` and `endings-observed` when these have happened.
    """

    def __init__(
        self, engine: Engine, observer: Observer, *, reached: Callable[[str], None] = lambda _: None
    ) -> None:
        self._engine = engine
        self._observer = observer
        self._reached = reached

    async def tick(self, now: datetime) -> None:
        """All that ended or was noted since the last time, also before a restart."""
        while await self._endings(now):
            pass
        while await self._notes(now):
            pass

    async def look(self, now: datetime) -> None:
        """Gates that contradict themselves, and deliveries that do not arrive."""
        ledger = self._engine.ledger
        gates = await ledger.flaky_gates(since=now - FLAKY_WITHIN)
        flaky = [patches.flaky(each, FLAKY_WITHIN) for each in gates]
        await self._observer.observe("gates", flaky, now=now, whole=True)
        waiting = await ledger.failing_deliveries(since=now - FAILING_AFTER)
        await self._observer.observe(
            "deliveries", [deliveries.failing(each, now) for each in waiting], now=now
        )

    async def _endings(self, now: datetime) -> bool:
        """A batch of patches that ended; False: there was none."""
        alerts = self._engine.alerts
        before = await alerts.watermark("endings")
        ended = await self._engine.reports.ended(after=before, limit=BATCH)
        if not ended:
            return False
        self._reached("endings-found")
        firing = await alerts.firing_of("patches")
        seen = patches.observations([task.patch for task in ended], firing)
        mark = Watermark("endings", before, ended[-1].number)
        await self._observer.observe("patches", seen, now=now, mark=mark)
        self._reached("endings-observed")
        return True

    async def _notes(self, now: datetime) -> bool:
        before = await self._engine.alerts.watermark("audit")
        found = await self._engine.ledger.noted(deliveries.ACTIONS, after=before, limit=BATCH)
        if not found:
            return False
        noted = (deliveries.noted(entry, at) for _, at, entry in found)
        seen = [each for each in noted if each is not None]
        mark = Watermark("audit", before, found[-1][0])
        await self._observer.observe("audit", seen, now=now, mark=mark)
        return True
