"""Who is on call: people in turn, in layers, with overrides."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Final, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from contracts.intervals import (
    ClockTime,
    Recurring,
    WithKeywords,
    Zone,
    at_clock,
    covering,
    next_change,
)
from contracts.sections import Section
from contracts.settings import Name

#: How far ahead anybody looks.
_FAR: Final = timedelta(days=366)


class LayerSettings(Section):
    """People in turn: the first from `start` at `handover`, each for `days` days; only `during`, if given."""

    people: Annotated[tuple[Name, ...], Field(min_length=1)]
    start: date
    days: Annotated[int, Field(ge=1, le=366)] = 7
    handover: ClockTime = 9 * 60
    during: Recurring | None = None


class OverrideSettings(WithKeywords):
    """`person` is on call from `from` up to `to`, whoever else would be."""

    person: Name
    from_: datetime = Field(alias="from")
    to: datetime


class ScheduleSettings(Section):
    """Who is on call: the last override that covers the time, else the first layer with somebody."""

    zone: Zone = "UTC"
    layers: Annotated[tuple[LayerSettings, ...], Field(min_length=1)]
    overrides: tuple[OverrideSettings, ...] = ()

    @model_validator(mode="after")
    def _overrides_last(self) -> Self:
        for override in self.overrides:
            if self.aware(override.from_) >= self.aware(override.to):
                raise ValueError(f"the override by {override.person!r} ends before it begins")
        return self

    def aware(self, moment: datetime) -> datetime:
        return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(self.zone))


@dataclass(frozen=True, slots=True)
class Shift:
    """*person* (a name of `people`) is on call from *starts* up to *ends*; None: nobody is."""

    person: str | None
    starts: datetime
    ends: datetime | None


def on_call(schedule: ScheduleSettings, now: datetime) -> str | None:
    """Who is on call at *now*, as a name of `people`; None: nobody."""
    for override in reversed(schedule.overrides):
        if schedule.aware(override.from_) <= now < schedule.aware(override.to):
            return override.person
    turns = (_in_turn(layer, ZoneInfo(schedule.zone), now) for layer in schedule.layers)
    return next((person for person in turns if person is not None), None)


def upcoming(schedule: ScheduleSettings, now: datetime, count: int) -> tuple[Shift, ...]:
    """The shift at *now* (its beginning is *now*) and those after it, gaps too, *count* at most.

    The last one has no end if nothing follows within a year.
    """
    shifts: list[Shift] = []
    starts: datetime | None = now
    while starts is not None and len(shifts) < count:
        person = on_call(schedule, starts)
        ends = _next_change(schedule, starts)
        while ends is not None and on_call(schedule, ends) == person:
            ends = _next_change(schedule, ends) if ends - now < _FAR else None
        shifts.append(Shift(person, starts, ends))
        starts = ends
    return tuple(shifts)


def _in_turn(layer: LayerSettings, zone: ZoneInfo, now: datetime) -> str | None:
    turn = _turn(layer, zone, now)
    if turn < 0 or (layer.during is not None and covering(layer.during, now) is None):
        return None
    return layer.people[turn % len(layer.people)]


def _turn(layer: LayerSettings, zone: ZoneInfo, now: datetime) -> int:
    """How many handovers there were since the first one; below zero before it."""
    turn = (now.astimezone(zone).date() - layer.start).days // layer.days
    return turn if _handover(layer, zone, turn) <= now else turn - 1


def _handover(layer: LayerSettings, zone: ZoneInfo, turn: int) -> datetime:
    return at_clock(layer.start + timedelta(days=turn * layer.days), layer.handover, zone)


def _next_change(schedule: ScheduleSettings, now: datetime) -> datetime | None:
    """When, after *now*, somebody else may be on call."""
    zone = ZoneInfo(schedule.zone)
    moments = [schedule.aware(edge) for each in schedule.overrides for edge in (each.from_, each.to)]
    for layer in schedule.layers:
        moments.append(_handover(layer, zone, max(_turn(layer, zone, now) + 1, 0)))
        if layer.during is not None and (change := next_change(layer.during, now)) is not None:
            moments.append(change)
    return min((each.astimezone(UTC) for each in moments if each > now), default=None)
