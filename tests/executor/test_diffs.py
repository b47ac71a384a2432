"""Diffs against real git: what lands is what git makes of them, and what git would guess is refused."""

from collections.abc import Callable, Mapping

import pytest

from contracts.faults import Fault, Reason
from contracts.modes import FileMode
from contracts.outcome import Change
from contracts.patch import Chmod, Diff, FileHeader, Replace, Write
from executor import confirmation
from executor.candidate import Candidate
from executor.changeset.plan import Plan
from executor.files import File
from executor.repository.objects import entries
from tests.executor.conftest import Builder
from tests.executor.diffs import diff, diff_between, joined, without_index
from tests.executor.repositories import Content, Repo
from tests.executor.trees import carry_out, tree_of

On = Callable[[Mapping[str, Content]], Builder]

LINES = b"".join(b"line %d\n" % number for number in range(1, 31))
R, X = "100644", "100755"


def facts(found: Fault) -> tuple[Reason, dict[str, str]]:
    return found.reason, dict(found.args)


OPEN_END = "\\ No newline at end of file\n"
HUNK = "@@ -2,3 +2,3 @@\n line 2\n-line 3\n+LINE 3\n line 4\n"


async def test_a_hunk_lands_where_it_says(on: On) -> None:
    files = await on({"a": LINES}).files(diff("a", HUNK))
    assert files == {"a": (R, LINES.replace(b"line 3\n", b"LINE 3\n"))}


async def test_a_hunk_follows_its_lines_when_they_moved(on: On) -> None:
    moved = b"one more\n" * 5 + LINES
    assert (await on({"a": moved}).files(diff("a", HUNK)))["a"][1] == moved.replace(b"line 3\n", b"LINE 3\n")


async def test_several_hunks_and_files_land_together(on: On) -> None:
    second = "@@ -20,3 +20,4 @@\n line 20\n line 21\n+line 21b\n line 22\n"
    done = joined(
        diff("a", HUNK + second),
        diff("new/b", "@@ -0,0 +1,2 @@\n+x\n+y\n", old=None, extra="new file mode 100755\n"),
        diff("c", "@@ -1 +0,0 @@\n-gone\n", new=None, extra="deleted file mode 100644\n"),
    )
    assert await on({"a": LINES, "c": b"gone\n"}).files(done) == {
        "a": (R, LINES.replace(b"line 3\n", b"LINE 3\n").replace(b"line 21\n", b"line 21\nline 21b\n")),
        "new/b": (X, b"x\ny\n"),
    }


async def test_a_rename_with_a_change_and_a_copy(on: On) -> None:
    renamed = diff("a", HUNK, new="b", extra="similarity index 90%\nrename from a\nrename to b\n")
    copied = diff("c", "", new="d", extra="similarity index 100%\ncopy from c\ncopy to d\n")
    files = await on({"a": (LINES, 0o755), "c": b"c\n"}).files(renamed, copied)
    assert files == {
        "b": (X, LINES.replace(b"line 3\n", b"LINE 3\n")),
        "c": (R, b"c\n"),
        "d": (R, b"c\n"),
    }


async def test_a_change_of_mode_alone(on: On) -> None:
    files = await on({"a": (b"x", 0o755)}).files(diff("a", "", extra="old mode 100755\nnew mode 100644\n"))
    assert files == {"a": (R, b"x")}


@pytest.mark.parametrize("name", ["with space", 'quote"d', "caf\u00e9/\u65e5\u672c.txt", "-dash", "a b/c"])
async def test_names_that_git_quotes(on: On, name: str) -> None:
    builder = on({name: LINES, "other": b"x"})
    repo = builder.repo
    repo.git("checkout", "-q", "-b", "side")
    new = repo.commit({name: LINES + b"end\n", f"{name}.new": b"1\n"})
    assert await builder.files(diff_between(repo, "main", new)) == repo.at(new)


async def test_an_empty_file_comes_and_goes(on: On) -> None:
    come = diff("new", "", old=None, extra="new file mode 100644\n")
    go = diff("empty", "", new=None, extra="deleted file mode 100644\n")
    assert await on({"empty": b"", "a": b"x"}).files(come, go) == {"a": (R, b"x"), "new": (R, b"")}


