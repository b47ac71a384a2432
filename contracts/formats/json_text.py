"""JSON text to a Document (RFC 8259, and nothing beyond it)."""

import json
import re
from typing import Final

from contracts.faults import Reason
from contracts.formats.document import (
    MOST_NODES,
    BrokenError,
    Document,
    Entry,
    Fields,
    Items,
    Mark,
    Node,
    Plain,
    Reader,
    Scalar,
    Text,
)

_BLANK: Final = re.compile(r"[ \t\n\r]*")
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_WORD: Final = re.compile(r"-?[A-Za-z]+")
_WORDS: Final = {"true": Plain.TRUTH, "false": Plain.TRUTH, "null": Plain.NOTHING}
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_DECODER: Final = json.JSONDecoder()
#: What people write that is not JSON, by its first character.
_TELLING: Final = {
    "'": "text and keys stand in double quotes",
    "/": "JSON has no comments",
    "#": "JSON has no comments",
    "": "it ends too early",
}


def read_json(text: str, *, most: int = MOST_NODES) -> Document:
    """*text* (without surrogates) as JSON: no NaN, no half of a surrogate pair, no duplicate keys.

    At most *most* values.
    """
    reader = _Json(text, most)
    try:
        root, end = reader.node(reader.skip(0), 1)
        if end < len(text):
            raise reader.failure(end, "something follows after its end")
    except BrokenError:
        return Document(None, tuple(reader.faults))
    return Document(root, tuple(reader.faults))


class _Json(Reader):
    """Recursive descent over offsets; the standard library decodes the strings.

    The standard library's own decoder keeps no positions, and recurses as deep as the text is.
    """

    def skip(self, offset: int) -> int:
        blank = _BLANK.match(self.text, offset)
        return blank.end() if blank else offset

    def failure(self, offset: int, detail: str) -> BrokenError:
        at = self.mark(offset)
        broken = self.blame(Reason.BAD_JSON, at, detail=detail)
        self.blame_smart_quotes(at)
        return broken

    def expected(self, offset: int, what: str) -> BrokenError:
        found = self.text[offset : offset + 1]
        return self.failure(offset, _TELLING.get(found, f"{what} is expected here"))

    def node(self, offset: int, depth: int) -> tuple[Node, int]:
        """The value at *offset* and the offset of what follows it, after blanks."""
        at = self.mark(offset)
        self.count(depth, at)
        match self.text[offset : offset + 1]:
            case '"':
                value, end = self.string(offset)
                return Text(value, at), end
            case "{":
                return self.fields(offset, at, depth)
            case "[":
                return self.items(offset, at, depth)
            case _:
                return self.scalar(offset, at)

    def string(self, offset: int) -> tuple[str, int]:
        try:
            value, end = _DECODER.raw_decode(self.text, offset)
        except json.JSONDecodeError as error:
            raise self.failure(error.pos, self.why_no_string(error)) from error
        if not value.isascii() and _SURROGATE.search(value):
            raise self.failure(offset, "half of a surrogate pair")
        return value, self.skip(end)

    def why_no_string(self, error: json.JSONDecodeError) -> str:
        if self.text[error.pos : error.pos + 1] in {"\n", "\r"}:
            return "a line break inside text is written \\n"
        return error.msg.removesuffix(" at").removesuffix(" starting").lower()

    def scalar(self, offset: int, at: Mark) -> tuple[Node, int]:
        if number := _NUMBER.match(self.text, offset):
            return Scalar(Plain.NUMBER, number[0], at), self.skip(number.end())
        word = _WORD.match(self.text, offset)
        if word and word[0] in _WORDS:
            return Scalar(_WORDS[word[0]], word[0], at), self.skip(word.end())
        if word and word[0] in {"NaN", "Infinity", "-Infinity"}:
            raise self.failure(offset, f"{word[0]} is not JSON")
        raise self.expected(offset, "a value")

    def fields(self, offset: int, at: Mark, depth: int) -> tuple[Node, int]:
        entries: dict[str, Entry] = {}
        offset = self.skip(offset + 1)
        if self.text.startswith("}", offset):
            return Fields((), at), self.skip(offset + 1)
        while True:
            if not self.text.startswith('"', offset):
                raise self.expected(offset, "a key in double quotes")
            key_at = self.mark(offset)
            key, offset = self.string(offset)
            if not self.text.startswith(":", offset):
                raise self.expected(offset, "a colon")
            value, offset = self.node(self.skip(offset + 1), depth + 1)
            self.add(entries, Entry(key, key_at, value))
            if self.text.startswith("}", offset):
                return Fields(tuple(entries.values()), at), self.skip(offset + 1)
            if not self.text.startswith(",", offset):
                raise self.expected(offset, "a comma or a closing brace")
            offset = self.skip(offset + 1)

    def items(self, offset: int, at: Mark, depth: int) -> tuple[Node, int]:
        items: list[Node] = []
        offset = self.skip(offset + 1)
        if self.text.startswith("]", offset):
            return Items((), at), self.skip(offset + 1)
        while True:
            item, offset = self.node(offset, depth + 1)
            items.append(item)
            if self.text.startswith("]", offset):
                return Items(tuple(items), at), self.skip(offset + 1)
            if not self.text.startswith(",", offset):
                raise self.expected(offset, "a comma or a closing bracket")
            offset = self.skip(offset + 1)
