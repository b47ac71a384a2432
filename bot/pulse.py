"""Signs of life: when each component last gave one, what it has in hand, how often it was restarted.

Whatever runs inside a component finds its pulse by `mine()`: a context variable, because between the
component and the loop that beats for it lie layers which have nothing to do with that.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from bot.logs import without_secrets

#: Work that is under way for less is a look for work.
_A_LOOK: Final = timedelta(seconds=1)
#: Restarts that are remembered one by one.
_REMEMBERED: Final = 100


@dataclass(slots=True, eq=False)
class Stay:
    """Work in hand. *patience* ends it when it neither ended nor came a step further for *limit*."""

    limit: timedelta
    patience: asyncio.Timeout
    begun: float
    moved: float
    over: bool = False

    def move(self) -> None:
        if self.over or self.patience.expired():
            return
        self.moved = asyncio.get_running_loop().time()
        self.patience.reschedule(self.moved + self.limit.total_seconds())

    def overrun(self) -> timedelta:
        """For how long it has gone on though its patience is over."""
        return timedelta(seconds=asyncio.get_running_loop().time() - self.moved) - self.limit


class Pulse:
    """Of one component. Durations are of the loop's clock, which nobody sets."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.allowed = timedelta(0)  #: the longest silence that is normal, if it is a long one
        self.restarts = 0
        self.restarting = False
        self.over = False  #: it has ended for good, as it should
        self.last_error: str | None = None
        self._begun = self._heard = asyncio.get_running_loop().time()
        self._ever = False
        self._taken: float | None = None
        self._falls: deque[float] = deque(maxlen=_REMEMBERED)
        self._stays: list[Stay] = []
        self._places = 0
        self._running: asyncio.Timeout | None = None

    # What the component does -----------------------------------------------------------------
    def beat(self) -> None:
        self._heard = asyncio.get_running_loop().time()
        self._ever = True

    def took(self) -> None:
        """Something that waited was taken up and carried out."""
        self._taken = asyncio.get_running_loop().time()

    @asynccontextmanager
    async def stay(self, limit: timedelta, *, places: int) -> AsyncIterator[None]:
        """Work in hand, one of *places*. Raises TimeoutError if it takes no step for *limit*."""
        self._places = places
        async with asyncio.timeout(limit.total_seconds()) as patience:
            now = asyncio.get_running_loop().time()
            stay = Stay(limit, patience, now, now)
            self._stays.append(stay)
            token = _STAY.set(stay)
            try:
                yield
            finally:
                _STAY.reset(token)
                stay.over = True
                self._stays.remove(stay)
                self.beat()

    # How it is kept --------------------------------------------------------------------------
    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """One run of it; raises TimeoutError if it was interrupted."""
        try:
            async with asyncio.timeout(None) as self._running:
                self.restarting = False
                yield
        finally:
            self._running = None

    @contextmanager
    def felt(self) -> Iterator[None]:
        """What is run inside beats for this one."""
        token = _MINE.set(self)
        try:
            yield
        finally:
            _MINE.reset(token)

    def fell(self, error: Exception) -> None:
        """It ended by *error* and is to be restarted."""
        self.restarts += 1
        self.restarting = True
        self._falls.append(asyncio.get_running_loop().time())
        self.stumbled(error)

    def stumbled(self, error: Exception) -> None:
        """Something in it failed, and it goes on."""
        # It is shown to people and kept.
        self.last_error = without_secrets(f"{type(error).__name__}: {error}".removesuffix(": "))

    def forgive(self, span: timedelta) -> None:
        """Nobody could give a sign of life for *span*: the whole process stood still."""
        self._heard += span.total_seconds()
        for stay in self._stays:
            stay.moved += span.total_seconds()

    def interrupt(self) -> bool:
        """End the present run by a TimeoutError, so that it is restarted. False: it is ending already."""
        if self._running is None or self._running.expired() or self._running.when() is not None:
            return False
        self._running.reschedule(asyncio.get_running_loop().time())
        return True

    # How it is -------------------------------------------------------------------------------
    @property
    def silent(self) -> timedelta:
        """Since its last sign of life. While all its places are taken, nobody is there to give one:
        then only work that goes on beyond its patience counts."""
        overrun = max((stay.overrun() for stay in self._stays), default=timedelta(0))
        if self._stays and len(self._stays) >= self._places:
            return max(overrun, timedelta(0))
        return max(overrun, self.quiet)

    @property
    def quiet(self) -> timedelta:
        """Since its last beat, whatever it has in hand."""
        return timedelta(seconds=asyncio.get_running_loop().time() - self._heard)

    @property
    def idle(self) -> timedelta:
        """Since it last took something up, or began; none while something is in hand."""
        if self.busy:
            return timedelta(0)
        since = self._begun if self._taken is None else self._taken
        return timedelta(seconds=asyncio.get_running_loop().time() - since)

    @property
    def age(self) -> timedelta:
        return timedelta(seconds=asyncio.get_running_loop().time() - self._begun)

    @property
    def has_beaten(self) -> bool:
        return self._ever

    @property
    def since_taken(self) -> timedelta | None:
        """Since it last took something up; None: it has not yet."""
        if self._taken is None:
            return None
        return timedelta(seconds=asyncio.get_running_loop().time() - self._taken)

    @property
    def busy(self) -> bool:
        now = asyncio.get_running_loop().time()
        return any(now - stay.begun > _A_LOOK.total_seconds() for stay in self._stays)

    def restarts_within(self, window: timedelta) -> int:
        since = asyncio.get_running_loop().time() - window.total_seconds()
        return sum(fall > since for fall in self._falls)


class Pulses:
    """Of all components of the desk, by name."""

    def __init__(self) -> None:
        self._known: dict[str, Pulse] = {}

    def of(self, name: str) -> Pulse:
        if name not in self._known:
            self._known[name] = Pulse(name)
        return self._known[name]

    def __iter__(self) -> Iterator[Pulse]:
        """Of those that should be alive."""
        return (pulse for pulse in list(self._known.values()) if not pulse.over)

    def silent(self, most: timedelta) -> tuple[Pulse, ...]:
        """Those that gave no sign of life for longer than *most*, or than is normal for them."""
        return tuple(pulse for pulse in self if pulse.silent > max(most, pulse.allowed))


_MINE: ContextVar[Pulse] = ContextVar("pulse")
_STAY: ContextVar[Stay] = ContextVar("stay")


def mine() -> Pulse:
    """Of the component that this runs in; one that nobody looks at, outside of any."""
    return _MINE.get(None) or Pulse("nobody")


def step_taken() -> None:
    """Work in hand has come a step further: its patience begins anew."""
    if (stay := _STAY.get(None)) is not None:
        stay.move()