async def test_a_folder_becomes_a_file_and_a_file_a_folder(on: On) -> None:
    builder = on({"dir/x": b"1\n", "file": b"2\n", "a": b"x"})
    repo = builder.repo
    repo.git("checkout", "-q", "-b", "side")
    repo.git("rm", "-q", "dir/x", "file")
    new = repo.commit({"dir": b"3\n", "file/y": b"4\n"})
    assert await builder.files(diff_between(repo, "main", new, "--no-renames")) == repo.at(new)


# The ends of lines and files -----------------------------------------------------------------------
async def test_a_diff_takes_on_the_line_ends_of_its_file(on: On) -> None:
    crlf = LINES.replace(b"\n", b"\r\n")
    files = await on({"a": crlf}).files(diff("a", HUNK))
    assert files["a"][1] == crlf.replace(b"line 3\r\n", b"LINE 3\r\n")


async def test_an_open_end_stays_open_whatever_the_line_ends(on: On) -> None:
    made = diff("a", f"@@ -1,2 +1,2 @@\n-one\n+1\n two\n{OPEN_END}")
    assert (await on({"a": b"one\r\ntwo"}).files(made))["a"][1] == b"1\r\ntwo"


async def test_a_diff_made_on_windows_takes_on_plain_line_ends(on: On) -> None:
    made = diff("a", HUNK.replace("\n ", "\r\n ").replace("\n-", "\r\n-").replace("\n+", "\r\n+"))
    made = Diff(made.body.replace(b"@@\r\n", b"@@\n").replace(b" line 4\n", b" line 4\r\n"), made.files)
    assert b" line 2\r\n-line 3\r\n+LINE 3\r\n line 4\r\n" in made.body
    assert (await on({"a": LINES}).files(made))["a"][1] == LINES.replace(b"line 3\n", b"LINE 3\n")


async def test_a_diff_may_change_the_line_ends_themselves(on: On) -> None:
    made = diff("a", "@@ -1,2 +1,2 @@\n-one\n-two\n+one\r\n+two\r\n")
    assert (await on({"a": b"one\ntwo\n"}).files(made))["a"][1] == b"one\r\ntwo\r\n"


async def test_a_file_that_mixes_line_ends_is_matched_as_it_is(on: On) -> None:
    builder = on({"a": b"one\r\ntwo\nthree\r\n"})
    made = diff("a", "@@ -1,3 +1,3 @@\n one\r\n-two\n+2\n three\r\n")
    assert (await builder.files(made))["a"][1] == b"one\r\n2\nthree\r\n"


async def test_a_missing_last_line_end_stays_comes_and_goes(on: On) -> None:
    builder = on({"stays": b"a\nb", "comes": b"a\nb", "goes": b"a\nb\n"})
    files = await builder.files(
        diff("stays", f"@@ -1,2 +1,2 @@\n-a\n+A\n b\n{OPEN_END}"),
        diff("comes", f"@@ -1,2 +1,2 @@\n a\n-b\n{OPEN_END}+b\n"),
        diff("goes", f"@@ -1,2 +1,2 @@\n a\n-b\n+b\n{OPEN_END}"),
    )
    assert {path: content for path, (_, content) in files.items()} == {
        "stays": b"A\nb",
        "comes": b"a\nb\n",
        "goes": b"a\nb",
    }


async def test_a_last_line_that_is_not_as_the_diff_says_is_explained(on: On) -> None:
    wrong = await on({"a": b"a\nb"}).refusal(diff("a", "@@ -1,2 +1,2 @@\n-a\n+A\n b\n"))
    assert facts(wrong) == (
        Reason.DIFF_DOES_NOT_APPLY,
        {
            "path": "a",
            "hunk": "1",
            "detail": "its lines stand at line 1 with other line ends, and line 2 differs",
            "expected": "b\n",
            "found": "b",
        },
    )


async def test_empty_context_lines_may_have_lost_their_blank(on: On) -> None:
    made = diff("a", "@@ -1,3 +1,3 @@\n one\n\n-two\n+2\n")
    assert (await on({"a": b"one\n\ntwo\n"}).files(made))["a"][1] == b"one\n\n2\n"


