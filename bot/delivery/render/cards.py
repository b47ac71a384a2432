"""The card of a patch: one message that is edited through its states."""

from datetime import datetime

from bot.delivery.render.blocks import Message, context, message, section
from bot.delivery.wording import patches
from bot.delivery.wording.ink import MRKDWN
from contracts.commands import Source
from contracts.records import StoredPatch
from contracts.states import PatchState

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
    row: StoredPatch, *, channel: str | None, position: int | None, now: datetime, link: str | None
) -> Message:
    """*row* as it is; *position* in its lane while it waits. *link*: the message it came from.

    *channel* is where the card goes; if the patch came from another, the card says so.
    """
    title = MRKDWN.strong(patches.title(row.patch, MRKDWN))
    status = mark(row.state) + patches.standing(row, MRKDWN, position=position, now=now)
    origin = patches.origin(row, MRKDWN, here=channel, link=link, who=_who(row))
    return message(
        (f"{patches.title(row.patch, MRKDWN)}: {status}", origin), [*section(title, status), *context(origin)]
    )


def _who(row: StoredPatch) -> str:
    """Somebody who used the form wrote no message here: the mention has them follow the card's thread."""
    if row.source is Source.MODAL:
        return MRKDWN.person(row.actor.id)
    return MRKDWN.words(row.actor.name or row.actor.id)
