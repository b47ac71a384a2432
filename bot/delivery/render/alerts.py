"""Groups of alerts: the card, its thread, what is sent directly and by mail, lists, and the dialogs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from bot.delivery.render import metadata
from bot.delivery.render.blocks import Block, Message, context, message, plain, section
from bot.delivery.render.dialogs import View
from bot.delivery.render.limits import MOST_INPUT
from bot.delivery.wording import alerts, answers, dialogs
from bot.delivery.wording.alerts import Names
from bot.delivery.wording.ink import MRKDWN, PLAIN, Ink, shorten
from contracts.alerts.escalation import Way
from contracts.alerts.matching import spelled
from contracts.alerts.model import Alert, Entry, Group, GroupState, Matcher, Silence
from contracts.commands import Place
from contracts.faults import Fault
from contracts.notices import Confirm
from contracts.secrets import redact

#: Alerts that are shown of a group; the others are counted.
MOST_MEMBERS: Final = 10

#: What the elements of a card are called in what Slack sends back.
ACKNOWLEDGE: Final = "alert-acknowledge"
TAKE_OVER: Final = "alert-take-over"
LET_GO: Final = "alert-let-go"
SNOOZE: Final = "alert-snooze"
RESOLVE: Final = "alert-resolve"
SILENCE: Final = "alert-silence"
ACTIONS: Final = (ACKNOWLEDGE, TAKE_OVER, LET_GO, SNOOZE, RESOLVE, SILENCE)
#: The value of a snooze that is written into a dialog.
OTHER: Final = "other"

SNOOZE_CALLBACK: Final = "snooze-alert"
SILENCE_CALLBACK: Final = "silence-alerts"
#: Block ids of the dialogs; each field's action id is the same word.
LENGTH: Final = "length"
MATCHERS: Final = "matchers"
COMMENT: Final = "comment"

_MARKS: Final[Mapping[GroupState, str]] = {
    GroupState.FIRING: ":rotating_light: ",
    GroupState.RESOLVED: ":white_check_mark: ",
}
_ALERTS = ("alert", "alerts")
_MOST_ERROR = 500


@dataclass(frozen=True, slots=True)
class NextStep:
    """What the chain does at *at*; *to* as `operations.yml` names it."""

    way: Way
    to: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Shown:
    """A group as it is now, with the first of its *members* and all else that its card says.

    *link* leads to the card, where it is shown elsewhere.
    """

    group: Group
    members: tuple[Alert, ...]
    choices: tuple[timedelta, ...]
    next: NextStep | None = None
    names: Names = field(default_factory=dict)
    link: str | None = None


# The card --------------------------------------------------------------------------------------
def card(shown: Shown) -> Message:
    """The one message of a group, edited in place."""
    lines = _lines(shown, MRKDWN)
    blocks = [
        *section(lines.title, lines.counts),
        *section(*lines.members, lines.hint, each=_ALERTS),
        *section(lines.standing, lines.hidden, lines.next),
        *_buttons(shown),
        *context(lines.origin),
    ]
    return message([line for line in (lines.title, lines.counts, lines.standing) if line], blocks)


def entry(written: Entry, shown: Shown, *, apart: bool = False) -> Message:
    """One entry of the log, under the card; *apart* from it, it says of what."""
    said = _calling(written, shown)
    if not apart:
        return message([said], section(said))
    title = _linked(shown, MRKDWN)
    return message([title, said], section(title, said))


def page(written: Entry, shown: Shown) -> Message:
    """To one person directly: why them, what fires, and the buttons."""
    return _apart(alerts.paged(written, MRKDWN), shown)


def call(written: Entry, shown: Shown) -> Message:
    """To another channel than the card's: the same, of its own."""
    return _apart(_calling(written, shown), shown)


def _calling(written: Entry, shown: Shown) -> str:
    """The sentence, behind a mention of whom it is to reach."""
    said = alerts.entry(written, MRKDWN, names=shown.names)
    return f"{alerts.call(written, MRKDWN)} {said}".strip()


