"""The bare repository that the demo's patches land in."""

from dataclasses import dataclass
from pathlib import Path

from bot.demo import sample
from executor.git import Git


@dataclass(frozen=True, slots=True)
class Entry:
    """One commit of the branch."""

    commit: str
    author: str
    subject: str
    patch: str  #: the id in its `Patchdesk-Patch:` trailer, or an empty string


@dataclass(frozen=True, slots=True)
class Origin:
    """A bare repository at *path*."""

    path: Path

    async def make(self) -> None:
        """Create it with the sample's history."""
        await self._git.run("init", "--quiet", "--bare", f"--initial-branch={sample.BRANCH}", str(self.path))
        await self._git.run("fast-import", "--quiet", stdin=sample.history())

    async def log(self) -> tuple[Entry, ...]:
        """The commits of the branch, newest first."""
        trailer = "%(trailers:key=Patchdesk-Patch,valueonly,separator=%x2C)"
        ended = await self._git.run("log", f"--format=%H%x00%an%x00%s%x00{trailer}", sample.BRANCH)
        return tuple(Entry(*line.split("\0")) for line in ended.stdout.decode().splitlines())

    async def drawn(self) -> str:
        """The log as git draws it."""
        ended = await self._git.run("log", "--graph", "--stat", "--format=%h %an: %s", sample.BRANCH)
        return ended.stdout.decode(errors="replace")

    async def read(self, path: str) -> str | None:
        """The file at the branch's tip; None: there is none."""
        ended = await self._git.run("show", f"{sample.BRANCH}:{path}", codes=(0, 128))
        return ended.stdout.decode() if ended.code == 0 else None

    @property
    def _git(self) -> Git:
        return Git(self.path)
