"""kill -9 of a whole desk while it carries a patch out, at every point it can name."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

from contracts.states import PatchState
from executor import process
from executor.sandbox.supervised import Supervised
from executor.workspace import open_folders
from tests.executor.repositories import make_origin
from tests.executor.shop import NEW, open_shop, shell
from tests.executor.waiting import alive, until

POINTS = ["claimed", "fetched", "applied", "checked-out", "gates-run", "landed-ref", "finished"]

#: A desk in a process of its own, which dies without a word at the point it is given.
DESK = """
import asyncio, os, signal, sys
from pathlib import Path
from executor.sandbox.supervised import Caps, Supervised
from executor.workspace import open_folders
from tests.executor.repositories import Repo
from tests.executor.shop import open_shop, shell

async def main(folder, point, level, owner, gate):
    sandbox = Supervised(level, owner, Caps(2**32, 2**30, 512, 2**24))
    with open_folders(folder / "workspaces", owner) as workspaces:
        origin = Repo(folder / "origin.git")
        async with open_shop(folder / "desk", origin, sandbox, workspaces, shell("gate", gate)) as shop:
            shop.at[point] = lambda: os.kill(os.getpid(), signal.SIGKILL)
            await shop.worker("doomed").turn()

folder, point, level, owner, gate = sys.argv[1:]
asyncio.run(main(Path(folder), point, int(level), int(owner) if owner else None, gate))
"""


async def start_desk(folder: Path, sandbox: Supervised, point: str, gate: str) -> process.Child:
    owner = "" if sandbox.owner is None else str(sandbox.owner)
    argv = [sys.executable, "-c", DESK, str(folder), point, str(sandbox.level), owner, gate]
    env = {"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": os.environ["PATH"]}
    return await process.start(argv, env=env, output=folder / "log", cwd=folder)


@pytest.mark.parametrize("point", POINTS)
async def test_the_patch_reaches_one_true_end_and_the_branch_is_before_or_after(
    tmp_path: Path, sandbox: Supervised, point: str
) -> None:
    bare, _ = make_origin(tmp_path / "origin.git", {"a": b"1\n"})
    base = bare.git("rev-parse", "main").strip()
    gate = "test -e new"
    with open_folders(tmp_path / "workspaces", sandbox.owner) as workspaces:
        async with open_shop(tmp_path / "desk", bare, sandbox, workspaces, shell("gate", gate)) as shop:
            name = await shop.submit(NEW)
            killed = await start_desk(tmp_path, sandbox, point, gate)
            assert await killed.wait() == -signal.SIGKILL, (tmp_path / "log").read_text()
            moved = bare.git("rev-parse", "main").strip() != base
            assert moved == (point in {"landed-ref", "finished"})
            await shop.rescue()
            assert await shop.worker().turn() == (point != "finished")
            stored = await shop.look(name)
            assert stored.report is not None
            assert (stored.state, stored.report.found) == (PatchState.LANDED, point == "landed-ref")
            assert stored.report.commit == bare.git("rev-parse", "main").strip()
            assert bare.git("rev-list", "--count", f"{base}..main").strip() == "1"
            assert (await shop.said()).count("post-summary") == 1
        bare.git("fsck", "--strict")
    with open_folders(tmp_path / "workspaces", sandbox.owner) as workspaces:
        assert list((tmp_path / "workspaces").iterdir()) == [workspaces._home]


async def test_a_desk_that_is_killed_while_a_gate_runs_takes_the_gate_along(
    tmp_path: Path, sandbox: Supervised
) -> None:
    bare, _ = make_origin(tmp_path / "origin.git", {"a": b"1\n"})
    gate = "setsid sleep 60 & echo $$ $! > pids; wait"
    with open_folders(tmp_path / "workspaces", sandbox.owner) as workspaces:
        async with open_shop(tmp_path / "desk", bare, sandbox, workspaces, shell("gate", gate)) as shop:
            await shop.submit(NEW)
            desk = await start_desk(tmp_path, sandbox, "never", gate)
            pids: list[int] = []

            def written() -> bool:
                files = (tmp_path / "workspaces").glob("*/*/tree/pids")
                pids[:] = [int(word) for file in files for word in file.read_text().split()]
                return len(pids) == 2

            await until(written)
            os.kill(desk.pid, signal.SIGKILL)
            await desk.wait()
            await until(lambda: not any(map(alive, pids)))
    assert await asyncio.to_thread(bare.git, "rev-list", "--count", "main") == "1\n"
