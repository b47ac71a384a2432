"""A desk's repository with a commit in it, and a place for workspaces."""

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from contracts.faults import Fault
from contracts.patch import Changeset, Limits, Mutation
from contracts.settings import SandboxSettings
from executor.candidate import Candidate, build
from executor.repository.bare import Repository, opened
from executor.repository.commits import Description, Person
from executor.sandbox import attacks, probe
from executor.sandbox.supervised import Caps, Supervised
from executor.workspace import Folders, open_folders
from tests.executor.repositories import Content, Repo, make_repo

NOW = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)
ADA = Person("Ada", "ada@example.com")
DESCRIPTION = Description("p1", "A title", "", "slack C1 1.1", ADA)

#: The desk's repository, and the commit its branch is at.
Opened = tuple[Repository, str]


@pytest.fixture
async def open_desk(tmp_path: Path) -> AsyncIterator[Callable[[Repo], Awaitable[Opened]]]:
    """Opens a repository of the desk with what is on main of another."""
    async with AsyncExitStack() as stack:

        async def desk(repo: Repo) -> Opened:
            found = await stack.enter_async_context(opened(tmp_path / "desk", "shop", str(repo.path)))
            tip = await found.tip("main")
            assert isinstance(tip, str)
            return found, tip

        yield desk


class Builder:
    """Builds candidates on a base of *files*."""

    def __init__(self, repo: Repo, open_desk: Callable[[Repo], Awaitable[Opened]]) -> None:
        self.repo = repo
        self._open_desk = open_desk
        self._opened: Opened | None = None

    @property
    def repository(self) -> Repository:
        """The desk's, once it is open."""
        assert self._opened is not None
        return self._opened[0]

    async def open(self) -> Opened:
        self._opened = self._opened or await self._open_desk(self.repo)
        return self._opened

    async def build(
        self,
        *mutations: Mutation,
        limits: Limits = Limits(),  # noqa: B008
        description: Description = DESCRIPTION,
    ) -> Candidate | Fault:
        repository, base = await self.open()
        return await build(repository, Changeset(mutations), limits, description, base=base, now=NOW)

    async def files(self, *mutations: Mutation) -> dict[str, tuple[str, bytes]]:
        candidate = await self.build(*mutations)
        assert isinstance(candidate, Candidate), candidate
        return Repo(self.repository.path).at(candidate.commit)

    async def refusal(self, *mutations: Mutation) -> Fault:
        found = await self.build(*mutations)
        assert isinstance(found, Fault), found
        return found


@pytest.fixture
def on(
    tmp_path: Path, open_desk: Callable[[Repo], Awaitable[Opened]]
) -> Callable[[Mapping[str, Content]], Builder]:
    """`on(files)`: candidates on a branch that holds *files*."""
    return lambda files: Builder(make_repo(tmp_path / "theirs", files), open_desk)


@pytest.fixture
def owner() -> int | None:
    """The user that gates run as."""
    return SandboxSettings().uid if os.geteuid() == 0 else None


@pytest.fixture
def sandbox(owner: int | None) -> Supervised:
    settings = SandboxSettings()
    caps = Caps(settings.memory, settings.file_size, settings.processes, settings.output)
    return Supervised(0 if owner is None else 1, owner, caps)


@pytest.fixture(scope="session")
def box() -> Supervised | None:
    """A sandbox in which gates work on an overlay, if this machine gives one."""
    for each in list(probe._candidates(SandboxSettings()))[3].sandboxes:
        if not asyncio.run(attacks.starts(each)):
            return each
    return None


@pytest.fixture
def workspaces(owner: int | None, tmp_path: Path) -> Iterator[Folders]:
    with open_folders(tmp_path / "workspaces", owner) as folders:
        yield folders


@pytest.fixture(scope="session")
def memory() -> Iterator[Path]:
    """A folder in memory where there is one: other people's writes to the disk do not slow it down.

    The gates' user may pass through it, as through the folders of `tmp_path`.
    """
    shm = Path("/dev/shm")
    with tempfile.TemporaryDirectory(
        prefix="patchdesk-", dir=shm if os.access(shm, os.W_OK) else None
    ) as name:
        Path(name).chmod(0o711)
        yield Path(name)


@pytest.fixture
def tmp_path(memory: Path) -> Path:
    place = Path(tempfile.mkdtemp(dir=memory))
    place.chmod(0o711)
    return place


@dataclass(frozen=True, slots=True)
class Bench:
    """A desk's repository of what is in *theirs*, for tests that cannot be coroutines; *run* runs one."""

    theirs: Repo
    desk: Repository
    run: Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.fixture(scope="module")
def bench(memory: Path) -> Iterator[Bench]:
    folder = Path(tempfile.mkdtemp(dir=memory))
    theirs = make_repo(folder / "theirs", {"seed": b""})
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        desk = runner.run(stack.enter_async_context(opened(folder / "desk", "d", str(theirs.path))))
        yield Bench(theirs, desk, runner.run)
        runner.run(stack.aclose())
