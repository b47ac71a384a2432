"""What changes the course of patches and domains, from a shell: into the inbox of the desk, as `submit`."""

import asyncio
from datetime import timedelta
from typing import Annotated, Final

import typer

from bot import clock, shapes
from bot.cli.desk import configuration, domain_named, is_running, store
from bot.cli.exits import ExitCode, stop
from bot.cli.phrases import desk as phrases
from bot.cli.reading import operator
from bot.cli.screen import say, show_json
from bot.delivery.wording.faults import explain
from bot.intake import cli
from bot.settings import Config
from contracts.commands import Source
from contracts.control import Priority
from contracts.ports import Engine, NewEvent
from contracts.records import MessageStanding
from contracts.ruling import Approve, Ruling, TurnDown
from contracts.steering import (
    AdjustPatch,
    ChangePriority,
    Drain,
    Freeze,
    Halt,
    Pause,
    PutOnHold,
    Replay,
    Resume,
    RevertPatch,
    Steering,
    Stop,
    Unfreeze,
    Unhalt,
)

_LOOK_EVERY: Final = timedelta(milliseconds=50)
#: A running desk decides within milliseconds; one that does not is not well.
_PATIENCE: Final = timedelta(seconds=30)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; docs/cli.md has its shape.")]
AnId = Annotated[str, typer.Argument(metavar="ID", help="A patch, as `queue` and the cards name it.")]
AnyId = Annotated[str, typer.Argument(metavar="ID", help="A patch, or a set: all of it that is open.")]
AName = Annotated[
    str, typer.Argument(metavar="NAME", help="A patch or set on hold, or a paused or draining domain.")
]
ADomain = Annotated[str, typer.Argument(metavar="DOMAIN", help="A domain or an alias of it.")]
Why = Annotated[list[str], typer.Argument(metavar="WHY", help="What people are told.")]
MaybeWhy = Annotated[list[str] | None, typer.Argument(metavar="WHY", help="What people are told.")]
APriority = Annotated[Priority, typer.Argument(metavar="PRIORITY", help="emergency, high, normal or low.")]
ATime = Annotated[str, typer.Option("--until", help="As 4h, 18:00, `tomorrow 9:00`; times of day in UTC.")]


def stop_patch(patch: AnyId, as_json: AsJson = False) -> None:
    """End a patch: what runs is gone within seconds, what waits is taken back."""
    _steer(Stop(patch.casefold()), as_json=as_json)


def cancel(patch: AnyId, as_json: AsJson = False) -> None:
    """The same as `stop`: take a patch back."""
    _steer(Stop(patch.casefold()), as_json=as_json)


def hold(patch: AnyId, why: Why, as_json: AsJson = False) -> None:
    """Keep a patch where it is in its lane, and let others go before it."""
    _steer(PutOnHold(patch.casefold(), " ".join(why)), as_json=as_json)


def resume(name: AName, why: MaybeWhy = None, as_json: AsJson = False) -> None:
    """End a patch's hold, or a domain's pause or draining."""
    _steer(Resume(name, " ".join(why or ())), as_json=as_json)


def priority(patch: AnyId, wanted: APriority, as_json: AsJson = False) -> None:
    """Have a patch go before others, or after them."""
    _steer(ChangePriority(patch.casefold(), wanted), as_json=as_json)


def replay(patch: AnId, as_json: AsJson = False) -> None:
    """Ask again for what was set aside, stopped or did not land: a new patch with the same content."""
    _steer(Replay(patch.casefold()), as_json=as_json)


def revert(patch: AnId, as_json: AsJson = False) -> None:
    """Undo what has landed: a new patch with the inverse of it, through the same gates."""
    _steer(RevertPatch(patch.casefold()), as_json=as_json)


def adjust(patch: AnId, as_json: AsJson = False) -> None:
    """Take the adjusted form that was offered of a patch: a new one, through the same gates."""
    _steer(AdjustPatch(patch.casefold()), as_json=as_json)


def approve(patch: AnId, as_json: AsJson = False) -> None:
    """Let a patch go on that needs an approval; somebody else must have submitted it."""
    _steer(Approve(patch.casefold()), as_json=as_json)


def reject(patch: AnId, why: Why, as_json: AsJson = False) -> None:
    """Do not let a patch go on that needs an approval."""
    _steer(TurnDown(patch.casefold(), " ".join(why)), as_json=as_json)


def pause(domain: ADomain, why: Why, as_json: AsJson = False) -> None:
    """Let nothing begin in a domain until somebody resumes it."""
    _steer(Pause(_known(domain), " ".join(why)), as_json=as_json)


def drain(domain: ADomain, why: Why, as_json: AsJson = False) -> None:
    """Carry out what waits in a domain and take nothing new, until somebody resumes it."""
    _steer(Drain(_known(domain), " ".join(why)), as_json=as_json)


def freeze(domain: ADomain, why: Why, until: ATime, as_json: AsJson = False) -> None:
    """Let only approved hotfixes begin in a domain for a while."""
    _steer(Freeze(_known(domain), until, " ".join(why)), as_json=as_json)


def unfreeze(domain: ADomain, as_json: AsJson = False) -> None:
    """End a freeze before its time."""
    _steer(Unfreeze(_known(domain)), as_json=as_json)


def halt(why: Why, as_json: AsJson = False) -> None:
    """The kill switch: nothing begins anywhere, and what runs ends before its next step."""
    _steer(Halt(" ".join(why)), as_json=as_json)


def unhalt(as_json: AsJson = False) -> None:
    """End the halt."""
    _steer(Unhalt(), as_json=as_json)


def _known(domain: str) -> str:
    return domain_named(configuration().settings, domain)


# Doing -----------------------------------------------------------------------------------------
def _steer(command: Steering | Ruling, *, as_json: bool) -> None:
    raise typer.Exit(asyncio.run(_decided(configuration(), command, as_json=as_json)))


async def _decided(config: Config, command: Steering | Ruling, *, as_json: bool) -> ExitCode:
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
