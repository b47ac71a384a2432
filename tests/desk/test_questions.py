"""Questions to the desk: by mention, in threads and direct messages, by slash command, in App Home."""

from pathlib import Path

import pytest

from bot.demo.peer import ADA, BEN, PATCHES, RANDOM, Channel, Mode, Workspace
from bot.intake.events import SHORTCUT
from tests.desk.harness import Desk, desk_at_work, everything, slow_gate
from tests.desk.posts import BROKEN, DIFF, fenced, writing
from tests.peer.faults import DeliveryFault, Fault
from tests.peer.journal import Kind

DESK = "<@U0PATCHDESK>"
both_modes = pytest.mark.parametrize("mode", list(Mode))


async def answered(desk: Desk, command: str, *, channel: str = PATCHES.id, user: str = ADA.id) -> str:
    """What only *user* sees after typing `/patch` and *command*."""
    await desk.slack.peer.command(channel, user, "/patch", command)
    [*_, delivery] = desk.slack.proxy.deliveries(Kind.COMMAND)
    assert delivery.acked
    assert delivery.answer is not None
    assert delivery.answer["response_type"] == "ephemeral"
    return everything(delivery.answer)


# By mention --------------------------------------------------------------------------------------
@both_modes
async def test_words_after_a_mention_are_answered_once_in_their_thread(tmp_path: Path, mode: Mode) -> None:
    async with desk_at_work(tmp_path, mode=mode) as desk:
        ts = await desk.say(f"{DESK} help")
        await desk.slack.proxy.until(lambda: len(desk.slack.proxy.deliveries(event="app_mention")) == 1)
        await desk.at_rest()
        [answer] = await desk.answers(ts)
        assert "/patch submit" in answer


