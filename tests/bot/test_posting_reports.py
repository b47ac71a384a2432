"""The tick on a real store: each report once, whoever looks, whatever the clock does meanwhile."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from bot.delivery.render.reports import report_markdown
from bot.reports.posting import Reporter
from bot.reports.schedule import schedules
from contracts.commands import Place
from contracts.notices import PostReport, UploadPlot
from contracts.operations import Operations
from contracts.plan import Batch, Key, Plan, Status, changed, with_batch
from contracts.plan_store import PlanChange, RiskChange
from contracts.ports import Engine, Sent
from contracts.register import Degree, Risk
from contracts.reports.body import Body, Plot, body_from_json
from contracts.reports.figures import Measure
from executor.engine import open_engine
from tests.engine.given import Desk, asked

MONDAY = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)
WEEKLY = {"kind": "weekly", "channel": "C0TEAM"}
ids = (f"report-{number}" for number in itertools.count())


def operations(*scheduled: dict[str, str]) -> Operations:
    return Operations.model_validate({"reports": {"schedules": scheduled}})


def reporter(engine: Engine, *scheduled: dict[str, str]) -> Reporter:
    known = operations(*(scheduled or (WEEKLY,)))
    return Reporter(engine, known, schedules(known.reports, ["web", "api"]), lambda: next(ids))


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path}/desk.db"


@pytest.fixture
async def desk(url: str) -> AsyncIterator[Desk]:
    engine = await open_engine(url, identity="x")
    yield Desk(engine)
    await engine.close()


async def bodies(desk: Desk, *, now: datetime = MONDAY + timedelta(days=999)) -> list[Body]:
    """What is posted, in its order."""
    found = []
    while delivery := await desk.take(now=now):
        if isinstance(delivery.notice, PostReport):
            stored = await desk.engine.reports.report(delivery.notice.report)
            assert stored is not None
            found.append(body_from_json(stored.body))
        now += timedelta(hours=1)
        await desk.engine.outbox.record(delivery.id, delivery.attempt, _sent(), now=now)
    return found


def _sent() -> Sent:
    return Sent(Place("C0TEAM", "1.1", "1.1"))


async def test_a_week_without_anything_is_reported_too(desk: Desk) -> None:
    await reporter(desk.engine).tick(MONDAY - timedelta(minutes=5))
    assert await bodies(desk) == []
    await reporter(desk.engine).tick(MONDAY)
    [body] = await bodies(desk)
    assert body.period.label == "2026-W10"
    assert body.due_at is None
    landed = next(figure for figure in body.figures if figure.measure is Measure.LANDED)
    assert (landed.now, landed.change) == (0, 0)
    assert [day.landed for day in body.days] == [0] * 7


async def test_the_plots_of_a_week_follow_its_message(desk: Desk) -> None:
    await reporter(desk.engine).tick(MONDAY - timedelta(minutes=5))
    await reporter(desk.engine).tick(MONDAY)
    post = await desk.letter()
    assert isinstance(post.notice, PostReport)
    assert await desk.take() is None
    await desk.engine.outbox.record(post.id, post.attempt, _sent(), now=MONDAY)
    for plot in Plot:
        upload = await desk.letter()
        assert upload.notice == UploadPlot(post.notice.report, plot)
        await desk.engine.outbox.record(upload.id, upload.attempt, _sent(), now=MONDAY)


async def test_two_desks_that_look_at_once_post_one_report(url: str, desk: Desk) -> None:
    other = await open_engine(url, identity="other")
    both = [reporter(desk.engine), reporter(other)]
    for now in (MONDAY - timedelta(minutes=5), MONDAY):
        await asyncio.gather(*(each.tick(now) for each in both * 3))
    await other.close()
    assert len(await bodies(desk)) == 1


async def test_a_desk_that_ends_between_making_and_posting_posts_it_after_its_start(
    url: str, desk: Desk
) -> None:
    await reporter(desk.engine).tick(MONDAY - timedelta(minutes=5))
    await reporter(desk.engine).tick(MONDAY)
    claimed = await desk.letter(now=MONDAY)
    assert isinstance(claimed.notice, PostReport)
    again = await open_engine(url, identity="again")
    await reporter(again).tick(MONDAY + timedelta(minutes=5))
    assert len(await bodies(Desk(again), now=MONDAY + timedelta(minutes=5))) == 1
    await again.close()


async def test_what_was_missed_is_caught_up_once_and_says_so(desk: Desk) -> None:
    await reporter(desk.engine).tick(MONDAY - timedelta(days=20))
    for later in (timedelta(hours=30), timedelta(hours=31)):
        await reporter(desk.engine).tick(MONDAY + later)
    [body] = await bodies(desk)
    assert body.period.label == "2026-W10"
    assert body.due_at == MONDAY


async def test_a_clock_that_jumps_back_and_forth_posts_nothing_twice(desk: Desk) -> None:
    await reporter(desk.engine).tick(MONDAY - timedelta(minutes=5))
    for jump in (0, 3, -10, 7, 6, -30, 8, 14):
        await reporter(desk.engine).tick(MONDAY + timedelta(days=jump))
    assert [body.period.label for body in await bodies(desk)] == ["2026-W10", "2026-W11", "2026-W12"]


async def test_a_report_of_one_domain_counts_that_domain_alone(desk: Desk) -> None:
    scheduled = [{**WEEKLY, "domain": "web"}, {**WEEKLY, "domain": "api"}, WEEKLY]
    await reporter(desk.engine, *scheduled).tick(MONDAY - timedelta(days=5))
    for number, domain in enumerate(["web", "web", "api"]):
        at = MONDAY - timedelta(days=2)
        await desk.settle(asked(f"p-{number}", domain=domain), now=at)
        await desk.finish(await desk.start(now=at), now=at)
    await reporter(desk.engine, *scheduled).tick(MONDAY)
    landed = {
        body.domain: next(figure.now for figure in body.figures if figure.measure is Measure.LANDED)
        for body in await bodies(desk)
    }
    assert landed == {"web": 2, "api": 1, None: 3}


async def test_the_plan_fills_its_part_of_the_week(desk: Desk) -> None:
    await reporter(desk.engine).tick(MONDAY - timedelta(days=6))
    plan = Plan(
        (
            Batch("b-1", "Foundations", Status.IN_PROGRESS, "P0", Decimal(50), owner="Ann"),
            Batch(
                "b-2", "Walls", Status.BLOCKED, "P1", Decimal(10), blockers=("no bricks",), notes="Buy some"
            ),
            Batch("b-3", "Roof", Status.QUEUED, "P2", target="2026-03-01"),
            Batch("b-4", "Door", Status.QUEUED, "P2"),
        )
    )
    store, before = desk.engine.plan, MONDAY - timedelta(days=5)
    assert await store.write(PlanChange(await store.current(), plan, "ann"), now=before)
    done = with_batch(plan, changed(plan.batches[3], {Key.STATUS: Status.DONE}))
    assert await store.write(PlanChange(await store.current(), done, "ann"), now=before + timedelta(days=1))
    risk = Risk("r-1", "Rain", Degree.HIGH, Degree.HIGH, "A tarpaulin", "Ben")
    assert await store.write(RiskChange(risk, "ben"), now=before)
    await reporter(desk.engine).tick(MONDAY)
    [body] = await bodies(desk)
    found = body.plan
    assert found is not None
    assert found.percent == pytest.approx(430 / 11)
    assert (found.batches, found.finished) == (4, 1)
    assert [batch.id for batch in (*found.done, *found.under_way, *found.next, *found.late)] == [
        *("b-4", "b-1", "b-3", "b-3")
    ]
    said = report_markdown(body)
    for line in (
        "Current batch: `b-1` Foundations: 50 %, owner Ann",
        "(4 × 50 + 3 × 10 + 2 × 100) / (4 × 1 + 3 × 1 + 2 × 2)",
        "- Batch `b-4` Door: 100 %, no owner",
        "- `b-2` Walls: no bricks. Resolution: Buy some",
        "- `b-2` Walls is blocked and needs an owner.",
        "- `b-3` Roof was due 2026-03-01.",
        "- `b-4` Door is done.",
        "- `r-1` Rain (9 of 9, high): A tarpaulin; owner Ben. Nobody has looked at it for a week.",
    ):
        assert line in said.replace("\\", "")
