"""Nobody has to watch the desk: what fires is said once, escalates, is taken, reminded of, and resolved."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import app
from bot.delivery.render import alerts as render
from bot.demo.peer import ADA, BEN, PATCHES
from bot.settings import MailAccess, default_operations
from contracts.alerts.model import EntryKind, Group, GroupState
from contracts.alerts.settings import AlertSettings
from contracts.operations import Operations
from tests.delivery.mail_server import Post, mail_server
from tests.desk.harness import Desk, Json, desk_at_work, everything
from tests.desk.posts import DIFF, FORBIDDEN, fenced, writing
from tests.peer.faults import DeliveryFault, Fault
from tests.peer.journal import Kind

SOON = 0.3
NEVER = 3600.0
TICK = timedelta(milliseconds=50)
DESK = "<@U0PATCHDESK>"


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
        "people": {"ada": {"slack": ADA.id}, "ops": {"email": "ops@example.com"}},
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

    async def whispered(self, words: str) -> None:
        """That somebody alone was told."""
        await self.desk.until(self._whispers(words))

    def _whispers(self, words: str) -> Any:
        async def heard() -> bool:
            calls = self.desk.slack.proxy.effects("chat.postEphemeral")
            return any(words in str(call.args.get("text")) for call in calls)

        return heard


@asynccontextmanager
async def board(folder: Path, *, mail: bool = True, **alerts: Any) -> AsyncIterator[Board]:
    async with mail_server() as post:
        access = MailAccess("127.0.0.1", post.port, "none", "desk@example.com") if mail else None
        configured: Mapping[str, Any] = {"operations": operations(**alerts), "mail": access}
        async with desk_at_work(folder, configured=configured) as desk:
            yield Board(desk, post)


async def fires(board: Board, **settings: Any) -> tuple[Group, str]:
    """A patch that a gate refuses; the group it belongs to, and the ts of its card."""
    await board.desk.say(fenced(FORBIDDEN))
    group = await board.group()
    assert group.card is not None
    assert group.card.ts is not None
    return group, group.card.ts


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
        assert "PatchFailed" in mail["Subject"]
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
        cards = [post for post in desk.posts() if "Warning: PatchFailed" in post["text"]]
        assert [post["channel"] for post in cards if "thread_ts" not in post].count(PATCHES.id) == 1
        card = next(each for each in await desk.slack.peer.messages(PATCHES.id) if each["ts"] == ts)
        assert not [block for block in card["blocks"] if block["type"] == "actions"]
        assert len(it.post.taken) == 1
