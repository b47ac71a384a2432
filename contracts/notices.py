"""Everything the desk may tell anybody, as data. A notice becomes one delivery.

A notice names rows, not their content: what it says is read when it is sent, so that a late card
shows the latest state and many edits of one card become one.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, assert_never

from contracts.commands import Place, Question, Source
from contracts.control import Proposal
from contracts.faults import Fault, Rejection
from contracts.gates import Verdict
from contracts.outcome import Outcome, Prepared, Proposed, Report, Retry
from contracts.settings import Settings


@dataclass(frozen=True, slots=True)
class PostCard:
    """The one root card of a patch; first reply in its message's thread, or a post of its own."""

    patch: str
    kind: Literal["post-card"] = "post-card"


@dataclass(frozen=True, slots=True)
class EditCard:
    """Show the patch's present state on its card."""

    patch: str
    kind: Literal["edit-card"] = "edit-card"


@dataclass(frozen=True, slots=True)
class PostSummary:
    """What came of the patch, as a reply in its thread."""

    patch: str
    kind: Literal["post-summary"] = "post-summary"


@dataclass(frozen=True, slots=True)
class PostSet:
    """The one card of a set, where it was asked for: all its members at a glance."""

    set_id: str
    kind: Literal["post-set"] = "post-set"


@dataclass(frozen=True, slots=True)
class EditSet:
    """Show how the members of the set stand now."""

    set_id: str
    kind: Literal["edit-set"] = "edit-set"


@dataclass(frozen=True, slots=True)
class SumUpSet:
    """What came of the set, all of whose members are over, as a reply under its card."""

    set_id: str
    kind: Literal["sum-up-set"] = "sum-up-set"


@dataclass(frozen=True, slots=True)
class AskApproval:
    """What of the patch needs an approval, to those who may give it, as a reply in its thread."""

    patch: str
    binding: str
    kind: Literal["ask-approval"] = "ask-approval"


@dataclass(frozen=True, slots=True)
class UploadDiff:
    """What the patch changes, as a file in its thread, to decide on."""

    patch: str
    binding: str
    kind: Literal["upload-diff"] = "upload-diff"


@dataclass(frozen=True, slots=True)
class UploadOffer:
    """The adjusted form of a patch that did not land, as a file in its thread, to decide on."""

    patch: str
    kind: Literal["upload-offer"] = "upload-offer"


@dataclass(frozen=True, slots=True)
class UploadLog:
    """The tail of a gate's log, as a file in the patch's thread."""

    patch: str
    gate: str
    kind: Literal["upload-log"] = "upload-log"


@dataclass(frozen=True, slots=True)
class WriteSummary:
    """The summary as a Markdown file in the data folder."""

    patch: str
    kind: Literal["write-summary"] = "write-summary"


@dataclass(frozen=True, slots=True)
class Mark:
    """Make the message's reaction say how its patches stand."""

    inbox_id: int
    kind: Literal["mark"] = "mark"


@dataclass(frozen=True, slots=True)
class Reject:
    """The answer to blocks that wanted to be patches and are none."""

    rejections: tuple[Rejection, ...]
    kind: Literal["reject"] = "reject"


@dataclass(frozen=True, slots=True)
class Twin:
    """This content is already open in its domain as *first*; block *block* was not queued again.

    *of_set*: the block was for other domains, too.
    """

    first: str
    block: int
    of_set: bool = False
    kind: Literal["twin"] = "twin"


@dataclass(frozen=True, slots=True)
class Deny:
    """A polite no that only *user* sees."""

    user: str
    fault: Fault
    kind: Literal["deny"] = "deny"


class Done(enum.StrEnum):
    """What somebody did; each with the facts that are told of it."""

    ACKNOWLEDGED = "acknowledged"  #: count, left (those that were taken already)
    SILENCED = "silenced"  #: silence, until
    UNSILENCED = "unsilenced"  #: silence
    STEERED = "steered"  #: patch


@dataclass(frozen=True, slots=True)
class Confirm:
    """That something was done, to *user* alone."""

    user: str
    did: Done
    facts: Mapping[str, str]
    kind: Literal["confirm"] = "confirm"


