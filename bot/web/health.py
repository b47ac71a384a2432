"""How the desk is, as it last measured itself, and how it was."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

from aiohttp import web

from bot import shapes
from bot.web.answers import as_json, problem
from contracts.faults import Fault, Reason, fault
from contracts.health import HealthLog, Status


@dataclass(frozen=True, slots=True)
class Step:
    """One kind of sample: how long each is, and how many of them are kept."""

    length: timedelta
    kept: int


_STEPS: Final[Mapping[str, Step]] = {
    "minutes": Step(timedelta(minutes=1), 7 * 24 * 60),
    "hours": Step(timedelta(hours=1), 366 * 24),
}
_UNASKED: Final = ("minutes", "60")
#: With these a monitor that looks at nothing but the status code need not call anybody.
_WELL: Final = frozenset({Status.HEALTHY.value, Status.DEGRADED.value})


class HealthPages:
    """*fresh*: how long a measurement says something of now."""

    def __init__(self, log: HealthLog, *, fresh: timedelta, clock: Callable[[], datetime]) -> None:
        self._log = log
        self._fresh = fresh
        self._clock = clock

    def routes(self) -> Iterable[web.RouteDef]:
        return (web.get("/health", self._now), web.get("/health/history", self._history))

    async def _now(self, _request: web.Request) -> web.StreamResponse:
        said = shapes.health(await self._log.latest(), fresh=self._fresh, now=self._clock())
        well = said["status"] in _WELL
        return as_json(said, status=HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE)

    async def _history(self, request: web.Request) -> web.StreamResponse:
        asked = _span(request.query)
        if isinstance(asked, Fault):
            return problem(asked, HTTPStatus.BAD_REQUEST)
        name, many = asked
        since = self._clock() - _STEPS[name].length * many
        read = self._log.minutes if name == "minutes" else self._log.hours
        samples = await read(since=since)
        return as_json({"of": name, "since": since.isoformat(), "samples": list(map(shapes.sample, samples))})


def _span(query: Mapping[str, str]) -> tuple[str, int] | Fault:
    """Of which samples how many are asked for."""
    given = {name: query[name] for name in _STEPS if name in query}
    [(name, text), *others] = given.items() or [_UNASKED]
    most = _STEPS[name].kept
    plain = text.isascii() and text.isdecimal() and len(text) < 9
    if others or not plain or not 1 <= int(text) <= most:
        return fault(Reason.HISTORY_SPAN, name=name, given=text, most=most)
    return name, int(text)
