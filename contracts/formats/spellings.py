"""How the fields and operations of a command_patch may be spelled, and which of them go together.

The parser (`command`, `mutation`) and the JSON Schema (`schema`) are both made from these tables, so a
spelling that is added here is known to both. Generous in spelling, strict in meaning: a field has one
meaning, and two spellings of it in one place contradict each other.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from contracts.control import Priority
from contracts.modes import FileMode, Presence

ROLE: Final = "command_patch"


class Field(enum.StrEnum):
    """A field with a meaning, named as the desk itself would spell it."""

    # of a block
    ROLE = "role"
    TARGET = "target"
    MUTATIONS = "mutations"
    PATCH = "patch"
    DIFF = "diff"
    # of a block, about its turn
    PRIORITY = "priority"
    DEPENDS_ON = "depends_on"
    HOTFIX = "hotfix"
    ATOMIC = "atomic"
    # of a mutation
    PATH = "path"
    OPERATION = "op"
    CONTENT = "contents"
    MODE = "mode"
    FROM = "from"
    TO = "to"
    FIND = "find"
    PATTERN = "pattern"
    REPLACEMENT = "replacement"
    COUNT = "count"
    INSERT_AFTER = "insertAfter"
    INSERT_BEFORE = "insertBefore"
    INSERT_AT = "insertAt"
    ANCHOR = "anchor"
    LINE = "line"
    REMARK = "description"


#: The fields of a block that say what it does and to whom.
BLOCK: Final[Mapping[Field, tuple[str, ...]]] = {
    Field.ROLE: ("role",),
    Field.TARGET: ("target", "targets", "domain", "domains"),
    Field.MUTATIONS: ("mutations", "mutate", "edits"),
    Field.PATCH: ("patch",),
    Field.DIFF: ("diff",),
}

#: The fields of a block that say when it is to be carried out; none of them makes anything a patch.
TURN: Final[Mapping[Field, tuple[str, ...]]] = {
    Field.PRIORITY: ("priority",),
    Field.DEPENDS_ON: ("depends_on", "dependsOn"),
    Field.HOTFIX: ("hotfix", "hotFix", "hot_fix"),
    Field.ATOMIC: ("atomic",),
}

#: The fields of a mutation; a block may hold those of one mutation itself.
MUTATION: Final[Mapping[Field, tuple[str, ...]]] = {
    Field.PATH: (
        "path",
        "file",
        "target_file",
        "targetFile",
        "file_path",
        "filePath",
        "filename",
        "fileName",
    ),
    Field.OPERATION: ("op", "operation", "action", "type"),
    Field.CONTENT: ("contents", "content", "text"),
    Field.MODE: ("mode", "fileMode", "file_mode"),
    Field.FROM: ("from", "oldPath", "old_path"),
    Field.TO: ("to", "newPath", "new_path", "renameTo", "rename_to", "destination"),
    Field.FIND: ("find", "search", "oldText", "old_text", "oldString", "old_string"),
    Field.PATTERN: ("pattern",),
    Field.REPLACEMENT: (
        "replacement",
        "replace",
        "replaceWith",
        "replace_with",
        "newText",
        "new_text",
        "newString",
        "new_string",
    ),
    Field.COUNT: ("count",),
    Field.INSERT_AFTER: ("insertAfter", "insert_after"),
    Field.INSERT_BEFORE: ("insertBefore", "insert_before"),
    Field.INSERT_AT: ("insertAt", "insert_at"),
    Field.ANCHOR: ("anchor",),
    Field.LINE: ("line",),
    Field.REMARK: ("description", "comment", "reason", "note"),
}

#: Of a mutation's fields those that say by themselves that something is to be done.
DOING: Final = (
    Field.CONTENT,
    Field.FIND,
    Field.PATTERN,
    Field.REPLACEMENT,
    Field.INSERT_AFTER,
    Field.INSERT_BEFORE,
    Field.INSERT_AT,
)

BY_SPELLING: Final[Mapping[str, Field]] = {
    spelling: field for field, spellings in MUTATION.items() for spelling in spellings
}
BLOCK_BY_SPELLING: Final[Mapping[str, Field]] = {
    spelling: field for field, spellings in BLOCK.items() for spelling in spellings
}

TURN_BY_SPELLING: Final[Mapping[str, Field]] = {
    spelling: field for field, spellings in TURN.items() for spelling in spellings
}
#: Words for a priority; any other text describes, as `P1` does.
PRIORITIES: Final[Mapping[str, Priority]] = {
    **{priority.value: priority for priority in Priority},
    "urgent": Priority.EMERGENCY,
    "medium": Priority.NORMAL,
}

#: Names that a top-level field may have been meant to be. Short ones (`file`, `op`) are too near to words
#: that people use to describe a patch.
NEARLY: Final = (*BLOCK_BY_SPELLING, *TURN_BY_SPELLING, "target_file", "targetFile")
#: Words of their own, however near they are to one of these.
NO_SLIPS: Final = ("automatic",)


class Does(enum.Enum):
    """What a mutation does."""

    WRITE = enum.auto()
    DELETE = enum.auto()
    RENAME = enum.auto()
    CHMOD = enum.auto()
    REPLACE = enum.auto()
    REPLACE_PATTERN = enum.auto()
    INSERT_AFTER = enum.auto()
    INSERT_BEFORE = enum.auto()
    INSERT_AT = enum.auto()


@dataclass(frozen=True, slots=True)
class Shape:
    """The fields that say one thing: all of *needs*, any of *may*, no others."""

    does: Does
    needs: tuple[Field, ...]
    may: tuple[Field, ...] = ()


_WRITE = Shape(Does.WRITE, (Field.PATH, Field.CONTENT), (Field.MODE,))
_DELETE = Shape(Does.DELETE, (Field.PATH,))
_RENAME = Shape(Does.RENAME, (Field.PATH, Field.TO))
_RENAME_FROM = Shape(Does.RENAME, (Field.FROM, Field.TO))
_CHMOD = Shape(Does.CHMOD, (Field.PATH, Field.MODE))
_REPLACE = Shape(Does.REPLACE, (Field.PATH, Field.FIND, Field.REPLACEMENT), (Field.COUNT,))
_PATTERN = Shape(Does.REPLACE_PATTERN, (Field.PATH, Field.PATTERN, Field.REPLACEMENT), (Field.COUNT,))
_AFTER = Shape(Does.INSERT_AFTER, (Field.PATH, Field.INSERT_AFTER, Field.CONTENT))
_BEFORE = Shape(Does.INSERT_BEFORE, (Field.PATH, Field.INSERT_BEFORE, Field.CONTENT))
_AT = Shape(Does.INSERT_AT, (Field.PATH, Field.INSERT_AT, Field.CONTENT))
# Only an operation says on which side of an anchor, or that a line is one to insert at.
_AFTER_ANCHOR = Shape(Does.INSERT_AFTER, (Field.PATH, Field.ANCHOR, Field.CONTENT))
_BEFORE_ANCHOR = Shape(Does.INSERT_BEFORE, (Field.PATH, Field.ANCHOR, Field.CONTENT))
_AT_LINE = Shape(Does.INSERT_AT, (Field.PATH, Field.LINE, Field.CONTENT))


@dataclass(frozen=True, slots=True)
class Operation:
    """The shapes that an operation's word allows, the likeliest first, and what a write expects to find."""

    shapes: tuple[Shape, ...]
    expects: Presence = Presence.ANY


