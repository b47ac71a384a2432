"""Cards of those next in line say when their turn comes: they are edited when that has moved by much."""

from datetime import datetime, timedelta
from typing import Final

from bot.delivery.questions import outlook_of
from contracts.notices import EditCard, NewDelivery
from contracts.outlook import has_moved
from contracts.ports import Engine
from contracts.records import StoredPatch
from contracts.settings import Settings
from contracts.states import PatchState

#: Between two looks: no card is edited more often for its forecast.
EVERY: Final = timedelta(minutes=1)
#: So many of each lane are looked at; who is further behind has time.
_MOST: Final = 5


class Forecasts:
    """Remembers what it has cards say; after a restart cards are brought up to date once."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._settings = settings
        self._told: dict[str, datetime] = {}

    async def tick(self, now: datetime) -> None:
        told: dict[str, datetime] = {}
        edits: list[NewDelivery] = []
        for row in await self._next_in_line():
            outlook = await outlook_of(row, self._engine.ledger, now)
            if outlook is None or outlook.wait is None or row.card is None:
                continue
            begins = now + outlook.wait
            told[row.id] = self._told_before(row, begins, now)
            if has_moved(told[row.id], begins, now=now):
                told[row.id] = begins
                edits.append(NewDelivery(EditCard(row.id), row.card.channel))
        self._told = told
        if edits:
            await self._engine.outbox.put(edits, now=now)

    async def _next_in_line(self) -> list[StoredPatch]:
        ledger = self._engine.ledger
        lines = [
            line
            for domain in self._settings.domains
            for line in await ledger.queue([domain], limit=_MOST + 1)
            if line.state is PatchState.WAITING
        ]
        rows = [await ledger.patch(line.id) for line in lines]
        return [row for row in rows if row is not None and row.not_before is None]

    def _told_before(self, row: StoredPatch, begins: datetime, now: datetime) -> datetime:
        """What its card says. A new one says what holds now; what an older one says, nobody remembers."""
        unknown = begins if now - row.accepted_at < EVERY else row.accepted_at
        return self._told.get(row.id, unknown)
