"""`/dashboard`: a page to look at. It follows by itself where the browser runs its script."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Final

from aiohttp import hdrs, web
from aiohttp_sse import EventSourceResponse, sse_response

from bot.overview import Overview
from bot.web import page
from bot.web.access import LOGIN, LOGOUT, STATIC, Access
from bot.web.answers import problem
from bot.web.keys import holder_of
from contracts.faults import Reason, fault
from contracts.settings import Scope

#: How often a page that is open is brought up to date.
REFRESH: Final = timedelta(seconds=2)
#: Browsers that follow at the same time; all are told from one look at the store.
MOST_WATCHING: Final = 50


class Dashboard:
    def __init__(
        self,
        look: Callable[[], Awaitable[Overview]],
        access: Access,
        *,
        clock: Callable[[], datetime],
    ) -> None:
        self._look = look
        self._access = access
        self._clock = clock
        self._looking = asyncio.Lock()
        self._latest: page.Shown | None = None
        self._watching = 0
        self._stopping = asyncio.Event()

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        return (
            web.get("/dashboard", self._page),
            web.get("/dashboard/events", self._events),
            web.get(LOGIN, self._ask),
            web.post(LOGIN, self._sign_in),
            web.post(LOGOUT, self._sign_out),
            web.static(STATIC, Path(__file__).parent / "static"),
        )

    async def stop(self, _application: web.Application) -> None:
        """A signal: streams end, so that nobody waits for them."""
        self._stopping.set()

    # Looking -----------------------------------------------------------------------------------
    async def _page(self, request: web.Request) -> web.StreamResponse:
        shown = page.shown(await self._look())
        signed_in = hdrs.AUTHORIZATION not in request.headers
        return _html(page.dashboard(shown, signed_in=signed_in))

    async def _events(self, request: web.Request) -> web.StreamResponse:
        if self._watching >= MOST_WATCHING:
            many = fault(Reason.TOO_MANY_WATCH, most=MOST_WATCHING)
            return problem(many, HTTPStatus.SERVICE_UNAVAILABLE)
        session = self._access.signed_in(request)
        self._watching += 1
        try:
            async with sse_response(request) as stream:
                # Closed by the browser: there is nobody left to tell.
                with suppress(ConnectionResetError):
                    await self._follow(stream, request.query.get("shown"), session[1] if session else None)
            return stream
        finally:
            self._watching -= 1

    async def _follow(self, stream: EventSourceResponse, version: str | None, until: datetime | None) -> None:
        """Until the browser goes, its session ends or the desk stops. *version* is on its screen."""
        while stream.is_connected() and not self._stopping.is_set():
            if until is not None and self._clock() >= until:
                return
            shown = await self._shown()
            if shown.version != version:
                version = shown.version
                await stream.send(shown.html, event="overview")
            seen = {"at": shown.at.isoformat(), "text": shown.at_text}
            await stream.send(json.dumps(seen), event="seen")
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), REFRESH.total_seconds())

    async def _shown(self) -> page.Shown:
        """What everybody who follows is shown; looked up once for all of them."""
        async with self._looking:
            if self._latest is None or self._clock() - self._latest.at >= REFRESH:
                self._latest = page.shown(await self._look())
            return self._latest

    # Signing in --------------------------------------------------------------------------------
    async def _ask(self, _request: web.Request) -> web.StreamResponse:
        return _html(page.login(refused=False))

    async def _sign_in(self, request: web.Request) -> web.StreamResponse:
        given = (await request.post()).get("key")
        key = given.strip() if isinstance(given, str) else ""
        holder = holder_of(key, self._access.settings.keys)
        if holder is None or Scope.READ not in holder.scopes:
            self._access.note(request, Reason.KEY_WRONG if holder is None else Reason.KEY_TOO_NARROW)
            refused = _html(page.login(refused=True), status=HTTPStatus.UNAUTHORIZED)
            refused.headers[hdrs.WWW_AUTHENTICATE] = 'Bearer realm="patchdesk"'
            return refused
        signed_in = _see("/dashboard")
        self._access.sign_in(request, signed_in, holder)
        return signed_in

    async def _sign_out(self, request: web.Request) -> web.StreamResponse:
        signed_out = _see(LOGIN)
        self._access.sign_out(request, signed_out)
        return signed_out


def _html(text: str, *, status: int = HTTPStatus.OK) -> web.Response:
    return web.Response(text=text, status=status, content_type="text/html")


def _see(path: str) -> web.Response:
    return web.Response(status=HTTPStatus.SEE_OTHER, headers={hdrs.LOCATION: path})
