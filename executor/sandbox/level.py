"""What a sandbox is asked and answers, whatever its level."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Protocol

#: From this level on nothing that a job does to its folders outlives it.
UNTOUCHED_FROM = 3


@dataclass(frozen=True, slots=True)
class Job:
    """One program to run in *cwd* for at most *timeout*. *env* is all of its environment.

    From level 2 on it may change nothing but *cwd* (unless that is the root) and *scratch*, which holds
    folders `home` and `tmp`; from level 3 on its changes are gone when it ends. *idle* is how long it may
    print nothing. *network* gives it the machine's network, at the levels that otherwise deny it.
    """

    argv: tuple[str, ...]
    cwd: Path
    env: Mapping[str, str]
    timeout: timedelta
    scratch: Path | None = None
    idle: timedelta | None = None
    network: bool = False


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
class Silent:
    """It printed nothing for as long as it may."""

    after: timedelta


@dataclass(frozen=True, slots=True)
class Flooded:
    most: int


@dataclass(frozen=True, slots=True)
class NotStarted:
    detail: str


How = Exited | Signalled | TimedOut | Silent | Flooded | NotStarted


@dataclass(frozen=True, slots=True)
class Ended:
    """*output* is its head and tail; *dropped* bytes stood between them. Nothing it started is left."""

    how: How
    took: timedelta = timedelta()
    output: str = ""
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class Left:
    """What an ended job left in its *cwd*: the open descriptor *folder*, good until its block ends.

    *layer*: it holds only what the job changed, as the upper layer of an overlay does.
    """

    folder: int
    layer: bool


class Sandbox(Protocol):
    """Runs programs at one level."""

    @property
    def level(self) -> int: ...

    @property
    def owner(self) -> int | None:
        """The user that must own what the programs work on; None: the desk's own."""

    async def run(self, job: Job) -> Ended:
        """Run *job* to its end. Cancelled, it ends the program and all it started first."""

    def kept(self, job: Job) -> AbstractAsyncContextManager[tuple[Ended, Left | None]]:
        """As `run`, with what it left of the files; None where it never came to them."""


@dataclass(frozen=True, slots=True)
class NoSandbox:
    """On a machine that holds no level at all nothing is run, and every job says why."""

    detail: str
    level: int = -1
    owner: int | None = None

    async def run(self, _job: Job) -> Ended:
        return Ended(NotStarted(self.detail))

    @asynccontextmanager
    async def kept(self, job: Job) -> AsyncIterator[tuple[Ended, Left | None]]:
        yield await self.run(job), None
