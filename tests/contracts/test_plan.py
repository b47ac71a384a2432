"""What the numbers of a plan mean, and what its history says."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.plan import (
    FULL,
    WEIGHTS,
    Basis,
    Batch,
    Clash,
    Difference,
    Edit,
    Key,
    Metric,
    Plan,
    Status,
    blocked,
    changed,
    completed_between,
    current,
    differences,
    in_progress,
    late,
    next_goals,
    open_blockers,
    overall,
    progress,
    wanted,
    with_batch,
    with_metrics,
)
from tests.contracts.plans import BATCHES, PLANS

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
CRITICAL = Batch("a", "A", Status.IN_PROGRESS, "P0", Decimal(50))
PLAIN = Batch("b", "B", Status.NOT_STARTED)
LOW = Batch("c", "C", Status.DONE, "low")


# How far it is ---------------------------------------------------------------------------------
def test_the_overall_progress_counts_every_batch_by_its_priority() -> None:
    whole = overall(Plan((CRITICAL, PLAIN, LOW)))
    assert whole.percent == Decimal(4 * 50 + 2 * 0 + 1 * 100) / 7
    assert (whole.batches, whole.done) == (3, 1)


def test_a_plan_without_batches_has_no_progress_rather_than_none_at_all() -> None:
    assert overall(Plan()).percent is None


@settings(max_examples=40)
@given(PLANS)
def test_the_shares_that_are_shown_give_the_overall_progress_again(plan: Plan) -> None:
    whole = overall(plan)
    assert sum(share.batches for share in whole.shares) == whole.batches == len(plan.batches)
    if whole.percent is not None:
        above = sum((share.weight * share.percents for share in whole.shares), Decimal(0))
        assert whole.percent == above / sum(share.weight * share.batches for share in whole.shares)
        assert 0 <= whole.percent <= FULL


@settings(max_examples=40)
@given(PLANS, st.data())
def test_progress_of_one_batch_never_lowers_that_of_all(plan: Plan, data: st.DataObject) -> None:
    if not plan.batches:
        return
    batch = data.draw(st.sampled_from(plan.batches))
    more = replace(batch, progress=FULL)
    before, after = overall(plan).percent, overall(with_batch(plan, more)).percent
    assert before is not None
    assert after is not None
    assert after >= before


@given(BATCHES, st.integers(0, 1000))
def test_what_landed_never_changes_a_progress_that_was_said(batch: Batch, landed: int) -> None:
    far = progress(batch, {batch.id: landed})
    assert far.landed == landed
    if batch.progress is not None:
        assert (far.percent, far.basis) == (batch.progress, Basis.SAID)


@pytest.mark.parametrize(
    ("batch", "landed", "percent", "basis"),
    [
        (Batch("x", "X", Status.IN_PROGRESS, expected=Decimal(8)), 2, 25, Basis.COUNTED),
        (Batch("x", "X", Status.IN_PROGRESS, expected=Decimal(8)), 12, 100, Basis.COUNTED),
        (Batch("x", "X", Status.DONE, expected=Decimal(8)), 2, 100, Basis.STATUS),
        (Batch("x", "X", Status.IN_PROGRESS), 2, 0, Basis.STATUS),
        (Batch("x", "X", Status.BLOCKED, progress=Decimal(7), expected=Decimal(8)), 8, 7, Basis.SAID),
    ],
)
def test_where_progress_comes_from(batch: Batch, landed: int, percent: int, basis: Basis) -> None:
    far = progress(batch, {"x": landed})
    assert (int(far.percent), far.basis) == (percent, basis)


def test_every_priority_has_a_weight_and_the_words_mean_the_numbers() -> None:
    assert [WEIGHTS[f"P{n}"] for n in range(4)] == [4, 3, 2, 1]
    assert [WEIGHTS[word] for word in ("critical", "high", "medium", "low")] == [4, 3, 2, 1]


# What to look at -------------------------------------------------------------------------------
def test_another_batch_stands_in_the_way_until_it_is_done() -> None:
    second = replace(PLAIN, blockers=("a", "rain"))
    assert open_blockers(Plan((CRITICAL, second)), second) == ("a", "rain")
    assert open_blockers(Plan((replace(CRITICAL, status=Status.DONE), second)), second) == ("rain",)


def test_the_current_batch_is_the_most_urgent_one_in_progress_then_a_blocked_one_then_the_next() -> None:
    begun = replace(PLAIN, status=Status.IN_PROGRESS)
    assert in_progress(Plan((begun, CRITICAL))) == (CRITICAL, begun)
    assert current(Plan((begun, CRITICAL))) == CRITICAL
    stuck = replace(LOW, status=Status.BLOCKED)
    assert blocked(Plan((PLAIN, stuck))) == (stuck,)
    assert current(Plan((PLAIN, stuck))) == stuck
    assert current(Plan((LOW, PLAIN))) == PLAIN
    assert current(Plan((LOW,))) is None


def test_what_is_in_progress_with_something_in_the_way_is_blocked() -> None:
    held = replace(CRITICAL, blockers=("rain",))
    assert blocked(Plan((held, replace(PLAIN, blockers=("rain",))))) == (held,)


def test_the_next_goals_are_those_that_can_begin_the_urgent_ones_first() -> None:
    free, waiting = (
        Batch("f", "F", Status.NOT_STARTED, "P2"),
        Batch("w", "W", Status.QUEUED, "P0", blockers=("f",)),
    )
    queued, soon = (
        Batch("q", "Q", Status.QUEUED, "P2"),
        Batch("s", "S", Status.NOT_STARTED, "P2", target="2026-04-01"),
    )
    goals = next_goals(Plan((waiting, free, queued, soon, CRITICAL, LOW)))
    assert [batch.id for batch in goals] == ["s", "q", "f", "w"]
    assert len(next_goals(Plan((waiting, free, queued)), most=1)) == 1


def test_a_batch_is_late_when_its_day_is_over_and_not_when_its_week_is_only_a_word() -> None:
    due = replace(PLAIN, target="2026-03-02")
    plan = Plan((due, replace(LOW, target="2026-01-01"), replace(CRITICAL, target="Week 1")))
    assert late(plan, date(2026, 3, 2)) == ()
    assert late(plan, date(2026, 3, 3)) == (due,)


# Changing it -----------------------------------------------------------------------------------
def test_a_batch_that_becomes_done_is_all_done_unless_something_else_is_said() -> None:
    assert changed(CRITICAL, {Key.STATUS: Status.DONE}).progress == FULL
    said = changed(CRITICAL, {Key.STATUS: Status.DONE, Key.PROGRESS: Decimal(90)})
    assert said.progress == 90
    counted = replace(PLAIN, expected=Decimal(3))
    assert changed(counted, {Key.STATUS: Status.DONE}).progress is None


def test_a_field_that_becomes_nothing_is_left_out_from_then_on() -> None:
    owned = replace(PLAIN, owner="Ann", blockers=("rain",))
    assert Key.OWNER in owned.keys
    freed = changed(owned, {Key.OWNER: None, Key.BLOCKERS: ()})
    assert (freed.owner, freed.blockers) == (None, ())
    assert not {Key.OWNER, Key.BLOCKERS} & set(freed.keys)


def test_metrics_are_set_and_left_out() -> None:
    plan = with_metrics(Plan(metrics=((Metric.COVERAGE, None),)), {Metric.PRS_MERGED: Decimal(3)})
    assert plan.metrics == ((Metric.COVERAGE, None), (Metric.PRS_MERGED, Decimal(3)))
    assert with_metrics(plan, {Metric.PRS_MERGED: None}).metrics == ((Metric.COVERAGE, None),)


# Its history -----------------------------------------------------------------------------------
@settings(max_examples=40)
@given(PLANS, PLANS)
def test_a_difference_is_there_for_every_field_that_means_something_else(before: Plan, after: Plan) -> None:
    found = differences(before, after)
    assert all(each.before != each.after for each in found)
    assert differences(before, before) == ()
    for batch in after.batches:
        old = before.batch(batch.id)
        if old is not None and old.status is not batch.status:
            assert Difference(batch.id, "status", old.status, batch.status) in found


def test_the_order_of_the_batches_is_part_of_the_plan() -> None:
    assert differences(Plan((CRITICAL, LOW)), Plan((LOW, CRITICAL))) == (
        Difference(None, "batches", ("a", "c"), ("c", "a")),
    )


def status_edit(hours: float, batch: str, before: Status | None, after: Status | None) -> Edit:
    return Edit(1, NOON + timedelta(hours=hours), "ann", Difference(batch, "status", before, after))


def test_completed_is_what_became_done_in_that_time_and_stayed_so() -> None:
    history = [
        status_edit(-2, "early", Status.QUEUED, Status.DONE),
        status_edit(0, "a", Status.QUEUED, Status.DONE),
        status_edit(1, "b", None, Status.DONE),
        status_edit(2, "c", Status.QUEUED, Status.DONE),
        status_edit(3, "c", Status.DONE, Status.IN_PROGRESS),
        status_edit(4, "d", Status.QUEUED, Status.IN_PROGRESS),
        status_edit(24, "late", Status.QUEUED, Status.DONE),
    ]
    assert completed_between(history, NOON, NOON + timedelta(hours=24)) == ("a", "b")


# Editing beside others -------------------------------------------------------------------------
def edits(batch: Batch, *steps: dict[Key, object]) -> tuple[Batch, list[Edit]]:
    """*batch* after the steps, and their history; each by another."""
    history: list[Edit] = []
    for number, step in enumerate(steps, 1):
        after = changed(batch, step)  # type: ignore[arg-type]
        found = differences(Plan((batch,)), Plan((after,)))
        history += [Edit(number, NOON, f"writer-{number}", each) for each in found]
        batch = after
    return batch, history


def test_a_form_changes_only_what_was_changed_in_it() -> None:
    now, since = edits(CRITICAL, {Key.OWNER: "Ben"})
    form = {Key.STATUS: Status.DONE, Key.OWNER: None, Key.PROGRESS: Decimal(50)}
    assert wanted(now, form, since) == {Key.STATUS: Status.DONE}


def test_two_who_change_the_same_field_to_different_values_clash() -> None:
    now, since = edits(CRITICAL, {Key.OWNER: "Ben"}, {Key.OWNER: "Cem"})
    assert wanted(now, {Key.OWNER: "Dee"}, since) == Clash(Key.OWNER, "writer-2", "Cem")


def test_what_happened_to_other_batches_is_no_business_of_a_form() -> None:
    _, others = edits(PLAIN, {Key.OWNER: "Ben"})
    assert wanted(CRITICAL, {Key.OWNER: "Dee"}, others) == {Key.OWNER: "Dee"}


def test_two_who_change_the_same_field_to_the_same_value_agree() -> None:
    now, since = edits(CRITICAL, {Key.OWNER: "Ben"})
    assert wanted(now, {Key.OWNER: "Ben"}, since) == {}


@given(BATCHES, BATCHES)
def test_a_form_on_a_plan_that_nobody_else_changed_is_carried_out_as_it_is(
    shown: Batch, meant: Batch
) -> None:
    form = {
        Key.STATUS: meant.status,
        Key.PROGRESS: meant.progress,
        Key.OWNER: meant.owner,
        Key.BLOCKERS: meant.blockers,
    }
    given_ = wanted(shown, form, [])
    assert isinstance(given_, dict)
    after = changed(shown, {Key.PROGRESS: shown.progress, **given_})
    assert (after.status, after.progress, after.owner or None, after.blockers) == (
        meant.status,
        meant.progress,
        meant.owner or None,
        meant.blockers,
    )
