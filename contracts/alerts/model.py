"""Alerts, the groups they are gathered in, silences, and what is remembered of each; as rows.

An alert is one condition, known by its labels. A group is one incident: all alerts of equal grouping labels
on one route, spoken of by one card. Facts (how many fire) are kept by the store as alerts come and go;
everything else about a group is decided by pure functions and written with the version it was decided on.
"""

import enum
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from contracts.commands import Place
from contracts.faults import Fault
from contracts.notices import NewDelivery

Labels = Mapping[str, str]

#: Which alert this is; every alert has one.
NAME = "alertname"
SEVERITY = "severity"
DOMAIN = "domain"


class Severity(enum.StrEnum):
    """In rising order. A label that is none of these counts as a warning."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        return list(Severity).index(self)


def fingerprint(labels: Labels) -> str:
    """What makes an alert the same alert: its labels, in any order. 16 hexadecimal digits."""
    return hashlib.sha256(json.dumps(sorted(labels.items())).encode()).hexdigest()[:16]


def severity_of(labels: Labels) -> Severity:
    said = labels.get(SEVERITY, "")
    return Severity(said) if said in list(Severity) else Severity.WARNING


# Alerts ----------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Observation:
    """What a source sees of one alert.

    *labels* never hold an age, a counter or an id of one occurrence: those are facts of *what*. *ended* None:
    it fires. *times* is how often it happened since the source last said so; 0: it only still holds.
    *expires*: taken for ended at that time unless it is seen again.
    """

    labels: Labels
    what: Fault
    since: datetime
    ended: datetime | None = None
    times: int = 1
    expires: datetime | None = None
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert as it is kept. *times*: how often in all since it began to fire."""

    fingerprint: str
    source: str
    labels: Labels
    what: Fault
    since: datetime
    seen_at: datetime
    ended: datetime | None
    times: int
    expires: datetime | None
    link: str | None


# Groups ----------------------------------------------------------------------------------------
class GroupState(enum.StrEnum):
    WAITING = "waiting"  #: for more of its kind, before it is first spoken of
    FIRING = "firing"  #: spoken of; nobody has taken it, its chain escalates
    ACKNOWLEDGED = "acknowledged"  #: somebody has taken it; reminded after a while, then let go
    SNOOZED = "snoozed"  #: put off by somebody until a time
    RESOLVED = "resolved"  #: over; what fires later with the same labels is a new group


@dataclass(frozen=True, slots=True)
class Placement:
    """Where an alert belongs: *key* is made of the route and the values of its grouping labels."""

    key: str
    route: str
    labels: Labels


