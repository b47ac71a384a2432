"""Whom a step of a chain reaches, and by what."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import assert_never

from contracts.alerts.announcing import is_user
from contracts.alerts.escalation import Importance, StepSettings, Way
from contracts.alerts.model import Group
from contracts.alerts.oncall import on_call
from contracts.alerts.rules import Rules
from contracts.notices import CallWebhook, MailAlert, NewDelivery, PageSomebody

#: Whom an entry of the log mentions when everybody in the channel who is there is meant.
HERE = "here"


@dataclass(frozen=True, slots=True)
class Reached:
    """*mention* is called in the card's thread; *page* (a person or channel), *mail* and *webhook* directly.

    *person* is the name in `people` of who is meant; None: it is nobody's name, or nobody is on call.
    """

    person: str | None = None
    mention: str | None = None
    page: str | None = None
    mail: str | None = None
    webhook: str | None = None

    @property
    def people(self) -> tuple[str, ...]:
        """Each person with the way they are told by; channels and programs may be told again and again."""
        ways = (("mention", self.mention), ("page", self.page), ("mail", self.mail))
        return tuple(f"{way}:{to}" for way, to in ways if to is not None and (way == "mail" or is_user(to)))

    def without(self, told: frozenset[str]) -> "Reached":
        """The same but for those of *told*, which are `people` of earlier steps."""
        return replace(
            self,
            mention=None if f"mention:{self.mention}" in told else self.mention,
            page=None if f"page:{self.page}" in told else self.page,
            mail=None if f"mail:{self.mail}" in told else self.mail,
        )


def reach(step: StepSettings, group: Group, rules: Rules, now: datetime) -> Reached:
    """Whom *step* reaches at *now*. It is nobody where nobody is on call."""
    important = step.importance is Importance.IMPORTANT
    match step.way:
        case Way.CHANNEL:
            channel = rules.channel(step.to, group)
            return Reached(mention=HERE) if channel == rules.home(group) else Reached(page=channel)
        case Way.PERSON:
            return _person(step.to, rules, important=important)
        case Way.ON_CALL:
            name = on_call(rules.alerts.schedules[step.to], now)
            return _person(name, rules, important=important) if name else Reached()
        case Way.USER_GROUP:
            return Reached(mention=step.to)
        case Way.WEBHOOK:
            return Reached(webhook=step.to)
        case Way.EMAIL:
            person = rules.alerts.people.get(step.to)
            return Reached(person=step.to, mail=person.email) if person else Reached(mail=step.to)
        case None:
            return Reached()
        case _:
            assert_never(step.way)


def _person(name: str, rules: Rules, *, important: bool) -> Reached:
    """Directly and by e-mail if it is important, else in the thread; somebody without Slack by e-mail."""
    person = rules.alerts.people[name]
    if important or person.slack is None:
        return Reached(name, page=person.slack, mail=person.email)
    return Reached(name, mention=person.slack)


def deliveries(group: str, entry: int, reached: Reached) -> tuple[NewDelivery, ...]:
    """What is said to *reached* besides the reply in the thread, for *entry* of the group's log."""
    said: list[NewDelivery] = []
    if reached.page is not None:
        said.append(NewDelivery(PageSomebody(group, entry, reached.page), reached.page))
    if reached.mail is not None:
        said.append(NewDelivery(MailAlert(group, entry, reached.mail), None))
    if reached.webhook is not None:
        said.append(NewDelivery(CallWebhook(group, entry, reached.webhook), None))
    return tuple(said)
