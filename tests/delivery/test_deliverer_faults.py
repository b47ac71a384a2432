"""Whatever Slack and the network do: each thing is said once, or people hear of it another way."""

import logging
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from bot.delivery import outbox
from bot.delivery.outbox import LEASE
from bot.delivery.render import cards
from bot.delivery.render.blocks import Message, section
from bot.demo.peer import ADA
from contracts.commands import Source
from contracts.faults import Rejection
from contracts.notices import Deny, EditCard, Reject, TellOperators
from contracts.ports import Sent
from contracts.settings import SlackSettings
from tests.delivery.desk import FAILED_OUTCOME, LANDED_OUTCOME, SETTINGS, Desk
from tests.delivery.rows import CHANNEL, NO, OPERATORS
from tests.peer.faults import Fault

MESSAGES = "chat.postMessage"


async def one_failed_patch(desk: Desk, *, source: Source = Source.SLACK) -> None:
    """Card, summary, log file, marks and edits: everything the desk says about a patch."""
    await desk.accept(source=source)
    await desk.carry_out(FAILED_OUTCOME)


async def kinds_said(desk: Desk, channel: str = CHANNEL) -> list[str]:
    """`card`, `summary`, `log` for each of the desk's messages."""
    return [
        "log" if message.get("files") else "summary" if message["text"].startswith(":x:") else "card"
        for message in await desk.said(channel)
    ]


# Answers that are lost or unclear --------------------------------------------------------------
UNCLEAR = [
    Fault.lost_reply(MESSAGES),
    Fault.truncated(MESSAGES),
    Fault.reset(MESSAGES),
    Fault.server_error(MESSAGES),
    Fault.html(MESSAGES),
    Fault.error(MESSAGES, "internal_error"),
    Fault.lost_reply(MESSAGES, times=2),
    Fault.reset(MESSAGES, times=3),
]


@pytest.mark.parametrize("source", [Source.SLACK, Source.CLI])
@pytest.mark.parametrize("unclear", UNCLEAR, ids=lambda fault: f"{fault.name} {fault.times}")
async def test_a_post_whose_answer_is_unclear_is_there_once(
    desk: Desk, unclear: Fault, source: Source
) -> None:
    desk.slack.proxy.faults.add(unclear)
    await one_failed_patch(desk, source=source)
    await desk.settle()
    assert await kinds_said(desk) == ["card", "summary", "log"]
    assert desk.slack.proxy.faults.waiting() == []
    assert await desk.waiting() == 0


async def test_nothing_is_posted_again_while_nobody_can_look(desk: Desk) -> None:
    desk.slack.proxy.faults.add(
        Fault.lost_reply(MESSAGES),
        Fault.rate_limited("conversations.replies", retry_after=timedelta(seconds=20)),
        Fault.server_error("conversations.replies", times=6),
        Fault.error("conversations.replies", "missing_scope"),
    )
    await desk.accept()
    await desk.settle()
    assert len(await desk.said()) == 1
    assert len(desk.slack.proxy.calls(MESSAGES)) == 1
    assert desk.slack.proxy.faults.waiting() == []


@pytest.mark.parametrize(
    "unclear",
    [
        Fault.lost_reply("files.completeUploadExternal"),
        Fault.reset("files.completeUploadExternal"),
        Fault.server_error("files.completeUploadExternal"),
        Fault.server_error("files.getUploadURLExternal", times=4),
        Fault.reset("upload"),
        Fault.lost_reply("upload"),
        Fault.error("files.completeUploadExternal", "file_not_found"),
    ],
    ids=lambda fault: f"{fault.method} {fault.name} {fault.times}",
)
async def test_a_log_is_shown_once(desk: Desk, unclear: Fault) -> None:
    desk.slack.proxy.faults.add(unclear)
    await one_failed_patch(desk)
    await desk.settle()
    assert await kinds_said(desk) == ["card", "summary", "log"]
    assert desk.slack.proxy.faults.waiting() == []


