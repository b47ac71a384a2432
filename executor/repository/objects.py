"""Objects of a bare repository, read and written in process."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import pygit2
from pygit2.enums import DeltaStatus, ObjectType
from pygit2.enums import FileMode as GitMode

from contracts.modes import FileMode
from contracts.outcome import Change, FileChange
from executor.files import Edits, File, Kind, Leaf

#: By the type in a mode. Trees of very old tools have other permissions; only "executable" counts.
_KINDS = {0o10: Kind.FILE, 0o12: Kind.SYMLINK, 0o04: Kind.DIRECTORY, 0o16: Kind.SUBMODULE}
_EXECUTABLE = 0o100
#: What a tree object holds, one after the other: mode, name, id.
_ENTRY = re.compile(rb"([0-7]+) ([^\0]+)\0(.{20})", re.DOTALL)
_Entry = tuple[bytes, bytes, bytes]
#: So many trees of at most so many entries are remembered: those of a patch are read several times, and most
#: are those of the next one, too. What an id stands for is the same in every repository.
_FEW = 256
_recent: dict[str, list[_Entry]] = {}
_MODES = {Kind.FILE: GitMode.BLOB, Kind.SYMLINK: GitMode.LINK, Kind.SUBMODULE: GitMode.COMMIT}
_GIT_MODES = {FileMode.REGULAR: GitMode.BLOB, FileMode.EXECUTABLE: GitMode.BLOB_EXECUTABLE}


class Tree:
    """The tree of one commit: what a patch is applied to, and what the gates get to see.

    Bytes of a name that are not UTF-8 become surrogates, as in `os.fsdecode`; no patch can name them.
    """

    def __init__(self, repository: pygit2.Repository, tree: pygit2.Tree) -> None:
        self._repository = repository
        self._tree = tree
        #: What was looked up; whoever plans asks for the same few paths again and again.
        self._found: dict[str, pygit2.Object | None] = {}
        self._files: dict[str, File] = {}

    @property
    def id(self) -> str:
        return str(self._tree.id)

    def kind(self, path: str) -> Kind | None:
        found = self._find(path)
        return None if found is None else _KINDS[found.filemode >> 12]

    def file(self, path: str) -> File:
        if path not in self._files:
            found = self._find(path)
            if not isinstance(found, pygit2.Blob):
                raise KeyError(path)
            self._files[path] = File(found.data, _mode_of(found))
        return self._files[path]

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
            yield from _leaves(self._repository, str(found.id), f"{folder}/" if folder else "")

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
        _compare(self._repository, (before.id, self.id), "", gone, fresh)
        return tuple(gone), tuple(fresh)

    def _find(self, path: str) -> pygit2.Object | None:
        if path not in self._found:
            try:
                self._found[path] = self._tree[path]
            except KeyError:
                self._found[path] = None
        return self._found[path]

    def graft(self, edits: Edits) -> "Tree":
        """A new tree with *edits* made; every folder that no edit names is shared with this one."""
        root = _graft(self._repository, self._tree, edits) or self._repository.TreeBuilder().write()
        return Tree(self._repository, self._repository[root].peel(pygit2.Tree))

    def changes(self, after: "Tree") -> tuple[FileChange, ...]:
        """What became of which file on the way to *after*, in the order of paths."""
        gone, fresh = after.since(self)
        paths = sorted({leaf.path for leaf in (*gone, *fresh)})
        names = {path: f"{number:08}" for number, path in enumerate(paths)}
        # libgit2 visits every file of the trees that it compares, so it gets two that hold what differs.
        few, others = (_flat(self._repository, names, leaves) for leaves in (gone, fresh))
        diff = few.diff_to_tree(others)
        diff.find_similar()
        return tuple(sorted((_change(patch, paths) for patch in diff if patch), key=lambda each: each.path))

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


def _entries(repository: pygit2.Repository, tree: str) -> list[_Entry]:
    """What the tree holds, in its order, as written there; libgit2 would make an object of each, slowly.

    Raises OSError if it is no tree.
    """
    found = _recent.get(tree)
    if found is None:
        found = _read(repository, tree)
        if len(found) <= _FEW:
            if len(_recent) >= _FEW:
                _recent.clear()
            _recent[tree] = found
    return found


def _read(repository: pygit2.Repository, tree: str) -> list[_Entry]:
    kind, raw = repository.read(tree)
    found: list[_Entry] = _ENTRY.findall(raw)
    # In each a blank and a NUL byte besides; whatever else is left over was no entry.
    if kind != ObjectType.TREE or len(raw) != len(b"".join(chain.from_iterable(found))) + 2 * len(found):
        raise OSError(f"the object {tree} is no tree")
    return found


def _leaves(repository: pygit2.Repository, tree: str, prefix: str) -> Iterator[Leaf]:
    for entry in _entries(repository, tree):
        yield from _leaves_of(repository, entry, prefix)


def _leaves_of(repository: pygit2.Repository, entry: _Entry, prefix: str) -> Iterator[Leaf]:
    mode, path, name = int(entry[0], 8), prefix + _decoded(entry[1]), entry[2].hex()
    kind = _KINDS[mode >> 12]
    if kind is Kind.DIRECTORY:
        yield from _leaves(repository, name, f"{path}/")
    else:
        yield Leaf(path, kind, kind is Kind.FILE and bool(mode & _EXECUTABLE), name)


def _compare(
    repository: pygit2.Repository, trees: tuple[str, str], prefix: str, gone: list[Leaf], fresh: list[Leaf]
) -> None:
    before, after = (set(_entries(repository, tree)) for tree in trees)
    old, new = ({entry[1]: entry for entry in entries} for entries in (before - after, after - before))
    for name in old.keys() | new.keys():
        one, other = old.get(name), new.get(name)
        if one is not None and other is not None and _is_tree(one) and _is_tree(other):
            below = (one[2].hex(), other[2].hex())
            _compare(repository, below, f"{prefix}{_decoded(name)}/", gone, fresh)
            continue
        gone += _leaves_of(repository, one, prefix) if one is not None else ()
        fresh += _leaves_of(repository, other, prefix) if other is not None else ()


def _is_tree(entry: _Entry) -> bool:
    return _KINDS[int(entry[0], 8) >> 12] is Kind.DIRECTORY


def _flat(repository: pygit2.Repository, names: Mapping[str, str], leaves: Iterable[Leaf]) -> pygit2.Tree:
    """A tree of *leaves*, each by the name that its path has in *names*."""
    builder = repository.TreeBuilder()
    for leaf in leaves:
        mode = GitMode.BLOB_EXECUTABLE if leaf.executable else _MODES[leaf.kind]
        builder.insert(names[leaf.path], pygit2.Oid(hex=leaf.id), mode)
    return repository[builder.write()].peel(pygit2.Tree)


def _name(entry: pygit2.Object) -> str:
    return _decoded(entry.raw_name or b"")


def _decoded(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


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


def _change(patch: pygit2.Patch, paths: Sequence[str]) -> FileChange:
    delta = patch.delta
    _, added, removed = patch.line_stats
    binary = delta.is_binary
    old, new = (paths[int(file.path)] for file in (delta.old_file, delta.new_file))
    return FileChange(
        path=new,
        change=_change_of(delta),
        added=None if binary else added,
        removed=None if binary else removed,
        old_path=old if delta.status == DeltaStatus.RENAMED else None,
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
