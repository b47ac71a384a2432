"""`patchdesk schema`: the JSON Schemas of what people write."""

import typer

from bot.cli.screen import show_json
from contracts.formats.plan_schema import plan_schema
from contracts.formats.schema import patch_schema
from contracts.settings import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def schema() -> None:
    """JSON Schemas, for editors and for whoever generates patches."""


@app.command()
def patch() -> None:
    """Of a command_patch block."""
    show_json(patch_schema())


@app.command()
def settings() -> None:
    """Of patchdesk.yml."""
    # As it would be written out: durations are numbers (of seconds) then.
    show_json(Settings.model_json_schema(mode="serialization"))


@app.command()
def plan() -> None:
    """Of an execution plan."""
    show_json(plan_schema())
