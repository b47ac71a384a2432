"""`patchdesk dashboard`: everything at a glance, drawn anew every few seconds."""

import asyncio
import sys
from datetime import timedelta
from typing import Annotated

import typer

from bot import clock, shapes
from bot.cli.desk import configuration, is_running, store
from bot.cli.screen import moment, say, show_json, show_table
from bot.delivery.wording import overview as wording
from bot.overview import Overview, look
from bot.settings import Config
from contracts.ports import Engine

Once = Annotated[bool, typer.Option("--once", help="Print it once and end, as in a pipe.")]
Refresh = Annotated[float, typer.Option(min=0.5, max=3600, help="Seconds between two looks.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print it once, as JSON; docs/cli.md has its shape.")]


def dashboard(once: Once = False, refresh: Refresh = 10, as_json: AsJson = False) -> None:
    """Everything at a glance, drawn anew every few seconds."""
    config = configuration()
    if as_json or once or not sys.stdout.isatty():
        seen = asyncio.run(_once(config))
        show_json(shapes.overview(seen)) if as_json else _print(seen)
        return
    asyncio.run(_follow(config, timedelta(seconds=refresh)))


async def _look(config: Config, engine: Engine) -> Overview:
    running = is_running(config)
    return await look(engine, config.settings, config.operations, running=running, now=clock.now())


async def _once(config: Config) -> Overview:
    async with store(config) as engine:
        return await _look(config, engine)


async def _follow(config: Config, refresh: timedelta) -> None:
    from bot.cli.terminal import redrawn  # noqa: PLC0415 - rich, only where it is seen

    async with store(config) as engine:
        with redrawn() as draw:
            while True:
                draw(await _look(config, engine))
                await asyncio.sleep(refresh.total_seconds())


def _print(seen: Overview) -> None:
    """Headings and tables, one below the other."""
    say(wording.headline(seen).text)
    say(wording.standing(seen.counts, running=seen.running))
    for table in wording.tables(seen):
        say()
        say(table.title)
        if not table.rows:
            say(table.empty)
        rows = ([moment(cell.at) if cell.at else cell.text for cell in row] for row in table.rows)
        show_table(table.columns, rows)
        if table.note:
            say(table.note)
