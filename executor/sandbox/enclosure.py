"""Level 3 from within: what a gate's process does to itself before it becomes the gate.

It makes a user and mount namespace in which it may mount, and there one tmpfs of a fixed size. All that the
gate can write to lies on it: the upper layer over the workspace, the home, `/tmp`, `/dev/shm`. Then it drops
what rights the namespace gave and becomes bubblewrap, which makes the namespaces that the gate lives in and
a root that shows nothing but what is listed here. bubblewrap's own tmpfs have no size, so none of them is
left writable.

Of the standard library only, as `supervisor.py`, which calls this between fork and exec.
"""

import os
from collections.abc import Iterator

from executor.sandbox import syscalls

#: Where the tmpfs is mounted, for this process and its children alone, if the job brings no folder for it.
_ANYWHERE = "/tmp"  # noqa: S108
#: On the tmpfs, a file costs at least a page: more inodes than pages are only there to fill kernel memory.
_PAGE = 4096

_ALWAYS = (
    *("--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL"),
    *("--die-with-parent", "--new-session"),
)


def enter(box: dict, cwd: str) -> list[str]:  # type: ignore[type-arg]
    """Make the place ready and leave the process without rights; the argv of bubblewrap, to put the
    gate's behind. Raises OSError, which names what this machine does not allow."""
    uid, gid = os.geteuid(), os.getegid()
    _become_mounter(uid, gid)
    base = box["scratch"] or _ANYWHERE
    options = f"mode=0755,size={box['disk']},nr_inodes={box['disk'] // _PAGE}"
    syscalls.mount("tmpfs", base, "tmpfs", syscalls.MS_NOSUID | syscalls.MS_NODEV, options)
    # From here on by relative names: the options of a mount cannot hold every path.
    os.chdir(base)
    for name in ("etc", "shm", "tmp", "scratch", "scratch/home", "scratch/tmp"):
        os.mkdir(name)
    os.chmod("tmp", 0o1777)  # noqa: S103 - as /tmp is everywhere
    _name_user(uid, gid)
    if cwd != "/":
        _lay_over(cwd)
    syscalls.give_up_capabilities()
    return [box["bwrap"], *_ALWAYS, *_view(box, base, cwd)]


def _become_mounter(uid: int, gid: int) -> None:
    # A process that has changed its user may not even write its own maps until it says it is nothing secret.
    syscalls.prctl(syscalls.PR_SET_DUMPABLE, 1)
    syscalls.unshare(syscalls.CLONE_NEWUSER | syscalls.CLONE_NEWNS)
    for file, words in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {uid} 1"),
        ("gid_map", f"{gid} {gid} 1"),
    ):
        _write(f"/proc/self/{file}", words)
    syscalls.mount("none", "/", "", syscalls.MS_REC | syscalls.MS_PRIVATE)


def _lay_over(tree: str) -> None:
    """The folder *tree* again as `tree`, with all that is written there going to the tmpfs."""
    for name in ("lower", "upper", "work", "tree"):
        os.mkdir(name)
    syscalls.mount(tree, "lower", "", syscalls.MS_BIND)
    layers = "lowerdir=lower,upperdir=upper,workdir=work,userxattr"
    syscalls.mount("overlay", "tree", "overlay", syscalls.MS_NOSUID | syscalls.MS_NODEV, layers)


def _name_user(uid: int, gid: int) -> None:
    """Programs ask for the name and home of their user."""
    for file, words in (
        ("passwd", f"gate:x:{uid}:{gid}::/tmp:/bin/sh\n"),
        ("group", f"gate:x:{gid}:\n"),
    ):
        _write(f"etc/{file}", words)


def _write(path: str, words: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    os.write(handle, words.encode())
    os.close(handle)


def _view(box: dict, base: str, cwd: str) -> Iterator[str]:  # type: ignore[type-arg]
    """What the gate sees, in the order in which it is laid."""
    if box["network"]:
        yield "--share-net"
    yield from ("--proc", "/proc", "--dev", "/dev")
    for own, place in (("shm", "/dev/shm"), ("tmp", "/tmp")):  # noqa: S108
        yield from ("--bind", f"{base}/{own}", place)
    for path in box["readable"]:
        if os.path.islink(path):
            yield from ("--symlink", os.readlink(path), path)
        elif os.path.exists(path):  # for this user, who may not be let through to it
            yield from ("--ro-bind", path, path)
    for file in ("/etc/passwd", "/etc/group"):
        yield from ("--ro-bind", base + file, file)
    if box["scratch"]:
        yield from ("--bind", f"{base}/scratch", box["scratch"])
    if cwd != "/":
        yield from ("--bind", f"{base}/tree", cwd)
    yield from ("--remount-ro", "/dev", "--remount-ro", "/", "--chdir", cwd)
