"""One mapping of a command_patch to one Mutation."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar, assert_never

from contracts.faults import Reason, nearest
from contracts.formats.document import Entry, Fields, Items, Mark, Node, Text
from contracts.formats.findings import Findings
from contracts.formats.spellings import (
    BY_SPELLING,
    DOING,
    MUTATION,
    OPERATIONS,
    SHELL,
    TOLD_OPERATIONS,
    UNSAID,
    Does,
    Field,
    Operation,
    Shape,
)
from contracts.modes import FileMode
from contracts.patch import Chmod, Delete, Insert, InsertAt, Limits, Mutation, Rename, Replace, Side, Write

_PATHS: Final = (Field.PATH, Field.FROM, Field.TO)
_NUMBERS: Final = (Field.COUNT, Field.LINE, Field.INSERT_AT)
#: To look for nothing would be found everywhere.
_NOT_BLANK: Final = (Field.FIND, Field.PATTERN, Field.INSERT_AFTER, Field.INSERT_BEFORE, Field.ANCHOR)
_SHOWN: Final = 80
#: Other fields that are compared with a missing one.
_COMPARED: Final = 50


_Value = TypeVar("_Value")


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a mutation is read with. *path*: the block's own, for mutations without one."""

    prefixes: tuple[str, ...]
    limits: Limits
    path: Entry | None = None
    recount: bool = False  #: hunks of diffs


@dataclass(frozen=True, slots=True)
class Given:
    """The fields of one mutation at *at*; *others* stand beside them without a meaning.

    *where* names the mutation for people.
    """

    found: Mapping[Field, Entry]
    others: Sequence[Entry]
    at: Mark
    where: str


@dataclass(slots=True)
class _Values:
    texts: dict[Field, str] = field(default_factory=dict)
    numbers: dict[Field, int] = field(default_factory=dict)
    modes: dict[Field, FileMode] = field(default_factory=dict)


def read_mutation(node: Node, where: str, around: Surroundings, findings: Findings) -> Mutation | None:
    """The mutation in *node*, or None with what is wrong among *findings*. *where* names it for people."""
    if not isinstance(node, Fields):
        findings.wrong(where, node, "a mapping")
        return None
    found: dict[Field, Entry] = {}
    unknown: list[Entry] = []
    for entry in node.entries:
        known = BY_SPELLING.get(entry.key)
        if known is None:
            unknown.append(entry)
        elif (first := found.setdefault(known, entry)) is not entry and known is not Field.REMARK:
            findings.blame(Reason.CONFLICTING_FIELDS, entry.at, first=first.key, second=entry.key)
    if _blame_unknown(unknown, where, does_something(found), findings):
        _values(with_path(found, around), around, findings)  # for their own faults
        return None
    return build(Given(found, unknown, node.at, where), around, findings)


def does_something(found: Iterable[Field]) -> bool:
    """True if the fields *found* say by themselves that something is to be done."""
    fields = set(found)
    if fields.intersection((Field.OPERATION, *DOING)):
        return True
    # A mode or a new name alone may describe anything.
    return fields >= {Field.PATH, Field.MODE} or (
        Field.TO in fields and bool(fields & {Field.PATH, Field.FROM})
    )


def build(given: Given, around: Surroundings, findings: Findings) -> Mutation | None:
    """The mutation that the fields of *given* make."""
    given = replace(given, found=with_path(given.found, around))
    own = Findings()
    values = _values(given.found, around, own)
    operation = _operation(given.found, own)
    shape = _shape(given, operation, own) if operation else None
    findings.extend(own.in_order())
    if shape is None or operation is None or own:
        return None
    return _made(shape.does, operation, values)


def with_path(found: Mapping[Field, Entry], around: Surroundings) -> Mapping[Field, Entry]:
    """The fields *found*, with the block's path where there is none among them."""
    if around.path is None or Field.PATH in found or Field.FROM in found:
        return found
    return {**found, Field.PATH: around.path}


def _blame_unknown(unknown: Sequence[Entry], where: str, doing: bool, findings: Findings) -> bool:
    """Note fields without a meaning: they might have had one. True: with them it is clear what is wrong."""
    clear = False
    for entry in unknown:
        if findings.full:
            return True
        key = entry.key[:_SHOWN]
        if entry.key in SHELL and isinstance(entry.value, Text | Items):
            findings.blame(Reason.SHELL_AS_PATCH, entry.at)
            clear = True
        elif isinstance(entry.value, Fields) and not doing:
            # {"ensureHeadMeta": {...}}: an operation with its arguments
            _blame_operation(key, entry.at, findings)
            clear = True
        else:
            suggestion = nearest(key, BY_SPELLING)
            findings.blame(Reason.UNKNOWN_FIELD, entry.at, field=key, where=where, suggestion=suggestion)
    return clear


def _blame_operation(word: str, at: Mark, findings: Findings) -> None:
    known, suggestion = ", ".join(TOLD_OPERATIONS), nearest(word, OPERATIONS)
    findings.blame(Reason.UNKNOWN_OPERATION, at, operation=word, known=known, suggestion=suggestion)


