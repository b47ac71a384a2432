"""Objects of a bare repository, read and written in process."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pygit2
from pygit2.enums import DeltaStatus
from pygit2.enums import FileMode as GitMode

from contracts.outcome import Change, FileChange
from contracts.patch import FileMode
from executor.files import Edits, File, Kind, Leaf

#: By the type in a mode. Trees of very old tools have other permissions; only "executable" counts.
_KINDS = {0o10: Kind.FILE, 0o12: Kind.SYMLINK, 0o04: Kind.DIRECTORY, 0o16: Kind.SUBMODULE}
_EXECUTABLE = 0o100
_GIT_MODES = {FileMode.REGULAR: GitMode.BLOB, FileMode.EXECUTABLE: GitMode.BLOB_EXECUTABLE}


class Tree:
    """The tree of one commit: what a patch is applied to, and what the gates get to see.

    Bytes of a name that are not UTF-8 become surrogates, as in `os.fsdecode`; no patch can name them.
    """

    def __init__(self, repository: pygit2.Repository, tree: pygit2.Tree) -> None:
        self._repository = repository
        self._tree = tree

    @property
    def id(self) -> str:
        return str(self._tree.id)

    def kind(self, path: str) -> Kind | None:
        found = self._find(path)
        return None if found is None else _KINDS[found.filemode >> 12]

    def file(self, path: str) -> File:
        found = self._find(path)
        if not isinstance(found, pygit2.Blob):
            raise KeyError(path)
        return File(found.data, _mode_of(found))

    def entry(self, path: str) -> str:
        """Mode and object id of whatever is at *path*; empty: nothing is."""
        found = self._find(path)
        return "" if found is None else f"{found.filemode:o} {found.id}"

    def names(self, folder: str) -> Iterable[str]:
        found = self._tree if not folder else self._find(folder)
        return [_name(entry) for entry in found] if isinstance(found, pygit2.Tree) else []

    def files(self, folder: str = "") -> Iterator[str]:
        return (leaf.path for leaf in self.leaves(folder))

    def leaves(self, folder: str = "") -> Iterator[Leaf]:
        """Everything below *folder* that is no folder, in git's order."""
        found = self._tree if not folder else self._find(folder)
        if isinstance(found, pygit2.Tree):
            yield from _leaves(found, f"{folder}/" if folder else "")

    def content(self, leaf: Leaf) -> bytes:
        """The bytes of a file; of a symbolic link, where it points."""
        found = self._repository[leaf.id]
        if not isinstance(found, pygit2.Blob):
            raise KeyError(leaf.path)
        return found.data

    def since(self, before: "Tree") -> tuple[tuple[Leaf, ...], tuple[Leaf, ...]]:
        """The leaves of *before* that are no more, and those that are new; one that changed is in both.

        Takes as long as the difference is large, whatever the size of the trees.
        """
        gone: list[Leaf] = []
        fresh: list[Leaf] = []
        _compare(self._repository[before.id].peel(pygit2.Tree), self._tree, "", gone, fresh)
        return tuple(gone), tuple(fresh)

    def _find(self, path: str) -> pygit2.Object | None:
        try:
            return self._tree[path]
        except KeyError:
            return None

    def graft(self, edits: Edits) -> "Tree":
        """A new tree with *edits* made; every folder that no edit names is shared with this one."""
        root = _graft(self._repository, self._tree, edits) or self._repository.TreeBuilder().write()
        return Tree(self._repository, self._repository[root].peel(pygit2.Tree))

    def changes(self, after: "Tree") -> tuple[FileChange, ...]:
        """What became of which file on the way to *after*, in the order of paths."""
        diff = self._tree.diff_to_tree(self._repository[after.id].peel(pygit2.Tree))
        diff.find_similar()
        return tuple(sorted((_change(patch) for patch in diff if patch), key=lambda change: change.path))

    def diff(self, after: "Tree") -> tuple["FileDiff", ...]:
        """The same, to be read."""
        diff = self._tree.diff_to_tree(self._repository[after.id].peel(pygit2.Tree))
        diff.find_similar()
        return tuple(_file_diff(patch) for patch in diff if patch)


@dataclass(frozen=True, slots=True)
class FileDiff:
    """What people read of one changed file; of a renamed one *paths* are both names."""

    paths: frozenset[str]
    text: str


def _leaves(tree: pygit2.Tree, prefix: str) -> Iterator[Leaf]:
    for entry in tree:
        yield from _leaves_of(entry, prefix)


def _leaves_of(entry: pygit2.Object, prefix: str) -> Iterator[Leaf]:
    path, kind = f"{prefix}{_name(entry)}", _KINDS[entry.filemode >> 12]
    if isinstance(entry, pygit2.Tree):
        yield from _leaves(entry, f"{path}/")
    else:
        yield Leaf(path, kind, _mode_of(entry) is FileMode.EXECUTABLE, str(entry.id))


