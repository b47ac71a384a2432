"""File names in the headers of a diff: quoting, prefixes, time stamps."""

import re
from collections.abc import Collection
from typing import Final

#: What git writes before the two names: a/ b/, and by `diff.mnemonicPrefix` index, work tree, commit, object.
_PREFIXES: Final = frozenset("abciow12")
_ESCAPES: Final = {
    b"a": b"\a",
    b"b": b"\b",
    b"f": b"\f",
    b"n": b"\n",
    b"r": b"\r",
    b"t": b"\t",
    b"v": b"\v",
    b"\\": b"\\",
    b'"': b'"',
}
_QUOTED: Final = re.compile(rb'"((?:[^"\\]|\\.)*)"')
_ESCAPE: Final = re.compile(rb"\\([0-3][0-7]{2}|.)", re.DOTALL)
_PLAIN: Final = re.compile(r"[\w./+@%=:,~^#!$&'()\[\]{};-]+", re.ASCII)
#: The time of a file that is not there, as GNU diff writes it: 1970-01-01 00:00 UTC in any zone.
_NEVER: Final = re.compile(rb"\t(1970-01-01|1969-12-31) (\d\d):(\d\d)(?::00(?:\.0+)?)? ([+-])(\d\d):?(\d\d)")
#: What an archive of a release unpacks to, and what stands beside it where people compare two of them.
_RELEASE: Final = re.compile(r"[A-Za-z][\w.+-]*[-_]v?\d+\.\d[\w.+~-]*|[^/]+\.(?:orig|old|new)")
#: A name with tabs of its own, without quotes, as GNU diff writes it.
_TABBED: Final = re.compile(rb"([^\t]+\t.+)\t\d{4}-\d\d-\d\d \d\d:\d\d[^\t]*")

Names = tuple[str | None, str | None]


def line_name(rest: bytes) -> str | None:
    """The name after `--- `, `+++ `, `rename from `; None for `/dev/null` or a file that never was."""
    return None if _was_never(rest) else stated_name(rest)


def stated_name(rest: bytes) -> str | None:
    """As `line_name`, but a file that never was has its name: it shows how the diff's names begin."""
    if quotation := _QUOTED.match(rest):
        return _text(_unquoted(quotation[1]))
    name, tab, _ = rest.partition(b"\t")
    if tabbed := _TABBED.fullmatch(rest):
        name = tabbed[1]
    if not tab:
        name = name.rstrip()
    return None if name == b"/dev/null" else _text(name)


def paired_names(rest: bytes) -> tuple[str, str] | None:
    """The two names after `diff --git `, with their prefixes; None if they cannot be told apart.

    Without quotes they can be if they are equal but for one letter of prefix, as git's own are.
    """
    rest = rest.rstrip()
    if first := _QUOTED.match(rest):
        second = rest[first.end() :].lstrip()
        other = _QUOTED.fullmatch(second)
        return _text(_unquoted(first[1])), _text(_unquoted(other[1]) if other else second)
    if rest.endswith(b'"') and (cut := rest.find(b' "')) > 0 and (other := _QUOTED.fullmatch(rest, cut + 1)):
        return _text(rest[:cut]), _text(_unquoted(other[1]))
    middle = len(rest) // 2
    if rest[middle : middle + 1] == b" " and _same_file(rest[:middle], rest[middle + 1 :]):
        return _text(rest[:middle]), _text(rest[middle + 1 :])
    return None


def are_names(rest: bytes, stated: Names) -> bool:
    """True if *rest*, after `diff --git `, are the names that are *stated* below it, as far as they are."""
    said, (old, new) = _text(rest.rstrip()), stated
    if old is None or new is None:
        return said.endswith(f" {new}") if old is None else said.startswith(f"{old} ")
    return said == f"{old} {new}"


def strip_prefixes(pair: tuple[str, str] | None, lines: Names | None, stated: Names | None) -> Names | None:
    """The names of a file without the diff's prefixes; None if the headers contradict each other.

    *pair* is from `diff --git`, *lines* and *stated* are from `---` and `+++`. A diff without prefixes keeps
    its names: both sides begin with the same folder then, or differ in more than the first one. A single
    name is left as it is: only the other files can tell whether it has a prefix (`sole_name`).
    """
    if pair is None:
        return None if lines is None or stated is None else _there(lines, bare_names(*stated))
    if lines is None:
        return bare_names(*pair)
    if any(line not in {None, said} for line, said in zip(lines, pair, strict=True)):
        return None
    return _there(lines, bare_names(*pair))


def _there(lines: Names, names: Names) -> Names:
    old, new = names
    return (old if lines[0] is not None else None), (new if lines[1] is not None else None)


def prefixes_of(old: str, new: str) -> tuple[str, str]:
    """What was stripped from both names of one file, empty if nothing was."""
    bare = bare_names(old, new)
    return ("", "") if bare == (old, new) else (old.partition("/")[0], new.partition("/")[0])


def sole_name(name: str | None, usual: str, known: Collection[str]) -> str | None:
    """The one name of a file that comes or goes, without its prefix.

    *known* are the prefixes that other files of the diff have on that side. Where none of them has one, this
    has none either; else it may be one of theirs, or the *usual* one.
    """
    if name is None:
        return None
    first, slash, rest = name.partition("/")
    prefixed = first in known or (first == usual and set(known) != {""})
    return rest if first and slash and prefixed else name


def release_of(name: str) -> str | None:
    """The first folder of *name*, if it looks like that of a release; None: it does not, or there is none."""
    first, slash, _ = name.partition("/")
    return first if slash and _RELEASE.fullmatch(first) else None


def quoted(name: str) -> bytes:
    """*name* as git quotes it in a header."""
    if _PLAIN.fullmatch(name):
        return name.encode()
    escaped = "".join(_escape(byte) for byte in name.encode("utf-8", "surrogateescape"))
    return f'"{escaped}"'.encode()


def _escape(byte: int) -> str:
    char = chr(byte)
    if char in '"\\':
        return f"\\{char}"
    return char if 0x20 <= byte < 0x7F else f"\\{byte:03o}"


def _unquoted(inside: bytes) -> bytes:
    def meant(found: re.Match[bytes]) -> bytes:
        if len(found[1]) == 3:
            return bytes([int(found[1], 8)])
        return _ESCAPES.get(found[1], found[0])

    return _ESCAPE.sub(meant, inside)


def _text(name: bytes) -> str:
    return name.decode("utf-8", "surrogateescape")


def _same_file(old: bytes, new: bytes) -> bool:
    return old == new or (old[1:] == new[1:] and old[1:2] == b"/")


def bare_names(old: str | None, new: str | None) -> Names:
    """Both names of one file without their prefixes."""
    if old is None or new is None:
        return old, new
    first, old_slash, old_rest = old.partition("/")
    second, new_slash, new_rest = new.partition("/")
    if old_slash and new_slash and first != second:
        both_git = first in _PREFIXES and second in _PREFIXES
        if both_git or old_rest == new_rest:
            return old_rest, new_rest
    return old, new


def _was_never(rest: bytes) -> bool:
    found = _NEVER.search(rest)
    if found is None:
        return False
    minutes = int(found[2]) * 60 + int(found[3]) - (1440 if found[1] == b"1969-12-31" else 0)
    zone = int(found[5]) * 60 + int(found[6])
    return minutes == (zone if found[4] == b"+" else -zone)
