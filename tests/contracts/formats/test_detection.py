"""What is taken for a patch, what is answered, and what is chatter."""

import json

import pytest

from contracts.commands import Part, PartKind, Place, Submit
from contracts.faults import Reason, Rejection
from contracts.formats.context import Context
from contracts.formats.detect import MOST_LINES, language_of
from contracts.formats.fences import MOST_BLOCKS, parts
from contracts.formats.reading import read
from contracts.modes import Presence
from contracts.patch import Limits, Patch, Write
from contracts.settings import DomainSettings, Settings
from tests.contracts.formats.posting import (
    BOTH,
    LIMITS,
    NAMES,
    PREFIXES,
    WEB,
    facts_of,
    faults_of,
    mutations_of,
    patch_of,
    posted,
    rejection_of,
)

PATCH = '{"role": "command_patch", "path": "a", "contents": "x"}'
YAML = "role: command_patch\npath: a\ncontents: x\n"
DIFF = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\n"

CHATTER: dict[str, tuple[str, str]] = {
    "a program": ("def role():\n    return 'command_patch'\n", "python"),
    "JSON in another language": (PATCH, "javascript"),
    "YAML in another language": (YAML, "bash"),
    "a log": ("Traceback (most recent call last):\n  File x\n", ""),
    "JSON of somebody else": ('{"role": "admin", "mutations": []}', "json"),
    "a list of somebody else": ('[{"role": "admin"}]', ""),
    "YAML of somebody else": ("role: admin\npath: /x\n", ""),
    "broken JSON of somebody else": ('{"a": 1,}', "json"),
    "broken YAML of somebody else": ("role: admin: x\n", "yaml"),
    "a legacy block that nobody handed in": ('{"target_file": "a", "patch": {"content": ""}}', "json"),
    "lines with signs": ("-old\n+new\n", "diff"),
    "the header of a diff in a sentence": ("see diff --git a/x b/x\n", ""),
    "a bomb": ("[" * 100_000, ""),
    "an alias bomb": ("a: &a [1]\nrole: *a\n", "yaml"),
    "bytes": ("\udc80{}", "json"),
    "a word": ("role", "yaml"),
    "nothing": ("", ""),
    "a large block": (f'{{"role": "admin", "x": "{"x" * 300_000}"}}', "json"),
}


@pytest.mark.parametrize("name", CHATTER)
def test_chatter_gets_no_answer(name: str) -> None:
    text, language = CHATTER[name]
    assert posted(text.encode("utf-8", "surrogateescape"), language, addressed=False) == ()


@pytest.mark.parametrize("name", CHATTER)
def test_what_was_handed_in_on_purpose_is_always_answered(name: str) -> None:
    text, language = CHATTER[name]
    assert len(posted(text.encode("utf-8", "surrogateescape"), language)) == 1


PATCHES: dict[str, tuple[str, str]] = {
    "JSON by its language": (PATCH, "json"),
    "JSON by its first character": ("\n  " + PATCH, ""),
    "JSON in a text file": (PATCH, "text"),
    "YAML by its language": (YAML, "yml"),
    "YAML by a field": ("# why\n\n" + YAML, ""),
    "YAML with a quoted key": (YAML.replace("role", '"role"'), "plaintext"),
    "YAML with marks around it": ("---\n" + YAML + "...\n", ""),
    "YAML that is indented": ("  " + YAML.replace("\n", "\n  ").rstrip(), ""),
    "a byte order mark": ("\ufeff" + PATCH, ""),
    "carriage returns": (YAML.replace("\n", "\r\n"), ""),
    "the language as first line, as Slack keeps it": ("json\n" + PATCH, ""),
    "another language as first line": ("YAML \r\n" + YAML, ""),
}


@pytest.mark.parametrize("name", PATCHES)
def test_a_patch_is_known_though_nobody_spoke_to_the_desk(name: str) -> None:
    text, language = PATCHES[name]
    assert mutations_of(posted(text, language, addressed=False)) == (Write("a", b"x"),)


@pytest.mark.parametrize("language", ["diff", "patch", "", "txt"])
def test_a_diff_is_known_though_nobody_spoke_to_the_desk(language: str) -> None:
    assert patch_of(posted(DIFF, language, addressed=False)).title == "x"
    assert patch_of(posted("diff\n" + DIFF, "", addressed=False)).title == "x"


