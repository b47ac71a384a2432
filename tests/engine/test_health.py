"""What the store gives to be measured, and what it keeps of how the desk was."""

from dataclasses import replace
from datetime import timedelta

from contracts.faults import Reason, fault
from contracts.gates import GateResult, Verdict
from contracts.health import GateHealth, Health, Level, Sample, Service, ServiceState, Status
from contracts.measuring import DomainNumbers, StoreNumbers
from contracts.outcome import Landed, Outcome, Report
from contracts.ports import AuditEntry, Sent
from contracts.states import PatchState
from tests.engine.given import (
    FAILED,
    GAVE_UP,
    LANDED,
    LEASE,
    NOW,
    Desk,
    after,
    asked,
    card,
    retry_at,
    summary,
)

WEEK = timedelta(days=7)
IDLE = DomainNumbers("web", 0, None, None, 0, 0, 0, None, None)


async def numbers(desk: Desk, *domains: str, seconds: float = 0, last: int = 50) -> StoreNumbers:
    now = after(seconds)
    return await desk.engine.health.numbers(domains or ("web",), now=now, last=last, since=now - WEEK)


async def web(desk: Desk, *, seconds: float = 0, last: int = 50) -> DomainNumbers:
    return (await numbers(desk, seconds=seconds, last=last)).domains[0]


# What is measured --------------------------------------------------------------------------------
async def test_an_empty_store_has_nothing_to_measure(desk: Desk) -> None:
    assert await numbers(desk) == StoreNumbers((IDLE,), 0, None, None, None)


async def test_what_waits_is_counted_with_the_head_that_nobody_has_taken_up(desk: Desk) -> None:
    await desk.settle(*(asked(f"p-{n}") for n in range(3)), asked("a-0", domain="api"))
    assert (await web(desk)).queued == 3
    await desk.start()
    measured = await numbers(desk, "web", "api")
    assert [(each.domain, each.queued) for each in measured.domains] == [("web", 2), ("api", 1)]
    assert measured.running == 1


async def test_a_head_waits_since_it_came(desk: Desk) -> None:
    await desk.settle(asked("p-0"), now=after(3))
    assert (await web(desk)).head_since == after(3)


async def test_a_head_that_was_taken_up_does_not_wait(desk: Desk) -> None:
    await desk.settle(asked("p-0"))
    await desk.start(now=after(5))
    assert await web(desk) == replace(IDLE, last_taken_at=after(5))


async def test_the_next_head_waits_since_the_one_before_it_ended(desk: Desk) -> None:
    await desk.settle(asked("p-0"), asked("p-1"))
    await desk.finish(await desk.start(now=after(1)), now=after(60))
    found = await web(desk)
    assert (found.head_since, found.last_taken_at) == (after(60), after(1))


async def test_a_head_that_is_tried_again_waits_since_its_last_attempt(desk: Desk) -> None:
    await desk.settle(asked("p-0"))
    await desk.finish(await desk.start(), retry_at(after(90)), now=after(60))
    assert (await web(desk)).head_since is None
    await desk.engine.lanes.tend(now=after(90))
    assert (await web(desk)).head_since == after(60)


async def test_the_rate_is_of_the_last_endings(desk: Desk) -> None:
    ends: tuple[Outcome, ...] = (FAILED, FAILED, LANDED, GAVE_UP, LANDED)
    for n, outcome in enumerate(ends):
        await desk.settle(asked(f"p-{n}"))
        await desk.finish(await desk.start(now=after(n)), outcome, now=after(n))
    every, latest = await web(desk), await web(desk, last=3)
    assert (every.finished, every.failed) == (5, 3)
    assert (latest.finished, latest.failed) == (3, 1)
    assert every.last_taken_at == after(4)


async def test_another_ending_is_another_last_one(desk: Desk) -> None:
    seen = []
    for n in range(3):
        await desk.settle(asked(f"p-{n}"))
        await desk.finish(await desk.start(), now=after(n))
        seen.append((await web(desk)).last)
    assert len(set(seen)) == 3


