"""What each mutation does to a base, and when it refuses."""

from datetime import timedelta

import pytest

from contracts.faults import Fault, Reason
from contracts.modes import FileMode, Presence
from contracts.patch import Chmod, Delete, Insert, InsertAt, Limits, Mutation, Rename, Replace, Side, Write
from executor.changeset import substitution
from executor.files import File, Kind
from tests.executor.trees import MemoryTree, edits, refusal, regular, tree_of

EXECUTABLE = FileMode.EXECUTABLE
BASE = tree_of(
    {
        "README": b"hello\nworld\n",
        "src/app.py": b"import os\n\nprint('one')\nprint('one')\n",
        "src/run.sh": File(b"#!/bin/sh\n", EXECUTABLE),
        "src/logo.png": b"\x89PNG\0\1",
        "link": Kind.SYMLINK,
        "vendor/lib": Kind.SUBMODULE,
    }
)


def reason(found: Fault) -> tuple[Reason, dict[str, str]]:
    return found.reason, dict(found.args)


# Writing -----------------------------------------------------------------------------------------
def test_a_write_makes_a_new_file_with_its_folders() -> None:
    assert edits(BASE, Write("docs/deep/new.md", b"new")) == {"docs/deep/new.md": regular(b"new")}


def test_a_write_keeps_the_mode_of_the_file_it_replaces() -> None:
    assert edits(BASE, Write("src/run.sh", b"#!/bin/bash\n")) == {
        "src/run.sh": File(b"#!/bin/bash\n", EXECUTABLE)
    }


def test_a_write_may_give_a_mode() -> None:
    assert edits(BASE, Write("README", b"x", EXECUTABLE)) == {"README": File(b"x", EXECUTABLE)}


def test_a_write_is_taken_byte_by_byte() -> None:
    crlf = tree_of({"a": b"one\r\ntwo\r\n"})
    assert edits(crlf, Write("a", b"one\ntwo")) == {"a": regular(b"one\ntwo")}


def test_a_write_that_creates_refuses_a_file_that_is_there() -> None:
    found = refusal(BASE, Write("README", b"", expects=Presence.ABSENT))
    assert reason(found) == (Reason.FILE_EXISTS, {"path": "README"})


def test_a_write_that_updates_refuses_a_file_that_is_not_there_and_suggests_one() -> None:
    found = refusal(BASE, Write("src/ap.py", b"", expects=Presence.PRESENT))
    assert reason(found) == (Reason.FILE_MISSING, {"path": "src/ap.py", "suggestion": "src/app.py"})


# Deleting, renaming, modes -----------------------------------------------------------------------
def test_a_delete_takes_the_file_away() -> None:
    assert edits(BASE, Delete("README")) == {"README": None}


def test_a_rename_keeps_content_and_mode() -> None:
    assert edits(BASE, Rename("src/run.sh", "bin/run")) == {
        "src/run.sh": None,
        "bin/run": File(b"#!/bin/sh\n", EXECUTABLE),
    }


def test_a_rename_refuses_a_target_that_is_there() -> None:
    assert reason(refusal(BASE, Rename("README", "src/app.py"))) == (
        Reason.FILE_EXISTS,
        {"path": "src/app.py"},
    )


def test_a_rename_may_change_nothing_but_case() -> None:
    assert edits(BASE, Rename("README", "readme")) == {"README": None, "readme": regular(b"hello\nworld\n")}


def test_a_rename_may_move_a_file_below_its_own_name() -> None:
    assert edits(BASE, Rename("README", "README/intro")) == {
        "README": None,
        "README/intro": regular(b"hello\nworld\n"),
    }


def test_a_chmod_keeps_the_content() -> None:
    assert edits(BASE, Chmod("README", EXECUTABLE)) == {"README": File(b"hello\nworld\n", EXECUTABLE)}


@pytest.mark.parametrize(
    "mutation",
    [
        Delete("src/missing.py"),
        Rename("src/missing.py", "x"),
        Chmod("src/missing.py", EXECUTABLE),
        Replace("src/missing.py", "a", "b"),
        Insert("src/missing.py", "a", "b", Side.AFTER),
        InsertAt("src/missing.py", 1, "b"),
        Write("src/missing.py", b"", expects=Presence.PRESENT),
    ],
    ids=lambda mutation: mutation.kind,
)
def test_what_is_missing_is_never_made_up(mutation: Mutation) -> None:
    assert refusal(BASE, mutation).reason is Reason.FILE_MISSING


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("link", "a symbolic link"),
        ("vendor/lib", "a submodule"),
        ("src", "a folder"),
        ("link/inside", "below a symbolic link"),
        ("vendor/lib/x", "below a submodule"),
        ("README/x", "below a file"),
    ],
)
@pytest.mark.parametrize("write", [True, False], ids=["write", "delete"])
def test_only_plain_files_are_touched(path: str, found: str, write: bool) -> None:
    wrong = refusal(BASE, Write(path, b"x") if write else Delete(path))
    assert reason(wrong) == (Reason.NOT_A_FILE, {"path": path, "found": found})


