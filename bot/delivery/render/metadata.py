"""What comes back with a dialog: what it is about, in words, and where the button was that opened it."""

import json
from collections.abc import Sequence

from contracts.commands import Place


def written(words: Sequence[str], place: Place) -> str:
    return json.dumps([*words, place.channel, place.ts, place.thread])


def read(metadata: str, *, words: int) -> tuple[list[str], Place] | None:
    """The words, so many of them, and the place; None: not what `written` wrote."""
    try:
        found = json.loads(metadata)
    except ValueError:
        return None
    match found:
        case [*about, str() | None as channel, str() | None as ts, str() | None as thread]:
            if len(about) != words or not all(isinstance(word, str) for word in about):
                return None
            return about, Place(channel, ts, thread)
        case _:
            return None