def _values(found: Mapping[Field, Entry], around: Surroundings, findings: Findings) -> _Values:
    values = _Values()
    for known, entry in found.items():
        if known is Field.MODE:
            _keep(values.modes, known, findings.mode(entry.key, entry.value))
        elif known in _NUMBERS:
            _keep(values.numbers, known, findings.number(entry.key, entry.value))
        elif known in _PATHS:
            _keep(values.texts, known, findings.path(entry.key, entry.value, around.prefixes))
        elif known is not Field.REMARK:
            text = findings.text(entry.key, entry.value, blank=known not in _NOT_BLANK)
            _keep(values.texts, known, text)
    if values.numbers.get(Field.COUNT, 0) > around.limits.matches:
        path, most = values.texts.get(Field.PATH, ""), str(around.limits.matches)
        findings.blame(Reason.TOO_MANY_MATCHES, found[Field.COUNT].value.at, path=path, most=most)
    return values


def _keep(values: dict[Field, _Value], known: Field, value: _Value | None) -> None:
    if value is not None:
        values[known] = value


def _operation(found: Mapping[Field, Entry], findings: Findings) -> Operation | None:
    said = found.get(Field.OPERATION)
    if said is None:
        return UNSAID
    if not isinstance(said.value, Text):
        return None  # noted as a wrong type
    if (operation := OPERATIONS.get(said.value.value)) is None:
        _blame_operation(said.value.value[:_SHOWN], said.value.at, findings)
    return operation


def _shape(given: Given, operation: Operation, findings: Findings) -> Shape | None:
    """The shape that the fields have; else what keeps them from the one they come nearest to."""
    fields = given.found.keys() - {Field.OPERATION, Field.REMARK}
    for shape in operation.shapes:
        if fields >= set(shape.needs) and fields <= {*shape.needs, *shape.may}:
            return shape
    nearly = max(operation.shapes, key=lambda each: _agreement(each, fields))
    for missing in nearly.needs:
        if missing not in fields:
            _blame_missing(missing, given, findings)
    for extra in sorted(fields - {*nearly.needs, *nearly.may}):
        entry, said = given.found[extra], _distinctive(nearly, given.found)
        findings.blame(Reason.CONFLICTING_FIELDS, entry.at, first=said, second=entry.key)
    return None


def _agreement(shape: Shape, given: Iterable[Field]) -> int:
    return sum(each in shape.needs for each in given) * 2 - len(shape.needs)


def _blame_missing(missing: Field, given: Given, findings: Findings) -> None:
    """A field that was probably meant to be the missing one says more than that it is missing."""
    where = given.where
    for entry in given.others[:_COMPARED]:
        key = entry.key[:_SHOWN]
        if nearest(key, MUTATION[missing]):
            # In the words of any unknown field, so that it is told once.
            suggestion = nearest(key, BY_SPELLING)
            findings.blame(Reason.UNKNOWN_FIELD, entry.at, field=key, where=where, suggestion=suggestion)
            return
    findings.blame(Reason.MISSING_FIELD, given.at, field=missing.value, where=where)


def _distinctive(shape: Shape, found: Mapping[Field, Entry]) -> str:
    """The field, as it was spelled, that says what the shape does."""
    if Field.OPERATION in found and isinstance(word := found[Field.OPERATION].value, Text):
        return f"{found[Field.OPERATION].key}: {word.value}"
    return next((found[need].key for need in reversed(shape.needs) if need in found), shape.needs[-1].value)


def _made(does: Does, operation: Operation, values: _Values) -> Mutation:
    texts, numbers = values.texts, values.numbers
    path = texts.get(Field.PATH) or texts[Field.FROM]
    match does:
        case Does.WRITE:
            return Write(path, texts[Field.CONTENT].encode(), values.modes.get(Field.MODE), operation.expects)
        case Does.DELETE:
            return Delete(path)
        case Does.RENAME:
            return Rename(path, texts[Field.TO])
        case Does.CHMOD:
            return Chmod(path, values.modes[Field.MODE])
        case Does.REPLACE:
            return Replace(path, texts[Field.FIND], texts[Field.REPLACEMENT], count=numbers.get(Field.COUNT))
        case Does.REPLACE_PATTERN:
            pattern, replacement = texts[Field.PATTERN], texts[Field.REPLACEMENT]
            return Replace(path, pattern, replacement, regex=True, count=numbers.get(Field.COUNT))
        case Does.INSERT_AFTER:
            anchor = texts.get(Field.INSERT_AFTER) or texts[Field.ANCHOR]
            return Insert(path, anchor, texts[Field.CONTENT], Side.AFTER)
        case Does.INSERT_BEFORE:
            anchor = texts.get(Field.INSERT_BEFORE) or texts[Field.ANCHOR]
            return Insert(path, anchor, texts[Field.CONTENT], Side.BEFORE)
        case Does.INSERT_AT:
            line = numbers.get(Field.INSERT_AT) or numbers[Field.LINE]
            return InsertAt(path, line, texts[Field.CONTENT])
        case _:
            assert_never(does)
