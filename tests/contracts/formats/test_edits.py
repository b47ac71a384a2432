"""`*** Begin Patch` and search/replace: what they become, and what is wrong with them where."""

import pytest

from contracts.commands import Part, PartKind, Submit
from contracts.faults import Reason
from contracts.formats import fences
from contracts.formats.blocks import file_named
from contracts.formats.reading import read
from contracts.modes import Presence
from contracts.patch import Chunk, Delete, Splice, Write, paths_of
from tests.contracts.formats.posting import LIMITS, WEB, facts_of, faults_of, mutations_of, patch_of, posted


def codex(*lines: str) -> str:
    return "\n".join(("*** Begin Patch", *lines, "*** End Patch")) + "\n"


# `*** Begin Patch` -------------------------------------------------------------------------------
def test_files_are_added_updated_moved_and_deleted() -> None:
    text = codex(
        "*** Add File: src/new.py",
        "+import os",
        "+",
        "*** Update File: src/app.py",
        "*** Move to: src/main.py",
        "@@ def run():",
        "     print('one')",
        "-    print('two')",
        "+    print('three')",
        "*** Delete File: src/old.py",
    )
    assert mutations_of(posted(text)) == (
        Write("src/new.py", b"import os\n\n", expects=Presence.ABSENT),
        Splice(
            "src/app.py",
            (Chunk(("     print('one')", "-    print('two')", "+    print('three')"), ("def run():",)),),
            "src/main.py",
        ),
        Delete("src/old.py"),
    )


def test_anchors_nest_and_the_end_of_the_file_is_one() -> None:
    text = codex(
        "*** Update File: a.py",
        "@@ class A:",
        "@@     def f(self):",
        "-old",
        "+new",
        "@@",
        " last",
        "+behind it",
        "*** End of File",
    )
    [splice] = mutations_of(posted(text))
    assert isinstance(splice, Splice)
    assert splice.chunks == (
        Chunk(("-old", "+new"), ("class A:", "def f(self):")),
        Chunk((" last", "+behind it"), at_end=True),
    )


def test_an_empty_line_is_context_and_blank_lines_before_the_next_file_are_not() -> None:
    text = codex("*** Update File: a", " one", "", "-two", "+2", "", "*** Delete File: b")
    splice, _ = mutations_of(posted(text))
    assert isinstance(splice, Splice)
    assert splice.chunks[0].lines == (" one", " ", "-two", "+2")


def test_the_name_of_the_fence_does_not_matter_nor_the_text_around_it() -> None:
    text = "apply_patch <<'EOF'\n" + codex("*** Delete File: a") + "EOF\n"
    assert mutations_of(posted(text, "bash", addressed=False)) == (Delete("a"),)


def test_two_in_one_text_are_one_patch() -> None:
    text = codex("*** Delete File: a") + "and\n" + codex("*** Delete File: b")
    assert mutations_of(posted(text)) == (Delete("a"), Delete("b"))


def test_its_files_give_the_title() -> None:
    assert patch_of(posted(codex("*** Delete File: a", "*** Delete File: b/c"))).title == "a, b/c"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("*** Update File: a", "-x", "+y", "what?"), [(Reason.EDIT_STRAY_LINE, 5, 1)]),
        (("*** Rename File: a",), [(Reason.EDIT_STRAY_LINE, 2, 1)]),
        (("*** Update File: a", " x"), [(Reason.EDIT_EMPTY, 3, 1)]),
        (("*** Update File: a",), [(Reason.EDIT_EMPTY, 3, 1)]),
        (("*** Update File: a", "@@", "+x"), [(Reason.EDIT_WITHOUT_CONTEXT, 3, 1)]),
        (
            ("*** Delete File: ../a", "*** Delete File: .git/config"),
            [(Reason.PATH_OUTSIDE, 2, 1), (Reason.PATH_DOTGIT, 3, 1)],
        ),
        ((), [(Reason.NO_MUTATIONS, 1, 1)]),
    ],
)
def test_every_line_belongs_somewhere(
    lines: tuple[str, ...], expected: list[tuple[Reason, int, int]]
) -> None:
    assert faults_of(posted(codex(*lines))) == expected


def test_one_that_is_cut_off_is_refused() -> None:
    cut = "*** Begin Patch\n*** Update File: a\n-x\n+y\n"
    assert (Reason.EDIT_CUT_OFF, 5, 1) in faults_of(posted(cut))


# Search/replace ----------------------------------------------------------------------------------
BLOCK = "<<<<<<< SEARCH\none\ntwo\n=======\none\n2\n>>>>>>> REPLACE\n"


