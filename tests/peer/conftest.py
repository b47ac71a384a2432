"""The strict Slack, in one mode or in both, and an app that listens to it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.peer import ADA, BEN, Mode
from tests.peer.harness import StrictSlack, strict_slack
from tests.peer.listener import Listener, listening, web_client
from tests.peer.stage import GROUP, SOON, WORKSPACE


@pytest.fixture
async def slack(tmp_path: Path) -> AsyncIterator[StrictSlack]:
    """Socket Mode; for what the desk does."""
    async with strict_slack(
        tmp_path, workspace=WORKSPACE, redelivery=SOON, usergroups={GROUP: (ADA.id, BEN.id)}
    ) as strict:
        yield strict


@pytest.fixture
def web(slack: StrictSlack) -> AsyncWebClient:
    return web_client(slack)


@pytest.fixture(params=list(Mode))
async def both(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[StrictSlack]:
    """Once in each mode; for what the desk hears."""
    async with strict_slack(tmp_path, workspace=WORKSPACE, redelivery=SOON, mode=request.param) as strict:
        yield strict


@pytest.fixture
async def desk(both: StrictSlack) -> AsyncIterator[Listener]:
    async with listening(both) as listener:
        yield listener
