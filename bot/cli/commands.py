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
    "preview": Command(
        "bot.cli.preview:preview",
        "Say what a patch would land as, and what stands before its landing; nothing is run or kept.",
    ),
    "submit": Command("bot.cli.submit:submit", "Submit a patch as the operator of this machine."),
    "status": Command("bot.cli.look:status", "How the domains stand, and what waits."),
    "queue": Command(
        "bot.cli.look:queue", "The patches still to be carried out, in the order they will run."
    ),
    "show": Command("bot.cli.look:show", "One patch: where it stands, what it changes, what the gates said."),
    "why": Command(
        "bot.cli.look:why", "Every condition that keeps a patch from its turn, and when that may come."
    ),
    "stop": Command(
        "bot.cli.steer:stop_patch", "End a patch: what runs is gone within seconds, what waits is taken back."
    ),
    "cancel": Command("bot.cli.steer:cancel", "The same as `stop`: take a patch back."),
    "hold": Command(
        "bot.cli.steer:hold", "Keep a patch where it is in its lane, and let others go before it."
    ),
    "resume": Command("bot.cli.steer:resume", "End a patch's hold, or a domain's pause or draining."),
    "priority": Command("bot.cli.steer:priority", "Have a patch go before others, or after them."),
    "replay": Command(
        "bot.cli.steer:replay",
        "Ask again for what was set aside, stopped or did not land: a new patch with the same content.",
    ),
    "revert": Command(
        "bot.cli.steer:revert",
        "Undo what has landed: a new patch with the inverse of it, through the same gates.",
    ),
    "adjust": Command(
        "bot.cli.steer:adjust",
        "Take the adjusted form that was offered of a patch: a new one, through the same gates.",
    ),
    "approve": Command(
        "bot.cli.steer:approve",
        "Let a patch go on that needs an approval; somebody else must have submitted it.",
    ),
    "reject": Command("bot.cli.steer:reject", "Do not let a patch go on that needs an approval."),
    "pause": Command("bot.cli.steer:pause", "Let nothing begin in a domain until somebody resumes it."),
    "drain": Command(
        "bot.cli.steer:drain",
        "Carry out what waits in a domain and take nothing new, until somebody resumes it.",
    ),
    "freeze": Command("bot.cli.steer:freeze", "Let only approved hotfixes begin in a domain for a while."),
    "unfreeze": Command("bot.cli.steer:unfreeze", "End a freeze before its time."),
    "halt": Command(
        "bot.cli.steer:halt",
        "The kill switch: nothing begins anywhere, and what runs ends before its next step.",
    ),
    "unhalt": Command("bot.cli.steer:unhalt", "End the halt."),
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
    "oncall": Command("bot.cli.oncall:app", "Who is on call, and who takes it for a while."),
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
