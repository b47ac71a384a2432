"""The JSON Schema of a command_patch, made from the tables that the parser reads.

It accepts what the parser accepts. What a schema cannot say stays with the parser: which domains there
are, what is a path, how much is too much, and that a misspelt field was probably meant to be another.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from contracts.formats.spellings import (
    BLOCK,
    DOING,
    MODES,
    MUTATION,
    OPERATIONS,
    ROLE,
    UNSAID,
    Field,
    Operation,
    Shape,
)

Schema = dict[str, Any]

_FORMS: Final = (Field.MUTATIONS, Field.PATCH, Field.DIFF)
_OWN: Final = tuple(field for field in MUTATION if field is not Field.REMARK)
_BLANK: Final[Schema] = {"type": "string"}
_FILLED: Final[Schema] = {"type": "string", "minLength": 1}
_NUMBER: Final[Schema] = {
    "anyOf": [
        {"type": "integer", "minimum": 1, "maximum": 999_999_999},
        {"type": "string", "pattern": "^[1-9][0-9]{0,8}$"},
    ]
}
_TYPES: Final[dict[Field, Schema]] = {
    Field.PATH: _FILLED,
    Field.OPERATION: {"enum": list(OPERATIONS)},
    Field.CONTENT: _BLANK,
    Field.MODE: {"enum": list(MODES)},
    Field.FROM: _FILLED,
    Field.TO: _FILLED,
    Field.FIND: _FILLED,
    Field.PATTERN: _FILLED,
    Field.REPLACEMENT: _BLANK,
    Field.COUNT: _NUMBER,
    Field.INSERT_AFTER: _FILLED,
    Field.INSERT_BEFORE: _FILLED,
    Field.INSERT_AT: _NUMBER,
    Field.ANCHOR: _FILLED,
    Field.LINE: _NUMBER,
    Field.REMARK: {},
}
_TARGET: Final[Schema] = {"anyOf": [_BLANK, {"type": "array", "minItems": 1, "items": _BLANK}]}
_DIFF: Final = r"(^|\n)(diff --git |--- [^\n]*\n\+\+\+ [^\n]*\n@@)"
#: A `target` with a slash names a file.
_TARGET_IS_PATH: Final[Schema] = {
    "required": ["target"],
    "properties": {"target": {"type": "string", "pattern": "/"}},
}


def patch_schema() -> Schema:
    """JSON Schema 2020-12 of a block with `role: command_patch`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "command_patch",
        "description": "A change to a repository, as Patchdesk takes it. Unknown fields of the block "
        "describe it; unknown fields of a mutation are refused.",
        "type": "object",
        "required": ["role"],
        "properties": {"role": {"const": ROLE}},
        "$ref": "#/$defs/block",
        "$defs": {
            "block": _block(inherits=False),
            "blockForPath": _block(inherits=True),
            "mutation": _mutation(inherits=False),
            "mutationForPath": _mutation(inherits=True),
            "change": {"anyOf": _ways(inherits=False)},
            "changeForPath": {"anyOf": _ways(inherits=True)},
            **{name: shape for inherits in (False, True) for name, shape in _shapes(inherits=inherits)},
            **{f"one-{field.value}": _exactly_one(field) for field in (*BLOCK, *_OWN)},
            **{f"no-{field.value}": {"not": _any_of((field,))} for field in (*BLOCK, *_OWN)},
        },
    }


# Blocks ----------------------------------------------------------------------------------------
def _block(*, inherits: bool) -> Schema:
    """A block; *inherits*: one around it names a file for mutations without a path."""
    names_path: Schema = {"anyOf": [_one(Field.PATH), _TARGET_IS_PATH]}
    forms: Schema = {"anyOf": _forms(inherits=True)}
    if not inherits:
        forms = {"if": names_path, "then": forms, "else": {"anyOf": _forms(inherits=False)}}
    return {
        "type": "object",
        "properties": dict.fromkeys(BLOCK[Field.TARGET], _TARGET),
        "allOf": [
            *(_at_most_one(field) for field in (*BLOCK, Field.PATH)),
            {"not": {"allOf": [_one(Field.PATH), _TARGET_IS_PATH]}},
            forms,
        ],
    }


