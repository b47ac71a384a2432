"""What somebody does to all of a set at once: each member by its own rights, in one settlement."""

from dataclasses import replace

import pytest

from bot import deeds
from contracts.commands import Actor, ActorKind, Place
from contracts.control import EndPatch, FreePatch, Hold, HoldPatch
from contracts.faults import Reason
from contracts.notices import Confirm, Deed, Deny, EditCard, Mark, TellDeed, WriteSummary
from contracts.outcome import Step, StepTime
from contracts.ports import Settlement
from contracts.records import PatchSet, StoredPatch
from contracts.settings import DomainSettings, Settings, Submitters
from contracts.states import PatchState
from contracts.steering import PutOnHold, Resume, Stop
from tests.delivery.rows import LANDED, RUNNING, WAITING, at

HERE = Place("C0HERE", None, "1.1")
BEN = Actor(ActorKind.PERSON, "U0BEN", "Ben", "ben@example.com")
ADA = WAITING.actor
SETTINGS = Settings(
    domains={
        "web": DomainSettings(channels=("C0HERE",)),
        "ops": DomainSettings(channels=("C0HERE",), submitters=Submitters(users=frozenset({"U0EVE"}))),
    }
)
LANDING = replace(RUNNING, steps=(StepTime(Step.LAND, at(4)),))


def member(row: StoredPatch, domain: str) -> StoredPatch:
    place = Place("C0HERE", "1.1", "1.1")
    return replace(row, id=f"{domain}-1", place=place, patch=replace(row.patch, domain=domain))


def of(web: StoredPatch, ops: StoredPatch) -> PatchSet:
    members = (member(web, "web"), member(ops, "ops"))
    return PatchSet("s-1", 1, False, ("web", "ops"), members, Place("C0HERE", None, "1.1"))


def done(found: PatchSet, command: deeds.OfOpen, actor: Actor = ADA, place: Place = HERE) -> Settlement:
    return deeds.of_set(Settlement(7, 1, place), actor, command, found, SETTINGS)


def notices(settlement: Settlement) -> list[object]:
    return [told.notice for told in settlement.told]


def test_all_that_is_open_ends_in_one_settlement_and_is_told_once_under_the_sets_card() -> None:
    settlement = done(of(RUNNING, WAITING), Stop("s-1"))
    assert settlement.changes == (
        EndPatch("web-1", PatchState.RUNNING, "Ada Okafor"),
        EndPatch("ops-1", PatchState.WAITING, "Ada Okafor"),
    )
    assert notices(settlement) == [
        TellDeed(Deed.STOPPING, "Ada Okafor", {}, "s-1"),
        EditCard("web-1"),
        EditCard("ops-1"),
        WriteSummary("ops-1"),
        Mark(1),
    ]
    [entry] = settlement.audit
    assert entry.detail == "set s-1: web-1, ops-1"
    assert settlement.refused is None


def test_what_is_over_is_left_as_it_is() -> None:
    settlement = done(of(LANDED, WAITING), Stop("s-1"))
    assert settlement.changes == (EndPatch("ops-1", PatchState.WAITING, "Ada Okafor"),)
    assert settlement.told[0].notice == TellDeed(Deed.CANCELLED, "Ada Okafor", {}, "s-1")


def test_each_member_is_held_to_the_rights_in_its_own_domain() -> None:
    settlement = done(of(WAITING, WAITING), PutOnHold("s-1", "later"), BEN)
    assert settlement.changes == (HoldPatch("web-1", "Ben", "later"),)
    [denied] = [each for each in notices(settlement) if isinstance(each, Deny)]
    assert denied.fault.reason is Reason.NOT_YOURS
    assert settlement.refused == denied.fault


def test_one_that_lands_this_very_moment_does_not_save_the_others() -> None:
    settlement = done(of(LANDING, WAITING), Stop("s-1"))
    assert settlement.changes == (EndPatch("ops-1", PatchState.WAITING, "Ada Okafor"),)
    assert settlement.refused is not None
    assert settlement.refused.reason is Reason.LANDING_NOW


def test_only_what_is_on_hold_is_resumed() -> None:
    held = replace(WAITING, hold=Hold("Ben", "", at(1)))
    assert done(of(held, WAITING), Resume("s-1")).changes == (FreePatch("web-1"),)


@pytest.mark.parametrize(
    ("found", "command", "why"),
    [
        (of(LANDED, LANDED), Stop("s-1"), Reason.SET_OVER),
        (of(LANDED, LANDED), Resume("s-1"), Reason.SET_OVER),
        (of(WAITING, WAITING), Resume("s-1"), Reason.NOT_HELD),
        (of(LANDING, LANDED), Stop("s-1"), Reason.LANDING_NOW),
    ],
)
def test_where_nothing_can_be_done_it_is_said_why(
    found: PatchSet, command: deeds.OfOpen, why: Reason
) -> None:
    settlement = done(found, command)
    assert settlement.changes == ()
    assert settlement.refused is not None
    assert settlement.refused.reason is why


def test_the_cards_of_members_elsewhere_are_told_too_and_so_is_who_said_it_outside_of_the_thread() -> None:
    web = replace(member(WAITING, "web"), place=Place("C0WEB", "2.1", "2.1"))
    found = replace(of(WAITING, LANDED), members=(web, member(LANDED, "ops")))
    settlement = done(found, PutOnHold("s-1", ""), place=Place("C0HERE"))
    assert notices(settlement) == [
        TellDeed(Deed.HELD, "Ada Okafor", {"why": ""}, "s-1"),
        EditCard("web-1"),
        TellDeed(Deed.HELD, "Ada Okafor", {"why": ""}, "web-1"),
        Confirm(ADA.id, settlement.told[-1].notice.did, {"patch": "s-1"}),  # type: ignore[union-attr]
    ]
    assert [told.channel for told in settlement.told] == ["C0HERE", "C0WEB", "C0WEB", "C0HERE"]
