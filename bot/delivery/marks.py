"""Which reaction a message bears. Pure."""

from dataclasses import dataclass
from typing import Final

from contracts.records import MessageStanding
from contracts.states import OPEN_STATES, PatchState

SEEN: Final = "eyes"
LANDED: Final = "white_check_mark"
NOT_LANDED: Final = "x"


@dataclass(frozen=True, slots=True)
class Marks:
    """*add* before *remove*: the message is never without a mark. *settled*: no later mark will follow."""

    add: str | None
    remove: tuple[str, ...]
    settled: bool


def marks_for(standing: MessageStanding) -> Marks:
    """Eyes while anything is open; then one mark for all that the message brought."""
    is_open = any(state in OPEN_STATES for state in standing.states)
    landed = PatchState.LANDED in standing.states
    not_landed = standing.rejected > 0 or any(
        state not in OPEN_STATES and state is not PatchState.LANDED for state in standing.states
    )
    # What an earlier version of the message, or a verdict before the last patch came, may have left there.
    possible = [SEEN]
    possible += [LANDED] * (landed or standing.edited) + [NOT_LANDED] * (not_landed or standing.edited)
    wanted = SEEN if is_open else NOT_LANDED if not_landed else LANDED if landed else None
    return Marks(wanted, tuple(mark for mark in possible if mark != wanted), settled=not is_open)
