"""What changes the course of patches and domains, from a shell: into the inbox of the desk, as `submit`."""

from typing import Annotated

import typer

from bot.cli.desk import configuration, domain_named
from bot.cli.inbox import through_inbox
from contracts.control import Priority
from contracts.ruling import Approve, TurnDown
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
    Stop,
    Unfreeze,
    Unhalt,
)

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
    through_inbox(Stop(patch.casefold()), as_json=as_json)


def cancel(patch: AnyId, as_json: AsJson = False) -> None:
    """The same as `stop`: take a patch back."""
    through_inbox(Stop(patch.casefold()), as_json=as_json)


def hold(patch: AnyId, why: Why, as_json: AsJson = False) -> None:
    """Keep a patch where it is in its lane, and let others go before it."""
    through_inbox(PutOnHold(patch.casefold(), " ".join(why)), as_json=as_json)


def resume(name: AName, why: MaybeWhy = None, as_json: AsJson = False) -> None:
    """End a patch's hold, or a domain's pause or draining."""
    through_inbox(Resume(name, " ".join(why or ())), as_json=as_json)


def priority(patch: AnyId, wanted: APriority, as_json: AsJson = False) -> None:
    """Have a patch go before others, or after them."""
    through_inbox(ChangePriority(patch.casefold(), wanted), as_json=as_json)


def replay(patch: AnId, as_json: AsJson = False) -> None:
    """Ask again for what was set aside, stopped or did not land: a new patch with the same content."""
    through_inbox(Replay(patch.casefold()), as_json=as_json)


def revert(patch: AnId, as_json: AsJson = False) -> None:
    """Undo what has landed: a new patch with the inverse of it, through the same gates."""
    through_inbox(RevertPatch(patch.casefold()), as_json=as_json)


def adjust(patch: AnId, as_json: AsJson = False) -> None:
    """Take the adjusted form that was offered of a patch: a new one, through the same gates."""
    through_inbox(AdjustPatch(patch.casefold()), as_json=as_json)


def approve(patch: AnId, as_json: AsJson = False) -> None:
    """Let a patch go on that needs an approval; somebody else must have submitted it."""
    through_inbox(Approve(patch.casefold()), as_json=as_json)


def reject(patch: AnId, why: Why, as_json: AsJson = False) -> None:
    """Do not let a patch go on that needs an approval."""
    through_inbox(TurnDown(patch.casefold(), " ".join(why)), as_json=as_json)


def pause(domain: ADomain, why: Why, as_json: AsJson = False) -> None:
    """Let nothing begin in a domain until somebody resumes it."""
    through_inbox(Pause(_known(domain), " ".join(why)), as_json=as_json)


def drain(domain: ADomain, why: Why, as_json: AsJson = False) -> None:
    """Carry out what waits in a domain and take nothing new, until somebody resumes it."""
    through_inbox(Drain(_known(domain), " ".join(why)), as_json=as_json)


def freeze(domain: ADomain, why: Why, until: ATime, as_json: AsJson = False) -> None:
    """Let only approved hotfixes begin in a domain for a while."""
    through_inbox(Freeze(_known(domain), until, " ".join(why)), as_json=as_json)


def unfreeze(domain: ADomain, as_json: AsJson = False) -> None:
    """End a freeze before its time."""
    through_inbox(Unfreeze(_known(domain)), as_json=as_json)


def halt(why: Why, as_json: AsJson = False) -> None:
    """The kill switch: nothing begins anywhere, and what runs ends before its next step."""
    through_inbox(Halt(" ".join(why)), as_json=as_json)


def unhalt(as_json: AsJson = False) -> None:
    """End the halt."""
    through_inbox(Unhalt(), as_json=as_json)


def _known(domain: str) -> str:
    return domain_named(configuration().settings, domain)
