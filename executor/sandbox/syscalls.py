"""The few calls into the kernel that Python has no names for. Of the standard library only: supervisors
and what they confine import this."""

import ctypes
import os

LIBC = ctypes.CDLL(None, use_errno=True)

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38

CLONE_NEWNS = 0x00020000
CLONE_NEWUSER = 0x10000000

ATTR_READ_ONLY = 0b001
ATTR_NOSUID = 0b010
ATTR_NODEV = 0b100

MS_NOSUID = 0x2
MS_NODEV = 0x4
MS_BIND = 0x1000
MS_REC = 0x4000
MS_PRIVATE = 0x40000

_AT_FDCWD = -100
_AT_RECURSIVE = 0x8000
_MOUNT_SETATTR = 442
_CAPABILITY_VERSION_3 = 0x20080522


def prctl(option: int, value: int) -> None:
    _check(LIBC.prctl(option, value, 0, 0, 0), "prctl")


def unshare(flags: int) -> None:
    _check(LIBC.unshare(flags), "user namespaces")


def mount(source: str, target: str, kind: str, flags: int = 0, options: str = "") -> None:
    words = (os.fsencode(source), os.fsencode(target), kind.encode(), flags, os.fsencode(options))
    _check(LIBC.mount(words[0], words[1], words[2], ctypes.c_ulong(flags), words[4]), f"mounting {target}")


def restrict(place: str, attributes: int, *, below: bool) -> None:
    """Give the mount at *place*, and with *below* all that is mounted there, more *attributes*."""
    wanted = (ctypes.c_uint64 * 4)(attributes)
    flags, size = _AT_RECURSIVE if below else 0, ctypes.c_size_t(ctypes.sizeof(wanted))
    syscall(_MOUNT_SETATTR, _AT_FDCWD, os.fsencode(place), flags, ctypes.byref(wanted), size)


def give_up_capabilities() -> None:
    """All of them; what is executed afterwards has none."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    none = (ctypes.c_uint32 * 6)()
    _check(LIBC.capset(header, none), "capset")


def syscall(number: int, *arguments: object) -> int:
    """Raises OSError with the kernel's word on it."""
    found = int(LIBC.syscall(ctypes.c_long(number), *arguments))
    _check(-1 if found < 0 else 0, f"system call {number}")
    return found


def _check(code: int, what: str) -> None:
    if code:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
