"""The strict Slack fails in every way that it promises, against the real local peer."""

import asyncio
import json
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.http_retry.builtin_async_handlers import AsyncConnectionErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.peer import ADA, BEN, PATCHDESK, PATCHES, RANDOM, Mode, Workspace
from tests.peer.deliveries import Redelivery
from tests.peer.envelopes import app_rate_limited, url_verification
from tests.peer.faults import DeliveryFault, Fault
from tests.peer.harness import StrictSlack, strict_slack
from tests.peer.journal import Call, Kind
from tests.peer.listener import Listener, listening
from tests.peer.local_slack import local_slack
from tests.peer.stage import (
    IMPATIENT,
    MODAL,
    SOON,
    WORKSPACE,
    refused,
)

# Faults of the Web API.


async def test_an_injected_429_names_its_time_and_posts_nothing(
    slack: StrictSlack, web: AsyncWebClient
) -> None:
    slack.proxy.faults.add(Fault.rate_limited("chat.postMessage", retry_after=timedelta(seconds=7)))
    with pytest.raises(SlackApiError) as raised:
        await web.chat_postMessage(channel=PATCHES.id, text="x")
    assert raised.value.response.headers["Retry-After"] == "7"
    await web.chat_postMessage(channel=PATCHES.id, text="x")
    assert [call.status for call in slack.proxy.calls("chat.postMessage")] == [429, 200]
    assert len(slack.proxy.effects("chat.postMessage")) == 1
    assert slack.proxy.faults.waiting() == []


@pytest.mark.parametrize("fault", [Fault.server_error("*"), Fault.html("*"), Fault.html("*", status=502)])
async def test_an_answer_that_is_not_json_posts_nothing(
    slack: StrictSlack, web: AsyncWebClient, fault: Fault
) -> None:
    slack.proxy.faults.add(fault)
    with pytest.raises(SlackApiError):
        await web.chat_postMessage(channel=PATCHES.id, text="x")
    assert await slack.peer.messages(PATCHES.id) == []


async def test_a_fault_can_choose_its_call(slack: StrictSlack, web: AsyncWebClient) -> None:
    slack.proxy.faults.add(
        Fault.error(
            "chat.postMessage", "is_archived", times=None, when=lambda args: args["channel"] == RANDOM.id
        )
    )
    await web.chat_postMessage(channel=PATCHES.id, text="x")
    for _ in range(2):
        assert await refused(web.chat_postMessage(channel=RANDOM.id, text="x")) == "is_archived"
    slack.proxy.faults.clear()
    await web.chat_postMessage(channel=RANDOM.id, text="x")


@pytest.mark.parametrize(
    ("fault", "posted"),
    [
        (Fault.reset("chat.postMessage"), 0),
        (Fault.lost_reply("chat.postMessage"), 1),
        (Fault.truncated("chat.postMessage"), 1),
    ],
)
async def test_a_cut_connection_leaves_the_desk_in_doubt(
    slack: StrictSlack, web: AsyncWebClient, fault: Fault, posted: int
) -> None:
    slack.proxy.faults.add(fault)
    with pytest.raises((aiohttp.ClientError, SlackApiError)):
        await web.chat_postMessage(channel=PATCHES.id, text="x")
    assert len(await slack.peer.messages(PATCHES.id)) == posted
    [call] = slack.proxy.calls("chat.postMessage")
    assert (call.reached, call.status, call.fault) == (posted == 1, None, fault.name)


async def test_a_lost_reply_and_a_blind_retry_make_two_messages(
    slack: StrictSlack, web: AsyncWebClient
) -> None:
    """Why the desk must not let the SDK retry a post."""
    web.retry_handlers = [AsyncConnectionErrorRetryHandler(max_retry_count=1)]
    slack.proxy.faults.add(Fault.lost_reply("chat.postMessage"))
    await web.chat_postMessage(channel=PATCHES.id, text="x")
    assert len(slack.proxy.effects("chat.postMessage")) == len(await slack.peer.messages(PATCHES.id)) == 2


