"""`patchdesk run` as a process, beside the real local Slack."""

import asyncio
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from bot.cli.exits import ExitCode
from bot.demo.peer import PATCHDESK, Workspace
from tests.cli.conftest import Place
from tests.peer.harness import strict_slack
from tests.peer.local_slack import local_slack

pytestmark = pytest.mark.slow

PATIENCE = timedelta(seconds=30)


async def start(
    place: Place, api_url: str, *, app_token: str = PATCHDESK.app_token
) -> asyncio.subprocess.Process:
    tokens = {
        "SLACK_BOT_TOKEN": PATCHDESK.bot_token,
        "SLACK_APP_TOKEN": app_token,
        "SLACK_API_URL": api_url,
        "PATCHDESK_HTTP": "127.0.0.1:0",
    }
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        "run",
        cwd=place.folder,
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])} | tokens,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def first_line(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE.total_seconds()):
        return (await process.stdout.readline()).decode()


async def test_a_desk_opens_keeps_others_out_and_closes_when_told(place: Place, tmp_path: Path) -> None:
    (tmp_path / "slack").mkdir()
    async with local_slack(Workspace(), tmp_path / "slack") as peer:
        desk = await start(place, peer.api_url)
        assert await first_line(desk) == "The desk is open: 1 domain, Socket Mode, HTTP on 127.0.0.1:0.\n"
        assert (await place.run("status", "--json")).json["running"] is True

        second = await start(place, peer.api_url)
        _, errors = await asyncio.wait_for(second.communicate(), PATIENCE.total_seconds())
        assert second.returncode == ExitCode.DESK
        assert b"Another desk is running" in errors
        assert b"Traceback" not in errors

        desk.send_signal(signal.SIGTERM)
        out, errors = await asyncio.wait_for(desk.communicate(), PATIENCE.total_seconds())
        assert (desk.returncode, out) == (ExitCode.OK, b"The desk is closed.\n")
        assert PATCHDESK.bot_token.encode() not in errors
    assert (await place.run("status", "--json")).json["running"] is False


async def test_a_token_that_slack_refuses_ends_the_start(place: Place, tmp_path: Path) -> None:
    (tmp_path / "slack").mkdir()
    async with strict_slack(tmp_path / "slack") as slack:
        desk = await start(place, slack.proxy.api_url, app_token="xapp-another")
        _, errors = await asyncio.wait_for(desk.communicate(), PATIENCE.total_seconds())
    assert desk.returncode == ExitCode.USAGE
    assert b"SLACK_APP_TOKEN" in errors
    assert b"xapp-another" not in errors
    assert b"Traceback" not in errors
