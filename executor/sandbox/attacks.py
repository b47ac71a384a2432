"""What is tried on a level before it counts. Each attack answers with what got through; nothing: it was
stopped.

They are shell scripts of programs that every machine has. What an attack cannot try here has not been
stopped here.
"""

import asyncio
import itertools
import os
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from executor.sandbox.level import Ended, Exited, Flooded, Job, NotStarted, TimedOut
from executor.sandbox.supervised import Supervised

Attack = Callable[[Supervised], Awaitable[str]]

_PATIENCE = timedelta(seconds=10)
_SHORT = timedelta(milliseconds=300)
#: The settings' own bounds would make it slow.
_SMALL_OUTPUT = 256 * 1024
_SMALL_DISK = 2 * 1024**2
_SMALL_MEMORY = 64 * 1024**2
_FEW = 16
_SHELL = "/bin/sh"
_LOCAL = "127.0.0.1"
_SESAME = "open sesame"
_COUNT = itertools.count()


async def _run(sandbox: Supervised, script: str, within: timedelta = _PATIENCE) -> Ended:
    return await sandbox.run(Job((_SHELL, "-c", script), Path("/"), {"PATH": "/usr/bin:/bin"}, within))


async def hang(sandbox: Supervised) -> str:
    quick = replace(sandbox, grace=_SHORT)
    ended = await _run(quick, "trap '' TERM; while :; do sleep 60; done", _SHORT)
    return "" if isinstance(ended.how, TimedOut) else f"a program that hangs: {ended.how}"


async def flood(sandbox: Supervised) -> str:
    small = replace(sandbox, caps=replace(sandbox.caps, output=_SMALL_OUTPUT))
    ended = await _run(small, f"while :; do echo {'y' * 200}; done")
    return "" if isinstance(ended.how, Flooded) else f"a flood of output: {ended.how}"


async def spy(sandbox: Supervised) -> str:
    ended = await _run(sandbox, "env")
    names = {line.partition("=")[0] for line in ended.output.splitlines()}
    return f"the environment: {' '.join(sorted(names))}" if names - {"PATH", "PWD", "SHLVL", "_"} else ""


async def starts(sandbox: Supervised) -> str:
    """No attack: whether the level can be had at all."""
    ended = await _run(sandbox, "exit 0")
    match ended.how:
        case Exited(code=0):
            return ""
        case NotStarted(detail=detail):
            return detail
        case _:
            return f"not even a plain program runs: {ended.how} {ended.output[:200]}"


async def can_execute(sandbox: Supervised, program: str) -> bool:
    """No attack: whether gates' user gets as far as *program*, which says its version, outside of any box."""
    bare = replace(sandbox, level=0 if sandbox.owner is None else 1)
    ended = await bare.run(Job((program, "--version"), Path("/"), {"PATH": "/usr/bin:/bin"}, _PATIENCE))
    return ended.how == Exited(0)


async def daemon(sandbox: Supervised) -> str:
    """Known by a word, because the number of a process means something else to other namespaces."""
    word = f"patchdesk-daemon-{os.getpid()}-{next(_COUNT)}"
    ended = await _run(sandbox, f"sh -c 'trap \"\" HUP; sleep 60; : {word}' & echo on")
    if ended.output != "on\n":
        return f"a daemon could not be tried: {ended.how} {ended.output[:200]}"
    left = await asyncio.to_thread(_running, word)
    return f"a daemon: process {left}" if left else ""


def _running(word: str) -> int | None:
    """The shell that has *word* in its command line. (So has what wraps it, and is of no interest.)"""
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):
            said = file.read_bytes()
            if said.startswith(b"sh\0") and word.encode() in said:
                return int(file.parent.name)
    return None


async def theft(sandbox: Supervised) -> str:
    with tempfile.NamedTemporaryFile() as secret:
        secret.write(_SESAME.encode())
        secret.flush()
        ended = await _run(sandbox, f"cat {secret.name} || cat /proc/{os.getpid()}/environ")
    stolen = _SESAME in ended.output or ended.how == Exited(0)
    return "a file of the desk's was read" if stolen else ""


async def bomb(sandbox: Supervised) -> str:
    few = replace(sandbox, caps=replace(sandbox.caps, processes=_FEW))
    ended = await _run(few, f"for i in $(seq {4 * _FEW}); do sleep 30 & done; echo all started")
    return "a fork bomb" if "all started" in ended.output else ""


async def trespass(sandbox: Supervised) -> str:
    """On what is open to everybody on this machine."""
    with _open_house() as (file, fresh):
        ended = await _run(sandbox, f"cat {file}; echo x > {file}; echo x > {fresh}; rm -f {file}")
        changed = await asyncio.to_thread(
            lambda: fresh.exists() or not file.exists() or file.read_text() != _SESAME
        )
    if _SESAME in ended.output:
        return "a file of somebody else's was read"
    return "a file of somebody else's was changed" if changed else ""


@contextmanager
def _open_house() -> Iterator[tuple[Path, Path]]:
    """A file, and where another one could be."""
    with tempfile.TemporaryDirectory() as name:
        place, file = Path(name), Path(name, "file")
        file.write_text(_SESAME)
        file.chmod(0o666)
        place.chmod(0o777)
        yield file, place / "fresh"


