"""Freezes begin and end by themselves: windows of the settings, and the end that somebody gave theirs."""

from datetime import datetime, timedelta
from typing import Final

from bot.closing import cards_of, closing
from contracts.control import Closed, CloseDomain, OpenDomain
from contracts.freezing import BY_SETTINGS, freezes, is_over
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
        """Freeze and open domains; it is told where each of them is heard. Both are one transaction.

        What somebody changes meanwhile is seen next time.
        """
        decided = freezes(self._settings, await self._engine.ledger.closed(), now)
        if not decided:
            return
        told = [
            NewDelivery(_told(each, now), channel)
            for each in decided
            for channel in self._channels_of(_domain_of(each))
        ]
        domains = [_domain_of(each) for each in decided]
        await self._engine.lanes.decide(
            decided,
            now=now,
            told=(*told, *await cards_of(domains, self._engine.ledger)),
            audit=[AuditEntry("desk", each.kind, f"freeze of domain {_domain_of(each)}") for each in decided],
        )

    def _channels_of(self, domain: str) -> tuple[str, ...]:
        """None of one that is not in the settings any more."""
        rules = self._settings.domains.get(domain)
        return rules.channels if rules else ()


def _domain_of(decided: CloseDomain | OpenDomain) -> str:
    """Only domains are frozen."""
    return (decided.closed.domain if isinstance(decided, CloseDomain) else decided.domain) or ""


def _told(decided: CloseDomain | OpenDomain, now: datetime) -> TellDeed:
    if isinstance(decided, CloseDomain):
        return closing(decided.closed)
    return _opening(decided, decided.was, now)


def _opening(decided: OpenDomain, was: Closed | None, now: datetime) -> TellDeed:
    """Its end has come; or its window was taken out of the settings before it."""
    domain = decided.domain or ""
    if was is not None and is_over(was, now):
        return TellDeed(Deed.THAWED, was.by, {"domain": domain, "why": was.why})
    return TellDeed(Deed.OPENED, BY_SETTINGS, {"domain": domain, "closing": decided.closing.value})
