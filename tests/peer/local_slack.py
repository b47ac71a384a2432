"""Start the real local Slack peer for a test, and surely stop it."""

import asyncio
import ctypes
import re
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from bot.demo.peer import Mode, Peer, Workspace, render_config

BINARY = Path(__file__).parent / "node_modules/local-slack-linux-x64/bin/local-slack"
STARTS_WITHIN = timedelta(seconds=20)
STOPS_WITHIN = timedelta(seconds=2)

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


@asynccontextmanager
async def local_slack(
    workspace: Workspace, folder: Path, *, mode: Mode = Mode.SOCKET, request_url: str | None = None
) -> AsyncIterator[Peer]:
    """A running peer on a free port; its configuration, files and errors are in *folder*.

    The peer listens on all interfaces, and cannot be told otherwise.
    """
    config = folder / "workspace.json"
    config.write_text(render_config(workspace, mode=mode, request_url=request_url), encoding="utf-8")
    errors = folder / "local-slack.err"
    process = await _start(config, errors)
    try:
        async with asyncio.timeout(STARTS_WITHIN.total_seconds()):
            url = await _announced_url(process, errors)
        async with Peer(url) as peer:
            await peer.state()
            yield peer
    finally:
        await _stop(process)


async def _start(config: Path, errors: Path) -> asyncio.subprocess.Process:
    if not BINARY.exists():
        raise FileNotFoundError(f"{BINARY} is missing: npm ci --prefix {BINARY.parents[3]}")
    folder = config.parent
    argv: list[str | Path] = [
        BINARY,
        "--config",
        config,
        "--port",
        "0",
        "--base-host",
        "127.0.0.1",
        "--files-dir",
        folder / "files",
    ]
    with errors.open("wb") as stderr:
        return await asyncio.create_subprocess_exec(
            *argv,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            preexec_fn=die_with_us,
        )


def die_with_us() -> None:
    """A test run that is killed leaves no peer behind."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


async def _announced_url(process: asyncio.subprocess.Process, errors: Path) -> str:
    """The peer prints its address once it listens."""
    assert process.stdout is not None
    async for line in process.stdout:
        if found := re.search(r"Web UI:\s+(http://\S+)", line.decode()):
            return found[1]
    raise RuntimeError(f"the local Slack did not start, see {errors}")


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        await asyncio.wait_for(process.wait(), STOPS_WITHIN.total_seconds())
    except TimeoutError:
        process.kill()
        await process.wait()
