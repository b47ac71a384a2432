"""An app that only listens: it stands where the desk stands, in either mode, and keeps what it was sent."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from slack_sdk.signature import SignatureVerifier
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.socket_mode.response import SocketModeResponse
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.peer import App, Mode
from tests.peer.harness import StrictSlack
from tests.peer.journal import Kind
from tests.peer.outlets import decoded


@dataclass(frozen=True, slots=True)
class Seen:
    kind: Kind
    payload: Mapping[str, Any]
    retry: int  #: 0: the first time
    retry_reason: str

    @property
    def event(self) -> Mapping[str, Any]:
        inner: Mapping[str, Any] = self.payload.get("event", {})
        return inner


@dataclass(slots=True)
class Listener:
    """Acknowledges everything with what `answer` returns, unless `acknowledges` says no."""

    web: AsyncWebClient
    seen: list[Seen] = field(default_factory=list)
    answer: Callable[[Seen], Mapping[str, Any] | str | None] = lambda _seen: None
    acknowledges: Callable[[Seen], bool] = lambda _seen: True
    headers: dict[str, str] = field(default_factory=dict)  #: of an HTTP answer
    client: SocketModeClient | None = None  #: in Socket Mode

    def events(self, kind: str) -> list[Mapping[str, Any]]:
        """The inner events of one type."""
        return [seen.event for seen in self.seen if seen.event.get("type") == kind]

    def kinds(self) -> list[str]:
        """What came, in order: the type of the event, of the interaction, or the command."""
        return [
            str(seen.event.get("type") or seen.payload.get("command") or seen.payload["type"])
            for seen in self.seen
        ]


def web_client(slack: StrictSlack, app: App | None = None) -> AsyncWebClient:
    """The SDK's client without its own retries."""
    token = (app or slack.proxy.app).bot_token
    return AsyncWebClient(token, base_url=slack.proxy.api_url, retry_handlers=[])


@asynccontextmanager
async def listening(slack: StrictSlack) -> AsyncIterator[Listener]:
    """A listener in the mode of *slack*, connected."""
    listener = Listener(web_client(slack))
    start = _over_sockets if slack.mode is Mode.SOCKET else _over_http
    async with start(slack, listener):
        yield listener


@asynccontextmanager
async def _over_sockets(slack: StrictSlack, listener: Listener) -> AsyncIterator[None]:
    async def take(client: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        seen = Seen(
            Kind(request.type), request.payload, request.retry_attempt or 0, request.retry_reason or ""
        )
        listener.seen.append(seen)
        if listener.acknowledges(seen):
            answer = listener.answer(seen)
            payload = dict(answer) if isinstance(answer, Mapping) else answer
            await client.send_socket_mode_response(SocketModeResponse(request.envelope_id, payload))

    # The interval is how long the SDK waits before it looks for a lost connection.
    client = SocketModeClient(slack.proxy.app.app_token, web_client=listener.web, ping_interval=0.1)
    client.socket_mode_request_listeners.append(take)
    listener.client = client
    await client.connect()  # type: ignore[no-untyped-call]
    await slack.proxy.until(lambda: slack.proxy.sockets.open)
    try:
        yield
    finally:
        await client.close()  # type: ignore[no-untyped-call]
        ended = [client.message_processor, client.current_session_monitor, client.message_receiver]
        await asyncio.gather(*(task for task in ended if task), return_exceptions=True)


@asynccontextmanager
async def _over_http(slack: StrictSlack, listener: Listener) -> AsyncIterator[None]:
    signature = SignatureVerifier(slack.proxy.app.signing_secret)

    async def take(request: web.Request) -> web.Response:
        body = await request.read()
        if not signature.is_valid_request(body, dict(request.headers)):
            return web.Response(status=401)
        kind, payload = decoded(body, request.content_type)
        retry = int(request.headers.get("X-Slack-Retry-Num", "0"))
        seen = Seen(kind, payload, retry, request.headers.get("X-Slack-Retry-Reason", ""))
        listener.seen.append(seen)
        if not listener.acknowledges(seen):
            return web.Response(status=500, headers=listener.headers)
        answer = listener.answer(seen)
        if isinstance(answer, str):
            return web.Response(text=answer)
        return web.json_response(answer) if answer else web.Response()

    application = web.Application()
    application.router.add_post("/slack/events", take)
    runner = web.AppRunner(application, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    slack.proxy.request_url.url = f"http://{host}:{port}/slack/events"
    try:
        yield
    finally:
        await runner.cleanup()
