from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.faults import Fault
from contracts.reports.periods import Period, Span, before, covering, days_of, last_full, named

BERLIN = ZoneInfo("Europe/Berlin")
CAIRO = ZoneInfo("Africa/Cairo")  # its clocks skip midnight in spring
zones = st.sampled_from([UTC, BERLIN, CAIRO, ZoneInfo("America/New_York"), ZoneInfo("Pacific/Auckland")])
days = st.dates(date(2020, 1, 1), date(2040, 1, 1))


@given(st.sampled_from(Span), days, zones)
def test_periods_of_one_span_follow_each_other_without_gap_or_overlap(
    span: Span, day: date, zone: ZoneInfo
) -> None:
    period = covering(span, day, zone)
    assert period.first <= day < period.until
    earlier = before(period, zone)
    assert earlier.end == period.start
    assert earlier.until == period.first


@given(st.sampled_from(Span), days, zones)
def test_a_label_means_the_period_that_it_was_made_from(span: Span, day: date, zone: ZoneInfo) -> None:
    period = covering(span, day, zone)
    assert named(period.label, zone) == period


@given(st.sampled_from(Span), days, zones)
def test_the_days_of_a_period_fill_it(span: Span, day: date, zone: ZoneInfo) -> None:
    period = covering(span, day, zone)
    windows = [window for _, window in days_of(period, zone)]
    assert windows[0].start == period.start
    assert windows[-1].end == period.end
    assert all(one.end == next_.start for one, next_ in pairwise(windows))


@given(
    st.sampled_from(Span), days.map(lambda day: datetime(day.year, day.month, day.day, 12, tzinfo=UTC)), zones
)
def test_the_last_full_period_is_over_and_the_one_after_it_is_not(
    span: Span, at: datetime, zone: ZoneInfo
) -> None:
    period = last_full(span, at, zone)
    assert period.end <= at < covering(span, period.until, zone).end


@pytest.mark.parametrize(
    ("day", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25), (date(2026, 6, 1), 24)]
)
def test_a_day_on_which_clocks_change_is_shorter_or_longer(day: date, hours: int) -> None:
    period = covering(Span.DAY, day, BERLIN)
    assert period.end - period.start == timedelta(hours=hours)


def test_a_day_without_midnight_begins_with_its_first_hour() -> None:
    period = covering(Span.DAY, date(2026, 4, 24), CAIRO)
    assert period.start.astimezone(CAIRO).hour == 1
    assert period.end - period.start == timedelta(hours=23)


@pytest.mark.parametrize(
    "label", ["", "2026", "2026-W54", "2026-13", "2026-02-30", "last week", "2026-W45-W44", "9999-W53"]
)
def test_what_is_no_period_is_refused(label: str) -> None:
    assert isinstance(named(label, UTC), Fault)


def test_a_week_is_read_as_people_write_it() -> None:
    week = named(" 2026-w46 ", UTC)
    assert isinstance(week, Period)
    assert (week.first, week.until) == (date(2026, 11, 9), date(2026, 11, 16))
