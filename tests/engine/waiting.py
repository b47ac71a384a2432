"""Waiting for a condition with a deadline, and turns that can be watched."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from contracts.ports import Engine, Work

DEADLINE = 20.0


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(DEADLINE):
        while not condition():  # noqa: ASYNC110 - what tests wait for sets no event
            await asyncio.sleep(0.002)


def clock() -> datetime:
    return datetime.now(UTC)


class Watched:
    """A turn that does one of *units* each time it is called, and counts its calls."""

    def __init__(self, units: int = 0) -> None:
        self.units = units
        self.calls = 0

    async def __call__(self) -> bool:
        self.calls += 1
        self.units -= 1
        return self.units >= 0

    async def idle(self) -> int:
        """Wait until it was called and found nothing; how often it has been called by then."""
        await until(lambda: self.units < 0)
        return self.calls


@asynccontextmanager
async def running(
    engine: Engine, work: Work, turn: Callable[[], object], *, workers: int = 1, at: datetime | None = None
) -> AsyncIterator[None]:
    """Run *turn* inside the block; *at*: by a clock that stands still."""
    run = asyncio.create_task(
        engine.run(work, turn, workers=workers, clock=clock if at is None else lambda: at)  # type: ignore[arg-type]
    )
    try:
        yield
    finally:
        run.cancel()
        await asyncio.gather(run, return_exceptions=True)
