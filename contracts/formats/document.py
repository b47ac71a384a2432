"""A document as a tree in which every key and every value knows where it stands.

`json_text` and `yaml_text` read one. Neither trusts its text: depth, number of values and duplicate keys
are checked while it is read, and nothing is expanded. Numbers stay as they were written; whoever wants
one converts it.
"""

import enum
import re
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Final

from contracts.faults import Fault, Reason

MOST_DEPTH: Final = 32
MOST_NODES: Final = 5_000
#: Faults of one document that are told; reading stops at the last of them.
MOST_FAULTS: Final = 20

#: Double, low and single typographic quotes, and the primes that some keyboards give.
SMART_QUOTES: Final = "\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u201b\u2032\u2033"
_SMART: Final = re.compile(f"[{SMART_QUOTES}]")


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A 1-based position."""

    line: int
    column: int


class Plain(enum.StrEnum):
    """What a value without quotes is, if it is not text."""

    NUMBER = "a number"
    TRUTH = "true or false"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Text:
    value: str
    at: Mark


@dataclass(frozen=True, slots=True)
class Scalar:
    """A value that is not text; *source* is how it was written."""

    what: Plain
    source: str
    at: Mark


@dataclass(frozen=True, slots=True)
class Items:
    items: "tuple[Node, ...]"
    at: Mark


@dataclass(frozen=True, slots=True)
class Entry:
    """A key and its value; *at* is where the key stands."""

    key: str
    at: Mark
    value: "Node"


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping. Keys differ: of equal ones only the first is here."""

    entries: tuple[Entry, ...]
    at: Mark


Node = Text | Scalar | Items | Fields


@dataclass(frozen=True, slots=True)
class Document:
    """*root* None: it cannot be read, and *faults* say why. Else *faults* are duplicate keys only."""

    root: Node | None
    faults: tuple[Fault, ...] = ()


class BrokenError(Exception):
    """Reading cannot go on; the reason is among the reader's faults."""


class Reader:
    """What both formats share: positions, bounds and the faults found so far."""

    def __init__(self, text: str, most: int = MOST_NODES) -> None:
        self.text = text
        self._most = most
        self.faults: list[Fault] = []
        self._nodes = 0

    @cached_property
    def _starts(self) -> list[int]:
        """The offsets at which lines begin."""
        return [0, *accumulate(len(line) + 1 for line in self.text.split("\n"))]

    def mark(self, offset: int) -> Mark:
        line = bisect_right(self._starts, offset)
        return Mark(line, offset - self._starts[line - 1] + 1)

    def blame(self, reason: Reason, at: Mark, **args: str) -> BrokenError:
        """Note a fault. Raises BrokenError at the last that is told; returns one for callers to raise."""
        self.faults.append(Fault(reason, args, None, at.line, at.column))
        if len(self.faults) >= MOST_FAULTS:
            raise BrokenError
        return BrokenError()

    def count(self, depth: int, at: Mark) -> None:
        """One more value. Raises BrokenError beyond the bounds."""
        self._nodes += 1
        if self._nodes > self._most:
            raise self.blame(Reason.TOO_MANY_NODES, at, most=str(self._most))
        if depth > MOST_DEPTH:
            raise self.blame(Reason.TOO_DEEP, at, most=str(MOST_DEPTH))

    def add(self, entries: dict[str, Entry], entry: Entry) -> None:
        if entries.setdefault(entry.key, entry) is not entry:
            self.blame(Reason.DUPLICATE_KEY, entry.at, key=entry.key[:80])

    def blame_smart_quotes(self, at: Mark) -> None:
        """Say so if smart quotes stand on the line at which reading failed."""
        start = self._starts[at.line - 1]
        end = self.text.find("\n", start)
        if found := _SMART.search(self.text, start, end if end >= 0 else len(self.text)):
            self.blame(Reason.SMART_QUOTES, self.mark(found.start()), found=found[0])
