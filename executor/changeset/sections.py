"""The structure of a normalised diff: its files, their hunks, the lines of each."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from contracts.faults import Fault, Reason, fault
from contracts.modes import FileMode
from contracts.patch import Diff, FileHeader

_HUNK = re.compile(rb"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")
_INDEX = re.compile(rb"index ([0-9a-f]{40})\.\.([0-9a-f]{40})(?: |\n|$)")
_OLD_ID = re.compile(rb"index ([0-9a-f]{7,40})\.\.")
_BINARY = b"GIT binary patch"
_SHOWN = 80


@dataclass(frozen=True, slots=True)
class Line:
    """*tag* is a blank, `-` or `+`; *text* has its line end, unless it is the end of a file without one."""

    tag: bytes
    text: bytes


@dataclass(frozen=True, slots=True)
class Hunk:
    """*number* counts the file's hunks from 1; *head* is its `@@` line; starts are 1-based, 0 for nothing."""

    number: int
    head: bytes
    old_start: int
    new_start: int
    lines: tuple[Line, ...]

    @property
    def before(self) -> list[bytes]:
        return [line.text for line in self.lines if line.tag != b"+"]

    @property
    def after(self) -> list[bytes]:
        return [line.text for line in self.lines if line.tag != b"-"]


@dataclass(frozen=True, slots=True)
class Section:
    """One file of a diff. *header* are its lines before the first hunk; *binary* those of a binary patch."""

    names: FileHeader
    header: tuple[bytes, ...]
    hunks: tuple[Hunk, ...] = ()
    binary: tuple[bytes, ...] = ()

    @property
    def path(self) -> str:
        """The file it leaves behind, or the one it takes away."""
        return self.names.new or self.names.old or ""

    @property
    def copies(self) -> bool:
        return any(line.startswith(b"copy from ") for line in self.header)

    @property
    def mode(self) -> FileMode | Fault | None:
        """The mode that the header asks for; None: it says nothing."""
        for line in self.header:
            for word in (b"new file mode ", b"new mode "):
                if line.startswith(word):
                    return _mode(self.path, line[len(word) :].strip().decode(errors="replace"))
        return None

    @property
    def ids(self) -> tuple[str, str] | None:
        """The whole object ids that an index line gives, before and after; None: it gives none."""
        found = next((match for line in self.header if (match := _INDEX.match(line))), None)
        return (found[1].decode(), found[2].decode()) if found else None

    @property
    def old_id(self) -> str:
        """The beginning of the object id that the file had, as an index line says; empty: it says nothing."""
        found = next((match for line in self.header if (match := _OLD_ID.match(line))), None)
        return found[1].decode() if found else ""

    def render(self) -> bytes:
        """The section for git; without an index line, which could have it take an object by its id."""
        header = (line for line in self.header if not line.startswith(b"index "))
        return b"".join((*header, *(piece for hunk in self.hunks for piece in _render(hunk))))


def _mode(path: str, mode: str) -> FileMode | Fault:
    try:
        return FileMode(mode)
    except ValueError:
        return fault(Reason.DIFF_BAD_MODE, path=path, mode=mode)


def _render(hunk: Hunk) -> Iterator[bytes]:
    yield hunk.head
    for line in hunk.lines:
        yield line.tag + line.text
        if not line.text.endswith(b"\n"):
            yield b"\n\\ No newline at end of file\n"


def split(diff: Diff) -> tuple[Section, ...] | Fault:
    """The files of *diff* in its order, or the first line that does not belong where it stands."""
    lines = lines_of(diff.body)
    sections: list[Section] = []
    place = 0
    while place < len(lines):
        if not lines[place].startswith(b"diff --git ") or len(sections) == len(diff.files):
            return _bad(lines[place])
        found = _section(lines, place, diff.files[len(sections)])
        if isinstance(found, Fault):
            return found
        section, place = found
        sections.append(section)
    if len(sections) != len(diff.files):
        return _misread(diff, sections)
    return tuple(sections)


def lines_of(body: bytes) -> list[bytes]:
    """The lines of *body* with their ends; only `\\n` ends one, so a carriage return stays in its line."""
    parts = body.split(b"\n")
    return [part + b"\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def _section(lines: list[bytes], start: int, names: FileHeader) -> tuple[Section, int] | Fault:
    place = start + 1
    while place < len(lines) and not lines[place].startswith((b"diff --git ", b"@@ ", _BINARY)):
        place += 1
    section = Section(names, tuple(lines[start:place]))
    if place < len(lines) and lines[place].startswith(_BINARY):
        end = place + 1
        while end < len(lines) and not lines[end].startswith(b"diff --git "):
            end += 1
        return replace(section, binary=tuple(lines[place + 1 : end])), end
    hunks: list[Hunk] = []
    while place < len(lines) and not lines[place].startswith(b"diff --git "):
        found = _hunk(lines, place, len(hunks) + 1)
        if isinstance(found, Fault):
            return found
        hunk, place = found
        hunks.append(hunk)
    return replace(section, hunks=tuple(hunks)), place


def _hunk(lines: list[bytes], start: int, number: int) -> tuple[Hunk, int] | Fault:
    head = _HUNK.match(lines[start])
    if head is None:
        return _bad(lines[start])
    old_left, new_left = int(head[2] or b"1"), int(head[4] or b"1")
    read: list[Line] = []
    place = start + 1
    while place < len(lines) and (old_left or new_left or lines[place].startswith(b"\\")):
        # Many tools cut the blank off an empty context line.
        tag, text = (b" ", b"\n") if lines[place] == b"\n" else (lines[place][:1], lines[place][1:])
        if tag == b"\\" and read:
            read[-1] = replace(read[-1], text=read[-1].text.removesuffix(b"\n"))
        elif tag in (b" ", b"-", b"+"):
            read.append(Line(tag, text))
            old_left -= tag != b"+"
            new_left -= tag != b"-"
        else:
            return _bad(lines[place])
        place += 1
    if old_left or new_left or not _ends_are_last(read):
        return _bad(lines[start])
    return Hunk(number, lines[start], int(head[1]), int(head[3]), tuple(read)), place


def _ends_are_last(lines: list[Line]) -> bool:
    """Only the last line of either side may lack its line end."""
    for other in (b"+", b"-"):
        side = [line.text for line in lines if line.tag != other]
        if any(not text.endswith(b"\n") for text in side[:-1]):
            return False
    return True


def _bad(line: bytes) -> Fault:
    return fault(Reason.DIFF_BAD_HUNK, text=line[:_SHOWN].decode(errors="replace").rstrip())


def _misread(diff: Diff, sections: list[Section]) -> Fault:
    seen = " ".join(header.new or header.old or "" for header in diff.files)
    return fault(Reason.DIFF_MISREAD, seen=seen, applied=" ".join(section.path for section in sections))