@dataclass(frozen=True, slots=True)
class Taken:
    """*by* is a Slack user id or an operator's name."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Spoken:
    """What people were last told of a group, and when."""

    at: datetime
    firing: int
    times: int


class Hiding(enum.StrEnum):
    SILENCE = "silence"
    INHIBITION = "inhibition"
    INTERVAL = "interval"  #: a maintenance window or a mute time of its route


@dataclass(frozen=True, slots=True)
class Hidden:
    """Why a group is not spoken of though it fires. *by*: the silence's id, the alert, the interval.

    *until* None: nobody knows. *announced*: that it ends soon was said.
    """

    why: Hiding
    by: str
    since: datetime
    until: datetime | None
    announced: bool = False


@dataclass(frozen=True, slots=True)
class Climb:
    """How far a chain was climbed. *step* counts the steps that were carried out and never falls.

    *next_at* None: nothing is left. *lap* counts repetitions of the chain. *reached* are those that were
    told in this lap, so that nobody is told twice. *fell_back* are the steps that were carried out before
    their turn because Slack was out of reach, *fell_back_at* is when the last of them was.
    """

    chain: str
    step: int
    lap: int
    next_at: datetime | None
    reached: tuple[str, ...] = ()
    fell_back: tuple[int, ...] = ()
    fell_back_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """One incident. *id* names it for ever; of one *key* at most one group is not RESOLVED.

    *version* is raised by every write, of facts too. *firing*, *alerts*, *times*, *grew_at* and *severity*
    are the store's facts; *grew_at* is when an alert last joined or happened again, *severity* the worst
    that fires, or did last. *entries* counts its log. *due_at*: the tick must look at it then; None once it
    is over. *spoken* is what was last said in words, *shown* what its card shows; *quiet_since* is when
    nothing of it fired any more, *told_at* when anything was last put into the outbox.
    """

    id: str
    key: str
    route: str
    labels: Labels
    severity: Severity
    state: GroupState
    version: int
    opened_at: datetime
    firing: int
    alerts: int
    times: int
    grew_at: datetime
    due_at: datetime | None
    entries: int = 0
    spoken: Spoken | None = None
    hidden: Hidden | None = None
    taken: Taken | None = None
    reminded_at: datetime | None = None
    snoozed_until: datetime | None = None
    climb: Climb | None = None
    resolved_at: datetime | None = None
    resolved_by: str | None = None  #: None: its cause ended
    card: Place | None = None  #: the posted card, once Slack has confirmed it
    shown: Spoken | None = None
    quiet_since: datetime | None = None
    told_at: datetime | None = None


class GroupEvent(enum.StrEnum):
    SPEAK = "speak"  #: it fired for long enough to be spoken of
    ACKNOWLEDGE = "acknowledge"  #: somebody sees to it, or took it over
    LET_GO = "let-go"  #: nobody sees to it any more: by a press, or after a while
    SNOOZE = "snooze"  #: somebody put it off
    WAKE = "wake"  #: the time it was put off until has come
    RESOLVE = "resolve"  #: somebody said that it is over
    END = "end"  #: nothing of it has fired for a while


#: As in `contracts.states`: nothing else may move a group. `docs/alerts.md` draws it.
GROUP_TRANSITIONS: Mapping[GroupState, Mapping[GroupEvent, GroupState]] = {
    GroupState.WAITING: {GroupEvent.SPEAK: GroupState.FIRING, GroupEvent.END: GroupState.RESOLVED},
    GroupState.FIRING: {
        GroupEvent.ACKNOWLEDGE: GroupState.ACKNOWLEDGED,
        GroupEvent.SNOOZE: GroupState.SNOOZED,
        GroupEvent.RESOLVE: GroupState.RESOLVED,
        GroupEvent.END: GroupState.RESOLVED,
    },
    GroupState.ACKNOWLEDGED: {
        GroupEvent.ACKNOWLEDGE: GroupState.ACKNOWLEDGED,
        GroupEvent.LET_GO: GroupState.FIRING,
        GroupEvent.SNOOZE: GroupState.SNOOZED,
        GroupEvent.RESOLVE: GroupState.RESOLVED,
        GroupEvent.END: GroupState.RESOLVED,
    },
    GroupState.SNOOZED: {
        GroupEvent.ACKNOWLEDGE: GroupState.ACKNOWLEDGED,
        GroupEvent.LET_GO: GroupState.FIRING,
        GroupEvent.SNOOZE: GroupState.SNOOZED,
        GroupEvent.WAKE: GroupState.FIRING,
        GroupEvent.RESOLVE: GroupState.RESOLVED,
        GroupEvent.END: GroupState.RESOLVED,
    },
    GroupState.RESOLVED: {},
}


class EntryKind(enum.StrEnum):
    """What can be written into a group's log, and so into its card's thread.

    A fact that does not apply is left out. `mention` is whom the reply mentions: a Slack user's id, a user
    group's (S…), or `here`; without it the reply mentions nobody. Times are ISO 8601 in UTC.
    """

    OPENED = "opened"  #: firing, times
    GREW = "grew"  #: firing, times
    REPEATED = "repeated"  #: firing, times: it is still so
    ESCALATED = "escalated"  #: step, lap, way (escalation.Way), to, mention, person (who is on call)
    FELL_BACK = "fell-back"  #: step, way, to, since: Slack could not be reached
    ACKNOWLEDGED = "acknowledged"
    TAKEN_OVER = "taken-over"  #: from, mention
    REMINDED = "reminded"  #: since, by, mention
    LET_GO = "let-go"  #: from, mention; un-acknowledged; without an actor: by itself, after a while
    SNOOZED = "snoozed"  #: until
    WOKE = "woke"  #: by, mention; a snooze ended
    HIDDEN = "hidden"  #: why, by, until
    SHOWN = "shown"  #: why, by; what hid it has ended, and it still fires
    SILENCE_ENDS = "silence-ends"  #: silence, until, mention: soon
    RESOLVED = "resolved"  #: firing; without an actor: its cause ended


@dataclass(frozen=True, slots=True)
class Entry:
    """*number* counts a group's entries from 1. *actor* None: the desk itself."""

    number: int
    at: datetime
    kind: EntryKind
    actor: str | None
    facts: Mapping[str, str]


# Silences --------------------------------------------------------------------------------------
class Operator(enum.StrEnum):
    EQUAL = "="
    DIFFERENT = "!="
    LIKE = "=~"
    UNLIKE = "!~"


@dataclass(frozen=True, slots=True)
class Matcher:
    """*value* is a pattern for LIKE and UNLIKE, matched against the whole label; a missing label is ''."""

    label: str
    operator: Operator
    value: str


@dataclass(frozen=True, slots=True)
class Silence:
    """Hides what all *matchers* match, from *starts* up to *ends*. *announced*: its coming end was told."""

    id: str
    matchers: tuple[Matcher, ...]
    creator: str
    comment: str
    starts: datetime
    ends: datetime
    announced: bool = False


# What is decided -------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class GroupChange:
    """*after* replaces the group that was read at *version*, with its new *entries* and what is said.

    If the group has another version meanwhile, nothing of the change is written.
    """

    version: int
    after: Group
    entries: tuple[Entry, ...]
    told: tuple[NewDelivery, ...]


@dataclass(frozen=True, slots=True)
class SilenceChange:
    """*silence* as it is from now on: new, announced, or ended early."""

    silence: Silence
    told: tuple[NewDelivery, ...] = ()


@dataclass(frozen=True, slots=True)
class Seen:
    """An observation with its places. *new_groups*: ids for those whose key has no open group, in order."""

    observation: Observation
    placements: tuple[Placement, ...]
    new_groups: tuple[str, ...]
    inhibits: bool  #: some inhibition rule has it as a source
