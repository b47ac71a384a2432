"""`execution-plan.json` is read strictly, and what is read is written again without loss."""

import json
from decimal import Decimal
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.faults import Fault, Reason
from contracts.formats.plan_schema import plan_schema
from contracts.formats.plan_text import (
    MOST_BATCHES,
    MOST_BLOCKERS,
    MOST_NOTES,
    read_field,
    read_metric,
    read_plan,
    write_plan,
)
from contracts.formats.plan_words import read_changes, read_metrics, read_risk
from contracts.plan import Batch, Key, Metric, Plan, Status
from contracts.register import Degree, Risk
from tests.contracts.plans import PLANS

TEXT = """\
{
  "batches": [
    {
      "id": "b-1",
      "name": "Foundations",
      "priority": "P0",
      "status": "in-progress",
      "progress": 33.5,
      "targetDate": "Week 1\u20132",
      "blockers": ["permits"],
      "owner": "",
      "notes": null
    },
    {"id": "b-2", "name": "Walls", "status": "queued", "progress": 0, "targetDate": "2026-12-01"}
  ],
  "metrics": {"prsMerged": 12, "ciPassRate": 92.5, "coverage": null}
}
"""


def plan_of(text: str) -> Plan:
    plan = read_plan(text)
    assert isinstance(plan, Plan), plan
    return plan


def ordered(text: str) -> Any:
    """As JSON says it, with the order of the fields and every digit."""
    return json.loads(text, object_pairs_hook=tuple, parse_float=Decimal, parse_int=Decimal)


def test_a_plan_is_read() -> None:
    first, second = plan_of(TEXT).batches
    assert (first.progress, first.target, first.owner, first.notes) == (
        Decimal("33.5"),
        "Week 1\u20132",
        "",
        None,
    )
    assert (first.due, str(second.due)) == (None, "2026-12-01")
    assert plan_of(TEXT).metric(Metric.PRS_MERGED) == 12


@given(PLANS)
@settings(max_examples=60)
def test_a_plan_that_is_written_is_read_back_as_it_was(plan: Plan) -> None:
    assert read_plan(write_plan(plan)) == plan


@settings(max_examples=40)
@given(PLANS, st.sampled_from([None, 2, "\t"]))
def test_a_text_that_is_read_is_written_with_the_same_meaning(plan: Plan, indent: int | str | None) -> None:
    """The same fields in the same order, null or left out, each with its value."""
    text = json.dumps(json.loads(write_plan(plan)), indent=indent)
    assert ordered(write_plan(plan_of(text))) == ordered(text)


def test_what_is_null_what_is_empty_and_what_is_left_out_stay_three_things() -> None:
    assert ordered(write_plan(plan_of(TEXT))) == ordered(TEXT)
    first, second = plan_of(TEXT).batches
    assert (Key.OWNER in first.keys, Key.NOTES in first.keys, Key.OWNER in second.keys) == (True, True, False)


@pytest.mark.parametrize(
    ("old", "new", "reason", "line", "column"),
    [
        ('"progress": 33.5', '"progress": NaN', Reason.BAD_JSON, 8, 19),
        ('"progress": 33.5', '"progress": Infinity', Reason.BAD_JSON, 8, 19),
        ('"progress": 33.5', '"progress": -Infinity', Reason.BAD_JSON, 8, 19),
        ('"progress": 33.5', '"progress": 100.01', Reason.PLAN_OUT_OF_RANGE, 8, 19),
        ('"progress": 33.5', '"progress": -1', Reason.PLAN_OUT_OF_RANGE, 8, 19),
        ('"progress": 33.5', '"progress": 1e999999999', Reason.PLAN_OUT_OF_RANGE, 8, 19),
        ('"progress": 33.5', '"progress": 1e-999999999', Reason.WRONG_TYPE, 8, 19),
        ('"progress": 33.5', '"progress": 33.33333', Reason.WRONG_TYPE, 8, 19),
        ('"progress": 33.5', '"progress": "33"', Reason.WRONG_TYPE, 8, 19),
        ('"progress": 33.5', '"progress": true', Reason.WRONG_TYPE, 8, 19),
        ('"in-progress"', '"in progress"', Reason.PLAN_BAD_WORD, 7, 17),
        ('"in-progress"', "null", Reason.WRONG_TYPE, 7, 17),
        ('"P0"', '"P9"', Reason.PLAN_BAD_WORD, 6, 19),
        ('"owner": ""', '"owmer": ""', Reason.UNKNOWN_FIELD, 11, 7),
        ('"owner": ""', '"notes": ""', Reason.DUPLICATE_KEY, 12, 7),
        ('"b-1"', '"b 1"', Reason.PLAN_BAD_ID, 4, 13),
        ('"b-2"', '"b-1"', Reason.PLAN_ID_TWICE, 14, 12),
        ('"Foundations"', '" "', Reason.WRONG_TYPE, 5, 15),
        ('"id": "b-1",\n', "\n", Reason.MISSING_FIELD, 3, 5),
        ('["permits"]', '"permits"', Reason.WRONG_TYPE, 10, 19),
        ('["permits"]', '["permits", 3]', Reason.WRONG_TYPE, 10, 31),
        ('["permits"]', '["two\\nlines"]', Reason.WRONG_TYPE, 10, 20),
        ("Week 1\u20132", "2026-02-30", Reason.PLAN_BAD_DATE, 9, 21),
        ("Week 1\u20132", "soon", Reason.PLAN_BAD_DATE, 9, 21),
        ('"prsMerged": 12', '"prsMerged": 1.5', Reason.WRONG_TYPE, 16, 28),
        ('"ciPassRate": 92.5', '"ciPassRate": 101', Reason.PLAN_OUT_OF_RANGE, 16, 46),
        ('"metrics": {', '"metrics": {"velocity": 3, ', Reason.UNKNOWN_FIELD, 16, 15),
        ('  "batches"', '  "version": 2, "batches"', Reason.UNKNOWN_FIELD, 2, 3),
    ],
)
def test_what_is_wrong_is_refused_with_its_line(
    old: str, new: str, reason: Reason, line: int, column: int
) -> None:
    faults = read_plan(TEXT.replace(old, new, 1))
    assert isinstance(faults, tuple)
    assert (faults[0].reason, faults[0].line, faults[0].column) == (reason, line, column)