async def test_a_log_is_not_shared_again_while_nobody_can_look(desk: Desk) -> None:
    desk.slack.proxy.faults.add(
        Fault.lost_reply("files.completeUploadExternal"), Fault.server_error("files.info", times=4)
    )
    await one_failed_patch(desk)
    await desk.settle()
    assert len(desk.slack.proxy.calls("files.completeUploadExternal")) == 1


async def test_a_denial_in_doubt_is_not_repeated(desk: Desk) -> None:
    desk.slack.proxy.faults.add(Fault.lost_reply("chat.postEphemeral"))
    await desk.tell(Deny(ADA.id, NO))
    await desk.settle()
    assert len(desk.slack.proxy.calls("chat.postEphemeral")) == 1
    assert await desk.waiting() == 0


async def test_a_delivery_ends_well_before_its_lease(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    assert outbox.SENDING_WITHIN < LEASE
    monkeypatch.setattr(outbox, "SENDING_WITHIN", timedelta(milliseconds=100))
    desk.slack.proxy.faults.add(Fault.slow(MESSAGES, delay=timedelta(milliseconds=300)))
    await desk.tell(TellOperators(NO), channel=OPERATORS)
    assert await desk.deliverer.turn()
    await desk.slack.proxy.until(lambda: desk.slack.proxy.calls(MESSAGES))
    await desk.settle()
    assert len(desk.slack.proxy.calls(MESSAGES)) == 1
    assert len(await desk.said(OPERATORS)) == 1


async def test_a_file_is_not_shared_by_somebody_who_lost_the_delivery(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(delivery: int, attempt: int, progress: str) -> bool:
        return False

    await one_failed_patch(desk)
    with monkeypatch.context() as patched:
        patched.setattr(desk.engine.outbox, "note", lost)
        while not desk.slack.proxy.calls("upload"):
            if not await desk.deliverer.turn():
                desk.jump()
    assert desk.slack.proxy.calls("files.completeUploadExternal") == []
    await desk.settle()
    assert (await kinds_said(desk)).count("log") == 1


# Limits and outages ----------------------------------------------------------------------------
async def test_a_storm_of_429s_delays_everything_and_loses_nothing(desk: Desk) -> None:
    for method in (MESSAGES, "chat.update", "reactions.add", "reactions.remove", "files.info"):
        desk.slack.proxy.faults.add(Fault.rate_limited(method, retry_after=timedelta(seconds=3), times=8))
    rows = [await desk.accept(title=f"patch {number}") for number in range(5)]
    await desk.settle()
    for _ in rows:
        await desk.carry_out(FAILED_OUTCOME)
    await desk.settle()
    assert sorted(await kinds_said(desk)) == ["card"] * 5 + ["log"] * 5 + ["summary"] * 5
    assert [await desk.reactions(row) for row in rows] == [["x"]] * 5
    assert all("*Not landed.*" in text for text in await desk.texts() if text)
    assert await desk.waiting() == 0


async def test_a_429_rests_its_method_only_and_as_long_as_slack_says(desk: Desk) -> None:
    desk.slack.proxy.faults.add(Fault.rate_limited(MESSAGES, retry_after=timedelta(seconds=30)))
    row = await desk.accept()
    began = desk.now
    while await desk.deliverer.turn():
        pass
    assert await desk.reactions(row) == ["eyes"]
    assert len(desk.slack.proxy.calls(MESSAGES)) == 1
    await desk.settle()
    assert len(await desk.said()) == 1
    assert timedelta(seconds=30) <= desk.now - began < timedelta(seconds=35)


async def test_a_long_outage_ends_and_everything_is_said(desk: Desk) -> None:
    outage = Fault.server_error("*", times=60)
    desk.slack.proxy.faults.add(outage)
    await one_failed_patch(desk)
    await desk.settle()
    assert sorted(await kinds_said(desk)) == ["card", "log", "summary"]
    assert await desk.waiting() == 0


@pytest.mark.parametrize("seed", range(4))
async def test_in_a_storm_of_everything_each_final_is_there_once(desk: Desk, seed: int) -> None:
    chance = random.Random(seed)
    makers: list[Callable[[str], Fault]] = [
        Fault.rate_limited,
        Fault.server_error,
        Fault.html,
        Fault.reset,
        Fault.lost_reply,
        Fault.truncated,
    ]
    methods = [MESSAGES, "chat.update", "reactions.add", "files.completeUploadExternal", "upload", "*"]
    for _ in range(40):
        desk.slack.proxy.faults.add(chance.choice(makers)(chance.choice(methods)))
    rows = [await desk.accept(title=f"patch {number}") for number in range(3)]
    for _ in rows:
        await desk.carry_out(FAILED_OUTCOME)
    await desk.settle()
    assert sorted(await kinds_said(desk)) == ["card"] * 3 + ["log"] * 3 + ["summary"] * 3
    assert [await desk.reactions(row) for row in rows] == [["x"]] * 3
    assert await desk.waiting() == 0


# Crashes ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("point", ["delivery-claimed", "delivery-sent", "delivery-recorded"])
@pytest.mark.parametrize("skipped", range(7))
async def test_a_crash_at_any_point_of_any_delivery_says_nothing_twice(
    desk: Desk, point: str, skipped: int
) -> None:
    await one_failed_patch(desk)
    for _ in range(skipped):
        if not await desk.deliverer.turn():
            desk.jump()
    await desk.crash(point)
    await desk.settle()
    assert sorted(await kinds_said(desk)) == ["card", "log", "summary"]
    assert await desk.waiting() == 0


@pytest.mark.parametrize("source", [Source.SLACK, Source.CLI])
async def test_what_was_sent_and_not_recorded_is_found_and_not_sent_again(desk: Desk, source: Source) -> None:
    row = await desk.accept(source=source)
    await desk.crash("delivery-sent")
    await desk.settle()
    (card,) = await desk.said()
    assert len(desk.slack.proxy.calls(MESSAGES)) == 1
    stored = (await desk.row(row.id)).card
    assert stored is not None
    assert stored.ts == card["ts"]


async def test_a_log_whose_sharing_was_not_recorded_is_found(desk: Desk) -> None:
    await one_failed_patch(desk)
    shared = desk.slack.proxy.effects
    await desk.crash("delivery-sent", when=lambda: bool(shared("files.completeUploadExternal")))
    await desk.settle()
    assert len(desk.slack.proxy.effects("files.completeUploadExternal")) == 1
    assert (await kinds_said(desk)).count("log") == 1


async def test_a_deliverer_that_slept_too_long_changes_nothing(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    await desk.tell(TellOperators(NO), channel=OPERATORS)
    held = await desk.engine.outbox.claim(
        now=desk.now, lease=LEASE, busy_channels=frozenset(), busy_methods=frozenset()
    )
    assert held is not None
    desk.now += LEASE
    await desk.settle()
    assert not await desk.engine.outbox.record(held.id, held.attempt, Sent(), now=desk.now)
    assert len(await desk.said(OPERATORS)) == 1


async def test_a_delivery_that_another_took_over_is_left_to_them(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    await desk.tell(TellOperators(NO), channel=OPERATORS)

    async def taken_over(delivery: int, attempt: int, outcome: object, **_: Any) -> bool:
        return False

    with pytest.MonkeyPatch.context() as patched, caplog.at_level(logging.WARNING):
        patched.setattr(desk.engine.outbox, "record", taken_over)
        assert await desk.deliverer.turn()
    assert "taken over by another" in caplog.text
    desk.now += LEASE
    await desk.settle()
    assert len(await desk.said(OPERATORS)) == 1


# What is not there any more --------------------------------------------------------------------
def dead(channel: str, error: str = "is_archived") -> Fault:
    """Nothing but reading goes on in *channel*."""

    def in_it(args: Any) -> bool:
        return channel in {args.get("channel"), args.get("channel_id")} and "oldest" not in args

    return Fault.error("*", error, times=None, when=in_it)


NOTE = (
    "*Note to the operators.* "
    "The channel <#C0PATCHES> takes no posts any more (Slack says `is_archived`). "
    "What was meant for it goes to: <#C0OPS>. Invite the desk again, or change the settings."
)


async def test_a_dead_channels_finals_go_to_the_operators_who_are_told_once(desk: Desk) -> None:
    desk.slack.proxy.faults.add(dead(CHANNEL))
    await one_failed_patch(desk)
    await one_failed_patch(desk)
    await desk.tell(Reject((Rejection(1, (NO,)),)), thread="1.1")
    await desk.settle()
    assert await desk.said() == []
    texts = await desk.texts(OPERATORS)
    told = [text for text in texts if text.startswith("*Note to the operators.*")]
    assert told == [NOTE]
    cards = [text for text in texts if text.startswith("Retry the fetcher")]
    assert len(cards) == 2
    link = "posted in <#C0PATCHES> · <https://x.slack.com/archives/C0PATCHES/p"
    assert all(link in card for card in cards)
    assert sum(text.startswith(":x: *Not landed.*") for text in texts) == 2
    assert sum(text.startswith("This could not be taken as a patch") for text in texts) == 1
    assert (await desk.audit()).count("channel-dead") == 1
    assert await desk.waiting() == 0


async def test_a_patch_whose_card_moved_has_its_thread_there(desk: Desk) -> None:
    desk.slack.proxy.faults.add(dead(CHANNEL))
    await desk.accept(source=Source.CLI)
    await desk.settle()
    await desk.carry_out(FAILED_OUTCOME)
    await desk.settle()
    card, *followers = [each for each in await desk.said(OPERATORS) if "Note" not in each["text"]]
    assert "*Not landed.*" in card["text"]
    assert [each["thread_ts"] for each in followers] == [card["ts"]] * 2


async def test_a_channel_that_dies_after_the_card_still_has_its_summary_read(desk: Desk) -> None:
    await desk.accept()
    await desk.settle()
    desk.slack.proxy.faults.add(dead(CHANNEL, "not_in_channel"))
    await desk.carry_out(FAILED_OUTCOME)
    await desk.settle()
    assert sorted(await kinds_said(desk, OPERATORS)) == ["card", "log", "summary"]  # "card" is the note
    assert await desk.waiting() == 0


async def test_a_channel_that_came_back_and_dies_again_is_told_again(desk: Desk) -> None:
    for _ in range(2):
        desk.slack.proxy.faults.add(dead(CHANNEL))
        await desk.accept()
        await desk.settle()
        desk.slack.proxy.faults.clear()
        await desk.accept()
        await desk.settle()
    assert (await desk.audit()).count("channel-dead") == 2


@pytest.mark.parametrize("operators", [OPERATORS, None])
async def test_where_nobody_can_be_told_the_log_and_the_audit_know(
    desk: Desk, caplog: pytest.LogCaptureFixture, operators: str | None
) -> None:
    desk.settings = SETTINGS.model_copy(update={"slack": SlackSettings(operators=operators)})
    desk.slack.proxy.faults.add(dead(CHANNEL), dead(OPERATORS))
    await desk.accept(source=Source.CLI)
    await desk.carry_out(LANDED_OUTCOME)
    await desk.settle()
    assert await desk.said() == await desk.said(OPERATORS) == []
    assert "delivery-lost" in await desk.audit()
    assert "is dead: is_archived" in caplog.text
    assert await desk.waiting() == 0


async def test_an_edit_of_a_card_that_was_never_posted_is_nothing_to_do(desk: Desk) -> None:
    desk.settings = SETTINGS.model_copy(update={"slack": SlackSettings()})
    desk.slack.proxy.faults.add(dead(CHANNEL))
    row = await desk.accept(source=Source.CLI)
    await desk.settle()
    before = len(desk.slack.proxy.calls())
    await desk.tell(EditCard(row.id))
    await desk.settle()
    assert len(desk.slack.proxy.calls()) == before
    assert await desk.waiting() == 0


async def test_a_reply_to_a_deleted_thread_stands_for_itself(desk: Desk) -> None:
    in_thread = Fault.error(MESSAGES, "thread_not_found", times=None, when=lambda args: "thread_ts" in args)
    lost = Fault.error(
        "files.completeUploadExternal",
        "thread_not_found",
        times=None,
        when=lambda args: "thread_ts" in args,
    )
    desk.slack.proxy.faults.add(in_thread, lost)
    await one_failed_patch(desk)
    await desk.settle()
    assert sorted(await kinds_said(desk)) == ["card", "log", "summary"]
    assert await desk.waiting() == 0


async def test_a_reply_that_lost_its_thread_and_its_answer_is_found_among_the_posts(desk: Desk) -> None:
    gone = Fault.error(MESSAGES, "thread_not_found", times=None, when=lambda args: "thread_ts" in args)
    desk.slack.proxy.faults.add(
        Fault.error("conversations.replies", "thread_not_found", times=None), gone, Fault.lost_reply(MESSAGES)
    )
    await desk.accept()
    await desk.settle()
    assert len(await desk.said()) == 1


async def test_marks_and_edits_of_deleted_messages_are_dropped(desk: Desk) -> None:
    row = await desk.accept()
    await desk.settle()
    stored = (await desk.row(row.id)).card
    assert stored is not None
    await desk.slack.peer.delete_message(CHANNEL, row.place.ts or "", ADA.id)
    desk.slack.proxy.faults.add(
        Fault.error("chat.update", "message_not_found"), Fault.error("reactions.add", "message_not_found")
    )
    await desk.carry_out(LANDED_OUTCOME)
    await desk.settle()
    assert await desk.waiting() == 0
    assert (desk.data / "summaries" / "web" / f"{row.id}.md").is_file()


# What Slack will not take ----------------------------------------------------------------------
async def test_a_message_whose_blocks_are_refused_goes_as_text(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.slack.proxy.faults.add(
        Fault.error(MESSAGES, "invalid_blocks", times=None, when=lambda args: bool(args.get("blocks")))
    )
    await desk.accept()
    await desk.settle()
    (card,) = await desk.said()
    assert card["text"].startswith("Retry the fetcher: Next")
    assert "refused the blocks" in caplog.text


async def test_a_message_that_is_over_the_limits_goes_as_text_cut_short(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    far_too_long = Message("x" * 9000, section("x") * 99)
    monkeypatch.setattr(cards, "card", lambda *_args, **_given: far_too_long)
    await desk.accept()
    await desk.settle()
    assert await desk.texts() == ["x" * 2000]
    assert "over Slack's limits" in caplog.text


async def test_a_message_that_is_refused_altogether_is_told_to_the_operators(desk: Desk) -> None:
    desk.slack.proxy.faults.add(
        Fault.error(MESSAGES, "no_text", times=None, when=lambda args: args["channel"] == CHANNEL)
    )
    await desk.accept()
    await desk.settle()
    (note,) = await desk.texts(OPERATORS)
    assert note.startswith("*Note to the operators.* Slack refused `chat.postMessage`: `no_text`.")
    assert await desk.audit() == ["delivery-lost"]


@pytest.mark.parametrize("error", ["invalid_auth", "token_revoked", "missing_scope"])
async def test_finals_wait_for_a_token_that_has_to_be_mended(desk: Desk, error: str) -> None:
    desk.slack.proxy.faults.add(Fault.error("*", error, times=12))
    row = await desk.accept()
    await desk.carry_out(LANDED_OUTCOME)
    await desk.settle()
    assert [text.split(" ")[0] for text in await desk.texts()] == ["Retry", ":white_check_mark:"]
    assert await desk.reactions(row) == ["white_check_mark"]
    assert await desk.waiting() == 0


async def test_progress_is_given_up_when_slack_has_no_edits_to_spare(desk: Desk) -> None:
    await desk.accept()
    await desk.settle()
    desk.slack.proxy.faults.add(Fault.server_error("chat.update", times=None))
    await desk.begin()
    await desk.settle()
    assert await desk.waiting() == 0


async def test_everything_about_one_patch_goes_through_one_engine_in_one_order(desk: Desk) -> None:
    """A summary never comes before its card, even if the card has to be posted twice as late."""
    desk.slack.proxy.faults.add(Fault.rate_limited(MESSAGES, retry_after=timedelta(seconds=5)))
    await one_failed_patch(desk)
    await desk.settle()
    assert await kinds_said(desk) == ["card", "summary", "log"]
