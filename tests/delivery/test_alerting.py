"""What is said of alerts arrives once, whatever Slack does, and what cannot arrive is told."""

from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from bot.delivery.alerting import Alerting, Ways, next_step
from bot.delivery.mail import Mailer
from bot.delivery.webhooks import open_webhooks
from bot.demo.peer import ADA, BEN
from bot.settings import MailAccess
from contracts.alerts.escalation import Way
from contracts.alerts.model import (
    Entry,
    EntryKind,
    Group,
    GroupChange,
    GroupState,
    Observation,
    Placement,
    Seen,
    Spoken,
    Taken,
)
from contracts.alerts.settings import AlertSettings
from contracts.faults import Reason, fault
from contracts.notices import (
    CallWebhook,
    Confirm,
    Done,
    EditAlert,
    MailAlert,
    NewDelivery,
    PageSomebody,
    PostAlert,
    TellAlert,
)
from contracts.records import Delivery
from tests.delivery.alert_rows import FACTS, FIRING, HIDDEN, LABELS
from tests.delivery.desk import Desk
from tests.delivery.mail_server import mail_server
from tests.delivery.rows import CHANNEL, OPERATORS
from tests.delivery.test_webhooks import receiver
from tests.peer.faults import Fault

MESSAGES = "chat.postMessage"
WHAT = fault(Reason.GATE_FAILED, gate="tests", code=1)


async def opened(desk: Desk, *told: NewDelivery, channel: str = CHANNEL) -> Group:
    """A group that is spoken of, with one entry of each kind in its log."""
    observed = Observation({**LABELS, "severity": "critical"}, WHAT, desk.now)
    placement = Placement("{}:web", "{}", LABELS)
    await desk.engine.alerts.observe(
        "patches", [Seen(observed, (placement,), ("a-k3v9x2ab",), inhibits=False)], now=desk.now
    )
    [group] = await desk.engine.alerts.open_groups(limit=9)
    entries = tuple(
        Entry(number, desk.now, kind, None, FACTS[kind]) for number, kind in enumerate(EntryKind, 1)
    )
    spoken = Spoken(desk.now, 1, 1)
    after = replace(group, state=GroupState.FIRING, spoken=spoken, entries=len(entries))
    said = (NewDelivery(PostAlert(group.id), channel), *told)
    return await changed(desk, group, after, *said, entries=entries)


async def changed(
    desk: Desk, before: Group, after: Group, *told: NewDelivery, entries: tuple[Entry, ...] = ()
) -> Group:
    change = GroupChange(before.version, after, entries, told)
    assert await desk.engine.alerts.write([change], now=desk.now) == (True,)
    group = await desk.engine.alerts.group(after.id)
    assert group is not None
    return group


async def group_of(desk: Desk) -> Group:
    [group] = await desk.engine.alerts.open_groups(limit=9)
    return group


def tell(kind: EntryKind, channel: str = CHANNEL) -> NewDelivery:
    return NewDelivery(TellAlert("a-k3v9x2ab", list(EntryKind).index(kind) + 1), channel)


def page(user: str) -> NewDelivery:
    number = list(EntryKind).index(EntryKind.ESCALATED) + 1
    return NewDelivery(PageSomebody("a-k3v9x2ab", number, user), user)


async def conversation(desk: Desk, user: str) -> list[dict[str, Any]]:
    state = await desk.slack.peer.state()
    [direct] = [
        each["id"] for each in state["channels"] if each["id"].startswith("D") and user in each["members"]
    ]
    return await desk.said(direct)


# The card and its thread -------------------------------------------------------------------------
@pytest.mark.parametrize(
    "unclear",
    [
        Fault.lost_reply(MESSAGES),
        Fault.lost_reply(MESSAGES, times=2),
        Fault.reset(MESSAGES),
        Fault.server_error(MESSAGES),
    ],
    ids=lambda each: f"{each.name} {each.times}",
)
async def test_a_card_and_its_replies_are_there_once(desk: Desk, unclear: Fault) -> None:
    desk.slack.proxy.faults.add(unclear)
    await opened(desk, tell(EntryKind.GREW), tell(EntryKind.ESCALATED))
    await desk.settle()
    card, grew, escalated = await desk.said()
    assert "Critical: PatchFailed" in card["text"]
    assert "There is more of it" in grew["text"]
    assert escalated["text"].startswith("<@U0BEN> Nobody has taken it.")
    assert {grew["thread_ts"], escalated["thread_ts"]} == {card["ts"]}
    group = await group_of(desk)
    assert group.card is not None
    assert (group.card.channel, group.card.ts) == (CHANNEL, card["ts"])


