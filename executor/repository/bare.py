"""One bare repository per domain, made, configured and locked by the desk; branches of an origin."""

import asyncio
import ctypes
import fcntl
import os
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pygit2
from pygit2.enums import ConfigLevel

from contracts.faults import Fault, Reason, fault
from contracts.outcome import FileChange
from executor.files import Edits
from executor.git import REMOTE, Git, GitError, without_credentials
from executor.repository.commits import Description, find_landed, write_commit
from executor.repository.history import Landings
from executor.repository.objects import Tree, write_index

# What the machine or its users configure for their git is no business of the desk's repositories.
for _level in (ConfigLevel.SYSTEM, ConfigLevel.XDG, ConfigLevel.GLOBAL):
    pygit2.settings.search_path[_level] = ""

#: Nothing but this configures the repository. HEAD names a reference that never exists, so that no
#: HEAD.lock ever stands in the way; attributes overrule whatever a tree's .gitattributes ask for.
_CONFIG = """\
[core]
\trepositoryformatversion = 0
\tfilemode = true
\tbare = true
\tlogallrefupdates = false
\thooksPath = /dev/null
[gc]
\tauto = 0
[maintenance]
\tauto = false
[transfer]
\thideRefs = refs/patchdesk
"""
_LIBC = ctypes.CDLL(None, use_errno=True)
_HEAD = "ref: refs/heads/patchdesk/none\n"
_ATTRIBUTES = "* -text -filter -ident -working-tree-encoding\n"

#: How old a lock must be, where others push too, before it counts as left behind.
_ABANDONED = timedelta(seconds=10)
_LOCK_WAIT = timedelta(seconds=5)
_LOCK_POLL = timedelta(milliseconds=20)


class UnreachableError(Exception):
    """The origin did not answer, or not as an origin does. It may pass. *detail* has no credentials."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail

    def fault(self) -> Fault:
        return fault(Reason.REPOSITORY_UNREACHABLE, detail=self.detail)


class RepositoryBusyError(OSError):
    """Somebody else on this machine works in the repository, and did not stop in time."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a domain's branch really is. *address* may hold credentials."""

    address: str

    @property
    def shown(self) -> str:
        """The address as people may see it."""
        return without_credentials(self.address)

    @property
    def folder(self) -> Path | None:
        """The folder, if the origin is one of this machine."""
        if "://" in self.address:
            parts = urlsplit(self.address)
            return Path(parts.path) if parts.scheme == "file" else None
        # `host:path` is ssh's short form, unless a slash comes before the colon (git-clone(1)).
        head, colon, _ = self.address.partition(":")
        return None if colon and "/" not in head else Path(self.address)