async def test_a_slow_answer_comes_after_the_deed(slack: StrictSlack, web: AsyncWebClient) -> None:
    slack.proxy.faults.add(Fault.slow("chat.postMessage", delay=timedelta(minutes=1)))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(web.chat_postMessage(channel=PATCHES.id, text="x"), 0.2)
    assert len(slack.proxy.effects("chat.postMessage")) == 1


async def test_uploads_and_downloads_fail_too(slack: StrictSlack, web: AsyncWebClient) -> None:
    slack.proxy.faults.add(Fault.lost_reply("upload"), Fault.html("download"))
    with pytest.raises(aiohttp.ClientError):
        await web.files_upload_v2(channel=PATCHES.id, filename="a.log", content="x")
    assert slack.proxy.calls("files.completeUploadExternal") == []
    await web.files_upload_v2(channel=PATCHES.id, filename="a.log", content="x")
    [shared] = await slack.peer.messages(PATCHES.id)
    address = shared["files"][0]["url_private"].replace(slack.peer.url, slack.proxy.url)
    async with aiohttp.ClientSession() as session, session.get(address) as response:
        assert response.content_type == "text/html"


# Faults of delivery.


async def test_one_event_comes_fifty_times(both: StrictSlack, desk: Listener) -> None:
    both.proxy.faults.add(DeliveryFault.duplicate(copies=49, event="message"))
    await both.peer.message(PATCHES.id, ADA.id, "x")
    assert len(desk.seen) == 50
    assert len({seen.payload["event_id"] for seen in desk.seen}) == 1
    assert all(delivery.acked for delivery in both.proxy.deliveries())


async def test_what_was_not_acknowledged_comes_again(both: StrictSlack, desk: Listener) -> None:
    both.proxy.redelivery = IMPATIENT
    desk.acknowledges = lambda seen: seen.retry == 2
    await both.peer.message(PATCHES.id, ADA.id, "x")
    await both.proxy.quiet()
    assert [seen.retry for seen in desk.seen] == [0, 1, 2]
    assert [seen.retry_reason for seen in desk.seen][1:] == ["timeout", "timeout"]
    assert len({seen.payload["event_id"] for seen in desk.seen}) == 1


async def test_a_lost_acknowledgement_brings_the_event_again(both: StrictSlack, desk: Listener) -> None:
    both.proxy.faults.add(DeliveryFault.swallow_ack(event="message"))
    await both.peer.message(PATCHES.id, ADA.id, "x")
    await both.proxy.quiet()
    assert [delivery.acked for delivery in both.proxy.deliveries()] == [False, True]
    assert len(desk.seen) == 2


async def test_commands_are_never_repeated(both: StrictSlack, desk: Listener) -> None:
    both.proxy.redelivery = IMPATIENT
    desk.acknowledges = lambda seen: seen.kind is Kind.EVENT
    await both.peer.command(PATCHES.id, ADA.id, "/patch", "status")
    await both.proxy.quiet()
    assert [delivery.acked for delivery in both.proxy.deliveries(Kind.COMMAND)] == [False]


async def test_events_can_change_places(both: StrictSlack, desk: Listener) -> None:
    both.proxy.faults.add(DeliveryFault.hold_back(event="message"))
    for text in ("first", "second"):
        await both.peer.message(PATCHES.id, ADA.id, text)
    await both.proxy.until(lambda: len(desk.seen) == 2)
    assert [event["text"] for event in desk.events("message")] == ["second", "first"]


async def test_events_wait_for_a_desk_that_went_away(both: StrictSlack) -> None:
    both.proxy.redelivery = Redelivery(timedelta(milliseconds=100), after=(timedelta(seconds=0.1),) * 50)
    async with listening(both) as before:
        await both.peer.message(PATCHES.id, ADA.id, "one")
    await both.proxy.until(lambda: both.mode is Mode.EVENTS or not both.proxy.sockets.open)
    await both.peer.message(PATCHES.id, ADA.id, "two")
    async with listening(both) as after:
        await both.proxy.until(lambda: after.seen)
    assert [event["text"] for event in before.events("message")] == ["one"]
    assert [event["text"] for event in after.events("message")] == ["two"]


