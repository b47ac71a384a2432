"""The candidate as plain files for the gates, and nothing else: no `.git`, no line ends changed, no filters.

The files are written here, from the objects, so that what the gates see is the tree by construction; and
before each gate the folder is put back to it. What one patch leaves is kept for the next of its kin, whose
tree differs in a few files: whatever is not provably as it was written is written again. Where the sandbox
lets no gate touch the folder (it lies below an overlay then), only what differs between the trees is
written, however many files they have.
"""

import asyncio
import errno
import fcntl
import itertools
import os
import stat
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from contracts.paths import is_dotgit
from executor.files import Kind, Leaf

#: Others may pass through to a folder whose name they know, and list nothing.
_PASSAGE = 0o711
#: Folders are emptied no deeper than this at once; what lies deeper is moved up first.
_DEPTH = 64
#: Folders kept for the next patch.
_SPARE = 8


class Files(Protocol):
    """A tree to be laid out."""

    def leaves(self) -> Iterable[Leaf]: ...

    def content(self, leaf: Leaf) -> bytes: ...

    def since(self, before: Self) -> tuple[tuple[Leaf, ...], tuple[Leaf, ...]]:
        """The leaves of *before* that are no more, and those that are new; one that changed is in both."""


class Workspace(Protocol):
    """*tree* is where the gates run, *scratch* their home and temporary files."""

    @property
    def tree(self) -> Path: ...

    @property
    def scratch(self) -> Path: ...

    async def restore(self) -> None:
        """Make *tree* the candidate's tree again, byte by byte, and *scratch* empty."""


class Workspaces(Protocol):
    def laid_out(self, files: Files, *, kin: str) -> AbstractAsyncContextManager[Workspace]:
        """*files* as a workspace for nobody else meanwhile. Trees of one *kin* are alike. Raises OSError."""


class Folders:
    """Workspaces that are folders below *home*, a folder of the desk's alone.

    *owner* is the user and group that the gates run as; None: the desk's own. *untouched*: nothing that gates
    do outlives them.
    """

    def __init__(self, home: Path, owner: int | None, *, untouched: bool = False) -> None:
        self._home = home
        self._owner = owner
        self._untouched = untouched
        self._spare: dict[str, Folder] = {}  #: by kin, the longest unused first

    @asynccontextmanager
    async def laid_out(self, files: Files, *, kin: str) -> AsyncIterator["Folder"]:
        folder = self._spare.pop(kin, None) or Folder(
            self._home, self._owner, files, untouched=self._untouched
        )
        whole = False
        try:
            await folder.become(files)
            yield folder
            whole = True
        finally:
            # Shielded: a cancelled attempt must not leave its files behind.
            await asyncio.shield(self._put_away(kin, folder, whole=whole))

    async def _put_away(self, kin: str, folder: "Folder", *, whole: bool) -> None:
        """Keep the folder of an attempt that ended by itself, and of every kin the latest only."""
        gone = [] if whole else [folder]
        if whole:
            if not self._untouched:
                await asyncio.to_thread(folder.clear_scratch)
            gone += [old for old in (self._spare.pop(kin, None),) if old]
            self._spare[kin] = folder
            if len(self._spare) > _SPARE:
                gone.append(self._spare.pop(next(iter(self._spare))))
        for old in gone:
            await asyncio.to_thread(_destroy, old.place)


@contextmanager
def open_folders(root: Path, owner: int | None, *, untouched: bool = False) -> Iterator[Folders]:
    """A home for workspaces below *root*, for as long as the desk lives; removes those of dead desks.

    Raises OSError, as it does if *root* is there and somebody else's.
    """
    _own(root)
    with _locked(root):
        _remove_dead(root)
        home = Path(tempfile.mkdtemp(dir=root, prefix="desk-"))
        home.chmod(_PASSAGE)
        mine = _locked(home)
        mine.__enter__()
    try:
        yield Folders(home, owner, untouched=untouched)
    finally:
        _destroy(home)
        mine.__exit__(None, None, None)


def prune(root: Path) -> int:
    """Remove what dead desks left below *root*; how many of them. Raises OSError."""
    if not root.is_dir():
        return 0
    _own(root)
    with _locked(root):
        return _remove_dead(root)


def _remove_dead(root: Path) -> int:
    removed = 0
    for dead in root.glob("desk-*"):
        # Its desk may be ending just now, and take it away itself.
        with suppress(FileNotFoundError), _locked(dead, wait=False) as is_dead:
            if is_dead:
                _destroy(dead)
                removed += 1
    return removed


def default_root() -> Path:
    """Below the system's temporary folder, which a gate's user can reach though the data folder is closed."""
    return Path(tempfile.gettempdir()) / f"patchdesk-{os.geteuid()}"


