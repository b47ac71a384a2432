"""How long and until when, as people write it."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.spans import LONGEST, span, until

BERLIN = ZoneInfo("Europe/Berlin")
#: A Saturday; 16:30 in Berlin.
NOW = datetime(2026, 11, 21, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("30m", timedelta(minutes=30)),
        ("2h", timedelta(hours=2)),
        (" 1h30m ", timedelta(minutes=90)),
        ("1.5 hours", timedelta(minutes=90)),
        ("2 Days", timedelta(days=2)),
        ("1w", timedelta(weeks=1)),
        ("0m", None),
        ("367d", None),
        ("2", None),
        ("2 fortnights", None),
        ("h", None),
        ("", None),
    ],
)
def test_lengths(text: str, length: timedelta | None) -> None:
    assert span(text) == length


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2h", datetime(2026, 11, 21, 17, 30, tzinfo=UTC)),
        ("17:00", datetime(2026, 11, 21, 16, 0, tzinfo=UTC)),
        ("9:00", datetime(2026, 11, 22, 8, 0, tzinfo=UTC)),
        ("tomorrow 9:00", datetime(2026, 11, 22, 8, 0, tzinfo=UTC)),
        ("Monday 14:30", datetime(2026, 11, 23, 13, 30, tzinfo=UTC)),
        ("sat 17:00", datetime(2026, 11, 21, 16, 0, tzinfo=UTC)),
        ("sat 16:00", datetime(2026, 11, 28, 15, 0, tzinfo=UTC)),
        ("2026-12-01 08:00", datetime(2026, 12, 1, 7, 0, tzinfo=UTC)),
        ("today 9:00", None),
        ("2026-11-01 08:00", None),
        ("2028-11-01 08:00", None),
        ("2026-13-01 08:00", None),
        ("25:00", None),
        ("9999-12-31 23:59", None),
        ("soon", None),
        ("", None),
    ],
)
def test_times_in_the_zone_of_who_wrote_them(text: str, at: datetime | None) -> None:
    assert until(text, now=NOW, zone=BERLIN) == at


def test_a_time_of_day_is_that_time_after_the_clocks_were_set() -> None:
    before = datetime(2026, 10, 24, 18, 0, tzinfo=UTC)
    assert until("tomorrow 9:00", now=before, zone=BERLIN) == datetime(2026, 10, 25, 8, 0, tzinfo=UTC)


@given(st.text(max_size=30) | st.from_regex(r"[0-9a-z: -]{1,20}", fullmatch=True))
def test_whatever_is_written_is_a_time_to_come_or_none(text: str) -> None:
    at = until(text, now=NOW, zone=BERLIN)
    assert at is None or NOW < at <= NOW + LONGEST
