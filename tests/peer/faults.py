"""What can go wrong between the desk and Slack, as values that a test adds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Self

from tests.peer.journal import Kind

Args = Mapping[str, Any]

_HTML = "<!DOCTYPE html><html><head><title>Slack</title></head><body>Something went wrong.</body></html>"


@dataclass(frozen=True, slots=True)
class Answer:
    """Slack answers this instead; it never looks at the request."""

    status: int
    body: str
    content_type: str = "application/json"
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reset:
    """The connection is reset before the request reaches Slack."""


@dataclass(frozen=True, slots=True)
class LostReply:
    """Slack does it, then the connection is reset before a byte of the answer."""


@dataclass(frozen=True, slots=True)
class Truncated:
    """Slack does it, then the connection is reset in the middle of the answer."""


@dataclass(frozen=True, slots=True)
class Slow:
    """Slack does it at once and answers late."""

    delay: timedelta


How = Answer | Reset | LostReply | Truncated | Slow


def _always(_args: Args) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Fault:
    """Something goes wrong with the next `times` requests of `method` for which `when(args)` holds.

    `method`: a Web API method, `upload`, `download`, `response_url`, or `*`. `times=None`: until cleared.
    """

    method: str
    how: How
    name: str
    times: int | None = 1
    when: Callable[[Args], bool] = _always

    @classmethod
    def rate_limited(
        cls, method: str, *, retry_after: timedelta = timedelta(seconds=1), times: int | None = 1
    ) -> Self:
        answer = Answer(
            429,
            '{"ok": false, "error": "ratelimited"}',
            headers={"Retry-After": str(int(retry_after.total_seconds()))},
        )
        return cls(method, answer, "rate limited", times)

    @classmethod
    def server_error(cls, method: str, *, status: int = 503, times: int | None = 1) -> Self:
        return cls(method, Answer(status, "upstream connect error", "text/plain"), f"HTTP {status}", times)

    @classmethod
    def html(cls, method: str, *, status: int = 200, times: int | None = 1) -> Self:
        return cls(method, Answer(status, _HTML, "text/html"), "HTML", times)

    @classmethod
    def error(
        cls,
        method: str,
        code: str,
        *,
        times: int | None = 1,
        when: Callable[[Args], bool] = _always,
    ) -> Self:
        """Slack says no, e.g. `is_archived`."""
        return cls(method, Answer(200, f'{{"ok": false, "error": "{code}"}}'), code, times, when)

    @classmethod
    def reset(cls, method: str, *, times: int | None = 1) -> Self:
        return cls(method, Reset(), "reset before sending", times)

    @classmethod
    def lost_reply(
        cls, method: str, *, times: int | None = 1, when: Callable[[Args], bool] = _always
    ) -> Self:
        return cls(method, LostReply(), "lost reply", times, when)

    @classmethod
    def truncated(cls, method: str, *, times: int | None = 1) -> Self:
        return cls(method, Truncated(), "truncated answer", times)

    @classmethod
    def slow(cls, method: str, *, delay: timedelta, times: int | None = 1) -> Self:
        return cls(method, Slow(delay), f"late by {delay}", times)


@dataclass(frozen=True, slots=True)
class Duplicate:
    """The delivery is made *copies* times more, at the same moment; events keep their event_id."""

    copies: int


@dataclass(frozen=True, slots=True)
class SwallowAck:
    """The acknowledgement is lost on its way to Slack, which delivers again."""


@dataclass(frozen=True, slots=True)
class HoldBack:
    """The delivery is made only after the next one."""


@dataclass(frozen=True, slots=True)
class DeliveryFault:
    """Something goes wrong with the next `times` deliveries of that kind and inner event type."""

    how: Duplicate | SwallowAck | HoldBack
    name: str
    kind: Kind
    event: str | None
    times: int | None = 1

    @classmethod
    def duplicate(
        cls,
        *,
        copies: int,
        kind: Kind = Kind.EVENT,
        event: str | None = None,
        times: int | None = 1,
    ) -> Self:
        return cls(Duplicate(copies), f"{copies} more", kind, event, times)

    @classmethod
    def swallow_ack(cls, *, kind: Kind = Kind.EVENT, event: str | None = None, times: int | None = 1) -> Self:
        return cls(SwallowAck(), "acknowledgement swallowed", kind, event, times)

    @classmethod
    def hold_back(cls, *, kind: Kind = Kind.EVENT, event: str | None = None, times: int | None = 1) -> Self:
        return cls(HoldBack(), "held back", kind, event, times)


@dataclass(slots=True)
class _Armed:
    fault: Fault | DeliveryFault
    left: int | None


@dataclass(slots=True)
class Faults:
    """The faults that wait for their moment, oldest first; one request or delivery meets at most one."""

    _armed: list[_Armed] = field(default_factory=list)

    def add(self, *faults: Fault | DeliveryFault) -> None:
        self._armed.extend(_Armed(fault, fault.times) for fault in faults)

    def clear(self) -> None:
        self._armed.clear()

    def waiting(self) -> list[str]:
        """Names of the faults that have not all happened; a test asserts that this is empty at its end."""
        return [armed.fault.name for armed in self._armed if armed.left]

    def for_call(self, method: str, args: Args) -> Fault | None:
        for armed in self._armed:
            fault = armed.fault
            if (
                isinstance(fault, Fault)
                and fault.method in {method, "*"}
                and armed.left != 0
                and fault.when(args)
            ):
                _use(armed)
                return fault
        return None

    def for_delivery(self, kind: Kind, event: str | None) -> DeliveryFault | None:
        for armed in self._armed:
            fault = armed.fault
            if (
                isinstance(fault, DeliveryFault)
                and fault.kind is kind
                and fault.event in {None, event}
                and armed.left != 0
            ):
                _use(armed)
                return fault
        return None


def _use(armed: _Armed) -> None:
    if armed.left is not None:
        armed.left -= 1
