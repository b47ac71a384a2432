"""Which commands there are. A command's module is imported when that command is called.

`patchdesk status` is called often, and from scripts; it must not pay for what `run` and `demo` import, and
`patchdesk --help` should pay for none of it.
"""

import gc
import sys
from collections.abc import Collection
from importlib import import_module
from typing import NamedTuple

import typer


class Command(NamedTuple):
    """*where* a function is, or a Typer with commands of its own; *says* is the first line of its help."""

    where: str
    says: str


COMMANDS = {
    "run": Command(
        "bot.cli.run:run", "Open the desk: Slack, the executor and delivery in one process, until Ctrl-C."
    ),
    "demo": Command(
        "bot.cli.demo:demo", "Show the desk at work: a local Slack, a sample repository, four posts."
    ),
    "try": Command("bot.cli.rehearse:try_patch", "Say what would come of a patch, on a throw-away copy."),
    "submit": Command("bot.cli.submit:submit", "Submit a patch as the operator of this machine."),
    "status": Command("bot.cli.look:status", "How the domains stand, and what waits."),
    "queue": Command(
        "bot.cli.look:queue", "The patches still to be carried out, in the order they will run."
    ),
    "show": Command("bot.cli.look:show", "One patch: where it stands, what it changes, what the gates said."),
    "dashboard": Command(
        "bot.cli.dashboard:dashboard", "Everything at a glance, drawn anew every few seconds."
    ),
    "doctor": Command(
        "bot.cli.doctor:doctor", "Look at everything the desk needs, and say how to mend what is wrong."
    ),
    "report": Command(
        "bot.cli.report:report", "Report on a day, a week or a month, in Markdown, JSON or HTML."
    ),
    "alerts": Command(
        "bot.cli.alerts:app", "What becomes of an alert, and whether `operations.yml` is well."
    ),
    "plan": Command("bot.cli.plan:app", "The execution plan and its risks."),
    "schema": Command("bot.cli.schema:app", "JSON Schemas, for editors and for whoever generates patches."),
    "keys": Command("bot.cli.keys:app", "Keys for the desk over HTTP."),
    "log": Command("bot.cli.log:app", "The execution log: a line of JSON for each finished task."),
    "db": Command("bot.cli.db:app", "Look after the store."),
}


def build(imported: Collection[str] = COMMANDS) -> typer.Typer:
    """The command line. Commands that are not to be *imported* are listed, and cannot be called."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
    app.callback()(patchdesk)
    for name, (where, says) in COMMANDS.items():
        module, _, attribute = where.partition(":")
        found = getattr(import_module(module), attribute) if name in imported else _listed
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name)
        else:
            app.command(name, help=says if found is _listed else None)(found)
    return app


def patchdesk() -> None:
    """A desk for code patches that lives in Slack."""


def _listed() -> None:
    raise RuntimeError("a command was called whose module was not imported")


def run() -> None:
    """Run the command that the process was called with."""
    # What modules make at their import stays; to look for garbage among it is a tenth of the start.
    gc.disable()
    app = build(sys.argv[1:2])
    gc.freeze()
    gc.enable()
    app(prog_name="patchdesk")
