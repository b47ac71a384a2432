"""`patchdesk log`: the execution log, a line for each finished task."""

import asyncio
import sys
from collections import deque
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer

from bot import clock
from bot.cli.desk import configuration, store
from bot.cli.exits import ExitCode, stop
from bot.cli.phrases import reports as phrases
from bot.cli.screen import say
from bot.reports.log_files import ExecutionLog, files_in, folder_of
from bot.settings import Config

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def log() -> None:
    """The execution log: a line of JSON for each finished task."""


@app.command()
def rebuild(
    day: Annotated[str | None, typer.Option("--day", help="Only this day, as in 2026-11-20 (UTC).")] = None,
) -> None:
    """Write the files anew from the store, byte for byte as they were; a running desk need not stop."""
    config = configuration()
    days = asyncio.run(_rebuild(config, _day(day)))
    say(phrases.rebuilt(days, folder_of(config.data)))


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        stop(ExitCode.USAGE, phrases.bad_day(text or ""))


async def _rebuild(config: Config, day: date | None) -> tuple[date, ...]:
    keep = timedelta(days=config.operations.log.keep_days)
    async with store(config) as engine:
        return await ExecutionLog(engine, folder_of(config.data), keep).rebuild(day, now=clock.now())


@app.command()
def tail(
    lines: Annotated[int, typer.Option("--lines", min=1, help="How many of the last ones.")] = 10,
) -> None:
    """Print the last lines, whatever day they are of."""
    shown = _last(files_in(folder_of(configuration().data)), lines)
    if not shown:
        stop(ExitCode.NO, phrases.NO_LOG)
    sys.stdout.buffer.write(b"".join(shown))


def _last(files: list[Path], many: int) -> list[bytes]:
    """Whole lines only: the desk may be writing the next one."""
    found: list[bytes] = []
    for path in reversed(files):
        with path.open("rb") as file:
            whole = deque((line for line in file if line.endswith(b"\n")), maxlen=many - len(found))
        found = [*whole, *found]
        if len(found) == many:
            break
    return found
