"""The card of a patch: one message that is edited through its states."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from bot.delivery.render.blocks import Block, Message, context, message, plain, section
from bot.delivery.wording import approvals, patches, waiting
from bot.delivery.wording.ink import MRKDWN
from bot.delivery.wording.patches import Relative
from contracts import course
from contracts.commands import Source
from contracts.course import Offer
from contracts.notices import TellDeed
from contracts.outlook import Outlook
from contracts.records import StoredPatch
from contracts.settings import ApproverSettings, DomainSettings
from contracts.states import PatchState

#: What the buttons are called in what Slack sends back.
ACTIONS: Final[Mapping[Offer, str]] = {offer: f"patch-{offer}" for offer in Offer}
APPROVE: Final = "patch-approve"
TURN_DOWN: Final = "patch-reject"
RULINGS: Final = (APPROVE, TURN_DOWN)
_MOST_LISTS: Final = 8
_ENDING: Final = frozenset({Offer.STOP, Offer.CANCEL})
#: Only what is over gets a mark, the same as the message's reaction.
_MARKS = {
    PatchState.LANDED: ":white_check_mark: ",
    PatchState.FAILED: ":x: ",
    PatchState.STOPPED: ":octagonal_sign: ",
    PatchState.QUARANTINED: ":warning: ",
    PatchState.CANCELLED: ":x: ",
    PatchState.REJECTED: ":x: ",
}


def mark(state: PatchState) -> str:
    return _MARKS.get(state, "")


def card(
    row: StoredPatch,
    *,
    channel: str | None,
    outlook: Outlook | None,
    now: datetime,
    link: str | None,
    relatives: Sequence[Relative] = (),
) -> Message:
    """*row* as it is, with what can be done about it. *link*: the message it came from.

    *channel* is where the card goes; if the patch came from another, the card says so.
    """
    title = MRKDWN.strong(patches.title(row.patch, MRKDWN))
    status = mark(row.state) + patches.standing(row, MRKDWN, outlook=outlook, now=now)
    origin = patches.origin(row, MRKDWN, here=channel, link=link, who=who(row))
    approved = approvals.approved(row, MRKDWN)
    undoing = patches.undoing(row, relatives, MRKDWN)
    blocks = [
        *section(title, status, *undoing, *approvals.reasons(row, MRKDWN)),
        *_buttons(row),
        *context(approved, origin),
    ]
    return message((f"{patches.title(row.patch, MRKDWN)}: {status}", origin), blocks)


def deed(told: TellDeed) -> Message:
    """That somebody decided something, under a card or in a channel."""
    said = waiting.deed(told, MRKDWN)
    return message([said], section(said))


def asked(row: StoredPatch, rules: DomainSettings | None) -> Message:
    """What has to be decided, to those who may, under the card."""
    approvers = rules.approvers if rules else ApproverSettings()
    who, *lines = approvals.asked(row, approvers, MRKDWN)
    lists = approvals.to_be_run(row)[:_MOST_LISTS]
    shell = [approvals.shell_lines(commands, MRKDWN) for commands in lists]
    return message([who], [*section(who, *lines), *(block for text in shell for block in section(text))])


def _buttons(row: StoredPatch) -> tuple[Block, ...]:
    """What fits its state; none if nothing does."""
    buttons = [
        *_rulings(row),
        *(_offer(row, offer) for offer in course.offers(row)),
    ]
    return ({"type": "actions", "elements": buttons},) if buttons else ()


def _offer(row: StoredPatch, offer: Offer) -> Block:
    style = {"style": "danger"} if offer in _ENDING else {}
    return _button(ACTIONS[offer], waiting.OFFERS[offer], row.id, **style)


def _rulings(row: StoredPatch) -> tuple[Block, ...]:
    """They are of what is shown here, and of nothing that comes after it."""
    if row.state is not PatchState.PROPOSED or row.proposal is None:
        return ()
    shown = f"{row.id} {row.proposal.binding}"
    return (
        _button(APPROVE, approvals.APPROVE, shown, style="primary"),
        _button(TURN_DOWN, approvals.TURN_DOWN, shown),
    )


def _button(action: str, label: str, value: str, **style: str) -> Block:
    return {"type": "button", "action_id": action, "text": plain(label), "value": value, **style}


def who(row: StoredPatch) -> str:
    """Somebody who used the form wrote no message here: the mention has them follow the card's thread."""
    if row.source is Source.MODAL:
        return MRKDWN.person(row.actor.id)
    return MRKDWN.words(row.actor.name or row.actor.id)
