"""Diffs: what is taken, as what it is handed on, and what is refused at which line."""

import re
from datetime import datetime, timedelta, timezone

import pytest

from contracts.commands import PartKind
from contracts.faults import Reason
from contracts.formats.context import Context
from contracts.formats.document import MOST_FAULTS
from contracts.formats.names import line_name, paired_names, quoted
from contracts.patch import Author, Diff, FileHeader, Limits
from tests.contracts.formats.posting import (
    BOTH,
    NAMES,
    PREFIXES,
    facts_of,
    faults_of,
    mutations_of,
    patch_of,
    posted,
)

HUNK = "@@ -1,2 +1,2 @@\n-old\n+new\n same\n"


def read(text: str | bytes) -> Diff:
    [diff] = mutations_of(posted(text, "diff"))
    assert isinstance(diff, Diff)
    return diff


def header(old: str | None, new: str | None) -> tuple[FileHeader, ...]:
    return (FileHeader(old, new),)


#: A diff, the names in it, and the headers it is handed on with.
HEADERS: dict[str, tuple[str, tuple[FileHeader, ...], str]] = {
    "git": (
        "diff --git a/x b/x\nindex 1..2 100644\n--- a/x\n+++ b/x\n" + HUNK,
        header("x", "x"),
        "diff --git a/x b/x\n--- a/x\n+++ b/x\n",
    ),
    "plain": ("--- a/x\n+++ b/x\n" + HUNK, header("x", "x"), "diff --git a/x b/x\n--- a/x\n+++ b/x\n"),
    "plain, without prefixes": (
        "--- src/x\n+++ src/x\n" + HUNK,
        header("src/x", "src/x"),
        "diff --git a/src/x b/src/x\n--- a/src/x\n+++ b/src/x\n",
    ),
    "plain, of two folders": (
        "diff -ru old/d/x new/d/x\n--- old/d/x\t2025-01-01 10:00:00\n+++ new/d/x\t2025-01-02 10:00:00\n"
        + HUNK,
        header("d/x", "d/x"),
        "diff --git a/d/x b/d/x\n--- a/d/x\n+++ b/d/x\n",
    ),
    "git, without prefixes": (
        "diff --git a/x a/x\n--- a/x\n+++ a/x\n" + HUNK,
        header("a/x", "a/x"),
        "diff --git a/a/x b/a/x\n--- a/a/x\n+++ b/a/x\n",
    ),
    "git, with mnemonic prefixes": (
        "diff --git i/x w/x\n--- i/x\n+++ w/x\n" + HUNK,
        header("x", "x"),
        "diff --git a/x b/x\n--- a/x\n+++ b/x\n",
    ),
    "names with blanks": (
        "diff --git a/x y b/x y\n--- a/x y\t\n+++ b/x y\t\n" + HUNK,
        header("x y", "x y"),
        'diff --git "a/x y" "b/x y"\n--- "a/x y"\n+++ "b/x y"\n',
    ),
    "quoted names": (
        r'diff --git "a/\303\244\"\\t" "b/\303\244\"\\t"'.replace(r"\\t", "")
        + "\nold mode 100644\nnew mode 100755\n",
        header('ä"', 'ä"'),
        r'diff --git "a/\303\244\"" "b/\303\244\""' + "\nold mode 100644\nnew mode 100755\n",
    ),
    "under somebody's checkout": (
        "--- /home/ann/web/src/x\n+++ /home/ann/web/src/x\n" + HUNK,
        header("src/x", "src/x"),
        "diff --git a/src/x b/src/x\n--- a/src/x\n+++ b/src/x\n",
    ),
    "a new file": (
        "diff --git a/x b/x\nnew file mode 100755\nindex 0..1\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+new\n",
        header(None, "x"),
        "diff --git a/x b/x\nnew file mode 100755\n--- /dev/null\n+++ b/x\n",
    ),
    "a new file, plain": (
        "--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+new\n",
        header(None, "x"),
        "diff --git a/x b/x\nnew file mode 100644\n--- /dev/null\n+++ b/x\n",
    ),
    "a new file, by its time stamp": (
        "--- old/x\t1970-01-01 01:00:00.000000000 +0100\n+++ b/x\t2025-01-01\n@@ -0,0 +1 @@\n+new\n",
        header(None, "x"),
        "diff --git a/x b/x\nnew file mode 100644\n--- /dev/null\n+++ b/x\n",
    ),
    "a deleted file, by its time stamp": (
        "--- a/x\n+++ new/x\t1969-12-31 19:00:00 -0500\n@@ -1 +0,0 @@\n-old\n",
        header("x", None),
        "diff --git a/x b/x\ndeleted file mode 100644\n--- a/x\n+++ /dev/null\n",
    ),
    "a deleted file": (
        "diff --git a/x b/x\ndeleted file mode 100755\n--- a/x\n+++ /dev/null\n@@ -1 +0,0 @@\n-old\n",
        header("x", None),
        "diff --git a/x b/x\ndeleted file mode 100755\n--- a/x\n+++ /dev/null\n",
    ),
    "an empty new file": (
        "diff --git a/x b/x\nnew file mode 100644\nindex 0000000..e69de29\n",
        header(None, "x"),
        "diff --git a/x b/x\nnew file mode 100644\n",
    ),
    "an empty deleted file": (
        "diff --git a/x b/x\ndeleted file mode 100644\n",
        header("x", None),
        "diff --git a/x b/x\ndeleted file mode 100644\n",
    ),
    "a rename": (
        "diff --git a/x b/d/y\nsimilarity index 100%\nrename from x\nrename to d/y\n",
        header("x", "d/y"),
        "diff --git a/x b/d/y\nrename from x\nrename to d/y\n",
    ),
    "a rename without prefixes that changes": (
        "diff --git s/x t/x\nrename from s/x\nrename to t/x\n--- s/x\n+++ t/x\n" + HUNK,
        header("s/x", "t/x"),
        "diff --git a/s/x b/t/x\nrename from s/x\nrename to t/x\n--- a/s/x\n+++ b/t/x\n",
    ),
    "a copy that changes": (
        "diff --git a/x b/y\ncopy from x\ncopy to y\n--- a/x\n+++ b/y\n" + HUNK,
        header("x", "y"),
        "diff --git a/x b/y\ncopy from x\ncopy to y\n--- a/x\n+++ b/y\n",
    ),
    "a mode": (
        "diff --git a/x b/x\nold mode 100755\nnew mode 100644\n",
        header("x", "x"),
        "diff --git a/x b/x\nold mode 100755\nnew mode 100644\n",
    ),
}


