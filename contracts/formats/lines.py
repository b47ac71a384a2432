"""The next line of a kind, among as many lines as anybody cares to send.

Lines are put together again and searched a piece after another, which is several times quicker than to ask
each of them, and no slower where the answer is near.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import AnyStr, Final

_FIRST_PIECE: Final = 16
#: To put bytes together takes eighty more for each of them.
_LARGEST_PIECE: Final = 4096


@dataclass(frozen=True, slots=True)
class Sign:
    """A pattern, and *words*, one of which is in any text that it is found in: they are sought in no time."""

    pattern: re.Pattern[str]
    words: tuple[str, ...]

    def search(self, text: str) -> re.Match[str] | None:
        return self.pattern.search(text) if any(word in text for word in self.words) else None


def pieces(lines: Sequence[bytes], start: int, end: int) -> Iterator[bytes]:
    r"""The lines from *start* up to *end* put together, with a `\n` before each."""
    for begin in range(start, end, _LARGEST_PIECE):
        yield b"\n" + b"\n".join(lines[begin : min(begin + _LARGEST_PIECE, end)])


def first_line(lines: Sequence[AnyStr], start: int, looks: re.Pattern[AnyStr]) -> int:
    r"""The first of *lines* from *start* in which *looks* is found, or one past the last.

    *looks* sees a `\n` before each of them, and one match lies within one line.
    """
    # Checked once for str and once for bytes, in neither of which there is a question.
    newline: AnyStr = "\n" if isinstance(looks.pattern, str) else b"\n"  # type: ignore[redundant-expr]
    size = _FIRST_PIECE
    while start < len(lines):
        piece = newline + newline.join(lines[start : start + size])
        if found := looks.search(piece):
            return start + piece.count(newline, 0, found.start() + 1) - 1
        start += size
        size = min(size * 2, _LARGEST_PIECE)
    return len(lines)
