"""What runs on a clock: reads rows, decides, writes notices; nothing else."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from bot.pulse import mine
from bot.supervise import Component

Tick = Callable[[datetime], Awaitable[None]]


def every(period: timedelta, tick: Tick, *, clock: Callable[[], datetime]) -> Component:
    """Call *tick* with the time, then again *period* after it returned. Its errors are the component's.

    Each tick that returned is a sign of life.
    """

    async def run() -> None:
        pulse = mine()
        pulse.allowed = 2 * period
        while True:
            await tick(clock())
            pulse.beat()
            await asyncio.sleep(period.total_seconds())

    return run
