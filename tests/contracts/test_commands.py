"""What the words after `/patch` or `@patchdesk` ask for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.commands import WORDS, Help, OpenDialog, Queue, Show, Status, parse_words
from contracts.faults import Fault, Reason

ASKED: dict[str, object] = {
    "": Help(),
    "  ": Help(),
    "help": Help(),
    "HELP": Help(),
    "status": Status(),
    "status web": Status("web"),
    "queue": Queue(),
    "Queue  api": Queue("api"),
    "show P-7": Show("p-7"),
    "show `p-7`": Show("p-7"),
    "submit": OpenDialog(),
    "submit web": OpenDialog("web"),
}

UNKNOWN = {
    "shwo P-7": "show",
    "statsu": "status",
    "status web api": "status",
    "help me": "help",
    "land it now": "",
}


@pytest.mark.parametrize("words", ASKED)
def test_known_words_ask_for_something(words: str) -> None:
    assert parse_words(words) == ASKED[words]


@pytest.mark.parametrize("words", UNKNOWN)
def test_unknown_words_come_with_what_was_probably_meant(words: str) -> None:
    wrong = parse_words(words)
    assert isinstance(wrong, Fault)
    assert wrong.reason is Reason.UNKNOWN_COMMAND
    assert wrong.args == {"words": words, "suggestion": UNKNOWN[words]}


def test_show_needs_to_know_what() -> None:
    wrong = parse_words("show")
    assert isinstance(wrong, Fault)
    assert (wrong.reason, wrong.args) == (Reason.MISSING_FIELD, {"field": "ID", "where": "show"})


def test_long_nonsense_is_told_shortly() -> None:
    wrong = parse_words("x" * 1000)
    assert isinstance(wrong, Fault)
    assert wrong.args["words"] == "x" * 80


@given(st.text(max_size=40) | st.sampled_from(WORDS))
def test_any_words_are_a_question_or_a_fault(words: str) -> None:
    assert isinstance(parse_words(words), Help | Status | Queue | Show | OpenDialog | Fault)
