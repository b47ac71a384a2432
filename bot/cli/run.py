"""`patchdesk run`: the desk."""

import asyncio
from typing import TypeVar

from bot import app, logs
from bot.cli.desk import configuration
from bot.cli.exits import ExitCode, stop
from bot.cli.phrases import desk as phrases
from bot.cli.screen import say
from bot.delivery.wording.faults import explain
from contracts.faults import Fault, Reason
from executor.engine import StoreTroubleError

#: What whoever starts the desk has to put right before another try makes sense.
_TO_SET_RIGHT = frozenset(
    {Reason.VARIABLE_UNSET, Reason.NO_WAY_IN, Reason.TOKEN_REFUSED, Reason.BAD_SCHEDULE}
)


def run() -> None:
    """Open the desk: Slack, the executor and delivery in one process, until Ctrl-C."""
    config = configuration()
    logs.to_stderr()
    obstacle: Fault | StoreTroubleError | None = None
    try:
        asyncio.run(app.run(config, ready=lambda: say(phrases.opened(config))))
    # Starred: what a part of the desk raises comes in a group, as the parts run in one.
    except* app.CannotStartError as group:
        obstacle = _first(group).fault
    except* StoreTroubleError as group:
        obstacle = _first(group)
    match obstacle:
        case Fault():
            said = explain(obstacle)
            code = ExitCode.USAGE if obstacle.reason in _TO_SET_RIGHT else ExitCode.DESK
            stop(code, said.what, said.hint)
        case StoreTroubleError():
            stop(ExitCode.DESK, phrases.store_trouble(obstacle))
        case None:
            say(phrases.CLOSED)


Raised = TypeVar("Raised", bound=Exception)


def _first(group: ExceptionGroup[Raised]) -> Raised:
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, ExceptionGroup) else inner
