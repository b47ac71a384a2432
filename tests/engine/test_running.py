import asyncio
import subprocess
import sys
from datetime import timedelta

import pytest

from contracts.ports import Engine, Work
from tests.engine.given import LEASE, NOW, Desk, asked, card
from tests.engine.waiting import DEADLINE, Watched, clock, running, until


class SpoiltError(Exception):
    pass


@pytest.mark.parametrize("work", Work)
async def test_a_turn_that_did_something_is_called_again_at_once(engine: Engine, work: Work) -> None:
    turn = Watched(units=5)
    async with running(engine, work, turn):
        assert await turn.idle() >= 6


async def test_commits_that_bring_work_wake_the_turns(desk: Desk) -> None:
    inbox, lanes, outbox = Watched(), Watched(), Watched()
    async with (
        running(desk.engine, Work.INBOX, inbox),
        running(desk.engine, Work.LANES, lanes),
        running(desk.engine, Work.OUTBOX, outbox),
    ):
        calls = [await turn.idle() for turn in (inbox, lanes, outbox)]
        await desk.settle(asked("p-1"), told=(card("p-1"),))
        await until(lambda: inbox.calls > calls[0] and lanes.calls > calls[1] and outbox.calls > calls[2])


async def test_several_workers_take_turns_side_by_side(engine: Engine) -> None:
    inside = 0
    together = asyncio.Event()

    async def turn() -> bool:
        nonlocal inside
        inside += 1
        if inside == 3:
            together.set()
        await together.wait()
        return False

    async with running(engine, Work.LANES, turn, workers=3), asyncio.timeout(DEADLINE):
        await together.wait()


async def test_an_exception_from_a_turn_ends_the_run_and_is_raised(engine: Engine) -> None:
    ended = asyncio.Event()

    async def turn() -> bool:
        if ended.is_set():
            raise SpoiltError
        try:
            ended.set()
            await asyncio.Event().wait()
        finally:
            ended.clear()
        return True

    with pytest.raises(SpoiltError):
        async with asyncio.timeout(DEADLINE):
            await engine.run(Work.OUTBOX, turn, workers=2, clock=clock)
    assert not ended.is_set(), "the other worker was cancelled"


async def test_cancelling_a_run_cancels_its_turns(engine: Engine) -> None:
    begun, cancelled = asyncio.Event(), asyncio.Event()

    async def turn() -> bool:
        begun.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            cancelled.set()
            raise
        return True

    async with running(engine, Work.INBOX, turn), asyncio.timeout(DEADLINE):
        await begun.wait()
    assert cancelled.is_set()


async def test_the_engine_is_of_use_after_a_run_was_cancelled(desk: Desk) -> None:
    turn = Watched()
    async with running(desk.engine, Work.INBOX, turn):
        await turn.idle()
    again = Watched()
    async with running(desk.engine, Work.INBOX, again):
        calls = await again.idle()
        await desk.record()
        await until(lambda: again.calls > calls)


async def test_a_nudge_has_turns_called_at_its_time(engine: Engine) -> None:
    turn = Watched()
    async with running(engine, Work.OUTBOX, turn):
        await turn.idle()
        soon = clock() + timedelta(milliseconds=200)
        called = asyncio.Event()

        async def timed() -> bool:
            if clock() >= soon:
                called.set()
            return False

        async with running(engine, Work.OUTBOX, timed):
            await engine.nudge(Work.OUTBOX, at=soon)
            async with asyncio.timeout(DEADLINE):
                await called.wait()


async def test_running_lanes_are_tended(desk: Desk) -> None:
    await desk.settle(asked("p-1"))
    await desk.start()
    rescued = asyncio.Event()

    async def turn() -> bool:
        if claimed := await desk.claim(now=NOW + LEASE):
            assert claimed.attempt == 2
            rescued.set()
        return claimed is not None

    async with running(desk.engine, Work.LANES, turn, at=NOW + LEASE), asyncio.timeout(DEADLINE):
        await rescued.wait()


async def test_work_that_another_process_brings_is_taken(url: str, engine: Engine) -> None:
    turn = Watched()
    async with running(engine, Work.INBOX, turn):
        calls = await turn.idle()
        program = [sys.executable, "-m", "tests.engine.another_process", url, "record", "1"]
        await asyncio.to_thread(subprocess.run, program, check=True, timeout=DEADLINE)
        await until(lambda: turn.calls > calls)
    assert (await engine.ledger.counts()).inbox == 1
