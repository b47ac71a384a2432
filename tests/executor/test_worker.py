"""The worker: what becomes of a patch, whatever happens on the way."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts.commands import Place, Source
from contracts.control import Closed, CloseDomain, Closing, Control, EndPatch, Grip, OpenDomain
from contracts.faults import Reason, fault
from contracts.gates import Verdict
from contracts.outcome import Change, Step
from contracts.patch import Delete, Replace, Write
from contracts.ports import Finish, NewEvent, Settlement
from contracts.records import StoredPatch
from contracts.settings import DomainSettings, GateSettings
from contracts.states import PatchState
from executor import landing
from executor import worker as worker_module
from executor.git import GitError
from executor.landing import Landing, Moved
from executor.repository.bare import opened
from executor.sandbox import probe
from executor.sandbox.level import Ended, Job, NoSandbox
from executor.sandbox.probe import Probed
from executor.sandbox.supervised import Supervised
from executor.worker import open_worker
from executor.workspace import Folders
from tests.executor.repositories import Repo, make_origin, make_repo
from tests.executor.shop import NEW, RealTime, Shop, open_shop, shell
from tests.executor.waiting import alive, until

OpenShop = Callable[..., Awaitable[Shop]]
POINTS = ["claimed", "fetched", "applied", "checked-out", "gates-run", "landed-ref", "finished"]
PASS = shell("pass", "test -e new")
#: Of a patch that nothing changes on its way.
STEPS = [step for step in Step if step is not Step.REWORK]


@pytest.fixture
def origin(tmp_path: Path) -> tuple[Repo, Repo]:
    return make_origin(tmp_path / "origin.git", {"a": b"1\n2\n3\n"})


@pytest.fixture
async def shop_with(
    tmp_path: Path, origin: tuple[Repo, Repo], sandbox: Supervised, workspaces: Folders
) -> AsyncIterator[OpenShop]:
    """`await shop_with(*gates)`: a desk for the origin."""
    async with AsyncExitStack() as stack:

        async def shop(*gates: GateSettings, **executor: object) -> Shop:
            return await stack.enter_async_context(
                open_shop(tmp_path / "desk", origin[0], sandbox, workspaces, *gates, **executor)
            )

        yield shop


def tip(repo: Repo) -> str:
    return repo.git("rev-parse", "main").strip()


def why(stored: StoredPatch) -> tuple[PatchState, Reason | None]:
    assert stored.report is not None
    return stored.state, stored.report.fault.reason if stored.report.fault else None


def instead(real: Any, **others: Any) -> Any:
    """*real* with some of its attributes replaced."""

    class Instead:
        def __getattr__(self, name: str) -> Any:
            return others[name] if name in others else getattr(real, name)

    return Instead()


# The straight line -------------------------------------------------------------------------------
async def test_a_patch_lands_and_everything_about_it_is_told(
    shop_with: OpenShop, origin: tuple[Repo, Repo]
) -> None:
    bare, _ = origin
    base = tip(bare)
    shop = await shop_with(PASS, shell("hint", "exit 1", required=False))
    stored = await shop.carry_out(NEW, Delete("a"))
    report = stored.report
    assert report is not None
    assert (stored.state, report.base, report.commit) == (PatchState.LANDED, base, tip(bare))
    assert [(file.path, file.change) for file in report.files] == [
        ("a", Change.DELETED),
        ("new", Change.ADDED),
    ]
    assert [(gate.name, gate.verdict) for gate in report.gates] == [
        ("pass", Verdict.PASSED),
        ("hint", Verdict.FAILED),
    ]
    assert [step.step for step in report.steps] == STEPS
    assert all(step.ended is not None and step.ended >= step.started for step in report.steps)
    assert (report.branch, report.pushed_to, report.moved, report.found) == ("main", str(bare.path), 0, False)
    assert shop.points == POINTS
    assert set(bare.at("main")) == {"new"}
    message = bare.git("log", "-1", "--format=%an <%ae>|%cn|%B", "main")
    assert message.startswith("Ada <ada@example.com>|Patchdesk|A change\n")
    assert f"Patchdesk-Patch: {stored.id}\nPatchdesk-Source: slack C0SHOP 1700000000.000100\n" in message


async def test_without_a_patch_there_is_nothing_to_do(shop_with: OpenShop) -> None:
    shop = await shop_with()
    assert await shop.worker().turn() is False
    assert shop.points == []


async def test_what_was_said_is_a_card_that_changes_and_one_summary(
    shop_with: OpenShop,
) -> None:
    shop = await shop_with(shell("loud", "echo no; exit 1"))
    await shop.carry_out(NEW)
    assert sorted(await shop.said()) == [
        "edit-card",
        "mark",
        "post-card",
        "post-summary",
        "upload-log",
        "write-summary",
    ]


async def test_a_domain_without_an_origin_lands_on_the_desks_own_branch(
    tmp_path: Path, sandbox: Supervised, workspaces: Folders
) -> None:
    first = make_repo(tmp_path / "first", {"a": b"1\n"})
    async with open_shop(tmp_path / "desk", None, sandbox, workspaces, PASS) as shop:
        async with opened(tmp_path / "desk/repositories", "shop", None) as repository:
            first.git("push", "-q", str(repository.path), "main")
        stored = await shop.carry_out(NEW)
        assert why(stored) == (PatchState.LANDED, None)
        assert stored.report is not None
        assert stored.report.pushed_to is None
        assert tip(Repo(repository.path)) == stored.report.commit


async def test_patches_of_one_domain_land_one_on_the_other(
    shop_with: OpenShop, origin: tuple[Repo, Repo]
) -> None:
    shop = await shop_with()
    names = [await shop.submit(Write(f"f{number}", b"x")) for number in range(3)]
    workers = [shop.worker("w1"), shop.worker("w2")]
    while any(await asyncio.gather(*(worker.turn() for worker in workers))):
        pass
    assert [why(await shop.look(name)) for name in names] == [(PatchState.LANDED, None)] * 3
    assert set(origin[0].at("main")) == {"a", "f0", "f1", "f2"}
    trailers = origin[0].git("log", "-3", "--format=%(trailers:key=Patchdesk-Patch,valueonly)", "main")
    assert trailers.split() == names[::-1]


# Refused -------------------------------------------------------------------------------------------
async def test_a_gate_that_says_no_keeps_the_branch_as_it_was(
    shop_with: OpenShop, origin: tuple[Repo, Repo]
) -> None:
    base = tip(origin[0])
    shop = await shop_with(shell("no", "echo because; exit 1"), PASS)
    stored = await shop.carry_out(NEW)
    assert why(stored) == (PatchState.FAILED, Reason.GATE_FAILED)
    assert stored.report is not None
    assert [gate.verdict for gate in stored.report.gates] == [Verdict.FAILED, Verdict.SKIPPED]
    assert stored.report.gates[0].output == "because\n"
    assert stored.report.commit is not None
    assert tip(origin[0]) == base
    assert "landed-ref" not in shop.points


async def test_a_gate_that_cannot_start_keeps_it_too(shop_with: OpenShop, origin: tuple[Repo, Repo]) -> None:
    base = tip(origin[0])
    shop = await shop_with(GateSettings(name="gone", run=("/no/such/program",)))
    assert why(await shop.carry_out(NEW)) == (PatchState.FAILED, Reason.GATE_NOT_STARTED)
    assert tip(origin[0]) == base


async def test_a_patch_that_does_not_apply_fails_with_the_base_it_was_tried_on(
    shop_with: OpenShop, origin: tuple[Repo, Repo]
) -> None:
    shop = await shop_with(PASS)
    stored = await shop.carry_out(Replace("a", "nothing like it", "x"))
    assert why(stored) == (PatchState.FAILED, Reason.TEXT_NOT_FOUND)
    assert stored.report is not None
    assert (stored.report.base, stored.report.commit) == (tip(origin[0]), None)
    assert [step.step for step in stored.report.steps] == [Step.FETCH, Step.APPLY]


async def test_a_branch_that_is_not_there_fails(shop_with: OpenShop, origin: tuple[Repo, Repo]) -> None:
    shop = await shop_with()
    origin[0].git("branch", "-m", "main", "trunk")
    assert why(await shop.carry_out(NEW)) == (PatchState.FAILED, Reason.BRANCH_MISSING)


async def test_a_push_that_is_refused_fails(shop_with: OpenShop, origin: tuple[Repo, Repo]) -> None:
    hook = origin[0].path / "hooks/pre-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text("#!/bin/sh\nexit 1\n")
    hook.chmod(0o755)
    shop = await shop_with()
    assert why(await shop.carry_out(NEW)) == (PatchState.FAILED, Reason.PUSH_REFUSED)


async def test_a_domain_that_is_no_longer_configured_fails_and_is_told_where_it_was_asked(
    shop_with: OpenShop,
) -> None:
    shop = await shop_with()
    name = await shop.submit(NEW)
    shop.settings = shop.settings.model_copy(update={"domains": {"shoe": DomainSettings()}})
    assert await shop.worker().turn()
    stored = await shop.look(name)
    assert why(stored) == (PatchState.FAILED, Reason.UNKNOWN_TARGET)
    assert stored.report is not None
    assert stored.report.fault is not None
    assert stored.report.fault.args == {"target": "shop", "domains": "shoe", "suggestion": "shoe"}


# The branch moves ----------------------------------------------------------------------------------
async def test_a_branch_that_moved_meanwhile_gets_the_patch_gated_again_on_its_new_tip(
    shop_with: OpenShop, origin: tuple[Repo, Repo]
) -> None:
    bare, working = origin
    shop = await shop_with(shell("count", "ls | grep -c theirs; exit 0"))

    def push() -> None:
        working.commit({"theirs": b"x"})
        working.git("push", "-q", "origin", "main")

    shop.at["gates-run"] = push
    stored = await shop.carry_out(NEW)
    assert why(stored) == (PatchState.LANDED, None)
    report = stored.report
    assert report is not None
    assert report.moved == 1
    assert report.gates[0].output == "1\n"
    assert [step.step for step in report.steps] == [*STEPS, *STEPS]
    assert report.base == tip(working)
    assert set(bare.at("main")) == {"a", "theirs", "new"}


async def test_what_lands_meanwhile_may_make_a_gate_say_no(
    shop_with: OpenShop, origin: tuple[Repo, Repo]
) -> None:
    bare, working = origin
    shop = await shop_with(shell("not-both", "! test -e theirs"))

    def push() -> None:
        working.commit({"theirs": b"x"})
        working.git("push", "-q", "origin", "main")

    shop.at["gates-run"] = push
    assert why(await shop.carry_out(NEW)) == (PatchState.FAILED, Reason.GATE_FAILED)
    assert tip(bare) == tip(working)


async def test_a_branch_that_never_rests_is_tried_again_later(
    shop_with: OpenShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def moved(*_args: object) -> Landing:
        return Moved()

    monkeypatch.setattr(landing, "land", moved)
    shop = await shop_with(moves=2, retry_first=10)
    stored = await shop.carry_out(NEW)
    assert stored.report is not None
    assert why(stored) == (PatchState.WAITING, Reason.BRANCH_BUSY)
    assert stored.report.moved == 3
    assert stored.not_before is not None
    assert timedelta(seconds=4) < stored.not_before - shop.clock.now < timedelta(seconds=10)


# Passing troubles ------------------------------------------------------------------------------------
async def test_an_origin_that_does_not_answer_is_tried_again_and_then_set_aside(
    shop_with: OpenShop, origin: tuple[Repo, Repo]
) -> None:
    bare, _ = origin
    shop = await shop_with(attempts=3)
    bare.path.rename(bare.path.with_name("away"))
    name = await shop.submit(NEW)
    for _ in range(2):
        assert await shop.worker().turn()
        assert why(await shop.look(name)) == (PatchState.WAITING, Reason.REPOSITORY_UNREACHABLE)
        assert not await shop.worker().turn()
        await shop.rescue()
    assert await shop.worker().turn()
    assert why(await shop.look(name)) == (PatchState.QUARANTINED, Reason.REPOSITORY_UNREACHABLE)


async def test_an_origin_that_comes_back_gets_the_patch(
    shop_with: OpenShop, origin: tuple[Repo, Repo]
) -> None:
    bare, _ = origin
    shop = await shop_with()
    bare.path.rename(bare.path.with_name("away"))
    name = await shop.submit(NEW)
    await shop.worker().turn()
    bare.path.with_name("away").rename(bare.path)
    await shop.rescue()
    assert await shop.worker().turn()
    stored = await shop.look(name)
    assert (why(stored), stored.attempt) == ((PatchState.LANDED, None), 2)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (GitError(("apply",), None, "killed"), Reason.GIT_BROKEN),
        (OSError(28, "No space left on device"), Reason.DESK_ERROR),
        (ZeroDivisionError("a mistake of the desk"), Reason.DESK_ERROR),
    ],
)
async def test_what_the_desk_stumbles_over_is_never_the_patchs_fault(
    shop_with: OpenShop,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    reason: Reason,
) -> None:
    async def broken(*_args: object) -> Landing:
        raise error

    monkeypatch.setattr(landing, "land", broken)
    shop = await shop_with()
    assert why(await shop.carry_out(NEW)) == (PatchState.WAITING, reason)


async def test_a_sandbox_that_breaks_is_not_a_gate_that_says_no(
    tmp_path: Path, origin: tuple[Repo, Repo], workspaces: Folders
) -> None:
    class Broken(NoSandbox):
        async def run(self, job: Job) -> Ended:  # type: ignore[explicit-override]
            raise OSError(f"the supervisor of {job.argv[0]} failed")

    async with open_shop(tmp_path / "desk", origin[0], Broken("", level=0), workspaces, PASS) as shop:
        assert why(await shop.carry_out(NEW)) == (PatchState.WAITING, Reason.DESK_ERROR)


# After a crash -----------------------------------------------------------------------------------------
class Crash(BaseException):
    """The process is gone; nothing of what follows happens."""


def crash() -> None:
    raise Crash


async def crashing(shop: Shop) -> None:
    """A turn that ends in a crash."""
    crashed = False
    try:
        await shop.worker().turn()
    except* Crash:
        crashed = True
    assert crashed


@pytest.mark.parametrize("point", POINTS[:-1])
async def test_after_a_crash_at_any_point_the_patch_lands_exactly_once(
    shop_with: OpenShop, origin: tuple[Repo, Repo], point: str
) -> None:
    bare, _ = origin
    base = tip(bare)

    shop = await shop_with(PASS)
    name = await shop.submit(NEW)
    shop.at[point] = crash
    await crashing(shop)
    landed_already = point == "landed-ref"
    assert (tip(bare) != base) == landed_already
    assert not await shop.worker("w2").turn()
    await shop.rescue()
    assert await shop.worker("w2").turn()
    stored = await shop.look(name)
    assert stored.report is not None
    assert (stored.state, stored.report.found) == (PatchState.LANDED, landed_already)
    assert stored.report.commit == tip(bare)
    assert stored.report.base == base
    assert [file.path for file in stored.report.files] == ["new"]
    assert bare.git("rev-list", "--count", f"{base}..main").strip() == "1"


async def test_a_patch_that_keeps_crashing_the_desk_is_set_aside(
    shop_with: OpenShop, origin: tuple[Repo, Repo]
) -> None:
    base = tip(origin[0])

    shop = await shop_with(attempts=2)
    name = await shop.submit(NEW)
    for _ in range(2):
        shop.at["applied"] = crash
        await crashing(shop)
        await shop.rescue()
    assert await shop.worker().turn()
    stored = await shop.look(name)
    assert why(stored) == (PatchState.QUARANTINED, Reason.DESK_CRASHED)
    assert stored.report is not None
    assert stored.report.fault is not None
    assert stored.report.fault.args == {"attempts": "2"}
    assert tip(origin[0]) == base


async def test_one_that_landed_every_time_is_landed_and_not_set_aside(
    shop_with: OpenShop,
) -> None:
    shop = await shop_with(attempts=1)
    name = await shop.submit(NEW)
    shop.at["landed-ref"] = crash
    await crashing(shop)
    await shop.rescue()
    assert await shop.worker().turn()
    assert why(await shop.look(name)) == (PatchState.LANDED, None)


async def test_one_that_crashes_even_the_look_back_is_set_aside_unseen(
    shop_with: OpenShop,
) -> None:
    shop = await shop_with(attempts=1)
    name = await shop.submit(NEW)
    for _ in range(2):
        shop.at["fetched"] = crash
        await crashing(shop)
        await shop.rescue()
    assert await shop.worker().turn()
    assert why(await shop.look(name)) == (PatchState.QUARANTINED, Reason.DESK_CRASHED)


# The lease -------------------------------------------------------------------------------------------
async def test_a_lost_lease_kills_the_gate_and_changes_nothing(
    shop_with: OpenShop, origin: tuple[Repo, Repo]
) -> None:
    base = tip(origin[0])
    shop = await shop_with(shell("long", "echo $$ > pid; sleep 60"), lease=0.3)
    name = await shop.submit(NEW)
    async with asyncio.TaskGroup() as group:
        turn = group.create_task(shop.worker().turn())
        pid = await gate_pid(shop)
        shop.clock.forward(timedelta(minutes=10))
        await shop.engine.lanes.tend(now=shop.clock())
        second = await shop.engine.lanes.claim(worker="w2", now=shop.clock(), lease=timedelta(hours=1))
        assert second is not None
        assert await turn is True
    assert not alive(pid)
    stored = await shop.look(name)
    assert (stored.state, stored.attempt, stored.report) == (PatchState.RUNNING, 2, None)
    assert tip(origin[0]) == base
    assert "finished" not in shop.points


async def gate_pid(shop: Shop) -> int:
    """The process of the gate that is running."""
    assert isinstance(shop.workspaces, Folders)
    found: list[str] = []

    def written() -> bool:
        assert isinstance(shop.workspaces, Folders)
        found[:] = [text for file in shop.workspaces._home.glob("*/tree/pid") if (text := file.read_text())]
        return bool(found)

    await until(written)
    return int(found[0])


async def test_heartbeats_keep_a_long_gate_alive(shop_with: OpenShop) -> None:
    shop = await shop_with(shell("long", "sleep 0.5"), lease=0.1)
    shop.clock = RealTime()
    assert why(await shop.carry_out(NEW)) == (PatchState.LANDED, None)


async def test_a_woken_zombie_changes_nothing(shop_with: OpenShop, origin: tuple[Repo, Repo]) -> None:
    """It slept through its lease just before it would have landed; somebody else has the patch."""
    base = tip(origin[0])
    shop = await shop_with(PASS)
    name = await shop.submit(NEW)
    stolen: list[StoredPatch] = []

    async def steal() -> None:
        shop.clock.forward(timedelta(minutes=10))
        await shop.engine.lanes.tend(now=shop.clock())
        found = await shop.engine.lanes.claim(worker="w2", now=shop.clock(), lease=timedelta(hours=1))
        assert found is not None
        stolen.append(found)

    lanes = shop.engine.lanes

    async def step(patch: str, attempt: int, at: Step, **rest: Any) -> Grip:
        if at is Step.LAND and not stolen:
            await steal()
        return await lanes.step(patch, attempt, at, **rest)

    shop.engine = instead(shop.engine, lanes=instead(lanes, step=step))
    assert await shop.worker().turn()
    stored = await shop.look(name)
    assert (stored.state, stored.attempt) == (PatchState.RUNNING, 2)
    assert tip(origin[0]) == base


async def test_a_finish_that_comes_too_late_is_only_logged(
    shop_with: OpenShop,
) -> None:
    shop = await shop_with(PASS)
    name = await shop.submit(NEW)
    lanes = shop.engine.lanes

    async def late(finish: Finish, **rest: Any) -> bool:
        await shop.rescue()
        assert await lanes.claim(worker="w2", now=shop.clock(), lease=timedelta(hours=1))
        return await lanes.finish(finish, **rest)

    shop.engine = instead(shop.engine, lanes=instead(lanes, finish=late))
    assert await shop.worker().turn()
    assert (await shop.look(name)).state is PatchState.RUNNING


@pytest.mark.parametrize("told_to_stop", [True, False])
async def test_a_shutdown_kills_the_gate_and_gives_the_patch_back_at_once(
    shop_with: OpenShop, origin: tuple[Repo, Repo], told_to_stop: bool
) -> None:
    base = tip(origin[0])
    shop = await shop_with(shell("long", "test -e ../quick || { echo $$ > pid; sleep 60; }"))
    name = await shop.submit(NEW)
    async with asyncio.TaskGroup() as group:
        worker = replace(shop.worker(), stopping=lambda: told_to_stop)
        turn = group.create_task(worker.turn())
        pid = await gate_pid(shop)
        turn.cancel()
    assert not alive(pid)
    given_back = await shop.look(name)
    assert (given_back.state, given_back.attempt) == (PatchState.READY, 1)
    assert given_back.tries == (0 if told_to_stop else 1)
    assert isinstance(shop.workspaces, Folders)
    assert list(shop.workspaces._home.iterdir()) == []
    assert tip(origin[0]) == base


# Opening -----------------------------------------------------------------------------------------------
async def test_a_worker_opens_with_the_best_sandbox_of_the_machine(
    shop_with: OpenShop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(worker_module, "default_root", lambda: tmp_path / "elsewhere")
    shop = await shop_with()
    async with open_worker(
        shop.engine, shop.settings, shop.data, clock=shop.clock, jitter=lambda: 0.0
    ) as worker:
        assert worker.sandbox.level == (await probe.best(shop.settings.sandbox)).level >= 0
        assert await worker.turn() is False
    assert list((tmp_path / "elsewhere").iterdir()) == []


async def test_where_no_level_holds_no_gate_runs_and_nothing_lands(
    shop_with: OpenShop,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    origin: tuple[Repo, Repo],
) -> None:
    async def none(sandbox: Supervised) -> Probed:
        return Probed(sandbox.level, stops=False, detail="nothing holds")

    base = tip(origin[0])
    monkeypatch.setattr(probe, "probe", none)
    monkeypatch.setattr(worker_module, "default_root", lambda: tmp_path / "elsewhere")
    shop = await shop_with(PASS)
    name = await shop.submit(NEW)
    async with open_worker(
        shop.engine, shop.settings, shop.data, clock=shop.clock, jitter=lambda: 0.0
    ) as worker:
        assert isinstance(worker.sandbox, NoSandbox)
        assert "nothing holds" in worker.sandbox.detail
        assert await worker.turn()
    assert why(await shop.look(name)) == (PatchState.FAILED, Reason.SANDBOX_NONE)
    assert tip(origin[0]) == base


# A person's stop ---------------------------------------------------------------------------------------
LONG = shell("long", "echo $$ > pid; trap '' TERM; sleep 60 & wait; sleep 60")


async def decide(shop: Shop, *decided: Control) -> None:
    """As somebody in Slack would."""
    now = shop.clock()
    await shop.engine.inbox.record(NewEvent(Source.ACTION, f"press at {now}", b"{}"), now=now)
    row = await shop.engine.inbox.claim(now=shop.clock(), lease=timedelta(minutes=1))
    assert row is not None
    settlement = Settlement(row.id, row.attempt, Place(), changes=decided)
    assert await shop.engine.inbox.settle(settlement, now=shop.clock()) is not None


async def test_a_stopped_patch_ends_its_gate_and_frees_its_lane(shop_with: OpenShop) -> None:
    shop = await shop_with(LONG)
    name, following = await shop.submit(NEW), await shop.submit(Write("other", b"x"))
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        turn = group.create_task(shop.worker().turn())
        pid = await gate_pid(shop)
        await decide(shop, EndPatch(name, PatchState.RUNNING, "Ben"))
        assert await turn
    assert not alive(pid)
    stored = await shop.look(name)
    assert stored.state is PatchState.STOPPED
    assert stored.report is not None
    assert stored.report.fault == fault(Reason.STOPPED_BY, by="Ben")
    assert [step.step for step in stored.steps][-1] is Step.GATES
    assert (await shop.look(following)).state is PatchState.READY


async def test_the_kill_switch_ends_what_runs_and_gives_it_back(shop_with: OpenShop) -> None:
    shop = await shop_with(LONG)
    name = await shop.submit(NEW)
    halted = Closed(None, Closing.HALTED, "Ben", "the disk smokes", shop.clock())
    async with asyncio.timeout(30), asyncio.TaskGroup() as group:
        turn = group.create_task(shop.worker().turn())
        pid = await gate_pid(shop)
        await decide(shop, CloseDomain(halted))
        assert await turn
    assert not alive(pid)
    assert (await shop.look(name)).state is PatchState.WAITING
    assert not await shop.worker().turn()
    await decide(shop, OpenDomain(None, Closing.HALTED))
    assert (await shop.look(name)).state is PatchState.READY