async def test_a_card_shows_the_present_state_however_many_edits_wait(desk: Desk) -> None:
    group = await opened(desk)
    await desk.settle()
    group = await group_of(desk)
    edit = NewDelivery(EditAlert(group.id), CHANNEL)
    for state in (GroupState.ACKNOWLEDGED, GroupState.RESOLVED):
        taken = Taken(ADA.id, desk.now)
        after = replace(group, state=state, taken=taken, resolved_at=desk.now)
        group = await changed(desk, group, after, edit)
    await desk.settle()
    [card] = await desk.said()
    assert "what caused it has ended" in card["text"]
    assert len(desk.slack.proxy.effects("chat.update")) == 1


async def test_an_entry_in_another_channel_than_the_cards_says_of_what(desk: Desk) -> None:
    await opened(desk, tell(EntryKind.REPEATED, OPERATORS))
    await desk.settle()
    [apart] = await desk.said(OPERATORS)
    assert "thread_ts" not in apart
    assert "Critical: PatchFailed" in apart["text"]
    assert "/archives/" in apart["text"]


async def test_a_card_whose_channel_is_dead_goes_to_the_operators_with_its_thread(desk: Desk) -> None:
    desk.slack.proxy.faults.add(
        Fault.error(MESSAGES, "is_archived", times=None, when=lambda args: args["channel"] == CHANNEL)
    )
    await opened(desk, tell(EntryKind.GREW))
    await desk.settle()
    said = await desk.said(OPERATORS)
    [card] = [each for each in said if "Critical: PatchFailed" in each["text"]]
    [reply] = [each for each in said if "There is more of it" in each["text"]]
    assert reply["thread_ts"] == card["ts"]


# Directly ----------------------------------------------------------------------------------------
async def test_somebody_is_paged_once_though_the_answer_was_lost(desk: Desk) -> None:
    desk.slack.proxy.faults.add(Fault.lost_reply(MESSAGES, when=lambda args: args["channel"][0] == "D"))
    await opened(desk, page(ADA.id))
    await desk.settle()
    [message] = await conversation(desk, ADA.id)
    assert "asked to see to this" in message["text"]
    await desk.engine.outbox.put([page(ADA.id)], now=desk.now)
    await desk.settle()
    assert len(await conversation(desk, ADA.id)) == 2
    assert len(desk.slack.proxy.effects("conversations.open")) == 1


async def test_a_channel_that_the_chain_tells_gets_a_message_of_its_own(desk: Desk) -> None:
    await opened(desk, page(OPERATORS))
    await desk.settle()
    [message] = await desk.said(OPERATORS)
    assert message["text"].startswith("<@U0BEN> Nobody has taken it.")
    assert "Critical: PatchFailed" in message["text"]


async def test_nobody_is_paged_in_silence(desk: Desk) -> None:
    desk.slack.proxy.faults.add(Fault.error("conversations.open", "user_disabled"))
    await opened(desk, page(BEN.id))
    await desk.settle()
    [note] = await desk.texts(OPERATORS)
    assert "Nobody was paged: Slack opens no conversation with `U0BEN` (`user_disabled`)" in note
    assert "delivery-lost" in await desk.audit()


async def test_a_page_waits_for_a_scope_that_an_operator_can_grant(desk: Desk) -> None:
    desk.slack.proxy.faults.add(Fault.error("conversations.open", "missing_scope"))
    await opened(desk, page(BEN.id))
    await desk.settle()
    assert len(await conversation(desk, BEN.id)) == 1


async def test_what_the_store_does_not_know_is_not_made_up(desk: Desk) -> None:
    await opened(desk)
    await desk.settle()
    alerting = Alerting(desk.engine.alerts, desk.sender, Ways(), clock=lambda: desk.now, workspace=None)
    for notice in (PostAlert("a-gone"), TellAlert("a-k3v9x2ab", 99), PostAlert("a-k3v9x2ab")):
        delivery = Delivery(1, "key", notice, None, None, 1, False, desk.now, desk.now)
        with pytest.raises(LookupError):
            await alerting.carry(delivery, notice)


