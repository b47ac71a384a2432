"""Fenced blocks of a message's text, as CommonMark has them and as Slack makes them.

At the beginning of a line CommonMark decides (spec 0.31, "Fenced code blocks"), containers and HTML blocks
left aside. Slack's `text` knows one fence, three backticks: it stands wherever the author put it, glued to
its content (```` ```{"role": ... }``` ````), and may open and close on one line. Where the two disagree,
a fence that CommonMark closes is closed there, unless that would swallow the opening of another one. Where
every line of a block begins with what it is (` `, `+`, `-`), an indented fence is one of these lines; between
the marks of a search/replace block any is.

Every line is looked at a bounded number of times: the cost is linear, whatever the text.
"""

import re
from typing import Final

from contracts.commands import Part, PartKind
from contracts.formats.lines import first_line

#: Blocks of one message that are read.
MOST_BLOCKS: Final = 200

_OPENING: Final = re.compile(r"( {0,3})(`{3,}|~{3,})[ \t]*([^\r]*)")
_CLOSING: Final = re.compile(r" {0,3}(`{3,}|~{3,})[ \t\r]*$")
_RUN: Final = re.compile("`{3,}")
# What is looked for in lines to come; these see a line feed before each of them.
_ANY_BACKTICKS: Final = re.compile("```")
_BACKTICKS_CLOSE: Final = re.compile(r"\n {0,3}`{3,}[ \t\r]*(?=\n|\Z)")
_BARE_CLOSE: Final = re.compile(r"\n`{3,}[ \t\r]*(?=\n|\Z)")
#: The end of a block that is glued to the last line of its content. Not behind `+` or a blank: there it
#: is a line of that content, in a diff or a document. Nor where the line has other backticks.
_GLUED_CLOSE: Final = re.compile(r"\n(?:[^`\n]+|`{1,2}(?!`))*+(?<=[\w}\])\"';,.])```[ \t\r]*(?=\n|\Z)")
_NAMED_OPENS: Final = re.compile(r"\n {0,3}`{3,}[ \t]*+[^\r\n`]++(?=[\r\n]|\Z)")
_LABELLED_OPENS: Final = re.compile(r"\n {0,3}`{3,}[A-Za-z]")
#: The end of a block that somebody typed into a sentence: ``` at a line's end, or before a blank.
_TYPED_CLOSE: Final = re.compile(r"```[ \t\r]*(?=\n|\Z)|\n[ \t]*`{3,}[ \t]")
#: Diffs and edits, by their language or by how they begin.
_TAGGED: Final = frozenset({"diff", "patch"})
_TAGGED_BEGINS: Final = ("diff --git ", "--- ", "From ", "*** Begin Patch")
_EDIT_BEGINS: Final = re.compile(r"\n<{5,9} ?SEARCH\b")
_EDIT_ENDS: Final = re.compile(r"\n>{5,9} ?REPLACE\b")
#: More are refused, wherever they end.
_MOST_EDITS: Final = 2000
_LANGUAGE: Final = re.compile(r"[A-Za-z][\w+#.-]*")
#: Content that would pass for an info string.
_CONTENT: Final = re.compile(r"diff --|From |(?:jsonc?|ya?ml)[ \t]+[{\[\"]", re.IGNORECASE)
_LABELLED: Final = re.compile(r"(jsonc?|ya?ml)[ \t]+", re.IGNORECASE)


def parts(text: str) -> tuple[Part, ...]:
    """The fenced blocks of *text*, in order; half of a surrogate pair becomes `?`.

    At most one more than `MOST_BLOCKS`: then the text is no message but an attack, and not read further.
    """
    scan = _Scan(text.removesuffix("\n").split("\n"))
    lines, line = scan.lines, 0
    while line < len(lines) and len(scan.found) <= MOST_BLOCKS:
        if "```" in lines[line] or "~~~" in lines[line]:
            line = scan.read(line)
        else:
            line += 1
    return tuple(scan.found)


def _label(info: str) -> str | None:
    """The language of an info string, or None if it is content that is glued to the fence."""
    if _CONTENT.match(info):
        return None
    words = info.split(maxsplit=1)
    if not words:
        return ""
    return words[0].lower() if _LANGUAGE.fullmatch(words[0]) else None


