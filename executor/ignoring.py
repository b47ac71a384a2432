"""Which paths a tree's `.gitignore` files leave out: git is asked, who knows what they mean."""

import asyncio
import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from executor.files import Kind
from executor.repository.bare import Repository
from executor.repository.objects import Tree

_FILE = ".gitignore"
#: Of `git check-ignore`: some are left out, or none.
_ANSWERS = (0, 1)
#: This command knows no literal paths, but what begins like this has no other meaning.
_HERE = b"./"


async def ignored(
    repository: Repository, tree: Tree, paths: Sequence[str], *, folders: bool = False
) -> frozenset[str]:
    """Those of *paths*, files or *folders* that *tree* does not have, that it leaves out with all in them.

    Its own `.gitignore` files count, whatever has become of them where it was laid out. Raises GitError and
    OSError.
    """
    if not paths:
        return frozenset()
    # Cancelled, a thread may still write there; the scratch folder is emptied before its next use.
    with tempfile.TemporaryDirectory(
        prefix="ignore-", dir=repository.scratch, ignore_cleanup_errors=True
    ) as place:
        await asyncio.to_thread(_lay_out, tree, _folders(paths), Path(place))
        if folders:
            await asyncio.to_thread(_make, paths, Path(place))
        said = await repository.git.with_env(GIT_WORK_TREE=place, GIT_LITERAL_PATHSPECS="0").run(
            "check-ignore",
            "--no-index",
            "-z",
            "--stdin",
            stdin=b"".join(_HERE + os.fsencode(path) + b"\0" for path in paths),
            codes=_ANSWERS,
        )
    return frozenset(os.fsdecode(path.removeprefix(_HERE)) for path in said.stdout.split(b"\0")[:-1])


def _make(folders: Iterable[str], place: Path) -> None:
    """Git looks what a name is of, because some patterns are for folders alone."""
    for folder in folders:
        (place / folder).mkdir(parents=True, exist_ok=True)


def _folders(paths: Iterable[str]) -> frozenset[PurePosixPath]:
    """Every folder that one of *paths* lies in."""
    return frozenset(folder for path in paths for folder in PurePosixPath(path).parents)


def _lay_out(tree: Tree, folders: Iterable[PurePosixPath], place: Path) -> None:
    names = {str(folder / _FILE) for folder in folders}
    for leaf in tree.leaves():
        if leaf.path in names and leaf.kind is Kind.FILE:
            file = place / leaf.path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(tree.content(leaf))
