"""`patchdesk keys`: keys for the desk over HTTP. Nothing is stored; the key is shown this once."""

from typing import Annotated

import typer
from pydantic import ValidationError

from bot import clock
from bot.cli.exits import ExitCode, stop
from bot.cli.phrases import keys as phrases
from bot.cli.screen import say, show_json
from bot.web.keys import hash_of, key_of
from contracts.settings import KeySettings, Scope

app = typer.Typer(no_args_is_help=True)

AName = Annotated[
    str, typer.Argument(metavar="NAME", help="What the key is called in the settings and the log.")
]
Scopes = Annotated[
    list[Scope] | None, typer.Option("--scope", help="What it opens; may be repeated. Left out: read.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; docs/cli.md has its shape.")]


@app.callback()
def keys() -> None:
    """Keys for the desk over HTTP."""


@app.command()
def create(name: AName, scopes: Scopes = None, as_json: AsJson = False) -> None:
    """Make a key, and the lines for `patchdesk.yml` that let it in."""
    key = key_of(clock.new_secret())
    try:
        made = KeySettings(name=name, hash=hash_of(key), scopes=frozenset(scopes or (Scope.READ,)))
    except ValidationError:
        stop(ExitCode.USAGE, phrases.bad_name(name), phrases.GOOD_NAME)
    if as_json:
        show_json({"key": key, "settings": made.model_dump(mode="json") | {"scopes": sorted(made.scopes)}})
        return
    say(phrases.made(key))
    say(phrases.lines(made))
