"""Nobody has to watch the desk: what fires is said once, escalates, is taken, reminded of, and resolved."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot import app, clock
from bot.delivery.render import alerts as render
from bot.demo.peer import ADA, BEN, PATCHES, RANDOM, Mode
from bot.intake import slack as intake
from bot.settings import MailAccess, default_operations
from contracts.alerts.model import EntryKind, Group, GroupState
from contracts.alerts.settings import AlertSettings
from contracts.operations import Operations
from contracts.settings import SlackSettings
from tests.delivery.mail_server import Post, mail_server
from tests.desk.harness import Desk, Json, desk_at_work, everything
from tests.desk.posts import DIFF, FORBIDDEN, fenced, writing
from tests.peer.faults import DeliveryFault, Fault
from tests.peer.journal import Kind

SOON = 0.3
NEVER = 3600.0
TICK = timedelta(milliseconds=50)
DESK = "<@U0PATCHDESK>"
#: Nothing escalates and nothing is over by itself.
QUIET: Mapping[str, Any] = {"chains": {"urgent": []}, "resolve_after": NEVER}


@pytest.fixture(autouse=True)
def _ticks_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app, "_ALERTS", TICK)


def operations(**alerts: Any) -> Operations:
    """One chain: a person directly, then an e-mail; *alerts* changes the section."""
    given: dict[str, Any] = {
        "route": {
            "group_by": ["alertname", "domain"],
            "group_wait": 0.1,
            "group_interval": NEVER,
            "repeat_interval": NEVER,
            "channel": "domain",
            "chain": "urgent",
        },
        "people": {"ada": {"slack": ADA.id}, "ben": {"slack": BEN.id}, "ops": {"email": "ops@example.com"}},
        "schedules": {"web": {"layers": [{"people": ["ada"], "start": "2020-01-01"}]}},
        "chains": {
            "urgent": [
                {"wait": SOON},
                {"on_call": "web", "importance": "important"},
                {"wait": SOON},
                {"email": "ops"},
            ]
        },
        "remind_after": NEVER,
        "let_go_after": NEVER,
        "resolve_after": 0.1,
        "fall_back_after": NEVER,
    }
    settings = AlertSettings.model_validate({**given, **alerts})
    return default_operations().model_copy(update={"alerts": settings})


@dataclass(slots=True)
class Board:
    """A desk whose alerts somebody looks at."""

    desk: Desk
    post: Post

    async def group(self) -> Group:
        """The only one there is, once it was spoken of."""

        async def spoken() -> Group | None:
            groups = await self.desk.engine.alerts.open_groups(limit=9)
            return next((group for group in groups if group.card is not None), None)

        group = await self.desk.until(spoken)
        assert group is not None
        return group

    async def card(self) -> Json:
        """The group's message as it is shown now."""
        group = await self.group()
        assert group.card is not None
        messages = await self.desk.slack.peer.messages(PATCHES.id)
        return next(each for each in messages if each["ts"] == group.card.ts)

    async def shows(self, words: str, *, ts: str) -> None:
        async def shown() -> bool:
            messages = await self.desk.slack.peer.messages(PATCHES.id)
            return any(each["ts"] == ts and words in everything(each) for each in messages)

        await self.desk.until(shown)

    async def says(self, words: str, *, ts: str) -> None:
        """Under the card."""

        async def said() -> bool:
            return any(words in each for each in await self.desk.answers(ts))

        await self.desk.until(said)

    async def press(self, action: str, *, ts: str, user: str = ADA.id, channel: str = PATCHES.id) -> None:
        await self.desk.slack.peer.press(channel, ts, user, action)

    async def log(self, group: str) -> list[EntryKind]:
        return [entry.kind for entry in await self.desk.engine.alerts.log(group)]

    async def state(self, group: str, wanted: GroupState) -> None:
        async def reached() -> bool:
            row = await self.desk.engine.alerts.group(group)
            return row is not None and row.state is wanted

        await self.desk.until(reached)

    async def direct(self, user: str) -> tuple[str, list[Json]]:
        """The conversation with *user*, and what the desk said there."""
        state = await self.desk.slack.peer.state()
        for channel in state["channels"]:
            if channel["id"].startswith("D") and user in channel["members"]:
                return channel["id"], await self.desk.slack.peer.messages(channel["id"])
        return "", []

    async def paged(self, user: str) -> tuple[str, str]:
        """Where *user* was asked to come, and the message that asks."""

        async def asked() -> tuple[str, str] | None:
            channel, messages = await self.direct(user)
            found = (each["ts"] for each in messages if "asked to see to this" in everything(each))
            ts = next(found, None)
            return (channel, ts) if ts else None

        place = await self.desk.until(asked)
        assert place is not None
        return place

    async def spoken(self) -> tuple[Group, str]:
        group = await self.group()
        assert group.card is not None
        assert group.card.ts is not None
        return group, group.card.ts

    async def stale_press(self, action: str, group: str, *, ts: str, user: str = ADA.id) -> None:
        """As a person does whose Slack still shows what the card was."""
        used = {"type": "button", "action_id": action, "block_id": "b", "value": group}
        await self.desk.slack.peer.interact(PATCHES.id, ts, user, used)

    async def opens(self, action: str, *, ts: str, label: str | None = None) -> Json:
        """The dialog behind a button or an entry of a menu, once it is filled."""
        filled = self.desk.slack.proxy.effects("views.update")
        if label is None:
            await self.press(action, ts=ts)
        else:
            await self.desk.slack.peer.choose(PATCHES.id, ts, ADA.id, action, label)
        updates = self.desk.slack.proxy
        await updates.until(lambda: len(updates.effects("views.update")) > len(filled))
        [view] = (await self.desk.slack.peer.views()).stack
        return view

    async def types(self, words: str, *, channel: str = PATCHES.id, user: str = ADA.id) -> None:
        await self.desk.slack.peer.command(channel, user, "/patch", words)

    async def asked(self, words: str, *, channel: str = PATCHES.id) -> str:
        """What a slash command answers at once."""
        await self.types(words, channel=channel)
        [*_, delivery] = self.desk.slack.proxy.deliveries(Kind.COMMAND)
        assert delivery.answer is not None
        return everything(delivery.answer)

    async def posted(self, words: str) -> None:
        """That the channel was told, outside of any thread."""

        async def there() -> bool:
            return any(words in everything(each) for each in await self.desk.slack.peer.messages(PATCHES.id))

        await self.desk.until(there)

    async def whispered(self, words: str) -> None:
        """That somebody alone was told."""
        await self.desk.until(self._whispers(words))

    def _whispers(self, words: str) -> Any:
        async def heard() -> bool:
            calls = self.desk.slack.proxy.effects("chat.postEphemeral")
            return any(words in str(call.args.get("text")) for call in calls)

        return heard


