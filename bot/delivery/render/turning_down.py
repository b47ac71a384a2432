"""The dialog behind *Reject*: what is rejected, and a line for the reason."""

from dataclasses import dataclass
from typing import Final

from bot.delivery.render import metadata
from bot.delivery.render.blocks import Block, plain, section
from bot.delivery.render.dialogs import View
from bot.delivery.wording import answers, approvals, dialogs, patches
from bot.delivery.wording.ink import MRKDWN
from contracts.commands import Place
from contracts.faults import Fault
from contracts.patch import Patch

CALLBACK: Final = "reject-patch"
#: Block id of the field; its action id is the same word.
WHY: Final = "why"
_MOST_WHY: Final = 500


@dataclass(frozen=True, slots=True)
class Asking:
    """What comes back with the dialog: what its card showed, and where the button was pressed."""

    patch: str
    binding: str
    place: Place

    def written(self) -> str:
        return metadata.written([self.patch, self.binding], self.place)

    @classmethod
    def read(cls, text: str) -> "Asking | None":
        """None: not what `written` wrote."""
        match metadata.read(text, words=2):
            case [patch, binding], place:
                return cls(patch, binding, place)
            case _:
                return None


def loading_view() -> View:
    """Opened at once, because a trigger lives three seconds; the form replaces it."""
    return {**_modal(), "blocks": [*section(dialogs.LOADING)]}


def notice_view(wrong: Fault) -> View:
    """Why there is nothing to decide, or not for this person."""
    return {**_modal(), "blocks": [*section(answers.problem(wrong, MRKDWN))]}


def form_view(asking: Asking, patch: Patch) -> View:
    what = section(MRKDWN.strong(patches.title(patch, MRKDWN)), MRKDWN.quote(asking.patch))
    sent = {"submit": plain(approvals.TURN_DOWN), "private_metadata": asking.written()}
    return {**_modal(), **sent, "blocks": [*what, _why()]}


def _why() -> Block:
    element = {
        "type": "plain_text_input",
        "action_id": WHY,
        "max_length": _MOST_WHY,
        "placeholder": plain(approvals.WHY_PLACEHOLDER),
    }
    return {
        "type": "input",
        "block_id": WHY,
        "label": plain(approvals.WHY_LABEL),
        "element": element,
        "optional": True,
    }


def _modal() -> View:
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain(approvals.TURN_DOWN_TITLE),
        "close": plain(approvals.KEEP),
    }
