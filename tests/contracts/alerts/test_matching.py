"""Matchers as people write them, and patterns that nobody can use as a weapon."""

import re
import string
import warnings
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.alerts.matching import matches, may_match, parse_matchers, spelled
from contracts.alerts.model import Matcher, Operator
from contracts.alerts.patterns import LONGEST_VALUE, readable, refused
from contracts.faults import Fault, Reason


def parsed(text: str) -> tuple[Matcher, ...]:
    found = parse_matchers(text)
    assert not isinstance(found, Fault), found
    return found


def reason(text: str) -> Reason:
    found = parse_matchers(text)
    assert isinstance(found, Fault), found
    return found.reason


@pytest.mark.parametrize(
    "text",
    [
        'alertname="disk-low",domain=~"web|shop"',
        '{alertname="disk-low", domain=~"web|shop"}',
        "alertname=disk-low, domain=~web|shop",
        "  alertname = disk-low ,\n domain =~ “web|shop” ,",
    ],
)
def test_matchers_are_read_however_they_are_quoted(text: str) -> None:
    assert parsed(text) == (
        Matcher("alertname", Operator.EQUAL, "disk-low"),
        Matcher("domain", Operator.LIKE, "web|shop"),
    )


def test_quoted_values_hold_commas_braces_quotes_and_backslashes() -> None:
    assert [each.value for each in parsed(r'a="x, {y}", b="say \"hi\"", c="C:\\tmp\d", d=""')] == [
        "x, {y}",
        'say "hi"',
        r"C:\tmp\d",
        "",
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", Reason.NO_MATCHERS),
        (" , ", Reason.NO_MATCHERS),
        ("{}", Reason.NO_MATCHERS),
        ("disk", Reason.MATCHER_UNREAD),
        ("1=x", Reason.MATCHER_UNREAD),
        ('a=b c=d"e', Reason.MATCHER_UNREAD),
        ('a="b', Reason.MATCHER_UNREAD),
        ('a="b"c', Reason.MATCHER_UNREAD),
        ("a>b", Reason.MATCHER_UNREAD),
        ("a=" + "x" * 2000, Reason.MATCHER_TOO_LONG),
        (",".join(["a=b"] * 21), Reason.TOO_MANY_MATCHERS),
        ("a=~(", Reason.PATTERN_NOT_TAKEN),
    ],
)
def test_what_is_no_matcher_is_refused_with_the_reason(text: str, why: Reason) -> None:
    assert reason(text) is why


