"""What the command line leaves in the inbox, and how it is read back: patches, and what steers them."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter

from bot.submit import Asked
from contracts.commands import Actor, ActorKind, EndDuty, Part, PartKind, Place, Submit, TakeDuty
from contracts.formats.detect import language_of
from contracts.ruling import Ruling
from contracts.steering import Steering


@dataclass(frozen=True, slots=True)
class _Given:
    part: Part
    domain: str | None
    title: str | None
    login: str
    email: str
    expects: str | None = None
    version: Literal[1] = 1


#: What is asked of a desk besides patches.
Said = Steering | Ruling | TakeDuty | EndDuty


@dataclass(frozen=True, slots=True)
class _Said:
    command: Annotated[Said, Field(discriminator="kind")]
    login: str
    email: str
    version: Literal[2] = 2


_JSON: Final[TypeAdapter[_Given | _Said]] = TypeAdapter(_Given | _Said)


def encode(
    body: bytes,
    *,
    name: str | None,
    domain: str | None,
    title: str | None,
    login: str,
    email: str,
    expects: str | None = None,
) -> bytes:
    """A payload for `NewEvent(Source.CLI, ...)`. *name*: the file's, None for standard input.

    *expects*: the tree that it must land as.
    """
    part = Part(PartKind.WHOLE, body, name, (language_of(name) or "") if name else "")
    return _JSON.dump_json(_Given(part, domain, title, login, email, expects))


def encode_steering(command: Said, *, login: str, email: str) -> bytes:
    """As `encode`. Times of day are meant in UTC."""
    return _JSON.dump_json(_Said(command, login, email))


class FromCli:
    """Reads the payloads of the command line; nothing of it can fail for a while."""

    def place(self, payload: bytes) -> Place:  # noqa: ARG002 - where the command line is: nowhere
        return Place()

    async def __call__(self, payload: bytes) -> Asked:
        given = _JSON.validate_json(payload)
        actor = Actor(ActorKind.OPERATOR, given.login, given.login, given.email)
        if isinstance(given, _Said):
            return Asked(actor, Place(), given.command)
        command = Submit(
            (given.part,), addressed=True, domain=given.domain, title=given.title, expects=given.expects
        )
        return Asked(actor, Place(), command)
