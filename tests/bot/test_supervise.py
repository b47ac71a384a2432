"""What keeps running, and how it ends."""

import asyncio
import logging
from datetime import timedelta

import pytest

from bot import supervise
from bot.supervise import Errands, Turnstile, keep


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "_FIRST", timedelta(milliseconds=1))
    monkeypatch.setattr(supervise, "_MOST", timedelta(milliseconds=4))


async def test_what_fails_is_logged_and_started_again(caplog: pytest.LogCaptureFixture) -> None:
    starts = 0

    async def stumble() -> None:
        nonlocal starts
        starts += 1
        if starts < 4:
            raise ZeroDivisionError(f"start {starts}")

    await keep("stumbler", stumble, jitter=lambda: 0.5)
    assert starts == 4
    failures = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(failures) == 3
    assert all(record.exc_info and record.exc_info[0] is ZeroDivisionError for record in failures)


async def test_a_turn_that_fails_does_not_stop_those_that_come_after(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def fail() -> bool:
        raise ZeroDivisionError

    turn = Turnstile().guard("failing", fail)
    assert await turn() is True
    assert await turn() is True
    assert [record.levelno for record in caplog.records] == [logging.ERROR] * 2


async def test_a_closed_turnstile_waits_for_those_inside_and_lets_nobody_in() -> None:
    turnstile, entered, go_on = Turnstile(), asyncio.Event(), asyncio.Event()
    ended = []

    async def work() -> bool:
        entered.set()
        await go_on.wait()
        ended.append("well")
        return True

    turn = turnstile.guard("work", work)
    async with asyncio.TaskGroup() as group:
        inside = group.create_task(turn())
        await entered.wait()
        closing = group.create_task(turnstile.close(grace=timedelta(seconds=20)))
        await asyncio.sleep(0)
        assert await turn() is False
        go_on.set()
    assert (inside.result(), closing.result(), ended) == (True, True, ["well"])


async def test_a_turn_that_takes_too_long_is_not_waited_for() -> None:
    turnstile, entered = Turnstile(), asyncio.Event()

    async def hang() -> bool:
        entered.set()
        await asyncio.Event().wait()
        return True

    hanging = asyncio.get_running_loop().create_task(turnstile.guard("hang", hang)())
    await entered.wait()
    assert await turnstile.close(grace=timedelta(milliseconds=5)) is False
    hanging.cancel()
    await asyncio.gather(hanging, return_exceptions=True)


async def test_errands_end_before_the_desk_does_or_are_cancelled(caplog: pytest.LogCaptureFixture) -> None:
    done: list[str] = []

    async def quick() -> None:
        await asyncio.sleep(0)
        done.append("quick")

    async def failing() -> None:
        raise ZeroDivisionError

    async def endless() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            done.append("endless was cancelled")

    async with Errands(grace=timedelta(milliseconds=20)) as errands:
        errands.start("quick", quick())
        errands.start("failing", failing())
        errands.start("endless", endless())
    assert done == ["quick", "endless was cancelled"]
    assert [record.getMessage() for record in caplog.records] == ["failing failed"]
