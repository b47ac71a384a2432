"""Where the hunks of a file belong, by git's own rules, and what comes of them.

Git takes the nearest of several places that fit; here that is a refusal, unless the stated line itself
fits. What is computed here must be what `git apply` makes of the same bytes; `executor.candidate` asks.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from contracts.faults import Fault, Reason, fault
from executor.changeset.sections import Hunk, Line, Section, lines_of

#: Places of a hunk are not counted further; a file of equal lines would have one at each.
_MOST_PLACES = 100
#: Lines compared to find what a hunk nearly fits.
_MOST_COMPARED = 400_000
_SHOWN = 60


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


class Image:
    """The file while hunks are placed into it; what one hunk wrote is out of reach for the next."""

    def __init__(self, path: str, content: bytes) -> None:
        self._path = path
        self._lines = lines_of(content)
        self._written = bytearray(len(self._lines))

    def content(self) -> bytes:
        return b"".join(self._lines)

    def apply(self, hunk: Hunk) -> Fault | None:
        before, after = hunk.before, hunk.after
        if not before and self._lines:
            return fault(Reason.DIFF_ZERO_CONTEXT, path=self._path, hunk=hunk.number)
        allowed = _allowed(hunk, len(self._lines) - len(before))
        places = self._places(before, max(hunk.new_start - 1, 0), allowed)
        if not places:
            detail = self._why_not(hunk, before)
            return fault(Reason.DIFF_DOES_NOT_APPLY, path=self._path, hunk=hunk.number, detail=detail)
        return self._put(hunk, before, after, places)

    def apply_anywhere(self, hunk: Hunk) -> Fault | None:
        """As `apply`, but in the one place of the whole file where its lines stand."""
        before, after = hunk.before, hunk.after
        anywhere = range(len(self._lines) + 1)
        places = self._places(before, -1, anywhere) if before else []
        if not places:
            detail = self._nearest_says(hunk, before) if before else "nothing is known of where it stands"
            return fault(Reason.DIFF_DOES_NOT_APPLY, path=self._path, hunk=hunk.number, detail=detail)
        return self._put(hunk, before, after, places)

    def _put(self, hunk: Hunk, before: list[bytes], after: list[bytes], places: list[int]) -> Fault | None:
        if len(places) > 1:
            return fault(Reason.DIFF_AMBIGUOUS, path=self._path, hunk=hunk.number, count=len(places))
        start, end = places[0], places[0] + len(before)
        self._lines[start:end] = after
        self._written[start:end] = b"\1" * len(after)
        return None

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

    def _why_not(self, hunk: Hunk, before: list[bytes]) -> str:
        """What was expected and what stands there instead, at the place where most of *before* fits."""
        for place in self._search(before):
            if any(self._written[place : place + len(before)]):
                return f"its lines stand at line {place + 1}, which an earlier hunk has changed"
            if hunk.old_start <= 1 and place:
                return f"it is for the beginning of the file, and its lines stand at line {place + 1}"
            return f"it is for the end of the file, and its lines stand at line {place + 1}"
        return self._nearest_says(hunk, before)

    def _nearest_says(self, hunk: Hunk, before: list[bytes]) -> str:
        place = self._nearest(before, max(hunk.old_start - 1, 0))
        here = self._lines[place : place + len(before)]
        offset = next((n for n, line in enumerate(here) if line != before[n]), len(here))
        expected = f"line {place + offset + 1} should be {_shown(before[offset])}"
        if offset == len(here):
            return f"{expected}, and the file ends before it"
        return f"{expected} and is {_shown(here[offset])}"

    def _nearest(self, before: list[bytes], stated: int) -> int:
        """The place where most lines agree, the one nearest to *stated* of equals."""
        room = max(len(self._lines) - len(before), 0)
        reach = max(_MOST_COMPARED // max(len(before), 1) // 2, 1)
        places = range(max(0, min(stated, room) - reach), min(room, stated + reach) + 1)

        def rank(place: int) -> tuple[int, int]:
            pairs = zip(before, self._lines[place : place + len(before)], strict=False)
            return sum(wanted == there for wanted, there in pairs), -abs(place - stated)

        return max(places, key=rank, default=0)


def _allowed(hunk: Hunk, last: int) -> range:
    """The places that git considers: a hunk for line 1, or without lines after its changes, is anchored."""
    allowed = range(max(last, -1) + 1)
    if hunk.old_start <= 1:
        allowed = allowed[:1]
    if hunk.lines and hunk.lines[-1].tag != b" ":
        allowed = range(last, last + 1) if last in allowed else range(0)
    return allowed


def _shown(line: bytes) -> str:
    text = line.decode(errors="replace")
    shown = repr(text.removesuffix("\n") if text.endswith("\n") else text)
    if not text.endswith("\n"):
        shown += " without a line end"
    return shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 1]}…"
