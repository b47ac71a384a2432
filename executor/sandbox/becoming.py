"""The process that becomes a gate. It is there before its job, because a fork of Python takes its time.

Of the standard library only, as `supervisor.py`, whose child it is.
"""

import json
import os
import resource
import signal
import socket
from collections.abc import Iterable
from typing import NoReturn

from executor.sandbox import cgroup, enclosure, landlock, syscalls

_CHUNK = 1 << 16
#: Python ignores two of them, and whoever started the desk (nohup, a shell's `&`) may ignore more.
_IGNORED = tuple(each for each in signal.valid_signals() if signal.getsignal(each) is signal.SIG_IGN)


class Becoming:
    """A child of this process that waits for a job. *output* is where it will print, *reported* where
    bubblewrap will report; nothing comes there at the levels that do without it."""

    def __init__(self, *, without: Iterable[int]) -> None:
        """The descriptors *without* are none of the child's business."""
        self.output, output = os.pipe2(os.O_CLOEXEC)
        self.reported, report = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        self._trouble, complain = os.pipe2(os.O_CLOEXEC)
        self._orders, orders = socket.socketpair()
        supervisor = os.getpid()
        self.pid = os.fork()
        if not self.pid:
            self._orders.close()
            for handle in without:
                os.close(handle)
            _wait(orders, supervisor, output, report, complain)
        orders.close()
        for handle in (output, report, complain):
            os.close(handle)

    def become(self, job: dict, group: str, keep: socket.socket | None) -> str:  # type: ignore[type-arg]
        """Have it be the gate of *job*, in the control *group* if that is not empty; *keep* is where the job
        hands out what is to outlive it. What was wrong, or an empty string. Raises OSError if somebody has
        ended it, which says nothing about the job."""
        order = json.dumps([job, group]).encode() + b"\n"
        try:
            sent = socket.send_fds(self._orders, [order], [keep.fileno()] if keep else [])
            # Nothing more to say is not to be said: whoever has heard all may be the gate already.
            if rest := order[sent:]:
                self._orders.sendall(rest)
        except OSError as error:
            raise OSError(f"whoever was to become the gate is gone: {error}") from error
        # Closed by a successful exec without a word.
        with os.fdopen(self._trouble, "rb") as words:
            return words.read().decode(errors="replace")


def _wait(orders: socket.socket, supervisor: int, output: int, report: int, complain: int) -> NoReturn:
    try:
        os.setsid()
        nothing = os.open(os.devnull, os.O_RDONLY)
        for source, target in ((nothing, 0), (output, 1), (output, 2)):
            os.dup2(source, target)
        for number in _IGNORED:
            signal.signal(number, signal.SIG_DFL)
        syscalls.prctl(syscalls.PR_SET_NO_NEW_PRIVS, 1)
        # What is executed is looked for by this, which imports a module that another user may not read.
        os.get_exec_path({})
        order, handles, _, _ = socket.recv_fds(orders, _CHUNK, 1)
        while order and not order.endswith(b"\n"):
            more = orders.recv(_CHUNK)
            order = order + more if more else b""
        if order:
            job, group = json.loads(order)
            keep = socket.socket(fileno=handles[0]) if handles else None
            if keep is not None:
                # What came over a socket would be inherited; the gate is to have nothing of that.
                keep.set_inheritable(False)
            _become(job, group, keep, supervisor, report)
    except (OSError, ValueError, LookupError, ImportError) as error:
        os.write(complain, str(error).encode(errors="replace")[:500])
    finally:
        os._exit(127)


def _become(
    job: dict,  # type: ignore[type-arg]
    group: str,
    keep: socket.socket | None,
    supervisor: int,
    report: int,
) -> None:
    """Shed everything, then be the gate."""
    if group:
        cgroup.join(group)
    if job["uid"] is not None:
        os.setgroups([])
        os.setresgid(job["uid"], job["uid"], job["uid"])
        os.setresuid(job["uid"], job["uid"], job["uid"])
    argv = _confine(job, report, keep)
    # After the box, whose processes alone then count, and which hides nobody else's.
    _limit(job)
    # After the change of user, which clears it.
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != supervisor:
        return
    os.umask(0o022)
    os.execvpe(argv[0], argv, job["env"])  # noqa: S606 - no shell is the point


def _confine(job: dict, report: int, keep: socket.socket | None) -> list[str]:  # type: ignore[type-arg]
    """Do to this process what its level asks for; what is to be executed."""
    if job["box"]:
        os.set_inheritable(report, True)
        return [*enclosure.enter(job["box"], job["cwd"], report, keep), *job["argv"]]
    os.chdir(job["cwd"])
    if job["landlock"]:
        landlock.confine(**job["landlock"])
    return list(job["argv"])


def _limit(job: dict) -> None:  # type: ignore[type-arg]
    for name, most in job["limits"].items():
        limit = getattr(resource, f"RLIMIT_{name}")
        hard = resource.getrlimit(limit)[1]
        allowed = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(limit, (allowed, allowed))
