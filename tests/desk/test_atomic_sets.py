"""A set that lands in all of its domains or in none, through the whole desk; and over its death."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from bot.demo.peer import PATCHES
from contracts.gates import Verdict
from contracts.settings import GateSettings
from contracts.states import PatchState
from tests.desk.harness import desk_at_work
from tests.desk.origin import Origin
from tests.desk.posts import writing
from tests.desk.test_crash import died, later, world

__all__ = ["later"]
#: Each patch has two attempts: one that prepares it, one that lands it. And how often each point is reached.
TIMES = {
    "settled": 1,
    "claimed": 4,
    "fetched": 4,
    "applied": 2,
    "gates-run": 2,
    "landed-ref": 2,
    "finished": 4,
}
POINTS = [(point, time) for point, times in TIMES.items() for time in range(1, times + 1)]


def shop(folder: Path) -> tuple[Origin, dict[str, Any]]:
    """A second domain with a repository of its own; it has no place for what is called `odd`."""
    origin = Origin.make(folder / "shop.git")
    gate = GateSettings(name="even", run=("sh", "-c", "! ls | grep odd"), env={"PATH": "/usr/bin:/bin"})
    return origin, {"repository": str(origin.path), "channels": (PATCHES.id,), "gates": (gate,)}


def both(path: str) -> str:
    return writing(path, title=f"Add {path}", target=["web", "shop"], atomic=True)


async def test_it_lands_in_none_where_one_gate_says_no_and_else_in_both(tmp_path: Path) -> None:
    origin, domain = shop(tmp_path)
    async with desk_at_work(tmp_path, domains={"shop": domain}) as desk:
        refused = await desk.say(both("odd.txt"))
        await desk.finished(2)
        await desk.at_rest()
        assert (desk.origin.log(), origin.log()) == (["Begin"], ["Begin"])
        assert await desk.marks(refused) == ["x"]
        answers = await desk.answers(refused)
        assert any("shop did not pass its gates" in answer for answer in answers)
        assert any("Its set cannot land because of shop" in answer for answer in answers)
        [failed] = [row for row in await desk.patches() if row.state is PatchState.FAILED]
        for asked in (f"replay {failed.id}", f"revert {failed.set_id}"):
            await desk.say(f"<@U0PATCHDESK> {asked}")
        await desk.at_rest()
        parted, named = (call.args["text"] for call in desk.slack.proxy.effects("chat.postEphemeral"))
        assert "alone it would land without" in parted
        assert f"`{failed.set_id}` is a set, and this takes one of its patches: " in named
        assert len(await desk.patches()) == 2

        taken = await desk.say(both("even.txt"))
        over = await desk.finished(4)
        await desk.at_rest()
        assert (desk.origin.log(), origin.log()) == (["Add even.txt", "Begin"],) * 2
        assert await desk.marks(taken) == ["white_check_mark"]
        landed = [row for row in over if row.state is PatchState.LANDED]
        assert len(landed) == 2
        for row in landed:
            assert row.report is not None
            assert row.report.gates
            assert all(gate.verdict is Verdict.PASSED for gate in row.report.gates)


@pytest.mark.slow
@pytest.mark.parametrize(("point", "time"), POINTS)
async def test_killed_at_any_point_it_lands_in_both_and_never_in_one_that_the_other_did_not_pass(
    tmp_path: Path, later: Callable[[], None], point: str, time: int
) -> None:
    origin, domain = shop(tmp_path)
    async with world(tmp_path, domains={"shop": domain}) as left:
        async with left.mortal(point, time) as process, asyncio.TaskGroup() as group:
            group.create_task(left.slack.peer.message(PATCHES.id, "U0ADA", both("even.txt")))
            await died(process)
        later()
        async with left.restarted() as desk:
            over = await desk.finished(2)
            await desk.at_rest()
            assert [row.state for row in over] == [PatchState.LANDED] * 2
            assert (desk.origin.log(), origin.log()) == (["Add even.txt", "Begin"],) * 2
            ts = (await left.slack.peer.messages(PATCHES.id))[0]["ts"]
            assert await desk.marks(ts) == ["white_check_mark"]
            assert len(desk.keys()) == len(set(desk.keys()))
