"""Post one message once: look for an earlier try first, and fall back when Slack refuses a part of it."""

import logging
from dataclasses import dataclass
from datetime import datetime

from bot.delivery.render.blocks import Message
from bot.delivery.render.limits import MOST_TEXT, OverLimitError, check_message
from bot.delivery.slack import Found, SlackSender
from bot.delivery.slack_answers import (
    Answer,
    Delivered,
    Missing,
    Refusal,
    Rejected,
    RetryAfter,
    Unknown,
)
from contracts.commands import Place

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Letter:
    """A message and where it goes; *thread* None: a post of its own."""

    message: Message
    channel: str
    thread: str | None


@dataclass(frozen=True, slots=True)
class Tried:
    """The answer to one try, and whether what was to be said must get through (*lasting*)."""

    answer: Answer
    lasting: bool = True


async def post_once(
    sender: SlackSender, letter: Letter, *, key: str, unsure: bool, since: datetime
) -> Answer:
    """*unsure*: an earlier try, not before *since*, may have got through."""
    if unsure:
        found = await _earlier(sender, letter, key, since)
        if not isinstance(found, Missing):
            return as_doubt(found)
    return await _post(sender, letter, key)


async def _earlier(sender: SlackSender, letter: Letter, key: str, since: datetime) -> Found:
    found: Found = Missing()
    if letter.thread is not None:
        found = await sender.find(key, channel=letter.channel, thread=letter.thread, since=since)
    if isinstance(found, Missing) or is_gone(found):
        # A reply whose thread was gone became a post of its own.
        found = await sender.find(key, channel=letter.channel, thread=None, since=since)
    return found


def as_doubt(found: Delivered | RetryAfter | Rejected | Unknown) -> Answer:
    """Looking did not help: whether the earlier try arrived is as unknown as before."""
    if isinstance(found, RetryAfter):
        return Unknown(found.why, found.wait)
    if isinstance(found, Rejected) and found.refusal in {Refusal.ACCESS, Refusal.CONTENT}:
        return Unknown(f"{found.method}: {found.error}")
    return found


async def _post(sender: SlackSender, letter: Letter, key: str) -> Answer:
    message, thread = checked(letter.message), letter.thread
    answer = await sender.post(message, channel=letter.channel, thread=thread, key=key)
    if is_gone(answer) and thread is not None:
        thread = None
        answer = await sender.post(message, channel=letter.channel, thread=None, key=key)
    if isinstance(answer, Rejected) and answer.refusal is Refusal.CONTENT and message.blocks:
        log.error("Slack refused the blocks of %s (%s); sending its text alone", key, answer.error)
        answer = await sender.post(Message(message.text), channel=letter.channel, thread=thread, key=key)
    return answer


def thread_of_card(card: Place | None, channel: str) -> str | None:
    """The thread that *card* stands in, or began, if it stands in *channel*."""
    if card is None or card.channel != channel:
        return None
    return card.thread or card.ts


def is_gone(answer: Found) -> bool:
    return isinstance(answer, Rejected) and answer.refusal is Refusal.GONE


def checked(message: Message) -> Message:
    """*message*, or its text alone if a renderer went over Slack's limits: our mistake loses no final."""
    try:
        check_message(message.text, message.blocks)
    except OverLimitError:
        log.exception("a message is over Slack's limits; its text goes alone")
        return Message(message.text[: MOST_TEXT // 2])
    return message