def test_a_block_changes_the_file_that_is_named_above_it() -> None:
    assert mutations_of(posted(f"src/a.py\n{BLOCK}", "python")) == (
        Splice("src/a.py", (Chunk((" one", "-two", "+2")),)),
    )


@pytest.mark.parametrize("between", ["", "\n", "and:\n"])
def test_a_block_goes_on_with_the_file_of_the_one_before(between: str) -> None:
    first, second = mutations_of(posted(f"a.py\n{BLOCK}{between}{BLOCK}"))
    assert isinstance(first, Splice)
    assert first == second


def test_nothing_to_search_for_makes_a_new_file() -> None:
    text = "a/new.txt\n<<<<<<< SEARCH\n=======\nhello\n>>>>>>> REPLACE\n"
    assert mutations_of(posted(text)) == (Write("a/new.txt", b"hello\n", expects=Presence.ABSENT),)


def test_the_fences_of_a_message_are_one_patch_with_the_lines_of_the_message() -> None:
    message = f"First\n\na.py\n```python\n{BLOCK}```\n\nand **b.py**:\n\n`b.py`\n\n```python\n{BLOCK}```\n"
    submit = Submit(fences.parts(message), addressed=False)
    assert [each.path for each in mutations_of(read(submit, WEB)) if isinstance(each, Splice)] == [
        "a.py",
        "b.py",
    ]
    broken = message.replace(">>>>>>> REPLACE\n```\n", "```\n")
    assert faults_of(read(Submit(fences.parts(broken), addressed=False), WEB)) == [
        (Reason.EDIT_CUT_OFF, 5, 1),
        (Reason.EDIT_CUT_OFF, 18, 1),
    ]


@pytest.mark.parametrize(
    ("above", "first", "path"),
    [
        ("src/a.py", "python\n", "src/a.py"),
        ("src/a.xy", "other\n", "src/a.xy"),
        ("", "other\n", "other"),
        ("In it:", "Makefile\n", "Makefile"),
    ],
)
def test_the_language_that_slack_keeps_in_a_fence_names_no_file(above: str, first: str, path: str) -> None:
    part = Part(PartKind.FENCE, f"{first}{BLOCK}".encode(), above=above)
    [splice] = mutations_of(read(Submit((part,), addressed=False), WEB))
    assert isinstance(splice, Splice)
    assert splice.path == path


def test_the_fences_of_rich_text_keep_their_files_and_lines() -> None:
    one = Part(PartKind.FENCE, f"python\n{BLOCK}".encode(), first_line=2, above="a.py")
    two = Part(PartKind.FENCE, f"python\n{BLOCK}".encode(), first_line=12, above="and")
    first, second = mutations_of(read(Submit((one, two), addressed=False), WEB))
    assert first == second == Splice("a.py", (Chunk((" one", "-two", "+2")),))
    cut = Part(PartKind.FENCE, b"python\n<<<<<<< SEARCH\na\n", first_line=2, above="a.py")
    assert faults_of(read(Submit((cut,), addressed=False), WEB)) == [(Reason.EDIT_CUT_OFF, 3, 1)]


def test_fences_between_the_marks_of_a_block_are_lines_of_it() -> None:
    block = "{}\n<<<<<<< SEARCH\na\n=======\n{}\n>>>>>>> REPLACE\n"
    edits = block.format("a.md", "b\n```\ncode\n```\nc\n``` ") + block.format("x.py", "b")
    message = f"Now\n\n```text\n{edits}```\n\nand\n\n```\n{block.format('y.py', 'b')}```\n"
    first, *others = mutations_of(read(Submit(fences.parts(message), addressed=False), WEB))
    tagged = ("-a", "+b", "+```", "+code", "+```", "+c", "+``` ")
    assert first == Splice("a.md", (Chunk(tagged),))
    assert [each.path for each in others if isinstance(each, Splice)] == ["x.py", "y.py"]


def test_a_block_that_a_fence_has_torn_apart_is_refused_whatever_follows() -> None:
    block = "a.md\n<<<<<<< SEARCH\na\n=======\nb\n"
    torn = f"```text\n{block}```\n\nx\n\n```text\nc\n>>>>>>> REPLACE\n{block}>>>>>>> REPLACE\n```\n"
    parts = (
        Part(PartKind.FENCE, block.encode(), language="text", first_line=2),
        Part(PartKind.FENCE, torn.partition("```text\nc\n")[2].encode(), language="text", first_line=11),
    )
    assert faults_of(read(Submit(parts, addressed=False), WEB))[0] == (Reason.EDIT_CUT_OFF, 3, 1)


