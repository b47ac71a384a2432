"""Every reason has its sentences, with its facts and in every medium."""

import re
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.delivery.wording import figures
from bot.delivery.wording.faults import SENTENCES, explain, locate
from bot.delivery.wording.ink import (
    MARKDOWN,
    MOST_QUOTED,
    MOST_WORDS,
    MRKDWN,
    PLAIN,
    Ink,
    placeholders,
    visible,
)
from contracts.faults import Fault, Reason, fault
from tests.delivery.rows import FACTS, HOSTILE, NOON, faults

INKS = {"mrkdwn": MRKDWN, "markdown": MARKDOWN, "plain": PLAIN}
every_ink = pytest.mark.parametrize("ink", INKS.values(), ids=INKS)


def test_every_reason_has_sentences_and_no_sentence_is_left_over() -> None:
    assert set(SENTENCES) == set(Reason) == set(FACTS)


@pytest.mark.parametrize("reason", Reason)
def test_the_sentences_of_a_reason_name_exactly_its_facts(reason: Reason) -> None:
    said = SENTENCES[reason]
    assert placeholders(said.what + said.hint) == set(FACTS[reason])


@pytest.mark.parametrize("reason", Reason)
def test_our_own_words_need_no_escaping(reason: Reason) -> None:
    said = SENTENCES[reason]
    words = f"{said.what} {said.hint}"
    assert not re.search(r"[&<>*]|```", words)
    assert words.count("`") % 2 == 0
    assert said.what[0].isupper() or said.what[0] in "{`"
    assert re.search(r"\.(\{suggestion:maybe\}|\{expected:expected\}\{found:found\})?$", said.what)


@every_ink
@given(wrong=faults())
def test_a_fault_is_one_line_whatever_its_facts_are(ink: Ink, wrong: Fault) -> None:
    said = explain(wrong, ink, located=True)
    assert said.what
    assert "\n" not in said.what + said.hint
    assert len(said.what + said.hint) < 8000


@given(wrong=faults())
def test_nothing_foreign_can_ping_link_or_format_in_slack(wrong: Fault) -> None:
    said = explain(wrong, MRKDWN)
    text = re.sub(r"<#[CGD][A-Z0-9]+>", "", said.what + said.hint)
    assert not re.search(r"[<>]|&(?!amp;|lt;|gt;)", text)
    assert text.count("`") % 2 == 0
    assert "*" not in re.sub("`[^`]*`", "", text)


def test_a_fact_that_an_older_row_lacks_is_a_question_mark() -> None:
    assert explain(Fault(Reason.GATE_FAILED)).what == "The gate `?` said no (exit code ?)."


def test_the_place_comes_before_the_reason() -> None:
    wrong = fault(Reason.BAD_JSON, detail="a comma is missing", file="fix.json", line=3, column=5)
    assert locate(wrong) == "`fix.json`, line 3, column 5"
    expected = "`fix.json`, line 3, column 5: This is not valid JSON: a comma is missing."
    assert explain(wrong, located=True).what == expected


@pytest.mark.parametrize(
    ("wrong", "what"),
    [
        (fault(Reason.TOO_MANY_FILES, count=1, most=0), "The patch touches 1 file; at most 0 are taken."),
        (
            fault(Reason.TOO_MANY_FILES, count=2001, most=200),
            "The patch touches 2,001 files; at most 200 are taken.",
        ),
        (
            fault(Reason.BLOCK_TOO_LARGE, size=262145, most=262144),
            "The block has 256 KB (262,145 bytes); at most 256 KB are taken.",
        ),
        (
            fault(Reason.GATE_TIMED_OUT, gate="e2e", most=90.0),
            "The gate `e2e` was ended: it had no answer after 1 min 30 s.",
        ),
        (
            fault(Reason.MATCH_COUNT, path="a", said=1, found=2),
            "The text to replace was to be in `a` 1 time; it is there 2 times.",
        ),
        (
            fault(Reason.UNKNOWN_TARGET, target="wbe", domains="web api", suggestion="web"),
            "There is no target `wbe` here. Did you mean `web`?",
        ),
        (fault(Reason.UNKNOWN_TARGET, target="x", domains="", suggestion=""), "There is no target `x` here."),
        (
            fault(Reason.WRONG_TYPE, field="mode", expected="text", found="a number", quote=""),
            "`mode` must be text; it is a number.",
        ),
    ],
)
def test_sentences_read_well(wrong: Fault, what: str) -> None:
    assert explain(wrong).what == what


