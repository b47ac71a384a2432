"""Where an app listens, and the way of HTTP mode: a signed request to its URL."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlencode

import aiohttp
from slack_sdk.signature import SignatureVerifier

from tests.peer.journal import Kind


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of one attempt."""

    over: str | None  #: which socket, or the URL; None: there was nobody
    acked: bool
    answer: Mapping[str, Any] | None = None
    status: int | None = None
    again: bool = True  #: False: the app asked not to be tried again


@dataclass(frozen=True, slots=True)
class Again:
    """A repeated attempt."""

    number: int
    reason: str


class Outlet(Protocol):
    """Where one app listens."""

    @property
    def listens(self) -> bool:
        """The app was there once; to one that never was nothing is sent."""

    async def send(
        self, kind: Kind, payload: Mapping[str, Any], again: Again | None, within: timedelta
    ) -> Receipt:
        """One attempt; an acknowledgement after *within* counts as none."""


class RequestUrl:
    """An app in HTTP mode: `url` is where it takes requests, None until it has started."""

    def __init__(self, signing_secret: str, session: aiohttp.ClientSession) -> None:
        self.url: str | None = None
        self._signature = SignatureVerifier(signing_secret)
        self._session = session

    @property
    def listens(self) -> bool:
        return self.url is not None

    async def send(
        self, kind: Kind, payload: Mapping[str, Any], again: Again | None, within: timedelta
    ) -> Receipt:
        assert self.url is not None
        body, content_type = encoded(kind, payload)
        headers = {"Content-Type": content_type, **self.signed(body)}
        if again:
            headers |= {"X-Slack-Retry-Num": str(again.number), "X-Slack-Retry-Reason": again.reason}
        patience = aiohttp.ClientTimeout(total=within.total_seconds())
        try:
            async with self._session.post(self.url, data=body, headers=headers, timeout=patience) as response:
                text = await response.text()
                again_allowed = response.headers.get("X-Slack-No-Retry") != "1"
                acked = response.status == 200
                answer = _answer(text, response.content_type) if acked else None
                return Receipt(self.url, acked, answer, response.status, again_allowed)
        except (aiohttp.ClientConnectionError, TimeoutError):
            return Receipt(self.url, acked=False)

    def signed(self, body: bytes, *, at: int | None = None) -> dict[str, str]:
        """Slack's signature over *body*; *at*: seconds since the epoch, None: now."""
        timestamp = str(int(time.time()) if at is None else at)
        signature = self._signature.generate_signature(timestamp=timestamp, body=body)
        assert signature is not None
        return {"X-Slack-Request-Timestamp": timestamp, "X-Slack-Signature": signature}


def encoded(kind: Kind, payload: Mapping[str, Any]) -> tuple[bytes, str]:
    """The body of a request of Slack, and its content type."""
    match kind:
        case Kind.EVENT:
            return json.dumps(payload).encode(), "application/json"
        case Kind.COMMAND:
            return urlencode(payload).encode(), "application/x-www-form-urlencoded"
        case Kind.INTERACTION:
            form = {"payload": json.dumps(payload)}
            return urlencode(form).encode(), "application/x-www-form-urlencoded"


def decoded(body: bytes, content_type: str) -> tuple[Kind, dict[str, Any]]:
    """The other way round."""
    if content_type == "application/json":
        return Kind.EVENT, json.loads(body)
    form = dict(parse_qsl(body.decode(), keep_blank_values=True))
    if "payload" in form:
        return Kind.INTERACTION, json.loads(form["payload"])
    return Kind.COMMAND, form


def _answer(text: str, content_type: str) -> Mapping[str, Any] | None:
    """Commands may be answered with plain text, which is a message too."""
    if not text:
        return None
    if content_type != "application/json":
        return {"text": text}
    answer: Mapping[str, Any] = json.loads(text)
    return answer
