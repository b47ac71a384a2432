"""The stretches of time that are reported on: days, weeks, pairs of weeks and months of a time zone."""

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import assert_never

from contracts.faults import Fault, Reason, fault
from contracts.reports.settings import Kind

_DAY = timedelta(days=1)
_WEEK = timedelta(weeks=1)
#: A Monday that begins a pair of weeks, as every second Monday before and after it.
_FIRST_PAIR = date(1970, 1, 5)


class Span(enum.StrEnum):
    DAY = "day"
    WEEK = "week"  #: from Monday on, as ISO 8601 counts them
    FORTNIGHT = "fortnight"
    MONTH = "month"


SPANS: Mapping[Kind, Span] = {
    Kind.DAILY: Span.DAY,
    Kind.WEEKLY: Span.WEEK,
    Kind.DEMO: Span.FORTNIGHT,
    Kind.RETROSPECTIVE: Span.MONTH,
    Kind.EXECUTIVE: Span.MONTH,
}


@dataclass(frozen=True, slots=True)
class Period:
    """From *start* up to *end* (UTC): the days from *first* up to *until*, neither end counted twice."""

    span: Span
    first: date
    until: date
    start: datetime
    end: datetime

    @property
    def label(self) -> str:
        """What people and commands call it: `2026-11-20`, `2026-W46`, `2026-W45-W46`, `2026-11`."""
        year, week, _ = self.first.isocalendar()
        match self.span:
            case Span.DAY:
                return self.first.isoformat()
            case Span.WEEK:
                return f"{year}-W{week:02}"
            case Span.FORTNIGHT:
                return f"{year}-W{week:02}-W{(self.first + _WEEK).isocalendar().week:02}"
            case Span.MONTH:
                return f"{self.first:%Y-%m}"
            case _:
                assert_never(self.span)


@dataclass(frozen=True, slots=True)
class Window:
    """From *start* up to *end*, both aware UTC."""

    start: datetime
    end: datetime


def covering(span: Span, day: date, zone: tzinfo) -> Period:
    """The one period of this *span* that *day* lies in."""
    first, until = _edges(span, day)
    return Period(span, first, until, _midnight(first, zone), _midnight(until, zone))


def last_full(span: Span, at: datetime, zone: tzinfo) -> Period:
    """The latest period that was over at *at*."""
    running = covering(span, at.astimezone(zone).date(), zone)
    return running if running.end <= at else before(running, zone)


def before(period: Period, zone: tzinfo) -> Period:
    return covering(period.span, period.first - _DAY, zone)


def days_of(period: Period, zone: tzinfo) -> tuple[tuple[date, Window], ...]:
    """Each day of *period*; the day of a clock change has 23 or 25 hours."""
    many = (period.until - period.first).days
    days = [period.first + _DAY * number for number in range(many)]
    return tuple((day, Window(_midnight(day, zone), _midnight(day + _DAY, zone))) for day in days)


_LABELS = (
    (re.compile(r"(?P<year>\d{4})-W(?P<week>\d{2})-W\d{2}", re.ASCII), Span.FORTNIGHT),
    (re.compile(r"(?P<year>\d{4})-W(?P<week>\d{2})", re.ASCII), Span.WEEK),
    (re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2})", re.ASCII), Span.DAY),
    (re.compile(r"(?P<year>\d{4})-(?P<month>\d{2})", re.ASCII), Span.MONTH),
)


def named(label: str, zone: tzinfo) -> Period | Fault:
    """The period that *label* means, in the words of `Period.label`."""
    for pattern, span in _LABELS:
        if match := pattern.fullmatch(label.strip().upper()):
            try:
                period = covering(span, _day_in(match), zone)
            except (ValueError, OverflowError):
                break
            if span is not Span.FORTNIGHT or period.label == label.strip().upper():
                return period
    return fault(Reason.UNKNOWN_PERIOD, period=label)


def _day_in(match: re.Match[str]) -> date:
    parts = {name: int(text) for name, text in match.groupdict().items()}
    if "week" in parts:
        return date.fromisocalendar(parts["year"], parts["week"], 1)
    return date(parts["year"], parts["month"], parts.get("day", 1))


def _edges(span: Span, day: date) -> tuple[date, date]:
    monday = day - timedelta(days=day.weekday())
    match span:
        case Span.DAY:
            return day, day + _DAY
        case Span.WEEK:
            return monday, monday + _WEEK
        case Span.FORTNIGHT:
            first = monday - _WEEK * ((monday - _FIRST_PAIR).days // 7 % 2)
            return first, first + 2 * _WEEK
        case Span.MONTH:
            first = day.replace(day=1)
            return first, (first + timedelta(days=31)).replace(day=1)
        case _:
            assert_never(span)


def _midnight(day: date, zone: tzinfo) -> datetime:
    """Where a clock change skips midnight, the day begins with the hour after it."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)
