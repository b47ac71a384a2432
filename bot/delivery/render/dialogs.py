"""The submit form and the App Home, as Slack views."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from bot.delivery.render.answers import queue_lines
from bot.delivery.render.blocks import Block, context, header, plain, section
from bot.delivery.render.cards import mark
from bot.delivery.render.limits import MOST_INPUT, MOST_OPTIONS
from bot.delivery.wording import answers, dialogs, patches
from bot.delivery.wording.ink import MRKDWN, PLAIN, shorten
from contracts.faults import Fault, Reason
from contracts.records import LaneLine, PatchLine

View = dict[str, Any]

CALLBACK: Final = "submit-patch"
#: Block ids of the form; each field's action id is the same word.
DOMAIN: Final = "domain"
TITLE: Final = "title"
PATCH: Final = "patch"
_MOST_TITLE = 200
_MOST_ERROR = 500
_DOMAINS = ("domain", "domains")
_PATCHES = ("patch", "patches")

_ABOUT_THE_DOMAIN = frozenset(
    {Reason.MISSING_TARGET, Reason.UNKNOWN_TARGET, Reason.DOMAIN_NOT_HERE, Reason.NOT_A_SUBMITTER}
)


# The form --------------------------------------------------------------------------------------
def loading_view() -> View:
    """Opened at once, because a trigger lives three seconds; the form replaces it."""
    return {**_modal(), "blocks": [*section(dialogs.LOADING)]}


def notice_view(wrong: Fault) -> View:
    """Why there is no form."""
    return {**_modal(), "blocks": [*section(answers.problem(wrong, MRKDWN))]}


def submit_view(domains: Sequence[str], *, domain: str | None = None, metadata: str = "") -> View:
    """The form for one of *domains* (not empty), with *domain* chosen.

    *metadata* (at most 3,000 characters) comes back with what is submitted.
    """
    fields = [_domain_field(domains, domain), _title_field(), _patch_field()]
    return {**_modal(), "submit": plain(dialogs.SUBMIT), "private_metadata": metadata, "blocks": fields}


def field_errors(faults: Iterable[Fault]) -> dict[str, str]:
    """What is wrong in which field; Slack shows it there and keeps all that was typed."""
    said: dict[str, list[str]] = {}
    for wrong in faults:
        field = DOMAIN if wrong.reason in _ABOUT_THE_DOMAIN else PATCH
        said.setdefault(field, []).append(answers.problem(wrong, PLAIN))
    return {field: shorten(" ".join(problems), _MOST_ERROR) for field, problems in said.items()}


def _modal() -> View:
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": plain(dialogs.TITLE),
        "close": plain(dialogs.CLOSE),
    }


def _domain_field(domains: Sequence[str], chosen: str | None) -> Block:
    listed = [name for name in domains if name == chosen] + [name for name in domains if name != chosen]
    options = [{"text": plain(name), "value": name} for name in listed[:MOST_OPTIONS]]
    element: Block = {
        "type": "static_select",
        "placeholder": plain(dialogs.DOMAIN_PLACEHOLDER),
        "options": options,
    }
    if chosen in domains or len(domains) == 1:
        element["initial_option"] = options[0]
    left = len(listed) - len(options)
    return _field(DOMAIN, dialogs.DOMAIN_LABEL, element, hint=dialogs.domain_hint(left) if left else None)


def _title_field() -> Block:
    element = {"type": "plain_text_input", "max_length": _MOST_TITLE}
    return {**_field(TITLE, dialogs.TITLE_LABEL, element, hint=dialogs.TITLE_HINT), "optional": True}


def _patch_field() -> Block:
    element = {
        "type": "plain_text_input",
        "multiline": True,
        "max_length": MOST_INPUT,
        "placeholder": plain(dialogs.PATCH_PLACEHOLDER),
    }
    return _field(PATCH, dialogs.PATCH_LABEL, element, hint=dialogs.patch_hint(MOST_INPUT))


def _field(name: str, label: str, element: Block, *, hint: str | None) -> Block:
    block: Block = {"type": "input", "block_id": name, "label": plain(label)}
    block["element"] = {**element, "action_id": name}
    return {**block, "hint": plain(hint)} if hint else block


# The App Home ----------------------------------------------------------------------------------
def home_view(
    lanes: Sequence[LaneLine], waiting: Sequence[PatchLine], recent: Sequence[PatchLine], *, now: datetime
) -> View:
    """Lanes, what waits in them, what finished last; each in one block that counts what it leaves out."""
    blocks = [
        header(dialogs.HOME_LANES),
        *section(*([answers.lane(line, MRKDWN) for line in lanes] or [answers.NO_DOMAINS]), each=_DOMAINS),
        header(dialogs.HOME_QUEUE),
        *section(*(queue_lines(waiting) or [answers.NOTHING_WAITS])),
        header(dialogs.HOME_RECENT),
        *section(*([finished_line(line) for line in recent] or [answers.NOTHING_FINISHED]), each=_PATCHES),
        *context(dialogs.as_of(MRKDWN.moment(now)), answers.IN_THREADS),
    ]
    return {"type": "home", "blocks": blocks}


def finished_line(line: PatchLine) -> str:
    return mark(line.state) + patches.brief(line, MRKDWN)