# Websockets.


async def test_each_envelope_goes_to_one_connection(slack: StrictSlack) -> None:
    async with listening(slack) as one, listening(slack) as two:
        await slack.proxy.until(lambda: len(slack.proxy.sockets.open) == 2)
        for number in range(4):
            await slack.peer.message(PATCHES.id, ADA.id, str(number))
        assert (len(one.seen), len(two.seen)) == (2, 2)
    await slack.proxy.until(lambda: not slack.proxy.sockets.open)


async def test_a_dropped_connection_is_opened_anew(slack: StrictSlack) -> None:
    async with listening(slack) as desk:
        [first] = slack.proxy.sockets.open
        slack.proxy.sockets.drop()
        await slack.proxy.until(lambda: slack.proxy.sockets.open not in ([], [first]))
        await slack.peer.message(PATCHES.id, ADA.id, "x")
        assert len(desk.seen) == 1


async def test_a_refresh_asks_the_desk_to_connect_anew(slack: StrictSlack) -> None:
    async with listening(slack) as desk:
        [first] = slack.proxy.sockets.open
        await slack.proxy.sockets.refresh()
        await slack.proxy.until(lambda: slack.proxy.sockets.open not in ([], [first]))
        await slack.peer.message(PATCHES.id, ADA.id, "x")
        # The client may change connections once more meanwhile; then it is sent the event again.
        await slack.proxy.until(lambda: bool(desk.seen))
        assert {seen.event["text"] for seen in desk.seen} == {"x"}


async def test_a_muted_connection_loses_what_is_sent_over_it(slack: StrictSlack) -> None:
    async with listening(slack) as mute:
        slack.proxy.redelivery = IMPATIENT
        slack.proxy.sockets.mute()
        async with listening(slack) as heard:
            for number in range(2):
                await slack.peer.message(PATCHES.id, ADA.id, str(number))
            await slack.proxy.until(
                lambda: len([each for each in slack.proxy.deliveries() if each.acked]) == 2
            )
            assert mute.seen == []
            assert sorted(seen.retry for seen in heard.seen) == [0, 1]


async def test_a_ticket_is_good_for_one_handshake(slack: StrictSlack) -> None:
    opened = await AsyncWebClient(base_url=slack.proxy.api_url).apps_connections_open(
        app_token=PATCHDESK.app_token
    )
    async with aiohttp.ClientSession() as session:
        slack.proxy.sockets.refuse(1)
        with pytest.raises(aiohttp.WSServerHandshakeError, match="503"):
            await session.ws_connect(opened["url"])
        async with session.ws_connect(opened["url"]) as ws:
            assert (await ws.receive_json())["type"] == "hello"
        with pytest.raises(aiohttp.WSServerHandshakeError, match="404"):
            await session.ws_connect(opened["url"])


# Hand-made payloads.


async def test_a_message_shortcut_opens_a_modal(both: StrictSlack, desk: Listener) -> None:
    ts = await both.peer.message(PATCHES.id, ADA.id, "a < b")
    [message] = [each for each in await both.peer.messages(PATCHES.id) if each["ts"] == ts]
    origin = await both.proxy.origin(BEN.id, PATCHES.id)
    await both.proxy.send(Kind.INTERACTION, origin.message_shortcut("land_this", message))

    shortcut = desk.seen[-1].payload
    assert (shortcut["type"], shortcut["callback_id"]) == ("message_action", "land_this")
    assert shortcut["message"]["text"] == "a &lt; b"
    assert shortcut["user"]["id"] == BEN.id
    opened = await desk.web.views_open(trigger_id=shortcut["trigger_id"], view=MODAL)
    assert opened["view"]["callback_id"] == "submit"


