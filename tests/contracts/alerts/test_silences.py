"""Silences: made of text, active for a while, and hiding nothing that they do not match."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.alerts.hiding import View, hidden, needs_members
from contracts.alerts.lifecycle import opened
from contracts.alerts.matching import matches, parse_matchers
from contracts.alerts.model import (
    Entry,
    EntryKind,
    GroupChange,
    Matcher,
    Operator,
    Silence,
    Spoken,
    severity_of,
)
from contracts.alerts.routing import placements
from contracts.alerts.settings import AlertSettings
from contracts.alerts.silences import announcements, silence, silencing
from contracts.faults import Fault, Reason
from contracts.notices import TellOperators
from tests.contracts.alerts.simulator import OPERATORS, START, is_active, rules

HOUR = timedelta(hours=1)


def made(matchers: str = "a=1", *, starts: int = 0, hours: float = 1, now: int = 0) -> Silence | Fault:
    begin = START + starts * HOUR
    return silence(
        "s1",
        matchers,
        creator="U0ADA",
        comment="known",
        starts=begin,
        ends=begin + hours * HOUR,
        now=START + now * HOUR,
    )


def test_a_silence_is_made_of_text() -> None:
    found = made('a="1", b=~x.*')
    assert isinstance(found, Silence)
    assert found.matchers == parse_matchers('a="1", b=~x.*')
    assert (found.starts, found.ends) == (START, START + HOUR)


@pytest.mark.parametrize("matchers", ["a!=1", 'a=""', 'a=~".*"', 'a=~"x?", b!~y'])
def test_a_silence_that_would_hide_everything_is_refused(matchers: str) -> None:
    found = made(matchers)
    assert isinstance(found, Fault)
    assert found.reason is Reason.SILENCE_HIDES_ALL


@pytest.mark.parametrize(
    ("found", "why"),
    [
        (made("nonsense"), Reason.MATCHER_UNREAD),
        (made(hours=0), Reason.SILENCE_OVER),
        (made(hours=1, now=1), Reason.SILENCE_OVER),
        (made(hours=24 * 366), Reason.SILENCE_TOO_LONG),
    ],
)
def test_what_is_no_silence_is_refused_with_the_reason(found: Silence | Fault, why: Reason) -> None:
    assert isinstance(found, Fault)
    assert found.reason is why


def test_a_silence_hides_from_its_start_up_to_its_end() -> None:
    found = made(starts=1)
    assert isinstance(found, Silence)
    moments = [START, START + HOUR, START + 2 * HOUR - timedelta(seconds=1), START + 2 * HOUR]
    hides = [silencing([found], {"a": "1"}, each) is not None for each in moments]
    assert hides == [False, True, True, False]


def test_of_several_silences_without_a_gap_the_one_that_ends_last_counts() -> None:
    short, long, joins, late = made(), made(hours=2), made(starts=2, hours=1), made(starts=4, hours=9)
    assert isinstance(short, Silence)
    assert isinstance(long, Silence)
    assert isinstance(joins, Silence)
    assert isinstance(late, Silence)
    assert silencing([late, long, short], {"a": "1"}, START) == long
    assert silencing([joins, late, long, short], {"a": "1"}, START) == joins
    assert silencing([short, long], {"a": "2"}, START) is None
    assert silencing([joins, late], {"a": "1"}, START) is None


_VALUES = st.sampled_from(["", "1", "2", "12"])
_LABELS = st.dictionaries(st.sampled_from("abc"), _VALUES)
_PLAIN = st.builds(
    Matcher, st.sampled_from("abc"), st.sampled_from([Operator.EQUAL, Operator.DIFFERENT]), _VALUES
)
_LIKE = st.builds(
    Matcher,
    st.sampled_from("abc"),
    st.sampled_from([Operator.LIKE, Operator.UNLIKE]),
    st.sampled_from(["1.*", "1|2", ".", "x?"]),
)
_SILENCES = st.lists(
    st.builds(
        lambda matchers, starts, lasts: Silence(
            f"s{starts}-{lasts}",
            tuple(matchers),
            "U0ADA",
            "",
            START + starts * HOUR,
            START + (starts + lasts) * HOUR,
        ),
        st.lists(_PLAIN | _LIKE, min_size=1, max_size=3),
        st.integers(-3, 3),
        st.integers(1, 3),
    ),
    max_size=4,
)


@given(_SILENCES, st.lists(_LABELS, min_size=1, max_size=4))
def test_a_silence_never_hides_what_it_does_not_match(
    silences: list[Silence], members: list[dict[str, str]]
) -> None:
    """A group is hidden if and only if each alert in it has an active silence that matches it."""
    settings = AlertSettings.model_validate({"route": {"group_by": ["a"]}})
    members = [each | {"a": members[0].get("a", "")} for each in members]
    [place] = placements(settings, members[0])
    group = replace(opened(place, "a1", severity_of({}), START), firing=len(members), alerts=len(members))
    needed = needs_members(group, settings, silences, ())
    found = hidden(group, View(tuple(members) if needed else None, tuple(silences), ()), settings, START)
    covered = all(
        any(matches(each.matchers, labels) and is_active(each, START) for each in silences)
        for labels in members
    )
    assert (found is not None) is covered
    if found is not None:
        named = [each for each in silences if each.id == found.by and each.ends == found.until]
        assert any(matches(each.matchers, labels) for each in named for labels in members)


def noted(*, spoken: bool) -> GroupChange:
    """A group in which the coming end of s1 was noted."""
    [place] = placements(AlertSettings(), {"a": "1"})
    group = opened(place, "a1", severity_of({}), START)
    after = replace(group, spoken=Spoken(START, 1, 1) if spoken else None)
    entry = Entry(1, START, EntryKind.SILENCE_ENDS, None, {"silence": "s1"})
    return GroupChange(1, after, (entry,), ())


def test_the_end_of_a_silence_over_what_nobody_was_told_of_is_told_to_the_operators_once() -> None:
    silence = made()
    assert isinstance(silence, Silence)
    [change] = announcements([noted(spoken=False)] * 1000, [silence], rules())
    assert change.silence == replace(silence, announced=True)
    [told] = change.told
    assert told.channel == OPERATORS
    assert isinstance(told.notice, TellOperators)
    assert told.notice.fault.args == {
        "silence": "s1",
        "matchers": 'a="1"',
        "ends": "2026-03-02 13:00 UTC",
    }
    assert announcements([noted(spoken=False)], [change.silence], rules()) == ()


def test_where_there_is_a_thread_the_operators_need_not_hear() -> None:
    silence = made()
    assert isinstance(silence, Silence)
    assert announcements([noted(spoken=True)], [silence], rules()) == ()


def test_without_an_operators_channel_the_end_is_only_noted() -> None:
    silence = made()
    assert isinstance(silence, Silence)
    [change] = announcements([noted(spoken=False)], [silence], rules({}))
    assert (change.silence.announced, change.told) == (True, ())
