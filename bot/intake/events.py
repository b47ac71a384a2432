"""What a Slack payload means: bytes and dicts in, typed facts out. No I/O, no client, no clock.

Whatever stands in a payload was written by somebody: a shape that Slack does not send is passed over,
never an error.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from bot.delivery.render import dialogs
from contracts.commands import (
    ActorKind,
    Ignore,
    Part,
    PartKind,
    Place,
)
from contracts.formats import fences

Json = Mapping[str, Any]

#: The callback id of the message shortcut.
SHORTCUT: Final = "submit-message"
#: Attached files that may be a patch, by the end of their name.
READABLE: Final = (".json", ".yml", ".yaml", ".patch", ".diff", ".txt")
#: A snippet that was typed or pasted in Slack has a type, and often no name that says it.
_SNIPPETS: Final[Mapping[str, str]] = {"diff": ".diff", "json": ".json", "text": ".txt", "yaml": ".yml"}
#: Messages that a person or an app wrote; every other subtype is Slack's own report of something.
_WRITTEN: Final = frozenset({"file_share", "bot_message", "thread_broadcast", "me_message"})
_REFERENCE: Final = re.compile(r"<([^<>|]*)(?:\|([^<>]*))?>")
_NOT_LINKS: Final = ("@", "#", "!")


@dataclass(frozen=True, slots=True)
class Ourselves:
    """The desk's own names in the workspace, as `auth.test` gives them."""

    user: str
    bot: str


@dataclass(frozen=True, slots=True)
class Sender:
    """Who wrote. *name* is what the payload says, for bots; people are looked up."""

    kind: ActorKind
    id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that lies in Slack; *url* empty: the payload does not say where."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Message:
    """Something written that the desk may have to act on.

    *key* is the same for every event about the same wording of the same message: Slack reports a
    mention twice, as `message` and as `app_mention`, under two event ids, and every report again when
    an acknowledgement is lost.

    *words* are what was said to the desk (None: it was not spoken to, or only named in passing), *whole*
    the text as its author saw it. *picked*: somebody chose the message with the shortcut.
    """

    key: str
    sender: Sender
    place: Place
    parts: tuple[Part, ...]
    attachments: tuple[Attachment, ...]
    addressed: bool
    words: str | None
    whole: str
    edited: bool = False
    picked: bool = False


@dataclass(frozen=True, slots=True)
class Filled:
    """The submit dialog, as it was sent off."""

    key: str
    sender: Sender
    place: Place
    domain: str | None
    title: str | None
    body: str


Heard = Message | Filled | Ignore


def read(payload: Json, ourselves: Ourselves) -> Heard:
    """What *payload* (the body of a Slack request) asks for, or why it asks for nothing."""
    match payload.get("type"):
        case "event_callback":
            return _event(_object(payload, "event"), ourselves)
        case "message_action":
            return _picked(payload, ourselves)
        case "view_submission":
            return _filled(payload)
        case _:
            return Ignore("not a payload that can bring a patch")


# Events ----------------------------------------------------------------------------------------
def _event(event: Json, ourselves: Ourselves) -> Heard:
    match event.get("type"), event.get("subtype"):
        case ("message", "message_changed"):
            return _edited(event, ourselves)
        case ("message" | "app_mention", _) if _is_written(event):
            return _message(event, _string(event, "channel"), ourselves)
        case _:
            return Ignore("an event about something else")


def _is_written(message: Json) -> bool:
    subtype = message.get("subtype")
    return subtype is None or (isinstance(subtype, str) and subtype in _WRITTEN)


def _edited(event: Json, ourselves: Ourselves) -> Heard:
    """Slack reports unfurled links and our own updates as changes too: only a new text counts."""
    message = _object(event, "message")
    if not _is_written(message):
        return Ignore("not something written")
    if _string(message, "text") == _string(_object(event, "previous_message"), "text"):
        return Ignore("the text is as it was")
    return _message(message, _string(event, "channel"), ourselves, changed_at=_string(event, "event_ts"))


def _message(message: Json, channel: str, ourselves: Ourselves, *, changed_at: str | None = None) -> Heard:
    ts, sender = _string(message, "ts"), _sender(message)
    if sender is None or not channel or not ts:
        return Ignore("nobody wrote it")
    if sender.id in (ourselves.user, ourselves.bot) or message.get("user") == ourselves.user:
        return Ignore("our own message")
    text = _string(message, "text")
    direct = channel.startswith("D")
    addressed = direct or _mention(ourselves).search(text) is not None
    heard = _written(
        message,
        key=f"{channel}/{ts}" + (f"/{edit}" if (edit := _edit_of(message) or changed_at) else ""),
        sender=sender,
        place=Place(channel, ts, _string(message, "thread_ts") or ts),
        addressed=addressed,
        words=_words(text, ourselves, direct=direct) if addressed else None,
        edited=changed_at is not None,
    )
    if not addressed and not heard.parts and not heard.attachments:
        return Ignore("chatter without code")
    return heard


def _edit_of(message: Json) -> str:
    return _string(_object(message, "edited"), "ts")


def _sender(message: Json) -> Sender | None:
    if bot := _string(message, "bot_id"):
        name = _string(_object(message, "bot_profile"), "name") or _string(message, "username")
        return Sender(ActorKind.BOT, bot, name)
    if user := _string(message, "user"):
        return Sender(ActorKind.PERSON, user)
    return None


