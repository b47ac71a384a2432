"""The desk's own log."""

import json
import logging
import subprocess
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
    assert "ValueError: invalid literal for int() with base 10: '[removed]'" in said["trace"]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("token xoxb-1-2-abc", "token [removed]"),
        ("xoxe.xoxp-1-abc", "[removed]"),
        ("xapp-1-A1-2-deadbeef!", "[removed]!"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer [removed]"),
        (
            "wss://wss.slack.com/link/?ticket=1-2-3&app_id=4",
            "wss://wss.slack.com/link/?ticket=[removed]&app_id=4",
        ),
        ("https://ada:hunter2@git.example/x.git", "https://[removed]@git.example/x.git"),
        (
            "nothing to hide: ticket 5, https://example.org/a:b@c",
            "nothing to hide: ticket 5, https://example.org/a:b@c",
        ),
    ],
)
def test_what_looks_like_a_credential_is_not_shown(text: str, shown: str) -> None:
    assert without_secrets(text) == shown


@pytest.mark.parametrize("terminal", [True, False])
def test_the_whole_process_logs_to_standard_error_and_keeps_secrets(terminal: bool) -> None:
    script = f"""
import logging, sys
from bot import logs
sys.stderr.isatty = lambda: {terminal}
logs.to_stderr()
logging.getLogger("slack_sdk").info("with xoxb-1-2-abc")
try:
    raise ValueError("and xapp-1-2-3")
except ValueError:
    logging.getLogger("bot").exception("failed")
"""
    ended = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert ended.stdout == ""
    assert "with [removed]" in ended.stderr
    assert "ValueError: and [removed]" in ended.stderr
    lines = ended.stderr.splitlines()
    assert (len(lines) == 2) is not terminal
    assert lines[0].startswith("{") is not terminal