def _forms(*, inherits: bool) -> list[Schema]:
    """The ways in which a block says what is to be done, of which it has exactly one."""
    mutation = _ref("mutation", inherits=inherits)
    mutations: Schema = {"type": "array", "minItems": 1, "items": mutation}
    nested: Schema = {
        "type": "object",
        "if": _any_of(_FORMS),
        "then": _ref("block", inherits=inherits),
        "else": mutation,
    }
    patch: Schema = {"anyOf": [{"type": "string", "pattern": _DIFF}, mutations, nested]}
    return [
        _form(Field.MUTATIONS, mutations),
        _form(Field.PATCH, patch),
        _form(Field.DIFF, _FILLED),
        {
            "properties": _typed(_OWN),
            "allOf": [*_none(_FORMS), _ref("change", inherits=inherits)],
        },
    ]


def _form(field: Field, value: Schema) -> Schema:
    others = [other for other in (*_FORMS, *DOING) if other is not field]
    properties = dict.fromkeys(_spellings(field), value)
    return {"properties": properties, "allOf": [_one(field), *_none(others)]}


# Mutations -------------------------------------------------------------------------------------
def _mutation(*, inherits: bool) -> Schema:
    return {
        "type": "object",
        "properties": _typed(MUTATION),
        "additionalProperties": False,
        **_ref("change", inherits=inherits),
    }


def _ways(*, inherits: bool) -> list[Schema]:
    """Every way to write a mutation: each operation, or none, with the fields that fit it."""
    words: dict[int, tuple[Operation, list[str]]] = {}
    for word, operation in OPERATIONS.items():
        words.setdefault(id(operation), (operation, []))[1].append(word)
    said: list[Schema] = [
        {**_says(known), "anyOf": [_ref(_name(shape), inherits=inherits) for shape in operation.shapes]}
        for operation, known in words.values()
    ]
    unsaid = [_ref(_name(shape), inherits=inherits) for shape in UNSAID.shapes]
    return [*said, {"allOf": _none((Field.OPERATION,)), "anyOf": unsaid}]


def _says(words: list[str]) -> Schema:
    known: Schema = {"enum": words}
    return {"properties": dict.fromkeys(_spellings(Field.OPERATION), known), **_one(Field.OPERATION)}


def _shapes(*, inherits: bool) -> Iterator[tuple[str, Schema]]:
    """Each combination of fields that says one thing, by its name in the schema."""
    operations = (UNSAID, *OPERATIONS.values())
    for shape in dict.fromkeys(shape for operation in operations for shape in operation.shapes):
        needs = [
            _at_most_one(field) if field is Field.PATH and inherits else _one(field) for field in shape.needs
        ]
        others = [field for field in _OWN if field not in {*shape.needs, *shape.may, Field.OPERATION}]
        may = [_at_most_one(field) for field in shape.may]
        yield (
            f"{_name(shape)}ForPath" if inherits else _name(shape),
            {"allOf": [*needs, *may, *_none(others)]},
        )


def _name(shape: Shape) -> str:
    return "-".join(("with", *(field.value for field in shape.needs)))


# Fields ----------------------------------------------------------------------------------------
def _ref(name: str, *, inherits: bool = False) -> Schema:
    return {"$ref": f"#/$defs/{name}ForPath" if inherits else f"#/$defs/{name}"}


def _spellings(field: Field) -> tuple[str, ...]:
    return BLOCK[field] if field in BLOCK else MUTATION[field]


def _typed(fields: Iterable[Field]) -> Schema:
    return {spelling: _TYPES[field] for field in fields for spelling in _spellings(field)}


def _any_of(fields: Iterable[Field]) -> Schema:
    return {"anyOf": [{"required": [spelling]} for field in fields for spelling in _spellings(field)]}


def _exactly_one(field: Field) -> Schema:
    return {"oneOf": [{"required": [spelling]} for spelling in _spellings(field)]}


def _one(field: Field) -> Schema:
    return _ref(f"one-{field.value}")


def _none(fields: Iterable[Field]) -> list[Schema]:
    return [_ref(f"no-{field.value}") for field in fields]


def _at_most_one(field: Field) -> Schema:
    return {"anyOf": [_one(field), *_none((field,))]}