@asynccontextmanager
async def board(
    folder: Path,
    *,
    mode: Mode = Mode.SOCKET,
    mail: bool = True,
    slack: SlackSettings | None = None,
    **alerts: Any,
) -> AsyncIterator[Board]:
    async with mail_server() as post:
        access = MailAccess("127.0.0.1", post.port, "none", "desk@example.com") if mail else None
        configured: Mapping[str, Any] = {"operations": operations(**alerts), "mail": access}
        async with desk_at_work(
            folder, mode=mode, configured=configured, slack=slack or SlackSettings()
        ) as desk:
            yield Board(desk, post)


async def fires(board: Board) -> tuple[Group, str]:
    """A patch that a gate refuses; the group it belongs to, and the ts of its card."""
    await board.desk.say(fenced(FORBIDDEN))
    return await board.spoken()


def typed(**fields: str) -> dict[str, dict[str, object]]:
    """What is entered in a dialog."""
    return {name: {name: {"type": "plain_text_input", "value": text}} for name, text in fields.items()}


# From failures to the end ------------------------------------------------------------------------
async def test_failures_are_one_alert_that_escalates_until_somebody_takes_it(tmp_path: Path) -> None:
    async with board(tmp_path, remind_after=0.5) as it:
        desk = it.desk
        group, ts = await fires(it)
        await desk.say(writing("other.txt", "forbidden\n"))
        await it.shows("seen twice", ts=ts)

        await it.paged(ADA.id)
        await it.post.arrived.wait()
        [mail] = it.post.taken
        assert mail["To"] == "ops@example.com"
        assert "patch-failed" in mail["Subject"]
        await it.says("on call in `web`", ts=ts)

        await it.press(render.ACKNOWLEDGE, ts=ts)
        await it.shows(f"Acknowledged* by {ADA.real_name}", ts=ts)
        await it.says("It still fires", ts=ts)

        await desk.say(fenced(DIFF))
        await it.state(group.id, GroupState.RESOLVED)
        await it.shows("what caused it has ended", ts=ts)
        await it.says("What caused it has ended", ts=ts)

        log = await it.log(group.id)
        assert log[:4] == [
            EntryKind.OPENED,
            EntryKind.ESCALATED,
            EntryKind.ESCALATED,
            EntryKind.ACKNOWLEDGED,
        ]
        assert set(log[4:-1]) == {EntryKind.REMINDED}
        assert log[-1] is EntryKind.RESOLVED
        await desk.at_rest()
        cards = [post for post in desk.posts() if "Warning: patch-failed" in post["text"]]
        assert [post["channel"] for post in cards if "thread_ts" not in post].count(PATCHES.id) == 1
        card = next(each for each in await desk.slack.peer.messages(PATCHES.id) if each["ts"] == ts)
        assert not [block for block in card["blocks"] if block["type"] == "actions"]
        assert len(it.post.taken) == 1


