"""Atomic sets: none of one lands before all have passed, or at all if one does not; lanes go on meanwhile."""

from contracts.control import (
    Closed,
    CloseDomain,
    Closing,
    EndPatch,
    FreePatch,
    HoldPatch,
    OpenDomain,
    Prioritise,
    Priority,
)
from contracts.course import ended
from contracts.faults import Fault, Reason, fault
from contracts.notices import EditCard, Mark, NewDelivery, PostCard, PostSummary, SumUpSet, WriteSummary
from contracts.outcome import Landed, Prepared, Report, Stopped
from contracts.records import StoredPatch
from contracts.states import PatchState
from tests.engine.given import FAILED, LANDED, LEASE, NOW, Desk, after, asked, retry_at
from tests.engine.test_control import PROPOSED, decide, refused
from tests.engine.test_sets import enter, members, said, set_of

PASSED = Prepared(Report("main", base="b" * 40, commit="c" * 40), "rules")
READY, RUNNING, PREPARED, WAITING = (
    PatchState.READY,
    PatchState.RUNNING,
    PatchState.PREPARED,
    PatchState.WAITING,
)


async def states(desk: Desk, *ids: str) -> list[PatchState]:
    return [(await desk.patch(id_)).state for id_ in ids]


async def taken(desk: Desk, id_: str) -> StoredPatch:
    """The next one that is offered, which is *id_*."""
    claimed = await desk.start()
    assert claimed.id == id_
    return claimed


async def begin(desk: Desk, *domains: str) -> None:
    await enter(desk, *members(*domains, atomic=True))


async def test_none_may_land_before_all_have_passed_and_then_all_may(desk: Desk) -> None:
    await begin(desk, "web", "api")
    web, api = await taken(desk, "s-1-web"), await taken(desk, "s-1-api")
    assert web.bound
    await desk.finish(web, PASSED)
    assert await desk.claim() is None
    assert await states(desk, web.id, api.id) == [PREPARED, RUNNING]
    await desk.finish(api, PASSED)
    assert await states(desk, web.id, api.id) == [READY, READY]
    again = await desk.start()
    assert (again.bound, again.cleared, again.prepared) == (False, True, PASSED)
    assert again.tries == 1


async def test_what_passed_is_kept_with_what_it_was_judged_under(desk: Desk) -> None:
    await begin(desk, "web", "api")
    await desk.finish(await taken(desk, "s-1-web"), PASSED)
    row = await desk.patch("s-1-web")
    assert (row.prepared, row.report) == (PASSED, PASSED.report)


async def test_one_that_does_not_pass_takes_the_others_with_it(desk: Desk) -> None:
    await begin(desk, "web", "api", "docs")
    await desk.finish(await taken(desk, "s-1-web"), PASSED)
    await desk.finish(await taken(desk, "s-1-api"), FAILED)
    assert await states(desk, "s-1-web", "s-1-api", "s-1-docs") == [
        PatchState.CANCELLED,
        PatchState.FAILED,
        PatchState.CANCELLED,
    ]
    report = (await desk.patch("s-1-web")).report
    assert report is not None
    assert report.fault == fault(Reason.SET_BROKEN, id="s-1-api", domain="api", state=PatchState.FAILED)
    assert report.commit == "c" * 40
    assert await desk.engine.check() == ()


async def test_all_who_read_of_it_are_told_in_the_same_moment(desk: Desk) -> None:
    await begin(desk, "web", "api")
    await said(desk)
    await desk.finish(await taken(desk, "s-1-web"), FAILED)
    told = await said(desk)
    assert Mark(1) in told
    assert WriteSummary("s-1-api") in told
    assert SumUpSet("s-1") in told


async def test_a_card_that_stands_shows_it_and_its_thread_hears_it(desk: Desk) -> None:
    await begin(desk, "web", "api")
    await desk.put(NewDelivery(PostCard("s-1-api"), "C0API"))
    await desk.finish(await taken(desk, "s-1-web"), FAILED)
    told = [each for each in await said(desk) if each in (EditCard("s-1-api"), PostSummary("s-1-api"))]
    assert sorted(each.kind for each in told) == ["edit-card", "post-summary"]


async def test_one_that_runs_when_another_fails_is_ended_by_its_worker(desk: Desk) -> None:
    await begin(desk, "web", "api")
    web, api = await taken(desk, "s-1-web"), await taken(desk, "s-1-api")
    await desk.finish(web, FAILED)
    assert (await desk.engine.lanes.grip(api.id, api.attempt)).value == "stopped"
    why = (await desk.patch(api.id)).broken
    assert why is not None
    assert why.reason is Reason.SET_BROKEN
    await desk.finish(api, Stopped(Report("main", fault=why)))
    assert await states(desk, api.id) == [PatchState.STOPPED]


