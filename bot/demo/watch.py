"""What happened in a channel, from two looks at it. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Posted:
    """A new message; *thread* is the ts of the message it answers, if it answers one."""

    ts: str
    thread: str | None
    user: str
    text: str
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Edited:
    ts: str
    thread: str | None
    user: str
    before: str
    text: str


@dataclass(frozen=True, slots=True)
class Reacted:
    """*user* put the reaction *name* on a message, or took it away."""

    ts: str
    user: str
    name: str
    present: bool


Happening = Posted | Edited | Reacted


def happenings(before: Sequence[Message], after: Sequence[Message]) -> Iterator[Happening]:
    """What turned *before* into *after*, in the order of the messages."""
    known = {message["ts"]: message for message in before}
    for message in after:
        earlier = known.get(message["ts"])
        thread = message.get("thread_ts")
        if earlier is None:
            yield Posted(message["ts"], thread, message["user"], message["text"], _files(message))
        elif earlier["text"] != message["text"]:
            yield Edited(message["ts"], thread, message["user"], earlier["text"], message["text"])
        yield from _reactions(message["ts"], marks(earlier or {}), marks(message))


def marks(message: Message) -> frozenset[tuple[str, str]]:
    """User and name of every reaction on the message."""
    reactions = message.get("reactions") or ()
    return frozenset((user, reaction["name"]) for reaction in reactions for user in reaction["users"])


def _reactions(
    ts: str, before: frozenset[tuple[str, str]], after: frozenset[tuple[str, str]]
) -> Iterator[Reacted]:
    yield from (Reacted(ts, user, name, present=False) for user, name in sorted(before - after))
    yield from (Reacted(ts, user, name, present=True) for user, name in sorted(after - before))


def _files(message: Message) -> tuple[str, ...]:
    return tuple(file["name"] for file in message.get("files") or ())
