"""Lines that stand there with other blanks: taken in one place, indented as that is, or not taken."""

from collections.abc import Sequence

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from contracts.faults import Fault, Reason
from contracts.patch import Chunk, Diff, Splice
from contracts.resolving import Mending, Resolving
from executor.changeset.blanks import Alike, Rung, indenting
from executor.changeset.plan import Plan
from tests.executor.diffs import diff
from tests.executor.trees import carry_out, tree_of

PY = b"""\
class Shop:
    def open(self):
        self.lights(on=True)
        self.door.unlock()

    def close(self):
        self.door.lock()
"""
#: As an assistant shows a method: at the margin.
OPEN = Chunk(
    ("-def open(self):", "+def open(self, early):", "     self.lights(on=True)", "+    self.greet()")
)
STEP = {"path": "a", "number": "1"}


def spliced(content: bytes, *chunks: Chunk) -> Plan | Fault:
    return carry_out(tree_of({"a": content}), Splice("a", chunks))


def content_of(made: Plan | Fault) -> bytes:
    assert isinstance(made, Plan), made
    file = made.edits["a"]
    assert file is not None
    return file.content


def told(made: Plan | Fault) -> list[dict[str, str]]:
    assert isinstance(made, Plan), made
    assert {each.reason for each in made.mended} <= {Reason.TOOK_BLANKS}
    return [dict(each.args) for each in made.mended]


# Chunks and blocks -----------------------------------------------------------------------------
def test_what_is_put_in_gets_the_indentation_of_the_file() -> None:
    made = spliced(PY, OPEN)
    assert content_of(made) == PY.replace(
        b"    def open(self):\n        self.lights(on=True)\n",
        b"    def open(self, early):\n        self.lights(on=True)\n        self.greet()\n",
    )
    assert told(made) == [STEP | {"at": "2", "differs": "blanks"}]


def test_lines_that_stay_are_those_of_the_file() -> None:
    made = spliced(b"a  =  1   \nb = 2\n", Chunk((" a = 1", "-b = 2", "+b = 3")))
    assert content_of(made) == b"a  =  1   \nb = 3\n"


def test_blanks_at_the_ends_of_lines_are_looked_past_first() -> None:
    made = spliced(b"x = 1\n  x = 1\ny\n", Chunk(("-  x = 1\t", "+  x = 2")))
    assert content_of(made) == b"x = 1\n  x = 2\ny\n"
    assert told(made) == [STEP | {"at": "2", "differs": "blanks at the ends of lines"}]


def test_tabs_become_the_blanks_of_the_file_level_by_level() -> None:
    made = spliced(b"if a:\n    b\nc\n", Chunk((" if a:", "-\tb", "+\tif b:", "+\t\td")))
    assert content_of(made) == b"if a:\n    if b:\n        d\nc\n"


def test_lines_that_only_seem_new_are_those_of_the_file() -> None:
    made = spliced(b"a\nb =\t1\nc\n", Chunk(("-a", "-b =    1", "-c", "+A", "+b =    1", "+C")))
    assert content_of(made) == b"A\nb =\t1\nC\n"


def test_new_lines_that_are_indented_as_the_file_is_stay_so() -> None:
    made = spliced(b"if a:\n\tb\nc\n", Chunk((" if a:", "-    b", "+\tif b:", "+\t\td")))
    assert content_of(made) == b"if a:\n\tif b:\n\t\td\nc\n"


def test_later_changes_are_compared_with_what_the_earlier_ones_made() -> None:
    content = b"".join(b"\tline %d\n" % n for n in range(5))
    first, second = Chunk(("-line 1", "+line 1a", "+line 1b")), Chunk(("   line 3", "-  line 4", "+  end"))
    assert content_of(spliced(content, first, second)) == content.replace(
        b"\tline 1\n", b"\tline 1a\n\tline 1b\n"
    ).replace(b"line 4", b"end")


def test_characters_that_were_made_pretty_are_looked_past() -> None:
    made = spliced(b'say("it\'s")\nend\n', Chunk((" say(\u201cit\u2019s\u201d)", "-end", "+stop")))
    assert content_of(made) == b'say("it\'s")\nstop\n'
    assert told(made) == [STEP | {"at": "1", "differs": "blanks or typographic characters"}]


@pytest.mark.parametrize(
    ("content", "chunk"),
    [
        (b"x = 1\n  x = 1\n", Chunk(("-    x = 1", "+    x = 2"))),  # two places
        (PY, Chunk(("-def open(self):", "+  def open(self):"))),  # nothing but blanks changes
        (b"a\n        b\n", Chunk((" a", "-    b", "-    c", "+    d"))),  # only some of it is there
        (b"a\n  b\n  c\n", Chunk((" a", "     b", "-  c", "+  d"))),  # one line is deeper, and one is not
        (b"\tb\nc\n", Chunk(("-    b", "+      b2"))),  # no whole level
        (b"end\n", Chunk(("-\u201cend\u201d", "+\u201cstop\u201d"))),  # other words
        (b'"end"\n', Chunk(("-\u201cend\u201d", "+\u201cstop\u201d"))),  # what comes was made pretty, too
        (b"a\n\n\nb\n", Chunk(("-  ", "+x"))),  # nothing to see
    ],
)
def test_what_is_not_sure_is_not_taken(content: bytes, chunk: Chunk) -> None:
    made = spliced(content, chunk)
    assert isinstance(made, Fault)
    assert made.reason is Reason.EDIT_NOT_FOUND


