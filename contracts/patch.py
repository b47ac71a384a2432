"""Patch, Changeset and the mutations that they are made of.

Every format becomes one Changeset. A Changeset is meant literally: what it does not name does not
change, and one mutation that cannot be carried out refuses all of them.
"""

import enum
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import ConfigDict, Field

from contracts.as_json import AsJson
from contracts.control import Priority
from contracts.faults import Fault, Reason, fault
from contracts.modes import FileMode, Presence
from contracts.paths import fold

#: How bytes travel through JSON wherever a mutation is stored.
BYTES_AS_BASE64 = ConfigDict(ser_json_bytes="base64", val_json_bytes="base64")


@dataclass(frozen=True, slots=True)
class Write:
    """Give *path* exactly *content*. *mode* None keeps the file's mode (a new file: regular)."""

    path: str
    content: bytes
    mode: FileMode | None = None
    expects: Presence = Presence.ANY
    kind: Literal["write"] = "write"
    __pydantic_config__ = BYTES_AS_BASE64


@dataclass(frozen=True, slots=True)
class Delete:
    path: str
    kind: Literal["delete"] = "delete"


@dataclass(frozen=True, slots=True)
class Rename:
    """Move *path* to *to*, which must not exist; content and mode stay."""

    path: str
    to: str
    kind: Literal["rename"] = "rename"


@dataclass(frozen=True, slots=True)
class Chmod:
    path: str
    mode: FileMode
    kind: Literal["chmod"] = "chmod"


@dataclass(frozen=True, slots=True)
class Replace:
    """Replace *find* by *replacement* in *path*.

    With *regex*, *find* is a regular expression and *replacement* may use its groups (``\\1``);
    otherwise both are literal. *count* is the exact number of matches that must be found; None means
    at least one, and at most `Limits.matches`.
    """

    path: str
    find: str
    replacement: str
    regex: bool = False
    count: int | None = None
    kind: Literal["replace"] = "replace"


class Side(enum.StrEnum):
    BEFORE = "before"
    AFTER = "after"


@dataclass(frozen=True, slots=True)
class Insert:
    """Insert *text* before or after *anchor* (text that occurs exactly once), as it stands."""

    path: str
    anchor: str
    text: str
    side: Side
    kind: Literal["insert"] = "insert"


@dataclass(frozen=True, slots=True)
class InsertAt:
    """Insert *text* as whole lines so that it begins at 1-based *line*; one past the last appends."""

    path: str
    line: int
    text: str
    kind: Literal["insert-at"] = "insert-at"


@dataclass(frozen=True, slots=True)
class Chunk:
    """A run of whole lines. Each of *lines* begins with ` ` (stays), `-` (goes) or `+` (comes).

    *anchors* are lines that it stands below, each below the one before; *at_end*: it ends the file.
    """

    lines: tuple[str, ...]
    anchors: tuple[str, ...] = ()
    at_end: bool = False

    @property
    def old(self) -> list[str]:
        """What has to be there."""
        return [line[1:] for line in self.lines if line[0] != "+"]

    @property
    def new(self) -> list[str]:
        return [line[1:] for line in self.lines if line[0] != "-"]


@dataclass(frozen=True, slots=True)
class Splice:
    """Change runs of lines of *path*, each in the one place where it fits, in their order in the file.

    *to* moves the file as well, to a name that must be free. Without chunks it is only moved.
    """

    path: str
    chunks: tuple[Chunk, ...]
    to: str | None = None
    kind: Literal["splice"] = "splice"


@dataclass(frozen=True, slots=True)
class FileHeader:
    """One file of a diff as its headers name it; *old* None: created, *new* None: deleted."""

    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class Diff:
    """A unified or git diff, normalised by `formats.diff`: *files* are all that its headers name."""

    body: bytes
    files: tuple[FileHeader, ...]
    recounted: tuple[Fault, ...] = ()  #: hunks that were taken as what they hold, not as what they said
    kind: Literal["diff"] = "diff"
    __pydantic_config__ = BYTES_AS_BASE64


@dataclass(frozen=True, slots=True)
class Revert:
    """Undo what *commit* changed, with which *patch* landed; what came later stays as it is.

    What that is to mean is known when it is carried out: the branch may have moved on.
    """

    patch: str
    commit: str
    kind: Literal["revert"] = "revert"


Mutation = Write | Delete | Rename | Chmod | Replace | Insert | InsertAt | Splice | Diff | Revert


@dataclass(frozen=True, slots=True)
class Limits:
    """What one patch may ask for. Sizes are bytes."""

    block: int = 256 * 1024
    file: int = 1024 * 1024
    files: int = 200
    content: int = 5 * 1024 * 1024
    matches: int = 1000
    regex_time: timedelta = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Changeset:
    """Mutations in the order they are carried out; never empty, within the limits, paths valid."""

    mutations: tuple[Annotated[Mutation, Field(discriminator="kind")], ...]


