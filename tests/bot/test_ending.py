"""How the desk hears that it is to end, and what it waits for then."""

import asyncio
import os
import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from bot import ending, supervise
from bot.ending import Stopping, last_words
from bot.pulse import Pulse
from bot.supervise import Turnstile, kept
from contracts.ports import Sent
from executor.engine import open_engine
from tests.engine.given import NOW, Desk, card

SIGNALS = [signal.SIGTERM, signal.SIGINT]
SHORT, LONG = timedelta(milliseconds=200), timedelta(seconds=20)


async def within_a_while(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(LONG.total_seconds()):
        while not condition():  # noqa: ASYNC110 - the signals arrive on their own
            await asyncio.sleep(0.002)


@pytest.mark.parametrize("number", SIGNALS)
async def test_the_first_signal_tells_it_to_stop_in_order(number: signal.Signals) -> None:
    stopping = Stopping()
    async with stopping.heeded():
        stopping.listen()
        os.kill(os.getpid(), number)
        async with asyncio.timeout(LONG.total_seconds()):
            await stopping.told.wait()
    assert signal.getsignal(number) in {signal.SIG_DFL, signal.default_int_handler}


async def test_the_second_signal_leaves_no_time(caplog: pytest.LogCaptureFixture) -> None:
    stopping, cleaned_up = Stopping(), False
    async with asyncio.timeout(LONG.total_seconds()), stopping.heeded():
        stopping.listen()
        os.kill(os.getpid(), signal.SIGTERM)
        await stopping.told.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        try:
            await asyncio.Event().wait()
        finally:
            # A third one, while it is being ended, does no harm.
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0)
            cleaned_up = True
    assert cleaned_up
    assert "told twice to stop" in caplog.text


async def test_a_time_that_runs_out_inside_is_no_second_signal() -> None:
    with pytest.raises(TimeoutError):
        async with Stopping(asyncio.Event()).heeded():
            raise TimeoutError


async def test_who_is_stopped_by_its_caller_hears_no_signals() -> None:
    told = asyncio.Event()
    stopping = Stopping(told)
    async with stopping.heeded():
        stopping.listen()
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
    assert stopping.told is told


# Last words ----------------------------------------------------------------------------------------
async def test_what_is_to_be_said_is_waited_for(tmp_path: Path) -> None:
    engine = await open_engine(f"sqlite:///{tmp_path / 'desk.db'}", identity="last")
    desk, outbox = Desk(engine), Pulse("outbox")
    try:
        await desk.put(card("p-0"))
        said = False

        async def deliver() -> None:
            nonlocal said
            letter = await desk.letter()
            await asyncio.sleep(SHORT.total_seconds())
            said = await engine.outbox.record(letter.id, letter.attempt, Sent(), now=NOW)
            outbox.took()

        async with asyncio.TaskGroup() as group:
            async with last_words(engine.ledger, outbox, most=LONG):
                group.create_task(deliver())
            assert said
    finally:
        await engine.close()


@pytest.mark.parametrize("limit", ["quiet", "most"])
async def test_what_does_not_get_through_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, limit: str
) -> None:
    monkeypatch.setattr(ending, "_QUIET", SHORT if limit == "quiet" else LONG)
    engine = await open_engine(f"sqlite:///{tmp_path / 'desk.db'}", identity="last")
    try:
        await Desk(engine).put(card("p-0"))
        async with asyncio.timeout(LONG.total_seconds() / 2):
            async with last_words(engine.ledger, Pulse("outbox"), most=SHORT if limit == "most" else LONG):
                pass
        assert "something is left to be said" in caplog.text
    finally:
        await engine.close()


async def test_a_desk_that_falls_has_no_last_words(tmp_path: Path) -> None:
    engine = await open_engine(f"sqlite:///{tmp_path / 'desk.db'}", identity="last")
    try:
        await Desk(engine).put(card("p-0"))
        with pytest.raises(ZeroDivisionError):
            async with last_words(engine.ledger, Pulse("outbox"), most=LONG):
                raise ZeroDivisionError
    finally:
        await engine.close()


async def test_who_does_not_let_itself_be_ended_does_not_keep_the_desk_from_ending(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(supervise, "_ENDING", SHORT)
    begun, let_go = asyncio.Event(), asyncio.Event()

    async def stubborn() -> None:
        begun.set()
        while not let_go.is_set():
            try:
                await let_go.wait()
            except asyncio.CancelledError:
                continue

    async with asyncio.timeout(LONG.total_seconds()):
        async with kept({"stubborn": stubborn}, Turnstile(), grace=SHORT, jitter=lambda: 0.0):
            await begun.wait()
    assert "1 components do not end" in caplog.text
    let_go.set()
    await within_a_while(lambda: len(asyncio.all_tasks()) == 1)