class Deed(enum.StrEnum):
    """What somebody decided about a patch or a domain; each with the facts that are told of it."""

    STOPPING = "stopping"
    CANCELLED = "cancelled"
    HELD = "held"  #: why (may be empty)
    FREED = "freed"
    PRIORITISED = "prioritised"  #: priority
    REPLAYED = "replayed"  #: patch (the new one)
    REVERTING = "reverting"  #: patch (the new one)
    ADJUSTED = "adjusted"  #: patch (the new one)
    PAUSED = "paused"  #: domain, why
    DRAINING = "draining"  #: domain, why
    FROZEN = "frozen"  #: domain, why, until
    OPENED = "opened"  #: domain, closing (what is over), why (may be empty)
    ON_DUTY = "on-duty"  #: schedule, until, before (who was on call; may be empty)
    OFF_DUTY = "off-duty"  #: schedule, after (who is on call now; may be empty)
    THAWED = "thawed"  #: domain, why; the freeze came to its end
    HALTED = "halted"  #: why
    UNHALTED = "unhalted"
    APPROVED = "approved"
    REJECTED = "rejected"  #: why (may be empty)


@dataclass(frozen=True, slots=True)
class TellDeed:
    """What *by* decided: under the card of *patch*, which may be a set, or (None) as a message of its own."""

    deed: Deed
    by: str
    facts: Mapping[str, str]
    patch: str | None = None
    kind: Literal["tell-deed"] = "tell-deed"


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a question that was asked in a channel or thread."""

    question: Question
    user: str
    kind: Literal["answer"] = "answer"


@dataclass(frozen=True, slots=True)
class Misunderstood:
    """Words to the desk that are no command."""

    user: str
    fault: Fault
    kind: Literal["misunderstood"] = "misunderstood"


@dataclass(frozen=True, slots=True)
class TellOperators:
    """Something the desk's operators must know."""

    fault: Fault
    kind: Literal["tell-operators"] = "tell-operators"


@dataclass(frozen=True, slots=True)
class TellPlan:
    """Somebody has changed *batch* of the plan; *version* is the one that it led to."""

    version: int
    batch: str
    user: str
    kind: Literal["tell-plan"] = "tell-plan"


@dataclass(frozen=True, slots=True)
class PostAlert:
    """The one card of a group of alerts."""

    group: str
    kind: Literal["post-alert"] = "post-alert"


@dataclass(frozen=True, slots=True)
class EditAlert:
    """Show the group's present state on its card."""

    group: str
    kind: Literal["edit-alert"] = "edit-alert"


@dataclass(frozen=True, slots=True)
class TellAlert:
    """One entry of the group's log, as a reply under its card."""

    group: str
    entry: int
    kind: Literal["tell-alert"] = "tell-alert"


@dataclass(frozen=True, slots=True)
class PageSomebody:
    """Tell *user* directly of the group; *entry* is the step of its chain that says so.

    *user* may be a channel's id: then it is told there, as a message of its own.
    """

    group: str
    entry: int
    user: str
    kind: Literal["page-somebody"] = "page-somebody"


@dataclass(frozen=True, slots=True)
class MailAlert:
    """Tell *address* of the group by e-mail."""

    group: str
    entry: int
    address: str
    kind: Literal["mail-alert"] = "mail-alert"


@dataclass(frozen=True, slots=True)
class CallWebhook:
    """Tell the webhook called *name* of the group."""

    group: str
    entry: int
    name: str
    kind: Literal["call-webhook"] = "call-webhook"


@dataclass(frozen=True, slots=True)
class PostReport:
    """A report that was made, as a message of its own."""

    report: str
    kind: Literal["post-report"] = "post-report"


@dataclass(frozen=True, slots=True)
class UploadPlot:
    """One of a report's plots, as a picture in the report's thread."""

    report: str
    plot: str
    kind: Literal["upload-plot"] = "upload-plot"


