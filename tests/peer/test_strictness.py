"""What the peer would let pass is refused, in the way of Slack."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.demo.peer import ADA, BEN, PATCHDESK, PATCHES, RANDOM
from tests.peer.harness import StrictSlack, strict_slack
from tests.peer.listener import Listener, listening, web_client
from tests.peer.rules import Rates
from tests.peer.stage import ELSEWHERE, GROUP, HIDDEN, MODAL, refused, section
from tests.peer.strictness import BOT_SCOPES


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (None, "not_authed"),
        ("xoxb-unknown", "invalid_auth"),
        (PATCHDESK.app_token, "not_allowed_token_type"),
    ],
)
async def test_a_wrong_token_is_refused(slack: StrictSlack, token: str | None, code: str) -> None:
    client = AsyncWebClient(token, base_url=slack.proxy.api_url)
    assert await refused(client.auth_test()) == code


async def test_a_bot_token_opens_no_socket(web: AsyncWebClient) -> None:
    assert await refused(web.apps_connections_open(app_token=PATCHDESK.bot_token)) == "not_allowed_token_type"


async def test_a_scope_that_was_not_granted_is_missed(tmp_path: Path) -> None:
    scopes = BOT_SCOPES - {"reactions:write", "users:read.email"}
    async with strict_slack(tmp_path, scopes=scopes) as slack:
        web = web_client(slack)
        granted = (await web.auth_test()).headers["x-oauth-scopes"].split(",")
        posted = await web.chat_postMessage(channel=PATCHES.id, text="x")
        adding = web.reactions_add(channel=PATCHES.id, timestamp=posted["ts"], name="eyes")
        assert await refused(adding) == "missing_scope"
        assert set(granted) == scopes
        assert "email" not in (await web.users_info(user=ADA.id))["user"]["profile"]


@pytest.mark.parametrize(
    ("blocks", "code"),
    [
        ([section("x")] * 50, None),
        ([section("x")] * 51, "invalid_blocks"),
        ([section("x" * 3000)], None),
        ([section("x" * 3001)], "invalid_blocks"),
        ([{"type": "table", "rows": [[{"type": "raw_text", "text": "x"}]]}] * 2, "only_one_table_allowed"),
    ],
)
async def test_one_bad_block_and_nothing_is_posted(
    slack: StrictSlack, web: AsyncWebClient, blocks: list[dict[str, Any]], code: str | None
) -> None:
    posting = web.chat_postMessage(channel=PATCHES.id, text="x", blocks=blocks)
    if code is None:
        await posting
    else:
        assert await refused(posting) == code
    assert len(await slack.peer.messages(PATCHES.id)) == (1 if code is None else 0)
    assert len(slack.proxy.effects("chat.postMessage")) == (1 if code is None else 0)


async def test_texts_have_their_limits(slack: StrictSlack, web: AsyncWebClient) -> None:
    posted = await web.chat_postMessage(channel=PATCHES.id, text="x" * 40_001)
    assert len(posted["message"]["text"]) == 40_000
    update = web.chat_update(channel=PATCHES.id, ts=posted["ts"], text="x" * 4001)
    assert await refused(update) == "msg_too_long"
    assert await refused(web.api_call("chat.postMessage", json={"channel": PATCHES.id})) == "no_text"


async def test_metadata_is_kept_until_it_is_replaced(slack: StrictSlack, web: AsyncWebClient) -> None:
    key = {"event_type": "delivery", "event_payload": {"key": "k1"}}
    posted = await web.chat_postMessage(channel=PATCHES.id, text="x", metadata=key)
    await web.chat_update(channel=PATCHES.id, ts=posted["ts"], text="y")

    async def kept(**more: Any) -> Any:
        found = await web.conversations_replies(channel=PATCHES.id, ts=posted["ts"], **more)
        return found["messages"][0].get("metadata")

    assert await kept(include_all_metadata=True) == key
    assert await kept() is None
    history = await web.conversations_history(channel=PATCHES.id, include_all_metadata=True)
    assert history["messages"][0]["metadata"] == key
    other = {"event_type": "delivery", "event_payload": {"key": "k2"}}
    await web.chat_update(channel=PATCHES.id, ts=posted["ts"], text="z", metadata=other)
    assert await kept(include_all_metadata=True) == other
    bad = web.chat_postMessage(channel=PATCHES.id, text="x", metadata={"event_type": "alone"})
    assert await refused(bad) == "invalid_metadata_format"


async def test_history_comes_in_pages(slack: StrictSlack, web: AsyncWebClient) -> None:
    parent, *rest = [await slack.peer.message(PATCHES.id, ADA.id, f"m{number}") for number in range(5)]
    replies = [await slack.peer.message(PATCHES.id, BEN.id, "r", thread_ts=parent) for _ in range(3)]

    async def pages(method: Callable[..., Awaitable[AsyncSlackResponse]], **where: str) -> list[list[str]]:
        async with asyncio.timeout(10):
            found = await method(channel=PATCHES.id, limit=2, **where)
            return [[message["ts"] for message in page["messages"]] async for page in found]

    assert await pages(web.conversations_history) == [[rest[3], rest[2]], [rest[1], rest[0]], [parent]]
    thread = [parent, *replies]
    assert await pages(web.conversations_replies, ts=parent) == [thread[:2], thread[2:]]
    newer = await web.conversations_history(channel=PATCHES.id, oldest=rest[1])
    assert [message["ts"] for message in newer["messages"]] == [rest[3], rest[2]]
    assert await refused(web.conversations_history(channel=PATCHES.id, cursor="?")) == "invalid_cursor"
    assert await refused(web.conversations_replies(channel=PATCHES.id, ts="1.0")) == "thread_not_found"


async def test_an_ephemeral_message_cannot_be_found_again(slack: StrictSlack, web: AsyncWebClient) -> None:
    said = await web.chat_postEphemeral(channel=PATCHES.id, user=ADA.id, text="no")
    assert (await web.conversations_history(channel=PATCHES.id))["messages"] == []
    update = web.chat_update(channel=PATCHES.id, ts=said["message_ts"], text="yes")
    assert await refused(update) == "message_not_found"
    elsewhere = web.chat_postEphemeral(channel=PATCHES.id, user="U0NOBODY", text="no")
    assert await refused(elsewhere) == "user_not_in_channel"


async def test_reactions_are_added_and_removed_once(slack: StrictSlack, web: AsyncWebClient) -> None:
    ts = await slack.peer.message(PATCHES.id, ADA.id, "x")
    what = {"channel": PATCHES.id, "timestamp": ts, "name": "eyes"}
    await web.reactions_add(**what)
    assert await refused(web.reactions_add(**what)) == "already_reacted"
    await web.reactions_remove(**what)
    assert await refused(web.reactions_remove(**what)) == "no_reaction"
    assert await refused(web.reactions_add(**{**what, "name": "👀"})) == "invalid_name"


async def test_only_own_messages_in_own_channels_are_changed(slack: StrictSlack, web: AsyncWebClient) -> None:
    ts = await slack.peer.message(PATCHES.id, ADA.id, "mine")
    assert await refused(web.chat_update(channel=PATCHES.id, ts=ts, text="x")) == "cant_update_message"
    assert await refused(web.chat_delete(channel=PATCHES.id, ts=ts)) == "cant_delete_message"
    assert await refused(web.chat_postMessage(channel=ELSEWHERE.id, text="x")) == "not_in_channel"
    assert await refused(web.chat_postMessage(channel=HIDDEN.id, text="x")) == "channel_not_found"
    assert (await web.conversations_info(channel=ELSEWHERE.id))["channel"]["is_member"] is False


async def test_private_channels_of_others_are_not_listed(slack: StrictSlack, web: AsyncWebClient) -> None:
    async def listed(**about: Any) -> set[str]:
        return {channel["id"] for channel in (await web.users_conversations(**about))["channels"]}

    every = "public_channel,private_channel"
    assert await listed() == {PATCHES.id, RANDOM.id}
    assert await listed(user=ADA.id, types=every) == {PATCHES.id, RANDOM.id, ELSEWHERE.id}
    assert await listed(user=ADA.id, types="private_channel") == set()


async def test_people_and_groups_can_be_looked_up(slack: StrictSlack, web: AsyncWebClient) -> None:
    assert (await web.users_info(user=ADA.id))["user"]["profile"]["email"] == ADA.email
    assert (await web.usergroups_users_list(usergroup=GROUP))["users"] == [ADA.id, BEN.id]
    assert await refused(web.usergroups_users_list(usergroup="S0NONE")) == "no_such_subteam"
    ts = await slack.peer.message(PATCHES.id, ADA.id, "x")
    permalink = (await web.chat_getPermalink(channel=PATCHES.id, message_ts=ts))["permalink"]
    assert permalink.endswith(f"/archives/{PATCHES.id}/p{ts.replace('.', '')}")


async def test_too_many_posts_are_told_when_to_come_back(slack: StrictSlack, web: AsyncWebClient) -> None:
    slack.proxy.rates = Rates(post_every=timedelta(seconds=30), updates=2)
    posted = await web.chat_postMessage(channel=PATCHES.id, text="x")
    await web.chat_postMessage(channel=RANDOM.id, text="x")
    with pytest.raises(SlackApiError) as raised:
        await web.chat_postMessage(channel=PATCHES.id, text="x")
    assert raised.value.response.status_code == 429
    assert 29 <= int(raised.value.response.headers["Retry-After"]) <= 30

    updating = {"channel": PATCHES.id, "ts": posted["ts"], "text": "y"}
    await web.chat_update(**updating)
    await web.chat_update(**updating)
    assert await refused(web.chat_update(**updating)) == "ratelimited"


async def test_a_trigger_is_good_once_and_not_for_long(both: StrictSlack, desk: Listener) -> None:
    first = await both.proxy.origin(ADA.id, PATCHES.id)
    await desk.web.views_open(trigger_id=first.trigger_id, view=MODAL)
    again = desk.web.views_open(trigger_id=first.trigger_id, view=MODAL)
    assert await refused(again) == "exchanged_trigger_id"
    late = await both.proxy.origin(ADA.id, PATCHES.id)
    both.proxy.web_api.triggers.lifetime = timedelta(0)
    assert await refused(desk.web.views_open(trigger_id=late.trigger_id, view=MODAL)) == "expired_trigger_id"
    assert await refused(desk.web.views_open(trigger_id="made.up", view=MODAL)) == "invalid_trigger_id"


async def test_a_view_keeps_its_id_and_refuses_stale_updates(slack: StrictSlack, web: AsyncWebClient) -> None:
    origin = await slack.proxy.origin(ADA.id, PATCHES.id)
    opened = (await web.views_open(trigger_id=origin.trigger_id, view=MODAL))["view"]
    updated = (await web.views_update(view_id=opened["id"], view=MODAL, hash=opened["hash"]))["view"]
    assert updated["id"] == opened["id"]
    stale = web.views_update(view_id=opened["id"], view=MODAL, hash=opened["hash"])
    assert await refused(stale) == "hash_conflict"
    assert await refused(web.views_update(view_id="V0NONE", view=MODAL)) == "not_found"
    too_long = {**MODAL, "title": {"type": "plain_text", "text": "x" * 25}}
    assert await refused(web.views_update(view_id=opened["id"], view=too_long)) == "invalid_arguments"
    async with listening(slack) as desk:
        await slack.peer.view_submit(ADA.id, {})
        assert desk.seen[0].payload["view"]["id"] == opened["id"]


async def test_a_response_url_has_five_uses_for_one_person(slack: StrictSlack) -> None:
    origin = await slack.proxy.origin(ADA.id, PATCHES.id)
    async with aiohttp.ClientSession() as session:
        statuses = []
        for number in range(6):
            async with session.post(origin.response_url, json={"text": str(number)}) as response:
                statuses.append(response.status)
    assert statuses == [200] * 5 + [404]
    shown = await slack.peer.messages(PATCHES.id)
    assert [message["subtype"] for message in shown] == ["ephemeral"] * 5
    assert slack.proxy.calls("response_url")[-1].error == "used_url"
