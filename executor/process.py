"""Starts processes: an argv, an environment built by the caller, a session of their own, never a shell.

`run` is for programs that answer and end; `start` for those that live beside the desk. The sandbox
starts its supervisors itself, because their life hangs on a pipe that stays open.
"""

import asyncio
import os
import signal
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


class _TooMuchError(Exception):
    pass


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
    try:
        process = await asyncio.create_subprocess_exec(
            *argv,
            env=env,
            cwd=cwd,
            stdin=asyncio.subprocess.PIPE if stdin else asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
    except OSError as error:
        return NotStarted(str(error))
    try:
        async with asyncio.timeout(within.total_seconds()):
            stdout, stderr = await _talk(process, stdin, most)
            return Exited(await process.wait(), stdout, stderr)
    except TimeoutError:
        return TimedOut(within)
    except _TooMuchError:
        return Flooded(most)
    finally:
        await _end(process)


async def _talk(process: asyncio.subprocess.Process, stdin: bytes, most: int) -> tuple[bytes, bytes]:
    try:
        async with asyncio.TaskGroup() as group:
            stdout = group.create_task(_read(process.stdout, most))
            stderr = group.create_task(_read(process.stderr, most))
            group.create_task(_feed(process.stdin, stdin))
    except* _TooMuchError:
        raise _TooMuchError from None
    return stdout.result(), stderr.result()


async def _read(stream: asyncio.StreamReader | None, most: int) -> bytes:
    parts = bytearray()
    while stream is not None and (chunk := await stream.read(1 << 16)):
        parts += chunk
        if len(parts) > most:
            raise _TooMuchError
    return bytes(parts)


async def _feed(stream: asyncio.StreamWriter | None, data: bytes) -> None:
    if stream is None:
        return
    # A program may end without having read everything; its exit code says whether that was wrong.
    with suppress(BrokenPipeError, ConnectionResetError):
        stream.write(data)
        await stream.drain()
        stream.close()
        await stream.wait_closed()


async def _end(process: asyncio.subprocess.Process) -> None:
    """Kill what is left of the session, and collect it even while being cancelled."""
    _signal(process, signal.SIGKILL)
    if process.returncode is None:
        await asyncio.shield(process.wait())


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    # The group outlives its leader if the program left children behind, so it is signalled in any case.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)


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
        _signal(self._process, signal.SIGTERM)
        try:
            async with asyncio.timeout(grace.total_seconds()):
                await self._process.wait()
        except TimeoutError:
            pass
        finally:
            await _end(self._process)
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