Notice = (
    PostCard
    | EditCard
    | PostSummary
    | PostSet
    | EditSet
    | SumUpSet
    | AskApproval
    | UploadDiff
    | UploadOffer
    | UploadLog
    | WriteSummary
    | Mark
    | Reject
    | Twin
    | Deny
    | Confirm
    | Answer
    | Misunderstood
    | TellOperators
    | TellPlan
    | TellDeed
    | PostAlert
    | EditAlert
    | TellAlert
    | PageSomebody
    | MailAlert
    | CallWebhook
    | PostReport
    | UploadPlot
)


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A notice and where it goes. *channel* None: nowhere in Slack (a file, an e-mail, a webhook).

    A person's id as the *channel* means: directly to them. *thread* None with a notice that needs a card
    means: under that card.
    """

    notice: Notice
    channel: str | None
    thread: str | None = None


def coalesces(notice: Notice) -> str | None:
    """Equal keys that wait together become one delivery; None: each is sent for itself."""
    match notice:
        case EditCard(patch=patch):
            return f"edit-card:{patch}"
        case EditSet(set_id=set_id):
            return f"edit-set:{set_id}"
        case Mark(inbox_id=inbox_id):
            return f"mark:{inbox_id}"
        case EditAlert(group=group):
            return f"edit-alert:{group}"
        case (
            PostCard()
            | PostSummary()
            | PostSet()
            | SumUpSet()
            | AskApproval()
            | UploadDiff()
            | UploadOffer()
            | UploadLog()
            | WriteSummary()
            | Reject()
            | Twin()
            | Deny()
            | Confirm()
            | Answer()
            | Misunderstood()
            | TellOperators()
            | TellPlan()
            | TellDeed()
            | PostAlert()
            | TellAlert()
            | PageSomebody()
            | MailAlert()
            | CallWebhook()
            | PostReport()
            | UploadPlot()
        ):
            return None
        case _:
            assert_never(notice)


def method_of(notice: Notice) -> str | None:
    """The Slack method whose pace limits the notice; None: it is not sent to Slack."""
    match notice:
        case EditCard() | EditSet() | EditAlert():
            return "chat.update"
        case Mark():
            return "reactions.add"
        case UploadLog() | UploadDiff() | UploadOffer() | UploadPlot():
            return "files.completeUploadExternal"
        case Deny() | Confirm():
            return "chat.postEphemeral"
        case WriteSummary() | MailAlert() | CallWebhook():
            return None
        case (
            PostCard()
            | PostSummary()
            | PostSet()
            | SumUpSet()
            | AskApproval()
            | Reject()
            | Twin()
            | Answer()
            | Misunderstood()
            | TellOperators()
            | TellPlan()
            | TellDeed()
            | PostAlert()
            | TellAlert()
            | PageSomebody()
            | PostReport()
        ):
            return "chat.postMessage"
        case _:
            assert_never(notice)


#: After these a channel shows one message more; the pace of a channel limits these and no others.
POSTING_METHODS = frozenset({"chat.postMessage", "chat.postEphemeral", "files.completeUploadExternal"})


def posts_card(notice: Notice) -> str | None:
    """What this is the one card of: a patch, a set, a group of alerts or a report, by its id."""
    match notice:
        case PostCard(patch=id_) | PostSet(set_id=id_) | PostAlert(group=id_) | PostReport(report=id_):
            return id_
        case _:
            return None


def group_told_of(notice: Notice) -> str | None:
    """The group of alerts that Slack is to show or tell somebody of."""
    match notice:
        case PostAlert(group=id_) | EditAlert(group=id_) | TellAlert(group=id_) | PageSomebody(group=id_):
            return id_
        case _:
            return None


def needs_card(notice: Notice) -> str | None:
    """What the card must have been posted of first, so that the notice has something to follow."""
    match notice:
        case EditCard(patch=id_) | PostSummary(patch=id_) | UploadLog(patch=id_):
            return id_
        case AskApproval(patch=id_) | UploadDiff(patch=id_) | UploadOffer(patch=id_):
            return id_
        case TellDeed(patch=of):
            return of
        case EditSet(set_id=id_) | SumUpSet(set_id=id_):
            return id_
        case EditAlert(group=id_) | TellAlert(group=id_) | UploadPlot(report=id_):
            return id_
        case _:
            return None


def home_of(place: Place, source: Source, domain: str, settings: Settings) -> tuple[str | None, str | None]:
    """Channel and thread of a patch's card: the thread it was posted in, else the domain's channel.

    Of a domain that is gone only what the patch itself knows.
    """
    if domain not in settings.domains or (source is Source.SLACK and place.channel is not None):
        return place.channel, place.thread
    channels = settings.domains[domain].channels
    return (place.channel or (channels[0] if channels else None)), None


def on_accepted(
    patch: str, inbox_id: int, place: Place, home: tuple[str | None, str | None]
) -> tuple[NewDelivery, ...]:
    """What is said when a patch enters its lane."""
    channel, thread = home
    mark = (NewDelivery(Mark(inbox_id), place.channel),) if place.ts else ()
    card = (NewDelivery(PostCard(patch), channel, thread),) if channel else ()
    return mark + card


def on_set_begun(set_id: str, home: tuple[str | None, str | None]) -> tuple[NewDelivery, ...]:
    """What is said of a set before its first member enters."""
    channel, thread = home
    return (NewDelivery(PostSet(set_id), channel, thread),) if channel else ()


def on_set_changed(
    set_id: str, home: tuple[str | None, str | None], *, over: bool
) -> tuple[NewDelivery, ...]:
    """What is said when a member's state changes; *over*: it was the last one open."""
    channel, thread = home
    if not channel:
        return ()
    summary = (NewDelivery(SumUpSet(set_id), channel, thread),) if over else ()
    return (NewDelivery(EditSet(set_id), channel), *summary)


