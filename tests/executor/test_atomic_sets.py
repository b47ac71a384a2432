"""An atomic set and its workers: candidates are prepared, land together, and are judged once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.commands import Source
from contracts.faults import Reason
from contracts.outcome import Step
from contracts.patch import Changeset, Patch, Together, content_hash
from contracts.ports import NewEvent, NewPatch, NewSet, Settlement
from contracts.records import StoredPatch
from contracts.settings import DomainSettings, GateSettings
from contracts.states import PatchState
from executor.sandbox.supervised import Supervised
from executor.workspace import Folders
from tests.executor.repositories import Repo, make_origin
from tests.executor.shop import ADA, NEW, PLACE, RealTime, Shop, open_shop, shell
from tests.executor.test_worker import LONG, PASS, Crash, crash, gate_pid, why
from tests.executor.waiting import alive

FAIL = shell("fail", "exit 1")
POINTS = ("claimed", "fetched", "applied", "checked-out", "gates-run", "finished", "landed-ref")


@dataclass
class Pair:
    """A desk of two domains, and a set for both."""

    shop: Shop
    origins: dict[str, tuple[Repo, Repo]]
    domains: tuple[str, ...] = ("shop", "web")

    async def submit(self) -> None:
        """Enter the set; its patches are called as their domains."""
        shop, now = self.shop, self.shop.clock()
        await shop.engine.inbox.record(NewEvent(Source.SLACK, "set", b"x"), now=now)
        row = await shop.engine.inbox.claim(now=now, lease=timedelta(seconds=30))
        assert row is not None
        news = []
        for domain in self.domains:
            patch = Patch(domain, Changeset((NEW,)), "A change", together=Together(self.domains, atomic=True))
            content = content_hash(patch)
            news.append(NewPatch(domain, patch, content, ADA, Source.SLACK, PLACE, (), set_id="set"))
        settlement = Settlement(row.id, row.attempt, PLACE, tuple(news), (NewSet("set"),))
        assert await shop.engine.inbox.settle(settlement, now=shop.clock()) is not None

    async def turns(self, count: int) -> None:
        for _ in range(count):
            assert await self.shop.worker().turn()

    async def look(self) -> list[StoredPatch]:
        return [await self.shop.look(domain) for domain in self.domains]

    async def states(self) -> list[PatchState]:
        return [row.state for row in await self.look()]

    def push(self, domain: str) -> None:
        """As somebody outside of the desk."""
        working = self.origins[domain][1]
        working.git("pull", "-q", "origin", "main")
        working.commit({"theirs": b"x"})
        working.git("push", "-q", "origin", "main")

    def landed(self) -> list[bool]:
        return ["new" in self.origins[domain][0].at("main") for domain in self.domains]

    def with_gates(self, domain: str, *gates: GateSettings) -> None:
        """As after a restart with other settings."""
        settings = self.shop.settings
        rules = settings.domains[domain].model_copy(update={"gates": gates})
        self.shop.settings = settings.model_copy(update={"domains": {**settings.domains, domain: rules}})


OpenPair = Callable[..., Awaitable[Pair]]


@pytest.fixture
async def pair_with(tmp_path: Path, sandbox: Supervised, workspaces: Folders) -> AsyncIterator[OpenPair]:
    """`await pair_with(of_shop, of_web)`: the gates of both domains."""
    origins = {name: make_origin(tmp_path / f"{name}.git", {"a": b"1\n"}) for name in ("shop", "web")}
    async with AsyncExitStack() as stack:

        async def pair(of_shop: GateSettings, of_web: GateSettings) -> Pair:
            opened = open_shop(tmp_path / "desk", origins["shop"][0], sandbox, workspaces, of_shop)
            shop = await stack.enter_async_context(opened)
            web = DomainSettings(repository=str(origins["web"][0].path), channels=("C0WEB",), gates=(of_web,))
            domains = {**shop.settings.domains, "web": web}
            shop.settings = shop.settings.model_copy(update={"domains": domains})
            return Pair(shop, origins)

        yield pair


async def test_both_land_once_both_have_passed_and_no_gate_runs_twice(pair_with: OpenPair) -> None:
    pair = await pair_with(PASS, PASS)
    await pair.submit()
    await pair.turns(1)
    assert await pair.states() == [PatchState.PREPARED, PatchState.READY]
    await pair.turns(1)
    assert pair.landed() == [False, False]
    assert await pair.states() == [PatchState.READY, PatchState.READY]
    await pair.turns(2)
    assert pair.landed() == [True, True]
    assert pair.shop.points.count("gates-run") == 2
    for row in await pair.look():
        assert row.state is PatchState.LANDED
        assert row.report is not None
        assert [step.step for step in row.report.steps] == [Step.FETCH, Step.LAND]
        assert [gate.name for gate in row.report.gates] == ["pass"]
        assert row.report.reused


async def test_where_one_does_not_pass_none_lands(pair_with: OpenPair) -> None:
    pair = await pair_with(PASS, FAIL)
    await pair.submit()
    await pair.turns(2)
    shop, web = await pair.look()
    assert why(web) == (PatchState.FAILED, Reason.GATE_FAILED)
    assert why(shop) == (PatchState.CANCELLED, Reason.SET_BROKEN)
    assert pair.landed() == [False, False]
    assert not await pair.shop.worker().turn()


async def test_one_whose_gates_run_when_another_fails_is_ended(pair_with: OpenPair) -> None:
    pair = await pair_with(LONG, FAIL)
    pair.shop.clock = RealTime()
    await pair.submit()
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        turn = group.create_task(pair.shop.worker().turn())
        pid = await gate_pid(pair.shop)
        await pair.turns(1)
        assert await turn
    assert not alive(pid)
    shop, web = await pair.look()
    assert [why(shop), web.state] == [(PatchState.STOPPED, Reason.SET_BROKEN), PatchState.FAILED]


async def test_on_a_branch_that_moved_it_is_applied_and_judged_anew(pair_with: OpenPair) -> None:
    pair = await pair_with(PASS, PASS)
    await pair.submit()
    await pair.turns(2)
    pair.push("web")
    await pair.turns(2)
    assert pair.landed() == [True, True]
    assert pair.shop.points.count("gates-run") == 3
    _, web = await pair.look()
    assert web.report is not None
    assert not web.report.reused


async def test_what_somebody_pushed_meanwhile_can_keep_one_out_and_the_other_still_lands(
    pair_with: OpenPair,
) -> None:
    pair = await pair_with(PASS, shell("alone", "! test -e theirs"))
    await pair.submit()
    await pair.turns(2)
    pair.push("web")
    await pair.turns(2)
    shop, web = await pair.look()
    assert [shop.state, why(web)] == [PatchState.LANDED, (PatchState.FAILED, Reason.GATE_FAILED)]
    assert pair.landed() == [True, False]


async def test_under_other_rules_it_is_judged_anew(pair_with: OpenPair) -> None:
    pair = await pair_with(PASS, PASS)
    await pair.submit()
    await pair.turns(2)
    pair.with_gates("shop", FAIL)
    await pair.turns(2)
    shop, web = await pair.look()
    assert [why(shop), web.state] == [(PatchState.FAILED, Reason.GATE_FAILED), PatchState.LANDED]


async def test_what_was_tidied_away_is_made_anew(pair_with: OpenPair) -> None:
    pair = await pair_with(PASS, PASS)
    await pair.submit()
    await pair.turns(2)
    bare = next((pair.shop.data / "repositories").glob("web*"))
    Repo(bare).git("prune", "--expire=now")
    await pair.turns(2)
    assert pair.landed() == [True, True]
    assert pair.shop.points.count("gates-run") == 3


CRASHES = [(point, time) for point in POINTS for time in (1, 2)]


@pytest.mark.slow
@pytest.mark.parametrize(("point", "time"), CRASHES)
async def test_after_a_crash_at_any_point_none_has_landed_alone_and_then_both_do(
    pair_with: OpenPair, point: str, time: int
) -> None:
    pair = await pair_with(PASS, PASS)
    await pair.submit()
    shop = pair.shop
    crashes = 0
    for _ in range(8):
        if not crashes and shop.points.count(point) == time - 1:
            shop.at[point] = crash
        crashes += await _crashes(shop)
        passed = [row.prepared is not None or row.state is PatchState.LANDED for row in await pair.look()]
        assert all(passed) or pair.landed() == [False, False]
        await shop.rescue()
    assert crashes == 1
    assert await pair.states() == [PatchState.LANDED] * 2
    for bare, _ in pair.origins.values():
        assert bare.git("rev-list", "--count", "main").strip() == "2"


async def _crashes(shop: Shop) -> bool:
    crashed = False
    try:
        await shop.worker().turn()
    except* Crash:
        crashed = True
    return crashed
