"""`patchdesk schema`: the JSON Schemas of what people write.

Each command imports what it prints: that of a patch is asked for by editors and scripts, and needs nothing of
what reads the settings.
"""

import typer

from bot.cli.screen import show_json

app = typer.Typer(no_args_is_help=True, add_completion=False)


@app.callback()
def schema() -> None:
    """JSON Schemas, for editors and for whoever generates patches."""


@app.command()
def patch() -> None:
    """Of a command_patch block."""
    from contracts.formats.schema import patch_schema  # noqa: PLC0415 - only where it is shown

    show_json(patch_schema())


@app.command()
def settings() -> None:
    """Of patchdesk.yml."""
    from contracts.settings import Settings  # noqa: PLC0415 - only where it is shown

    # As it would be written out: durations are numbers (of seconds) then.
    show_json(Settings.model_json_schema(mode="serialization"))


@app.command()
def repository() -> None:
    """Of .patchdesk.yml, a repository's own policy."""
    from contracts.repository_policy import RepositoryPolicy  # noqa: PLC0415 - only where it is shown

    show_json(RepositoryPolicy.model_json_schema(mode="serialization"))


@app.command()
def plan() -> None:
    """Of an execution plan."""
    from contracts.formats.plan_schema import plan_schema  # noqa: PLC0415 - only where it is shown

    show_json(plan_schema())
