"""Why a group that fires is not spoken of: silences, maintenance, inhibition, the times of its route."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from contracts.alerts.inhibition import inhibitor, may_be_inhibited
from contracts.alerts.matching import matches, may_match
from contracts.alerts.model import NAME, Alert, Group, Hidden, Hiding, Labels, Silence
from contracts.alerts.routing import route_at
from contracts.alerts.settings import AlertSettings, Route
from contracts.alerts.silences import silencing
from contracts.intervals import covering, next_change


@dataclass(frozen=True, slots=True)
class View:
    """What a tick knows besides the group's own row, all read at one time.

    *firing* are the labels of the alerts that fire in it; None if `needs_members` said no. *silences* are
    those that have not ended, begun or not; *sources* all firing alerts that inhibit others.
    *unheard_since*: the oldest of what waits to be said of the group in Slack; None: people have heard
    everything.
    """

    firing: tuple[Labels, ...] | None
    silences: tuple[Silence, ...]
    sources: tuple[Alert, ...]
    unheard_since: datetime | None = None


def needs_members(
    group: Group, settings: AlertSettings, silences: Sequence[Silence], sources: Sequence[Alert]
) -> bool:
    """Whether a silence, a maintenance window or an inhibition could touch any alert of *group*.

    False: `advance` decides from the group's row alone, so that its alerts need not be read. *silences*,
    begun or not, and *sources* as in View.
    """
    return group.firing > 0 and (
        any(may_match(each.matchers, group.labels) for each in silences)
        or any(may_match(each.matchers, group.labels) for each in settings.maintenance)
        or may_be_inhibited(settings, group.labels, sources)
    )


def hidden(group: Group, view: View, settings: AlertSettings, now: datetime) -> Hidden | None:
    """Why nobody is to hear of *group* at *now*. If one of its alerts is not hidden, the group is not."""
    found = by_route(route_at(settings, group.route), settings, now) or _by_members(view, settings, now)
    before = group.hidden
    if found is None or before is None or (before.why, before.by) != (found.why, found.by):
        return found
    return replace(found, since=before.since, announced=before.announced and before.until == found.until)


def by_route(route: Route, settings: AlertSettings, now: datetime) -> Hidden | None:
    """The mute time of *route* that covers *now*, or that none of its active times does."""
    for name in route.mute:
        if span := covering(settings.intervals[name], now):
            return Hidden(Hiding.INTERVAL, name, now, span.ends)
    active = [settings.intervals[name] for name in route.active]
    if not active or any(covering(each, now) for each in active):
        return None
    begins = [begin for each in active if (begin := next_change(each, now)) is not None]
    return Hidden(Hiding.INTERVAL, " ".join(route.active), now, min(begins, default=None))


def _by_members(view: View, settings: AlertSettings, now: datetime) -> Hidden | None:
    """What hides all alerts of the group: of each what lasts longest, of those what ends first."""
    first: Hidden | None = None
    for labels in view.firing or ():
        found = of_alert(labels, view, settings, now)
        if found is None:
            return None
        if first is None or _is_sooner(found.until, first.until):
            first = found
    return first


def of_alert(labels: Labels, view: View, settings: AlertSettings, now: datetime) -> Hidden | None:
    """What hides an alert of *labels* longest, but for the times of its route."""
    if source := inhibitor(settings, labels, view.sources):
        return Hidden(Hiding.INHIBITION, source.labels.get(NAME, source.fingerprint), now, None)
    silence = silencing(view.silences, labels, now)
    silenced = Hidden(Hiding.SILENCE, silence.id, now, silence.ends) if silence else None
    maintained = _maintenance(labels, settings, now)
    if silenced is None or maintained is None:
        return silenced or maintained
    return maintained if _is_sooner(silenced.until, maintained.until) else silenced


def _maintenance(labels: Labels, settings: AlertSettings, now: datetime) -> Hidden | None:
    longest: Hidden | None = None
    for window in settings.maintenance:
        if not matches(window.matchers, labels):
            continue
        span = covering(settings.intervals[window.interval], now)
        if span is not None and (longest is None or _is_sooner(longest.until, span.ends)):
            longest = Hidden(Hiding.INTERVAL, window.interval, now, span.ends)
    return longest


def _is_sooner(first: datetime | None, second: datetime | None) -> bool:
    return first is not None and (second is None or first < second)


def changes_at(group: Group, view: View, settings: AlertSettings, now: datetime) -> list[datetime]:
    """The moments after *now* at which *group* may become hidden or heard of without anybody's doing."""
    route = route_at(settings, group.route)
    intervals = [settings.intervals[name] for name in (*route.mute, *route.active)]
    moments: list[datetime] = []
    if view.firing is not None:
        near = [each for each in view.silences if may_match(each.matchers, group.labels)]
        moments += [edge for each in near for edge in (each.starts, each.ends) if edge > now]
        near_windows = (each for each in settings.maintenance if may_match(each.matchers, group.labels))
        intervals += [settings.intervals[each.interval] for each in near_windows]
    return moments + [change for each in intervals if (change := next_change(each, now)) is not None]
