"""What a block says about its turn: priority, dependencies, hotfix, all domains or none."""

import json
from typing import Any

import jsonschema
import pytest

from contracts.control import Priority
from contracts.faults import Reason
from contracts.formats.schema import patch_schema
from contracts.formats.turn import MOST_NEEDED
from contracts.patch import Patch, Together
from tests.contracts.formats.posting import BOTH, facts_of, faults_of, patch_of, posted

CHANGE = {"op": "write", "path": "a.txt", "content": "x"}
VALIDATOR = jsonschema.Draft202012Validator(patch_schema())


def block(**fields: Any) -> dict[str, Any]:
    return {"role": "command_patch", "target": "web", "mutations": [CHANGE], **fields}


def patch(**fields: Any) -> Patch:
    assert VALIDATOR.is_valid(block(**fields))
    return patch_of(posted(json.dumps(block(**fields)), "json"))


def reasons(**fields: Any) -> list[Reason]:
    return [reason for reason, *_ in faults_of(posted(json.dumps(block(**fields)), "json"))]


@pytest.mark.parametrize(
    ("said", "priority"),
    [
        ("emergency", Priority.EMERGENCY),
        ("Urgent", Priority.EMERGENCY),
        ("HIGH", Priority.HIGH),
        ("medium", Priority.NORMAL),
        ("low", Priority.LOW),
    ],
)
def test_a_word_for_a_priority_sets_it_and_describes_nothing(said: str, priority: Priority) -> None:
    made = patch(priority=said)
    assert (made.priority, made.details) == (priority, {})


@pytest.mark.parametrize("said", ["P1", "3", 3, ["high"]])
def test_what_is_no_word_for_a_priority_is_kept_and_shown(said: object) -> None:
    made = patch(priority=said)
    assert made.priority is Priority.NORMAL
    assert list(made.details) == ["priority"]


def test_a_misspelt_priority_is_refused_with_the_right_one() -> None:
    results = posted(json.dumps(block(priority="emergancy")), "json")
    assert facts_of(results, Reason.BAD_PRIORITY)["suggestion"] == "emergency"


@pytest.mark.parametrize("field", ["depends_on", "dependsOn"])
@pytest.mark.parametrize(
    ("said", "needs"), [("one", ("one",)), (["one", "two", "one"], ("one", "two")), ([], ()), (None, ())]
)
def test_what_it_depends_on_is_one_name_or_a_list(field: str, said: object, needs: tuple[str, ...]) -> None:
    assert patch(**{field: said}).depends_on == needs


@pytest.mark.parametrize("said", [True, "true"])
def test_a_hotfix_says_so(said: object) -> None:
    assert patch(hotfix=said).hotfix
    assert not patch(hotfix=False).hotfix
    assert not patch().hotfix


@pytest.mark.parametrize(
    ("said", "atomic"),
    [({"atomic": True}, True), ({"atomic": "true"}, True), ({"atomic": None}, False), ({}, False)],
)
def test_a_block_for_several_domains_says_which_and_whether_none_may_land_alone(
    said: dict[str, Any], atomic: bool
) -> None:
    made = posted(json.dumps(block(target=["api", "web"], **said)), "json", context=BOTH)
    patches = [each for each in made if isinstance(each, Patch)]
    assert [each.domain for each in patches] == ["api", "web"]
    assert [each.together for each in patches] == [Together(("api", "web"), atomic)] * 2


@pytest.mark.parametrize("target", ["web", ["web"], ["web", "site"]])
def test_one_domain_is_no_set_however_it_is_spelled(target: object) -> None:
    assert patch(target=target, atomic=True).together is None
    assert patch(target=target, atomic=True).details == {}


@pytest.mark.parametrize(
    "fields",
    [
        {"hotfix": "maybe"},
        {"atomic": "yes"},
        {"atomic": 1},
        {"atomic": ["web"]},
        {"hotfix": 1},
        {"depends_on": 7},
        {"depends_on": ["a", 7]},
        {"depends_on": {"a": "b"}},
        {"depends_on": [str(number) for number in range(MOST_NEEDED + 1)]},
    ],
)
def test_what_cannot_be_meant_is_refused(fields: dict[str, Any]) -> None:
    assert reasons(**fields) == [Reason.WRONG_TYPE]
    assert not VALIDATOR.is_valid(block(**fields))


def test_two_spellings_contradict_each_other() -> None:
    assert reasons(depends_on="a", dependsOn="b") == [Reason.CONFLICTING_FIELDS]
    assert not VALIDATOR.is_valid(block(depends_on="a", dependsOn="b"))


def test_a_slip_of_the_pen_is_no_description() -> None:
    results = posted(json.dumps(block(depend_on="a")), "json")
    assert facts_of(results, Reason.UNKNOWN_FIELD)["suggestion"] == "depends_on"


def test_a_word_that_is_only_near_to_one_with_a_meaning_describes() -> None:
    assert patch(automatic="yes").details == {"automatic": "yes"}


def test_it_is_read_from_the_block_around_too_and_holds_for_every_domain() -> None:
    outer = {"role": "command_patch", "target": "both", "priority": "low", "patch": {"mutations": [CHANGE]}}
    made = posted(json.dumps(outer), "json", context=BOTH)
    assert [each.priority for each in made if isinstance(each, Patch)] == [Priority.LOW] * 2
    contrary = {**outer, "atomic": True, "patch": {"mutations": [CHANGE], "atomic": False}}
    [(reason, *_)] = faults_of(posted(json.dumps(contrary), "json", context=BOTH))
    assert reason is Reason.CONFLICTING_FIELDS
    twice = {**outer, "patch": {"mutations": [CHANGE], "priority": "high"}}
    [(reason, *_)] = faults_of(posted(json.dumps(twice), "json", context=BOTH))
    assert reason is Reason.CONFLICTING_FIELDS


def test_its_turn_is_no_sign_of_a_patch() -> None:
    chatter = json.dumps({"priority": "high", "depends_on": ["x"], "hotfix": True})
    assert posted(chatter, "json", addressed=False) == ()
