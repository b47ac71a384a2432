"""Buttons, selects and dialogs of cards and of the plan, and words that change something: what they ask.

What Slack sends is recorded as it came (`Source.ACTION`) and read again when it is settled.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final

from bot.delivery.render import alerts, cards, sets, turning_down
from bot.intake import batch_form
from bot.intake.events import Sender
from bot.intake.people import People
from bot.submit import Asked, Trouble
from contracts.alerts.silences import silence
from contracts.commands import (
    Acknowledge,
    Act,
    ActorKind,
    EditBatch,
    Ignore,
    LetGo,
    MakeSilence,
    Place,
    Resolve,
    Snooze,
    TakeOver,
    Tending,
    parse_words,
)
from contracts.course import Offer
from contracts.faults import Fault, Reason, fault
from contracts.ruling import Approve, Ruling, TurnDown
from contracts.spans import LONGEST, until
from contracts.steering import AdjustPatch, PutOnHold, Replay, Resume, RevertPatch, Steering, Stop

Json = Mapping[str, Any]

_ACTS: Final[Mapping[str, Callable[[str], Act]]] = {
    alerts.ACKNOWLEDGE: Acknowledge,
    alerts.TAKE_OVER: TakeOver,
    alerts.LET_GO: LetGo,
    alerts.RESOLVE: Resolve,
}
_STEERS: Final[Mapping[str, Callable[[str], Steering]]] = {
    cards.ACTIONS[Offer.STOP]: Stop,
    cards.ACTIONS[Offer.CANCEL]: Stop,
    sets.STOP_ALL: Stop,
    cards.ACTIONS[Offer.HOLD]: lambda patch: PutOnHold(patch, ""),
    cards.ACTIONS[Offer.RESUME]: Resume,
    cards.ACTIONS[Offer.REPLAY]: Replay,
    cards.ACTIONS[Offer.REVERT]: RevertPatch,
    cards.ACTIONS[Offer.ADJUST]: AdjustPatch,
}
_NOWHERE: Final = Place()


@dataclass(frozen=True, slots=True)
class Pressed:
    """Somebody did something at once."""

    key: str
    sender: Sender
    place: Place
    command: Act | Tending | Steering | Ruling | EditBatch


@dataclass(frozen=True, slots=True)
class Timed:
    """A dialog that was sent off: *length* is as it was written. *matchers* None: to snooze."""

    key: str
    sender: Sender
    place: Place
    group: str
    length: str
    matchers: str | None = None
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A button that opens a dialog; nothing of it is recorded."""

    callback: str
    asking: alerts.Asking
    trigger: str


@dataclass(frozen=True, slots=True)
class WhyWanted:
    """*Reject* was pressed: it opens a dialog, and nothing is recorded yet."""

    sender: Sender
    asking: turning_down.Asking
    trigger: str


Done = Pressed | Timed


def read(payload: Json) -> Done | Wanted | WhyWanted | Ignore:
    """What *payload* (the body of a Slack request) asks for, or why it asks for nothing."""
    match payload.get("type"):
        case "block_actions":
            return _used(payload)
        case "view_submission":
            return _planned(payload) or _turned_down(payload) or _sent_off(payload)
        case _:
            return _typed(payload) if "command" in payload else Ignore("nothing about alerts")


# Buttons ---------------------------------------------------------------------------------------
def _used(payload: Json) -> Done | Wanted | WhyWanted | Ignore:
    """Slack repeats a press with the same time, element and message: together they are its key."""
    action, place = _first(payload), _place_of(payload)
    name, at = str(action.get("action_id") or ""), str(action.get("action_ts") or "")
    sender = _person(payload)
    group, _, choice = _value_of(action).partition(" ")
    if sender is None or not group or place.channel is None:
        return Ignore("not a button of ours")
    if name == alerts.SILENCE or choice == alerts.OTHER:
        callback = alerts.SILENCE_CALLBACK if name == alerts.SILENCE else alerts.SNOOZE_CALLBACK
        return Wanted(callback, alerts.Asking(group, place), str(payload.get("trigger_id") or ""))
    if name == cards.TURN_DOWN:
        asking = turning_down.Asking(group, choice, place)
        return WhyWanted(sender, asking, str(payload.get("trigger_id") or ""))
    command = _act(name, group, choice)
    if command is None:
        return Ignore("not a button of ours")
    message = str(_object(payload, "container").get("message_ts") or "")
    key = f"{name}/{place.channel}/{message}/{at}/{sender.id}"
    return Pressed(key, sender, place, command)


def _act(name: str, group: str, choice: str) -> Act | Steering | Ruling | None:
    if name == cards.APPROVE:
        return Approve(group, choice)
    if name in _STEERS:
        return _STEERS[name](group)
    if name == alerts.SNOOZE:
        length = _seconds(choice)
        return Snooze(group, length) if length else None
    act = _ACTS.get(name)
    return act(group) if act else None


def _value_of(action: Json) -> str:
    """A button has a value, a select that of the option that was chosen."""
    return str(action.get("value") or _object(action, "selected_option").get("value") or "")


def _seconds(text: str) -> timedelta | None:
    try:
        length = timedelta(seconds=float(text))
    except (ValueError, OverflowError):
        return None
    return length if timedelta(0) < length <= LONGEST else None


def _place_of(payload: Json) -> Place:
    """Where the message is; its thread, if it is in one. The press itself is no message."""
    container, message = _object(payload, "container"), _object(payload, "message")
    channel = container.get("channel_id") or _object(payload, "channel").get("id")
    thread, ts = message.get("thread_ts"), message.get("ts")
    return Place(str(channel) if channel else None, None, str(thread) if thread and thread != ts else None)