async def test_while_slack_is_out_of_reach_a_mail_is_sent_and_the_log_says_so(tmp_path: Path) -> None:
    chain = [{"wait": NEVER}, {"email": "ops"}]
    async with board(tmp_path, chains={"urgent": chain}, fall_back_after=0.5) as it:
        slack = it.desk.slack.proxy
        slack.faults.add(Fault.reset("chat.postMessage", times=None))
        await it.desk.say(fenced(FORBIDDEN))
        await it.post.arrived.wait()
        [group] = await it.desk.engine.alerts.open_groups(limit=9)
        assert group.card is None
        assert EntryKind.FELL_BACK in await it.log(group.id)
        assert "People hear nothing by Slack since" in it.post.taken[0].get_content()

        slack.faults.clear()
        _, ts = await it.spoken()
        await it.says("an e-mail goes to `ops`", ts=ts)
        await it.desk.at_rest()
        assert len(it.post.taken) == 1


async def test_who_was_asked_directly_takes_it_there_and_operators_hear_that_no_mail_went(
    tmp_path: Path,
) -> None:
    chain = [{"wait": SOON}, {"email": "ops"}, {"person": "ada", "importance": "important"}]
    operators = SlackSettings(operators=RANDOM.id)
    async with board(tmp_path, mail=False, chains={"urgent": chain}, slack=operators) as it:
        group, ts = await fires(it)

        async def told() -> bool:
            messages = await it.desk.slack.peer.messages(RANDOM.id)
            return any("No e-mail was sent to `ops@example.com`" in everything(each) for each in messages)

        await it.desk.until(told)
        channel, page = await it.paged(ADA.id)
        await it.press(render.ACKNOWLEDGE, ts=page, channel=channel)
        await it.state(group.id, GroupState.ACKNOWLEDGED)
        await it.shows(f"Acknowledged* by {ADA.real_name}", ts=ts)


# Buttons -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("mode", list(Mode))
async def test_it_can_be_taken_over_given_back_and_resolved(tmp_path: Path, mode: Mode) -> None:
    async with board(tmp_path, mode=mode, **QUIET) as it:
        group, ts = await fires(it)
        await it.press(render.ACKNOWLEDGE, ts=ts)
        await it.shows(f"Acknowledged* by {ADA.real_name}", ts=ts)
        await it.press(render.TAKE_OVER, ts=ts, user=BEN.id)
        await it.shows(f"Acknowledged* by {BEN.real_name}", ts=ts)
        await it.press(render.LET_GO, ts=ts, user=BEN.id)
        await it.shows("Nobody has taken it", ts=ts)
        await it.press(render.RESOLVE, ts=ts)
        await it.shows(f"Resolved* by {ADA.real_name}", ts=ts)
        await it.desk.at_rest()
        assert await it.log(group.id) == [
            EntryKind.OPENED,
            EntryKind.ACKNOWLEDGED,
            EntryKind.TAKEN_OVER,
            EntryKind.LET_GO,
            EntryKind.RESOLVED,
        ]


