"""Waking those who wait for work: in this process by a bell, in others by datagram, always by a poll."""

import asyncio
import errno
import heapq
import itertools
import os
import socket
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from contracts.ports import Work

#: What a lost wake-up costs at most.
SAFETY_POLL = timedelta(seconds=1)


class Bell:
    """Wakes idle tasks that wait for one kind of work, as many as there are units of it.

    A task notes `rings` before it looks for work. If there was none and the bell rang meanwhile, `wait`
    returns at once, so that nothing which came between looking and waiting is missed.
    """

    def __init__(self) -> None:
        self.rings = 0
        self._idle: deque[asyncio.Future[None]] = deque()
        self._alarms: list[datetime] = []
        self._alarm_set = asyncio.Event()

    def ring(self, units: int) -> None:
        self.rings += 1
        while units and self._idle:
            idle = self._idle.popleft()
            if not idle.done():
                idle.set_result(None)
                units -= 1

    def ring_for_all(self) -> None:
        self.ring(len(self._idle))

    async def wait(self, heard: int) -> None:
        if self.rings == heard:
            idle = asyncio.get_running_loop().create_future()
            self._idle.append(idle)
            await idle

    def set_alarm(self, at: datetime) -> None:
        heapq.heappush(self._alarms, at)
        self._alarm_set.set()

    async def pause(self, clock: Callable[[], datetime]) -> None:
        """Return when an alarm is due, or after SAFETY_POLL."""
        loop = asyncio.get_running_loop()
        latest = loop.time() + SAFETY_POLL.total_seconds()
        while (left := min(latest - loop.time(), self._until_alarm(clock()))) > 0:
            self._alarm_set.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await self._alarm_set.wait()
        while self._until_alarm(clock()) <= 0:
            heapq.heappop(self._alarms)

    def _until_alarm(self, now: datetime) -> float:
        return (self._alarms[0] - now).total_seconds() if self._alarms else float("inf")


class Datagrams:
    """Tells the other processes at this store of new work, and hears of theirs.

    Every process that listens has a socket in *folder*. A datagram that finds nobody (the process died)
    removes the socket; one that finds a full queue is not needed, its receiver is about to look anyway.
    """

    def __init__(self, folder: Path, heard: Callable[[Mapping[Work, int]], None]) -> None:
        self._folder = folder
        self._heard = heard
        folder.mkdir(mode=0o700, exist_ok=True)
        self._folder_fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._name: str | None = None

    def listen(self) -> None:
        """Hear of other processes' work from now on. Once is enough."""
        if self._name is not None:
            return
        self._name = next(filter(self._bind, (f"{os.getpid()}-{count}" for count in itertools.count())))
        asyncio.get_running_loop().add_reader(self._socket, self._receive)

    def send(self, wakes: Mapping[Work, int]) -> None:
        message = "\n".join(f"{work} {units}" for work, units in wakes.items()).encode()
        for name in os.listdir(self._folder_fd):  # noqa: PTH208 - a third of iterdir's time, on every commit
            if name != self._name:
                self._send_to(name, message)

    def close(self) -> None:
        if self._name is not None:
            asyncio.get_running_loop().remove_reader(self._socket)
            (self._folder / self._name).unlink(missing_ok=True)
        self._socket.close()
        os.close(self._folder_fd)

    def _bind(self, name: str) -> bool:
        """False: the name is another's, alive in another process namespace, or dead and not yet removed."""
        try:
            self._socket.bind(_address(self._folder, self._folder_fd, name))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise
        return True

    def _send_to(self, name: str, message: bytes) -> None:
        try:
            self._socket.sendto(message, _address(self._folder, self._folder_fd, name))
        except ConnectionRefusedError:
            (self._folder / name).unlink(missing_ok=True)
        except (FileNotFoundError, BlockingIOError):
            pass

    def _receive(self) -> None:
        with suppress(BlockingIOError):
            while True:
                self._heard(_parse(self._socket.recv(256)))


def wake_folder(store: Path) -> Path:
    """Where those who work on *store* have their sockets."""
    return store.with_name(f"{store.name}-wake")


def somebody_listens(folder: Path) -> bool:
    """Whether a living process has a socket in *folder*; those of dead ones refuse."""
    if not folder.is_dir():
        return False
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as asking:
            return any(
                asking.connect_ex(_address(folder, handle, entry.name)) == 0 for entry in folder.iterdir()
            )
    finally:
        os.close(handle)


def _address(folder: Path, handle: int, name: str) -> str:
    """The path of a socket: an address holds about a hundred bytes, but through the open folder any fits."""
    through = Path(f"/proc/self/fd/{handle}")
    return str((through if through.exists() else folder) / name)


def _parse(message: bytes) -> dict[Work, int]:
    """What `send` wrote; kinds of work that only a later release knows are left out."""
    pairs = (line.split() for line in message.decode().splitlines())
    return {Work(work): int(units) for work, units in pairs if work in set(Work)}