BROKEN: dict[str, tuple[str, str, list[tuple[Reason, int, int]]]] = {
    "JSON": (PATCH + "}", "json", [(Reason.BAD_JSON, 1, 56)]),
    "JSON without a language": (PATCH[:-1], "", [(Reason.BAD_JSON, 1, 55)]),
    "JSON that would be YAML": (PATCH.replace('"x"', '"x\ny"'), "", [(Reason.BAD_JSON, 1, 54)]),
    "JSON that is a program's": (PATCH.replace('"', "'"), "", [(Reason.BAD_JSON, 1, 2)]),
    "JSON with smart quotes": (
        PATCH.replace('"', "“"),
        "",
        [(Reason.BAD_JSON, 1, 2), (Reason.SMART_QUOTES, 1, 2)],
    ),
    "YAML": (YAML + " x: y", "", [(Reason.BAD_YAML, 4, 3)]),
    "YAML with an alias": (YAML + "x: *y", "yaml", [(Reason.YAML_ALIAS, 4, 4)]),
    "YAML with a tag": (YAML + "x: !!str 1", "", [(Reason.YAML_TAG, 4, 4)]),
    "YAML with a merge key": (YAML + "<<: {a: 1}", "", [(Reason.YAML_MERGE, 4, 1)]),
    "YAML in JSON's fence": (YAML, "json", [(Reason.BAD_JSON, 1, 1)]),
    "a list of patches": (f"[{PATCH}]", "json", [(Reason.NOT_A_MAPPING, 1, 1)]),
    "a role that is nearly it": (
        PATCH.replace("command", "comand"),
        "json",
        [(Reason.WRONG_ROLE, 1, 10)],
    ),
    "a key that is nearly role": (PATCH.replace("role", "roel"), "json", [(Reason.UNKNOWN_FIELD, 1, 2)]),
    "hunks without a header": ("@@ -1 +1 @@\n-a\n+b\n", "diff", [(Reason.DIFF_NO_HEADER, 1, 1)]),
    "headers without a hunk": ("--- a/x\n+++ b/x\n-a\n", "diff", [(Reason.DIFF_BAD_HUNK, 3, 1)]),
    "a header and nothing else": ("diff --git a/x b/x\n", "", [(Reason.DIFF_EMPTY, 1, 1)]),
    "a bomb": (PATCH[:-1] + ', "x":' + "[" * 100_000, "", [(Reason.TOO_DEEP, 1, 92)]),
    "bytes": (PATCH.replace("x", "é\udcff"), "json", [(Reason.NOT_UTF8, 1, 54)]),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_wants_to_be_a_patch_and_is_broken_is_answered(name: str) -> None:
    text, language, expected = BROKEN[name]
    assert faults_of(posted(text.encode("utf-8", "surrogateescape"), language, addressed=False)) == expected


def test_facts_that_come_with_what_is_broken() -> None:
    text = PATCH.replace("x", "é\udcff").encode("utf-8", "surrogateescape")
    assert facts_of(posted(text, "json"), Reason.NOT_UTF8) == {"offset": "54"}
    assert facts_of(posted("[1]", "json"), Reason.NOT_A_MAPPING) == {"found": "a list"}
    near = PATCH.replace("command", "comand")
    assert facts_of(posted(near, "json"), Reason.WRONG_ROLE) == {
        "role": "comand_patch",
        "suggestion": "command_patch",
    }
    said = facts_of(posted(PATCH.replace("role", "roel"), "json"), Reason.UNKNOWN_FIELD)
    assert said == {"field": "roel", "where": "the block", "suggestion": "role"}


@pytest.mark.parametrize("root", ['"x"', "7", "null", "{}"])
def test_a_document_that_is_no_patch_says_what_is_missing(root: str) -> None:
    reasons = [reason for reason, _, _ in faults_of(posted(root, "json"))]
    expected = [Reason.MISSING_FIELD, Reason.NO_MUTATIONS] if root == "{}" else [Reason.NOT_A_MAPPING]
    assert reasons == expected


def test_an_incomplete_payload_says_what_is_missing() -> None:
    results = posted('{"test": "minimal"}')
    assert faults_of(results) == [(Reason.MISSING_FIELD, 1, 1), (Reason.NO_MUTATIONS, 1, 1)]
    assert facts_of(results, Reason.MISSING_FIELD) == {"field": "role", "where": "the block"}


def test_another_role_without_anything_to_do_is_named() -> None:
    results = posted("role: wrong_role\ntarget: web\nblockId: x\n")
    assert faults_of(results) == [(Reason.NO_MUTATIONS, 1, 1), (Reason.WRONG_ROLE, 1, 7)]


# Sizes -----------------------------------------------------------------------------------------
def test_a_block_beyond_the_limit_is_refused_unread() -> None:
    small = Context(NAMES, ("web",), PREFIXES, Limits(block=60))
    results = posted(PATCH + " " * 10, "json", context=small, addressed=False, first_line=4)
    assert faults_of(results) == [(Reason.BLOCK_TOO_LARGE, 4, None)]
    assert facts_of(results, Reason.BLOCK_TOO_LARGE) == {"size": str(len(PATCH) + 10), "most": "60"}
    assert faults_of(posted(DIFF + " " * 60, context=small, addressed=False)) == [
        (Reason.BLOCK_TOO_LARGE, 1, None)
    ]
    assert faults_of(posted("x" * 61, "python", context=small)) == [(Reason.BLOCK_TOO_LARGE, 1, None)]
    assert posted("x" * 61, "python", context=small, addressed=False) == ()


@pytest.mark.parametrize("line", ["\n", "```a\n", "- a\n"])
def test_a_block_of_more_lines_than_people_write_is_refused_unread(line: str) -> None:
    lines = PATCH + line * (MOST_LINES + 1)
    context = Context(NAMES, ("web",), PREFIXES, Limits(block=len(lines)))
    results = posted(lines, "json", context=context, addressed=False, first_line=4)
    assert faults_of(results) == [(Reason.TOO_MANY_LINES, 4, None)]
    assert posted("x\n" + lines, "python", context=context, addressed=False) == ()


def test_a_document_beyond_the_limit_stays_in_one_piece() -> None:
    small = Context(NAMES, ("web",), PREFIXES, Limits(block=60))
    text = f"```json\n{PATCH}\n```\n"
    assert faults_of(posted(text, context=small, kind=PartKind.WHOLE)) == [(Reason.BLOCK_TOO_LARGE, 1, None)]


# Several blocks --------------------------------------------------------------------------------
MESSAGE = f"""\
Two of them, and a log:
```json
{PATCH}
```
```
Traceback
```
```yaml
role: command_patch
path: 7
contents: ""
```
~~~diff
{DIFF}~~~
"""


def test_blocks_are_numbered_over_the_whole_message_and_answered_each() -> None:
    results = read(Submit(parts(MESSAGE), addressed=False), WEB)
    first, second, third = results
    assert isinstance(first, Patch)
    assert isinstance(second, Rejection)
    assert isinstance(third, Patch)
    assert (first.block, second.block, third.block) == (1, 3, 4)
    assert [(each.reason, each.line) for each in second.faults] == [(Reason.WRONG_TYPE, 10)]


def test_a_log_beside_a_patch_is_chatter_even_to_the_desk() -> None:
    results = read(Submit(parts(MESSAGE), addressed=True), WEB)
    assert len(results) == 3


@pytest.mark.parametrize("kind", [PartKind.WHOLE, PartKind.FILE])
def test_a_document_with_fences_gives_each_of_them(kind: PartKind) -> None:
    results = posted(MESSAGE, kind=kind, name="notes.md", first_line=5)
    assert [type(each) for each in results] == [Patch, Rejection, Patch]
    assert isinstance(results[1], Rejection)
    assert results[1].name == "notes.md"
    assert [(each.file, each.line) for each in results[1].faults] == [("notes.md", 14)]


def test_a_fence_in_a_sentence_counts_where_the_text_is_nothing_by_itself() -> None:
    text = f"please: ```{PATCH}``` thanks"
    assert mutations_of(posted(text, kind=PartKind.WHOLE)) == (Write("a", b"x"),)
    assert mutations_of(posted(f"{YAML}# see ```x```\n", kind=PartKind.WHOLE)) == (Write("a", b"x"),)


def test_what_is_called_json_yaml_or_diff_is_no_document_with_fences() -> None:
    text = "role: command_patch\npath: a\ncontents: |\n  x\n\n# as before\n"
    assert mutations_of(posted(text, "yaml", kind=PartKind.FILE, name="x.yml")) == (Write("a", b"x\n"),)
    fenced = text.replace("  x\n", "  ```\n  x\n  ```\n")
    assert mutations_of(posted(fenced, kind=PartKind.WHOLE)) == (Write("a", b"```\nx\n```\n"),)
    assert faults_of(posted("```json\n{}\n```", "json", kind=PartKind.FILE)) == [(Reason.BAD_JSON, 1, 1)]


@pytest.mark.parametrize("inside", [DIFF, "*** Begin Patch\n*** Delete File: x\n*** End Patch\n"])
@pytest.mark.parametrize("language", ["", "diff", "python"])
def test_what_a_new_file_has_in_it_is_no_patch_of_its_own(language: str, inside: str) -> None:
    [patch] = posted(f"fix.patch\n<<<<<<< SEARCH\n=======\n{inside}>>>>>>> REPLACE\n", language)
    assert isinstance(patch, Patch)
    assert patch.changeset.mutations == (Write("fix.patch", inside.encode(), expects=Presence.ABSENT),)


def test_fences_in_the_message_of_a_mailed_diff_are_part_of_it() -> None:
    mail = "From 0123456789012345678901234567890123456789 Mon\nFrom: Ann\nSubject: x\n\n```\ncode\n```\n---\n"
    assert patch_of(posted(mail + DIFF, kind=PartKind.WHOLE)).body == "```\ncode\n```"


def test_a_text_of_thousands_of_backticks_is_no_document_with_fences() -> None:
    fence = f"```\n{PATCH}\n```\n"
    assert patch_of(posted("> ```\n" * 4_000 + fence, kind=PartKind.WHOLE)).title
    assert faults_of(posted("> ```\n" * 6_000 + fence, kind=PartKind.WHOLE)) == [
        (Reason.NO_PATCH_FOUND, None, None)
    ]


def test_blocks_beyond_the_most_are_refused_by_name() -> None:
    text = "```\nx\n```\n" * (MOST_BLOCKS + 5)
    rejection = rejection_of(posted(text, kind=PartKind.WHOLE))
    assert rejection.block == MOST_BLOCKS + 1
    assert [each.reason for each in rejection.faults] == [Reason.TOO_MANY_BLOCKS]
    assert posted(text, kind=PartKind.FILE, addressed=False) == ()


def test_patches_before_the_last_block_that_is_read_are_taken() -> None:
    text = f"```\n{PATCH}\n```\n" + "```\nx\n```\n" * MOST_BLOCKS
    first, last = posted(text, kind=PartKind.FILE, addressed=False)
    assert isinstance(first, Patch)
    assert isinstance(last, Rejection)


# Nothing found ---------------------------------------------------------------------------------
def test_nothing_handed_in_is_nothing() -> None:
    assert read(Submit((), addressed=True), WEB) == ()


@pytest.mark.parametrize("kind", PartKind)
def test_something_handed_in_without_a_patch_is_one_rejection(kind: PartKind) -> None:
    part = Part(kind, b"hello", "notes.txt", "text")
    [rejection] = read(Submit((part, part), addressed=True), BOTH)
    assert isinstance(rejection, Rejection)
    assert (rejection.block, rejection.name) == (1, "notes.txt")
    assert [each.reason for each in rejection.faults] == [Reason.NO_PATCH_FOUND]


def test_a_document_whose_fences_hold_no_patch_is_one_rejection() -> None:
    text = "x\n```python\nprint('no patch')\n"
    assert faults_of(posted(text, kind=PartKind.WHOLE, name="x.md")) == [(Reason.NO_PATCH_FOUND, None, None)]


# Names and contexts ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("name", "language"),
    [
        ("a.json", "json"),
        ("a.b.YML", "yaml"),
        ("a.yaml", "yaml"),
        ("0001-x.patch", "diff"),
        ("x.DIFF", "diff"),
        ("x.txt", "text"),
        ("x.md", None),
        ("json", None),
        ("", None),
    ],
)
def test_a_file_is_known_by_the_end_of_its_name(name: str, language: str | None) -> None:
    assert language_of(name) == language


