"""A patch from its diff to the branch, beside the plain worktree way and beside what git must write.

EXECUTION in one number: apply, lay the files out, run a gate in the sandbox, tear down, move the branch.
The naive way is `git worktree add`, `git apply`, the same program as gate but without any sandbox, `git
commit`, `git update-ref`, `git worktree remove`. The floor opens the repository, writes the same blobs,
trees and commit and moves the reference, all in process; it checks and runs nothing. Nobody finds an
object that he has to write there already, and nobody but the desk waits for the disk.

Repositories of 20, 4,800 and 40,000 files.
"""

import asyncio
import itertools
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pygit2

from benchmarks.rows import Row
from contracts.gates import GateSpec
from contracts.outcome import Step
from contracts.patch import Changeset, Diff, FileHeader, Limits, Patch
from contracts.settings import SandboxSettings
from executor.candidate import Candidate, build
from executor.gates import Gating
from executor.landing import Landed, land
from executor.repository.bare import Repository, opened
from executor.repository.commits import Description, Person
from executor.sandbox.level import UNTOUCHED_FROM, Sandbox
from executor.sandbox.probe import best
from executor.trial import Journal, Trial
from executor.workspace import Folders, open_folders

SIZES = (20, 4_800, 40_000)
#: The worktree way is slow, and so far away that a few runs tell.
RUNS = 25
_NAIVE_RUNS = 5
#: What the whole way may take, gate and sandbox included, as a part of the worktree way.
_WHOLE = {4_800: 0.05, 40_000: 0.01}
_BARE = 4.0
_FLAT = 1.5
_GATE = ("/bin/true",)
_ENV = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_NOSYSTEM": "1",
    **{
        f"GIT_{who}_{what}": "bench@localhost"
        for who in ("AUTHOR", "COMMITTER")
        for what in ("NAME", "EMAIL")
    },
}
_NUMBERS = itertools.count()
_NOW = datetime(2025, 6, 1, tzinfo=UTC)
_DESCRIPTION = Description("bench", "A change", "", "bench", Person("bench", "bench@localhost"))


def rows() -> list[Row]:
    """Medians, in a folder of their own (on tmpfs where there is one)."""
    shm = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="patchdesk-bench-", dir=shm if shm.is_dir() else None) as name:
        Path(name).chmod(0o711)
        return asyncio.run(_measure(Path(name)))


@dataclass(frozen=True, slots=True)
class _Stand:
    """One repository of the desk with *size* files, another one that has it for an origin, and the commit
    that every run starts from."""

    size: int
    repository: Repository
    behind: Repository
    base: str
    sandbox: Sandbox
    folders: Folders


@dataclass(frozen=True, slots=True)
class _Change:
    """Three edits, a new file, a deleted one: as a diff, and as what lies at each path afterwards."""

    diff: Diff
    after: Mapping[tuple[str, ...], bytes | None]


async def _measure(folder: Path) -> list[Row]:
    sandbox = await best(SandboxSettings())
    found: list[Row] = []
    bare: dict[int, float] = {}
    async with AsyncExitStack() as stack:
        untouched = sandbox.level >= UNTOUCHED_FROM
        folders = stack.enter_context(open_folders(folder / "workspaces", sandbox.owner, untouched=untouched))
        for size in SIZES:
            repository = await stack.enter_async_context(opened(folder / "desk", f"files-{size}", None))
            base = await asyncio.to_thread(_fill, repository.path, size)
            origin = str(repository.path)
            behind = await stack.enter_async_context(opened(folder / "desk", f"behind-{size}", origin))
            stand = _Stand(size, repository, behind, base, sandbox, folders)
            bare[size] = await _compare(stand, found)
    few, many = SIZES[0], SIZES[-1]
    flat = f"apply and land, no gate: {many:,} files beside {few:,}"
    return [*found, _row(flat, bare[many], bare[few], most=_FLAT)]


