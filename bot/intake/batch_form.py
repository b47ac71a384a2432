"""What the form that changes a batch of the plan says when it is sent off. No I/O, no client, no clock."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bot.delivery.render import plan as forms
from contracts.commands import EditBatch, Place

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Changed:
    """Its second step. *user* is a Slack user's id."""

    key: str
    user: str
    place: Place
    edit: EditBatch


def changed(payload: Json) -> Changed | None:
    """None: it is another form."""
    view, user = _object(payload, "view"), _string(_object(payload, "user"), "id")
    about = _metadata(view)
    batch, version = _string(about, "batch"), about.get("version")
    if view.get("callback_id") != forms.CHANGE or not (user and batch and isinstance(version, int)):
        return None
    key = f"{forms.CHANGE}/{_string(view, 'id')}/{_string(view, 'hash')}"
    place = Place(_string(about, "channel") or None)
    return Changed(key, user, place, EditBatch(batch, version, dict(_entered(view))))


def chosen(payload: Json) -> tuple[str, str]:
    """The batch that was chosen in the first step, and the channel in which the form was asked for."""
    view = _object(payload, "view")
    option = _object(_field(view, forms.BATCH), "selected_option")
    return _string(option, "value"), _string(_metadata(view), "channel")


def _entered(view: Json) -> Iterator[tuple[str, str]]:
    """What stands in each field that the form had; a field without a value is empty."""
    values = _object(_object(view, "state"), "values")
    for key in forms.FORM:
        if key.value in values:
            field = _field(view, key.value)
            yield key.value, _string(_object(field, "selected_option"), "value") or _string(field, "value")


def _field(view: Json, name: str) -> Json:
    """The form's fields have one action each, named like their block."""
    return _object(_object(_object(_object(view, "state"), "values"), name), name)


def _metadata(view: Json) -> Json:
    """What we gave the form along; an earlier release may have given something else."""
    try:
        about = json.loads(_string(view, "private_metadata"))
    except ValueError:
        return {}
    return about if isinstance(about, dict) else {}


def _object(payload: Json, key: str) -> Json:
    value = payload.get(key)
    return value if isinstance(value, dict) else {}


def _string(payload: Json, key: str) -> str:
    value = payload.get(key)
    return value if isinstance(value, str) else ""
