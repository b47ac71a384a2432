"""A message bears one mark, and the right one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.delivery.marks import LANDED, NOT_LANDED, SEEN, marks_for
from contracts.commands import Place
from contracts.records import MessageStanding
from contracts.states import OPEN_STATES, PatchState

HERE = Place("C1", "1.1", "1.1")
states = st.lists(st.sampled_from(PatchState), max_size=4).map(tuple)


def standing(*states: PatchState, rejected: int = 0, edited: bool = False) -> MessageStanding:
    return MessageStanding(HERE, states, rejected, edited=edited)


@pytest.mark.parametrize(
    ("now", "add", "remove"),
    [
        (standing(PatchState.WAITING), SEEN, ()),
        (standing(PatchState.RUNNING, PatchState.LANDED), SEEN, (LANDED,)),
        (standing(PatchState.RUNNING, PatchState.FAILED, PatchState.LANDED), SEEN, (LANDED, NOT_LANDED)),
        (standing(PatchState.READY, rejected=1), SEEN, (NOT_LANDED,)),
        (standing(PatchState.LANDED), LANDED, (SEEN,)),
        (standing(PatchState.LANDED, PatchState.LANDED), LANDED, (SEEN,)),
        (standing(PatchState.LANDED, rejected=1), NOT_LANDED, (SEEN, LANDED)),
        (standing(PatchState.LANDED, PatchState.FAILED), NOT_LANDED, (SEEN, LANDED)),
        (standing(PatchState.QUARANTINED), NOT_LANDED, (SEEN,)),
        (standing(rejected=2), NOT_LANDED, (SEEN,)),
        (standing(), None, (SEEN,)),
        (standing(PatchState.RUNNING, edited=True), SEEN, (LANDED, NOT_LANDED)),
        (standing(PatchState.LANDED, edited=True), LANDED, (SEEN, NOT_LANDED)),
        (standing(rejected=1, edited=True), NOT_LANDED, (SEEN, LANDED)),
    ],
)
def test_the_mark_says_how_the_message_stands(
    now: MessageStanding, add: str | None, remove: tuple[str, ...]
) -> None:
    marks = marks_for(now)
    assert (marks.add, marks.remove) == (add, remove)


@given(st.lists(st.tuples(states, st.integers(0, 2)), min_size=1, max_size=6))
def test_one_true_mark_is_left_whatever_came_before(
    history: list[tuple[tuple[PatchState, ...], int]],
) -> None:
    """Patches only join and only end; marks of any moments in between may have been left out."""
    borne: set[str] = set()
    seen: tuple[PatchState, ...] = ()
    refused = 0
    now = standing()
    for joined, rejected in history:
        ended = tuple(PatchState.FAILED if state in OPEN_STATES else state for state in seen)
        seen, refused = ended + joined, refused + rejected
        now = standing(*seen, rejected=refused)
        marks = marks_for(now)
        borne = (borne | {marks.add} if marks.add else borne) - set(marks.remove)
        assert len(borne) <= 1
    is_open = any(state in OPEN_STATES for state in seen)
    fine = not refused and all(state is PatchState.LANDED for state in seen)
    expected = {SEEN} if is_open else {LANDED} if fine else {NOT_LANDED}
    assert borne == (expected if seen or refused else set())
    assert marks_for(now).settled is not is_open
