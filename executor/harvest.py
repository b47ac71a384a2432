"""What a program made of a candidate's files, as a changeset on them: decided on as any patch is."""

import asyncio
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from contracts.faults import Fault
from contracts.modes import FileMode
from contracts.patch import Changeset, Delete, Limits, Mutation, Write, build_changeset, weight
from contracts.paths import check_path
from executor.files import File, Kind, Leaf
from executor.ignoring import ignored
from executor.leftovers import Entering, Survey, UntakenError, no_file, read_file, read_link
from executor.repository.bare import Repository
from executor.repository.objects import Tree
from executor.sandbox.level import Left

T = TypeVar("T")

#: New folders of which git is asked whether they count; with more, what is in them is looked at anyhow.
_MOST_FOLDERS = 1000


@dataclass(frozen=True, slots=True)
class Wanted:
    """Paths that are looked at; None: all."""

    paths: frozenset[str] | None = None

    def has(self, path: str) -> bool:
        return self.paths is None or path in self.paths

    def leads_through(self, folder: str) -> bool:
        """Whether something in *folder*, however deep, may be wanted."""
        return self.paths is None or any(path.startswith(f"{folder}/") for path in self.paths)


async def harvest(
    left: Left, repository: Repository, tree: Tree, limits: Limits, wanted: Wanted
) -> Changeset | Fault | None:
    """What *left* has otherwise than *tree* at the paths that are *wanted*; None: nothing.

    New files that the tree's `.gitignore` leaves out do not count. A Fault: something that is wanted cannot
    be taken, so nothing is. Raises GitError and OSError where the desk cannot.
    """
    known = await asyncio.to_thread(lambda: {leaf.path: leaf for leaf in tree.leaves()})
    try:
        seen = await _seen(left, repository, tree, known, wanted)
        present = [path for path in sorted(seen.present) if wanted.has(path)]
        out = await ignored(repository, tree, [path for path in present if path not in known])
        gone = [path for path in _gone(seen, known) if wanted.has(path)]
        kept = [path for path in present if path not in out]
        changes = _Changes(left.folder, seen, tree, known, limits)
        return await _whole(partial(changes.changeset, gone, kept))
    except UntakenError as error:
        return error.fault


async def _seen(
    left: Left, repository: Repository, tree: Tree, known: Mapping[str, Leaf], wanted: Wanted
) -> Survey:
    """What is in *left*, but for new folders that are left out as a whole: they hold the most of all."""
    seen, folders = Survey(left), {folder for path in known for folder in _above(path)} - known.keys()

    def ways(folder: str) -> Entering:
        if not wanted.leads_through(folder):
            return Entering.NEVER
        return Entering.IN if folder in folders else Entering.LATER

    await _whole(partial(seen.look, ways))
    few = len(seen.later) <= _MOST_FOLDERS
    out = await ignored(repository, tree, seen.later, folders=True) if few else frozenset()
    for folder in seen.later:
        if folder not in out:
            await _whole(partial(seen.explore, folder))
    return seen


async def _whole(work: Callable[[], T]) -> T:
    """*work* in a thread, to its end even if this is cancelled: the folder that it uses is closed then."""
    future = asyncio.get_running_loop().run_in_executor(None, work)
    try:
        return await asyncio.shield(future)
    finally:
        if not future.done():
            await asyncio.wait([future])


def _gone(seen: Survey, known: Mapping[str, Leaf]) -> Iterator[str]:
    """Which files there are no more. (A submodule is an empty folder here, and none that anybody needs.)"""
    for path, leaf in known.items():
        hidden = not seen.covering.isdisjoint(_above(path))
        if hidden and path not in seen.present and leaf.kind is not Kind.SUBMODULE:
            yield path


def _above(path: str) -> Iterator[str]:
    """The root, every folder that *path* lies in, and itself."""
    yield ""
    place = path.find("/")
    while place >= 0:
        yield path[:place]
        place = path.find("/", place + 1)
    yield path


@dataclass(frozen=True, slots=True)
class _Changes:
    folder: int
    seen: Survey
    tree: Tree
    known: Mapping[str, Leaf]
    limits: Limits

    def changeset(self, gone: Sequence[str], present: Sequence[str]) -> Changeset | Fault | None:
        """Raises UntakenError."""
        mutations: list[Mutation] = [Delete(path) for path in gone]
        room = self.limits.content
        for path in present:
            write = self._write(path)
            if write is not None:
                mutations.append(write)
                room -= weight(write)
            # More of it would change nothing about the answer.
            if room < 0 or len(mutations) > self.limits.files:
                break
        return build_changeset(tuple(mutations), self.limits) if mutations else None

    def _write(self, path: str) -> Write | None:
        """What is at *path*; None: the same as before."""
        before, mode = self.known.get(path), self.seen.present[path]
        if self._is_same_link(path, before, mode):
            return None
        if not stat.S_ISREG(mode):
            raise UntakenError(check_path(path) or no_file(path, mode))
        was = self._file(before)
        found = read_file(self.folder, path, most=max(self.limits.file, len(was.content) if was else 0))
        return None if found == was else Write(path, found.content, found.mode)

    def _is_same_link(self, path: str, before: Leaf | None, mode: int) -> bool:
        if before is None or before.kind is not Kind.SYMLINK or not stat.S_ISLNK(mode):
            return False
        return read_link(self.folder, path) == self.tree.content(before)

    def _file(self, leaf: Leaf | None) -> File | None:
        if leaf is None or leaf.kind is not Kind.FILE:
            return None
        mode = FileMode.EXECUTABLE if leaf.executable else FileMode.REGULAR
        return File(self.tree.content(leaf), mode)
