"""Attacks on every level that this machine has, and the table in the decision that says which stop them.

An attack is tried from the level that stops it upwards, and on the one just below, where it has to get
through: what no level lets through would prove nothing. A level that does not hold here is skipped with
the reason.
"""

import asyncio
import os
import re
import signal
import socket
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts.settings import SandboxSettings
from executor import process
from executor.sandbox import attacks
from executor.sandbox import probe as probing
from executor.sandbox.level import Ended, Exited, Job, Signalled, Silent
from executor.sandbox.supervised import Supervised
from executor.sandbox.supervisor import _children as children_of
from executor.sandbox.supervisor import _descendants as descendants_of
from tests.executor.waiting import until

DECISION = (Path(__file__).parents[2] / "docs/decisions/0005-sandbox-levels.md").read_text(encoding="utf-8")
LEVELS = (0, 1, 2, 3, 4)
LONG = timedelta(seconds=20)
PYTHON = "/usr/bin/python3"
SECRET = "open sesame"


@dataclass(frozen=True, slots=True)
class Place:
    """What an attack has: a sandbox, the workspace in it, and a folder of the desk's that is not for it."""

    sandbox: Supervised
    tree: Path
    scratch: Path
    private: Path

    async def sh(self, script: str, **options: Any) -> Ended:
        return await self._run(("/bin/sh", "-c", script), **options)

    async def python(self, script: str, **options: Any) -> Ended:
        return await self._run((PYTHON, "-c", script), **options)

    async def _run(self, argv: tuple[str, ...], *, within: timedelta = LONG, **options: Any) -> Ended:
        env = {"PATH": "/usr/bin:/bin", "HOME": f"{self.scratch}/home", "TMPDIR": f"{self.scratch}/tmp"}
        job = Job(argv, self.tree, env, within, self.scratch, **options)
        return await self.sandbox.run(job)


#: Whether it got through.
Attack = Callable[[Place], Awaitable[bool]]


#: By level, whether it holds, and what to run programs in if it does.
Tried = Mapping[int, tuple[probing.Probed, Supervised | None]]


@pytest.fixture(scope="session")
def tried() -> Tried:
    async def every() -> list[tuple[probing.Probed, Supervised | None]]:
        return await asyncio.gather(*map(probing._try, probing._candidates(SandboxSettings())))

    return dict(enumerate(asyncio.run(every())))


@pytest.fixture
def at(tried: Tried, tmp_path: Path) -> Callable[[int], Place]:
    def place(level: int) -> Place:
        probed, sandbox = tried[level]
        if sandbox is None:
            pytest.skip(f"level {level} does not hold here: {probed.detail}")
        tree, scratch, private = (tmp_path / name for name in ("tree", "scratch", "private"))
        for folder in (tree, scratch / "home", scratch / "tmp", private):
            folder.mkdir(parents=True)
        (tree / "a").write_text("a\n")
        if sandbox.owner is not None:
            for path in (tree, tree / "a", scratch, scratch / "home", scratch / "tmp"):
                os.chown(path, sandbox.owner, sandbox.owner)
        return Place(replace(sandbox, grace=timedelta(milliseconds=300)), tree, scratch, private)

    return place


# Attacks -----------------------------------------------------------------------------------------
def as_probed(attack: attacks.Attack) -> Attack:
    """One of those that every desk tries at its start."""

    async def run(place: Place) -> bool:
        return bool(await attack(place.sandbox))

    return run


async def read_a_key(place: Place) -> bool:
    """As `~/.ssh` lies there: closed to others, under a path that is known."""
    key = place.private / ".ssh/id_ed25519"
    key.parent.mkdir(0o700)
    key.write_text(SECRET)
    key.chmod(0o600)
    ended = await place.sh(f"cat {key} || cat /proc/{os.getpid()}/cwd/{key} /proc/{os.getpid()}/root/{key}")
    return SECRET in ended.output


