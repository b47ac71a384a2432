"""What fits only with other blanks does not land by itself: its thread offers it, for somebody to take."""

from pathlib import Path

from bot.delivery.render import cards
from bot.demo.peer import BEN, PATCHES
from contracts.course import Offer
from contracts.faults import Reason
from contracts.patch import Author
from contracts.records import StoredPatch
from contracts.states import PatchState
from tests.desk.harness import Desk, desk_at_work, everything
from tests.desk.posts import fenced

DESK = "<@U0PATCHDESK>"
SPACED = """\
*** Begin Patch
*** Update File: hello.txt
@@
   hello
-  world
+  deské, at last
*** End Patch
"""


async def row_of(desk: Desk, patch: str) -> StoredPatch:
    row = await desk.engine.ledger.patch(patch)
    assert row is not None
    return row


async def test_the_adjusted_patch_is_shown_and_whoever_presses_its_button_has_it_tried(
    tmp_path: Path,
) -> None:
    async with desk_at_work(tmp_path) as desk:
        ts = await desk.say(fenced(SPACED))
        [patch] = await desk.finished()
        await desk.at_rest()
        assert patch.report is not None
        assert patch.report.fault is not None
        assert (patch.state, patch.report.fault.reason) == (PatchState.FAILED, Reason.NEEDS_ADJUSTING)
        thread = await desk.thread(ts)
        said = "\n".join(map(everything, thread))
        assert "In the adjusted patch:" in said
        assert "Change 1 of `hello.txt` was put at line 1" in said
        [file] = [file for each in thread for file in each.get("files") or ()]
        assert file["name"] == f"{patch.id}-adjusted.patch"
        assert patch.report.offer is not None
        assert (await desk.content(file)).encode() == patch.report.offer.diff
        await desk.say(f"{DESK} pause web to look at it", user=BEN.id)
        await desk.at_rest()
        card = (await row_of(desk, patch.id)).card
        assert card is not None
        for _ in range(2):
            await desk.slack.peer.press(PATCHES.id, str(card.ts), BEN.id, cards.ACTIONS[Offer.ADJUST])
            await desk.until(lambda: adjusted(desk, patch))
        await desk.say(f"{DESK} resume web", user=BEN.id)
        over = await desk.finished(2)
        await desk.at_rest()
        [taken] = [each for each in over if each.id != patch.id]
        assert (taken.state, taken.patch.adjusts, taken.actor.id) == (PatchState.LANDED, patch.id, BEN.id)
        assert taken.patch.author == Author(patch.actor.name, patch.actor.email)
        assert desk.origin.read("hello.txt") == "hello\ndeské, at last\n"
        told = "\n".join(await desk.answers(ts))
        assert f"took the adjusted patch, as `{taken.id}`" in told
        assert len(await desk.patches()) == 2


async def adjusted(desk: Desk, patch: StoredPatch) -> bool:
    return any(each.patch.adjusts == patch.id for each in await desk.patches())


async def test_only_what_was_offered_can_be_taken(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        ts = await desk.say(fenced(SPACED.replace("   hello", " something else")))
        [patch] = await desk.finished()
        await desk.at_rest()
        await desk.say(f"{DESK} adjust {patch.id}", thread=ts, user=BEN.id)
        await desk.at_rest()
        assert len(await desk.patches()) == 1
        said = [call.args["text"] for call in desk.slack.proxy.effects("chat.postEphemeral")]
        assert f"There is no adjusted form of patch `{patch.id}`" in said[-1]
