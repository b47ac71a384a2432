"""Processes: how they end, and that nothing of them is left."""

import asyncio
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from executor import process
from tests.executor.waiting import alive, until

ENV = {"PATH": "/usr/bin:/bin"}
SOON = timedelta(seconds=20)
#: Writes its own and a child's process id, then hangs.
FAMILY = "sleep 60 & echo $$ $! > pids; echo ready; wait"


async def gone(pids: Path) -> bool:
    numbers = [int(pid) for pid in said(pids).split()]
    await until(lambda: not any(map(alive, numbers)))
    return bool(numbers)


def said(file: Path) -> str:
    return file.read_text() if file.exists() else ""


async def test_a_program_gives_its_code_and_both_streams() -> None:
    ended = await process.run(["sh", "-c", "cat; echo no >&2; exit 3"], env=ENV, within=SOON, stdin=b"yes")
    assert ended == process.Exited(3, b"yes", b"no\n")


async def test_the_environment_is_what_was_given() -> None:
    ended = await process.run(["env"], env={**ENV, "A": "1"}, within=SOON)
    assert ended == process.Exited(0, b"PATH=/usr/bin:/bin\nA=1\n", b"")


async def test_a_program_that_ends_by_a_signal_has_a_negative_code() -> None:
    ended = await process.run(["sh", "-c", "kill -9 $$"], env=ENV, within=SOON)
    assert ended == process.Exited(-9, b"", b"")


async def test_a_program_that_reads_nothing_may_be_given_much() -> None:
    ended = await process.run(["true"], env=ENV, within=SOON, stdin=b"x" * 10**6)
    assert ended == process.Exited(0, b"", b"")


async def test_a_program_that_does_not_exist_is_not_started() -> None:
    ended = await process.run(["/no/such/program"], env=ENV, within=SOON)
    assert isinstance(ended, process.NotStarted)


async def test_what_takes_too_long_is_killed_with_its_children(tmp_path: Path) -> None:
    short = timedelta(milliseconds=300)
    ended = await process.run(["sh", "-c", FAMILY], env=ENV, within=short, cwd=tmp_path)
    assert ended == process.TimedOut(short)
    assert await gone(tmp_path / "pids")


async def test_what_writes_too_much_is_killed(tmp_path: Path) -> None:
    ended = await process.run(
        ["sh", "-c", "echo $$ > pids; exec yes"], env=ENV, within=SOON, cwd=tmp_path, most=10**5
    )
    assert ended == process.Flooded(10**5)
    assert await gone(tmp_path / "pids")


async def test_a_cancelled_run_leaves_nothing(tmp_path: Path) -> None:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(process.run(["sh", "-c", FAMILY], env=ENV, within=SOON, cwd=tmp_path))
        await until(lambda: said(tmp_path / "pids").endswith("\n"))
        task.cancel()
    assert await gone(tmp_path / "pids")


@pytest.mark.parametrize("program", ["sleep", "/no/such/program"])
async def test_however_early_it_is_cancelled_nothing_is_left(tmp_path: Path, program: str) -> None:
    for turns in range(12):
        async with asyncio.TaskGroup() as group:
            task = group.create_task(process.run([program, "60"], env=ENV, within=SOON, cwd=tmp_path))
            for _ in range(turns):
                await asyncio.sleep(0)
            task.cancel()
        assert running_in(tmp_path) == []


def running_in(folder: Path) -> list[int]:
    """The processes whose folder is *folder*."""
    found = []
    for process_folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process_folder / "cwd").readlink() == folder:
                found.append(int(process_folder.name))
    return found


async def test_a_long_lived_program_writes_to_its_file_and_stops_when_asked(tmp_path: Path) -> None:
    log = tmp_path / "log"
    script = "trap 'echo bye; exit 4' TERM; echo ready; while :; do sleep 0.01; done"
    child = await process.start(["sh", "-c", script], env=ENV, output=log)
    await until(lambda: said(log) == "ready\n")
    running = child.code
    assert running is None
    assert await child.stop() == 4
    assert (child.code, await child.wait()) == (4, 4)
    assert said(log).endswith("bye\n")


async def test_a_long_lived_program_that_ignores_the_request_is_killed_with_its_children(
    tmp_path: Path,
) -> None:
    script = f"trap '' TERM; {FAMILY}"
    child = await process.start(["sh", "-c", script], env=ENV, output=tmp_path / "log", cwd=tmp_path)
    await until(lambda: said(tmp_path / "log") == "ready\n")
    assert await child.stop(grace=timedelta(milliseconds=50)) == -9
    assert await gone(tmp_path / "pids")


async def test_a_long_lived_program_that_cannot_start_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        await process.start(["/no/such/program"], env=ENV, output=tmp_path / "log")


async def test_many_at_once_do_not_mix() -> None:
    async def one(number: int) -> process.Ended:
        code = f"import sys; sys.stdout.write(sys.stdin.read()); sys.exit({number})"
        return await process.run(
            [sys.executable, "-I", "-S", "-c", code], env=ENV, within=SOON, stdin=b"%d" % number
        )

    ended = await asyncio.gather(*map(one, range(8)))
    assert ended == [process.Exited(number, b"%d" % number, b"") for number in range(8)]


# A program on standby ------------------------------------------------------------------------------
def test_a_program_may_wait_for_its_input_while_others_work() -> None:
    program = process.Standby(["sh", "-c", "cat; echo no >&2; exit 3"], env=ENV)
    program.feed(b"late")
    assert program.ended(within=SOON) == process.Exited(3, b"late", b"no\n")
    program.close()


def test_what_its_pipe_does_not_hold_is_read_in_the_end() -> None:
    program = process.Standby(["sh", "-c", "sleep 0.1; wc -c"], env=ENV)
    program.feed(b"x" * 10**6)
    assert program.ended(within=SOON) == process.Exited(0, b"1000000\n", b"")
    program.close()


def test_a_program_on_standby_may_end_without_a_look_at_its_input() -> None:
    program = process.Standby(["true"], env=ENV)
    program.feed(b"x" * 10**6)
    assert program.ended(within=SOON) == process.Exited(0, b"", b"")
    program.close()


def test_a_program_on_standby_that_takes_too_long_is_gone_when_it_is_closed() -> None:
    short = timedelta(milliseconds=100)
    program = process.Standby(["sleep", "60"], env=ENV)
    program.feed(b"")
    assert program.ended(within=short) == process.TimedOut(short)
    program.close()
    assert not alive(program._program.pid)


async def test_a_program_on_standby_can_be_killed_while_a_thread_waits_for_it() -> None:
    program = process.Standby(["sleep", "60"], env=ENV)
    program.feed(b"")
    waiting = asyncio.create_task(asyncio.to_thread(program.ended, within=SOON))
    program.kill()
    assert await waiting == process.Exited(-9, b"", b"")
    program.close()


def test_a_program_that_does_not_exist_cannot_be_on_standby() -> None:
    with pytest.raises(FileNotFoundError):
        process.Standby(["/no/such/program"], env=ENV)
