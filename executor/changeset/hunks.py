"""Where the hunks of a file belong, by git's own rules, and what comes of them.

Git takes the nearest of several places that fit; here that is a refusal, unless the stated line itself
fits. What is computed here must be what `git apply` makes of the same bytes; `executor.candidate` asks. A
hunk whose lines stand there only with other blanks is made anew from those of the file.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from contracts.faults import Fault, Reason, fault
from executor.changeset.blanks import EXACT_SIGNS, Alike, Rung, changes_more, written_there
from executor.changeset.nearest import Near, near
from executor.changeset.sections import Hunk, Line, Section, lines_of

#: Places of a hunk are not counted further; a file of equal lines would have one at each.
_MOST_PLACES = 100
#: Of several places, so many are named.
_MOST_NAMED = 5


def adopt_line_ends(section: Section, content: bytes) -> Section:
    """*section* with the line ends of the file it is for, where all it knows of the file has the others."""
    file_ends = _line_ends(lines_of(content))
    patch_ends = _line_ends([text for hunk in section.hunks for text in hunk.before])
    if file_ends is None or patch_ends is None or file_ends == patch_ends:
        return section
    hunks = (
        replace(hunk, lines=tuple(_with_end(line, file_ends) for line in hunk.lines))
        for hunk in section.hunks
    )
    return replace(section, hunks=tuple(hunks))


def _line_ends(lines: Sequence[bytes]) -> bytes | None:
    """The one line end of *lines*; None if they mix them or have none."""
    ends = {b"\r\n" if line.endswith(b"\r\n") else b"\n" for line in lines if line.endswith(b"\n")}
    return ends.pop() if len(ends) == 1 else None


def _with_end(line: Line, end: bytes) -> Line:
    if not line.text.endswith(b"\n"):
        return line
    return replace(line, text=line.text.removesuffix(b"\n").removesuffix(b"\r") + end)


def fit_as_stated(section: Section, content: bytes) -> bool:
    """Whether all hunks of *section* stand in *content* where they say: it may have been made of that."""
    lines = lines_of(content)
    starts = ((max(hunk.old_start - 1, 0), hunk.before) for hunk in section.hunks)
    return all(lines[start : start + len(before)] == before for start, before in starts)


@dataclass(frozen=True, slots=True)
class Placed:
    """*hunk* as it was put, at 1-based *line* of the branch. *rung*: its blanks were others; None: they fit.

    *elsewhere*: not where it says, as far as the hunks before it were where they say.
    """

    hunk: Hunk
    line: int
    elsewhere: bool
    rung: Rung | None = None


class Image:
    """The file while hunks are placed into it; what one hunk wrote is out of reach for the next."""

    def __init__(self, path: str, content: bytes) -> None:
        self._path = path
        self._lines = lines_of(content)
        self._written = bytearray(len(self._lines))
        self._alike: Alike | None = None
        #: What each hunk so far did: at which line, instead of how many lines, how many.
        self._done: list[tuple[int, int, int]] = []

    def content(self) -> bytes:
        return b"".join(self._lines)

    def apply(self, hunk: Hunk, *, blanks: bool = False) -> Placed | Fault:
        """Put *hunk* where it fits; with *blanks* also where only they differ, if that is one place."""
        before = hunk.before
        if not before and self._lines:
            return fault(Reason.DIFF_ZERO_CONTEXT, path=self._path, hunk=hunk.number)
        stated = max(hunk.new_start - 1, 0)
        allowed = _allowed(hunk, len(self._lines) - len(before))
        places = self._places(before, stated, allowed)
        rung = None
        if not places and blanks and (found := self._loosely(hunk, allowed)):
            hunk, rung, place = found
            places = [place]
        if not places:
            why = self._why_not(hunk, before)
            return why.fault(Reason.DIFF_DOES_NOT_APPLY, path=self._path, hunk=hunk.number)
        line = self._number(places[0])
        elsewhere = places[0] != stated and line != hunk.old_start
        return self._put(hunk, places) or Placed(hunk, line, elsewhere, rung)

    def apply_anywhere(self, hunk: Hunk) -> Fault | None:
        """As `apply`, but in the one place of the whole file where its lines stand."""
        before = hunk.before
        places = self._places(before, -1, range(len(self._lines) + 1)) if before else []
        if not places:
            why = self._nearest(hunk, before) if before else Near("there are no lines around it")
            return why.fault(Reason.DIFF_DOES_NOT_APPLY, path=self._path, hunk=hunk.number)
        return self._put(hunk, places)

    def _put(self, hunk: Hunk, places: list[int]) -> Fault | None:
        """Have *hunk* where it fits, if that is one place."""
        before, after = hunk.before, hunk.after
        if len(places) > 1:
            lines = ", ".join(str(self._number(place)) for place in places[:_MOST_NAMED])
            return fault(
                Reason.DIFF_AMBIGUOUS, path=self._path, hunk=hunk.number, count=len(places), lines=lines
            )
        start, end = places[0], places[0] + len(before)
        self._lines[start:end] = after
        if self._alike is not None:
            self._alike.put(start, end, _text(after))
        self._written[start:end] = b"\1" * len(after)
        self._done.append((start, len(before), len(after)))
        return None

    def _loosely(self, hunk: Hunk, allowed: range) -> tuple[Hunk, Rung, int] | None:
        """*hunk* as it would have been made of this file, if its lines stand there but for their blanks."""
        before, after = _text(hunk.before), _text(hunk.after)
        self._alike = self._alike or Alike(_text(self._lines))
        found = ((rung, self._alike.standing(before, rung)) for rung in EXACT_SIGNS)
        rung, places = next(((rung, places) for rung, places in found if places), (Rung.ENDS, []))
        if len(places) != 1 or places[0] not in allowed or not changes_more(before, after, rung):
            return None
        [place] = places
        end = place + len(before)
        if any(self._written[place:end]):
            return None
        adjusted = _adjusted(hunk, self._alike.at(place, len(before)))
        return None if adjusted is None else (adjusted, rung, place)

    def _number(self, place: int) -> int:
        """What the line at *place* is called on the branch, which knows nothing of the hunks so far."""
        for start, gone, came in reversed(self._done):
            if place >= start + came:
                place += gone - came
            elif place > start:
                place = start
        return place + 1

    def _places(self, before: list[bytes], stated: int, allowed: range) -> list[int]:
        """Where *before* fits: the *stated* line alone if it does, else every other place (the first 100)."""
        if stated in allowed and self._fits(before, stated):
            return [stated]
        found = []
        for place in self._search(before):
            if place in allowed and self._fits(before, place):
                found.append(place)
                if len(found) == _MOST_PLACES:
                    break
        return found

    def _fits(self, before: list[bytes], place: int) -> bool:
        end = place + len(before)
        return self._lines[place:end] == before and not any(self._written[place:end])

    def _search(self, before: list[bytes]) -> Iterator[int]:
        """The lines at which the bytes of *before* begin; linear in the file where they are rare."""
        whole, wanted = self.content(), b"".join(before)
        line = counted = 0
        found = whole.find(wanted)
        while found >= 0:
            line += whole.count(b"\n", counted, found)
            counted = found
            if found == 0 or whole[found - 1 : found] == b"\n":
                yield line
            # On to the next line: a place begins at a line's beginning.
            following = whole.find(b"\n", found) + 1
            found = whole.find(wanted, following) if following else -1

    def _why_not(self, hunk: Hunk, before: list[bytes]) -> Near:
        """What was expected and what stands there instead, at the place where most of *before* fits."""
        for place in self._search(before):
            stands = f"its lines stand at line {self._number(place)}"
            if any(self._written[place : place + len(before)]):
                return Near(f"{stands}, which an earlier hunk has changed")
            if hunk.old_start <= 1 and place:
                return Near(f"its header says line {hunk.old_start}, the beginning of the file, and {stands}")
            end = "it ends without a line of context, as at the end of a file"
            return Near(f"{end}, and {stands}")
        return self._nearest(hunk, before)

    def _nearest(self, hunk: Hunk, before: list[bytes]) -> Near:
        # Two lines that are not UTF-8 still differ where their bytes do.
        wanted = [line.decode(errors="backslashreplace") for line in before]
        there = [line.decode(errors="backslashreplace") for line in self._lines]
        return near(wanted, there, stated=max(hunk.new_start - 1, 0), number=self._number)


def _allowed(hunk: Hunk, last: int) -> range:
    """The places that git considers: a hunk for line 1, or without lines after its changes, is anchored."""
    allowed = range(max(last, -1) + 1)
    if hunk.old_start <= 1:
        allowed = allowed[:1]
    if hunk.lines and hunk.lines[-1].tag != b" ":
        allowed = range(last, last + 1) if last in allowed else range(0)
    return allowed


def _text(lines: Sequence[bytes]) -> list[str]:
    """One character for each byte: only blanks and line ends are looked at, whatever the encoding is."""
    return [line.decode("latin-1") for line in lines]


def _adjusted(hunk: Hunk, there: Sequence[str]) -> Hunk | None:
    """*hunk* with the lines of the file for its own, and what it adds indented as they are."""
    tagged = [(line.tag.decode(), line.text.decode("latin-1")) for line in hunk.lines]
    texts = written_there(tagged, there)
    if texts is None:
        return None
    lines = zip(hunk.lines, texts, strict=True)
    return replace(hunk, lines=tuple(replace(line, text=text.encode("latin-1")) for line, text in lines))
