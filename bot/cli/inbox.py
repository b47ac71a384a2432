"""What is asked for at a shell and decided by the desk: into its inbox, and what came of it."""

import asyncio
from datetime import timedelta
from typing import Final

import typer

from bot import clock, shapes
from bot.cli.desk import configuration, is_running, store
from bot.cli.exits import ExitCode, stop
from bot.cli.phrases import desk as phrases
from bot.cli.reading import operator
from bot.cli.screen import say, show_json
from bot.delivery.wording.faults import explain
from bot.intake import cli
from bot.intake.cli import Said
from bot.settings import Config
from contracts.commands import Source
from contracts.ports import Engine, NewEvent
from contracts.records import MessageStanding

_LOOK_EVERY: Final = timedelta(milliseconds=50)
#: A running desk decides within milliseconds; one that does not is not well.
_PATIENCE: Final = timedelta(seconds=30)


def through_inbox(command: Said, *, as_json: bool) -> None:
    """Have the desk of this machine decide on *command*, say what came of it, and end."""
    raise typer.Exit(asyncio.run(_decided(configuration(), command, as_json=as_json)))


async def _decided(config: Config, command: Said, *, as_json: bool) -> ExitCode:
    user, running = operator(), is_running(config)
    event = NewEvent(
        Source.CLI, clock.new_key(), cli.encode_steering(command, login=user.id, email=user.email)
    )
    async with store(config, made=True) as engine:
        recorded = await engine.inbox.record(event, now=clock.now())
        standing = await _settled(engine, recorded.id) if running else None
    if as_json:
        show_json(_shape(standing))
    else:
        _tell(standing, running=running)
    if standing is None:
        return ExitCode.DESK if running else ExitCode.OK
    return ExitCode.OK if standing.refused is None else ExitCode.NO


def _tell(standing: MessageStanding | None, *, running: bool) -> None:
    """What came of it; the command ends where that is a refusal."""
    if standing is None:
        say(phrases.recorded(fresh=True))
        say(phrases.NOT_DECIDED if running else phrases.NO_DESK)
    elif standing.refused is not None:
        said = explain(standing.refused)
        stop(ExitCode.NO, said.what, said.hint)
    else:
        say(phrases.done(standing.patches))


async def _settled(engine: Engine, inbox_id: int) -> MessageStanding | None:
    """What the desk made of it; None: nothing, in all that time."""
    try:
        async with asyncio.timeout(_PATIENCE.total_seconds()):
            # Another process decides, and its commits ring no bell here.
            while (standing := await engine.ledger.inbox_of(inbox_id)) is None:  # noqa: ASYNC110
                await asyncio.sleep(_LOOK_EVERY.total_seconds())
    except TimeoutError:
        return None
    return standing


def _shape(standing: MessageStanding | None) -> dict[str, object]:
    """What `--json` prints; docs/cli.md promises it."""
    if standing is None:
        return {"done": None, "refused": None, "patches": []}
    refused = standing.refused
    return {
        "done": refused is None,
        "refused": shapes.fault(refused) if refused else None,
        "patches": list(standing.patches),
    }
