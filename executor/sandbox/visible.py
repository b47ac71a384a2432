"""What gates see of the machine from level 2 on: the system's programs, and nothing of anybody's.

Of `/etc` only what programs need to run and to resolve names; each of these costs every gate a little
time. Whatever else a domain's gates want (a tool chain below `/opt`, a cache that may be read) the
operators name.
"""

import sys
from collections.abc import Iterable

_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
_ETC = (
    *("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives"),
    *("nsswitch.conf", "hosts", "resolv.conf", "services", "protocols"),
    *("ssl", "pki", "crypto-policies"),
    *("localtime", "timezone", "locale.conf", "os-release", "mime.types", "fonts"),
    *("java-11-openjdk", "java-17-openjdk", "java-21-openjdk"),
)


def readable(more: Iterable[str]) -> tuple[str, ...]:
    """Absolute paths, each with all below it; some may not be there."""
    found = [*_SYSTEM, *(f"/etc/{name}" for name in _ETC)]
    # The Python of the desk, without what is installed beside it: gates are often run with the same one.
    found += [path for path in (sys.base_prefix, *more) if not _covered(path, found)]
    return tuple(found)


def _covered(path: str, by: Iterable[str]) -> bool:
    return any(path == other or path.startswith(f"{other}/") for other in by)
