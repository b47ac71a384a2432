"""Wake-ups with the safety poll out of the way: what is woken here is woken by the commit itself."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.ports import Engine, Sent, Work
from executor.engine import is_worked_on, open_engine
from executor.engine.sqlite import wake
from executor.engine.sqlite.wake import Bell
from tests.engine.given import LEASE, NOW, Desk, after, asked, card, edit, retry_at, summary
from tests.engine.waiting import DEADLINE, Watched, clock, running, until

Doing = Callable[[Desk], Awaitable[object]]


@pytest.fixture(autouse=True)
def _no_poll(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wake, "SAFETY_POLL", timedelta(hours=1))


async def nothing(_: Desk) -> None:
    pass


async def one_runs(desk: Desk) -> None:
    await desk.settle(asked("p-1"), asked("p-2"))
    await desk.start()


async def one_waits(desk: Desk) -> None:
    await desk.settle(asked("p-1"))
    await desk.finish(await desk.start(), retry_at(after(5)))


async def a_card_is_sent(desk: Desk) -> None:
    await desk.put(card("p-1"), summary("p-1"))
    await desk.letter()


async def finish(desk: Desk) -> None:
    await desk.finish(await desk.patch("p-1"), told=(edit("p-1"),))


async def record_sent(desk: Desk) -> None:
    await desk.engine.outbox.record(1, 1, Sent(), now=NOW)


@pytest.mark.parametrize(
    ("given", "doing", "works"),
    [
        (nothing, lambda desk: desk.record(), {Work.INBOX}),
        (nothing, lambda desk: desk.settle(asked("p-1")), {Work.INBOX, Work.LANES}),
        (nothing, lambda desk: desk.settle(told=[card("p-1")]), {Work.INBOX, Work.OUTBOX}),
        (nothing, lambda desk: desk.put(card("p-1")), {Work.OUTBOX}),
        (one_runs, finish, {Work.LANES, Work.OUTBOX}),
        (one_runs, lambda desk: desk.engine.lanes.tend(now=NOW + LEASE), {Work.LANES}),
        (one_waits, lambda desk: desk.engine.lanes.tend(now=after(5)), {Work.LANES}),
        (a_card_is_sent, record_sent, {Work.OUTBOX}),
    ],
    ids=["record", "settle", "settle-told", "put", "finish", "rescue", "come-due", "sent"],
)
async def test_a_verb_wakes_those_it_has_work_for(
    engine: Engine, given: Doing, doing: Doing, works: set[Work]
) -> None:
    desk = Desk(engine)
    await given(desk)
    turns = {work: Watched() for work in Work}
    async with (
        running(engine, Work.INBOX, turns[Work.INBOX], at=NOW),
        running(engine, Work.LANES, turns[Work.LANES], at=NOW),
        running(engine, Work.OUTBOX, turns[Work.OUTBOX], at=NOW),
    ):
        # Lanes are tended at the start, and then their turns are called once more.
        await until(lambda: turns[Work.LANES].calls == 2)
        before = {work: await turn.idle() for work, turn in turns.items()}
        await doing(desk)
        await until(lambda: all(turns[work].calls > before[work] for work in works))
        assert {work for work in Work if turns[work].calls > before[work]} == works


async def test_another_processs_commit_is_heard(tmp_path: Path) -> None:
    folder = tmp_path / ("a folder whose name is longer than the address of a socket may be" * 2)
    url = f"sqlite:///{folder / 'desk.db'}"
    engine = await open_engine(url, identity="one")
    turn = Watched()
    async with running(engine, Work.INBOX, turn):
        calls = await turn.idle()
        program = [sys.executable, "-m", "tests.engine.another_process", url, "record", "3"]
        await asyncio.to_thread(subprocess.run, program, check=True, timeout=DEADLINE)
        await until(lambda: turn.calls > calls)
    await engine.close()


async def test_a_nudge_before_another_comes_first(engine: Engine) -> None:
    turn = Watched()
    async with running(engine, Work.OUTBOX, turn):
        calls = await turn.idle()
        await engine.nudge(Work.OUTBOX, at=clock() + timedelta(hours=1))
        await engine.nudge(Work.OUTBOX, at=clock() + timedelta(milliseconds=50))
        await until(lambda: turn.calls > calls)


async def test_sockets_of_dead_processes_are_removed(engine: Engine, url: str, tmp_path: Path) -> None:
    folder = tmp_path / "desk.db-wake"
    dead = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    dead.bind(str(folder / "12345-0"))
    dead.close()
    assert not is_worked_on(url)
    await Desk(engine).record()
    await until(lambda: not list(folder.iterdir()))


async def test_a_name_that_is_taken_is_not_taken_over(engine: Engine, url: str, tmp_path: Path) -> None:
    taken = tmp_path / "desk.db-wake" / f"{os.getpid()}-0"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
        other.bind(str(taken))
        turn = Watched()
        async with running(engine, Work.INBOX, turn):
            await turn.idle()
            await Desk(engine).record()
            assert await asyncio.to_thread(other.recv, 256) == b"inbox 1"
            assert is_worked_on(url)


async def test_a_store_is_worked_on_while_somebody_runs(engine: Engine, url: str) -> None:
    assert not is_worked_on(url)
    turn = Watched()
    async with running(engine, Work.INBOX, turn):
        await turn.idle()
        assert is_worked_on(url)


async def test_words_of_a_later_release_are_not_understood_and_do_no_harm(
    engine: Engine, tmp_path: Path
) -> None:
    turn = Watched()
    async with running(engine, Work.INBOX, turn):
        calls = await turn.idle()
        (name,) = (tmp_path / "desk.db-wake").iterdir()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as other:
            other.sendto(b"reports 1\ninbox 1", str(name))
            await until(lambda: turn.calls > calls)


async def test_a_ring_between_looking_and_waiting_is_not_missed() -> None:
    bell = Bell()
    heard = bell.rings
    bell.ring(1)
    async with asyncio.timeout(DEADLINE):
        await bell.wait(heard)


async def test_a_ring_wakes_as_many_as_there_are_units() -> None:
    bell = Bell()
    waiting = [asyncio.create_task(bell.wait(0)) for _ in range(4)]
    await asyncio.sleep(0)
    waiting[0].cancel()
    await asyncio.sleep(0)
    bell.ring(2)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [task.done() and not task.cancelled() for task in waiting] == [False, True, True, False]
    bell.ring_for_all()
    await waiting[3]