async def read_the_desks_environment(place: Place) -> bool:
    code = "import sys; print('up', flush=True); sys.stdin.read()"
    desk = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, env={"TOKEN": SECRET}, stdin=-1, stdout=-1
    )
    assert desk.stdin is not None
    assert desk.stdout is not None
    await desk.stdout.readline()
    ended = await place.sh(f"cat /proc/{desk.pid}/environ; cat /proc/*/environ")
    desk.stdin.close()
    await desk.wait()
    return SECRET in ended.output


async def kill_the_desk(place: Place) -> bool:
    """Not this one, of course: another process of the same user."""
    desk = await process.start(["/bin/sleep", "60"], env={}, output=place.private / "log")
    try:
        return "killed" in (await place.sh(f"kill -KILL {desk.pid} && echo killed")).output
    finally:
        await desk.stop()


async def write_where_everybody_may(place: Place) -> bool:
    place.private.chmod(0o777)
    (place.private / "old").write_text("old")
    (place.private / "old").chmod(0o666)
    private = place.private
    await place.sh(f"echo x > {private}/new; echo x > {private}/old; ln -s {private} link; echo x > link/l")
    left = {path.name for path in private.iterdir()}
    return left != {"old"} or (private / "old").read_text() != "old"


async def cut_a_file_to_nothing(place: Place) -> bool:
    place.private.chmod(0o777)
    file = place.private / "old"
    file.write_text("old")
    file.chmod(0o666)
    await place.python(f"import os; os.truncate({str(file)!r}, 0)")
    return file.read_text() != "old"


async def speak_to_a_socket(place: Place) -> bool:
    """As to that of a container daemon, which is open to a group or to everybody."""
    path = place.private / "socket"
    place.private.chmod(0o777)
    return await _spoken(place, str(path), str(path))


async def speak_to_an_abstract_socket(place: Place) -> bool:
    name = f"patchdesk-test-{os.getpid()}"
    return await _spoken(place, f"\0{name}", f"\\0{name}")


async def _spoken(place: Place, address: str, spelled: str) -> bool:
    with closing(socket.socket(socket.AF_UNIX)) as server:
        server.bind(address)
        if address.startswith("/"):
            Path(address).chmod(0o777)
        server.listen()
        server.setblocking(False)
        script = f"import socket; s = socket.socket(socket.AF_UNIX); s.connect('{spelled}')"
        await place.python(script)
        try:
            server.accept()[0].close()
        except BlockingIOError:
            return False
    return True


async def speak_raw(place: Place) -> bool:
    """Past all addresses: a socket that sees and sends whole frames."""
    ended = await place.python("import socket as s; print(s.socket(s.AF_PACKET, s.SOCK_RAW).getsockname())")
    if ended.how != Exited(0):
        return False
    devices = await place.sh("cat /proc/net/dev")
    return len(devices.output.splitlines()) > 3


async def mount_anew(place: Place) -> bool:
    """What is read-only read-write, here and in a namespace that gives every right."""
    code = f"""
import ctypes, os
libc = ctypes.CDLL(None)
def mounts():
    return libc.mount(b"tmpfs", {str(place.tree)!r}.encode(), b"tmpfs", 0, None) == 0 or \\
        libc.mount(b"none", b"/", None, 0x20 | 0x1000, None) == 0
libc.unshare(0x20000)
if os.geteuid() != 0 and not mounts():
    uid = os.getuid()
    libc.unshare(0x10000000 | 0x20000)
    open("/proc/self/setgroups", "w").write("deny")
    open("/proc/self/uid_map", "w").write(f"0 {{uid}} 1")
print("mounted" if mounts() else "refused")
"""
    return "mounted" in (await place.python(code)).output