async def call(sandbox: Supervised) -> str:
    """Over TCP, to somebody on this machine who would answer."""
    called = asyncio.Event()

    def answer(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        called.set()
        writer.close()

    server = await asyncio.start_server(answer, _LOCAL, 0)
    async with server:
        ended = await _run(sandbox, _calling("tcp", server.sockets[0].getsockname()[1]))
    return _tried(ended, "a TCP connection", got_through=called.is_set() or "connected" in ended.output)


async def send(sandbox: Supervised) -> str:
    """A datagram."""

    class Ear(asyncio.DatagramProtocol):
        heard = False

        def datagram_received(self, _data: bytes, _addr: object) -> None:  # type: ignore[explicit-override]
            self.heard = True

    transport, ear = await asyncio.get_running_loop().create_datagram_endpoint(Ear, (_LOCAL, 0))
    try:
        ended = await _run(sandbox, _calling("udp", transport.get_extra_info("sockname")[1]))
        await asyncio.sleep(0)
    finally:
        transport.close()
    return _tried(ended, "a UDP datagram", got_through=ear.heard)


def _calling(kind: str, port: int) -> str:
    number = {"tcp": 1, "udp": 2}[kind]
    python = f'import socket as s; c = s.socket(2, {number}); c.connect(("{_LOCAL}", {port})); c.send(b"x")'
    return f"""
        if command -v bash >/dev/null; then
            echo tried; bash -c 'echo x > /dev/{kind}/{_LOCAL}/{port}' && echo connected
        elif command -v python3 >/dev/null; then
            echo tried; python3 -c '{python}' && echo connected
        fi
    """


def _tried(ended: Ended, what: str, *, got_through: bool) -> str:
    if "tried" not in ended.output:
        return f"{what} could not be tried: {ended.how} {ended.output[:200]}"
    return what if got_through else ""


async def fill(sandbox: Supervised) -> str:
    """Every place that takes anything, until it takes no more."""
    small = replace(sandbox, caps=replace(sandbox.caps, disk=_SMALL_DISK))
    places = ". $TMPDIR / /dev /dev/shm /etc /tmp /var/tmp /run /proc"
    script = f"""
        for place in {places}; do
            head -c {2 * _SMALL_DISK} /dev/zero > $place/fill; cat $place/fill
        done 2>/dev/null | wc -c
    """
    with _workspace(sandbox, {}) as (tree, scratch):
        ended = await small.run(_working(script, tree, scratch))
    words = ended.output.split()
    if ended.how != Exited(0) or not words or not words[-1].isdecimal():
        return f"the disk could not be tried: {ended.how} {ended.output[:200]}"
    return f"{words[-1]} bytes on the disk" if int(words[-1]) > _SMALL_DISK else ""


async def rewrite(sandbox: Supervised) -> str:
    """Its own workspace, which it may change as it likes, and nobody sees it."""
    script = "echo new > a && rm -r sub && mkdir sub && echo new > sub/c && cat a sub/c"
    files = {"a": "old", "sub/b": "old"}
    with _workspace(sandbox, files) as (tree, scratch):
        ended = await sandbox.run(_working(script, tree, scratch))
        left = {str(path.relative_to(tree)): path.read_text() for path in tree.rglob("*") if path.is_file()}
    if ended.output != "new\nnew\n":
        return f"not even a workspace can be worked on: {ended.how} {ended.output[:200]}"
    return "" if left == files else "changes of the workspace outlived the gate"


def _working(script: str, tree: Path, scratch: Path) -> Job:
    env = {"PATH": "/usr/bin:/bin", "TMPDIR": str(scratch / "tmp")}
    return Job((_SHELL, "-c", script), tree, env, _PATIENCE, scratch)


async def nest(sandbox: Supervised) -> str:
    """A namespace in which it would have every right."""
    ended = await _run(sandbox, "command -v unshare && echo tried; unshare -U true && echo inside")
    return _tried(ended, "a namespace of its own", got_through="inside" in ended.output)


async def hog(sandbox: Supervised) -> str:
    """More memory than a gate may have, in processes of which each stays below it."""
    small = replace(sandbox, caps=replace(sandbox.caps, memory=_SMALL_MEMORY))
    half = f"head -c {_SMALL_MEMORY // 2} /dev/zero | tail -c {_SMALL_MEMORY // 2} >/dev/null"
    ended = await _run(small, f"for i in 1 2 3 4; do ({half}; echo had) & done; wait; echo all")
    return "total memory" if ended.output.count("had") == 4 else ""


@contextmanager
def _workspace(sandbox: Supervised, files: dict[str, str]) -> Iterator[tuple[Path, Path]]:
    """Folders as gates find them."""
    with tempfile.TemporaryDirectory(prefix="patchdesk-probe-") as name:
        place = Path(name)
        place.chmod(0o711)
        tree, scratch = place / "tree", place / "scratch"
        for folder in (tree, scratch / "home", scratch / "tmp"):
            folder.mkdir(parents=True)
        for path, content in files.items():
            (tree / path).parent.mkdir(exist_ok=True)
            (tree / path).write_text(content)
        if sandbox.owner is not None:
            for path_ in (tree, scratch, *tree.rglob("*"), *scratch.rglob("*")):
                os.chown(path_, sandbox.owner, sandbox.owner)
        yield tree, scratch
