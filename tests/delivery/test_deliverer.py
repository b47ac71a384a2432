"""What is to be said is said in Slack once, in order, and truly."""

import asyncio
from datetime import timedelta

import pytest

from bot.demo.peer import ADA
from contracts.commands import Help, Place, Queue, Source
from contracts.faults import Reason, Rejection, fault
from contracts.notices import (
    Answer,
    Deny,
    EditCard,
    Mark,
    Misunderstood,
    PostCard,
    Reject,
    TellOperators,
    Twin,
    UploadLog,
    WriteSummary,
)
from contracts.outcome import Report, Retry
from contracts.states import PatchState
from tests.delivery.desk import FAILED_OUTCOME, LANDED_OUTCOME, Desk
from tests.delivery.rows import CHANNEL, NO, OPERATORS


async def test_a_patch_gets_eyes_and_a_card_at_once(desk: Desk) -> None:
    row = await desk.accept()
    began = desk.now
    await desk.settle()
    assert await desk.reactions(row) == ["eyes"]
    (card,) = await desk.said()
    assert card["thread_ts"] == row.place.ts
    assert card["text"].startswith("Retry the fetcher: Next; it starts as soon as a worker is free.")
    stored = await desk.row(row.id)
    assert stored.card == Place(CHANNEL, card["ts"], row.place.ts)
    assert [call.method for call in desk.slack.proxy.effects()] == ["chat.postMessage", "reactions.add"]
    assert desk.now - began <= timedelta(seconds=1)


async def test_a_patch_that_lands_ends_with_a_summary_a_file_and_a_check_mark(desk: Desk) -> None:
    row = await desk.accept()
    await desk.settle()
    running = await desk.begin()
    await desk.settle()
    (card,) = await desk.said()
    assert "Running the gates, since" in card["text"]
    await desk.finish(running, LANDED_OUTCOME)
    await desk.settle()
    card, summary = await desk.said()
    assert ":white_check_mark: *Landed* on `main`" in card["text"]
    assert summary["text"].startswith(":white_check_mark: *Landed* on `main` as `fedcba9876`")
    assert summary["thread_ts"] == row.place.ts
    assert await desk.reactions(row) == ["white_check_mark"]
    text = (desk.data / "summaries" / "web" / f"{row.id}.md").read_text(encoding="utf-8")
    assert text.startswith("# Retry the fetcher\n")
    assert "**Landed** on `main` as `fedcba9876`" in text
    assert await desk.waiting() == 0


async def test_a_patch_that_fails_ends_with_the_log_and_a_cross(desk: Desk) -> None:
    row = await desk.accept()
    await desk.carry_out(FAILED_OUTCOME)
    await desk.settle()
    card, summary, log = await desk.said()
    assert ":x: *Not landed.* The gate `tests` said no" in card["text"]
    assert summary["text"].startswith(":x: *Not landed.* The gate `tests` said no (exit code 1).")
    (file,) = log["files"]
    assert (file["name"], file["title"]) == ("patch-1-tests.log", "Log of tests")
    assert log["thread_ts"] == row.place.ts
    assert await desk.reactions(row) == ["x"]


async def test_a_block_that_was_refused_spoils_the_mark(desk: Desk) -> None:
    row = await desk.accept(rejected=1)
    await desk.carry_out(LANDED_OUTCOME)
    await desk.settle()
    assert await desk.reactions(row) == ["x"]


async def test_a_patch_from_the_command_line_has_a_card_of_its_own_with_a_thread(desk: Desk) -> None:
    await desk.accept(source=Source.CLI)
    await desk.carry_out(FAILED_OUTCOME)
    await desk.settle()
    card, summary, log = await desk.said()
    assert card.get("thread_ts") in {None, card["ts"]}
    assert summary["thread_ts"] == log["thread_ts"] == card["ts"]


async def test_many_edits_of_a_card_are_one_and_show_the_latest(desk: Desk) -> None:
    await desk.accept()
    await desk.settle()
    row = await desk.begin()
    for _ in range(20):
        await desk.tell(EditCard(row.id))
    await desk.settle()
    assert len(desk.slack.proxy.calls("chat.update")) == 1
    assert "Running the gates" in (await desk.texts())[0]


async def test_a_retry_changes_only_the_card(desk: Desk) -> None:
    row = await desk.accept()
    await desk.settle()
    why = fault(Reason.REPOSITORY_UNREACHABLE, detail="timed out")
    later = desk.now + timedelta(hours=1)
    await desk.carry_out(Retry(Report("main", fault=why), later))
    await desk.settle()
    (text,) = await desk.texts()
    assert "Try 1 did not work out. The repository could not be reached: timed out." in text
    assert await desk.reactions(row) == ["eyes"]


async def test_a_waiting_patch_is_told_its_place_in_line(desk: Desk) -> None:
    for title in ("one", "two", "three"):
        await desk.accept(title=title)
    await desk.settle()
    one, two, three = await desk.texts()
    assert one.startswith("one: Next")
    assert two.startswith("two: Waiting, number 2 in line")
    assert three.startswith("three: Waiting, number 3 in line")


async def test_posts_in_one_channel_are_a_second_apart_but_marks_do_not_wait_for_them(desk: Desk) -> None:
    rows = [await desk.accept(title=f"patch {number}") for number in range(4)]
    began = desk.now
    while await desk.deliverer.turn():
        pass
    assert len(await desk.said()) == 1
    assert [await desk.reactions(row) for row in rows] == [["eyes"]] * 4
    await desk.settle()
    assert len(await desk.said()) == 4
    assert desk.now - began >= timedelta(seconds=3)