async def outlive_its_supervisor(place: Place) -> bool:
    """A daemon that has left its parents, when whoever would sweep it up is killed with no chance to."""
    word = f"outlives-{place.tree.parent.name}"
    script = f"(setsid sh -c 'sleep 30; : {word}' &); exec sleep 30"
    task = asyncio.ensure_future(place.sh(script))
    await until(lambda: attacks._running(word) is not None)
    # One more waits for the next job.
    supervisor = next(
        pid
        for pid in children_of(place.sandbox.nursery.pid)
        if attacks._running(word) in set(descendants_of(pid))
    )
    os.kill(supervisor, signal.SIGKILL)
    with pytest.raises(OSError, match="supervisor"):
        await task
    try:
        await until(lambda: attacks._running(word) is None, within=timedelta(seconds=2))
    except TimeoutError:
        left = attacks._running(word)
        assert left is not None
        os.killpg(os.getpgid(left), signal.SIGKILL)
        return True
    return False


async def eat_memory_alone(place: Place) -> bool:
    """In one process, more than a process may have."""
    small = replace(
        place, sandbox=replace(place.sandbox, caps=replace(place.sandbox.caps, memory=200 * 1024**2))
    )
    return "had" in (await small.python("x = b'x' * 10**9; print('had')")).output


@dataclass(frozen=True, slots=True)
class Row:
    """An attack and the lowest level that stops it.

    *by_user*: at level 2 that takes a second user, as at level 1. *through_namespaces*: on a machine without
    user namespaces it gets through nowhere.
    """

    what: str
    least: int
    attack: Attack
    by_user: bool = False
    through_namespaces: bool = False


TABLE = (
    Row("ignoring SIGTERM", 0, as_probed(attacks.hang)),
    Row("endless output", 0, as_probed(attacks.flood)),
    Row("inheriting the desk's environment", 0, as_probed(attacks.spy)),
    Row("a daemon that left its parents", 0, as_probed(attacks.daemon)),
    Row("a process that eats memory", 0, eat_memory_alone),
    Row("reading `~/.ssh`", 1, read_a_key),
    Row("reading the desk's memory of its environment", 1, read_the_desks_environment),
    Row("killing the desk", 1, kill_the_desk, by_user=True),
    Row("a fork bomb", 1, as_probed(attacks.bomb), by_user=True),
    Row("reading and removing what is open to everybody", 2, as_probed(attacks.trespass)),
    Row("writing where everybody may", 2, write_where_everybody_may),
    Row("cutting a file to nothing", 2, cut_a_file_to_nothing),
    Row("TCP", 2, as_probed(attacks.call)),
    Row("mounting anew, also in a namespace of its own", 2, mount_anew, through_namespaces=True),
    Row("UDP", 3, as_probed(attacks.send)),
    Row("local sockets with a path", 3, speak_to_a_socket),
    Row("filling the disk", 3, as_probed(attacks.fill)),
    Row("changing the workspace for good", 3, as_probed(attacks.rewrite)),
    Row("namespaces of its own", 3, as_probed(attacks.nest), through_namespaces=True),
    Row("outliving its supervisor", 3, outlive_its_supervisor),
    Row("memory in many processes", 4, as_probed(attacks.hog)),
)


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.what.replace(" ", "-"))
async def test_what_a_level_stops_is_stopped(
    row: Row, level: int, at: Callable[[int], Place], tried: Tried
) -> None:
    if level < row.least - 1:
        return
    place = at(level)
    if level < row.least and row.through_namespaces and tried[3][1] is None:
        pytest.skip(f"without user namespaces nothing gets through: {tried[3][0].detail}")
    if level == 2 and row.by_user and place.sandbox.owner is None:
        pytest.skip("without root there is no second user")
    assert await row.attack(place) is (level < row.least)


def test_the_decision_has_the_same_table() -> None:
    rows = re.findall(r"^\| ([^|]+?) \| ((?:(?:stopped|no) \| ?){5})$", DECISION, re.M)
    said = {what: [word.strip() == "stopped" for word in cells.split("|")[:5]] for what, cells in rows}
    assert said == {row.what: [level >= row.least for level in LEVELS] for row in TABLE}