async def test_one_whose_worker_dies_when_another_fails_ends_as_well(desk: Desk) -> None:
    await begin(desk, "web", "api")
    web, api = await taken(desk, "s-1-web"), await taken(desk, "s-1-api")
    await desk.finish(web, FAILED)
    await desk.engine.lanes.tend(now=NOW + LEASE)
    assert await states(desk, api.id) == [PatchState.CANCELLED]
    assert [each.state for each in (await set_of(desk)).open] == []


async def test_whoever_takes_one_back_takes_back_all(desk: Desk) -> None:
    await begin(desk, "web", "api")
    await desk.finish(await taken(desk, "s-1-web"), PASSED)
    await decide(desk, EndPatch("s-1-web", PREPARED, "Ben"))
    assert await states(desk, "s-1-web", "s-1-api") == [PatchState.CANCELLED] * 2


async def test_once_all_have_passed_nobody_can_take_one_back(desk: Desk) -> None:
    await begin(desk, "web", "api")
    for id_ in ("s-1-web", "s-1-api"):
        await desk.finish(await taken(desk, id_), PASSED)
    row = await taken(desk, "s-1-web")
    refusal = ended(row, "Ben")
    assert isinstance(refusal, Fault)
    assert refusal.reason is Reason.SET_CLEARED
    assert await refused(desk, EndPatch(row.id, RUNNING, "Ben"))
    assert await refused(desk, EndPatch("s-1-api", READY, "Ben"))
    assert await refused(desk, HoldPatch("s-1-api", "Ben", ""))


async def test_a_cleared_one_that_fails_leaves_the_others_to_land(desk: Desk) -> None:
    await begin(desk, "web", "api")
    for id_ in ("s-1-web", "s-1-api"):
        await desk.finish(await taken(desk, id_), PASSED)
    await desk.finish(await taken(desk, "s-1-web"), FAILED)
    await desk.finish(await taken(desk, "s-1-api"), LANDED)
    assert await states(desk, "s-1-web", "s-1-api") == [PatchState.FAILED, PatchState.LANDED]


async def test_one_found_on_its_branch_has_passed(desk: Desk) -> None:
    await begin(desk, "web", "api")
    await desk.finish(await taken(desk, "s-1-web"), Landed(Report("main", found=True)))
    await desk.finish(await taken(desk, "s-1-api"), PASSED)
    assert (await taken(desk, "s-1-api")).cleared


# Turns -----------------------------------------------------------------------------------------
async def test_a_set_that_has_begun_goes_before_everybody(desk: Desk) -> None:
    await desk.settle(asked("before", domain="api"))
    before = await taken(desk, "before")
    await begin(desk, "web", "api")
    await desk.settle(asked("urgent", domain="api"))
    await decide(desk, Prioritise("urgent", Priority.EMERGENCY))
    assert await states(desk, "s-1-web", "s-1-api", "urgent") == [READY, WAITING, WAITING]
    found = await desk.engine.ledger.obstacles("urgent")
    assert found is not None
    assert found.ahead == ("before", "s-1-api")
    await desk.finish(before)
    assert await states(desk, "s-1-api", "urgent") == [READY, WAITING]


async def test_while_one_is_kept_back_none_has_its_turn(desk: Desk) -> None:
    await desk.settle(asked("first", domain="web"))
    await begin(desk, "web", "api")
    assert await states(desk, "s-1-web", "s-1-api") == [WAITING, READY]
    await decide(desk, HoldPatch("s-1-web", "Ben", "not yet"))
    assert await states(desk, "s-1-web", "s-1-api") == [WAITING, WAITING]
    await desk.finish(await taken(desk, "first"))
    assert await desk.claim() is None
    await decide(desk, FreePatch("s-1-web"))
    assert await states(desk, "s-1-web", "s-1-api") == [READY, READY]


async def test_a_prepared_one_gives_way_while_another_waits_for_its_time(desk: Desk) -> None:
    await begin(desk, "web", "api")
    await desk.settle(asked("behind", domain="web"))
    await desk.finish(await taken(desk, "s-1-web"), PASSED)
    await desk.finish(await taken(desk, "s-1-api"), retry_at(after(60)))
    assert await states(desk, "s-1-web", "behind") == [WAITING, READY]
    await desk.finish(await taken(desk, "behind"), now=after(1))
    assert await desk.claim(now=after(1)) is None
    await desk.engine.lanes.tend(now=after(60))
    again = await desk.start(now=after(60))
    assert (again.id, again.prepared, again.bound) == ("s-1-web", PASSED, True)


