"""The proxy's own line to the peer: its Web API, its state, and its envelopes in Socket Mode."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp

from bot.demo.peer import App
from tests.peer.journal import Kind

JsonObject = dict[str, Any]


class Upstream:
    """The peer at *url*."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url.rstrip("/")
        self._session = session

    async def call(self, method: str, args: Mapping[str, Any], token: str) -> JsonObject:
        """The peer's answer to a Web API call."""
        headers = {"Authorization": f"Bearer {token}"}
        async with self._session.post(
            f"{self.url}/api/{method}", json=dict(args), headers=headers
        ) as response:
            answer: JsonObject = await response.json()
            return answer

    async def fetch(
        self, verb: str, path: str, *, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> tuple[int, bytes, str]:
        """Status, body and content type of anything else the peer serves."""
        async with self._session.request(
            verb, f"{self.url}{path}", data=body, headers=headers, allow_redirects=False
        ) as response:
            content_type = response.headers.get("Content-Type", "application/octet-stream")
            return response.status, await response.read(), content_type

    async def channels(self) -> Mapping[str, JsonObject]:
        """By id; `members` and `is_private` are what the peer's own answers leave out or get wrong."""
        async with self._session.get(f"{self.url}/_control/state") as response:
            state = await response.json()
        return {channel["id"]: channel for channel in state["channels"]}

    async def message(self, channel: str, ts: str) -> JsonObject | None:
        async with self._session.get(f"{self.url}/_control/messages/{channel}") as response:
            messages = (await response.json())["messages"]
        return next((message for message in messages if message["ts"] == ts), None)

    async def take_command(self, app: App, channel: str, user: str, command: str) -> None:
        """Have somebody type a slash command."""
        body = {"appId": app.app_id, "channel": channel, "user": user, "command": command}
        async with self._session.post(f"{self.url}/_control/command", json=body) as response:
            response.raise_for_status()

    async def listen(
        self,
        app: App,
        deliver: Callable[[App, Kind, JsonObject], Awaitable[Mapping[str, Any] | None]],
        ready: asyncio.Event,
    ) -> None:
        """Take the envelopes of *app* for ever; each is acknowledged with what *deliver* returns."""
        opened = await self.call("apps.connections.open", {}, app.app_token)
        async with self._session.ws_connect(opened["url"]) as ws, asyncio.TaskGroup() as handing:

            async def hand_on(envelope: JsonObject) -> None:
                answer = await deliver(app, Kind(envelope["type"]), envelope["payload"])
                if not ws.closed:
                    ack = {"envelope_id": envelope["envelope_id"], **({"payload": answer} if answer else {})}
                    await ws.send_json(ack)

            async for message in ws:
                frame = message.json()
                if frame["type"] == "hello":
                    ready.set()
                else:
                    handing.create_task(hand_on(frame))