# Beyond the table ----------------------------------------------------------------------------------
async def test_abstract_sockets_are_out_of_reach_from_level_3_on(at: Callable[[int], Place]) -> None:
    assert not await speak_to_an_abstract_socket(at(3))


async def test_raw_sockets_show_nothing_of_the_machine_from_level_3_on(at: Callable[[int], Place]) -> None:
    assert not await speak_raw(at(3))


async def test_a_gate_that_may_have_the_network_has_it(at: Callable[[int], Place]) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.setblocking(False)
        port = server.getsockname()[1]
        script = f"import socket; socket.create_connection(('127.0.0.1', {port}))"
        place = at(3)
        assert (await place.python(script)).how == Exited(1)
        assert (await place.python(script, network=True)).how == Exited(0)
        server.accept()[0].close()


@pytest.mark.parametrize("level", [2, 3])
async def test_tcp_is_given_as_it_is_denied(level: int, at: Callable[[int], Place]) -> None:
    script = "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(); print('listens')"
    place = at(level)
    assert "listens" in (await place.python(script, network=True)).output
    # At level 3 there is a network, in which nobody else is.
    assert ("listens" in (await place.python(script)).output) is (level == 3)


async def test_at_level_3_nothing_is_seen_but_the_system_and_the_workspace(
    at: Callable[[int], Place],
) -> None:
    place = at(3)
    ended = await place.sh(
        "ls /; ls /etc | grep -c shadow; ls /proc | grep -c '^[0-9]'; ls -A .; id -un; ls /home /root"
    )
    seen = ended.output.split()
    assert {"usr", "etc", "proc", "dev", "tmp", "a", "gate"} <= set(seen)
    assert not {"home", "root", "var", "run", "sys", "mnt", "srv"} & set(seen)
    assert not list(place.scratch.rglob("*/*"))


async def test_a_link_in_the_workspace_leads_nowhere(at: Callable[[int], Place]) -> None:
    place = at(3)
    (place.private / "key").write_text(SECRET)
    place.private.chmod(0o777)
    (place.private / "key").chmod(0o666)
    (place.tree / "link").symlink_to(place.private / "key")
    ended = await place.sh("cat link; echo x > link; ln a hard; echo y > hard")
    assert SECRET not in ended.output
    assert (place.private / "key").read_text() == SECRET
    assert (place.tree / "a").read_text() == "a\n"


async def test_it_has_no_rights_and_no_way_to_more(at: Callable[[int], Place]) -> None:
    ended = await at(3).sh(
        "grep -E '^(Cap|NoNewPrivs)' /proc/self/status; ls /proc/self/fd; touch /etc/x /usr/x /x"
    )
    status = dict(line.split(":\t") for line in ended.output.splitlines() if ":\t" in line)
    assert status.pop("NoNewPrivs") == "1"
    assert {int(value, 16) for value in status.values()} == {0}
    assert ended.output.count("Read-only file system") == 3


async def test_it_cannot_take_more_files_than_there_is_room_for(at: Callable[[int], Place]) -> None:
    place = at(3)
    small = replace(place, sandbox=replace(place.sandbox, caps=replace(place.sandbox.caps, disk=1024**2)))
    ended = await small.sh("i=0; while true > $TMPDIR/$i; do i=$((i+1)); done 2>/dev/null; echo $i")
    assert int(ended.output.split()[-1]) < 256


@pytest.mark.parametrize("level", [0, 3])
async def test_silence_is_ended_and_talk_is_not(level: int, at: Callable[[int], Place]) -> None:
    place, idle = at(level), timedelta(seconds=0.4)
    assert (await place.sh("sleep 30", idle=idle)).how == Silent(idle)
    talk = "for i in 1 2 3 4; do echo $i; sleep 0.15; done"
    assert (await place.sh(talk, idle=idle)).how == Exited(0)


