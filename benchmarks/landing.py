"""A patch from its diff to the branch, beside the plain worktree way and beside what git must write.

EXECUTION in one number: apply, lay the files out, run a gate in the sandbox, tear down, move the branch.
The naive way is `git worktree add`, `git apply`, the same program as gate but without any sandbox, `git
commit`, `git update-ref`, `git worktree remove`. The floor writes the same objects and the reference
in process, and checks and runs nothing.

Repositories of 20 and 4,800 files; `python -m benchmarks.landing 40000` adds others.
"""

import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Sequence
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

SIZES = (20, 4_800)
RUNS = 7
_LARGE = 1_000
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
_NOW = datetime(2025, 6, 1, tzinfo=UTC)
_DESCRIPTION = Description("bench", "A change", "", "bench", Person("bench", "bench@localhost"))


def rows(sizes: Sequence[int] = SIZES) -> list[Row]:
    """Medians of seven runs each, in a folder of their own (on tmpfs where there is one)."""
    shm = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="patchdesk-bench-", dir=shm if shm.is_dir() else None) as name:
        Path(name).chmod(0o711)
        return asyncio.run(_measure(Path(name), sizes))


@dataclass(frozen=True, slots=True)
class _Stand:
    """One repository of the desk with *size* files, and the commit that every run starts from."""

    size: int
    repository: Repository
    base: str
    sandbox: Sandbox
    folders: Folders


async def _measure(folder: Path, sizes: Sequence[int]) -> list[Row]:
    sandbox = await best(SandboxSettings())
    found: list[Row] = []
    async with AsyncExitStack() as stack:
        untouched = sandbox.level >= UNTOUCHED_FROM
        folders = stack.enter_context(open_folders(folder / "workspaces", sandbox.owner, untouched=untouched))
        for size in sizes:
            repository = await stack.enter_async_context(opened(folder / "desk", f"files-{size}", None))
            base = await asyncio.to_thread(_fill, repository.path, size)
            found += await _compare(_Stand(size, repository, base, sandbox, folders))
    return found


async def _compare(stand: _Stand) -> list[Row]:
    floor = await _median(stand, _floor)
    naive = await _median(stand, _naive)
    whole = await _median(stand, _whole)
    bare = await _median(stand, _without_gates)
    files = f"{stand.size:,} files"
    whole_way = f"{files}: end to end, gate at level {stand.sandbox.level}"
    git_alone = f"{files}: apply and land, no gate"
    large = stand.size >= _LARGE
    return [
        # In a small repository the sandbox, which the plain way does not have, is most of it.
        _row(f"{whole_way}, beside the worktree way", whole, naive, most=1.0 if large else None),
        _row(f"{whole_way}, beside the objects alone", whole, floor),
        _row(f"{git_alone}, beside the worktree way", bare, naive, most=0.2 if large else 1.0),
        _row(f"{git_alone}, beside the objects alone", bare, floor),
    ]


def _row(name: str, measured: float, floor: float, *, most: float | None = None) -> Row:
    ratio = measured / floor
    goal, holds = ("", None) if most is None else (f"at most {most}", ratio <= most)
    return Row(name, f"{measured * 1000:.1f} ms", f"{floor * 1000:.1f} ms", ratio, goal, holds)


async def _median(stand: _Stand, run: Callable[[_Stand], Coroutine[Any, Any, None]]) -> float:
    times = []
    for _ in range(RUNS + 1):
        _git(stand.repository.path, "update-ref", "refs/heads/main", stand.base)
        began = time.perf_counter()
        await run(stand)
        times.append(time.perf_counter() - began)
    return statistics.median(times[1:])  # the first one warms the caches


# The ways ----------------------------------------------------------------------------------------
async def _whole(stand: _Stand) -> None:
    async def on_step(_step: Step, _now: datetime) -> None:
        pass

    trial = Trial(
        repository=stand.repository,
        patch=Patch("bench", Changeset((_DIFF,)), "A change"),
        description=_DESCRIPTION,
        gating=Gating((GateSpec("true", _GATE),), (), stand.sandbox),
        workspaces=stand.folders,
        limits=Limits(),
        clock=lambda: _NOW,
        journal=Journal("main", lambda: _NOW, on_step),
    )
    await _land(stand, await trial.on(stand.base))


async def _without_gates(stand: _Stand) -> None:
    changes = Changeset((_DIFF,))
    made = await build(stand.repository, changes, Limits(), _DESCRIPTION, base=stand.base, now=_NOW)
    await _land(stand, made)


