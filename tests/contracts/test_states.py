"""The state tables: what they allow, and what follows from them."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.states import (
    DELIVERY_TRANSITIONS,
    HEAD_STATES,
    OPEN_STATES,
    PATCH_TRANSITIONS,
    Backoff,
    DeliveryState,
    PatchEvent,
    PatchState,
    after,
)

NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


def test_every_state_has_a_row() -> None:
    assert set(PATCH_TRANSITIONS) == set(PatchState)
    assert set(DELIVERY_TRANSITIONS) == set(DeliveryState)


def test_every_event_happens_somewhere() -> None:
    assert {event for row in PATCH_TRANSITIONS.values() for event in row} == set(PatchEvent)


def test_every_patch_can_reach_an_end() -> None:
    ended = set(PatchState) - OPEN_STATES
    for start in PatchState:
        reached, frontier = {start}, [start]
        while frontier:
            for following in PATCH_TRANSITIONS[frontier.pop()].values():
                if following not in reached:
                    reached.add(following)
                    frontier.append(following)
        assert reached & ended, start


def test_an_ended_patch_never_moves_again() -> None:
    assert {state for state in PatchState if not PATCH_TRANSITIONS[state]} == set(PatchState) - OPEN_STATES
    assert PatchState.LANDED not in OPEN_STATES
    for state in set(PatchState) - OPEN_STATES:
        with pytest.raises(KeyError):
            after(PATCH_TRANSITIONS, state, PatchEvent.CLAIM)


def test_the_heads_are_open() -> None:
    assert HEAD_STATES < OPEN_STATES


def test_only_a_running_patch_lands() -> None:
    assert [state for state, row in PATCH_TRANSITIONS.items() if PatchEvent.LAND in row] == [
        PatchState.RUNNING
    ]


def test_a_doubtful_delivery_is_never_simply_sent_again() -> None:
    assert DeliveryState.PENDING not in DELIVERY_TRANSITIONS[DeliveryState.UNSURE].values()


@given(
    attempt=st.integers(1, 50),
    attempts=st.integers(1, 50),
    jitter=st.floats(0, 1, exclude_max=True),
    first=st.timedeltas(timedelta(milliseconds=1), timedelta(minutes=1)),
    most=st.timedeltas(timedelta(seconds=1), timedelta(hours=1)),
)
def test_a_retry_waits_between_half_and_all_of_a_bounded_time_and_ends(
    attempt: int, attempts: int, jitter: float, first: timedelta, most: timedelta
) -> None:
    again = Backoff(first, most, attempts).again_at(attempt, now=NOON, jitter=jitter)
    if attempt >= attempts:
        assert again is None
    else:
        assert again is not None
        wait = min(most, first * 2 ** min(attempt - 1, 20))
        assert wait / 2 - timedelta(microseconds=1) <= again - NOON <= wait
