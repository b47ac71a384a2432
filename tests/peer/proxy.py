"""A proxy between the desk and the local Slack peer: strict, faithful and, when asked, faulty.

Everything the desk exchanges with Slack passes here: the Web API, the websockets of Socket Mode or the signed
requests of HTTP mode, files, and response URLs. All of it is in the journal.
"""

import asyncio
import itertools
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit

import aiohttp
from aiohttp import web

from bot.demo.peer import App, Mode, Workspace
from tests.peer import fidelity
from tests.peer.deliveries import Deliveries, Redelivery
from tests.peer.envelopes import Origin
from tests.peer.faults import Faults
from tests.peer.front import Front
from tests.peer.journal import PATIENCE, Call, Delivery, Journal, Kind
from tests.peer.outlets import Outlet, RequestUrl, decoded
from tests.peer.rules import Rates, ResponseUrls
from tests.peer.sockets import Sockets
from tests.peer.strictness import BOT_SCOPES
from tests.peer.upstream import Upstream
from tests.peer.web_api import WebApi

T = TypeVar("T")
JsonObject = dict[str, Any]

_LARGEST_BODY = 64 << 20


class SlackProxy:
    """What tests hold: see `harness.strict_slack`."""

    def __init__(
        self,
        url: str,
        peer_url: str,
        session: aiohttp.ClientSession,
        workspace: Workspace,
        *,
        mode: Mode,
        redelivery: Redelivery,
        scopes: frozenset[str],
        usergroups: Mapping[str, tuple[str, ...]],
    ) -> None:
        self.url = url
        self.journal = Journal()
        self.faults = Faults()
        self.workspace = workspace
        self.mode = mode
        self._upstream = Upstream(peer_url, session)
        self._sockets = {app.app_id: Sockets(app.app_id, self.journal) for app in workspace.apps}
        self._requests = {app.app_id: RequestUrl(app.signing_secret, session) for app in workspace.apps}
        self._delivering = Deliveries(self.journal, self.faults, redelivery, self._start)
        self.web_api = WebApi(
            workspace,
            self._upstream,
            scopes=scopes,
            usergroups=usergroups,
            tell=self._tell,
            ticket=self._ticket,
        )
        self._front = Front(self._upstream, self.web_api, self.journal, self.faults, self._outward)
        self._tasks: set[asyncio.Task[None]] = set()
        self._lines: set[asyncio.Task[None]] = set()
        self._failures: list[BaseException] = []
        self._commands = itertools.count(1)
        self._borrowed: dict[str, asyncio.Future[JsonObject]] = {}

    # What tests use.

    @property
    def api_url(self) -> str:
        """For `SLACK_API_URL`."""
        return f"{self.url}/api/"

    @property
    def app(self) -> App:
        """The desk."""
        return self.workspace.apps[0]

    @property
    def sockets(self) -> Sockets:
        """The desk's Socket Mode connections."""
        return self._sockets[self.app.app_id]

    @property
    def request_url(self) -> RequestUrl:
        """The desk in HTTP mode: a test sets its `url`."""
        return self._requests[self.app.app_id]

    @property
    def response_urls(self) -> ResponseUrls:
        return self._front.response_urls

    @property
    def redelivery(self) -> Redelivery:
        return self._delivering.redelivery

    @redelivery.setter
    def redelivery(self, redelivery: Redelivery) -> None:
        self._delivering.redelivery = redelivery

    @property
    def rates(self) -> Rates | None:
        """None, the default: Slack is patient."""
        return self.web_api.limits.rates

    @rates.setter
    def rates(self, rates: Rates | None) -> None:
        self.web_api.limits.rates = rates

    def calls(self, method: str | None = None) -> list[Call]:
        """All requests of the desk, in order, also refused ones and those that never reached Slack."""
        return self.journal.calls(method)

    def effects(self, method: str | None = None) -> list[Call]:
        """The requests that Slack carried out."""
        return [call for call in self.calls(method) if call.took_effect]

    def deliveries(self, kind: Kind | None = None, *, event: str | None = None) -> list[Delivery]:
        """All attempts to hand something to the desk; *event*: the type of the inner event."""
        return self.journal.deliveries(kind, event=event)

    async def until(self, condition: Callable[[], T], *, within: timedelta = PATIENCE) -> T:
        """The first true value of *condition*; see `Journal.until`."""
        return await self.journal.until(condition, within=within)

    async def quiet(self) -> None:
        """Returns when nothing is on its way to the desk, and nothing will be tried again."""
        while self._tasks:
            await asyncio.wait(self._tasks)

    async def origin(self, user: str, channel: str) -> Origin:
        """A trigger and a response URL that the peer knows, for a hand-made payload."""
        command = f"/origin-{next(self._commands)}"
        self._borrowed[command] = asyncio.get_running_loop().create_future()
        await self._upstream.take_command(self.app, channel, user, command)
        return Origin.of_command(await self._borrowed.pop(command))

    async def send(
        self, kind: Kind, payload: Mapping[str, Any], *, app: App | None = None
    ) -> Mapping[str, Any] | None:
        """Deliver a payload to the desk in its mode; what came with the acknowledgement.

        The way of everything that the peer sends, open to hand-made payloads.
        """
        app = app or self.app
        shaped = await self._as_slack_sends(kind, dict(payload))
        answer = await self._delivering.deliver(self._outlet(app), kind, shaped)
        if kind is Kind.COMMAND and answer:
            # Slack shows the answer to one person unless told otherwise; the peer shows it to all.
            return {"response_type": "ephemeral", **answer}
        return answer

    # What the desk and the peer meet.

    def application(self) -> web.Application:
        application = web.Application(client_max_size=_LARGEST_BODY, middlewares=[self._remember_failures])
        application.add_routes(
            [
                web.get("/socket/{ticket}", self._serve_socket),
                web.post("/from-peer", self._take_from_peer),
                *self._front.routes(),
            ]
        )
        return application

    async def listen(self) -> None:
        """In Socket Mode: be the peer's only client, for every app."""
        if self.mode is Mode.EVENTS:
            return
        for app in self.workspace.apps:
            ready = asyncio.Event()
            self._start(self._upstream.listen(app, self._from_peer, ready), among=self._lines)
            await ready.wait()

    async def close(self) -> None:
        """Cut every connection; raises what went wrong inside the proxy."""
        for sockets in self._sockets.values():
            sockets.drop()
        running = self._tasks | self._lines
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        if self._failures:
            raise BaseExceptionGroup("the proxy itself failed", self._failures)

    async def _serve_socket(self, request: web.Request) -> web.StreamResponse:
        ticket = request.match_info["ticket"]
        for sockets in self._sockets.values():
            if sockets.takes(ticket):
                return await sockets.serve(request, ticket)
        return web.Response(status=404, text="this ticket is used up")

    async def _take_from_peer(self, request: web.Request) -> web.StreamResponse:
        """A request of the peer in HTTP mode, answered with what the desk said."""
        kind, payload = decoded(await request.read(), request.content_type)
        app = next(app for app in self.workspace.apps if app.app_id == payload["api_app_id"])
        answer = await self._from_peer(app, kind, payload)
        return web.json_response(answer) if answer else web.Response()

    async def _from_peer(self, app: App, kind: Kind, payload: JsonObject) -> Mapping[str, Any] | None:
        if kind is Kind.COMMAND and (borrowed := self._borrowed.get(payload["command"])):
            borrowed.set_result(self._handed_out(payload))
            return None
        return await self.send(kind, payload, app=app)

    def _outlet(self, app: App) -> Outlet:
        outlets: Mapping[str, Outlet] = self._sockets if self.mode is Mode.SOCKET else self._requests
        return outlets[app.app_id]

    def _tell(self, app: App, event: JsonObject) -> None:
        """Deliver an event that the peer does not send."""

        async def deliver() -> None:
            payload = self._outward(fidelity.wrapped(event, app, self.workspace.team_id))
            await self._delivering.deliver(self._outlet(app), Kind.EVENT, payload)

        self._start(deliver())

    async def _as_slack_sends(self, kind: Kind, peers: JsonObject) -> JsonObject:
        payload = self._handed_out(peers)
        match kind:
            case Kind.EVENT if "event" in payload:
                inner = payload["event"]
                channel = inner.get("channel")
                known = (await self._upstream.channels()).get(channel) if isinstance(channel, str) else None
                return {**payload, "event": fidelity.event(inner, known, self.workspace.team_id)}
            case Kind.INTERACTION:
                return self._shaped_interaction(payload)
            case _:
                return payload

    def _shaped_interaction(self, payload: JsonObject) -> JsonObject:
        shaped = dict(payload)
        if payload.get("message"):
            channel = payload["channel"]["id"]
            shaped["message"] = fidelity.persons_message(payload["message"], channel, self.workspace.team_id)
        if payload.get("view"):
            shaped["view"] = self.web_api.views.outward(payload["view"])
        return shaped

    def _handed_out(self, payload: JsonObject) -> JsonObject:
        """The payload with addresses that lead here; its trigger and response URL begin to age."""
        moved = self._outward(payload)
        now = asyncio.get_running_loop().time()
        if moved.get("trigger_id"):
            self.web_api.triggers.give(moved["trigger_id"], now)
        if moved.get("response_url"):
            self.response_urls.give(urlsplit(moved["response_url"]).path, now)
        return moved

    def _outward(self, value: JsonObject) -> JsonObject:
        moved: JsonObject = fidelity.moved(value, {self._upstream.url: self.url})
        return moved

    def _ticket(self, app: App) -> str:
        return f"{self.url.replace('http', 'ws', 1)}/socket/{self._sockets[app.app_id].new_ticket()}"

    def _start(
        self, work: Coroutine[Any, Any, None], *, among: set[asyncio.Task[None]] | None = None
    ) -> None:
        tasks = self._tasks if among is None else among
        task = asyncio.get_running_loop().create_task(work)
        tasks.add(task)

        def ended(task: asyncio.Task[None]) -> None:
            tasks.discard(task)
            if not task.cancelled() and (failure := task.exception()):
                self._failures.append(failure)

        task.add_done_callback(ended)

    @web.middleware
    async def _remember_failures(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        try:
            return await handler(request)
        except (web.HTTPException, aiohttp.ClientConnectionResetError):
            # The second is a client that went away before it had its answer, which is its right.
            raise
        except Exception as failure:
            self._failures.append(failure)
            raise


@asynccontextmanager
async def slack_proxy(
    listening: socket.socket,
    peer_url: str,
    workspace: Workspace,
    *,
    mode: Mode,
    redelivery: Redelivery | None = None,
    scopes: frozenset[str] = BOT_SCOPES,
    usergroups: Mapping[str, tuple[str, ...]] | None = None,
) -> AsyncIterator[SlackProxy]:
    """A running proxy on the *listening* socket, in front of the peer at *peer_url*."""
    host, port = listening.getsockname()
    async with aiohttp.ClientSession() as session:
        proxy = SlackProxy(
            f"http://{host}:{port}",
            peer_url,
            session,
            workspace,
            mode=mode,
            redelivery=redelivery or Redelivery(),
            scopes=scopes,
            usergroups=usergroups or {},
        )
        runner = web.AppRunner(proxy.application(), shutdown_timeout=0.1, access_log=None)
        await runner.setup()
        await web.SockSite(runner, listening).start()
        try:
            await proxy.listen()
            yield proxy
        finally:
            try:
                await proxy.close()
            finally:
                await runner.cleanup()
