"""The roadmap, the risks and the form that changes a batch, as Slack messages and views."""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from bot.delivery.render.blocks import Block, Message, context, message, plain, section
from bot.delivery.render.limits import MOST_INPUT, MOST_OPTION, MOST_OPTIONS, MOST_SECTION, length
from bot.delivery.wording import answers, dialogs
from bot.delivery.wording import plan as wording
from bot.delivery.wording.ink import MRKDWN, PLAIN, shorten, visible
from contracts.faults import Fault
from contracts.formats.plan_text import MOST_TEXT
from contracts.plan import Batch, Edit, Key, Landed, Metric, Plan, Status, overall
from contracts.plan_store import KeptPlan
from contracts.register import OPEN_RISKS, Risk, by_score, due_for_review

View = dict[str, Any]

#: The callback ids of the two steps of the form.
CHOOSE: Final = "choose-batch"
CHANGE: Final = "change-batch"
#: Block id of the first step; those of the second are the names of the fields.
BATCH: Final = "batch"
#: The fields of the form, in its order.
FORM: Final = (Key.STATUS, Key.PROGRESS, Key.OWNER, Key.TARGET, Key.BLOCKERS, Key.NOTES)

#: All sections of one message together; Slack refuses a few thousand more.
_MOST_TOGETHER: Final = 12_000
_MOST_ERROR: Final = 500
#: Batches that people read from the first to the last.
_READ_WHOLE: Final = 10
_BATCHES = ("batch", "batches")
#: What people look for first, where there is more than that.
_FIRST = (Status.IN_PROGRESS, Status.BLOCKED, Status.QUEUED, Status.NOT_STARTED, Status.DONE)


# Messages --------------------------------------------------------------------------------------
def roadmap(kept: KeptPlan, landed: Landed, *, now: datetime) -> Message:
    """How far everything is, with the rule; every batch that fits, and how many do not."""
    plan, whole = kept.plan, overall(kept.plan, landed)
    said = wording.overall(whole)
    head = (MRKDWN.strong(wording.ROADMAP), said)
    if not plan.batches:
        return message([wording.ROADMAP, said], section(*head))
    today = now.date()
    lines = _fitting(wording.batch_line(plan, each, landed, MRKDWN, today=today) for each in _in_order(plan))
    small = (wording.rule(whole), *_metrics(plan), wording.EDIT_WITH)
    blocks = [*section(*head), *_sections(lines, len(plan.batches) - len(lines), _BATCHES), *context(*small)]
    return message([f"{wording.ROADMAP}: {said}", *lines], blocks)


def _in_order(plan: Plan) -> Sequence[Batch]:
    """As the plan has them; what is under way first, if there are more than people read."""
    if len(plan.batches) <= _READ_WHOLE:
        return plan.batches
    return sorted(plan.batches, key=lambda batch: _FIRST.index(batch.status))


def _metrics(plan: Plan) -> Iterator[str]:
    measured = [(metric, value) for metric in Metric if (value := plan.metric(metric)) is not None]
    said = [
        f"{wording.FIELD_NAMES[metric]} {wording.value(metric, value, MRKDWN)}" for metric, value in measured
    ]
    if said:
        yield " · ".join(said)


def _fitting(lines: Iterable[str]) -> list[str]:
    """The first *lines*, as many as one message holds; the rest is not even written."""
    room, shown = _MOST_TOGETHER, []
    for line in lines:
        room -= length(line) + 1
        if room < 0:
            break
        shown.append(line)
    return shown


def _sections(lines: Iterable[str], left: int, each: tuple[str, str]) -> list[Block]:
    """As many sections as *lines* take, and how many are *left* out; a line is never cut."""
    blocks: list[Block] = []
    chunk: list[str] = []
    for line in lines:
        if chunk and length("\n".join([*chunk, line])) > MOST_SECTION:
            blocks += section(*chunk)
            chunk = []
        chunk.append(line)
    blocks += section(*chunk)
    return [*blocks, *(section(answers.more(left, *each)) if left else ())]


def risks(register: Sequence[Risk], *, now: datetime) -> Message:
    """What may still happen, the worst first."""
    shown = [risk for risk in by_score(register) if risk.state in OPEN_RISKS]
    if not shown:
        return message([wording.NO_RISKS], section(wording.NO_RISKS))
    due = due_for_review(shown, now)
    lines = _fitting(wording.risk_line(risk, MRKDWN, due_now=risk in due) for risk in shown)
    head = MRKDWN.strong(wording.RISKS)
    blocks = [
        *section(head),
        *_sections(lines, len(shown) - len(lines), ("risk", "risks")),
        *context(wording.RISK_RULE),
    ]
    return message([wording.RISKS, *lines], blocks)


def told(id_: str, batch: Batch | None, edits: Sequence[Edit], *, user: str) -> Message:
    """What *user* has changed."""
    text = wording.edited(id_, batch, edits, MRKDWN, actor=MRKDWN.person(user))
    return message([text], section(text))


