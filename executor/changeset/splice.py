"""Runs of whole lines, found by what they are: each in one place, or in none and the reason why.

A place must be the only one: below the lines that a chunk names as its anchors, and behind what the chunk
before it changed. Where no place is exact, one may be taken that is so but for blanks and typographic
characters. The search is `str.find` between two places, so its cost is linear.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from contracts.faults import Fault, Reason, fault
from contracts.patch import Chunk, Splice
from executor.changeset.blanks import ANY_SIGNS, Alike, Rung, changes_more, is_plain, written_there
from executor.changeset.nearest import Near, near
from executor.changeset.text import Text

#: Lines that an anchor may mean; one that is there more often says nothing.
_MOST_SCOPES = 20
#: Of several places, so many are looked for and named.
_MOST_PLACES = 5
_SHOWN = 60


@dataclass(frozen=True, slots=True)
class Spliced:
    """*steps*: what of the chunks is not as it was posted."""

    body: str
    steps: tuple[Fault, ...] = ()


def splice(text: Text, wanted: Splice, *, blanks: bool = False) -> Spliced | Fault:
    """*text*'s body with every chunk in its place; with *blanks* also where only they differ."""
    image = _Image(wanted.path, text)
    steps: list[Fault] = []
    for number, chunk in enumerate(wanted.chunks, start=1):
        fit = image.apply(chunk, number, blanks=blanks)
        if isinstance(fit, Fault):
            return fit
        if fit.rung is not None:
            took = fault(Reason.TOOK_BLANKS, path=wanted.path, number=number, at=fit.line, differs=fit.rung)
            steps.append(took)
    return Spliced(image.body(), tuple(steps))


