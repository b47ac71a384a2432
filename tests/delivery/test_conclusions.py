"""What follows from an answer: finals get through or are accounted for; nothing is said blindly twice."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.delivery.conclusions import ACCESS_PAUSE, PASSING, Circumstances, conclude
from bot.delivery.slack_answers import SOON, Answer, Delivered, Rejected, RetryAfter, Unknown
from contracts.commands import Help, Place
from contracts.faults import Reason, Rejection, fault
from contracts.notices import (
    Answer as AnswerNotice,
)
from contracts.notices import (
    Deny,
    EditCard,
    Mark,
    Misunderstood,
    NewDelivery,
    Notice,
    PostCard,
    PostSummary,
    Reject,
    TellOperators,
    Twin,
    UploadLog,
)
from contracts.ports import Buried, Doubtful, Postponed, Redirected, Sent
from contracts.records import Delivery
from tests.delivery.rows import NO, at

NOW = at(0)
CHANNEL, OPERATORS = "C0PATCHES", "C0OPS"
MOVABLE: list[Notice] = [
    PostCard("p"),
    PostSummary("p"),
    UploadLog("p", "tests"),
    Reject((Rejection(1, (NO,)),)),
    Twin("p", 1),
]
AT_HOME: list[Notice] = [
    EditCard("p"),
    Mark(1),
    Deny("U1", NO),
    AnswerNotice(Help(), "U1"),
    Misunderstood("U1", NO),
    TellOperators(NO),
]
notices = st.sampled_from(MOVABLE + AT_HOME)
answers: st.SearchStrategy[Answer] = st.one_of(
    st.builds(Delivered, st.none() | st.just(Place(CHANNEL, "1.1", "1.1"))),
    st.builds(
        RetryAfter, st.integers(0, 10**5).map(lambda s: timedelta(seconds=s)), st.just("why"), st.booleans()
    ),
    st.builds(Unknown, st.just("why"), st.integers(0, 100).map(lambda s: timedelta(seconds=s))),
    st.builds(
        Rejected,
        st.just("chat.postMessage"),
        st.sampled_from(["is_archived", "thread_not_found", "invalid_auth", "invalid_blocks"]),
    ),
)
arounds = st.builds(
    Circumstances,
    lasting=st.booleans(),
    operators=st.sampled_from([None, CHANNEL, OPERATORS]),
    known_dead=st.sampled_from([frozenset(), frozenset({CHANNEL})]),
    now=st.just(NOW),
    jitter=st.floats(0, 1, exclude_max=True),
)


def delivery(notice: Notice, *, attempt: int = 1) -> Delivery:
    return Delivery(1, "key-1", notice, CHANNEL, None, attempt, False, NOW, NOW)


def around(
    *, lasting: bool = True, operators: str | None = OPERATORS, known_dead: frozenset[str] = frozenset()
) -> Circumstances:
    return Circumstances(lasting=lasting, operators=operators, known_dead=known_dead, now=NOW, jitter=0.5)


@given(notices, answers, arounds, st.integers(1, 10**6))
def test_a_final_is_sent_kept_moved_or_accounted_for(
    notice: Notice, answer: Answer, circumstances: Circumstances, attempt: int
) -> None:
    conclusion = conclude(delivery(notice, attempt=attempt), answer, circumstances)
    match conclusion.outcome:
        case Buried(why):
            assert why
            gone = isinstance(answer, Rejected) and answer.error == "thread_not_found"
            assert gone or not circumstances.lasting or conclusion.audit
            assert gone or conclusion.trouble
        case Postponed(until) | Doubtful(until):
            assert until >= NOW
        case Redirected(channel):
            assert channel == circumstances.operators != CHANNEL
        case Sent():
            assert isinstance(answer, Delivered)


@given(notices, answers, arounds, st.integers(1, 10**6))
def test_a_lost_answer_is_never_taken_for_a_no(
    notice: Notice, answer: Answer, circumstances: Circumstances, attempt: int
) -> None:
    conclusion = conclude(delivery(notice, attempt=attempt), answer, circumstances)
    assert isinstance(conclusion.outcome, Doubtful) is isinstance(answer, Unknown)


@given(st.integers(1, 10**6), st.floats(0, 1, exclude_max=True))
def test_a_final_is_tried_for_ever_at_most_five_minutes_apart(attempt: int, jitter: float) -> None:
    circumstances = Circumstances(
        lasting=True, operators=None, known_dead=frozenset(), now=NOW, jitter=jitter
    )
    outcome = conclude(
        delivery(PostSummary("p"), attempt=attempt), RetryAfter(SOON, "why"), circumstances
    ).outcome
    assert isinstance(outcome, Postponed)
    assert NOW + SOON <= outcome.until <= NOW + timedelta(minutes=5)


def test_progress_is_given_up_in_the_end() -> None:
    for attempt in range(1, PASSING.attempts):
        kept = conclude(
            delivery(EditCard("p"), attempt=attempt), RetryAfter(SOON, "why"), around(lasting=False)
        )
        assert isinstance(kept.outcome, Postponed)
    last = delivery(EditCard("p"), attempt=PASSING.attempts)
    assert conclude(last, RetryAfter(SOON, "why"), around(lasting=False)).outcome == Buried("given up: why")


def test_a_rate_limit_gives_nothing_up_and_waits_as_long_as_slack_says() -> None:
    late = delivery(EditCard("p"), attempt=1000)
    limited = RetryAfter(timedelta(seconds=30), "why", limited=True)
    assert conclude(late, limited, around(lasting=False)).outcome == Postponed(at(30), "why")


@pytest.mark.parametrize("notice", MOVABLE, ids=lambda notice: notice.kind)
def test_a_dead_channels_finals_go_to_the_operators_who_are_told_once(notice: Notice) -> None:
    archived = Rejected("chat.postMessage", "is_archived")
    first = conclude(delivery(notice), archived, around())
    told = fault(Reason.CHANNEL_DEAD, channel=CHANNEL, error="is_archived", instead=OPERATORS)
    assert first.outcome == Redirected(OPERATORS, f"channel {CHANNEL} is dead: is_archived")
    assert first.told == (NewDelivery(TellOperators(told), OPERATORS),)
    assert [entry.action for entry in first.audit] == ["channel-dead"]
    assert first.dead == CHANNEL
    again = conclude(delivery(notice), archived, around(known_dead=frozenset({CHANNEL})))
    assert isinstance(again.outcome, Redirected)
    assert (again.told, again.audit) == ((), ())


@pytest.mark.parametrize("notice", AT_HOME, ids=lambda notice: notice.kind)
def test_what_makes_sense_only_in_its_channel_dies_with_it(notice: Notice) -> None:
    conclusion = conclude(delivery(notice), Rejected("chat.postMessage", "not_in_channel"), around())
    assert isinstance(conclusion.outcome, Buried)
    assert len(conclusion.told) == 1


@pytest.mark.parametrize("operators", [None, CHANNEL])
def test_without_another_channel_only_the_audit_and_the_log_know(operators: str | None) -> None:
    conclusion = conclude(
        delivery(PostSummary("p")), Rejected("chat.postMessage", "is_archived"), around(operators=operators)
    )
    assert isinstance(conclusion.outcome, Buried)
    assert conclusion.told == ()
    assert [entry.action for entry in conclusion.audit] == ["channel-dead", "delivery-lost"]
    assert conclusion.trouble


def test_what_belongs_to_a_deleted_message_is_dropped_quietly() -> None:
    conclusion = conclude(delivery(Mark(1)), Rejected("reactions.add", "message_not_found"), around())
    assert conclusion.outcome == Buried("reactions.add: message_not_found")
    assert (conclusion.told, conclusion.audit, conclusion.trouble) == ((), (), None)


def test_a_token_that_must_be_mended_keeps_finals_waiting() -> None:
    refused = Rejected("chat.postMessage", "token_revoked")
    kept = conclude(delivery(PostSummary("p")), refused, around())
    assert isinstance(kept.outcome, Postponed)
    assert kept.outcome.until == NOW + ACCESS_PAUSE
    assert kept.trouble
    assert isinstance(conclude(delivery(EditCard("p")), refused, around(lasting=False)).outcome, Buried)


def test_what_slack_will_not_take_is_told_to_the_operators_but_not_about_their_own_notes() -> None:
    refused = Rejected("chat.postMessage", "invalid_blocks")
    conclusion = conclude(delivery(PostSummary("p")), refused, around())
    told = fault(Reason.SLACK_REFUSED, method="chat.postMessage", error="invalid_blocks")
    assert conclusion.told == (NewDelivery(TellOperators(told), OPERATORS),)
    assert conclude(delivery(TellOperators(NO)), refused, around()).told == ()
    assert conclude(delivery(EditCard("p")), refused, around(lasting=False)).told == ()
