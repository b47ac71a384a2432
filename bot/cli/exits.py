"""How a command ends: the exit codes, and what is said when something keeps it from its work."""

import enum
import sys
from typing import NoReturn

import typer


class ExitCode(enum.IntEnum):
    OK = 0
    NO = 1  #: the answer is no: a patch failed, the doctor found something
    USAGE = 2  #: the command or the configuration is wrong
    DESK = 3  #: the desk could not


def stop(code: ExitCode, what: str, mend: str = "") -> NoReturn:
    """Say on standard error what is wrong (with where) and how to mend it, and end the command."""
    prefix = typer.style("patchdesk:", fg="red") if sys.stderr.isatty() else "patchdesk:"
    typer.echo(f"{prefix} {what}", err=True)
    if mend:
        typer.echo(f"  {mend}", err=True)
    raise typer.Exit(code)
