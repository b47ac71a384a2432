"""Duties on call that people take and give back: the shifts as they are, one settlement."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import assert_never

from contracts.alerts.duties import Duty, DutyChange, given_back, named, taken, with_duties
from contracts.alerts.oncall import on_call
from contracts.alerts.rules import Rules
from contracts.alerts.store import Alerts
from contracts.commands import Actor, ActorKind, EndDuty, TakeDuty
from contracts.faults import Fault
from contracts.notices import Deed, NewDelivery, TellDeed
from contracts.ports import AuditEntry, Settlement

Duties = TakeDuty | EndDuty


class Roster:
    """*new_id* makes an id for a duty."""

    def __init__(self, alerts: Alerts, rules: Rules, *, new_id: Callable[[], str]) -> None:
        self._alerts = alerts
        self._rules = rules
        self._new_id = new_id

    async def decide(
        self, nothing: Settlement, actor: Actor, command: Duties, *, now: datetime, zone: tzinfo
    ) -> Settlement | Fault:
        """All that follows from *command*. *zone*: of times of day."""
        duties = await self._alerts.duties(now=now)
        present = with_duties(self._rules, duties).alerts
        # Only who sits at the desk's machine speaks for others.
        person = command.person if actor.kind is ActorKind.OPERATOR else named(actor.id, present)
        match command:
            case TakeDuty(schedule=wanted, until=text):
                taking = taken(
                    self._new_id(), wanted, text, person=person, alerts=present, now=now, zone=zone
                )
                if isinstance(taking, Fault):
                    return taking
                before = on_call(present.schedules[taking.schedule], now)
                return self._told(nothing, actor, command, [taking], {"before": before or ""})
            case EndDuty(schedule=wanted):
                ending = given_back(wanted, duties, person=person, alerts=present, now=now)
                if isinstance(ending, Fault):
                    return ending
                left = [each for each in duties if each.id not in {gone.id for gone in ending}]
                after = on_call(with_duties(self._rules, left).alerts.schedules[ending[0].schedule], now)
                return self._told(nothing, actor, command, ending, {"after": after or ""})
            case _:
                assert_never(command)

    def _told(
        self,
        nothing: Settlement,
        actor: Actor,
        command: Duties,
        duties: Sequence[Duty],
        facts: dict[str, str],
    ) -> Settlement:
        """Where it was said, and to the operators: everybody there has to know whom to turn to."""
        first = duties[0]
        facts |= {"schedule": first.schedule}
        facts |= {"until": first.ends.isoformat()} if isinstance(command, TakeDuty) else {}
        deed = Deed.ON_DUTY if isinstance(command, TakeDuty) else Deed.OFF_DUTY
        by = first.person if actor.kind is ActorKind.OPERATOR else actor.name or actor.id
        told = TellDeed(deed, by, facts)
        place, operators = nothing.place, self._rules.desk.slack.operators
        heard = [NewDelivery(told, place.channel, place.thread)] if place.channel else []
        if operators is not None and operators != place.channel:
            heard.append(NewDelivery(told, operators))
        return replace(
            nothing,
            changes=tuple(DutyChange(each) for each in duties),
            told=tuple(heard),
            audit=(AuditEntry(actor.id, command.kind, f"schedule {first.schedule}"),),
        )
