"""Starts supervisors: by a process that has loaded what they need and forks one for each gate.

A fresh Python takes longer to start than all the rest of a gate's sandbox, and even a fork takes its time:
so one supervisor always waits. The nursery knows nothing of jobs: whoever waits gets one end of a socket
pair, and what is said over that is between the two alone. The nursery ends when the desk does.
"""

import asyncio
import os
import signal
import socket
import sys
import weakref
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

#: Isolated from the environment and from site-packages, and imported rather than run by its path, because
#: only what is imported is compiled once and for all.
PROGRAM = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
from executor.sandbox.supervisor import serve
serve()
"""


class Nursery:
    """Started when it is first needed, and again if somebody ended it."""

    def __init__(self) -> None:
        self._control = -1
        self.pid = 0
        self._end: weakref.finalize[..., Nursery] | None = None

    async def supervise(
        self, request: bytes, *, within: timedelta, slack: timedelta, keep: socket.socket | None = None
    ) -> bytes:
        """Have *request* carried out by a supervisor of its own; what it said, which is cut short where it
        was killed. Over *keep* the job hands out what is to outlive it.

        Cancelled or out of time it closes the lifeline, and the supervisor has *slack* to end everything
        before it is killed. Raises OSError where none could be started.
        """
        # Whoever waits for a job may just be dying, with a nursery that somebody has ended.
        for _ in range(2):
            said = await self._supervise(request, within=within, slack=slack, keep=keep)
            if said is not None:
                return said
        return b""

    async def _supervise(
        self, request: bytes, *, within: timedelta, slack: timedelta, keep: socket.socket | None
    ) -> bytes | None:
        """None: nobody got as far as to take *request*."""
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                self._hand_over(theirs, *([keep] if keep else []))
            except OSError:
                ours.close()
                raise
        reader, writer = await asyncio.open_unix_connection(sock=ours)
        pid = 0
        try:
            # Read once the number has been said, and by nobody else.
            writer.write(request)
            async with asyncio.timeout(within.total_seconds()):
                try:
                    pid = int(await reader.readline() or 0)
                except ConnectionResetError:
                    return None  # with the request unread
                return await reader.read() if pid else None
        except TimeoutError:
            return b"it took too long"
        finally:
            # Shielded: whoever is cancelled still leaves nothing behind.
            await asyncio.shield(_end(reader, writer, pid, slack))

    def _hand_over(self, *theirs: socket.socket) -> None:
        if self._end is not None:
            with suppress(BrokenPipeError, ConnectionResetError):
                _send(self._control, theirs)
                return
        self._start()
        _send(self._control, theirs)

    def _start(self) -> None:
        if self._end is not None:
            self._end()
        ours, theirs = socket.socketpair()
        with ours, theirs:
            self.pid = os.posix_spawn(
                sys.executable,
                [sys.executable, "-I", "-S", "-c", PROGRAM],
                {"LC_ALL": "C.UTF-8"},
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, theirs.fileno(), 0),
                    (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                ],
                setsid=True,
            )
            self._control = ours.detach()
        self._end = weakref.finalize(self, _let_go, self._control, self.pid)


def _send(control: int, theirs: Sequence[socket.socket]) -> None:
    with socket.socket(fileno=os.dup(control)) as channel:
        socket.send_fds(channel, [b"+"], [each.fileno() for each in theirs])


def _let_go(control: int, pid: int) -> None:
    """The nursery ends by itself, at once; its supervisors go on until their own lifelines end."""
    os.close(control)
    with suppress(ChildProcessError):
        os.waitpid(pid, 0)


async def _end(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, pid: int, slack: timedelta
) -> None:
    """Close the lifeline, and wait until the supervisor is gone: its end closes with it."""
    if not reader.at_eof():
        with suppress(OSError):
            writer.write_eof()
        try:
            async with asyncio.timeout(slack.total_seconds()):
                while await reader.read(1 << 16):
                    pass
        except TimeoutError:
            if pid:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        except ConnectionResetError:
            pass  # it has ended
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