async def test_a_thread_can_ask_how_its_patch_stands(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        ts = await desk.say(writing("new.txt", title="Add new.txt"))
        [patch] = await desk.finished()
        await desk.at_rest()
        for words, expected in (
            (f"show {patch.id}", "Add new.txt"),
            ("status", "1 landed"),
            ("queue", "Nothing is waiting"),
        ):
            before = len(await desk.thread(ts))
            await desk.say(f"{DESK} {words}", thread=ts)
            await desk.at_rest()
            said = await desk.answers(ts)
            assert len(said) == before + 2
            assert expected in said[-1]


async def test_the_queue_names_what_runs_and_what_waits(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path, domains={"web": slow_gate(2)}) as desk:
        await desk.say(writing("a.txt", title="First of all"))
        await desk.say(writing("b.txt", title="Second"))

        async def both() -> bool:
            return len(await desk.patches()) == 2

        await desk.until(both)
        said = await answered(desk, "queue web")
        assert said.index("First of all") < said.index("Second")


async def test_words_that_nobody_knows_get_a_suggestion(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        ts = await desk.say(f"{DESK} staus")
        await desk.at_rest()
        [answer] = await desk.answers(ts)
        assert "staus" in answer
        assert "`status`" in answer


async def test_thanking_the_desk_is_no_question(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        ts = await desk.say(f"thank you {DESK}!")
        await desk.at_rest()
        assert await desk.thread(ts) == []


async def test_a_mended_question_is_answered(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        ts = await desk.say(f"{DESK} staus")
        await desk.at_rest()
        await desk.slack.peer.edit_message(PATCHES.id, ts, ADA.id, f"{DESK} status")
        await desk.until(lambda: _said(desk, ts, 2))
        await desk.at_rest()
        assert "idle" in (await desk.answers(ts))[1]
        assert len(await desk.thread(ts)) == 2


async def _said(desk: Desk, ts: str, many: int) -> bool:
    return len(await desk.thread(ts)) >= many


async def test_a_patch_that_is_said_to_the_desk_without_a_fence_is_taken(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        await desk.say(f"{DESK}\n{DIFF}")
        await desk.finished()
        assert desk.origin.read("hello.txt") == "hello\ndesk\n"


async def test_what_is_said_to_the_desk_and_is_no_patch_is_answered(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        ts = await desk.say(f"{DESK} please:\n```\nprint(1)\n```")
        await desk.at_rest()
        [answer] = await desk.answers(ts)
        assert "There is no patch in this" in answer


# By slash command --------------------------------------------------------------------------------
@both_modes
async def test_a_slash_command_is_answered_with_its_acknowledgement(tmp_path: Path, mode: Mode) -> None:
    expected = {
        "": "/patch submit",
        "help": "/patch submit",
        "status": "idle",
        "STATUS web": "idle",
        "queue": "Nothing is waiting",
        "show nothere": "There is no patch",
        "status wbe": "`web`",
        "dance": "`dance`",
    }
    async with desk_at_work(tmp_path, mode=mode) as desk:
        for words, answer in expected.items():
            assert answer in await answered(desk, words)
        assert desk.posts() == []


async def test_a_channel_sees_only_its_own_domains(tmp_path: Path) -> None:
    secret = Channel("C0SECRET", "secret", is_private=True)
    workspace = Workspace(channels=(PATCHES, RANDOM, secret))
    domains = {"vault": {"channels": (secret.id,)}}
    async with desk_at_work(tmp_path, workspace=workspace, domains=domains) as desk:
        await desk.say(writing("new.txt", title="Hush"), channel=secret.id)
        [patch] = await desk.finished()
        assert "vault" not in await answered(desk, "status")
        assert "There is no patch" in await answered(desk, f"show {patch.id}")
        assert "takes no patches" in await answered(desk, "status", channel=RANDOM.id)
        assert "Hush" in await answered(desk, f"show {patch.id}", channel=secret.id)


# By shortcut -------------------------------------------------------------------------------------
async def pick(desk: Desk, ts: str, *, user: str = BEN.id, channel: str = PATCHES.id) -> None:
    """Choose the app's entry in a message's menu."""
    [message] = [each for each in await desk.slack.peer.messages(channel) if each["ts"] == ts]
    origin = await desk.slack.proxy.origin(user, channel)
    await desk.slack.proxy.send(Kind.INTERACTION, origin.message_shortcut(SHORTCUT, message))


@both_modes
async def test_a_picked_message_is_submitted_by_who_picked_it(tmp_path: Path, mode: Mode) -> None:
    async with desk_at_work(tmp_path, mode=mode) as desk:
        ts = await desk.say(f"no fence, sorry:\n\n{DIFF}")
        await pick(desk, ts)
        [patch] = await desk.finished()
        await desk.at_rest()
        assert patch.actor.id == BEN.id
        assert desk.origin.read("hello.txt") == "hello\ndesk\n"
        assert len(await desk.thread(ts)) == 2
        assert await desk.marks(ts) == ["white_check_mark"]


async def test_a_picked_message_that_is_no_patch_is_answered_in_its_thread(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        ts = await desk.say("lunch?")
        await pick(desk, ts)
        await desk.at_rest()
        [answer] = await desk.answers(ts)
        assert "There is no patch in this" in answer


async def test_a_repeated_envelope_of_a_shortcut_is_one_submission(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        ts = await desk.say(fenced(BROKEN).replace("command_patch", "commands"))
        desk.slack.proxy.faults.add(DeliveryFault.duplicate(copies=4, kind=Kind.INTERACTION))
        await pick(desk, ts)
        await desk.at_rest()
        assert len(await desk.thread(ts)) == 1


# App Home ----------------------------------------------------------------------------------------
async def home_of(desk: Desk, user: str) -> str:
    before = len(desk.slack.proxy.effects("views.publish"))
    await desk.slack.peer.open_home(user)
    await desk.slack.proxy.until(lambda: len(desk.slack.proxy.effects("views.publish")) > before)
    return everything((await desk.slack.peer.views()).homes[user][desk.slack.proxy.app.app_id])


@both_modes
async def test_the_home_shows_the_domains_of_the_channels_that_somebody_is_in(
    tmp_path: Path, mode: Mode
) -> None:
    secret = Channel("C0SECRET", "secret", members=(ADA.id, "U0PATCHDESK"), is_private=True)
    workspace = Workspace(channels=(PATCHES, secret))
    domains = {"vault": {"channels": (secret.id,)}}
    async with desk_at_work(tmp_path, mode=mode, workspace=workspace, domains=domains) as desk:
        await desk.say(writing("new.txt", title="Add new.txt"))
        await desk.finished()
        adas, bens = await home_of(desk, ADA.id), await home_of(desk, BEN.id)
        assert "Add new.txt" in adas
        assert "Add new.txt" in bens
        assert "vault" in adas
        assert "vault" not in bens


async def test_a_home_that_slack_did_not_take_at_first_is_drawn_all_the_same(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        desk.slack.proxy.faults.add(Fault.server_error("views.publish"))
        assert "web" in await home_of(desk, ADA.id)


async def test_a_home_that_slack_refuses_is_left_as_it_was(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with desk_at_work(tmp_path) as desk:
        desk.slack.proxy.faults.add(Fault.error("views.publish", "not_enabled"))
        await desk.slack.peer.open_home(ADA.id)
        await desk.until(lambda: _logged(caplog, "views.publish did not succeed: not_enabled"))


async def _logged(caplog: pytest.LogCaptureFixture, text: str) -> bool:
    return text in caplog.text