class _Scan:
    """The lines, numbered from 0, and the blocks found so far."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.found: list[Part] = []
        self.edits = 0  #: search/replace blocks that were looked at
        self._sought: dict[re.Pattern[str], tuple[int, int]] = {}

    def after(self, wanted: re.Pattern[str], start: int) -> int:
        """The first line from *start* with what is *wanted*, or one past the last.

        An answer holds until it is passed, so that asking from line after line stays linear.
        """
        asked, answer = self._sought.get(wanted, (0, -1))
        if not asked <= start <= answer:
            answer = first_line(self.lines, start, wanted)
            self._sought[wanted] = (start, answer)
        return answer

    def add(self, lines: list[str], first: int, language: str) -> None:
        body = "\n".join((*lines, "")).encode("utf-8", "replace")
        above = self.above(first - 1)
        self.found.append(Part(PartKind.FENCE, body, language=language, first_line=first + 1, above=above))

    def above(self, fence: int) -> str:
        """The text over the line *fence*, a blank line between them or not."""
        lines = self.lines[max(0, fence - 2) : max(0, fence)]
        return next((line for line in reversed(lines) if line.strip() and "```" not in line), "")

    def read(self, start: int) -> int:
        """Read what begins on line *start*, which has a fence somewhere; the line to go on from."""
        line = self.lines[start]
        opening = _OPENING.match(line)
        if opening is None or (opening[2][0] == "`" and "`" in opening[3]):
            return start + 1 if line.lstrip().startswith(">") else self.read_within(start, 0)
        indent, fence, info = opening.groups()
        language = _label(info)
        if fence[0] == "~":
            language = language or (info.split() or [""])[0].lower()
        if language is None:
            return self.read_glued(start, len(indent) + len(fence), unclosed=True)
        end = self.end_of(start, fence, tagged=not indent and self.is_tagged(start, language))
        end = self.past_edits(start, end)
        last = self.lines[end : end + 1]
        block = self.lines[start + 1 : end]
        if indent:
            block = [_outdented(each, len(indent)) for each in block]
        if last and not _CLOSING.match(last[0]):
            block.append(last[0].rstrip()[:-3])
        self.add(block, start + 1, language)
        return end + 1

    def is_tagged(self, start: int, language: str) -> bool:
        """True if every line of the block opened on *start* begins with what it is: those of a diff do."""
        first = self.lines[start + 1] if start + 1 < len(self.lines) else ""
        return language in _TAGGED or first.startswith(_TAGGED_BEGINS)

    def end_of(self, start: int, fence: str, *, tagged: bool) -> int:
        """The line that closes the block opened on *start* by *fence*, or one past the last.

        *tagged*: an indented fence is a line of the block, which the change leaves as it is.
        """
        if fence != "```":
            closing = rf"\n {{0,3}}{fence[0]}{{{len(fence)},}}[ \t\r]*(?=\n|\Z)"
            return first_line(self.lines, start + 1, re.compile(closing))
        end = self.after(_BARE_CLOSE, start + 1) if tagged else len(self.lines)
        if end == len(self.lines):
            end = self.after(_BACKTICKS_CLOSE, start + 1)
        glued = self.after(_GLUED_CLOSE, start + 1)
        if glued < end and (end == len(self.lines) or self.after(_NAMED_OPENS, glued + 1) < end):
            return glued
        return end

    def past_edits(self, start: int, end: int) -> int:
        """*end*, where the block opened on *start* seems to be closed, or the fence that closes it for good.

        A fence between the marks of a search/replace block is one of the lines that are sought or put there.
        """
        begun = self.after(_EDIT_BEGINS, start + 1)
        while begun < end < len(self.lines) and self.edits < _MOST_EDITS:
            self.edits += 1
            over = self.after(_EDIT_ENDS, begun + 1)
            following = self.after(_EDIT_BEGINS, begun + 1)
            if over == len(self.lines) or following < over:
                break
            if over > end:
                end = self.after(_BACKTICKS_CLOSE, over + 1)
            begun = following
        return end

    def read_within(self, start: int, column: int) -> int:
        """Blocks that open behind *column* of a line, where other text stands before them."""
        line = self.lines[start]
        while (opening := _RUN.search(line, column)) and len(self.found) <= MOST_BLOCKS:
            if closing := _RUN.search(line, opening.end()):
                self.add_line(line[opening.end() : closing.start()], start)
                column = closing.end()
                continue
            before = line[: opening.start()].strip()
            language = _label(line[opening.end() :].strip())
            if before in {"+", "-"} or (not before and language is not None):
                break  # a line of a diff, or indented code as far as CommonMark goes
            if language is None:
                return self.read_glued(start, opening.end(), unclosed=False)
            end = self.after(_TYPED_CLOSE, start + 1)
            if self.after(_LABELLED_OPENS, start + 1) < end or end == len(self.lines):
                break
            last, _, behind = self.lines[end].partition("```")
            self.add([*self.lines[start + 1 : end], *([last] if last.strip() else [])], start + 1, language)
            return self.read_within(end, len(self.lines[end]) - len(behind.lstrip("`")))
        return start + 1

    def read_glued(self, start: int, column: int, *, unclosed: bool) -> int:
        """The block whose content begins at *column* of its opening line; any backticks close it.

        *unclosed*: without any, it goes to the end of the text; else it was no block.
        """
        first = self.lines[start][column:]
        end = self.after(_ANY_BACKTICKS, start + 1)
        if end == len(self.lines):
            if not unclosed:
                return start + 1
            self.add_glued([first, *self.lines[start + 1 :]], start)
            return end
        last, _, behind = self.lines[end].partition("```")
        self.add_glued([first, *self.lines[start + 1 : end], *([last] if last.strip() else [])], start)
        return self.read_within(end, len(self.lines[end]) - len(behind.lstrip("`")))

    def add_glued(self, lines: list[str], first: int) -> None:
        labelled = _LABELLED.match(lines[0])
        language = labelled[1].lower() if labelled else ""
        self.add([lines[0][labelled.end() :] if labelled else lines[0], *lines[1:]], first, language)

    def add_line(self, content: str, line: int) -> None:
        self.add_glued([content.strip()], line)


def _outdented(line: str, most: int) -> str:
    blanks = len(line) - len(line.lstrip(" "))
    return line[min(blanks, most) :]