async def _land(stand: _Stand, made: object) -> None:
    if not isinstance(made, Candidate):
        raise TypeError(made)
    landed = await land(stand.repository, "main", made)
    if landed != Landed(None):
        raise TypeError(landed)


async def _naive(stand: _Stand) -> None:
    path, copy = stand.repository.path, stand.repository.path.with_suffix(".copy")
    _git(path, "worktree", "add", "--quiet", "--detach", str(copy), "main")
    _git(copy, "apply", "--index", "-", stdin=_DIFF.body)
    subprocess.run(_GATE, cwd=copy, check=True)  # noqa: ASYNC221 - nothing else runs beside it
    _git(copy, "commit", "--quiet", "-m", "A change")
    _git(copy, "update-ref", "refs/heads/main", "HEAD", stand.base)
    _git(path, "worktree", "remove", "--force", str(copy))


async def _floor(stand: _Stand) -> None:
    objects = pygit2.Repository(str(stand.repository.path))
    index = pygit2.Index()
    for name, content in _AFTER.items():
        index.add(pygit2.IndexEntry(name, objects.create_blob(content), pygit2.enums.FileMode.BLOB))
    tree = index.write_tree(objects)
    who = pygit2.Signature("bench", "bench@localhost", int(_NOW.timestamp()), 0)
    commit = objects.create_commit(None, who, who, "A change", tree, [pygit2.Oid(hex=stand.base)])
    objects.references.create("refs/heads/main", commit, force=True)


# What there is to change -------------------------------------------------------------------------
def _path(number: int) -> str:
    return f"pkg{number % 97}/mod{number % 13}/file{number}.py"


def _content(number: int) -> bytes:
    return b"".join(b"line %d of file %d\n" % (line, number) for line in range(20 + number * 37 % 100))


def _change(number: int) -> tuple[bytes, FileHeader]:
    path, line = _path(number), b"of file %d\n" % number
    hunk = b"@@ -4,3 +4,3 @@\n line 3 %b-line 4 %b+LINE 4 %b line 5 %b" % (line, line, line, line)
    head = f"diff --git a/{path} b/{path}\n--- a/{path}\n+++ b/{path}\n".encode()
    return head + hunk, FileHeader(path, path)


def _diff() -> Diff:
    """Three edits, a new file, a deleted one."""
    bodies, headers = zip(*(_change(number) for number in (1, 7, 13)), strict=True)
    new, old = "pkg1/new.py", _path(19)
    gone = _content(19).splitlines(keepends=True)
    added = (
        f"diff --git a/{new} b/{new}\nnew file mode 100644\n--- /dev/null\n+++ b/{new}\n@@ -0,0 +1 @@\n+new\n"
    )
    removed = f"diff --git a/{old} b/{old}\ndeleted file mode 100644\n--- a/{old}\n+++ /dev/null\n"
    removed += f"@@ -1,{len(gone)} +0,0 @@\n"
    body = b"".join((*bodies, added.encode(), removed.encode(), *(b"-" + line for line in gone)))
    return Diff(body, (*headers, FileHeader(None, new), FileHeader(old, None)))


_DIFF = _diff()
_AFTER = {_path(number): _content(number).replace(b"line 4 ", b"LINE 4 ") for number in (1, 7, 13)} | {
    "pkg1/new.py": b"new\n"
}


def _fill(path: Path, size: int) -> str:
    """Commit *size* files to main of the repository at *path*, packed; the commit."""
    stream = bytearray(
        b"commit refs/heads/main\ncommitter bench <bench@localhost> 1748736000 +0000\ndata 5\nbegin\n"
    )
    for number in range(size):
        content = _content(number)
        stream += b"M 100644 inline %b\ndata %d\n%b\n" % (_path(number).encode(), len(content), content)
    _git(path, "fast-import", "--quiet", stdin=bytes(stream))
    return _git(path, "rev-parse", "refs/heads/main").strip()


def _git(where: Path, *argv: str, stdin: bytes | None = None) -> str:
    done = subprocess.run(["git", *argv], cwd=where, env=_ENV, check=True, capture_output=True, input=stdin)
    return done.stdout.decode()


if __name__ == "__main__":
    for row in rows((*SIZES, *map(int, sys.argv[1:]))):
        print(f"{row.name:74} {row.measured:>10} {row.floor:>10} {row.ratio:8.2f}  {row.goal}")
