"""What a block says about itself: title, label, descriptive fields, and shell lines that nobody runs."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, assert_never

from contracts.formats.document import Entry, Fields, Items, Node, Scalar, Text
from contracts.formats.spellings import BATCHES, COMMANDS, LABELS, TITLES
from contracts.patch import Commands
from contracts.plan import BATCH_ID

MOST_TITLE: Final = 120
MOST_DETAILS: Final = 40
MOST_DETAIL: Final = 300


@dataclass(frozen=True, slots=True)
class Description:
    """*title* is one line and may be empty."""

    title: str
    body: str
    label: str | None
    details: Mapping[str, str]
    commands: tuple[Commands, ...]
    batch: str | None = None


def describe(frames: Sequence[Sequence[Entry]]) -> Description:
    """From the descriptive fields of a block and of the blocks around it, the innermost first."""
    entries: dict[str, Entry] = {}
    for entry in (entry for frame in frames for entry in frame):
        entries.setdefault(entry.key, entry)
    words = [text for name in TITLES if (text := _text_of(entries.get(name)))]
    label = next((text for name in LABELS if (text := _text_of(entries.get(name)))), None)
    title, _, rest = words[0].partition("\n") if words else ("", "", "")
    body = dict.fromkeys(text for text in (rest.strip(), *words[1:]) if text)
    others = [
        entry
        for entry in entries.values()
        if not (entry.key in TITLES and _text_of(entry))
        and not (entry.key in LABELS and _text_of(entry) == label)
    ]
    details = (named for entry in others for named in _details(entry))
    return Description(
        one_line(title),
        "\n\n".join(body),
        label,
        dict(islice(details, MOST_DETAILS)),
        tuple(commands for entry in others for commands in _commands(entry)),
        _batch(entries),
    )


def _batch(entries: Mapping[str, Entry]) -> str | None:
    """The batch that is named; what cannot be an id of one only describes."""
    metadata = entries.get("metadata")
    inside = metadata.value.entries if metadata and isinstance(metadata.value, Fields) else ()
    named = [entries.get(name) for name in BATCHES] + [each for each in inside if each.key in BATCHES]
    return next((text for entry in named if BATCH_ID.fullmatch(text := _text_of(entry))), None)


def one_line(text: str) -> str:
    """*text* as a title: blanks folded, cut where it gets long."""
    line = " ".join(text.split())
    return line if len(line) <= MOST_TITLE else f"{line[: MOST_TITLE - 1]}…"


def _text_of(entry: Entry | None) -> str:
    return entry.value.value.strip() if entry and isinstance(entry.value, Text) else ""


def _shell(entry: Entry) -> Iterator[tuple[str, Entry]]:
    """The shell lines in *entry*: its own if it is a field for such, and every list called `shell`.

    With each the name under which it is shown.
    """
    if not isinstance(entry.value, Fields):
        if entry.key in COMMANDS and _lines(entry.value):
            yield entry.key, entry
        return
    for each in entry.value.entries:
        if each.key == "shell" and _lines(each.value):
            yield entry.key, each
        elif entry.key in COMMANDS and isinstance(each.value, Items) and _lines(each.value):
            yield f"{entry.key}.{each.key}", each


def _commands(entry: Entry) -> Iterator[Commands]:
    for name, each in _shell(entry):
        yield Commands(name, _lines(each.value))


def _details(entry: Entry) -> Iterator[tuple[str, str]]:
    """What of *entry* is no shell line, as named texts."""
    shell = {each.key for _, each in _shell(entry)}
    if not shell:
        yield from _flat(entry.key, entry.value)
    elif isinstance(entry.value, Fields):
        for each in entry.value.entries:
            if each.key not in shell:
                yield from _flat(f"{entry.key[:MOST_DETAIL]}.{each.key}", each.value)


def _lines(node: Node) -> tuple[str, ...]:
    """A text or a list of texts; anything else is no list of shell lines."""
    match node:
        case Text(value=value) if value:
            return (value,)
        case Items(items=items):
            lines = tuple(each.value for each in items if isinstance(each, Text))
            return lines if len(lines) == len(items) else ()
        case _:
            return ()


def _flat(name: str, node: Node) -> Iterator[tuple[str, str]]:
    """*node* as named texts: `metadata.author`."""
    name = name[:MOST_DETAIL]
    match node:
        case Text(value=value) | Scalar(source=value):
            yield name, value[:MOST_DETAIL]
        case Items(items=items):
            texts = [each.value if isinstance(each, Text) else each.source for each in _plain(items)]
            if texts and len(texts) == len(items):
                yield name, ", ".join(texts)[:MOST_DETAIL]
                return
            for number, each in enumerate(items, 1):
                yield from _flat(f"{name}.{number}", each)
        case Fields(entries=entries):
            for entry in entries:
                yield from _flat(f"{name}.{entry.key}", entry.value)
        case _:
            assert_never(node)


def _plain(items: Sequence[Node]) -> list[Text | Scalar]:
    return [each for each in items if isinstance(each, Text | Scalar)]
