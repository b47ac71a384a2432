"""JSON and YAML with positions; what is refused, and where."""

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.faults import Reason
from contracts.formats.document import (
    MOST_DEPTH,
    MOST_FAULTS,
    MOST_NODES,
    Document,
    Fields,
    Items,
    Mark,
    Node,
    Plain,
    Scalar,
    Text,
)
from contracts.formats.json_text import read_json
from contracts.formats.yaml_text import read_yaml

Read = Callable[[str], Document]


@dataclass(frozen=True)
class Number:
    source: str


def plain(node: Node) -> object:
    """What a node says, without its positions."""
    match node:
        case Text(value=value):
            return value
        case Scalar(what=Plain.NUMBER, source=source):
            return Number(source)
        case Scalar(what=what):
            return what
        case Items(items=items):
            return [plain(each) for each in items]
        case Fields(entries=entries):
            return {entry.key: plain(entry.value) for entry in entries}


def said(document: Document) -> object:
    assert document.root is not None, document.faults
    return plain(document.root)


def places(document: Document) -> list[tuple[Reason, int | None, int | None]]:
    return [(each.reason, each.line, each.column) for each in document.faults]


def entry(document: Document, key: str) -> tuple[Mark, Mark]:
    """Where the key and its value stand."""
    assert isinstance(document.root, Fields)
    [found] = [each for each in document.root.entries if each.key == key]
    return found.at, found.value.at


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)


def as_read(value: object) -> object:
    match value:
        case None:
            return Plain.NOTHING
        case bool():
            return Plain.TRUTH
        case int():
            return Number(str(value))
        case list():
            return [as_read(each) for each in value]
        case dict():
            return {key: as_read(each) for key, each in value.items()}
        case _:
            return value


@given(values, st.sampled_from([None, 1, "\t"]))
def test_any_json_is_read_as_it_was_written(value: object, indent: int | str | None) -> None:
    assert said(read_json(json.dumps(value, indent=indent))) == as_read(value)


@given(values)
def test_json_that_is_yaml_too_says_the_same(value: object) -> None:
    """Flow style with quoted text is common ground, but for characters that YAML refuses."""
    written = json.dumps(value)
    document = read_yaml(written)
    if document.root is not None:
        assert plain(document.root) == as_read(value)
    else:
        assert {each.reason for each in document.faults} == {Reason.BAD_YAML}


def test_every_key_and_value_knows_where_it_stands() -> None:
    document = read_json('{"a": 1,\n  "b": [true]}')
    assert entry(document, "a") == (Mark(1, 2), Mark(1, 7))
    assert entry(document, "b") == (Mark(2, 3), Mark(2, 8))
    document = read_yaml("a: 1\nb:\n  - true\n")
    assert entry(document, "a") == (Mark(1, 1), Mark(1, 4))
    assert entry(document, "b") == (Mark(2, 1), Mark(3, 3))


def test_columns_count_characters() -> None:
    assert entry(read_json('{"é🚀": 1}'), "é🚀") == (Mark(1, 2), Mark(1, 8))
    assert entry(read_yaml("é🚀: 1"), "é🚀") == (Mark(1, 1), Mark(1, 5))


def test_numbers_and_words_stay_as_they_were_written() -> None:
    assert read_json("-1.50e+3").root == Scalar(Plain.NUMBER, "-1.50e+3", Mark(1, 1))
    assert read_yaml("0755").root == Scalar(Plain.NUMBER, "0755", Mark(1, 1))
    assert read_yaml("no").root == Scalar(Plain.TRUTH, "no", Mark(1, 1))
    assert read_yaml("~").root == Scalar(Plain.NOTHING, "~", Mark(1, 1))
    assert read_yaml("").root == Scalar(Plain.NOTHING, "", Mark(1, 1))


def test_what_yaml_would_take_for_a_date_stays_text() -> None:
    assert said(read_yaml("at: 2025-07-29T05:55:00Z")) == {"at": "2025-07-29T05:55:00Z"}


def test_quoted_yaml_is_text() -> None:
    assert said(read_yaml("mode: '0755'\nagain: \"no\"\n")) == {"mode": "0755", "again": "no"}


