"""Landing is held while the risk rate of a domain is critical, where the domain says so."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from contracts.faults import Reason
from contracts.patch import Write
from contracts.risk import RiskSettings
from contracts.states import PatchState
from executor.sandbox.supervised import Supervised
from executor.workspace import Folders
from tests.executor.repositories import make_origin
from tests.executor.shop import NEW, Shop, open_shop, shell

DAY = RiskSettings().window
#: Says no as long as there is a file called bad.
GATE = shell("good", "test ! -e bad")
BAD = Write("bad", b"bad\n")


@pytest.fixture
async def shop(tmp_path: Path, sandbox: Supervised, workspaces: Folders) -> AsyncIterator[Shop]:
    origin, _ = make_origin(tmp_path / "origin.git", {"a": b"1\n"})
    async with open_shop(tmp_path / "desk", origin, sandbox, workspaces, GATE) as shop:
        yield shop


def hold(shop: Shop) -> None:
    domain = shop.settings.domains["shop"].model_copy(update={"hold_when_critical": True})
    shop.settings = shop.settings.model_copy(update={"domains": {"shop": domain}})


async def test_after_a_failed_task_the_next_patch_waits_and_says_why(shop: Shop) -> None:
    hold(shop)
    assert (await shop.carry_out(BAD)).state is PatchState.FAILED
    held = await shop.carry_out(NEW)
    assert held.state is PatchState.WAITING
    assert held.report is not None
    assert held.report.fault is not None
    assert held.report.fault.reason is Reason.RISK_CRITICAL
    assert held.report.fault.args["rate"] == "100.00"
    assert held.not_before is not None
    assert held.not_before - shop.clock() < timedelta(hours=1)
    assert "fetched" not in shop.points[shop.points.index("finished") :]


async def test_a_held_patch_lands_once_the_failure_has_left_the_window(shop: Shop) -> None:
    hold(shop)
    await shop.carry_out(BAD)
    await shop.carry_out(NEW)
    failed_at = shop.clock()
    turns = 0
    while (held := await shop.look("patch1")).state is PatchState.WAITING:
        assert held.not_before is not None
        shop.clock.forward(held.not_before - shop.clock() + timedelta(seconds=1))
        await shop.engine.lanes.tend(now=shop.clock())
        assert await shop.worker().turn()
        turns += 1
    landed = await shop.look("patch1")
    assert landed.state is PatchState.LANDED
    assert landed.finished_at is not None
    assert DAY - timedelta(minutes=1) < landed.finished_at - failed_at < DAY + timedelta(minutes=1)
    # Far more waits than tries are allowed: none of them counted as one.
    assert turns > shop.settings.executor.attempts + 1
    [*_, task] = await shop.engine.reports.ended(after=0, limit=10)
    assert task.warnings == 0


async def test_a_domain_that_does_not_ask_for_it_is_not_held(shop: Shop) -> None:
    await shop.carry_out(BAD)
    assert (await shop.carry_out(NEW)).state is PatchState.LANDED


async def test_landing_goes_on_when_the_operators_say_so(shop: Shop) -> None:
    hold(shop)
    await shop.carry_out(BAD)
    held = await shop.carry_out(NEW)
    domain = shop.settings.domains["shop"].model_copy(update={"hold_when_critical": False})
    shop.settings = shop.settings.model_copy(update={"domains": {"shop": domain}})
    assert held.not_before is not None
    shop.clock.forward(timedelta(hours=1, seconds=1))
    await shop.engine.lanes.tend(now=shop.clock())
    assert await shop.worker().turn()
    assert (await shop.look(held.id)).state is PatchState.LANDED
