"""What is posted in a channel, and what comes of it."""

from pathlib import Path

import aiohttp
import pytest

from bot.demo.peer import ADA, BEN, CLEO, PATCHDESK, PATCHES, RANDOM, App, Mode, Workspace
from contracts.states import PatchState
from tests.desk.harness import Desk, desk_at_work, everything, slow_gate
from tests.desk.posts import BROKEN, CHATTER, DIFF, FORBIDDEN, command_patch, fenced, writing
from tests.peer.faults import DeliveryFault
from tests.peer.journal import Kind

both_modes = pytest.mark.parametrize("mode", list(Mode))


@both_modes
async def test_a_patch_posted_in_a_channel_lands_and_its_thread_says_so(tmp_path: Path, mode: Mode) -> None:
    async with desk_at_work(tmp_path, mode=mode) as desk:
        ts = await desk.say(fenced(command_patch(title="Add new.txt"), before="Please:"))
        [patch] = await desk.finished()
        await desk.at_rest()

        assert patch.state is PatchState.LANDED, patch.report
        assert desk.origin.read("new.txt") == "new\n"
        assert desk.origin.log() == ["Add new.txt", "Begin"]
        assert desk.origin.landed() == [patch.id]
        assert desk.origin.author() == f"{ADA.real_name} <{ADA.email}>"

        assert patch.report is not None
        commit = str(patch.report.commit)
        card, summary = await desk.answers(ts)
        assert "Add new.txt" in card
        assert commit[:7] in card
        assert commit[:7] in summary
        assert "new.txt" in summary
        assert "`words` passed" in summary
        assert "`kept` passed" in summary
        assert await desk.marks(ts) == ["white_check_mark"]


