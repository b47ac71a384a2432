"""What lies at a path of a tree: the words that planning, trees and workspaces share."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass

from contracts.modes import FileMode


class Kind(enum.StrEnum):
    FILE = "file"
    SYMLINK = "symlink"
    DIRECTORY = "directory"
    SUBMODULE = "submodule"


@dataclass(frozen=True, slots=True)
class File:
    content: bytes
    mode: FileMode = FileMode.REGULAR


@dataclass(frozen=True, slots=True)
class Leaf:
    """One path of a tree that is no folder. *id* is the object's, in hex.

    Bytes of a name that are not UTF-8 are surrogates, as `os.fsdecode` gives and takes them.
    """

    path: str
    kind: Kind
    executable: bool
    id: str


#: What changes against a base, by path; None: the file goes. Paths not named stay as they are.
Edits = Mapping[str, File | None]
