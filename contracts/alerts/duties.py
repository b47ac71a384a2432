"""Duties on call that people took for a while: whether they may, and what they make of the shifts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo

from contracts.alerts.oncall import OverrideSettings, ScheduleSettings, on_call, upcoming
from contracts.alerts.rules import Rules
from contracts.alerts.settings import AlertSettings
from contracts.faults import Fault, Reason, fault, nearest
from contracts.spans import until


@dataclass(frozen=True, slots=True)
class Duty:
    """*person* (a name of `people`) has the *schedule* from *starts* up to *ends*; the later taken counts."""

    id: str
    schedule: str
    person: str
    starts: datetime
    ends: datetime


@dataclass(frozen=True, slots=True)
class DutyChange:
    """A duty that is new, or ends earlier than it was to."""

    duty: Duty


def with_duties(rules: Rules, duties: Sequence[Duty]) -> Rules:
    """*rules* with *duties* (in the order in which they were taken) before all overrides of the settings.

    What names nobody and nothing any more is passed over.
    """
    alerts = rules.alerts
    schedules = {
        name: _with(
            schedule, [each for each in duties if each.schedule == name and each.person in alerts.people]
        )
        for name, schedule in alerts.schedules.items()
    }
    return replace(rules, alerts=alerts.model_copy(update={"schedules": schedules})) if duties else rules


def _with(schedule: ScheduleSettings, duties: Sequence[Duty]) -> ScheduleSettings:
    taken = tuple(OverrideSettings(person=each.person, from_=each.starts, to=each.ends) for each in duties)
    return schedule.model_copy(update={"overrides": (*schedule.overrides, *taken)})


def taken(
    id_: str,
    wanted: str | None,
    text: str,
    *,
    person: str | None,
    alerts: AlertSettings,
    now: datetime,
    zone: tzinfo,
) -> Duty | Fault:
    """The duty that *person* takes of the schedule *wanted* until *text*; or why they do not.

    *person* None: somebody whom `people` does not name. *alerts* are with the duties that are taken already.
    *wanted* None: the only schedule there is. *text* empty: for the rest of the shift; else a length, or a
    time of day in *zone*.
    """
    name = schedule_meant(wanted, alerts)
    if isinstance(name, Fault):
        return name
    if person is None or person not in alerts.people:
        return fault(Reason.NOT_IN_PEOPLE)
    schedule = alerts.schedules[name]
    if on_call(schedule, now) == person:
        return fault(Reason.DUTY_HELD, schedule=name, person=person)
    ends = until(text, now=now, zone=zone) if text else upcoming(schedule, now, 1)[0].ends
    if ends is None:
        return fault(Reason.BAD_SPAN, text=text[:80]) if text else fault(Reason.DUTY_ENDLESS, schedule=name)
    return Duty(id_, name, person, now, ends)


def given_back(
    wanted: str | None, duties: Sequence[Duty], *, person: str | None, alerts: AlertSettings, now: datetime
) -> tuple[Duty, ...] | Fault:
    """What *person* took of the schedule *wanted* (None: of the only one) and has still, ended *now*."""
    name = schedule_meant(wanted, alerts)
    if isinstance(name, Fault):
        return name
    if person is None:
        return fault(Reason.NOT_IN_PEOPLE)
    held = tuple(
        replace(each, ends=now)
        for each in duties
        if (each.schedule, each.person) == (name, person) and each.ends > now
    )
    return held or fault(Reason.DUTY_NOT_TAKEN, schedule=name, person=person)


def schedule_meant(wanted: str | None, alerts: AlertSettings) -> str | Fault:
    """The name of the schedule that is meant; without one, the only one there is."""
    if wanted is None and len(alerts.schedules) == 1:
        (only,) = alerts.schedules
        return only
    if wanted is None:
        return fault(Reason.MISSING_FIELD, field="schedule", where="oncall")
    if wanted not in alerts.schedules:
        return fault(Reason.UNKNOWN_SCHEDULE, name=wanted[:80], suggestion=nearest(wanted, alerts.schedules))
    return wanted


def named(user: str, alerts: AlertSettings) -> str | None:
    """What `people` calls *user* of Slack."""
    return next((name for name, person in alerts.people.items() if person.slack == user), None)
