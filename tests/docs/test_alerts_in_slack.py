"""`docs/alerts-in-slack.md`: what is shown there is understood."""

import re
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from bot.delivery.wording import alerts
from bot.settings import read_config, read_operations
from contracts.commands import WORDS, parse_words
from contracts.faults import Fault
from contracts.spans import until

PAGE = (Path(__file__).parents[2] / "docs/alerts-in-slack.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.M | re.S)
_ABOUT_WORDS = PAGE.partition("## Words")[2].partition("\n## ")[0]
SAID = [
    words
    for row in re.findall(r"^\| (`[^|]+`) \|", _ABOUT_WORDS, re.M)
    for words in re.findall("`([^`]+)`", row)
]


@pytest.mark.parametrize("words", SAID)
def test_every_word_that_is_shown_is_understood(words: str) -> None:
    assert not isinstance(parse_words(words), Fault)


def test_every_word_about_alerts_is_shown() -> None:
    of_alerts = set(WORDS[WORDS.index("alerts") :])
    assert {words.split()[0] for words in SAID} == of_alerts


def test_every_button_is_explained() -> None:
    named = set(re.findall(r"^\| ([A-Z][^|`]+) \|", PAGE.partition("## Words")[0], re.M))
    buttons = {alerts.ACKNOWLEDGE, alerts.TAKE_OVER, alerts.LET_GO, alerts.WAKE, alerts.RESOLVE}
    assert {word for name in named for word in name.split(", ")} == buttons | {alerts.SILENCE, alerts.SNOOZE}


def test_every_time_that_is_shown_is_one() -> None:
    [line] = re.findall(r"Times are written as (.*?);", PAGE, re.S)
    now = datetime(2026, 11, 21, 15, 30, tzinfo=UTC)
    for text in re.findall("`([^`]+)`", line):
        assert until(" ".join(text.split()), now=now, zone=UTC) is not None, text


def test_the_webhooks_that_are_shown_are_taken() -> None:
    assert EXAMPLES
    for example in EXAMPLES:
        assert read_operations(example.encode(), "the page").alerts.webhooks


def test_the_mail_server_that_is_shown_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    [url] = re.findall(r"^ +(smtp://\S+)$", PAGE, re.M)
    config = read_config({"PATCHDESK_SMTP_URL": url})
    assert config.mail is not None
    assert (config.mail.host, config.mail.sender) == (urlsplit(url).hostname, "desk@example.com")