async def _compare(stand: _Stand, found: list[Row]) -> float:
    """Rows for *stand* into *found*; how long it takes to apply and land without a gate."""
    naive = (await _medians(stand, [_naive], runs=_NAIVE_RUNS))[0]
    ways = [_floor, _without_gates, _whole, _to_an_origin]
    floor, bare, whole, pushed = await _medians(stand, ways, runs=RUNS)
    files = f"{stand.size:,} files"
    whole_way = f"{files}: end to end, gate at level {stand.sandbox.level}"
    git_alone = f"{files}: apply and land, no gate"
    found += [
        # In a small repository the sandbox, which the plain way does not have, is most of it.
        _row(f"{whole_way}, beside the worktree way", whole, naive, most=_WHOLE.get(stand.size)),
        _row(f"{git_alone}, beside the worktree way", bare, naive),
        _row(f"{git_alone}, beside the objects alone", bare, floor, most=_BARE),
        # What fetching and pushing add, five gits of them, is git's own.
        _row(f"{files}: fetch, apply and push, no gate, beside the worktree way", pushed, naive),
    ]
    return bare


def _row(name: str, measured: float, floor: float, *, most: float | None = None) -> Row:
    ratio = measured / floor
    goal, holds = ("", None) if most is None else (f"at most {most}", ratio <= most)
    return Row(name, f"{measured * 1000:.1f} ms", f"{floor * 1000:.1f} ms", ratio, goal, holds)


_Way = Callable[[_Stand, _Change], Coroutine[Any, Any, None]]


async def _medians(stand: _Stand, ways: Sequence[_Way], *, runs: int) -> list[float]:
    """The ways in turns, so that what else the machine does meets all of them; each with its own change."""
    spent: list[list[float]] = [[] for _ in ways]
    for _ in range(runs + 1):
        for way, times in zip(ways, spent, strict=True):
            _git(stand.repository.path, "update-ref", "refs/heads/main", stand.base)
            change = _change(next(_NUMBERS))
            began = time.perf_counter()
            await way(stand, change)
            times.append(time.perf_counter() - began)
    return [statistics.median(times[1:]) for times in spent]  # the first one warms the caches


# The ways ----------------------------------------------------------------------------------------
async def _whole(stand: _Stand, change: _Change) -> None:
    async def on_step(_step: Step, _now: datetime) -> None:
        pass

    trial = Trial(
        repository=stand.repository,
        patch=Patch("bench", Changeset((change.diff,)), "A change"),
        description=_DESCRIPTION,
        gating=Gating((GateSpec("true", _GATE),), (), stand.sandbox),
        workspaces=stand.folders,
        limits=Limits(),
        clock=lambda: _NOW,
        journal=Journal("main", lambda: _NOW, on_step),
    )
    await _land(stand.repository, await trial.on(stand.base))


async def _without_gates(stand: _Stand, change: _Change) -> None:
    changes = Changeset((change.diff,))
    made = await build(stand.repository, changes, Limits(), _DESCRIPTION, base=stand.base, now=_NOW)
    await _land(stand.repository, made)


async def _to_an_origin(stand: _Stand, change: _Change) -> None:
    tip = await stand.behind.tip("main")
    if tip != stand.base:
        raise TypeError(tip)
    changes = Changeset((change.diff,))
    made = await build(stand.behind, changes, Limits(), _DESCRIPTION, base=tip, now=_NOW)
    await _land(stand.behind, made)


async def _land(repository: Repository, made: object) -> None:
    if not isinstance(made, Candidate):
        raise TypeError(made)
    landed = await land(repository, "main", made)
    if not isinstance(landed, Landed):
        raise TypeError(landed)


async def _naive(stand: _Stand, change: _Change) -> None:
    path, copy = stand.repository.path, stand.repository.path.with_suffix(".copy")
    _git(path, "worktree", "add", "--quiet", "--detach", str(copy), "main")
    _git(copy, "apply", "--index", "-", stdin=change.diff.body)
    subprocess.run(_GATE, cwd=copy, check=True)  # noqa: ASYNC221 - nothing else runs beside it
    _git(copy, "commit", "--quiet", "-m", "A change")
    _git(copy, "update-ref", "refs/heads/main", "HEAD", stand.base)
    _git(path, "worktree", "remove", "--force", str(copy))


