"""Draw `docs/states.md` from the tables: `python -m tests.docs.draw_states` writes the page."""

import inspect
import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from contracts.states import (
    DELIVERY_TRANSITIONS,
    HEAD_STATES,
    OPEN_STATES,
    PATCH_TRANSITIONS,
    DeliveryEvent,
    DeliveryState,
    InboxState,
    PatchEvent,
    PatchState,
)

S = TypeVar("S", bound=StrEnum)
E = TypeVar("E", bound=StrEnum)

PAGE = Path(__file__).parents[2] / "docs/states.md"

_HEAD = """\
# States

Drawn from the tables in `contracts/states.py`; a test keeps the two together. To draw it anew after a
change of the tables: `python -m tests.docs.draw_states`.

Every update of a row names the state it leaves and the attempt it belongs to. Where no row matches, the
writer came late and has changed nothing.
"""


def page() -> str:
    heads = ", ".join(f"`{state}`" for state in PatchState if state in HEAD_STATES)
    waiting = ", ".join(f"`{state}`" for state in PatchState if state in OPEN_STATES)
    return "\n".join(
        [
            _HEAD,
            "## A patch",
            "",
            *picture(PATCH_TRANSITIONS, PatchState.WAITING),
            "",
            *meanings("state", PatchState),
            "",
            *meanings("event", PatchEvent),
            "",
            f"Still to be carried out: {waiting}. The head of its lane, at most one in a domain: {heads}.",
            "",
            "## A delivery",
            "",
            *picture(DELIVERY_TRANSITIONS, DeliveryState.PENDING),
            "",
            *meanings("state", DeliveryState),
            "",
            *meanings("event", DeliveryEvent),
            "",
            "## An inbox row",
            "",
            *meanings("state", InboxState),
            "",
        ]
    )


def picture(table: Mapping[S, Mapping[E, S]], first: S) -> list[str]:
    moves = [f"    {state} --> {to}: {event}" for state, row in table.items() for event, to in row.items()]
    ends = [f"    {state} --> [*]" for state, row in table.items() if not row]
    return ["```mermaid", "stateDiagram-v2", f"    [*] --> {first}", *moves, *ends, "```"]


def meanings(what: str, kind: type[StrEnum]) -> list[str]:
    """One row per member; its meaning is the `#:` comment beside it in the source."""
    said = dict(re.findall(r"^ +(\w+) = \S+(?:  #: (.*))?$", inspect.getsource(kind), re.M))
    rows = [f"| `{member.value}` | {said[member.name]} |" for member in kind]
    return [f"| {what} | |", "|---|---|", *rows]


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
