"""What is concluded from the date in Slack's answer."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.watchdog.calling import _beyond, _moment, calling

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("there", "beyond"),
    [
        (at(0), 0),
        (at(3), 0),
        (at(-1), 0),  # it was cut: it may have been just before noon's next second
        (at(-1.5), -0.5),
        (at(10), 7),
        (at(-60), -59),
    ],
)
def test_only_what_was_not_possible_between_asking_and_hearing_is_skew(
    there: datetime, beyond: float
) -> None:
    assert _beyond(there, at(0), at(3)) == timedelta(seconds=beyond)


@pytest.mark.parametrize("said", [None, "", "soon", "99 Foo 2026"])
def test_what_is_no_date_is_none(said: str | None) -> None:
    assert _moment(said) is None


@pytest.mark.parametrize("said", ["Mon, 02 Mar 2026 12:00:00 GMT", "Mon, 02 Mar 2026 12:00:00 -0000"])
def test_a_date_is_of_utc(said: str) -> None:
    assert _moment(said) == NOON


async def test_a_heartbeat_that_nobody_hears_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    async with calling() as calls:
        assert not await calls.say_all_is_well("http://127.0.0.1:1/alive")
    assert "was not heard" in caplog.text
