"""What each sandbox level adds to running one command, beside starting it plainly.

The floor is the same program as a subprocess of the desk's own, without any sandbox; both are started,
awaited and collected, in turns, so that what else the machine does meets all of them.
"""

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from pathlib import Path

from benchmarks.rows import Row
from contracts.settings import SandboxSettings
from executor import process
from executor.sandbox import probe
from executor.sandbox.level import Exited, Job, Sandbox

RUNS = 41
_MOST = 10.0
_PROGRAM = "/bin/true"
_LONG = timedelta(seconds=20)


def rows() -> list[Row]:
    """Of the levels that hold on this machine."""
    shm = Path("/dev/shm")
    with tempfile.TemporaryDirectory(prefix="patchdesk-bench-", dir=shm if shm.is_dir() else None) as name:
        Path(name).chmod(0o711)
        return asyncio.run(_measure(Path(name)))


async def _measure(folder: Path) -> list[Row]:
    tried = [await probe._try(candidate) for candidate in probe._candidates(SandboxSettings())]
    sandboxes = [sandbox for _, sandbox in tried if sandbox is not None]
    ways: dict[str, Callable[[], Awaitable[None]]] = {"plain": _plain}
    for sandbox in sandboxes:
        ways[f"level {sandbox.level}"] = _within(sandbox, _job(folder / str(sandbox.level), sandbox))
    spent = await _medians(ways)
    floor = spent.pop("plain")
    return [
        _row(f"one command, what {name} adds to a plain start", each - floor, floor)
        for name, each in spent.items()
    ]


def _row(name: str, measured: float, floor: float) -> Row:
    ratio = measured / floor
    return Row(
        name,
        f"{measured * 1000:.1f} ms",
        f"{floor * 1000:.1f} ms",
        ratio,
        f"at most {_MOST}",
        ratio <= _MOST,
    )


def _job(folder: Path, sandbox: Sandbox) -> Job:
    """In a workspace, as gates run."""
    tree, scratch = folder / "tree", folder / "scratch"
    for place in (tree, scratch / "home", scratch / "tmp"):
        place.mkdir(parents=True)
    (tree / "file").write_text("content\n")
    if sandbox.owner is not None:
        for path in (tree, scratch, *tree.iterdir(), *scratch.iterdir()):
            os.chown(path, sandbox.owner, sandbox.owner)
    return Job((_PROGRAM,), tree, {"PATH": "/usr/bin:/bin"}, _LONG, scratch)


async def _plain() -> None:
    ended = await process.run([_PROGRAM], env={"PATH": "/usr/bin:/bin"}, within=_LONG)
    if not isinstance(ended, process.Exited):
        raise TypeError(ended)


def _within(sandbox: Sandbox, job: Job) -> Callable[[], Awaitable[None]]:
    async def run() -> None:
        ended = await sandbox.run(job)
        if ended.how != Exited(0):
            raise TypeError(ended)

    return run


async def _medians(ways: Mapping[str, Callable[[], Awaitable[None]]]) -> dict[str, float]:
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(RUNS + 1):
        for name, run in ways.items():
            began = time.perf_counter()
            await run()
            spent[name].append(time.perf_counter() - began)
    return {name: statistics.median(times[1:]) for name, times in spent.items()}
