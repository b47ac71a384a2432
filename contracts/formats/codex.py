"""The `*** Begin Patch` form that coding agents write: whole files, or runs of lines that become others.

A file's lines are found by what they are, not by number; where exactly is decided on the base, by
`executor.changeset.splice`. Text before the first line and after the last is passed over; inside, every
line has to belong somewhere.
"""

import re
from dataclasses import dataclass
from typing import Final

from contracts.faults import Fault, Reason
from contracts.formats.document import MOST_FAULTS
from contracts.formats.lines import Sign, first_line
from contracts.modes import Presence
from contracts.patch import Chunk, Delete, Mutation, Splice, Write
from contracts.paths import check_path, strip_prefix

_BEGIN: Final = "*** Begin Patch"
#: The first line of such a patch, in any text.
HEADER: Final = Sign(re.compile(r"^\*\*\* Begin Patch[ \t\r]*$", re.MULTILINE), (_BEGIN,))

_END: Final = "*** End Patch"
_ADD: Final = "*** Add File: "
_DELETE: Final = "*** Delete File: "
_UPDATE: Final = "*** Update File: "
_MOVE: Final = "*** Move to: "
_END_OF_FILE: Final = "*** End of File"
_SHOWN: Final = 60
#: A line that is none of a change, and one that is none of a new file.
_UNTAGGED: Final = re.compile(r"\n[^ +\-\n]")
_NOT_ADDED: Final = re.compile(r"\n(?!\+)")
_WORD: Final = re.compile(r"\S")
#: Changes in one patch; a block has room for ten times as many that say nothing.
_MOST_CHUNKS: Final = 2000


@dataclass(frozen=True, slots=True)
class Edits:
    """What was read: *mutations*, or *faults* in the order of the text, with its lines."""

    mutations: tuple[Mutation, ...]
    faults: tuple[Fault, ...]


def read_codex(text: str, prefixes: tuple[str, ...], most_files: int) -> Edits:
    """The patches in *text*, as one. *prefixes* are stripped from paths. Not all of many faults are told.

    Reading stops at more than *most_files*, and at more changes of one file than people write.
    """
    reader = _Reader(lines_of(text), prefixes, most_files)
    reader.read()
    if not reader.mutations and not reader.faults:
        reader.blame(Reason.NO_MUTATIONS, 0)
    return Edits(() if reader.faults else tuple(reader.mutations), tuple(reader.faults))


def lines_of(text: str) -> list[str]:
    """Its lines, without their ends."""
    lines = text.split("\n")
    return [line.removesuffix("\r") for line in lines] if "\r" in text else lines


