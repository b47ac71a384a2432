"""What has landed, for what is to be undone."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

import pygit2

from executor.changeset.inverse import Turned
from executor.changeset.sections import Hunk, Line
from executor.files import File, Kind
from executor.repository.objects import Tree

#: Commits that are looked through for an earlier version of a file, for those of all files of a patch, and
#: versions that are looked at.
_MOST_COMMITS: Final = 1000
_MOST_LOOKS: Final = 20_000
_MOST_VERSIONS: Final = 20
#: For git fetch: how much of a branch's past comes along where a copy of it is thrown away again.
SHALLOW: Final = "--depth=100"
#: What the modes of plain files begin with.
_PLAIN_FILE: Final = "10"
#: Origins of lines that are lines; the others tell of a missing line end.
_TAGS = {" ": b" ", "+": b"+", "-": b"-"}


class Landings:
    """`executor.changeset.inverse.History` of what *base* stands on."""

    def __init__(self, repository: pygit2.Repository, base: str) -> None:
        self._repository = repository
        self._base = base
        self._looks = _MOST_LOOKS

    def turned(self, commit: str) -> Sequence[Turned] | None:
        if not self._stands_on(commit):
            return None
        found = self._repository[commit].peel(pygit2.Commit)
        before = Tree(self._repository, found.parents[0].tree)
        after = Tree(self._repository, found.tree)
        return [
            Turned(old, file.path, _plain(before, old), _plain(after, file.path))
            for file in before.changes(after)
            for old in (file.old_path or file.path,)
        ]

    def _stands_on(self, commit: str) -> bool:
        """A shallow copy of a repository may lack the commit, or what it stands on."""
        if commit not in self._repository or not self._repository[commit].peel(pygit2.Commit).parents:
            return False
        return commit == self._base or self._repository.descendant_of(
            pygit2.Oid(hex=self._base), pygit2.Oid(hex=commit)
        )

    def versions(self, path: str, id_: str) -> Iterator[bytes]:
        ids = self._ids(path)
        if id_:
            known = list(ids)
            ids = iter([each for each in known if each.startswith(id_)][:1] or known)
        return (self._repository[each].peel(pygit2.Blob).data for each in islice(ids, _MOST_VERSIONS))

    def _ids(self, path: str) -> Iterator[str]:
        """Of what the file at *path* was along the first parents, the latest first; nothing else is read."""
        later = ""
        for commit in islice(self._line(), min(_MOST_COMMITS, self._looks)):
            self._looks -= 1
            mode, _, id_ = Tree(self._repository, commit.tree).entry(path).partition(" ")
            if mode.startswith(_PLAIN_FILE) and id_ != later:
                yield id_
            later = id_

    def _line(self) -> Iterator[pygit2.Commit]:
        commit: pygit2.Commit | None = self._repository[self._base].peel(pygit2.Commit)
        while commit is not None:
            yield commit
            parents = commit.parent_ids[:1]
            # A shallow copy of a repository lacks what lies behind it.
            held = bool(parents) and parents[0] in self._repository
            commit = self._repository[parents[0]].peel(pygit2.Commit) if held else None

    def hunks(self, before: bytes, after: bytes, *, context: int) -> Sequence[Hunk]:
        patch = pygit2.Patch.create_from(before, after, context_lines=context, interhunk_lines=0)
        return [
            Hunk(
                number,
                b"",  # nobody reads it, and what follows the numbers in it may be in any encoding
                hunk.old_start,
                hunk.new_start,
                tuple(
                    Line(_TAGS[line.origin], line.raw_content) for line in hunk.lines if line.origin in _TAGS
                ),
            )
            for number, hunk in enumerate(patch.hunks, start=1)
        ]


def _plain(tree: Tree, path: str) -> File | None:
    return tree.file(path) if tree.kind(path) is Kind.FILE else None
