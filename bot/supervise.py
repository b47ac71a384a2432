"""What keeps running: components that are started again, turns that are let through, small errands.

The only place that catches everything: a surprise is logged with its traceback, and the rest goes on.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from types import TracebackType
from typing import Any, Final, Self

from bot.pulse import Pulse, Pulses, mine
from contracts.ports import Turn

_FIRST: Final = timedelta(seconds=1)
_MOST: Final = timedelta(minutes=1)
#: For what is cancelled at the end: it has gates to kill and rows to give back.
_ENDING: Final = timedelta(seconds=15)
#: A turn that neither ends nor comes a step further for so long is ended.
PATIENCE: Final = timedelta(minutes=5)

log = logging.getLogger(__name__)


Component = Callable[[], Awaitable[None]]


async def keep(name: str, run: Component, *, jitter: Callable[[], float], pulse: Pulse | None = None) -> None:
    """Run *run* until it returns; when it fails, again after a wait that grows from 1 s to a minute.

    The wait is short again once it has run well for a minute. Ends by cancellation too. *pulse* is what it
    beats for and is interrupted by; every restart is counted there.
    """
    loop = asyncio.get_running_loop()
    pulse = pulse or Pulse(name)
    wait = _FIRST
    try:
        while True:
            started = loop.time()
            try:
                with pulse.felt():
                    async with pulse.running():
                        await run()
                return
            except Exception as error:
                if loop.time() - started >= _MOST.total_seconds():
                    wait = _FIRST
                pulse.fell(error)
                log.exception("%s failed; it is started again in %s at most", name, wait)
            await asyncio.sleep((wait * (0.5 + jitter() / 2)).total_seconds())
            wait = min(_MOST, wait * 2)
    finally:
        pulse.over = True


class Turnstile:
    """Lets turns through until it is closed, and knows how many are inside.

    A turn that fails is logged; its row comes again when the lease runs out, and the other rows need
    not wait for that. So is one whose patience is over. Every call is a sign of life of its component.
    """

    def __init__(self) -> None:
        self._inside = 0
        self._open = True
        self._empty = asyncio.Event()
        self._empty.set()

    @property
    def closed(self) -> bool:
        """The desk is told to stop."""
        return not self._open

    def guard(
        self, name: str, turn: Turn, *, patience: timedelta = PATIENCE, places: int = 1
    ) -> Callable[[], Coroutine[Any, Any, bool]]:
        """*places* is how many of these may be called at the same time."""

        async def guarded() -> bool:
            pulse = mine()
            pulse.beat()
            if not self._open:
                return False
            self._inside += 1
            self._empty.clear()
            try:
                async with pulse.stay(patience, places=places):
                    did = await turn()
                if did:
                    pulse.took()
                return did
            except Exception as error:
                pulse.stumbled(error)
                log.exception("a turn of %s failed", name)
            finally:
                self._inside -= 1
                if not self._inside:
                    self._empty.set()
            await asyncio.sleep(_FIRST.total_seconds())
            return True

        return guarded

    def shut(self) -> None:
        """Let nobody in any more."""
        self._open = False

    async def close(self, *, grace: timedelta) -> bool:
        """Let nobody in any more and wait for those inside; False: some are still there after *grace*."""
        self.shut()
        try:
            await asyncio.wait_for(self._empty.wait(), grace.total_seconds())
        except TimeoutError:
            return False
        return True


@asynccontextmanager
async def kept(
    components: Mapping[str, Component],
    turnstile: Turnstile,
    *,
    grace: timedelta,
    jitter: Callable[[], float],
    pulses: Pulses | None = None,
) -> AsyncIterator[None]:
    """All *components* run while entered. At the end turns in hand get *grace*, then all is cancelled."""
    pulses = pulses or Pulses()
    tasks = [
        asyncio.create_task(keep(name, run, jitter=jitter, pulse=pulses.of(name)))
        for name, run in components.items()
    ]
    try:
        yield
        if not await turnstile.close(grace=grace):
            log.warning("work in hand is given back; the next start takes it up")
    finally:
        turnstile.shut()
        for task in tasks:
            task.cancel()
        # Whoever does not let itself be ended must not keep the desk from ending.
        _, stubborn = await asyncio.wait(tasks, timeout=_ENDING.total_seconds()) if tasks else ((), ())
        if stubborn:
            log.error("%d components do not end and are left", len(stubborn))


class Errands:
    """Small jobs beside the caller that may be lost: a form to fill, a page to draw.

    An async context manager; at its end errands under way get *grace*, then they are cancelled.
    """

    def __init__(self, *, grace: timedelta = timedelta(seconds=3)) -> None:
        self._grace = grace
        self._running: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not self._running:
            return
        _, late = await asyncio.wait(self._running, timeout=self._grace.total_seconds())
        for task in late:
            task.cancel()
        await asyncio.gather(*late, return_exceptions=True)

    def start(self, name: str, errand: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(self._run(name, errand))
        self._running.add(task)
        task.add_done_callback(self._running.discard)

    async def _run(self, name: str, errand: Coroutine[Any, Any, None]) -> None:
        try:
            await errand
        except Exception:
            log.exception("%s failed", name)
