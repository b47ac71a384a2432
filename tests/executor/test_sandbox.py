"""The sandbox: what a program gets, what it cannot do, and that nothing of it is left."""

import asyncio
import gc
import os
import signal
import socket
import sys
from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.settings import SandboxSettings
from executor import process
from executor.sandbox import attacks, supervised
from executor.sandbox.level import (
    Ended,
    Exited,
    Flooded,
    Job,
    NoSandbox,
    NotStarted,
    Signalled,
    TimedOut,
)
from executor.sandbox.nursery import Nursery
from executor.sandbox.probe import Chosen, Lack, best, choose, probe
from executor.sandbox.supervised import Supervised
from executor.sandbox.supervisor import _children as children_of
from tests.executor.waiting import alive, until

LONG = timedelta(seconds=20)
SHORT = timedelta(milliseconds=300)
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="a second user needs root")


@pytest.fixture(params=[0, pytest.param(1, marks=needs_root)], ids=["level-0", "level-1"])
def at(request: pytest.FixtureRequest, sandbox: Supervised) -> Supervised:
    """The sandbox at each level that this machine can have."""
    quick = replace(sandbox, grace=SHORT)
    return replace(quick, level=0, owner=None) if request.param == 0 else quick


@pytest.fixture
def place(tmp_path: Path, at: Supervised) -> Path:
    """A folder that the program may write to."""
    if at.owner is not None:
        os.chown(tmp_path, at.owner, at.owner)
    return tmp_path


def shell(script: str, cwd: Path = Path("/"), within: timedelta = LONG) -> Job:
    return Job(("/bin/sh", "-c", script), cwd, {"PATH": "/usr/bin:/bin"}, within)


async def run(sandbox: Supervised, script: str, cwd: Path = Path("/"), within: timedelta = LONG) -> Ended:
    return await sandbox.run(shell(script, cwd, within))


def pids(place: Path) -> list[int]:
    return [int(word) for file in place.glob("pid*") for word in file.read_text().split()]


# What a program gets -------------------------------------------------------------------------------
async def test_a_program_says_its_code_and_everything_it_printed_in_order(at: Supervised) -> None:
    ended = await run(at, "echo out; echo err >&2; echo out; exit 7")
    assert (ended.how, ended.output, ended.dropped) == (Exited(7), "out\nerr\nout\n", 0)
    assert timedelta() < ended.took < LONG


