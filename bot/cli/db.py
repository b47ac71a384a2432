"""`patchdesk db`: look after the store."""

import asyncio
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from bot import clock
from bot.cli.desk import configuration
from bot.cli.exits import ExitCode, stop
from bot.cli.phrases import desk as phrases
from bot.cli.screen import say, show_json
from bot.settings import Config
from executor import engine
from executor.engine import NotAStoreError, StoreTroubleError

app = typer.Typer(no_args_is_help=True, add_completion=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; docs/cli.md has its shape.")]


@app.callback()
def db() -> None:
    """Look after the store."""


@app.command()
def check(as_json: AsJson = False) -> None:
    """Read the whole store and say what is wrong with it; a running desk need not stop."""
    config = configuration()
    try:
        problems = asyncio.run(engine.check(config.database_url))
    except FileNotFoundError:
        _no_store(config)
    if as_json:
        show_json({"problems": list(problems)})
    for problem in problems if not as_json else ():
        say(problem)
    if problems:
        raise typer.Exit(ExitCode.NO)
    if not as_json:
        say(phrases.STORE_IS_WELL)


@app.command()
def backup(to: Annotated[Path, typer.Argument(help="A file that is not there yet.")]) -> None:
    """Copy the store as it is now; a running desk need not stop."""
    config = configuration()
    try:
        asyncio.run(engine.backup(config.database_url, to))
    except FileNotFoundError:
        _no_store(config)
    except FileExistsError:
        stop(ExitCode.USAGE, phrases.is_there(to), phrases.CHOOSE_ANOTHER)
    say(phrases.backed_up(to))


@app.command()
def restore(source: Annotated[Path, typer.Argument(metavar="FROM", help="A backup.")]) -> None:
    """Make a backup the store. The desk must be stopped; the store before it is kept beside it."""
    config = configuration()
    try:
        asyncio.run(engine.restore(config.database_url, source, identity=clock.new_key()))
    except FileNotFoundError:
        stop(ExitCode.USAGE, phrases.is_not_there(source))
    except NotAStoreError as error:
        stop(ExitCode.USAGE, str(error))
    except StoreTroubleError as trouble:
        stop(ExitCode.DESK, str(trouble))
    say(phrases.restored(source))


def _no_store(config: Config) -> NoReturn:
    stop(ExitCode.DESK, phrases.no_store(config.database_url), phrases.STORE_APPEARS)
