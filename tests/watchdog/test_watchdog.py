"""The watchdog's tick, at a real store and real servers, on a clock of its own."""

import shutil
from collections import namedtuple
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.pulse import Pulse, Pulses
from bot.watchdog.calling import calling
from bot.watchdog.looking import Watchdog
from bot.watchdog.measuring import Measuring
from contracts.alerts.model import Observation
from contracts.faults import Reason
from contracts.gates import GateResult, Verdict
from contracts.health import Health, Level, ServiceState, Status
from contracts.levels import Levels
from contracts.outcome import Landed, Report
from executor.engine import open_engine
from tests.engine.given import LEASE, NOW, Desk, asked

Usage = namedtuple("Usage", "total used free")
_KEPT = ("inbox", "lanes", "outbox", "watchdog")


@dataclass
class Lines:
    """Connections to Slack, as the watchdog sees them."""

    silent: timedelta = timedelta(0)
    begun_anew: int = 0

    def reconnect(self, silent: timedelta) -> int:
        assert self.silent > silent
        self.begun_anew += 2
        return 2


@dataclass
class Around:
    """A desk, what is around it, and what came of looking at it."""

    desk: Desk
    pulses: Pulses
    measuring: Measuring
    watchdog: Watchdog
    lines: Lines
    now: datetime = NOW
    slack_is_ahead: timedelta = timedelta(0)
    slack_dates: bool = True
    left_behind: int = 0
    told: list[Sequence[Observation]] = field(default_factory=list)
    heartbeats: int = 0
    heartbeat_status: int = 200

    async def look(self, *, seconds: float = 0) -> Health:
        """Everybody gives a sign of life, time passes, and the watchdog looks."""
        for name in _KEPT:
            self.pulses.of(name).beat()
        self.now += timedelta(seconds=seconds)
        await self.watchdog.tick(self.now)
        found = await self.desk.engine.health.latest()
        assert found is not None
        return found

    async def audit(self) -> list[tuple[str, str]]:
        return [(entry.action, entry.detail) for _, entry in await self.desk.engine.ledger.audit(limit=20)][
            ::-1
        ]

    def fires(self) -> list[dict[str, str]]:
        return [dict(each.labels) for each in self.told[-1]]


def broken(health: Health) -> list[Level]:
    return [level for level in health.levels if level.broken_since is not None]


@pytest.fixture
async def around(tmp_path: Path) -> AsyncIterator[Around]:
    async def slack(_request: web.Request) -> web.Response:
        there = format_datetime(here.now + here.slack_is_ahead, usegmt=True)
        return web.json_response({"ok": False}, headers={"Date": there if here.slack_dates else "soon"})

    async def heartbeat(_request: web.Request) -> web.Response:
        here.heartbeats += 1
        return web.Response(status=here.heartbeat_status)

    async def observe(
        source: str, observations: Sequence[Observation], *, now: datetime, whole: bool
    ) -> None:
        assert (source, now, whole) == ("watchdog", here.now, True)
        here.told.append(observations)

    outside = web.Application()
    outside.add_routes([web.post("/api/api.test", slack), web.get("/alive", heartbeat)])
    engine = await open_engine(f"sqlite:///{tmp_path / 'desk.db'}", identity="watched")
    try:
        async with TestServer(outside) as server, calling() as calls:
            pulses, lines, levels = Pulses(), Lines(), Levels()
            measuring = Measuring(
                engine,
                pulses,
                calls,
                domains=("web", "api"),
                levels=levels,
                data=tmp_path,
                api_url=str(server.make_url("/api/")),
                sockets=True,
                clock=lambda: here.now,
            )
            measuring.connections = lines
            watchdog = Watchdog(
                engine,
                pulses,
                measuring,
                calls,
                levels=levels,
                observe=observe,
                left_behind=lambda: here.left_behind,
                heartbeat=str(server.make_url("/alive")),
            )
            here = Around(Desk(engine), pulses, measuring, watchdog, lines)
            await measuring.check_store(NOW)
            yield here
    finally:
        await engine.close()


# All is well ---------------------------------------------------------------------------------------
async def test_a_desk_without_trouble_is_healthy_and_says_so_outside(around: Around) -> None:
    health = await around.look()
    assert (health.status, broken(health), health.at) == (Status.HEALTHY, [], NOW)
    assert {service.name: service.state for service in health.services} == dict.fromkeys(
        _KEPT, ServiceState.UP
    )
    assert health.reachable is True
    assert list(health.unmeasured) == ["drift"]
    assert (around.told, around.heartbeats) == ([()], 1)
    assert [each.status for each in await around.desk.engine.health.minutes(since=NOW)] == [Status.HEALTHY]


