"""What people do about alerts: the rows as they are, what may be done, one settlement.

The decision is about rows that others change, too. Whoever writes it hears if one has (`MovedOnError`) and
has it decided again.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from typing import assert_never

from bot.delivery.alert_questions import domain_of, meant_by
from bot.duties import Roster
from contracts import policy
from contracts.alerts import lifecycle
from contracts.alerts.model import GroupChange, GroupState, SilenceChange
from contracts.alerts.rules import Rules
from contracts.alerts.silences import silence
from contracts.alerts.store import Alerts
from contracts.commands import (
    Acknowledge,
    AcknowledgeAll,
    Act,
    Actor,
    ActorKind,
    EndDuty,
    EndSilence,
    LetGo,
    MakeSilence,
    Place,
    Resolve,
    Snooze,
    TakeDuty,
    TakeOver,
    Tending,
)
from contracts.faults import Fault, Reason, fault
from contracts.notices import Confirm, Deny, Done, NewDelivery
from contracts.ports import AuditEntry, Change, Settlement
from contracts.records import InboxRow


class Tender:
    """*new_id* makes an id for a silence."""

    def __init__(
        self, alerts: Alerts, rules: Rules, *, clock: Callable[[], datetime], new_id: Callable[[], str]
    ) -> None:
        self._alerts = alerts
        self._rules = rules
        self._clock = clock
        self._new_id = new_id
        self._roster = Roster(alerts, rules, new_id=new_id)

    async def decide(
        self, row: InboxRow, actor: Actor, place: Place, command: Act | Tending, zone: tzinfo = UTC
    ) -> Settlement:
        """All that follows from *command*; a refusal is told to the person alone. *zone*: of times of day."""
        nothing = Settlement(row.id, row.attempt, place)
        match command:
            case Acknowledge() | TakeOver() | LetGo() | Snooze() | Resolve():
                return await self._press(nothing, actor, command)
            case AcknowledgeAll():
                return await self._acknowledge(nothing, actor, command)
            case MakeSilence():
                return self._silence(nothing, actor, command)
            case EndSilence():
                return await self._end_silence(nothing, actor, command)
            case TakeDuty() | EndDuty():
                decided = await self._roster.decide(nothing, actor, command, now=self._clock(), zone=zone)
                return refusal(nothing, actor, decided) if isinstance(decided, Fault) else decided
            case _:
                assert_never(command)

    async def _press(self, nothing: Settlement, actor: Actor, act: Act) -> Settlement:
        """Acts come from buttons: whoever was shown one may press it."""
        group = await self._alerts.group(act.group)
        if group is None:
            return refusal(nothing, actor, fault(Reason.UNKNOWN_ALERT, id=act.group[:80]))
        change = lifecycle.press(group, act, actor.id, self._rules, self._clock())
        if isinstance(change, Fault):
            return refusal(nothing, actor, change)
        return _done(nothing, actor, act.kind, on=f"alert {group.id}", changes=(change,))

    async def _acknowledge(self, nothing: Settlement, actor: Actor, command: AcknowledgeAll) -> Settlement:
        """What is meant and is nobody's yet; each change tells its own thread."""
        channel = None if actor.kind is ActorKind.OPERATOR else nothing.place.channel
        meant = await meant_by(command.matchers, channel, self._alerts, self._rules)
        if isinstance(meant, Fault):
            return refusal(nothing, actor, meant)
        now = self._clock()
        pressed = [
            lifecycle.press(group, Acknowledge(group.id), actor.id, self._rules, now)
            for group in meant
            if group.state is GroupState.FIRING
        ]
        changes = tuple(each for each in pressed if isinstance(each, GroupChange))
        told = Confirm(actor.id, Done.ACKNOWLEDGED, {"count": str(len(changes))})
        return _done(nothing, actor, command.kind, on=command.matchers or "all", changes=changes, told=told)

    def _silence(self, nothing: Settlement, actor: Actor, command: MakeSilence) -> Settlement:
        now = self._clock()
        made = silence(
            self._new_id(),
            command.matchers,
            creator=actor.id,
            comment=command.comment,
            starts=now,
            ends=now + command.lasting,
            now=now,
        )
        if isinstance(made, Fault):
            return refusal(nothing, actor, made)
        may = policy.may_silence(self._rules.desk, actor, domain_of(made.matchers), nothing.place)
        if isinstance(may, policy.Denied) and command.group is None:
            return refusal(nothing, actor, may.fault)
        told = Confirm(actor.id, Done.SILENCED, {"silence": made.id, "until": made.ends.isoformat()})
        return _done(
            nothing, actor, command.kind, on=f"silence {made.id}", changes=(SilenceChange(made),), told=told
        )

    async def _end_silence(self, nothing: Settlement, actor: Actor, command: EndSilence) -> Settlement:
        found, now = await self._alerts.silence(command.silence), self._clock()
        if found is None or found.ends <= now:
            return refusal(nothing, actor, fault(Reason.UNKNOWN_SILENCE, id=command.silence[:80]))
        may = policy.may_silence(self._rules.desk, actor, domain_of(found.matchers), nothing.place)
        if isinstance(may, policy.Denied) and found.creator != actor.id:
            return refusal(nothing, actor, may.fault)
        told = Confirm(actor.id, Done.UNSILENCED, {"silence": found.id})
        ended = SilenceChange(replace(found, ends=now))
        return _done(nothing, actor, command.kind, on=f"silence {found.id}", changes=(ended,), told=told)


def _done(
    nothing: Settlement,
    actor: Actor,
    action: str,
    *,
    on: str,
    changes: tuple[Change, ...],
    told: Confirm | None = None,
) -> Settlement:
    return replace(
        nothing,
        changes=changes,
        told=privately(nothing.place, actor, told) if told else (),
        audit=(AuditEntry(actor.id, action, on),),
    )


def refusal(nothing: Settlement, actor: Actor, why: Fault) -> Settlement:
    """Nothing happens, and the person hears why."""
    entry = AuditEntry(actor.id, "refused", why.reason.value)
    told = privately(nothing.place, actor, Deny(actor.id, why))
    return replace(nothing, told=told, audit=(entry,), refused=why)


def privately(place: Place, actor: Actor, notice: Confirm | Deny) -> tuple[NewDelivery, ...]:
    """Only people can be told something that nobody else sees."""
    if actor.kind is not ActorKind.PERSON or place.channel is None:
        return ()
    return (NewDelivery(notice, place.channel, place.thread),)