def test_yaml_keys_are_text_whatever_they_look_like() -> None:
    assert said(read_yaml("no: 1\n1: 2\n")) == {"no": Number("1"), "1": Number("2")}


def test_a_block_scalar_keeps_a_line_end_that_the_sender_lost() -> None:
    assert said(read_yaml("a: |\n  text")) == {"a": "text\n"}
    assert said(read_yaml("a: |-\n  text")) == {"a": "text"}


BROKEN_JSON = {
    "": (1, 1, "it ends too early"),
    '{"a"': (1, 5, "it ends too early"),
    '{"a": 1': (1, 8, "it ends too early"),
    '{"a" 1}': (1, 6, "a colon is expected here"),
    '{"a": 1 "b"}': (1, 9, "a comma or a closing brace is expected here"),
    '{"a": 1,}': (1, 9, "a key in double quotes is expected here"),
    "[1 2]": (1, 4, "a comma or a closing bracket is expected here"),
    "[1,\n]": (2, 1, "a value is expected here"),
    "[]]": (1, 3, "something follows after its end"),
    "{'a': 1}": (1, 2, "text and keys stand in double quotes"),
    "{} // done": (1, 4, "something follows after its end"),
    '{\n// why\n"a": 1}': (2, 1, "JSON has no comments"),
    '{"a": tru}': (1, 7, "a value is expected here"),
    '{"a": NaN}': (1, 7, "NaN is not JSON"),
    "[-Infinity]": (1, 2, "-Infinity is not JSON"),
    '{"a": 01}': (1, 8, "a comma or a closing brace is expected here"),
    '{"a": "x\ny"}': (1, 9, "a line break inside text is written \\n"),
    '{"a": "x\ty"}': (1, 9, "invalid control character"),
    '{"a": "x': (1, 7, "unterminated string"),
    r'{"a": "\x"}': (1, 8, "invalid \\escape"),
    r'{"a": "\ud800"}': (1, 7, "half of a surrogate pair"),
}


@pytest.mark.parametrize("text", BROKEN_JSON)
def test_broken_json_says_what_and_where(text: str) -> None:
    line, column, detail = BROKEN_JSON[text]
    document = read_json(text)
    assert document.root is None
    assert places(document) == [(Reason.BAD_JSON, line, column)]
    assert document.faults[0].args == {"detail": detail}


def test_smart_quotes_where_json_breaks_are_named() -> None:
    assert places(read_json("{\n  “a”: 1}")) == [(Reason.BAD_JSON, 2, 3), (Reason.SMART_QUOTES, 2, 3)]
    assert places(read_json('{"a”: 1}')) == [(Reason.BAD_JSON, 1, 2), (Reason.SMART_QUOTES, 1, 4)]


def test_smart_quotes_inside_of_text_are_text() -> None:
    assert said(read_json('{"a": "“x”"}')) == {"a": "“x”"}
    assert places(read_json('{"a": "“x”",\n1}')) == [(Reason.BAD_JSON, 2, 1)]


BROKEN_YAML = {
    "a: b: c": (1, 5, "mapping values are not allowed in this context"),
    "a:\n\t- b": (2, 1, "found character that cannot start any token"),
    "a: @b": (1, 4, "found character that cannot start any token"),
    'a: "x': (2, 1, "found unexpected end of stream"),
    "é: \x01": (1, 4, "control characters are not allowed"),
    "a: x\u2028y": (1, 5, "a line break other than \\n"),
    "a: 1\n---\nb: 2": (2, 1, "a second document"),
    "? [a]\n: b": (1, 3, "a key that is not text"),
}


@pytest.mark.parametrize("text", BROKEN_YAML)
def test_broken_yaml_says_what_and_where(text: str) -> None:
    line, column, detail = BROKEN_YAML[text]
    document = read_yaml(text)
    assert document.root is None
    assert places(document) == [(Reason.BAD_YAML, line, column)]
    assert document.faults[0].args == {"detail": detail}


def test_smart_quotes_where_yaml_breaks_are_named() -> None:
    assert places(read_yaml("a: “x”: y")) == [(Reason.BAD_YAML, 1, 7), (Reason.SMART_QUOTES, 1, 4)]


