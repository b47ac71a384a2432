"""What a piece of text is meant to be. Nothing here guesses: who is in doubt gets no answer.

- A fence's language or a file's name decides, where it says JSON, YAML or diff. A fence in another language
  is code. Without either, a diff is known by its headers, JSON by its first character, YAML by a line that
  begins with a field of a patch.
- What was handed in whole (a dialog's field, a file) and has neither may also be a document with fences in
  it: it is one if a fence stands at the very beginning of a line, where neither JSON nor YAML nor a diff
  can have one, or if it has fences and is nothing by itself. Only its fences count then. The mail around
  a mailed diff is no such document, nor are edits by whole lines that begin before the first fence.
- The marks of `*** Begin Patch` and of search/replace blocks count in a fence of any language. Of several
  of these and of a diff's headers the first decides: the others stand in files that it makes.
- Something *wants* to be a patch if it visibly says `role: command_patch`, is called a diff and has hunks, or
  has those marks. Only then is it answered, when nobody spoke to the desk.
"""

import enum
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from contracts.commands import Part, PartKind
from contracts.formats import blocks as edit_blocks
from contracts.formats import codex, diff, fences
from contracts.formats.lines import Sign
from contracts.formats.spellings import BLOCK, ROLE, Field

#: Of a block; what has more says little on each of them, and would take its time.
MOST_LINES: Final = 100_000


class Format(enum.Enum):
    JSON = enum.auto()
    YAML = enum.auto()
    DIFF = enum.auto()
    CODEX = enum.auto()  #: `*** Begin Patch`
    BLOCKS = enum.auto()  #: search/replace


_LANGUAGES: Final = {
    "json": Format.JSON,
    "jsonc": Format.JSON,
    "yaml": Format.YAML,
    "yml": Format.YAML,
    "diff": Format.DIFF,
    "patch": Format.DIFF,
}
_MARKS: Final = {
    Format.CODEX: codex.HEADER,
    Format.BLOCKS: edit_blocks.HEADER,
    Format.DIFF: diff.HEADER,
}
#: Languages that say nothing.
_ANY: Final = frozenset({"", "text", "txt", "plain", "plaintext", "none"})
_BY_SUFFIX: Final = {
    ".json": "json",
    ".yml": "yaml",
    ".yaml": "yaml",
    ".patch": "diff",
    ".diff": "diff",
    ".txt": "text",
}

_QUOTE: Final = "[\"'\u201c\u201d\u201e\u2018\u2019]?"
_WANTS: Final = Sign(re.compile(rf"\brole{_QUOTE}\s*[:=]\s*{_QUOTE}{ROLE}\b"), (ROLE,))
#: Fields that begin a YAML patch's lines, and hardly any other text's.
_TELLING: Final = (*BLOCK[Field.ROLE], *BLOCK[Field.MUTATIONS], "target", "target_file", "patch", "blockId")
_FIELD: Final = Sign(
    re.compile(rf"^[ \t]*{_QUOTE}(?:{'|'.join(_TELLING)}){_QUOTE}[ \t]*:(?:[ \t\r]|$)", re.MULTILINE),
    _TELLING,
)
_MAILED: Final = re.compile(r"\s*From [0-9a-f]{40,64} ")
_FENCE_AT_START: Final = Sign(re.compile(r"^(?:```|~~~)", re.MULTILINE), ("```", "~~~"))
#: Backticks of a document; with more of them it is none, and what it may be else stays in one piece.
_MOST_MARKS: Final = 5_000
#: Slack keeps the language that was typed behind a fence as the first line of the block.
_LABEL_LINE: Final = re.compile(rf"({'|'.join(_LANGUAGES)})[ \t]*\r?\n", re.IGNORECASE)
#: There it stands where the file of a search/replace block may be named, too.
_LABELLED_EDIT: Final = re.compile(rb"([a-z][a-z0-9+#-]*)[ \t]*\r?\n(?=<{5,9} ?SEARCH\b)")
_PROGRAMMING: Final = re.compile(
    "bash|c|cpp|csharp|css|go|html|java|javascript|js|json|jsx|kotlin|lua|markdown|md|perl|php|plaintext|py|"
    "python|rb|rs|ruby|rust|scala|scss|sh|shell|sql|swift|text|toml|ts|tsx|typescript|vue|xml|yaml|yml"
)


@dataclass(frozen=True, slots=True)
class Block:
    """A piece of a message that may be one patch. *number* counts from 1; *size* is in bytes.

    *format* None: it is nothing that the desk reads. *wants*: it visibly wants to be a patch, broken or
    not. Bytes that are no UTF-8 are lone surrogates in *text*, as `surrogateescape` makes them.
    """

    number: int
    part: Part
    text: str
    size: int
    format: Format | None
    wants: bool


def blocks(parts: Sequence[Part], most_size: int) -> Iterator[Block]:
    """The pieces of *parts* that may be a patch each, in order; a document gives each of its fences.

    A part larger than *most_size* bytes, or of more than `MOST_LINES` lines, stays in one piece.
    """
    pieces = [_unlabelled(piece) for part in parts for piece in _pieces(part, most_size)]
    for number, piece in enumerate(_joined(pieces, most_size), start=1):
        yield _block(number, piece)