class _Reader:
    def __init__(self, lines: list[str], prefixes: tuple[str, ...], most_files: int) -> None:
        self.lines = lines
        self.at = 0
        self.most_files = most_files
        self.stopped = False
        self.chunks = 0
        self.prefixes = prefixes
        self.mutations: list[Mutation] = []
        self.faults: list[Fault] = []

    @property
    def line(self) -> str | None:
        """The line to be read; None behind the last."""
        return self.lines[self.at] if self.at < len(self.lines) else None

    def blame(self, reason: Reason, at: int, **args: str | int) -> None:
        facts = {name: str(value) for name, value in args.items()}
        self.faults.append(Fault(reason, facts, line=min(at, len(self.lines) - 1) + 1, column=1))

    def stop(self, reason: Reason, **args: int) -> None:
        """What is too much is told, and the rest is not read."""
        self.blame(reason, self.at, **args)
        self.at = len(self.lines)
        self.stopped = True

    def read(self) -> None:
        while (line := self.line) is not None and not self.full:
            self.at += 1
            if HEADER.search(line):
                self.patch()

    @property
    def full(self) -> bool:
        """True if whatever follows changes nothing about the answer."""
        return len(self.faults) >= MOST_FAULTS

    def patch(self) -> None:
        """The lines from behind the first to the last."""
        while (line := self.line) is not None and not self.full:
            if line.rstrip() == _END:
                return
            if line.startswith((_ADD, _DELETE, _UPDATE)):
                self.file(line)
            elif line.strip():
                self.blame(Reason.EDIT_STRAY_LINE, self.at, text=line[:_SHOWN])
                self.at += 1
            else:
                self.at = first_line(self.lines, self.at, _WORD)
        if self.line is None and not self.full and not self.stopped:
            self.blame(Reason.EDIT_CUT_OFF, self.at, missing=_END)

    def file(self, line: str) -> None:
        header = next(each for each in (_ADD, _DELETE, _UPDATE) if line.startswith(each))
        path = self.path(line[len(header) :])
        if len(self.mutations) == self.most_files:
            self.stop(Reason.TOO_MANY_FILES, count=self.most_files + 1, most=self.most_files)
            return
        self.at += 1
        match header:
            case "*** Add File: ":
                self.add(path)
            case "*** Delete File: ":
                self.mutations.append(Delete(path))
            case _:
                self.update(path)

    def path(self, said: str) -> str:
        path = strip_prefix(said.strip(), self.prefixes)
        if (wrong := check_path(path)) is not None:
            self.blame(wrong.reason, self.at, **wrong.args)
        return path

    def add(self, path: str) -> None:
        begun = self.at
        self.at = first_line(self.lines, self.at, _NOT_ADDED)
        content = "\n".join(("", *self.lines[begun : self.at], "")).replace("\n+", "\n")[1:]
        self.mutations.append(Write(path, content.encode(), expects=Presence.ABSENT))

    def update(self, path: str) -> None:
        to = None
        if (line := self.line) is not None and line.startswith(_MOVE):
            to = self.path(line[len(_MOVE) :])
            self.at += 1
        begun = self.at
        chunks: list[Chunk] = []
        while self.inside() and not self.full:
            if self.chunks == _MOST_CHUNKS:
                self.stop(Reason.TOO_MANY_NODES, most=_MOST_CHUNKS)
                return
            self.chunks += 1
            if (chunk := self.chunk(path, len(chunks) + 1)) is not None:
                chunks.append(chunk)
        if not chunks and to is None and not self.faults:
            self.blame(Reason.EDIT_EMPTY, begun, path=path, chunk=1)
        self.mutations.append(Splice(path, tuple(chunks), to))

    def inside(self) -> bool:
        """True while the lines are those of the file that was begun last."""
        line = self.line
        return line is not None and (not line.startswith("*** ") or line.rstrip() == _END_OF_FILE)

    def chunk(self, path: str, number: int) -> Chunk | None:
        begun = self.at
        anchors: list[str] = []
        while (line := self.line) is not None and line.startswith("@@"):
            # `@@ ` alone only parts two chunks; some write the `@@` of a diff behind it too.
            anchor = line[2:].strip().removesuffix("@@").strip()
            anchors += [anchor] if anchor else []
            self.at += 1
        first = self.at
        self.at = first_line(self.lines, first, _UNTAGGED)
        lines = self.lines[first : self.at]
        at_end = (line := self.line) is not None and line.rstrip() == _END_OF_FILE
        if at_end:
            self.at += 1
        elif self.at == begun:
            self.blame(Reason.EDIT_STRAY_LINE, self.at, text=(line or "")[:_SHOWN])
            self.at += 1
            return None
        if not self.inside():
            lines = _without_trailing_blanks(lines)
        # An empty line of the file often loses the blank that marks it.
        if "" in lines:
            lines = [line or " " for line in lines]
        chunk = Chunk(tuple(lines), tuple(anchors), at_end)
        if not any(line[0] in "+-" for line in lines):
            self.blame(Reason.EDIT_EMPTY, begun, path=path, chunk=number)
            return None
        if not at_end and all(line[0] == "+" for line in lines):
            self.blame(Reason.EDIT_WITHOUT_CONTEXT, begun, path=path, chunk=number)
            return None
        return chunk


def _without_trailing_blanks(lines: list[str]) -> list[str]:
    """Blank lines before the next file's header are there for the reader's eye."""
    end = len(lines)
    while end and lines[end - 1] in {"", " "}:
        end -= 1
    return lines[:end]
