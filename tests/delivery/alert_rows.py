"""Groups of alerts to render: one through its life, and hostile ones by hypothesis."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import strategies as st

from bot.delivery.render.alerts import NextStep, Shown
from contracts.alerts.escalation import Way
from contracts.alerts.model import (
    Alert,
    Climb,
    Entry,
    EntryKind,
    Group,
    GroupState,
    Hidden,
    Hiding,
    Severity,
    Taken,
    fingerprint,
)
from contracts.commands import Place
from contracts.faults import Reason, fault
from tests.delivery.rows import CHANNEL, HOSTILE, NOON, at, faults

LABELS = {"alertname": "PatchFailed", "domain": "web"}
CHOICES = (timedelta(minutes=30), timedelta(hours=4))
ALERT_LABELS = {**LABELS, "severity": "critical", "gate": "tests"}
ALERT = Alert(
    fingerprint=fingerprint(ALERT_LABELS),
    source="patches",
    labels=ALERT_LABELS,
    what=fault(Reason.GATE_FAILED, gate="tests", code=1),
    since=NOON,
    seen_at=at(60),
    ended=None,
    times=3,
    expires=None,
    link="https://ci.example.com/runs/7?x=1&y=2",
)
FIRING = Group(
    id="g7k3v9x2",
    key="{}:x",
    route="{}",
    labels=LABELS,
    severity=Severity.CRITICAL,
    state=GroupState.FIRING,
    version=4,
    opened_at=NOON,
    firing=1,
    alerts=1,
    times=3,
    grew_at=at(60),
    due_at=None,
    climb=Climb("default", 0, 1, at(300)),
    card=Place(CHANNEL, "1.1", "1.1"),
)
ACKNOWLEDGED = replace(FIRING, state=GroupState.ACKNOWLEDGED, taken=Taken("U0ADA", at(90)), climb=None)
SNOOZED = replace(ACKNOWLEDGED, state=GroupState.SNOOZED, snoozed_until=at(3600))
RESOLVED = replace(FIRING, state=GroupState.RESOLVED, firing=0, resolved_at=at(120), climb=None)
HIDDEN = replace(FIRING, hidden=Hidden(Hiding.SILENCE, "s4", at(30), at(3600)))
NAMES = {"U0ADA": "Ada Okafor", "U0BEN": "Ben Lindqvist"}
LINK = "https://x.slack.com/archives/C0PATCHES/p11"

#: For every kind, facts as they are written.
FACTS: dict[EntryKind, dict[str, str]] = {
    EntryKind.OPENED: {"firing": "1", "times": "1"},
    EntryKind.GREW: {"firing": "3", "times": "1200"},
    EntryKind.REPEATED: {"firing": "3", "times": "1200"},
    EntryKind.ESCALATED: {
        "step": "2",
        "lap": "1",
        "way": "on_call",
        "to": "web-team",
        "person": "ben",
        "mention": "U0BEN",
    },
    EntryKind.FELL_BACK: {"step": "3", "way": "email", "to": "ops@example.com", "since": at(5).isoformat()},
    EntryKind.ACKNOWLEDGED: {},
    EntryKind.TAKEN_OVER: {"from": "U0BEN", "mention": "U0BEN"},
    EntryKind.REMINDED: {"since": at(90).isoformat(), "by": "U0ADA", "mention": "U0ADA"},
    EntryKind.LET_GO: {"from": "U0BEN"},
    EntryKind.SNOOZED: {"until": at(3600).isoformat()},
    EntryKind.WOKE: {"by": "U0ADA", "mention": "U0ADA"},
    EntryKind.HIDDEN: {"why": "silence", "by": "s4", "until": at(3600).isoformat()},
    EntryKind.SHOWN: {"why": "interval", "by": "nights"},
    EntryKind.SILENCE_ENDS: {"silence": "s4", "until": at(3600).isoformat(), "mention": "U0ADA"},
    EntryKind.RESOLVED: {"firing": "0"},
}


def shown(group: Group = FIRING, *members: Alert, step: NextStep | None = None) -> Shown:
    return Shown(group, members or (ALERT,), CHOICES, next=step, names=NAMES, link=LINK)


def entry(kind: EntryKind, actor: str | None = None) -> Entry:
    return Entry(1, at(100), kind, actor, FACTS[kind])


# Hostile ---------------------------------------------------------------------------------------
_TEXTS = st.dictionaries(HOSTILE, HOSTILE, max_size=4)
_COUNTS = st.integers(0, 10**6)
_TIMES = st.integers(-100, 10**7).map(at)
_MAYBE = st.none() | _TIMES
_LABELS = st.builds(
    lambda labels, name: {**labels, "alertname": name, "domain": name}, _TEXTS, HOSTILE
) | st.just({f"label{number}": "x" * 90 for number in range(12)})
ALERTS = st.builds(
    Alert,
    fingerprint=st.just("0" * 16),
    source=HOSTILE,
    labels=_LABELS,
    what=faults(),
    since=_TIMES,
    seen_at=_TIMES,
    ended=_MAYBE,
    times=_COUNTS,
    expires=_MAYBE,
    link=st.none() | HOSTILE | st.just("https://ci.example.com/x"),
)
_HIDDEN = st.builds(Hidden, why=st.sampled_from(Hiding), by=HOSTILE, since=_TIMES, until=_MAYBE)
GROUPS = st.builds(
    Group,
    id=st.just("g7k3v9x2"),
    key=HOSTILE,
    route=HOSTILE,
    labels=_LABELS,
    severity=st.sampled_from(Severity),
    state=st.sampled_from(GroupState),
    version=st.just(1),
    opened_at=_TIMES,
    firing=_COUNTS,
    alerts=_COUNTS,
    times=_COUNTS,
    grew_at=_TIMES,
    due_at=_MAYBE,
    hidden=st.none() | _HIDDEN,
    taken=st.none() | st.builds(Taken, by=HOSTILE, at=_TIMES),
    snoozed_until=_MAYBE,
    resolved_at=_MAYBE,
    resolved_by=st.none() | HOSTILE,
)
_STEPS = st.builds(NextStep, way=st.sampled_from(Way), to=HOSTILE, at=_TIMES)
SHOWN = st.builds(
    Shown,
    group=GROUPS,
    members=st.lists(ALERTS, max_size=3).map(tuple) | ALERTS.map(lambda one: (one,) * 5),
    choices=st.just(CHOICES),
    next=st.none() | _STEPS,
    names=st.dictionaries(HOSTILE, HOSTILE, max_size=2),
    link=st.none() | st.just(LINK),
)
_FACT_NAMES = sorted({name for facts in FACTS.values() for name in facts})
ENTRIES = st.builds(
    Entry,
    number=st.integers(1, 99),
    at=_TIMES,
    kind=st.sampled_from(EntryKind),
    actor=st.none() | HOSTILE,
    facts=st.dictionaries(
        st.sampled_from(_FACT_NAMES), HOSTILE | st.sampled_from([*Way, *Hiding, "2026-01-01T12:00:00"])
    ),
)
