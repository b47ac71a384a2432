"""When which report is due: pure, but for the clock that is handed in.

A schedule says at which times the report of the last full period is due. Only the latest due time matters:
whatever was missed before it is not made up for, and what was made already is not made again.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from contracts.reports.periods import SPANS, Period, last_full
from contracts.reports.settings import ReportSettings, ScheduleSettings
from contracts.reports.store import ReportKey

#: More than any clock change sets back: from there backwards no due time is passed over.
_AHEAD: Final = timedelta(hours=26)


class ScheduleError(Exception):
    """A schedule says something that has no meaning; the text says which and what."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """One report to one channel. *cron* is in the time of *zone*."""

    key: ReportKey
    cron: str
    zone: ZoneInfo

    def due_at(self, now: datetime) -> datetime:
        """The latest time that is not after *now* (UTC)."""
        start = (now + _AHEAD).astimezone(self.zone)
        times = (at.astimezone(UTC) for at in CronSim(self.cron, start, reverse=True))
        return next(at for at in times if at <= now)


@dataclass(frozen=True, slots=True)
class Due:
    """A report to make. *at*: when it was to be made."""

    schedule: Schedule
    period: Period
    at: datetime
    late: bool


def schedules(settings: ReportSettings, domains: Collection[str]) -> tuple[Schedule, ...]:
    """Those of *settings*, each for a known domain. Raises ScheduleError."""
    zone_named(settings.zone)
    found = tuple(_schedule(each, settings, domains) for each in settings.schedules)
    keys = [schedule.key for schedule in found]
    if twice := next((key for key in keys if keys.count(key) > 1), None):
        raise ScheduleError(f"{twice.kind} to {twice.channel} is scheduled twice")
    return found


def _schedule(each: ScheduleSettings, settings: ReportSettings, domains: Collection[str]) -> Schedule:
    where = f"{each.kind} to {each.channel}"
    if each.domain is not None and each.domain not in domains:
        raise ScheduleError(f"{where}: there is no domain {each.domain!r}")
    cron = each.cron or settings.crons.get(each.kind)
    if cron is None:
        raise ScheduleError(f"{where}: no cron says when")
    schedule = Schedule(
        ReportKey(each.kind, each.channel, each.domain), cron, zone_named(each.zone or settings.zone)
    )
    if len(cron.split()) != 5:
        raise ScheduleError(f"{where}: cron {cron!r} has not five fields")
    try:
        schedule.due_at(datetime(2026, 1, 1, tzinfo=UTC))
    except (CronSimError, StopIteration) as error:
        raise ScheduleError(f"{where}: cron {cron!r} never comes: {error}".removesuffix(": ")) from error
    return schedule


def zone_named(name: str) -> ZoneInfo:
    """Raises ScheduleError."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ScheduleError(f"there is no time zone {name!r}") from error


def due(
    schedule: Schedule, *, now: datetime, since: datetime, latest: datetime | None, late: timedelta
) -> Due | None:
    """The report that is to be made now, if any.

    *latest* is the end of the latest period that was reported. A period that lies mostly before it is over
    and done with, also after the clock was set back, or the schedule was moved to another time zone. Nothing
    is due for times before *since*, when the schedule was first known.
    """
    at = schedule.due_at(now)
    if at < since:
        return None
    period = last_full(SPANS[schedule.key.kind], at, schedule.zone)
    if latest is not None and period.start + (period.end - period.start) / 2 <= latest:
        return None
    return Due(schedule, period, at, late=now - at > late)
