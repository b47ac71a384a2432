"""The real desk: what stands still or falls is noticed, and it ends in order."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import app, supervise
from bot.alerts.deciding import AlertTick
from bot.alerts.sensing import Sensing
from bot.delivery.outbox import Deliverer
from bot.demo.peer import PATCHES
from bot.reports import posting
from bot.reports.posting import Reporter
from bot.settings import Config
from bot.submit import Submitter
from bot.watchdog.looking import Watchdog
from contracts.health import Health, ServiceState, Status
from contracts.levels import HealthSettings, Levels
from contracts.ports import Turn, Work
from contracts.settings import GateSettings
from contracts.states import PatchState
from executor.engine import open_engine
from executor.engine.sqlite.engine import SqliteEngine
from executor.worker import Worker
from tests.desk.harness import Desk, Points, everything, running, slow_gate
from tests.desk.posts import writing
from tests.desk.test_crash import World, world

PERIOD = timedelta(seconds=1)
SILENCE = 2 * PERIOD


def watchful(config: Config, **health: Any) -> Config:
    """As *config*, with a watchdog that looks every second."""
    settings = HealthSettings(every=PERIOD, **health)
    operations = config.operations.model_copy(update={"levels": Levels(silence=SILENCE), "health": settings})
    return replace(config, operations=operations)


@asynccontextmanager
async def watched(folder: Path, **sections: Any) -> AsyncIterator[Desk]:
    async with (
        world(folder, **sections) as left,
        replace(left, config=watchful(left.config)).restarted() as desk,
    ):
        yield desk


async def health(desk: Desk) -> Health | None:
    return await desk.engine.health.latest()


async def actions(desk: Desk) -> list[str]:
    return [f"{entry.action} {entry.detail}" for _, entry in await desk.engine.ledger.audit(limit=50)]


async def alerts(desk: Desk) -> set[Mapping[str, str] | str]:
    groups = await desk.engine.alerts.open_groups(limit=50)
    firing = await desk.engine.alerts.firing([group.id for group in groups])
    return {labels["alertname"] for members in firing.values() for labels in members}


# How the desk is -----------------------------------------------------------------------------------
async def test_a_desk_at_work_is_healthy_and_everything_is_measured(tmp_path: Path) -> None:
    async with watched(tmp_path) as desk:
        await desk.say(writing("new.txt"))
        await desk.finished()

        async def settled() -> Health | None:
            found = await health(desk)
            # A machine that is shared may stand still for a while, which is measured as well.
            if found is None or found.status is not Status.HEALTHY or not found.gates:
                return None
            return found if {"socket-silence", "store-findings"}.isdisjoint(found.unmeasured) else None

        found = await desk.until(settled)
        assert found is not None
        assert [level for level in found.levels if level.broken_since] == []
        assert set(found.unmeasured) == {"drift"}
        assert found.reachable is True
        assert found.last_consumed_at is not None
        assert {gate.gate: (gate.passed, gate.runs) for gate in found.gates} == {
            "words": (1, 1),
            "kept": (1, 1),
        }
        names = {service.name for service in found.services}
        assert {"inbox", "lanes", "outbox", "watchdog", "sentry", "store-check", "tidying"} <= names
        assert {service.state for service in found.services} == {ServiceState.UP}


# What stands still ---------------------------------------------------------------------------------
SLOW = pytest.mark.slow


@pytest.mark.parametrize(
    "work", [pytest.param(Work.INBOX, marks=SLOW), pytest.param(Work.LANES, marks=SLOW), Work.OUTBOX]
)
async def test_a_loop_that_calls_no_turns_any_more_is_noticed_restarted_and_works_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, work: Work
) -> None:
    really, runs = SqliteEngine.run, 0

    async def run(self: SqliteEngine, wanted: Work, turn: Turn, **named: Any) -> None:
        nonlocal runs
        runs += wanted is work
        if wanted is work and runs == 1:
            await turn()
            await asyncio.Event().wait()
        await really(self, wanted, turn, **named)

    monkeypatch.setattr(SqliteEngine, "run", run)
    monkeypatch.setattr(supervise, "_FIRST", timedelta(milliseconds=10))
    async with watched(tmp_path) as desk:
        await desk.say(writing("new.txt"))
        await desk.finished()
        await desk.at_rest()

        async def counted() -> bool:
            found = await health(desk)
            return found is not None and any(each.name == work and each.restarts for each in found.services)

        await desk.until(counted)
        assert f"restarted {work}: TimeoutError" in await actions(desk)


@pytest.mark.parametrize(
    "owner", [pytest.param(Submitter, marks=SLOW), Worker, pytest.param(Deliverer, marks=SLOW)]
)
async def test_a_turn_that_never_returns_is_ended_and_the_work_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: type
) -> None:
    monkeypatch.setattr(app, "PATIENCE", timedelta(milliseconds=500))
    monkeypatch.setattr(supervise, "_FIRST", timedelta(milliseconds=10))
    really, calls = owner.turn, 0  # type: ignore[attr-defined]

    async def turn(self: Any) -> bool:
        nonlocal calls
        calls += 1
        if calls <= 2:
            await asyncio.Event().wait()
        return bool(await really(self))

    monkeypatch.setattr(owner, "turn", turn)
    # A patch may take as long as its gates may.
    quick = {"gates": [GateSettings(name="quick", run=("true",), timeout=timedelta(seconds=1))]}
    async with watched(tmp_path, domains={"web": quick}) as desk:
        await desk.say(writing("new.txt"))
        await desk.finished()
        await desk.at_rest()


@pytest.mark.parametrize(
    ("name", "owner"),
    [
        ("alerts", AlertTick),
        pytest.param("sensing", Sensing, marks=SLOW),
        pytest.param("reports", Reporter, marks=SLOW),
    ],
)
async def test_a_tick_that_never_returns_is_noticed_restarted_and_ticks_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, owner: type
) -> None:
    for module, period in ((app, "_ALERTS"), (posting, "EVERY")):
        monkeypatch.setattr(module, period, PERIOD)
    monkeypatch.setattr(supervise, "_FIRST", timedelta(milliseconds=10))
    really, ticks = owner.tick, 0  # type: ignore[attr-defined]

    async def tick(self: Any, now: datetime) -> None:
        nonlocal ticks
        ticks += 1
        if ticks == 1:
            await asyncio.Event().wait()
        await really(self, now)

    monkeypatch.setattr(owner, "tick", tick)
    async with watched(tmp_path) as desk:

        async def noted() -> bool:
            return f"restarted {name}: TimeoutError" in await actions(desk) and ticks > 1

        await desk.until(noted)


async def test_when_the_watchdog_stands_still_the_operators_hear_of_it_in_slack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def freeze(_self: Watchdog, _now: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Watchdog, "tick", freeze)
    async with watched(tmp_path, slack={"operators": "C0RANDOM"}) as desk:

        async def told() -> bool:
            posts = [everything(post) for post in desk.posts() if post["channel"] == "C0RANDOM"]
            return any("has not looked at itself" in post for post in posts)

        await desk.until(told)


async def test_connections_on_which_nothing_is_heard_are_begun_anew(tmp_path: Path) -> None:
    async with world(tmp_path) as left:
        # Between two answers to a ping there are seconds.
        impatient = Levels(socket_silence=timedelta(milliseconds=200))
        operations = watchful(left.config).operations.model_copy(update={"levels": impatient})
        async with replace(left, config=replace(left.config, operations=operations)).restarted() as desk:

            async def begun_anew() -> bool:
                return "reconnected 2 silent connections to Slack" in await actions(desk)

            await desk.until(begun_anew)
            await desk.say(writing("new.txt"))
            await desk.finished()


# What falls ----------------------------------------------------------------------------------------
async def test_a_component_that_falls_again_and_again_is_restarted_counted_and_an_alert(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervise, "_FIRST", timedelta(milliseconds=10))
    really, starts = app.Desk._landing, 0

    async def fall(self: app.Desk, *given: Any, **named: Any) -> None:
        nonlocal starts
        starts += 1
        if starts <= 3:
            raise OSError("no place for workspaces")
        await really(self, *given, **named)

    monkeypatch.setattr(app.Desk, "_landing", fall)
    async with watched(tmp_path) as desk:
        await desk.say(writing("new.txt"))
        await desk.finished()

        async def raised() -> bool:
            return "ComponentRestarts" in await alerts(desk)

        await desk.until(raised)
        assert "restarted lanes: OSError: no place for workspaces" in await actions(desk)
        found = await health(desk)
        assert found is not None
        assert {each.name: each.restarts for each in found.services}["lanes"] == 3


# The end -------------------------------------------------------------------------------------------
async def _told_to_stop(left: World, *, again: bool = False) -> tuple[int, float]:
    """The desk, with a gate under way, told to stop, and *again*; its exit code and how long it took."""
    points = Points()
    loop = asyncio.get_running_loop()
    async with left.mortal("never") as process:
        await left.slack.peer.message(PATCHES.id, "U0ADA", writing("new.txt"))
        engine = await open_engine(left.config.database_url, identity="looking")
        try:
            desk = Desk(left.slack, left.origin, left.config, engine, points)

            async def at_the_gates() -> bool:
                patches = await desk.patches()
                return any(step.step == "gates" for patch in patches for step in patch.steps)

            await desk.until(at_the_gates)
            begun = loop.time()
            process.send_signal(signal.SIGTERM)
            if again:
                # Two at once would be one: it has heard the first when it takes nothing in any more.
                await desk.until(lambda: _closed(left))
                process.send_signal(signal.SIGTERM)
            async with asyncio.timeout(25):
                code = await process.wait()
            return code, loop.time() - begun
        finally:
            await engine.close()


async def _closed(left: World) -> bool:
    return "has been abandoned" in left.log.read_text()


async def states(left: World) -> list[PatchState]:
    engine = await open_engine(left.config.database_url, identity="looking")
    try:
        desk = Desk(left.slack, left.origin, left.config, engine, Points())
        return [patch.state for patch in await desk.patches()]
    finally:
        await engine.close()


@SLOW
async def test_told_to_stop_a_gate_that_ends_within_the_grace_is_waited_for_and_its_result_said(
    tmp_path: Path,
) -> None:
    async with world(tmp_path, domains={"web": slow_gate(1.5)}) as left:
        code, _ = await _told_to_stop(left)
        assert (code, await states(left)) == (0, [PatchState.LANDED])
        ts = (await left.slack.peer.messages(PATCHES.id))[0]["ts"]
        answers = [everything(each) for each in await left.slack.peer.thread(PATCHES.id, ts)]
        assert len(answers) == 3, "the post, its card, and the summary of what ended after the signal"


@pytest.mark.slow
async def test_told_to_stop_a_gate_that_takes_longer_is_ended_and_its_patch_given_back_at_once(
    tmp_path: Path,
) -> None:
    slow = slow_gate(60)
    async with world(tmp_path, domains={"web": slow}, executor={"lease": 3600}) as left:
        operations = tmp_path / "operations.yml"
        operations.write_text("health: {grace: 0.5, last_words: 1}", encoding="utf-8")
        code, took = await _told_to_stop(left)
        assert (code, await states(left), left.origin.log()) == (0, [PatchState.READY], ["Begin"])
        assert took < 8


@SLOW
async def test_told_twice_to_stop_it_ends_at_once(tmp_path: Path) -> None:
    async with world(tmp_path, domains={"web": slow_gate(60)}, executor={"lease": 3600}) as left:
        code, took = await _told_to_stop(left, again=True)
        assert (code, await states(left)) == (0, [PatchState.READY])
        assert took < 8, "less than the grace of ten seconds"


async def test_the_service_manager_hears_when_the_desk_is_ready_alive_and_stopping(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(tmp_path / "notify"))
        manager.setblocking(False)
        async with world(tmp_path) as left:
            config = replace(left.config, notify=str(tmp_path / "notify"), watched=True)
            said: list[bytes] = []
            async with running(config, left.slack, Points()), asyncio.timeout(20):
                while not {b"READY=1", b"WATCHDOG=1"} <= set(said):
                    said.append(await asyncio.get_running_loop().sock_recv(manager, 100))
        with suppress(BlockingIOError):
            while True:
                said.append(manager.recv(100))
    assert [each for each in said if each != b"WATCHDOG=1"] == [b"READY=1", b"STOPPING=1"]
