"""The JSON Schema of a command_patch, made from the tables that the parser reads.

It accepts what the parser accepts. What a schema cannot say stays with the parser: which domains there
are, what is a path, how much is too much, and that a misspelt field was probably meant to be another.
"""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from contracts.control import Priority
from contracts.formats.spellings import (
    BATCHES,
    BLOCK,
    DOING,
    MODES,
    MUTATION,
    OPERATIONS,
    ROLE,
    TURN,
    UNSAID,
    Field,
    Operation,
    Shape,
)
from contracts.formats.turn import MOST_NEEDED

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
#: It describes; what is no id of a batch is shown and counts for none.
_BATCH: Final[Schema] = {"description": "The plan's batch that the patch counts for, by its id."}
_YES: Final[list[Schema]] = [{"type": ["boolean", "null"]}, {"enum": ["true", "false"]}]
_TURN: Final[dict[Field, Schema]] = {
    Field.PRIORITY: {
        "description": f"{', '.join(Priority)}; other words only describe.",
    },
    Field.DEPENDS_ON: {
        "description": "Patches that have to land before it: ids, or the `id` of other blocks.",
        "anyOf": [_BLANK, {"type": "null"}, {"type": "array", "maxItems": MOST_NEEDED, "items": _BLANK}],
    },
    Field.HOTFIX: {
        "description": "Asks to go through a freeze, which somebody else has to approve.",
        "anyOf": _YES,
    },
    Field.ATOMIC: {
        "description": "Of a block for several domains: lands in none of them unless all gates passed.",
        "anyOf": _YES,
    },
}
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
            "change": _change(inherits=False),
            "changeForPath": _change(inherits=True),
            **{name: shape for inherits in (False, True) for name, shape in _shapes(inherits=inherits)},
        },
    }


# Blocks ----------------------------------------------------------------------------------------
def _block(*, inherits: bool) -> Schema:
    """A block; *inherits*: one around it names a file for mutations without a path."""
    path: Schema = {
        "anyOf": [
            {"required": [spelling], "properties": {spelling: _BLANK}} for spelling in _spellings(Field.PATH)
        ]
    }
    forms: Schema = {"anyOf": _forms(inherits=True)}
    if not inherits:
        forms = {
            "if": {"anyOf": [path, _TARGET_IS_PATH]},
            "then": forms,
            "else": {"anyOf": _forms(inherits=False)},
        }
    return {
        "type": "object",
        "properties": {
            **dict.fromkeys(BLOCK[Field.TARGET], _TARGET),
            **dict.fromkeys(BATCHES, _BATCH),
            **{spelling: _TURN[field] for field, spellings in TURN.items() for spelling in spellings},
        },
        "allOf": [
            *(_at_most_one(field) for field in (*BLOCK, *TURN, Field.PATH) if len(_spellings(field)) > 1),
            {"not": {"allOf": [path, _TARGET_IS_PATH]}},
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
            "propertyNames": _none_of(_FORMS),
            **_ref("change", inherits=inherits),
        },
    ]


def _form(field: Field, value: Schema) -> Schema:
    others = [other for other in (*_FORMS, *DOING) if other is not field]
    return {
        **_exactly_one(field),
        "properties": dict.fromkeys(_spellings(field), value),
        "propertyNames": _none_of(others),
    }


# Mutations -------------------------------------------------------------------------------------
def _mutation(*, inherits: bool) -> Schema:
    return {
        "type": "object",
        "properties": _typed(MUTATION),
        "additionalProperties": False,
        **_ref("change", inherits=inherits),
    }


def _change(*, inherits: bool) -> Schema:
    """Every way to write a mutation: each operation, or none, with the fields that fit it."""
    words: dict[int, tuple[Operation, list[str]]] = {}
    for word, operation in OPERATIONS.items():
        words.setdefault(id(operation), (operation, []))[1].append(word)

    def fits(operation: Operation) -> Schema:
        return {"anyOf": [_ref(_name(shape), inherits=inherits) for shape in operation.shapes]}

    return {
        "allOf": [
            {"if": _any_of((Field.OPERATION,)), "then": _exactly_one(Field.OPERATION), "else": fits(UNSAID)},
            *({"if": _says(known), "then": fits(operation)} for operation, known in words.values()),
        ]
    }


def _says(words: list[str]) -> Schema:
    known: Schema = {"enum": words}
    said = _spellings(Field.OPERATION)
    return {"anyOf": [{"required": [spelling], "properties": {spelling: known}} for spelling in said]}


def _shapes(*, inherits: bool) -> Iterator[tuple[str, Schema]]:
    """Each combination of fields that says one thing, by its name in the schema."""
    operations = (UNSAID, *OPERATIONS.values())
    for shape in dict.fromkeys(shape for operation in operations for shape in operation.shapes):
        needs = [
            _at_most_one(field) if field is Field.PATH and inherits else _exactly_one(field)
            for field in shape.needs
        ]
        may = [_at_most_one(field) for field in shape.may]
        others = [field for field in _OWN if field not in {*shape.needs, *shape.may, Field.OPERATION}]
        name = f"{_name(shape)}ForPath" if inherits else _name(shape)
        yield name, {"allOf": [*needs, *may], "propertyNames": _none_of(others)}


def _name(shape: Shape) -> str:
    return "-".join(("with", *(field.value for field in shape.needs)))


# Fields ----------------------------------------------------------------------------------------
def _ref(name: str, *, inherits: bool) -> Schema:
    return {"$ref": f"#/$defs/{name}ForPath" if inherits else f"#/$defs/{name}"}


def _spellings(field: Field) -> tuple[str, ...]:
    return {**BLOCK, **TURN, **MUTATION}[field]


def _typed(fields: Iterable[Field]) -> Schema:
    return {spelling: _TYPES[field] for field in fields for spelling in _spellings(field)}


def _any_of(fields: Iterable[Field]) -> Schema:
    return {"anyOf": [{"required": [spelling]} for field in fields for spelling in _spellings(field)]}


def _none_of(fields: Iterable[Field]) -> Schema:
    """For names: not one of the *fields*, however it is spelled."""
    return {"not": {"enum": [spelling for field in fields for spelling in _spellings(field)]}}


def _exactly_one(field: Field) -> Schema:
    spellings = _spellings(field)
    if len(spellings) == 1:
        return {"required": [spellings[0]]}
    return {"oneOf": [{"required": [spelling]} for spelling in spellings]}


def _at_most_one(field: Field) -> Schema:
    return {"if": _any_of((field,)), "then": _exactly_one(field)}
