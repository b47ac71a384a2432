"""A base with the changes so far on top; knows what lies where, and refuses what git trees cannot hold."""

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Protocol, assert_never

from contracts.faults import Fault, Reason, fault, nearest
from contracts.paths import fold
from executor.files import Edits, File, Kind

#: With more files than this, a suggestion is only looked for among files of the same name or folder.
_MOST_COMPARED = 2000


class Base(Protocol):
    """The tree that a patch is applied to. No path given to it ends in `/`; `""` is the root."""

    def kind(self, path: str) -> Kind | None:
        """What lies at *path*; None: nothing does."""

    def file(self, path: str) -> File:
        """The plain file at *path*, which is known to be one."""

    def names(self, folder: str) -> Iterable[str]:
        """What lies directly in *folder*; nothing if it is no folder."""

    def files(self, folder: str = "") -> Iterator[str]:
        """Every path below *folder* that is no folder."""


class Overlay:
    """Later mutations see what earlier ones did. A method that returns a Fault has changed nothing."""

    def __init__(self, base: Base) -> None:
        self._base = base
        self._edits: dict[str, File | None] = {}

    def file(self, path: str) -> File | Fault:
        """The plain file at *path*, or why there is none."""
        match kind := self.kind(path):
            case Kind.FILE:
                return self._edits.get(path) or self._base.file(path)
            case None:
                missing = fault(Reason.FILE_MISSING, path=path, suggestion=self._suggest(path))
                return self._blocked(path) or missing
            case Kind.DIRECTORY | Kind.SYMLINK | Kind.SUBMODULE:
                return fault(Reason.NOT_A_FILE, path=path, found=_described(kind))
            case _:
                assert_never(kind)

    def put(self, path: str, file: File) -> Fault | None:
        """Have *file* at *path*, new or in place of the plain file there."""
        kind = self.kind(path)
        if kind is None:
            wrong = self._blocked(path) or self._collision(path)
        elif kind is not Kind.FILE:
            wrong = fault(Reason.NOT_A_FILE, path=path, found=_described(kind))
        else:
            wrong = None
        if wrong is None:
            self._edits[path] = file
        return wrong

    def remove(self, path: str) -> None:
        """Have nothing at *path*, where `file` found a file."""
        self._edits[path] = None

    def kind(self, path: str) -> Kind | None:
        if self._edits.get(path) is not None:
            return Kind.FILE
        if any(self._live_below(path)):
            return Kind.DIRECTORY
        if path in self._edits:
            return None
        kind = self._base.kind(path)
        if kind is Kind.DIRECTORY and any(self._gone_below(path)):
            left = any(self._edits.get(name, name) is not None for name in self._base.files(path))
            return kind if left else None
        return kind

    def edits(self) -> Edits:
        """What differs from the base; nothing that came back to what it was."""
        return {path: file for path, file in self._edits.items() if self._original(path) != file}

    def snapshot(self, paths: Iterable[str]) -> dict[str, File | None]:
        """What lies at *paths* now; None where no plain file does."""
        return {path: self._present(path) for path in paths}

    def _present(self, path: str) -> File | None:
        if path in self._edits:
            return self._edits[path]
        return self._original(path)

    def _original(self, path: str) -> File | None:
        return self._base.file(path) if self._base.kind(path) is Kind.FILE else None

    def _live_below(self, path: str) -> Iterator[str]:
        return (name for name, file in self._edits.items() if file and name.startswith(f"{path}/"))

    def _gone_below(self, path: str) -> Iterator[str]:
        return (name for name, file in self._edits.items() if file is None and name.startswith(f"{path}/"))

    def _blocked(self, path: str) -> Fault | None:
        """A folder above *path* is none. Git's own check for this needs a full index."""
        for parent in PurePosixPath(path).parents:
            kind = self.kind(str(parent)) if str(parent) != "." else None
            if kind is not None and kind is not Kind.DIRECTORY:
                return fault(Reason.NOT_A_FILE, path=path, found=f"below {_described(kind)}")
        return None

    def _collision(self, path: str) -> Fault | None:
        """A new name, of the file or of a folder above it, that differs from a present one only in case."""
        folder = ""
        for part in path.split("/"):
            here = f"{folder}/{part}" if folder else part
            if self.kind(here) is None:
                for name in self._names(folder):
                    other = f"{folder}/{name}" if folder else name
                    if name != part and fold(name) == fold(part) and self.kind(other) is not None:
                        return fault(Reason.PATH_COLLISION, path=path, other=other)
            folder = here
        return None

    def _names(self, folder: str) -> set[str]:
        prefix = f"{folder}/" if folder else ""
        added = {name[len(prefix) :].split("/")[0] for name in self._edits if name.startswith(prefix)}
        return added | set(self._base.names(folder))

    def _suggest(self, path: str) -> str:
        """The file that was probably meant."""
        alive = [name for name in self._base.files() if self._edits.get(name, name) is not None]
        alive += [name for name, file in self._edits.items() if file]
        wanted = PurePosixPath(path)
        same_name = [name for name in alive if PurePosixPath(name).name.casefold() == wanted.name.casefold()]
        if len(same_name) == 1:
            return same_name[0]
        if len(alive) > _MOST_COMPARED:
            alive = same_name or [n for n in alive if PurePosixPath(n).parent == wanted.parent]
        return nearest(path, alive[:_MOST_COMPARED])


def _described(kind: Kind) -> str:
    match kind:
        case Kind.FILE:
            return "a file"
        case Kind.SYMLINK:
            return "a symbolic link"
        case Kind.DIRECTORY:
            return "a folder"
        case Kind.SUBMODULE:
            return "a submodule"
        case _:
            assert_never(kind)