# The message shortcut and the dialog -------------------------------------------------------------
def _picked(payload: Json, ourselves: Ourselves) -> Heard:
    message, channel = _object(payload, "message"), _string(_object(payload, "channel"), "id")
    ts, user = _string(message, "ts"), _string(_object(payload, "user"), "id")
    if payload.get("callback_id") != SHORTCUT or not (channel and ts and user):
        return Ignore("not our shortcut")
    return _written(
        message,
        key=f"{SHORTCUT}/{channel}/{ts}/{_string(payload, 'trigger_id')}",
        sender=Sender(ActorKind.PERSON, user),
        place=Place(channel, ts, _string(message, "thread_ts") or ts),
        addressed=True,
        words=_words(_string(message, "text"), ourselves, direct=True),
        picked=True,
    )


def _filled(payload: Json) -> Heard:
    view, user = _object(payload, "view"), _string(_object(payload, "user"), "id")
    if view.get("callback_id") != dialogs.CALLBACK or not user:
        return Ignore("not our dialog")
    return Filled(
        key=f"{dialogs.CALLBACK}/{_string(view, 'id')}/{_string(view, 'hash')}",
        sender=Sender(ActorKind.PERSON, user),
        place=Place(_string(view, "private_metadata") or None),
        domain=_string(_object(_field(view, dialogs.DOMAIN), "selected_option"), "value") or None,
        title=_string(_field(view, dialogs.TITLE), "value").strip() or None,
        body=_string(_field(view, dialogs.PATCH), "value"),
    )


def _field(view: Json, name: str) -> Json:
    """What was entered; the form's fields have one action each, named like their block."""
    return _object(_object(_object(_object(view, "state"), "values"), name), name)


# What is in a message ----------------------------------------------------------------------------
def _written(
    message: Json,
    *,
    key: str,
    sender: Sender,
    place: Place,
    addressed: bool,
    words: str | None,
    edited: bool = False,
    picked: bool = False,
) -> Message:
    whole = unescape(_string(message, "text"))
    # Blocks hold the text as it was typed; `text` is made from them, and loses some of it.
    parts = tuple(_preformatted(message)) or fences.parts(whole)
    attachments = tuple(_attachments(message))
    return Message(key, sender, place, parts, attachments, addressed, words, whole, edited, picked)


def _attachments(message: Json) -> Iterator[Attachment]:
    for file in _objects(message, "files"):
        name = _string(file, "name") or _string(file, "title")
        if file.get("mode") == "snippet" and not name.casefold().endswith(READABLE):
            name += _SNIPPETS.get(_string(file, "filetype"), "")
        if name.casefold().endswith(READABLE):
            yield Attachment(name, _string(file, "url_private_download") or _string(file, "url_private"))


def _preformatted(message: Json) -> Iterator[Part]:
    """The code blocks of the message's rich text, in order."""
    line, above = 1, ""
    for block in _objects(message, "blocks"):
        if block.get("type") != "rich_text":
            continue
        for element in _objects(block, "elements"):
            text = "".join(_plain(piece) for piece in _objects(element, "elements"))
            if element.get("type") == "rich_text_preformatted":
                language = _string(element, "language").casefold()
                body = text if text.endswith("\n") else f"{text}\n"
                yield Part(PartKind.FENCE, _encoded(body), language=language, first_line=line, above=above)
                above = ""
            elif text.strip():
                above = _encoded(text.strip().rpartition("\n")[2]).decode()
            line += text.count("\n") + 1


def _plain(piece: Json) -> str:
    """One element of rich text as its author saw it."""
    match piece.get("type"):
        case "link":
            return _string(piece, "text") or _string(piece, "url")
        case "emoji":
            return f":{_string(piece, 'name')}:"
        case "color":
            return _string(piece, "value")
        case "user":
            return f"<@{_string(piece, 'user_id')}>"
        case _:
            return _string(piece, "text")


def unescape(text: str) -> str:
    """Slack's `text` as its author typed it: addresses bare, and the three escaped characters.

    `&amp;` comes last, or `&amp;lt;` would become `<`.
    """
    bare = _REFERENCE.sub(_reference, text)
    return bare.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _reference(found: re.Match[str]) -> str:
    target, label = found[1], found[2]
    return found[0] if target.startswith(_NOT_LINKS) else label or target


def _mention(ourselves: Ourselves) -> re.Pattern[str]:
    return re.compile(rf"<@{re.escape(ourselves.user)}(?:\|[^<>]*)?>")


def _words(text: str, ourselves: Ourselves, *, direct: bool) -> str | None:
    """What follows a mention that begins the text; in a direct message all that was said."""
    spoken = _mention(ourselves).match(text.lstrip())
    if spoken is not None:
        return unescape(text.lstrip()[spoken.end() :]).strip(" \t\n:,")
    return unescape(text).strip() if direct else None


# Shapes ------------------------------------------------------------------------------------------
def _encoded(text: str) -> bytes:
    """Slack's JSON may hold half of a surrogate pair, which UTF-8 cannot."""
    return text.encode("utf-8", "replace")


def _object(payload: Json, key: str) -> Json:
    value = payload.get(key)
    return value if isinstance(value, dict) else {}


def _objects(payload: Json, key: str) -> Sequence[Json]:
    value = payload.get(key)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _string(payload: Json, key: str) -> str:
    value = payload.get(key)
    return value if isinstance(value, str) else ""
