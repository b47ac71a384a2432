"""Every program under a supervisor of its own (`supervisor.py`), which confines it as its level says."""

import base64
import json
import math
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from executor.sandbox.level import (
    UNTOUCHED_FROM,
    Ended,
    Exited,
    Flooded,
    How,
    Job,
    Left,
    NotStarted,
    Signalled,
    Silent,
    TimedOut,
)
from executor.sandbox.nursery import Nursery

#: Between the request to end and the kill.
GRACE = timedelta(seconds=2)
#: Of a program's output this many bytes are kept.
KEPT = 64 * 1024
#: What a supervisor needs, beyond its job's own time, to end everything and say so.
_SLACK = timedelta(seconds=30)
_ROOT = Path("/")


@dataclass(frozen=True, slots=True)
class Caps:
    """What one program may take, in bytes but for *processes*: at levels 1 and 2 those of the whole user.

    *memory* is that of one process, from level 4 on that of all of them; *disk* counts from level 3 on.
    """

    memory: int
    file_size: int
    processes: int
    output: int
    disk: int = 1024**3


@dataclass(frozen=True, slots=True)
class Supervised:
    """One level. *owner* None: the desk's own user; another one needs root.

    *readable* are the files and folders that programs see from level 2 on; *bwrap* is bubblewrap, for
    level 3, *group* the control group that holds those of gates, for level 4.
    """

    level: int
    owner: int | None
    caps: Caps
    grace: timedelta = GRACE
    readable: tuple[str, ...] = ()
    bwrap: str = ""
    group: str = ""
    nursery: Nursery = field(default_factory=Nursery, compare=False, repr=False)

    async def run(self, job: Job) -> Ended:
        """Raises OSError if the supervisor cannot do its work."""
        return await self._carry_out(job)

    @asynccontextmanager
    async def kept(self, job: Job) -> AsyncIterator[tuple[Ended, Left | None]]:
        """Raises OSError as `run` does."""
        if self.level < UNTOUCHED_FROM:
            ended = await self._carry_out(job)
            with _open(os.open(job.cwd, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)) as folder:
                yield ended, Left(folder, layer=False)
            return
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                ended = await self._carry_out(job, keep=theirs)
            upper = _handed_out(ours)
        if upper is None:
            yield ended, None
            return
        with _open(upper) as folder:
            yield ended, Left(folder, layer=True)

    async def _carry_out(self, job: Job, keep: socket.socket | None = None) -> Ended:
        try:
            said = await self.nursery.supervise(
                json.dumps(self._request(job)).encode() + b"\n",
                within=job.timeout + self.grace + _SLACK,
                slack=_SLACK,
                keep=keep,
            )
        except OSError as error:
            raise OSError(f"a gate's supervisor failed to start: {error}") from error
        try:
            return _ended(json.loads(said), job, self.caps)
        except ValueError as error:
            words = said[-300:].decode(errors="replace")
            raise OSError(f"a gate's supervisor failed: {words or 'it was killed'}") from error

    def _request(self, job: Job) -> dict[str, Any]:
        limits = {"CORE": 0, "DATA": self.caps.memory, "FSIZE": self.caps.file_size}
        # All processors for the whole time, and no more: for what hides from the clock.
        limits["CPU"] = math.ceil(job.timeout.total_seconds()) * (os.cpu_count() or 1) + 1
        if self.owner is not None or self.level >= 3:
            # Counted per user (of a namespace), so only where that user is nobody else.
            limits["NPROC"] = self.caps.processes
        return {
            "argv": job.argv,
            "cwd": str(job.cwd),
            "env": dict(job.env),
            "timeout": job.timeout.total_seconds(),
            "grace": self.grace.total_seconds(),
            "most": self.caps.output,
            "keep": KEPT,
            "idle": job.idle.total_seconds() if job.idle else None,
            "uid": self.owner,
            "limits": limits,
            "landlock": self._landlock(job) if self.level == 2 else None,
            "box": self._box(job) if self.level >= 3 else None,
            "group": self._group() if self.level >= 4 else None,
        }

    def _landlock(self, job: Job) -> dict[str, Any]:
        places = [str(place) for place in (job.cwd, job.scratch) if place and place != _ROOT]
        return {"readable": self.readable, "writable": places, "network": job.network}

    def _group(self) -> dict[str, Any]:
        limits = {"memory.max": self.caps.memory, "memory.swap.max": 0, "memory.oom.group": 1}
        return {"parent": self.group, "limits": limits | {"pids.max": self.caps.processes}}

    def _box(self, job: Job) -> dict[str, Any]:
        return {
            "bwrap": self.bwrap,
            "scratch": str(job.scratch) if job.scratch else None,
            "readable": self.readable,
            "network": job.network,
            "disk": self.caps.disk,
        }


@contextmanager
def _open(handle: int) -> Iterator[int]:
    try:
        yield handle
    finally:
        os.close(handle)


def _handed_out(ours: socket.socket) -> int | None:
    """The descriptor that came, if the job got so far. Whoever sends one has ended by now, though the
    supervisor, which only holds the other end, may just be ending."""
    ours.setblocking(False)
    try:
        _, handles, _, _ = socket.recv_fds(ours, 1, 1)
    except BlockingIOError:
        return None
    return handles[0] if handles else None


def _ended(result: dict[str, Any], job: Job, caps: Caps) -> Ended:
    if not result["clean"]:
        raise OSError("processes of a gate could not be ended")
    head, tail = (base64.b64decode(result[part]).decode(errors="replace") for part in ("head", "tail"))
    dropped = int(result["dropped"])
    return Ended(
        how=_how(result, job, caps),
        took=timedelta(seconds=result["took"]),
        output=f"{head}\n[...]\n{tail}" if dropped else head + tail,
        dropped=dropped,
    )


def _how(result: dict[str, Any], job: Job, caps: Caps) -> How:
    match result["how"]:
        case "exited":
            return Exited(result["code"])
        case "signalled":
            return Signalled(result["signal"])
        case "timed-out":
            return TimedOut()
        case "silent" if job.idle:
            return Silent(job.idle)
        case "flooded":
            return Flooded(caps.output)
        case "not-started":
            return NotStarted(result["detail"])
        case other:
            raise OSError(f"the supervisor ended the program: {other}")
