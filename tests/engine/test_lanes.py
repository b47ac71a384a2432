import asyncio
import sys
from asyncio.subprocess import PIPE

import pytest

from contracts.control import Grip
from contracts.notices import EditCard
from contracts.outcome import Outcome, Step, StepTime
from contracts.states import PATCH_TRANSITIONS, PatchEvent, PatchState
from contracts.states import after as state_after
from tests.engine.given import (
    FAILED,
    GAVE_UP,
    LANDED,
    LEASE,
    NOW,
    Desk,
    after,
    asked,
    edit,
    retry_at,
    summary,
)
from tests.engine.waiting import DEADLINE


async def test_a_claimed_patch_is_running_under_the_next_attempt(desk: Desk) -> None:
    await desk.settle(asked("p-1"))
    claimed = await desk.start(now=after(5))
    assert (claimed.id, claimed.state, claimed.attempt, claimed.started_at) == (
        "p-1",
        PatchState.RUNNING,
        1,
        after(5),
    )
    assert claimed == await desk.patch("p-1")


async def test_nothing_to_claim_is_none(desk: Desk) -> None:
    assert await desk.claim() is None


async def test_only_the_head_of_a_lane_is_offered(desk: Desk) -> None:
    await desk.settle(asked("p-1"), asked("p-2"))
    await desk.start()
    assert await desk.claim() is None
    assert (await desk.patch("p-2")).state is PatchState.WAITING


async def test_lanes_of_different_domains_run_side_by_side_oldest_first(desk: Desk) -> None:
    await desk.settle(asked("p-1"), asked("p-2", domain="api"), asked("p-3", domain="docs"))
    assert [(await desk.start()).id for _ in range(3)] == ["p-1", "p-2", "p-3"]


async def test_concurrent_claims_get_one_head_per_lane(desk: Desk) -> None:
    await desk.settle(*(asked(f"p-{n}", domain=f"d{n % 4}") for n in range(20)))
    claimed = [patch for patch in await asyncio.gather(*(desk.claim() for _ in range(30))) if patch]
    assert sorted(patch.id for patch in claimed) == ["p-0", "p-1", "p-2", "p-3"]


@pytest.mark.parametrize(
    ("outcome", "event"),
    [(LANDED, PatchEvent.LAND), (FAILED, PatchEvent.REFUSE), (GAVE_UP, PatchEvent.GIVE_UP)],
    ids=lambda value: getattr(value, "kind", None),
)
async def test_finishing_keeps_the_outcome_and_offers_the_next(
    desk: Desk, outcome: Outcome, event: PatchEvent
) -> None:
    await desk.settle(asked("p-1"), asked("p-2"))
    assert await desk.finish(await desk.start(), outcome, now=after(9))
    done = await desk.patch("p-1")
    assert done.state is state_after(PATCH_TRANSITIONS, PatchState.RUNNING, event)
    assert (done.report, done.finished_at, done.attempt) == (outcome.report, after(9), 1)
    assert (await desk.start()).id == "p-2"


async def test_finishing_says_what_goes_with_it(desk: Desk) -> None:
    await desk.settle(asked("p-1"))
    await desk.finish(await desk.start(), told=(summary("p-1"), edit("p-1")))
    assert (await desk.engine.ledger.counts()).outbox == 2


async def test_a_second_finish_changes_nothing(desk: Desk) -> None:
    await desk.settle(asked("p-1"))
    claimed = await desk.start()
    assert await desk.finish(claimed, LANDED, now=after(1))
    assert not await desk.finish(claimed, FAILED, told=(summary("p-1"),), now=after(2))
    done = await desk.patch("p-1")
    assert (done.state, done.finished_at) == (PatchState.LANDED, after(1))
    assert (await desk.engine.ledger.counts()).outbox == 0
    (line,) = await desk.engine.ledger.lanes(["web"])
    assert (line.landed, line.failed) == (1, 0)


async def test_a_woken_zombie_changes_nothing(desk: Desk) -> None:
    await desk.settle(asked("p-1"))
    zombie = await desk.start()
    assert await desk.engine.lanes.tend(now=NOW + LEASE) == 1
    rescued = await desk.start(now=NOW + LEASE)
    assert (rescued.id, rescued.attempt) == ("p-1", 2)
    held = await desk.patch("p-1")
    lanes = desk.engine.lanes
    assert not await desk.finish(zombie, FAILED, told=(summary("p-1"),))
    assert not await lanes.beat("p-1", zombie.attempt, now=after(40), lease=LEASE)
    step = await lanes.step("p-1", zombie.attempt, Step.LAND, now=after(40), told=(edit("p-1"),))
    assert step is Grip.LOST
    assert await desk.patch("p-1") == held
    assert (await desk.engine.ledger.counts()).outbox == 0
    assert await desk.finish(rescued, LANDED)


async def test_between_rescue_and_claim_the_old_attempt_holds_nothing(desk: Desk) -> None:
    await desk.settle(asked("p-1"))
    zombie = await desk.start()
    await desk.engine.lanes.tend(now=NOW + LEASE)
    assert not await desk.finish(zombie)
    assert not await desk.engine.lanes.beat("p-1", zombie.attempt, now=NOW + LEASE, lease=LEASE)
    assert (await desk.patch("p-1")).state is PatchState.READY


