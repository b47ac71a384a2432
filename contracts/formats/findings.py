"""The faults of one block while it is read, and the checks of single values that produce them."""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final, assert_never

from contracts.faults import Fault, Reason
from contracts.formats.document import (
    MOST_FAULTS,
    SMART_QUOTES,
    Fields,
    Items,
    Mark,
    Node,
    Plain,
    Scalar,
    Text,
)
from contracts.formats.spellings import MODES
from contracts.modes import FileMode
from contracts.paths import check_path, strip_prefix

_NUMBER: Final = re.compile(r"[1-9][0-9]{0,8}")
_SHOWN: Final = 80


class Findings:
    """Faults in the order in which they were found; equal ones once, and no more than people read."""

    def __init__(self, faults: tuple[Fault, ...] = ()) -> None:
        self._faults = list(faults)

    def __bool__(self) -> bool:
        return bool(self._faults)

    @property
    def full(self) -> bool:
        return len(self._faults) >= MOST_FAULTS

    def add(self, fault: Fault) -> None:
        if not self.full and fault not in self._faults:
            self._faults.append(fault)

    def extend(self, faults: Iterable[Fault]) -> None:
        for each in faults:
            self.add(each)

    def blame(self, reason: Reason, at: Mark, **args: str) -> None:
        self.add(Fault(reason, args, None, at.line, at.column))

    def in_order(self) -> tuple[Fault, ...]:
        """As they stand in the text; what has no place stands first."""
        return tuple(sorted(self._faults, key=lambda each: (each.line or 0, each.column or 0)))

    # Single values: what is asked for, or None with the fault noted ------------------------------
    def text(self, field: str, node: Node, *, blank: bool = True) -> str | None:
        """Text; with *blank* False there must be something in it."""
        if not isinstance(node, Text):
            self.wrong(field, node, "text")
            return None
        if not node.value and not blank:
            self.blame(Reason.WRONG_TYPE, node.at, field=field, expected="text", found="empty", quote="")
            return None
        return node.value

    def name(self, field: str, node: Node) -> str | None:
        """Text that names something; quotes that an editor made pretty are no part of a name."""
        text = self.text(field, node)
        if text and len(text) > 1 and text[0] in SMART_QUOTES and text[-1] in SMART_QUOTES:
            self.blame(Reason.SMART_QUOTES, node.at, found=text[0])
            return None
        return text

    def path(self, field: str, node: Node, prefixes: tuple[str, ...]) -> str | None:
        """A valid path of the repository, without the checkout that an absolute one lies in."""
        name = self.name(field, node)
        if name is None:
            return None
        path = strip_prefix(name, prefixes)
        if wrong := check_path(path):
            self.add(replace(wrong, line=node.at.line, column=node.at.column))
            return None
        return path

    def number(self, field: str, node: Node) -> int | None:
        """A whole number from 1, also as text."""
        source = node.value if isinstance(node, Text) else getattr(node, "source", "")
        if not _NUMBER.fullmatch(source):
            self.wrong(field, node, "a whole number from 1")
            return None
        return int(source)

    def mode(self, field: str, node: Node) -> FileMode | None:
        """A file mode as text. As a number it may be meant decimal or octal; YAML takes 0755 for 493."""
        match node:
            case Text(value=value) if value in MODES:
                return MODES[value]
            case Text(value=value):
                self.blame(Reason.BAD_MODE, node.at, mode=value[:_SHOWN], quote="")
            case Scalar(what=Plain.NUMBER, source=source):
                self.blame(Reason.BAD_MODE, node.at, mode=source[:_SHOWN], quote=source[:_SHOWN])
            case _:
                self.wrong(field, node, "text")
        return None

    def wrong(self, field: str, node: Node, expected: str) -> None:
        quote = node.source[:_SHOWN] if isinstance(node, Scalar) and expected == "text" else ""
        self.blame(
            Reason.WRONG_TYPE, node.at, field=field, expected=expected, found=kind_of(node), quote=quote
        )


def kind_of(node: Node) -> str:
    """What a value is, in the words that faults use."""
    match node:
        case Text():
            return "text"
        case Scalar(what=what):
            return what.value
        case Items():
            return "a list"
        case Fields():
            return "a mapping"
        case _:
            assert_never(node)
