"""One block for several domains, from the message to the summary of all of it."""

from pathlib import Path
from typing import Any

from bot.delivery.render.sets import STOP_ALL
from bot.demo.peer import BEN, PATCHES
from contracts.records import StoredPatch
from contracts.states import PatchState
from tests.desk.harness import Desk, desk_at_work, everything
from tests.desk.origin import Origin
from tests.desk.posts import writing
from tests.desk.test_control import PATIENT, buttons


async def set_card(desk: Desk, ts: str, words: str) -> dict[str, Any]:
    """The first answer in the thread, once it says *words*."""

    async def shown() -> dict[str, Any] | None:
        thread = await desk.thread(ts)
        return dict(thread[0]) if thread and words in everything(thread[0]) else None

    card = await desk.until(shown)
    assert card is not None
    return card


async def stands(desk: Desk, **wanted: PatchState) -> dict[str, StoredPatch]:
    """The patches by their domains, once they stand so."""

    async def reached() -> dict[str, StoredPatch] | None:
        found = {row.patch.domain: row for row in await desk.patches()}
        return found if {domain: row.state for domain, row in found.items()} == wanted else None

    rows = await desk.until(reached)
    assert rows is not None
    return rows


async def test_a_set_shows_all_its_members_is_stopped_as_one_and_summed_up_once(tmp_path: Path) -> None:
    other = Origin.make(tmp_path / "docs.git")
    docs = {"channels": (PATCHES.id,), "repository": str(other.path), **PATIENT}
    async with desk_at_work(tmp_path, domains={"docs": docs}) as desk:
        ts = await desk.say(writing("slow.txt", title="Both at once", target=["web", "docs"]))
        rows = await stands(desk, web=PatchState.LANDED, docs=PatchState.RUNNING)
        card = await set_card(desk, ts, "1 of 2 landed")
        assert "1 running" in everything(card)
        assert all(row.id in everything(card) for row in rows.values())
        assert (desk.origin.landed(), other.landed()) == ([rows["web"].id], [])

        await desk.slack.peer.press(PATCHES.id, card["ts"], BEN.id, STOP_ALL)
        rows = await stands(desk, web=PatchState.LANDED, docs=PatchState.STOPPED)
        await desk.at_rest()

        [set_id] = {row.set_id for row in rows.values()}
        over = await set_card(desk, ts, "docs was stopped")
        assert buttons(over) == []
        answers = await desk.answers(ts)
        assert sum("1 of 2 landed" in each for each in answers) == 2
        assert sum(f"in set `{set_id}`" in each for each in answers) == 2
        assert any("Ben" in each and "stopped it" in each for each in answers)
        assert await desk.marks(ts) == ["x"]
        assert len(desk.keys()) == len(set(desk.keys()))