#: Without an operation the fields themselves must say what is meant.
UNSAID: Final = Operation((_WRITE, _PATTERN, _REPLACE, _AFTER, _BEFORE, _AT, _RENAME, _RENAME_FROM, _CHMOD))

_CHANGES = (_WRITE, _PATTERN, _REPLACE, _AFTER, _BEFORE, _AT)
_UPSERT = Operation((_WRITE,))
_CREATE = Operation((_WRITE,), Presence.ABSENT)
_UPDATE = Operation(_CHANGES, Presence.PRESENT)
_SUBSTITUTE = Operation((_REPLACE, _PATTERN, _WRITE), Presence.PRESENT)
_REMOVE = Operation((_DELETE,))
_MOVE = Operation((_RENAME, _RENAME_FROM))
_INSERT = Operation((_AFTER, _BEFORE, _AT))
_INSERT_AFTER = Operation((_AFTER, _AFTER_ANCHOR))
_INSERT_BEFORE = Operation((_BEFORE, _BEFORE_ANCHOR))
_INSERT_AT = Operation((_AT, _AT_LINE))

OPERATIONS: Final[Mapping[str, Operation]] = {
    **dict.fromkeys(("upsert", "write", "put", "set", "save", "overwrite"), _UPSERT),
    **dict.fromkeys(("create", "add", "new"), _CREATE),
    **dict.fromkeys(("update", "modify", "edit", "change"), _UPDATE),
    **dict.fromkeys(("replace", "substitute"), _SUBSTITUTE),
    **dict.fromkeys(("delete", "remove"), _REMOVE),
    **dict.fromkeys(("rename", "move"), _MOVE),
    "chmod": Operation((_CHMOD,)),
    "insert": _INSERT,
    **dict.fromkeys(("insertAfter", "insert_after"), _INSERT_AFTER),
    **dict.fromkeys(("insertBefore", "insert_before"), _INSERT_BEFORE),
    **dict.fromkeys(("insertAt", "insert_at"), _INSERT_AT),
}

#: One word for each meaning, for people who ask which there are.
TOLD_OPERATIONS: Final = (
    "write",
    "create",
    "update",
    "delete",
    "rename",
    "chmod",
    "replace",
    "insertAfter",
    "insertBefore",
    "insertAt",
)

MODES: Final[Mapping[str, FileMode]] = {
    **dict.fromkeys(("100644", "0644", "644"), FileMode.REGULAR),
    **dict.fromkeys(("100755", "0755", "755"), FileMode.EXECUTABLE),
}

#: What a list of shell lines is called where a change was expected.
SHELL: Final = ("shell", "command", "cmd", "run", "exec")

# Fields that describe; the first that is there counts --------------------------------------------
TITLES: Final = ("title", "summary", "description")
LABELS: Final = ("blockId", "block_id", "id")
#: The plan's batch that the patch counts for, by its id; also as a field of `metadata`.
BATCHES: Final = ("batch", "batchId", "batch_id")
#: Lists of shell lines. Any other field is one too if it is a mapping with `shell` in it.
COMMANDS: Final = (
    "preflight",
    "preCommit",
    "preMutation",
    "preMutationValidation",
    "postMutation",
    "postMutationBuild",
    "postMutationValidation",
    "postCommit",
    "validate",
    "validation",
    "validationGates",
    "test",
    "tests",
    "testing",
    "build",
    "commands",
    "shell",
)
