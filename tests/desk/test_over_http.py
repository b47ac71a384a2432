"""The whole desk as its HTTP callers see it."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot import app
from bot.demo.peer import Mode
from bot.settings import Config
from bot.web.keys import hash_of
from contracts.settings import HttpSettings, KeySettings, Scope
from tests.desk.harness import (
    Desk,
    Points,
    configuration,
    desk_at_work,
    running,
    settings,
    slow_gate,
)
from tests.desk.origin import Origin
from tests.desk.posts import BROKEN, FORBIDDEN, fenced, writing
from tests.peer.faults import Fault
from tests.peer.harness import strict_slack

KEY = "pdk-of-the-desk"
HTTP = HttpSettings(keys=(KeySettings(name="tests", hash=hash_of(KEY), scopes=frozenset({Scope.READ})),))


def address(config: Config) -> str:
    return f"http://{config.http_host}:{config.http_port}"


@asynccontextmanager
async def asking() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {KEY}"}) as session:
        yield session


async def scraped(desk: Desk, session: aiohttp.ClientSession) -> dict[tuple[str, ...], float]:
    async with session.get(f"{address(desk.config)}/metrics") as response:
        assert response.status == 200
        families = text_string_to_metric_families(await response.text())
    return {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


async def test_what_the_desk_does_is_in_its_metrics(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path, mode=Mode.EVENTS, http=HTTP) as desk, asking() as session:
        desk.slack.proxy.faults.add(Fault.rate_limited("chat.postMessage", retry_after=timedelta(0), times=2))
        await desk.say(writing("new.txt"))
        await desk.say(fenced(FORBIDDEN))
        await desk.say(fenced(BROKEN))
        await desk.finished(2)
        await desk.at_rest()
        found = await scraped(desk, session)
    assert found["patchdesk_blocks_total", "accepted"] == 2
    assert found["patchdesk_blocks_total", "rejected"] == 1
    assert found["patchdesk_slack_limited_total", "chat.postMessage"] == 2
    assert found["patchdesk_deliveries_total", "post-card", "sent"] == 2
    assert found["patchdesk_patches_ended_total", "web", "landed"] == 1
    assert found["patchdesk_patch_run_seconds_count", "web"] == 2
    assert found["patchdesk_gate_verdicts_total", "web", "words", "failed"] == 1
    assert found["patchdesk_gate_seconds_count", "web", "words"] == 2
    assert found["patchdesk_waiting", "outbox"] == 0


async def test_a_desk_at_work_calls_itself_healthy_by_what_it_measured(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path, mode=Mode.EVENTS, http=HTTP) as desk, asking() as session:
        await desk.say(writing("new.txt"))
        await desk.finished()
        await desk.at_rest()

        async def measured() -> bool:
            return await desk.engine.health.latest() is not None

        await desk.until(measured)
        async with session.get(f"{address(desk.config)}/health") as response:
            said = await response.json()
    assert (response.status, said["status"]) == (200, "healthy"), said
    assert {"inbox", "lanes", "outbox"} <= set(said["services"])
    assert {name for name, value in said.items() if value is None} <= set(said["unmeasured"])


async def test_the_server_is_there_in_socket_mode_too_and_takes_no_events(tmp_path: Path) -> None:
    origin = Origin.make(tmp_path / "origin.git")
    async with strict_slack(tmp_path, mode=Mode.SOCKET) as slack:
        with socket.create_server(("127.0.0.1", 0)) as found:
            free = found.getsockname()[1]
        config = replace(configuration(tmp_path, slack, settings(origin, http=HTTP)), http_port=free)
        async with running(config, slack, Points()), asking() as session:
            async with session.get(f"{address(config)}/readyz") as response:
                assert (response.status, (await response.json())["ready"]) == (200, True)
            async with session.post(f"{address(config)}/slack/events", json={}) as response:
                assert response.status == 404


async def test_the_desk_says_that_it_is_not_ready_before_it_hears_slack_and_while_it_stops(
    tmp_path: Path,
) -> None:
    said: list[str] = []
    async with desk_at_work(tmp_path, mode=Mode.EVENTS, domains={"web": slow_gate(1)}) as desk:
        await desk.say(writing("new.txt"))

        async def at_work() -> bool:
            return "checked-out" in desk.points.passed

        await desk.until(at_work)
        watching = asyncio.get_running_loop().create_task(_until_gone(address(desk.config), said))
    await watching
    assert said[0] == "ready"
    assert "desk-stopping" in said


async def _until_gone(base: str, said: list[str]) -> None:
    """What /readyz says, each time it says something else, until nobody answers."""
    async with aiohttp.ClientSession() as session:
        while True:
            try:
                async with session.get(f"{base}/readyz") as response:
                    now = ((await response.json())["reasons"] or ["ready"])[0]
            except aiohttp.ClientConnectionError:
                return
            if said[-1:] != [now]:
                said.append(now)


async def test_while_slack_does_not_answer_the_desk_is_alive_and_not_ready(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path, mode=Mode.EVENTS) as desk:
        config = desk.config
    unreachable = replace(config, slack=replace(config.slack, api_url="http://127.0.0.1:1/api/"))
    said: list[str] = []
    starting = asyncio.get_running_loop().create_task(app.run(unreachable, stop=asyncio.Event()))
    try:
        async with asyncio.timeout(10), aiohttp.ClientSession() as session:
            while not said:
                try:
                    async with session.get(f"{address(config)}/readyz") as response:
                        said += (await response.json())["reasons"]
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(0)
            async with session.get(f"{address(config)}/healthz") as response:
                assert response.status == 200
    finally:
        starting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await starting
    assert said == ["desk-starting"]