async def _floor(stand: _Stand, change: _Change) -> None:
    objects = pygit2.Repository(str(stand.repository.path))
    parent = objects[stand.base].peel(pygit2.Commit)
    tree = _grafted(objects, parent.tree, change.after)
    who = pygit2.Signature("bench", "bench@localhost", int(_NOW.timestamp()), 0)
    commit = objects.create_commit(None, who, who, "A change", tree, [parent.id])
    objects.references.create("refs/heads/main", commit, force=True)


def _grafted(
    objects: pygit2.Repository, tree: pygit2.Tree, after: Mapping[tuple[str, ...], bytes | None]
) -> pygit2.Oid:
    builder = objects.TreeBuilder(tree)
    for name in {path[0] for path in after}:
        below = {path[1:]: content for path, content in after.items() if path[0] == name}
        if () not in below:
            folder = objects[tree[name].id].peel(pygit2.Tree)
            builder.insert(name, _grafted(objects, folder, below), pygit2.enums.FileMode.TREE)
        elif (content := below[()]) is None:
            builder.remove(name)
        else:
            builder.insert(name, objects.create_blob(content), pygit2.enums.FileMode.BLOB)
    return builder.write()


# What there is to change -------------------------------------------------------------------------
def _path(number: int) -> str:
    return f"pkg{number % 97}/mod{number % 13}/file{number}.py"


def _content(number: int) -> bytes:
    return b"".join(b"line %d of file %d\n" % (line, number) for line in range(20 + number * 37 % 100))


def _change(number: int) -> _Change:
    """The *number* makes its content one that no other change has."""
    edited, new, old = (1, 7, 13), "pkg1/new.py", _path(19)
    added = b"new %d\n" % number
    gone = _content(19).splitlines(keepends=True)
    body = b"".join(
        (
            *(_edit(file, number) for file in edited),
            f"diff --git a/{new} b/{new}\nnew file mode 100644\n--- /dev/null\n+++ b/{new}\n".encode(),
            b"@@ -0,0 +1 @@\n+" + added,
            f"diff --git a/{old} b/{old}\ndeleted file mode 100644\n--- a/{old}\n+++ /dev/null\n".encode(),
            b"@@ -1,%d +0,0 @@\n" % len(gone),
            *(b"-" + line for line in gone),
        )
    )
    names = (*(FileHeader(_path(file), _path(file)) for file in edited), FileHeader(None, new))
    after = {_path(file): _content(file).replace(b"line 4 ", b"LINE 4.%d " % number) for file in edited}
    files = {**after, new: added, old: None}
    return _Change(
        Diff(body, (*names, FileHeader(old, None))),
        {tuple(path.split("/")): content for path, content in files.items()},
    )


def _edit(file: int, number: int) -> bytes:
    path, line = _path(file), b"of file %d\n" % file
    head = f"diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n".encode()
    lines = (b" line 3 " + line, b"-line 4 " + line, b"+LINE 4.%d " % number + line, b" line 5 " + line)
    return b"".join((head, b"@@ -4,3 +4,3 @@\n", *lines))


def _fill(path: Path, size: int) -> str:
    """Commit *size* files to main of the repository at *path*, packed; the commit."""
    stream = bytearray(
        b"commit refs/heads/main\ncommitter bench <bench@localhost> 1748736000 +0000\ndata 5\nbegin\n"
    )
    for number in range(size):
        content = _content(number)
        stream += b"M 100644 inline %b\ndata %d\n%b\n" % (_path(number).encode(), len(content), content)
    # Packed however few they are, as after a fetch.
    _git(path, "-c", "fastimport.unpackLimit=0", "fast-import", "--quiet", stdin=bytes(stream))
    return _git(path, "rev-parse", "refs/heads/main").strip()


def _git(where: Path, *argv: str, stdin: bytes | None = None) -> str:
    done = subprocess.run(["git", *argv], cwd=where, env=_ENV, check=True, capture_output=True, input=stdin)
    return done.stdout.decode()
