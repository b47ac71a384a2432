"""Local Slacks that outlast a test: starting one takes longer than most tests that need one.

Each is lent to one test at a time. Between two of them it forgets all that was said, and one that has not
finished what the last test had it do is not lent again.
"""

import atexit
import re
import subprocess
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.demo.peer import Mode, Peer, Workspace, render_config
from tests.peer.local_slack import BINARY, STOPS_WITHIN, die_with_us

#: The peer keeps so many lines of its log; of one that is full we do not know how it began.
_LINES = 1000


@dataclass(frozen=True, slots=True)
class _Lasting:
    process: "subprocess.Popen[str]"
    url: str

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(STOPS_WITHIN.total_seconds())
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


#: By configuration; of this process, as each worker of the tests has its own.
_idle: dict[str, list[_Lasting]] = {}


@asynccontextmanager
async def lent_slack(workspace: Workspace) -> AsyncIterator[Peer]:
    """A running peer in Socket Mode, as `local_slack` starts one, in which nothing was said before."""
    config = render_config(workspace, mode=Mode.SOCKET)
    idle = _idle.setdefault(config, [])
    lasting = idle.pop() if idle else _start(config)
    forgot = False
    try:
        async with Peer(lasting.url) as peer:
            await peer.state()
            yield peer
            if await _has_finished(peer):
                await peer.reset()
                forgot = True
    finally:
        if forgot:
            idle.append(lasting)
        else:
            lasting.stop()


async def _has_finished(peer: Peer) -> bool:
    """Whatever it handed to an app was acknowledged: it waits for nothing, so that nothing more will come."""
    log = await peer.log()
    handed = sum(line["summary"].startswith("envelope ") for line in log if line["direction"] == "to_bot")
    return len(log) < _LINES and handed == sum(line["kind"] == "ack" for line in log)


def _start(config: str) -> _Lasting:
    """Started from the main thread, with which it ends."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "workspace.json")
        file.write_text(config, encoding="utf-8")
        process = subprocess.Popen(
            [BINARY, "--config", file, "--port", "0", "--base-host", "127.0.0.1"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            preexec_fn=die_with_us,  # noqa: PLW1509 - it calls one function, which takes no lock
            text=True,
        )
        assert process.stdout is not None
        for line in process.stdout:
            if found := re.search(r"Web UI:\s+(http://\S+)", line):
                return _Lasting(process, found[1])
        raise RuntimeError(f"the local Slack ended with {process.wait()} and did not start")


@atexit.register
def _stop_all() -> None:
    for idle in _idle.values():
        for lasting in idle:
            lasting.stop()
