"""The strict Slack before the real local peer, and a sender to it that does not wait between its tries."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.delivery.slack import SlackSender
from bot.demo.peer import Channel, Workspace
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
