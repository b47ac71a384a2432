"""Whatever a plan holds: Slack takes the roadmap, the risks and the form, and nothing in them pings."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.delivery.render import plan as render
from bot.delivery.render.limits import check_view
from bot.delivery.wording import plan as wording
from bot.delivery.wording.ink import MRKDWN, PLAIN
from contracts.faults import Fault, Reason
from contracts.formats.plan_text import MOST_NOTES, MOST_TEXT
from contracts.plan import Batch, Difference, Edit, Key, Metric, Plan, Status, overall
from contracts.plan_store import KeptPlan
from contracts.register import Degree, Risk, RiskState
from tests.delivery.rows import HOSTILE, NOON, faults
from tests.delivery.test_render_limits import check, whole
from tests.peer.blocks import problems_in_view

thorough = settings(max_examples=30, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])

_STORED = HOSTILE.map(lambda text: text.encode("utf-8", "replace").decode())
_LINES = _STORED.map(lambda text: " ".join(text.split())[:MOST_TEXT] or "x")
_BATCH = st.builds(
    Batch,
    st.text("abc.:/-", min_size=1, max_size=64),
    _LINES,
    st.sampled_from(Status),
    st.none() | st.sampled_from(["P0", "low"]),
    st.none() | st.decimals(0, 100, places=4),
    st.none() | st.integers(1, 9).map(Decimal),
    st.sampled_from([None, "", "2020-01-01", "Week 3\u20134"]),
    st.lists(_LINES, max_size=20).map(tuple),
    st.none() | _LINES,
    st.none() | _STORED.map(lambda text: text[:MOST_NOTES]),
)
_PLANS = st.lists(_BATCH, max_size=8, unique_by=lambda batch: batch.id).map(lambda found: Plan(tuple(found)))
_RISK = st.builds(
    Risk,
    _LINES,
    _LINES,
    st.sampled_from(Degree),
    st.sampled_from(Degree),
    _STORED,
    _STORED,
    st.sampled_from(RiskState),
)


def many(count: int, name: str = "\u202e<!channel> " + "\U0001f600" * 150) -> Plan:
    statuses = list(Status)
    return Plan(
        tuple(
            Batch(
                f"batch-{n}",
                name,
                statuses[n % len(statuses)],
                "P1",
                blockers=(name,),
                owner=name,
                notes=name,
            )
            for n in range(count)
        ),
        ((Metric.COVERAGE, Decimal(80)),),
    )


@thorough
@given(plan=_PLANS, landed=st.integers(0, 9))
def test_slack_takes_every_roadmap(plan: Plan, landed: int) -> None:
    check(render.roadmap(KeptPlan(1, plan), {batch.id: landed for batch in plan.batches}, now=NOON))


@thorough
@given(risks=st.lists(_RISK, max_size=8))
def test_slack_takes_every_register(risks: list[Risk]) -> None:
    check(render.risks(risks, now=NOON))


@thorough
@given(batch=_BATCH, before=_STORED, after=st.none() | _STORED | st.tuples(_LINES, _LINES))
def test_slack_takes_every_change(batch: Batch, before: str, after: str | None) -> None:
    edits = [Edit(1, NOON, "x", Difference(batch.id, key.value, before, after)) for key in Key]
    for found in (batch, None):
        check(render.told(batch.id, found, edits, user="U0ADA"))


@thorough
@given(batch=_BATCH, landed=st.integers(0, 9))
def test_slack_takes_the_form_of_every_batch(batch: Batch, landed: int) -> None:
    view = render.change_view(KeptPlan(7, Plan((batch,))), batch, "C0DEV", {batch.id: landed}, now=NOON)
    check_view(view)
    assert problems_in_view(view) == []


@thorough
@given(plan=_PLANS.filter(lambda plan: plan.batches))
def test_slack_takes_the_choice_among_the_batches_of_every_plan(plan: Plan) -> None:
    view = render.choose_view(plan, "C0DEV")
    check_view(view)
    assert problems_in_view(view) == []


@given(wrong=st.dictionaries(st.sampled_from(render.FORM), faults(), min_size=1))
@settings(max_examples=20)
def test_an_error_beside_a_field_is_short(wrong: dict[Key, Fault]) -> None:
    errors = render.field_errors(wrong)
    assert set(errors) == {key.value for key in wrong}
    assert all(0 < len(text) <= 600 for text in errors.values())


@pytest.mark.parametrize("count", [11, 200, 500])
def test_a_long_roadmap_shows_what_is_under_way_and_counts_what_it_leaves_out(count: int) -> None:
    said = render.roadmap(KeptPlan(1, many(count)), {}, now=NOON)
    check(said)
    text = whole(said)
    assert f"over all {count:,} batches" in text
    shown = sum(f"`batch-{n}`" in text for n in range(count))
    assert shown == count or f"and {count - shown:,} more batches" in text
    assert "`batch-2`" in text


def test_every_one_of_many_batches_can_be_chosen() -> None:
    view = render.choose_view(many(500), "C0DEV")
    check_view(view)
    [block] = view["blocks"]
    values = [option["value"] for group in block["element"]["option_groups"] for option in group["options"]]
    assert sorted(values) == sorted(f"batch-{n}" for n in range(500))


def test_notes_that_do_not_fit_into_a_field_stay_out_of_the_form() -> None:
    batch = Batch("b-1", "x", Status.QUEUED, notes="\U0001f600" * 2000)
    view = render.change_view(KeptPlan(1, Plan((batch,))), batch, "C0DEV", {}, now=NOON)
    check_view(view)
    assert "notes" not in {block.get("block_id") for block in view["blocks"]}


# Words -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("percent", "drawn"),
    [
        ("0", "\u2591" * 10),
        ("0.01", "\u2588" + "\u2591" * 9),
        ("99.9", "\u2588" * 9 + "\u2591"),
        ("100", "\u2588" * 10),
    ],
)
def test_a_bar_is_empty_only_at_0_and_full_only_at_100(percent: str, drawn: str) -> None:
    assert wording.bar(Decimal(percent)) == drawn


@pytest.mark.parametrize(
    ("value", "said"), [("99.99", "99.9 %"), ("100", "100 %"), ("33.333", "33.3 %"), ("0", "0 %")]
)
def test_a_percentage_is_never_rounded_up(value: str, said: str) -> None:
    assert wording.percent(Decimal(value)) == said


def test_the_rule_is_written_out_with_its_numbers() -> None:
    plan = Plan((Batch("a", "A", Status.DONE, "P0"), Batch("b", "B", Status.QUEUED)))
    assert wording.rule(overall(plan)).endswith("(4 × 100 + 2 × 0) ÷ (4 × 1 + 2 × 1) = 66.6 %.")


def test_a_day_that_is_over_is_said_and_a_done_batch_has_nothing_in_its_way() -> None:
    batch = Batch("a", "A", Status.BLOCKED, target="2026-01-01", blockers=("rain",))
    assert wording.due(batch, PLAIN, today=date(2026, 1, 2)) == "overdue since 2026-01-01"
    assert wording.in_the_way(Plan((batch,)), batch, MRKDWN) == "blocked by rain"
    done = replace(batch, status=Status.DONE)
    assert wording.due(done, PLAIN, today=date(2026, 1, 2)) == "until 2026-01-01"
    assert wording.in_the_way(Plan((done,)), done, MRKDWN) == ""
    unsaid = replace(batch, blockers=())
    assert wording.in_the_way(Plan((unsaid,)), unsaid, PLAIN) == "blocked, and nobody said by what"


def test_every_word_of_the_plan_has_a_name_for_people() -> None:
    assert set(wording.STATUS_NAMES) == set(Status)
    assert {*Key, *Metric} - {Key.ID} <= set(wording.FIELD_NAMES)
    assert set(wording.RISK_STATES) == set(RiskState)


def test_why_there_is_no_form_is_a_view_of_its_own() -> None:
    view = render.notice_view(Fault(Reason.NO_PLAN))
    check_view(view)
    assert problems_in_view(view) == []
    assert problems_in_view(render.loading_view()) == []
