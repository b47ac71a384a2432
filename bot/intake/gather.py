"""From what Slack said to what was asked: look the sender up, fetch the files, make it a command."""

import asyncio
import json
from collections.abc import Sequence

from bot.intake import events
from bot.intake.events import Filled, Message, Ourselves
from bot.intake.files import Files
from bot.intake.people import People
from bot.submit import Asked, Trouble
from contracts.commands import (
    Command,
    Help,
    Ignore,
    OpenDialog,
    OpenPlanForm,
    Part,
    PartKind,
    Place,
    Submit,
    parse_words,
)
from contracts.faults import Fault

#: Of what could not be read as anything; such rows are not recorded, so this stands for "no such thing".
_NOWHERE = Place()


class FromSlack:
    """Reads the payloads that `bot.intake.slack` records: events, shortcuts, dialogs."""

    def __init__(self, ourselves: Ourselves, people: People, files: Files) -> None:
        self._ourselves = ourselves
        self._people = people
        self._files = files

    def place(self, payload: bytes) -> Place:
        heard = events.read(json.loads(payload), self._ourselves)
        return _NOWHERE if isinstance(heard, Ignore) else heard.place

    async def __call__(self, payload: bytes) -> Asked | Trouble:
        heard = events.read(json.loads(payload), self._ourselves)
        match heard:
            case Ignore():
                raise ValueError(f"a payload that asks for nothing was recorded: {heard.why}")
            case Filled():
                return await self._asked(heard, dialog(heard))
            case Message():
                fetched = await asyncio.gather(*(self._files.fetch(each) for each in heard.attachments))
                if trouble := next((each for each in fetched if isinstance(each, Trouble)), None):
                    return trouble
                return await self._asked(
                    heard, command([each for each in fetched if not isinstance(each, Trouble)], heard)
                )

    async def _asked(self, heard: Message | Filled, asked: Command | Fault) -> Asked | Trouble:
        actor = await self._people.find(heard.sender)
        if isinstance(actor, Trouble):
            return actor
        zone = await self._people.zone_for(asked, heard.sender.id)
        return Asked(actor, heard.place, asked, zone)


def dialog(filled: Filled) -> Submit:
    part = Part(PartKind.WHOLE, filled.body.encode("utf-8", "replace"))
    return Submit((part,), addressed=True, domain=filled.domain, title=filled.title)


def command(fetched: Sequence[Part | Fault], message: Message) -> Command | Fault:
    """What a message asks for; *fetched* are its attachments, or why they are not to be had."""
    files = tuple(each for each in fetched if isinstance(each, Part))
    unread = tuple(each for each in fetched if isinstance(each, Fault))
    seen = {file.body.strip() for file in files}
    parts = files + tuple(part for part in message.parts if part.body.strip() not in seen)
    if not parts and not unread and _is_pasted(message):
        # Said to the desk on purpose, and more than a sentence: a patch without a fence around it.
        parts = (Part(PartKind.WHOLE, (message.words or message.whole).encode("utf-8", "replace")),)
    if parts or unread:
        return Submit(parts, addressed=message.addressed, edited=message.edited, unread=unread)
    if message.words is None:
        return Ignore("named in passing")
    asked = parse_words(message.words)
    # A dialog needs a click or a slash command to open it; the help names the command.
    return Help() if isinstance(asked, OpenDialog | OpenPlanForm) else asked


def _is_pasted(message: Message) -> bool:
    return message.picked or (message.words is not None and "\n" in message.words)
