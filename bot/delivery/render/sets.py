"""The card of a set: one line for each domain, edited with every change; and what came of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from bot.delivery.render.blocks import Block, Message, context, message, plain, section
from bot.delivery.render.cards import who
from bot.delivery.wording import patches, sets
from bot.delivery.wording.ink import MRKDWN
from bot.delivery.wording.waiting import obstacles
from contracts.outlook import Outlook
from contracts.records import PatchSet
from contracts.states import PatchState

#: What the button is called in what Slack sends back.
STOP_ALL: Final = "set-stop"
_EACH: Final = ("domain", "domains")

#: By id of a patch: the address of its card.
Links = Mapping[str, str | None]


def mark(found: PatchSet) -> str:
    """As of a patch: only what is over has one."""
    landed = sum(member.state is PatchState.LANDED for member in found.members)
    if found.open:
        return ""
    return ":white_check_mark: " if landed == len(found.domains) else ":x: "


def card(found: PatchSet, *, links: Links) -> Message:
    status = mark(found) + sets.headline(found, MRKDWN)
    title = sets.title(found, MRKDWN)
    blocks = [*_overview(found, status, links), *_buttons(found), *context(_origin(found))]
    return message((f"{title}: {status}", *sets.lines(found, MRKDWN, links={})), blocks)


def summary(found: PatchSet, *, links: Links) -> Message:
    """That all of it is over, in the thread of its card."""
    status = mark(found) + sets.headline(found, MRKDWN)
    lines = [f"• {line}" for line in sets.lines(found, MRKDWN, links=links)]
    undoing = sets.in_part(found, MRKDWN)
    return message([status, *lines, *undoing], [*section(status, *lines, each=_EACH), *section(*undoing)])


def show(found: PatchSet, *, links: Links) -> Message:
    status = mark(found) + sets.headline(found, MRKDWN)
    blocks = [*_overview(found, status, links), *context(_origin(found))]
    return message((sets.title(found, MRKDWN), status), blocks)


def why(found: PatchSet, outlooks: Mapping[str, Outlook | None], *, now: datetime) -> Message:
    """What keeps each open member. *outlooks*: by their ids."""
    title = MRKDWN.strong(sets.title(found, MRKDWN))
    blocks: list[Block] = [*section(title)]
    told: list[str] = []
    for member in found.open:
        outlook = outlooks.get(member.id)
        lines = obstacles(outlook, MRKDWN, now=now) if outlook else ()
        said = lines or (patches.standing(member, MRKDWN, outlook=outlook, now=now),)
        told += [f"{MRKDWN.words(member.patch.domain)}: {line}" for line in said]
        blocks += section(MRKDWN.strong(MRKDWN.words(member.patch.domain)), *(f"• {line}" for line in said))
    if not told:
        told.append(mark(found) + sets.headline(found, MRKDWN))
        blocks += section(*told)
    return message([title, *told], [*blocks, *context(_origin(found))])


def _overview(found: PatchSet, status: str, links: Links) -> tuple[Block, ...]:
    lines = [f"• {line}" for line in sets.lines(found, MRKDWN, links=links)]
    title = MRKDWN.strong(sets.title(found, MRKDWN))
    return (*section(title, status), *section(*lines, each=_EACH))


def _origin(found: PatchSet) -> str:
    return sets.origin(found, MRKDWN, who=who(found.first))


def _buttons(found: PatchSet) -> tuple[Block, ...]:
    if not found.open:
        return ()
    button: Block = {
        "type": "button",
        "action_id": STOP_ALL,
        "text": plain(sets.STOP_ALL),
        "value": found.id,
        "style": "danger",
    }
    return ({"type": "actions", "elements": [button]},)
