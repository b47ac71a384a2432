"""Slack's limits are kept on average and in every window, and nobody waits longer than needed."""

from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from bot.delivery.pace import Pace, Rate
from tests.delivery.rows import at

MINUTE = timedelta(minutes=1)
moments = st.lists(st.integers(0, 300_000), max_size=300).map(sorted)


def allowed(pace: Pace, name: str, now: datetime) -> bool:
    return not any(name in names for names in pace.busy(now))


@given(moments)
def test_a_channel_never_gets_two_posts_within_a_second(millis: list[int]) -> None:
    pace, posts = Pace(), []
    for now in map(at, (m / 1000 for m in millis)):
        if allowed(pace, "C1", now):
            pace.posted("C1", now)
            posts.append(now)
    gaps = [later - earlier for earlier, later in pairwise(posts)]
    assert all(gap >= timedelta(seconds=1) for gap in gaps)


@given(moments)
def test_no_minute_sees_more_than_fifty_edits(millis: list[int]) -> None:
    pace, edits = Pace(), []
    for now in map(at, (m / 1000 for m in millis)):
        pace.forget(now)
        if allowed(pace, "chat.update", now):
            pace.called("chat.update", now)
            edits.append(now)
    for first in edits:
        assert sum(first <= edit < first + MINUTE for edit in edits) <= 50


def test_a_few_edits_go_at_once() -> None:
    pace = Pace()
    for _ in range(10):
        assert allowed(pace, "chat.update", at(0))
        pace.called("chat.update", at(0))
    assert not allowed(pace, "chat.update", at(0))
    assert pace.next_free(at(0)) == at(1.5)
    assert allowed(pace, "chat.update", at(1.5))


@given(st.dictionaries(st.sampled_from("abcd"), st.integers(0, 5), max_size=4), st.integers(0, 5000))
def test_the_next_free_time_is_the_first_at_which_something_is_free(
    posts: dict[str, int], later: int
) -> None:
    pace = Pace(channel_rate=Rate(timedelta(seconds=1)))
    for channel, count in posts.items():
        for _ in range(count):
            pace.posted(channel, at(0))
    now = at(later / 1000)
    busy, _ = pace.busy(now)
    free = pace.next_free(now)
    if free is None:
        assert not busy
    else:
        assert pace.busy(free)[0] < busy
        assert pace.busy(free - timedelta(microseconds=1))[0] == busy


def test_a_method_that_slack_limits_rests_as_long_as_slack_says() -> None:
    pace = Pace()
    pace.limited("chat.postMessage", at(30))
    pace.limited("chat.postMessage", at(10))
    assert pace.busy(at(29)) == (frozenset(), frozenset({"chat.postMessage"}))
    assert pace.next_free(at(29)) == at(30)
    assert pace.busy(at(30)) == (frozenset(), frozenset())
    assert pace.next_free(at(30)) is None


def test_our_own_pace_does_not_shorten_slacks() -> None:
    pace = Pace()
    for _ in range(11):
        pace.called("chat.update", at(0))
    pace.limited("chat.update", at(20))
    assert pace.next_free(at(0)) == at(20)


def test_methods_without_a_limit_are_never_busy() -> None:
    pace = Pace()
    for _ in range(1000):
        pace.called("chat.postMessage", at(0))
    assert pace.busy(at(0)) == (frozenset(), frozenset())


def test_what_is_over_is_forgotten() -> None:
    pace = Pace()
    pace.posted("C1", at(0))
    pace.called("chat.update", at(0))
    pace.limited("chat.update", at(1))
    pace.forget(at(2))
    assert pace == Pace()
