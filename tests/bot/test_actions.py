"""What a button, a menu, a dialog or a typed command means, whatever else stands in its payload."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.delivery.render import alerts, cards, turning_down
from bot.intake import actions
from bot.intake.actions import FromActions, Pressed, Timed, Wanted, WhyWanted, problems, read, timed
from bot.intake.events import Sender
from bot.intake.people import People
from contracts.commands import (
    Acknowledge,
    AcknowledgeAll,
    ActorKind,
    Ignore,
    LetGo,
    MakeSilence,
    Place,
    Resolve,
    Snooze,
    TakeOver,
)
from contracts.faults import Fault, Reason
from contracts.ruling import TurnDown

NOW = datetime(2026, 11, 21, 15, 30, tzinfo=UTC)
ADA = Sender(ActorKind.PERSON, "U0ADA")
GROUP = "a-k3v9x2ab"


def pressed(action: str, value: str = GROUP, *, at: str = "12.3", **message: str) -> dict[str, Any]:
    used = {"type": "button", "action_id": action, "block_id": "b", "value": value, "action_ts": at}
    return _used(used, **message)


def chosen(value: str) -> dict[str, Any]:
    option = {"text": {"type": "plain_text", "text": "for a while"}, "value": value}
    used = {
        "type": "static_select",
        "action_id": alerts.SNOOZE,
        "selected_option": option,
        "action_ts": "1.2",
    }
    return _used(used)


def _used(action: dict[str, Any], **message: str) -> dict[str, Any]:
    return {
        "type": "block_actions",
        "user": {"id": "U0ADA"},
        "trigger_id": "t.1",
        "container": {"type": "message", "message_ts": "1.1", "channel_id": "C0PATCHES"},
        "channel": {"id": "C0PATCHES"},
        "message": {"ts": "1.1", **message},
        "actions": [action],
    }


def sent_off(callback: str, **fields: str) -> dict[str, Any]:
    asking = alerts.Asking(GROUP, Place("C0PATCHES"))
    values = {name: {name: {"type": "plain_text_input", "value": text}} for name, text in fields.items()}
    view = {
        "id": "V1",
        "hash": "h",
        "callback_id": callback,
        "private_metadata": asking.written(),
        "state": {"values": values},
    }
    return {"type": "view_submission", "user": {"id": "U0ADA"}, "view": view}


@pytest.mark.parametrize(
    ("action", "command"),
    [
        (alerts.ACKNOWLEDGE, Acknowledge(GROUP)),
        (alerts.TAKE_OVER, TakeOver(GROUP)),
        (alerts.LET_GO, LetGo(GROUP)),
        (alerts.RESOLVE, Resolve(GROUP)),
    ],
)
def test_a_button_is_an_act_on_its_group(action: str, command: object) -> None:
    done = read(pressed(action))
    assert isinstance(done, Pressed)
    assert (done.sender, done.place, done.command) == (ADA, Place("C0PATCHES"), command)


def test_an_entry_of_the_menu_is_a_length() -> None:
    done = read(chosen(f"{GROUP} 1800"))
    assert isinstance(done, Pressed)
    assert done.command == Snooze(GROUP, timedelta(minutes=30))


@pytest.mark.parametrize(
    ("payload", "callback"),
    [
        (chosen(f"{GROUP} other"), alerts.SNOOZE_CALLBACK),
        (pressed(alerts.SILENCE), alerts.SILENCE_CALLBACK),
    ],
)
def test_what_opens_a_dialog_brings_its_trigger(payload: dict[str, Any], callback: str) -> None:
    assert read(payload) == Wanted(callback, alerts.Asking(GROUP, Place("C0PATCHES")), "t.1")


def test_reject_asks_why_and_what_is_entered_is_of_what_the_card_showed() -> None:
    opened = read(pressed(cards.TURN_DOWN, "p-1 " + "b" * 64, thread_ts="0.9"))
    asking = turning_down.Asking("p-1", "b" * 64, Place("C0PATCHES", None, "0.9"))
    assert opened == WhyWanted(ADA, asking, "t.1")
    form = sent_off(turning_down.CALLBACK, **{turning_down.WHY: " not before the release "})
    form["view"]["private_metadata"] = asking.written()
    done = read(form)
    assert isinstance(done, Pressed)
    assert done.command == TurnDown("p-1", "not before the release", "b" * 64)
    assert done.place == asking.place
    form["view"]["state"]["values"] = {turning_down.WHY: {turning_down.WHY: {"value": None}}}
    done = read(form)
    assert isinstance(done, Pressed)
    assert done.command == TurnDown("p-1", "", "b" * 64)


def test_a_repeated_press_has_the_same_key_and_another_press_another() -> None:
    keys = [read(pressed(alerts.ACKNOWLEDGE, at=at)) for at in ("12.3", "12.3", "12.4")]
    first, again, other = (each.key for each in keys if isinstance(each, Pressed))
    assert first == again != other


def test_a_press_in_a_thread_is_answered_there() -> None:
    done = read(pressed(alerts.ACKNOWLEDGE, thread_ts="0.9"))
    assert isinstance(done, Pressed)
    assert done.place == Place("C0PATCHES", None, "0.9")


@pytest.mark.parametrize(
    "payload",
    [
        {},
        {"type": "block_actions"},
        {"type": "block_actions", "actions": [7], "user": {"id": "U0ADA"}},
        pressed("something-else"),
        pressed(alerts.ACKNOWLEDGE, ""),
        {**pressed(alerts.ACKNOWLEDGE), "user": {}},
        {**pressed(alerts.ACKNOWLEDGE), "container": {}, "channel": {}},
        chosen(f"{GROUP} soon"),
        chosen(f"{GROUP} -5"),
        chosen(f"{GROUP} 1e400"),
        chosen(f"{GROUP} nan"),
        sent_off("another-dialog"),
        sent_off(turning_down.CALLBACK, why="of another form"),
        {**sent_off(alerts.SNOOZE_CALLBACK), "view": {"callback_id": alerts.SNOOZE_CALLBACK}},
        {"command": "/patch", "text": "status", "user_id": "U0ADA", "channel_id": "C1"},
    ],
)
def test_what_is_not_ours_is_passed_over(payload: dict[str, Any]) -> None:
    assert isinstance(read(payload), Ignore)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "type",
                    "user",
                    "id",
                    "actions",
                    "action_id",
                    "value",
                    "view",
                    "state",
                    "values",
                    "private_metadata",
                    "message",
                ]
            ),
            inner,
            max_size=5,
        )
    ),
    max_leaves=12,
)


@given(rest=st.dictionaries(st.sampled_from(["user", "actions", "view", "container", "message"]), _JSON))
def test_a_payload_of_any_shape_is_read(rest: dict[str, Any]) -> None:
    for kind in ("block_actions", "view_submission"):
        assert isinstance(read({"type": kind, **rest}), Pressed | Timed | Wanted | Ignore)


def test_words_that_change_something_are_recorded() -> None:
    typed = {
        "command": "/patch",
        "text": "ack all",
        "user_id": "U0ADA",
        "channel_id": "C1",
        "trigger_id": "t",
    }
    done = read(typed)
    assert isinstance(done, Pressed)
    assert (done.place, done.command) == (Place("C1"), AcknowledgeAll(""))


def test_a_time_of_day_is_one_where_the_person_lives() -> None:
    form = read(sent_off(alerts.SNOOZE_CALLBACK, **{alerts.LENGTH: "tomorrow 9:00"}))
    assert isinstance(form, Timed)
    assert timed(form, NOW, ZoneInfo("Europe/Berlin")) == Snooze(GROUP, timedelta(hours=16, minutes=30))


def test_a_dialog_becomes_a_silence() -> None:
    fields = {alerts.MATCHERS: "domain=web", alerts.LENGTH: "2h", alerts.COMMENT: "moving"}
    form = read(sent_off(alerts.SILENCE_CALLBACK, **fields))
    assert isinstance(form, Timed)
    assert problems(form, NOW, UTC) == {}
    assert timed(form, NOW, UTC) == MakeSilence("domain=web", timedelta(hours=2), "moving", GROUP)


@pytest.mark.parametrize(
    ("fields", "field", "reason"),
    [
        ({alerts.LENGTH: "never"}, alerts.LENGTH, Reason.BAD_SPAN),
        ({alerts.LENGTH: "366d"}, alerts.LENGTH, Reason.SILENCE_TOO_LONG),
        ({alerts.MATCHERS: ""}, alerts.MATCHERS, Reason.NO_MATCHERS),
        ({alerts.MATCHERS: "web"}, alerts.MATCHERS, Reason.MATCHER_UNREAD),
        ({alerts.MATCHERS: "domain=~.*"}, alerts.MATCHERS, Reason.SILENCE_HIDES_ALL),
    ],
)
def test_what_is_wrong_is_said_at_its_field(fields: dict[str, str], field: str, reason: Reason) -> None:
    given_ = {alerts.MATCHERS: "domain=web", alerts.LENGTH: "2h", alerts.COMMENT: "x", **fields}
    form = read(sent_off(alerts.SILENCE_CALLBACK, **given_))
    assert isinstance(form, Timed)
    wrong = actions.problems(form, NOW, UTC)
    assert {name: each.reason for name, each in wrong.items()} == {field: reason}


def test_a_time_that_is_over_when_it_is_settled_is_refused() -> None:
    form = Timed("k", ADA, Place("C1"), GROUP, "2026-11-21 10:00")
    refused = timed(form, NOW, UTC)
    assert isinstance(refused, Fault)
    assert refused.reason is Reason.BAD_SPAN


async def test_what_was_recorded_knows_its_place_and_nothing_else_is_ever_recorded() -> None:
    reader = FromActions(People.__new__(People), lambda: NOW)
    assert reader.place(json.dumps(pressed(alerts.RESOLVE)).encode()) == Place("C0PATCHES")
    assert reader.place(b"{}") == Place()
    with pytest.raises(LookupError):
        await reader(json.dumps(pressed(alerts.SILENCE)).encode())
