"""A webhook is called until it answers, with a document that can be recognised when it comes twice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.delivery.alerting import document
from bot.delivery.slack_answers import Answer, Delivered, Refusal, Rejected, RetryAfter
from bot.delivery.webhooks import open_webhooks
from contracts.alerts.model import EntryKind
from contracts.faults import Reason
from tests.delivery.alert_rows import entry, shown
from tests.delivery.mail_server import certificate


@dataclass(slots=True)
class Receiver:
    url: str = ""
    answers: list[web.Response] = field(default_factory=list)
    got: list[tuple[dict[str, str], Any]] = field(default_factory=list)


@asynccontextmanager
async def receiver(*answers: web.Response) -> AsyncIterator[Receiver]:
    """Gives *answers* in their order, then 204."""
    it = Receiver(answers=list(answers))

    async def take(request: web.Request) -> web.StreamResponse:
        it.got.append((dict(request.headers), await request.json()))
        return it.answers.pop(0) if it.answers else web.Response(status=204)

    app = web.Application()
    app.add_routes([web.post("/{tail:.*}", take)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    it.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield it
    finally:
        await runner.cleanup()


async def call(url: str, *, key: str = "desk-7", within: timedelta = timedelta(seconds=5)) -> Answer:
    async with open_webhooks() as webhooks:
        body = document(shown(), entry(EntryKind.ESCALATED))
        return await webhooks.call("pager", url, body, key=key, headers={"X-Team": "web"}, within=within)


async def test_a_webhook_gets_all_that_is_known() -> None:
    async with receiver() as it:
        assert await call(it.url) == Delivered()
        [(headers, body)] = it.got
        assert headers["Idempotency-Key"] == "desk-7"
        assert headers["X-Team"] == "web"
        assert headers["Content-Type"].startswith("application/json")
        assert body["title"] == "Critical: PatchFailed · domain=web"
        assert body["group"]["severity"] == "critical"
        assert body["group"]["openedAt"] == "2026-01-01T12:00:00+00:00"
        assert body["entry"]["kind"] == "escalated"
        [alert] = body["alerts"]
        assert alert["labels"]["gate"] == "tests"
        assert alert["what"] == "The gate `tests` said no (exit code 1)."


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (web.Response(status=500), RetryAfter(timedelta(seconds=1), "webhook pager: HTTP 500")),
        (
            web.Response(status=429, headers={"Retry-After": "7"}),
            RetryAfter(timedelta(seconds=7), "webhook pager: HTTP 429"),
        ),
        (
            web.Response(status=503, headers={"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}),
            RetryAfter(timedelta(seconds=5), "webhook pager: HTTP 503"),
        ),
        (
            web.Response(status=503, headers={"Retry-After": "99999"}),
            RetryAfter(timedelta(hours=1), "webhook pager: HTTP 503"),
        ),
    ],
)
async def test_what_passes_is_tried_again(answer: web.Response, expected: RetryAfter) -> None:
    async with receiver(answer) as it:
        assert await call(it.url) == expected


@pytest.mark.parametrize("status", [302, 307, 400, 401, 404, 410])
async def test_what_stays_is_told(status: int) -> None:
    async with receiver(web.Response(status=status, headers={"Location": "/elsewhere"})) as it:
        refused = await call(it.url)
        assert isinstance(refused, Rejected)
        assert refused.refusal is Refusal.CONTENT
        assert refused.fault is not None
        assert refused.fault.reason is Reason.WEBHOOK_REFUSED
        assert str(status) in refused.fault.args["detail"]
        assert len(it.got) == 1


async def test_nobody_there_and_nobody_answering_may_pass() -> None:
    async with receiver() as it:
        url = it.url
        slow = await call(url, within=timedelta(microseconds=1))
        assert isinstance(slow, RetryAfter)
    gone = await call(url)
    assert isinstance(gone, RetryAfter)
    assert url not in gone.why


async def test_an_address_that_is_none_is_told() -> None:
    refused = await call("http://[nonsense")
    assert isinstance(refused, Rejected)
    assert "nonsense" not in refused.error


async def test_a_receiver_that_nobody_vouches_for_gets_nothing(tmp_path: Path) -> None:
    server, _ = certificate(tmp_path)
    silent = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0, ssl=server)
    async with silent:
        port = silent.sockets[0].getsockname()[1]
        refused = await call(f"https://127.0.0.1:{port}/hook")
        assert isinstance(refused, Rejected)
        assert "no safe connection" in refused.error