def test_yaml_expands_nothing() -> None:
    document = read_yaml("a: &x 1\nb: *x\n<<: {c: 1}\nd: !!str 5\ne: ! z\nf: &y [1]\n")
    assert document.root is None
    assert places(document) == [
        (Reason.YAML_ALIAS, 1, 4),
        (Reason.YAML_ALIAS, 2, 4),
        (Reason.YAML_MERGE, 3, 1),
        (Reason.YAML_TAG, 4, 4),
        (Reason.YAML_TAG, 5, 4),
        (Reason.YAML_ALIAS, 6, 4),
    ]
    assert document.faults[3].args == {"tag": "tag:yaml.org,2002:str"}


@pytest.mark.parametrize("read", [read_json, read_yaml])
def test_of_equal_keys_the_first_counts_and_the_others_are_faults(read: Read) -> None:
    document = read('{"a": 1,\n "a": 2, "b": 3,\n "a": 4}')
    assert said(document) == {"a": Number("1"), "b": Number("3")}
    assert places(document) == [(Reason.DUPLICATE_KEY, 2, 2), (Reason.DUPLICATE_KEY, 3, 2)]
    assert document.faults[0].args == {"key": "a"}


def test_a_directive_and_comments_are_no_content() -> None:
    assert said(read_yaml("%YAML 1.1\n--- # patch\n# why\na: 1\n...\n")) == {"a": Number("1")}


BOMBS = {
    "lists in lists": ("[" * 200_000, Reason.TOO_DEEP),
    "mappings in mappings": ('{"a":' * 40_000, Reason.TOO_DEEP),
    "pairs of lists": ("[[]," * 50_000, Reason.TOO_DEEP),
    "many values": ("[" + "1," * 100_000, Reason.TOO_MANY_NODES),
    "many keys": ("{" + ",".join(f'"{n}": 1' for n in range(20_000)), Reason.TOO_MANY_NODES),
    "one key many times": ("{" + '"a": 1,' * 30_000, Reason.DUPLICATE_KEY),
}
YAML_BOMBS = {
    "dashes": ("- " * 100_000, Reason.TOO_DEEP),
    "question marks": ("? " * 100_000, Reason.TOO_DEEP),
    "many lines": ("-\n" * 100_000, Reason.TOO_MANY_NODES),
    "billion laughs": (
        "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(100)),
        Reason.YAML_ALIAS,
    ),
    "anchors": ("&a " * 60_000, Reason.YAML_ALIAS),
    "tags": ("!" * 200_000, Reason.YAML_TAG),
    "backticks": ("`" * 200_000, Reason.BAD_YAML),
}


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.parametrize("read", [read_json, read_yaml])
def test_a_bomb_is_refused_by_name(read: Read, name: str) -> None:
    text, reason = BOMBS[name]
    document = read(text)
    assert document.root is None
    assert document.faults[-1].reason is reason
    assert len(document.faults) <= MOST_FAULTS


@pytest.mark.parametrize("name", YAML_BOMBS)
def test_a_bomb_of_yaml_is_refused_by_name(name: str) -> None:
    text, reason = YAML_BOMBS[name]
    document = read_yaml(text)
    assert document.root is None
    assert reason in {each.reason for each in document.faults}
    assert len(document.faults) <= MOST_FAULTS


def test_a_number_of_any_length_costs_nothing() -> None:
    """Python refuses to make an integer of more than 4,300 digits; nobody asks it to."""
    digits = "9" * 200_000
    assert said(read_json(digits)) == said(read_yaml(digits)) == Number(digits)


def test_the_bounds_are_exact() -> None:
    assert read_json("[" * MOST_DEPTH + "]" * MOST_DEPTH).root is not None
    assert places(read_json("[" * (MOST_DEPTH + 1))) == [(Reason.TOO_DEEP, 1, MOST_DEPTH + 1)]
    assert read_json("[" + ",".join("1" * (MOST_NODES - 1)) + "]").root is not None
    assert places(read_json("[" + ",".join("1" * MOST_NODES) + "]")) == [
        (Reason.TOO_MANY_NODES, 1, 2 * MOST_NODES)
    ]


@given(st.text())
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    for document in (read_json(text), read_yaml(text)):
        assert document.root is not None or document.faults
        for each in document.faults:
            assert 1 <= (each.line or 0) <= text.count("\n") + 2
            assert (each.column or 0) >= 1