def build_changeset(mutations: tuple[Mutation, ...], limits: Limits) -> Changeset | Fault:
    """The mutations as one Changeset, or the first limit they break. Paths are validated before."""
    if not mutations:
        return fault(Reason.NO_MUTATIONS)
    for mutation in mutations:
        size = weight(mutation)
        if size > limits.file and not isinstance(mutation, Diff):
            return fault(Reason.FILE_TOO_LARGE, path=paths_of(mutation)[0], size=size, most=limits.file)
    if (total := sum(map(weight, mutations))) > limits.content:
        return fault(Reason.CONTENT_TOO_LARGE, size=total, most=limits.content)
    touched = {path for mutation in mutations for path in paths_of(mutation)}
    if len(touched) > limits.files:
        return fault(Reason.TOO_MANY_FILES, count=len(touched), most=limits.files)
    return _without_collisions(touched) or Changeset(mutations)


def _without_collisions(touched: set[str]) -> Fault | None:
    seen: dict[str, str] = {}
    for path in sorted(touched):
        other = seen.setdefault(fold(path), path)
        if other != path:
            return fault(Reason.PATH_COLLISION, path=path, other=other)
    return None


def weight(mutation: Mutation) -> int:
    """How many bytes the mutation brings along."""
    match mutation:
        case Write(content=content):
            return len(content)
        case Replace(find=find, replacement=replacement):
            return len(find.encode()) + len(replacement.encode())
        case Insert(text=text) | InsertAt(text=text):
            return len(text.encode())
        case Splice(chunks=chunks):
            return sum(len(line.encode()) for chunk in chunks for line in (*chunk.lines, *chunk.anchors))
        case Diff(body=body):
            return len(body)
        case Delete() | Rename() | Chmod() | Revert():
            return 0


def paths_of(mutation: Mutation) -> tuple[str, ...]:
    """Every path of the repository that the mutation names, without repeats; a Revert names none."""
    match mutation:
        case Rename(path=path, to=to):
            return (path, to)
        case Splice(path=path, to=to):
            return (path,) if to is None else (path, to)
        case Diff(files=files):
            named = (name for header in files for name in (header.old, header.new) if name)
            return tuple(dict.fromkeys(named))
        case Write() | Delete() | Chmod() | Replace() | Insert() | InsertAt():
            return (mutation.path,)
        case Revert():
            return ()


@dataclass(frozen=True, slots=True)
class Commands:
    """Shell lines that came inside a patch under *field* (`validate`, `postMutationBuild`, ...).

    They are untrusted: shown, and not run.
    """

    field: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Author:
    """Who wrote a change, as its mailed commit says, and when; not who asked for it."""

    name: str
    email: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Together:
    """What one block asks of several *domains*, of which this patch is one; more than one, without repeats.

    *atomic*: none of them lands before the candidates of all have passed their gates.
    """

    domains: tuple[str, ...]
    atomic: bool = False


@dataclass(frozen=True, slots=True)
class Patch:
    """What was asked of one domain; immutable.

    *label* is the sender's own name for it (`blockId`, `id`), *details* are descriptive fields that
    the desk keeps and shows but gives no meaning to.
    """

    domain: str
    changeset: Changeset
    title: str
    body: str = ""
    label: str | None = None
    details: Mapping[str, str] = field(default_factory=dict)
    commands: tuple[Commands, ...] = ()
    block: int = 1
    author: Author | None = None  #: None: whoever asked
    priority: Priority = Priority.NORMAL
    hotfix: bool = False  #: asks to go through a freeze
    depends_on: tuple[str, ...] = ()  #: what has to land before it, as it was named
    replays: str | None = None  #: the id of the patch whose content this is again
    reverts: str | None = None  #: the id of the landed patch that it undoes
    adjusts: str | None = None  #: the id of the patch that it is the adjusted form of
    together: Together | None = None  #: with what it was asked; None: it stands alone
    expects_tree: str | None = None  #: lands as exactly this tree (git's id), or not at all
    batch: str | None = None  #: of the plan, by its id; whether there is one is not known here


_CHANGESET: AsJson[Changeset] = AsJson(Changeset)


def content_hash(patch: Patch) -> str:
    """SHA-256 (hex) of what the patch would do and where; words around it do not count."""
    digest = hashlib.sha256(patch.domain.encode() + b"\0")
    digest.update(_CHANGESET.dump(patch.changeset).encode())
    if patch.expects_tree is not None:
        digest.update(b"\0" + patch.expects_tree.encode())
    return digest.hexdigest()
