"""Every shape of a command_patch, and what it means."""

import json
from typing import Any

import pytest

from contracts.commands import PartKind
from contracts.formats.spellings import MODES, MUTATION, OPERATIONS, Field
from contracts.modes import FileMode, Presence
from contracts.patch import (
    Chmod,
    Commands,
    Delete,
    Diff,
    FileHeader,
    Insert,
    InsertAt,
    Mutation,
    Patch,
    Rename,
    Replace,
    Side,
    Write,
)
from tests.contracts.formats.posting import BOTH, NOWHERE, mutations_of, patch_of, posted

Json = dict[str, Any]


def block(**fields: Any) -> str:
    return json.dumps({"role": "command_patch", **fields})


def only(mutation: Json) -> Mutation:
    """What one mutation means."""
    [made] = mutations_of(posted(block(mutations=[mutation]), "json"))
    return made


DIFF = "diff --git a/a.txt b/a.txt\n--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-old\n+new\n"
A_DIFF = Diff(
    DIFF.replace("-1 +1", "-1,1 +1,1").encode(),
    (FileHeader("a.txt", "a.txt"),),
)

MUTATIONS: dict[str, tuple[Json, Mutation]] = {
    "content": ({"path": "a", "contents": "x\n"}, Write("a", b"x\n")),
    "content that is empty": ({"path": "a", "content": ""}, Write("a", b"")),
    "content in any script": ({"path": "ä/ö", "content": "✅"}, Write("ä/ö", "✅".encode())),
    "content with a mode": (
        {"path": "a", "contents": "x", "mode": "0755"},
        Write("a", b"x", FileMode.EXECUTABLE),
    ),
    "upsert": ({"path": "a", "contents": "x", "op": "upsert"}, Write("a", b"x")),
    "create": ({"file": "a", "content": "x", "action": "create"}, Write("a", b"x", None, Presence.ABSENT)),
    "modify": (
        {"target_file": "a", "contents": "x", "type": "modify"},
        Write("a", b"x", None, Presence.PRESENT),
    ),
    "update by pattern": (
        {"path": "a", "pattern": "x", "replacement": "y", "op": "update"},
        Replace("a", "x", "y", regex=True),
    ),
    "replace the whole file": (
        {"path": "a", "contents": "x", "op": "replace"},
        Write("a", b"x", None, Presence.PRESENT),
    ),
    "delete": ({"path": "a", "op": "delete"}, Delete("a")),
    "rename": ({"path": "a", "to": "b", "op": "rename"}, Rename("a", "b")),
    "rename from and to": ({"from": "a", "to": "b", "op": "move"}, Rename("a", "b")),
    "rename without saying so": ({"path": "a", "newPath": "b"}, Rename("a", "b")),
    "chmod": ({"path": "a", "op": "chmod", "mode": "100755"}, Chmod("a", FileMode.EXECUTABLE)),
    "chmod without saying so": ({"path": "a", "mode": "644"}, Chmod("a", FileMode.REGULAR)),
    "pattern": (
        {"path": "a", "pattern": "x+", "replacement": r"\1"},
        Replace("a", "x+", r"\1", regex=True),
    ),
    "pattern with a count": (
        {"path": "a", "pattern": "x", "replacement": "", "count": 3},
        Replace("a", "x", "", regex=True, count=3),
    ),
    "literal": ({"path": "a", "find": "x", "replace": "y"}, Replace("a", "x", "y")),
    "literal with a count as text": (
        {"path": "a", "search": "x", "replace": "y", "count": "2"},
        Replace("a", "x", "y", count=2),
    ),
    "insert after": (
        {"path": "a", "insertAfter": "x", "contents": "y"},
        Insert("a", "x", "y", Side.AFTER),
    ),
    "insert before": (
        {"path": "a", "insert_before": "x", "text": "y", "op": "insert"},
        Insert("a", "x", "y", Side.BEFORE),
    ),
    "insert at": ({"path": "a", "insertAt": 3, "contents": "y"}, InsertAt("a", 3, "y")),
    "insert at a line as text": ({"path": "a", "insertAt": "3", "contents": "y"}, InsertAt("a", 3, "y")),
    "insert after an anchor": (
        {"path": "a", "op": "insertAfter", "anchor": "x", "contents": "y"},
        Insert("a", "x", "y", Side.AFTER),
    ),
    "insert before an anchor": (
        {"path": "a", "op": "insertBefore", "anchor": "x", "contents": "y"},
        Insert("a", "x", "y", Side.BEFORE),
    ),
    "insert at a line": (
        {"path": "a", "op": "insert_at", "line": 1, "contents": "y"},
        InsertAt("a", 1, "y"),
    ),
    "with a remark": ({"path": "a", "op": "remove", "reason": "unused", "note": ["x"]}, Delete("a")),
    "under somebody's checkout": ({"path": "/home/ann/web/src/a", "contents": ""}, Write("src/a", b"")),
}

