"""Text files as people edit them: without byte order mark, with `\\n`; and back as they were."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from contracts.faults import Fault, Reason, fault
from executor.changeset.nearest import Near, near

_BOM = "\ufeff"
#: Of a text that was not found, this much is named.
_SHOWN = 120
#: Of several places, so many are named.
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Text:
    """*body* has `\\n` for line ends, unless the file mixes them (*mixed*): then it has its own.

    *newline* is the file's line end; of a mixed file, the one it uses most.
    """

    body: str
    newline: str
    mixed: bool
    bom: bool

    def adopt(self, text: str) -> str:
        """*text* from a patch with the line ends that *body* uses."""
        plain = text.replace("\r\n", "\n")
        return plain.replace("\n", self.newline) if self.mixed else plain

    def seek(self, text: str) -> str:
        """*text* from a patch as it has to stand in *body* to be found there."""
        return text if self.mixed else text.replace("\r\n", "\n")

    def encode(self, body: str) -> bytes:
        """The file's bytes with *body* in place of its own."""
        if not self.mixed and self.newline != "\n":
            body = body.replace("\n", self.newline)
        return ((_BOM if self.bom else "") + body).encode()


def decode(content: bytes) -> Text | None:
    """*content* as text; None if it is not UTF-8 text."""
    if b"\0" in content:
        return None
    try:
        body = content.decode()
    except UnicodeDecodeError:
        return None
    bom = body.startswith(_BOM)
    body = body.removeprefix(_BOM)
    crlf = body.count("\r\n")
    lf = body.count("\n") - crlf
    if crlf and lf:
        return Text(body, "\r\n" if crlf > lf else "\n", mixed=True, bom=bom)
    newline = "\r\n" if crlf else "\n"
    return Text(body.replace("\r\n", "\n"), newline, mixed=False, bom=bom)


@dataclass(frozen=True, slots=True)
class Wanted:
    """How often *find* must be in *path*: *count* times, or without one from once to *most* times."""

    path: str
    find: str
    count: int | None
    most: int

    def check(self, found: int) -> Fault | None:
        if self.count is not None and found != self.count:
            return fault(Reason.MATCH_COUNT, path=self.path, said=self.count, found=found)
        if not found:
            return Near("").fault(Reason.TEXT_NOT_FOUND, path=self.path, text=brief(self.find))
        if self.count is None and found > self.most:
            return fault(Reason.TOO_MANY_MATCHES, path=self.path, most=self.most)
        return None


def replace(text: Text, wanted: Wanted, replacement: str, *, room: int) -> str | Fault:
    """*text* with *replacement* wherever the wanted text is; it may grow by *room* characters."""
    find, replacement = text.seek(wanted.find), text.adopt(replacement)
    found = text.body.count(find)
    if not found and wanted.count is None:
        return _not_found(wanted.path, text, find)
    if wrong := wanted.check(found):
        return wrong
    size = len(text.body) + found * (len(replacement) - len(find))
    if size > len(text.body) + room:
        return fault(Reason.FILE_TOO_LARGE, path=wanted.path, size=size, most=room)
    return text.body.replace(find, replacement)


def insert(path: str, text: Text, anchor: str, added: str, *, before: bool) -> str | Fault:
    """*text* with *added* right before or after the one place where *anchor* is."""
    anchor = text.seek(anchor)
    first = text.body.find(anchor)
    if first < 0:
        return _not_found(path, text, anchor)
    if text.body.find(anchor, first + 1) >= 0 or not anchor:
        # Places that overlap count here, and str.count leaves them out.
        count = max(2, text.body.count(anchor))
        places = dict.fromkeys(islice(_lines_with(text.body, anchor), _MOST_NAMED))
        lines = ", ".join(map(str, places))
        return fault(Reason.TEXT_AMBIGUOUS, path=path, text=brief(anchor), count=count, lines=lines)
    place = first if before else first + len(anchor)
    return text.body[:place] + text.adopt(added) + text.body[place:]


def _not_found(path: str, text: Text, wanted: str) -> Fault:
    """That *wanted* is not in *text*, and which of its lines are most like it."""
    lines, there = _lines(wanted), _lines(text.body)
    # What is looked for begins and ends within lines; they can be compared all the same.
    what = (
        near([line if line.endswith("\n") else f"{line}\n" for line in lines], there) if lines else Near("")
    )
    return what.fault(Reason.TEXT_NOT_FOUND, path=path, text=brief(wanted))


def _lines_with(body: str, wanted: str) -> Iterator[int]:
    """The lines, from 1, on which *wanted* begins."""
    line, counted = 1, 0
    found = body.find(wanted)
    while found >= 0:
        line += body.count("\n", counted, found)
        counted = found
        yield line
        found = body.find(wanted, found + 1)


def insert_at(path: str, text: Text, line: int, added: str) -> str | Fault:
    """*text* with *added* as whole lines from 1-based *line* on; a missing final newline stays missing."""
    ends = text.newline if text.mixed else "\n"
    lines = _lines(text.body)
    if not 1 <= line <= len(lines) + 1:
        return fault(Reason.LINE_OUTSIDE, path=path, said=line, lines=len(lines))
    block = text.adopt(added).removesuffix(ends)
    if line <= len(lines) or not lines or lines[-1].endswith("\n"):
        return "".join((*lines[: line - 1], block, ends, *lines[line - 1 :]))
    return "".join((*lines, ends, block))


def _lines(body: str) -> list[str]:
    """Lines with their ends, as git and editors count them: only `\\n` ends a line."""
    parts = body.split("\n")
    return [part + "\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])


def brief(text: str) -> str:
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
