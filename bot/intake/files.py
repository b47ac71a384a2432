"""Fetch an attached file from Slack, and from nowhere else."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from types import TracebackType
from typing import Final, Self
from urllib.parse import urlsplit

import aiohttp

from bot.intake.events import Attachment
from bot.submit import Trouble
from contracts.commands import Part, PartKind
from contracts.faults import Fault, Reason, fault
from contracts.formats.detect import language_of

#: Slack keeps uploads here; nobody else gets to see the desk's token.
_HOSTS: Final = ("slack.com", "slack-files.com")
_HOST: Final = re.compile(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?")
_TIMEOUT = timedelta(seconds=20)
_PIECE = 64 * 1024


class Files:
    """Downloads with the bot's token; an async context manager.

    *api_url* is the Web API's base where it is not Slack's own: its host may serve files too. *most* bytes
    are read of a file.
    """

    def __init__(self, token: str, *, api_url: str | None, most: int) -> None:
        self._token = token
        api = _parsed(api_url or "")
        self._api = api.origin if api else None
        self._most = most
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        # Nothing is unpacked: what was asked for plain and comes packed could be anything, of any size.
        self._session = aiohttp.ClientSession(
            auto_decompress=False,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=_TIMEOUT.total_seconds()),
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()

    async def fetch(self, attachment: Attachment) -> Part | Fault | Trouble:
        """The file's content; a Fault: it cannot be had; Trouble: not now."""
        name = attachment.name
        address = _parsed(attachment.url)
        if address is None:
            return fault(Reason.DOWNLOAD_FAILED, name=name, detail="Slack gave no address for it")
        if not self._trusted(address):
            return fault(Reason.DOWNLOAD_FOREIGN, name=name, host=address.host)
        try:
            return await self._download(name, address)
        except TimeoutError:
            return Trouble(fault(Reason.DOWNLOAD_FAILED, name=name, detail="Slack took too long"))
        except aiohttp.ClientError as error:
            detail = f"the connection broke ({type(error).__name__})"
            return Trouble(fault(Reason.DOWNLOAD_FAILED, name=name, detail=detail))

    def _trusted(self, address: "_Address") -> bool:
        if address.origin == self._api:
            return True
        known = any(address.host == host or address.host.endswith(f".{host}") for host in _HOSTS)
        return known and address.origin == f"https://{address.host}"

    async def _download(self, name: str, address: "_Address") -> Part | Fault | Trouble:
        if self._session is None:
            raise RuntimeError("Files is used before `async with`")
        headers = {"Authorization": f"Bearer {self._token}", "Accept-Encoding": "identity"}
        async with self._session.get(address.whole, headers=headers, allow_redirects=False) as response:
            refusal = _refusal(name, response.status, response.headers)
            if refusal is not None:
                return refusal
            body = bytearray()
            async for piece in response.content.iter_chunked(_PIECE):
                body += piece
                if len(body) > self._most:
                    size = response.content_length or len(body)
                    return fault(
                        Reason.BLOCK_TOO_LARGE, size=max(size, len(body)), most=self._most, file=name
                    )
        if _is_a_page(bytes(body[:512])):
            return fault(Reason.DOWNLOAD_SIGN_IN, name=name)
        return Part(PartKind.FILE, bytes(body), name, language_of(name) or "")


@dataclass(frozen=True, slots=True)
class _Address:
    """An address taken apart and put together again, so that nobody can read it differently."""

    origin: str
    host: str
    path: str

    @property
    def whole(self) -> str:
        return self.origin + self.path


def _parsed(text: str) -> _Address | None:
    try:
        parts = urlsplit(text)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return None
    host = parts.hostname or ""
    if parts.scheme not in {"http", "https"} or not _HOST.fullmatch(host):
        return None
    query = f"?{parts.query}" if parts.query else ""
    return _Address(f"{parts.scheme}://{host}{port}", host, (parts.path or "/") + query)


def _refusal(name: str, status: int, headers: Mapping[str, str]) -> Fault | Trouble | None:
    """What an answer means that is not the file. Without the scope, Slack sends to its sign-in page."""
    if 300 <= status < 400 or status in {401, 403}:
        return fault(Reason.DOWNLOAD_SIGN_IN, name=name)
    if status == 429 or status >= 500:
        return Trouble(fault(Reason.DOWNLOAD_FAILED, name=name, detail=f"HTTP {status}"))
    if status != 200:
        return fault(Reason.DOWNLOAD_FAILED, name=name, detail=f"HTTP {status}")
    if headers.get("Content-Encoding", "identity").casefold() != "identity":
        return fault(Reason.DOWNLOAD_FAILED, name=name, detail="it came packed")
    return None


def _is_a_page(start: bytes) -> bool:
    """None of the formats begins like this, whatever the Content-Type says."""
    return start.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype html", b"<html"))
