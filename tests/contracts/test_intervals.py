"""Times that happen once or recur, in zones whose clocks leap."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.intervals import IntervalSettings, Span, at_clock, covering, next_change

BERLIN = "Europe/Berlin"


def interval(**settings: Any) -> IntervalSettings:
    return IntervalSettings.model_validate(settings)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def times(*ranges: tuple[Any, Any], **more: Any) -> IntervalSettings:
    return interval(times=[{"from": begin, "to": end} for begin, end in ranges], **more)


def hours(found: Span | None) -> tuple[str, str | None] | None:
    if found is None:
        return None
    return f"{found.starts:%m-%d %H:%M}", f"{found.ends:%m-%d %H:%M}" if found.ends else None


# Once ------------------------------------------------------------------------------------------
def test_once_is_from_its_beginning_up_to_its_end_in_its_zone() -> None:
    once = interval(zone=BERLIN, **{"from": "2026-05-09T08:00:00"}, to="2026-05-10T20:00:00")
    assert covering(once, utc("2026-05-09T05:59")) is None
    assert hours(covering(once, utc("2026-05-09T06:00"))) == ("05-09 06:00", "05-10 18:00")
    assert covering(once, utc("2026-05-10T18:00")) is None
    assert next_change(once, utc("2026-05-01T00:00")) == utc("2026-05-09T06:00")
    assert next_change(once, utc("2026-05-10T00:00")) == utc("2026-05-10T18:00")
    assert next_change(once, utc("2026-05-10T18:00")) is None


def test_a_moment_with_its_own_offset_needs_no_zone() -> None:
    once = interval(zone=BERLIN, **{"from": "2026-05-09T08:00:00Z"}, to="2026-05-09T09:00:00Z")
    assert covering(once, utc("2026-05-09T08:30"))


# Recurring -------------------------------------------------------------------------------------
def test_times_recur_every_day() -> None:
    office = times(("09:00", "12:00"), ("13:00", "17:30"))
    assert hours(covering(office, utc("2026-03-02T09:00"))) == ("03-02 09:00", "03-02 12:00")
    assert covering(office, utc("2026-03-02T12:00")) is None
    assert next_change(office, utc("2026-03-02T12:00")) == utc("2026-03-02T13:00")
    assert next_change(office, utc("2026-03-02T18:00")) == utc("2026-03-03T09:00")


def test_an_end_before_its_beginning_lies_on_the_next_day() -> None:
    nights = times(("22:00", "06:00"), weekdays=["fri"])
    assert hours(covering(nights, utc("2026-03-07T03:00"))) == ("03-06 22:00", "03-07 06:00")
    assert covering(nights, utc("2026-03-06T03:00")) is None
    assert covering(nights, utc("2026-03-07T22:30")) is None


def test_days_that_touch_are_one_span() -> None:
    weekend = interval(weekdays=["sat", "sun"])
    assert hours(covering(weekend, utc("2026-03-07T12:00"))) == ("03-07 00:00", "03-09 00:00")
    nights = times(("18:00", "24:00"), ("00:00", "08:00"))
    found = covering(nights, utc("2026-03-07T23:00"))
    assert found is not None
    assert found.ends == utc("2026-03-08T08:00")


def test_days_of_the_month_count_from_its_end_below_zero() -> None:
    last = interval(days_of_month=[-1])
    assert covering(last, utc("2026-02-28T12:00"))
    assert covering(last, utc("2028-02-29T12:00"))
    assert covering(last, utc("2028-02-28T12:00")) is None
    assert covering(interval(days_of_month=["1:7"], weekdays=["mon"]), utc("2026-03-02T12:00"))


def test_months_and_days_are_named_or_counted() -> None:
    assert interval(months=["jan:mar", "December", 6]).months == {1, 2, 3, 6, 12}
    assert interval(weekdays=["mon:fri", 7]).weekdays == {1, 2, 3, 4, 5, 7}
    assert interval(days_of_month=["-3:-1", 1]).days_of_month == {-3, -2, -1, 1}


def test_clock_times_are_minutes_as_yaml_reads_them_too() -> None:
    assert times(("09:30", 1320)).times[0].from_ == 9 * 60 + 30


def test_what_covers_everything_has_no_end() -> None:
    always = interval(weekdays=["mon:sun"])
    found = covering(always, utc("2026-03-02T12:00"))
    assert found is not None
    assert found.ends is None
    assert next_change(always, utc("2026-03-02T12:00")) is None


def test_what_comes_in_more_than_a_year_is_not_looked_for() -> None:
    assert next_change(interval(months=["feb"], days_of_month=[29]), utc("2026-03-02T12:00")) is None


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"from": "2026-05-09T08:00:00"},
        {"from": "2026-05-09T08:00:00", "to": "2026-05-09T08:00:00"},
        {"from": "2026-05-09T08:00:00", "to": "2026-05-10T08:00:00", "weekdays": ["mon"]},
        {"weekdays": ["xyz"]},
        {"weekdays": "mon"},
        {"weekdays": ["fri:mon"]},
        {"days_of_month": [0]},
        {"days_of_month": [32]},
        {"days_of_month": ["-1:1"]},
        {"months": [13]},
        {"times": [{"from": "9", "to": "10:00"}]},
        {"times": [{"from": "09:60", "to": "10:00"}]},
        {"times": [{"from": "24:01", "to": "10:00"}]},
        {"weekdays": ["mon"], "zone": "Mars/Olympus"},
        {"weekdays": ["mon"], "zone": "../etc/passwd"},
    ],
)
def test_an_interval_that_means_nothing_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        interval(**settings)


# Days on which clocks leap: in Berlin 2026-03-29 02:00 → 03:00 and 2026-10-25 03:00 → 02:00 ----------
@pytest.mark.parametrize(
    ("begin", "end", "starts", "ends"),
    [
        ("01:00", "04:00", "00:00", "02:00"),  # an hour shorter
        ("02:30", "04:00", "01:00", "02:00"),  # begins where clocks leap
        ("01:00", "02:30", "00:00", "01:00"),  # ends where clocks leap
        ("00:00", "24:00", "-1:00", "22:00"),  # a day of 23 hours
    ],
)
def test_on_the_day_clocks_leap_forward(begin: str, end: str, starts: str, ends: str) -> None:
    zone = ZoneInfo(BERLIN)
    day = date(2026, 3, 29)
    clock = [int(text[:2]) * 60 + int(text[3:]) for text in (begin, end)]
    first, last = (at_clock(day, each, zone) for each in clock)
    midnight = utc("2026-03-29T00:00")
    expected = [timedelta(hours=int(text.split(":")[0])) for text in (starts, ends)]
    assert [first - midnight, last - midnight] == expected


def test_a_range_that_clocks_leap_over_does_not_happen() -> None:
    leapt = times(("02:10", "02:50"), zone=BERLIN)
    assert covering(leapt, utc("2026-03-29T01:00")) is None
    assert next_change(leapt, utc("2026-03-28T12:00")) == utc("2026-03-30T00:10")


@pytest.mark.parametrize(
    ("begin", "end", "starts", "ends"),
    [
        ("01:00", "04:00", "2026-10-24T23:00", "2026-10-25T03:00"),  # an hour longer
        ("02:30", "04:00", "2026-10-25T00:30", "2026-10-25T03:00"),  # begins the first time
        ("01:00", "02:30", "2026-10-24T23:00", "2026-10-25T00:30"),  # ends the first time
    ],
)
def test_on_the_day_clocks_leap_back(begin: str, end: str, starts: str, ends: str) -> None:
    found = covering(times((begin, end), zone=BERLIN), utc(starts))
    assert found == Span(utc(starts), utc(ends))


def test_a_night_over_the_leap_ends_when_clocks_say_so() -> None:
    nights = times(("22:00", "07:00"), zone=BERLIN)
    spring = covering(nights, utc("2026-03-28T23:00"))
    autumn = covering(nights, utc("2026-10-24T23:00"))
    assert spring is not None
    assert autumn is not None
    assert spring == Span(utc("2026-03-28T21:00"), utc("2026-03-29T05:00"))
    assert autumn == Span(utc("2026-10-24T20:00"), utc("2026-10-25T06:00"))


@given(
    st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    st.integers(0, 1440),
    st.sampled_from(["UTC", BERLIN, "America/New_York", "Australia/Lord_Howe", "America/St_Johns"]),
)
def test_a_clock_time_is_the_first_moment_that_clocks_show_it_or_more(
    day: date, minutes: int, zone: str
) -> None:
    found = at_clock(day, minutes, ZoneInfo(zone))
    shown = datetime.combine(day, time()) + timedelta(minutes=minutes)

    def clock(moment: datetime) -> datetime:
        return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)

    assert clock(found) >= shown
    assert clock(found - timedelta(seconds=1)) < shown


@given(
    st.timedeltas(timedelta(0), timedelta(days=230)),
    st.integers(0, 1439),
    st.integers(0, 1440),
    st.frozensets(st.integers(1, 7), max_size=3),
)
def test_nothing_changes_before_the_next_change(
    later: timedelta, begin: int, end: int, weekdays: frozenset[int]
) -> None:
    found = times((begin, end), weekdays=sorted(weekdays), zone=BERLIN)
    moment = utc("2026-03-20T00:00") + later
    change = next_change(found, moment)
    assert change is not None or (end == begin and not weekdays) or (begin, end) == (0, 1440)
    if change is not None:
        assert change > moment
        before = covering(found, change - timedelta(microseconds=1))
        assert (before is None) == (covering(found, moment) is None)
        assert (covering(found, change) is None) != (before is None)
