"""What the store says, as JSON: the queue at a glance, and one patch."""

from collections.abc import Callable, Iterable
from datetime import datetime
from http import HTTPStatus

from aiohttp import web

from bot import shapes
from bot.delivery.questions import outlook_of
from bot.web.answers import as_json, problem
from bot.web.probes import Probes
from contracts.faults import Reason, fault
from contracts.outlook import Outlook
from contracts.ports import Ledger
from contracts.records import StoredPatch
from contracts.settings import Settings


class Rows:
    def __init__(
        self, ledger: Ledger, settings: Settings, probes: Probes, *, clock: Callable[[], datetime]
    ) -> None:
        self._ledger = ledger
        self._clock = clock
        self._probes = probes
        self._domains = tuple(settings.domains)

    def routes(self) -> Iterable[web.RouteDef]:
        return (web.get("/queue/stats", self._stats), web.get("/patches/{id}", self._patch))

    async def _stats(self, _request: web.Request) -> web.StreamResponse:
        counts, states = await self._ledger.counts(), await self._ledger.states()
        lanes = await self._ledger.lanes(self._domains)
        closed = await self._ledger.closed()
        return as_json(shapes.status(self._probes.at_work, counts, states, lanes, closed))

    async def _patch(self, request: web.Request) -> web.StreamResponse:
        asked = request.match_info["id"].casefold()
        row = await self._ledger.patch(asked)
        if row is None and (found := await self._ledger.patch_set(asked)) is not None:
            expected = {each.id: await self._expected(each) for each in found.members}
            return as_json(shapes.patch_set(found, expected))
        if row is None:
            return problem(fault(Reason.UNKNOWN_PATCH, id=asked), HTTPStatus.NOT_FOUND)
        return as_json(shapes.patch(row, await self._expected(row)))

    async def _expected(self, row: StoredPatch) -> Outlook | None:
        return await outlook_of(row, self._ledger, self._clock())
