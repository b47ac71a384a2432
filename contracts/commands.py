"""Who asks, from where, and everything that may be asked."""

import enum
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from pydantic import ConfigDict

from contracts.faults import Fault, Reason, fault, nearest


class ActorKind(enum.StrEnum):
    PERSON = "person"  #: a Slack user
    BOT = "bot"  #: another Slack app
    OPERATOR = "operator"  #: somebody on the desk's own machine (CLI)


@dataclass(frozen=True, slots=True)
class Actor:
    """*id* is a Slack user or bot id, or a local login name. *groups* are Slack user group ids.

    *name* and *email* become the commit's author.
    """

    kind: ActorKind
    id: str
    name: str
    email: str
    groups: frozenset[str] = frozenset()


class Source(enum.StrEnum):
    SLACK = "slack"  #: a message, file, shortcut or mention (an Events API payload)
    MODAL = "modal"  #: the submit dialog
    ACTION = "action"  #: a button, or a dialog that a button opened
    CLI = "cli"


@dataclass(frozen=True, slots=True)
class Place:
    """Where something was said: a Slack message, or nowhere (*channel* None: the CLI).

    *ts* is the message itself, *thread* the root of the thread it belongs to (its own ts if it
    started none). Both are None where there is no message (a modal, the CLI).
    """

    channel: str | None = None
    ts: str | None = None
    thread: str | None = None


class PartKind(enum.StrEnum):
    FENCE = "fence"  #: the inside of a fence, or of a rich_text_preformatted element
    FILE = "file"  #: an attached file
    WHOLE = "whole"  #: all of what was given on purpose: a dialog's field, a CLI's file


@dataclass(frozen=True, slots=True)
class Part:
    """One piece of a submission that may be a patch.

    *language* is the fence's info word, lower case, or what the file's name says; *first_line* the
    1-based line of the message that *body* begins on.
    """

    kind: PartKind
    body: bytes
    name: str | None = None
    language: str = ""
    first_line: int = 1
    __pydantic_config__ = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")


@dataclass(frozen=True, slots=True)
class Submit:
    """Take what is in *parts*. *addressed*: the sender spoke to the desk on purpose."""

    parts: tuple[Part, ...]
    addressed: bool
    domain: str | None = None
    title: str | None = None
    edited: bool = False  #: the message was there before; equal content of it is no news
    unread: tuple[Fault, ...] = ()  #: attachments that could not be fetched
    kind: Literal["submit"] = "submit"


@dataclass(frozen=True, slots=True)
class Help:
    kind: Literal["help"] = "help"


@dataclass(frozen=True, slots=True)
class Status:
    domain: str | None = None
    kind: Literal["status"] = "status"


@dataclass(frozen=True, slots=True)
class Queue:
    domain: str | None = None
    kind: Literal["queue"] = "queue"


@dataclass(frozen=True, slots=True)
class Show:
    patch: str
    kind: Literal["show"] = "show"


@dataclass(frozen=True, slots=True)
class Ignore:
    """Nothing to do: chatter, our own message, an event we do not act on. *why* is for the audit."""

    why: str
    kind: Literal["ignore"] = "ignore"


# What people do about a group of alerts, by its id ------------------------------------------------
@dataclass(frozen=True, slots=True)
class Acknowledge:
    """I see to it."""

    group: str
    kind: Literal["acknowledge"] = "acknowledge"


@dataclass(frozen=True, slots=True)
class TakeOver:
    """I see to it from now on, whoever did before."""

    group: str
    kind: Literal["take-over"] = "take-over"


@dataclass(frozen=True, slots=True)
class LetGo:
    """Nobody sees to it any more."""

    group: str
    kind: Literal["let-go"] = "let-go"


@dataclass(frozen=True, slots=True)
class Snooze:
    group: str
    lasting: timedelta
    kind: Literal["snooze"] = "snooze"


@dataclass(frozen=True, slots=True)
class Resolve:
    """It is over, whatever still fires."""

    group: str
    kind: Literal["resolve"] = "resolve"


Act = Acknowledge | TakeOver | LetGo | Snooze | Resolve

Question = Help | Status | Queue | Show
Command = Submit | Question | Ignore

#: The words that `/patch` and `@patchdesk` understand; `submit` opens the dialog (slash command only).
WORDS = ("help", "status", "queue", "show", "submit")


@dataclass(frozen=True, slots=True)
class OpenDialog:
    """`/patch submit`: only where there is a trigger to open a dialog with."""

    domain: str | None = None
    kind: Literal["open-dialog"] = field(default="open-dialog")


def parse_words(text: str) -> Question | OpenDialog | Fault:
    """What the words after `/patch` or `@patchdesk` ask for; no words at all ask for help."""
    words = text.split()
    match [word.casefold() for word in words[:1]] + words[1:]:
        case [] | ["help"]:
            return Help()
        case ["status"]:
            return Status()
        case ["status", domain]:
            return Status(domain)
        case ["queue"]:
            return Queue()
        case ["queue", domain]:
            return Queue(domain)
        case ["show", patch]:
            return Show(patch.strip("`").casefold())
        case ["show"]:
            return fault(Reason.MISSING_FIELD, field="ID", where="show")
        case ["submit"]:
            return OpenDialog()
        case ["submit", domain]:
            return OpenDialog(domain)
        case _:
            return fault(Reason.UNKNOWN_COMMAND, words=text.strip()[:80], suggestion=nearest(words[0], WORDS))