async def test_the_message_is_marked_at_once_and_the_mark_changes_at_the_end(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        await desk.say(writing("new.txt"))
        await desk.finished()
        await desk.at_rest()
        marked = [
            (call.method, call.args["name"])
            for call in desk.slack.proxy.effects()
            if "reactions" in call.method
        ]
        assert marked[0] == ("reactions.add", "eyes")
        assert sorted(marked[1:]) == [("reactions.add", "white_check_mark"), ("reactions.remove", "eyes")]


async def test_there_is_one_card_and_it_is_edited_in_place(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        ts = await desk.say(writing("new.txt"))
        [patch] = await desk.finished()
        await desk.at_rest()
        card, summary = await desk.thread(ts)
        assert len(desk.posts()) == 2
        edits = desk.slack.proxy.effects("chat.update")
        assert {call.args["ts"] for call in edits} == {card["ts"]}
        row = await desk.engine.ledger.patch(patch.id)
        assert row is not None
        assert row.card is not None
        assert row.card.ts == card["ts"] != summary["ts"]


async def test_the_summary_is_written_as_markdown_too(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        await desk.say(writing("new.txt", title="Add new.txt"))
        [patch] = await desk.finished()
        await desk.at_rest()
        written = (desk.config.data / "summaries" / "web" / f"{patch.id}.md").read_text(encoding="utf-8")
        assert patch.report is not None
        assert "Add new.txt" in written
        assert str(patch.report.commit)[:7] in written


async def test_a_diff_that_a_gate_refuses_changes_nothing_and_its_log_is_shown(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        ts = await desk.say(fenced(FORBIDDEN))
        [patch] = await desk.finished()
        await desk.at_rest()
        assert patch.state is PatchState.FAILED
        assert desk.origin.log() == ["Begin"]
        _card, summary, log = await desk.thread(ts)
        assert "`words` failed" in everything(summary)
        [file] = log["files"]
        assert "words" in file["name"]
        assert "hello.txt:2:forbidden" in await desk.content(file)
        assert await desk.marks(ts) == ["x"]


async def test_a_diff_that_does_not_apply_says_where(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        ts = await desk.say(fenced(DIFF.replace("-world", "-moon")))
        [patch] = await desk.finished()
        await desk.at_rest()
        assert patch.state is PatchState.FAILED
        _card, summary = await desk.answers(ts)
        assert "hello.txt" in summary
        assert await desk.marks(ts) == ["x"]


async def test_a_broken_block_is_answered_with_the_line_it_breaks_on(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        ts = await desk.say(fenced(BROKEN))
        await desk.at_rest()
        [answer] = await desk.answers(ts)
        assert "Block 1" in answer
        assert "Line 5" in answer
        assert await desk.marks(ts) == ["x"]
        assert await desk.patches() == []


@pytest.mark.parametrize("text", [CHATTER, "no code at all", "`one` line", fenced('{"a": 1}')])
async def test_chatter_gets_no_answer(tmp_path: Path, text: str) -> None:
    async with desk_at_work(tmp_path) as desk:
        ts = await desk.say(text)
        await desk.at_rest()
        assert await desk.thread(ts) == []
        assert await desk.marks(ts) == []
        assert desk.posts() == []


async def test_two_blocks_of_a_message_are_two_patches_and_the_broken_third_is_named(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        good = [command_patch({"op": "write", "path": f"{name}.txt", "content": name}) for name in "ab"]
        ts = await desk.say(fenced(good[0], BROKEN, good[1]))
        patches = await desk.finished(2)
        await desk.at_rest()
        assert {patch.patch.block for patch in patches} == {1, 3}
        assert (desk.origin.read("a.txt"), desk.origin.read("b.txt")) == ("a", "b")
        answers = await desk.answers(ts)
        assert len(answers) == 5
        assert [answer for answer in answers if "Block 2" in answer]
        assert await desk.marks(ts) == ["x"]


@both_modes
async def test_attached_files_are_taken(tmp_path: Path, mode: Mode) -> None:
    async with desk_at_work(tmp_path, mode=mode) as desk:
        files = {"fix.diff": DIFF.encode(), "add.json": command_patch().encode(), "photo.png": b"\x89PNG"}
        ts = await desk.slack.peer.upload(PATCHES.id, BEN.id, files, text="two files")
        await desk.finished(2)
        await desk.at_rest()
        assert desk.origin.read("hello.txt") == "hello\ndesk\n"
        assert desk.origin.read("new.txt") == "new\n"
        assert desk.origin.author() == f"{BEN.real_name} <{BEN.email}>"
        assert await desk.marks(ts) == ["white_check_mark"]


async def test_a_file_that_is_no_patch_is_chatter(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        ts = await desk.slack.peer.upload(PATCHES.id, BEN.id, {"notes.txt": b"buy milk\n"})
        await desk.at_rest()
        assert await desk.thread(ts) == []


async def test_an_edited_message_is_read_again_and_what_landed_is_not_repeated(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        good = command_patch({"op": "write", "path": "good.txt", "content": "good\n"})
        ts = await desk.say(fenced(good, BROKEN))
        await desk.finished()
        await desk.at_rest()
        assert await desk.marks(ts) == ["x"]
        mended = command_patch({"op": "write", "path": "mended.txt", "content": "mended\n"})
        await desk.slack.peer.edit_message(PATCHES.id, ts, ADA.id, fenced(good, mended))
        await desk.finished(2)
        await desk.at_rest()
        assert len(await desk.patches()) == 2
        assert desk.origin.read("mended.txt") == "mended\n"
        assert await desk.marks(ts) == ["white_check_mark"]


async def test_an_edit_that_leaves_the_text_as_it_was_is_nothing(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        text = writing("new.txt")
        ts = await desk.say(text)
        await desk.finished()
        await desk.at_rest()
        before = len(desk.posts())
        await desk.slack.peer.edit_message(PATCHES.id, ts, ADA.id, text)
        await desk.at_rest()
        assert len(desk.posts()) == before


@both_modes
async def test_fifty_deliveries_of_one_message_make_one_patch(tmp_path: Path, mode: Mode) -> None:
    async with desk_at_work(tmp_path, mode=mode) as desk:
        desk.slack.proxy.faults.add(DeliveryFault.duplicate(copies=49, event="message"))
        ts = await desk.say(writing("new.txt"))
        await desk.finished()
        await desk.at_rest()
        delivered = [each for each in desk.slack.proxy.deliveries(Kind.EVENT) if each.event.get("ts") == ts]
        assert len(delivered) == 50
        assert all(each.acked for each in delivered)
        assert len(await desk.patches()) == 1
        assert len(await desk.thread(ts)) == 2


async def test_the_same_content_while_the_first_is_open_is_answered_with_a_link(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path, domains={"web": slow_gate(1.5)}) as desk:
        await desk.say(writing("new.txt"))
        first = await desk.until(desk.patches)
        again = await desk.say(writing("new.txt"), user=BEN.id)
        await desk.finished()
        await desk.at_rest()
        [answer] = await desk.answers(again)
        assert first[0].id in answer
        assert len(await desk.patches()) == 1


async def test_the_same_content_after_the_first_is_over_is_another_patch(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        await desk.say(writing("new.txt"))
        await desk.finished()
        await desk.say(writing("new.txt"))
        both = await desk.finished(2)
        # The second finds nothing left to change.
        assert {patch.state for patch in both} == {PatchState.LANDED, PatchState.FAILED}


async def test_a_patch_says_which_domain_where_the_channel_has_several(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path, domains={"docs": {"channels": (PATCHES.id,)}}) as desk:
        ts = await desk.say(writing("new.txt"))
        named = await desk.say(writing("new.txt", target="web"))
        await desk.finished()
        await desk.at_rest()
        [answer] = await desk.answers(ts)
        assert "docs" in answer
        assert "web" in answer
        assert await desk.marks(named) == ["white_check_mark"]


# Who may -----------------------------------------------------------------------------------------
async def test_who_may_not_submit_is_told_so_privately_and_it_is_recorded(tmp_path: Path) -> None:
    restricted = {"submitters": {"users": [], "groups": ["S0DEVS"]}}
    async with desk_at_work(tmp_path, domains={"web": restricted}, usergroups={"S0DEVS": (ADA.id,)}) as desk:
        ts = await desk.say(writing("no.txt"), user=BEN.id)
        await desk.at_rest()
        [told] = desk.slack.proxy.effects("chat.postEphemeral")
        assert told.args["user"] == BEN.id
        assert await desk.marks(ts) == []
        assert await desk.patches() == []
        [(_, entry)] = await desk.engine.ledger.audit(limit=10)
        assert (entry.actor, entry.action) == (BEN.id, "denied")

        await desk.say(writing("yes.txt"), user=ADA.id)
        [patch] = await desk.finished()
        assert patch.state is PatchState.LANDED, patch.report


async def test_a_channel_that_no_domain_listens_to_is_served_only_when_addressed(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        await desk.say(writing("no.txt"), channel=RANDOM.id)
        await desk.at_rest()
        assert await desk.patches() == []


AGENT = App("A0AGENT", "U0AGENT", "agent")


async def post_as(desk: Desk, app: App, text: str) -> str:
    """Post as another app, which Slack tells the desk of."""
    url = f"{desk.slack.proxy.api_url}chat.postMessage"
    headers = {"Authorization": f"Bearer {app.bot_token}"}
    body = {"channel": PATCHES.id, "text": text}
    async with aiohttp.ClientSession(headers=headers) as session, session.post(url, json=body) as response:
        return str((await response.json())["ts"])


def heard(desk: Desk, ts: str) -> bool:
    return any(
        each.acked for each in desk.slack.proxy.deliveries(event="message") if each.event.get("ts") == ts
    )


@pytest.mark.parametrize("listed", [True, False])
async def test_another_apps_patch_is_taken_only_where_the_channel_lists_it(
    tmp_path: Path, listed: bool
) -> None:
    allow = {PATCHES.id: [AGENT.bot_id]} if listed else {}
    workspace = Workspace(apps=(PATCHDESK, AGENT))
    async with desk_at_work(tmp_path, workspace=workspace, slack={"allow_bots": allow}) as desk:
        posted = await post_as(desk, AGENT, writing("new.txt"))
        if listed:
            await desk.finished()
            await desk.at_rest()
            assert await desk.marks(posted) == ["white_check_mark"]
            assert desk.origin.author().startswith("agent <")
        else:
            await desk.slack.proxy.until(lambda: heard(desk, posted))
            await desk.at_rest()
            assert await desk.thread(posted) == []
            assert await desk.patches() == []


async def test_a_person_who_says_nothing_of_a_patch_is_left_alone_by_its_thread(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        ts = await desk.say(writing("new.txt"))
        await desk.finished()
        await desk.at_rest()
        before = len(desk.posts())
        await desk.say("nice!", user=CLEO.id, thread=ts)
        await desk.at_rest()
        assert len(desk.posts()) == before
