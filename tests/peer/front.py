"""What the desk talks to: Web API, file transfers, response URLs; each fails when a fault says so."""

import asyncio
import json
import socket
import struct
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tests.peer.faults import Answer, Faults, LostReply, Reset, Slow, Truncated
from tests.peer.journal import Call, Journal
from tests.peer.rules import ResponseUrls
from tests.peer.strictness import error
from tests.peer.upstream import Upstream
from tests.peer.web_api import WebApi

JsonObject = dict[str, Any]

_SIGN_IN = "<!DOCTYPE html><html><head><title>Sign in | Slack</title></head><body>Sign in</body></html>"


@dataclass(frozen=True, slots=True)
class _Served:
    """An answer to the desk before a fault is done to it."""

    status: int
    body: bytes
    content_type: str
    answer: Mapping[str, Any]  #: for the journal
    headers: Mapping[str, str] = field(default_factory=dict)


class Front:
    """*outward* gives the addresses in an answer their place at the proxy."""

    def __init__(
        self,
        upstream: Upstream,
        web_api: WebApi,
        journal: Journal,
        faults: Faults,
        outward: Callable[[JsonObject], JsonObject],
    ) -> None:
        self.response_urls = ResponseUrls()
        self._upstream = upstream
        self._web_api = web_api
        self._journal = journal
        self._faults = faults
        self._outward = outward

    def routes(self) -> list[web.RouteDef]:
        return [
            web.route("*", "/api/{method}", self._serve_api),
            web.post("/upload/{tail:.*}", self._serve_upload),
            web.get("/files-pri/{tail:.*}", self._serve_download),
            web.post("/_hooks/response/{id}", self._serve_response_url),
            web.get("/{tail:.*}", self._serve_rest),
        ]

    async def _serve_api(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        token, args = await _read_call(request)

        async def serve() -> _Served:
            reply = await self._web_api.answer(method, args, token)
            answer = self._outward(reply.answer)
            body = json.dumps(answer).encode()
            return _Served(reply.status, body, "application/json", answer, reply.headers)

        return await self._serve(request, method, args, token, serve)

    async def _serve_upload(self, request: web.Request) -> web.StreamResponse:
        content = await request.read()

        async def serve() -> _Served:
            headers = {"Content-Type": request.headers.get("Content-Type", "application/octet-stream")}
            status, body, content_type = await self._upstream.fetch(
                "POST", request.path_qs, body=content, headers=headers
            )
            return _Served(status, body, content_type, {"ok": status == 200})

        return await self._serve(request, "upload", {"bytes": len(content)}, None, serve)

    async def _serve_download(self, request: web.Request) -> web.StreamResponse:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")

        async def serve() -> _Served:
            known = {app.bot_token for app in self._web_api.workspace.apps}
            if token not in known or "files:read" not in self._web_api.scopes:
                return _Served(200, _SIGN_IN.encode(), "text/html", error("sign_in"))
            headers = {"Authorization": f"Bearer {token}"}
            status, body, content_type = await self._upstream.fetch("GET", request.path_qs, headers=headers)
            return _Served(status, body, content_type, {"ok": status == 200})

        return await self._serve(request, "download", {"path": request.path}, token, serve)

    async def _serve_response_url(self, request: web.Request) -> web.StreamResponse:
        args = await request.json()

        async def serve() -> _Served:
            if refusal := self.response_urls.use(request.path, asyncio.get_running_loop().time()):
                answer = error(refusal)
                return _Served(404, json.dumps(answer).encode(), "application/json", answer)
            body = json.dumps({"response_type": "ephemeral", **args}).encode()
            status, _, _ = await self._upstream.fetch(
                "POST", request.path, body=body, headers={"Content-Type": "application/json"}
            )
            return _Served(status, b"ok", "text/plain", {"ok": status == 200})

        return await self._serve(request, "response_url", args, None, serve)

    async def _serve_rest(self, request: web.Request) -> web.StreamResponse:
        status, body, content_type = await self._upstream.fetch("GET", request.path_qs)
        return web.Response(status=status, body=body, headers={"Content-Type": content_type})

    async def _serve(
        self,
        request: web.Request,
        method: str,
        args: Mapping[str, Any],
        token: str | None,
        serve: Callable[[], Awaitable[_Served]],
    ) -> web.StreamResponse:
        """Answer, or fail to as the next fault says."""
        fault = self._faults.for_call(method, args)
        how = fault.how if fault else None
        name = fault.name if fault else None
        match how:
            case Answer(status=status, body=body, content_type=content_type, headers=headers):
                answer = json.loads(body) if content_type == "application/json" else None
                self._journal.write(Call(method, args, token, False, answer, status, name))
                return web.Response(status=status, text=body, content_type=content_type, headers=headers)
            case Reset():
                self._journal.write(Call(method, args, token, False, None, None, name))
                return _reset(request)
            case _:
                served = await serve()
        cut = isinstance(how, LostReply | Truncated)
        self._journal.write(
            Call(method, args, token, True, served.answer, None if cut else served.status, name)
        )
        if isinstance(how, LostReply):
            return _reset(request)
        if isinstance(how, Truncated):
            return await _half(request, served)
        if isinstance(how, Slow):
            await asyncio.sleep(how.delay.total_seconds())
        headers = {**served.headers, "Content-Type": served.content_type}
        return web.Response(status=served.status, body=served.body, headers=headers)


async def _read_call(request: web.Request) -> tuple[str | None, JsonObject]:
    """Token and arguments, wherever Slack's clients put them."""
    args: JsonObject = dict(request.query)
    if request.content_type == "application/json":
        args |= await request.json()
    elif request.method == "POST":
        args |= dict(await request.post())
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    found = token if scheme == "Bearer" and token else args.pop("token", None)
    args.pop("token", None)
    return found, args


def _reset(request: web.Request) -> web.StreamResponse:
    """Cut the connection so that the desk sees a reset, not an orderly end."""
    assert isinstance(request.transport, asyncio.Transport)
    raw: socket.socket = request.transport.get_extra_info("socket")
    raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.transport.abort()
    return web.Response()


async def _half(request: web.Request, served: _Served) -> web.StreamResponse:
    headers = {"Content-Type": served.content_type, "Content-Length": str(len(served.body))}
    response = web.StreamResponse(status=served.status, headers=headers)
    await response.prepare(request)
    await response.write(served.body[: len(served.body) // 2])
    assert request.transport is not None
    request.transport.abort()
    return response
