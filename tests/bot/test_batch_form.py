"""What the form that changes a batch says, and that nothing else is taken for it."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.delivery.render import plan as forms
from bot.intake import actions, batch_form
from contracts.commands import EditBatch, Ignore, Place


def sent(**changes: Any) -> dict[str, Any]:
    about = {"channel": "C0DEV", "batch": "b-1", "version": 3}
    view = {
        "id": "V1",
        "hash": "h",
        "callback_id": forms.CHANGE,
        "private_metadata": json.dumps(about),
        "state": {
            "values": {
                "status": {"status": {"selected_option": {"value": "done"}}},
                "owner": {"owner": {"value": None}},
                "progress": {"progress": {"value": "40 %"}},
                "else": {"else": {"value": "x"}},
            }
        },
    }
    return {"type": "view_submission", "user": {"id": "U0ADA"}, "view": view | changes}


def test_the_fields_that_the_form_had_are_what_is_asked_for() -> None:
    form = batch_form.changed(sent())
    edit = EditBatch("b-1", 3, {"status": "done", "progress": "40 %", "owner": ""})
    assert form == batch_form.Changed("change-batch/V1/h", "U0ADA", Place("C0DEV"), edit)
    done = actions.read(sent())
    assert isinstance(done, actions.Pressed)
    assert (done.command, done.place, done.sender.id) == (edit, Place("C0DEV"), "U0ADA")


@pytest.mark.parametrize(
    "changes",
    [
        {"callback_id": "another"},
        {"private_metadata": ""},
        {"private_metadata": "[]"},
        {"private_metadata": '{"batch": "b-1"}'},
        {"private_metadata": '{"version": 1}'},
    ],
)
def test_another_form_is_none_of_a_batch(changes: dict[str, Any]) -> None:
    assert batch_form.changed(sent(**changes)) is None
    assert isinstance(actions.read(sent(**changes)), Ignore)


def test_what_was_chosen_first_comes_with_its_channel() -> None:
    values = {"values": {forms.BATCH: {forms.BATCH: {"selected_option": {"value": "b-7"}}}}}
    assert batch_form.chosen(sent(state=values)) == ("b-7", "C0DEV")


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.dictionaries(st.text(), inner)))
def test_whatever_a_payload_holds_it_is_read(value: Any) -> None:
    for payload in (sent(state=value), sent(private_metadata=value), {"view": value}, {"user": value}):
        batch_form.changed(payload)
        batch_form.chosen(payload)
