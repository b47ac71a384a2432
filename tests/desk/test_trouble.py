"""Slack as it is on bad days: what was said once is done once, and is told once."""

from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from bot.demo.peer import PATCHES, Mode
from bot.intake.slack import Listeners
from contracts.commands import Source
from contracts.states import PatchState
from tests.desk.harness import Desk, desk_at_work
from tests.desk.posts import BROKEN, FORBIDDEN, command_patch, fenced, writing
from tests.peer.deliveries import Redelivery
from tests.peer.faults import DeliveryFault, Fault
from tests.peer.journal import SocketChange
from tests.peer.rules import Rates

SOON = Redelivery(
    ack_within=timedelta(seconds=1), after=(timedelta(0), timedelta(milliseconds=100), timedelta(seconds=1))
)
both_modes = pytest.mark.parametrize("mode", list(Mode))


async def said_once(desk: Desk, ts: str, *, many: int) -> None:
    """In the thread there are so many answers, each of them once."""
    answers = await desk.thread(ts)
    assert len(answers) == many, await desk.situation()
    keys = Counter(desk.keys())
    assert all(count == 1 for count in keys.values()), keys


# What the desk sends -----------------------------------------------------------------------------
async def test_a_storm_of_429_delays_every_message_and_loses_none(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        for method in ("chat.postMessage", "chat.update", "reactions.add", "reactions.remove"):
            desk.slack.proxy.faults.add(Fault.rate_limited(method, retry_after=timedelta(0), times=6))
        desk.slack.proxy.faults.add(Fault.rate_limited("users.info", times=2))
        posts = [await desk.say(writing(f"{name}.txt")) for name in "abc"]
        await desk.finished(3)
        await desk.at_rest()
        assert desk.slack.proxy.faults.waiting() == []
        for ts in posts:
            await said_once(desk, ts, many=2)
            assert await desk.marks(ts) == ["white_check_mark"]


@pytest.mark.parametrize("wrong", ["lost_reply", "truncated", "reset", "server_error", "html"])
async def test_an_answer_that_is_lost_leaves_one_message_each(tmp_path: Path, wrong: str) -> None:
    async with desk_at_work(tmp_path) as desk:
        desk.slack.proxy.faults.add(getattr(Fault, wrong)("chat.postMessage", times=2))
        ts = await desk.say(fenced(FORBIDDEN))
        [patch] = await desk.finished()
        await desk.at_rest()
        assert patch.state is PatchState.FAILED
        assert desk.slack.proxy.faults.waiting() == []
        await said_once(desk, ts, many=3)
        assert await desk.marks(ts) == ["x"]


async def test_every_answer_is_lost_once_and_all_is_told_once(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        methods = ["chat.postMessage", "chat.update", "reactions.add", "reactions.remove", "upload"]
        methods += ["files.getUploadURLExternal", "files.completeUploadExternal", "users.info"]
        desk.slack.proxy.faults.add(*(Fault.lost_reply(method) for method in methods))
        ts = await desk.say(fenced(FORBIDDEN, BROKEN))
        await desk.finished()
        await desk.at_rest()
        assert desk.slack.proxy.faults.waiting() == []
        await said_once(desk, ts, many=4)
        assert await desk.marks(ts) == ["x"]


@pytest.mark.slow
@pytest.mark.paced
async def test_at_its_own_pace_the_desk_meets_no_limit(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        desk.slack.proxy.rates = Rates()
        posts = [await desk.say(writing(f"{name}.txt")) for name in "ab"]
        await desk.finished(2)
        await desk.at_rest()
        assert [call for call in desk.slack.proxy.calls() if call.status == 429] == []
        for ts in posts:
            await said_once(desk, ts, many=2)


async def test_a_dead_channel_is_told_to_the_operators_who_inherit_what_was_meant_for_it(
    tmp_path: Path,
) -> None:
    async with desk_at_work(tmp_path, slack={"operators": "C0RANDOM"}) as desk:
        dead = Fault.error(
            "chat.postMessage", "is_archived", times=None, when=lambda args: args["channel"] == PATCHES.id
        )
        desk.slack.proxy.faults.add(dead)
        await desk.say(writing("new.txt"))
        [patch] = await desk.finished()
        await desk.at_rest()
        assert patch.state is PatchState.LANDED
        told = [post for post in desk.posts() if post["channel"] == "C0RANDOM"]
        assert len(told) == 3  # the note, the card, the summary
        assert [entry.action for _, entry in await desk.engine.ledger.audit(limit=9)] == ["channel-dead"]


# What Slack sends --------------------------------------------------------------------------------
@both_modes
async def test_what_could_not_be_recorded_is_not_acknowledged_and_comes_again(
    tmp_path: Path, mode: Mode, monkeypatch: pytest.MonkeyPatch
) -> None:
    really, tries = Listeners._record, []

    async def stumble(self: Listeners, source: Source, key: str, body: dict[str, object]) -> None:
        tries.append(key)
        if len(tries) == 1:
            raise OSError("disk full")
        await really(self, source, key, body)

    monkeypatch.setattr(Listeners, "_record", stumble)
    async with desk_at_work(tmp_path, mode=mode, redelivery=SOON) as desk:
        ts = await desk.say(writing("new.txt"))
        await desk.finished()
        await desk.at_rest()
        acked = [
            each.acked for each in desk.slack.proxy.deliveries(event="message") if each.event.get("ts") == ts
        ]
        assert acked == [False, True]
        await said_once(desk, ts, many=2)


@both_modes
async def test_an_acknowledgement_that_is_lost_makes_no_second_patch(tmp_path: Path, mode: Mode) -> None:
    async with desk_at_work(tmp_path, mode=mode, redelivery=SOON) as desk:
        desk.slack.proxy.faults.add(DeliveryFault.swallow_ack(event="message", times=2))
        ts = await desk.say(writing("new.txt"))
        await desk.finished()
        await desk.slack.proxy.until(lambda: desk.slack.proxy.faults.waiting() == [])
        await desk.at_rest()
        assert len(await desk.patches()) == 1
        await said_once(desk, ts, many=2)


@both_modes
async def test_sender_and_files_that_slack_does_not_give_at_first_are_asked_for_again(
    tmp_path: Path, mode: Mode
) -> None:
    async with desk_at_work(tmp_path, mode=mode) as desk:
        desk.slack.proxy.faults.add(Fault.server_error("users.info"), Fault.server_error("download"))
        await desk.slack.peer.upload(PATCHES.id, "U0ADA", {"new.json": command_patch().encode()})
        [patch] = await desk.finished()
        assert patch.actor.name == "Ada Okafor"
        assert desk.slack.proxy.faults.waiting() == []


# Socket Mode -------------------------------------------------------------------------------------
def names(desk: Desk, what: str) -> set[str]:
    """The addresses, each good for one handshake, to which that happened."""
    changes = [each for each in desk.slack.proxy.journal.entries if isinstance(each, SocketChange)]
    return {each.name for each in changes if each.what == what}


def opened(desk: Desk) -> int:
    return len(names(desk, "opened"))


async def test_there_are_two_connections(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        await desk.slack.proxy.until(lambda: len(desk.slack.proxy.sockets.open) == 2)


async def test_connections_that_are_cut_come_back_and_nothing_is_lost(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        await desk.slack.proxy.until(lambda: len(desk.slack.proxy.sockets.open) == 2)
        desk.slack.proxy.sockets.drop()
        ts = await desk.say(writing("new.txt"))
        await desk.finished()
        await desk.at_rest()
        await said_once(desk, ts, many=2)
        await desk.slack.proxy.until(lambda: len(desk.slack.proxy.sockets.open) == 2)


async def test_a_refresh_of_every_connection_loses_nothing(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path, redelivery=SOON) as desk:
        await desk.slack.proxy.until(lambda: len(desk.slack.proxy.sockets.open) == 2)
        await desk.slack.proxy.sockets.refresh()
        ts = await desk.say(writing("new.txt"))
        await desk.finished()
        await desk.at_rest()
        await said_once(desk, ts, many=2)


@pytest.mark.slow
async def test_a_refused_handshake_is_tried_again_with_a_new_address(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path, redelivery=SOON) as desk:
        await desk.slack.proxy.until(lambda: len(desk.slack.proxy.sockets.open) == 2)
        desk.slack.proxy.sockets.refuse(2)
        desk.slack.proxy.sockets.drop()
        await desk.slack.proxy.until(lambda: opened(desk) >= 4, within=timedelta(seconds=30))
        assert names(desk, "refused")
        assert not names(desk, "refused") & names(desk, "opened")
        ts = await desk.say(writing("new.txt"))
        await desk.finished()
        await desk.at_rest()
        await said_once(desk, ts, many=2)


@pytest.mark.slow
async def test_connections_that_fall_silent_are_replaced(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path, redelivery=SOON) as desk:
        await desk.slack.proxy.until(lambda: len(desk.slack.proxy.sockets.open) == 2)
        desk.slack.proxy.sockets.mute()
        await desk.slack.proxy.until(lambda: opened(desk) >= 4, within=timedelta(seconds=50))
        ts = await desk.say(writing("new.txt"))
        await desk.finished()
        await desk.at_rest()
        await said_once(desk, ts, many=2)


@pytest.mark.slow
@pytest.mark.parametrize("wrong", ["html", "server_error", "rate_limited", "lost_reply"])
async def test_an_address_that_slack_does_not_give_at_first_is_asked_for_again(
    tmp_path: Path, wrong: str
) -> None:
    async with desk_at_work(tmp_path, redelivery=SOON) as desk:
        await desk.slack.proxy.until(lambda: len(desk.slack.proxy.sockets.open) == 2)
        desk.slack.proxy.faults.add(getattr(Fault, wrong)("apps.connections.open", times=2))
        desk.slack.proxy.sockets.drop()
        await desk.slack.proxy.until(lambda: opened(desk) >= 4, within=timedelta(seconds=40))
        assert desk.slack.proxy.faults.waiting() == []
        await desk.say(writing("new.txt"))
        await desk.finished()
