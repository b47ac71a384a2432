"""Trees in memory, for what is computed without git."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from contracts.faults import Fault
from contracts.modes import FileMode
from contracts.patch import Changeset, Limits, Mutation
from contracts.resolving import Resolving
from executor.changeset.plan import Plan, plan
from executor.changeset.substitution import substitute
from executor.files import Edits, File, Kind


@dataclass(frozen=True, slots=True)
class MemoryTree:
    """*leaves* are files, or the kinds of what is no file."""

    leaves: Mapping[str, File | Kind]

    def kind(self, path: str) -> Kind | None:
        leaf = self.leaves.get(path)
        if leaf is not None:
            return leaf if isinstance(leaf, Kind) else Kind.FILE
        return Kind.DIRECTORY if any(self.files(path)) else None

    def file(self, path: str) -> File:
        leaf = self.leaves[path]
        assert isinstance(leaf, File)
        return leaf

    def names(self, folder: str) -> Iterable[str]:
        start = f"{folder}/" if folder else ""
        return {path[len(start) :].split("/")[0] for path in self.leaves if path.startswith(start)}

    def files(self, folder: str = "") -> Iterator[str]:
        return (path for path in self.leaves if not folder or path.startswith(f"{folder}/"))


def tree(**files: bytes | File | Kind) -> MemoryTree:
    """A tree; `__` in a name stands for a slash, `_DOT_` for a dot."""
    return tree_of({name.replace("__", "/").replace("_DOT_", "."): leaf for name, leaf in files.items()})


def tree_of(files: Mapping[str, bytes | File | Kind]) -> MemoryTree:
    return MemoryTree({p: File(leaf) if isinstance(leaf, bytes) else leaf for p, leaf in files.items()})


def carry_out(
    base: MemoryTree,
    *mutations: Mutation,
    limits: Limits = Limits(),  # noqa: B008
    resolving: Resolving = Resolving(),  # noqa: B008
) -> Plan | Fault:
    return plan(base, Changeset(mutations), limits, substitute, resolving=resolving)


def edits(base: MemoryTree, *mutations: Mutation, limits: Limits = Limits()) -> Edits:  # noqa: B008
    planned = carry_out(base, *mutations, limits=limits)
    assert isinstance(planned, Plan), planned
    return planned.edits


def refusal(
    base: MemoryTree,
    *mutations: Mutation,
    limits: Limits = Limits(),  # noqa: B008
    resolving: Resolving = Resolving(),  # noqa: B008
) -> Fault:
    planned = carry_out(base, *mutations, limits=limits, resolving=resolving)
    assert isinstance(planned, Fault), planned
    return planned


def regular(content: bytes) -> File:
    return File(content, FileMode.REGULAR)