async def test_a_patch_that_is_not_there_is_nobodys(desk: Desk) -> None:
    assert not await desk.engine.lanes.beat("none", 1, now=NOW, lease=LEASE)
    assert await desk.engine.lanes.step("none", 1, Step.FETCH, now=NOW, told=()) is Grip.LOST


async def test_heartbeats_keep_a_patch_from_being_offered_again(desk: Desk) -> None:
    await desk.settle(asked("p-1"))
    claimed = await desk.start()
    assert await desk.engine.lanes.beat("p-1", claimed.attempt, now=after(29), lease=LEASE)
    assert await desk.engine.lanes.tend(now=after(58)) == 0
    assert await desk.engine.lanes.tend(now=after(59)) == 1


async def test_a_step_ends_the_one_before_and_the_end_ends_the_last(desk: Desk) -> None:
    await desk.settle(asked("p-1"))
    claimed = await desk.start()
    await desk.engine.lanes.step("p-1", claimed.attempt, Step.FETCH, now=after(1), told=())
    assert (await desk.patch("p-1")).steps == (StepTime(Step.FETCH, after(1)),)
    await desk.engine.lanes.step("p-1", claimed.attempt, Step.APPLY, now=after(2), told=(edit("p-1"),))
    assert (await desk.letter()).notice == EditCard("p-1")
    await desk.finish(claimed, now=after(4))
    assert (await desk.patch("p-1")).steps == (
        StepTime(Step.FETCH, after(1), after(2)),
        StepTime(Step.APPLY, after(2), after(4)),
    )


async def test_a_new_attempt_begins_with_no_steps_and_no_report(desk: Desk) -> None:
    await desk.settle(asked("p-1"))
    claimed = await desk.start()
    await desk.engine.lanes.step("p-1", claimed.attempt, Step.FETCH, now=after(1), told=())
    outcome = retry_at(after(10))
    await desk.finish(claimed, outcome, now=after(3))
    waiting = await desk.patch("p-1")
    assert waiting.steps == (StepTime(Step.FETCH, after(1), after(3)),)
    assert (waiting.report, waiting.not_before, waiting.finished_at) == (outcome.report, after(10), None)
    await desk.engine.lanes.tend(now=after(10))
    again = await desk.start(now=after(11))
    assert (again.attempt, again.steps, again.report, again.started_at) == (2, (), None, after(11))
    assert again.not_before is None


async def test_a_retry_lets_others_go_first_and_comes_back(desk: Desk) -> None:
    await desk.settle(asked("p-1"), asked("p-2"), asked("p-3"))
    await desk.finish(await desk.start(), retry_at(after(60)))
    second = await desk.start(now=after(50))
    assert second.id == "p-2"
    assert await desk.engine.lanes.tend(now=after(60)) == 0  # the lane has a head
    await desk.finish(second, now=after(62))
    assert [(await desk.patch(id_)).state for id_ in ("p-1", "p-3")] == [PatchState.READY, PatchState.WAITING]


async def test_a_retry_alone_in_its_lane_waits_for_its_time(desk: Desk) -> None:
    await desk.settle(asked("p-1"))
    await desk.finish(await desk.start(), retry_at(after(60)))
    assert await desk.claim(now=after(30)) is None
    assert await desk.engine.lanes.tend(now=after(59)) == 0
    assert await desk.engine.lanes.tend(now=after(60)) == 1
    assert (await desk.start(now=after(60))).attempt == 2


async def test_a_retry_whose_time_has_come_goes_at_once(desk: Desk) -> None:
    await desk.settle(asked("p-1"))
    await desk.finish(await desk.start(), retry_at(after(5)), now=after(5))
    assert (await desk.start(now=after(5))).id == "p-1"


async def test_a_newcomer_goes_before_one_that_waits_for_its_time(desk: Desk) -> None:
    await desk.settle(asked("p-1"))
    await desk.finish(await desk.start(), retry_at(after(60)))
    await desk.settle(asked("p-2"), now=after(1))
    assert (await desk.start(now=after(1))).id == "p-2"


async def test_tending_offers_what_was_abandoned_and_what_is_due_in_every_lane(desk: Desk) -> None:
    await desk.settle(*(asked(f"p-{n}", domain=f"d{n}") for n in range(4)))
    claimed = [await desk.start() for _ in range(4)]
    await desk.finish(claimed[0], retry_at(after(20)))
    await desk.finish(claimed[1], retry_at(after(90)))
    await desk.engine.lanes.beat(claimed[2].id, claimed[2].attempt, now=after(20), lease=LEASE)
    assert await desk.engine.lanes.tend(now=after(30)) == 2
    offered = [(await desk.start(now=after(30))).id for _ in range(2)]
    assert offered == ["p-0", "p-3"]
    assert await desk.claim(now=after(30)) is None


async def test_several_processes_carry_each_patch_out_once(desk: Desk, url: str) -> None:
    await desk.settle(*(asked(f"p-{n}", domain=f"d{n % 5}") for n in range(60)))
    program = [sys.executable, "-m", "tests.engine.another_process", url, "drain", "1"]
    others = [await asyncio.create_subprocess_exec(*program, stdout=PIPE) for _ in range(2)]
    async with asyncio.timeout(DEADLINE):
        said = [(await other.communicate())[0].decode().split() for other in others]
    carried_out = [word for words in said for word in words if word.startswith("p-")]
    assert sorted(carried_out) == sorted(f"p-{n}" for n in range(60))
    assert [other.returncode for other in others] == [0, 0]