# Refused -------------------------------------------------------------------------------------------
async def test_what_does_not_fit_says_where_it_nearly_does(on: On) -> None:
    drifted = LINES.replace(b"line 4\n", b"line four\n")
    wrong = await on({"a": b"more\n" + drifted}).refusal(diff("a", HUNK))
    assert facts(wrong) == (
        Reason.DIFF_DOES_NOT_APPLY,
        {
            "path": "a",
            "hunk": "1",
            "detail": "2 of its 3 lines stand at line 3, and line 5 differs",
            "expected": "line 4",
            "found": "line four",
        },
    )


async def test_a_file_that_is_shorter_than_its_hunk_is_said(on: On) -> None:
    wrong = await on({"a": b"line 2\nline 3\n"}).refusal(diff("a", HUNK))
    assert wrong.args["detail"] == "2 of its 3 lines stand at line 1, and the file ends at line 2"


async def test_long_lines_are_shown_in_part(on: On) -> None:
    wrong = await on({"a": b"x" * 500 + b"\n"}).refusal(diff("a", f"@@ -1 +1 @@\n-{'y' * 500}\n+z\n"))
    assert len(wrong.args["detail"]) < 200


async def test_the_second_hunk_is_named_when_it_is_the_one(on: On) -> None:
    second = "@@ -20,3 +20,3 @@\n line 20\n-line 2x\n+line 2y\n line 22\n"
    wrong = await on({"a": LINES}).refusal(diff("a", HUNK + second))
    assert wrong.args["hunk"] == "2"
    assert wrong.args["detail"] == "2 of its 3 lines stand at line 20, and line 21 differs"


async def test_git_would_take_the_nearest_of_several_places_and_the_desk_refuses(on: On) -> None:
    block = b"begin\nvalue\nend\n"
    builder = on({"a": b"top\n" + block + b"filler\n" * 3 + block})
    made = diff("a", "@@ -4,3 +4,3 @@\n begin\n-value\n+VALUE\n end\n")
    assert builder.repo.accepts("apply", "--check", stdin=made.body)
    assert facts(await builder.refusal(made)) == (
        Reason.DIFF_AMBIGUOUS,
        {"path": "a", "hunk": "1", "count": "2", "lines": "2, 8"},
    )


async def test_equal_places_elsewhere_do_not_matter_where_the_stated_one_fits(on: On) -> None:
    block = b"begin\nvalue\nend\n"
    made = diff("a", "@@ -5,3 +5,3 @@\n begin\n-value\n+VALUE\n end\n")
    files = await on({"a": b"top\n" + block + block + b"bottom\n"}).files(made)
    assert files["a"][1] == b"top\n" + block + block.replace(b"value", b"VALUE") + b"bottom\n"


async def test_places_are_not_counted_for_ever(on: On) -> None:
    made = diff("a", "@@ -5000,3 +5000,3 @@\n x\n-x\n+y\n x\n")
    wrong = await on({"a": b"x\n" * 3000}).refusal(made)
    assert facts(wrong) == (
        Reason.DIFF_AMBIGUOUS,
        {"path": "a", "hunk": "1", "count": "100", "lines": "1, 2, 3, 4, 5"},
    )


async def test_a_hunk_for_the_beginning_fits_nowhere_else(on: On) -> None:
    builder = on({"a": b"license\n" + LINES})
    made = diff("a", "@@ -1,2 +1,3 @@\n line 1\n+new\n line 2\n")
    assert not builder.repo.accepts("apply", "--check", stdin=made.body)
    wrong = await builder.refusal(made)
    assert (
        wrong.args["detail"]
        == "its header says line 1, the beginning of the file, and its lines stand at line 2"
    )


async def test_a_hunk_for_the_end_fits_nowhere_else(on: On) -> None:
    builder = on({"a": LINES})
    made = diff("a", "@@ -9,2 +9,3 @@\n line 9\n line 10\n+new\n")
    assert not builder.repo.accepts("apply", "--check", stdin=made.body)
    wrong = await builder.refusal(made)
    assert (
        wrong.args["detail"]
        == "it ends without a line of context, as at the end of a file, and its lines stand at line 9"
    )


async def test_hunks_that_reach_for_the_same_lines_are_refused(on: On) -> None:
    twice = HUNK + "@@ -4,2 +4,3 @@\n line 4\n+again\n line 5\n"
    builder = on({"a": LINES})
    assert not builder.repo.accepts("apply", "--check", stdin=diff("a", twice).body)
    wrong = await builder.refusal(diff("a", twice))
    assert wrong.args["detail"] == "its lines stand at line 2, which an earlier hunk has changed"


