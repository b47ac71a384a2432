"""An answer of Slack means one thing: it has it, it has it not, it will never take it, or nobody knows."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.delivery.slack_answers import (
    SOON,
    WAIT_UNTOLD,
    Refusal,
    Rejected,
    RetryAfter,
    Success,
    Unknown,
    understand,
)

POST = "chat.postMessage"
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text() | st.sampled_from(["ok", "error"]), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(st.integers(100, 599), st.none() | st.text(), json_values, st.booleans())
def test_every_answer_means_something(status: int, wait: str | None, body: object, repeatable: bool) -> None:
    reply = understand(POST, status, wait, body, repeatable=repeatable)
    if isinstance(reply, Success):
        assert isinstance(body, dict)
        assert body["ok"] is True
        assert status < 500
    if repeatable:
        assert not isinstance(reply, Unknown)


@pytest.mark.parametrize(
    ("header", "wait"), [("7", 7), (" 30 ", 30), (None, 5), ("", 5), ("soon", 5), ("-1", 5)]
)
def test_a_429_says_when_to_come_back(header: str | None, wait: int) -> None:
    reply = understand(POST, 429, header, None, repeatable=False)
    assert reply == RetryAfter(timedelta(seconds=wait), f"{POST}: rate limited", limited=True)
    assert timedelta(seconds=5) == WAIT_UNTOLD


@pytest.mark.parametrize("status", [500, 502, 503, 200, 404])
@pytest.mark.parametrize("body", [None, "<html>", [], {}, {"ok": "yes"}])
def test_no_answer_of_slacks_leaves_a_post_unknown(status: int, body: object) -> None:
    assert isinstance(understand(POST, status, None, body, repeatable=False), Unknown)
    assert isinstance(understand("chat.update", status, None, body, repeatable=True), RetryAfter)


@pytest.mark.parametrize("error", ["internal_error", "fatal_error", "service_unavailable"])
def test_slack_may_have_done_it_before_it_broke(error: str) -> None:
    body = {"ok": False, "error": error}
    assert understand(POST, 200, None, body, repeatable=False) == Unknown(f"{POST}: {error}")
    assert understand(POST, 200, None, body, repeatable=True) == RetryAfter(SOON, f"{POST}: {error}")


@pytest.mark.parametrize(
    ("error", "refusal"),
    [
        ("channel_not_found", Refusal.CHANNEL),
        ("is_archived", Refusal.CHANNEL),
        ("not_in_channel", Refusal.CHANNEL),
        ("message_not_found", Refusal.GONE),
        ("thread_not_found", Refusal.GONE),
        ("user_not_in_channel", Refusal.GONE),
        ("invalid_auth", Refusal.ACCESS),
        ("token_revoked", Refusal.ACCESS),
        ("missing_scope", Refusal.ACCESS),
        ("invalid_blocks", Refusal.CONTENT),
        ("msg_too_long", Refusal.CONTENT),
        ("something_slack_invents_tomorrow", Refusal.CONTENT),
    ],
)
def test_a_refusal_is_one_of_four(error: str, refusal: Refusal) -> None:
    reply = understand(POST, 200, None, {"ok": False, "error": error}, repeatable=False)
    assert isinstance(reply, Rejected)
    assert reply.refusal is refusal


def test_a_limit_may_come_as_an_error_too() -> None:
    reply = understand(POST, 200, "3", {"ok": False, "error": "ratelimited"}, repeatable=False)
    assert reply == RetryAfter(timedelta(seconds=3), f"{POST}: ratelimited", limited=True)


def test_a_truncated_request_was_not_carried_out() -> None:
    reply = understand(POST, 200, None, {"ok": False, "error": "request_timeout"}, repeatable=False)
    assert reply == RetryAfter(SOON, f"{POST}: request_timeout")