def test_everything_that_is_wrong_is_said_at_once() -> None:
    broken = TEXT.replace("33.5", "101").replace('"queued"', '"quued"')
    faults = read_plan(broken)
    assert isinstance(faults, tuple)
    assert [(each.reason, each.line) for each in faults] == [
        (Reason.PLAN_OUT_OF_RANGE, 8),
        (Reason.PLAN_BAD_WORD, 14),
    ]
    assert faults[1].args["suggestion"] == "queued"


@pytest.mark.parametrize(
    "text", ["", "[]", "3", '{"metrics": {}}', '{"batches": {}}', '{"batches": [3]}', "{"]
)
def test_what_is_no_plan_is_refused(text: str) -> None:
    assert isinstance(read_plan(text), tuple)


def test_the_bounds_of_a_plan() -> None:
    batch = '{{"id": "b-{}", "name": "x", "status": "queued", "blockers": [{}]}}'
    blockers = ", ".join(['"x"'] * MOST_BLOCKERS)
    most = [batch.format(number, blockers) for number in range(MOST_BATCHES)]
    whole = plan_of(f'{{"batches": [{", ".join(most)}]}}')
    assert read_plan(write_plan(whole)) == whole
    for text, field in (
        (f'{{"batches": [{", ".join([*most, batch.format("more", "")])}]}}', "batches"),
        (f'{{"batches": [{batch.format(1, blockers + ", " + blockers)}]}}', "blockers"),
    ):
        faults = read_plan(text)
        assert isinstance(faults, tuple)
        assert (faults[0].reason, faults[0].args["field"]) == (Reason.PLAN_TOO_MANY, field)


@given(
    st.text(st.characters(exclude_categories=["Cs"])) | st.builds(lambda cut: TEXT[:cut], st.integers(0, 500))
)
def test_any_text_is_a_plan_or_has_faults(text: str) -> None:
    read = read_plan(text)
    assert isinstance(read, Plan) or (read and all(isinstance(each, Fault) for each in read))


# Typed in --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("key", "typed", "value"),
    [
        (Key.PROGRESS, "40", Decimal(40)),
        (Key.PROGRESS, " 40.5 % ", Decimal("40.5")),
        (Key.PROGRESS, "", None),
        (Key.STATUS, "done", Status.DONE),
        (Key.OWNER, "  Ann ", "Ann"),
        (Key.OWNER, "", None),
        (Key.EXPECTED, "8", Decimal(8)),
        (Key.TARGET, "2026-12-01", "2026-12-01"),
        (Key.BLOCKERS, "b-1, rain\n\n no bricks ", ("b-1", "rain", "no bricks")),
        (Key.BLOCKERS, "", ()),
        (Key.OWNER, "\udcff", "?"),
    ],
)
def test_what_is_typed_is_read(key: Key, typed: str, value: object) -> None:
    assert read_field(key, typed) == value


@pytest.mark.parametrize(
    ("key", "typed", "reason"),
    [
        (Key.PROGRESS, "forty", Reason.WRONG_TYPE),
        (Key.PROGRESS, "nan", Reason.WRONG_TYPE),
        (Key.PROGRESS, "101", Reason.PLAN_OUT_OF_RANGE),
        (Key.PROGRESS, "\u0664\u0660", Reason.WRONG_TYPE),
        (Key.STATUS, "", Reason.PLAN_BAD_WORD),
        (Key.STATUS, "Done", Reason.PLAN_BAD_WORD),
        (Key.NAME, "", Reason.WRONG_TYPE),
        (Key.TARGET, "tomorrow", Reason.PLAN_BAD_DATE),
        (Key.EXPECTED, "0", Reason.PLAN_OUT_OF_RANGE),
        (Key.NOTES, "x" * (MOST_NOTES + 1), Reason.PLAN_TOO_LONG),
    ],
)
def test_what_is_typed_wrongly_is_refused(key: Key, typed: str, reason: Reason) -> None:
    wrong = read_field(key, typed)
    assert isinstance(wrong, Fault)
    assert wrong.reason is reason


