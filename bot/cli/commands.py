"""Which commands there are. A command's module is imported when that command is called.

`patchdesk status` is called often, and from scripts; it must not pay for what `run` and `demo` import.
"""

import sys
from collections.abc import Iterable
from importlib import import_module

import typer

#: Command to where it is: a function, or a Typer with commands of its own.
COMMANDS = {
    "run": "bot.cli.run:run",
    "demo": "bot.cli.demo:demo",
    "try": "bot.cli.rehearse:try_patch",
    "submit": "bot.cli.submit:submit",
    "status": "bot.cli.look:status",
    "queue": "bot.cli.look:queue",
    "show": "bot.cli.look:show",
    "doctor": "bot.cli.doctor:doctor",
    "schema": "bot.cli.schema:app",
    "db": "bot.cli.db:app",
}


def build(names: Iterable[str] = COMMANDS) -> typer.Typer:
    """The command line with the commands *names*; their modules are imported."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    app.callback()(patchdesk)
    for name in names:
        module, _, attribute = COMMANDS[name].partition(":")
        found = getattr(import_module(module), attribute)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name)(found)
    return app


def patchdesk() -> None:
    """A desk for code patches that lives in Slack."""


def run() -> None:
    """Run the command that the process was called with. All are built where none is named: for help."""
    named = [word for word in sys.argv[1:2] if word in COMMANDS]
    build(named or COMMANDS)(prog_name="patchdesk")
