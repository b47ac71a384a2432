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

from contracts.ports import Turn

_FIRST: Final = timedelta(seconds=1)
_MOST: Final = timedelta(minutes=1)

log = logging.getLogger(__name__)


Component = Callable[[], Awaitable[None]]


async def keep(name: str, run: Component, *, jitter: Callable[[], float]) -> None:
    """Run *run* until it returns; when it fails, again after a wait that grows from 1 s to a minute.

    The wait is short again once it has run well for a minute. Ends by cancellation too.
    """
    loop = asyncio.get_running_loop()
    wait = _FIRST
    while True:
        started = loop.time()
        try:
            await run()
            return
        except Exception:
            if loop.time() - started >= _MOST.total_seconds():
                wait = _FIRST
            log.exception("%s failed; it is started again in %s at most", name, wait)
        await asyncio.sleep((wait * (0.5 + jitter() / 2)).total_seconds())
        wait = min(_MOST, wait * 2)


class Turnstile:
    """Lets turns through until it is closed, and knows how many are inside.

    A turn that fails is logged; its row comes again when the lease runs out, and the other rows need
    not wait for that.
    """

    def __init__(self) -> None:
        self._inside = 0
        self._open = True
        self._empty = asyncio.Event()
        self._empty.set()

    def guard(self, name: str, turn: Turn) -> Callable[[], Coroutine[Any, Any, bool]]:
        async def guarded() -> bool:
            if not self._open:
                return False
            self._inside += 1
            self._empty.clear()
            try:
                return await turn()
            except Exception:
                log.exception("a turn of %s failed", name)
            finally:
                self._inside -= 1
                if not self._inside:
                    self._empty.set()
            await asyncio.sleep(_FIRST.total_seconds())
            return True

        return guarded

    async def close(self, *, grace: timedelta) -> bool:
        """Let nobody in any more and wait for those inside; False: some are still there after *grace*."""
        self._open = False
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
) -> AsyncIterator[None]:
    """All *components* run while entered. At the end turns in hand get *grace*, then all is cancelled."""
    tasks = [asyncio.create_task(keep(name, run, jitter=jitter)) for name, run in components.items()]
    try:
        yield
        if not await turnstile.close(grace=grace):
            log.warning("work in hand is left to be taken up by the next start")
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


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