def on_progress(patch: str, channel: str | None) -> tuple[NewDelivery, ...]:
    return (NewDelivery(EditCard(patch), channel),) if channel else ()


def on_finished(
    patch: str, inbox_id: int, outcome: Outcome, place: Place, home: tuple[str | None, str | None]
) -> tuple[NewDelivery, ...]:
    """What is said when an attempt ended. One that goes on later by itself only changes the card."""
    channel, thread = home
    if isinstance(outcome, Proposed):
        return on_proposed(patch, outcome.proposal, home)
    if isinstance(outcome, Retry | Prepared):
        return on_progress(patch, channel)
    told = [*on_progress(patch, channel)]
    if channel:
        told.append(NewDelivery(PostSummary(patch), channel, thread))
        told += [
            NewDelivery(UploadLog(patch, gate), channel, thread) for gate in _gates_to_show(outcome.report)
        ]
        if outcome.report.offer is not None and outcome.report.offer.diff:
            told.append(NewDelivery(UploadOffer(patch), channel, thread))
    told.append(NewDelivery(WriteSummary(patch), None))
    if place.ts:
        told.append(NewDelivery(Mark(inbox_id), place.channel))
    return tuple(told)


def on_proposed(
    patch: str, proposal: Proposal, home: tuple[str | None, str | None]
) -> tuple[NewDelivery, ...]:
    """What is said when a patch waits for somebody's approval, and what there is to decide on."""
    channel, thread = home
    if not channel:
        return ()
    asked = NewDelivery(AskApproval(patch, proposal.binding), channel, thread)
    diff = (NewDelivery(UploadDiff(patch, proposal.binding), channel, thread),) if proposal.diff else ()
    return (*on_progress(patch, channel), asked, *diff)


def on_ended(patch: str, inbox_id: int, place: Place, channel: str | None) -> tuple[NewDelivery, ...]:
    """What is said when a person ended a patch that did not run; who did, is told beside it."""
    mark = (NewDelivery(Mark(inbox_id), place.channel),) if place.ts else ()
    return (*on_progress(patch, channel), NewDelivery(WriteSummary(patch), None), *mark)


def on_ended_with_set(
    patch: str, inbox_id: int, place: Place, home: tuple[str | None, str | None]
) -> tuple[NewDelivery, ...]:
    """What is said when a patch that did not run was ended because its set cannot land any more."""
    channel, thread = home
    summary = (NewDelivery(PostSummary(patch), channel, thread),) if channel else ()
    return (*on_ended(patch, inbox_id, place, channel), *summary)


def _gates_to_show(report: Report) -> tuple[str, ...]:
    """The gates that did not pass and printed something."""
    return tuple(gate.name for gate in report.gates if gate.verdict > Verdict.SKIPPED and gate.output)
