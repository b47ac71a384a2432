"""`POST /alerts`: alerts of others, as Alertmanager's webhook sends them."""

from collections.abc import Callable, Iterable
from datetime import datetime
from http import HTTPStatus

from aiohttp import web

from bot.alerts.inbound import MOST_BYTES, Inbound
from bot.web.answers import as_json, problem
from contracts.faults import Fault, Reason, fault


class AlertsIn:
    def __init__(self, inbound: Inbound, *, clock: Callable[[], datetime]) -> None:
        self._inbound = inbound
        self._clock = clock

    def routes(self) -> Iterable[web.RouteDef]:
        return (web.post("/alerts", self._receive),)

    async def _receive(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        if len(body) > MOST_BYTES:
            return problem(fault(Reason.BODY_TOO_LARGE, most=MOST_BYTES), HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        kept = await self._inbound.receive(body, now=self._clock())
        if isinstance(kept, Fault):
            return problem(kept, HTTPStatus.BAD_REQUEST)
        return as_json({"kept": kept})
