"""Alerts under a fake clock: what a store keeps, a tick at every moment that is due, and what is said when.

The facts of a group are kept as the store's promise says, in memory; all decisions are the real ones.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from contracts.alerts.inhibition import is_source
from contracts.alerts.lifecycle import View, advance, needs_members, opened, press
from contracts.alerts.matching import parse_matchers
from contracts.alerts.model import (
    Alert,
    Entry,
    EntryKind,
    Group,
    GroupChange,
    GroupState,
    Labels,
    Severity,
    Silence,
    fingerprint,
    severity_of,
)
from contracts.alerts.routing import placements
from contracts.alerts.rules import Rules
from contracts.alerts.settings import AlertSettings
from contracts.commands import Act, Place
from contracts.faults import Fault, Reason, fault
from contracts.notices import NewDelivery
from contracts.settings import Settings

START = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
OPERATORS = "C0OPS"
WHAT = fault(Reason.NO_PLAN)


def rules(desk: Mapping[str, Any] | None = None, **alerts: Any) -> Rules:
    """Settings of a test; a group waits 30 s, and is over 5 minutes after nothing fires."""
    return Rules(
        AlertSettings.model_validate(alerts),
        Settings.model_validate({"slack": {"operators": OPERATORS}} if desk is None else desk),
    )


def chain(*steps: Mapping[str, Any]) -> dict[str, Any]:
    """Settings in which every alert climbs *steps*."""
    return {"route": {"chain": "all"}, "chains": {"all": list(steps)}}


@dataclass
class Simulator:
    """*log* is everything that was written: (minutes since the start, kind)."""

    rules: Rules
    now: datetime = START
    groups: dict[str, Group] = field(default_factory=dict)
    alerts: dict[str, Alert] = field(default_factory=dict)
    members: dict[str, set[str]] = field(default_factory=dict)
    silences: dict[str, Silence] = field(default_factory=dict)
    entries: list[tuple[float, Entry]] = field(default_factory=list)
    said: list[tuple[float, NewDelivery]] = field(default_factory=list)
    reachable: bool = True
    unheard_since: dict[str, datetime] = field(default_factory=dict)
    ticks: int = 0

    # What happens -------------------------------------------------------------------------------
    def fire(self, times: int = 1, /, **labels: str) -> None:
        labels = {"alertname": "Broken", **labels}
        key = fingerprint(labels)
        before = self.alerts.get(key)
        fires = before is not None and before.ended is None
        count = times + (before.times if fires and before else 0)
        since = before.since if fires and before else self.now
        self.alerts[key] = Alert(key, "test", labels, WHAT, since, self.now, None, count, None, None)
        for place in placements(self.rules.alerts, labels):
            group = self.open_group(place.key)
            if group is None:
                group = opened(place, f"a{len(self.groups) + 1}", severity_of(labels), self.now)
            self.members.setdefault(group.id, set()).add(key)
            self.groups[group.id] = replace(group, times=group.times + times, grew_at=self.now)
        self._facts(key)
        if is_source(self.rules.alerts, labels):
            self._all_due()

    def end(self, **labels: str) -> None:
        labels = {"alertname": "Broken", **labels}
        key = fingerprint(labels)
        self.alerts[key] = replace(self.alerts[key], ended=self.now)
        self._facts(key)
        if is_source(self.rules.alerts, labels):
            self._all_due()

    def silence(self, matchers: str, *, lasts: timedelta, starts: datetime | None = None) -> str:
        parsed = parse_matchers(matchers)
        assert not isinstance(parsed, Fault)
        begin = starts or self.now
        id_ = f"s{len(self.silences) + 1}"
        self.silences[id_] = Silence(id_, parsed, "U0ADA", "known", begin, begin + lasts)
        self._all_due()
        return id_

    def unsilence(self, id_: str) -> None:
        self.silences[id_] = replace(self.silences[id_], ends=self.now)
        self._all_due()

    def press(self, act: Act, actor: str = "U0ADA") -> Fault | None:
        change = press(self.groups[act.group], act, actor, self.rules, self.now)
        if isinstance(change, Fault):
            return change
        self._write(change)
        return None

    def pass_time(self, lasting: timedelta) -> None:
        """Tick at every moment that is due until then, and at no other."""
        until = self.now + lasting
        while (due := self._next_due()) is not None and due <= until:
            self.now = max(due, self.now)
            self.tick()
        self.now = until

    def tick(self) -> None:
        for group in list(self.groups.values()):
            if group.state is not GroupState.RESOLVED and group.due_at and group.due_at <= self.now:
                self.ticks += 1
                assert self.ticks < 10_000, "a group is due for ever"
                if change := advance(group, self.view(group), self.rules, self.now):
                    self._write(change)
                after = self.groups[group.id]
                assert after.due_at is None or after.due_at > self.now, "due at once again, and for nothing"

    # What is seen -------------------------------------------------------------------------------
    def view(self, group: Group) -> View:
        silences = tuple(each for each in self.silences.values() if each.ends > self.now)
        firing = [alert for alert in self.alerts.values() if alert.ended is None]
        sources = tuple(alert for alert in firing if is_source(self.rules.alerts, alert.labels))
        members: tuple[Labels, ...] | None = None
        if needs_members(group, self.rules.alerts, silences, sources):
            members = tuple(alert.labels for alert in firing if alert.fingerprint in self.members[group.id])
        return View(members, silences, sources, self.unheard_since.get(group.id))

    def open_group(self, key: str) -> Group | None:
        found = [each for each in self.groups.values() if each.key == key and each.state != "resolved"]
        return found[0] if found else None

    @property
    def group(self) -> Group:
        """The only one."""
        [group] = self.groups.values()
        return group

    def log(self) -> list[tuple[float, str]]:
        """Minutes since the start, and the kind of each entry."""
        return [(at, entry.kind.value) for at, entry in self.entries]

    def facts(self, kind: EntryKind) -> list[Mapping[str, str]]:
        return [entry.facts for _, entry in self.entries if entry.kind is kind]

    def told(self, *kinds: str) -> list[tuple[float, str]]:
        """Minutes since the start, and the notice's kind, of *kinds* or of all but edits."""
        return [
            (at, each.notice.kind)
            for at, each in self.said
            if (each.notice.kind in kinds if kinds else each.notice.kind != "edit-alert")
        ]

    # What a store does --------------------------------------------------------------------------
    def _write(self, change: GroupChange) -> None:
        group = self.groups[change.after.id]
        assert group.version == change.version
        posts = [each for each in change.told if each.notice.kind == "post-alert"]
        card = Place(posts[0].channel, "1.0", "1.0") if posts and self.reachable else change.after.card
        self.groups[group.id] = replace(change.after, version=group.version + 1, card=card)
        at = (self.now - START) / timedelta(minutes=1)
        self.entries += [(at, entry) for entry in change.entries]
        self.said += [(at, each) for each in change.told]
        if not self.reachable and any(each.channel for each in change.told):
            self.unheard_since.setdefault(group.id, self.now)

    def _facts(self, key: str) -> None:
        for group in list(self.groups.values()):
            if group.state is GroupState.RESOLVED or key not in self.members[group.id]:
                continue
            alerts = [self.alerts[each] for each in self.members[group.id]]
            firing = [alert for alert in alerts if alert.ended is None]
            worst = max((severity_of(alert.labels) for alert in firing), key=rank, default=group.severity)
            self.groups[group.id] = replace(
                group,
                firing=len(firing),
                alerts=len(alerts),
                severity=worst,
                version=group.version + 1,
                due_at=self.now,
            )

    def _all_due(self) -> None:
        for group in list(self.groups.values()):
            if group.state is not GroupState.RESOLVED:
                self.groups[group.id] = replace(group, due_at=self.now, version=group.version + 1)

    def _next_due(self) -> datetime | None:
        open_groups = [each for each in self.groups.values() if each.state is not GroupState.RESOLVED]
        return min((each.due_at for each in open_groups if each.due_at is not None), default=None)


def rank(severity: Severity) -> int:
    return severity.rank


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def labels_of(group: Group) -> Labels:
    return group.labels


def is_active(silence: Silence, now: datetime) -> bool:
    return silence.starts <= now < silence.ends
