"""Drive the local Slack peer: what people do in a workspace, as calls.

The peer is `local-slack` (npm). This module renders its configuration and speaks its control API
(`/_control/…`) and the websocket of its browser page (`/ui`), the only door to its modals. It starts no
process.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import TracebackType
from typing import Any, Self

import aiohttp

JsonObject = dict[str, Any]


class Mode(StrEnum):
    """How the peer hands events to an app."""

    SOCKET = "socket"  #: Socket Mode: the app opens websockets
    EVENTS = "events"  #: signed HTTP requests to the app's request URL


@dataclass(frozen=True, slots=True)
class App:
    """A Slack app; its credentials are worth nothing outside the local workspace and follow from its id."""

    app_id: str = "A0PATCHDESK"
    bot_user_id: str = "U0PATCHDESK"
    name: str = "patchdesk"

    @property
    def bot_id(self) -> str:
        """As the peer derives it."""
        return f"B{self.bot_user_id[1:]}"

    @property
    def bot_token(self) -> str:
        return f"xoxb-{self.app_id}"

    @property
    def app_token(self) -> str:
        return f"xapp-{self.app_id}"

    @property
    def signing_secret(self) -> str:
        return f"signing-{self.app_id}"


@dataclass(frozen=True, slots=True)
class User:
    id: str
    name: str
    real_name: str
    email: str


@dataclass(frozen=True, slots=True)
class Channel:
    id: str
    name: str
    members: tuple[str, ...] | None = None  #: ids of people and bot users; None: everybody
    is_private: bool = False


PATCHDESK = App()
ADA = User("U0ADA", "ada", "Ada Okafor", "ada@example.com")
BEN = User("U0BEN", "ben", "Ben Lindqvist", "ben@example.com")
CLEO = User("U0CLEO", "cleo", "Cleo Marchetti", "cleo@example.com")
PATCHES = Channel("C0PATCHES", "patches")
RANDOM = Channel("C0RANDOM", "random")


@dataclass(frozen=True, slots=True)
class Workspace:
    """Everything that exists when the peer starts."""

    apps: tuple[App, ...] = (PATCHDESK,)
    users: tuple[User, ...] = (ADA, BEN, CLEO)
    channels: tuple[Channel, ...] = (PATCHES, RANDOM)
    name: str = "Local"
    domain: str = "local"
    team_id: str = "T0LOCAL"

    def members(self, channel: Channel) -> tuple[str, ...]:
        if channel.members is not None:
            return channel.members
        return (*(user.id for user in self.users), *(app.bot_user_id for app in self.apps))


def render_config(workspace: Workspace, *, mode: Mode, request_url: str | None = None) -> str:
    """The peer's configuration file, as JSON (its name must end in `.json`).

    `request_url` receives the signed requests in `Mode.EVENTS`; the peer refuses to start without one.
    """
    apps = [
        {
            "appId": app.app_id,
            "botUserId": app.bot_user_id,
            "botName": app.name,
            "botToken": app.bot_token,
            "appToken": app.app_token,
            "signingSecret": app.signing_secret,
            "mode": mode.value,
            **({"requestUrl": request_url} if request_url else {}),
        }
        for app in workspace.apps
    ]
    users = [
        {"id": user.id, "name": user.name, "real_name": user.real_name, "email": user.email}
        for user in workspace.users
    ]
    channels = [
        {
            "id": channel.id,
            "name": channel.name,
            "is_private": channel.is_private,
            "members": list(workspace.members(channel)),
        }
        for channel in workspace.channels
    ]
    about = {"name": workspace.name, "domain": workspace.domain, "teamId": workspace.team_id}
    return json.dumps({"workspace": about, "apps": apps, "users": users, "channels": channels}, indent=2)


class PeerError(Exception):
    """The peer refused what the driver asked for."""


@dataclass(frozen=True, slots=True)
class Submitted:
    """What a person sees after pressing a modal's submit button."""

    stack: tuple[JsonObject, ...]  #: the views still open, the top one last; empty: the modal closed
    errors: Mapping[str, str]  #: block id to what is wrong with it; not empty: nothing typed was lost