def language_of(file_name: str) -> str | None:
    """The language of a file that may be a patch, by the end of its name; None: no such file."""
    name = file_name.casefold()
    return next((language for suffix, language in _BY_SUFFIX.items() if name.endswith(suffix)), None)


def _block(number: int, part: Part) -> Block:
    text = part.body.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    if part.language in _ANY and (label := _LABEL_LINE.match(text)):
        part = replace(part, language=label[1].lower(), first_line=part.first_line + 1)
        text = text[label.end() :]
    form = _format(part.language.lower(), text)
    return Block(number, part, text, len(part.body), form, form is not None and _wants(form, text))


def _wants(form: Format, text: str) -> bool:
    match form:
        case Format.JSON | Format.YAML:
            return _WANTS.search(text) is not None
        case Format.DIFF:
            return diff.WANTS.search(text) is not None
        case Format.CODEX | Format.BLOCKS:
            return True  # known by nothing else than what they begin with


def _format(language: str, text: str) -> Format | None:
    marked = _first_mark(text)
    # Whatever the fence is called: these are written into fences of the file's own language.
    if marked in {Format.CODEX, Format.BLOCKS}:
        return marked
    if language not in _ANY:
        return _LANGUAGES.get(language)
    if marked is not None:
        return marked
    if text.lstrip().startswith(("{", "[")):
        return Format.JSON
    return Format.YAML if _FIELD.search(text) else None


def _first_mark(text: str) -> Format | None:
    """What begins first in *text*: a change may have diffs and edits among the lines of its files."""
    found = ((mark.search(text), form) for form, mark in _MARKS.items())
    begun = [(match.start(), form) for match, form in found if match]
    return min(begun, key=lambda each: each[0])[1] if begun else None


def _unlabelled(piece: Part) -> Part:
    """*piece* without the language above its first search/replace block. A file may be called so, too: it is
    one where it is no language that is known, and no other file is named over the fence."""
    found = _LABELLED_EDIT.match(piece.body) if piece.kind is PartKind.FENCE and not piece.language else None
    if found is None:
        return piece
    label = found[1].decode()
    if not _PROGRAMMING.fullmatch(label) and edit_blocks.file_named(piece.above) is None:
        return piece
    rest = piece.body[found.end() :]
    return replace(piece, body=rest, language=label, first_line=piece.first_line + 1)


def _joined(pieces: Sequence[Part], most_size: int) -> Iterator[Part]:
    """*pieces*, with the search/replace blocks of a message's fences in one, where the first of them is.

    Whoever writes them spreads one change over a fence per file. Each keeps its lines of the message.
    """
    told = [piece for piece in pieces if _is_told(piece, most_size)] if len(pieces) > 1 else []
    for piece in pieces:
        if len(told) < 2 or piece not in told:
            yield piece
        elif piece is told[0]:
            yield _one(told)


def _is_told(piece: Part, most_size: int) -> bool:
    if piece.kind is not PartKind.FENCE or piece.name is not None or _is_too_large(piece, most_size):
        return False
    text = piece.body.decode("utf-8", "surrogateescape")
    return _format(piece.language.lower(), text) is Format.BLOCKS


def _is_too_large(part: Part, most_size: int) -> bool:
    return len(part.body) > most_size or part.body.count(b"\n") > MOST_LINES


def _is_edits_before(text: str, fence: int) -> bool:
    """True if edits by whole lines begin before the first fence: that one is then a line of theirs."""
    marks = (codex.HEADER.search(text), edit_blocks.HEADER.search(text))
    return any(mark is not None and mark.start() < fence for mark in marks)


def _one(told: Sequence[Part]) -> Part:
    lines: list[bytes] = []
    for piece in told:
        gap = piece.first_line - 1 - len(lines)
        # Right above a block one word would do for a name; over a fence it may be any.
        above = piece.above if edit_blocks.file_named(piece.above) else ""
        lines += [b""] * max(0, gap - 1) + [above.encode()] * (gap > 0)
        if edit_blocks.goes_on(piece.body.decode("utf-8", "replace")):
            # Fences among the block's own lines have torn it apart: it shall not do without what was between.
            lines[-1:] = [edit_blocks.BEGIN.encode()]
        lines += piece.body.removesuffix(b"\n").split(b"\n")
    return replace(told[0], body=b"\n".join(lines) + b"\n", first_line=1, above="")


def _pieces(part: Part, most_size: int) -> Sequence[Part]:
    if part.kind is PartKind.FENCE or part.language not in _ANY or _is_too_large(part, most_size):
        return (part,)
    text = part.body.decode("utf-8", "replace")
    if _MAILED.match(text) or text.count("```") > _MOST_MARKS:
        return (part,)
    fence = _FENCE_AT_START.search(text)
    if _format("", text) is not None and (fence is None or _is_edits_before(text, fence.start())):
        return (part,)
    offset = part.first_line - 1
    pieces = fences.parts(text)
    return [replace(each, name=part.name, first_line=each.first_line + offset) for each in pieces] or (part,)
