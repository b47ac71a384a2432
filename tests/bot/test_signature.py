"""Whether a request comes from Slack."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.signature import SignatureVerifier

from bot.intake.signature import WINDOW, genuine, sign

SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
STAMP = str(int(NOW.timestamp()))


def accepted(
    body: bytes, *, timestamp: str = STAMP, signature: str | None = None, now: datetime = NOW
) -> bool:
    given = sign(SECRET, body, timestamp) if signature is None else signature
    return genuine(SECRET, body, timestamp=timestamp, signature=given, now=now)


@given(st.text())
def test_it_is_the_signature_that_slacks_own_library_makes(text: str) -> None:
    theirs = SignatureVerifier(SECRET).generate_signature(
        timestamp=STAMP, body=text.encode("utf-8", "replace")
    )
    assert sign(SECRET, text.encode("utf-8", "replace"), STAMP) == theirs


@given(st.binary())
def test_any_bytes_are_taken_with_their_signature_and_not_with_one_byte_more(body: bytes) -> None:
    assert accepted(body)
    assert not accepted(body + b"x", signature=sign(SECRET, body, STAMP))


@pytest.mark.parametrize("ago", [WINDOW + timedelta(seconds=1), -WINDOW - timedelta(seconds=1)])
def test_a_request_from_long_ago_or_ahead_is_a_replay(ago: timedelta) -> None:
    assert not accepted(b"{}", now=NOW + ago)
    assert accepted(b"{}", now=NOW + ago * 0.99)


@pytest.mark.parametrize("timestamp", ["", "x", "-1", "1e9", "\u0661", "9" * 40, " 1"])
def test_a_timestamp_that_is_no_number_is_refused(timestamp: str) -> None:
    assert not genuine(SECRET, b"", timestamp=timestamp, signature="v0=", now=NOW)


@pytest.mark.parametrize("signature", ["", "v0=", "v1=" + "0" * 64, "v0=é" * 9])
def test_what_is_no_signature_is_refused(signature: str) -> None:
    assert not accepted(b"{}", signature=signature)


def test_another_secret_signs_for_nobody() -> None:
    assert not accepted(b"{}", signature=sign("other", b"{}", STAMP))
