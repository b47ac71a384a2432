"""What is wrong with a command_patch, and at which line and column it is said."""

import json
from typing import Any

import pytest

from contracts.faults import Reason, Rejection
from contracts.formats.context import Context
from contracts.formats.document import MOST_FAULTS
from contracts.patch import Limits, Patch
from tests.contracts.formats.posting import (
    BOTH,
    NAMES,
    NOWHERE,
    PREFIXES,
    WEB,
    facts_of,
    faults_of,
    posted,
    rejection_of,
)

Place = tuple[Reason, int | None, int | None]

HEAD = '{"role": "command_patch",\n'

#: Text of a JSON block below its first line, and all that is wrong with it.
BROKEN: dict[str, tuple[str, list[Place]]] = {
    # Nothing to do
    "no mutations": ('"target": "web"}', [(Reason.NO_MUTATIONS, 1, 1)]),
    "an empty list": ('"mutations": []}', [(Reason.NO_MUTATIONS, 2, 1)]),
    "no list": ('"mutations": "x"}', [(Reason.WRONG_TYPE, 2, 14)]),
    "one mutation without a list": ('"mutations": {"path": "a"}}', [(Reason.WRONG_TYPE, 2, 14)]),
    "a number as patch": ('"patch": 7}', [(Reason.WRONG_TYPE, 2, 10)]),
    "a mapping as diff": ('"diff": {}}', [(Reason.WRONG_TYPE, 2, 9)]),
    "text as a mutation": ('"mutations": ["x"]}', [(Reason.WRONG_TYPE, 2, 15)]),
    # Shell
    "a command as patch": ('"target_file": "/tmp/x", "patch": "echo x"}', [(Reason.SHELL_AS_PATCH, 2, 35)]),
    "commands as mutations": ('"mutations": {"shell": ["x"]}}', [(Reason.SHELL_AS_PATCH, 2, 14)]),
    "a command as a mutation": ('"mutations": [{"shell": "x"}]}', [(Reason.SHELL_AS_PATCH, 2, 16)]),
    "a command beside a path": (
        '"mutations": [{"path": "a", "run": ["x"]}]}',
        [(Reason.SHELL_AS_PATCH, 2, 29)],
    ),
    # Fields
    "an unknown field": (
        '"mutations": [{"path": "a", "contents": "", "fallback": "x"}]}',
        [(Reason.UNKNOWN_FIELD, 2, 45)],
    ),
    "a misspelt field is not also missing": (
        '"mutations": [{"path": "a", "contnts": ""}]}',
        [(Reason.UNKNOWN_FIELD, 2, 29)],
    ),
    "a misspelt field of the block itself": (
        '"path": "a", "pattern": "x", "replacment": ""}',
        [(Reason.UNKNOWN_FIELD, 2, 30)],
    ),
    "a missing field": ('"mutations": [{"path": "a"}]}', [(Reason.MISSING_FIELD, 2, 15)]),
    "a missing path": ('"mutations": [{"contents": "a"}]}', [(Reason.MISSING_FIELD, 2, 15)]),
    "a pattern without a replacement": (
        '"target_file": "a", "patch": {"pattern": "a"}}',
        [(Reason.MISSING_FIELD, 2, 30)],
    ),
    "an operation without what it needs": (
        '"mutations": [{"path": "a", "op": "rename"}]}',
        [(Reason.MISSING_FIELD, 2, 15)],
    ),
    "two spellings of a field": (
        '"mutations": [{"path": "a", "contents": "", "content": ""}]}',
        [(Reason.CONFLICTING_FIELDS, 2, 45)],
    ),
    "two meanings in one mutation": (
        '"mutations": [{"path": "a", "contents": "", "pattern": "x"}]}',
        [(Reason.CONFLICTING_FIELDS, 2, 45)],
    ),
    "content for a deletion": (
        '"mutations": [{"path": "a", "op": "delete", "contents": ""}]}',
        [(Reason.CONFLICTING_FIELDS, 2, 45)],
    ),
    "two lists": (
        '"mutations": [{"path": "a", "contents": ""}],\n"edits": [{"path": "b", "contents": ""}]}',
        [(Reason.CONFLICTING_FIELDS, 3, 1)],
    ),
    "a list and a patch": (
        '"mutations": [{"path": "a", "contents": ""}],\n"patch": {"contents": ""}}',
        [(Reason.CONFLICTING_FIELDS, 3, 1)],
    ),
    "a list and a mutation of the block itself": (
        '"mutations": [{"path": "a", "contents": ""}],\n"pattern": "x"}',
        [(Reason.CONFLICTING_FIELDS, 3, 1)],
    ),
    "a list around a nested block": (
        '"patch": {"mutations": [{"path": "a", "contents": ""}]},\n"mutations": []}',
        [(Reason.CONFLICTING_FIELDS, 3, 1)],
    ),
    "two paths for all": (
        '"target": "a/b", "file": "c", "edits": [{"contents": ""}]}',
        [(Reason.CONFLICTING_FIELDS, 2, 1)],
    ),
    "two spellings of the block's path": (
        '"path": "a", "file": "c", "edits": [{"contents": ""}]}',
        [(Reason.CONFLICTING_FIELDS, 2, 14)],
    ),
    "two spellings in the block itself": (
        '"path": "a", "text": "c", "content": ""}',
        [(Reason.CONFLICTING_FIELDS, 2, 27)],
    ),
    # Top-level slips
    "mutation for mutations": (
        '"mutation": [{"path": "a", "contents": ""}]}',
        [(Reason.NO_MUTATIONS, 1, 1), (Reason.UNKNOWN_FIELD, 2, 1)],
    ),
    "taget for target": (
        '"taget": "api", "path": "a", "contents": ""}',
        [(Reason.UNKNOWN_FIELD, 2, 1)],
    ),
    "a second list under a misspelt name": (
        '"path": "a", "patch": {"contents": ""}, "mutatons": [{}]}',
        [(Reason.UNKNOWN_FIELD, 2, 41)],
    ),
    # Types
    "content that is no text": ('"path": "a", "contents": {"a": 1}}', [(Reason.WRONG_TYPE, 2, 26)]),
    "content that is a list": ('"path": "a", "contents": ["a"]}', [(Reason.WRONG_TYPE, 2, 26)]),
    "content that is null": ('"path": "a", "contents": null}', [(Reason.WRONG_TYPE, 2, 26)]),
    "a path that is a number": ('"path": 7, "contents": ""}', [(Reason.WRONG_TYPE, 2, 9)]),
    "an operation that is no text": (
        '"mutations": [{"path": "a", "op": true}]}',
        [(Reason.WRONG_TYPE, 2, 35)],
    ),
    "an empty pattern": ('"path": "a", "pattern": "", "replacement": ""}', [(Reason.WRONG_TYPE, 2, 25)]),
    "a count of none": (
        '"path": "a", "find": "x", "replace": "", "count": 0}',
        [(Reason.WRONG_TYPE, 2, 51)],
    ),
    "a count that is no whole number": (
        '"path": "a", "find": "x", "replace": "", "count": 1.0}',
        [(Reason.WRONG_TYPE, 2, 51)],
    ),
    "a line that is a list": ('"path": "a", "insertAt": [1], "text": ""}', [(Reason.WRONG_TYPE, 2, 26)]),
    "a count beyond the bound": (
        '"path": "a", "find": "x", "replace": "", "count": 1001}',
        [(Reason.TOO_MANY_MATCHES, 2, 51)],
    ),
    # Modes
    "an unknown mode": ('"path": "a", "mode": "0777"}', [(Reason.BAD_MODE, 2, 22)]),
    "a mode for links": ('"path": "a", "mode": "120000"}', [(Reason.BAD_MODE, 2, 22)]),
    "a mode as a number": ('"path": "a", "mode": 755}', [(Reason.BAD_MODE, 2, 22)]),
    "a mode as a list": ('"path": "a", "mode": []}', [(Reason.WRONG_TYPE, 2, 22)]),
    # Operations
    "an unknown operation": ('"path": "a", "op": "delte"}', [(Reason.UNKNOWN_OPERATION, 2, 20)]),
    "an unknown operation with arguments": (
        '"target": "a/b", "edits": [{"ensureHeadMeta": {"content": "x"}}]}',
        [(Reason.UNKNOWN_OPERATION, 2, 29)],
    ),
    # Targets
    "an unknown target": ('"target": "wbe", "path": "a", "contents": ""}', [(Reason.UNKNOWN_TARGET, 2, 11)]),
    "an unknown target of several": (
        '"domains": ["web", "x", "api"], "path": "a", "contents": ""}',
        [(Reason.UNKNOWN_TARGET, 2, 20)],
    ),
    "a target that is no text": ('"target": 7, "path": "a", "contents": ""}', [(Reason.WRONG_TYPE, 2, 11)]),
    "no targets": ('"targets": [], "path": "a", "contents": ""}', [(Reason.WRONG_TYPE, 2, 12)]),
    "two spellings of the target": (
        '"target": "web", "domain": "web", "path": "a", "contents": ""}',
        [(Reason.CONFLICTING_FIELDS, 2, 18)],
    ),
    "blocks that name different targets": (
        '"target": "web", "patch": {"target": "api", "diff": ""}}',
        [(Reason.CONFLICTING_FIELDS, 2, 1), (Reason.DIFF_NO_HEADER, 2, 53)],
    ),
    # Paths
    "an empty path": ('"path": "", "contents": ""}', [(Reason.PATH_EMPTY, 2, 9)]),
    "a path of somebody's machine": ('"path": "/tmp/x", "contents": ""}', [(Reason.PATH_ABSOLUTE, 2, 9)]),
    "a path of another domain's checkout": (
        '"path": "/srv/api/x", "contents": ""}',
        [(Reason.PATH_ABSOLUTE, 2, 9)],
    ),
    "a path that climbs": ('"path": "../x", "contents": ""}', [(Reason.PATH_OUTSIDE, 2, 9)]),
    "a path into git": ('"path": "a", "to": ".GIT/x"}', [(Reason.PATH_DOTGIT, 2, 20)]),
    "a path with backslashes": (r'"path": "a\\b", "contents": ""}', [(Reason.PATH_BACKSLASH, 2, 9)]),
    "a path with a line end": (r'"path": "a\nb", "contents": ""}', [(Reason.PATH_CONTROL, 2, 9)]),
    "a path in smart quotes": ('"path": "“a”", "contents": ""}', [(Reason.SMART_QUOTES, 2, 9)]),
    "a file written twice": (
        '"mutations": [{"path": "a", "contents": ""},\n{"path": "a", "op": "delete"}]}',
        [(Reason.PATH_TWICE, 3, 1)],
    ),
    "two files that some people have as one": (
        '"mutations": [{"path": "a", "contents": ""},\n{"path": "A", "contents": ""}]}',
        [(Reason.PATH_COLLISION, 1, 1)],
    ),
    # Diffs inside
    "a broken diff as text": (
        r'"patch": "--- a/x\n+++ b/x\n@@ -1,2 +1 @@\n-a\n"}',
        [(Reason.DIFF_HUNK_COUNT, 2, 10)],
    ),
    "words as a diff": ('"diff": "please change it"}', [(Reason.DIFF_NO_HEADER, 2, 9)]),
    # Documents
    "a duplicate key and what else is wrong": (
        '"path": "a", "path": "b",\n"contents": 7}',
        [(Reason.DUPLICATE_KEY, 2, 14), (Reason.WRONG_TYPE, 3, 13)],
    ),
    "everything at once": (
        '"target": "wbe",\n"mutations": [{"path": "/x", "contents": 1},\n{"path": "b", "op": "x"}]}',
        [
            (Reason.UNKNOWN_TARGET, 2, 11),
            (Reason.PATH_ABSOLUTE, 3, 24),
            (Reason.WRONG_TYPE, 3, 42),
            (Reason.UNKNOWN_OPERATION, 4, 21),
        ],
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_block_says_everything_that_is_wrong_and_where(name: str) -> None:
    text, expected = BROKEN[name]
    assert faults_of(posted(HEAD + text, "json")) == expected


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_block_is_answered_though_nobody_spoke_to_the_desk(name: str) -> None:
    text, expected = BROKEN[name]
    assert faults_of(posted(HEAD + text, "json", addressed=False)) == expected


def test_positions_are_those_of_the_message() -> None:
    results = posted(HEAD + '"path": 7, "contents": ""}', first_line=10)
    assert faults_of(results) == [(Reason.WRONG_TYPE, 11, 9)]
    [wrong] = rejection_of(results).faults
    assert wrong.file is None


def test_positions_in_a_file_name_it() -> None:
    results = posted(HEAD + '"path": 7, "contents": ""}', "json", name="x.json")
    [wrong] = rejection_of(results).faults
    assert (wrong.file, wrong.line, rejection_of(results).name) == ("x.json", 2, "x.json")


# What is said beside the place -----------------------------------------------------------------
def facts(text: str, reason: Reason, **options: Any) -> dict[str, str]:
    return facts_of(posted(HEAD + text, "json", **options), reason)


def test_an_unknown_operation_comes_with_those_that_there_are() -> None:
    said = facts('"path": "a", "op": "delte"}', Reason.UNKNOWN_OPERATION)
    assert said["operation"] == "delte"
    assert said["suggestion"] == "delete"
    assert "insertAfter" in said["known"].split(", ")


def test_an_unknown_field_comes_with_the_one_that_was_meant() -> None:
    text = '"mutations": [{"path": "a", "contents": ""}, {"path": "b", "contnts": ""}]}'
    assert facts(text, Reason.UNKNOWN_FIELD) == {
        "field": "contnts",
        "where": "mutation 2",
        "suggestion": "contents",
    }
    assert facts('"patch": {"path": "a", "zzz": 1}}', Reason.UNKNOWN_FIELD)["suggestion"] == ""


def test_a_misspelt_field_of_the_block_comes_with_the_one_that_was_meant() -> None:
    assert facts('"mutatons": []}', Reason.UNKNOWN_FIELD) == {
        "field": "mutatons",
        "where": "the block",
        "suggestion": "mutations",
    }


def test_a_word_that_only_resembles_a_field_describes() -> None:
    text = '"path": "a", "contents": "", "batch": 3, "watch": true, "model": "m", "files": ["a"]}'
    [patch] = posted(HEAD + text, "json")
    assert isinstance(patch, Patch)
    assert set(patch.details) == {"batch", "watch", "model", "files"}


def test_beside_a_list_of_mutations_a_word_for_one_describes() -> None:
    text = '"mutations": [{"path": "a", "contents": ""}], "patched": true}'
    [patch] = posted(HEAD + text, "json")
    assert isinstance(patch, Patch)
    assert patch.details == {"patched": "true"}


def test_an_unknown_target_comes_with_the_domains_here() -> None:
    text = '"target": "wbe", "path": "a", "contents": ""}'
    assert facts(text, Reason.UNKNOWN_TARGET) == {"target": "wbe", "domains": "web", "suggestion": "web"}
    said = facts(text, Reason.UNKNOWN_TARGET, context=NOWHERE)
    assert said["domains"] == "web, api"


@pytest.mark.parametrize("context", [BOTH, NOWHERE])
def test_a_missing_target_comes_with_the_domains_to_choose_from(context: Context) -> None:
    results = posted(HEAD + '"path": "a", "contents": ""}', "json", context=context)
    assert faults_of(results) == [(Reason.MISSING_TARGET, 1, 1)]
    assert facts_of(results, Reason.MISSING_TARGET) == {"domains": "web, api"}


def test_both_where_there_are_not_two_is_refused() -> None:
    three = Context({**NAMES, "ops": "ops"}, ("web", "api", "ops"), PREFIXES, Limits())
    results = posted(HEAD + '"target": "both", "path": "a", "contents": ""}', "json", context=three)
    assert faults_of(results) == [(Reason.TARGET_BOTH, 2, 11)]
    assert facts_of(results, Reason.TARGET_BOTH) == {"domains": "web, api, ops"}


def test_a_block_for_another_domain_than_the_chosen_one_is_refused() -> None:
    text = '"target": "web", "path": "a", "contents": ""}'
    results = posted(HEAD + text, "json", context=BOTH, domain="api")
    assert faults_of(results) == [(Reason.CONFLICTING_FIELDS, 2, 1)]
    assert facts_of(results, Reason.CONFLICTING_FIELDS) == {"first": "domain: api", "second": "target: web"}


def test_an_unknown_chosen_domain_is_refused() -> None:
    results = posted(HEAD + '"path": "a", "contents": ""}', "json", domain="wep")
    assert faults_of(results) == [(Reason.UNKNOWN_TARGET, 1, 1)]
    assert facts_of(results, Reason.UNKNOWN_TARGET)["suggestion"] == "web"


def test_a_path_is_judged_by_each_domain_that_the_block_is_for() -> None:
    text = '"target": "both", "path": "/srv/api/x", "contents": ""}'
    assert faults_of(posted(HEAD + text, "json", context=BOTH)) == [(Reason.PATH_ABSOLUTE, 2, 27)]


def test_while_the_target_is_unclear_a_path_may_be_right_for_any() -> None:
    text = '"target": "x", "path": "/srv/api/x", "contents": ""}'
    assert faults_of(posted(HEAD + text, "json", context=BOTH)) == [(Reason.UNKNOWN_TARGET, 2, 11)]


def test_yaml_words_and_numbers_are_to_be_quoted() -> None:
    text = "role: command_patch\npath: a\ncontents: no\nmode: 0755\n"
    results = posted(text, "yaml")
    assert faults_of(results) == [(Reason.WRONG_TYPE, 3, 11), (Reason.BAD_MODE, 4, 7)]
    assert facts_of(results, Reason.WRONG_TYPE) == {
        "field": "contents",
        "expected": "text",
        "found": "true or false",
        "quote": "no",
    }
    assert facts_of(results, Reason.BAD_MODE) == {"mode": "0755", "quote": "0755"}


def test_an_octal_count_of_yaml_is_no_count() -> None:
    text = "role: command_patch\npath: a\nfind: x\nreplace: y\ncount: 010\n"
    assert faults_of(posted(text, "yaml")) == [(Reason.WRONG_TYPE, 5, 8)]


def test_smart_quotes_around_a_role_in_yaml_are_named() -> None:
    results = posted("role: “command_patch”\npath: a\ncontents: x\n", addressed=False)
    assert faults_of(results) == [(Reason.WRONG_ROLE, 1, 7), (Reason.SMART_QUOTES, 1, 7)]


def test_the_limits_are_told_with_their_numbers() -> None:
    small = Context(NAMES, ("web",), PREFIXES, Limits(file=3, content=5, files=2))
    text = HEAD + '"mutations": [{"path": "a", "contents": "1234"}]}'
    assert facts_of(posted(text, "json", context=small), Reason.FILE_TOO_LARGE) == {
        "path": "a",
        "size": "4",
        "most": "3",
    }
    text = json.dumps(
        {"role": "command_patch", "mutations": [{"path": str(n), "contents": "xxx"} for n in range(2)]}
    )
    assert faults_of(posted(text, "json", context=small)) == [(Reason.CONTENT_TOO_LARGE, 1, 1)]
    text = json.dumps(
        {"role": "command_patch", "mutations": [{"path": str(n), "contents": ""} for n in range(3)]}
    )
    assert faults_of(posted(text, "json", context=small)) == [(Reason.TOO_MANY_FILES, 1, 1)]


def test_only_so_many_faults_are_told() -> None:
    mutations = [{f"x{n}": 1} for n in range(100)]
    text = json.dumps({"role": "command_patch", "mutations": mutations})
    assert len(rejection_of(posted(text, "json")).faults) == MOST_FAULTS
    text = json.dumps({"role": "command_patch", "mutations": [{f"x{n}": 1 for n in range(100)}]})
    assert len(rejection_of(posted(text, "json")).faults) == MOST_FAULTS


def test_a_fault_that_several_domains_share_is_told_once() -> None:
    text = HEAD + '"target": "both", "path": "../x", "contents": ""}'
    assert faults_of(posted(text, "json", context=BOTH)) == [(Reason.PATH_OUTSIDE, 2, 27)]


def test_faults_stand_in_the_order_of_the_text() -> None:
    for text, _ in BROKEN.values():
        [rejection] = posted(HEAD + text, "json", context=WEB)
        assert isinstance(rejection, Rejection)
        places = [(each.line or 0, each.column or 0) for each in rejection.faults]
        assert places == sorted(places)
