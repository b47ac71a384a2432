"""HTTP mode: Slack calls the desk. What Slack did not sign goes no further than the first lines here."""

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
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

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
log = logging.getLogger(__name__)


def application(app: AsyncApp, *, signing_secret: str, clock: Callable[[], datetime]) -> web.Application:
    """`POST /slack/events` for Slack, `GET /healthz` for whoever wants to know that this process answers."""

    @web.middleware
    async def only_slack(request: web.Request, handler: _Handler) -> web.StreamResponse:
        if request.path != EVENTS:
            return await handler(request)
        # aiohttp stops reading at `client_max_size` and answers 413.
        body = await request.read()
        if not genuine(
            signing_secret,
            body,
            timestamp=request.headers.get("X-Slack-Request-Timestamp", ""),
            signature=request.headers.get("X-Slack-Signature", ""),
            now=clock(),
        ):
            log.warning("refused a request without Slack's signature from %s", request.remote)
            return web.Response(status=401, text="not signed by Slack\n")
        return await handler(request)

    async def receive(request: web.Request) -> web.StreamResponse:
        body = (await request.read()).decode("utf-8", "replace")
        asked = AsyncBoltRequest(body=body, query=request.query_string, headers=dict(request.headers))
        return await to_aiohttp_response(await app.async_dispatch(asked))

    async def healthy(_request: web.Request) -> web.StreamResponse:
        return web.Response(text="ok\n")

    served = web.Application(client_max_size=MOST_BODY, middlewares=[only_slack])
    served.add_routes([web.post(EVENTS, receive), web.get("/healthz", healthy)])
    return served


@asynccontextmanager
async def listening(
    served: web.Application, host: str, port: int, *, drain: timedelta = timedelta(seconds=5)
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
