"""Runs one gate and outlives everything it started. A program of its own, of the standard library only.

It is forked by `serve`, says its number, and reads a job (written by `executor.sandbox.supervised`) as one
line of JSON from stdin, which stays open: it is the lifeline. When it closes, the desk has died or lost its
interest, and the gate is ended. The result goes to stdout as JSON.

The supervisor is the subreaper of everything below it: what a gate leaves behind, in whatever session,
becomes the supervisor's child, is found, and is killed before the result is given.
"""

import binascii
import contextlib
import gc
import json
import math
import os
import select
import signal
import socket
import time
from collections.abc import Iterator
from typing import NoReturn

from executor.sandbox import cgroup, syscalls
from executor.sandbox.becoming import Becoming

#: All times here are seconds. Output still in the pipe after everything was killed is waited for this long.
_DRAIN = 0.2
#: What has not died by then is held by the kernel; the result says that the sweep was not clean.
_SWEEP = 10.0
#: What may be dying already is given this long, before all processes are searched for it.
_LAST_BREATH = 0.02
_CHUNK = 1 << 16
#: poll() counts milliseconds in an int.
_LONGEST = 3600.0

#: What a supervisor tells the nursery when no more jobs will come.
_NO_MORE = b"."

JsonValue = object


class Output:
    """The first and last bytes of what came, and how many there were in all."""

    def __init__(self, keep: int) -> None:
        self._half = keep // 2
        self._head = bytearray()
        self._tail = bytearray()
        self.total = 0

    def add(self, chunk: bytes) -> None:
        self.total += len(chunk)
        room = self._half - len(self._head)
        self._head += chunk[:room]
        self._tail += chunk[room:]
        del self._tail[: -self._half]

    def first_words(self) -> str:
        return self._head[:500].decode(errors="replace").strip()

    def report(self) -> dict[str, JsonValue]:
        dropped = self.total - len(self._head) - len(self._tail)
        return {
            "head": binascii.b2a_base64(self._head).decode(),
            "tail": binascii.b2a_base64(self._tail).decode(),
            "dropped": dropped,
        }