SETTINGS = Settings(
    domains={
        "web": DomainSettings(channels=("C01WEB",), aliases=("Site",), strip_prefixes=("/home/ann/web",)),
        "api": DomainSettings(channels=("C01WEB", "C01API"), strip_prefixes=("/srv/api",)),
    }
)


def test_the_context_of_a_place_is_its_domains() -> None:
    context = Context.of(SETTINGS, Place("C01API", "1.1", "1.1"))
    assert context.here == ("api",)
    assert context.names == {"web": "web", "site": "web", "api": "api"}
    assert context.prefixes == {"web": ("/home/ann/web",), "api": ("/srv/api",)}
    assert context.limits == LIMITS
    assert context.domains == ("web", "api")


def test_on_the_command_line_every_domain_is_here() -> None:
    assert Context.of(SETTINGS, Place()).here == ("web", "api")


def test_in_a_trial_every_target_means_the_one_that_is_tried() -> None:
    context = Context.of_trial(SETTINGS, "try")
    text = json.dumps({"role": "command_patch", "target": "x", "path": "/srv/api/a", "contents": "x"})
    patch = patch_of(posted(text, context=context, domain="try"))
    assert (patch.domain, patch.changeset.mutations) == ("try", (Write("a", b"x"),))
    assert patch_of(posted(DIFF, context=context)).domain == "try"
    assert Context.of_trial(SETTINGS, "web").prefixes == {"web": ("/home/ann/web",)}
