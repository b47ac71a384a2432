"""Levels 0 and 1: every program under a supervisor process of its own (`supervisor.py`)."""

import base64
import json
import math
import os
import sys
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from executor import process
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
        ended = await process.run(
            [sys.executable, "-I", "-S", str(Path(supervisor.__file__))],
            env={"LC_ALL": "C.UTF-8"},
            stdin=json.dumps(self._request(job)).encode() + b"\n",
            within=job.timeout + self.grace + _SLACK,
            lifeline=_SLACK,
        )
        if isinstance(ended, process.Exited) and not ended.code and ended.stdout:
            return _ended(json.loads(ended.stdout), self.caps)
        said = ended.stderr.decode(errors="replace")[-300:] if isinstance(ended, process.Exited) else ended
        raise OSError(f"a gate's supervisor failed: {said}")

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
