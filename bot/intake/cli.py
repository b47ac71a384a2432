"""What `patchdesk submit` leaves in the inbox, and how it is read back."""

from dataclasses import dataclass
from typing import Final, Literal

from pydantic import TypeAdapter

from bot.submit import Asked
from contracts.commands import Actor, ActorKind, Part, PartKind, Place, Submit
from contracts.formats import language_of


@dataclass(frozen=True, slots=True)
class _Given:
    part: Part
    domain: str | None
    title: str | None
    login: str
    email: str
    version: Literal[1] = 1


_JSON: Final[TypeAdapter[_Given]] = TypeAdapter(_Given)


def encode(
    body: bytes, *, name: str | None, domain: str | None, title: str | None, login: str, email: str
) -> bytes:
    """A payload for `NewEvent(Source.CLI, ...)`. *name*: the file's, None for standard input."""
    part = Part(PartKind.WHOLE, body, name, (language_of(name) or "") if name else "")
    return _JSON.dump_json(_Given(part, domain, title, login, email))


class FromCli:
    """Reads the payloads of the command line; nothing of it can fail for a while."""

    def place(self, payload: bytes) -> Place:  # noqa: ARG002 - where the command line is: nowhere
        return Place()

    async def __call__(self, payload: bytes) -> Asked:
        given = _JSON.validate_json(payload)
        actor = Actor(ActorKind.OPERATOR, given.login, given.login, given.email)
        command = Submit((given.part,), addressed=True, domain=given.domain, title=given.title)
        return Asked(actor, Place(), command)
