"""What has landed is undone by a patch as any other: asked for in its thread, by a button, from anywhere."""

from pathlib import Path

from bot.delivery.render import cards
from bot.demo.peer import BEN, PATCHES
from bot.intake import cli
from contracts.commands import Source
from contracts.course import Offer
from contracts.faults import Reason
from contracts.ports import NewEvent
from contracts.records import StoredPatch
from contracts.states import PatchState
from contracts.steering import RevertPatch
from tests.desk.harness import Desk, desk_at_work, everything
from tests.desk.origin import HELLO
from tests.desk.posts import DIFF, fenced

DESK = "<@U0PATCHDESK>"


async def landed(desk: Desk) -> tuple[str, StoredPatch]:
    ts = await desk.say(fenced(DIFF))
    [patch] = await desk.finished()
    await desk.at_rest()
    assert patch.state is PatchState.LANDED
    return ts, patch


async def later(desk: Desk, first: StoredPatch, *, many: int = 2) -> StoredPatch:
    """The latest patch, once *many* are over."""
    over = await desk.finished(many)
    await desk.at_rest()
    last = max(over, key=lambda each: each.accepted_at)
    assert last.id != first.id
    return last


async def card_of(desk: Desk, patch: StoredPatch) -> str:
    row = await desk.engine.ledger.patch(patch.id)
    assert row is not None
    assert row.card is not None
    assert row.card.thread is not None
    shown = await desk.thread(row.card.thread)
    return next(everything(each) for each in shown if each["ts"] == row.card.ts)


async def test_a_word_in_the_thread_undoes_what_landed_and_both_cards_name_each_other(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        ts, patch = await landed(desk)
        assert desk.origin.read("hello.txt") == "hello\ndesk\n"
        await desk.say(f"{DESK} revert", thread=ts, user=BEN.id)
        undoing = await later(desk, patch)
        assert desk.origin.read("hello.txt") == HELLO
        assert (undoing.state, undoing.patch.reverts) == (PatchState.LANDED, patch.id)
        assert undoing.actor.id == BEN.id
        trailers = desk.origin.git("log", "-1", "--format=%(trailers:only)%an", "main")
        assert f"Patchdesk-Reverts: {patch.id}\n" in trailers
        assert f"Patchdesk-Patch: {undoing.id}\n" in trailers
        assert "Undone by" in await card_of(desk, patch)
        assert undoing.id in await card_of(desk, patch)
        assert "Undoes" in await card_of(desk, undoing)
        assert patch.id in await card_of(desk, undoing)


async def test_a_button_undoes_it_and_undoing_that_brings_it_back(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        _, patch = await landed(desk)
        assert patch.card is not None
        button = cards.ACTIONS[Offer.REVERT]
        [row] = [await desk.engine.ledger.patch(patch.id)]
        assert row is not None
        assert row.card is not None
        await desk.slack.peer.press(PATCHES.id, str(row.card.ts), BEN.id, button)
        undoing = await later(desk, patch)
        assert desk.origin.read("hello.txt") == HELLO
        assert undoing.card is not None
        await desk.slack.peer.press(PATCHES.id, str(undoing.card.ts), BEN.id, button)
        again = await later(desk, patch, many=3)
        assert (again.state, again.patch.reverts) == (PatchState.LANDED, undoing.id)
        assert desk.origin.read("hello.txt") == "hello\ndesk\n"


async def test_what_later_changes_stand_on_is_not_undone_and_the_files_are_named(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        ts, patch = await landed(desk)
        desk.origin.commit({"hello.txt": "hello\nsomething else\n"}, "Go on")
        await desk.say(f"{DESK} revert {patch.id}", thread=ts)
        undoing = await later(desk, patch)
        assert undoing.report is not None
        assert undoing.report.fault is not None
        assert (undoing.state, undoing.report.fault.reason) == (PatchState.FAILED, Reason.REVERT_CONFLICT)
        assert undoing.report.fault.args["files"] == "hello.txt"
        assert desk.origin.read("hello.txt") == "hello\nsomething else\n"
        said = "\n".join(await desk.answers(ts))
        assert "line 2 differs" in said
        assert "something else" in said
        assert "did not land" in await card_of(desk, patch)


async def test_a_gate_can_refuse_what_undoes_a_patch(tmp_path: Path) -> None:
    gate = {"name": "no-world", "run": ["/bin/sh", "-c", "! grep -rqx world ."]}
    async with desk_at_work(tmp_path, domains={"web": {"gates": [gate]}}) as desk:
        ts, patch = await landed(desk)
        await desk.say(f"{DESK} revert", thread=ts)
        undoing = await later(desk, patch)
        assert undoing.state is PatchState.FAILED
        assert desk.origin.read("hello.txt") == "hello\ndesk\n"


async def test_only_what_landed_is_undone_and_only_by_who_may_submit(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path, domains={"web": {"submitters": {"users": ["U0ADA"]}}}) as desk:
        ts, patch = await landed(desk)
        await desk.say(f"{DESK} revert", thread=ts, user=BEN.id)
        await desk.at_rest()
        assert len(await desk.patches()) == 1
        failed = await desk.say(fenced(DIFF))
        over = await later(desk, patch)
        assert over.state is PatchState.FAILED
        await desk.say(f"{DESK} revert", thread=failed)
        await desk.at_rest()
        assert len(await desk.patches()) == 2


async def test_the_command_line_undoes_it(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        _, patch = await landed(desk)
        asked = cli.encode_steering(RevertPatch(patch.id), login="root", email="root@localhost")
        await desk.engine.inbox.record(NewEvent(Source.CLI, "k", asked), now=patch.accepted_at)
        undoing = await later(desk, patch)
        assert undoing.patch.reverts == patch.id
        assert desk.origin.read("hello.txt") == HELLO
