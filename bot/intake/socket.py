"""Socket Mode: the desk calls Slack, over two connections, and sees to it that they live.

Slack closes a connection every few hours, and the old one before the new one is there: the second
carries what comes meanwhile. The SDK reconnects by itself, with two gaps that are closed here: it tries
a refused address for ever, and may take its time to look at a connection that was cut.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

import aiohttp
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.socket_mode.aiohttp import SocketModeClient
from slack_sdk.socket_mode.async_client import AsyncBaseSocketModeClient
from slack_sdk.socket_mode.request import SocketModeRequest

CONNECTIONS: Final = 2

log = logging.getLogger(__name__)


@asynccontextmanager
async def socket_mode(
    app: AsyncApp,
    app_token: str,
    *,
    ping: timedelta = timedelta(seconds=5),
    look: timedelta = timedelta(milliseconds=500),
    drain: timedelta = timedelta(seconds=3),
) -> AsyncIterator["Lines"]:
    """Entered once the first connection is open; the others follow.

    *ping*: how often a connection is asked for a sign of life; one that gives none for half as long again
    is replaced. *look*: how soon it is noticed that one was cut. At the end, envelopes in hand are
    acknowledged, for at most *drain*.
    """
    opened = asyncio.Event()
    lines = [_Line(number, app, app_token, ping, opened) for number in range(1, CONNECTIONS + 1)]
    try:
        async with asyncio.TaskGroup() as group:
            tending = [group.create_task(line.tend(group, look)) for line in lines]
            await opened.wait()
            yield Lines(lines)
            await asyncio.gather(*(line.drained(drain) for line in lines))
            for task in tending:
                task.cancel()
            for line in lines:
                line.stop()
    finally:
        await asyncio.gather(*(line.close() for line in lines))


class Lines:
    """The connections, as they are looked at from outside."""

    def __init__(self, lines: Sequence["_Line"]) -> None:
        self._lines = lines

    @property
    def silent(self) -> timedelta:
        """Since anything was heard on any of them."""
        return min(line.silent for line in self._lines)

    def reconnect(self, silent: timedelta) -> int:
        """Begin those anew on which nothing was heard for longer than *silent*; how many."""
        return sum(line.begin_anew() for line in self._lines if line.silent > silent)


class _Line:
    """One connection and its reconnections."""

    def __init__(
        self, number: int, app: AsyncApp, app_token: str, ping: timedelta, opened: asyncio.Event
    ) -> None:
        self._number = number
        self._opened = opened
        self._handler = AsyncSocketModeHandler(app, app_token, logger=log, ping_interval=ping.total_seconds())
        self._client: SocketModeClient = self._handler.client
        # The SDK handles each envelope in a task that it forgets; counted here, they can be waited for.
        self._client.socket_mode_request_listeners[:] = [self._handle]
        self._in_hand = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._connecting: asyncio.Task[None] | None = None
        self._heard = self._now()
        self._pong: float | None = None
        # The SDK calls its listeners for messages only; of its pings it keeps the time of the last answer.
        self._client.on_message_listeners.append(self._hear)

    @property
    def silent(self) -> timedelta:
        """Since a message, or since an answer to a ping was first seen here."""
        return timedelta(seconds=self._now() - self._heard)

    def begin_anew(self) -> bool:
        """Have `tend` open another connection. False: that is under way."""
        if self._connecting is not None and not self._connecting.done():
            return False
        self._client.stale = True
        return True

    async def _hear(self, _message: aiohttp.WSMessage) -> None:
        self._heard = self._now()

    def _look_for_pong(self) -> None:
        if (pong := self._client.last_ping_pong_time) != self._pong:
            self._pong = pong
            if pong is not None:
                self._heard = self._now()

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()

    async def tend(self, group: asyncio.TaskGroup, look: timedelta) -> None:
        """Connect, and connect again whenever the connection is gone."""
        while True:
            self._look_for_pong()
            if await self._client.is_connected():
                self._opened.set()
            else:
                # An address is good for one handshake; without this the SDK tries the same one for ever.
                self._client.wss_uri = None
                if self._connecting is None or self._connecting.done():
                    self._connecting = group.create_task(self._connect())
            await asyncio.sleep(look.total_seconds())

    async def _connect(self) -> None:
        log.info("opening connection %d", self._number)
        try:
            await self._client.connect_to_new_endpoint()
        except Exception:
            # Whatever Slack answers, and whatever the SDK makes of that: there must be a next try.
            log.exception("connection %d could not be opened and is tried again", self._number)
            await asyncio.sleep(self._client.ping_interval)
            return
        if await self._client.is_connected():
            self._opened.set()

    async def _handle(self, _: AsyncBaseSocketModeClient, request: SocketModeRequest) -> None:
        self._in_hand += 1
        self._idle.clear()
        try:
            await self._handler.handle(self._client, request)
        finally:
            self._in_hand -= 1
            if not self._in_hand:
                self._idle.set()

    async def drained(self, most: timedelta) -> None:
        try:
            await asyncio.wait_for(self._idle.wait(), most.total_seconds())
        except TimeoutError:
            log.warning(
                "connection %d is closed with envelopes in hand; Slack sends them again", self._number
            )

    def stop(self) -> None:
        if self._connecting is not None:
            self._connecting.cancel()

    async def close(self) -> None:
        client = self._client
        await client.close()  # type: ignore[no-untyped-call]
        # The SDK cancels its tasks and does not wait for them.
        tasks = (client.message_processor, client.current_session_monitor, client.message_receiver)
        await asyncio.gather(*(task for task in tasks if task is not None), return_exceptions=True)