async def test_hand_made_interactions_bring_back_the_answer(both: StrictSlack, desk: Listener) -> None:
    view = {**MODAL, "id": "V0MADE", "hash": "1"}
    desk.answer = lambda _seen: {"response_action": "clear"}
    origin = await both.proxy.origin(ADA.id, PATCHES.id)
    action = {"action_id": "approve", "block_id": "b", "value": "7"}
    values = {"patch": {"text": {"type": "plain_text_input", "value": "x"}}}
    made = [
        origin.view_action(action, view),
        origin.view_submission(view, values),
        origin.view_closed(view),
        origin.message_action(action, {"ts": "1.000001", "text": "card", "bot_id": PATCHDESK.bot_id}),
        origin.global_shortcut("new"),
    ]
    for payload in made:
        assert await both.proxy.send(Kind.INTERACTION, payload) == {"response_action": "clear"}
    assert [seen.payload["type"] for seen in desk.seen] == [payload["type"] for payload in made]


async def test_outer_types_that_are_no_events_arrive(both: StrictSlack, desk: Listener) -> None:
    await both.proxy.send(Kind.EVENT, app_rate_limited(PATCHDESK.app_id, WORKSPACE.team_id, 1_700_000_000))
    await both.proxy.send(Kind.EVENT, url_verification("abc"))
    assert desk.kinds() == ["app_rate_limited", "url_verification"]


# HTTP mode alone.


async def test_a_desk_may_ask_not_to_be_tried_again(tmp_path: Path) -> None:
    async with strict_slack(tmp_path, mode=Mode.EVENTS, redelivery=SOON) as slack, listening(slack) as desk:
        desk.acknowledges = lambda _seen: False
        desk.headers["X-Slack-No-Retry"] = "1"
        await slack.peer.message(PATCHES.id, ADA.id, "x")
        await slack.proxy.quiet()
        assert [seen.retry for seen in desk.seen] == [0]


async def test_a_forged_signature_is_told_apart(tmp_path: Path) -> None:
    """The signature is over the body that the desk gets, not over the peer's."""
    async with strict_slack(tmp_path, mode=Mode.EVENTS) as slack, listening(slack) as desk:
        await slack.peer.message(PATCHES.id, ADA.id, "a < b & c")
        assert [event["text"] for event in desk.events("message")] == ["a &lt; b &amp; c"]
        url, body = slack.proxy.request_url.url, json.dumps({"type": "event_callback"}).encode()
        assert url is not None
        async with aiohttp.ClientSession(headers={"Content-Type": "application/json"}) as session:
            for headers, status in (
                (slack.proxy.request_url.signed(body), 200),
                (slack.proxy.request_url.signed(body + b" "), 401),
                (slack.proxy.request_url.signed(body, at=1_700_000_000), 401),
            ):
                async with session.post(url, data=body, headers=headers) as response:
                    assert response.status == status


# The harness itself.


async def test_the_journal_wakes_and_gives_up(slack: StrictSlack, web: AsyncWebClient) -> None:
    async def post() -> None:
        await web.chat_postMessage(channel=PATCHES.id, text="x")

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(post())
        [call] = await slack.proxy.until(lambda: slack.proxy.effects("chat.postMessage"))
    assert isinstance(call, Call)
    assert call.ts == (await slack.peer.messages(PATCHES.id))[0]["ts"]
    with pytest.raises(AssertionError, match=r"chat\.postMessage"):
        await slack.proxy.until(lambda: slack.proxy.calls("chat.update"), within=timedelta(milliseconds=10))


async def test_a_failing_test_leaves_no_peer_behind(tmp_path: Path) -> None:
    stack = AsyncExitStack()
    peer = await stack.enter_async_context(local_slack(Workspace(), tmp_path))
    await peer.state()
    failure = ZeroDivisionError()
    assert not await stack.__aexit__(ZeroDivisionError, failure, None)
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorError):
            await session.get(peer.url)


async def test_a_failure_of_the_proxy_fails_the_test(tmp_path: Path) -> None:
    stack = AsyncExitStack()
    slack = await stack.enter_async_context(strict_slack(tmp_path))
    headers = {"Content-Type": "application/json"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(f"{slack.proxy.api_url}auth.test", data=b"{") as response,
    ):
        assert response.status == 500
    with pytest.raises(BaseExceptionGroup, match="the proxy itself failed"):
        await stack.aclose()
