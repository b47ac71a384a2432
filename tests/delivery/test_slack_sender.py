"""Each write to Slack says truly how far it came, whatever happens on the way."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.delivery.render.blocks import Message, message, section
from bot.delivery.slack import SlackSender, Uploaded, open_sender
from bot.delivery.slack_answers import Answer, Delivered, Missing, Rejected, RetryAfter, Unknown
from bot.demo.peer import ADA
from contracts.commands import Place
from tests.delivery.conftest import at_once
from tests.delivery.rows import CHANNEL
from tests.peer.faults import Answer as Canned
from tests.peer.faults import Fault
from tests.peer.harness import StrictSlack

HELLO = message(["hello"], section("*hello*"))
NOW = datetime.now(UTC)


async def post(sender: SlackSender, *, key: str = "key-1", thread: str | None = None) -> Answer:
    return await sender.post(HELLO, channel=CHANNEL, thread=thread, key=key)


async def posted(sender: SlackSender, *, key: str = "key-0") -> Place:
    answer = await post(sender, key=key)
    assert isinstance(answer, Delivered)
    assert answer.ref is not None
    return answer.ref


# Posting ---------------------------------------------------------------------------------------
async def test_a_post_carries_its_key_and_no_previews(slack: StrictSlack, sender: SlackSender) -> None:
    root = await posted(sender)
    assert root == Place(CHANNEL, root.ts, root.ts)
    reply = await post(sender, thread=root.ts)
    assert isinstance(reply, Delivered)
    assert reply.ref is not None
    assert reply.ref.thread == root.ts
    first, second = slack.proxy.effects("chat.postMessage")
    assert first.args["metadata"] == {"event_type": "patchdesk_delivery", "event_payload": {"key": "key-0"}}
    assert (first.args["unfurl_links"], first.args["unfurl_media"]) == (False, False)
    assert "thread_ts" not in first.args
    assert second.args["thread_ts"] == root.ts


@pytest.mark.parametrize(
    "fault",
    [
        Fault.server_error("chat.postMessage"),
        Fault.html("chat.postMessage"),
        Fault.html("chat.postMessage", status=502),
        Fault.error("chat.postMessage", "internal_error"),
        Fault.error("chat.postMessage", "fatal_error"),
        Fault.reset("chat.postMessage"),
        Fault.lost_reply("chat.postMessage"),
        Fault.truncated("chat.postMessage"),
        Fault("chat.postMessage", Canned(200, "fine", "text/plain"), "text"),
        Fault("chat.postMessage", Canned(200, "[1]"), "a list"),
        Fault("chat.postMessage", Canned(200, "{", "application/problem+json"), "half an object"),
        Fault("chat.postMessage", Canned(200, '{"ok": true}'), "no ts"),
    ],
    ids=lambda fault: fault.name,
)
async def test_a_post_without_a_clear_answer_is_unknown_and_not_repeated(
    slack: StrictSlack, sender: SlackSender, fault: Fault
) -> None:
    slack.proxy.faults.add(fault)
    assert isinstance(await post(sender), Unknown)
    assert len(slack.proxy.calls("chat.postMessage")) == 1
    assert slack.proxy.faults.waiting() == []


async def test_a_post_that_takes_too_long_is_unknown(slack: StrictSlack) -> None:
    slack.proxy.faults.add(Fault.slow("chat.postMessage", delay=timedelta(seconds=5)))
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=0.2)) as session:
        client = AsyncWebClient(
            slack.proxy.app.bot_token, slack.proxy.api_url, session=session, retry_handlers=[]
        )
        assert isinstance(await post(SlackSender(client, session, sleep=at_once)), Unknown)


async def test_slack_names_the_wait(slack: StrictSlack, sender: SlackSender) -> None:
    slack.proxy.faults.add(Fault.rate_limited("chat.postMessage", retry_after=timedelta(seconds=7)))
    answer = await post(sender)
    assert answer == RetryAfter(timedelta(seconds=7), "chat.postMessage: rate limited", limited=True)
    assert len(slack.proxy.calls()) == 1


async def test_a_refusal_is_told_as_it_came(slack: StrictSlack, sender: SlackSender) -> None:
    slack.proxy.faults.add(Fault.error("chat.postMessage", "is_archived"))
    assert await post(sender) == Rejected("chat.postMessage", "is_archived")


async def test_where_nobody_listens_nothing_was_sent_and_it_is_tried_thrice() -> None:
    pauses: list[float] = []

    async def note(seconds: float) -> None:
        pauses.append(seconds)

    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient("xoxb-1", "http://127.0.0.1:9/api/", session=session, retry_handlers=[])
        answer = await post(SlackSender(client, session, sleep=note))
    assert isinstance(answer, RetryAfter)
    assert not answer.limited
    assert pauses == [0.3, 0.6]


async def test_the_connection_comes_back_within_one_call(slack: StrictSlack, sender: SlackSender) -> None:
    root = await posted(sender)
    slack.proxy.faults.add(Fault.reset("chat.update", times=2))
    assert await sender.update(HELLO, at=root) == Delivered(root)
    assert len(slack.proxy.calls("chat.update")) == 3


async def test_a_sender_of_its_own_speaks_to_another_slack(slack: StrictSlack) -> None:
    async with open_sender(slack.proxy.app.bot_token, api_url=slack.proxy.api_url) as sender:
        assert isinstance(await post(sender), Delivered)


# What may be repeated --------------------------------------------------------------------------
@pytest.mark.parametrize(
    "fault",
    [
        Fault.server_error("chat.update", times=2),
        Fault.lost_reply("chat.update", times=2),
        Fault.html("chat.update", times=2),
        Fault.error("chat.update", "internal_error", times=2),
    ],
    ids=lambda fault: fault.name,
)
async def test_an_edit_is_repeated_until_it_is_clear(
    slack: StrictSlack, sender: SlackSender, fault: Fault
) -> None:
    root = await posted(sender)
    slack.proxy.faults.add(fault)
    assert await sender.update(Message("new"), at=root) == Delivered(root)
    (shown,) = await slack.peer.messages(CHANNEL)
    assert shown["text"] == "new"


async def test_an_edit_gives_up_after_seconds(slack: StrictSlack, sender: SlackSender) -> None:
    root = await posted(sender)
    slack.proxy.faults.add(Fault.server_error("chat.update", times=None))
    assert isinstance(await sender.update(HELLO, at=root), RetryAfter)
    assert len(slack.proxy.calls("chat.update")) == 3


async def test_a_reaction_that_is_there_or_gone_already_is_fine(
    slack: StrictSlack, sender: SlackSender
) -> None:
    root = await posted(sender)
    slack.proxy.faults.add(Fault.lost_reply("reactions.add"))
    assert await sender.add_reaction("eyes", to=root) == Delivered()
    assert [call.error for call in slack.proxy.calls("reactions.add")] == [None, "already_reacted"]
    assert await sender.remove_reaction("x", of=root) == Delivered()
    gone = Place(CHANNEL, "1.1", "1.1")
    assert await sender.add_reaction("eyes", to=gone) == Rejected("reactions.add", "message_not_found")


async def test_a_word_for_one_persons_eyes(slack: StrictSlack, sender: SlackSender) -> None:
    answer = await sender.post_ephemeral(HELLO, channel=CHANNEL, user=ADA.id, thread=None)
    assert answer == Delivered()
    slack.proxy.faults.add(Fault.lost_reply("chat.postEphemeral"))
    assert isinstance(await sender.post_ephemeral(HELLO, channel=CHANNEL, user=ADA.id, thread=None), Unknown)


# Looking ---------------------------------------------------------------------------------------
async def find(sender: SlackSender, key: str, thread: str | None) -> object:
    return await sender.find(key, channel=CHANNEL, thread=thread, since=NOW)


async def test_what_was_posted_is_found_by_its_key_where_it_is(sender: SlackSender) -> None:
    root = await posted(sender, key="root")
    reply = await post(sender, key="reply", thread=root.ts)
    assert await find(sender, "root", None) == Delivered(root)
    assert await find(sender, "reply", root.ts) == reply
    assert await find(sender, "reply", None) == Missing()
    assert await find(sender, "other", root.ts) == Missing()


async def test_a_key_is_found_on_the_last_page(slack: StrictSlack, sender: SlackSender) -> None:
    root = await posted(sender, key="root")
    for number in range(205):
        await slack.peer.message(CHANNEL, ADA.id, f"chatter {number}")
    assert await find(sender, "root", None) == Delivered(root)
    assert len(slack.proxy.calls("conversations.history")) == 2


async def test_only_the_time_since_the_first_try_is_searched(slack: StrictSlack, sender: SlackSender) -> None:
    await posted(sender, key="root")
    later = datetime.now(UTC) + timedelta(hours=1)
    assert await sender.find("root", channel=CHANNEL, thread=None, since=later) == Missing()


async def test_looking_may_fail_too(slack: StrictSlack, sender: SlackSender) -> None:
    slack.proxy.faults.add(Fault.rate_limited("conversations.history"))
    assert isinstance(await find(sender, "root", None), RetryAfter)


# Files -----------------------------------------------------------------------------------------
async def uploaded(sender: SlackSender) -> str:
    answer = await sender.upload(b"1 != 2\n", name="k3v9x2ab-tests.log")
    assert isinstance(answer, Uploaded)
    return answer.file


async def test_a_file_is_uploaded_first_and_shown_in_its_thread_after(
    slack: StrictSlack, sender: SlackSender
) -> None:
    root = await posted(sender)
    file = await uploaded(sender)
    assert await sender.find_file(file, channel=CHANNEL) == Missing()
    assert await sender.share(file, title="Log of tests", channel=CHANNEL, thread=root.ts) == Delivered()
    found = await sender.find_file(file, channel=CHANNEL)
    _, shown = await slack.peer.thread(CHANNEL, root.ts or "")
    assert found == Delivered(Place(CHANNEL, shown["ts"], root.ts))
    assert [(each["name"], each["title"]) for each in shown["files"]] == [
        ("k3v9x2ab-tests.log", "Log of tests")
    ]


@pytest.mark.parametrize(
    "fault",
    [
        Fault.server_error("files.getUploadURLExternal", times=3),
        Fault("files.getUploadURLExternal", Canned(200, '{"ok": true}'), "no URL"),
        Fault.server_error("upload"),
        Fault.reset("upload"),
        Fault.lost_reply("upload"),
    ],
    ids=lambda fault: f"{fault.method} {fault.name}",
)
async def test_an_upload_that_fails_shows_nothing_and_may_be_repeated(
    slack: StrictSlack, sender: SlackSender, fault: Fault
) -> None:
    slack.proxy.faults.add(fault)
    assert isinstance(await sender.upload(b"x", name="x.log"), RetryAfter)
    assert await slack.peer.messages(CHANNEL) == []
    assert slack.proxy.faults.waiting() == []


async def test_sharing_without_a_clear_answer_is_unknown(slack: StrictSlack, sender: SlackSender) -> None:
    file = await uploaded(sender)
    slack.proxy.faults.add(Fault.lost_reply("files.completeUploadExternal"))
    assert isinstance(await sender.share(file, title="x", channel=CHANNEL, thread=None), Unknown)
    assert isinstance(await sender.find_file(file, channel=CHANNEL), Delivered)


async def test_a_file_that_slack_has_forgotten_is_missing(slack: StrictSlack, sender: SlackSender) -> None:
    assert await sender.find_file("F0NEVER", channel=CHANNEL) == Missing()
    slack.proxy.faults.add(Fault.rate_limited("files.info"))
    assert isinstance(await sender.find_file("F0NEVER", channel=CHANNEL), RetryAfter)


async def test_a_bad_token_is_a_refusal(slack: StrictSlack) -> None:
    calls: list[Callable[[SlackSender], Awaitable[object]]] = [
        post,
        lambda sender: sender.upload(b"x", name="x.log"),
    ]
    async with open_sender("xoxb-wrong", api_url=slack.proxy.api_url) as sender:
        for call in calls:
            answer = await call(sender)
            assert isinstance(answer, Rejected)
            assert answer.error == "invalid_auth"
