"""Fetching what was attached: from Slack, and from nobody else."""

import gzip
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from aiohttp import web

from bot.demo.peer import ADA, PATCHES
from bot.intake.events import Attachment
from bot.intake.files import Files
from bot.intake.http import listening
from bot.submit import Trouble
from contracts.commands import Part, PartKind
from contracts.faults import Fault, Reason
from tests.peer.faults import Fault as Injected
from tests.peer.harness import strict_slack

MOST = 64 * 1024
DIFF = b"--- a/x\n+++ b/x\n@@ -1 +1 @@\n-a\n+b\n"
Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Host:
    """A server that answers everything with `answer`, and remembers who came."""

    address: str
    answer: Answer
    came: list[str | None] = field(default_factory=list)


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    async def nothing(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=404)

    host = Host("", nothing)

    async def serve(request: web.Request) -> web.StreamResponse:
        host.came.append(request.headers.get("Authorization"))
        return await host.answer(request)

    application = web.Application()
    application.router.add_get("/{tail:.*}", serve)
    async with listening(application, "127.0.0.1", 0) as address:
        host.address = address
        yield host


async def fetched(host: Host, answer: Answer, *, name: str = "fix.diff") -> Part | Fault | Trouble:
    host.answer = answer
    async with Files("xoxb-secret", api_url=f"{host.address}/api/", most=MOST) as files:
        return await files.fetch(Attachment(name, f"{host.address}/files/{name}"))


def answering(body: bytes = b"", **how: object) -> Answer:
    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, **how)  # type: ignore[arg-type]

    return answer


def reason(result: object) -> Reason:
    assert isinstance(result, Fault), result
    return result.reason


async def test_a_file_comes_with_its_bytes_its_name_and_its_language(host: Host) -> None:
    part = await fetched(host, answering(DIFF))
    assert part == Part(PartKind.FILE, DIFF, "fix.diff", "diff")
    assert host.came == ["Bearer xoxb-secret"]


async def test_a_file_that_lies_in_the_local_slack_is_fetched(tmp_path: Path) -> None:
    async with strict_slack(tmp_path) as slack:
        ts = await slack.peer.upload(PATCHES.id, ADA.id, {"fix.diff": DIFF})
        [message] = [each for each in await slack.peer.messages(PATCHES.id) if each["ts"] == ts]
        url = message["files"][0]["url_private_download"].replace(slack.peer.url, slack.proxy.url)
        async with Files(slack.proxy.app.bot_token, api_url=slack.proxy.api_url, most=MOST) as files:
            assert await files.fetch(Attachment("fix.diff", url)) == Part(
                PartKind.FILE, DIFF, "fix.diff", "diff"
            )
        async with Files("xoxb-wrong", api_url=slack.proxy.api_url, most=MOST) as files:
            assert reason(await files.fetch(Attachment("fix.diff", url))) is Reason.DOWNLOAD_SIGN_IN


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://example.com/fix.diff", "example.com"),
        ("https://slack.com.example.com/fix.diff", "slack.com.example.com"),
        ("https://notslack.com/fix.diff", "notslack.com"),
        ("https://files.slack.com@example.com/fix.diff", "example.com"),
        ("https://files.slack.com\\@example.com/fix.diff", "example.com"),
        ("http://files.slack.com/fix.diff", "files.slack.com"),
        ("http://127.0.0.1:9/fix.diff", "127.0.0.1"),
        ("http://169.254.169.254/latest/meta-data", "169.254.169.254"),
    ],
)
async def test_the_token_goes_to_slack_and_to_nobody_else(url: str, host: str) -> None:
    async with Files("xoxb-secret", api_url="https://slack.com/api/", most=MOST) as files:
        result = await files.fetch(Attachment("fix.diff", url))
    assert isinstance(result, Fault)
    assert result.reason is Reason.DOWNLOAD_FOREIGN or result.args["detail"] == "Slack gave no address for it"
    assert result.args.get("host", host) == host


async def test_the_configured_host_is_trusted_on_its_own_port_only(host: Host) -> None:
    async with Files("xoxb-secret", api_url="http://127.0.0.1:1/api/", most=MOST) as files:
        assert reason(await files.fetch(Attachment("x.diff", f"{host.address}/x"))) is Reason.DOWNLOAD_FOREIGN
    assert host.came == []


@pytest.mark.parametrize("url", ["", "x.diff", "file:///etc/passwd", "https://", "https://[::1/x"])
async def test_what_is_no_address_is_not_asked_for(url: str) -> None:
    async with Files("xoxb-secret", api_url=None, most=MOST) as files:
        assert reason(await files.fetch(Attachment("x.diff", url))) is Reason.DOWNLOAD_FAILED


async def test_a_redirect_is_not_followed(host: Host) -> None:
    result = await fetched(host, answering(status=302, headers={"Location": "https://example.com/"}))
    assert reason(result) is Reason.DOWNLOAD_SIGN_IN
    assert len(host.came) == 1


@pytest.mark.parametrize("page", [b"<!DOCTYPE html><html>", b"\xef\xbb\xbf\r\n <HTML>"])
async def test_a_page_where_a_patch_was_expected_is_a_sign_in_page(host: Host, page: bytes) -> None:
    assert reason(await fetched(host, answering(page, content_type="text/plain"))) is Reason.DOWNLOAD_SIGN_IN


async def test_a_file_over_the_limit_is_not_read_to_its_end(host: Host) -> None:
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(1000):
            await response.write(b"x" * 65536)
            sent += 65536
        return response

    result = await fetched(host, endless)
    assert reason(result) is Reason.BLOCK_TOO_LARGE
    assert sent < 32 * 1024**2


async def test_a_file_of_exactly_the_limit_is_taken(host: Host) -> None:
    assert isinstance(await fetched(host, answering(b"x" * MOST)), Part)
    assert reason(await fetched(host, answering(b"x" * (MOST + 1)))) is Reason.BLOCK_TOO_LARGE


async def test_what_comes_packed_is_not_unpacked(host: Host) -> None:
    bomb = gzip.compress(b"\0" * 10_000_000)
    result = await fetched(host, answering(bomb, headers={"Content-Encoding": "gzip"}))
    assert reason(result) is Reason.DOWNLOAD_FAILED


@pytest.mark.parametrize("status", [404, 410])
async def test_a_file_that_is_gone_cannot_be_had(host: Host, status: int) -> None:
    assert reason(await fetched(host, answering(status=status))) is Reason.DOWNLOAD_FAILED


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_busy_host_is_trouble_that_may_pass(host: Host, status: int) -> None:
    assert isinstance(await fetched(host, answering(status=status)), Trouble)


async def test_a_connection_that_breaks_is_trouble_that_may_pass(tmp_path: Path) -> None:
    async with strict_slack(tmp_path) as slack:
        slack.proxy.faults.add(Injected.truncated("download", times=2))
        await slack.peer.upload(PATCHES.id, ADA.id, {"fix.diff": DIFF * 100})
        [message] = await slack.peer.messages(PATCHES.id)
        url = message["files"][0]["url_private_download"].replace(slack.peer.url, slack.proxy.url)
        async with Files(slack.proxy.app.bot_token, api_url=slack.proxy.api_url, most=MOST) as files:
            assert isinstance(await files.fetch(Attachment("fix.diff", url)), Trouble)
            assert isinstance(await files.fetch(Attachment("fix.diff", url)), Trouble)
            assert isinstance(await files.fetch(Attachment("fix.diff", url)), Part)
