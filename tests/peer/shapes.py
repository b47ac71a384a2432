"""Checks of JSON against limits; every problem is named with a JSON pointer, as Slack does it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

#: Looks at a value and says what is wrong with it at that JSON pointer.
Check = Callable[[Any, str], Iterator[str]]


@dataclass(frozen=True, slots=True)
class Field:
    """A property of an object."""

    check: Check
    required: bool = False


@dataclass(frozen=True, slots=True)
class Shape:
    """The properties an object may have, besides `type`; nothing else is allowed."""

    fields: Mapping[str, Field]
    any_of: tuple[str, ...] = ()  #: at least one of these must be there


def at(problem: str, pointer: str) -> str:
    return f"[ERROR] {problem} [json-pointer:{pointer}]"


def anything(_value: object, _pointer: str) -> Iterator[str]:
    """No limit that Slack publishes."""
    yield from ()


def record(value: object, pointer: str, shape: Shape) -> Iterator[str]:
    if not isinstance(value, dict):
        yield at("must be an object", pointer)
        return
    for name in value.keys() - shape.fields.keys() - {"type"}:
        yield at(f"invalid additional property: {name}", pointer)
    for name, field in shape.fields.items():
        if name in value:
            yield from field.check(value[name], f"{pointer}/{name}")
        elif field.required:
            yield at(f"missing required field: {name}", pointer)
    if shape.any_of and not any(name in value for name in shape.any_of):
        yield at(f"one of {', '.join(shape.any_of)} is required", pointer)


def typed(kinds: Mapping[str, Shape]) -> Check:
    """An object whose `type` says which shape it has."""

    def check(value: object, pointer: str) -> Iterator[str]:
        kind = value.get("type") if isinstance(value, dict) else None
        if isinstance(kind, str) and kind in kinds:
            yield from record(value, pointer, kinds[kind])
        else:
            yield at(f"unsupported type: {kind}", pointer)

    return check


def an_object(shape: Shape) -> Check:
    return lambda value, pointer: record(value, pointer, shape)


def string(most: int, *, least: int = 1) -> Check:
    """Length in characters."""

    def check(value: object, pointer: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield at("must be a string", pointer)
        elif len(value) < least:
            yield at(f"must be more than {least - 1} characters", pointer)
        elif len(value) > most:
            yield at(f"must be less than {most + 1} characters", pointer)

    return check


def choice(*allowed: str) -> Check:
    def check(value: object, pointer: str) -> Iterator[str]:
        if value not in allowed:
            yield at(f"must be one of {', '.join(allowed)}", pointer)

    return check


def array(most: int, each: Check, *, least: int = 1, unique: str | None = None) -> Check:
    """*unique*: a property that no two items may share."""

    def check(value: object, pointer: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield at("must be an array", pointer)
            return
        if len(value) < least:
            yield at(f"must contain at least {least} item", pointer)
        if len(value) > most:
            yield at(f"no more than {most} items allowed", pointer)
        for index, item in enumerate(value):
            yield from each(item, f"{pointer}/{index}")
        names = [item[unique] for item in value if isinstance(item, dict) and unique in item]
        if len(names) != len(set(names)):
            yield at(f"`{unique}` already exists", pointer)

    return check


def text(most: int) -> Check:
    """A text object, plain or mrkdwn."""
    return typed(dict.fromkeys(("plain_text", "mrkdwn"), _text_object(most)))


def plain(most: int) -> Check:
    """A text object that must be plain."""
    return typed({"plain_text": _text_object(most)})


def _text_object(most: int) -> Shape:
    return Shape(
        {"text": Field(string(most), required=True), "emoji": Field(anything), "verbatim": Field(anything)}
    )
