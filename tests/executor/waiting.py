"""Waiting for a condition, with a deadline, instead of sleeping for a time."""

import asyncio
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path


async def until(condition: Callable[[], bool], *, within: timedelta = timedelta(seconds=20)) -> None:
    """Raises TimeoutError if *condition* does not come true."""
    async with asyncio.timeout(within.total_seconds()):
        while not condition():  # noqa: ASYNC110 - what is waited for happens in other processes
            await asyncio.sleep(0.005)


def alive(pid: int) -> bool:
    """Whether the process runs; one that nobody has collected yet is dead all the same."""
    try:
        os.kill(pid, 0)
        state = Path(f"/proc/{pid}/stat").read_text()
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state.rpartition(")")[2].split()[0] not in "ZX"