class Gate:
    """One job from its start to its result. It is made before there is a job."""

    def __init__(self, child: Becoming) -> None:
        self._child = child
        self._job: dict = {}  # type: ignore[type-arg]
        self._output = Output(0)
        self._status: int | None = None
        self._pid = child.pid
        self._pipe = child.output
        self._spoke = 0.0
        self._wakeups, waker = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
        signal.set_wakeup_fd(waker, warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, self._heard)
        self._told_to_end = False

    def _heard(self, number: int, _frame: object) -> None:
        self._told_to_end = self._told_to_end or number != signal.SIGCHLD

    def run(
        self,
        job: dict,  # type: ignore[type-arg]
        keep: socket.socket | None = None,
    ) -> dict[str, JsonValue]:
        """Over *keep* the job hands out what is to outlive it. Raises OSError if it cannot even begin."""
        # Not while there is no job: whoever is told to end then just ends, and another one waits.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._heard)
        self._job = job
        self._output = Output(job["keep"])
        self._spoke = time.monotonic()
        if job["group"] is None:
            return self._run("", keep)
        with cgroup.group(job["group"]["parent"], job["group"]["limits"]) as group:
            return self._run(group, keep)

    def _run(self, group: str, keep: socket.socket | None) -> dict[str, JsonValue]:
        began = time.monotonic()
        detail = self._child.become(self._job, group, keep)
        idle = self._job["idle"] or math.inf
        how = "not-started" if detail else self._watch(began + self._job["timeout"], idle)
        took = time.monotonic() - began
        if how in {"timed-out", "silent"}:
            self._ask_to_end()
        clean = self._sweep()
        self._drain()
        result = {"how": how, "detail": detail, "took": took, "clean": clean, **self._output.report()}
        if how == "exited" and self._status is not None:
            code = os.waitstatus_to_exitcode(self._status)
            result |= self._judge(code) if self._job["box"] else _exited(code)
        return result

    def _judge(self, code: int) -> dict[str, JsonValue]:
        """What became of the program, whose end only bubblewrap has seen."""
        if code < 0:
            return _exited(code)
        with contextlib.suppress(BlockingIOError):
            if b'"exit-code"' in os.read(self._child.reported, _CHUNK):
                # A shell's way to say it, and all that is left of a signal.
                return _exited(128 - code if code - 128 in signal.valid_signals() else code)
        return {"how": "not-started", "detail": self._output.first_words()}

    # Watching ------------------------------------------------------------------------------
    def _watch(self, deadline: float, idle: float = math.inf) -> str:
        """Until the gate ends or has to: exited, timed-out, silent, flooded, abandoned."""
        poll = select.poll()
        for descriptor in (self._pipe, self._wakeups, 0):
            poll.register(descriptor, select.POLLIN)
        while True:
            now = time.monotonic()
            left = min(deadline - now, self._spoke + idle - now)
            if left <= 0:
                return "timed-out" if deadline <= now else "silent"
            ready = {descriptor for descriptor, _ in poll.poll(min(left, _LONGEST) * 1000 + 1)}
            if self._told_to_end or (0 in ready and not os.read(0, _CHUNK)):
                return "abandoned"
            if self._pipe in ready and not self._read():
                poll.unregister(self._pipe)
            if self._output.total > self._job["most"]:
                return "flooded"
            self._reap()
            if self._status is not None:
                return "exited"

    def _read(self) -> bool:
        chunk = os.read(self._pipe, _CHUNK)
        self._output.add(chunk)
        self._spoke = time.monotonic()
        return bool(chunk)

    def _reap(self) -> bool:
        """Collect whoever has died. False: there is nobody left below the supervisor."""
        with contextlib.suppress(BlockingIOError):
            while os.read(self._wakeups, _CHUNK):
                pass
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if not pid:
                return True
            if pid == self._pid:
                self._status = status

    # Ending --------------------------------------------------------------------------------
    def _ask_to_end(self) -> None:
        """SIGTERM to the gate's group, and a grace in which its output is still read."""
        if self._job["box"]:
            # In sessions of their own, below two processes of bubblewrap, whose end would be theirs at once.
            wrapping = {self._pid, *_children(self._pid)}
            _kill(set(_descendants(self._pid)) - wrapping, signal.SIGTERM)
        else:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._pid, signal.SIGTERM)
        self._watch(time.monotonic() + self._job["grace"])

    def _sweep(self) -> bool:
        """Kill everything below the supervisor. True: nothing is left.

        First everybody is stopped, again and again until nobody new is found, because whoever is
        killed makes room for another child of a fork bomb; a stopped process makes none.
        """
        deadline = time.monotonic() + _SWEEP
        stopped: set[int] = set()
        if self._reap():
            # Usually nobody but bubblewrap's own child, which dies with it, sooner than it could be found.
            select.select([self._wakeups], [], [], _LAST_BREATH)
        while self._reap():
            found = set(_descendants(os.getpid()))
            fresh = found - stopped
            _kill(fresh, signal.SIGSTOP)
            stopped |= fresh
            if not fresh:
                _kill(found, signal.SIGKILL)
                select.select([self._wakeups], [], [], 0.01)
            if time.monotonic() > deadline:
                return False
        return True

    def _drain(self) -> None:
        deadline = time.monotonic() + _DRAIN
        while (left := deadline - time.monotonic()) > 0:
            ready, _, _ = select.select([self._pipe], [], [], left)
            if not ready or not self._read():
                return


def _exited(code: int) -> dict[str, JsonValue]:
    return {"code": code} if code >= 0 else {"how": "signalled", "signal": -code}


