"""What the words after `/patch` or `@patchdesk` ask for."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.commands import (
    WORDS,
    AcknowledgeAll,
    EndDuty,
    EndSilence,
    Help,
    ListAlerts,
    ListRisks,
    ListSilences,
    MakeSilence,
    OpenDialog,
    OpenPlanForm,
    Question,
    Queue,
    Roadmap,
    Show,
    Status,
    TakeDuty,
    Tending,
    WhoIsOnCall,
    parse_words,
)
from contracts.faults import Fault, Reason
from contracts.ruling import Ruling
from contracts.steering import Steering

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
    "roadmap": Roadmap(),
    "Roadmap edit": OpenPlanForm(),
    "roadmap Edit `B-1`": OpenPlanForm("B-1"),
    "risks": ListRisks(),
    "alerts": ListAlerts(),
    "Alerts severity=critical domain=web": ListAlerts("severity=critical, domain=web"),
    "alerts alertname=patch failed": ListAlerts("alertname=patch failed"),
    "ack all": AcknowledgeAll(""),
    "ack alertname=~gate.*": AcknowledgeAll("alertname=~gate.*"),
    "silences": ListSilences(),
    "silence domain=web 2h moving the runners": MakeSilence(
        "domain=web", timedelta(hours=2), "moving the runners"
    ),
    'silence alertname="patch failed", domain != web 1d2h a=b is down': MakeSilence(
        'alertname="patch failed", domain != web', timedelta(hours=26), "a=b is down"
    ),
    "unsilence `S7`": EndSilence("s7"),
    "oncall": WhoIsOnCall(),
    "oncall web-team": WhoIsOnCall("web-team"),
    "oncall take": TakeDuty(None, ""),
    "oncall take web-team": TakeDuty("web-team", ""),
    "oncall take until tomorrow 9:00": TakeDuty(None, "tomorrow 9:00"),
    "oncall Take web-team for  2d": TakeDuty("web-team", "2d"),
    "oncall return": EndDuty(None),
    "oncall return web-team": EndDuty("web-team"),
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


@pytest.mark.parametrize(
    ("words", "reason", "args"),
    [
        ("ack", Reason.MISSING_FIELD, {"field": "matchers", "where": "ack"}),
        ("silence", Reason.MISSING_FIELD, {"field": "matchers", "where": "silence"}),
        ("silence everything 2h", Reason.MISSING_FIELD, {"field": "matchers", "where": "silence"}),
        ("silence domain=web", Reason.BAD_SPAN, {"text": ""}),
        ("silence domain=web soon please", Reason.BAD_SPAN, {"text": "soon"}),
        ("silence domain=web 2h", Reason.MISSING_FIELD, {"field": "comment", "where": "silence"}),
        ("unsilence", Reason.MISSING_FIELD, {"field": "ID", "where": "unsilence"}),
    ],
)
def test_what_words_about_alerts_lack_is_named(words: str, reason: Reason, args: dict[str, str]) -> None:
    wrong = parse_words(words)
    assert isinstance(wrong, Fault)
    assert (wrong.reason, wrong.args) == (reason, args)


def test_long_nonsense_is_told_shortly() -> None:
    wrong = parse_words("x" * 1000)
    assert isinstance(wrong, Fault)
    assert wrong.args["words"] == "x" * 80


@given(st.text(max_size=40) | st.sampled_from(WORDS))
def test_any_words_are_a_question_or_a_fault(words: str) -> None:
    known = Question | Tending | Steering | Ruling | OpenDialog | OpenPlanForm | Fault
    assert isinstance(parse_words(words), known)
