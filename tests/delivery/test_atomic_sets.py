"""What is said of patches that land together or not at all."""

from dataclasses import replace

from bot.delivery.render import sets
from bot.delivery.render.cards import card
from bot.delivery.wording.ink import PLAIN
from bot.delivery.wording.patches import standing, summary
from bot.delivery.wording.waiting import obstacles
from contracts.control import Companion, Obstacles
from contracts.course import Offer, offers
from contracts.faults import Reason, fault
from contracts.outlook import Outlook
from contracts.records import PatchSet
from contracts.states import PatchState
from tests.delivery.rows import FAILED, LANDED, NOON, REPORT, WAITING

PREPARED = replace(WAITING, state=PatchState.PREPARED, attempt=1, report=REPORT, bound=True)
DOCS = Companion("d0c5", "docs", PatchState.RUNNING, kept=False)
HELD = Companion("d0c5", "docs", PatchState.WAITING, kept=True)
BROKEN = fault(Reason.SET_BROKEN, id="d0c5", domain="docs", state=PatchState.FAILED)


def seen(*companions: Companion) -> Outlook:
    return Outlook(Obstacles(companions=companions), None, fault(Reason.NO_FORECAST))


def test_one_that_passed_says_for_whom_it_waits() -> None:
    said = standing(PREPARED, PLAIN, outlook=seen(DOCS), now=NOON)
    assert said == "Ready. Its gates passed; it waits for docs to pass, too."
    assert "the others of its set" in standing(PREPARED, PLAIN, outlook=None, now=NOON)


def test_what_keeps_another_back_is_named_to_those_that_need_it() -> None:
    [line] = obstacles(seen(HELD), PLAIN, now=NOON)
    assert (
        line == "Lands only together with docs (patch `d0c5`), which is waiting, and something keeps it back."
    )
    [ahead] = obstacles(Outlook(Obstacles(sets_ahead=("s-7",)), None), PLAIN, now=NOON)
    assert ahead == "The set `s-7`, which shares a domain with its own, goes before it."


def test_while_it_waits_it_can_be_taken_back_and_once_all_have_passed_it_cannot() -> None:
    assert offers(PREPARED) == (Offer.HOLD, Offer.CANCEL)
    ready = replace(PREPARED, state=PatchState.READY, bound=False, cleared=True)
    assert offers(ready) == ()
    said = standing(ready, PLAIN, outlook=None, now=NOON)
    assert said == "All of its set have passed their gates; it lands as soon as a worker is free."
    shown = card(ready, channel="C0PATCHES", outlook=None, now=NOON, link=None)
    assert not any(block["type"] == "actions" for block in shown.blocks)


def test_one_that_runs_while_its_set_breaks_says_why_it_ends() -> None:
    running = replace(PREPARED, state=PatchState.RUNNING, broken=BROKEN)
    said = standing(running, PLAIN, outlook=None, now=NOON)
    assert said == "Its set cannot land because of docs (patch `d0c5`): failed. It ends within seconds."


def test_that_its_gates_ran_before_is_told_with_what_landed() -> None:
    reused = replace(LANDED, report=replace(REPORT, reused=True))
    assert (
        "its gates ran in an earlier try, on exactly this candidate" in summary(reused, PLAIN, now=NOON).facts
    )


def test_where_not_all_of_it_landed_the_way_back_is_offered() -> None:
    landed, failed = replace(LANDED, set_id="s-1"), replace(FAILED, id="d0c5", set_id="s-1")
    failed = replace(failed, patch=replace(failed.patch, domain="docs"))
    found = PatchSet("s-1", 1, True, ("web", "docs"), (landed, failed), landed.place)
    said = str(sets.summary(found, links={}).blocks)
    assert "To undo what landed: `revert k3v9x2ab`." in said
    assert "To undo" not in str(sets.summary(replace(found, atomic=False), links={}).blocks)
