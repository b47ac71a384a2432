"""When a patch may have its turn: what keeps it from it, and how long those before it took."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Final

from contracts.control import Obstacles
from contracts.faults import Fault, Reason, fault

#: So many endings of a domain say how long the next one takes.
LAST: Final = 20
#: A forecast that moves no further is as good as before.
_LITTLE: Final = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Outlook:
    """Of an open patch. *wait* is until it begins, about; None: *unknown* says why nobody can tell."""

    obstacles: Obstacles
    wait: timedelta | None
    unknown: Fault | None = None

    @property
    def position(self) -> int:
        """Its place in its lane; 1 is the head."""
        return len(self.obstacles.ahead) + 1


def outlook(obstacles: Obstacles, lasted: Sequence[timedelta], *, domain: str, now: datetime) -> Outlook:
    """*lasted*: how long the *domain*'s latest patches ran. What a person has to end is not foretold."""
    open_end = any(closed.until is None for closed in obstacles.closed)
    kept = obstacles.sets_ahead or any(each.kept for each in obstacles.companions)
    if obstacles.hold or obstacles.proposal or obstacles.waits_for or open_end or kept:
        return Outlook(obstacles, None, fault(Reason.NO_FORECAST))
    ends = [closed.until for closed in obstacles.closed if closed.until is not None]
    ends += [obstacles.again_at] if obstacles.again_at is not None else []
    shut = max([end - now for end in ends] + [timedelta(0)])
    if not obstacles.ahead:
        return Outlook(obstacles, shut)
    if not lasted:
        return Outlook(obstacles, None, fault(Reason.NO_HISTORY, domain=domain))
    each = timedelta(seconds=median(span.total_seconds() for span in lasted))
    ran = min(now - obstacles.head_since, each) if obstacles.head_since else timedelta(0)
    return Outlook(obstacles, shut + each * len(obstacles.ahead) - ran)


def has_moved(told: datetime, begins: datetime, *, now: datetime) -> bool:
    """Whether *told*, the time that people were told, is so far off *begins* that it misleads."""
    return abs(begins - told) > max(_LITTLE, abs(begins - now) / 4)
