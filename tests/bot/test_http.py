"""HTTP mode: what Slack did not sign goes no further."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult

from bot.intake.http import EVENTS, MOST_BODY, Events, listening
from bot.intake.signature import sign

SECRET = "s3cret"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
EVENT = json.dumps(
    {"type": "event_callback", "team_id": "T1", "event": {"type": "message", "text": "é"}}
).encode()


class Slack:
    """The desk at *address*, and what its listener heard."""

    def __init__(self, address: str, session: aiohttp.ClientSession) -> None:
        self.address = address
        self.heard: list[str] = []
        self.release = asyncio.Event()
        self.release.set()
        self._session = session

    async def post(self, body: bytes, **headers: str) -> tuple[int, str]:
        sent = {"Content-Type": "application/json"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        async with self._session.post(self.address + EVENTS, data=body, headers=sent) as response:
            return response.status, await response.text()

    async def signed(self, body: bytes, *, secret: str = SECRET, at: datetime = NOW) -> tuple[int, str]:
        stamp = str(int(at.timestamp()))
        return await self.post(
            body, X_Slack_Request_Timestamp=stamp, X_Slack_Signature=sign(secret, body, stamp)
        )


def serving(events: Events) -> web.Application:
    served = web.Application(client_max_size=MOST_BODY)
    served.add_routes([web.post(EVENTS, events.receive)])
    return served


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-1")

    app = AsyncApp(authorize=authorize, process_before_response=True, request_verification_enabled=False)
    events, drain = Events(SECRET, lambda: NOW), timedelta(milliseconds=100)
    async with (
        aiohttp.ClientSession() as session,
        listening(serving(events), "127.0.0.1", 0, drain=drain) as address,
        events.open(app, drain=drain),
    ):
        slack = Slack(address, session)

        @app.event("message")
        async def hear(event: dict[str, str]) -> None:
            await slack.release.wait()
            slack.heard.append(event["text"])

        yield slack


async def test_a_signed_event_reaches_its_listener_and_is_acknowledged(slack: Slack) -> None:
    assert (await slack.signed(EVENT))[0] == 200
    assert slack.heard == ["é"]


async def test_slacks_question_for_the_url_is_answered(slack: Slack) -> None:
    asked = json.dumps({"type": "url_verification", "challenge": "c-1"}).encode()
    assert await slack.signed(asked) == (200, '{"challenge": "c-1"}')


@pytest.mark.parametrize("body", [EVENT, b"", b"\xff\xfe not json", b"payload=%7B"])
async def test_what_is_not_signed_is_refused_before_anybody_reads_it(
    slack: Slack, body: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    assert (await slack.post(body))[0] == 401
    assert (await slack.signed(body, secret="wrong"))[0] == 401
    assert slack.heard == []
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_an_old_request_is_not_taken_again(slack: Slack) -> None:
    assert (await slack.signed(EVENT, at=datetime(2026, 11, 21, 11, 54, tzinfo=UTC)))[0] == 401


async def test_a_body_over_the_limit_is_refused_without_reading_it_all(
    slack: Slack, caplog: pytest.LogCaptureFixture
) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100 * MOST_BODY // 65536):
            yield b" " * 65536

    async with aiohttp.ClientSession() as session:
        request = session.post(slack.address + EVENTS, data=endless())
        try:
            async with request as response:
                assert response.status == 413
        except aiohttp.ClientConnectionError:
            pass  # refused and cut off while it was still being sent
    assert slack.heard == []
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_slack_is_told_to_come_again_while_nothing_is_taken_in() -> None:
    events = Events(SECRET, lambda: NOW)
    async with aiohttp.ClientSession() as session, listening(serving(events), "127.0.0.1", 0) as address:
        assert (await Slack(address, session).signed(EVENT))[0] == 503
        assert (await Slack(address, session).post(EVENT))[0] == 401


async def test_requests_in_hand_are_answered_when_the_desk_stops() -> None:
    entered, release = asyncio.Event(), asyncio.Event()

    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T1", bot_token="xoxb-1")

    app = AsyncApp(authorize=authorize, process_before_response=True, request_verification_enabled=False)

    @app.event("message")
    async def hear() -> None:
        entered.set()
        await release.wait()

    events = Events(SECRET, lambda: NOW)
    async with (
        aiohttp.ClientSession() as session,
        asyncio.TaskGroup() as group,
        listening(serving(events), "127.0.0.1", 0) as address,
        events.open(app),
    ):
        asked = group.create_task(Slack(address, session).signed(EVENT))
        await entered.wait()
        asyncio.get_running_loop().call_later(0.05, release.set)
    assert asked.result()[0] == 200
