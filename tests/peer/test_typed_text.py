"""What Slack makes of typed text."""

import html
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.peer.typed_text import as_slack_sends

LINES = st.text(st.characters(codec="utf-8", exclude_characters="`\n\r", exclude_categories=["Cs", "Cc"]))
CONTENT = st.lists(LINES, min_size=1).map("\n".join).filter(lambda text: text.strip("\n") == text != "")


def elements(typed: str) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = as_slack_sends(typed, "b").blocks[0]["elements"]
    return parts


def content(part: dict[str, Any]) -> str:
    return "".join(each.get("text") or each["url"] for each in part["elements"])


@pytest.mark.parametrize(
    ("typed", "text"),
    [
        ("a < b && c > d", "a &lt; b &amp;&amp; c &gt; d"),
        ("<@U0ADA> and <#C0PATCHES>", "<@U0ADA> and <#C0PATCHES>"),
        ("<!channel>", "&lt;!channel&gt;"),
        ("see https://x.test/?a=1&b=2.", "see <https://x.test/?a=1&amp;b=2>."),
        ("edit main.py and src/notes.md", "edit <http://main.py|main.py> and src/notes.md"),
        ("`x < main.py`", "`x &lt; main.py`"),
        ("```one```", "```one```"),
        ("look\n```\nmain.py\n```\nthanks", "look\n```main.py```\nthanks"),
        ("``` not closed", "``` not closed"),
        ("", ""),
    ],
)
def test_the_text_of_an_event(typed: str, text: str) -> None:
    assert as_slack_sends(typed, "b").text == text


def test_special_things_become_elements_of_their_own() -> None:
    [section] = elements("<@U0ADA> see <#C0PATCHES> `a<b` main.py https://x.test")
    assert [each for each in section["elements"] if each.get("text") != " "] == [
        {"type": "user", "user_id": "U0ADA"},
        {"type": "text", "text": " see "},
        {"type": "channel", "channel_id": "C0PATCHES"},
        {"type": "text", "text": "a<b", "style": {"code": True}},
        {"type": "link", "url": "http://main.py", "text": "main.py"},
        {"type": "link", "url": "https://x.test"},
    ]


@given(CONTENT)
def test_a_fence_keeps_every_character(code: str) -> None:
    before, fence, after = elements(f"before\n```\n{code}\n```\nafter")
    assert fence["type"] == "rich_text_preformatted"
    assert content(fence) == code
    assert (content(before), content(after)) == ("before", "after")


@given(CONTENT)
def test_the_text_can_be_read_back(code: str) -> None:
    text = as_slack_sends(f"```{code}```", "b").text
    without_links = re.sub(r"<([^<>|]+)>", r"\1", text)
    assert html.unescape(without_links.replace("&amp;", "&amp;amp;")).replace("&amp;", "&") == f"```{code}```"