# Dialogs ---------------------------------------------------------------------------------------
def _sent_off(payload: Json) -> Timed | Ignore:
    view, sender = _object(payload, "view"), _person(payload)
    callback, asking = view.get("callback_id"), alerts.Asking.read(str(view.get("private_metadata") or ""))
    if callback not in (alerts.SNOOZE_CALLBACK, alerts.SILENCE_CALLBACK) or sender is None or asking is None:
        return Ignore("not a dialog of ours")
    silences = callback == alerts.SILENCE_CALLBACK
    return Timed(
        key=f"{callback}/{view.get('id')}/{view.get('hash')}",
        sender=sender,
        place=asking.place,
        group=asking.group,
        length=_field(view, alerts.LENGTH),
        matchers=_field(view, alerts.MATCHERS) if silences else None,
        comment=_field(view, alerts.COMMENT) if silences else "",
    )


def _planned(payload: Json) -> Pressed | None:
    """The form that changes a batch of the plan, sent off."""
    form = batch_form.changed(payload)
    if form is None:
        return None
    return Pressed(form.key, Sender(ActorKind.PERSON, form.user), form.place, form.edit)


def _turned_down(payload: Json) -> Pressed | None:
    """The dialog behind *Reject*, sent off: of what the card showed that it was opened from."""
    view, sender = _object(payload, "view"), _person(payload)
    asking = turning_down.Asking.read(str(view.get("private_metadata") or ""))
    if view.get("callback_id") != turning_down.CALLBACK or sender is None or asking is None:
        return None
    key = f"{turning_down.CALLBACK}/{view.get('id')}/{view.get('hash')}"
    why = _field(view, turning_down.WHY)
    return Pressed(key, sender, asking.place, TurnDown(asking.patch, why, asking.binding))


def _field(view: Json, name: str) -> str:
    """What was entered; each field's action is named like its block."""
    values = _object(_object(view, "state"), "values")
    return str(_object(_object(values, name), name).get("value") or "").strip()


# Words -----------------------------------------------------------------------------------------
def _typed(payload: Json) -> Pressed | Ignore:
    """A slash command that changes something. Slack does not repeat it; its trigger is its own."""
    command = parse_words(str(payload.get("text") or ""))
    user, channel = payload.get("user_id"), payload.get("channel_id")
    if not isinstance(command, Tending | Steering | Ruling) or not user or not channel:
        return Ignore("words that change nothing")
    place = Place(str(channel))
    return Pressed(f"words/{payload.get('trigger_id')}", Sender(ActorKind.PERSON, str(user)), place, command)


# Reading back ----------------------------------------------------------------------------------
class FromActions:
    """Reads the payloads that `bot.intake.slack` records as actions."""

    def __init__(self, people: People, clock: Callable[[], datetime]) -> None:
        self._people = people
        self._clock = clock

    def place(self, payload: bytes) -> Place:
        done = read(json.loads(payload))
        return done.place if isinstance(done, Pressed | Timed) else _NOWHERE

    async def __call__(self, payload: bytes) -> Asked | Trouble:
        match read(json.loads(payload)):
            case Pressed() | Timed() as done:
                actor = await self._people.find(done.sender)
                if isinstance(actor, Trouble):
                    return actor
                command = await self._command(done)
                zone = await self._people.zone_for(command, done.sender.id)
                return Asked(actor, done.place, command, zone)
            case _:
                raise LookupError("a payload that does nothing was recorded")

    async def _command(self, done: Done) -> Act | Tending | Steering | Ruling | EditBatch | Fault:
        if isinstance(done, Pressed):
            return done.command
        return timed(done, self._clock(), await self._people.zone_of(done.sender.id))


def timed(form: Timed, now: datetime, zone: tzinfo) -> Snooze | MakeSilence | Fault:
    """The command of a dialog; a time of day is one in *zone*."""
    end = until(form.length, now=now, zone=zone)
    if end is None:
        return fault(Reason.BAD_SPAN, text=form.length[:80])
    if form.matchers is None:
        return Snooze(form.group, end - now)
    return MakeSilence(form.matchers, end - now, form.comment, form.group)


def problems(form: Timed, now: datetime, zone: tzinfo) -> Mapping[str, Fault]:
    """What is wrong with what was entered, by field."""
    asked = timed(form, now, zone)
    if isinstance(asked, Fault):
        return {alerts.LENGTH: asked}
    if isinstance(asked, MakeSilence):
        made = silence(
            "",
            asked.matchers,
            creator=form.sender.id,
            comment=asked.comment,
            starts=now,
            ends=now + asked.lasting,
            now=now,
        )
        if isinstance(made, Fault):
            about_time = made.reason in {Reason.SILENCE_OVER, Reason.SILENCE_TOO_LONG}
            return {alerts.LENGTH if about_time else alerts.MATCHERS: made}
    return {}


# Shapes ----------------------------------------------------------------------------------------
def _person(payload: Json) -> Sender | None:
    user = _object(payload, "user").get("id")
    return Sender(ActorKind.PERSON, user) if isinstance(user, str) and user else None


def _first(payload: Json) -> Json:
    match payload.get("actions"):
        case [dict() as action, *_]:
            return action
        case _:
            return {}


def _object(payload: Json, key: str) -> Json:
    value = payload.get(key)
    return value if isinstance(value, dict) else {}
