"""One method per Slack write of the desk. Each answers how far it came; none raises for what Slack does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from json import dumps as dump_json
from typing import Any, Final

import aiohttp
import tenacity
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.delivery.render.blocks import Message
from bot.delivery.slack_answers import (
    SOON,
    Answer,
    Delivered,
    Missing,
    Rejected,
    Reply,
    RetryAfter,
    Success,
    Unknown,
    unclear,
    understand,
)
from contracts.commands import Place

#: The metadata that marks the desk's messages; its payload is `{"key": the delivery's key}`.
EVENT_TYPE: Final = "patchdesk_delivery"
PATIENCE: Final = aiohttp.ClientTimeout(total=10, sock_connect=3)
#: Clocks differ, and Slack's ts may lie before our first try.
_MARGIN: Final = timedelta(minutes=2)
_TRIES: Final = 3
_LONGEST_TRYING: Final = timedelta(seconds=5)
_FIRST_PAUSE = 0.3

_PAGE = 200

#: Slack knows no file of that id, or no longer.
FILE_LOST: Final = frozenset({"file_not_found", "file_deleted"})

Json = Mapping[str, Any]
Found = Delivered | Missing | RetryAfter | Rejected | Unknown
Sleep = Callable[[float], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Uploaded:
    """Slack has the bytes under this file id; they are shown nowhere."""

    file: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """Where somebody is written to directly."""

    channel: str


@asynccontextmanager
async def open_sender(token: str, *, api_url: str | None = None) -> AsyncIterator["SlackSender"]:
    """A sender with connections of its own. *api_url*: another Slack's `.../api/`."""
    async with aiohttp.ClientSession(timeout=PATIENCE) as session:
        base = api_url or AsyncWebClient.BASE_URL
        client = AsyncWebClient(token=token, base_url=base, session=session, retry_handlers=[])
        yield SlackSender(client, session)


class SlackSender:
    """Thin over the SDK's client, which must not retry on its own: a blind retry posts twice.

    Within one call, what surely did not arrive is tried again for a few seconds; what may be done twice
    without harm also when the answer was lost. Anything longer is the queue's business.
    """

    def __init__(
        self, client: AsyncWebClient, session: aiohttp.ClientSession, *, sleep: Sleep = asyncio.sleep
    ) -> None:
        self._client = client
        self._session = session
        self._retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_result(_is_passing),
            stop=tenacity.stop_after_attempt(_TRIES) | tenacity.stop_after_delay(_LONGEST_TRYING),
            wait=tenacity.wait_exponential(multiplier=_FIRST_PAUSE),
            retry_error_callback=_last_reply,
            sleep=sleep,
        )

    # Messages ----------------------------------------------------------------------------------
    async def post(self, message: Message, *, channel: str, thread: str | None, key: str) -> Answer:
        """A new message; *key* travels along, so that `find` can tell whether it arrived."""
        body = {
            **_content(message, channel, thread),
            "unfurl_links": False,
            "unfurl_media": False,
            "metadata": {"event_type": EVENT_TYPE, "event_payload": {"key": key}},
        }
        reply = await self._call("chat.postMessage", json=body)
        if not isinstance(reply, Success):
            return reply
        place = _place(reply.data.get("channel"), reply.data.get("ts"), thread)
        return Delivered(place) if place else Unknown("chat.postMessage: an answer without a ts")

    async def open_direct(self, user: str) -> Conversation | RetryAfter | Rejected | Unknown:
        """The conversation with *user* alone; it is the same one however often it is opened."""
        reply = await self._call("conversations.open", form={"users": user}, repeatable=True)
        match reply:
            case Success({"channel": {"id": str(channel)}}):
                return Conversation(channel)
            case Success():
                return RetryAfter(SOON, "conversations.open: an answer without a channel")
            case _:
                return reply

    async def update(self, message: Message, *, at: Place) -> Answer:
        """Replace the message *at*; its metadata stays."""
        body = {**_content(message, at.channel, None), "ts": at.ts}
        return _done(await self._call("chat.update", json=body, repeatable=True), at)

    async def post_ephemeral(
        self, message: Message, *, channel: str, user: str, thread: str | None
    ) -> Answer:
        """Only *user* sees it, and nobody can look for it later."""
        body = {**_content(message, channel, thread), "user": user}
        return _done(await self._call("chat.postEphemeral", json=body))

    async def add_reaction(self, name: str, *, to: Place) -> Answer:
        return await self._react("reactions.add", name, to, already="already_reacted")

    async def remove_reaction(self, name: str, *, of: Place) -> Answer:
        return await self._react("reactions.remove", name, of, already="no_reaction")

    async def _react(self, method: str, name: str, place: Place, *, already: str) -> Answer:
        form = {"channel": place.channel, "timestamp": place.ts, "name": name}
        reply = await self._call(method, form=form, repeatable=True)
        if isinstance(reply, Rejected) and reply.error == already:
            return Delivered()
        return _done(reply)

    # Files -------------------------------------------------------------------------------------
    async def upload(
        self, content: bytes, *, name: str, alt: str | None = None
    ) -> Uploaded | RetryAfter | Rejected | Unknown:
        """Bring *content* to Slack, where nobody sees it before `share`; without that, Slack forgets it.

        *alt* says in words what a picture shows.
        """
        form = {"filename": name, "length": str(len(content))} | ({"alt_txt": alt} if alt else {})
        reply = await self._call("files.getUploadURLExternal", form=form, repeatable=True)
        if not isinstance(reply, Success):
            return reply
        match reply.data:
            case {"upload_url": str(url), "file_id": str(file)}:
                return await self._send_bytes(url, content, file)
            case _:
                return RetryAfter(SOON, "files.getUploadURLExternal: an answer without a URL")

    async def _send_bytes(self, url: str, content: bytes, file: str) -> Uploaded | RetryAfter:
        try:
            async with self._session.post(
                url, data=content, allow_redirects=False, proxy=self._client.proxy
            ) as response:
                if response.status == 200:
                    return Uploaded(file)
                return RetryAfter(SOON, f"upload: HTTP {response.status}")
        except (aiohttp.ClientError, TimeoutError) as error:
            return RetryAfter(SOON, f"upload: {type(error).__name__}")

    async def share(self, file: str, *, title: str, channel: str, thread: str | None) -> Answer:
        """Show an uploaded file. Slack does it a little later and does not say where (`shares` is empty)."""
        form = {"files": dump_json([{"id": file, "title": title}]), "channel_id": channel}
        form |= {"thread_ts": thread} if thread else {}
        return _done(await self._call("files.completeUploadExternal", form=form))

    # Looking -----------------------------------------------------------------------------------
    async def find(self, key: str, *, channel: str, thread: str | None, since: datetime) -> Found:
        """The message that was posted with *key*, not before *since*: in *thread*, or among the roots."""
        method = "conversations.replies" if thread else "conversations.history"
        form = {
            "channel": channel,
            "oldest": f"{(since - _MARGIN).timestamp():.6f}",
            "include_all_metadata": "true",
            "limit": str(_PAGE),
        } | ({"ts": thread} if thread else {})
        while True:
            reply = await self._call(method, form=form, repeatable=True)
            if not isinstance(reply, Success):
                return reply
            for message in reply.data.get("messages") or ():
                if _key_of(message) == key and (place := _place(channel, message.get("ts"), thread)):
                    return Delivered(place)
            cursor = (reply.data.get("response_metadata") or {}).get("next_cursor")
            if not cursor:
                return Missing()
            form["cursor"] = cursor

    async def find_file(self, file: str, *, channel: str) -> Found:
        """Where in *channel* an uploaded *file* is shown. Slack knows that a moment after it was shared."""
        reply = await self._call("files.info", form={"file": file}, repeatable=True)
        if isinstance(reply, Rejected) and reply.error in FILE_LOST:
            return Missing()
        if not isinstance(reply, Success):
            return reply
        shares = (reply.data.get("file") or {}).get("shares") or {}
        for kind in ("public", "private"):
            for shown in (shares.get(kind) or {}).get(channel) or ():
                if place := _place(channel, shown.get("ts"), shown.get("thread_ts")):
                    return Delivered(place)
        return Missing()

    # One call ----------------------------------------------------------------------------------
    async def _call(
        self, method: str, *, json: Json | None = None, form: Json | None = None, repeatable: bool = False
    ) -> Reply:
        return await self._retrying(ask, self._client, method, json=json, form=form, repeatable=repeatable)