def _compare(
    before: pygit2.Tree, after: pygit2.Tree, prefix: str, gone: list[Leaf], fresh: list[Leaf]
) -> None:
    old, new = ({entry.raw_name: entry for entry in tree} for tree in (before, after))
    for name in old.keys() | new.keys():
        one, other = old.get(name), new.get(name)
        if one is not None and other is not None:
            if (one.id, one.filemode) == (other.id, other.filemode):
                continue
            if isinstance(one, pygit2.Tree) and isinstance(other, pygit2.Tree):
                _compare(one, other, f"{prefix}{_name(one)}/", gone, fresh)
                continue
        gone += _leaves_of(one, prefix) if one is not None else ()
        fresh += _leaves_of(other, prefix) if other is not None else ()


def _name(entry: pygit2.Object) -> str:
    return (entry.raw_name or b"").decode("utf-8", "surrogateescape")


def _git_mode(entry: pygit2.Object | pygit2.IndexEntry) -> int:
    return entry.mode if isinstance(entry, pygit2.IndexEntry) else entry.filemode


def _mode_of(entry: pygit2.Object | pygit2.IndexEntry) -> FileMode:
    plain_and_executable = _git_mode(entry) >> 12 == 0o10 and _git_mode(entry) & _EXECUTABLE
    return FileMode.EXECUTABLE if plain_and_executable else FileMode.REGULAR


def _graft(repository: pygit2.Repository, tree: pygit2.Tree | None, edits: Edits) -> pygit2.Oid | None:
    """The tree's id with *edits* (paths relative to it); None if nothing is left in it."""
    builder = repository.TreeBuilder(tree) if tree is not None else repository.TreeBuilder()
    here: dict[str, File | None] = {}
    below: dict[str, dict[str, File | None]] = {}
    for path, file in edits.items():
        name, _, rest = path.partition("/")
        if rest:
            below.setdefault(name, {})[rest] = file
        else:
            here[name] = file
    # A name may go as a folder and come as a file, or the other way round: first what goes.
    for name, inner in below.items():
        folder = tree[name] if tree is not None and name in tree else None
        made = _graft(repository, folder if isinstance(folder, pygit2.Tree) else None, inner)
        _set(builder, name, made, GitMode.TREE)
    for name, file in here.items():
        if file is not None:
            _set(builder, name, repository.create_blob(file.content), _GIT_MODES[file.mode])
        elif name not in below:
            _set(builder, name, None, GitMode.BLOB)
    return builder.write() if len(builder) else None


def _set(builder: pygit2.TreeBuilder, name: str, made: pygit2.Oid | None, mode: GitMode) -> None:
    if made is not None:
        builder.insert(name, made, mode)
    elif builder.get(name) is not None:
        builder.remove(name)


def _file_diff(patch: pygit2.Patch) -> FileDiff:
    names = frozenset((patch.delta.old_file.path, patch.delta.new_file.path))
    return FileDiff(names, patch.data.decode("utf-8", "replace"))


def _change(patch: pygit2.Patch) -> FileChange:
    delta = patch.delta
    _, added, removed = patch.line_stats
    binary = delta.is_binary
    renamed = delta.status == DeltaStatus.RENAMED
    return FileChange(
        path=delta.new_file.path or delta.old_file.path,
        change=_change_of(delta),
        added=None if binary else added,
        removed=None if binary else removed,
        old_path=delta.old_file.path if renamed else None,
    )


def _change_of(delta: pygit2.DiffDelta) -> Change:
    if delta.status == DeltaStatus.MODIFIED and delta.old_file.id == delta.new_file.id:
        return Change.MODE
    return {
        DeltaStatus.ADDED: Change.ADDED,
        DeltaStatus.DELETED: Change.DELETED,
        DeltaStatus.RENAMED: Change.RENAMED,
    }.get(delta.status, Change.MODIFIED)


def write_index(repository: pygit2.Repository, file: Path, content: Edits) -> None:
    file.unlink(missing_ok=True)
    index = pygit2.Index(str(file))
    for path, at_path in content.items():
        if at_path is not None:
            blob = repository.create_blob(at_path.content)
            index.add(pygit2.IndexEntry(path, blob, _GIT_MODES[at_path.mode]))
    index.write()


def read_index(file: Path) -> dict[str, str]:
    """What the index *file* holds, as `entries` writes it."""
    return {entry.path: f"{entry.mode:o} {entry.id}" for entry in pygit2.Index(str(file))}


def entries(content: Edits) -> dict[str, str]:
    """Mode and object id of each file of *content*, as `Tree.entry`. Blocks for as long as hashing takes."""
    return {
        path: f"{_GIT_MODES[file.mode]:o} {pygit2.hash(file.content)}"
        for path, file in content.items()
        if file is not None
    }