async def test_the_heartbeat_is_not_called_while_anything_is_wrong(around: Around) -> None:
    around.lines.silent = timedelta(minutes=2)
    await around.look()
    assert around.heartbeats == 0
    around.lines.silent = timedelta(0)
    await around.look(seconds=30)
    assert around.heartbeats == 1


async def test_a_heartbeat_that_is_refused_is_in_the_log(
    around: Around, caplog: pytest.LogCaptureFixture
) -> None:
    around.heartbeat_status = 503
    await around.look()
    assert "the outbound heartbeat was refused: HTTP 503" in caplog.text


async def test_what_is_not_known_yet_is_said_to_be_so(around: Around) -> None:
    around.measuring.connections = None
    health = await around.look()
    assert health.unmeasured["socket-silence"].reason is Reason.NOT_MEASURED_YET
    assert health.status is Status.HEALTHY


# What the store has --------------------------------------------------------------------------------
async def test_a_deep_queue_is_one_alert_for_as_long_as_it_is_deep(around: Around) -> None:
    await around.desk.settle(*(asked(f"p-{n}") for n in range(12)))
    held = await around.desk.start()
    around.pulses.of("lanes").took()
    [level] = broken(await around.look())
    assert (level.name, level.domain, level.measured, level.limit) == ("queue-depth", "web", 11, 10)
    [seen] = around.told[-1]
    assert seen.labels == {"alertname": "QueueDeep", "severity": "warning", "domain": "web"}
    assert (seen.what.reason, dict(seen.what.args)) == (
        Reason.QUEUE_DEEP,
        {"measured": "11", "limit": "10", "domain": "web"},
    )
    assert (seen.since, seen.times) == (NOW, 1)
    await around.look(seconds=10)
    [still] = around.told[-1]
    assert (still.labels, still.since, still.times) == (seen.labels, NOW, 0)
    await around.desk.finish(held, now=around.now)
    await around.desk.start(now=around.now)
    await around.look(seconds=10)
    assert around.told[-1] == ()


async def test_a_breach_outlives_the_process_that_saw_it(around: Around) -> None:
    around.lines.silent = timedelta(minutes=2)
    await around.look()
    around.watchdog._before = None  # as after a start
    [level] = broken(await around.look(seconds=45))
    assert level.broken_since == NOW


async def test_a_lost_lease_is_rescued_even_while_the_lanes_stand_still(around: Around) -> None:
    await around.desk.settle(asked("p-0"))
    held = await around.desk.start()
    await around.look(seconds=LEASE.total_seconds())
    assert not await around.desk.finish(held, now=around.now)
    assert await around.audit() == [("rescued", "patch p-0, attempt 1 of worker-1")]


async def test_gates_are_read_again_after_another_ending(around: Around) -> None:
    async def ends_with(patch: str, verdict: Verdict) -> None:
        await around.desk.settle(asked(patch))
        gate = GateResult("tests", verdict, required=True)
        await around.desk.finish(await around.desk.start(), Landed(Report("main", gates=(gate,))))

    await ends_with("p-0", Verdict.PASSED)
    [gate] = (await around.look()).gates
    assert (gate.domain, gate.gate, gate.verdict, gate.passed, gate.runs) == (
        "web",
        "tests",
        Verdict.PASSED,
        1,
        1,
    )
    await ends_with("p-1", Verdict.FAILED)
    [gate] = (await around.look(seconds=30)).gates
    assert (gate.verdict, gate.passed, gate.runs) == (Verdict.FAILED, 1, 2)


async def test_a_store_with_damage_is_critical(around: Around, monkeypatch: pytest.MonkeyPatch) -> None:
    async def check() -> tuple[str, ...]:
        return ("lane web: more than one head", "row 3 missing")

    monkeypatch.setattr(around.desk.engine, "check", check)
    await around.measuring.check_store(NOW)
    health = await around.look()
    [level] = broken(health)
    assert (level.name, level.measured, health.status) == ("store-findings", 2, Status.FAILING)
    assert around.fires() == [{"alertname": "StoreDamaged", "severity": "critical"}]


