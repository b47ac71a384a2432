"""The JSON Schema of `execution-plan.json`, made from the tables and bounds that the reader has.

What a schema cannot say stays with the reader: that ids differ, and that a day exists.
"""

from typing import Any, Final

from contracts.formats.plan_text import (
    COUNTS,
    MOST_BATCHES,
    MOST_BLOCKERS,
    MOST_NOTES,
    MOST_NUMBER,
    MOST_PATCHES,
    MOST_TEXT,
    NEEDED,
    PERCENTS,
)
from contracts.plan import WEIGHTS, Key, Metric, Status

Schema = dict[str, Any]

_PERCENT: Final[Schema] = {"type": "number", "minimum": 0, "maximum": 100}
_LINE: Final[Schema] = {"type": "string", "pattern": r"\S", "maxLength": MOST_TEXT}
_TARGET: Final = (
    r"^$|^[0-9]{4}-[0-9]{2}-[0-9]{2}$|^[Ww][Ee][Ee][Kk] [1-9][0-9]{0,2}( ?[-\u2013] ?[1-9][0-9]{0,2})?$"
)
_FIELDS: Final[dict[Key, Schema]] = {
    Key.ID: {"type": "string", "pattern": r"^[\w.:/-]{1,64}$"},
    Key.NAME: _LINE,
    Key.PRIORITY: {"enum": [*WEIGHTS, None]},
    Key.STATUS: {"enum": list(Status)},
    Key.PROGRESS: {"anyOf": [_PERCENT, {"type": "null"}]},
    Key.EXPECTED: {"type": ["integer", "null"], "minimum": 1, "maximum": MOST_PATCHES},
    Key.TARGET: {"type": ["string", "null"], "pattern": _TARGET},
    Key.BLOCKERS: {"type": "array", "maxItems": MOST_BLOCKERS, "items": _LINE},
    Key.OWNER: {"type": ["string", "null"], "maxLength": MOST_TEXT},
    Key.NOTES: {"type": ["string", "null"], "maxLength": MOST_NOTES},
}


def plan_schema() -> Schema:
    """JSON Schema 2020-12 of a plan."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "execution plan",
        "type": "object",
        "required": ["batches"],
        "additionalProperties": False,
        "properties": {
            "batches": {"type": "array", "maxItems": MOST_BATCHES, "items": _batch()},
            "metrics": {
                "type": "object",
                "additionalProperties": False,
                "properties": {metric.value: _metric(metric) for metric in Metric},
            },
        },
    }


def _batch() -> Schema:
    return {
        "type": "object",
        "required": [key.value for key in NEEDED],
        "additionalProperties": False,
        "properties": {key.value: _FIELDS[key] for key in Key},
    }


def _metric(metric: Metric) -> Schema:
    kind = "integer" if metric in COUNTS else "number"
    most = 100 if metric in PERCENTS else int(MOST_NUMBER)
    return {"type": [kind, "null"], "minimum": 0, "maximum": most}
