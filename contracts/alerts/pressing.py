"""What people do about a group of alerts. One that is over stays so, whoever was faster."""

from datetime import datetime, timedelta
from typing import Final, assert_never

from contracts.alerts.announcing import mentioned
from contracts.alerts.drafting import Draft
from contracts.alerts.model import EntryKind, Group, GroupChange, GroupEvent, GroupState, Taken
from contracts.alerts.rules import Rules
from contracts.commands import Acknowledge, Act, LetGo, Resolve, Snooze, TakeOver
from contracts.faults import Fault, Reason, fault

LONGEST_SNOOZE: Final = timedelta(days=30)


def press(group: Group, act: Act, actor: str, rules: Rules, now: datetime) -> GroupChange | Fault:
    """What *act* of *actor* (`Actor.id`) changes, or why it cannot be done. The group is due at once then."""
    if group.state is GroupState.RESOLVED:
        return fault(Reason.ALERT_OVER, group=group.id)
    if group.state is GroupState.WAITING:
        return fault(Reason.ALERT_UNTOLD, group=group.id)
    draft = Draft(group, rules, now)
    refused = _decide(draft, act, actor)
    return refused or draft.finish(lambda after, _: None if after.state is GroupState.RESOLVED else now)


def _decide(draft: Draft, act: Act, actor: str) -> Fault | None:
    match act:
        case Acknowledge():
            return _acknowledge(draft, actor)
        case TakeOver():
            return _take_over(draft, actor)
        case LetGo():
            return _let_go(draft, actor)
        case Snooze(lasting=lasting):
            return _snooze(draft, actor, lasting)
        case Resolve():
            return _resolve(draft, actor)
        case _:
            assert_never(act)


def _acknowledge(draft: Draft, actor: str) -> Fault | None:
    """Who has it already says so again, and has it for as long as if it was new."""
    group = draft.group
    if group.state is GroupState.ACKNOWLEDGED and group.taken and group.taken.by != actor:
        return fault(Reason.ALERT_TAKEN, group=group.id, by=group.taken.by)
    _take(draft, actor)
    draft.write(EntryKind.ACKNOWLEDGED, actor)
    return None


def _take_over(draft: Draft, actor: str) -> Fault | None:
    before = draft.group.taken
    if before is None or before.by == actor:
        return _acknowledge(draft, actor)
    _take(draft, actor)
    draft.write(EntryKind.TAKEN_OVER, actor, **{"from": before.by}, **mentioned(before.by, actor=actor))
    return None


def _take(draft: Draft, actor: str) -> None:
    taken = Taken(actor, draft.now)
    draft.move(GroupEvent.ACKNOWLEDGE, taken=taken, reminded_at=None, snoozed_until=None)


def _let_go(draft: Draft, actor: str) -> Fault | None:
    group = draft.group
    if group.state is GroupState.FIRING or group.taken is None:
        return fault(Reason.ALERT_NOT_TAKEN, group=group.id)
    before = group.taken.by
    draft.move(GroupEvent.LET_GO, taken=None, reminded_at=None, snoozed_until=None, spoken=draft.said())
    draft.write(EntryKind.LET_GO, actor, **{"from": before}, **mentioned(before, actor=actor))
    return None


def _snooze(draft: Draft, actor: str, lasting: timedelta) -> Fault | None:
    if not timedelta(0) < lasting <= LONGEST_SNOOZE:
        return fault(Reason.SNOOZE_LENGTH, most=LONGEST_SNOOZE.days)
    until = draft.now + lasting
    taken = Taken(actor, draft.now)
    draft.move(GroupEvent.SNOOZE, taken=taken, reminded_at=None, snoozed_until=until)
    draft.write(EntryKind.SNOOZED, actor, until=until)
    return None


def _resolve(draft: Draft, actor: str) -> Fault | None:
    """Whatever still fires: it is spoken of again when it happens again."""
    draft.move(GroupEvent.RESOLVE, resolved_at=draft.now, resolved_by=actor, hidden=None, snoozed_until=None)
    draft.write(EntryKind.RESOLVED, actor, firing=draft.group.firing)
    return None
