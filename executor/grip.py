"""Working on a patch while nobody takes it away: its lease is prolonged, and a person's stop is heard."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from contracts.control import Grip
from contracts.ports import Lanes
from contracts.records import StoredPatch

Done = TypeVar("Done")

#: How long a person who stops a patch waits at most until its worker knows.
LOOK: Final = timedelta(seconds=1)


class LostGripError(Exception):
    """The attempt is not to go on. Whatever it does must end; *grip* says what is to follow."""

    def __init__(self, grip: Grip) -> None:
        super().__init__(grip)
        self.grip = grip


@dataclass(frozen=True, slots=True)
class Holding:
    """*landing* says whether the branch is being moved: from then on only a lost lease ends the attempt."""

    lanes: Lanes
    stored: StoredPatch
    lease: timedelta
    clock: Callable[[], datetime]
    landing: Callable[[], bool]

    async def carry_out(self, work: Awaitable[Done]) -> Done | Grip:
        """What comes of *work*, or, where that had to be ended, why."""
        try:
            async with asyncio.TaskGroup() as group:
                watches = [group.create_task(self._beat()), group.create_task(self._look())]
                done = await work
                for watch in watches:
                    watch.cancel()
        except* LostGripError as lost:
            ended = _first(lost).grip
        else:
            return done
        return ended

    async def _beat(self) -> None:
        stored, lanes = self.stored, self.lanes
        while True:
            await asyncio.sleep(self.lease.total_seconds() / 3)
            if not await lanes.beat(stored.id, stored.attempt, now=self.clock(), lease=self.lease):
                raise LostGripError(Grip.LOST)

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(LOOK.total_seconds())
            grip = await self.lanes.grip(self.stored.id, self.stored.attempt)
            if grip is Grip.LOST or (grip is not Grip.HELD and not self.landing()):
                raise LostGripError(grip)


def _first(group: BaseExceptionGroup[LostGripError]) -> LostGripError:
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, BaseExceptionGroup) else inner
