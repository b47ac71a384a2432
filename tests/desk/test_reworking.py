"""What may change a patch on its way is said before it is approved, and what did when it has landed."""

from pathlib import Path
from typing import Any

from bot.delivery.render.cards import APPROVE
from bot.demo.peer import BEN
from contracts.states import PatchState
from tests.desk.harness import desk_at_work, everything
from tests.desk.posts import writing
from tests.desk.test_approvals import card, press, proposed, says

TIDY = {"name": "tidy", "run": ("/bin/sh", "-c", "! grep -q raw new.txt")}
FORMATTER = {"name": "formatter", "run": ("/bin/sh", "-c", "sed -i s/raw/tidy/ new.txt")}
RULES: dict[str, Any] = {
    "gates": (TIDY,),
    "capture": True,
    "repair": (FORMATTER,),
    "resolve": {"repair": "auto"},
}


async def test_a_patch_is_repaired_and_what_its_approved_lists_made_lands_with_it(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path, domains={"web": RULES}) as desk:
        ts = await desk.say(writing("new.txt", "raw\n", postMutationBuild=["cp new.txt built.txt"]))
        row = await proposed(desk)
        assert "what they change in the files lands, too" in everything(await card(desk, row))
        await says(desk, ts, "cp new.txt built.txt")
        await press(desk, row, APPROVE, BEN.id)
        [landed] = await desk.finished()
        assert landed.state is PatchState.LANDED
        assert (desk.origin.read("new.txt"), desk.origin.read("built.txt")) == ("tidy\n", "tidy\n")
        await says(desk, ts, "`tidy` had said no; `formatter` repaired 1 file: `new.txt`.")
        await says(desk, ts, "`postMutationBuild` changed 1 file, now part of the patch: `built.txt`.")
