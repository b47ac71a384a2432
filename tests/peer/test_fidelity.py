"""What the desk hears looks like Slack, in both modes."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.demo.peer import ADA, BEN, CLEO, PATCHDESK, PATCHES, PeerError
from tests.peer.harness import StrictSlack
from tests.peer.journal import Kind
from tests.peer.listener import Listener, web_client
from tests.peer.stage import (
    BUTTON,
    ELSEWHERE,
    HIDDEN,
    MODAL,
    OTHER_BOT,
    section,
)

# What people do, heard by the desk.


async def test_everything_a_person_does_reaches_the_desk_once(both: StrictSlack, desk: Listener) -> None:
    peer, channel = both.peer, PATCHES.id
    ts = await peer.message(channel, ADA.id, f"<@{PATCHDESK.bot_user_id}> status")
    await peer.upload(channel, ADA.id, {"fix.diff": b"--- a\n"}, text="here", thread_ts=ts)
    await peer.command(channel, BEN.id, "/patch", "queue")
    posted = await desk.web.chat_postMessage(channel=channel, text="card", blocks=[BUTTON], thread_ts=ts)
    await peer.press(channel, posted["ts"], CLEO.id, "approve")
    await peer.reaction(channel, ts, BEN.id, "eyes")
    await peer.edit_message(channel, ts, ADA.id, "never mind")
    await peer.open_home(ADA.id)
    await peer.delete_message(channel, ts, ADA.id)
    await both.proxy.until(lambda: len(desk.seen) == 11)

    assert Counter(desk.kinds()) == {
        "message": 5,
        "app_mention": 1,
        "file_shared": 1,
        "/patch": 1,
        "block_actions": 1,
        "reaction_added": 1,
        "app_home_opened": 1,
    }
    assert all(delivery.acked and delivery.attempt == 0 for delivery in both.proxy.deliveries())
    assert len({seen.payload["event_id"] for seen in desk.seen if seen.kind is Kind.EVENT}) == 9


async def test_a_typed_message_arrives_escaped_and_as_rich_text(both: StrictSlack, desk: Listener) -> None:
    ts = await both.peer.message(PATCHES.id, ADA.id, "look & see:\n```\nif a < b:\n    go()\n```")

    [event] = desk.events("message")
    assert event["text"] == "look &amp; see:\n```if a &lt; b:\n    go()```"
    [block] = event["blocks"]
    assert [part["type"] for part in block["elements"]] == ["rich_text_section", "rich_text_preformatted"]
    assert block["elements"][1]["elements"] == [{"type": "text", "text": "if a < b:\n    go()"}]
    assert event["client_msg_id"]
    history = await desk.web.conversations_history(channel=PATCHES.id)
    assert [message["ts"] for message in history["messages"]] == [ts]
    assert [history["messages"][0][key] for key in ("text", "blocks", "client_msg_id")] == [
        event[key] for key in ("text", "blocks", "client_msg_id")
    ]


async def test_an_edit_tells_the_text_before_and_after(both: StrictSlack, desk: Listener) -> None:
    ts = await both.peer.message(PATCHES.id, ADA.id, "a < b")
    await both.peer.edit_message(PATCHES.id, ts, ADA.id, "a > b")

    changed = desk.events("message")[-1]
    assert changed["subtype"] == "message_changed"
    assert changed["hidden"] is True
    assert (changed["previous_message"]["text"], changed["message"]["text"]) == ("a &lt; b", "a &gt; b")
    assert changed["message"]["client_msg_id"] == desk.events("message")[0]["client_msg_id"]


async def test_own_posts_come_back_as_events(both: StrictSlack, desk: Listener) -> None:
    posted = await desk.web.chat_postMessage(channel=PATCHES.id, text="one")
    await desk.web.chat_update(channel=PATCHES.id, ts=posted["ts"], text="two")
    await desk.web.reactions_add(channel=PATCHES.id, timestamp=posted["ts"], name="eyes")
    await desk.web.chat_delete(channel=PATCHES.id, ts=posted["ts"])
    await both.proxy.until(lambda: len(desk.seen) == 4)

    by_subtype = {event.get("subtype"): event for event in desk.events("message")}
    assert by_subtype[None]["bot_id"] == PATCHDESK.bot_id
    assert by_subtype[None]["app_id"] == PATCHDESK.app_id
    assert by_subtype[None]["ts"] == posted["ts"]
    assert by_subtype["message_changed"]["message"]["text"] == "two"
    assert by_subtype["message_changed"]["previous_message"]["text"] == "one"
    assert by_subtype["message_deleted"]["deleted_ts"] == posted["ts"]
    assert desk.events("reaction_added")[0]["user"] == PATCHDESK.bot_user_id


async def test_posts_of_another_bot_are_heard(both: StrictSlack, desk: Listener) -> None:
    other = web_client(both, OTHER_BOT)
    await other.chat_postMessage(channel=ELSEWHERE.id, text="beep")  # the desk is not there
    posted = await other.chat_postMessage(channel=PATCHES.id, text="a &lt; b")
    await both.proxy.quiet()

    [event] = desk.events("message")
    assert (event["ts"], event["text"]) == (posted["ts"], "a &lt; b")
    [remembered] = (await desk.web.conversations_history(channel=PATCHES.id))["messages"]
    assert remembered["text"] == "a &lt; b"
    assert (event["bot_id"], event["app_id"]) == (OTHER_BOT.bot_id, OTHER_BOT.app_id)


async def test_a_private_channel_is_told_by_its_type(both: StrictSlack, desk: Listener) -> None:
    await both.peer.open_home(ADA.id)  # opens the direct messages of Ada and the desk
    direct = next(each for each in (await both.peer.state())["channels"] if each["is_im"])
    await both.peer.message(direct["id"], ADA.id, "status")
    await both.peer.message(HIDDEN.id, ADA.id, "status")  # the desk is not there

    assert [event["channel_type"] for event in desk.events("message")] == ["im"]


async def test_a_command_is_answered_to_one_person_alone(both: StrictSlack, desk: Listener) -> None:
    desk.answer = lambda _seen: "nothing is queued"
    await both.peer.command(PATCHES.id, ADA.id, "/patch", "queue")

    [shown] = await both.peer.messages(PATCHES.id)
    assert (shown["text"], shown["subtype"], shown["ephemeral_to"]) == (
        "nothing is queued",
        "ephemeral",
        ADA.id,
    )
    assert (await desk.web.conversations_history(channel=PATCHES.id))["messages"] == []


async def test_a_modal_shows_its_errors_and_then_closes(both: StrictSlack, desk: Listener) -> None:
    answers: list[Mapping[str, Any] | None] = [
        None,
        {"response_action": "errors", "errors": {"patch": "is empty"}},
        None,
    ]
    desk.answer = lambda _seen: answers.pop(0)
    await both.peer.command(PATCHES.id, ADA.id, "/patch", "submit")
    await desk.web.views_open(trigger_id=desk.seen[0].payload["trigger_id"], view=MODAL)
    typed = {"patch": {"text": {"type": "plain_text_input", "value": "one\ntwo"}}}

    first = await both.peer.view_submit(ADA.id, typed)
    assert first.errors == {"patch": "is empty"}
    assert [view["callback_id"] for view in first.stack] == ["submit"]
    second = await both.peer.view_submit(ADA.id, typed)
    assert (second.stack, second.errors) == ((), {})
    assert desk.seen[-1].payload["view"]["state"]["values"] == typed
    with pytest.raises(PeerError, match="no modal"):
        await both.peer.view_submit(ADA.id, typed)


async def test_a_published_home_is_seen(both: StrictSlack, desk: Listener) -> None:
    await desk.web.views_publish(user_id=ADA.id, view={"type": "home", "blocks": [section("queue")]})

    home = (await both.peer.views()).homes[ADA.id][PATCHDESK.app_id]
    assert home["blocks"][0]["text"]["text"] == "queue"


# Files.


async def test_files_travel_through_the_proxy(both: StrictSlack, desk: Listener) -> None:
    await both.peer.upload(PATCHES.id, ADA.id, {"fix.diff": b"--- a\n"})
    [event] = desk.events("message")
    address = event["files"][0]["url_private_download"]
    assert address.startswith(both.proxy.url)

    async with aiohttp.ClientSession() as session:
        headers = {"Authorization": f"Bearer {PATCHDESK.bot_token}"}
        async with session.get(address, headers=headers, allow_redirects=False) as response:
            assert await response.read() == b"--- a\n"
        async with session.get(address, allow_redirects=False) as response:
            assert (response.status, response.content_type) == (200, "text/html")
            assert "Sign in" in await response.text()
    assert [call.took_effect for call in both.proxy.calls("download")] == [True, False]


async def test_an_upload_answers_before_it_knows_where_it_is_shared(
    slack: StrictSlack, web: AsyncWebClient
) -> None:
    parent = await web.chat_postMessage(channel=PATCHES.id, text="card")
    done = await web.files_upload_v2(
        channel=PATCHES.id, thread_ts=parent["ts"], filename="gate.log", content="boom\n"
    )

    assert done["files"][0]["shares"] == {}
    [_, shared] = await slack.peer.thread(PATCHES.id, parent["ts"])
    assert [file["name"] for file in shared["files"]] == ["gate.log"]
    assert len(slack.proxy.effects("upload")) == 1
