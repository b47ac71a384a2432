"""The hunks of a diff, counted line by line.

`git apply` believes the numbers of a hunk's header: a line too few, and it reads into the next file; a bare
`@@`, and it drops the file and reports success. So the lines are counted here, and they must agree.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from contracts.faults import Fault, Reason
from contracts.formats.lines import first_line, pieces

_RANGE: Final = re.compile(rb"@@ -(\d{1,9})(?:,(\d{1,9}))? \+(\d{1,9})(?:,(\d{1,9}))? @@")
#: The last lines of a mail: `-- ` (topgit: `---`) and who or what wrote it, mostly the version of a git.
_SIGNATURE: Final = re.compile(rb"-- ?|---")
_SIGNER: Final = re.compile(rb"(?!diff |Index: )\w")
NO_NEWLINE: Final = b"\\ "
#: An empty context line whose blank a tool has cut off.
_BLANK: Final = frozenset((b"", b"\r"))
_CONTEXT: Final = (1, 1)
#: What any other line of a hunk begins with, and whether it is an old line, a new one, or both.
_SIDES: Final = {b" ": _CONTEXT, b"-": (1, 0), b"+": (0, 1)}
#: A line that needs a second look; a block can have a hundred thousand that need none.
_DOUBTFUL: Final = re.compile(rb"\n(?:--|[^ +-])")
_SHOWN: Final = 80

Lines = Sequence[bytes]  #: of the whole diff, without their line feeds; numbered from 0


@dataclass(frozen=True, slots=True)
class Hunk:
    """*at* is the line of its header, *lines* are its body."""

    at: int
    old_start: int
    old_count: int
    new_start: int
    new_count: int
    lines: tuple[bytes, ...]
    said: str = ""  #: its counts as they were written, if they were others

    @property
    def holds(self) -> str:
        """Its counts, as people are told them."""
        return _counts(self.old_count, self.new_count)

    @property
    def has_context(self) -> bool:
        """True if it says which old lines it changes or stands beside."""
        return self.old_count > 0

    def render(self) -> bytes:
        sides = f"-{self.old_start},{self.old_count} +{self.new_start},{self.new_count}"
        return b"".join((f"@@ {sides} @@\n".encode(), *(line + b"\n" for line in self.lines)))


def bare(line: bytes) -> bytes:
    """A header line as it was before something turned its line end into CRLF."""
    return line.rstrip(b"\r")


def shown(line: bytes) -> str:
    return bare(line)[:_SHOWN].decode(errors="replace")


def blame(reason: Reason, at: int, **args: str) -> Fault:
    """A fault on line *at*, as a whole."""
    return Fault(reason, args, None, at + 1, 1)


def opens_plain(lines: Lines, at: int) -> bool:
    """True if line *at* and those after it are the headers of a file without `diff --git`."""
    if not lines[at].startswith(b"--- ") or at + 2 >= len(lines):
        return False
    return lines[at + 1].startswith(b"+++ ") and lines[at + 2].startswith(b"@@")


def read_hunk(
    lines: Lines, at: int, path: str, number: int, *, git: bool, recount: bool = False
) -> tuple[Hunk, int] | Fault:
    """The hunk whose header is line *at*, and the line after it.

    *number* counts the file's hunks from 1. *git*: the file began with `diff --git`, so that `---` and
    `+++` in a hunk are lines of it. *recount*: one with other counts than it says is taken as what it
    holds, unless it may have been cut off, or may go on in what is no diff any more.
    """
    header = _RANGE.match(lines[at])
    if header is None:
        return blame(Reason.DIFF_BAD_HUNK, at, text=shown(lines[at]))
    old, new = int(header[2] or b"1"), int(header[4] or b"1")
    end = _end(lines, at + 1, old, new, git=git)
    if isinstance(end, Fault):
        return end
    said = ""
    if end is None:
        said = _counts(old, new)
        found_old, found_new, end = _recount(lines, at + 1)
        fewer = found_old < old or found_new < new
        if not recount or not _is_whole(lines, at + 1, end, fewer=fewer):
            found = _counts(found_old, found_new)
            return blame(Reason.DIFF_HUNK_COUNT, at, path=path, hunk=str(number), said=said, found=found)
        old, new = found_old, found_new
    body = tuple(map(_mended, lines[at + 1 : end]))
    misplaced = _after_the_end(body)
    if misplaced is not None:
        return blame(Reason.DIFF_BAD_HUNK, at + 1 + misplaced, text=shown(body[misplaced]))
    return Hunk(at, int(header[1]), old, int(header[3]), new, body, said), end


def _counts(old: int, new: int) -> str:
    return f"-{old} +{new}"


def _is_whole(lines: Lines, start: int, end: int, *, fewer: bool) -> bool:
    """True if the body from *start* to *end* is surely all of a hunk, and nothing else is in it.

    Behind the last hunk may stand anything, or be missing what it has *fewer* of.
    """
    following = next((n for n in range(end, len(lines)) if lines[n] not in _BLANK), len(lines))
    if following < len(lines):
        return end > start and _ends_body(lines, following)
    return end > start and not fewer and not _BLANK.intersection(lines[start:end])


def _end(lines: Lines, start: int, old: int, new: int, *, git: bool) -> int | Fault | None:
    """The line after a body of *old* and *new* lines; None if there are more or fewer of them."""
    if max(old, new) > len(lines) - start:
        return None
    at = start
    while (old > 0 or new > 0) and old >= 0 and new >= 0 and at < len(lines):
        line = lines[at]
        sides = _SIDES.get(line[:1]) or (_CONTEXT if line in _BLANK else None)
        if sides is None and not line.startswith(NO_NEWLINE):
            return None if _ends_body(lines, at) else blame(Reason.DIFF_BAD_HUNK, at, text=shown(line))
        if line.startswith(b"--") and (_is_signature(lines, at) or (not git and opens_plain(lines, at))):
            return None
        if sides is not None:
            old -= sides[0]
            new -= sides[1]
        at += 1
    if old or new:
        return None
    if at < len(lines) and lines[at].startswith(NO_NEWLINE):
        at += 1
    following = next((n for n in range(at, len(lines)) if lines[n].strip()), len(lines))
    return at if _ends_body(lines, following) or not _goes_on(lines, following) else None


def _ends_body(lines: Lines, at: int) -> bool:
    """True if no hunk goes on at *at*: the end, another hunk, another file, or a mail's signature."""
    if at >= len(lines) or lines[at].startswith((b"@@ ", b"diff --git ")) or opens_plain(lines, at):
        return True
    return _is_signature(lines, at)


