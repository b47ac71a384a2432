"""Who asks, from where, and everything that may be asked."""

import enum
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

from pydantic import ConfigDict

from contracts.faults import Fault, Reason, fault, nearest
from contracts.ruling import RULING_WORDS, Ruling, ruling
from contracts.spans import span
from contracts.steering import STEERING_WORDS, Steering, steering


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
    1-based line of the message that *body* begins on; *above* the line of text that stands over a fence.
    """

    kind: PartKind
    body: bytes
    name: str | None = None
    language: str = ""
    first_line: int = 1
    above: str = ""
    __pydantic_config__ = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")


@dataclass(frozen=True, slots=True)
class Submit:
    """Take what is in *parts*. *addressed*: the sender spoke to the desk on purpose."""

    parts: tuple[Part, ...]
    addressed: bool
    domain: str | None = None
    title: str | None = None
    expects: str | None = None  #: the tree that it must land as
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
class Why:
    """What keeps *patch* from its turn. None: the one whose thread this was said in."""

    patch: str | None = None
    kind: Literal["why"] = "why"


@dataclass(frozen=True, slots=True)
class ListAlerts:
    """What fires; *matchers* as they were written, empty: all."""

    matchers: str = ""
    kind: Literal["list-alerts"] = "list-alerts"


@dataclass(frozen=True, slots=True)
class ListSilences:
    kind: Literal["list-silences"] = "list-silences"


@dataclass(frozen=True, slots=True)
class WhoIsOnCall:
    schedule: str | None = None
    kind: Literal["who-is-on-call"] = "who-is-on-call"


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


# What people do about alerts by what they are called ---------------------------------------------
@dataclass(frozen=True, slots=True)
class AcknowledgeAll:
    """I see to every group that *matchers* match and nobody has; empty: to all that are seen here."""

    matchers: str
    kind: Literal["acknowledge-all"] = "acknowledge-all"


@dataclass(frozen=True, slots=True)
class MakeSilence:
    """Hide what *matchers* match, as they were written. *group*: from whose card it was asked for."""

    matchers: str
    lasting: timedelta
    comment: str
    group: str | None = None
    kind: Literal["make-silence"] = "make-silence"


@dataclass(frozen=True, slots=True)
class EndSilence:
    silence: str
    kind: Literal["end-silence"] = "end-silence"


@dataclass(frozen=True, slots=True)
class TakeDuty:
    """*person* (a name of `people`; None: who says it) is on call. *schedule* None: the only one.

    *until* as it was said; empty: the end of the shift.
    """

    schedule: str | None
    until: str
    person: str | None = None
    kind: Literal["take-duty"] = "take-duty"


@dataclass(frozen=True, slots=True)
class EndDuty:
    """As TakeDuty: whoever would be on call without *person* is it again."""

    schedule: str | None
    person: str | None = None
    kind: Literal["end-duty"] = "end-duty"


Tending = AcknowledgeAll | MakeSilence | EndSilence | TakeDuty | EndDuty


# The plan ------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Roadmap:
    """How far the plan is."""

    kind: Literal["roadmap"] = "roadmap"


@dataclass(frozen=True, slots=True)
class ListRisks:
    kind: Literal["list-risks"] = "list-risks"


@dataclass(frozen=True, slots=True)
class EditBatch:
    """Make *batch* of the plan as a form says, which was filled in from the plan's *version*.

    *fields* are as they were typed, by the names that the plan's file has for them.
    """

    batch: str
    version: int
    fields: Mapping[str, str]
    kind: Literal["edit-batch"] = "edit-batch"


# Reports --------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class ShowReport:
    """The report called *report*, made now. Left out: all domains that may be seen, the last full period."""

    report: str
    domain: str | None = None
    period: str | None = None
    kind: Literal["show-report"] = "show-report"


Question = (
    Help
    | Status
    | Queue
    | Show
    | Why
    | ShowReport
    | ListAlerts
    | ListSilences
    | WhoIsOnCall
    | Roadmap
    | ListRisks
)
Command = Submit | Question | Act | Tending | Steering | Ruling | EditBatch | Ignore

#: The words that `/patch` and `@patchdesk` understand; `submit` opens the dialog (slash command only).
_ALERT_WORDS = ("alerts", "ack", "silences", "silence", "unsilence", "oncall")
WORDS = (
    *("help", "status", "queue", "show", "why", "submit", "report", "roadmap", "risks"),
    *STEERING_WORDS,
    *RULING_WORDS,
    *_ALERT_WORDS,
)
_YEAR = re.compile(r"\d{4}-")
_UNTIL = re.compile(r"\s(?:until|for)\s", re.IGNORECASE)
#: A matcher, as a piece of words: nothing else that is said to the desk looks like one.
_MATCHER = re.compile(r"""\s*[A-Za-z_]\w*\s*(?:=~|!~|!=|=)\s*(?:"(?:[^"\\]|\\.)*"|[^\s",]+)\s*,?""")


@dataclass(frozen=True, slots=True)
class OpenDialog:
    """`/patch submit`: only where there is a trigger to open a dialog with."""

    domain: str | None = None
    kind: Literal["open-dialog"] = field(default="open-dialog")


@dataclass(frozen=True, slots=True)
class OpenPlanForm:
    """`/patch roadmap edit`: as OpenDialog, to change *batch*, or one that is chosen then."""

    batch: str | None = None
    kind: Literal["open-plan-form"] = field(default="open-plan-form")


def parse_words(text: str) -> Question | Tending | Steering | Ruling | OpenDialog | OpenPlanForm | Fault:
    """What the words after `/patch` or `@patchdesk` ask for; no words at all ask for help."""
    words = text.split(maxsplit=1)
    if not words:
        return Help()
    word, rest = words[0].casefold(), "".join(words[1:]).strip()
    asked = _about_alerts(word, rest) if word in _ALERT_WORDS else _about_patches(word, rest.split())
    return (
        asked
        or steering(word, rest)
        or ruling(word, rest)
        or _about_the_plan(word, rest.split())
        or _about_reports(word, rest.split())
        or fault(Reason.UNKNOWN_COMMAND, words=text.strip()[:80], suggestion=nearest(words[0], WORDS))
    )


def _about_patches(word: str, rest: list[str]) -> Question | OpenDialog | Fault | None:
    domain = rest[0] if rest else None
    match [word, *rest]:
        case ["help"]:
            return Help()
        case ["status"] | ["status", _]:
            return Status(domain)
        case ["queue"] | ["queue", _]:
            return Queue(domain)
        case ["show", patch]:
            return Show(patch.strip("`").casefold())
        case ["show"]:
            return fault(Reason.MISSING_FIELD, field="ID", where="show")
        case ["why"]:
            return Why()
        case ["why", patch]:
            return Why(patch.strip("`").casefold())
        case ["submit"] | ["submit", _]:
            return OpenDialog(domain)
        case _:
            return None


def _about_the_plan(word: str, rest: list[str]) -> Question | OpenPlanForm | None:
    match [word, *(part.casefold() for part in rest[:1]), *rest[1:]]:
        case ["roadmap"]:
            return Roadmap()
        case ["roadmap", "edit"]:
            return OpenPlanForm()
        case ["roadmap", "edit", batch]:
            return OpenPlanForm(batch.strip("`"))
        case ["risks"]:
            return ListRisks()
        case _:
            return None


def _about_reports(word: str, rest: list[str]) -> ShowReport | Fault | None:
    """A domain and a period may follow, in either order; a period begins with its year."""
    if word != "report":
        return None
    if not rest:
        return fault(Reason.MISSING_FIELD, field="daily, weekly or executive", where="report")
    periods = [each for each in rest[1:] if _YEAR.match(each)]
    domains = [each for each in rest[1:] if not _YEAR.match(each)]
    if len(periods) > 1 or len(domains) > 1:
        return None
    return ShowReport(rest[0].casefold(), next(iter(domains), None), next(iter(periods), None))


def _about_alerts(word: str, rest: str) -> Question | Tending | Fault | None:
    match word:
        case "alerts":
            matchers, more = _matchers(rest)
            return ListAlerts(matchers if matchers and not more else rest)
        case "ack":
            return _acknowledge_all(rest)
        case "silences" if not rest:
            return ListSilences()
        case "silence":
            return _make_silence(rest)
        case "unsilence" if rest:
            return EndSilence(rest.strip("`").casefold())
        case "unsilence":
            return fault(Reason.MISSING_FIELD, field="ID", where="unsilence")
        case "oncall":
            return _on_call(rest)
        case _:
            return None


def _on_call(rest: str) -> WhoIsOnCall | TakeDuty | EndDuty:
    """`take [SCHEDULE] [until TIME]`, `return [SCHEDULE]`; else a schedule to show, or all of them."""
    word, _, more = rest.partition(" ")
    match word.casefold():
        case "take":
            before, *end = _UNTIL.split(f" {more.strip()}", maxsplit=1)
            return TakeDuty(before.strip() or None, "".join(end).strip())
        case "return":
            return EndDuty(more.strip() or None)
        case _:
            return WhoIsOnCall(rest or None)


def _acknowledge_all(rest: str) -> AcknowledgeAll | Fault:
    """Nobody means all of it by saying nothing: that has a word of its own."""
    if not rest:
        return fault(Reason.MISSING_FIELD, field="matchers", where="ack")
    if rest.casefold() == "all":
        return AcknowledgeAll("")
    matchers, more = _matchers(rest)
    return AcknowledgeAll(matchers if matchers and not more else rest)


def _matchers(rest: str) -> tuple[str, str]:
    """The matchers that *rest* begins with, with commas between them, and what comes after."""
    pieces, end = [], 0
    while (found := _MATCHER.match(rest, end)) is not None:
        pieces.append(found[0].strip(" ,"))
        end = found.end()
    return ", ".join(pieces), rest[end:].strip()


def _make_silence(rest: str) -> MakeSilence | Fault:
    matchers, more = _matchers(rest)
    length, _, comment = more.partition(" ")
    if not matchers:
        return fault(Reason.MISSING_FIELD, field="matchers", where="silence")
    lasting = span(length)
    if lasting is None:
        return fault(Reason.BAD_SPAN, text=length[:80])
    if not comment.strip():
        return fault(Reason.MISSING_FIELD, field="comment", where="silence")
    return MakeSilence(matchers, lasting, comment.strip())
