"""The local Slack as a process beside the desk."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

from bot.demo.peer import Mode, Peer, Workspace, render_config
from executor import process

_STARTS_WITHIN = timedelta(seconds=20)
_LOOK_EVERY = timedelta(milliseconds=20)


class NoLocalSlackError(Exception):
    """The local Slack did not start; says why."""


@asynccontextmanager
async def local_slack(binary: Path, workspace: Workspace, folder: Path) -> AsyncIterator[Peer]:
    """A running local Slack on a free port, its files in *folder*. Raises NoLocalSlackError.

    It listens on all interfaces, and cannot be told otherwise.
    """
    config, output = folder / "workspace.json", folder / "local-slack.log"
    config.write_text(render_config(workspace, mode=Mode.SOCKET), encoding="utf-8")
    where = ["--port", "0", "--base-host", "127.0.0.1", "--files-dir", str(folder / "files")]
    try:
        child = await process.start([str(binary), "--config", str(config), *where], env={}, output=output)
    except OSError as error:
        raise NoLocalSlackError(f"{binary}: {error.strerror}") from error
    try:
        async with Peer(await _address(child, output)) as peer:
            yield peer
    finally:
        await child.stop()


async def _address(child: process.Child, output: Path) -> str:
    """Where it listens; it prints that once it does."""
    try:
        async with asyncio.timeout(_STARTS_WITHIN.total_seconds()):
            while child.code is None:
                if found := re.search(r"Web UI:\s+(http://\S+)", _said(output)):
                    return found[1]
                await asyncio.sleep(_LOOK_EVERY.total_seconds())
    except TimeoutError:
        raise NoLocalSlackError(f"it gave no address; it said: {_said(output)[-400:]}") from None
    raise NoLocalSlackError(f"it ended with {child.code}: {_said(output)[-400:]}")


def _said(output: Path) -> str:
    return output.read_text(encoding="utf-8", errors="replace")
