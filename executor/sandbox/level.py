"""What a sandbox is asked and answers, whatever its level."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Job:
    """One program to run in *cwd* for at most *timeout*. *env* is all of its environment."""

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    timeout: timedelta


@dataclass(frozen=True, slots=True)
class Exited:
    code: int


@dataclass(frozen=True, slots=True)
class Signalled:
    signal: int


@dataclass(frozen=True, slots=True)
class TimedOut:
    pass


@dataclass(frozen=True, slots=True)
class Flooded:
    most: int


@dataclass(frozen=True, slots=True)
class NotStarted:
    detail: str


How = Exited | Signalled | TimedOut | Flooded | NotStarted


@dataclass(frozen=True, slots=True)
class Ended:
    """*output* is its head and tail; *dropped* bytes stood between them. Nothing it started is left."""

    how: How
    took: timedelta = timedelta()
    output: str = ""
    dropped: int = 0


class Sandbox(Protocol):
    """Runs programs at one level. Levels above 1 join as further implementations."""

    @property
    def level(self) -> int: ...

    @property
    def owner(self) -> int | None:
        """The user that must own what the programs work on; None: the desk's own."""

    async def run(self, job: Job) -> Ended:
        """Run *job* to its end. Cancelled, it ends the program and all it started first."""


@dataclass(frozen=True, slots=True)
class NoSandbox:
    """On a machine that holds no level at all nothing is run, and every job says why."""

    detail: str
    level: int = -1
    owner: int | None = None

    async def run(self, _job: Job) -> Ended:
        return Ended(NotStarted(self.detail))