async def test_quarantine_is_counted_within_its_window(desk: Desk) -> None:
    for n, day in enumerate((0, 5, 6)):
        await desk.settle(asked(f"p-{n}"))
        await desk.finish(await desk.start(), GAVE_UP, now=NOW + timedelta(days=day))
    assert (await web(desk)).quarantined == 3
    assert (await web(desk, seconds=WEEK.total_seconds())).quarantined == 2


async def test_a_summary_is_late_until_it_is_said(desk: Desk) -> None:
    await desk.settle(asked("p-0"), asked("p-1"))
    for n in range(2):
        await desk.finish(await desk.start(), told=(summary(f"p-{n}"),), now=after(10 + n))
    assert (await web(desk)).summary_since == after(10)
    letter = await desk.letter()
    await desk.engine.outbox.record(letter.id, letter.attempt, Sent(), now=after(12))
    assert (await web(desk)).summary_since == after(11)


async def test_the_inbox_waits_since_its_oldest_row_that_could_be_taken_up(desk: Desk) -> None:
    for n in range(3):
        await desk.record(now=after(n))
    assert (await numbers(desk)).inbox_since == NOW
    held = await desk.open_inbox()
    assert (await numbers(desk)).inbox_since == after(1)
    await desk.open_inbox()
    await desk.open_inbox()
    assert (await numbers(desk)).inbox_since is None
    await desk.engine.inbox.postpone(held.id, held.attempt, until=after(20))
    assert (await numbers(desk, seconds=19)).inbox_since is None
    assert (await numbers(desk, seconds=21)).inbox_since == after(20)


async def test_the_outbox_tells_what_waits_from_what_could_be_said(desk: Desk) -> None:
    await desk.put(card("p-0"), now=after(1))
    await desk.put(summary("p-0"), now=after(2))
    found = await numbers(desk)
    assert (found.outbox_since, found.due_since) == (after(1), after(1))
    await desk.letter()
    found = await numbers(desk)
    assert (found.outbox_since, found.due_since) == (after(1), None)


# Gates -------------------------------------------------------------------------------------------
def ran(**verdicts: Verdict) -> Landed:
    gates = tuple(GateResult(name, verdict, required=True) for name, verdict in verdicts.items())
    return Landed(Report("main", gates=gates))


async def test_gates_are_known_by_their_last_runs(desk: Desk) -> None:
    ok, no, skipped = Verdict.PASSED, Verdict.FAILED, Verdict.SKIPPED
    ends: tuple[Outcome, ...] = (ran(tests=no, docs=no), ran(tests=ok), ran(tests=ok, docs=skipped), FAILED)
    for n, outcome in enumerate(ends):
        await desk.settle(asked(f"p-{n}"))
        await desk.finish(await desk.start(), outcome, now=after(n))
    assert await desk.engine.health.gates("web", last=50) == (
        GateHealth("web", "tests", ok, after(2), 2, 3),
        GateHealth("web", "docs", no, NOW, 0, 1),
    )
    assert await desk.engine.health.gates("web", last=3) == (GateHealth("web", "tests", ok, after(2), 2, 2),)
    assert await desk.engine.health.gates("api", last=50) == ()


# What is kept ------------------------------------------------------------------------------------
HEALTH = Health(
    at=NOW,
    status=Status.DEGRADED,
    services=(
        Service(
            "lanes",
            ServiceState.DOWN,
            NOW,
            2,
            fault(Reason.COMPONENT_SILENT, component="lanes", measured=61, limit=60, did=""),
        ),
    ),
    gates=(GateHealth("web", "tests", Verdict.ERRORED, NOW, 3, 4),),
    levels=(
        Level("queue-depth", "web", 11, 10, broken_since=NOW),
        Level("socket-silence", None, None, 60, why=fault(Reason.NO_SOCKET)),
        Level(
            "silence",
            None,
            61,
            60,
            broken_since=NOW,
            did=fault(Reason.DID_RESTART, component="lanes"),
            component="lanes",
        ),
    ),
    reachable=True,
    last_consumed_at=NOW,
    queue_depth=11,
    drift=None,
    unmeasured={"drift": fault(Reason.NOTHING_MEASURES)},
)


def health(seconds: float, status: Status = Status.HEALTHY, depth: int = 0) -> Health:
    return replace(HEALTH, at=after(seconds), status=status, queue_depth=depth, levels=())


