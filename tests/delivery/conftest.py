"""The strict Slack before the real local peer, and a sender to it that does not wait between its tries."""

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.delivery.slack import SlackSender
from bot.demo.peer import Channel, Workspace
from contracts.ports import Engine, Work
from tests.delivery.desk import Desk, desk_at_work, set_alarm
from tests.delivery.rows import CHANNEL, OPERATORS
from tests.peer.harness import StrictSlack, strict_slack

WORKSPACE = Workspace(channels=(Channel(CHANNEL, "patches"), Channel(OPERATORS, "ops")))


@pytest.fixture
async def slack(tmp_path: Path) -> AsyncIterator[StrictSlack]:
    async with strict_slack(tmp_path, workspace=WORKSPACE) as strict:
        yield strict


async def at_once(_seconds: float) -> None:
    """Between tries within one call."""


@pytest.fixture
async def sender(slack: StrictSlack) -> AsyncIterator[SlackSender]:
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as session:
        client = AsyncWebClient(
            token=slack.proxy.app.bot_token,
            base_url=slack.proxy.api_url,
            session=session,
            retry_handlers=[],
        )
        yield SlackSender(client, session, sleep=at_once)


@pytest.fixture
async def desk(
    tmp_path: Path, slack: StrictSlack, sender: SlackSender, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Desk]:
    def note(engine: Engine, desk: Desk) -> None:
        async def nudge(work: Work, *, at: datetime) -> None:
            await set_alarm(desk, work, at)

        monkeypatch.setattr(engine, "nudge", nudge)

    async with desk_at_work(tmp_path, slack, sender, note) as at_work:
        yield at_work