async def test_an_insertion_without_context_has_no_place(on: On) -> None:
    wrong = await on({"a": LINES}).refusal(diff("a", "@@ -3,0 +4,1 @@\n+new\n"))
    assert facts(wrong) == (Reason.DIFF_ZERO_CONTEXT, {"path": "a", "hunk": "1"})


async def test_a_deleted_file_must_be_as_the_diff_knows_it(on: On) -> None:
    gone = diff("a", "@@ -1 +0,0 @@\n-one\n", new=None, extra="deleted file mode 100644\n")
    wrong = await on({"a": b"one\ntwo\n"}).refusal(gone)
    assert wrong.reason is Reason.DIFF_DOES_NOT_APPLY


async def test_a_file_with_content_is_not_deleted_as_an_empty_one(on: On) -> None:
    empty = diff("a", "", new=None, extra="deleted file mode 100644\n")
    assert (await on({"a": b"one\n"}).refusal(empty)).reason is Reason.DIFF_DOES_NOT_APPLY


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (diff("new", "@@ -0,0 +1 @@\n+x\n", old=None, extra="new file mode 120000\n"), Reason.DIFF_BAD_MODE),
        (diff("new", "", old=None, extra="new file mode 160000\n"), Reason.DIFF_BAD_MODE),
        (diff("a", "@@ -0,0 +1 @@\n+x\n", old=None, extra="new file mode 100644\n"), Reason.FILE_EXISTS),
        (diff("none", HUNK), Reason.FILE_MISSING),
        (diff("link", HUNK), Reason.NOT_A_FILE),
        (diff("link/x", "@@ -0,0 +1 @@\n+x\n", old=None, extra="new file mode 100644\n"), Reason.NOT_A_FILE),
        (diff("A", "@@ -0,0 +1 @@\n+x\n", old=None, extra="new file mode 100644\n"), Reason.PATH_COLLISION),
        (diff("../x", "@@ -0,0 +1 @@\n+x\n", old=None, extra="new file mode 100644\n"), Reason.PATH_OUTSIDE),
        (joined(diff("a", HUNK), diff("a", HUNK)), Reason.PATH_TWICE),
        (diff("a", HUNK + "nonsense\n"), Reason.DIFF_BAD_HUNK),
        (diff("a", "@@ -2,3 +2,3 @@\n line 2\n"), Reason.DIFF_BAD_HUNK),
        (diff("a", "@@ nonsense @@\n line 2\n"), Reason.DIFF_BAD_HUNK),
        (diff("a", "@@ -2,2 +2,2 @@\n line 2\n*line 3\n"), Reason.DIFF_BAD_HUNK),
        (diff("a", f"@@ -1,2 +1,2 @@\n line 1\n{OPEN_END}-line 2\n+x\n"), Reason.DIFF_BAD_HUNK),
        (Diff(b"preamble\n", (FileHeader("a", "a"),)), Reason.DIFF_BAD_HUNK),
        (Diff(diff("a", HUNK).body, (FileHeader("a", "a"), FileHeader("b", "b"))), Reason.DIFF_MISREAD),
        (Diff(joined(diff("a", HUNK), diff("b", HUNK)).body, (FileHeader("a", "a"),)), Reason.DIFF_BAD_HUNK),
    ],
)
async def test_what_no_diff_may_do(on: On, made: Diff, reason: Reason) -> None:
    builder = on({"a": LINES, "b": LINES, "target": LINES, "link": "-> target"})
    assert (await builder.refusal(made)).reason is reason


async def test_a_name_that_git_reads_otherwise_is_refused(on: On) -> None:
    """The headers say `b` to whoever parsed them, and `a` to git."""
    made = Diff(diff("a", HUNK).body, (FileHeader("b", "b"),))
    wrong = await on({"a": LINES, "b": LINES}).refusal(made)
    assert facts(wrong)[0] in (Reason.DIFF_MISREAD, Reason.DIFF_DOES_NOT_APPLY)