async def test_how_a_program_ended_is_known_through_bubblewrap(at: Callable[[int], Place]) -> None:
    place = at(3)
    assert (await place.sh("exit 7")).how == Exited(7)
    assert (await place.sh("exit 255")).how == Exited(255)
    assert (await place.sh("kill -SEGV $$")).how == Signalled(signal.SIGSEGV)
    missing = replace(place, sandbox=replace(place.sandbox, bwrap="/no/bwrap"))
    assert "No such file" in str((await missing.sh("true")).how)
    assert "No such file" in str((await place._run(("no-such-program",))).how)
    asked = await place.sh(
        "trap 'echo asked; exit 0' TERM; echo up; while :; do sleep 0.01; done", within=timedelta(seconds=1)
    )
    assert asked.output.endswith("asked\n")


async def test_what_is_named_readable_can_be_read_and_not_changed(at: Callable[[int], Place]) -> None:
    place = at(3)
    place.private.chmod(0o777)
    (place.private / "tool").write_text("tool")
    (place.private / "tool").chmod(0o666)
    seen = replace(
        place, sandbox=replace(place.sandbox, readable=(*place.sandbox.readable, str(place.private)))
    )
    ended = await seen.sh(f"cat {place.private}/tool; echo x > {place.private}/tool")
    assert ended.output.startswith("tool")
    assert (place.private / "tool").read_text() == "tool"


async def test_what_is_named_readable_is_seen_among_what_may_be_written(at: Callable[[int], Place]) -> None:
    place = at(3)
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        tools, link = Path(name) / "tools", Path(name) / "link"
        tools.mkdir()
        (tools / "tool").write_text("tool")
        link.symlink_to(tools)
        for folder in (Path(name), tools):
            folder.chmod(0o755)
        shown = (*place.sandbox.readable, str(tools), str(link))
        seen = replace(place, sandbox=replace(place.sandbox, readable=shown))
        ended = await seen.sh(
            f"cat {link}/tool; touch /tmp/mine && echo ' wrote'; touch {tools}/x || echo refused"
        )
        assert ended.output.startswith("tool wrote\n")
        assert ended.output.endswith("refused\n")
        assert [file.name for file in tools.iterdir()] == ["tool"]


# Where a level cannot be had ---------------------------------------------------------------------
_ASKING_FOR_3 = """
import asyncio
from contracts.gates import GateSpec
from contracts.settings import SandboxSettings
from executor.gates import Gating, run_gates
from executor.sandbox.probe import choose
from tests.executor.test_workspace import Tree
from executor.workspace import Folders
from pathlib import Path
import sys

async def ask():
    chosen = await choose(SandboxSettings())
    print(*(f"{probe.level}:{probe.stops}:{probe.lacks}" for probe in chosen.probes[:4]))
    folders = Folders(Path(sys.argv[1]), chosen.sandbox.owner)
    async with folders.laid_out(Tree({"a": b""}), kin="k") as workspace:
        for least in (2, 3):
            gating = Gating((GateSpec("g", ("/bin/true",)),), (), chosen.sandbox, least)
            (result,) = await run_gates(gating, ["a"], workspace)
            print(result.verdict.name, result.level, result.why and result.why.reason)

asyncio.run(ask())
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can take user namespaces away")
async def test_without_user_namespaces_gates_run_below_level_3_or_not_at_all(
    tried: Tried, tmp_path: Path
) -> None:
    if tried[3][1] is None or tried[2][1] is None:
        pytest.skip(f"there is nothing to take away: {tried[3][0].detail or tried[2][0].detail}")
    root = Path(__file__).parents[2]
    argv = [sys.executable, str(Path(__file__).with_name("without_namespaces.py"))]
    argv += [sys.executable, "-c", _ASKING_FOR_3, str(tmp_path)]
    ended = await process.run(argv, env={"PYTHONPATH": str(root), "PATH": "/usr/bin:/bin"}, within=LONG)
    assert isinstance(ended, process.Exited)
    assert ended.stdout.decode().splitlines() == [
        "0:True:None 1:True:None 2:True:None 3:False:namespaces",
        "PASSED 2 None",
        "ERRORED None sandbox-too-low",
    ], ended.stderr