async def test_its_environment_is_only_what_it_was_given(
    at: Supervised, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLACK_BOT_TOKEN", "xoxb-secret")
    ended = await at.run(Job(("env",), Path("/"), {"PATH": "/usr/bin:/bin", "A": "\u00e9"}, LONG))
    assert sorted(ended.output.split()) == ["A=\u00e9", "PATH=/usr/bin:/bin"]


async def test_it_runs_in_its_folder_in_a_session_of_its_own_and_reads_nothing(
    at: Supervised, place: Path
) -> None:
    ended = await run(at, "pwd; cat; cut -d' ' -f1,6 /proc/$$/stat", place)
    folder, ids = ended.output.splitlines()
    assert folder == str(place)
    pid, session = ids.split()
    assert pid == session


async def test_it_inherits_no_open_files(at: Supervised) -> None:
    secret = os.open("/etc/hostname", os.O_RDONLY)
    os.set_inheritable(secret, True)
    ended = await at.run(Job(("ls", "-l", "/proc/self/fd"), Path("/"), {"PATH": "/usr/bin:/bin"}, LONG))
    os.close(secret)
    held = [line.split()[-3:] for line in ended.output.splitlines()[1:]]
    assert [words[0] for words in held] == ["0", "1", "2", "3"]  # 3 is the folder that ls reads
    assert held[0][-1] == "/dev/null"
    assert held[3][-1].startswith("/proc/")


async def test_signals_are_as_every_program_expects_them(at: Supervised) -> None:
    ended = await run(at, "grep -E 'Sig(Ign|Blk)' /proc/self/status")
    masks = [int(line.split()[1], 16) for line in ended.output.splitlines()]
    assert len(masks) == 2
    # 32 and 33 belong to the C library: it leaves them as it likes, and lets no program touch them.
    assert [mask & ~(0b11 << 31) for mask in masks] == [0, 0]


@needs_root
async def test_at_level_1_it_is_another_user_without_groups_or_ways_to_more_rights(
    sandbox: Supervised,
) -> None:
    ended = await run(sandbox, "id -u; id -g; id -G; grep NoNewPrivs /proc/self/status; umask")
    uid = str(sandbox.owner)
    assert ended.output.split() == [uid, uid, uid, "NoNewPrivs:", "1", "0022"]


async def test_resources_are_limited(at: Supervised, place: Path) -> None:
    small = replace(at, caps=replace(at.caps, file_size=1000_000, memory=200 * 1024 * 1024))
    ended = await run(small, "ulimit -c; head -c 2000000 /dev/zero > big; echo $?; wc -c < big", place)
    core, code, size = ended.output.split()[-3:] if "exceeded" not in ended.output else ("0", "153", "999424")
    assert (core, code) == ("0", "153")
    assert int(size) <= 1000_000
    hog = Job(
        (sys.executable if at.owner is None else "/usr/bin/python3", "-c", "x = 'x' * 10**9"),
        Path("/"),
        {},
        LONG,
    )
    assert "MemoryError" in (await small.run(hog)).output


@pytest.mark.parametrize(
    ("argv", "cwd", "detail"),
    [
        (("no-such-program",), "/", "No such file"),
        (("/etc/passwd",), "/", "Permission denied"),
        (("true",), "/no/such/folder", "No such file"),
        (("nul\0",), "/", "embedded null"),
    ],
)
async def test_what_cannot_start_says_why(
    at: Supervised, argv: tuple[str, ...], cwd: str, detail: str
) -> None:
    ended = await at.run(Job(argv, Path(cwd), {"PATH": "/usr/bin:/bin"}, LONG))
    assert isinstance(ended.how, NotStarted)
    assert detail in ended.how.detail


# How it ends ---------------------------------------------------------------------------------------
async def test_a_program_that_dies_by_a_signal_is_told_apart_from_one_that_says_no(at: Supervised) -> None:
    assert (await run(at, "kill -SEGV $$")).how == Signalled(signal.SIGSEGV)
    assert (await run(at, "sh -c 'kill -SEGV $$'; exit 139")).how == Exited(139)


async def test_a_program_that_takes_too_long_is_asked_first(at: Supervised) -> None:
    ended = await run(
        at, "trap 'echo asked; exit 0' TERM; echo begun; while :; do sleep 0.01; done", within=SHORT
    )
    assert ended.how == TimedOut()
    assert ended.output.startswith("begun\n")
    assert "asked" in ended.output


async def test_a_program_that_will_not_end_is_killed_with_all_it_started(at: Supervised, place: Path) -> None:
    script = """
        trap '' TERM
        (trap '' TERM; echo $$ > pid1; setsid sh -c 'trap "" TERM; echo $$ > pid2; sleep 60') &
        sleep 60 & echo $! > pid3
        wait; sleep 60
    """
    ended = await run(at, script, place, within=timedelta(seconds=1))
    assert ended.how == TimedOut()
    assert len(pids(place)) == 3
    assert not any(map(alive, pids(place)))


async def test_a_daemon_that_holds_the_output_open_neither_hangs_the_gate_nor_survives_it(
    at: Supervised, place: Path
) -> None:
    daemon = 'echo $$ > pid1; trap "" HUP TERM; sleep 60'
    script = f"setsid sh -c '{daemon}' & while [ ! -s pid1 ]; do :; done; echo done"
    ended = await run(at, script, place)
    assert (ended.how, ended.output) == (Exited(0), "done\n")
    assert ended.took < timedelta(seconds=10)
    assert pids(place)
    assert not any(map(alive, pids(place)))


async def test_a_daemon_that_left_its_parents_is_found_all_the_same(at: Supervised, place: Path) -> None:
    """Twice forked and in its own session: only its reaper knows it."""
    daemon = "echo $$ > pid1; sleep 60 & echo $! > pid2; wait"
    script = f"(setsid sh -c '{daemon}' &); while [ ! -s pid2 ]; do :; done"
    ended = await run(at, script, place)
    assert ended.how == Exited(0)
    assert len(pids(place)) == 2
    assert not any(map(alive, pids(place)))


@needs_root
async def test_a_fork_bomb_is_contained_and_swept_up(sandbox: Supervised) -> None:
    # Of a user that nobody else on this machine runs anything as.
    few = replace(sandbox, owner=50_000 + os.getpid() % 10_000, grace=SHORT)
    few = replace(few, caps=replace(few.caps, processes=40))
    bomb = "b() { b | b & }; b; sleep 0.2; exec sleep 60"
    ended = await run(few, bomb, within=timedelta(seconds=1))
    assert not isinstance(ended.how, Exited) or ended.how.code
    assert await asyncio.to_thread(_processes_of, few.owner) == []


def _processes_of(uid: int | None) -> list[int]:
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdecimal() and folder.stat().st_uid == uid and alive(int(folder.name)):
                found.append(int(folder.name))
        except FileNotFoundError:
            pass
    return found


async def test_a_flood_is_cut_off_and_its_two_ends_are_kept(at: Supervised) -> None:
    small = replace(at, caps=replace(at.caps, output=1_000_000))
    ended = await run(small, "echo first; while :; do echo filler filler filler; done")
    assert ended.how == Flooded(1_000_000)
    assert ended.output.startswith("first\n")
    assert "\n[...]\n" in ended.output
    assert ended.dropped > 1_000_000 - supervised.KEPT
    assert len(ended.output) <= supervised.KEPT + 10


async def test_of_much_output_head_and_tail_are_kept(at: Supervised) -> None:
    ended = await run(at, "echo first; head -c 200000 /dev/zero | tr '\\0' x; echo; echo last")
    assert ended.how == Exited(0)
    assert ended.output.startswith("first\nxxx")
    assert ended.output.endswith("xxx\nlast\n")
    assert len(ended.output) == supervised.KEPT + len("\n[...]\n")
    assert ended.dropped == len("first\n") + 200000 + len("\nlast\n") - supervised.KEPT


async def test_output_that_is_no_text_is_shown_as_far_as_it_can_be(at: Supervised) -> None:
    ended = await run(at, "printf 'a\\377b\\000c\\n'")
    assert ended.output == "a\ufffdb\0c\n"


# When the desk lets go -----------------------------------------------------------------------------
async def test_a_cancelled_gate_is_gone_before_anybody_goes_on(at: Supervised, place: Path) -> None:
    script = "trap '' TERM; setsid sleep 60 & echo $$ $! > pid1; wait"
    async with asyncio.TaskGroup() as group:
        task = group.create_task(run(at, script, place))
        await until(lambda: len(pids(place)) == 2)
        task.cancel()
    assert not any(map(alive, pids(place)))


async def test_a_gate_ends_with_the_desk_even_if_the_desk_is_killed(at: Supervised, place: Path) -> None:
    """Another process runs the gate and is killed with no chance to say anything."""
    script = "trap '' TERM; setsid sleep 60 & echo $$ $! > pid1; wait"
    code = f"""
import asyncio
from datetime import timedelta
from pathlib import Path
from executor.sandbox.level import Job
from executor.sandbox.supervised import Caps, Supervised
sandbox = Supervised({at.level}, {at.owner}, Caps(2**32, 2**30, 512, 2**24))
job = Job(("/bin/sh", "-c", {script!r}), Path({str(place)!r}), {{"PATH": "/bin"}}, timedelta(days=60))
asyncio.run(sandbox.run(job))
"""
    root = str(Path(__file__).parents[2])
    desk = await process.start(
        [sys.executable, "-c", code], env={"PYTHONPATH": root}, output=place / "log", cwd=Path("/")
    )
    await until(lambda: len(pids(place)) == 2)
    os.kill(desk.pid, signal.SIGKILL)
    await desk.wait()
    await until(lambda: not any(map(alive, pids(place))))


async def trouble(running: Awaitable[Ended]) -> str:
    """What the sandbox stumbled over."""
    try:
        return f"nothing: {await running}"
    except OSError as error:
        return str(error)


async def test_a_gate_ends_with_its_supervisor(at: Supervised, place: Path) -> None:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(trouble(run(at, "echo $$ $PPID > pid1; exec sleep 60", place)))
        await until(lambda: len(pids(place)) == 2)
        gate, parent = pids(place)
        os.kill(parent, signal.SIGKILL)
    assert "supervisor failed" in task.result()
    await until(lambda: not alive(gate))


async def test_a_supervisor_that_is_asked_to_end_takes_its_gate_along(at: Supervised, place: Path) -> None:
    async with asyncio.TaskGroup() as group:
        task = group.create_task(trouble(run(at, "echo $$ $PPID > pid1; exec sleep 60", place)))
        await until(lambda: len(pids(place)) == 2)
        gate, parent = pids(place)
        os.kill(parent, signal.SIGTERM)
    assert "abandoned" in task.result()
    assert not alive(gate)


async def test_a_supervisor_that_could_not_end_everything_is_trouble(
    at: Supervised, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unclean(*_args: object, **_rest: object) -> bytes:
        return b'{"how": "exited", "code": 0, "clean": false}'

    monkeypatch.setattr(Nursery, "supervise", unclean)
    with pytest.raises(OSError, match="could not be ended"):
        await run(at, "true")


async def test_a_nursery_ends_with_whoever_started_it(at: Supervised) -> None:
    own = replace(at, nursery=Nursery())
    assert (await run(own, "true")).how == Exited(0)
    pid = own.nursery.pid
    assert alive(pid)
    del own
    gc.collect()
    assert not alive(pid)


async def test_a_nursery_that_was_killed_is_replaced(at: Supervised) -> None:
    await run(at, "true")
    killed = at.nursery.pid
    os.kill(killed, signal.SIGKILL)
    await until(lambda: not alive(killed))
    assert (await run(at, "true")).how == Exited(0)
    assert at.nursery.pid != killed


async def who_waits(at: Supervised) -> tuple[int, int]:
    """The supervisor that waits for the next job, and its child that will be the gate."""
    await until(lambda: len(children_of(at.nursery.pid)) == 1)
    (waiting,) = children_of(at.nursery.pid)
    await until(lambda: len(children_of(waiting)) == 1)
    (becoming,) = children_of(waiting)
    return waiting, becoming


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
async def test_whoever_waits_for_a_job_is_replaced_when_it_dies(at: Supervised, end: signal.Signals) -> None:
    await run(at, "true")
    waiting, _ = await who_waits(at)
    os.kill(waiting, end)
    await until(lambda: not alive(waiting))
    assert (await run(at, "true")).how == Exited(0)


async def test_a_gate_whose_process_died_before_its_job_is_no_word_on_the_gate(at: Supervised) -> None:
    await run(at, "true")
    _, becoming = await who_waits(at)
    os.kill(becoming, signal.SIGKILL)
    await until(lambda: not alive(becoming))
    with pytest.raises(OSError, match="is gone"):
        await run(at, "true")
    assert (await run(at, "true")).how == Exited(0)


async def test_nobody_waits_for_ever_for_a_supervisor_that_does_not_answer(at: Supervised) -> None:
    await run(at, "true")
    waiting, _ = await who_waits(at)
    os.kill(waiting, signal.SIGSTOP)
    short = timedelta(milliseconds=50)
    try:
        assert await at.nursery.supervise(b"{}\n", within=short, slack=short) == b"it took too long"
    finally:
        os.kill(waiting, signal.SIGKILL)
    assert (await run(at, "true")).how == Exited(0)


async def test_a_supervisor_without_a_job_ends(at: Supervised) -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        at.nursery._hand_over(theirs)
        theirs.close()
        pid = int(await asyncio.to_thread(ours.recv, 100))
        ours.shutdown(socket.SHUT_WR)
        await until(lambda: not alive(pid))


# Which levels there are ----------------------------------------------------------------------------
async def test_the_highest_level_that_holds_is_chosen() -> None:
    chosen = await choose(SandboxSettings())
    assert isinstance(chosen, Chosen)
    assert [found.level for found in chosen.probes] == [0, 1, 2, 3, 4]
    assert chosen.probes[0].stops
    assert chosen.probes[1].stops is (os.geteuid() == 0)
    held = [found.level for found in chosen.probes if found.stops]
    assert chosen.sandbox.level == held[-1] == (await best(SandboxSettings())).level
    assert all(found.detail for found in chosen.probes if not found.stops)


async def test_without_root_there_is_no_second_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    chosen = await choose(SandboxSettings())
    assert isinstance(chosen, Chosen)
    assert (chosen.probes[1].stops, chosen.probes[1].lacks) == (False, Lack.ROOT)
    assert chosen.sandbox.level != 1


async def test_a_level_that_lets_its_attack_through_does_not_count(at: Supervised) -> None:
    """Called level 1, but for want of a second user it can read the desk's files and fork without end."""
    fraud = replace(at, level=1, owner=0 if os.geteuid() == 0 else os.getuid())
    if os.geteuid() != 0:
        pytest.skip("only root can pretend to change its user")
    found = await probe(fraud)
    assert not found.stops
    assert "a file of the desk's was read" in found.detail
    assert "a fork bomb" in found.detail


@pytest.mark.skipif(os.geteuid() != 0, reason="without root gates have the desk's own user")
async def test_a_bubblewrap_out_of_reach_is_not_taken_for_a_want_of_namespaces(
    at: Supervised, tmp_path: Path
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    bwrap = closed / "bwrap"
    bwrap.touch(0o755)
    found = await probe(replace(at, level=3, owner=SandboxSettings().uid, bwrap=str(bwrap)))
    assert found.lacks is Lack.BUBBLEWRAP
    assert "Permission denied" in found.detail


async def test_on_a_machine_where_nothing_runs_no_level_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(attacks, "_SHELL", "/no/such/shell")
    probes = await choose(SandboxSettings())
    assert not isinstance(probes, Chosen)
    assert not any(found.stops for found in probes)
    assert "No such file" in probes[0].detail


async def test_a_supervisor_that_does_not_start_holds_no_level(
    at: Supervised, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", "/no/python")
    found = await probe(at)
    assert (found.level, found.stops) == (at.level, False)
    assert "supervisor failed" in found.detail


async def test_no_sandbox_runs_nothing() -> None:
    ended = await NoSandbox("why").run(shell("true"))
    assert ended.how == NotStarted("why")


# What a program leaves ------------------------------------------------------------------------------
async def test_what_a_program_left_is_there_until_it_was_looked_at_and_the_folder_as_it_was(
    box: Supervised | None, tmp_path: Path
) -> None:
    if box is None:
        pytest.skip("there are no overlays to be had here")
    tmp_path.chmod(0o777)
    (tmp_path / "a").touch()
    job = shell("echo new > b; rm a; (sleep 60; echo late > b) &", tmp_path)
    async with box.kept(job) as (ended, left):
        assert ended.how == Exited(0)
        assert left is not None
        with os.scandir(left.folder) as entries:
            assert (left.layer, sorted(each.name for each in entries)) == (True, ["a", "b"])
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(left.folder)


async def test_nobody_but_the_desk_has_what_was_handed_out(box: Supervised | None, tmp_path: Path) -> None:
    if box is None:
        pytest.skip("there are no overlays to be had here")
    tmp_path.chmod(0o777)
    async with box.kept(shell("ls /proc/self/fd", tmp_path)) as (ended, left):
        assert left is not None
        assert ended.output.split() == ["0", "1", "2", "3"]  # 3 is the folder that ls reads


async def test_a_program_that_never_came_to_its_folder_left_nothing(
    at: Supervised, box: Supervised | None, tmp_path: Path
) -> None:
    async with NoSandbox("why").kept(shell("true")) as (ended, left):
        assert (ended.how, left) == (NotStarted("why"), None)
    if box is not None:
        async with box.kept(shell("true", tmp_path / "missing")) as (ended, left):
            assert isinstance(ended.how, NotStarted)
            assert left is None
    async with at.kept(shell("exit 1", tmp_path)) as (ended, left):
        assert ended.how == Exited(1)
        assert left is not None
        assert not left.layer