def _own(root: Path) -> None:
    root.mkdir(mode=_PASSAGE, parents=True, exist_ok=True)
    found = root.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise PermissionError(f"{root} is not a folder of this user")
    root.chmod(_PASSAGE)


@contextmanager
def _locked(folder: Path, *, wait: bool = True) -> Iterator[bool]:
    """The lock on *folder* itself, which also keeps cleaners of temporary files away. False: it is held."""
    with _folder(folder) as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
            got = True
        except BlockingIOError:
            got = False
        yield got


# One workspace ---------------------------------------------------------------------------------
_Node = dict[str, "Leaf | _Node"]  #: a folder by the names in it


@dataclass(frozen=True, slots=True)
class _Seal:
    """What was written, and what it looked like then. The time of the last change cannot be set back."""

    leaf: Leaf
    inode: int
    changed: int
    size: int


class Folder:
    """One folder-made Workspace, below *home*."""

    def __init__(self, home: Path, owner: int | None, files: Files, *, untouched: bool = False) -> None:
        self.place = Path(tempfile.mkdtemp(dir=home, prefix="w-"))
        self.place.chmod(_PASSAGE)
        self.tree = self.place / "tree"
        self.scratch = self.place / "scratch"
        self._owner = owner
        self._files = files
        self._untouched = untouched
        #: What the folder holds for certain; None: something may have changed it.
        self._held: Files | None = None
        self._wanted: _Node = {}
        self._seals: dict[str, _Seal] = {}
        #: Of a file changed at or after this moment it is not known who changed it.
        self._sealed_at = 0

    async def become(self, files: Files) -> None:
        """Be a workspace of *files* from now on."""
        self._files = files
        before, self._held = self._held, None
        if before is not None:
            await asyncio.to_thread(self._follow, before)
        else:
            await self._become_anew(files)
        self._held = files if self._untouched else None

    async def _become_anew(self, files: Files) -> None:
        leaves = await asyncio.to_thread(lambda: tuple(files.leaves()))
        self._wanted = _nodes(leaves)
        self._seals = {leaf.path: self._seals[leaf.path] for leaf in leaves if leaf.path in self._seals}
        await self.restore()

    async def restore(self) -> None:
        if self._held is None:
            await asyncio.to_thread(self._restore)

    def _follow(self, before: Files) -> None:
        """From a folder that holds *before*, by what differs alone."""
        gone, fresh = self._files.since(before)
        wanted = _nodes(fresh)
        with _folder(self.place) as place, _folder("tree", place) as tree:
            for leaf in gone:
                _drop(tree, leaf.path)
            self._add(tree, wanted)

    def _add(self, folder: int, wanted: _Node) -> None:
        for name, node in wanted.items():
            if isinstance(node, dict):
                with suppress(FileExistsError):
                    os.mkdir(name, 0o755, dir_fd=folder)
                with _folder(name, folder) as inner:
                    os.fchmod(inner, 0o755)
                    self._add(inner, node)
                    self._give(inner)
            else:
                self._write(folder, name, node)

    def clear_scratch(self) -> None:
        with _folder(self.place) as place:
            _remove(place, "scratch")

    def _restore(self) -> None:
        with _folder(self.place) as place:
            with os.scandir(place) as entries:
                for entry in list(entries):
                    if entry.name != "tree" or not entry.is_dir(follow_symlinks=False):
                        _remove(place, entry.name)
            with suppress(FileExistsError):
                os.mkdir("tree", dir_fd=place)
            with _folder("tree", place) as tree:
                self._settle(tree, self._wanted, "")
                self._give(tree)
            for name in ("scratch", "scratch/home", "scratch/tmp"):
                os.mkdir(name, 0o700, dir_fd=place)
                with _folder(name, place) as folder:
                    self._give(folder)
        self._sealed_at = self.scratch.lstat().st_ctime_ns

    def _settle(self, folder: int, wanted: _Node, prefix: str) -> None:
        """Make the open *folder* hold *wanted* and nothing else."""
        os.fchmod(folder, 0o755)
        kept = set()
        with os.scandir(folder) as entries:
            for entry in list(entries):
                if self._is_as_written(entry, wanted.get(entry.name), prefix):
                    kept.add(entry.name)
                else:
                    _remove(folder, entry.name)
        for name, node in wanted.items():
            if isinstance(node, dict):
                if name not in kept:
                    os.mkdir(name, 0o755, dir_fd=folder)
                with _folder(name, folder) as inner:
                    self._settle(inner, node, f"{prefix}{name}/")
                    self._give(inner)
            elif name not in kept:
                found = self._write(folder, name, node)
                self._seals[node.path] = _seal(node, found)

    def _is_as_written(self, entry: os.DirEntry[str], node: "Leaf | _Node | None", prefix: str) -> bool:
        if node is None or isinstance(node, dict):
            return node is not None and entry.is_dir(follow_symlinks=False)
        found = entry.stat(follow_symlinks=False)
        seal = self._seals.get(prefix + entry.name)
        return seal == _seal(node, found) and found.st_ctime_ns < self._sealed_at

    def _write(self, folder: int, name: str, leaf: Leaf) -> os.stat_result:
        content = self._files.content(leaf)
        if leaf.kind is Kind.SYMLINK:
            os.symlink(content, name.encode("utf-8", "surrogateescape"), dir_fd=folder)
            if self._owner is not None:
                os.chown(name, self._owner, self._owner, dir_fd=folder, follow_symlinks=False)
            return os.stat(name, dir_fd=folder, follow_symlinks=False)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        handle = os.open(name, flags, 0o600, dir_fd=folder)
        with os.fdopen(handle, "wb", buffering=0) as file:
            rest = memoryview(content)
            while rest:
                rest = rest[file.write(rest) or 0 :]
            os.fchmod(handle, 0o755 if leaf.executable else 0o644)
            self._give(handle)
            return os.fstat(handle)

    def _give(self, handle: int) -> None:
        if self._owner is not None:
            os.fchown(handle, self._owner, self._owner)


