"""Messages out of blocks that keep Slack's limits by how they are built."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

from bot.delivery.render.limits import MOST_BLOCKS, MOST_SECTION, MOST_TEXT, length
from bot.delivery.wording.answers import more

Block = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """*text* stands for the blocks where they are not shown: notifications, screen readers."""

    text: str
    blocks: tuple[Block, ...] = ()


def message(lines: Sequence[str], blocks: Sequence[Block]) -> Message:
    """*lines* say the same as *blocks* in short. Blocks over the limit are left out and counted."""
    kept = tuple(blocks)
    if len(kept) > MOST_BLOCKS:
        kept = (*kept[: MOST_BLOCKS - 1], *context(more(len(kept) - MOST_BLOCKS + 1, "part", "parts")))
    return Message(stack(lines, MOST_TEXT), kept)


def stack(
    lines: Sequence[str], most: int = MOST_SECTION, *, each: tuple[str, str] = ("line", "lines")
) -> str:
    """The inked *lines* that fit into *most*, and how many are left out; a line is never cut."""
    whole = "\n".join(lines)
    if length(whole) <= most:
        return whole
    room = most - length(more(len(lines), *each))
    kept = sum(end <= room for end in accumulate(length(line) + 1 for line in lines))
    return "\n".join([*lines[:kept], more(len(lines) - kept, *each)])


def section(
    *lines: str, most: int = MOST_SECTION, each: tuple[str, str] = ("line", "lines")
) -> tuple[Block, ...]:
    """No block at all if there is nothing to say."""
    text = stack([line for line in lines if line], most, each=each)
    return ({"type": "section", "text": _mrkdwn(text)},) if text else ()


def context(*parts: str) -> tuple[Block, ...]:
    """Small grey text."""
    text = stack([part for part in parts if part])
    return ({"type": "context", "elements": [_mrkdwn(text)]},) if text else ()


def header(text: str) -> Block:
    return {"type": "header", "text": plain(text)}


def plain(text: str) -> Block:
    """Nothing in it is read as markup."""
    return {"type": "plain_text", "text": text, "emoji": False}


def _mrkdwn(text: str) -> Block:
    """`verbatim`, or Slack would look for links and mentions in it after we have escaped them."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}