@given(
    st.lists(
        st.builds(
            Matcher,
            st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,10}", fullmatch=True),
            st.sampled_from([Operator.EQUAL, Operator.DIFFERENT]),
            st.text(max_size=30).map(lambda text: re.sub("[“”„«»]", "", text)),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_matchers_are_read_as_they_are_spelled(matchers: list[Matcher]) -> None:
    assert parsed(spelled(matchers)) == tuple(matchers)


@given(st.text(max_size=200))
def test_any_text_is_matchers_or_a_fault(text: str) -> None:
    found = parse_matchers(text)
    if not isinstance(found, Fault):
        matches(found, {"a": text})


def test_a_missing_label_is_an_empty_one() -> None:
    assert matches(parsed('a=""'), {})
    assert matches(parsed("a!=x"), {})
    assert matches(parsed('a=~"x?"'), {})
    assert not matches(parsed('a!~".*"'), {"b": "c"})


def test_every_matcher_must_hold() -> None:
    both = parsed("a=1, b!~x.*")
    assert matches(both, {"a": "1", "b": "y"})
    assert not matches(both, {"a": "1", "b": "xy"})
    assert not matches(both, {"a": "2", "b": "y"})


def test_what_is_not_known_may_match() -> None:
    both = parsed("a=1, b=2")
    assert may_match(both, {"a": "1"})
    assert not may_match(both, {"a": "2"})


# Patterns --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("pattern", "like", "unlike"),
    [
        ("web", "web", "web1"),
        ("web.*", "web-eu-1", "the-web"),
        ("^web.*$", "web-eu", "xweb"),
        (r"db\d+", "db12", "db"),
        ("db[0-9]{2,3}", "db123", "db1"),
        ("a{2}", "aa", "aaa"),
        ("a{2,}", "aaaa", "a"),
        ("[^a-c]", "d", "b"),
        (r"[\d_-]", "-", "a"),
        (r"[\]\\]", "]", "x"),
        ("(web|shop)(-eu)?", "shop-eu", "web-us"),
        ("(?:a|b)c", "bc", "c"),
        (r"x\.y\+", "x.y+", "xzy+"),
        ("a.c", "a\nc", "ac"),
        ("a|", "", "b"),
        ("[&-]~", "&~", "x"),
        ("[[~|]", "[", "a"),
    ],
)
def test_a_pattern_is_held_against_the_whole_value(pattern: str, like: str, unlike: str) -> None:
    compiled = readable(pattern)
    assert compiled is not None
    assert compiled.fullmatch(like)
    assert not compiled.fullmatch(unlike)


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(a+)+", Reason.PATTERN_REPEATS_GROUP),
        ("(a|aa)*", Reason.PATTERN_REPEATS_GROUP),
        ("(ab){2}", Reason.PATTERN_REPEATS_GROUP),
        ("(a)?+", Reason.PATTERN_REPEATS_GROUP),
        (".*x.*y.*", Reason.PATTERN_TOO_COSTLY),
        ("a?" * 40, Reason.PATTERN_TOO_COSTLY),
        ("(a|a)" * 30, Reason.PATTERN_TOO_COSTLY),
        ("(a|b)?" * 30, Reason.PATTERN_TOO_COSTLY),
        ("a{0,999}b{0,999}c{0,99}", Reason.PATTERN_TOO_COSTLY),
        ("x" * 301, Reason.PATTERN_TOO_LONG),
        ("(" * 20 + ")" * 20, Reason.PATTERN_NOT_TAKEN),
        ("(?i)a", Reason.PATTERN_NOT_TAKEN),
        ("(?=a)", Reason.PATTERN_NOT_TAKEN),
        (r"(a)\1", Reason.PATTERN_NOT_TAKEN),
        (r"a\b", Reason.PATTERN_NOT_TAKEN),
        ("a\\", Reason.PATTERN_NOT_TAKEN),
        ("[a", Reason.PATTERN_NOT_TAKEN),
        ("[]", Reason.PATTERN_NOT_TAKEN),
        ("[c-a]", Reason.PATTERN_NOT_TAKEN),
        (r"[\d-z]", Reason.PATTERN_NOT_TAKEN),
        ("*a", Reason.PATTERN_NOT_TAKEN),
        ("a**", Reason.PATTERN_NOT_TAKEN),
        ("a+?", Reason.PATTERN_NOT_TAKEN),
        ("a{2}{3}", Reason.PATTERN_NOT_TAKEN),
        ("a{5,2}", Reason.PATTERN_NOT_TAKEN),
        ("a{2000}", Reason.PATTERN_NOT_TAKEN),
        ("a{x}", Reason.PATTERN_NOT_TAKEN),
        ("a)", Reason.PATTERN_NOT_TAKEN),
        ("(a", Reason.PATTERN_NOT_TAKEN),
        ("a^b", Reason.PATTERN_NOT_TAKEN),
        ("a$b", Reason.PATTERN_NOT_TAKEN),
    ],
)
def test_a_pattern_that_could_take_long_or_means_something_else_is_refused(pattern: str, why: Reason) -> None:
    found = refused(pattern)
    assert found is not None
    assert found.reason is why
    assert readable(pattern) is None


_PIECES = [*"ab.|()[]^$*+?{}\\-,", "(?:", "{2,3}", "[^a-", r"\d", ".*", "a+", "(a|b)", "?"]


@given(st.lists(st.sampled_from(_PIECES), max_size=12).map("".join), st.text("ab1\n.", max_size=8))
def test_what_is_taken_means_what_it_means_to_python(pattern: str, value: str) -> None:
    ours = readable(pattern)
    if ours is not None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # of sets that may mean more one day
            theirs = re.compile(pattern, re.DOTALL)
        assert bool(ours.fullmatch(value)) == bool(theirs.fullmatch(value))


@settings(max_examples=60, deadline=timedelta(seconds=1))
@given(st.lists(st.sampled_from([*_PIECES, *string.ascii_lowercase]), max_size=40).map("".join))
def test_no_pattern_that_is_taken_takes_long(pattern: str) -> None:
    ours = readable(pattern)
    if ours is not None:
        ours.fullmatch("a" * (LONGEST_VALUE - 1) + "!")


def test_the_costliest_patterns_that_are_taken_end_in_time() -> None:
    assert not matches(parsed('a=~".*a.*(b|c)(d|e)"'), {"a": "a" * LONGEST_VALUE})


def test_a_value_longer_than_patterns_are_made_for_is_like_nothing() -> None:
    assert matches(parsed("a=~.*"), {"a": "x" * LONGEST_VALUE})
    assert not matches(parsed("a=~.*"), {"a": "x" * (LONGEST_VALUE + 1)})
    assert matches(parsed("a!~.*"), {"a": "x" * (LONGEST_VALUE + 1)})
