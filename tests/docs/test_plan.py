"""What `docs/plan.md` says of the plan is so."""

import re
from pathlib import Path

from contracts.formats.plan_text import MOST_BATCHES, MOST_BLOCKERS, MOST_NOTES, read_plan
from contracts.plan import WEIGHTS, Key, Metric, Plan, Status, overall
from contracts.register import RiskState

PAGE = (Path(__file__).parents[2] / "docs/plan.md").read_text(encoding="utf-8")


def example() -> Plan:
    [text] = re.findall(r"^```json\n(.*?)^```$", PAGE, re.M | re.S)
    plan = read_plan(text)
    assert isinstance(plan, Plan)
    return plan


def test_the_example_is_a_plan_with_every_metric() -> None:
    assert [batch.id for batch in example().batches] == ["batch-1", "batch-2"]
    assert {metric for metric, _ in example().metrics or ()} == set(Metric)


def test_the_table_names_every_field_in_the_order_of_the_file() -> None:
    table = PAGE.partition("| field | holds |")[2].partition("\n\n")[0]
    assert re.findall(r"^\| `(\w+)` \|", table, re.M) == list(Key)


def test_every_status_and_every_metric_is_named() -> None:
    assert all(f"`{word}`" in PAGE for word in (*Status, *Metric))
    assert all(f"`{state}`" in PAGE for state in (RiskState.OPEN, RiskState.ACCEPTED))


def test_the_table_of_priorities_is_the_rule() -> None:
    rows = re.findall(r"^\| `(\w+)`, `(\w+)` \| (\d) \|", PAGE, re.M)
    assert {name: int(weight) for *names, weight in rows for name in names} == dict(WEIGHTS)


def test_the_bounds_are_the_real_ones() -> None:
    assert f"{MOST_BATCHES} batches at most" in PAGE
    assert f"{MOST_BLOCKERS} at most" in PAGE
    assert f"{MOST_NOTES:,} characters" in PAGE


def test_the_overall_progress_of_the_example_is_what_is_said() -> None:
    percent = overall(example()).percent
    assert percent is not None
    assert f"= {str(percent)[:4]} percent" in PAGE
