"""What is said of the desk follows from what was measured, the limits and the time, and from nothing else."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.faults import Reason, fault
from contracts.health import Health, Level, ServiceState, Status
from contracts.levels import DomainLevels, Levels
from contracts.measuring import (
    ComponentNumbers,
    DomainNumbers,
    Measure,
    Measurements,
    StoreNumbers,
    Unmeasured,
    all_well,
    judge,
    with_deeds,
)

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
LEVELS = Levels()
NO_DRIFT = Unmeasured(fault(Reason.NOTHING_MEASURES), expected=True)
NO_SOCKET = Unmeasured(fault(Reason.NO_SOCKET), expected=True)
NO_DISK = Unmeasured(fault(Reason.MEASURING_FAILED, detail="gone"), expected=False)
DOMAIN = DomainNumbers("web", 0, None, None, 0, 50, 0, None, None)
STORE = StoreNumbers((DOMAIN,), 0, None, None, None)
TICKED = timedelta(seconds=1)


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def component(name: str, **given: Any) -> ComponentNumbers:
    alive = ComponentNumbers(name, at(-3600), TICKED, timedelta(0), NOON, 0, 0, False, None, None, False)
    return replace(alive, **given)


WORKING = tuple(component(name) for name in ("inbox", "lanes", "outbox", "watchdog"))
FINE = Measurements(
    store=STORE,
    components=WORKING,
    gates=(),
    disk_free=0.5,
    findings=0,
    socket_silent=TICKED,
    clock_skew=timedelta(0),
    reachable=True,
    drift=NO_DRIFT,
)


def domain(**given: Any) -> Measurements:
    return replace(FINE, store=replace(STORE, domains=(replace(DOMAIN, **given),)))


def store(**given: Any) -> Measurements:
    return replace(FINE, store=replace(STORE, **given))


def lanes(**given: Any) -> Measurements:
    others = tuple(each for each in WORKING if each.name != "lanes")
    return replace(FINE, components=(*others, component("lanes", **given)))


def waiting(seconds: float) -> Measurements:
    """A head that waits while others are taken up."""
    busy = tuple(replace(each, taken_at=NOON) for each in WORKING)
    return replace(domain(head_since=at(-seconds)), components=busy)


def broken(health: Health) -> list[Level]:
    return [level for level in health.levels if level.broken_since is not None]


def test_a_desk_without_trouble_is_healthy_and_shows_every_measure() -> None:
    health = judge(FINE, None, LEVELS, NOON)
    assert (health.status, broken(health)) == (Status.HEALTHY, [])
    assert {level.name for level in health.levels} == set(Measure)
    assert all_well(health)
    assert (health.drift, health.unmeasured) == (None, {"drift": NO_DRIFT.why})


# Every level -------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Case:
    """*at_limit* still holds, *beyond* does not."""

    measure: Measure
    at_limit: Measurements
    beyond: Measurements
    measured: float
    limit: float
    status: Status = Status.DEGRADED
    of: tuple[str | None, str | None] = (None, None)


WEB, LANES = ("web", None), (None, "lanes")
FAILING = Status.FAILING
CASES = (
    Case(Measure.QUEUE_DEPTH, domain(queued=10), domain(queued=11), 11, 10, of=WEB),
    Case(Measure.HEAD_AGE, waiting(900), waiting(901), 901, 900, of=WEB),
    Case(
        Measure.SUMMARY_AGE,
        domain(summary_since=at(-1200)),
        domain(summary_since=at(-1201)),
        1201,
        1200,
        of=WEB,
    ),
    Case(Measure.QUARANTINED, domain(quarantined=10), domain(quarantined=11), 11, 10, of=WEB),
    Case(
        Measure.FAILURE_RATE,
        domain(finished=40, failed=2),
        domain(finished=40, failed=3),
        0.075,
        0.05,
        of=WEB,
    ),
    Case(
        Measure.SILENCE,
        lanes(silent=timedelta(seconds=60)),
        lanes(silent=timedelta(seconds=61)),
        61,
        60,
        FAILING,
        LANES,
    ),
    Case(Measure.RESTARTS, lanes(restarts_lately=2), lanes(restarts_lately=3), 3, 2, of=LANES),
    Case(
        Measure.UNCONSUMED,
        domain(head_since=at(-30)),
        domain(head_since=at(-31)),
        31,
        30,
        FAILING,
        LANES,
    ),
    Case(Measure.OUTBOX_AGE, store(outbox_since=at(-120)), store(outbox_since=at(-121)), 121, 120),
    Case(Measure.DISK_FREE, replace(FINE, disk_free=0.1), replace(FINE, disk_free=0.09), 0.09, 0.1),
    Case(Measure.STORE_FINDINGS, FINE, replace(FINE, findings=1), 1, 0, FAILING),
    Case(
        Measure.SOCKET_SILENCE,
        replace(FINE, socket_silent=timedelta(seconds=60)),
        replace(FINE, socket_silent=timedelta(seconds=61)),
        61,
        60,
    ),
    Case(
        Measure.CLOCK_SKEW,
        replace(FINE, clock_skew=timedelta(seconds=-30)),
        replace(FINE, clock_skew=timedelta(seconds=-31)),
        31,
        30,
    ),
)


def test_every_measure_has_a_case() -> None:
    assert {case.measure for case in CASES} == set(Measure)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.measure)
def test_a_level_breaks_beyond_its_limit_and_says_how_much_and_since_when(case: Case) -> None:
    assert broken(judge(case.at_limit, None, LEVELS, NOON)) == []
    before = judge(case.beyond, None, LEVELS, NOON)
    [level] = broken(before)
    assert (level.name, (level.domain, level.component)) == (case.measure, case.of)
    assert level.measured == pytest.approx(case.measured)
    assert level.limit == case.limit
    assert (level.broken_since, before.status) == (NOON, case.status)
    [later] = broken(judge(case.beyond, before, LEVELS, at(30)))
    assert later.broken_since == NOON
    over = judge(FINE, before, LEVELS, at(60))
    assert (broken(over), over.status) == ([], Status.HEALTHY)
    again = judge(case.beyond, over, LEVELS, at(90))
    assert {level.broken_since for level in broken(again)} == {at(90)}


def test_limits_of_a_domain_go_before_those_of_all() -> None:
    levels = Levels(queue_depth=5, domains={"web": DomainLevels(queue_depth=20)})
    api = replace(DOMAIN, domain="api", queued=11)
    health = judge(store(domains=(replace(DOMAIN, queued=11), api)), None, levels, NOON)
    assert [(level.domain, level.measured, level.limit) for level in broken(health)] == [("api", 11, 5)]
    assert levels.of("web").head_age == levels.head_age
    assert health.queue_depth == 22


def test_a_rate_wants_enough_endings() -> None:
    [level] = [
        level
        for level in judge(domain(finished=19, failed=19), None, LEVELS, NOON).levels
        if level.name == Measure.FAILURE_RATE
    ]
    assert (level.measured, level.why) == (None, fault(Reason.TOO_FEW_FINISHED, found=19, least=20))


def test_a_short_window_is_enough_for_its_rate() -> None:
    levels = Levels(failure_window=4, failure_least=20)
    [level] = broken(judge(domain(finished=4, failed=1), None, levels, NOON))
    assert level.measured == 0.25


# What was not measured ---------------------------------------------------------------------------
def test_what_is_not_there_to_be_measured_is_no_trouble() -> None:
    health = judge(replace(FINE, socket_silent=NO_SOCKET), None, LEVELS, NOON)
    assert health.status is Status.HEALTHY
    assert health.unmeasured[Measure.SOCKET_SILENCE] == NO_SOCKET.why
    [level] = [level for level in health.levels if level.name == Measure.SOCKET_SILENCE]
    assert (level.measured, level.why, level.broken_since) == (None, NO_SOCKET.why, None)


def test_what_could_not_be_measured_is_not_fine() -> None:
    health = judge(replace(FINE, disk_free=NO_DISK), None, LEVELS, NOON)
    assert health.status is Status.DEGRADED
    assert not all_well(health)


def test_a_slack_that_cannot_be_reached_is_trouble() -> None:
    assert judge(replace(FINE, reachable=False), None, LEVELS, NOON).status is Status.DEGRADED


# Components --------------------------------------------------------------------------------------
def test_a_component_that_is_silent_is_down_and_one_that_ended_is_restarting() -> None:
    down = judge(lanes(silent=timedelta(minutes=2)), None, LEVELS, NOON).services[-1]
    assert (down.state, down.why) == (
        ServiceState.DOWN,
        fault(Reason.COMPONENT_SILENT, component="lanes", measured=120, limit=60, did=""),
    )
    restarting = judge(lanes(restarting=True, last_error="OSError: full", restarts=1), None, LEVELS, NOON)
    assert restarting.status is Status.DEGRADED
    assert restarting.services[-1].state is ServiceState.RESTARTING
    assert restarting.services[-1].why == fault(
        Reason.COMPONENT_FAILED, component="lanes", detail="OSError: full"
    )
    up = judge(lanes(last_error="OSError: full", restarts=1), None, LEVELS, NOON)
    assert (up.services[-1].state, up.services[-1].why, up.status) == (ServiceState.UP, None, Status.HEALTHY)


def test_who_ticks_seldom_may_be_silent_for_longer() -> None:
    daily = component("store-check", silent=timedelta(hours=30), allowed=timedelta(days=2))
    assert judge(replace(FINE, components=(daily,)), None, LEVELS, NOON).status is Status.HEALTHY


# What the desk did -------------------------------------------------------------------------------
def test_what_was_done_stays_with_the_breach_that_it_was_done_about() -> None:
    low = replace(FINE, disk_free=0.01)
    did = fault(Reason.DID_TIDY, count=3)
    before = with_deeds(judge(low, None, LEVELS, NOON), {(Measure.DISK_FREE, None): did})
    assert [level.did for level in broken(before)] == [did]
    assert [level.did for level in broken(with_deeds(judge(low, before, LEVELS, at(30)), {}))] == [did]
    over = judge(FINE, before, LEVELS, at(60))
    assert {level.did for level in over.levels} == {None}
    assert with_deeds(over, {(Measure.DISK_FREE, None): did}) == over


# Consumption -------------------------------------------------------------------------------------
def test_the_last_consumption_is_the_latest_of_all() -> None:
    seen = replace(
        domain(last_taken_at=at(-50)), components=(component("inbox", taken_at=at(-20)), component("lanes"))
    )
    before = judge(seen, None, LEVELS, NOON)
    assert before.last_consumed_at == at(-20)
    assert judge(FINE, before, LEVELS, at(30)).last_consumed_at == at(-20)
    assert judge(FINE, None, LEVELS, NOON).last_consumed_at is None


def test_where_all_hands_are_busy_the_desk_is_slow_and_not_failing() -> None:
    waits = domain(head_since=at(-100))
    busy = replace(waits, components=(component("lanes", busy=True, taken_at=at(-90)),))
    assert judge(waits, None, LEVELS, NOON).status is Status.FAILING
    assert judge(busy, None, LEVELS, NOON).status is Status.DEGRADED


def test_what_waited_before_the_desk_was_there_is_no_reproach_to_it() -> None:
    waits = domain(head_since=at(-3000))
    assert [each.name for each in broken(judge(waits, None, LEVELS, NOON))] == ["head-age", "unconsumed"]
    fresh = replace(waits, components=(component("lanes", began=at(-2)),))
    assert [each.name for each in broken(judge(fresh, None, LEVELS, NOON))] == ["head-age"]
    idle = replace(waits, components=(component("lanes", began=at(-31)),))
    assert judge(idle, None, LEVELS, NOON).status is Status.FAILING


_AGES = st.none() | st.integers(0, 300).map(lambda seconds: at(-seconds))


@given(
    waits=st.tuples(_AGES, _AGES, _AGES),
    taken=st.tuples(_AGES, _AGES, _AGES),
    busy=st.tuples(st.booleans(), st.booleans(), st.booleans()),
)
def test_healthy_is_never_said_while_something_waited_and_nothing_was_consumed(
    waits: tuple[datetime | None, ...], taken: tuple[datetime | None, ...], busy: tuple[bool, ...]
) -> None:
    inbox, head, outbox = waits
    names = ("inbox", "lanes", "outbox")
    measured = replace(
        FINE,
        store=replace(
            STORE, domains=(replace(DOMAIN, head_since=head),), inbox_since=inbox, due_since=outbox
        ),
        components=tuple(
            component(name, taken_at=when, busy=inside)
            for name, when, inside in zip(names, taken, busy, strict=True)
        ),
    )
    starved = any(
        since is not None and max(since, when or since) < NOON - LEVELS.unconsumed
        for since, when in zip(waits, taken, strict=True)
    )
    assert (judge(measured, None, LEVELS, NOON).status is Status.HEALTHY) == (not starved)