@pytest.mark.parametrize(
    ("path", "other"),
    [("readme", "README"), ("SRC/new.py", "src"), ("src/APP.py", "src/app.py"), ("Link", "link")],
)
def test_a_new_name_may_not_differ_only_in_case(path: str, other: str) -> None:
    wrong = refusal(BASE, Write(path, b"x"))
    assert reason(wrong) == (Reason.PATH_COLLISION, {"path": path, "other": other})


def test_names_that_differ_only_in_composition_collide() -> None:
    wrong = refusal(tree_of({"caf\u00e9": b""}), Write("cafe\u0301", b"x"))
    assert wrong.reason is Reason.PATH_COLLISION


def test_a_base_that_already_has_both_spellings_can_still_be_patched() -> None:
    both = tree_of({"Makefile": b"a", "makefile": b"b"})
    assert edits(both, Write("makefile", b"c")) == {"makefile": regular(b"c")}


@pytest.mark.parametrize(
    "path", ["../x", "/etc/x", "a/../../x", ".git/config", "a/.GIT/x", "a\\b", "git~1/x", ""]
)
def test_a_path_that_leads_elsewhere_is_refused_here_too(path: str) -> None:
    assert refusal(BASE, Write(path, b"x")).reason.startswith("path-")


# One after the other -----------------------------------------------------------------------------
def test_later_mutations_see_the_earlier_ones() -> None:
    assert edits(
        BASE,
        Write("a", b"one\n"),
        Replace("a", "one", "two"),
        Rename("a", "b"),
        InsertAt("b", 2, "three"),
        Chmod("b", EXECUTABLE),
    ) == {"b": File(b"two\nthree\n", EXECUTABLE)}


def test_one_refusal_refuses_all() -> None:
    assert refusal(BASE, Write("a", b"x"), Delete("README"), Delete("README")).reason is Reason.FILE_MISSING


def test_a_folder_that_was_emptied_may_become_a_file() -> None:
    base = tree_of({"a/b": b"1", "a/c/d": b"2"})
    assert edits(base, Delete("a/b"), Delete("a/c/d"), Write("a", b"3")) == {
        "a/b": None,
        "a/c/d": None,
        "a": regular(b"3"),
    }


def test_a_folder_that_still_has_a_file_is_no_place_for_one() -> None:
    base = tree_of({"a/b": b"1", "a/c/d": b"2"})
    assert refusal(base, Delete("a/b"), Write("a", b"3")).reason is Reason.NOT_A_FILE


def test_a_file_that_went_may_become_a_folder() -> None:
    assert edits(BASE, Delete("README"), Write("README/x", b"1")) == {
        "README": None,
        "README/x": regular(b"1"),
    }


@pytest.mark.parametrize(
    "mutations",
    [
        (Write("README", b"hello\nworld\n"),),
        (Replace("README", "hello", "hello"),),
        (Write("new", b""), Delete("new")),
        (Rename("README", "x"), Rename("x", "README")),
        (Chmod("src/run.sh", EXECUTABLE),),
    ],
)
def test_what_comes_back_to_the_base_changed_nothing(mutations: tuple[Mutation, ...]) -> None:
    assert refusal(BASE, *mutations).reason is Reason.NOTHING_CHANGED


# Text ------------------------------------------------------------------------------------------
def test_a_literal_replacement_takes_every_match() -> None:
    assert edits(BASE, Replace("src/app.py", "('one')", "(2)")) == {
        "src/app.py": regular(b"import os\n\nprint(2)\nprint(2)\n")
    }


def test_a_literal_replacement_has_no_special_characters() -> None:
    base = tree_of({"a": b"x.y (z) \\1\n"})
    assert edits(base, Replace("a", ".y (z) \\1", r"\g<0>$1")) == {"a": regular(b"x\\g<0>$1\n")}


@pytest.mark.parametrize("regex", [True, False])
def test_a_count_must_be_met_exactly(regex: bool) -> None:
    wrong = refusal(BASE, Replace("src/app.py", "one", "two", regex=regex, count=1))
    assert reason(wrong) == (Reason.MATCH_COUNT, {"path": "src/app.py", "said": "1", "found": "2"})
    assert edits(BASE, Replace("src/app.py", "one", "two", regex=regex, count=2))


