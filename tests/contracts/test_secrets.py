"""Credentials are known by their shape; nothing else is taken for one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts import secrets
from contracts.secrets import GONE, find, redact

# Put together here, so that no file of the project holds what looks like one.
TOKENS = {
    "slack": "xox" + "b-1234567890-abcdefGHIJKL",
    "slack-webhook": "hooks.slack" + ".com/services/T01ABCDEF/B01ABCDEF/qwertyuiopasdfgh",
    "github": "gh" + "p_" + "a1B2c3D4e5" * 4,
    "gitlab": "gl" + "pat-" + "a1B2c3D4e5F6g7H8i9J0",
    "aws": "AK" + "IAQ3EGRRLMSDBVKT4Y",
    "aws-secret": "aws_secret_access_key" + " = " + "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzzzKEYabcd",
    "google": "AI" + "za" + "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q",
    "stripe": "sk_" + "live_" + "a1B2c3D4e5F6g7H8i9J0",
    "npm": "np" + "m_" + "a1B2c3D4e5F6" * 3,
    "pypi": "py" + "pi-AgE" + "a1B2c3D4e5" * 6,
    "sendgrid": "S" + "G." + "a1B2c3D4e5F6g7H8i9J0k1" + "." + "a1B2c3D4e5F6g7H8i9J0k1a1B2c3D4e5F6g7H8i9J0k",
    "model-provider": "sk" + "-ant-" + "a1B2c3D4e5" * 4,
    "telegram": "123456789" + ":AA" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q",
    "desk": "pd" + "k-" + "a1B2c3D4e5F6g7H8i9J0",
    "jwt": "ey" + "JhbGciOiJIUzI1NiJ9." + "ey" + "JzdWIiOiIxMjM0In0." + "dozjgNryP4J3jVmNHl0w",
    "private-key": "-----BEGIN RSA " + "PRIVATE KEY-----\nMIIEow\nabc\n-----END RSA " + "PRIVATE KEY-----",
    "bearer": "Bearer " + "a1B2c3D4e5F6g7H8i9J0",
    "password-in-address": "https://ada:" + "s3cr3t!@git.example.com/x",
}


@pytest.mark.parametrize(("kind", "text"), TOKENS.items())
def test_each_kind_is_known(kind: str, text: str) -> None:
    [found] = find(f"before {text} after")
    assert found.kind == kind


@pytest.mark.parametrize(("kind", "text"), TOKENS.items())
def test_nothing_of_it_is_left(kind: str, text: str) -> None:
    left = redact(f"before {text} after")
    assert left.startswith("before ")
    assert left.endswith(" after")
    assert GONE in left
    tail = text.removesuffix("@git.example.com/x")
    assert tail[-12:] not in left


@pytest.mark.parametrize(
    "text",
    [
        "AK" + "IAIOSFODNN7EXAMPLE",
        "postgres://user:password@localhost/db",
        "https://user:${TOKEN}@host/",
        "https://example.com:8080/a@b",
        "git@github.com:ada/shop.git",
        "xoxb-your-token-goes-here",
        "sk-learn and sk_test_123",
        "0123456789abcdef0123456789abcdef01234567",
        "gh" + "p_" + "x" * 36,
        "-----BEGIN CERTIFICATE-----",
        "Bearer of news",
    ],
)
def test_what_is_none_is_left_alone(text: str) -> None:
    assert list(find(text)) == []
    assert redact(text) == text


def test_known_values_go_whatever_they_look_like() -> None:
    assert redact("the word is sesame-open-sesame", ["sesame", "sesame-open"]) == f"the word is {GONE}-{GONE}"


def test_a_short_value_is_no_secret() -> None:
    assert redact("1 true main", ["1", "true", "main"]) == "1 true main"


def test_a_key_whose_end_is_cut_off_is_one_too() -> None:
    assert [each.kind for each in find("-----BEGIN " + "PRIVATE KEY-----\nMIIE")] == ["private-key"]


@given(st.text(), st.sampled_from(sorted(TOKENS.values())), st.text())
def test_redacting_twice_is_redacting_once(before: str, token: str, after: str) -> None:
    once = redact(f"{before} {token} {after}")
    assert redact(once) == once


@pytest.mark.parametrize(
    "unit", ["-----BEGIN PRIVATE KEY-----", "://a:", "eyJ", "aws_secret_access_key = ", "1" * 9 + ":A"]
)
def test_hostile_text_costs_no_more_than_its_length(unit: str) -> None:
    redact(unit * (400_000 // len(unit)))  # a search that is quadratic would not come back


@given(st.lists(st.one_of(st.sampled_from(sorted(TOKENS.values())), st.text(max_size=5)), max_size=6))
def test_what_is_looked_for_first_loses_nothing(pieces: list[str]) -> None:
    """Of every shape the whole pattern says the same, in texts of credentials and what is left of some."""
    text = " ".join(piece[len(piece) // 3 * (number % 2) :] for number, piece in enumerate(pieces))
    everything = secrets._any_of(tuple(secrets._SHAPES))
    found = [(each[0], each.lastgroup) for each in everything.finditer(text)]
    sought = [(text[each.start : each.end], each.kind.replace("-", "_")) for each in find(text)]
    assert sought == [each for each in found if not secrets._PLACEHOLDER.search(each[0][:200])]
