"""Starts processes: an argv, an environment built by the caller, a session of their own, never a shell.

`run` is for programs that answer and end, `Standby` for those whose start must not be waited for; `start` is
for those that live beside the desk.
"""
# asyncio wants its protocols inherited from, and `typing.override` came only with Python 3.12.
# mypy: disable-error-code="explicit-override"

import asyncio
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

#: What `run` keeps of either stream unless it is told otherwise.
MOST_OUTPUT = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Exited:
    """The program ended by itself; *code* is negative if a signal ended it."""

    code: int
    stdout: bytes
    stderr: bytes


@dataclass(frozen=True, slots=True)
class NotStarted:
    detail: str


@dataclass(frozen=True, slots=True)
class TimedOut:
    """Killed after *after*."""

    after: timedelta


@dataclass(frozen=True, slots=True)
class Flooded:
    """Killed, because it wrote more than *most* bytes to one stream."""

    most: int


Ended = Exited | NotStarted | TimedOut | Flooded


async def run(
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    within: timedelta,
    cwd: Path | None = None,
    stdin: bytes = b"",
    most: int = MOST_OUTPUT,
) -> Ended:
    """Run *argv* to its end. Whatever way this is left, the whole session of the program is gone."""
    loop = asyncio.get_running_loop()
    starting = loop.create_task(
        loop.subprocess_exec(
            lambda: _Talk(most, loop.create_future(), loop.create_future()),
            *argv,
            env=env,
            cwd=cwd,
            stdin=asyncio.subprocess.PIPE if stdin else asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
    )
    try:
        # Shielded: cancelled half-way, asyncio would kill the program and forget what it has started.
        transport, talk = await asyncio.shield(starting)
        async with asyncio.timeout(within.total_seconds()):
            _feed(transport, stdin)
            return await talk.ended
    except TimeoutError:
        return TimedOut(within)
    except OSError as error:
        return NotStarted(str(error))
    finally:
        # Shielded: whoever is cancelled still leaves nothing behind.
        await asyncio.shield(_end(starting))


class _Talk(asyncio.SubprocessProtocol):
    """Gathers what a program says. *ended* is how it ended; *exited* is done once it has been collected."""

    def __init__(self, most: int, ended: asyncio.Future[Ended], exited: asyncio.Future[None]) -> None:
        self.ended = ended
        self.exited = exited
        self._most = most
        self._said = {1: bytearray(), 2: bytearray()}
        self._transport: asyncio.SubprocessTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        if isinstance(transport, asyncio.SubprocessTransport):
            self._transport = transport

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        self._said[fd] += data
        if len(self._said[fd]) > self._most:
            self._settle(Flooded(self._most))

    def process_exited(self) -> None:
        self.exited.set_result(None)

    def connection_lost(self, _exc: Exception | None) -> None:
        """The program has ended, and both streams too."""
        code = self._transport.get_returncode() if self._transport else None
        self._settle(Exited(-1 if code is None else code, bytes(self._said[1]), bytes(self._said[2])))

    def _settle(self, ended: Ended) -> None:
        if not self.ended.done():
            self.ended.set_result(ended)


def _feed(transport: asyncio.SubprocessTransport, data: bytes) -> None:
    pipe = transport.get_pipe_transport(0)
    if isinstance(pipe, asyncio.WriteTransport):
        # A program may end without having read it all; its exit code says whether that was wrong.
        pipe.write(data)
        pipe.write_eof()


async def _end(starting: asyncio.Task[tuple[asyncio.SubprocessTransport, _Talk]]) -> None:
    """End what is left of the session and collect it."""
    with suppress(OSError):  # it was never there
        transport, talk = await starting
        _signal(transport.get_pid(), signal.SIGKILL)
        transport.close()
        await talk.exited


def _signal(session: int, number: signal.Signals) -> None:
    # The group outlives its leader if the program left children behind, so it is signalled in any case.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(session, number)


class Standby:
    """A program that comes up while there is nothing yet for it to read. For threads: its methods block.

    It says no more than it is told, and starts no others. Raises OSError where it cannot be started.
    """

    def __init__(self, argv: Sequence[str], *, env: Mapping[str, str]) -> None:
        self._program = subprocess.Popen(
            argv,
            env=env,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self._rest = b""

    def feed(self, data: bytes) -> None:
        """Give it all that it is going to read. What its pipe does not hold follows with `ended`."""
        if self._program.stdin is None:
            raise ValueError("it has been fed")
        pipe = self._program.stdin.fileno()
        os.set_blocking(pipe, False)
        try:
            self._rest = data[os.write(pipe, data) :]
        except BlockingIOError:
            self._rest = data
        except BrokenPipeError:
            self._rest = b""  # how it ended says whether that was wrong
        if not self._rest:
            self._program.stdin.close()
            self._program.stdin = None

    def ended(self, *, within: timedelta) -> Exited | TimedOut:
        try:
            said = self._program.communicate(self._rest or None, timeout=within.total_seconds())
        except subprocess.TimeoutExpired:
            return TimedOut(within)
        return Exited(self._program.returncode, *said)

    def kill(self) -> None:
        """Have `ended` return, if it has not: the one method for other threads."""
        self._program.kill()

    def close(self) -> None:
        """Leave nothing of it."""
        self._program.kill()
        with self._program:
            pass


@dataclass(frozen=True, slots=True)
class Child:
    """A program that lives beside the desk until it is stopped."""

    pid: int
    _process: asyncio.subprocess.Process

    @property
    def code(self) -> int | None:
        """Its exit code; None while it runs."""
        return self._process.returncode

    async def wait(self) -> int:
        return await self._process.wait()

    async def stop(self, *, grace: timedelta = timedelta(seconds=5)) -> int:
        """Ask its session to end, kill it after *grace*; returns the exit code."""
        _signal(self.pid, signal.SIGTERM)
        try:
            async with asyncio.timeout(grace.total_seconds()):
                await self._process.wait()
        except TimeoutError:
            pass
        finally:
            _signal(self.pid, signal.SIGKILL)
        return await self._process.wait()


async def start(
    argv: Sequence[str], *, env: Mapping[str, str], output: Path, cwd: Path | None = None
) -> Child:
    """Start *argv* with its output appended to the file *output*. Raises OSError if it cannot start."""
    with output.open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *argv,
            env=env,
            cwd=cwd,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
    return Child(process.pid, process)