@pytest.mark.parametrize("regex", [True, False])
def test_text_that_is_not_there_is_named(regex: bool) -> None:
    wrong = refusal(BASE, Replace("README", "nothing like it", "x", regex=regex))
    assert wrong.reason is Reason.TEXT_NOT_FOUND
    assert (wrong.args["path"], wrong.args["text"]) == ("README", "nothing like it")


@pytest.mark.parametrize("regex", [True, False])
def test_too_many_matches_are_refused_unless_they_were_counted(regex: bool) -> None:
    base, few = tree_of({"a": b"x" * 30}), Limits(matches=10)
    wrong = refusal(base, Replace("a", "x", "y", regex=regex), limits=few)
    assert reason(wrong) == (Reason.TOO_MANY_MATCHES, {"path": "a", "most": "10"})
    assert edits(base, Replace("a", "x", "y", regex=regex, count=30), limits=few)


@pytest.mark.parametrize("regex", [True, False])
def test_a_replacement_cannot_make_a_file_huge(regex: bool) -> None:
    base = tree_of({"a": b"x" * 100})
    wrong = refusal(base, Replace("a", "x", "y" * 1000, regex=regex), limits=Limits(file=10_000))
    assert wrong.reason is Reason.FILE_TOO_LARGE


def test_an_insertion_cannot_make_a_file_huge_either() -> None:
    wrong = refusal(tree_of({"a": b"x"}), InsertAt("a", 1, "y" * 20_000), limits=Limits(file=10_000))
    assert wrong.reason is Reason.FILE_TOO_LARGE


def test_a_file_that_is_large_already_may_be_edited() -> None:
    base = tree_of({"a": b"head\n" + b"x" * 5000})
    assert edits(base, Replace("a", "head", "heads"), limits=Limits(file=1000))


def test_what_is_not_text_is_not_edited_as_text() -> None:
    assert refusal(BASE, Replace("src/logo.png", "PNG", "GIF")).reason is Reason.NOT_TEXT
    latin = tree_of({"a": "caf\u00e9".encode("latin-1")})
    assert refusal(latin, InsertAt("a", 1, "x")).reason is Reason.NOT_TEXT


def test_an_insert_goes_right_beside_its_anchor() -> None:
    before = Insert("README", "world", "big ", Side.BEFORE)
    after = Insert("README", "hello", ",", Side.AFTER)
    assert edits(BASE, before, after) == {"README": regular(b"hello,\nbig world\n")}


@pytest.mark.parametrize(
    ("text", "anchor", "count", "lines"),
    [
        (b"one one", "one", "2", "1"),
        (b"one\n\none\n", "one", "2", "1, 3"),
        (b"aaa", "aa", "2", "1"),
        (b"ab", "", "3", "1"),
    ],
)
def test_an_anchor_must_be_unique(text: bytes, anchor: str, count: str, lines: str) -> None:
    wrong = refusal(tree_of({"a": text}), Insert("a", anchor, "x", Side.AFTER))
    assert reason(wrong) == (
        Reason.TEXT_AMBIGUOUS,
        {"path": "a", "text": anchor, "count": count, "lines": lines},
    )


def test_an_anchor_must_be_there() -> None:
    assert refusal(BASE, Insert("README", "moon", "x", Side.AFTER)).reason is Reason.TEXT_NOT_FOUND


@pytest.mark.parametrize(
    ("line", "content"),
    [(1, b"new\nhello\nworld\n"), (2, b"hello\nnew\nworld\n"), (3, b"hello\nworld\nnew\n")],
)
@pytest.mark.parametrize("text", ["new", "new\n"])
def test_a_line_is_inserted_whole(line: int, content: bytes, text: str) -> None:
    assert edits(BASE, InsertAt("README", line, text)) == {"README": regular(content)}


@pytest.mark.parametrize("line", [0, -1, 4])
def test_a_line_outside_the_file_is_refused(line: int) -> None:
    wrong = refusal(BASE, InsertAt("README", line, "x"))
    assert reason(wrong) == (Reason.LINE_OUTSIDE, {"path": "README", "said": str(line), "lines": "2"})


def test_an_empty_file_has_room_at_line_one() -> None:
    assert edits(tree_of({"a": b""}), InsertAt("a", 1, "x")) == {"a": regular(b"x\n")}


# Line ends, byte order marks, last lines -----------------------------------------------------------
CRLF = tree_of({"a": b"\xef\xbb\xbfone\r\ntwo\r\nthree"})


