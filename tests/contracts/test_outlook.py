"""When a patch may have its turn."""

from datetime import UTC, datetime, timedelta

import pytest

from contracts.control import Closed, Closing, Dependency, Hold, Obstacles
from contracts.faults import Reason
from contracts.outlook import has_moved, outlook
from contracts.states import PatchState

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
MINUTES = [timedelta(minutes=each) for each in (1, 2, 9)]


def test_the_wait_is_that_of_those_ahead_at_the_median_of_what_was() -> None:
    found = outlook(Obstacles(ahead=("a", "b")), MINUTES, domain="web", now=NOW)
    assert (found.wait, found.position, found.unknown) == (timedelta(minutes=4), 3, None)


def test_what_the_head_has_run_is_behind_those_who_wait() -> None:
    for ran, wait in ((0, 4), (1, 3), (2, 2), (9, 2)):
        since = NOW - timedelta(minutes=ran)
        found = outlook(Obstacles(ahead=("a", "b"), head_since=since), MINUTES, domain="web", now=NOW)
        assert found.wait == timedelta(minutes=wait)


@pytest.mark.parametrize(
    ("off", "left", "moved"), [(2, 3, False), (3, 3, True), (-3, 3, True), (10, 60, False), (16, 60, True)]
)
def test_a_forecast_has_moved_by_more_than_minutes_and_a_share_of_what_is_left(
    off: int, left: int, moved: bool
) -> None:
    begins = NOW + timedelta(minutes=left)
    assert has_moved(begins + timedelta(minutes=off), begins, now=NOW) is moved


def test_a_freeze_and_the_next_try_come_before_the_line() -> None:
    frozen = Closed("web", Closing.FROZEN, "", "release", NOW, NOW + timedelta(hours=1))
    found = outlook(
        Obstacles(ahead=("a",), closed=(frozen,), again_at=NOW + timedelta(minutes=3)),
        MINUTES,
        domain="web",
        now=NOW,
    )
    assert found.wait == timedelta(hours=1, minutes=2)


def test_without_history_nobody_can_tell_unless_it_is_first() -> None:
    found = outlook(Obstacles(ahead=("a",)), [], domain="web", now=NOW)
    assert found.wait is None
    assert found.unknown is not None
    assert found.unknown.reason is Reason.NO_HISTORY
    assert outlook(Obstacles(), [], domain="web", now=NOW).wait == timedelta(0)


@pytest.mark.parametrize(
    "kept",
    [
        Obstacles(hold=Hold("Ben", "wait", NOW)),
        Obstacles(waits_for=(Dependency("x", PatchState.RUNNING),)),
        Obstacles(closed=(Closed(None, Closing.HALTED, "Ben", "fire", NOW),)),
    ],
)
def test_what_a_person_has_to_end_is_not_foretold(kept: Obstacles) -> None:
    found = outlook(kept, MINUTES, domain="web", now=NOW)
    assert found.wait is None
    assert found.unknown is not None
    assert found.unknown.reason is Reason.NO_FORECAST