def _apart(why: str, shown: Shown) -> Message:
    lines = _lines(shown, MRKDWN)
    title = _linked(shown, MRKDWN)
    blocks = [
        *section(why),
        *section(title, lines.counts, *lines.members, lines.hint, each=_ALERTS),
        *_buttons(shown),
        *context(lines.origin),
    ]
    return message([why, lines.title], blocks)


def mail(shown: Shown, written: Entry) -> tuple[str, str]:
    """Subject and text of an e-mail."""
    lines = _lines(shown, PLAIN)
    why = alerts.entry(written, PLAIN, names=shown.names)
    listed = [f"- {line}" for line in lines.members]
    state = [line for line in (lines.standing, lines.hidden, lines.next) if line]
    parts = ["\n".join(part) for part in ([lines.title, lines.counts], listed, [lines.hint], [why], state)]
    text = "\n\n".join(part for part in (*parts, lines.origin, alerts.mail_end(shown.link)) if part)
    return shorten(lines.title, 200), f"{text}\n"


@dataclass(frozen=True, slots=True)
class _Lines:
    """Empty where there is nothing to say."""

    title: str
    counts: str
    members: tuple[str, ...]
    hint: str
    standing: str
    hidden: str
    next: str
    origin: str


def _lines(shown: Shown, ink: Ink) -> _Lines:
    group, first = shown.group, shown.members[:MOST_MEMBERS]
    mark = _MARKS.get(group.state, "") if ink is MRKDWN else ""
    bullet = "• " if ink is MRKDWN else ""
    members = tuple(bullet + alerts.member(alert, group, ink) for alert in first)
    if left := max(0, group.alerts - len(first)):
        members = (*members, answers.more(left, *_ALERTS))
    following = shown.next
    return _Lines(
        title=mark + ink.strong(alerts.title(group, shown.members, ink)),
        counts=alerts.counts(group, ink),
        members=members,
        hint=alerts.hint(first, ink) if group.state is not GroupState.RESOLVED else "",
        standing=alerts.standing(group, ink, names=shown.names),
        hidden=alerts.hidden(group.hidden, ink) if group.hidden else "",
        next=alerts.next_step(following.way, following.to, following.at, ink) if following else "",
        origin=alerts.origin(group, ink),
    )


def _linked(shown: Shown, ink: Ink) -> str:
    title = alerts.title(shown.group, shown.members, ink)
    return ink.link(title, shown.link) if shown.link else ink.strong(title)


# The buttons -----------------------------------------------------------------------------------
def _buttons(shown: Shown) -> tuple[Block, ...]:
    """What can be done about a group in its state; nothing about one that is over."""
    group = shown.group
    taking = {
        GroupState.FIRING: (_button(ACKNOWLEDGE, alerts.ACKNOWLEDGE, group, primary=True),),
        GroupState.SNOOZED: (
            _button(ACKNOWLEDGE, alerts.ACKNOWLEDGE, group, primary=True),
            _button(LET_GO, alerts.WAKE, group),
        ),
        GroupState.ACKNOWLEDGED: (
            _button(TAKE_OVER, alerts.TAKE_OVER, group),
            _button(LET_GO, alerts.LET_GO, group),
        ),
    }.get(group.state)
    if taking is None:
        return ()
    elements = [
        *taking,
        _snooze(group, shown.choices),
        _button(RESOLVE, alerts.RESOLVE, group),
        _button(SILENCE, alerts.SILENCE, group),
    ]
    return ({"type": "actions", "elements": elements},)


def _button(action: str, label: str, group: Group, *, primary: bool = False) -> Block:
    style = {"style": "primary"} if primary else {}
    return {"type": "button", "action_id": action, "text": plain(label), "value": group.id, **style}


def _snooze(group: Group, choices: Sequence[timedelta]) -> Block:
    """A select has no value of its own: each option names the group, too."""
    options = [
        _option(alerts.snooze_choice(choice), f"{group.id} {choice.total_seconds():g}") for choice in choices
    ]
    options.append(_option(alerts.OTHER_TIME, f"{group.id} {OTHER}"))
    return {
        "type": "static_select",
        "action_id": SNOOZE,
        "placeholder": plain(alerts.SNOOZE),
        "options": options,
    }


def _option(label: str, value: str) -> Block:
    return {"text": plain(label), "value": value}


