"""How the desk is told to end, and the last thing that it does."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from bot.pulse import Pulse
from contracts.ports import Ledger

#: The last words are over when nothing could be said for so long; no pace towards Slack is slower.
_QUIET: Final = timedelta(seconds=1.5)
_MOMENT: Final = timedelta(milliseconds=50)

log = logging.getLogger(__name__)


class Stopping:
    """`told`: to stop in order. A second signal leaves no time for that.

    *told* is the event of a caller who stops the desk itself; then signals are none of its business.
    """

    def __init__(self, told: asyncio.Event | None = None) -> None:
        self.told = told or asyncio.Event()
        self._signals = () if told else (signal.SIGTERM, signal.SIGINT)
        self._hurry = asyncio.timeout(None)

    @asynccontextmanager
    async def heeded(self) -> AsyncIterator[None]:
        """Signals are heard from `listen` on until this is left; the second one cancels what is inside."""
        try:
            async with self._hurry:
                yield
        except TimeoutError:
            if not self._hurry.expired():
                raise
            log.warning("told twice to stop: what was in hand is given back")
        finally:
            for number in self._signals:
                asyncio.get_running_loop().remove_signal_handler(number)

    def listen(self) -> None:
        for number in self._signals:
            asyncio.get_running_loop().add_signal_handler(number, self._hear)

    def _hear(self) -> None:
        if self.told.is_set() and not self._hurry.expired():
            self._hurry.reschedule(asyncio.get_running_loop().time())
        self.told.set()


@asynccontextmanager
async def last_words(ledger: Ledger, outbox: Pulse, *, most: timedelta) -> AsyncIterator[None]:
    """Left in order, it waits until all is said: for *most*, and while something still gets through."""
    yield
    loop = asyncio.get_running_loop()
    begun = loop.time()
    quiet = timedelta(0)
    while quiet < _QUIET and loop.time() - begun < most.total_seconds():
        if not (await ledger.counts()).outbox:
            return
        await asyncio.sleep(_MOMENT.total_seconds())
        quiet = min(outbox.idle, timedelta(seconds=loop.time() - begun))
    log.warning("something is left to be said after the next start")