BLOCKS: dict[str, tuple[Json, tuple[Mutation, ...]]] = {
    "several mutations, in their order": (
        {"mutations": [{"path": "b", "contents": ""}, {"path": "a", "op": "delete"}]},
        (Write("b", b""), Delete("a")),
    ),
    "edits": ({"edits": [{"path": "a", "contents": ""}]}, (Write("a", b""),)),
    "edits of one target file": (
        {"target_file": "a", "edits": [{"find": "x", "replace": "y"}, {"find": "z", "replace": ""}]},
        (Replace("a", "x", "y"), Replace("a", "z", "")),
    ),
    "edits of a target that is a file": (
        {"target": "src/a", "edits": [{"find": "x", "replace": "y"}]},
        (Replace("src/a", "x", "y"),),
    ),
    "a mutation's own path before the block's": (
        {"target_file": "a", "mutations": [{"path": "b", "contents": ""}, {"from": "c", "to": "d"}]},
        (Write("b", b""), Rename("c", "d")),
    ),
    "a pattern as patch": (
        {"target_file": "a", "patch": {"pattern": "x", "replacement": "y"}},
        (Replace("a", "x", "y", regex=True),),
    ),
    "content as patch": ({"target_file": "a", "patch": {"content": "x"}}, (Write("a", b"x"),)),
    "a list as patch": ({"patch": [{"path": "a", "contents": "x"}]}, (Write("a", b"x"),)),
    "mutations in patch": (
        {"target_file": "a", "patch": {"mutations": [{"path": "b", "contents": "x"}]}},
        (Write("b", b"x"),),
    ),
    "mutations in patch for the target file": (
        {"target_file": "a", "patch": {"mutations": [{"contents": "x"}]}},
        (Write("a", b"x"),),
    ),
    "a patch in a patch in a patch": (
        {"patch": {"patch": {"target_file": "a", "patch": {"content": "x"}}}},
        (Write("a", b"x"),),
    ),
    "a diff as patch": ({"patch": DIFF}, (A_DIFF,)),
    "a diff as diff": ({"diff": DIFF}, (A_DIFF,)),
    "one mutation as the block itself": ({"path": "a", "contents": "x"}, (Write("a", b"x"),)),
    "a pattern in the block itself": (
        {"target_file": "a", "pattern": "x", "replacement": "y", "description": "why"},
        (Replace("a", "x", "y", regex=True),),
    ),
    "an operation in the block itself": ({"file": "a", "action": "delete"}, (Delete("a"),)),
    "insertion in the block itself": (
        {"target_file": "a", "insertAfter": "x", "content": "y"},
        (Insert("a", "x", "y", Side.AFTER),),
    ),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutation_means_what_it_says(name: str) -> None:
    mutation, expected = MUTATIONS[name]
    assert only(mutation) == expected


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_means_what_it_says(name: str) -> None:
    fields, expected = BLOCKS[name]
    assert mutations_of(posted(block(**fields), "json")) == expected


@pytest.mark.parametrize("name", BLOCKS)
def test_without_a_role_it_means_the_same_when_the_desk_is_spoken_to(name: str) -> None:
    fields, expected = BLOCKS[name]
    assert mutations_of(posted(json.dumps(fields), "json")) == expected
    assert mutations_of(posted(json.dumps({"role": "ui_patch", **fields}), "json")) == expected
    assert posted(json.dumps(fields), "json", addressed=False) == ()


@pytest.mark.parametrize("word", OPERATIONS)
def test_every_word_for_an_operation_is_understood(word: str) -> None:
    fields: Json = {"path": "a", "op": word}
    needed = {
        Field.CONTENT: "x",
        Field.MODE: "0644",
        Field.TO: "b",
        Field.FIND: "x",
        Field.REPLACEMENT: "y",
        Field.INSERT_AFTER: "x",
        Field.INSERT_BEFORE: "x",
        Field.INSERT_AT: 1,
    }
    shape = OPERATIONS[word].shapes[0]
    fields.update({need.value: needed[need] for need in shape.needs if need is not Field.PATH})
    assert only(fields) is not None


@pytest.mark.parametrize(
    "spelling", [each for field in (Field.PATH, Field.CONTENT) for each in MUTATION[field]]
)
def test_every_spelling_of_path_and_content_is_understood(spelling: str) -> None:
    fields = {"path": "a", "contents": "x"}
    field = next(field for field in (Field.PATH, Field.CONTENT) if spelling in MUTATION[field])
    fields[spelling] = fields.pop(field.value)
    assert only(fields) == Write("a", b"x")


@pytest.mark.parametrize("word", MODES)
def test_every_spelling_of_a_mode_is_understood(word: str) -> None:
    assert only({"path": "a", "mode": word}) == Chmod("a", MODES[word])


YAML = """\
# from a phone
role: command_patch
target: site
blockId: greet-7
title: Greet
summary: |
  Say hello.

  Twice.
mutations:
  - path: hello.txt
    mode: "0644"
    contents: |
      hello
      hello
  - { path: old.txt, op: delete }
"""


def test_yaml_means_the_same() -> None:
    patch = patch_of(posted(YAML, "yaml", context=BOTH))
    assert patch.domain == "web"
    assert patch.label == "greet-7"
    assert patch.title == "Greet"
    assert patch.body == "Say hello.\n\nTwice."
    assert patch.changeset.mutations == (
        Write("hello.txt", b"hello\nhello\n", FileMode.REGULAR),
        Delete("old.txt"),
    )


# Targets ---------------------------------------------------------------------------------------
def for_targets(**fields: Any) -> list[str]:
    results = posted(block(mutations=[{"path": "a", "contents": ""}], **fields), "json", context=BOTH)
    assert all(isinstance(each, Patch) for each in results), results
    return [each.domain for each in results if isinstance(each, Patch)]


def test_a_target_is_a_domain_or_an_alias_in_any_case() -> None:
    assert for_targets(target="web") == ["web"]
    assert for_targets(target=" SITE ") == ["web"]
    assert for_targets(domain="Api") == ["api"]


def test_several_domains_get_a_patch_each() -> None:
    assert for_targets(domains=["api", "web"]) == ["api", "web"]
    assert for_targets(targets=["web", "site"]) == ["web"]
    assert for_targets(target="BOTH") == ["web", "api"]


def test_patches_of_one_block_share_its_number() -> None:
    results = posted(block(path="a", contents="", target="both"), "json", context=BOTH)
    assert [result.block for result in results] == [1, 1]


def test_both_means_the_two_domains_that_exist_where_none_is_here() -> None:
    text = block(path="a", contents="", target="both")
    assert [each.domain for each in posted(text, "json", context=NOWHERE) if isinstance(each, Patch)] == [
        "web",
        "api",
    ]


def test_without_a_target_it_is_for_the_only_domain_here() -> None:
    assert patch_of(posted(block(path="a", contents=""), "json")).domain == "web"


def test_without_a_target_it_is_for_the_chosen_domain() -> None:
    assert patch_of(posted(block(path="a", contents=""), "json", context=BOTH, domain="API")).domain == "api"


def test_a_target_that_agrees_with_the_chosen_domain_changes_nothing() -> None:
    text = block(path="a", contents="", target="site")
    assert patch_of(posted(text, "json", context=BOTH, domain="web")).domain == "web"


def test_each_domain_takes_its_own_checkout_off_a_path() -> None:
    text = block(mutations=[{"path": "/srv/api/a", "contents": ""}], target="api")
    assert mutations_of(posted(text, "json", context=BOTH)) == (Write("a", b""),)


def test_a_target_with_a_slash_is_a_file_and_is_shown() -> None:
    patch = patch_of(posted(block(target="src/a", edits=[{"find": "x", "replace": "y"}]), "json"))
    assert patch.domain == "web"


def test_where_blocks_lie_in_each_other_the_target_may_be_in_either() -> None:
    inner = {"mutations": [{"path": "a", "contents": ""}]}
    assert patch_of(posted(block(patch=inner, target="api"), "json", context=BOTH)).domain == "api"
    inner["target"] = "api"  # type: ignore[assignment]
    assert patch_of(posted(block(patch=inner), "json", context=BOTH)).domain == "api"
    assert patch_of(posted(block(patch=inner, target="api"), "json", context=BOTH)).domain == "api"


# What describes --------------------------------------------------------------------------------
def described(**fields: Any) -> Patch:
    return patch_of(posted(block(mutations=[{"path": "src/a", "contents": ""}], **fields), "json"))


def test_the_title_is_the_first_of_title_summary_description_label_and_paths() -> None:
    assert described(title="T", summary="S", description="D", id="L").title == "T"
    assert described(summary="S", description="D", id="L").title == "S"
    assert described(description="D", id="L").title == "D"
    assert described(id="L").title == "L"
    assert described().title == "src/a"


def test_a_blank_title_is_none() -> None:
    assert described(title="  ", summary="S").title == "S"
    assert described(title=7, summary="S").details == {"title": "7"}


def test_the_title_is_one_line_and_the_rest_is_body() -> None:
    patch = described(title="First   line\nsecond", description="third")
    assert (patch.title, patch.body) == ("First line", "second\n\nthird")
    assert described(title="x" * 500).title == "x" * 119 + "…"


def test_a_title_given_beside_the_block_wins_and_loses_nothing() -> None:
    text = block(path="a", contents="", title="Theirs", description="More")
    patch = patch_of(posted(text, "json", title="Mine"))
    assert (patch.title, patch.body) == ("Mine", "Theirs\n\nMore")


def test_the_label_is_the_senders_own_name() -> None:
    assert described(blockId="B", id="I").label == "B"
    assert described(blockId="B", id="I").details == {"id": "I"}
    assert described(id="I").label == "I"
    assert described().label is None


def test_unknown_fields_are_kept_as_short_texts() -> None:
    patch = described(
        version="v1",
        priority=3,
        autoExecute=True,
        metadata={"author": "gpt", "tags": ["a", 1], "deep": [{"x": None}, "y"]},
        final={"git": {"commit": "c", "tag": "t"}, "summaryFile": "/tmp/s.md"},
        notes="n" * 1000,
    )
    assert patch.details == {
        "version": "v1",
        "priority": "3",
        "autoExecute": "true",
        "metadata.author": "gpt",
        "metadata.tags": "a, 1",
        "metadata.deep.1.x": "null",
        "metadata.deep.2": "y",
        "final.git.commit": "c",
        "final.git.tag": "t",
        "final.summaryFile": "/tmp/s.md",
        "notes": "n" * 300,
    }


def test_only_so_many_details_are_kept() -> None:
    assert len(described(**{f"x{n}": n for n in range(100)}).details) == 40


def test_a_foreign_role_is_shown() -> None:
    patch = patch_of(posted('{"role": "ui_patch", "path": "a", "contents": ""}', "json"))
    assert patch.details == {"role": "ui_patch"}


def test_fields_that_only_describe_beside_a_list_are_kept() -> None:
    patch = described(type="feature", mode="auto", action="x", operation="y", target_file="src/a")
    assert patch.details == {
        "type": "feature",
        "mode": "auto",
        "action": "x",
        "operation": "y",
        "target_file": "src/a",
    }


def test_the_inner_block_describes_before_the_outer() -> None:
    inner = {
        "blockId": "inner",
        "description": "D",
        "version": "2",
        "mutations": [{"path": "a", "contents": ""}],
    }
    patch = patch_of(posted(block(patch=inner, id="outer", version="1", title="T"), "json"))
    assert (patch.label, patch.title, patch.body) == ("inner", "T", "D")
    assert patch.details == {"version": "2", "id": "outer"}


def test_shell_lines_are_kept_apart_and_never_a_change() -> None:
    patch = described(
        preCommit={"shell": ["date"], "before": ["git add ."], "timeout": 30},
        validate=["test -f a", "grep x a"],
        testing="make test",
        postMutationBuild={"shell": []},
        custom={"shell": ["echo"], "why": "so"},
        preMutation=7,
        tests=["a", 1],
    )
    assert patch.commands == (
        Commands("preCommit", ("date",)),
        Commands("preCommit.before", ("git add .",)),
        Commands("validate", ("test -f a", "grep x a")),
        Commands("testing", ("make test",)),
        Commands("custom", ("echo",)),
    )
    assert patch.details == {
        "preCommit.timeout": "30",
        "custom.why": "so",
        "preMutation": "7",
        "tests": "a, 1",
    }
    assert patch.changeset.mutations == (Write("src/a", b""),)


def test_a_block_is_taken_from_every_kind_of_part() -> None:
    text = block(path="a", contents="x")
    for kind in PartKind:
        assert mutations_of(posted(text, kind=kind)) == (Write("a", b"x"),)