@pytest.mark.parametrize("name", HEADERS)
def test_the_headers_of_a_file_are_understood_and_written_anew(name: str) -> None:
    text, files, headers = HEADERS[name]
    diff = read(text)
    assert diff.files == files
    assert diff.body.decode().partition("@@")[0] == headers


@pytest.mark.parametrize("name", HEADERS)
def test_lines_that_became_crlf_on_the_way_change_no_name(name: str) -> None:
    text, files, headers = HEADERS[name]
    diff = read(text.replace("\n", "\r\n"))
    assert diff.files == files
    assert diff.body.decode().partition("@@")[0] == headers


@pytest.mark.parametrize("name", HEADERS)
def test_a_normalised_diff_is_its_own_normal_form(name: str) -> None:
    diff = read(HEADERS[name][0])
    assert read(diff.body) == diff


def test_the_lines_of_a_hunk_stay_as_they_are() -> None:
    diff = read(b"--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@ def f():\n a\xff\r\n-b\t\n+c  \n \n")
    assert diff.body.endswith(b"@@ -1,3 +1,3 @@\n a\xff\r\n-b\t\n+c  \n \n")


def test_a_lost_line_end_of_the_diff_is_put_back() -> None:
    assert read("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b").body.endswith(b"-a\n+b\n")


def test_a_file_without_a_line_end_at_its_end_keeps_to_it() -> None:
    end = "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n+b\n\\ No newline at end of file\n"
    assert read("--- a/x\n+++ b/x\n" + end).body.decode().endswith(end.replace("-1 +1", "-1,1 +1,1"))
    translated = "@@ -1 +1 @@\n-a\n+b\n\\ Kein Zeilenumbruch\r\n"
    assert read("--- a/x\n+++ b/x\n" + translated).body.endswith(b"+b\n\\ No newline at end of file\n")


def test_an_empty_context_line_gets_its_blank_back() -> None:
    diff = read("--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n-a\n+b\n\n\r\n")
    assert diff.body.endswith(b"-a\n+b\n \n \r\n")


def test_lines_that_look_like_headers_are_lines_where_the_numbers_say_so() -> None:
    text = "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n--- a/y\n+++ b/y\n @@ -1 +1 @@\n"
    assert read(text).files == header("x", "x")


