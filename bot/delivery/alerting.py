"""Carry out what is said of alerts: on a card in Slack, directly, by e-mail, by webhook.

What a group says is read when it is sent. Who says the same again after a lost answer can be told apart:
by the message's key in Slack, the Message-ID of a mail, the Idempotency-Key of a webhook.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, assert_never

from bot.delivery.alert_questions import Naming, by_id
from bot.delivery.links import permalink
from bot.delivery.mail import Mailer, written
from bot.delivery.posting import Letter, Tried, checked, post_once
from bot.delivery.render import alerts as render
from bot.delivery.render.blocks import Message
from bot.delivery.slack import Conversation, SlackSender
from bot.delivery.slack_answers import Answer, Delivered, Refusal, Rejected
from bot.delivery.webhooks import Webhooks
from bot.delivery.wording import explain
from bot.delivery.wording.ink import PLAIN
from contracts.alerts.escalation import next_rung
from contracts.alerts.model import Alert, Entry, Group, GroupState
from contracts.alerts.settings import AlertSettings
from contracts.alerts.store import Alerts
from contracts.faults import Reason, fault
from contracts.notices import CallWebhook, EditAlert, MailAlert, PageSomebody, PostAlert, TellAlert
from contracts.records import Delivery
from contracts.secrets import redact

AlertNotice = PostAlert | EditAlert | TellAlert | PageSomebody | MailAlert | CallWebhook
#: The version of the document that webhooks get.
_DOCUMENT: Final = 1
#: What the ids of channels begin with; those of people do not.
_CHANNELS: Final = ("C", "G", "D")


@dataclass(frozen=True, slots=True)
class Ways:
    """What alerts need besides Slack. What is None is said to be missing whenever it would be needed.

    *addresses* are those of the webhooks, by name.
    """

    settings: AlertSettings = field(default_factory=AlertSettings)
    mailer: Mailer | None = None
    webhooks: Webhooks | None = None
    addresses: Mapping[str, str] = field(default_factory=dict)
    naming: Naming = by_id


class Alerting:
    def __init__(
        self,
        alerts: Alerts,
        sender: SlackSender,
        ways: Ways,
        *,
        clock: Callable[[], datetime],
        workspace: str | None,
    ) -> None:
        self._alerts = alerts
        self._sender = sender
        self._ways = ways
        self._clock = clock
        self._workspace = workspace
        #: Conversations that were opened; they stay what they are.
        self._direct: dict[str, str] = {}

    async def carry(self, delivery: Delivery, notice: AlertNotice) -> Tried:
        match notice:
            case PostAlert(group):
                message = render.card(await self._shown(group))
                return Tried(await self._post(delivery, message, _channel_of(delivery), delivery.thread))
            case EditAlert(group):
                return await self._edit(group)
            case TellAlert(group, entry):
                return Tried(await self._tell(delivery, group, entry))
            case PageSomebody():
                return Tried(await self._page(delivery, notice))
            case MailAlert():
                return Tried(await self._mail(delivery, notice))
            case CallWebhook():
                return Tried(await self._call(delivery, notice))
            case _:
                assert_never(notice)

    # Slack -------------------------------------------------------------------------------------
    async def _post(self, delivery: Delivery, message: Message, channel: str, thread: str | None) -> Answer:
        return await post_once(
            self._sender,
            Letter(message, channel, thread),
            key=delivery.key,
            unsure=delivery.unsure,
            since=delivery.first_tried_at,
        )

    async def _edit(self, group: str) -> Tried:
        """Nothing to edit if the card never got posted. Only the last edit must get through."""
        shown = await self._shown(group)
        card, over = shown.group.card, shown.group.state is GroupState.RESOLVED
        if card is None or card.channel is None:
            return Tried(Delivered())
        return Tried(await self._sender.update(checked(render.card(shown)), at=card), lasting=over)

    async def _tell(self, delivery: Delivery, group: str, number: int) -> Answer:
        """Under the card; in another channel than the card's it is a post of its own."""
        entry, channel = await self._entry(group, number), _channel_of(delivery)
        shown = await self._shown(group, entry)
        card = shown.group.card
        thread = (card.thread or card.ts) if card is not None and card.channel == channel else None
        message = render.entry(entry, shown, apart=thread is None)
        return await self._post(delivery, message, channel, delivery.thread or thread)

    async def _page(self, delivery: Delivery, notice: PageSomebody) -> Answer:
        """To a person's own conversation, or to a channel that the chain tells."""
        entry = await self._entry(notice.group, notice.entry)
        shown = await self._shown(notice.group, entry)
        if notice.user.startswith(_CHANNELS):
            return await self._post(delivery, render.call(entry, shown), notice.user, None)
        channel = await self._conversation(notice.user)
        if not isinstance(channel, str):
            return channel
        return await self._post(delivery, render.page(entry, shown), channel, None)

    async def _conversation(self, user: str) -> str | Answer:
        if user not in self._direct:
            opened = await self._sender.open_direct(user)
            if isinstance(opened, Rejected) and opened.refusal is not Refusal.ACCESS:
                why = fault(Reason.PERSON_UNREACHED, user=user, error=opened.error)
                return Rejected(opened.method, opened.error, why)
            if not isinstance(opened, Conversation):
                return opened
            self._direct[user] = opened.channel
        return self._direct[user]

    # E-mail and webhooks -----------------------------------------------------------------------
    async def _mail(self, delivery: Delivery, notice: MailAlert) -> Answer:
        mailer = self._ways.mailer
        if mailer is None:
            missing = fault(Reason.MAIL_NOT_SET_UP, address=notice.address)
            return Rejected("mail", "there is no mail server", missing)
        entry = await self._entry(notice.group, notice.entry)
        shown = await self._shown(notice.group, entry)
        subject, text = render.mail(shown, entry)
        mail = written(
            subject,
            text,
            sender=mailer.sender,
            to=notice.address,
            key=delivery.key,
            thread=notice.group,
            now=self._clock(),
        )
        return await mailer.send(mail, to=notice.address)

    async def _call(self, delivery: Delivery, notice: CallWebhook) -> Answer:
        ways, name = self._ways, notice.name
        webhook, url = ways.settings.webhooks.get(name), ways.addresses.get(name)
        if webhook is None or url is None or ways.webhooks is None:
            missing = fault(Reason.WEBHOOK_NOT_SET_UP, name=name)
            return Rejected("webhook", "there is no such webhook", missing)
        entry = await self._entry(notice.group, notice.entry)
        shown = await self._shown(notice.group, entry)
        return await ways.webhooks.call(
            name,
            url,
            document(shown, entry),
            key=delivery.key,
            headers=webhook.headers,
            within=webhook.timeout,
        )

    # Reading -----------------------------------------------------------------------------------
    async def _shown(self, group: str, entry: Entry | None = None) -> render.Shown:
        """As it is now, with the names of all who are in it and in *entry*.

        Raises LookupError: a notice is written together with its group, so that store would be broken.
        """
        row = await self._alerts.group(group)
        if row is None:
            raise LookupError(f"there is no group of alerts {group}")
        people = [row.taken.by if row.taken else None, row.resolved_by]
        people += [entry.actor, entry.facts.get("from"), entry.facts.get("by")] if entry else []
        return render.Shown(
            row,
            await self._alerts.members(group, limit=render.MOST_MEMBERS),
            self._ways.settings.snooze_choices,
            next=next_step(row, self._ways.settings),
            names=await self._ways.naming({who for who in people if who}),
            link=permalink(self._workspace, row.card),
        )

    async def _entry(self, group: str, number: int) -> Entry:
        """Raises LookupError, for the same reason."""
        log = await self._alerts.log(group)
        for entry in log:
            if entry.number == number:
                return entry
        raise LookupError(f"the log of {group} has no entry {number}")


