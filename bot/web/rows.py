"""What the store says, as JSON: the queue at a glance, and one patch."""

from collections.abc import Iterable
from http import HTTPStatus

from aiohttp import web

from bot import shapes
from bot.web.answers import as_json, problem
from contracts.faults import Reason, fault
from contracts.ports import Ledger
from contracts.settings import Settings


class Rows:
    def __init__(self, ledger: Ledger, settings: Settings) -> None:
        self._ledger = ledger
        self._domains = tuple(settings.domains)

    def routes(self) -> Iterable[web.RouteDef]:
        return (web.get("/queue/stats", self._stats), web.get("/patches/{id}", self._patch))

    async def _stats(self, _request: web.Request) -> web.StreamResponse:
        counts, states = await self._ledger.counts(), await self._ledger.states()
        # Who asks the desk itself knows that it runs.
        return as_json(shapes.status(True, counts, states, await self._ledger.lanes(self._domains)))

    async def _patch(self, request: web.Request) -> web.StreamResponse:
        asked = request.match_info["id"].casefold()
        row = await self._ledger.patch(asked)
        if row is None:
            return problem(fault(Reason.UNKNOWN_PATCH, id=asked), HTTPStatus.NOT_FOUND)
        return as_json(shapes.patch(row))