async def test_a_press_that_comes_several_times_is_one(tmp_path: Path) -> None:
    async with board(tmp_path, **QUIET) as it:
        group, ts = await fires(it)
        it.desk.slack.proxy.faults.add(DeliveryFault.duplicate(copies=5, kind=Kind.INTERACTION))
        await it.press(render.ACKNOWLEDGE, ts=ts)
        await it.state(group.id, GroupState.ACKNOWLEDGED)
        await it.desk.at_rest()
        assert (await it.log(group.id)).count(EntryKind.ACKNOWLEDGED) == 1


async def test_a_press_that_comes_too_late_is_answered_to_who_pressed(tmp_path: Path) -> None:
    async with board(tmp_path, **QUIET) as it:
        group, ts = await fires(it)
        await it.stale_press(render.ACKNOWLEDGE, group.id, ts=ts)
        await it.state(group.id, GroupState.ACKNOWLEDGED)
        await it.stale_press(render.ACKNOWLEDGE, group.id, ts=ts, user=BEN.id)
        await it.whispered(f"{ADA.real_name} sees to `{group.id}` already. Take it over")
        await it.stale_press(render.RESOLVE, group.id, ts=ts)
        await it.state(group.id, GroupState.RESOLVED)
        await it.stale_press(render.ACKNOWLEDGE, group.id, ts=ts, user=BEN.id)
        await it.whispered("is over already")
        await it.state(group.id, GroupState.RESOLVED)


async def test_it_can_be_put_off_for_one_of_the_choices(tmp_path: Path) -> None:
    async with board(tmp_path, **QUIET, snooze_choices=[0.5, 3600]) as it:
        group, ts = await fires(it)
        await it.desk.slack.peer.choose(PATCHES.id, ts, ADA.id, render.SNOOZE, "for 0.5 s")
        await it.says("The snooze is over", ts=ts)
        await it.desk.slack.peer.choose(PATCHES.id, ts, ADA.id, render.SNOOZE, "for 1 h")
        await it.state(group.id, GroupState.SNOOZED)
        await it.shows(f"Snoozed* by {ADA.real_name}", ts=ts)


# Dialogs -----------------------------------------------------------------------------------------
async def test_it_can_be_put_off_until_any_time(tmp_path: Path) -> None:
    async with board(tmp_path, **QUIET) as it:
        group, ts = await fires(it)
        await it.opens(render.SNOOZE, ts=ts, label="Other …")
        refused = await it.desk.slack.peer.view_submit(ADA.id, typed(**{render.LENGTH: "some day"}))
        assert set(refused.errors) == {render.LENGTH}
        assert "no length of time" in refused.errors[render.LENGTH]
        taken = await it.desk.slack.peer.view_submit(ADA.id, typed(**{render.LENGTH: "tomorrow 9:00"}))
        assert (taken.stack, taken.errors) == ((), {})
        await it.state(group.id, GroupState.SNOOZED)
        row = await it.desk.engine.alerts.group(group.id)
        assert row is not None
        assert row.snoozed_until is not None
        # Where the local Slack has everybody live.
        there = row.snoozed_until.astimezone(ZoneInfo("America/Los_Angeles"))
        assert (there.hour, there.minute) == (9, 0)


async def test_a_silence_begins_with_the_labels_of_its_group(tmp_path: Path) -> None:
    async with board(tmp_path, **QUIET) as it:
        _, ts = await fires(it)
        form = await it.opens(render.SILENCE, ts=ts)
        matchers = form["blocks"][0]["element"]["initial_value"]
        assert matchers == 'alertname="patch-failed", domain="web"'
        wrong = typed(**{render.MATCHERS: "everything", render.LENGTH: "2h", render.COMMENT: "moving"})
        assert set((await it.desk.slack.peer.view_submit(ADA.id, wrong)).errors) == {render.MATCHERS}
        right = typed(**{render.MATCHERS: matchers, render.LENGTH: "2h", render.COMMENT: "moving house"})
        assert (await it.desk.slack.peer.view_submit(ADA.id, right)).errors == {}
        await it.shows("Silenced by", ts=ts)
        await it.whispered("is in force until")
        listed = await it.asked("silences")
        assert "moving house" in listed
        assert ADA.real_name in listed


