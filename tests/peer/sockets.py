"""A Socket Mode server for one app, and the hands that break its connections."""

import asyncio
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

from aiohttp import WSMsgType, web

from tests.peer.journal import Journal, Kind, SocketChange
from tests.peer.outlets import Again, Receipt


@dataclass(slots=True, eq=False)
class _Socket:
    name: str
    ws: web.WebSocketResponse
    transport: asyncio.Transport
    muted: bool
    leaving: bool = False
    waiting: dict[str, asyncio.Future[Mapping[str, Any] | None]] = field(default_factory=dict)


class Sockets:
    """Each envelope goes to one open connection, in turn. A ticket (the end of the URL that
    apps.connections.open gives) is good for one handshake.
    """

    def __init__(self, app_id: str, journal: Journal) -> None:
        self._app_id = app_id
        self._journal = journal
        self._open: list[_Socket] = []
        self._opened = asyncio.Event()
        self._tickets: set[str] = set()
        self._numbers = itertools.count(1)
        self._turn = itertools.count()
        self._refusals: int | None = 0
        self._mute_next = 0
        self.listens = False

    @property
    def open(self) -> list[str]:
        """Names of the connections that get envelopes."""
        return [socket.name for socket in self._staying()]

    def drop(self) -> None:
        """Cut every connection, without a closing handshake."""
        for socket in self._open:
            socket.transport.abort()

    async def refresh(self) -> None:
        """Ask the app to connect anew, as Slack does every few hours, and close."""
        for socket in self._staying():
            socket.leaving = True
            await socket.ws.send_json(
                {"type": "disconnect", "reason": "refresh_requested", "debug_info": {"host": "proxy"}}
            )
            await socket.ws.close()

    def mute(self, *, next_ones: int = 0) -> None:
        """The connections stay open and say nothing: no envelope, no pong; the *next_ones* not even hello.

        Envelopes that Slack sends over a muted connection are lost, and delivered again.
        """
        for socket in self._open:
            socket.muted = True
        self._mute_next = next_ones

    def refuse(self, times: int | None) -> None:
        """Refuse the next handshakes; None: until `refuse(0)`."""
        self._refusals = times

    def new_ticket(self) -> str:
        ticket = f"{self._app_id}-{next(self._numbers)}"
        self._tickets.add(ticket)
        return ticket

    def takes(self, ticket: str) -> bool:
        return ticket in self._tickets

    async def serve(self, request: web.Request, ticket: str) -> web.StreamResponse:
        """One connection of the app, from handshake to end."""
        if self._refusals is None or self._refusals > 0:
            self._refusals = None if self._refusals is None else self._refusals - 1
            self._journal.write(SocketChange(ticket, "refused"))
            return web.Response(status=503, text="the handshake is refused")
        self._tickets.discard(ticket)
        # Pings are answered by hand: a muted connection does not answer them.
        ws = web.WebSocketResponse(autoping=False)
        await ws.prepare(request)
        assert isinstance(request.transport, asyncio.Transport)
        socket = _Socket(ticket, ws, request.transport, muted=self._mute_next > 0)
        self._mute_next = max(0, self._mute_next - 1)
        try:
            await self._enter(socket)
            await _listen(socket)
        finally:
            self._leave(socket)
        return ws

    async def send(
        self, kind: Kind, payload: Mapping[str, Any], again: Again | None, within: timedelta
    ) -> Receipt:
        """Over the connection whose turn it is; waits for one to open."""
        socket: _Socket | None = None
        try:
            async with asyncio.timeout(within.total_seconds()):
                socket = await self._next()
                answer = await _exchange(socket, _envelope(kind, payload, again))
                return Receipt(socket.name, acked=True, answer=answer)
        except (TimeoutError, ConnectionError):
            return Receipt(socket.name if socket else None, acked=False)

    async def _enter(self, socket: _Socket) -> None:
        self._open.append(socket)
        self.listens = True
        if not socket.muted:
            await socket.ws.send_json(
                {
                    "type": "hello",
                    "num_connections": len(self._open),
                    "connection_info": {"app_id": self._app_id},
                    "debug_info": {"host": "proxy", "approximate_connection_time": 18060},
                }
            )
        self._opened.set()
        self._opened = asyncio.Event()
        self._journal.write(SocketChange(socket.name, "opened"))

    def _leave(self, socket: _Socket) -> None:
        self._open.remove(socket)
        for waiting in socket.waiting.values():
            if not waiting.done():
                waiting.set_exception(ConnectionResetError(f"{socket.name} is gone"))
        self._journal.write(SocketChange(socket.name, "closed"))

    def _staying(self) -> list[_Socket]:
        return [socket for socket in self._open if not socket.leaving]

    async def _next(self) -> _Socket:
        while not (sockets := self._staying()):
            await self._opened.wait()
        return sockets[next(self._turn) % len(sockets)]


async def _listen(socket: _Socket) -> None:
    async for message in socket.ws:
        if socket.muted:
            continue
        if message.type is WSMsgType.PING:
            await socket.ws.pong(message.data)
        elif message.type is WSMsgType.TEXT:
            said = message.json()
            waiting = socket.waiting.get(said.get("envelope_id", ""))
            if waiting is not None and not waiting.done():
                waiting.set_result(said.get("payload"))


async def _exchange(socket: _Socket, envelope: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Send one envelope and wait for its acknowledgement; ConnectionError if the connection ends first."""
    waiting = asyncio.get_running_loop().create_future()
    socket.waiting[envelope["envelope_id"]] = waiting
    try:
        if not socket.muted:
            await socket.ws.send_json(envelope)
        answer: Mapping[str, Any] | None = await waiting
        return answer
    finally:
        del socket.waiting[envelope["envelope_id"]]


def _envelope(kind: Kind, payload: Mapping[str, Any], again: Again | None) -> dict[str, Any]:
    envelope: dict[str, Any] = {
        "envelope_id": str(uuid4()),
        "type": kind.value,
        "payload": payload,
        "accepts_response_payload": kind is not Kind.EVENT,
    }
    if kind is Kind.EVENT:
        envelope |= {
            "retry_attempt": again.number if again else 0,
            "retry_reason": again.reason if again else "",
        }
    return envelope