def _is_signature(lines: Lines, at: int) -> bool:
    """True at the two lines that end a mail. The second could be no line of a hunk, nor of a header."""
    if not lines[at].startswith(b"--") or at + 1 >= len(lines):
        return False
    return _SIGNATURE.fullmatch(bare(lines[at])) is not None and _SIGNER.match(lines[at + 1]) is not None


def _mended(line: bytes) -> bytes:
    """A body line as git writes it."""
    if line.startswith(NO_NEWLINE):
        return b"\\ No newline at end of file"
    return b" " + line if line in _BLANK else line


def _recount(lines: Lines, start: int) -> tuple[int, int, int]:
    """Old and new lines up to where the body visibly ends, and where; blank lines there are the sender's."""
    end = first_line(lines, start, _DOUBTFUL)
    while end < len(lines) and _goes_on(lines, end):
        end = first_line(lines, end + 1, _DOUBTFUL)
    while end > start and lines[end - 1] in _BLANK:
        end -= 1
    gone = came = ends = 0
    for piece in pieces(lines, start, end):
        gone += piece.count(b"\n-")
        came += piece.count(b"\n+")
        ends += piece.count(b"\n\\")
    context = end - start - gone - came - ends
    return context + gone, context + came, end


def _goes_on(lines: Lines, at: int) -> bool:
    """True if line *at* may be one of a hunk."""
    line = lines[at]
    if line.startswith(b"--"):
        return not _ends_body(lines, at)
    return line[:1] in _SIDES or line in _BLANK or line.startswith(NO_NEWLINE)


def _after_the_end(body: Sequence[bytes]) -> int | None:
    """The first line after an end of file: `\\ No newline` closes the side of the line above it."""
    closed: set[bytes] = set()
    previous: bytes = b""
    for number, line in enumerate(body):
        tag = line[:1]
        if tag == b"\\":
            if previous in {b"", b"\\"}:
                return number
            closed |= {b" ", previous} if previous != b" " else {b" ", b"-", b"+"}
        elif tag in closed:
            return number
        previous = tag
    return None