def _kill(pids: set[int], number: signal.Signals) -> None:
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def _descendants(pid: int) -> Iterator[int]:
    parents = _families()
    waiting = [pid]
    while waiting:
        below = parents.get(waiting.pop(), [])
        yield from below
        waiting += below


def _children(pid: int) -> list[int]:
    return _families().get(pid, [])


def _families() -> dict[int, list[int]]:
    """All processes by their parents."""
    parents: dict[int, list[int]] = {}
    with os.scandir("/proc") as entries:
        names = [entry.name for entry in entries if entry.name.isdecimal()]
    for name in names:
        with (
            contextlib.suppress(OSError),
            os.fdopen(os.open(f"/proc/{name}/stat", os.O_RDONLY), "rb") as stat,
        ):
            # The name in parentheses may hold anything, so the parent is counted from its end.
            parent = int(stat.read().rpartition(b")")[2].split()[1])
            parents.setdefault(parent, []).append(int(name))
    return parents


def main(gate: Gate, keep: socket.socket | None = None) -> None:
    """Have *gate* carry out the one job that comes over stdin; *keep* is for what is to outlive it."""
    os.write(1, b"%d\n" % os.getpid())
    line = b""
    while not line.endswith(b"\n"):
        chunk = os.read(0, _CHUNK)
        if not chunk:
            return
        line += chunk
    result = memoryview(json.dumps(gate.run(json.loads(line), keep)).encode())
    while result:
        result = result[os.write(1, result) :]
    # To be taken apart takes a process its time, for which nobody need wait.
    with socket.socket(fileno=os.dup(1)) as line_to_the_desk:
        line_to_the_desk.shutdown(socket.SHUT_WR)


def serve() -> None:
    """Have a supervisor wait for what comes over stdin, and another one as soon as it got a job, until that
    closes: a gate need not wait until one is forked."""
    # Whoever started the desk may have left it files open that its children inherit.
    with os.scandir("/proc/self/fd") as entries:
        numbers = [int(entry.name) for entry in entries]
    for number in set(numbers) - {0, 1, 2}:
        with contextlib.suppress(OSError):  # that of the listing is closed
            os.close(number)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    # What is here stays; a child that looked for garbage would only copy it.
    gc.disable()
    nursery = os.getpid()
    while True:
        told, tell = os.pipe2(os.O_CLOEXEC)
        if not os.fork():
            os.close(told)
            _supervise(nursery, tell)
        os.close(tell)
        # Nothing comes of one that somebody has killed.
        if os.read(told, 1) == _NO_MORE:
            return
        os.close(told)


def _supervise(nursery: int, tell: int) -> NoReturn:
    """In the child: do nothing that a whole interpreter would do at its end, which takes its time."""
    code = 1
    try:
        os.setsid()
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        syscalls.prctl(syscalls.PR_SET_CHILD_SUBREAPER, 1)
        gate = Gate(Becoming(without=(tell,)))
        if keep := _wait_for_a_job(nursery, tell):
            main(gate, *keep)
        code = 0
    except OSError as error:
        os.write(1, str(error).encode())
    finally:
        os._exit(code)


def _wait_for_a_job(nursery: int, tell: int) -> list[socket.socket | None]:
    """Have the desk at stdin and stdout; what a job's files are to be handed out over. Empty: it has gone."""
    # Without a nursery, which would have another one wait then, nobody is to take a job.
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != nursery:
        return []
    with socket.socket(fileno=os.dup(0)) as desk:
        said, handles, _, _ = socket.recv_fds(desk, 1, 2)
    syscalls.prctl(syscalls.PR_SET_PDEATHSIG, 0)
    os.write(tell, b"+" if said else _NO_MORE)
    os.close(tell)
    if not said:
        return []
    line, *keep = handles
    for standard in (0, 1, 2):
        os.dup2(line, standard)
    os.close(line)
    return [socket.socket(fileno=keep[0]) if keep else None]