def test_several_hunks_and_files_are_kept_in_their_order() -> None:
    text = (
        "Some words.\n\n--- a/x\n+++ b/x\n" + HUNK + "\n@@ -9,2 +9,2 @@\n-1\n+2\n 3\n"
        "Index: y\n====\n--- a/y\n+++ b/y\n" + HUNK + "\nThat is all.\n"
    )
    diff = read(text)
    assert diff.files == (FileHeader("x", "x"), FileHeader("y", "y"))
    assert diff.body.count(b"@@ -9,2 +9,2 @@") == 1


def test_binary_data_is_handed_on_unread() -> None:
    text = (
        "diff --git a/x b/x\nindex 1..2 100644\nGIT binary patch\nliteral 1\nIcmZPo000310RR91\n\n"
        "literal 0\nHcmV?d00001\n\n--- a/y\n+++ b/y\n" + HUNK
    )
    diff = read(text)
    assert diff.files == (FileHeader("x", "x"), FileHeader("y", "y"))
    assert diff.body.startswith(
        b"diff --git a/x b/x\nGIT binary patch\nliteral 1\nIcmZPo000310RR91\n\nliteral 0\nHcmV?d00001\n\ndiff"
    )


BROKEN: dict[str, tuple[str, list[tuple[Reason, int, int]]]] = {
    "hunks without a file": ("@@ -1 +1 @@\n-a\n+b\n@@ -9 +9 @@\n", [(Reason.DIFF_NO_HEADER, 1, 1)]),
    "a hunk after the end of a file": (
        "--- a/x\n+++ b/x\n" + HUNK + "and\n" + HUNK,
        [(Reason.DIFF_BAD_HUNK, 8, 1)],
    ),
    "a file without a hunk": ("--- a/x\n+++ b/x\n-a\n+b\n", [(Reason.DIFF_BAD_HUNK, 3, 1)]),
    "a file without anything": ("--- a/x\n+++ b/x\n", [(Reason.DIFF_BAD_HUNK, 3, 1)]),
    "a bare hunk header": ("--- a/x\n+++ b/x\n@@\n-a\n+b\n", [(Reason.DIFF_BAD_HUNK, 3, 1)]),
    "a hunk header with words": ("--- a/x\n+++ b/x\n@@ ... @@\n-a\n+b\n", [(Reason.DIFF_BAD_HUNK, 3, 1)]),
    "numbers without end": (
        "--- a/x\n+++ b/x\n@@ -1,99999999999 +1 @@\n-a\n",
        [(Reason.DIFF_BAD_HUNK, 3, 1)],
    ),
    "a lost leading blank": (
        "--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n-a\n+b\nsame\n more\n",
        [(Reason.DIFF_BAD_HUNK, 6, 1)],
    ),
    "a truncated hunk": ("--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n-a\n+b\n", [(Reason.DIFF_HUNK_COUNT, 3, 1)]),
    "a hunk of more lines than it says": (
        "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n+c\n",
        [(Reason.DIFF_HUNK_COUNT, 3, 1)],
    ),
    "more lines behind a blank one": (
        "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n\n c\n",
        [(Reason.DIFF_HUNK_COUNT, 3, 1)],
    ),
    "a truncated hunk before another": (
        "--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n-a\n+b\n" + HUNK,
        [(Reason.DIFF_HUNK_COUNT, 3, 1)],
    ),
    "a truncated hunk before another file": (
        "--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n-a\n+b\n--- a/y\n+++ b/y\n" + HUNK,
        [(Reason.DIFF_HUNK_COUNT, 3, 1)],
    ),
    "a truncated hunk before a git file": (
        "diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1,3 +1,3 @@\n-a\n+b\n"
        "diff --git a/y b/y\n--- a/y\n+++ b/y\n" + HUNK,
        [(Reason.DIFF_HUNK_COUNT, 4, 1)],
    ),
    "an end of file without a line": (
        "--- a/x\n+++ b/x\n@@ -1 +1 @@\n\\ No newline at end of file\n-a\n+b\n",
        [(Reason.DIFF_BAD_HUNK, 4, 1)],
    ),
    "an end of file twice": (
        "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n\\ No newline\n\\ No newline\n+b\n",
        [(Reason.DIFF_BAD_HUNK, 6, 1)],
    ),
    "old lines after the end of the old file": (
        "--- a/x\n+++ b/x\n@@ -1,2 +1 @@\n-a\n\\ No newline at end of file\n b\n",
        [(Reason.DIFF_BAD_HUNK, 6, 1)],
    ),
    "lines after the end of both files": (
        "--- a/x\n+++ b/x\n@@ -1,1 +1,2 @@\n a\n\\ No newline at end of file\n+b\n",
        [(Reason.DIFF_BAD_HUNK, 6, 1)],
    ),
    "a backslash that is no end of file": (
        "--- a/x\n+++ b/x\n@@ -1,2 +1,2 @@\n-a\n+b\n\\x\n",
        [(Reason.DIFF_BAD_HUNK, 6, 1)],
    ),
    "an insertion without context": (
        "--- a/x\n+++ b/x\n@@ -5,0 +6 @@\n+b\n",
        [(Reason.DIFF_ZERO_CONTEXT, 3, 1)],
    ),
    "a new file with old lines": (
        "--- /dev/null\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n",
        [(Reason.DIFF_BAD_HUNK, 3, 1)],
    ),
    "a deleted file with new lines": (
        "--- a/x\n+++ /dev/null\n@@ -1 +1 @@\n-a\n+b\n",
        [(Reason.DIFF_BAD_HUNK, 3, 1)],
    ),
    "a header that changes nothing": (
        "diff --git a/x b/x\nindex 1..1 100644\n",
        [(Reason.DIFF_EMPTY, 1, 1)],
    ),
    "new files below the folder of a release": (
        "--- /dev/null\n+++ ruby3.1-3.1.2/x\n@@ -0,0 +1 @@\n+a\n",
        [(Reason.DIFF_UNSURE_NAMES, 1, 1)],
    ),
    "a header without names": ("diff --git x\nnew file mode 100644\n", [(Reason.DIFF_CONTRADICTION, 1, 1)]),
    "names that differ without a rename": (
        "diff --git a/x b/y\n--- a/x\n+++ b/y\n" + HUNK,
        [(Reason.DIFF_CONTRADICTION, 1, 1)],
    ),
    "plain names that differ": ("--- x.orig\n+++ x\n" + HUNK, [(Reason.DIFF_CONTRADICTION, 1, 1)]),
    "plain names that differ in more than their folder": (
        "--- one/x\n+++ two/y\n" + HUNK,
        [(Reason.DIFF_CONTRADICTION, 1, 1)],
    ),
    "headers that contradict each other": (
        "diff --git a/x b/x\n--- a/y\n+++ b/y\n" + HUNK,
        [(Reason.DIFF_CONTRADICTION, 1, 1)],
    ),
    "names of which neither is that of the lines": (
        "diff --git a/x b/y\n--- a/z\n+++ b/z\n" + HUNK,
        [(Reason.DIFF_CONTRADICTION, 1, 1)],
    ),
    "a rename above a file whose first line is gone": (
        "rename from x\nrename to y\nindex 1111111..2222222 100644\n--- a/y\n+++ b/y\n" + HUNK,
        [(Reason.DIFF_BAD_HEADER, 2, 1)],
    ),
    "modes above files whose first lines are gone": (
        2 * ("old mode 100644\nnew mode 100755\n--- a/y\n+++ b/y\n" + HUNK),
        [(Reason.DIFF_BAD_HEADER, 2, 1), (Reason.DIFF_BAD_HEADER, 10, 1)],
    ),
    "a mode below a file": (
        "--- a/y\n+++ b/y\n" + HUNK + "old mode 100644\nnew mode 100755\n",
        [(Reason.DIFF_BAD_HEADER, 7, 1)],
    ),
    "binary data without a file": (
        "--- a/y\n+++ b/y\n" + HUNK + "GIT binary patch\nliteral 1\nIcmZPo000310RR91\n",
        [(Reason.DIFF_BAD_HEADER, 7, 1)],
    ),
    "a rename that the lines contradict": (
        "diff --git a/x b/y\nrename from x\nrename to y\n--- a/z\n+++ b/y\n" + HUNK,
        [(Reason.DIFF_CONTRADICTION, 1, 1)],
    ),
    "a rename of a new file": (
        "diff --git a/x b/y\nnew file mode 100644\nrename from x\nrename to y\n",
        [(Reason.DIFF_CONTRADICTION, 1, 1)],
    ),
    "half of a rename": ("diff --git a/x b/y\nrename from x\n", [(Reason.DIFF_CONTRADICTION, 1, 1)]),
    "half of a mode": ("diff --git a/x b/x\nold mode 100644\n", [(Reason.DIFF_CONTRADICTION, 1, 1)]),
    "a mode twice": (
        "diff --git a/x b/x\nold mode 100644\nnew mode 100755\nnew mode 100644\n",
        [(Reason.DIFF_BAD_HEADER, 4, 1)],
    ),
    "a new file that was there": (
        "diff --git a/x b/x\nnew file mode 100644\n--- a/x\n+++ b/x\n" + HUNK,
        [(Reason.DIFF_CONTRADICTION, 1, 1)],
    ),
    "a deleted file that stays": (
        "diff --git a/x b/x\ndeleted file mode 100644\n--- a/x\n+++ b/x\n" + HUNK,
        [(Reason.DIFF_CONTRADICTION, 1, 1)],
    ),
    "a file that never was": ("--- /dev/null\n+++ /dev/null\n" + HUNK, [(Reason.DIFF_CONTRADICTION, 1, 1)]),
    "an old name without a new one": (
        "diff --git a/x b/x\n--- a/x\n@@ -1 +1 @@\n-a\n+b\n",
        [(Reason.DIFF_BAD_HEADER, 2, 1)],
    ),
    "a merge's hunk": ("@@@ -1 -1 +1 @@@\n", [(Reason.DIFF_NO_HEADER, 1, 1)]),
    "a merge's diff": (
        "diff --cc x\n@@@ -1 -1 +1 @@@\n",
        [(Reason.DIFF_BAD_HEADER, 1, 1)],
    ),
    "a link": (
        "diff --git a/x b/x\nnew file mode 120000\n--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+y\n",
        [(Reason.DIFF_BAD_MODE, 1, 1)],
    ),
    "a changed link": (
        "diff --git a/x b/x\nindex 123..456 120000\n--- a/x\n+++ b/x\n" + HUNK,
        [(Reason.DIFF_BAD_MODE, 1, 1)],
    ),
    "a submodule": (
        "diff --git a/x b/x\nold mode 100644\nnew mode 160000\n",
        [(Reason.DIFF_BAD_MODE, 1, 1)],
    ),
    "binary files that differ": (
        "diff --git a/x b/x\nindex 1..2 100644\nBinary files a/x and b/x differ\n",
        [(Reason.DIFF_BINARY_STUB, 3, 1)],
    ),
    "binary files that differ, plainly": (
        "--- a/y\n+++ b/y\n" + HUNK + "Binary files a/x and /dev/null differ\n",
        [(Reason.DIFF_BINARY_STUB, 7, 1)],
    ),
    "binary data that is not there": (
        "diff --git a/x b/x\nGIT binary patch\n\n",
        [(Reason.DIFF_BINARY_STUB, 2, 1)],
    ),
    "paths that may not be": (
        "--- a/../x\n+++ b/../x\n" + HUNK + "--- a/.git/y\n+++ b/.git/y\n" + HUNK,
        [(Reason.PATH_OUTSIDE, 1, 1), (Reason.PATH_DOTGIT, 7, 1)],
    ),
    "a path of somebody's machine": ("--- /tmp/x\n+++ /tmp/x\n" + HUNK, [(Reason.PATH_ABSOLUTE, 1, 1)]),
    "a name that is no text": (
        'diff --git "a/\\377" "b/\\377"\nnew file mode 100644\n',
        [(Reason.PATH_CONTROL, 1, 1)],
    ),
    "several files, each with its fault": (
        "--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n-a\n+b\n--- a/y\n+++ b/y\n@@ -3,0 +4 @@\n+b\n--- a/z\n+++ b/z\n"
        + HUNK,
        [(Reason.DIFF_HUNK_COUNT, 3, 1), (Reason.DIFF_ZERO_CONTEXT, 8, 1)],
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_diff_says_what_is_wrong_and_where(name: str) -> None:
    text, expected = BROKEN[name]
    assert faults_of(posted(text, "diff", addressed=False)) == expected


def test_a_wrong_count_is_told_with_both_counts() -> None:
    text = "--- a/x\n+++ b/x\n" + HUNK + "@@ -8,3 +8,4 @@ f\n-a\n+b\n c\n\n\n+d\n+e\n"
    said = facts_of(posted(text, "diff"), Reason.DIFF_HUNK_COUNT)
    assert said == {"path": "x", "hunk": "2", "said": "-3 +4", "found": "-4 +6"}


def test_blank_lines_at_the_end_are_no_lines_of_a_hunk_that_has_too_few() -> None:
    text = "--- a/x\n+++ b/x\n@@ -1,9 +1,9 @@\n-a\n+b\n\n\n"
    assert facts_of(posted(text, "diff"), Reason.DIFF_HUNK_COUNT)["found"] == "-1 +1"


@pytest.mark.parametrize("signature", ["-- \n2.39.5\n", "--\n2.39.5\n", "---\ntg: (9a079e2..) t/x\n"])
def test_the_signature_of_a_mail_is_no_line_of_the_diff(signature: str) -> None:
    text = "--- a/x\n+++ b/x\n@@ -1,{0} +1,{0} @@\n-a\n+b\n" + signature
    said = facts_of(posted(text.format(3), "diff"), Reason.DIFF_HUNK_COUNT)
    assert said["found"] == "-1 +1"
    assert read(text.format(1)).files == header("x", "x")


def test_a_binary_stub_names_its_file() -> None:
    said = facts_of(posted(BROKEN["binary files that differ, plainly"][0], "diff"), Reason.DIFF_BINARY_STUB)
    assert said == {"path": "a/x"}
    said = facts_of(posted(BROKEN["binary files that differ"][0], "diff"), Reason.DIFF_BINARY_STUB)
    assert said == {"path": "x"}


def test_a_zero_context_insertion_is_taken_into_an_empty_file_only() -> None:
    assert read("--- a/x\n+++ b/x\n@@ -0,0 +1 @@\n+new\n").files == header("x", "x")


# Around the diff -------------------------------------------------------------------------------
MAIL = f"""\
From 0123456789012345678901234567890123456789 Mon Sep 17 00:00:00 2001
From: =?UTF-8?q?Ann=20M=C3=BCller?= <ann@example.org>
Date: Mon, 6 Jan 2025 10:00:00 +0100
Subject: [PATCH 2/3] Greet
 people
X-Other: a
 b

Say hello.

  Twice.
---
 x | 2 +-
 1 file changed, 1 insertion(+), 1 deletion(-)

diff --git a/x b/x
--- a/x
+++ b/x
@@ -1,2 +1,2 @@
-old
+new
 same
{"-- "}
2.39.5

"""


@pytest.mark.parametrize("language", ["diff", "", "text"])
def test_a_mailed_commit_keeps_its_subject_author_and_message(language: str) -> None:
    patch = patch_of(posted(MAIL, language, kind=PartKind.FILE, name="x.patch"))
    assert patch.title == "Greet people"
    assert patch.body == "Say hello.\n\n  Twice."
    assert patch.details == {
        "author": "Ann Müller <ann@example.org>",
        "date": "Mon, 6 Jan 2025 10:00:00 +0100",
    }
    written = datetime(2025, 1, 6, 10, tzinfo=timezone(timedelta(hours=1)))
    assert patch.author == Author("Ann Müller", "ann@example.org", written)


def test_a_series_of_mails_has_no_single_author() -> None:
    second = MAIL.replace("a/x", "a/z").replace("b/x", "b/z")
    assert patch_of(posted(MAIL + second, "diff")).author is None


@pytest.mark.parametrize(
    ("header", "author"),
    [
        ("From: ann@example.org", Author("ann@example.org", "ann@example.org", None)),
        ("From: Ann", None),
    ],
)
def test_an_author_has_an_address(header: str, author: Author | None) -> None:
    mail = re.sub(r"^From: .*$", header, MAIL.replace("Date: Mon, 6 Jan", "Date: someday"), flags=re.M)
    assert patch_of(posted(mail, "diff")).author == author


def test_a_subject_keeps_what_the_desk_did_not_put_before_it() -> None:
    assert (
        patch_of(posted(MAIL.replace("[PATCH 2/3]", "[PATCH] [pre]"), "diff")).title == "[pre] Greet people"
    )
    assert patch_of(posted(MAIL.replace("[PATCH 2/3] ", ""), "diff")).title == "Greet people"


def test_a_broken_encoded_word_stays_as_it_is() -> None:
    for word in ("=?utf-8?b?x?=", "=?nowhere?q?x?=", "=?utf-8?q?=FF?="):
        assert patch_of(posted(MAIL.replace("Greet", word), "diff")).title == f"{word} people"


def test_a_mail_without_a_subject_is_no_mail() -> None:
    patch = patch_of(posted(MAIL.replace("Subject", "Topic"), "diff"))
    assert (patch.title, patch.details) == ("x", {})


def test_what_git_show_prints_before_a_diff_is_passed_over() -> None:
    text = "commit 0123\nAuthor: Ann\n\n    Greet\n\ndiff --git a/x b/x\n--- a/x\n+++ b/x\n" + HUNK
    patch = patch_of(posted(text))
    assert (patch.title, patch.body, patch.details) == ("x", "", {})


def test_a_diff_is_titled_by_its_files_unless_somebody_gave_a_title() -> None:
    text = "--- a/x\n+++ b/x\n" + HUNK + "--- a/y\n+++ b/y\n" + HUNK
    assert patch_of(posted(text)).title == "x, y"
    assert patch_of(posted(text, title="Greet")).title == "Greet"


def test_a_diff_is_for_the_only_domain_or_the_chosen_one() -> None:
    text = "--- a/x\n+++ b/x\n" + HUNK
    assert patch_of(posted(text)).domain == "web"
    assert patch_of(posted(text, context=BOTH, domain="api")).domain == "api"
    assert faults_of(posted(text, context=BOTH)) == [(Reason.MISSING_TARGET, 1, 1)]


def test_a_diff_without_a_domain_says_what_else_is_wrong() -> None:
    text = "--- a/x\n+++ b/x\n@@ -1 +1,2 @@\n-a\n+b\n"
    expected = [(Reason.MISSING_TARGET, 1, 1), (Reason.DIFF_HUNK_COUNT, 3, 1)]
    assert faults_of(posted(text, context=BOTH)) == expected


def test_a_diff_keeps_to_the_limits() -> None:
    text = "--- a/x\n+++ b/x\n" + HUNK + "--- a/y\n+++ b/y\n" + HUNK
    small = Context(NAMES, ("web",), PREFIXES, Limits(files=1))
    assert faults_of(posted(text, context=small)) == [(Reason.TOO_MANY_FILES, 1, 1)]
    small = Context(NAMES, ("web",), PREFIXES, Limits(content=9))
    assert faults_of(posted(text, context=small)) == [(Reason.CONTENT_TOO_LARGE, 1, 1)]


def test_a_diff_of_too_many_files_or_faults_is_not_read_to_its_end() -> None:
    small = Context(NAMES, ("web",), PREFIXES, Limits(files=1))
    one = "--- a/x\n+++ b/x\n" + HUNK
    results = posted(one * 3, context=small)
    assert faults_of(results) == [(Reason.TOO_MANY_FILES, 7, 1)]
    assert facts_of(results, Reason.TOO_MANY_FILES) == {"count": "2", "most": "1"}
    assert len(faults_of(posted("diff --git a/x b/x\n" * 100))) == MOST_FAULTS


def test_a_diff_may_hold_bytes_of_any_encoding() -> None:
    assert b"-\xe4\n" in read(b"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-\xe4\n+\xc3\xa4\n").body


# Names -----------------------------------------------------------------------------------------
def test_a_name_is_what_stands_before_a_tab() -> None:
    assert line_name(b"a/x y\t2025-01-01 10:00:00") == "a/x y"
    assert line_name(b"a/x y  ") == "a/x y"
    assert line_name(b'"a/\\t\\"\\\\\\303\\244\\q"\t2025') == 'a/\t"\\ä\\q'
    assert line_name(b"/dev/null\t1970-01-01") is None
    assert line_name(b"a/x\t1970-01-01 00:01:00 +0000") == "a/x"


def test_two_names_are_told_apart_or_not_at_all() -> None:
    assert paired_names(b'"a/x y" b/z') == ("a/x y", "b/z")
    assert paired_names(b'a/x y "b/z"') == ("a/x y", "b/z")
    assert paired_names(b'a/x "y') is None
    assert paired_names(b"a/x b/y") is None
    assert paired_names(b"ab cb") is None


def test_quoting_is_undone_by_reading() -> None:
    for name in ("x", "x y", "ä", 'a"b', "a\\b", "tab\t", "\udcff"):
        assert line_name(quoted(name)) == name


# Found in real patches ---------------------------------------------------------------------------
def test_a_file_that_comes_has_the_prefix_that_the_others_have() -> None:
    new = "--- /dev/null\n+++ curl/tests/x.py\n@@ -0,0 +1 @@\n+a\n"
    other = "--- curl.orig/lib/y.c\n+++ curl/lib/y.c\n" + HUNK
    assert read(new + other).files == (FileHeader(None, "tests/x.py"), FileHeader("lib/y.c", "lib/y.c"))
    gone = "--- curl.orig/tests/x.py\n+++ /dev/null\n@@ -1 +0,0 @@\n-a\n"
    assert read(other + gone).files[1] == FileHeader("tests/x.py", None)
    assert read(new).files == (FileHeader(None, "curl/tests/x.py"),)


def test_a_file_that_comes_has_no_prefix_where_the_others_have_none() -> None:
    new = "--- /dev/null\n+++ b/x\n@@ -0,0 +1 @@\n+a\n"
    assert read("--- lib/y\n+++ lib/y\n" + HUNK + new).files[1] == FileHeader(None, "b/x")
    assert read(new).files == (FileHeader(None, "x"),)


def test_the_folder_of_a_release_is_taken_off_or_kept_only_where_another_file_tells() -> None:
    new = "--- /dev/null\n+++ ruby3.1-3.1.2/x\n@@ -0,0 +1 @@\n+a\n"
    off = read("--- ruby3.1-3.1.2.orig/y\n+++ ruby3.1-3.1.2/y\n" + HUNK + new)
    assert off.files[1] == FileHeader(None, "x")
    kept = read("--- lib/y\n+++ lib/y\n" + HUNK + new)
    assert kept.files[1] == FileHeader(None, "ruby3.1-3.1.2/x")
    assert read(new.replace("+++ ", "+++ b/")).files == (FileHeader(None, "ruby3.1-3.1.2/x"),)
    assert read(new.replace("ruby3.1-3.1.2/x", "phase-2/x")).files == (FileHeader(None, "phase-2/x"),)


def test_a_file_that_never_was_shows_its_prefix_by_both_names() -> None:
    diff = "--- proj.orig/d/x\t1970-01-01 01:00:00.000000000 +0100\n+++ proj/d/x\t2025-01-01 10:00:00 +0100\n"
    assert read(diff + "@@ -0,0 +1 @@\n+a\n").files == (FileHeader(None, "d/x"),)


@pytest.mark.parametrize("zone", ["16:00:00 -08:00", "16:00:00.000000000 -0800", "16:00 -0800"])
def test_a_file_that_went_is_known_by_its_time_in_any_spelling(zone: str) -> None:
    diff = f"--- a/x\t1982-09-16 07:00:00 -0800\n+++ b/x\t1969-12-31 {zone}\n@@ -1 +0,0 @@\n-a\n"
    assert read(diff).files == (FileHeader("x", None),)


def test_a_tab_in_a_name_is_not_the_end_of_it() -> None:
    stamp = "\t2025-01-01 10:00:00 +0100"
    diff = f"--- a/post\tx{stamp}\n+++ b/post\tx{stamp}\n" + HUNK
    assert {reason for reason, _, _ in faults_of(posted(diff, "diff"))} == {Reason.PATH_CONTROL}


def test_line_ends_that_the_way_gave_to_every_line_are_taken_off_again() -> None:
    sent = "diff --git a/x b/x\nnew file mode 100644\n--- /dev/null\n+++ b/x\n@@ -0,0 +1,2 @@\n+a\n+b\n"
    assert read(sent.replace("\n", "\r\n")).body == read(sent).body
    # One line without: then the carriage returns are the file's own.
    kept = read(sent.replace("+a\n", "+a\r\n").replace("+b\n", "+b\r\n"))
    assert kept.body.endswith(b"+a\r\n+b\r\n")


def test_whoever_mails_a_diff_may_sign_it() -> None:
    diff = "--- a/x\n+++ b/x\n" + HUNK
    assert read(f"{diff}-- \ncgit v1.2.3\n").body == read(diff).body
    line = "--- a/x\n+++ b/x\n@@ -1,2 +1 @@\n same\n-- \n"
    assert read(line + "--- a/y\n+++ b/y\n" + HUNK).body.count(b"\n-- \n") == 1


def test_a_blank_line_after_the_last_hunk_is_no_line_of_it() -> None:
    diff = "--- a/x\n+++ b/x\n" + HUNK
    assert read(diff + "\n \n").body == read(diff).body


def test_a_new_file_whose_lines_were_cut_out_is_no_empty_file() -> None:
    cut = "diff --git a/x b/x\nnew file mode 100644\nindex 000000000..68e21fff3\n"
    assert faults_of(posted(cut, "diff")) == [(Reason.DIFF_EMPTY, 1, 1)]
    empty = "diff --git a/x b/x\nnew file mode 100644\nindex 0000000..e69de29\n"
    assert read(empty).files == (FileHeader(None, "x"),)


def test_the_commits_of_a_series_change_one_file_after_another() -> None:
    mail = "From {0}\nFrom: A <a@b.c>\nSubject: one\n\n---\n--- a/x\n+++ b/x\n" + HUNK
    series = mail.format("1" * 40 + " Mon") + mail.format("2" * 40 + " Mon")
    first, second = mutations_of(posted(series, "diff"))
    assert first == second
    assert isinstance(first, Diff)
    assert first.files == (FileHeader("x", "x"),)


def test_an_index_line_is_handed_on_for_it_tells_what_the_file_was() -> None:
    ids = "index 1234567..89abcde"
    diff = read("diff --git a/x b/x\nindex 1234567..89abcde 100644\n--- a/x\n+++ b/x\n" + HUNK)
    assert f"\n{ids}\n--- a/x\n" in diff.body.decode()
    without = read("diff --git a/x b/x\nindex 1..2 100644\n--- a/x\n+++ b/x\n" + HUNK)
    assert "index" not in without.body.decode()