def next_step(group: Group, settings: AlertSettings) -> render.NextStep | None:
    """What the group's chain does next, and when; None: nobody else will be told."""
    climb = group.climb
    climbs = group.state is GroupState.FIRING and group.hidden is None
    if climb is None or climb.next_at is None or not climbs:
        return None
    rung = next_rung(climb, settings.ladders.get(climb.chain, ()))
    if rung is None or rung.step.way is None:
        return None
    return render.NextStep(rung.step.way, rung.step.to, climb.next_at)


def document(shown: render.Shown, entry: Entry) -> Mapping[str, Any]:
    """What a webhook is told. Times are ISO 8601 in UTC; `summary` is the same in words."""
    group = shown.group
    subject, text = render.mail(shown, entry)
    return {
        "version": _DOCUMENT,
        "title": subject,
        "summary": text,
        "group": {
            "id": group.id,
            "route": group.route,
            "labels": _without_secrets(group.labels),
            "severity": group.severity.value,
            "state": group.state.value,
            "firing": group.firing,
            "alerts": group.alerts,
            "times": group.times,
            "openedAt": group.opened_at.isoformat(),
            "card": shown.link,
        },
        "entry": {
            "number": entry.number,
            "at": entry.at.isoformat(),
            "kind": entry.kind.value,
            "actor": entry.actor,
            "facts": _without_secrets(entry.facts),
        },
        "alerts": [_alert(alert) for alert in shown.members],
    }


def _alert(alert: Alert) -> Mapping[str, Any]:
    return {
        "fingerprint": alert.fingerprint,
        "source": alert.source,
        "labels": _without_secrets(alert.labels),
        "what": explain(alert.what, PLAIN).what,
        "since": alert.since.isoformat(),
        "endedAt": alert.ended.isoformat() if alert.ended else None,
        "times": alert.times,
        "link": redact(alert.link) if alert.link else None,
    }


def _without_secrets(texts: Mapping[str, str]) -> Mapping[str, str]:
    """Labels come from anybody; what is rendered has been looked at, this is not."""
    return {redact(name): redact(value) for name, value in texts.items()}


def _channel_of(delivery: Delivery) -> str:
    if delivery.channel is None:
        raise LookupError(f"delivery {delivery.key} has no channel")
    return delivery.channel