async def test_two_turns_at_a_time_do_not_get_in_each_others_way(desk: Desk) -> None:
    for number in range(3):
        await desk.accept(title=f"patch {number}")
    while any(await asyncio.gather(*(desk.deliverer.turn() for _ in range(4)))):
        pass
    await desk.settle()
    assert len(await desk.said()) == 3
    assert [call.status for call in desk.slack.proxy.calls()] == [200] * 6


# Answers ---------------------------------------------------------------------------------------
async def test_refusals_repeats_and_answers_come_as_replies(desk: Desk) -> None:
    first = await desk.accept(source=Source.CLI)
    await desk.settle()
    thread = (await desk.row(first.id)).card
    assert thread is not None
    wrong = fault(Reason.UNKNOWN_COMMAND, words="qeue", suggestion="queue")
    await desk.tell(Reject((Rejection(1, (fault(Reason.NO_MUTATIONS),)),)), thread=thread.ts)
    await desk.tell(Twin(first.id, 2), thread=thread.ts)
    await desk.tell(Misunderstood(ADA.id, wrong), thread=thread.ts)
    await desk.tell(Answer(Help(), ADA.id), thread=thread.ts)
    await desk.tell(Answer(Queue(), ADA.id), thread=thread.ts)
    await desk.tell(TellOperators(wrong), channel=OPERATORS)
    await desk.settle()
    _, *replies = await desk.said()
    assert {reply["thread_ts"] for reply in replies} == {thread.ts}
    begins = (
        "This could not be taken as a patch.",
        "Block 2 is the same change as patch <https://x.slack.com/archives/C0PATCHES/p",
        "`qeue` is no command here. Did you mean `queue`?",
        "Post a patch in a channel of its domain: ",
        "*web*\n1. `patch-1` Retry the fetcher – next, from Ada Okafor",
    )
    for reply, begin in zip(replies, begins, strict=True):
        assert reply["text"].startswith(begin)
    (note,) = await desk.texts(OPERATORS)
    assert note.startswith("*Note to the operators.* `qeue` is no command here.")


async def test_a_denial_is_seen_by_one_person_only(desk: Desk) -> None:
    await desk.tell(Deny(ADA.id, fault(Reason.NOT_A_SUBMITTER, domain="web")))
    await desk.settle()
    assert await desk.said() == []
    (call,) = desk.slack.proxy.effects("chat.postEphemeral")
    assert call.args["user"] == ADA.id
    assert call.args["text"].startswith("Sorry, you are not among the people who may change `web`.")


async def test_a_summary_that_cannot_be_written_is_written_later(desk: Desk) -> None:
    row = await desk.accept(source=Source.CLI)
    await desk.carry_out(LANDED_OUTCOME)
    desk.data.write_text("in the way", encoding="utf-8")
    while await desk.deliverer.turn():
        pass
    assert await desk.waiting() > 0
    desk.data.unlink()
    await desk.settle()
    assert (desk.data / "summaries" / "web" / f"{row.id}.md").is_file()
    assert await desk.waiting() == 0


async def test_a_second_summary_replaces_the_first_and_leaves_nothing_else(desk: Desk) -> None:
    row = await desk.accept(source=Source.CLI)
    await desk.carry_out(LANDED_OUTCOME)
    await desk.settle()
    folder = desk.data / "summaries" / "web"
    (folder / f".{row.id}.md.part").write_text("half", encoding="utf-8")
    await desk.tell(WriteSummary(row.id), channel=None)
    await desk.settle()
    assert [file.name for file in folder.iterdir()] == [f"{row.id}.md"]


async def test_a_mark_for_nothing_is_nothing_to_do(desk: Desk) -> None:
    row = await desk.accept(source=Source.CLI)
    await desk.settle()
    before = len(desk.slack.proxy.calls())
    await desk.tell(Mark(row.inbox_id))
    await desk.settle()
    assert len(desk.slack.proxy.calls()) == before
    assert await desk.waiting() == 0


async def test_a_gate_that_printed_nothing_has_no_log(desk: Desk) -> None:
    row = await desk.accept()
    await desk.carry_out(FAILED_OUTCOME)
    await desk.tell(UploadLog(row.id, "docs"))
    await desk.settle()
    assert len(desk.slack.proxy.calls("files.getUploadURLExternal")) == 1
    assert await desk.waiting() == 0


async def test_words_without_a_channel_are_an_error_and_not_silence(desk: Desk) -> None:
    await desk.tell(Misunderstood(ADA.id, NO), channel=None)
    with pytest.raises(LookupError, match="has no channel"):
        await desk.settle()


async def test_a_store_that_lost_a_patch_is_an_error_and_not_silence(desk: Desk) -> None:
    await desk.tell(PostCard("never"))
    with pytest.raises(LookupError, match="there is no patch never"):
        await desk.settle()


async def test_states_that_are_shown_are_those_of_the_moment_of_sending(desk: Desk) -> None:
    row = await desk.accept()
    await desk.carry_out(LANDED_OUTCOME)
    assert (await desk.row(row.id)).state is PatchState.LANDED
    await desk.settle()
    first = desk.slack.proxy.effects("chat.postMessage")[0]
    assert "*Landed* on `main`" in first.args["text"]