@dataclass(frozen=True, slots=True)
class _Fit:
    """*chunk* as it is to be put at *place*, which people call *line*. *rung*: its blanks were others."""

    chunk: Chunk
    place: int
    line: int
    rung: Rung | None = None


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
        self._alike: Alike | None = None
        self._done = 0
        #: What each chunk so far did: at which line, instead of how many lines, how many.
        self._put_so_far: list[tuple[int, int, int]] = []

    def body(self) -> str:
        ended = [
            line + ("\r" if carried else "") for line, carried in zip(self._lines, self._carried, strict=True)
        ]
        return "\n".join(ended) + ("\n" if self._final and ended else "")

    def apply(self, chunk: Chunk, number: int, *, blanks: bool) -> _Fit | Fault:
        scopes = self._scopes(chunk.anchors)
        if not scopes:
            missing = self._missing(chunk.anchors)
            return fault(Reason.EDIT_ANCHOR_NOT_FOUND, path=self._path, chunk=number, text=missing[:_SHOWN])
        # The lines may lie outside the block that the anchor opens: anywhere below it.
        below = [_Scope(scopes[0].start, len(self._lines))] if chunk.anchors else []
        within = scopes if _tells(chunk.old) or not below else below
        places = self._places(chunk.old, within, at_end=chunk.at_end)
        if not places and below:
            places = self._places(chunk.old, below, at_end=chunk.at_end)
        if len(places) > 1:
            lines = ", ".join(str(self._number(place)) for place in places)
            return fault(Reason.EDIT_AMBIGUOUS, path=self._path, chunk=number, count=len(places), lines=lines)
        fit = None
        if places:
            fit = _Fit(chunk, places[0], self._number(places[0]))
        elif blanks:
            fit = self._loosely(chunk, (scopes, below))
        if fit is None:
            why = self._why_not(chunk.old, at_end=chunk.at_end)
            return why.fault(Reason.EDIT_NOT_FOUND, path=self._path, chunk=number)
        self._put(fit.chunk, fit.place)
        return fit

    def _number(self, place: int) -> int:
        """What the line at *place* is called on the branch, which knows nothing of the chunks so far."""
        for start, gone, came in reversed(self._put_so_far):
            if place >= start + came:
                place += gone - came
            elif place > start:
                place = start
        return place + 1

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
        if self._alike is not None:
            self._alike.put(place, here, _ended(lines))
        self._carried[place:here] = carried
        self._done = place + len(lines)
        self._put_so_far.append((place, here - place, len(lines)))

    # Where --------------------------------------------------------------------------------------
    def _scopes(self, anchors: Sequence[str]) -> list[_Scope]:
        """Where to look: the blocks that the last of *anchors* opens, each within those of the one before.

        An anchor may stand above what earlier chunks changed: several changes in one function name it each.
        """
        scopes = [_Scope(0, len(self._lines))]
        for anchor in anchors:
            lines = list(islice(self._anchored(anchor, scopes), _MOST_SCOPES + 1))
            if len(lines) > _MOST_SCOPES:
                continue
            scopes = [_Scope(line, self._block_end(line, end)) for line, end in lines]
        return scopes

    def _anchored(self, anchor: str, scopes: Sequence[_Scope]) -> Iterator[tuple[int, int]]:
        """The lines that *anchor* may mean, and how far their blocks may reach."""
        for scope in scopes:
            for line in range(scope.start, scope.end):
                if self._lines[line].strip() == anchor:
                    yield line, scope.end

    def _missing(self, anchors: Sequence[str]) -> str:
        """The first of *anchors* that is not below those before it."""
        found = (anchors[n - 1] for n in range(1, len(anchors) + 1) if not self._scopes(anchors[:n]))
        return next(found, "")

    def _block_end(self, opening: int, most: int) -> int:
        """The first line behind *opening* that is indented no deeper, or *most*."""
        depth = _depth(self._lines[opening])
        below = range(opening + 1, most)
        return next((n for n in below if self._lines[n].strip() and _depth(self._lines[n]) <= depth), most)

    def _places(self, old: Sequence[str], scopes: Sequence[_Scope], *, at_end: bool) -> list[int]:
        """The first few places at which *old* lies within one of *scopes*, below what was changed last."""
        last = len(self._lines) - len(old)
        if at_end:
            fits = last >= max(scopes[0].start, self._done) and self._lines[last:] == list(old)
            return [last] if fits else []
        found: list[int] = []
        for scope in scopes:
            within = self._within(old, _Scope(max(scope.start, self._done), scope.end))
            found += [place for place in within if place not in found]
        return sorted(found)[:_MOST_PLACES]

    def _within(self, old: Sequence[str], scope: _Scope) -> list[int]:
        """The first few lines of *scope* at which *old* begins, wholly inside it."""
        wanted = "\n" + "".join(f"{line}\n" for line in old)
        here = "\n" + "".join(f"{line}\n" for line in self._lines[scope.start : scope.end])
        found: list[int] = []
        at = here.find(wanted)
        while at >= 0 and len(found) < _MOST_PLACES:
            found.append(scope.start + here.count("\n", 0, at))
            at = here.find(wanted, at + 1)
        return found

    def _loosely(self, chunk: Chunk, where: Sequence[Sequence[_Scope]]) -> _Fit | None:
        """Where *chunk* stands but for its blanks, if that is one place; as it would have been made of it."""
        alike = self._alike = self._alike or Alike(_ended(self._lines))
        found = ((rung, self._like(chunk, scopes, rung, alike)) for rung in ANY_SIGNS for scopes in where)
        rung, places = next(((rung, places) for rung, places in found if places), (Rung.ENDS, []))
        old, new = _ended(chunk.old), _ended(chunk.new)
        if len(places) != 1 or not changes_more(old, new, rung):
            return None
        [place] = places
        adjusted = _adjusted(chunk, alike.at(place, len(old)), rung)
        return _Fit(adjusted, place, self._number(place), rung) if adjusted else None

    def _like(self, chunk: Chunk, scopes: Sequence[_Scope], rung: Rung, alike: Alike) -> list[int]:
        """The first few places within *scopes* at which the lines of *chunk* stand on *rung*."""
        old = _ended(chunk.old)
        if chunk.at_end and scopes:
            scopes = [_Scope(len(self._lines) - len(old), len(self._lines))]
        found: dict[int, None] = {}
        for scope in scopes:
            start = max(scope.start, self._done)
            found |= dict.fromkeys(alike.standing(old, rung, start, scope.end))
        return list(found)

    # Why not ------------------------------------------------------------------------------------
    def _why_not(self, old: Sequence[str], *, at_end: bool) -> Near:
        """What was expected and what stands there instead, at the place where most of *old* fits."""
        elsewhere = self._within(old, _Scope(0, len(self._lines)))
        if elsewhere:
            stands = f"its lines stand at line {self._number(elsewhere[0])}"
            if at_end:
                return Near(f"{stands}, and it is for the end of the file")
            return Near(f"{stands}, not below the anchor or the change before it")
        wanted, there = ([f"{line}\n" for line in lines] for lines in (old, self._lines))
        return near(wanted, there, number=self._number)


def _ended(lines: Sequence[str]) -> list[str]:
    return [f"{line}\n" for line in lines]


def _adjusted(chunk: Chunk, there: Sequence[str], rung: Rung) -> Chunk | None:
    """*chunk* as it would have been made of *there*, lines of the file with their ends."""
    texts = written_there([(line[0], f"{line[1:]}\n") for line in chunk.lines], there)
    if texts is None:
        return None
    lines = tuple(f"{line[0]}{text[:-1]}" for line, text in zip(chunk.lines, texts, strict=True))
    # Whatever made the characters of known lines pretty did so with those of new lines.
    pretty = rung is Rung.SIGNS and not all(is_plain(line) for line in lines if line[0] == "+")
    return None if pretty else replace(chunk, lines=lines)


def _tells(old: Sequence[str]) -> bool:
    """True if *old* has more than blanks and brackets, which an anchor's block has by chance."""
    return any(char.isalnum() for line in old for char in line)


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip())
