"""How the desk starts, refuses to start, and stops."""

import asyncio
import os
import signal
import socket
import stat
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot import app
from bot.app import CannotStartError
from bot.demo.peer import PATCHES, RANDOM, Mode
from bot.settings import Config
from contracts.faults import Reason
from contracts.levels import HealthSettings
from contracts.settings import SandboxSettings, SlackSettings
from contracts.states import PatchState
from executor import worker
from executor.sandbox.level import NoSandbox
from tests.desk.harness import Desk, configuration, desk_at_work, everything, settings, slow_gate
from tests.desk.origin import Origin
from tests.desk.posts import writing
from tests.desk.test_crash import world
from tests.peer.harness import strict_slack
from tests.peer.journal import Kind


async def refused(config: Config) -> Reason:
    with pytest.raises(CannotStartError) as raised:
        await app.run(config, stop=asyncio.Event())
    return raised.value.fault.reason


async def test_two_desks_never_share_a_data_folder(tmp_path: Path) -> None:
    async with world(tmp_path) as left:
        async with left.restarted() as desk:
            assert await refused(left.config) is Reason.DATA_IN_USE
            await desk.say(writing("new.txt"))
            await desk.finished()
        async with left.restarted():
            pass


async def test_the_data_folder_is_for_the_desk_alone(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        assert stat.S_IMODE(desk.config.data.stat().st_mode) == 0o700


async def test_a_token_that_slack_does_not_take_keeps_the_desk_from_starting(tmp_path: Path) -> None:
    origin = Origin.make(tmp_path / "origin.git")
    async with strict_slack(tmp_path) as slack:
        config = configuration(tmp_path, slack, settings(origin))
        wrong = replace(config, slack=replace(config.slack, app_token="xapp-wrong"))
        assert await refused(wrong) is Reason.TOKEN_REFUSED
        none = replace(config, slack=replace(config.slack, app_token=None, signing_secret=None))
        assert await refused(none) is Reason.NO_WAY_IN


async def test_an_address_that_is_taken_is_named(tmp_path: Path) -> None:
    origin = Origin.make(tmp_path / "origin.git")
    async with strict_slack(tmp_path, mode=Mode.SOCKET) as slack:
        config = configuration(tmp_path, slack, settings(origin))
        over_http = replace(config.slack, app_token=None, signing_secret="s")
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            assert await refused(replace(config, slack=over_http, http_port=port)) is Reason.ADDRESS_TAKEN


async def test_what_is_in_hand_is_ended_before_the_desk_stops(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path, domains={"web": slow_gate(1)}) as desk:
        await desk.say(writing("new.txt"))
        await desk.until(lambda: _passed(desk, "checked-out"))
    assert "finished" in desk.points.passed
    assert desk.origin.read("new.txt") == "new\n"


async def test_where_the_machine_gives_less_than_what_gates_must_have_operators_hear_so_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def poor(_settings: SandboxSettings) -> NoSandbox:
        return NoSandbox("a poor machine", level=2)

    monkeypatch.setattr(worker, "best", poor)
    operators = SlackSettings(operators=RANDOM.id)
    async with desk_at_work(tmp_path, sandbox=SandboxSettings(), slack=operators) as desk:

        async def told() -> bool:
            said = [everything(each) for each in await desk.slack.peer.messages(RANDOM.id)]
            return any("at sandbox level 3; this machine gives 2 at most" in each for each in said)

        await desk.until(told)


def hasty(config: Config) -> Config:
    """As *config*, with hardly any time to end in."""
    soon = HealthSettings(grace=timedelta(milliseconds=100))
    return replace(config, operations=config.operations.model_copy(update={"health": soon}))


async def _passed(desk: Desk, point: str) -> bool:
    return point in desk.points.passed


async def test_what_takes_longer_than_the_grace_is_given_back_at_once_and_taken_up_by_the_next_start(
    tmp_path: Path,
) -> None:
    # The lease would hold the patch for an hour.
    async with world(tmp_path, domains={"web": slow_gate(1)}, executor={"lease": 3600}) as slow:
        left = replace(slow, config=hasty(slow.config))
        async with left.restarted() as desk:
            await desk.say(writing("new.txt"))
            await desk.until(lambda: _passed(desk, "checked-out"))
        assert "finished" not in desk.points.passed
        assert left.origin.log() == ["Begin"]
        async with left.restarted() as again:
            [patch] = await again.finished()
            assert patch.state is PatchState.LANDED
            assert patch.attempt == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_stops_the_desk_in_order(tmp_path: Path, number: int) -> None:
    async with world(tmp_path) as left, left.mortal("never") as process:
        await left.slack.peer.message(PATCHES.id, "U0ADA", writing("new.txt"))
        process.send_signal(number)
        async with asyncio.timeout(20):
            assert await process.wait() == 0


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_the_waiting_for_a_slack_that_does_not_answer(
    tmp_path: Path, number: int
) -> None:
    async with world(tmp_path) as left:
        unreachable = replace(
            left.config, slack=replace(left.config.slack, api_url="http://127.0.0.1:1/api/")
        )
        async with replace(left, config=unreachable).starting("never") as process:
            await asyncio.to_thread(_appears, left.config.data / "desk.db")
            process.send_signal(number)
            async with asyncio.timeout(10):
                assert await process.wait() != 0


def _appears(path: Path) -> None:
    deadline = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < deadline, f"{path} does not appear"
        time.sleep(0.02)


async def test_everything_that_slack_may_send_is_acknowledged(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        proxy = desk.slack.proxy
        origin = await proxy.origin("U0ADA", PATCHES.id)
        joined = {"type": "event_callback", "event_id": "Ev9", "event": {"type": "team_join", "user": {}}}
        empty = {"ts": "1.1", "text": "x", "user": "U0ADA"}
        strange: list[tuple[Kind, Mapping[str, Any]]] = [
            (Kind.EVENT, {"type": "app_rate_limited", "minute_rate_limited": 1, "api_app_id": "A"}),
            (Kind.EVENT, joined),
            (Kind.EVENT, {**joined, "event": {"type": "message", "channel": PATCHES.id, "ts": "1.1"}}),
            (
                Kind.EVENT,
                {**joined, "event": {"type": "message", "channel": PATCHES.id, "ts": 7, "text": []}},
            ),
            (Kind.INTERACTION, origin.global_shortcut("unknown")),
            (Kind.INTERACTION, origin.message_shortcut("unknown", empty)),
            (Kind.INTERACTION, origin.message_action({"action_id": "unknown"}, empty)),
            (Kind.INTERACTION, origin.view_submission({"id": "V1", "type": "modal", "callback_id": "x"}, {})),
        ]
        for kind, payload in strange:
            await proxy.send(kind, payload)
        assert [each.acked for each in proxy.deliveries()[-len(strange) :]] == [True] * len(strange)
        assert "recorded" not in desk.points.passed


async def test_over_http_the_desk_says_that_it_is_there_and_takes_nothing_unsigned(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path, mode=Mode.EVENTS) as desk, aiohttp.ClientSession() as session:
        base = f"http://{desk.config.http_host}:{desk.config.http_port}"
        async with session.get(f"{base}/healthz") as response:
            assert response.status == 200
        async with session.post(f"{base}/slack/events", json={"type": "event_callback"}) as response:
            assert response.status == 401


def test_importing_the_desk_reads_no_environment() -> None:
    """What a process is told, `bot.settings` reads when it is asked."""
    environment = {"PATH": os.defpath, "SLACK_CLIENT_ID": "x", "SLACK_CLIENT_SECRET": "y"}
    ended = asyncio.run(_import(environment))
    assert ended == 0


async def _import(environment: dict[str, str]) -> int:
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "import bot.app", env=environment)
    return await process.wait()
