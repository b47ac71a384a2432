"""Level 2 from within: a process gives up, for itself and all it starts, every file but those listed here.

Of the standard library only, as `supervisor.py`, which calls this between fork and exec.
"""

import contextlib
import ctypes
import enum
import os
import stat
from collections.abc import Iterable

from executor.sandbox import syscalls

#: Linux 6.7. Before it TCP is not ruled, and before 6.2 whoever may open a file may cut it to nothing.
LEAST_ABI = 4
_SCOPES_ABI = 6
_DEVICE_ABI = 5

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_ASK_VERSION = 1
_BENEATH = 1

#: What programs take for granted: /proc shows a landlocked process no secrets of those outside.
_READABLE = ("/proc",)
_DEVICES = tuple(f"/dev/{name}" for name in ("null", "zero", "full", "random", "urandom", "tty"))


class _File(enum.IntFlag):
    EXECUTE = 1 << 0
    WRITE = 1 << 1
    READ = 1 << 2
    LIST = 1 << 3
    REMOVE_FOLDER = 1 << 4
    REMOVE_FILE = 1 << 5
    MAKE_CHARACTER_DEVICE = 1 << 6
    MAKE_FOLDER = 1 << 7
    MAKE_FILE = 1 << 8
    MAKE_SOCKET = 1 << 9
    MAKE_FIFO = 1 << 10
    MAKE_BLOCK_DEVICE = 1 << 11
    MAKE_LINK = 1 << 12
    REFER = 1 << 13
    TRUNCATE = 1 << 14
    DEVICE_CONTROL = 1 << 15


_OF_FILES = _File.EXECUTE | _File.WRITE | _File.READ | _File.TRUNCATE
_TO_READ = _File.EXECUTE | _File.READ | _File.LIST
_ALL = _File(0x7FFF)
_TO_WORK = _ALL & ~(_File.MAKE_CHARACTER_DEVICE | _File.MAKE_BLOCK_DEVICE)
_TCP = 0b11  #: bind, connect
_SCOPES = 0b11  #: abstract sockets and signals stay among the confined


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32))


def confine(readable: Iterable[str], writable: Iterable[str], *, network: bool) -> None:
    """From here on nothing outside *readable* is read or executed, and nothing outside *writable* is changed.
    What is not there is passed over. Needs PR_SET_NO_NEW_PRIVS. Raises OSError if the kernel knows too
    little of this."""
    try:
        abi = syscalls.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), _ASK_VERSION)
    except OSError as error:
        raise OSError(error.errno, "the kernel has no Landlock, or it is off") from error
    if abi < LEAST_ABI:
        raise OSError(f"the kernel's Landlock has version {abi}, too old: version {LEAST_ABI} is Linux 6.7")
    rules = _Ruleset(
        files=_ALL | (_File.DEVICE_CONTROL if abi >= _DEVICE_ABI else 0),
        network=0 if network else _TCP,
        scopes=_SCOPES if abi >= _SCOPES_ABI else 0,
    )
    size = ctypes.sizeof(rules) if abi >= _SCOPES_ABI else _Ruleset.scopes.offset
    ruleset = syscalls.syscall(_CREATE_RULESET, ctypes.byref(rules), ctypes.c_size_t(size), 0)
    for paths, allowed in (((*readable, *_READABLE), _TO_READ), ((*writable, *_DEVICES), _TO_WORK)):
        for path in paths:
            _allow(ruleset, path, allowed)
    syscalls.syscall(_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def _allow(ruleset: int, path: str, allowed: _File) -> None:
    with contextlib.suppress(FileNotFoundError, PermissionError):
        handle = os.open(path, os.O_PATH | os.O_CLOEXEC)
        if not stat.S_ISDIR(os.fstat(handle).st_mode):
            allowed &= _OF_FILES
        rule = _Beneath(allowed, handle)
        syscalls.syscall(_ADD_RULE, ruleset, _BENEATH, ctypes.byref(rule), 0)
        os.close(handle)
