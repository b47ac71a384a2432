"""HTTP mode: Slack calls the desk. What Slack did not sign goes no further than the first lines here."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest

from bot.intake.signature import genuine

EVENTS: Final = "/slack/events"
#: Slack's largest payloads are messages of 40,000 characters with their blocks, and views of 250 KB.
MOST_BODY: Final = 2 * 1024**2
#: For requests in hand at the end. Slack waits three seconds.
DRAIN: Final = timedelta(seconds=5)

log = logging.getLogger(__name__)


class Events:
    """`POST /slack/events`. While it is not `open`, Slack is told to come again."""

    def __init__(self, signing_secret: str, clock: Callable[[], datetime]) -> None:
        self._secret = signing_secret
        self._clock = clock
        self._app: AsyncApp | None = None
        self._in_hand = 0
        self._idle = asyncio.Event()
        self._idle.set()

    @asynccontextmanager
    async def open(self, app: AsyncApp, *, drain: timedelta = DRAIN) -> AsyncIterator[None]:
        """Events go to *app*. Left, nothing more is taken in, and what is in hand gets *drain*."""
        self._app = app
        try:
            yield
        finally:
            self._app = None
            try:
                await asyncio.wait_for(self._idle.wait(), drain.total_seconds())
            except TimeoutError:
                log.warning("events in hand are left unanswered; Slack sends them again")

    async def receive(self, request: web.Request) -> web.StreamResponse:
        # aiohttp stops reading at `client_max_size` and answers 413.
        body = await request.read()
        if not genuine(
            self._secret,
            body,
            timestamp=request.headers.get("X-Slack-Request-Timestamp", ""),
            signature=request.headers.get("X-Slack-Signature", ""),
            now=self._clock(),
        ):
            log.warning("refused a request without Slack's signature from %s", request.remote)
            return web.Response(status=401, text="not signed by Slack\n")
        if self._app is None:
            return web.Response(status=503, text="the desk takes nothing in just now\n")
        return await self._dispatch(self._app, request, body)

    async def _dispatch(self, app: AsyncApp, request: web.Request, body: bytes) -> web.StreamResponse:
        self._in_hand += 1
        self._idle.clear()
        try:
            asked = AsyncBoltRequest(
                body=body.decode("utf-8", "replace"),
                query=request.query_string,
                headers=dict(request.headers),
            )
            return await to_aiohttp_response(await app.async_dispatch(asked))
        finally:
            self._in_hand -= 1
            if not self._in_hand:
                self._idle.set()


@asynccontextmanager
async def listening(
    served: web.Application, host: str, port: int, *, drain: timedelta = DRAIN
) -> AsyncIterator[str]:
    """Listens while entered; gives the address. Raises OSError if it cannot be listened on.

    At the end, requests in hand are answered, for at most *drain*.
    """
    runner = web.AppRunner(served, access_log=None, shutdown_timeout=drain.total_seconds())
    await runner.setup()
    try:
        await web.TCPSite(runner, host, port).start()
        bound, at, *_ = runner.addresses[0]
        log.info("listening on %s:%d", bound, at)
        yield f"http://{bound}:{at}"
    finally:
        await runner.cleanup()