@pytest.mark.parametrize(
    ("domains", "hint"),
    [
        ("web", "The targets here: `web`."),
        ("web api", "The targets here: `web` and `api`."),
        ("web, api, docs", "The targets here: `web`, `api` and `docs`."),
        ("", "The targets here: none."),
        (
            " ".join("abcdefghijklmn"),
            "The targets here: `a`, `b`, `c`, `d`, `e`, `f`, `g`, `h`, `i`, `j`, `k`, `l` and 2 more.",
        ),
    ],
)
def test_lists_are_sentences_too(domains: str, hint: str) -> None:
    assert explain(fault(Reason.UNKNOWN_TARGET, target="x", domains=domains, suggestion="")).hint == hint


# Ink -------------------------------------------------------------------------------------------
@every_ink
@given(text=HOSTILE)
def test_foreign_text_stays_within_its_length(ink: Ink, text: str) -> None:
    assert len(ink.quote(text)) <= 2 * MOST_QUOTED
    assert len(ink.words(text)) <= 2 * MOST_WORDS


@given(text=st.text())
def test_nothing_that_hides_or_moves_is_left(text: str) -> None:
    shown = visible(text)
    assert not re.search(
        "[\u202a-\u202e\u2066-\u2069\u200b\u200e\u200f\ufeff\x00-\x1f\x7f-\x9f\u2028\u2029]", shown
    )
    shown.encode()


@given(text=st.text(min_size=1, max_size=MOST_QUOTED).filter(str.isprintable).filter(str.strip))
def test_code_in_markdown_is_read_back_as_it_was(text: str) -> None:
    quoted = MARKDOWN.quote(text)
    fence = re.match("`+", quoted)
    assert fence is not None
    inner = quoted[len(fence[0]) : -len(fence[0])]
    assert fence[0] not in re.findall("`+", inner)
    assert inner.strip() == text.strip()


def test_a_backtick_cannot_end_code_in_slack() -> None:
    assert MRKDWN.quote("a`b") == "`a\u02cbb`"


def test_an_emoji_in_a_title_is_shown_as_its_letters() -> None:
    assert MRKDWN.words(":x: no") == "\u2236x: no"
    assert MRKDWN.words("at 12:30") == "at 12:30"


def test_long_text_keeps_its_ends_and_says_what_is_missing() -> None:
    assert PLAIN.quote("src/" + "a" * 200 + "/end.py") == f"`src/{'a' * 76}…(91 more)…{'a' * 33}/end.py`"


def test_a_value_is_never_taken_for_a_template() -> None:
    assert PLAIN.say("{a} and {b:words}", a="{b}", b="{a:size}") == "`{b}` and {a:size}"


def test_times_are_shown_in_the_readers_zone_where_slack_can() -> None:
    assert MRKDWN.moment(NOON) == "<!date^1767268800^{date_short_pretty} {time_secs}|2026-01-01 12:00:00 UTC>"
    assert PLAIN.moment(NOON) == "2026-01-01 12:00:00 UTC"


# Figures ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "0 s"),
        (0, "0 s"),
        (0.04, "0 s"),
        (0.26, "0.3 s"),
        (3, "3 s"),
        (9.99, "10 s"),
        (12.4, "12 s"),
        (59.7, "1 min"),
        (65, "1 min 5 s"),
        (3600, "1 h"),
        (7380, "2 h 3 min"),
        (86400 * 3 + 3600 * 4 + 59, "3 d 4 h"),
    ],
)
def test_durations(seconds: float, said: str) -> None:
    assert figures.duration(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(
    ("count", "said"),
    [(1, "1 byte"), (1023, "1,023 bytes"), (1024, "1 KB"), (1536, "1.5 KB"), (5 * 1024**2, "5 MB")],
)
def test_sizes(count: int, said: str) -> None:
    assert figures.size(count) == said


@given(st.integers(0, 10**10), st.integers(0, 10**10))
def test_two_sizes_read_the_same_only_if_they_are(one: int, other: int) -> None:
    assert (figures.exact_size(one) == figures.exact_size(other)) == (one == other)


def test_one_is_not_many() -> None:
    assert [figures.counted(n, "patch", "patches") for n in (0, 1, 2)] == [
        "0 patches",
        "1 patch",
        "2 patches",
    ]
    assert [figures.times(n) for n in (1, 2, 3)] == ["once", "twice", "3 times"]