class Repository:
    """The desk's own copy of one domain's repository. Objects are read and made in process."""

    def __init__(self, path: Path, origin: Origin | None) -> None:
        self.path = path
        self.origin = origin
        self.git = Git(path)
        self._objects = pygit2.Repository(str(path))

    # Branches ------------------------------------------------------------------------------
    async def tip(self, branch: str) -> str | Fault:
        """The commit *branch* is at: at the origin, where there is one. Raises UnreachableError, GitError."""
        ref = f"refs/heads/{branch}"
        tip = self.resolve(ref) if self.origin is None else await self.fetch(self.origin, ref)
        return tip or fault(Reason.BRANCH_MISSING, branch=branch)

    async def fetch(self, origin: Origin, ref: str, *options: str) -> str | None:
        """The commit that *ref* of *origin* is at, brought here with all it needs; None: no such reference.

        *options* are for git fetch. Raises UnreachableError.
        """
        kept = f"refs/patchdesk/origin/{ref.removeprefix('refs/heads/')}"
        quietly = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance")
        refspec = f"+{ref}:{kept}"
        try:
            await self.git.run(
                "fetch",
                *quietly,
                "--no-recurse-submodules",
                *options,
                "--",
                origin.address,
                refspec,
                within=REMOTE,
            )
        except GitError as error:
            if "couldn't find remote ref" in error.detail:
                return None
            raise UnreachableError(error.detail) from error
        return self.resolve(kept)

    async def head(self, origin: Origin) -> str | None:
        """The branch that *origin* has checked out; None: none. Raises UnreachableError."""
        try:
            said = await self.git.run("ls-remote", "--symref", "--", origin.address, "HEAD", within=REMOTE)
        except GitError as error:
            raise UnreachableError(error.detail) from error
        first = said.stdout.decode(errors="replace").partition("\t")[0]
        return first.removeprefix("ref: refs/heads/") if first.startswith("ref: refs/heads/") else None

    def resolve(self, ref: str) -> str | None:
        """The commit that reference *ref* is at; None: there is none."""
        try:
            return str(self._objects.lookup_reference(ref).peel(pygit2.Commit).id)
        except (KeyError, pygit2.InvalidSpecError):
            return None

    def swap(self, ref: str, commit: str, *, base: str) -> bool:
        """Move *ref* from *base* to *commit*, whole or not at all. False: it was not done.

        libgit2 does as git does: it takes the lock of the reference, compares, and renames. But where
        somebody has the lock it does not wait, and it cannot say what stands in the way.
        """
        try:
            found = self._objects.lookup_reference(ref)
            if found.target != pygit2.Oid(hex=base):
                return False
            found.set_target(pygit2.Oid(hex=commit))
        except (KeyError, OSError, pygit2.GitError):
            return False
        return True

    def checked_out(self, branch: str) -> bool:
        """Whether a working copy that belongs to this repository has *branch* checked out."""
        wanted = f"ref: refs/heads/{branch}\n"
        return any(head.read_text() == wanted for head in self.path.glob("worktrees/*/HEAD"))

    # Objects -------------------------------------------------------------------------------
    def tree(self, commit: str) -> Tree:
        return Tree(self._objects, self._objects[commit].peel(pygit2.Tree))

    def write_index(self, file: Path, content: Edits) -> None:
        """Make *file* a git index of nothing but *content*."""
        write_index(self._objects, file, content)

    def write_commit(self, description: Description, *, tree: Tree, parent: str, now: datetime) -> str:
        return write_commit(self._objects, description, tree=tree.id, parent=parent, now=now)

    def changes(self, commit: str) -> tuple[FileChange, ...]:
        """What *commit* changes against its first parent."""
        found = self._objects[commit].peel(pygit2.Commit)
        return self.tree(str(found.parent_ids[0])).changes(self.tree(commit))

    def history(self, base: str) -> Landings:
        """What *base* stands on."""
        return Landings(self._objects, base)

    def has(self, commit: str) -> bool:
        """Whether *commit* is still here; one that no reference names may have been tidied away."""
        return commit in self._objects

    def contains(self, tip: str, commit: str) -> bool:
        """Whether *commit* is *tip* or one of its ancestors."""
        return tip == commit or self._objects.descendant_of(pygit2.Oid(hex=tip), pygit2.Oid(hex=commit))

    def parent(self, commit: str) -> str:
        return str(self._objects[commit].peel(pygit2.Commit).parent_ids[0])

    def find_landed(self, patch: str, *, tip: str, since: datetime) -> str | None:
        return find_landed(self._objects, patch, tip=tip, since=since)

    def sync(self) -> None:
        """Have everything written so far on the disk; git sees to that for neither objects nor refs."""
        handle = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            if _LIBC.syncfs(handle):
                raise OSError(ctypes.get_errno(), "syncfs", str(self.path))
        finally:
            os.close(handle)

    @property
    def scratch(self) -> Path:
        """A folder for what one attempt needs; emptied when the repository is opened."""
        return self.path / "scratch"


@asynccontextmanager
async def opened(home: Path, domain: str, origin: str | None) -> AsyncIterator[Repository]:
    """The repository of *domain* below the folder *home*, made if need be, and nobody else's meanwhile.

    Raises RepositoryBusyError if somebody else has it and keeps it.
    """
    await asyncio.to_thread(home.mkdir, mode=0o700, parents=True, exist_ok=True)
    path = home / f"{domain}.git"
    async with _locked(home / f"{domain}.flock"):
        await asyncio.to_thread(_prepare, path, shared=origin is None)
        yield Repository(path, Origin(origin) if origin is not None else None)


@asynccontextmanager
async def _locked(file: Path) -> AsyncIterator[None]:
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            async with asyncio.timeout(_LOCK_WAIT.total_seconds()):
                while not _try_lock(handle):  # noqa: ASYNC110 - another process lets go of it
                    await asyncio.sleep(_LOCK_POLL.total_seconds())
        except TimeoutError as error:
            raise RepositoryBusyError(f"somebody else holds {file.name}") from error
        yield
    finally:
        os.close(handle)


def _try_lock(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _prepare(path: Path, *, shared: bool) -> None:
    """Make *path* the repository it has to be. Ended at any point, a second call completes it.

    *shared*: people push here themselves, so a lock may be one of theirs.
    """
    for folder in ("objects/info", "objects/pack", "refs/heads", "info"):
        (path / folder).mkdir(mode=0o700, parents=True, exist_ok=True)
    _write(path / "config", _CONFIG)
    _write(path / "HEAD", _HEAD)
    _write(path / "info/attributes", _ATTRIBUTES)
    shutil.rmtree(path / "scratch", ignore_errors=True)
    (path / "scratch").mkdir()
    newest = (path / "scratch").stat().st_mtime - (_ABANDONED.total_seconds() if shared else 0)
    for lock in _locks(path):
        if lock.stat().st_mtime <= newest:
            lock.unlink()


def _write(file: Path, text: str) -> None:
    if file.is_file() and file.read_text() == text:
        return
    new = file.with_name(f"{file.name}.new")
    new.write_text(text)
    new.replace(file)


def _locks(path: Path) -> Iterator[Path]:
    """Where git leaves locks behind when it is killed; among loose objects there are none."""
    yield from path.glob("*.lock")
    yield from path.glob("refs/**/*.lock")
    yield from path.glob("objects/*.lock")
    yield from path.glob("objects/info/**/*.lock")
