"""The desk's own log."""

import json
import logging
import sys

import pytest

from bot.logs import json_line, without_secrets


def record(message: str, *args: object, **fields: object) -> logging.LogRecord:
    made = logging.LogRecord("bot.intake", logging.WARNING, __file__, 1, message, args, None)
    made.__dict__.update(fields)
    return made


def test_a_line_is_one_json_object_whatever_is_in_it() -> None:
    line = json_line(record("refused %s", "a\nb\u2028c"))
    assert "\n" not in line
    said = json.loads(line)
    assert (said["level"], said["from"], said["said"]) == ("warning", "bot.intake", "refused a\nb\u2028c")
    assert said["at"].endswith("+00:00")


def test_an_exception_comes_with_its_trace() -> None:
    said = {}
    try:
        int("xoxb-123-456-abc")
    except ValueError:
        said = json.loads(json_line(record("failed", exc_info=sys.exc_info())))
    assert "ValueError: invalid literal for int() with base 10: 'xoxb-…'" in said["trace"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("token xoxb-1-2-abc", "token xoxb-…"),
        ("xoxe.xoxp-1-abc", "xoxe.xoxp-…"),
        ("xapp-1-A1-2-deadbeef!", "xapp-…!"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer …"),
        ("wss://wss.slack.com/link/?ticket=1-2-3&app_id=4", "wss://wss.slack.com/link/?ticket=…&app_id=4"),
        ("https://ada:hunter2@git.example/x.git", "https://…@git.example/x.git"),
        (
            "nothing to hide: ticket 5, https://example.org/a:b@c",
            "nothing to hide: ticket 5, https://example.org/a:b@c",
        ),
    ],
)
def test_what_looks_like_a_credential_is_not_shown(text: str, shown: str) -> None:
    assert without_secrets(text) == shown