async def test_a_form_that_is_not_there_says_why_or_can_be_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with board(tmp_path, **QUIET) as it:
        _, ts = await fires(it)
        proxy = it.desk.slack.proxy
        proxy.faults.add(Fault.error("views.open", "expired_trigger_id"))
        await it.press(render.SILENCE, ts=ts)
        assert (await it.desk.slack.peer.views()).stack == ()
        before = len(proxy.effects("views.update"))
        await it.stale_press(render.SILENCE, "a-gone", ts=ts)
        await proxy.until(lambda: len(proxy.effects("views.update")) > before)
        [view] = (await it.desk.slack.peer.views()).stack
        assert "There is no alert `a-gone`" in everything(view)
        await it.desk.slack.peer.view_close(ADA.id)

        # Slack does not say in time where somebody lives: the form is taken, and they hear of it after.
        monkeypatch.setattr(intake, "_TRIGGER", timedelta(milliseconds=400))
        await it.desk.slack.peer.choose(PATCHES.id, ts, BEN.id, render.SNOOZE, "Other …")
        await proxy.until(lambda: len(proxy.effects("views.update")) > before + 1)
        proxy.faults.add(Fault.slow("users.info", delay=timedelta(seconds=1)))
        sent = await it.desk.slack.peer.view_submit(BEN.id, typed(**{render.LENGTH: "some day"}))
        assert sent.errors == {}
        await it.whispered("no length of time")


# Words -------------------------------------------------------------------------------------------
async def test_words_list_take_silence_and_end_silences(tmp_path: Path) -> None:
    async with board(tmp_path, **QUIET) as it:
        assert "Nothing fires" in await it.asked("alerts")
        group, ts = await fires(it)
        assert group.id in await it.asked("alerts alertname=patch-failed gate=words")
        assert "Nothing fires" in await it.asked("alerts domain=elsewhere")
        assert "is no matcher" in await it.asked("alerts nonsense")

        await it.types("ack domain=elsewhere")
        await it.whispered("Nothing that is open")
        await it.desk.say(f"{DESK} alerts", thread=ts)
        await it.says(group.id, ts=ts)
        await it.desk.say(f"{DESK} ack all", thread=ts, user=BEN.id)
        await it.whispered("You acknowledged 1 alert.")
        await it.shows(f"Acknowledged* by {BEN.real_name}", ts=ts)

        await it.types("silence domain=web 2h the runners move")
        await it.shows("Silenced by", ts=ts)
        [silence] = await it.desk.engine.alerts.silences(now=clock.now())
        assert (silence.creator, silence.comment) == (ADA.id, "the runners move")
        await it.desk.say(f"{DESK} unsilence {silence.id}", thread=ts)
        await it.whispered("has ended")
        await it.says("that has ended, and it still fires", ts=ts)
        assert await it.desk.engine.alerts.silences(now=clock.now()) == ()

        assert "web*: ada" in await it.asked("oncall")
        assert "There is no schedule `wbe`" in await it.asked("oncall wbe")
        await it.types("oncall take until 18:00", user=BEN.id)
        await it.posted(f"{BEN.real_name} is on call for web until")
        assert "web*: ben" in await it.asked("oncall")
        await it.types("oncall return", user=BEN.id)
        await it.posted(f"{BEN.real_name} gave the duty of web back; now ada is on call.")
        assert "web*: ada" in await it.asked("oncall")


async def test_another_channel_neither_sees_nor_silences_what_is_not_its_own(tmp_path: Path) -> None:
    async with board(tmp_path, **QUIET, slack=SlackSettings(operators="C0NOWHERE")) as it:
        group, _ = await fires(it)
        assert "Nothing fires" in await it.asked("alerts", channel=RANDOM.id)
        await it.types("ack all", channel=RANDOM.id)
        await it.whispered("Nothing that is open")
        await it.types("silence domain=web 2h because", channel=RANDOM.id)
        await it.whispered("only alerts of a domain that listens here")
        await it.types("silence severity=critical 2h because")
        await it.desk.at_rest()
        assert await it.desk.engine.alerts.silences(now=clock.now()) == ()
        await it.state(group.id, GroupState.FIRING)