# The dialogs -----------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Asking:
    """What comes back with a dialog: the group it is about, and where the button was pressed."""

    group: str
    place: Place

    def written(self) -> str:
        return metadata.written([self.group], self.place)

    @classmethod
    def read(cls, text: str) -> "Asking | None":
        """None: not what `written` wrote."""
        match metadata.read(text, words=1):
            case [group], place:
                return cls(group, place)
            case _:
                return None


def snooze_view(asking: Asking) -> View:
    element = {"type": "plain_text_input", "placeholder": plain(alerts.SNOOZE_PLACEHOLDER)}
    return _view(SNOOZE_CALLBACK, alerts.SNOOZE_TITLE, asking, [_field(LENGTH, alerts.SNOOZE_LABEL, element)])


def silence_view(asking: Asking, matchers: Sequence[Matcher]) -> View:
    """The form of a silence; it begins with *matchers*, if they are short enough and can be shown."""
    what: Block = {"type": "plain_text_input", "multiline": True}
    written = spelled(matchers)
    if len(written) <= MOST_INPUT and redact(written) == written:
        what["initial_value"] = written
    length = {"type": "plain_text_input", "placeholder": plain(alerts.SNOOZE_PLACEHOLDER)}
    why = {"type": "plain_text_input", "placeholder": plain(alerts.COMMENT_PLACEHOLDER), "max_length": 500}
    fields = [
        _field(MATCHERS, alerts.MATCHERS_LABEL, what, hint=alerts.MATCHERS_HINT),
        _field(LENGTH, alerts.LENGTH_LABEL, length),
        _field(COMMENT, alerts.COMMENT_LABEL, why),
    ]
    return _view(SILENCE_CALLBACK, alerts.SILENCE_TITLE, asking, fields)


def loading_view(callback: str) -> View:
    """Opened at once, because a trigger lives three seconds; the form replaces it."""
    title = alerts.SNOOZE_TITLE if callback == SNOOZE_CALLBACK else alerts.SILENCE_TITLE
    return {**_modal(callback, title), "blocks": [*section(dialogs.LOADING)]}


def notice_view(callback: str, wrong: Fault) -> View:
    """Why there is no form."""
    return {**loading_view(callback), "blocks": [*section(answers.problem(wrong, MRKDWN))]}


def field_error(wrong: Fault) -> str:
    return shorten(answers.problem(wrong, PLAIN), _MOST_ERROR)


def _view(callback: str, title: str, asking: Asking, fields: Sequence[Block]) -> View:
    sent = {"submit": plain(alerts.SAVE), "private_metadata": asking.written()}
    return {**_modal(callback, title), **sent, "blocks": list(fields)}


def _modal(callback: str, title: str) -> View:
    return {"type": "modal", "callback_id": callback, "title": plain(title), "close": plain(alerts.CANCEL)}


def _field(name: str, label: str, element: Mapping[str, Any], *, hint: str | None = None) -> Block:
    block: Block = {"type": "input", "block_id": name, "label": plain(label)}
    block["element"] = {**element, "action_id": name}
    return {**block, "hint": plain(hint)} if hint else block


# Lists -----------------------------------------------------------------------------------------
def open_groups(groups: Sequence[tuple[Group, str | None]], *, names: Names, left: int = 0) -> Message:
    """Each with the address of its card, if it has one; *left* more were not read."""
    lines = [alerts.group_line(group, MRKDWN, names=names, link=link) for group, link in groups]
    return _list(lines or [alerts.NOTHING_FIRES], left)


def silences(listed: Sequence[Silence], *, names: Names) -> Message:
    lines = [alerts.silence_line(silence, MRKDWN, names=names) for silence in listed]
    return _list(lines or [alerts.NO_SILENCES], 0)


def on_call(lines: Sequence[str]) -> Message:
    return _list(lines or [alerts.NO_SCHEDULES], 0)


def done(told: Confirm) -> Message:
    return _list([alerts.done(told, MRKDWN)], 0)


def _list(lines: Sequence[str], left: int) -> Message:
    rest = (answers.more(left, *_ALERTS),) if left else ()
    return message([*lines, *rest], [*section(*lines, each=_ALERTS), *context(*rest)])