async def ask(
    client: AsyncWebClient,
    method: str,
    *,
    json: Json | None = None,
    form: Json | None = None,
    repeatable: bool = False,
) -> Reply:
    """One call of *method*, and what its answer means. Nothing that Slack or the network does is raised.

    *repeatable*: doing it twice does no harm, so that a lost answer only means to try again.
    """
    try:
        response = await client.api_call(
            method, json=dict(json) if json else None, data=dict(form) if form else None
        )
    except SlackApiError as error:
        return _refused(method, error, repeatable)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        return RetryAfter(SOON, f"{method}: no connection ({type(error).__name__})")
    except (aiohttp.ClientError, TimeoutError) as error:
        return unclear(f"{method}: {type(error).__name__}", repeatable=repeatable)
    except (AttributeError, ValueError) as error:
        # The SDK takes every 200 for a JSON object, and stumbles over text, lists and broken UTF-8.
        return unclear(f"{method}: no JSON object ({type(error).__name__})", repeatable=repeatable)
    return understand(method, 200, None, response.data, repeatable=repeatable)


def _refused(method: str, error: SlackApiError, repeatable: bool) -> Reply:
    response = error.response
    if not isinstance(response, AsyncSlackResponse):
        # The SDK could not read the body; it hands over the connection's answer as it came.
        return understand(method, response.status, None, None, repeatable=repeatable)
    headers = {name.lower(): value for name, value in response.headers.items()}
    return understand(
        method, response.status_code, headers.get("retry-after"), response.data, repeatable=repeatable
    )


def _is_passing(reply: Reply) -> bool:
    return isinstance(reply, RetryAfter) and not reply.limited


def _last_reply(state: tenacity.RetryCallState) -> Reply:
    if state.outcome is None:
        raise RuntimeError("gave up before the first try")
    reply: Reply = state.outcome.result()
    return reply


def _done(reply: Reply, ref: Place | None = None) -> Answer:
    return Delivered(ref) if isinstance(reply, Success) else reply


def _content(message: Message, channel: str | None, thread: str | None) -> Json:
    content: dict[str, Any] = {"channel": channel, "text": message.text, "blocks": list(message.blocks)}
    return content | ({"thread_ts": thread} if thread else {})


def _place(channel: object, ts: object, thread: str | None) -> Place | None:
    if isinstance(channel, str) and isinstance(ts, str):
        return Place(channel, ts, thread or ts)
    return None


def _key_of(message: Json) -> str | None:
    match message:
        case {"metadata": {"event_type": event, "event_payload": {"key": str(key)}}} if event == EVENT_TYPE:
            return key
        case _:
            return None
