"""Levels 0 and 1: every program under a supervisor process of its own (`supervisor.py`)."""

import asyncio
import base64
import json
import math
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from executor.sandbox import supervisor
from executor.sandbox.level import Ended, Exited, Flooded, How, Job, NotStarted, Signalled, TimedOut

#: Between the request to end and the kill.
GRACE = timedelta(seconds=2)
#: Of a program's output this many bytes are kept.
KEPT = 64 * 1024
#: What a supervisor needs, beyond its job's own time, to end everything and say so.
_SLACK = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Caps:
    """What one program may take. Bytes, but for *processes*, which counts those of the whole user."""

    memory: int
    file_size: int
    processes: int
    output: int


@dataclass(frozen=True, slots=True)
class Supervised:
    """Level 0 (*owner* None: the desk's own user) or 1 (a second user; needs root)."""

    level: int
    owner: int | None
    caps: Caps
    grace: timedelta = GRACE

    async def run(self, job: Job) -> Ended:
        """Raises OSError if the supervisor cannot do its work."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            "-S",
            str(Path(supervisor.__file__)),
            env={"LC_ALL": "C.UTF-8"},
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
        )
        try:
            within = job.timeout + self.grace + _SLACK
            async with asyncio.timeout(within.total_seconds()):
                return await self._talk(process, job)
        finally:
            await _let_go(process)

    async def _talk(self, process: asyncio.subprocess.Process, job: Job) -> Ended:
        if process.stdin is None or process.stdout is None or process.stderr is None:
            raise OSError("the supervisor has no pipes")
        process.stdin.write(json.dumps(self._request(job)).encode() + b"\n")
        # Not closed: that would be the sign to end the program.
        stdout, stderr = await asyncio.gather(process.stdout.read(), process.stderr.read())
        if await process.wait() or not stdout:
            raise OSError(f"the supervisor failed: {stderr.decode(errors='replace')[-300:]}")
        return _ended(json.loads(stdout), self.caps)

    def _request(self, job: Job) -> dict[str, Any]:
        limits = {"CORE": 0, "DATA": self.caps.memory, "FSIZE": self.caps.file_size}
        # All processors for the whole time, and no more: for what hides from the clock.
        limits["CPU"] = math.ceil(job.timeout.total_seconds()) * (os.cpu_count() or 1) + 1
        if self.owner is not None:
            # Counted per user, so only where that user is nobody else.
            limits["NPROC"] = self.caps.processes
        return {
            "argv": job.argv,
            "cwd": str(job.cwd),
            "env": dict(job.env),
            "timeout": job.timeout.total_seconds(),
            "grace": self.grace.total_seconds(),
            "most": self.caps.output,
            "keep": KEPT,
            "uid": self.owner,
            "limits": limits,
        }


async def _let_go(process: asyncio.subprocess.Process) -> None:
    """Close the lifeline and wait: the supervisor ends the program and whatever it left behind."""
    if process.stdin is not None:
        process.stdin.close()
    if process.returncode is None:
        await asyncio.shield(_wait_or_kill(process))


async def _wait_or_kill(process: asyncio.subprocess.Process) -> None:
    try:
        async with asyncio.timeout(_SLACK.total_seconds()):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _ended(result: dict[str, Any], caps: Caps) -> Ended:
    if not result["clean"]:
        raise OSError("processes of a gate could not be ended")
    head, tail = (base64.b64decode(result[part]).decode(errors="replace") for part in ("head", "tail"))
    dropped = int(result["dropped"])
    return Ended(
        how=_how(result, caps),
        took=timedelta(seconds=result["took"]),
        output=f"{head}\n[...]\n{tail}" if dropped else head + tail,
        dropped=dropped,
    )


def _how(result: dict[str, Any], caps: Caps) -> How:
    match result["how"]:
        case "exited":
            return Exited(result["code"])
        case "signalled":
            return Signalled(result["signal"])
        case "timed-out":
            return TimedOut()
        case "flooded":
            return Flooded(caps.output)
        case "not-started":
            return NotStarted(result["detail"])
        case other:
            raise OSError(f"the supervisor ended the program: {other}")