@pytest.mark.parametrize("opening", ["```diff", "```"])
def test_fences_that_a_diff_leaves_as_they_are_are_lines_of_it(opening: str) -> None:
    hunk = "@@ -1,5 +1,5 @@\n ```sh\n-old\n+new\n ```\n \n ```\n"
    diff = f"--- a/a.md\n+++ b/a.md\n{hunk}--- a/b.md\n+++ b/b.md\n{hunk}"
    message = f"Here:\n\n{opening}\n{diff}```\n\nand\n\n```text\nwords\n```\n"
    [changed] = mutations_of(read(Submit(fences.parts(message), addressed=False), WEB))
    assert paths_of(changed) == ("a.md", "b.md")


def test_other_patches_of_the_message_stay_apart() -> None:
    parts = (
        Part(PartKind.FENCE, f"a.py\n{BLOCK}".encode()),
        Part(PartKind.FENCE, codex("*** Delete File: x").encode(), first_line=20),
        Part(PartKind.FENCE, BLOCK.encode(), first_line=40, above="c.py"),
    )
    results = read(Submit(parts, addressed=False), WEB)
    assert [len(patch_of([each]).changeset.mutations) for each in results] == [2, 1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (BLOCK, [(Reason.EDIT_NO_FILE, 1, 1)]),
        ("a.py\n<<<<<<< SEARCH\nx\n>>>>>>> REPLACE\n", [(Reason.EDIT_CUT_OFF, 2, 1)]),
        ("a.py\n<<<<<<< SEARCH\nx\n=======\ny\n", [(Reason.EDIT_CUT_OFF, 2, 1)]),
        (f"../a.py\n{BLOCK}", [(Reason.PATH_OUTSIDE, 2, 1)]),
        (f"a.py\n{BLOCK}>>>>>>> REPLACE\n", [(Reason.EDIT_STRAY_LINE, 9, 1)]),
    ],
)
def test_a_block_that_is_not_whole_is_refused(text: str, expected: list[tuple[Reason, int, int]]) -> None:
    assert faults_of(posted(text)) == expected


def test_what_is_missing_is_named() -> None:
    assert facts_of(posted("a.py\n<<<<<<< SEARCH\nx\n=======\ny\n"), Reason.EDIT_CUT_OFF) == {
        "missing": ">>>>>>> REPLACE"
    }


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("src/a.py", "src/a.py"),
        ("`src/a.py`", "src/a.py"),
        ("### File: src/a.py:", "src/a.py"),
        ("**Makefile.am**", "Makefile.am"),
        ("- src/a.py", "src/a.py"),
        ("Now change a.py like so:", None),
        ("Done", None),
        ("", None),
    ],
)
def test_a_file_is_named_by_a_line_of_its_own(line: str, name: str | None) -> None:
    assert file_named(line) == name


# Found in real patches ---------------------------------------------------------------------------
def test_fences_inside_an_attached_edit_are_lines_of_it() -> None:
    inner = '```json\n{"role": "command_patch", "op": "delete", "path": "a"}\n```\n'
    text = f"docs/x.md\n<<<<<<< SEARCH\n{inner}=======\nnothing\n>>>>>>> REPLACE\n"
    [splice] = mutations_of(posted(text, "text", kind=PartKind.WHOLE, name="x.txt"))
    assert isinstance(splice, Splice)
    assert splice.path == "docs/x.md"


def test_reading_stops_at_the_limits_of_files_and_changes() -> None:
    many = "*** Begin Patch\n" + "".join(f"*** Delete File: d/{n}\n" for n in range(5000)) + "*** End Patch\n"
    [(reason, line, _)] = faults_of(posted(many))
    assert (reason, line) == (Reason.TOO_MANY_FILES, LIMITS.files + 2)
    chunks = "*** Begin Patch\n*** Update File: x\n" + "@@\n-a\n+b\n" * 3000 + "*** End Patch\n"
    assert faults_of(posted(chunks))[0][0] is Reason.TOO_MANY_NODES
    blocks = "x.py\n" + "<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n" * 3000
    assert faults_of(posted(blocks))[0][0] is Reason.TOO_MANY_NODES


def test_a_name_without_a_dot_is_one_right_above_a_block() -> None:
    block = "<<<<<<< SEARCH\na\n=======\nb\n>>>>>>> REPLACE\n"
    [splice] = mutations_of(posted(f"**Makefile**\n{block}"))
    assert isinstance(splice, Splice)
    assert splice.path == "Makefile"
    assert {reason for reason, _, _ in faults_of(posted(f"here it is\n{block}"))} == {Reason.EDIT_NO_FILE}
    [_, second] = mutations_of(posted(f"a.py\n{block}Then:\n{block}"))
    assert isinstance(second, Splice)
    assert second.path == "a.py"
    [_, third] = mutations_of(posted(f"a.py\n{block}`Makefile`\n{block}"))
    assert isinstance(third, Splice)
    assert third.path == "Makefile"