def test_words_of_a_command_line_change_a_batch() -> None:
    batch = Batch("b-1", "Foundations", Status.QUEUED, blockers=("permits",))
    words = ["status=in-progress", "blockers+=no bricks, yet", "blockers-=permits", "target=Week 3", "owner="]
    assert read_changes(batch, words) == {
        Key.STATUS: Status.IN_PROGRESS,
        Key.BLOCKERS: ("no bricks, yet",),
        Key.TARGET: "Week 3",
        Key.OWNER: None,
    }


def test_words_that_change_nothing_are_all_refused() -> None:
    batch = Batch("b-1", "Foundations", Status.QUEUED)
    words = ["stats=done", "done", "owner+=Ann", "blockers-=rain", "blockers+=", "id=b-2", "progress=200"]
    faults = read_changes(batch, words)
    assert isinstance(faults, tuple)
    assert [each.reason for each in faults] == [
        Reason.UNKNOWN_FIELD,
        Reason.WRONG_TYPE,
        Reason.WRONG_TYPE,
        Reason.NOT_A_BLOCKER,
        Reason.WRONG_TYPE,
        Reason.UNKNOWN_FIELD,
        Reason.PLAN_OUT_OF_RANGE,
    ]


@given(
    st.lists(st.text(max_size=30) | st.sampled_from(["status=", "blockers+=", "progress=1e9", "name=\x00"]))
)
def test_any_words_are_changes_or_have_faults(words: list[str]) -> None:
    batch = Batch("b-1", "Foundations", Status.QUEUED)
    for read in (read_changes(batch, words), read_metrics(words)):
        assert isinstance(read, dict) or (read and all(isinstance(each, Fault) for each in read))
    assert isinstance(read_risk(Risk("r-1", "x", Degree.LOW, Degree.LOW), words), Risk | tuple)


def test_words_change_metrics() -> None:
    assert read_metrics(["coverage=86.5", "prsMerged="]) == {
        Metric.COVERAGE: Decimal("86.5"),
        Metric.PRS_MERGED: None,
    }
    faults = read_metrics(["coverage+=3", "velocity=3", "coverage=300"])
    assert isinstance(faults, tuple)
    assert [each.reason for each in faults] == [
        Reason.WRONG_TYPE,
        Reason.UNKNOWN_FIELD,
        Reason.PLAN_OUT_OF_RANGE,
    ]
    assert read_metric(Metric.COVERAGE, " ") is None


def test_words_make_a_risk() -> None:
    made = read_risk(Risk("r-1", "", Degree.MEDIUM, Degree.MEDIUM), ["risk=Rain", "probability=high"])
    assert made == Risk("r-1", "Rain", Degree.HIGH, Degree.MEDIUM)
    faults = read_risk(
        Risk("r-1", "", Degree.LOW, Degree.LOW), ["impact=huge", "odds=3", "owner+=x", "owner=" + "x" * 301]
    )
    assert isinstance(faults, tuple)
    assert [each.reason for each in faults] == [
        Reason.PLAN_BAD_WORD,
        Reason.UNKNOWN_FIELD,
        Reason.WRONG_TYPE,
        Reason.PLAN_TOO_LONG,
    ]
    [missing] = read_risk(Risk("r-1", "", Degree.LOW, Degree.LOW), ["owner=Ann"])  # type: ignore[misc]
    assert missing.reason is Reason.MISSING_FIELD


# Its schema ------------------------------------------------------------------------------------
SCHEMA = jsonschema.Draft202012Validator(plan_schema())


@settings(max_examples=40)
@given(PLANS)
def test_the_schema_takes_every_plan(plan: Plan) -> None:
    SCHEMA.validate(json.loads(write_plan(plan)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"progress": 33.5', '"progress": 100.01'),
        ('"progress": 33.5', '"progress": "33"'),
        ('"in-progress"', '"in progress"'),
        ('"P0"', '"P9"'),
        ('"owner": ""', '"owmer": ""'),
        ('"b-1"', '"b 1"'),
        ('"Foundations"', '" "'),
        ('"id": "b-1",\n', "\n"),
        ('["permits"]', '"permits"'),
        ("Week 1\u20132", "soon"),
        ('"prsMerged": 12', '"prsMerged": 1.5'),
        ('"ciPassRate": 92.5', '"ciPassRate": 101'),
        ('"metrics": {', '"metrics": {"velocity": 3, '),
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(old: str, new: str) -> None:
    broken = TEXT.replace(old, new, 1)
    assert isinstance(read_plan(broken), tuple)
    assert not SCHEMA.is_valid(json.loads(broken))
