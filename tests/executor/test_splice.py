"""Runs of whole lines: changed in the one place where they fit, or not at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.faults import Reason
from contracts.patch import Chunk, Limits, Splice
from contracts.resolving import Mending, Resolving
from tests.executor.trees import edits, refusal, regular, tree_of

APP = b"""\
class A:
    def run(self):
        start()
        stop()

class B:
    def run(self):
        start()
        stop()
"""


def chunk(*lines: str, below: tuple[str, ...] = (), at_end: bool = False) -> Chunk:
    return Chunk(lines, below, at_end)


def spliced(content: bytes, *chunks: Chunk) -> bytes:
    [(path, file)] = edits(tree_of({"a": content}), Splice("a", chunks)).items()
    assert (path, file is not None) == ("a", True)
    assert file is not None
    return file.content


#: Blanks count, as where it is asked which lines stand somewhere.
EXACTLY = Resolving(whitespace=Mending.NEVER)


def refused(content: bytes, *chunks: Chunk) -> tuple[Reason, dict[str, str]]:
    found = refusal(tree_of({"a": content}), Splice("a", chunks), resolving=EXACTLY)
    return found.reason, dict(found.args)


# Where it fits -----------------------------------------------------------------------------------
def test_lines_that_are_there_once_are_changed_there() -> None:
    assert spliced(b"one\ntwo\nthree\n", chunk(" one", "-two", "+2", "+2.5")) == b"one\n2\n2.5\nthree\n"


def test_a_line_is_a_whole_line() -> None:
    assert refused(b"xtwo\ntwox\n", chunk("-two", "+2"))[0] is Reason.EDIT_NOT_FOUND


def test_chunks_follow_each_other_down_the_file() -> None:
    changed = spliced(b"a\nb\na\nb\n", chunk("-a", "+1", " b", " a"), chunk("-b", "+2"))
    assert changed == b"1\nb\na\n2\n"
    reason, facts = refused(b"a\nb\n", chunk("-b", "+2"), chunk("-a", "+1"))
    assert reason is Reason.EDIT_NOT_FOUND
    assert facts["detail"] == "its lines stand at line 1, not below the anchor or the change before it"


def test_what_fits_twice_fits_nowhere() -> None:
    reason, facts = refused(APP, chunk("         start()", "-        stop()"))
    assert (reason, facts) == (
        Reason.EDIT_AMBIGUOUS,
        {"path": "a", "chunk": "1", "count": "2", "lines": "3, 8"},
    )


def test_an_anchor_says_which_of_two_is_meant() -> None:
    first = spliced(APP, chunk("         start()", "-        stop()", below=("class A:", "def run(self):")))
    assert first == APP.replace(b"        stop()\n", b"", 1)
    second = spliced(APP, chunk("         start()", "-        stop()", below=("class B:",)))
    assert second == APP[: -len(b"        stop()\n")]


def test_an_anchor_that_opens_no_block_still_says_below_what() -> None:
    text = b"[one]\nkey = 1\n[two]\nkey = 1\n"
    assert (
        spliced(text, chunk("-key = 1", "+key = 2", below=("[two]",))) == b"[one]\nkey = 1\n[two]\nkey = 2\n"
    )


def test_lines_without_a_word_must_be_the_only_ones_below_an_anchor() -> None:
    text = b"one\n  a\n\n  b\ntwo\n\n"
    reason, facts = refused(text, chunk(" ", "+  new", below=("one",)))
    assert (reason, facts["lines"]) == (Reason.EDIT_AMBIGUOUS, "3, 6")
    assert spliced(text, chunk(" ", "+  new", below=("two",))) == text + b"  new\n"
    assert spliced(text, chunk("   a", "+  new", below=("one",))) == text.replace(b"a\n", b"a\n  new\n")


def test_an_anchor_that_is_nowhere_is_named() -> None:
    reason, facts = refused(APP, chunk("-        stop()", below=("class A:", "def walk(self):")))
    assert (reason, facts["text"]) == (Reason.EDIT_ANCHOR_NOT_FOUND, "def walk(self):")


def test_the_end_of_the_file_is_a_place() -> None:
    assert spliced(b"a\nb\na\n", chunk("-a", "+z", at_end=True)) == b"a\nb\nz\n"
    assert spliced(b"a\n", chunk("+b", at_end=True)) == b"a\nb\n"
    _, facts = refused(b"a\nb\n", chunk("-a", "+z", at_end=True))
    assert facts["detail"] == "its lines stand at line 1, and it is for the end of the file"


def test_what_nearly_fits_is_shown() -> None:
    reason, facts = refused(APP, chunk(" class B:", "   def run(self):", "-        begin()"))
    assert reason is Reason.EDIT_NOT_FOUND
    assert facts["detail"] == "2 of its 3 lines stand at line 6, and line 7 differs"
    assert (facts["expected"], facts["found"]) == ("  def run(self):", "    def run(self):")


def test_a_file_can_be_changed_and_moved_at_once() -> None:
    base = tree_of({"a": b"one\n"})
    assert edits(base, Splice("a", (chunk("-one", "+two"),), to="b")) == {"a": None, "b": regular(b"two\n")}
    assert edits(base, Splice("a", (), to="b")) == {"a": None, "b": regular(b"one\n")}
    assert refusal(base, Splice("a", (), to="a")).reason is Reason.FILE_EXISTS


# Line ends ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"one\r\ntwo\r\n", b"one\r\n2\r\n3\r\n"),
        (b"\xef\xbb\xbfone\ntwo\n", b"\xef\xbb\xbfone\n2\n3\n"),
        (b"one\ntwo", b"one\n2\n3"),
        (b"one\r\ntwo", b"one\r\n2\r\n3"),
        (b"zero\none\r\ntwo\r\n", b"zero\none\r\n2\r\n3\r\n"),
        (b"zero\n0\none\r\ntwo\n", b"zero\n0\none\r\n2\n3\n"),
    ],
)
def test_a_file_keeps_its_line_ends(content: bytes, expected: bytes) -> None:
    assert spliced(content, chunk(" one", "-two", "+2", "+3")) == expected


# In general --------------------------------------------------------------------------------------
lines = st.lists(st.sampled_from(["", "a", "b", "  a", "x{"]), max_size=12)


@given(before=lines, old=lines, new=lines, after=lines, final=st.booleans())
def test_a_change_lands_where_its_lines_are_once_and_nowhere_else(
    before: list[str], old: list[str], new: list[str], after: list[str], *, final: bool
) -> None:
    rows = [*before, *old, *after]
    content = ("\n".join(rows) + ("\n" if final and rows else "")).encode()
    # What splits into other rows than were joined (an empty last row) says nothing about this rule.
    if (
        content.decode().split("\n")[: len(rows)] != rows
        or (not final and rows[-1:] == [""])
        or not old
        or old == new
    ):
        return
    found = [n for n in range(len(rows) - len(old) + 1) if rows[n : n + len(old)] == old]
    wanted = Chunk((*(f"-{line}" for line in old), *(f"+{line}" for line in new)))
    if len(found) > 1:
        assert refused(content, wanted)[0] is Reason.EDIT_AMBIGUOUS
        return
    kept = [*before, *new, *after]
    changed = spliced(content, wanted).decode()
    ends = final or not (new or after)  # a line that had an end keeps it
    assert changed == "\n".join(kept) + ("\n" if ends and kept else "")


def test_many_equal_lines_take_no_longer_than_their_number() -> None:
    content = b"a\n" * 200_000
    hostile = Chunk((*(" a" for _ in range(50_000)), "-b"), ("a",))
    # A quadratic search would take hours.
    found = refusal(tree_of({"a": content}), Splice("a", (hostile,)), limits=Limits(file=2**24))
    assert found.reason is Reason.EDIT_NOT_FOUND


# Anchors -----------------------------------------------------------------------------------------
def test_several_changes_below_one_anchor_name_it_each() -> None:
    changed = spliced(
        APP,
        chunk("-        start()", "+        begin()", below=("class A:",)),
        chunk("-        stop()", "+        end()", below=("class A:",)),
    )
    assert changed == APP.replace(b"start", b"begin", 1).replace(b"stop", b"end", 1)


def test_an_anchor_above_the_change_before_is_never_taken_for_one_below_it() -> None:
    first = chunk("-        start()", "+        begin()", below=("class A:",))
    second = chunk("-        stop()", "+        end()", below=("def run(self):",))
    # Meant is the one in A, above which the file was changed; B has the same lines.
    assert refused(APP, first, second)[0] is Reason.EDIT_AMBIGUOUS


def test_an_anchor_that_is_everywhere_does_not_hide_a_second_place() -> None:
    text = b"".join(b"x:\n    key = 1\n    n%d\n" % n for n in range(25)) + b"x:\n    key = 1\n    n3\n"
    reason, facts = refused(text, chunk("     key = 1", "-    n3", "+    m", below=("x:",)))
    assert (reason, facts["lines"]) == (Reason.EDIT_AMBIGUOUS, "11, 77")


# Where it nearly fits ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("line", "detail"),
    [
        ("-      start()", "its lines stand at line 3 with other indentation, and line 3 differs"),
        (
            "-        start()  ",
            "its lines stand at line 3 with other blanks at the ends of lines, and line 3 differs",
        ),
    ],
)
def test_it_is_said_that_lines_stand_there_with_other_blanks(line: str, detail: str) -> None:
    reason, facts = refused(APP, chunk(line, "-        stop()", "     ", "-class B:"))
    assert (reason, facts["detail"]) == (Reason.EDIT_NOT_FOUND, detail)


def test_a_misspelt_line_is_shown_beside_the_one_that_was_meant() -> None:
    _, facts = refused(b"alpha\ncolour = red\nomega\n", chunk("-color = red", "+color = blue"))
    assert (facts["expected"], facts["found"]) == ("color = red", "colour = red")
    assert facts["detail"] == "its lines are not in the file, and line 2 is most like them"


def test_lines_are_numbered_as_they_are_on_the_branch() -> None:
    grown = chunk("-a", "+1", "+2", "+3")
    _, facts = refused(b"a\nb\nc\nd\n", grown, chunk(" c", "-D"))
    assert facts["detail"] == "1 of its 2 lines stands at line 3, and line 4 differs"