@pytest.mark.parametrize(
    ("mutation", "content"),
    [
        (Replace("a", "one\ntwo", "1\n2\n2b"), b"1\r\n2\r\n2b\r\nthree"),
        (Replace("a", "one\r\ntwo", "1\r\n2"), b"1\r\n2\r\nthree"),
        (Replace("a", "e\ntw", "E\nTW", regex=True), b"onE\r\nTWo\r\nthree"),
        (Replace("a", "^t.*$", "x", regex=True), b"one\r\nx\r\nx"),
        (Insert("a", "one\n", "1b\n", Side.AFTER), b"one\r\n1b\r\ntwo\r\nthree"),
        (InsertAt("a", 2, "1b\n1c"), b"one\r\n1b\r\n1c\r\ntwo\r\nthree"),
        (InsertAt("a", 4, "four"), b"one\r\ntwo\r\nthree\r\nfour"),
        (Replace("a", "one", "One"), b"One\r\ntwo\r\nthree"),
    ],
)
def test_an_edited_file_keeps_its_line_ends_its_mark_and_its_open_end(
    mutation: Mutation, content: bytes
) -> None:
    assert edits(CRLF, mutation) == {"a": regular(b"\xef\xbb\xbf" + content)}


def test_carriage_returns_of_a_patch_do_not_get_into_a_file_without_them() -> None:
    base = tree_of({"a": b"one\ntwo\n"})
    assert edits(base, Replace("a", "one\r\ntwo", "1\r\n2")) == {"a": regular(b"1\n2\n")}


MIXED = tree_of({"a": b"one\r\ntwo\r\nthree\nfour\r\n"})


def test_a_file_that_mixes_line_ends_keeps_every_one_of_them() -> None:
    assert edits(MIXED, Replace("a", "three\n", "3\n")) == {"a": regular(b"one\r\ntwo\r\n3\r\nfour\r\n")}
    assert edits(MIXED, Replace("a", "three", "3")) == {"a": regular(b"one\r\ntwo\r\n3\nfour\r\n")}
    assert edits(MIXED, InsertAt("a", 1, "zero")) == {"a": regular(b"zero\r\none\r\ntwo\r\nthree\nfour\r\n")}
    assert refusal(MIXED, Replace("a", "one\ntwo", "x")).reason is Reason.TEXT_NOT_FOUND


def test_a_lone_carriage_return_is_a_character_like_others() -> None:
    base = tree_of({"a": b"one\rtwo\r\r\nthree\r\n"})
    assert edits(base, Replace("a", "three", "3")) == {"a": regular(b"one\rtwo\r\r\n3\r\n")}


# Regular expressions -----------------------------------------------------------------------------
def test_a_replacement_may_use_groups() -> None:
    pattern = r"print\('(?P<what>\w+)'\)"
    assert edits(BASE, Replace("src/app.py", pattern, r"log(\1, \g<what>)", regex=True)) == {
        "src/app.py": regular(b"import os\n\nlog(one, one)\nlog(one, one)\n")
    }


@pytest.mark.parametrize(
    ("pattern", "replacement"),
    [("(", "x"), ("hello", r"\2"), ("hello", r"\g<none>"), ("(" * 5000 + ")" * 5000, "x")],
)
def test_what_is_no_regular_expression_is_said(pattern: str, replacement: str) -> None:
    assert refusal(BASE, Replace("README", pattern, replacement, regex=True)).reason is Reason.REGEX_INVALID


def test_a_search_without_end_is_stopped() -> None:
    base = tree_of({"a": b"ab" * 2000})
    wrong = refusal(
        base,
        Replace("a", "(a*)*" * 200, "x", regex=True),
        limits=Limits(regex_time=timedelta(milliseconds=50)),
    )
    assert reason(wrong) == (Reason.REGEX_TIMEOUT, {"path": "a", "most": "0.05"})


def test_the_answer_of_the_program_is_the_answer_of_the_function() -> None:
    for answer in (
        substitution.Substituted("x", 1),
        substitution.Invalid("why"),
        substitution.TooSlow(),
        substitution.TooLarge(),
    ):
        assert substitution.read_answer(substitution.write_answer(answer)) == answer


# Suggestions -------------------------------------------------------------------------------------
def test_a_file_of_the_same_name_elsewhere_is_suggested() -> None:
    assert refusal(BASE, Delete("lib/app.py")).args["suggestion"] == "src/app.py"


def test_in_a_large_tree_only_near_names_are_compared() -> None:
    many: dict[str, bytes | File | Kind] = {f"pkg{n % 50}/module{n}.py": b"" for n in range(5000)}
    wrong = refusal(MemoryTree(tree_of(many).leaves), Delete("pkg7/modul7.py"))
    assert wrong.args["suggestion"] == "pkg7/module7.py"
    assert refusal(MemoryTree(tree_of(many).leaves), Delete("zzz/qqq")).args["suggestion"] == ""


def test_what_this_patch_took_away_is_not_suggested() -> None:
    assert refusal(BASE, Delete("README"), Delete("READM")).args["suggestion"] == ""