async def test_a_card_that_was_never_posted_needs_no_edit(desk: Desk) -> None:
    desk.slack.proxy.faults.add(Fault.error(MESSAGES, "is_archived", times=None))
    group = await opened(desk)
    await desk.engine.outbox.put([NewDelivery(EditAlert(group.id), CHANNEL)], now=desk.now)
    await desk.settle()
    assert desk.slack.proxy.calls("chat.update") == []


# Without Slack -----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("notice", "told"),
    [
        (MailAlert("a-k3v9x2ab", 1, "ops@example.com"), "No e-mail was sent to `ops@example.com`"),
        (CallWebhook("a-k3v9x2ab", 1, "pager"), "The webhook `pager` was not called"),
    ],
)
async def test_what_is_not_set_up_is_told(desk: Desk, notice: MailAlert | CallWebhook, told: str) -> None:
    await opened(desk, NewDelivery(notice, None))
    await desk.settle()
    [note] = await desk.texts(OPERATORS)
    assert told in note
    assert "delivery-lost" in await desk.audit()


async def test_a_mail_that_may_have_been_sent_is_sent_again_under_the_same_id(desk: Desk) -> None:
    async with mail_server() as post:
        access = MailAccess("127.0.0.1", post.port, "none", "desk@example.com")
        desk.ways = Ways(mailer=Mailer(access))
        await opened(desk, NewDelivery(MailAlert("a-k3v9x2ab", 1, "ops@example.com"), None))
        await desk.crash("delivery-sent", when=lambda: bool(post.taken))
        await desk.settle()
        ids = [mail["Message-ID"] for mail in post.taken]
        assert len(ids) == 2
        assert ids[0] == ids[1]
        assert {mail["References"] for mail in post.taken} == {"<a-k3v9x2ab@example.com>"}


async def test_a_webhook_is_called_until_it_answers_with_the_same_key(desk: Desk) -> None:
    async with receiver(web.Response(status=503)) as it, open_webhooks() as webhooks:
        settings = AlertSettings.model_validate({"webhooks": {"pager": {"url": it.url}}})
        desk.ways = Ways(settings, webhooks=webhooks, addresses={"pager": it.url})
        await opened(desk, NewDelivery(CallWebhook("a-k3v9x2ab", 1, "pager"), None))
        await desk.settle()
        keys = [headers["Idempotency-Key"] for headers, _ in it.got]
        assert len(keys) == 2
        assert keys[0] == keys[1]


async def test_only_who_did_something_hears_that_it_was_done(desk: Desk) -> None:
    await desk.tell(Confirm(ADA.id, Done.ACKNOWLEDGED, {"count": "2"}))
    await desk.settle()
    [call] = desk.slack.proxy.effects("chat.postEphemeral")
    assert (call.args["user"], call.args["text"]) == (ADA.id, "You acknowledged 2 alerts.")


# What comes next ---------------------------------------------------------------------------------
CHAIN = AlertSettings.model_validate(
    {
        "people": {"ada": {"slack": "U0ADA"}},
        "chains": {"default": [{"wait": 5}, {"channel": "own"}, {"wait": 5}, {"person": "ada"}]},
    }
)


def test_the_next_step_is_the_one_that_was_not_climbed() -> None:
    assert FIRING.climb is not None
    first = next_step(FIRING, CHAIN)
    assert first is not None
    assert (first.way, first.to, first.at) == (Way.CHANNEL, "own", FIRING.climb.next_at)
    second = next_step(replace(FIRING, climb=replace(FIRING.climb, step=1)), CHAIN)
    assert second is not None
    assert (second.way, second.to) == (Way.PERSON, "ada")


@pytest.mark.parametrize(
    "group",
    [
        replace(FIRING, climb=None),
        replace(FIRING, climb=replace(FIRING.climb, next_at=None)) if FIRING.climb else FIRING,
        replace(FIRING, climb=replace(FIRING.climb, step=2)) if FIRING.climb else FIRING,
        replace(FIRING, climb=replace(FIRING.climb, chain="gone")) if FIRING.climb else FIRING,
        replace(FIRING, state=GroupState.ACKNOWLEDGED),
        HIDDEN,
    ],
)
def test_where_nothing_comes_next_nothing_is_promised(group: Group) -> None:
    assert next_step(group, CHAIN) is None
