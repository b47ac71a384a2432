"""What people decide about open patches and domains: on every engine the same, and all or nothing."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from contracts.commands import Place
from contracts.control import (
    FAIRNESS,
    Approval,
    ApprovePatch,
    Closed,
    CloseDomain,
    Closing,
    Control,
    Dependency,
    EndPatch,
    FreePatch,
    Grip,
    Hold,
    HoldPatch,
    OpenDomain,
    Prioritise,
    Priority,
    Proposal,
    RejectPatch,
)
from contracts.faults import Reason, fault
from contracts.notices import Deed, EditCard, NewDelivery, TellDeed
from contracts.outcome import Outcome, Proposed, Report, Step, Stopped
from contracts.ports import AuditEntry, MovedOnError, NewPatch, Sent, Settlement
from contracts.states import PatchState
from tests.engine.given import FAILED, LANDED, LEASE, NOW, Desk, after, asked, card

PROPOSAL = Proposal("b" * 64, (fault(Reason.PATH_PROTECTED, path="ci/build.yml", glob="ci/**"),))
PROPOSED = Proposed(Report("main", fault=fault(Reason.NOTHING_CHANGED)), PROPOSAL)
STOPPED = Stopped(Report("main", fault=fault(Reason.STOPPED_BY, by="Ben")))


async def decide(desk: Desk, *decided: Control) -> None:
    await desk.record()
    row = await desk.open_inbox()
    assert await desk.engine.inbox.settle(Settlement(row.id, row.attempt, Place(), changes=decided), now=NOW)


async def refused(desk: Desk, *decided: Control) -> bool:
    await desk.record()
    row = await desk.open_inbox()
    with pytest.raises(MovedOnError):
        await desk.engine.inbox.settle(Settlement(row.id, row.attempt, Place(), changes=decided), now=NOW)
    assert await desk.engine.inbox.settle(Settlement(row.id, row.attempt, Place()), now=NOW)
    return True


def wanting(new: NewPatch, priority: Priority = Priority.NORMAL, *, hotfix: bool = False) -> NewPatch:
    return replace(new, patch=replace(new.patch, priority=priority, hotfix=hotfix))


async def state(desk: Desk, patch: str) -> PatchState:
    return (await desk.patch(patch)).state


async def order(desk: Desk) -> list[str]:
    """Carry everything out that may begin, and say in which order."""
    ran = []
    while (claimed := await desk.claim()) is not None:
        ran.append(claimed.id)
        await desk.finish(claimed)
    return ran


# Taking patches out --------------------------------------------------------------------------------
async def test_a_waiting_patch_is_taken_back_and_counted(desk: Desk) -> None:
    await desk.settle(asked("a"), asked("b"))
    await decide(desk, EndPatch("b", PatchState.WAITING, "Ben"))
    gone = await desk.patch("b")
    assert (gone.state, gone.attempt, gone.finished_at) == (PatchState.CANCELLED, 0, NOW)
    assert gone.report is not None
    assert gone.report.fault == fault(Reason.CANCELLED_BY, by="Ben")
    assert (await desk.engine.ledger.states())[PatchState.CANCELLED] == 1
    assert await order(desk) == ["a"]
    assert await desk.engine.check() == ()


async def test_the_head_that_is_taken_back_gives_its_place_to_the_next(desk: Desk) -> None:
    await desk.settle(asked("a"), asked("b"))
    await decide(desk, EndPatch("a", PatchState.READY, "Ben"))
    assert await state(desk, "b") is PatchState.READY


async def test_equal_content_may_come_again_after_it_was_taken_back(desk: Desk) -> None:
    await desk.settle(asked("a", "same"))
    await decide(desk, EndPatch("a", PatchState.READY, "Ben"))
    assert (await desk.settle(asked("b", "same"))).accepted == ("b",)


async def test_a_decision_about_a_state_that_has_passed_writes_nothing(desk: Desk) -> None:
    await desk.settle(asked("a"))
    await desk.start()
    assert await refused(desk, EndPatch("a", PatchState.READY, "Ben"))
    assert await refused(desk, EndPatch("none", PatchState.READY, "Ben"))
    assert await state(desk, "a") is PatchState.RUNNING


async def test_a_running_patch_is_told_to_stop_and_takes_no_further_step(desk: Desk) -> None:
    await desk.settle(asked("a"))
    claimed = await desk.start()
    lanes = desk.engine.lanes
    assert await lanes.grip("a", 1) is Grip.HELD
    await decide(desk, EndPatch("a", PatchState.RUNNING, "Ben"))
    assert await lanes.grip("a", 1) is Grip.STOPPED
    assert await lanes.step("a", 1, Step.GATES, now=NOW, told=()) is Grip.STOPPED
    assert (await desk.patch("a")).steps == ()
    assert (await desk.patch("a")).stop_by == "Ben"
    assert await desk.finish(claimed, STOPPED)
    assert await state(desk, "a") is PatchState.STOPPED
    assert await desk.engine.check() == ()


async def test_nobody_stops_a_patch_that_is_landing(desk: Desk) -> None:
    await desk.settle(asked("a"))
    await desk.start()
    assert await desk.engine.lanes.step("a", 1, Step.LAND, now=NOW, told=()) is Grip.HELD
    assert await refused(desk, EndPatch("a", PatchState.RUNNING, "Ben"))
    assert await desk.engine.lanes.grip("a", 1) is Grip.HELD


async def test_a_grip_is_lost_with_the_lease(desk: Desk) -> None:
    await desk.settle(asked("a"))
    await desk.start()
    await desk.engine.lanes.tend(now=NOW + LEASE)
    assert await desk.engine.lanes.grip("a", 1) is Grip.LOST


# Holding -------------------------------------------------------------------------------------------
async def test_a_held_patch_lets_others_go_and_keeps_its_place(desk: Desk) -> None:
    await desk.settle(asked("a"), asked("b"))
    await decide(desk, HoldPatch("a", "Ben", "wait for the release"))
    assert (await desk.patch("a")).hold == Hold("Ben", "wait for the release", NOW)
    assert await state(desk, "b") is PatchState.READY
    held = [line.on_hold for line in await desk.engine.ledger.queue(["web"], limit=9)]
    assert held == [False, True]
    await desk.settle(asked("c"))
    await decide(desk, FreePatch("a"))
    assert await order(desk) == ["a", "b", "c"]


async def test_what_runs_cannot_be_held(desk: Desk) -> None:
    await desk.settle(asked("a"))
    await desk.start()
    assert await refused(desk, HoldPatch("a", "Ben", "no"))


async def test_a_held_patch_can_be_taken_back(desk: Desk) -> None:
    await desk.settle(asked("a"))
    await decide(desk, HoldPatch("a", "Ben", "no"))
    await decide(desk, EndPatch("a", PatchState.WAITING, "Ben"))
    assert await state(desk, "a") is PatchState.CANCELLED


# Priorities ----------------------------------------------------------------------------------------
async def test_a_higher_priority_goes_first_and_equal_ones_by_age(desk: Desk) -> None:
    await desk.settle(asked("running"))
    running = await desk.start()
    await desk.settle(
        wanting(asked("low"), Priority.LOW),
        wanting(asked("first")),
        wanting(asked("second")),
        wanting(asked("fire"), Priority.EMERGENCY),
        wanting(asked("soon"), Priority.HIGH),
    )
    await desk.finish(running)
    assert await order(desk) == ["fire", "soon", "first", "second", "low"]


async def test_the_oldest_is_passed_a_bounded_number_of_times(desk: Desk) -> None:
    await desk.settle(asked("running"))
    running = await desk.start()
    await desk.settle(wanting(asked("low"), Priority.LOW))
    rushing = [f"h{number}" for number in range(FAIRNESS + 3)]
    await desk.settle(*(wanting(asked(name), Priority.HIGH) for name in rushing))
    ledger = desk.engine.ledger
    _, *told = [line.id for line in await ledger.queue(["web"], limit=100)]
    kept = {patch: await ledger.obstacles(patch) for patch in told}
    await desk.finish(running)
    ran = await order(desk)
    assert ran.index("low") == FAIRNESS
    assert told == ran
    for patch, found in kept.items():
        assert found is not None
        assert found.ahead == ("running", *ran[: ran.index(patch)])


async def test_a_priority_can_be_changed_while_it_waits(desk: Desk) -> None:
    await desk.settle(asked("a"), asked("b"), asked("c"))
    await decide(desk, Prioritise("c", Priority.EMERGENCY))
    assert (await desk.patch("c")).priority is Priority.EMERGENCY
    assert await order(desk) == ["c", "a", "b"]


# Depending -----------------------------------------------------------------------------------------
async def test_a_patch_begins_after_what_it_needs_has_landed_in_whatever_lane(desk: Desk) -> None:
    await desk.settle(asked("api", domain="api"))
    await desk.settle(replace(asked("web"), needs=("api",)), asked("other"))
    assert await state(desk, "other") is PatchState.READY
    found = await desk.engine.ledger.obstacles("web")
    assert found is not None
    assert found.waits_for == (Dependency("api", PatchState.READY),)
    api = await desk.start()
    assert api.id == "api"
    await desk.finish(api, LANDED)
    assert await order(desk) == ["other", "web"] or await state(desk, "web") is PatchState.LANDED


async def test_what_it_needs_may_have_landed_before(desk: Desk) -> None:
    await desk.settle(asked("a"))
    await order(desk)
    await desk.settle(replace(asked("b"), needs=("a",)))
    assert await state(desk, "b") is PatchState.READY


async def test_what_does_not_land_keeps_others_waiting_and_they_say_for_what(desk: Desk) -> None:
    await desk.settle(asked("a"), replace(asked("b"), needs=("a",)))
    await decide(desk, EndPatch("a", PatchState.READY, "Ben"))
    assert await order(desk) == []
    found = await desk.engine.ledger.obstacles("b")
    assert found is not None
    assert found.waits_for == (Dependency("a", PatchState.CANCELLED),)


@pytest.mark.parametrize("ends", [LANDED, FAILED])
async def test_the_card_of_what_waits_says_what_became_of_what_it_waits_for(
    desk: Desk, ends: Outcome
) -> None:
    await desk.settle(asked("a"), replace(asked("b"), needs=("a",)), told=[card("b")])
    posted = await desk.letter()
    await desk.engine.outbox.record(posted.id, posted.attempt, Sent(Place("C0DEV", "1.5")), now=NOW)
    await desk.finish(await desk.start(), ends)
    assert (await desk.letter()).notice == EditCard("b")
    assert await desk.engine.check() == ()


# Domains -------------------------------------------------------------------------------------------
def closing(how: Closing, domain: str | None = "web", until: datetime | None = None) -> CloseDomain:
    return CloseDomain(Closed(domain, how, "Ben", "because", NOW, until))


async def test_a_paused_domain_lets_nothing_begin_and_takes_things_in(desk: Desk) -> None:
    await desk.settle(asked("a"))
    await decide(desk, closing(Closing.PAUSED))
    await desk.settle(asked("b"), asked("elsewhere", domain="api"))
    assert await order(desk) == ["elsewhere"]
    assert await state(desk, "a") is PatchState.WAITING
    found = await desk.engine.ledger.obstacles("a")
    assert found is not None
    assert [each.closing for each in found.closed] == [Closing.PAUSED]
    await decide(desk, OpenDomain("web", Closing.PAUSED))
    assert await order(desk) == ["a", "b"]


async def test_a_hotfix_goes_through_a_freeze_and_nothing_else_does(desk: Desk) -> None:
    await decide(desk, closing(Closing.FROZEN))
    await desk.settle(asked("a"), wanting(asked("fix"), hotfix=True))
    assert await order(desk) == ["fix"]


async def test_what_is_over_is_opened_only_if_nobody_has_prolonged_it(desk: Desk) -> None:
    first, longer = closing(Closing.FROZEN, until=after(60)), closing(Closing.FROZEN, until=after(90))
    await decide(desk, first)
    await desk.settle(asked("a"))
    await decide(desk, longer)
    over = OpenDomain("web", Closing.FROZEN, first.closed)
    told = (NewDelivery(TellDeed(Deed.THAWED, "Ben", {"domain": "web", "why": "because"}), "C0PATCHES"),)
    assert not await desk.engine.lanes.decide([over], now=after(60), told=told)
    assert await state(desk, "a") is PatchState.WAITING
    assert (await desk.engine.ledger.counts()).outbox == 0
    [present] = await desk.engine.ledger.closed()
    over = OpenDomain("web", Closing.FROZEN, present)
    assert await desk.engine.lanes.decide([over], now=after(90), told=told)
    assert await state(desk, "a") is PatchState.READY
    assert (await desk.engine.ledger.counts()).outbox == 1
    assert await desk.engine.ledger.closed() == ()


async def test_the_kill_switch_reaches_what_runs(desk: Desk) -> None:
    await desk.settle(asked("a"), asked("b"))
    await desk.start()
    await decide(desk, closing(Closing.HALTED, None))
    assert await desk.engine.lanes.grip("a", 1) is Grip.HALTED
    assert await desk.engine.lanes.step("a", 1, Step.LAND, now=NOW, told=()) is Grip.HALTED
    assert await desk.engine.lanes.release("a", 1, now=NOW, blameless=True)
    assert await desk.claim() is None
    await decide(desk, OpenDomain(None, Closing.HALTED))
    assert await order(desk) == ["a", "b"]


async def test_draining_lets_what_waits_go(desk: Desk) -> None:
    await desk.settle(asked("a"), asked("b"))
    await decide(desk, closing(Closing.DRAINING))
    assert await order(desk) == ["a", "b"]


# Approving -----------------------------------------------------------------------------------------
async def proposed(desk: Desk) -> None:
    await desk.settle(asked("a"), asked("b"))
    await desk.finish(await desk.start(), PROPOSED)


async def test_a_proposed_patch_frees_its_lane_and_waits_for_somebody(desk: Desk) -> None:
    await proposed(desk)
    patch = await desk.patch("a")
    assert (patch.state, patch.proposal, patch.tries) == (PatchState.PROPOSED, PROPOSAL, 0)
    assert await order(desk) == ["b"]
    assert (await desk.engine.ledger.states())[PatchState.PROPOSED] == 1
    [line] = await desk.engine.ledger.queue(["web"], limit=5)
    assert (line.id, line.state) == ("a", PatchState.PROPOSED)


async def test_an_approval_holds_for_what_was_approved_and_nothing_else(desk: Desk) -> None:
    await proposed(desk)
    assert await refused(desk, ApprovePatch("a", "another", "Cleo"))
    await decide(desk, ApprovePatch("a", PROPOSAL.binding, "Cleo"))
    assert (await desk.patch("a")).approval == Approval(PROPOSAL.binding, "Cleo", NOW)
    assert await order(desk) == ["a", "b"]


async def test_a_rejected_patch_is_over(desk: Desk) -> None:
    await proposed(desk)
    await decide(desk, RejectPatch("a", PROPOSAL.binding, "Cleo"))
    assert await state(desk, "a") is PatchState.REJECTED
    assert await desk.engine.ledger.obstacles("a") is None
    assert await desk.engine.check() == ()


# Why -----------------------------------------------------------------------------------------------
async def test_those_ahead_are_named_in_their_order(desk: Desk) -> None:
    await desk.settle(asked("a"), asked("b"), asked("c"), wanting(asked("d"), Priority.HIGH))
    found = await desk.engine.ledger.obstacles("c")
    assert found is not None
    assert found.ahead == ("a", "d", "b")


# Undoing what landed -----------------------------------------------------------------------------
async def test_a_patch_knows_the_latest_one_that_undoes_it(desk: Desk) -> None:
    await desk.settle(asked("a"))
    await desk.finish(await desk.start())
    assert (await desk.patch("a")).reverted_by is None
    for name in ("b", "c"):
        await desk.settle(replace(asked(name), patch=replace(asked(name).patch, reverts="a")))
        assert (await desk.patch("a")).reverted_by == name
    undoing = await desk.patch("b")
    assert (undoing.patch.reverts, undoing.reverted_by) == ("a", None)
    await desk.finish(await desk.start())
    assert (await desk.patch("a")).reverted_by == "c"


# What the desk decides by itself, and what is asked of threads, names and times -----------------------
async def test_what_the_desk_decides_by_itself_is_all_or_nothing_and_said_with_it(desk: Desk) -> None:
    await desk.settle(asked("a"))
    lanes, ledger = desk.engine.lanes, desk.engine.ledger
    gone = EndPatch("none", PatchState.READY, "desk")
    assert not await lanes.decide([closing(Closing.FROZEN), gone], now=NOW, told=[card("a")])
    assert await ledger.closed() == ()
    assert (await ledger.counts()).outbox == 0
    note = AuditEntry("desk", "close-domain", "web")
    assert await lanes.decide([closing(Closing.FROZEN)], now=NOW, told=[card("a")], audit=[note])
    assert [each.closing for each in await ledger.closed()] == [Closing.FROZEN]
    assert (await ledger.counts()).outbox == 1
    assert (await ledger.audit(limit=1))[0][1] == note
    assert await state(desk, "a") is PatchState.WAITING


async def test_a_patch_is_found_by_its_id_and_else_by_what_the_latest_message_called_it(desk: Desk) -> None:
    def called(new: NewPatch, label: str) -> NewPatch:
        return replace(new, patch=replace(new.patch, label=label))

    await desk.settle(called(asked("a1"), "fix"))
    await desk.settle(called(asked("b1"), "fix"), called(asked("b2", domain="api"), "fix"))
    await desk.settle(called(asked("fix2"), "b1"))
    named = desk.engine.ledger.named
    assert [line.id for line in await named("fix")] == ["b1", "b2"]
    assert [line.id for line in await named("b1")] == ["b1"]
    assert await named("none") == ()


async def test_the_patches_of_a_thread_are_those_whose_cards_stand_in_it(desk: Desk) -> None:
    await desk.settle(asked("a"), asked("b"), told=[card("a", thread="1.1"), card("b")])
    for ref in (Place("C0DEV", "2.2", "1.1"), Place("C0DEV", "3.3")):
        letter = await desk.letter()
        assert await desk.engine.outbox.record(letter.id, letter.attempt, Sent(ref), now=NOW)
    in_thread = desk.engine.ledger.in_thread
    assert [line.id for line in await in_thread(Place("C0DEV", "9.9", "1.1"))] == ["a"]
    assert [line.id for line in await in_thread(Place("C0DEV", "9.9", "3.3"))] == ["b"]
    assert await in_thread(Place("C0OPS", "9.9", "1.1")) == ()


async def test_run_times_are_of_what_ran_latest_first(desk: Desk) -> None:
    await desk.settle(asked("a"), asked("b"), asked("c"))
    for seconds in (5, 7):
        await desk.finish(await desk.start(), now=after(seconds))
    await decide(desk, EndPatch("c", PatchState.READY, "Ben"))
    lasted = await desk.engine.ledger.run_times("web", last=9)
    assert lasted == (timedelta(seconds=7), timedelta(seconds=5))
    assert len(await desk.engine.ledger.run_times("web", last=1)) == 1
    assert await desk.engine.ledger.run_times("api", last=9) == ()


async def test_why_nothing_came_of_a_row_is_kept_with_it(desk: Desk) -> None:
    await desk.record()
    row = await desk.open_inbox()
    why = fault(Reason.NOT_YOURS, domain="web")
    await desk.engine.inbox.settle(Settlement(row.id, row.attempt, Place(), refused=why), now=NOW)
    standing = await desk.engine.ledger.inbox_of(row.id)
    assert standing is not None
    assert standing.refused == why


async def test_what_needs_a_twin_waits_for_the_first_of_them(desk: Desk) -> None:
    await desk.settle(asked("first", "same", domain="api"))
    await desk.settle(asked("twin", "same", domain="api"), replace(asked("b"), needs=("twin",)))
    found = await desk.engine.ledger.obstacles("b")
    assert found is not None
    assert found.waits_for == (Dependency("first", PatchState.READY),)


async def test_an_edit_may_need_what_its_message_brought_before(desk: Desk) -> None:
    here = Place("C0DEV", "5.5", "5.5")
    await desk.settle(asked("old", "same", domain="api", place=here))
    again = asked("new", "same", domain="api", place=here)
    await desk.settle(again, replace(asked("b", place=here), needs=("new",)), edited=True)
    found = await desk.engine.ledger.obstacles("b")
    assert found is not None
    assert found.waits_for == (Dependency("old", PatchState.READY),)


async def test_what_is_given_back_is_said_with_it(desk: Desk) -> None:
    await desk.settle(asked("a"))
    await desk.start()
    assert await desk.engine.lanes.release("a", 1, now=NOW, blameless=True, told=[card("a")])
    assert (await desk.engine.ledger.counts()).outbox == 1
    assert not await desk.engine.lanes.release("a", 1, now=NOW, blameless=True, told=[card("a")])
    assert (await desk.engine.ledger.counts()).outbox == 1
