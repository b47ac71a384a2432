"""Carrying out the steps of a group's chain: in their turn, or before it while Slack is out of reach."""

from dataclasses import replace
from datetime import datetime

from contracts.alerts import moments
from contracts.alerts.drafting import Draft
from contracts.alerts.escalation import Rung, Way, climbed, fallen_back, next_rung, ways_around
from contracts.alerts.model import EntryKind
from contracts.alerts.reaching import deliveries, reach


def climb(draft: Draft) -> None:
    """Every step whose time has come. The one after it waits from now on, however late this tick is."""
    while (before := draft.group.climb) is not None and draft.passed(moments.climbs(draft.group)):
        ladder = draft.rules.alerts.ladders.get(before.chain, ())
        rung = next_rung(before, ladder)
        if rung is None:
            draft.set(climb=replace(before, next_at=None))
        elif rung.number in before.fell_back:
            draft.set(climb=climbed(before, rung, ladder, (), draft.now))
        else:
            told = frozenset(before.reached) if rung.lap == before.lap else frozenset()
            reached = _carry_out(draft, rung, told)
            draft.set(climb=climbed(before, rung, ladder, reached, draft.now))


def _carry_out(draft: Draft, rung: Rung, told: frozenset[str]) -> tuple[str, ...]:
    """Tell whom *rung* reaches but for those who were *told* in this lap; who is told."""
    whom = reach(rung.step, draft.group, draft.rules, draft.now)
    fresh = whom.without(told)
    entry = draft.write(
        EntryKind.ESCALATED,
        step=rung.place,
        lap=rung.lap,
        way=rung.step.way,
        to=_to(draft, rung),
        person=whom.person,
        mention=fresh.mention,
    )
    draft.directly += deliveries(draft.group.id, entry.number, fresh)
    return fresh.people


def fall_back(draft: Draft, unheard_since: datetime | None) -> None:
    """The next webhook or e-mail of the chain at once, where people hear nothing by Slack; each only once."""
    before, settings = draft.group.climb, draft.rules.alerts
    if unheard_since is None or before is None:
        return
    rung = ways_around(before, settings.ladders.get(before.chain, ()))
    if rung is None or not draft.passed(moments.falls_back(draft.group, settings, unheard_since)):
        return
    entry = draft.write(
        EntryKind.FELL_BACK, step=rung.place, way=rung.step.way, to=_to(draft, rung), since=unheard_since
    )
    whom = reach(rung.step, draft.group, draft.rules, draft.now)
    draft.directly += deliveries(draft.group.id, entry.number, whom)
    draft.set(climb=fallen_back(before, rung, draft.now))


def _to(draft: Draft, rung: Rung) -> str:
    """A channel by its id, everything else as the file names it."""
    if rung.step.way is Way.CHANNEL:
        return draft.rules.channel(rung.step.to, draft.group) or rung.step.to
    return rung.step.to
