"""Patterns that cannot take long, whoever wrote them: a small part of regular expressions.

Letters, `.`, classes, escapes, alternatives in parentheses; `*`, `+`, `?` and `{2,5}` after one character or
class, and `?` after parentheses. What a pattern may cost is known before it runs: in how many ways it could
be laid over a value. Alternatives add up, what follows each other multiplies.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from contracts.faults import Fault, Reason, fault

#: Values longer than this are like no pattern.
LONGEST_VALUE: Final = 512
_LONGEST: Final = 300
_DEEPEST: Final = 8
_MOST_REPEATED: Final = 1000
#: Two unbounded repeats, and a little more.
_MOST_WAYS: Final = 4 * LONGEST_VALUE**2

_COUNT = re.compile(r"\{(\d{1,4})(?:(,)(\d{0,4}))?\}")
_CLASSES: Final = frozenset("dDwWsS")
#: These mean something in a pattern and stand for themselves only after a backslash.
_SPECIAL: Final = frozenset("|)*+?{}^$")


class _RefusedError(Exception):
    def __init__(self, why: Fault) -> None:
        super().__init__(why.reason)
        self.why = why


def refused(pattern: str) -> Fault | None:
    """Why *pattern* is not taken; None: it is."""
    try:
        _translated(pattern)
    except _RefusedError as error:
        return error.why
    return None


@lru_cache(maxsize=1024)
def readable(pattern: str) -> re.Pattern[str] | None:
    """*pattern*, compiled; None if it is refused."""
    try:
        return re.compile(_translated(pattern), re.DOTALL)
    except _RefusedError:
        return None


def _translated(pattern: str) -> str:
    if len(pattern) > _LONGEST:
        raise _RefusedError(fault(Reason.PATTERN_TOO_LONG, size=len(pattern), most=_LONGEST))
    reader = _Reader(pattern)
    # A pattern is held against the whole value, so what says "from here" and "up to here" says nothing.
    reader.skip("^")
    ways = reader.alternatives(0)
    reader.skip("$")
    if not reader.at_end:
        raise reader.refuse(reader.rest[0])
    if ways > _MOST_WAYS:
        raise _RefusedError(fault(Reason.PATTERN_TOO_COSTLY, pattern=pattern))
    return "".join(reader.out)


@dataclass(slots=True)
class _Reader:
    """Reads *text* once from left to right and writes what Python's `re` is given."""

    text: str
    at: int = 0
    out: list[str] = field(default_factory=list)

    @property
    def rest(self) -> str:
        return self.text[self.at :]

    @property
    def at_end(self) -> bool:
        return self.at == len(self.text)

    def skip(self, mark: str) -> bool:
        if found := self.text.startswith(mark, self.at):
            self.at += len(mark)
        return found

    def take(self) -> str:
        if self.at_end:
            raise self.refuse("")
        self.at += 1
        return self.text[self.at - 1]

    def refuse(self, found: str) -> _RefusedError:
        return _RefusedError(fault(Reason.PATTERN_NOT_TAKEN, pattern=self.text, found=found or "the end"))

    def alternatives(self, depth: int) -> int:
        """Reads as far as a closing parenthesis or the end; in how many ways it can match."""
        if depth > _DEEPEST:
            raise self.refuse("(")
        ways = self.sequence(depth)
        while self.skip("|"):
            self.out.append("|")
            ways += self.sequence(depth)
        return ways

    def sequence(self, depth: int) -> int:
        ways = 1
        while not self.at_end and self.text[self.at] not in "|)":
            if self.rest == "$":
                break
            ways = min(ways * self.item(depth), _MOST_WAYS + 1)
        return ways

    def item(self, depth: int) -> int:
        if self.skip("("):
            return self.group(depth)
        self.single()
        return self.repeats()

    def group(self, depth: int) -> int:
        self.skip("?:")
        self.out.append("(?:")
        ways = self.alternatives(depth + 1)
        if not self.skip(")"):
            raise self.refuse("")
        optional = self.skip("?")
        self.out.append(")?" if optional else ")")
        if not self.at_end and self.text[self.at] in "*+?{":
            raise _RefusedError(fault(Reason.PATTERN_REPEATS_GROUP, pattern=self.text))
        return ways + 1 if optional else ways

    def single(self) -> None:
        """One character, class or escape."""
        character = self.take()
        if character == "[":
            self.out.append(self.members())
        elif character == "\\":
            self.out.append(self.escaped())
        elif character == ".":
            self.out.append(".")
        elif character in _SPECIAL:
            raise self.refuse(character)
        else:
            self.out.append(re.escape(character))

    def escaped(self) -> str:
        character = self.take()
        if character in _CLASSES:
            return f"\\{character}"
        if character.isalnum():
            raise self.refuse(f"\\{character}")
        return re.escape(character)

    def members(self) -> str:
        """The inside of a class, as far as its closing bracket."""
        inverted = self.skip("^")
        members: list[str] = []
        while not self.skip("]"):
            low = self.member()
            if self.text.startswith("-", self.at) and not self.rest.startswith("-]"):
                self.at += 1
                high = self.member()
                if {_plain(low), _plain(high)} & _CLASSES or _plain(low) > _plain(high):
                    raise self.refuse(f"{low}-{high}")
                members.append(f"{low}-{high}")
            else:
                members.append(low)
        if not members:
            raise self.refuse("[]")
        return f"[{'^' if inverted else ''}{''.join(members)}]"

    def member(self) -> str:
        character = self.take()
        if character == "\\":
            return self.escaped()
        # Escaped one by one: in a class `re` reads some pairs of marks as something of its own.
        return character if character.isalnum() else f"\\{character}"

    def repeats(self) -> int:
        """What stands after one character, if it repeats it; in how many ways it can."""
        begin, ways = self.at, 1
        if self.skip("*") or self.skip("+"):
            ways = LONGEST_VALUE
        elif self.skip("?"):
            ways = 2
        elif count := _COUNT.match(self.text, begin):
            self.at = count.end()
            ways = self.counted(count)
        self.out.append(self.text[begin : self.at])
        if self.at > begin and not self.at_end and self.text[self.at] in "*+?{":
            raise self.refuse(self.text[begin : self.at + 1])
        return ways

    def counted(self, count: re.Match[str]) -> int:
        least, most = int(count[1]), int(count[3] or count[1])
        if max(least, most) > _MOST_REPEATED or least > most:
            raise self.refuse(count[0])
        return LONGEST_VALUE if count[2] and not count[3] else most - least + 1


def _plain(member: str) -> str:
    return member.removeprefix("\\")