def _seal(leaf: Leaf, found: os.stat_result) -> _Seal:
    return _Seal(leaf, found.st_ino, found.st_ctime_ns, found.st_size)


def _nodes(leaves: Iterable[Leaf]) -> _Node:
    """The folders of a tree. Raises OSError for a name that git would not check out either."""
    root: _Node = {}
    for leaf in leaves:
        *parents, name = leaf.path.split("/")
        for part in (*parents, name):
            if part in {"", ".", ".."} or is_dotgit(part):
                raise OSError(f"the tree has a file named {leaf.path!a}")
        node = root
        for part in parents:
            inner = node.setdefault(part, {})
            if not isinstance(inner, dict):
                raise OSError(f"the tree has {leaf.path!a} below a file")
            node = inner
        # A submodule is an empty folder until somebody fetches it; nobody does here.
        node[name] = {} if leaf.kind is Kind.SUBMODULE else leaf
    return root


# Taking away -----------------------------------------------------------------------------------
@contextmanager
def _folder(name: Path | str, parent: int | None = None) -> Iterator[int]:
    """The folder *name*, open; never through a symbolic link."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        handle = os.open(name, flags, dir_fd=parent)
    except PermissionError:
        # Not being root, the desk first has to take back what a gate closed to its own user.
        os.chmod(name, 0o700, dir_fd=parent)
        handle = os.open(name, flags, dir_fd=parent)
    try:
        yield handle
    finally:
        os.close(handle)


def _destroy(place: Path) -> None:
    with _folder(place.parent) as parent:
        _remove(parent, place.name)


def _remove(parent: int, name: str) -> None:
    """Remove *name* from the open folder *parent*, whatever a gate made of it."""
    if not stat.S_ISDIR(os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode):
        os.unlink(name, dir_fd=parent)
        return
    with _folder(name, parent) as top:
        while _empty(top, top, 0):
            pass
    os.rmdir(name, dir_fd=parent)


def _drop(folder: int, path: str) -> None:
    """Remove *path* below the open *folder*, and the folders that held nothing else."""
    name, _, rest = path.partition("/")
    if not rest:
        _remove(folder, name)
        return
    with _folder(name, folder) as inner:
        _drop(inner, rest)
        with os.scandir(inner) as entries:
            empty = next(entries, None) is None
    if empty:
        os.rmdir(name, dir_fd=folder)


def _empty(top: int, folder: int, depth: int) -> bool:
    """Empty *folder*, but for what lies too deep: that goes up into *top*. True if something did."""
    os.fchmod(folder, 0o700)
    moved = False
    with os.scandir(folder) as entries:
        found = list(entries)
    for entry in found:
        if not entry.is_dir(follow_symlinks=False):
            os.unlink(entry.name, dir_fd=folder)
        elif depth == _DEPTH:
            _move_up(folder, entry, top)
            moved = True
        else:
            with _folder(entry.name, folder) as inner:
                moved |= _empty(top, inner, depth + 1)
            os.rmdir(entry.name, dir_fd=folder)
    return moved


def _move_up(folder: int, entry: os.DirEntry[str], top: int) -> None:
    for number in itertools.count(entry.inode()):
        try:
            os.rename(entry.name, f".deep-{number}", src_dir_fd=folder, dst_dir_fd=top)
        except OSError as error:
            if error.errno not in (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR):
                raise
        else:
            return
