"""What passed between the desk and Slack, in order, and a way to wait for it without sleeping."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum
from typing import Any, TypeVar

T = TypeVar("T")
JsonObject = dict[str, Any]

#: Long enough for a loaded machine; a condition that holds is seen at once.
PATIENCE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Call:
    """One request of the desk to Slack, written when it was answered or cut.

    `method` is the Web API method, or `upload`, `download` or `response_url` for the other addresses that
    Slack hands out.
    """

    method: str
    args: Mapping[str, Any]
    token: str | None
    reached: bool  #: Slack received it; False: a fault kept it from Slack
    answer: Mapping[str, Any] | None  #: what Slack answered, also when the desk never saw it
    status: int | None  #: the HTTP status that the desk saw; None: the connection was cut
    fault: str | None = None  #: what was injected

    def line(self) -> str:
        outcome = "cut" if self.status is None else f"{self.status}"
        return f"{self.method} {_short(self.args)} → {outcome} {_short(self.answer)} {self.fault or ''}"

    @property
    def took_effect(self) -> bool:
        """Slack did it."""
        return self.reached and self.answer is not None and bool(self.answer.get("ok"))

    @property
    def error(self) -> str | None:
        """Slack's error code."""
        return None if self.answer is None else self.answer.get("error")

    @property
    def ts(self) -> str | None:
        """The message that was posted or changed."""
        return None if self.answer is None else self.answer.get("ts") or self.answer.get("message_ts")


class Kind(StrEnum):
    """The types of envelope."""

    EVENT = "events_api"
    COMMAND = "slash_commands"
    INTERACTION = "interactive"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One envelope or request that was sent to the desk, written when it was acknowledged or given up."""

    kind: Kind
    payload: Mapping[str, Any]  #: as the desk saw it
    attempt: int  #: 0: the first time
    copy: int  #: 0, or the number of an injected duplicate
    over: str | None  #: which socket, or the URL; None: there was nobody to deliver to
    acked: bool  #: acknowledged in time, and the acknowledgement was not swallowed
    answer: Mapping[str, Any] | None  #: what came with the acknowledgement
    status: int | None = None  #: of an HTTP answer
    fault: str | None = None

    def line(self) -> str:
        what = self.event or self.payload
        return (
            f"{self.kind} {_short(what)} attempt {self.attempt} copy {self.copy} over {self.over} → "
            f"{'acknowledged' if self.acked else 'not acknowledged'} {self.fault or ''}"
        )

    @property
    def event(self) -> Mapping[str, Any]:
        """The inner event; empty for commands and interactions."""
        inner: Mapping[str, Any] = self.payload.get("event", {})
        return inner


@dataclass(frozen=True, slots=True)
class SocketChange:
    """A websocket of the desk was opened, refused, or closed."""

    name: str
    what: str

    def line(self) -> str:
        return f"{self.name} {self.what}"


def _short(value: Mapping[str, Any] | None) -> str:
    text = json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 160 else f"{text[:160]}…"


Entry = Call | Delivery | SocketChange


@dataclass(slots=True)
class Journal:
    """Append-only; each entry wakes those who wait."""

    entries: list[Entry] = field(default_factory=list)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def write(self, entry: Entry) -> None:
        self.entries.append(entry)
        self._changed.set()
        self._changed = asyncio.Event()

    def calls(self, method: str | None = None) -> list[Call]:
        """All requests that were made, also those that never reached Slack or were refused."""
        return [each for each in self.entries if isinstance(each, Call) and method in {None, each.method}]

    def deliveries(self, kind: Kind | None = None, *, event: str | None = None) -> list[Delivery]:
        """All envelopes that were sent, also repeated ones; *event* is the type of the inner event."""
        return [
            each
            for each in self.entries
            if isinstance(each, Delivery)
            and kind in {None, each.kind}
            and event in {None, each.event.get("type")}
        ]

    async def until(self, condition: Callable[[], T], *, within: timedelta = PATIENCE) -> T:
        """The first true value of *condition*, which is looked at now and after each entry.

        Raises AssertionError, with the last entries, when it did not hold *within* that time.
        """
        try:
            async with asyncio.timeout(within.total_seconds()):
                while not (value := condition()):
                    await self._changed.wait()
                return value
        except TimeoutError:
            last = "\n  ".join(entry.line() for entry in self.entries[-12:])
            raise AssertionError(f"did not happen within {within}; the journal ends:\n  {last}") from None
