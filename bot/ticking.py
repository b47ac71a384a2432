"""What runs on a clock: reads rows, decides, writes notices; nothing else."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from bot.supervise import Component

Tick = Callable[[datetime], Awaitable[None]]


def every(period: timedelta, tick: Tick, *, clock: Callable[[], datetime]) -> Component:
    """Call *tick* with the time, then again *period* after it returned. Its errors are the component's."""

    async def run() -> None:
        while True:
            await tick(clock())
            await asyncio.sleep(period.total_seconds())

    return run
