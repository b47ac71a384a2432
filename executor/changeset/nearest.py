"""Where lines that fit nowhere came nearest to fitting, and what differs there.

Whoever wrote the patch shall be able to mend it from the answer alone. Lines are compared without the blanks
around them, and every line that is not too common votes for the place where the others would have to be: the
cost is that of reading the file once, whatever is in it.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from contracts.faults import Fault, Reason, nearest

#: A line that is there more often says nothing about the place.
_MOST_ALIKE = 50
#: Lines among which a misspelt one is looked for, and how long they may be.
_MOST_COMPARED = 1000
_LONGEST_COMPARED = 200
_SHOWN = 100
_NOT_THERE = "none of its lines that could tell a place is in the file"


@dataclass(frozen=True, slots=True)
class Near:
    """*detail* says where; *expected* and *found* are the first lines that differ, empty if none do."""

    detail: str
    expected: str = ""
    found: str = ""

    def fault(self, reason: Reason, **args: object) -> Fault:
        """A Fault that says so, with its other facts."""
        facts = {"detail": self.detail, "expected": self.expected, "found": self.found}
        return Fault(reason, {name: str(value) for name, value in args.items()} | facts)


def near(
    wanted: Sequence[str],
    there: Sequence[str],
    *,
    stated: int | None = None,
    number: Callable[[int], int] = lambda line: line + 1,
) -> Near:
    """*wanted* is not in *there*, lines of a file with their ends: what is most like it.

    *stated* is where they were said to be, from 0. *number* is what people call a line of *there*.
    """
    place = _place(wanted, there, stated)
    if place is None:
        return _nowhere(wanted, there, stated, number)
    here = there[place : place + len(wanted)]
    differs = next(
        (n for n, (want, is_) in enumerate(zip(wanted, here, strict=False)) if want != is_), len(here)
    )
    alike = sum(_bare(want) == _bare(is_) for want, is_ in zip(wanted, here, strict=False))
    if differs == len(wanted):
        return Near(f"its lines stand at line {number(place)} in another encoding")
    if differs == len(here):
        last = number(len(there) - 1)
        detail = f"{_share(alike, wanted)} at line {number(place)}, and the file ends at line {last}"
        return Near(detail, *_excerpts(wanted[differs], ""))
    if alike == len(wanted):
        detail = f"its lines stand at line {number(place)} with other {_other(wanted, here)}"
    else:
        detail = f"{_share(alike, wanted)} at line {number(place)}"
    return Near(
        f"{detail}, and line {number(place + differs)} differs", *_excerpts(wanted[differs], here[differs])
    )


def _share(alike: int, wanted: Sequence[str]) -> str:
    if alike == len(wanted):
        return "its lines stand"
    return f"{alike} of its {len(wanted)} lines {'stands' if alike == 1 else 'stand'}"


def _place(wanted: Sequence[str], there: Sequence[str], stated: int | None) -> int | None:
    """The line at which most of *wanted* would stand; of equals the one nearest to *stated*."""
    where: dict[str, list[int]] = {}
    for line, text in enumerate(there):
        if key := _bare(text):
            where.setdefault(key, []).append(line)
    votes: Counter[int] = Counter()
    for offset, text in enumerate(wanted):
        lines = where.get(_bare(text), ())
        if len(lines) <= _MOST_ALIKE:
            votes.update(line - offset for line in lines if line >= offset)
    return max(votes, key=lambda place: (votes[place], -abs(place - (stated or 0))), default=None)


def _nowhere(
    wanted: Sequence[str], there: Sequence[str], stated: int | None, number: Callable[[int], int]
) -> Near:
    """No line of *wanted* tells a place: what stands where it was said to be, or is much like its first."""
    telling = next((text for text in wanted if _bare(text)), wanted[0])
    if stated is not None and stated < len(there):
        differs = next(
            (n for n, (want, is_) in enumerate(zip(wanted, there[stated:], strict=False)) if want != is_), 0
        )
        detail = f"{_NOT_THERE}, and line {number(stated + differs)} differs"
        return Near(detail, *_excerpts(wanted[differs], there[stated + differs]))
    known = {_bare(text): line for line, text in reversed(list(enumerate(there[:_MOST_COMPARED])))}
    known = {text: line for text, line in known.items() if 0 < len(text) <= _LONGEST_COMPARED}
    alike = nearest(_bare(telling)[:_LONGEST_COMPARED], tuple(known))
    if not alike:
        return Near(_NOT_THERE, *_excerpts(telling, ""))
    detail = f"its lines are not in the file, and line {number(known[alike])} is most like them"
    return Near(detail, *_excerpts(telling, there[known[alike]]))


def _other(wanted: Sequence[str], here: Sequence[str]) -> str:
    """In what lines differ that say the same."""
    pairs = list(zip(wanted, here, strict=True))
    if all(_unended(want) == _unended(is_) for want, is_ in pairs):
        return "line ends"
    if all(want.rstrip() == is_.rstrip() for want, is_ in pairs):
        return "blanks at the ends of lines"
    return "indentation"


def _bare(text: str) -> str:
    return text.strip()


def _unended(text: str) -> str:
    return text.removesuffix("\n").removesuffix("\r")


def _excerpts(expected: str, found: str) -> tuple[str, str]:
    """Both, cut to where they differ. A line's end is shown only where there is nothing else to see."""
    ends_matter = _unended(expected) == _unended(found)
    at = next((n for n, (a, b) in enumerate(zip(expected, found, strict=False)) if a != b), 0)
    start = max(0, at - _SHOWN // 2) if max(len(expected), len(found)) > _SHOWN else 0
    return _excerpt(expected, start, ends=ends_matter), _excerpt(found, start, ends=ends_matter)


def _excerpt(text: str, start: int, *, ends: bool) -> str:
    whole = text if ends or not _unended(text) else _unended(text)
    cut = whole[start : start + _SHOWN]
    return f"{'…' if start else ''}{cut}{'…' if start + _SHOWN < len(whole) else ''}"