# Components ----------------------------------------------------------------------------------------
def falls(pulse: Pulse, *, times: int) -> None:
    for _ in range(times):
        pulse.fell(OSError("disk full"))
    pulse.restarting = False


async def test_more_than_two_restarts_within_five_minutes_are_an_alert(around: Around) -> None:
    lanes = around.pulses.of("lanes")
    falls(lanes, times=2)
    health = await around.look()
    assert broken(health) == []
    falls(lanes, times=1)
    health = await around.look(seconds=30)
    [level] = broken(health)
    assert (level.name, level.component, level.measured, level.limit) == ("restarts", "lanes", 3, 2)
    assert level.did is not None
    assert level.did.reason is Reason.DID_RESTART
    assert around.fires() == [
        {"alertname": "ComponentRestarts", "severity": "critical", "component": "lanes"}
    ]
    assert await around.audit() == [("restarted", "lanes: OSError: disk full")] * 2
    assert {service.name: service.restarts for service in health.services}["lanes"] == 3


async def test_a_silent_component_is_down(around: Around) -> None:
    around.pulses.of("reports")._heard -= 61
    health = await around.look()
    [level] = broken(health)
    assert (level.name, level.component, health.status) == ("silence", "reports", Status.FAILING)
    assert around.fires() == [
        {"alertname": "ComponentSilent", "severity": "critical", "component": "reports"}
    ]


# What is mended ------------------------------------------------------------------------------------
async def test_a_silent_socket_is_connected_again(around: Around) -> None:
    around.lines.silent = timedelta(seconds=61)
    [level] = broken(await around.look())
    assert (level.name, level.measured, around.lines.begun_anew) == ("socket-silence", 61, 2)
    assert level.did is not None
    assert level.did.reason is Reason.DID_RECONNECT
    assert await around.audit() == [("reconnected", "2 silent connections to Slack")]


async def test_on_a_full_disk_what_was_left_behind_is_removed(
    around: Around, monkeypatch: pytest.MonkeyPatch
) -> None:
    free: list[int] = [5, 50]

    def usage(_path: Path) -> Any:
        return Usage(100, 0, free[0])

    monkeypatch.setattr(shutil, "disk_usage", usage)
    around.left_behind = 3
    [level] = broken(await around.look())
    assert (level.name, level.measured, level.limit) == ("disk-free", 0.05, 0.1)
    assert level.did is not None
    assert (level.did.reason, dict(level.did.args)) == (Reason.DID_TIDY, {"count": "3"})
    assert await around.audit() == [("tidied", "3 workspaces of dead desks")]
    assert dict(around.told[-1][0].what.args) == {"measured": "5", "limit": "10", "did": "did-tidy"}
    free.pop(0)
    assert broken(await around.look(seconds=30)) == []


async def test_what_cannot_be_tidied_is_not_claimed_to_be(
    around: Around, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(100, 95, 5))
    [level] = broken(await around.look())
    assert (level.did, await around.audit()) == (None, [])


async def test_a_disk_that_cannot_be_measured_is_no_healthy_desk(
    around: Around, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_path: Path) -> Any:
        raise OSError(5, "input/output error")

    monkeypatch.setattr(shutil, "disk_usage", gone)
    health = await around.look()
    assert health.status is Status.DEGRADED
    assert health.unmeasured["disk-free"].reason is Reason.MEASURING_FAILED
    assert around.heartbeats == 0


# Slack's clock -------------------------------------------------------------------------------------
@pytest.mark.parametrize("ahead", [40, -40])
async def test_a_clock_that_goes_wrong_is_noticed_either_way(around: Around, ahead: int) -> None:
    around.slack_is_ahead = timedelta(seconds=ahead)
    [level] = broken(await around.look())
    assert level.name == "clock-skew"
    assert level.measured == pytest.approx(40, abs=1)


async def test_a_slack_without_a_clock_leaves_it_unmeasured(around: Around) -> None:
    around.slack_dates = False
    health = await around.look()
    assert (health.reachable, health.status) == (True, Status.HEALTHY)
    assert health.unmeasured["clock-skew"].reason is Reason.MEASURING_FAILED


async def test_a_slack_that_cannot_be_reached_is_said_to_be_so(around: Around) -> None:
    around.measuring._api_url = "http://127.0.0.1:1/api/"
    health = await around.look()
    assert (health.reachable, health.status) == (False, Status.DEGRADED)
    assert "clock-skew" in health.unmeasured
