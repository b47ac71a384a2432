"""What is printed: nothing that others wrote may move the cursor, paint or pretend."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.cli.screen import show_table
from bot.cli.theatre import readable

HOSTILE = "\x1b[31m[bold red]:boom:[/]\u202ex\ny"


def test_a_table_on_a_terminal_shows_markup_and_escapes_as_they_were_written(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    show_table(("id", "title"), [])
    assert capsys.readouterr().out == "", "nothing to show is not drawn"
    show_table(("id", "title"), [("k3fq7xza", HOSTILE)])
    drawn = capsys.readouterr().out
    assert r"\x1b[31m[bold red]:boom:[/]\u202ex\ny" in drawn
    assert "title" in drawn


def test_a_table_in_a_pipe_is_lines_with_tabs(capsys: pytest.CaptureFixture[str]) -> None:
    show_table(("id", "title"), [("k3fq7xza", HOSTILE), ("", "a\tb")])
    assert capsys.readouterr().out == ("k3fq7xza\t\\x1b[31m[bold red]:boom:[/]\\u202ex\\ny\n" + "\ta\\tb\n")


def test_a_message_is_shown_more_or_less_as_slack_would() -> None:
    said = ":x: *Not landed.* `a*b*c` &lt;b&gt; since <!date^1^{time}|12:00 UTC>, <@U0ADA> :unknown:"
    assert readable(said) == "❌ Not landed. `a*b*c` <b> since 12:00 UTC, @ada :unknown:"


@given(st.text())
def test_whatever_a_message_says_the_terminal_obeys_none_of_it(text: str) -> None:
    shown = readable(text)
    assert not any(ord(char) < 32 and char not in "\n\t" for char in shown)
    assert "\x7f" not in shown
    assert "\x9b" not in shown