async def test_a_prepared_one_gives_way_while_another_needs_an_approval(desk: Desk) -> None:
    await begin(desk, "web", "api")
    await desk.finish(await taken(desk, "s-1-web"), PASSED)
    await desk.finish(await taken(desk, "s-1-api"), PROPOSED)
    assert await states(desk, "s-1-web", "s-1-api") == [WAITING, PatchState.PROPOSED]
    found = await desk.engine.ledger.obstacles("s-1-web")
    assert found is not None
    assert [(each.patch, each.state, each.kept) for each in found.companions] == [
        ("s-1-api", PatchState.PROPOSED, True)
    ]


async def test_a_closed_domain_keeps_the_whole_set_back(desk: Desk) -> None:
    await begin(desk, "web", "api")
    await desk.finish(await taken(desk, "s-1-web"), PASSED)
    await decide(desk, CloseDomain(Closed("api", Closing.PAUSED, "Ben", "release", NOW)))
    assert await states(desk, "s-1-web", "s-1-api") == [WAITING, WAITING]
    await decide(desk, OpenDomain("api", Closing.PAUSED))
    assert await states(desk, "s-1-web", "s-1-api") == [READY, READY]


async def test_all_that_passed_do_not_land_while_a_domain_of_theirs_is_closed(desk: Desk) -> None:
    await begin(desk, "web", "api")
    web, api = await taken(desk, "s-1-web"), await taken(desk, "s-1-api")
    await decide(desk, CloseDomain(Closed("api", Closing.FROZEN, "Ben", "release", NOW)))
    await desk.finish(web, PASSED)
    await desk.finish(api, PASSED)
    assert await states(desk, "s-1-web", "s-1-api") == [WAITING, WAITING]
    assert not (await desk.patch("s-1-web")).cleared


async def test_a_lane_waits_for_one_that_is_cleared(desk: Desk) -> None:
    await begin(desk, "web", "api")
    for id_ in ("s-1-web", "s-1-api"):
        await desk.finish(await taken(desk, id_), PASSED)
    await desk.finish(await taken(desk, "s-1-web"), retry_at(after(60)))
    for id_ in ("behind", "late"):
        await desk.settle(asked(id_, domain="web"))
    assert await states(desk, "s-1-web", "behind", "late") == [WAITING, WAITING, WAITING]
    await desk.engine.lanes.tend(now=after(60))
    again = await desk.start(now=after(60))
    assert (again.id, again.cleared) == ("s-1-web", True)
    await desk.finish(again, now=after(61))
    assert await states(desk, "behind") == [READY]


async def test_of_two_sets_that_share_a_domain_only_one_is_begun(desk: Desk) -> None:
    await enter(desk, *members("web", "api", of="s-1", text="one", atomic=True))
    await enter(desk, *members("api", "docs", of="s-2", text="two", atomic=True))
    await enter(desk, *members("shop", of="s-3", text="three", atomic=True), *members("mail", of="s-4"))
    assert await states(desk, "s-2-api", "s-2-docs") == [WAITING, WAITING]
    assert await states(desk, "s-3-shop", "s-4-mail") == [READY, READY]
    found = await desk.engine.ledger.obstacles("s-2-docs")
    assert found is not None
    assert found.sets_ahead == ("s-1",)
    for id_ in ("s-1-web", "s-1-api"):
        await desk.finish(await taken(desk, id_), PASSED)
    assert await states(desk, "s-2-api", "s-2-docs") == [WAITING, READY]


async def test_a_set_lets_go_first_who_was_passed_over_for_long(desk: Desk) -> None:
    await desk.settle(asked("runs", domain="api"))
    runs = await taken(desk, "runs")
    await desk.settle(asked("old", domain="api"))
    await decide(desk, Prioritise("old", Priority.LOW))
    for number in range(5):
        await desk.settle(asked(f"n-{number}", domain="api"))
        await desk.finish(runs)
        runs = await taken(desk, f"n-{number}")
    await begin(desk, "web", "api")
    assert await states(desk, "s-1-web") == [WAITING]
    await desk.finish(runs)
    assert await states(desk, "old", "s-1-web") == [READY, READY]
