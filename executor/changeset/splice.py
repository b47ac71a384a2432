"""Runs of whole lines, found by what they are: each in one place, or in none and the reason why.

A place must be exact, and the only one: below the lines that a chunk names as its anchors, and behind what
the chunk before it changed. The search is `str.find` between two places, so its cost is linear.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from contracts.faults import Fault, Reason, fault
from contracts.patch import Chunk, Splice
from executor.changeset.text import Text

#: Lines that an anchor may mean; more are as good as none.
_MOST_SCOPES = 20
#: Lines compared to find what a chunk nearly fits.
_MOST_COMPARED = 400_000
_SHOWN = 60


def splice(text: Text, wanted: Splice) -> str | Fault:
    """*text*'s body with every chunk in its place."""
    image = _Image(wanted.path, text)
    for number, chunk in enumerate(wanted.chunks, start=1):
        if (wrong := image.apply(chunk, number)) is not None:
            return wrong
    return image.body()


@dataclass(frozen=True, slots=True)
class _Scope:
    """Lines from *start* up to *end*, counted from 0."""

    start: int
    end: int


class _Image:
    """The file's lines while chunks are placed; *done* is where the last one ended."""

    def __init__(self, path: str, text: Text) -> None:
        self._path = path
        self._newline = text.newline if text.mixed else "\n"
        pieces = text.body.split("\n")
        # Behind a final line end there is no further line; without one the last line has none.
        self._final = pieces[-1] == ""
        if self._final:
            pieces.pop()
        self._carried = [piece.endswith("\r") for piece in pieces]
        self._lines = [piece.removesuffix("\r") for piece in pieces]
        self._done = 0

    def body(self) -> str:
        ended = [
            line + ("\r" if carried else "") for line, carried in zip(self._lines, self._carried, strict=True)
        ]
        return "\n".join(ended) + ("\n" if self._final and ended else "")

    def apply(self, chunk: Chunk, number: int) -> Fault | None:
        scopes = self._scopes(chunk.anchors)
        if not scopes:
            missing = next(each for each in chunk.anchors if not self._anchored(each))
            return fault(Reason.EDIT_ANCHOR_NOT_FOUND, path=self._path, chunk=number, text=missing[:_SHOWN])
        old = chunk.old
        places = self._places(old, scopes, at_end=chunk.at_end)
        if not places and chunk.anchors:
            # The lines may lie outside the block that the anchor opens: anywhere below it.
            below = [_Scope(scopes[0].start, len(self._lines))]
            places = self._places(old, below, at_end=chunk.at_end)
        if not places:
            detail = self._why_not(old, at_end=chunk.at_end)
            return fault(Reason.EDIT_NOT_FOUND, path=self._path, chunk=number, detail=detail)
        if len(places) > 1:
            return fault(Reason.EDIT_AMBIGUOUS, path=self._path, chunk=number, count=len(places))
        self._put(chunk, places[0])
        return None

    def _put(self, chunk: Chunk, place: int) -> None:
        lines: list[str] = []
        carried: list[bool] = []
        here = place
        for line in chunk.lines:
            if line[0] != "+":
                if line[0] == " ":
                    lines.append(self._lines[here])
                    carried.append(self._carried[here])
                here += 1
            else:
                lines.append(line[1:])
                carried.append(self._newline == "\r\n")
        if not self._final and here == len(self._lines):
            # The line that is last now has no end either, unless it had one where it stood before.
            last = next((line[0] for line in reversed(chunk.lines) if line[0] != "-"), "")
            self._final = chunk.lines[-1][0] == "-" and last != "+"
            if last == "+":
                carried[-1] = False
        self._lines[place:here] = lines
        self._carried[place:here] = carried
        self._done = place + len(lines)

    # Where --------------------------------------------------------------------------------------
    def _scopes(self, anchors: Sequence[str]) -> list[_Scope]:
        """Where to look: the blocks that the last of *anchors* opens, each within those of the one before."""
        scopes = [_Scope(self._done, len(self._lines))]
        for anchor in anchors:
            found = [
                _Scope(line, self._block_end(line, scope.end))
                for scope in scopes
                for line in range(scope.start, scope.end)
                if self._lines[line].strip() == anchor
            ]
            scopes = found[:_MOST_SCOPES]
        return scopes

    def _anchored(self, anchor: str) -> bool:
        return any(line.strip() == anchor for line in self._lines[self._done :])

    def _block_end(self, opening: int, most: int) -> int:
        """The first line behind *opening* that is indented no deeper, or *most*."""
        depth = _depth(self._lines[opening])
        below = range(opening + 1, most)
        return next((n for n in below if self._lines[n].strip() and _depth(self._lines[n]) <= depth), most)

    def _places(self, old: Sequence[str], scopes: Sequence[_Scope], *, at_end: bool) -> list[int]:
        """The first two places, at most, at which *old* lies within one of *scopes*."""
        last = len(self._lines) - len(old)
        if at_end:
            fits = last >= scopes[0].start and self._lines[last:] == list(old)
            return [last] if fits else []
        found: list[int] = []
        for scope in scopes:
            for place in self._within(old, scope):
                if place not in found:
                    found.append(place)
                if len(found) == 2:
                    return found
        return found

    def _within(self, old: Sequence[str], scope: _Scope) -> list[int]:
        """The first two lines of *scope* at which *old* begins, wholly inside it."""
        wanted = "\n" + "".join(f"{line}\n" for line in old)
        here = "\n" + "".join(f"{line}\n" for line in self._lines[scope.start : scope.end])
        first = here.find(wanted)
        if first < 0:
            return []
        second = here.find(wanted, first + 1)
        return [scope.start + here.count("\n", 0, each) for each in (first, second) if each >= 0]

    # Why not ------------------------------------------------------------------------------------
    def _why_not(self, old: Sequence[str], *, at_end: bool) -> str:
        """What was expected and what stands there instead, at the place where most of *old* fits."""
        elsewhere = self._within(old, _Scope(0, len(self._lines)))
        if elsewhere:
            here = f"its lines stand at line {elsewhere[0] + 1}"
            return (
                f"{here}, and it is for the end of the file" if at_end else f"{here}, above where it belongs"
            )
        place = self._nearest([line.strip() for line in old])
        there = self._lines[place : place + len(old)]
        offset = next((n for n, line in enumerate(there) if line != old[n]), len(there))
        expected = f"line {place + offset + 1} should be {_shown(old[offset])}"
        if offset == len(there):
            return f"{expected}, and the file ends before it"
        return f"{expected} and is {_shown(there[offset])}"

    def _nearest(self, old: Sequence[str]) -> int:
        """The place where most lines agree, blanks around them left aside."""
        lines = [line.strip() for line in self._lines]
        reach = max(_MOST_COMPARED // max(len(old), 1), 1)
        places = range(min(max(len(lines) - len(old), 0) + 1, reach))
        return max(
            places,
            key=lambda place: sum(a == b for a, b in zip(old, lines[place : place + len(old)], strict=False)),
            default=0,
        )


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())


def _shown(line: str) -> str:
    shown = repr(line)
    return shown if len(shown) <= _SHOWN else f"{shown[: _SHOWN - 1]}…"
