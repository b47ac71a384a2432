"""What would come of an alert if nobody acted: the real decisions, taken at the moments they would be due."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from contracts.alerts.hiding import View
from contracts.alerts.lifecycle import advance, needs_members, opened
from contracts.alerts.model import (
    Alert,
    Entry,
    EntryKind,
    Group,
    GroupChange,
    Hidden,
    Labels,
    Placement,
    Silence,
    fingerprint,
    severity_of,
)
from contracts.alerts.oncall import upcoming
from contracts.alerts.routing import placements, route_at
from contracts.alerts.rules import Rules
from contracts.alerts.settings import Route
from contracts.faults import Fault, Reason, fault
from contracts.notices import CallWebhook, MailAlert, NewDelivery, Notice, PageSomebody, PostAlert

#: How far ahead is looked, and how often anything may happen until then.
_FAR: Final = timedelta(days=366)
_MOST: Final = 500
_WEEKS_ON_CALL: Final = timedelta(weeks=4)


@dataclass(frozen=True, slots=True)
class Happening:
    """What is written at *at*, and what is said besides the replies to the card."""

    at: datetime
    entry: Entry
    told: tuple[NewDelivery, ...]


@dataclass(frozen=True, slots=True)
class Prospect:
    """One group that an alert would open. *hidden*: why nobody would hear of it now."""

    placement: Placement
    route: Route
    channel: str | None
    hidden: Hidden | None
    happens: tuple[Happening, ...]


@dataclass(frozen=True, slots=True)
class _World:
    """An alert, and everything around it that stays as it is."""

    rules: Rules
    alert: Alert
    silences: tuple[Silence, ...]
    sources: tuple[Alert, ...]

    def tick(self, group: Group, now: datetime) -> GroupChange | None:
        silences = tuple(each for each in self.silences if each.ends > now)
        touched = needs_members(group, self.rules.alerts, silences, self.sources)
        view = View((self.alert.labels,) if touched else None, silences, self.sources)
        return advance(group, view, self.rules, now)


def prospects(
    rules: Rules, labels: Labels, *, silences: Sequence[Silence], sources: Sequence[Alert], now: datetime
) -> tuple[Prospect, ...]:
    """What becomes of an alert of *labels* that begins at *now* and goes on, as far as its chains reach."""
    what = fault(Reason.NOT_MEASURED_YET)
    alert = Alert(fingerprint(labels), "", labels, what, now, now, None, 1, None, None)
    world = _World(rules, alert, tuple(silences), tuple(sources))
    return tuple(_prospect(world, placement, now) for placement in placements(rules.alerts, labels))


def _prospect(world: _World, placement: Placement, now: datetime) -> Prospect:
    rules = world.rules
    new = opened(placement, "new", severity_of(world.alert.labels), now)
    group = replace(new, firing=1, alerts=1, times=1)
    first = world.tick(group, now)
    hidden = first.after.hidden if first else None
    route = route_at(rules.alerts, placement.route)
    return Prospect(placement, route, rules.home(group), hidden, tuple(_happens(world, group, now)))


def _happens(world: _World, group: Group, now: datetime) -> Iterator[Happening]:
    """Until its chain has no step left, or nothing happens by itself any more."""
    at: datetime | None = now
    for _ in range(_MOST):
        if at is None or at - now > _FAR or (change := world.tick(group, at)) is None:
            return
        group = change.after
        yield from (Happening(at, entry, _told(entry, change.told)) for entry in change.entries)
        if group.spoken is not None and (group.climb is None or group.climb.next_at is None):
            return
        at = group.due_at


def _told(entry: Entry, told: Sequence[NewDelivery]) -> tuple[NewDelivery, ...]:
    """Of all that was said, what goes with *entry* besides its reply."""
    return tuple(each for each in told if _goes_with(each.notice, entry))


def _goes_with(notice: Notice, entry: Entry) -> bool:
    match notice:
        case PostAlert():
            return entry.kind is EntryKind.OPENED
        case PageSomebody(entry=number) | MailAlert(entry=number) | CallWebhook(entry=number):
            return number == entry.number
        case _:
            return False


def doubts(rules: Rules, now: datetime) -> tuple[Fault, ...]:
    """What is allowed and yet would leave somebody uninformed: no channel to speak in, nobody on call."""
    found = [
        fault(Reason.ALERTS_UNHEARD, route=route.path)
        for route in rules.alerts.routes.values()
        if route.channel in {"operators", "domain"} and rules.desk.slack.operators is None
    ]
    for name, schedule in rules.alerts.schedules.items():
        shifts = upcoming(schedule, now, 100)
        gap = next((shift for shift in shifts if shift.person is None), None)
        if gap is not None and gap.starts - now < _WEEKS_ON_CALL:
            until = gap.ends.isoformat(timespec="minutes") if gap.ends else "further notice"
            since = gap.starts.isoformat(timespec="minutes")
            found.append(fault(Reason.NOBODY_ON_CALL, schedule=name, since=since, until=until))
    return tuple(found)
