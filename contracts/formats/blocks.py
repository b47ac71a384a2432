"""Search/replace blocks, as coding assistants write them: the old lines, `=======`, the new lines.

The file is named on the line above a block, above its fence, or by the block before. All blocks of a
message are one patch: each is a file's part of it, and all of them land or none.
"""

import re
from typing import Final

from contracts.faults import Fault, Reason
from contracts.formats.codex import Edits, lines_of
from contracts.formats.document import MOST_FAULTS
from contracts.formats.lines import Sign, first_line
from contracts.modes import Presence
from contracts.patch import Chunk, Mutation, Splice, Write
from contracts.paths import check_path, strip_prefix

#: The first line of a block, in any text.
HEADER: Final = Sign(re.compile(r"^<{5,9} ?SEARCH\b[^\n]*$", re.MULTILINE), ("SEARCH",))

#: What a block begins with.
BEGIN: Final = "<<<<<<< SEARCH"
_MARKED: Final = re.compile(r"^(?:<{5,9} ?SEARCH\b|>{5,9} ?REPLACE\b)", re.MULTILINE)
#: The first characters of the marks below: most lines are told from them by theirs.
_MARKS: Final = frozenset("<=>")
_MARK: Final = re.compile(r"\n(?:<<<<<|=====|>>>>>)")
_SEARCH: Final = re.compile(r"<{5,9} ?SEARCH\b")
_MIDDLE: Final = re.compile(r"={5,9}\s*$")
_REPLACE: Final = re.compile(r">{5,9} ?REPLACE\b")
#: What may stand around a file's name: a list's bullet, a heading, quotes, emphasis, a colon.
_ADORNED: Final = re.compile(r"^[\s#>*`'\"-]*(?:File(?:name)?:)?\s*(?P<name>\S+?)[\s`'\"*:]*$", re.IGNORECASE)
_SHOWN: Final = 60
#: Blocks in one patch; a message has room for more that say nothing.
_MOST_BLOCKS: Final = 2000


def read_blocks(text: str, above: str, prefixes: tuple[str, ...]) -> Edits:
    """The blocks of *text*; *above* is the line that stood over its fence.

    *prefixes* are stripped from paths. Not all of many faults are told.
    """
    reader = _Reader(lines_of(text), above, prefixes)
    reader.read()
    return Edits(() if reader.faults else tuple(reader.mutations), tuple(reader.faults))


def goes_on(text: str) -> bool:
    """True if a block ends in *text* that did not begin in it."""
    first = _MARKED.search(text)
    return first is not None and first[0].startswith(">")


def file_named(line: str) -> str | None:
    """The name of a file that *line* consists of, however it is dressed up; None: it is something else."""
    if "." not in line and "/" not in line:
        return None
    name = _only_word(line)
    return name if "." in name or "/" in name else None


def _only_word(line: str) -> str:
    """What *line* consists of, however it is dressed up; empty: of several words, or of none."""
    found = _ADORNED.match(line)
    return found["name"] if found else ""


class _Reader:
    def __init__(self, lines: list[str], above: str, prefixes: tuple[str, ...]) -> None:
        self.lines = lines
        self.at = 0
        self.file = file_named(above)
        self.prefixes = prefixes
        self.mutations: list[Mutation] = []
        self.faults: list[Fault] = []

    def blame(self, reason: Reason, at: int, **args: str) -> None:
        self.faults.append(Fault(reason, args, line=at + 1, column=1))

    def read(self) -> None:
        while self.at < len(self.lines) and len(self.faults) < MOST_FAULTS:
            line = self.lines[self.at]
            if line[:1] in _MARKS and _SEARCH.match(line):
                if len(self.mutations) == _MOST_BLOCKS:
                    self.blame(Reason.TOO_MANY_NODES, self.at, most=str(_MOST_BLOCKS))
                    return
                self.block()
                continue
            if line[:1] in _MARKS and (_MIDDLE.match(line) or _REPLACE.match(line)):
                self.blame(Reason.EDIT_STRAY_LINE, self.at, text=line[:_SHOWN])
            elif named := file_named(line):
                self.file = named
            self.at += 1

    def block(self) -> None:
        begun = self.at
        if begun:
            self.file = self.named_right_above(self.lines[begun - 1]) or self.file
        old = self.up_to(_MIDDLE)
        new = self.up_to(_REPLACE) if old is not None else None
        if old is None or new is None:
            missing = "=======" if old is None else ">>>>>>> REPLACE"
            self.blame(Reason.EDIT_CUT_OFF, begun, missing=missing)
            return
        self.at += 1
        if self.file is None:
            self.blame(Reason.EDIT_NO_FILE, begun)
            return
        path = strip_prefix(self.file, self.prefixes)
        if (wrong := check_path(path)) is not None:
            self.blame(wrong.reason, begun, **wrong.args)
            return
        self.mutations.append(_mutation(path, old, new))

    def named_right_above(self, line: str) -> str:
        """A name without dot or folder, as `Makefile`: it counts before the file of the block above."""
        goes_on = self.file is not None and line.rstrip().endswith(":")
        is_mark = line.startswith(("```", "~~~")) or _REPLACE.match(line) is not None
        return "" if goes_on or is_mark else _only_word(line)

    def up_to(self, marker: re.Pattern[str]) -> list[str] | None:
        """The lines behind the present one that come before *marker*; None: it never comes."""
        start = self.at + 1
        self.at = first_line(self.lines, start, _MARK)
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if _SEARCH.match(line):
                return None
            if marker.match(line):
                return self.lines[start : self.at]
            self.at = first_line(self.lines, self.at + 1, _MARK)
        return None


def _mutation(path: str, old: list[str], new: list[str]) -> Mutation:
    """Nothing to search for means that the file is new."""
    if not any(each.strip() for each in old):
        content = "".join(f"{each}\n" for each in new)
        return Write(path, content.encode(), expects=Presence.ABSENT)
    return Splice(path, (Chunk(_tagged(old, new)),))


def _tagged(old: list[str], new: list[str]) -> tuple[str, ...]:
    """Lines that both begin with or end in are context, the rest goes and comes."""
    most = min(len(old), len(new))
    head = next((n for n in range(most) if old[n] != new[n]), most)
    tail = next((n for n in range(most - head) if old[-1 - n] != new[-1 - n]), most - head)
    return (
        *(f" {each}" for each in old[:head]),
        *(f"-{each}" for each in old[head : len(old) - tail]),
        *(f"+{each}" for each in new[head : len(new) - tail]),
        *(f" {each}" for each in old[len(old) - tail :]),
    )
