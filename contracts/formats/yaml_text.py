"""YAML text to a Document: plain mappings, lists and scalars, nothing that expands.

Read from libyaml's events alone. Composing a node tree from hostile YAML recurses in C until the process
dies, and constructing values would turn `0755` into 493 and `no` into False before anybody could say so.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, Final

import yaml

from contracts.faults import Reason
from contracts.formats.document import (
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

#: By the first character: tags, and what a scalar without quotes looks like that has one.
_LOOKS: Final[dict[str, list[tuple[str, re.Pattern[str]]]]] = yaml.SafeLoader.yaml_implicit_resolvers
_MERGE: Final = "tag:yaml.org,2002:merge"
_PLAIN: Final = {
    "tag:yaml.org,2002:bool": Plain.TRUTH,
    "tag:yaml.org,2002:int": Plain.NUMBER,
    "tag:yaml.org,2002:float": Plain.NUMBER,
    "tag:yaml.org,2002:null": Plain.NOTHING,
}
#: YAML's own patterns take time and memory. What is longer than any number that means something is told by
#: its digits.
_LONGEST_PLAIN: Final = 200
_LONG_NUMBER: Final = re.compile(r"[-+]?[0-9][0-9_.]*(?:[eE][-+]?[0-9]+)?")
#: YAML 1.1 takes these for line breaks and would change them on the way.
_ODD_BREAK: Final = re.compile("[\u0085\u2028\u2029]")


def read_yaml(text: str) -> Document:
    """*text* (without surrogates) as one YAML 1.1 document: no alias, tag, merge key or duplicate key.

    A last line without a line end gets one: chat clients lose it, and a block scalar would lose its own.
    """
    reader = _Yaml(text if text.endswith("\n") else text + "\n")
    root: Node | None = None
    try:
        root = reader.document()
    except BrokenError:
        pass
    except yaml.MarkedYAMLError as error:
        mark: Any = error.problem_mark  # libyaml gives every error of its scanner and parser one
        reader.give_up(Mark(mark.line + 1, mark.column + 1), str(error.problem))
    except yaml.reader.ReaderError as error:
        # A character that YAML does not allow. libyaml counts in bytes of UTF-8.
        before = reader.text.encode()[: error.position].decode(errors="ignore")
        reader.give_up(reader.mark(len(before)), str(error.reason))
    return Document(root if reader.sound else None, tuple(reader.faults))


class _Yaml(Reader):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.sound = True  #: False: something was met that is refused but can be read past
        self.events: Iterator[Any] = yaml.parse(text, Loader=yaml.CSafeLoader)

    def document(self) -> Node:
        if odd := _ODD_BREAK.search(self.text):
            raise self.blame(Reason.BAD_YAML, self.mark(odd.start()), detail="a line break other than \\n")
        next(self.events)  # the stream's start
        if isinstance(next(self.events), yaml.StreamEndEvent):
            return Scalar(Plain.NOTHING, "", Mark(1, 1))
        root = self.node(next(self.events), 1)
        next(self.events)  # the document's end
        following = next(self.events)
        if not isinstance(following, yaml.StreamEndEvent):
            raise self.blame(Reason.BAD_YAML, _start(following), detail="a second document")
        return root

    def give_up(self, at: Mark, detail: str) -> None:
        """Note what libyaml ended with."""
        self.sound = False
        with suppress(BrokenError):
            self.blame(Reason.BAD_YAML, at, detail=detail)
            self.blame_smart_quotes(at)

    def refuse(self, reason: Reason, at: Mark, **args: str) -> None:
        self.sound = False
        self.blame(reason, at, **args)

    def node(self, event: Any, depth: int) -> Node:
        at = _start(event)
        self.count(depth, at)
        if isinstance(event, yaml.AliasEvent):
            self.refuse(Reason.YAML_ALIAS, at)
            return Scalar(Plain.NOTHING, "", at)
        if event.anchor is not None:
            self.refuse(Reason.YAML_ALIAS, at)
        if event.tag is not None:
            self.refuse(Reason.YAML_TAG, at, tag=event.tag[:80])
        if isinstance(event, yaml.SequenceStartEvent):
            return self.items(at, depth)
        if isinstance(event, yaml.MappingStartEvent):
            return self.fields(at, depth)
        what = _PLAIN.get(_looks_like(event))
        return Text(event.value, at) if what is None else Scalar(what, event.value, at)

    def items(self, at: Mark, depth: int) -> Items:
        items: list[Node] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self.node(event, depth + 1))
        return Items(tuple(items), at)

    def fields(self, at: Mark, depth: int) -> Fields:
        entries: dict[str, Entry] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self.node(event, depth + 1)
            if isinstance(key, Items | Fields):
                raise self.blame(Reason.BAD_YAML, key.at, detail="a key that is not text")
            if isinstance(event, yaml.ScalarEvent) and _looks_like(event) == _MERGE:
                self.refuse(Reason.YAML_MERGE, key.at)
            name = key.value if isinstance(key, Text) else key.source
            self.add(entries, Entry(name, key.at, self.node(next(self.events), depth + 1)))
        return Fields(tuple(entries.values()), at)


def _start(event: Any) -> Mark:
    return Mark(event.start_mark.line + 1, event.start_mark.column + 1)


def _looks_like(event: Any) -> str:
    """The tag that YAML 1.1 gives a scalar by its looks; quoted ones are always text."""
    if not event.implicit[0]:
        return ""
    value: str = event.value
    if len(value) > _LONGEST_PLAIN:
        return "tag:yaml.org,2002:int" if _LONG_NUMBER.fullmatch(value) else ""
    return next((tag for tag, looks in _LOOKS.get(value[:1], ()) if looks.match(value)), "")
