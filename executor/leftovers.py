"""What a program left in its folder, which may be anything: pipes that never answer, links that lead out,
files larger than the disk, more names than anybody reads, something that still writes.

So nothing is followed, everything is bounded, and what is read is a regular file with one name that stays
as it is meanwhile.
"""

import enum
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from contracts.faults import Fault, Reason, fault
from contracts.modes import FileMode
from contracts.paths import MOST_DEPTH
from executor.files import File
from executor.sandbox.level import Left

#: Names of files and folders that are looked at.
MOST_NAMES = 100_000
_CHUNK = 1 << 20
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
#: A pipe that takes a file's place must not keep its reader waiting.
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
#: How an overlay says that nothing below it shows through.
_OPAQUE = ("user.overlay.opaque", b"y")
_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFDIR: "a folder",
}


class UntakenError(Exception):
    """Something that cannot be taken; *fault* says what and why."""

    def __init__(self, why: Fault) -> None:
        super().__init__(why.reason)
        self.fault = why


class Entering(enum.Enum):
    """What is done about a folder that is met."""

    IN = enum.auto()  #: what lies in it is looked at
    LATER = enum.auto()  #: it is new; it is noted, and may be explored
    NEVER = enum.auto()  #: nobody wants to know


class Survey:
    """What was met in a folder. *present* are the paths of all that is no folder, with the mode of each.

    Whatever else a tree has at or below one of *covering* is gone; elsewhere it shows through. *later* are
    folders that were not looked into.
    """

    def __init__(self, left: Left) -> None:
        self.present: dict[str, int] = {}
        self.covering: set[str] = set() if left.layer else {""}
        self.later: list[str] = []
        self._left = left
        self._names = 0

    def look(self, ways: Callable[[str], Entering]) -> None:
        """See what there is, where *ways* lead. Raises UntakenError if there is more than anybody reads."""
        self._look(self._left.folder, "", ways)

    def explore(self, folder: str) -> None:
        """See all that is in one of *later*. Raises UntakenError."""
        with _parent(self._left.folder, folder) as parent:
            self._look_into(parent, folder, lambda _: Entering.IN)

    def _look(self, folder: int, prefix: str, ways: Callable[[str], Entering]) -> None:
        with os.scandir(folder) as entries:
            for entry in entries:
                self._names += 1
                if self._names > MOST_NAMES:
                    raise UntakenError(fault(Reason.LEFT_TOO_MANY, most=MOST_NAMES))
                path = f"{prefix}{entry.name}"
                with _taking(path):
                    found = entry.stat(follow_symlinks=False)
                if self._left.layer and stat.S_ISCHR(found.st_mode) and found.st_rdev == 0:
                    self.covering.add(path)
                elif stat.S_ISDIR(found.st_mode) and path.count("/") < MOST_DEPTH:
                    self._meet(folder, path, ways)
                else:
                    # A folder that lies too deep is told like something else that cannot be taken.
                    self.present[path] = found.st_mode
                    self.covering.add(path)

    def _meet(self, folder: int, path: str, ways: Callable[[str], Entering]) -> None:
        match ways(path):
            case Entering.IN:
                self._look_into(folder, path, ways)
            case Entering.LATER:
                self.later.append(path)
                self.covering.add(path)
            case Entering.NEVER:
                pass

    def _look_into(self, folder: int, path: str, ways: Callable[[str], Entering]) -> None:
        with _opened(path.rpartition("/")[2], _FOLDER, folder, path) as inner:
            if self._left.layer and _is_opaque(inner):
                self.covering.add(path)
            self._look(inner, f"{path}/", ways)


def _is_opaque(folder: int) -> bool:
    attribute, value = _OPAQUE
    return attribute in os.listxattr(folder) and os.getxattr(folder, attribute) == value


def read_link(folder: int, path: str) -> bytes:
    """Where the symbolic link *path* below the open *folder* points. Raises UntakenError."""
    with _parent(folder, path) as parent, _taking(path):
        return os.fsencode(os.readlink(path.rpartition("/")[2], dir_fd=parent))


def read_file(folder: int, path: str, *, most: int) -> File:
    """The regular file *path* below the open *folder*, of at most *most* bytes. Raises UntakenError."""
    with _parent(folder, path) as parent, _opened(path.rpartition("/")[2], _FILE, parent, path) as handle:
        before = os.fstat(handle)
        if why := _refused(path, before, most):
            raise UntakenError(why)
        content = _all_of(handle, before.st_size)
        if _state(os.fstat(handle)) != _state(before) or len(content) != before.st_size:
            raise _changed(path)
        return File(content, FileMode.EXECUTABLE if before.st_mode & stat.S_IXUSR else FileMode.REGULAR)


def _refused(path: str, found: os.stat_result, most: int) -> Fault | None:
    if not stat.S_ISREG(found.st_mode):
        return no_file(path, found.st_mode)
    if found.st_nlink != 1:
        # The other name may be of a file that is none of this program's.
        return fault(Reason.LEFT_NO_FILE, path=path, found="a file with several names (hard links)")
    if found.st_size > most:
        return fault(Reason.FILE_TOO_LARGE, path=path, size=found.st_size, most=most)
    return None


def no_file(path: str, mode: int) -> Fault:
    """That something of *mode* is at *path*, which is not taken."""
    return fault(Reason.LEFT_NO_FILE, path=path, found=_KINDS.get(stat.S_IFMT(mode), "no regular file"))


def _all_of(handle: int, size: int) -> bytes:
    """What the file holds; one byte more than *size* if it has grown."""
    content = bytearray()
    while len(content) <= size:
        chunk = os.read(handle, min(_CHUNK, size + 1 - len(content)))
        if not chunk:
            break
        content += chunk
    return bytes(content)


def _state(found: os.stat_result) -> Mapping[str, int]:
    return {name: getattr(found, name) for name in ("st_size", "st_mtime_ns", "st_ctime_ns", "st_nlink")}


@contextmanager
def _parent(folder: int, path: str) -> Iterator[int]:
    """The folder that *path* lies in, open; never through a symbolic link."""
    name, _, rest = path.partition("/")
    if not rest:
        yield folder
        return
    with _opened(name, _FOLDER, folder, path) as inner, _parent(inner, rest) as parent:
        yield parent


@contextmanager
def _opened(name: str, flags: int, folder: int, path: str) -> Iterator[int]:
    with _taking(path):
        handle = os.open(name, flags, dir_fd=folder)
    try:
        yield handle
    finally:
        os.close(handle)


@contextmanager
def _taking(path: str) -> Iterator[None]:
    """Whatever is wrong with *path* is what somebody made of it."""
    try:
        yield
    except PermissionError as error:
        raise UntakenError(fault(Reason.LEFT_NO_FILE, path=path, found="closed to its own user")) from error
    except OSError as error:
        raise _changed(path) from error


def _changed(path: str) -> UntakenError:
    return UntakenError(fault(Reason.LEFT_CHANGING, path=path))