# The form --------------------------------------------------------------------------------------
def loading_view() -> View:
    """Opened at once, because a trigger lives three seconds; the form replaces it."""
    return {**_modal(CHOOSE), "blocks": [*section(dialogs.LOADING)]}


def notice_view(wrong: Fault) -> View:
    """Why there is no form."""
    return {**_modal(CHOOSE), "blocks": [*section(answers.problem(wrong, MRKDWN))]}


def choose_view(plan: Plan, channel: str) -> View:
    """Which batch of *plan* (not without batches)? Grouped by how they stand."""
    groups = [
        {"label": plain(wording.STATUS_NAMES[status]), "options": [_option(b) for b in some]}
        for status in _FIRST
        for some in _parts([batch for batch in plan.batches if batch.status is status])
    ]
    element = {"type": "static_select", "option_groups": groups}
    field = _field(BATCH, wording.BATCH_LABEL, element)
    return {
        **_modal(CHOOSE),
        "submit": plain(wording.FORM_NEXT),
        "private_metadata": json.dumps({"channel": channel}),
        "blocks": [field],
    }


def _parts(batches: Sequence[Batch]) -> Iterator[Sequence[Batch]]:
    for start in range(0, len(batches), MOST_OPTIONS):
        yield batches[start : start + MOST_OPTIONS]


def _option(batch: Batch) -> Block:
    name = visible(f"{batch.id} {batch.name}")
    return {"text": plain(_cut(name)), "value": batch.id}


def _cut(text: str) -> str:
    """To what an option shows; Slack counts in UTF-16."""
    if length(text) <= MOST_OPTION:
        return text
    cut = text[: MOST_OPTION - 1]
    while length(cut) >= MOST_OPTION:
        cut = cut[:-1]
    return f"{cut}…"


def change_view(kept: KeptPlan, batch: Batch, channel: str, landed: Landed, *, now: datetime) -> View:
    """The fields of *batch* as they are in *kept*, to be changed."""
    blocks = [
        *section(wording.batch_line(kept.plan, batch, landed, MRKDWN, today=now.date())),
        _status(batch),
        _text(
            Key.PROGRESS,
            wording.PROGRESS_LABEL,
            _typed(batch.progress),
            hint=wording.progress_hint(batch, landed),
        ),
        _text(Key.OWNER, wording.OWNER_LABEL, batch.owner or ""),
        _text(Key.TARGET, wording.TARGET_LABEL, batch.target or "", hint=wording.TARGET_HINT),
        *_long(Key.BLOCKERS, wording.BLOCKERS_LABEL, "\n".join(batch.blockers), hint=wording.BLOCKERS_HINT),
        *_long(Key.NOTES, wording.NOTES_LABEL, batch.notes or ""),
    ]
    about = {"channel": channel, "batch": batch.id, "version": kept.version}
    return {
        **_modal(CHANGE),
        "submit": plain(wording.FORM_SAVE),
        "private_metadata": json.dumps(about),
        "blocks": blocks,
    }


def field_errors(wrong: dict[Key, Fault]) -> dict[str, str]:
    """What is wrong in which field; Slack shows it there and keeps all that was typed."""
    return {key.value: shorten(answers.problem(fault, PLAIN), _MOST_ERROR) for key, fault in wrong.items()}


def _modal(callback: str) -> View:
    return {
        "type": "modal",
        "callback_id": callback,
        "title": plain(wording.FORM_TITLE),
        "close": plain(dialogs.CLOSE),
    }


def _status(batch: Batch) -> Block:
    options = [{"text": plain(name), "value": status.value} for status, name in wording.STATUS_NAMES.items()]
    chosen = next(option for option in options if option["value"] == batch.status)
    element = {"type": "static_select", "options": options, "initial_option": chosen}
    return _field(Key.STATUS, wording.STATUS_LABEL, element)


def _text(key: Key, label: str, value: str, *, hint: str | None = None) -> Block:
    # Slack counts in UTF-16; what is too long for the plan is said beside the field.
    element: Block = {"type": "plain_text_input", "max_length": 2 * MOST_TEXT}
    if value:
        element["initial_value"] = value
    return {**_field(key, label, element, hint=hint), "optional": True}


def _long(key: Key, label: str, value: str, *, hint: str | None = None) -> tuple[Block, ...]:
    """A field of several lines; what is too long for one stays out of the form, and as it is."""
    if length(value) > MOST_INPUT:
        return context(wording.too_long(label))
    element: Block = {"type": "plain_text_input", "multiline": True, "max_length": MOST_INPUT}
    if value:
        element["initial_value"] = value
    return ({**_field(key, label, element, hint=hint), "optional": True},)


def _field(name: str, label: str, element: Block, *, hint: str | None = None) -> Block:
    block: Block = {"type": "input", "block_id": str(name), "label": plain(label)}
    block["element"] = {**element, "action_id": str(name)}
    return {**block, "hint": plain(hint)} if hint else block


def _typed(value: Decimal | None) -> str:
    return "" if value is None else f"{value.normalize():f}"