async def test_what_git_makes_otherwise_than_the_desk_is_refused(
    on: On, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has not been seen to happen; that it would be noticed is the point of asking git at all."""
    builder = on({"a": LINES})
    await builder.open()
    monkeypatch.setattr(confirmation, "read_index", lambda _: entries({"a": File(b"something else")}))
    assert facts(await builder.refusal(diff("a", HUNK))) == (
        Reason.DIFF_MISREAD,
        {"seen": "a", "applied": "a"},
    )


async def test_a_binary_stub_cannot_pull_a_blob_out_of_the_store(on: On) -> None:
    """git takes the file by its id; here only bytes that came with the patch are taken."""
    builder = on({"a.bin": b"\0old", "secret": b"\0secret"})
    old, new = (builder.repo.git("rev-parse", f"main:{name}").strip() for name in ("a.bin", "secret"))
    stub = (
        f"diff --git a/a.bin b/a.bin\nindex {old}..{new} 100644\nBinary files a/a.bin and b/a.bin differ\n"
    ).encode()
    assert builder.repo.accepts("apply", "--check", "--cached", stdin=stub)
    wrong = await builder.refusal(Diff(without_index(stub), (FileHeader("a.bin", "a.bin"),)))
    assert wrong.reason in (Reason.DIFF_DOES_NOT_APPLY, Reason.DIFF_MISREAD, Reason.NOTHING_CHANGED)


async def test_a_diff_sees_the_mutations_before_it_and_is_seen_by_those_after(on: On) -> None:
    files = await on({"a": b"x\n"}).files(
        Write("a", LINES), diff("a", HUNK), Replace("a", "LINE 3", "Line 3"), Chmod("a", FileMode.EXECUTABLE)
    )
    assert files == {"a": (X, LINES.replace(b"line 3\n", b"Line 3\n"))}


async def test_a_diff_that_is_there_already_does_not_fit(on: On) -> None:
    done = LINES.replace(b"line 3\n", b"LINE 3\n")
    wrong = await on({"a": done}).refusal(diff("a", HUNK))
    assert wrong.args["detail"] == "2 of its 3 lines stand at line 2, and line 3 differs"


async def test_the_candidate_stands_on_its_base_and_nothing_names_it(on: On) -> None:
    builder = on({"a": LINES})
    candidate = await builder.build(diff("a", HUNK))
    assert isinstance(candidate, Candidate)
    desk = Repo(builder.repository.path)
    assert desk.git("log", "-1", "--format=%P %an <%ae> %cn", candidate.commit).split("\n")[0] == (
        f"{candidate.base} Ada <ada@example.com> Patchdesk"
    )
    assert candidate.commit not in desk.git("for-each-ref")
    assert [(f.path, f.change, f.added, f.removed) for f in candidate.files] == [("a", Change.MODIFIED, 1, 1)]


async def test_lines_in_another_encoding_are_told_from_those_that_stand_there(on: On) -> None:
    hunk = b"@@ -1,3 +1,3 @@\n one\n-zw\\u00f6lf\n+12\n three\n".replace(b"\\u00f6", b"\xf6")
    posted = Diff(diff("a", "@@\n").body.partition(b"@@")[0] + hunk, (FileHeader("a", "a"),))
    reason, told = facts(await on({"a": b"one\nzw\xc3\xb6lf\nthree\n"}).refusal(posted))
    assert reason is Reason.DIFF_DOES_NOT_APPLY
    assert told["detail"] == "2 of its 3 lines stand at line 1, and line 2 differs"
    assert (told["expected"], told["found"]) == (r"zw\xf6lf", "zw\u00f6lf")


async def test_bytes_are_told_from_what_is_written_for_them(on: On) -> None:
    hunk = "@@ -1,3 +1,3 @@\n one\n-zw\\xf6lf\n+12\n three\n"
    reason, told = facts(await on({"a": b"one\nzw\xf6lf\nthree\n"}).refusal(diff("a", hunk)))
    assert reason is Reason.DIFF_DOES_NOT_APPLY
    assert told["detail"] == "its lines stand at line 1 in another encoding"


def test_git_never_sees_the_ids_that_a_diff_names() -> None:
    named = diff("a", HUNK, extra="index 1234567..89abcdef 100644\n")
    made = carry_out(tree_of({"a": LINES}), named)
    assert isinstance(made, Plan)
    assert [b"index" in claim.body for claim in made.claims] == [False]
