"""Level 4: a control group for each gate, below one that the machine has delegated to the desk.

`delegated` is asked once, by the desk; the rest is done by supervisors, so this is of the standard library
only.
"""

import contextlib
import os
import time
from collections.abc import Iterator

_CONTROLLERS = ("memory", "pids")
#: The desk's own processes: a group that has members cannot pass controllers on to others.
_DESK = "desk"
#: Of a gate, before the number of its supervisor.
_GATE = "gate-"
#: How long the kernel may take to let go of what was killed, in seconds.
_PATIENCE = 5.0


def delegated() -> str:
    """The folder of the group in which gates may have theirs, none of them left from before. Raises OSError
    that says what is missing."""
    own = own_group(_read("/proc/self/mountinfo"), _read("/proc/self/cgroup"))
    offered = _read(f"{own}/cgroup.controllers").split()
    if missing := [name for name in _CONTROLLERS if name not in offered]:
        raise OSError(f"the control group {own} has no controller for {' and '.join(missing)}")
    if not _is_ours(own):
        raise OSError(f"the control group {own} is not delegated to the desk")
    if not set(_CONTROLLERS) <= set(_read(f"{own}/cgroup.subtree_control").split()):
        with contextlib.suppress(FileExistsError):
            os.mkdir(f"{own}/{_DESK}")
        for pid in _read(f"{own}/cgroup.procs").split():
            _write(f"{own}/{_DESK}/cgroup.procs", pid)
        _write(f"{own}/cgroup.subtree_control", " ".join(f"+{name}" for name in _CONTROLLERS))
    sweep(own)
    return own


def sweep(parent: str) -> None:
    """Take away what supervisors left that somebody has killed. Raises OSError."""
    for name in os.listdir(parent):
        _, is_one, pid = name.partition(_GATE)
        if is_one and not os.path.exists(f"/proc/{pid}"):
            # One that had its end just now has done it by itself.
            with contextlib.suppress(FileNotFoundError):
                _end(f"{parent}/{name}")


def _is_ours(own: str) -> bool:
    """Not only writable: root may write to every group, and would rearrange somebody's login session."""
    writable = all(
        os.access(f"{own}/{name}", os.W_OK) for name in (".", "cgroup.procs", "cgroup.subtree_control")
    )
    if _read("/proc/self/cgroup").endswith("0::/\n"):
        # All that a container has; the whole machine's has no type.
        return writable and os.path.exists(f"{own}/cgroup.type")
    try:
        return writable and os.getxattr(own, "user.delegate") == b"1"
    except OSError:
        return False


def own_group(mountinfo: str, cgroup: str) -> str:
    """The folder of a process's group, from what `/proc` says of it; the one above for a desk that has made
    itself one below. Raises OSError where there are no control groups of the second version."""
    mounts = [line.split() for line in mountinfo.splitlines()]
    places = [words[4] for words in mounts if words[words.index("-") + 1] == "cgroup2"]
    groups = [line[3:] for line in cgroup.splitlines() if line.startswith("0::")]
    if not places or not groups:
        raise OSError("this machine has no control groups of the second version")
    return (places[0] + groups[0].rstrip("/")).removesuffix(f"/{_DESK}")


@contextlib.contextmanager
def group(parent: str, limits: dict[str, int]) -> Iterator[str]:
    """A new group below *parent*, with *limits* by the names of their files; in the end it is emptied by
    force and taken away. Raises OSError."""
    place = f"{parent}/{_GATE}{os.getpid()}"
    os.mkdir(place)
    try:
        for name, most in limits.items():
            # Where the kernel does not count swap there is no file for it.
            if name == "memory.swap.max" and not os.path.exists(f"{place}/{name}"):
                continue
            _write(f"{place}/{name}", str(most))
        yield place
    finally:
        _end(place)


def join(place: str) -> None:
    _write(f"{place}/cgroup.procs", "0")


def _end(place: str) -> None:
    _write(f"{place}/cgroup.kill", "1")
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            os.rmdir(place)
        except FileNotFoundError:
            raise
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.002)
        else:
            return


def _read(path: str) -> str:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    with os.fdopen(handle) as file:
        return file.read()


def _write(path: str, words: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CLOEXEC)
    try:
        os.write(handle, words.encode())
    finally:
        os.close(handle)
