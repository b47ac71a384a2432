"""Level 3 from within: what a gate's process does to itself before it becomes the gate.

It makes a user and mount namespace in which it may mount, and there one tmpfs of a fixed size. On it are the
root that the gate sees, which shows what is listed and nothing else, and all that the gate can write to: the
upper layer over the workspace, the home, `/tmp`, `/dev`. Then it drops what rights the namespace gave and
becomes bubblewrap, which makes the namespaces that the gate lives in, with that root read-only as theirs.

bubblewrap could lay all this out by itself, but for each of sixty mounts it reads the list of them anew,
which doubles the time that a gate takes to start; and its own tmpfs have no size. So it gets one folder with
all mounts below it, which it would change if they allowed more than it does.

Of the standard library only, as `supervisor.py`, which calls this between fork and exec.
"""

import os
import socket
import stat

from executor.sandbox import syscalls

#: Where the tmpfs is mounted, for this process and its children alone, if the job brings no folder for it:
#: the first that does not hide bubblewrap and the libraries beside it.
_ANYWHERE = ("/tmp", "/mnt", "/var/tmp")  # noqa: S108
#: On the tmpfs, a file costs at least a page: more inodes than pages are only there to fill kernel memory.
_PAGE = 4096

_ALWAYS = (
    *("--unshare-all", "--unshare-user", "--disable-userns", "--cap-drop", "ALL"),
    *("--die-with-parent", "--new-session", "--json-status-fd"),
)
_READ_ONLY = syscalls.ATTR_READ_ONLY | syscalls.ATTR_NOSUID | syscalls.ATTR_NODEV
_FOLDERS = ("root", "root/proc", "root/etc", "root/tmp", "root/dev", "scratch", "scratch/home", "scratch/tmp")
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")
_LINKS = {
    "fd": "/proc/self/fd",
    "stdin": "/proc/self/fd/0",
    "stdout": "/proc/self/fd/1",
    "stderr": "/proc/self/fd/2",
    "ptmx": "pts/ptmx",
}


def enter(
    box: dict,  # type: ignore[type-arg]
    cwd: str,
    report: int,
    keep: socket.socket | None = None,
) -> list[str]:
    """Make the place ready and leave the process without rights; the argv of bubblewrap, to put the
    gate's behind, which will report to the descriptor *report*. Over *keep* goes the folder that will hold
    what the gate changes in *cwd*, open, which outlives the namespaces. Raises OSError, which names what
    this machine does not allow."""
    uid, gid = os.geteuid(), os.getegid()
    _become_mounter(uid, gid)
    base = box["scratch"] or next(
        place for place in _ANYWHERE if os.path.isdir(place) and not box["bwrap"].startswith(f"{place}/")
    )
    options = f"mode=0755,size={box['disk']},nr_inodes={box['disk'] // _PAGE}"
    # With devices, because those of the gate are bound upon it.
    syscalls.mount("tmpfs", base, "tmpfs", syscalls.MS_NOSUID, options)
    # From here on by relative names: the options of a mount cannot hold every path.
    os.chdir(base)
    for name in _FOLDERS:
        os.mkdir(name)
    os.chmod("root/tmp", 0o1777)  # noqa: S103 - as /tmp is everywhere
    _name_user(uid, gid)
    _bind("root", "root")
    _make_devices("root/dev")
    _open_up("root/tmp", "/tmp")  # noqa: S108
    for path in box["readable"]:
        _show(path)
    if box["scratch"]:
        _open_up("scratch", box["scratch"])
    if cwd != "/":
        _lay_over(cwd)
        _open_up("tree", cwd)
        if keep is not None:
            _hand_out("upper", keep)
    # The folders between all that is mounted there.
    syscalls.restrict("root", _READ_ONLY, below=False)
    binds = ["--dev-bind", f"{base}/root", "/", "--proc", "/proc"]
    syscalls.give_up_capabilities()
    network = ["--share-net"] if box["network"] else []
    return [box["bwrap"], *_ALWAYS, str(report), *network, *binds, "--chdir", cwd, "--"]


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


def _show(path: str) -> None:
    """*path* of the machine in the gate's root, if this user may be let through to it."""
    place = f"root{path}"
    try:
        mode = os.lstat(path).st_mode
    except OSError:
        return
    if not os.path.isdir(parent := os.path.dirname(place)):
        os.makedirs(parent)
    if stat.S_ISLNK(mode):
        os.symlink(os.readlink(path), place)
        return
    (os.mkdir if stat.S_ISDIR(mode) else os.mknod)(place)
    # With all that is mounted below it, which the kernel would not let anybody uncover.
    syscalls.mount(path, place, "", syscalls.MS_BIND | syscalls.MS_REC)
    syscalls.restrict(place, _READ_ONLY, below=True)


def _open_up(folder: str, path: str) -> None:
    """The *folder* of the tmpfs as *path* of the gate's root, where it may write."""
    os.makedirs(f"root{path}", exist_ok=True)
    _bind(folder, f"root{path}")
    syscalls.restrict(f"root{path}", syscalls.ATTR_NOSUID | syscalls.ATTR_NODEV, below=False)


def _bind(source: str, place: str) -> None:
    syscalls.mount(source, place, "", syscalls.MS_BIND)


def _make_devices(place: str) -> None:
    _bind(place, place)
    for name in ("shm", "pts"):
        os.mkdir(f"{place}/{name}")
    os.chmod(f"{place}/shm", 0o1777)  # noqa: S103 - as everywhere
    for name in _DEVICES:
        os.mknod(f"{place}/{name}")
        _bind(f"/dev/{name}", f"{place}/{name}")
    for name, target in _LINKS.items():
        os.symlink(target, f"{place}/{name}")
    options = "newinstance,ptmxmode=0666,mode=620"
    syscalls.mount("devpts", f"{place}/pts", "devpts", syscalls.MS_NOSUID, options)
    syscalls.restrict(place, syscalls.ATTR_NOSUID, below=True)


def _lay_over(tree: str) -> None:
    """The folder *tree* again as `tree`, with all that is written there going to the tmpfs."""
    for name in ("lower", "upper", "work", "tree"):
        os.mkdir(name)
    _bind(tree, "lower")
    layers = "lowerdir=lower,upperdir=upper,workdir=work,userxattr"
    syscalls.mount("overlay", "tree", "overlay", syscalls.MS_NOSUID | syscalls.MS_NODEV, layers)


def _hand_out(folder: str, keep: socket.socket) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    socket.send_fds(keep, [b"+"], [handle])
    os.close(handle)


def _name_user(uid: int, gid: int) -> None:
    """Programs ask for the name and home of their user."""
    _write("root/etc/passwd", f"gate:x:{uid}:{gid}::/tmp:/bin/sh\n")
    _write("root/etc/group", f"gate:x:{gid}:\n")


def _write(path: str, words: str) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    os.write(handle, words.encode())
    os.close(handle)
