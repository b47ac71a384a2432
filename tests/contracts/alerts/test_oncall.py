"""Who is on call: turns, layers, overrides, and days on which clocks leap."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from contracts.alerts.oncall import ScheduleSettings, Shift, on_call, upcoming

BERLIN = "Europe/Berlin"


def schedule(*layers: dict[str, Any], **settings: Any) -> ScheduleSettings:
    return ScheduleSettings.model_validate({"zone": BERLIN, "layers": list(layers), **settings})


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


WEEKLY = {"people": ["ada", "bea", "cyd"], "start": "2026-03-02", "days": 7, "handover": "09:00"}


def test_people_take_turns_from_handover_to_handover() -> None:
    weekly = schedule(WEEKLY)
    assert on_call(weekly, utc("2026-03-02T07:59")) is None, "before the first turn"
    assert on_call(weekly, utc("2026-03-02T08:00")) == "ada"
    assert on_call(weekly, utc("2026-03-09T07:59")) == "ada"
    assert on_call(weekly, utc("2026-03-09T08:00")) == "bea"
    assert on_call(weekly, utc("2026-03-23T08:00")) == "ada", "and again from the first"


def test_the_handover_is_by_the_clock_on_the_wall_when_clocks_leap() -> None:
    daily = schedule(WEEKLY | {"days": 1})
    assert on_call(daily, utc("2026-03-28T08:00")) == "cyd"
    assert on_call(daily, utc("2026-03-29T06:59")) == "cyd"
    assert on_call(daily, utc("2026-03-29T07:00")) == "ada", "09:00 is an hour earlier"
    assert on_call(daily, utc("2026-10-25T07:59")) != on_call(daily, utc("2026-10-25T08:00"))


def test_a_handover_that_clocks_leap_over_happens_where_they_leap() -> None:
    early = schedule(WEEKLY | {"days": 1, "handover": "02:30"})
    [before, after] = upcoming(early, utc("2026-03-28T12:00"), 2)
    assert before.ends == after.starts == utc("2026-03-29T01:00")


def test_an_override_comes_before_every_layer_and_the_last_one_first() -> None:
    weekly = schedule(
        WEEKLY,
        overrides=[
            {"person": "cyd", "from": "2026-03-03T12:00:00", "to": "2026-03-05T12:00:00"},
            {"person": "bea", "from": "2026-03-04T12:00:00", "to": "2026-03-04T13:00:00"},
        ],
    )
    moments = [
        "2026-03-03T10:59",
        "2026-03-03T11:00",
        "2026-03-04T11:00",
        "2026-03-04T12:00",
        "2026-03-05T11:00",
    ]
    assert [on_call(weekly, utc(each)) for each in moments] == ["ada", "cyd", "bea", "cyd", "ada"]


def test_the_first_layer_with_somebody_counts() -> None:
    both = schedule(
        {"people": ["dan"], "start": "2026-03-02", "during": {"zone": BERLIN, "weekdays": ["sat", "sun"]}},
        WEEKLY,
    )
    assert on_call(both, utc("2026-03-06T22:59")) == "ada"
    assert on_call(both, utc("2026-03-06T23:00")) == "dan"
    assert on_call(both, utc("2026-03-08T23:00")) == "ada"


def test_the_coming_shifts_name_gaps_too() -> None:
    days = schedule(
        WEEKLY | {"during": {"zone": BERLIN, "times": [{"from": "08:00", "to": "20:00"}]}},
        overrides=[{"person": "bea", "from": "2026-03-03T10:00:00", "to": "2026-03-03T22:00:00"}],
    )
    assert upcoming(days, utc("2026-03-02T12:00"), 5) == (
        Shift("ada", utc("2026-03-02T12:00"), utc("2026-03-02T19:00")),
        Shift(None, utc("2026-03-02T19:00"), utc("2026-03-03T07:00")),
        Shift("ada", utc("2026-03-03T07:00"), utc("2026-03-03T09:00")),
        Shift("bea", utc("2026-03-03T09:00"), utc("2026-03-03T21:00")),
        Shift(None, utc("2026-03-03T21:00"), utc("2026-03-04T07:00")),
    )


def test_somebody_who_is_alone_has_one_shift_without_an_end() -> None:
    now = utc("2026-03-05T12:00")
    assert upcoming(schedule(WEEKLY | {"people": ["ada"]}), now, 5) == (Shift("ada", now, None),)


def test_before_the_first_turn_nobody_is_on_call() -> None:
    found = upcoming(schedule(WEEKLY), utc("2026-02-01T00:00"), 2)
    assert [each.person for each in found] == [None, "ada"]
    assert found[0].ends == utc("2026-03-02T08:00")


def test_an_override_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValidationError, match="ends before it begins"):
        schedule(
            WEEKLY, overrides=[{"person": "a", "from": "2026-03-03T12:00:00", "to": "2026-03-03T12:00:00"}]
        )


@given(st.timedeltas(timedelta(0), timedelta(days=300)), st.integers(1, 10), st.integers(0, 1439))
def test_shifts_follow_each_other_and_say_who_is_on_call(later: timedelta, days: int, handover: int) -> None:
    turns = schedule(WEEKLY | {"days": days, "handover": handover, "start": "2026-01-01"})
    shifts = upcoming(turns, utc("2026-03-02T00:00") + later, 3)
    assert [each.ends for each in shifts[:-1]] == [each.starts for each in shifts[1:]]
    for shift in shifts:
        assert on_call(turns, shift.starts) == shift.person
        assert shift.ends is not None
        assert on_call(turns, shift.ends - timedelta(seconds=1)) == shift.person
        assert on_call(turns, shift.ends) != shift.person
