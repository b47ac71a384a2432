"""The life of a group of alerts as time goes by: what a tick does to it. `pressing` has what people do."""

from dataclasses import replace
from datetime import datetime

from contracts.alerts import moments
from contracts.alerts.announcing import mentioned
from contracts.alerts.climbing import climb, fall_back
from contracts.alerts.drafting import Draft
from contracts.alerts.escalation import at_foot
from contracts.alerts.hiding import View, hidden, needs_members
from contracts.alerts.model import (
    EntryKind,
    Group,
    GroupChange,
    GroupEvent,
    GroupState,
    Hidden,
    Hiding,
    Placement,
    Severity,
)
from contracts.alerts.pressing import press
from contracts.alerts.rules import Rules

__all__ = ["View", "advance", "needs_members", "opened", "press"]


def opened(placement: Placement, id_: str, severity: Severity, now: datetime) -> Group:
    """A new group, WAITING and due at once, at version 1; its facts (nothing fires yet) are the store's."""
    return Group(
        id=id_,
        key=placement.key,
        route=placement.route,
        labels=placement.labels,
        severity=severity,
        state=GroupState.WAITING,
        version=1,
        opened_at=now,
        firing=0,
        alerts=0,
        times=0,
        grew_at=now,
        due_at=now,
    )


def advance(group: Group, view: View, rules: Rules, now: datetime) -> GroupChange | None:
    """What a tick at *now* changes; None: nothing, not even when it is due next.

    `due_at` of what comes out is the next moment at which this can change something by itself. What others
    change makes groups due at once: facts their group; a silence that is written, and an inhibiting alert
    that begins or ends, all open groups.
    """
    if group.state is GroupState.RESOLVED:
        return None
    draft = Draft(group, rules, now)
    if group.firing == 0:
        _grow_quiet(draft)
    else:
        draft.set(quiet_since=None)
        _hide(draft, view)
        if draft.group.hidden is None:
            _speak(draft)
            _wake(draft)
            _remind(draft)
            _tell_growth(draft)
            climb(draft)
            fall_back(draft, view.unheard_since)
    change = draft.finish(lambda after, told_at: moments.next_of(after, view, rules, now, told_at=told_at))
    return None if change.after is group else change


def _grow_quiet(draft: Draft) -> None:
    """A group is over when nothing fired for a while, so that what comes and goes stays one group."""
    since = draft.group.quiet_since
    if since is None or draft.group.grew_at > since:
        draft.set(quiet_since=draft.now)
    if draft.passed(moments.ends(draft.group, draft.rules.alerts)):
        draft.move(GroupEvent.END, resolved_at=draft.now, hidden=None, snoozed_until=None)
        draft.write(EntryKind.RESOLVED, firing=0)


def _hide(draft: Draft, view: View) -> None:
    before = draft.group.hidden
    found = hidden(draft.group, view, draft.rules.alerts, draft.now)
    draft.set(hidden=found)
    if found is None and before is not None:
        _show(draft, before)
    elif found is not None and before is None:
        # That people silenced it is said; what hides by itself may do so again and again.
        write = draft.write if found.why is Hiding.SILENCE else draft.note
        write(EntryKind.HIDDEN, why=found.why, by=found.by, until=found.until)
    if found is not None and draft.passed(moments.announces_end(draft.group, draft.rules.alerts)):
        creator = next((each.creator for each in view.silences if each.id == found.by), None)
        draft.set(hidden=replace(found, announced=True))
        draft.write(EntryKind.SILENCE_ENDS, silence=found.by, until=found.until, **mentioned(creator))


def _show(draft: Draft, hid: Hidden) -> None:
    """What still fires is spoken of at once; where a cause comes and goes, no more often than growth is."""
    spoken = draft.group.spoken
    if spoken is None or (
        hid.why is Hiding.INHIBITION and not draft.passed(spoken.at + draft.route.group_interval)
    ):
        draft.note(EntryKind.SHOWN, why=hid.why, by=hid.by)
        return
    draft.write(EntryKind.SHOWN, why=hid.why, by=hid.by)
    draft.set(spoken=draft.said())


def _speak(draft: Draft) -> None:
    """For the first time. What hid it may have ended just now: then the wait is over, too."""
    if not draft.passed(moments.speaks(draft.group, draft.route)):
        return
    name = draft.route.chain
    foot = at_foot(name, draft.rules.alerts.ladders[name], draft.now) if name else None
    draft.move(GroupEvent.SPEAK, spoken=draft.said(), climb=foot)
    draft.note(EntryKind.OPENED, **draft.counts())


def _wake(draft: Draft) -> None:
    if not draft.passed(moments.wakes(draft.group)):
        return
    by = draft.group.taken.by if draft.group.taken else None
    draft.move(GroupEvent.WAKE, taken=None, snoozed_until=None, spoken=draft.said())
    draft.write(EntryKind.WOKE, by=by, **mentioned(by))


def _remind(draft: Draft) -> None:
    taken = draft.group.taken
    if taken is None:
        return
    if draft.passed(moments.lets_go(draft.group, draft.rules.alerts)):
        draft.move(GroupEvent.LET_GO, taken=None, reminded_at=None, spoken=draft.said())
        draft.write(EntryKind.LET_GO, **{"from": taken.by}, **mentioned(taken.by))
    elif draft.passed(moments.reminds(draft.group, draft.rules.alerts)):
        draft.set(reminded_at=draft.now)
        draft.write(EntryKind.REMINDED, since=taken.at, by=taken.by, **mentioned(taken.by))


def _tell_growth(draft: Draft) -> None:
    """Its card shows every change at once; words about it come more slowly."""
    if draft.passed(moments.grows(draft.group, draft.route)):
        draft.write(EntryKind.GREW, **draft.counts())
    elif draft.passed(moments.repeats(draft.group, draft.route)):
        draft.write(EntryKind.REPEATED, **draft.counts())
    else:
        return
    draft.set(spoken=draft.said())