@dataclass(frozen=True, slots=True)
class Views:
    """What the browser page shows besides messages."""

    stack: tuple[JsonObject, ...]  #: open modals, the top one last; the peer has one stack for all people
    homes: Mapping[str, Mapping[str, JsonObject]]  #: user id, app id, published App Home


class Peer:
    """The people of one workspace, at *url* (`http://127.0.0.1:PORT`); an async context manager.

    A call that makes the peer send an event returns after the app acknowledged it, or after the peer gave up
    waiting (Socket Mode: 5 s; HTTP: when the request ends). Raises PeerError when the peer refuses.
    """

    def __init__(self, url: str, *, patience: timedelta = timedelta(seconds=60)) -> None:
        self.url = url.rstrip("/")
        self._patience = aiohttp.ClientTimeout(total=patience.total_seconds())
        self._session: aiohttp.ClientSession | None = None

    @property
    def api_url(self) -> str:
        """The base of the Web API, for `SLACK_API_URL`."""
        return f"{self.url}/api/"

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(timeout=self._patience)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def message(self, channel: str, user: str, text: str, *, thread_ts: str | None = None) -> str:
        """Post as a person; the message's ts. `<@BOT_USER_ID>` in the text is a mention."""
        body = {"channel": channel, "user": user, "text": text, "thread_ts": thread_ts}
        return str((await self._control("message", body))["message"]["ts"])

    async def upload(
        self,
        channel: str,
        user: str,
        files: Mapping[str, bytes],
        *,
        text: str = "",
        thread_ts: str | None = None,
    ) -> str:
        """Post one message with files, by name; the message's ts."""
        form = aiohttp.FormData({"channel": channel, "user": user, "text": text})
        if thread_ts is not None:
            form.add_field("thread_ts", thread_ts)
        for name, content in files.items():
            form.add_field("file", content, filename=name)
        async with self._http.post(f"{self.url}/_control/upload", data=form) as response:
            return str((await self._accepted(response))["message"]["ts"])

    async def command(self, channel: str, user: str, command: str, text: str = "") -> None:
        """Type a slash command, e.g. `/patch` with text `status`."""
        await self._control("command", {"channel": channel, "user": user, "command": command, "text": text})

    async def interact(self, channel: str, message_ts: str, user: str, action: Mapping[str, object]) -> None:
        """Use an element of a message; *action* as in Slack's `actions` (type, action_id, block_id, …)."""
        body = {"channel": channel, "messageTs": message_ts, "user": user, "action": dict(action)}
        await self._control("interact", body)

    async def press(self, channel: str, message_ts: str, user: str, action_id: str) -> None:
        """Press the button *action_id* of a message, with the block id and value it really has."""
        action = _button(await self._message(channel, message_ts), action_id)
        await self.interact(channel, message_ts, user, action)

    async def choose(self, channel: str, message_ts: str, user: str, action_id: str, label: str) -> None:
        """Choose what is called *label* from the menu *action_id* of a message."""
        message = await self._message(channel, message_ts)
        for block in message.get("blocks") or ():
            for element in _elements(block):
                for option in element.get("options", ()) if element.get("action_id") == action_id else ():
                    if option["text"]["text"] == label:
                        action = {"type": element["type"], "action_id": action_id, "selected_option": option}
                        action["block_id"] = block.get("block_id")
                        await self.interact(channel, message_ts, user, action)
                        return
        raise PeerError(f"message {message_ts} has no {label!r} in {action_id}")

    async def _message(self, channel: str, ts: str) -> JsonObject:
        for message in await self.messages(channel):
            if message["ts"] == ts:
                return message
        raise PeerError(f"no message {ts} in {channel}")

    async def reaction(self, channel: str, ts: str, user: str, name: str, *, present: bool = True) -> None:
        body = {"channel": channel, "ts": ts, "user": user, "name": name, "present": present}
        await self._control("reaction", body)

    async def edit_message(self, channel: str, ts: str, user: str, text: str) -> None:
        await self._control("edit-message", {"channel": channel, "ts": ts, "user": user, "text": text})

    async def delete_message(self, channel: str, ts: str, user: str) -> None:
        await self._control("delete-message", {"channel": channel, "ts": ts, "user": user})

    async def open_home(self, user: str) -> None:
        """Open the App Home tab of the first app."""
        await self._control("open-home", {"user": user})

    async def reset(self) -> None:
        """Forget messages, files and views; channels as configured."""
        await self._control("reset", {})

    async def state(self) -> JsonObject:
        """`workspace`, `apps`, `users` (bots too) and `channels` (direct messages too), as they are now."""
        return await self._read("state")

    async def log(self) -> list[JsonObject]:
        """The last 1,000 things the peer received, sent and refused."""
        return list((await self._read("log"))["log"])

    async def messages(self, channel: str) -> list[JsonObject]:
        """Everything in a channel, oldest first: threads flat, ephemeral messages too, reactions included."""
        return list((await self._read(f"messages/{channel}"))["messages"])

    async def thread(self, channel: str, ts: str) -> list[JsonObject]:
        """A message and its replies, oldest first."""
        return [each for each in await self.messages(channel) if ts in {each["ts"], each.get("thread_ts")}]

    async def views(self) -> Views:
        async with self._http.ws_connect(f"{self.url}/ui") as page:
            state = (await page.receive_json())["state"]
        return Views(tuple(state["modalStack"]), state["homeViews"])

    async def view_submit(self, user: str, values: Mapping[str, Mapping[str, object]]) -> Submitted:
        """Submit the modal on top; *values* is `view.state.values`: block id, action id, the element's value.

        Returns with the app's answer. An app that updates the view before it answers ends the wait early.
        """
        frame = await self._act({"t": "view_submit", "user": user, "values": values}, {"view", "view_errors"})
        if frame["t"] == "view_errors":
            return Submitted((await self.views()).stack, frame["errors"])
        return Submitted(tuple(frame["stack"]), {})

    async def view_close(self, user: str) -> None:
        """Close all modals."""
        await self._act({"t": "view_close", "user": user}, {"view"})

    @property
    def _http(self) -> aiohttp.ClientSession:
        if self._session is None:
            raise RuntimeError("Peer is used before `async with`")
        return self._session

    async def _control(self, action: str, body: Mapping[str, object]) -> JsonObject:
        given = {key: value for key, value in body.items() if value is not None}
        async with self._http.post(f"{self.url}/_control/{action}", json=given) as response:
            return await self._accepted(response)

    async def _accepted(self, response: aiohttp.ClientResponse) -> JsonObject:
        answer: JsonObject = await response.json()
        if not answer.get("ok"):
            raise PeerError(f"{response.url.path}: {answer.get('error')}")
        return answer

    async def _read(self, what: str) -> JsonObject:
        async with self._http.get(f"{self.url}/_control/{what}", raise_for_status=True) as response:
            answer: JsonObject = await response.json()
            return answer

    async def _act(self, frame: Mapping[str, object], ends: set[str]) -> JsonObject:
        """Send one frame as the browser page does, and wait for the first frame of a kind in *ends*."""
        async with asyncio.timeout(self._patience.total), self._http.ws_connect(f"{self.url}/ui") as page:
            if not (await page.receive_json())["state"]["modalStack"]:
                raise PeerError("no modal is open")
            await page.send_json(frame)
            while True:
                seen: JsonObject = await page.receive_json()
                if seen["t"] in ends:
                    return seen


def _button(message: JsonObject, action_id: str) -> JsonObject:
    for block in message.get("blocks") or ():
        for element in _elements(block):
            if element.get("action_id") == action_id:
                used = ("type", "action_id", "text", "value")
                action: JsonObject = {key: element[key] for key in used if key in element}
                return {**action, "block_id": block.get("block_id")}
    raise PeerError(f"message {message['ts']} has no {action_id}")


def _elements(block: JsonObject) -> Sequence[JsonObject]:
    return [*block.get("elements", ()), *([block["accessory"]] if "accessory" in block else ())]
