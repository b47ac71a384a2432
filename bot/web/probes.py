"""Whether the desk is alive, and whether it is ready: for whoever starts and stops it. Wants no key."""

import enum
from collections.abc import Iterable
from http import HTTPStatus

from aiohttp import web

from bot.web.answers import as_json
from contracts.faults import Reason


class Phase(enum.Enum):
    STARTING = enum.auto()
    READY = enum.auto()
    STOPPING = enum.auto()


_WHY_NOT = {Phase.STARTING: (Reason.DESK_STARTING,), Phase.READY: (), Phase.STOPPING: (Reason.DESK_STOPPING,)}


class Probes:
    """*phase* is set by whoever runs the desk."""

    def __init__(self) -> None:
        self.phase = Phase.STARTING

    @property
    def at_work(self) -> bool:
        """Whether the desk takes turns; while it stops it still ends what it has in hand."""
        return self.phase is not Phase.STARTING

    def routes(self) -> Iterable[web.RouteDef]:
        return (web.get("/healthz", self._healthy), web.get("/readyz", self._ready))

    async def _healthy(self, _request: web.Request) -> web.StreamResponse:
        return web.Response(text="ok\n")

    async def _ready(self, _request: web.Request) -> web.StreamResponse:
        reasons = [reason.value for reason in _WHY_NOT[self.phase]]
        status = HTTPStatus.SERVICE_UNAVAILABLE if reasons else HTTPStatus.OK
        return as_json({"ready": not reasons, "reasons": reasons}, status=status)
