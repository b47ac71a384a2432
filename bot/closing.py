"""What people decide about domains and the whole desk: what holds, what is told where, one settlement."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import Final, assert_never

from bot.delivery.questions import visible_domains
from bot.tending import refusal
from contracts import policy
from contracts.commands import Actor, Place
from contracts.control import Closed, CloseDomain, Closing, OpenDomain
from contracts.faults import Fault, Reason, fault
from contracts.freezing import frozen_by_settings
from contracts.notices import Deed, EditCard, NewDelivery, TellDeed
from contracts.ports import AuditEntry, Ledger, Settlement
from contracts.settings import Settings
from contracts.spans import until
from contracts.steering import Drain, Freeze, Halt, OfDomain, Pause, Resume, Unfreeze, Unhalt

#: So many cards of a domain show at once that it was closed or opened; the others when they are next edited.
_MOST_SHOWN: Final = 25


class Doors:
    """What lets patches begin, and what keeps them."""

    def __init__(self, ledger: Ledger, settings: Settings, clock: Callable[[], datetime]) -> None:
        self._ledger = ledger
        self._settings = settings
        self._clock = clock

    async def of_domain(
        self, nothing: Settlement, actor: Actor, command: OfDomain | Resume, name: str, zone: tzinfo
    ) -> Settlement:
        channel = nothing.place.channel
        found = visible_domains(name, channel, self._settings)
        if isinstance(found, Fault):
            return refusal(nothing, actor, found)
        [domain] = found
        may = policy.may_close(self._settings, actor, domain, nothing.place)
        if isinstance(may, policy.Denied):
            return refusal(nothing, actor, may.fault)
        match command:
            case Resume(why=why):
                return await self._opened(nothing, actor, domain, (Closing.PAUSED, Closing.DRAINING), why=why)
            case Unfreeze():
                if (window := self._window(domain)) is not None:
                    return refusal(nothing, actor, window)
                return await self._opened(nothing, actor, domain, (Closing.FROZEN,))
            case Pause() | Drain() | Freeze():
                closed = _closed(command, domain, name_of(actor), self._clock(), zone)
                if isinstance(closed, Fault):
                    return refusal(nothing, actor, closed)
                return await self._telling(nothing, actor, domain, [CloseDomain(closed)], closing(closed))
            case _:
                assert_never(command)

    def _window(self, domain: str) -> Fault | None:
        """A window of the settings would close the domain again at once."""
        window = frozen_by_settings(domain, self._settings.domains[domain], self._clock())
        if window is None:
            return None
        end = f"{window.until:%Y-%m-%d %H:%M} UTC" if window.until else "they are changed"
        return fault(Reason.FROZEN_BY_SETTINGS, domain=domain, why=window.why, until=end)

    async def _opened(
        self,
        nothing: Settlement,
        actor: Actor,
        domain: str | None,
        closings: Sequence[Closing],
        *,
        why: str = "",
    ) -> Settlement:
        """End those of *closings* that hold."""
        rows = await self._ledger.closed()
        holding = [each.closing for each in rows if each.domain == domain and each.closing in closings]
        if not holding:
            wrong = fault(Reason.NOT_CLOSED, domain=domain or "the desk", closing=" or ".join(closings))
            return refusal(nothing, actor, wrong)
        decided = [OpenDomain(domain, closing) for closing in holding]
        by = name_of(actor)
        if domain is None:
            return await self._telling(nothing, actor, domain, decided, TellDeed(Deed.UNHALTED, by, {}))
        facts = {"domain": domain, "closing": " and ".join(holding), "why": why}
        return await self._telling(nothing, actor, domain, decided, TellDeed(Deed.OPENED, by, facts))

    async def _telling(
        self,
        nothing: Settlement,
        actor: Actor,
        domain: str | None,
        decided: Sequence[CloseDomain | OpenDomain],
        deed: TellDeed,
    ) -> Settlement:
        """Told in every channel that it concerns, and on the cards of what waits."""
        domains = self._settings.domains if domain is None else (domain,)
        channels = [channel for name in domains for channel in self._settings.domains[name].channels]
        operators = self._settings.slack.operators
        heard = [*channels, *([operators] if domain is None and operators else [])]
        return replace(
            nothing,
            changes=tuple(decided),
            told=(
                *(NewDelivery(deed, channel) for channel in dict.fromkeys(heard)),
                *await cards_of(tuple(domains), self._ledger),
            ),
            audit=(AuditEntry(actor.id, deed.deed.value, f"domain {domain}" if domain else "the desk"),),
        )

    async def of_desk(self, nothing: Settlement, actor: Actor, command: Halt | Unhalt) -> Settlement:
        may = policy.may_halt(self._settings, actor, nothing.place)
        if isinstance(may, policy.Denied):
            return refusal(nothing, actor, may.fault)
        if isinstance(command, Unhalt):
            return await self._opened(nothing, actor, None, (Closing.HALTED,))
        halted = Closed(None, Closing.HALTED, name_of(actor), command.why, self._clock())
        return await self._telling(nothing, actor, None, [CloseDomain(halted)], closing(halted))


def name_of(actor: Actor) -> str:
    """Never empty: that would be the settings."""
    return actor.name or actor.id


def _closed(
    command: Pause | Drain | Freeze, domain: str, by: str, now: datetime, zone: tzinfo
) -> Closed | Fault:
    match command:
        case Pause(why=why):
            return Closed(domain, Closing.PAUSED, by, why, now)
        case Drain(why=why):
            return Closed(domain, Closing.DRAINING, by, why, now)
        case Freeze(until=text, why=why):
            end = until(text, now=now, zone=zone)
            if end is None:
                return fault(Reason.BAD_SPAN, text=text[:80])
            return Closed(domain, Closing.FROZEN, by, why, now, end)
        case _:
            assert_never(command)


def closing(closed: Closed) -> TellDeed:
    """What is told of it."""
    deeds = {
        Closing.PAUSED: Deed.PAUSED,
        Closing.DRAINING: Deed.DRAINING,
        Closing.FROZEN: Deed.FROZEN,
        Closing.HALTED: Deed.HALTED,
    }
    facts = {"domain": closed.domain} if closed.domain else {}
    facts |= {"until": closed.until.isoformat()} if closed.until else {}
    return TellDeed(deeds[closed.closing], closed.by, {**facts, "why": closed.why})


async def cards_of(domains: Sequence[str], ledger: Ledger) -> tuple[NewDelivery, ...]:
    """The cards of what waits in *domains*, to be shown as it is now."""
    lines = await ledger.queue(domains, limit=_MOST_SHOWN)
    rows = [await ledger.patch(line.id) for line in lines]
    cards: Mapping[str, Place] = {row.id: row.card for row in rows if row and row.card}
    return tuple(NewDelivery(EditCard(id_), card.channel) for id_, card in cards.items())
