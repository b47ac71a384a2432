"""Who is on call: people in turn, in layers, with overrides."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from contracts.alerts.intervals import ClockTime, Recurring, WithKeywords, Zone
from contracts.settings import Name, Section


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
    raise NotImplementedError


def upcoming(schedule: ScheduleSettings, now: datetime, count: int) -> tuple[Shift, ...]:
    """The shift at *now* (its beginning is *now*) and those after it, gaps too, *count* at most.

    The last one has no end if nothing follows within a year.
    """
    raise NotImplementedError
