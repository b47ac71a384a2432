"""Freeze windows begin and end by themselves."""

from datetime import datetime, timedelta
from typing import Final

from bot.closing import cards_of, closing
from contracts.control import CloseDomain, OpenDomain
from contracts.freezing import BY_SETTINGS, freezes
from contracts.notices import Deed, NewDelivery, TellDeed
from contracts.ports import AuditEntry, Engine
from contracts.settings import Settings

#: Between two looks.
EVERY: Final = timedelta(seconds=1)


class FreezeTick:
    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._settings = settings

    async def tick(self, now: datetime) -> None:
        """Close and open domains as their windows say. What somebody changes meanwhile is seen next time."""
        decided = freezes(self._settings, await self._engine.ledger.closed(), now)
        if not decided:
            return
        told = [
            NewDelivery(_told(each), channel)
            for each in decided
            for channel in self._settings.domains[_domain_of(each)].channels
        ]
        domains = [_domain_of(each) for each in decided]
        await self._engine.lanes.decide(
            decided,
            now=now,
            told=(*told, *await cards_of(domains, self._engine.ledger)),
            audit=[
                AuditEntry("desk", each.kind, f"domain {_domain_of(each)}, by its settings")
                for each in decided
            ],
        )


def _domain_of(decided: CloseDomain | OpenDomain) -> str:
    """Only domains have windows."""
    return (decided.closed.domain if isinstance(decided, CloseDomain) else decided.domain) or ""


def _told(decided: CloseDomain | OpenDomain) -> TellDeed:
    if isinstance(decided, CloseDomain):
        return closing(decided.closed)
    facts = {"domain": decided.domain or "", "closing": decided.closing.value}
    return TellDeed(Deed.OPENED, BY_SETTINGS, facts)
