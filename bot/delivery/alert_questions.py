"""What fires, what is silenced, who is on call: answers out of rows, for the channel that asks."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final, assert_never

from bot.delivery.links import permalink
from bot.delivery.render import alerts as render
from bot.delivery.render import answers
from bot.delivery.render.blocks import Message
from bot.delivery.wording import alerts as wording
from bot.delivery.wording.ink import MRKDWN
from contracts import policy
from contracts.alerts.duties import with_duties
from contracts.alerts.matching import matches, parse_matchers
from contracts.alerts.model import DOMAIN, SEVERITY, Group, Labels, Matcher, Operator
from contracts.alerts.oncall import upcoming
from contracts.alerts.rules import Rules
from contracts.alerts.store import Alerts
from contracts.commands import ListAlerts, ListSilences, WhoIsOnCall
from contracts.faults import Fault, Reason, fault, nearest

AlertQuestion = ListAlerts | ListSilences | WhoIsOnCall
#: What people are called, by their ids; an id that nobody knows stays one.
Naming = Callable[[Iterable[str]], Awaitable[Mapping[str, str]]]

#: Open groups that are looked through for those that are asked for.
MOST_READ: Final = 1000
_MOST_LISTED: Final = 25


async def by_id(_ids: Iterable[str]) -> Mapping[str, str]:
    """Nobody is known by name."""
    return {}


class AlertBoard:
    """*workspace* is Slack's own address, for links."""

    def __init__(self, alerts: Alerts, rules: Rules, *, naming: Naming, workspace: str | None) -> None:
        self._alerts = alerts
        self._rules = rules
        self._naming = naming
        self._workspace = workspace

    async def answer(self, question: AlertQuestion, *, channel: str | None, now: datetime) -> Message:
        match question:
            case ListAlerts(matchers):
                return await self._list(matchers, channel)
            case ListSilences():
                listed = [
                    silence
                    for silence in await self._alerts.silences(now=now)
                    if policy.sees_silence(self._rules.desk, domain_of(silence.matchers), channel)
                ]
                names = await self._naming({silence.creator for silence in listed})
                return render.silences(listed, names=names)
            case WhoIsOnCall(schedule):
                return await self._on_call(schedule, now)
            case _:
                assert_never(question)

    async def _list(self, matchers: str, channel: str | None) -> Message:
        meant = await meant_by(matchers, channel, self._alerts, self._rules)
        if isinstance(meant, Fault):
            return answers.fault(meant)
        shown = meant[:_MOST_LISTED]
        people = {who for group in shown if group.taken and (who := group.taken.by)}
        listed = [(group, permalink(self._workspace, group.card)) for group in shown]
        return render.open_groups(listed, names=await self._naming(people), left=len(meant) - len(shown))

    async def _on_call(self, wanted: str | None, now: datetime) -> Message:
        schedules = with_duties(self._rules, await self._alerts.duties(now=now)).alerts.schedules
        if wanted is not None and wanted not in schedules:
            suggestion = nearest(wanted, schedules)
            return answers.fault(fault(Reason.UNKNOWN_SCHEDULE, name=wanted[:80], suggestion=suggestion))
        lines = [
            wording.duty_line(name, upcoming(schedules[name], now, 2), MRKDWN)
            for name in ([wanted] if wanted else sorted(schedules))
        ]
        return render.on_call(lines)


async def meant_by(
    matchers: str, channel: str | None, alerts: Alerts, rules: Rules
) -> tuple[Group, ...] | Fault:
    """The open groups that match and are spoken of in *channel*, the worst first.

    Without a channel (the desk's own machine) all are. A group matches if it does itself, or one of its
    firing alerts; no matchers match all.
    """
    parsed: tuple[Matcher, ...] | Fault = parse_matchers(matchers) if matchers else ()
    if isinstance(parsed, Fault):
        return parsed
    groups = [group for group in await alerts.open_groups(limit=MOST_READ) if is_shown(group, channel, rules)]
    firing = await alerts.firing([group.id for group in groups]) if parsed else {}
    return tuple(group for group in groups if _matches(parsed, group, firing.get(group.id, ())))


def domain_of(matchers: Sequence[Matcher]) -> str | None:
    """The one domain that *matchers* keep to; None: they may go beyond."""
    kept = [each.value for each in matchers if each.label == DOMAIN and each.operator is Operator.EQUAL]
    return kept[0] if kept else None


def is_shown(group: Group, channel: str | None, rules: Rules) -> bool:
    home = group.card.channel if group.card else None
    return policy.sees_alert(rules.desk, group.labels.get(DOMAIN), channel, home)


def _matches(matchers: tuple[Matcher, ...], group: Group, firing: Sequence[Labels]) -> bool:
    known = [{**group.labels, SEVERITY: group.severity.value}, *firing]
    return any(matches(matchers, labels) for labels in known)
