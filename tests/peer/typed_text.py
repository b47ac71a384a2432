"""What Slack makes of a message that a person typed: escaped `text`, and `rich_text` blocks.

As in real messages: a fence becomes `rich_text_preformatted`, and in `text` its backticks are glued to its
content; addresses become `<url>` and `link` elements, inside of fences too; bare names under a top-level
domain (`main.py`, `notes.md`) become links outside of fences.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

JsonObject = dict[str, Any]

_FENCE = re.compile(r"```(.+?)```", re.DOTALL)
_URL = r"(?P<url>https?://[^\s<>`|]+[^\s<>`|.,;:!?)\]'\"])"
_INLINE = re.compile(
    r"<@(?P<user>[UW][A-Z0-9]+)>"
    r"|<#(?P<channel>[CG][A-Z0-9]+)>"
    r"|`(?P<code>[^`\n]+)`"
    rf"|{_URL}"
    r"|(?<![\w@./-])(?P<domain>[\w-]+(?:\.[\w-]+)*\.(?:com|org|net|io|dev|py|md|rs|sh))(?![\w/-])"
)
_IN_CODE = re.compile(_URL)


@dataclass(frozen=True, slots=True)
class Typed:
    """A message as Slack hands it out."""

    text: str
    blocks: list[JsonObject]


def as_slack_sends(typed: str, block_id: str) -> Typed:
    """*typed*: what the person entered; `<@USER_ID>` and `<#CHANNEL_ID>` are mentions, the rest literal."""
    if not typed:
        return Typed("", [])
    texts: list[str] = []
    elements: list[JsonObject] = []
    for content, fenced in _segments(typed):
        texts.append(f"```{_text(content, _IN_CODE)}```" if fenced else _text(content, _INLINE))
        inside = list(_elements(content, _IN_CODE if fenced else _INLINE))
        kind = {"type": "rich_text_preformatted", "border": 0} if fenced else {"type": "rich_text_section"}
        elements.append({**kind, "elements": inside})
    return Typed("\n".join(texts), [{"type": "rich_text", "block_id": block_id, "elements": elements}])


def escaped(text: str) -> str:
    """The three characters that Slack escapes, and no others."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _segments(typed: str) -> Iterator[tuple[str, bool]]:
    """Content and whether it was fenced; a newline beside a fence belongs to neither side."""
    for index, part in enumerate(_FENCE.split(typed)):
        fenced = index % 2 == 1
        content = (part.removeprefix("\n") if index else part).removesuffix("\n")
        if fenced or content:
            yield content, fenced


def _text(content: str, pattern: re.Pattern[str]) -> str:
    return "".join(
        escaped(plain) + (_link_text(found) if found else "") for plain, found in _split(content, pattern)
    )


def _link_text(found: re.Match[str]) -> str:
    match found.lastgroup:
        case "url":
            return f"<{escaped(found['url'])}>"
        case "domain":
            return f"<http://{found['domain']}|{found['domain']}>"
        case "code":
            return f"`{escaped(found['code'])}`"
        case _:
            return found[0]


def _elements(content: str, pattern: re.Pattern[str]) -> Iterator[JsonObject]:
    for plain, found in _split(content, pattern):
        if plain:
            yield {"type": "text", "text": plain}
        if found:
            yield _element(found)


def _element(found: re.Match[str]) -> JsonObject:
    match found.lastgroup:
        case "user":
            return {"type": "user", "user_id": found["user"]}
        case "channel":
            return {"type": "channel", "channel_id": found["channel"]}
        case "code":
            return {"type": "text", "text": found["code"], "style": {"code": True}}
        case "url":
            return {"type": "link", "url": found["url"]}
        case _:
            return {"type": "link", "url": f"http://{found['domain']}", "text": found["domain"]}


def _split(content: str, pattern: re.Pattern[str]) -> Iterator[tuple[str, re.Match[str] | None]]:
    """Plain text, each piece with the special thing that follows it."""
    end = 0
    for found in pattern.finditer(content):
        yield content[end : found.start()], found
        end = found.end()
    yield content[end:], None
