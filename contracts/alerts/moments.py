"""When something is to happen to a group by itself: each rule as a moment, or None where it does not apply.

A tick does what has passed; the next of these is when the group is due.
"""

from datetime import datetime

from contracts.alerts.escalation import ways_around
from contracts.alerts.hiding import View, changes_at
from contracts.alerts.model import Group, GroupState, Hiding
from contracts.alerts.routing import route_at
from contracts.alerts.rules import Rules
from contracts.alerts.settings import AlertSettings, Route

Moment = datetime | None


def next_of(group: Group, view: View, rules: Rules, now: datetime, *, told_at: Moment) -> Moment:
    """The first moment after *now* at which a tick changes anything; None: it is over.

    *told_at* is when anything was last said of it, at *now* too.
    """
    settings = rules.alerts
    if group.state is GroupState.RESOLVED:
        return None
    if group.firing == 0:
        return ends(group, settings)
    found: list[Moment] = [*changes_at(group, view, settings, now), announces_end(group, settings)]
    if group.hidden is None:
        route = route_at(settings, group.route)
        found += [speaks(group, route), wakes(group), reminds(group, settings), lets_go(group, settings)]
        found += [grows(group, route), repeats(group, route), climbs(group)]
        found.append(
            _is_heard(group, settings, told_at, now)
            if view.unheard_since is None
            else falls_back(group, settings, view.unheard_since)
        )
    return min((each for each in found if each is not None), default=None)


def ends(group: Group, settings: AlertSettings) -> Moment:
    """When it is over, if nothing fires until then."""
    return group.quiet_since + settings.resolve_after if group.quiet_since else None


def announces_end(group: Group, settings: AlertSettings) -> Moment:
    """When it is told that a silence ends. Of one that is shorter than the notice it is not."""
    hidden = group.hidden
    if hidden is None or hidden.why is not Hiding.SILENCE or hidden.until is None:
        return None
    at = hidden.until - settings.announce_silence_end
    return None if hidden.announced or at <= hidden.since else at


def speaks(group: Group, route: Route) -> Moment:
    return group.opened_at + route.group_wait if group.state is GroupState.WAITING else None


def wakes(group: Group) -> Moment:
    return group.snoozed_until if group.state is GroupState.SNOOZED else None


def reminds(group: Group, settings: AlertSettings) -> Moment:
    if group.state is not GroupState.ACKNOWLEDGED or group.taken is None:
        return None
    return (group.reminded_at or group.taken.at) + settings.remind_after


def lets_go(group: Group, settings: AlertSettings) -> Moment:
    if group.state is not GroupState.ACKNOWLEDGED or group.taken is None:
        return None
    return group.taken.at + settings.let_go_after


def grows(group: Group, route: Route) -> Moment:
    """When its growth is told, if it has grown since it was last spoken of. Not to whom has put it off."""
    spoken = group.spoken
    if spoken is None or group.state not in {GroupState.FIRING, GroupState.ACKNOWLEDGED}:
        return None
    grew = group.grew_at >= spoken.at and (group.firing, group.times) != (spoken.firing, spoken.times)
    return spoken.at + route.group_interval if grew else None


def repeats(group: Group, route: Route) -> Moment:
    """When it is said again that it is still so. Who has taken it is reminded instead."""
    if group.spoken is None or group.state is not GroupState.FIRING:
        return None
    return group.spoken.at + route.repeat_interval


def climbs(group: Group) -> Moment:
    return group.climb.next_at if group.climb and group.state is GroupState.FIRING else None


def falls_back(group: Group, settings: AlertSettings, unheard_since: datetime) -> Moment:
    """When the next step that needs no Slack goes first, if what waits to be said still waits."""
    climb = group.climb
    if climb is None or not _may_fall_back(group, settings):
        return None
    return max(unheard_since, climb.fell_back_at or unheard_since) + settings.fall_back_after


def _is_heard(group: Group, settings: AlertSettings, told_at: Moment, now: datetime) -> Moment:
    """When it will be known whether what was said last was heard; None: it was, or it does not matter."""
    if told_at is None or not _may_fall_back(group, settings):
        return None
    known = told_at + settings.fall_back_after
    return known if known > now else None


def _may_fall_back(group: Group, settings: AlertSettings) -> bool:
    climb = group.climb
    if climb is None or group.state is not GroupState.FIRING:
        return False
    return ways_around(climb, settings.ladders.get(climb.chain, ())) is not None
