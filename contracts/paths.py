"""Which paths a patch may name. Every path is checked here before anything else looks at it.

Git refuses most of these itself when it writes a checkout, but not when objects are built directly,
and never for the file systems of other people's machines; so the rules are our own
(verify_path in git's read-cache.c lists the same attacks).
"""

import re
import unicodedata
from typing import Final

from contracts.faults import Fault, Reason, fault

MOST_BYTES = 4096
MOST_COMPONENT_BYTES = 255
MOST_DEPTH = 64

#: Code points that HFS+ ignores when it compares names, so that `.g<ZWNJ>it` is `.git` there.
_HFS_IGNORED = frozenset(
    map(chr, (*range(0x200C, 0x2010), *range(0x202A, 0x202F), *range(0x206A, 0x2070), 0xFEFF))
)

#: At the end of a name that has more.
_DROPPED: Final = re.compile(r"(?<=[^/. ])[. ]+(?=/|\Z)")

#: What `git fsck`, and with it many a remote, refuses as a folder; with the beginnings of its short names.
_FILES_OF_GIT: Final = {".gitmodules": ("gitmod", "gi7eba"), ".gitattributes": ("gitatt", "gi7d29")}
_SHORT_NAME: Final = 8


def check_path(path: str) -> Fault | None:
    """What is wrong with *path* (relative, `/`-separated), or None."""
    if not path:
        return fault(Reason.PATH_EMPTY)
    if too_large := _check_size(path):
        return too_large  # first: whatever else is wrong with it is told with the whole path
    if any(unicodedata.category(char) in {"Cc", "Cs"} for char in path):
        return fault(Reason.PATH_CONTROL, path=ascii(path))
    if "\\" in path:
        return fault(Reason.PATH_BACKSLASH, path=path)
    if path.startswith("/") or (len(path) > 1 and path[1] == ":" and path[0].isalpha()):
        return fault(Reason.PATH_ABSOLUTE, path=path)
    return _check_components(path)


def _check_size(path: str) -> Fault | None:
    if (size := len(path.encode(errors="surrogatepass"))) > MOST_BYTES:
        return fault(Reason.PATH_TOO_LONG, path=path[:80], size=size, most=MOST_BYTES)
    if path.count("/") >= MOST_DEPTH:
        return fault(Reason.PATH_TOO_DEEP, path=path[:80], most=MOST_DEPTH)
    return None


def _check_components(path: str) -> Fault | None:
    components = path.split("/")
    for component in components:
        if component in {"", ".", ".."}:
            return fault(Reason.PATH_OUTSIDE, path=path)
        if is_dotgit(component):
            return fault(Reason.PATH_DOTGIT, path=path)
        if (size := len(component.encode())) > MOST_COMPONENT_BYTES:
            return fault(Reason.PATH_TOO_LONG, path=path[:80], size=size, most=MOST_COMPONENT_BYTES)
    if any(map(_is_file_of_git, components[:-1])):
        return fault(Reason.PATH_DOTGIT, path=path)
    return None


def is_dotgit(component: str) -> bool:
    """True if some file system takes *component* for `.git`.

    NTFS: any case, trailing dots and spaces, `git~1`, streams (`.git:x`, `.git::$INDEX_ALLOCATION`).
    HFS+: any case, ignorable code points anywhere.
    """
    return _as_opened(component) in {".git", "git~1"}


def _is_file_of_git(component: str) -> bool:
    """True if some file system takes *component* for a file that git reads, and refuses to be a folder.

    NTFS has two short names for each: of its first letters, and of a hash of it once four have those.
    """
    name = _as_opened(component)
    head, _, number = name.partition("~")
    return name in _FILES_OF_GIT or (
        len(name) == _SHORT_NAME
        and number.isdecimal()
        and any(short.startswith(head) for shorts in _FILES_OF_GIT.values() for short in shorts)
    )


def _as_opened(component: str) -> str:
    """Without what some file system ignores in a name."""
    return _without_ignored(component).casefold().split(":", 1)[0].rstrip(". ")


def fold(path: str) -> str:
    """Equal for two paths that one of the common file systems takes for the same file.

    Neither NTFS nor HFS+ minds the case; the one drops dots and blanks at the end of a name, the other what
    cannot be seen.
    """
    if not path.isascii():
        path = unicodedata.normalize("NFC", _without_ignored(path))
    folded = path.casefold()
    return _DROPPED.sub("", folded) if _DROPPED.search(folded) else folded


def _without_ignored(text: str) -> str:
    return "".join(char for char in text if char not in _HFS_IGNORED)


def strip_prefix(path: str, prefixes: tuple[str, ...]) -> str:
    """*path* without the longest of *prefixes* (somebody's checkout) that it lies under."""
    for prefix in sorted(prefixes, key=len, reverse=True):
        root = prefix.rstrip("/") + "/"
        if path.startswith(root):
            return path[len(root) :]
    return path
