"""Lines that stand there but for their blanks: where that is one place, and how what is put in is indented.

The rungs are tried in their order, and only the first on which the lines stand anywhere counts: on that they
must stand in one place. Lines are compared whole, with their ends, and at least one must have more than
blanks. Where the file has another indentation, one rule must lead to it from every line that is known, and
what is put in follows the same rule; where there is none, nothing is taken.
"""

import enum
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final


class Rung(enum.StrEnum):
    """What may differ, as people are told."""

    ENDS = "blanks at the ends of lines"
    RUNS = "blanks"
    SIGNS = "blanks or typographic characters"


#: For lines that came as they stand in a file, and for those that somebody may have made pretty.
EXACT_SIGNS: Final = (Rung.ENDS, Rung.RUNS)
ANY_SIGNS: Final = (*EXACT_SIGNS, Rung.SIGNS)

#: Leads from a line that was posted to what is put in; None: it cannot be said.
Indent = Callable[[str], str | None]

_RUN: Final = re.compile(r"[ \t]+")
_INDENTATION: Final = re.compile(r"[ \t]*")
_ENDS: Final = "\r\n"
_PLAIN: Final = str.maketrans(
    {
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
        **dict.fromkeys("\u2018\u2019\u201a\u201b", "'"),
        **dict.fromkeys("\u201c\u201d\u201e\u201f", '"'),
        **dict.fromkeys("\u00a0\u202f\u205f\u3000", " "),
        **dict.fromkeys(map(chr, range(0x2002, 0x200B)), " "),
        "\u2026": "...",
    }
)
#: What one level of indentation may be.
_UNITS: Final = ("\t", " " * 2, " " * 3, " " * 4, " " * 8)


def same(line: str, rung: Rung) -> str:
    """What is left of *line*, with its end, when that is put aside which may differ on *rung*."""
    text = line.rstrip(_ENDS)
    end = line[len(text) :]
    match rung:
        case Rung.ENDS:
            return text.rstrip(" \t") + end
        case Rung.RUNS:
            return _RUN.sub(" ", text).strip(" ") + end
        case Rung.SIGNS:
            return _RUN.sub(" ", text.translate(_PLAIN)).strip(" ") + end


class Alike:
    """The lines of a file, with their ends, as they are compared on the rungs that are asked for.

    What is put aside is looked for once in each line, however many changes are looked for.
    """

    def __init__(self, lines: Iterable[str]) -> None:
        self._lines = list(lines)
        self._on: dict[Rung, list[str]] = {}

    def put(self, start: int, end: int, lines: Sequence[str]) -> None:
        """Have *lines* in place of those from *start* to *end*."""
        self._lines[start:end] = lines
        for rung, keys in self._on.items():
            keys[start:end] = [same(line, rung) for line in lines]

    def at(self, place: int, count: int) -> list[str]:
        return self._lines[place : place + count]

    def standing(
        self, wanted: Sequence[str], rung: Rung, start: int = 0, end: int | None = None
    ) -> list[int]:
        """The first two lines between *start* and *end* at which *wanted* begins on *rung*, wholly inside."""
        sought = [same(line, rung) for line in wanted]
        if not any(key.strip(_ENDS) for key in sought):
            return []
        if rung not in self._on:
            self._on[rung] = [same(line, rung) for line in self._lines]
        return [start + place for place in _places("".join(sought), "".join(self._on[rung][start:end]))]


def _places(sought: str, whole: str) -> list[int]:
    """The first two lines of *whole* at which *sought* begins; its last one may have no end."""
    # A line begins behind an end, and only there: no line that is cut in its middle can be found.
    whole, sought = f"\n{whole}", f"\n{sought}"
    found: list[int] = []
    at = whole.find(sought)
    while at >= 0 and len(found) < 2:
        if at + len(sought) == len(whole) or sought.endswith("\n"):
            found.append(whole.count("\n", 0, at))
        at = whole.find(sought, at + 1)
    return found


def is_plain(line: str) -> bool:
    """Whether *line* has nothing that a program may have made of plain characters."""
    return line.translate(_PLAIN) == line


def changes_more(before: Sequence[str], after: Sequence[str], rung: Rung) -> bool:
    """Whether *after* differs from *before* in more than what is put aside on *rung*.

    Of a change to nothing but blanks it cannot be said what it means where the blanks are others.
    """
    return [same(line, rung) for line in before] != [same(line, rung) for line in after]


def written_there(lines: Sequence[tuple[str, str]], there: Sequence[str]) -> list[str] | None:
    """The texts of *lines*, each with its tag (` `, `-` or `+`), if they had been written of *there*.

    What stays and what goes are the lines of the file, and so is what comes and was posted as one of these,
    too. Everything else that comes is indented as the file is. None: no one rule says how.
    """
    old = [text for tag, text in lines if tag != "+"]
    indent = indenting(old, there)
    if indent is None:
        return None
    theirs = _theirs(old, there)
    known = iter(there)
    written = [theirs.get(text, indent(text)) if tag == "+" else next(known) for tag, text in lines]
    texts = [text for text in written if text is not None]
    return texts if len(texts) == len(written) else None


def _theirs(old: Sequence[str], there: Sequence[str]) -> dict[str, str]:
    """What the file has for each of *old* that is more than blanks, where that is one thing."""
    found: dict[str, set[str]] = {}
    for posted, theirs in zip(old, there, strict=True):
        found.setdefault(posted, set()).add(theirs)
    return {posted: next(iter(each)) for posted, each in found.items() if len(each) == 1 and posted.strip()}


def indenting(wanted: Iterable[str], there: Iterable[str]) -> Indent | None:
    """What leads from the indentation of *wanted* to that of the lines of *there* that it stands for.

    None: no one rule does.
    """
    known = {
        (_indentation(want), _indentation(is_))
        for want, is_ in zip(wanted, there, strict=True)
        if want.strip(" \t\r\n")
    }
    rules = (rule for rule in _rules(*min(known)) if all(rule(want) == is_ for want, is_ in known))
    rule = next(rules, None)
    return None if rule is None else lambda line: _indented(line, rule)


def _indentation(line: str) -> str:
    return _INDENTATION.match(line)[0]  # type: ignore[index] # it matches anything


def _indented(line: str, rule: Indent) -> str | None:
    text = line.lstrip(" \t")
    if not text.strip(_ENDS):
        return line
    indentation = rule(line[: len(line) - len(text)])
    return None if indentation is None else indentation + text


def _rules(want: str, is_: str) -> Iterator[Indent]:
    """What may lead from *want* to *is_*, the likeliest first: as much more or less, then other units."""
    if is_.endswith(want):
        yield lambda posted: is_[: len(is_) - len(want)] + posted
    if want.endswith(is_):
        less = want[: len(want) - len(is_)]
        yield lambda posted: posted.removeprefix(less) if posted.startswith(less) else None
    for posted_unit in _UNITS:
        for unit in _UNITS:
            yield _in_units(posted_unit, unit)


def _in_units(posted_unit: str, unit: str) -> Indent:
    def rule(posted: str) -> str | None:
        levels = len(posted) // len(posted_unit)
        if posted_unit * levels == posted:
            return unit * levels
        # With tabs for blanks, or blanks for tabs, it is plain which lines are as those of the file already.
        is_theirs = posted_unit[0] != unit[0] and unit * (len(posted) // len(unit)) == posted
        return posted if is_theirs else None

    return rule
