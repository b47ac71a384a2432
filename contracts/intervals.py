"""Times that happen once or recur, in their own time zone: when one covers a moment, and until when."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Annotated, Final, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, model_validator

from contracts.sections import Section


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"there is no time zone {name!r}; write it as in Europe/Berlin") from error
    return name


Zone = Annotated[str, AfterValidator(_zone)]


def _clock(value: object) -> object:
    """Minutes of the day. YAML reads an unquoted 22:00 as a number in base 60, and so do we."""
    if isinstance(value, str):
        hours, colon, minutes = value.partition(":")
        if not (colon and hours.isdecimal() and minutes.isdecimal() and int(minutes) < 60):
            raise ValueError(f"{value!r} is no time of day; write it as in 09:30")
        return int(hours) * 60 + int(minutes)
    return value


#: A time of day as minutes since midnight, written 09:30; 24:00 is the end of the day.
ClockTime = Annotated[int, BeforeValidator(_clock), Field(ge=0, le=24 * 60)]

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")


def _number(word: str, names: tuple[str, ...]) -> int:
    """1-based; a name's first three letters are enough."""
    short = word.strip().casefold()[:3]
    if short in names:
        return names.index(short) + 1
    try:
        return int(word)
    except ValueError:
        raise ValueError(f"{word.strip()!r} is none of {', '.join(names) or 'the numbers'}") from None


def _ranges(names: tuple[str, ...], least: int, most: int) -> BeforeValidator:
    """Reads `mon`, `mon:fri`, `1`, `1:7` and `-1` into numbers."""

    def read(value: object) -> object:
        if not isinstance(value, list | tuple | set | frozenset):
            raise ValueError("write a list, as in [mon:fri]")  # noqa: TRY004 - pydantic wants a ValueError
        numbers: set[int] = set()
        for each in value:
            first, colon, last = str(each).partition(":")
            low, high = _number(first, names), _number(last if colon else first, names)
            numbers.update(range(low, high + 1) if low <= high else ())
            if low > high or not least <= low <= high <= most or 0 in range(low, high + 1):
                raise ValueError(f"{each!r} is no day or month, or its end comes before its beginning")
        return frozenset(numbers)

    return BeforeValidator(read)


class WithKeywords(Section):
    """A section with keys that are Python's own words; in Python they have a trailing underscore."""

    model_config = ConfigDict(populate_by_name=True)


class TimeRange(WithKeywords):
    """Part of a day. An end before its beginning lies on the next day."""

    from_: ClockTime = Field(alias="from")
    to: ClockTime


class Recurring(Section):
    """Days, and times of them; what is left out does not limit.

    Weekdays count from Monday as 1. `days_of_month` below zero count from the month's end, -1 being its last.
    """

    zone: Zone = "UTC"
    times: tuple[TimeRange, ...] = ()
    weekdays: Annotated[frozenset[int], _ranges(WEEKDAYS, 1, 7)] = frozenset()
    days_of_month: Annotated[frozenset[int], _ranges((), -31, 31)] = frozenset()
    months: Annotated[frozenset[int], _ranges(MONTHS, 1, 12)] = frozenset()


class IntervalSettings(Recurring):
    """Once, with `from` and `to` (in `zone`, unless they name their own), or recurring."""

    model_config = ConfigDict(populate_by_name=True)

    from_: datetime | None = Field(default=None, alias="from")
    to: datetime | None = None

    @model_validator(mode="after")
    def _once_or_recurring(self) -> Self:
        recurs = bool(self.times or self.weekdays or self.days_of_month or self.months)
        if (self.from_ is None) is not (self.to is None):
            raise ValueError("an interval that happens once needs `from` and `to`")
        if recurs is (self.from_ is not None):
            raise ValueError(
                "give either `from` and `to`, or what recurs: times, weekdays, days_of_month, months"
            )
        if self.from_ is not None and self.to is not None and self.aware(self.from_) >= self.aware(self.to):
            raise ValueError("`to` must be after `from`")
        return self

    def aware(self, moment: datetime) -> datetime:
        return moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(self.zone))


# When it covers a moment -------------------------------------------------------------------------
#: How far ahead anybody looks.
_FAR: Final = timedelta(days=366)
_ALL_DAY: Final = (TimeRange(from_=0, to=24 * 60),)


@dataclass(frozen=True, slots=True)
class Span:
    """From *starts* up to *ends*, in UTC; no end within a year: None."""

    starts: datetime
    ends: datetime | None


def covering(interval: Recurring, now: datetime) -> Span | None:
    """The span of *interval* that *now* lies in; it begins at *now* or earlier."""
    span = _first_span(interval, now)
    return span if span is not None and span.starts <= now else None


def next_change(interval: Recurring, now: datetime) -> datetime | None:
    """When, after *now*, *interval* begins or ends to cover the time; None: not within a year."""
    span = _first_span(interval, now)
    if span is None:
        return None
    return span.ends if span.starts <= now else span.starts


def at_clock(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """The first moment at which clocks in *zone* show *minutes* of *day*, or have leapt over it. In UTC."""
    shown = datetime.combine(day, time()) + timedelta(minutes=minutes)
    first = shown.replace(tzinfo=zone).astimezone(UTC)
    if first.astimezone(zone).replace(tzinfo=None) == shown:
        return first
    # Clocks leapt over it. By the offset after the leap it lies before the leap, by the one before, after.
    before, leapt = shown.replace(tzinfo=zone, fold=1).astimezone(UTC), first
    offset = before.astimezone(zone).utcoffset()
    while leapt - before > timedelta(seconds=1):
        middle = before + timedelta(seconds=(leapt - before) // timedelta(seconds=2))
        before, leapt = (middle, leapt) if middle.astimezone(zone).utcoffset() == offset else (before, middle)
    return leapt


# One tick asks the same of every group that is due.
@lru_cache(maxsize=64)
def _first_span(interval: Recurring, since: datetime) -> Span | None:
    """The first that ends after *since*; windows that touch are one."""
    found: Span | None = None
    for begin, end in _windows(interval, since):
        if end <= since or begin >= end:
            continue
        if found is None or found.ends is None:
            found = Span(begin, end)
        elif begin > found.ends:
            return found
        else:
            found = Span(found.starts, max(found.ends, end))
    far = found is not None and found.ends is not None and found.ends >= since + _FAR
    return replace(found, ends=None) if found and far else found


def _windows(interval: Recurring, since: datetime) -> Iterator[tuple[datetime, datetime]]:
    """In the order of their beginnings, from the day before *since*: its last may end after midnight."""
    if isinstance(interval, IntervalSettings) and interval.from_ is not None and interval.to is not None:
        yield interval.aware(interval.from_).astimezone(UTC), interval.aware(interval.to).astimezone(UTC)
        return
    zone = ZoneInfo(interval.zone)
    day = since.astimezone(zone).date() - timedelta(days=1)
    ranges = sorted(interval.times or _ALL_DAY, key=lambda each: each.from_)
    for _ in range(_FAR.days + 3):
        if _is_day(interval, day):
            for each in ranges:
                last = day + timedelta(days=each.to <= each.from_)
                yield at_clock(day, each.from_, zone), at_clock(last, each.to, zone)
        day += timedelta(days=1)


def _is_day(interval: Recurring, day: date) -> bool:
    if interval.months and day.month not in interval.months:
        return False
    if interval.weekdays and day.isoweekday() not in interval.weekdays:
        return False
    from_end = day.day - monthrange(day.year, day.month)[1] - 1
    return not interval.days_of_month or bool({day.day, from_end} & interval.days_of_month)
