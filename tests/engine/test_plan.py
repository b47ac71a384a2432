"""The plan and its risks: nothing that somebody wrote is lost, and what led there can be read."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from contracts.commands import Place
from contracts.formats.plan_text import read_plan
from contracts.plan import Batch, Difference, Key, Metric, Plan, Status, changed, with_batch, with_metrics
from contracts.plan_store import KeptPlan, PlanChange, RiskChange
from contracts.ports import MovedOnError, Settlement
from contracts.register import Degree, Risk, RiskState
from executor.engine import open_engine
from tests.engine.given import FAILED, NOW, Desk, after, asked

PLAN = Plan(
    (
        Batch("b-1", "Foundations", Status.IN_PROGRESS, "P0", Decimal("33.5"), owner="Ann"),
        Batch("b-2", "Walls", Status.QUEUED, blockers=("b-1", "no bricks"), notes="\u26a0 heavy"),
    ),
    ((Metric.COVERAGE, Decimal(80)), (Metric.PRS_MERGED, None)),
)
RISK = Risk("r-1", "The ground is soft", Degree.HIGH, Degree.MEDIUM, "Piles", "Ben")


async def kept(desk: Desk, plan: Plan = PLAN, *, by: str = "ann") -> KeptPlan:
    before = await desk.engine.plan.current()
    assert await desk.engine.plan.write(PlanChange(before, plan, by), now=NOW)
    return await desk.engine.plan.current()


def moved(before: KeptPlan, percent: int, by: str) -> PlanChange:
    batch = changed(before.plan.batches[0], {Key.PROGRESS: Decimal(percent)})
    return PlanChange(before, with_batch(before.plan, batch), by)


async def test_a_new_store_has_an_empty_plan(desk: Desk) -> None:
    assert await desk.engine.plan.current() == KeptPlan(0, Plan())
    assert await desk.engine.plan.history() == ()


async def test_a_plan_is_read_back_as_it_was_written(desk: Desk) -> None:
    assert await kept(desk) == KeptPlan(1, PLAN)


async def test_what_an_import_brings_is_kept_to_the_last_null(desk: Desk) -> None:
    batch = '{"status": "done", "owner": null, "id": "x", "name": "X"}'
    text = f'{{"metrics": {{"coverage": null}}, "batches": [{batch}]}}'
    plan = read_plan(text)
    assert isinstance(plan, Plan)
    assert (await kept(desk, plan)).plan == plan


async def test_the_history_says_who_changed_what_from_what_to_what_and_when(desk: Desk) -> None:
    before = await kept(desk)
    after_ = with_batch(
        before.plan, changed(before.plan.batches[1], {Key.STATUS: Status.BLOCKED, Key.BLOCKERS: ("rain",)})
    )
    after_ = with_metrics(after_, {Metric.COVERAGE: Decimal("81.25")})
    await desk.engine.plan.write(PlanChange(before, after_, "ben"), now=after(5))
    edits = await desk.engine.plan.history(after=before.version)
    assert {(edit.version, edit.at, edit.actor) for edit in edits} == {(2, after(5), "ben")}
    assert [edit.difference for edit in edits] == [
        Difference("b-2", "status", "queued", "blocked"),
        Difference("b-2", "blockers", ("b-1", "no bricks"), ("rain",)),
        Difference(None, "coverage", Decimal(80), Decimal("81.25")),
    ]


async def test_the_history_can_be_asked_for_a_batch_a_time_and_its_end(desk: Desk) -> None:
    before = await kept(desk)
    for seconds, percent in ((10, 40), (20, 50), (30, 60)):
        assert await desk.engine.plan.write(moved(before, percent, "ann"), now=after(seconds))
        before = await desk.engine.plan.current()
    of_b1 = await desk.engine.plan.history(batch="b-1", start=after(10), end=after(30))
    assert [edit.difference.after for edit in of_b1] == [Decimal(40), Decimal(50)]
    assert {edit.difference.batch for edit in await desk.engine.plan.history(batch="b-2")} == {"b-2"}
    assert [edit.difference.after for edit in await desk.engine.plan.history(limit=1)] == [Decimal(60)]


async def test_of_two_writers_who_read_the_same_plan_one_must_look_again(url: str) -> None:
    engines = [await open_engine(url, identity="store-1"), await open_engine(url, identity="store-1")]
    try:
        await kept(Desk(engines[0]))
        read = [await engine.plan.current() for engine in engines]
        written = await asyncio.gather(
            *(
                engine.plan.write(moved(before, percent, f"writer-{percent}"), now=NOW)
                for engine, before, percent in zip(engines, read, (40, 60), strict=True)
            )
        )
        assert sorted(written) == [False, True]
        now = await engines[0].plan.current()
        [edit] = await engines[1].plan.history(after=1)
        assert now.version == 2
        assert now.plan.batches[0].progress == edit.difference.after
        assert edit.actor == f"writer-{edit.difference.after}"
    finally:
        for engine in engines:
            await engine.close()


async def test_two_first_plans_cannot_both_be_the_first(desk: Desk) -> None:
    nothing = await desk.engine.plan.current()
    assert await desk.engine.plan.write(PlanChange(nothing, PLAN, "ann"), now=NOW)
    assert not await desk.engine.plan.write(PlanChange(nothing, Plan(), "ben"), now=NOW)
    assert (await desk.engine.plan.current()).plan == PLAN


async def test_an_edit_from_slack_is_settled_together_with_its_row(desk: Desk) -> None:
    before = await kept(desk)
    await desk.record()
    row = await desk.open_inbox()
    settlement = Settlement(row.id, row.attempt, Place(), changes=(moved(before, 75, "ada"),))
    assert await desk.engine.inbox.settle(settlement, now=after(1)) is not None
    assert (await desk.engine.plan.current()).plan.batches[0].progress == Decimal(75)


async def test_an_edit_decided_on_a_plan_that_moved_on_settles_nothing(desk: Desk) -> None:
    before = await kept(desk)
    assert await desk.engine.plan.write(moved(before, 50, "ben"), now=NOW)
    await desk.record()
    row = await desk.open_inbox()
    stale = Settlement(
        row.id, row.attempt, Place(), (asked("p-1", "x"),), changes=(moved(before, 75, "ada"),)
    )
    with pytest.raises(MovedOnError):
        await desk.engine.inbox.settle(stale, now=after(1))
    assert await desk.engine.ledger.patch("p-1") is None
    fresh = moved(await desk.engine.plan.current(), 75, "ada")
    settled = await desk.engine.inbox.settle(replace(stale, changes=(fresh,)), now=after(2))
    assert settled is not None
    assert settled.accepted == ("p-1",)


async def test_patches_count_for_their_batch_once_they_have_landed(desk: Desk) -> None:
    patches = [
        replace(new, patch=replace(new.patch, batch=batch))
        for new, batch in (
            (asked("p-1", "a"), "b-1"),
            (asked("p-2", "b"), "b-1"),
            (asked("p-3", "c"), None),
            (asked("p-4", "d"), "b-9"),
        )
    ]
    await desk.settle(*patches)
    assert await desk.engine.plan.landed() == {}
    for claimed in ("landed", "failed", "landed", "landed"):
        patch = await desk.start()
        await (desk.finish(patch) if claimed == "landed" else desk.finish(patch, FAILED))
    assert await desk.engine.plan.landed() == {"b-1": 1, "b-9": 1}
    assert (await desk.patch("p-1")).patch.batch == "b-1"


# Risks -----------------------------------------------------------------------------------------
async def test_a_risk_is_kept_with_everything_it_was(desk: Desk) -> None:
    assert await desk.engine.plan.write(RiskChange(RISK, "ann"), now=NOW)
    [first] = await desk.engine.plan.risks()
    assert first == replace(RISK, version=1)
    closed = replace(first, state=RiskState.CLOSED, reviewed_at=after(60))
    assert await desk.engine.plan.write(RiskChange(closed, "ben"), now=after(60))
    assert await desk.engine.plan.risks() == (replace(closed, version=2),)
    assert [
        (edit.at, edit.actor, edit.after.state) for edit in await desk.engine.plan.risk_history("r-1")
    ] == [
        (NOW, "ann", RiskState.OPEN),
        (after(60), "ben", RiskState.CLOSED),
    ]
    assert [edit.after.version for edit in await desk.engine.plan.risk_history(limit=1)] == [2]


async def test_a_risk_cannot_be_added_twice_or_changed_unseen(desk: Desk) -> None:
    assert await desk.engine.plan.write(RiskChange(RISK, "ann"), now=NOW)
    assert not await desk.engine.plan.write(RiskChange(replace(RISK, owner="Cem"), "ben"), now=NOW)
    [first] = await desk.engine.plan.risks()
    for owner, written in (("Dee", True), ("Eve", False)):
        change = RiskChange(replace(first, owner=owner), owner)
        assert await desk.engine.plan.write(change, now=NOW + timedelta(hours=1)) is written
    assert [risk.owner for risk in await desk.engine.plan.risks()] == ["Dee"]
    assert len(await desk.engine.plan.risk_history()) == 2