async def test_the_latest_measurement_comes_back_as_it_was(desk: Desk) -> None:
    store = desk.engine.health
    assert await store.latest() is None
    await store.keep(health(-30), now=after(-30))
    await store.keep(HEALTH, now=NOW)
    assert await store.latest() == HEALTH


async def test_a_minute_and_an_hour_keep_their_worst(desk: Desk) -> None:
    store = desk.engine.health
    for seconds, status, depth in (
        (0, Status.HEALTHY, 3),
        (30, Status.FAILING, 9),
        (59, Status.DEGRADED, 1),
    ):
        await store.keep(health(seconds, status, depth), now=after(seconds))
    await store.keep(replace(HEALTH, at=after(60)), now=after(60))
    await store.keep(health(3600, depth=0), now=after(3600))
    assert await store.minutes(since=NOW) == (
        Sample(NOW, Status.FAILING, 9, 0),
        Sample(after(60), Status.DEGRADED, 11, 2),
        Sample(after(3600), Status.HEALTHY, 0, 0),
    )
    assert await store.minutes(since=after(1)) == (await store.minutes(since=NOW))[1:]
    assert await store.hours(since=NOW) == (
        Sample(NOW, Status.FAILING, 11, 2),
        Sample(after(3600), Status.HEALTHY, 0, 0),
    )


async def test_minutes_go_after_a_week_and_hours_after_a_year(desk: Desk) -> None:
    store = desk.engine.health
    for days in (0, 7, 365, 366):
        now = NOW + timedelta(days=days)
        await store.keep(replace(HEALTH, at=now), now=now)
        if days == 7:
            assert [each.at for each in await store.minutes(since=NOW)] == [NOW, now]
    ages = [(each.at - NOW).days for each in await store.hours(since=NOW)]
    assert ages == [7, 365, 366]
    assert [(each.at - NOW).days for each in await store.minutes(since=NOW)] == [365, 366]


async def test_what_the_desk_did_is_remembered(desk: Desk) -> None:
    entry = AuditEntry("desk", "restarted", "lanes")
    await desk.engine.health.note((entry,), now=after(1))
    assert await desk.engine.ledger.audit(limit=9) == ((after(1), entry),)


# Giving back -------------------------------------------------------------------------------------
async def test_a_patch_that_is_given_back_is_ready_at_once(desk: Desk) -> None:
    await desk.settle(asked("p-0"), asked("p-1"))
    held = await desk.start()
    assert await desk.engine.lanes.release(held.id, held.attempt, now=after(1), blameless=True)
    assert (await desk.patch("p-0")).state is PatchState.READY
    again = await desk.start(now=after(1))
    assert (again.id, again.attempt, again.tries) == ("p-0", 2, 1)
    assert await desk.engine.lanes.release(again.id, again.attempt, now=after(2), blameless=False)
    assert (await desk.start(now=after(3))).tries == 2
    [_, (at, entry)] = await desk.engine.ledger.audit(limit=9)
    assert (at, entry) == (after(1), AuditEntry("desk", "given-back", "patch p-0, attempt 1 of worker-1"))


async def test_who_does_not_hold_a_patch_cannot_give_it_back(desk: Desk) -> None:
    await desk.settle(asked("p-0"))
    late = await desk.start()
    await desk.engine.lanes.tend(now=NOW + LEASE)
    held = await desk.start(now=NOW + LEASE)
    assert not await desk.engine.lanes.release(late.id, late.attempt, now=NOW + LEASE, blameless=True)
    assert (await desk.patch("p-0")).state is PatchState.RUNNING
    await desk.finish(held)
    assert not await desk.engine.lanes.release(held.id, held.attempt, now=NOW + LEASE, blameless=True)
    assert not await desk.finish(late)


async def test_a_rescue_is_noted_in_the_audit(desk: Desk) -> None:
    await desk.settle(asked("p-0"))
    await desk.start()
    assert await desk.engine.lanes.tend(now=NOW + LEASE) == 1
    assert await desk.engine.lanes.tend(now=NOW + LEASE) == 0
    [(at, entry)] = await desk.engine.ledger.audit(limit=9)
    assert (at, entry) == (NOW + LEASE, AuditEntry("desk", "rescued", "patch p-0, attempt 1 of worker-1"))