def test_where_blanks_count_nothing_is_looked_past() -> None:
    exactly = Resolving(whitespace=Mending.NEVER)
    made = carry_out(tree_of({"a": PY}), Splice("a", (OPEN,)), resolving=exactly)
    assert isinstance(made, Fault)


def test_an_anchor_says_which_of_two_places_is_meant() -> None:
    content = b"def a():\n    x = 1\ndef b():\n    x = 1\n"
    chunk = Chunk(("-\tx = 1", "+\tx = 2"), anchors=("def b():",))
    assert content_of(spliced(content, chunk)) == b"def a():\n    x = 1\ndef b():\n    x = 2\n"


# Diffs -----------------------------------------------------------------------------------------
def test_a_hunk_is_made_anew_of_the_lines_of_the_file() -> None:
    hunk = " def open(self):\n     self.lights(on=True)\n+    self.greet()\n     self.door.unlock()\n"
    made = carry_out(tree_of({"a": PY}), diff("a", f"@@ -2,3 +2,4 @@\n{hunk}"))
    assert content_of(made) == PY.replace(b"on=True)\n", b"on=True)\n        self.greet()\n")
    assert isinstance(made, Plan)
    [claim] = made.claims
    assert b"\n     def open(self):\n" in claim.body  # git is asked about the lines of the file
    assert told(made) == [STEP | {"at": "2", "differs": "blanks"}]


def test_a_hunk_in_another_encoding_is_compared_byte_by_byte() -> None:
    content = "gr\u00fc\u00dfe  da\nende\n".encode("latin-1")
    body = b"diff --git a/a b/a\n--- a/a\n+++ b/a\n@@ -1,2 +1,2 @@\n gr\xfc\xdfe da\n-ende\n+schluss\n"
    made = carry_out(tree_of({"a": content}), Diff(body, diff("a", "").files))
    assert content_of(made) == content.replace(b"ende", b"schluss")


# What holds whatever the lines are -----------------------------------------------------------------
words = st.sampled_from(["a", "b = 1", "c(d)", "e f", "", "g"])
indents = st.sampled_from(["", "  ", "    ", "        ", "\t", "\t\t", "   "])
lines = st.builds(
    lambda indent, word, tail: f"{indent}{word}{tail}", indents, words, st.sampled_from(["", " "])
)


@st.composite
def asked(draw: st.DrawFn) -> tuple[list[str], int, list[str], list[str]]:
    """A file, and a change of some lines of it as somebody wrote it who did not care for blanks."""
    there = draw(st.lists(lines, min_size=1, max_size=12))
    start = draw(st.integers(0, len(there) - 1))
    old = there[start : start + draw(st.integers(1, 4))]
    off = draw(indents)
    said = [off + line.strip() + draw(st.sampled_from(["", " "])) for line in old]
    new = [off + draw(words) for _ in range(draw(st.integers(0, 3)))]
    return there, start, said, new


@given(asked())
@example((["  a", "b = 1"], 0, ["a"], ["c(d)"]))
def test_only_the_lines_of_a_hunk_change_and_they_stood_there_but_for_blanks(
    case: tuple[list[str], int, list[str], list[str]],
) -> None:
    there, start, said, new = case
    chunk = Chunk((*(f"-{line}" for line in said), *(f"+{line}" for line in new)))
    made = spliced("".join(f"{line}\n" for line in there).encode(), chunk)
    assume(isinstance(made, Plan) and made.mended)
    assert isinstance(made, Plan)
    at = int(made.mended[0].args["at"]) - 1
    assert [line.split() for line in there[at : at + len(said)]] == [line.split() for line in said]
    after = content_of(made).decode().split("\n")[:-1]
    assert after[:at] == there[:at]
    assert after[at + len(new) :] == there[at + len(said) :]
    assert [line.split() for line in after[at : at + len(new)]] == [line.split() for line in new]
    assert at == start or " ".join(there[at]).split() == " ".join(there[start]).split()


@given(st.lists(lines, max_size=8), st.lists(lines, min_size=1, max_size=3), st.sampled_from(Rung))
def test_lines_stand_exactly_where_a_plain_search_finds_them(
    there: Sequence[str], wanted: Sequence[str], rung: Rung
) -> None:
    def bare(line: str) -> list[str]:
        return [line.rstrip()] if rung is Rung.ENDS else line.split()

    here, sought = [bare(line) for line in there], [bare(line) for line in wanted]
    plain = [n for n in range(len(here)) if here[n : n + len(sought)] == sought]
    telling = any(line.strip() for line in wanted)
    found = Alike(f"{line}\n" for line in there).standing([f"{line}\n" for line in wanted], rung)
    assert found == (plain[:2] if telling else [])


@given(st.lists(indents, min_size=1, max_size=4), indents)
def test_a_rule_leads_from_every_known_line_to_what_stands_there(posted: list[str], more: str) -> None:
    wanted, there = [f"{each}x\n" for each in posted], [f"{more}{each}x\n" for each in posted]
    indent = indenting(wanted, there)
    assert indent is not None
    assert [indent(line) for line in wanted] == there
    assert indent("\n") == "\n"
