"""The facts of groups against a naive recount of everything that was ever seen."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from typing_extensions import override

from contracts.alerts.model import GroupState, Seen, Severity
from tests.engine.alerted import Watch, alert
from tests.engine.engines import KINDS, DeskOnItsOwnLoop
from tests.engine.given import after

SEVERITIES = {"A": "info", "B": "warning", "C": "critical", "D": "warning"}
SOURCES = ("desk", "http")

names = st.sampled_from(sorted(SEVERITIES))
keys = st.lists(st.sampled_from(["one", "two", "three"]), min_size=1, max_size=2, unique=True)
sources = st.sampled_from(SOURCES)


@dataclass
class Modelled:
    """An alert of one source. *groups* are numbers of those that it ever joined."""

    severity: str
    fires: bool = False
    expires: datetime | None = None
    groups: set[int] = field(default_factory=set)


@dataclass
class Gathered:
    key: str
    times: int = 0
    is_open: bool = True
    severity: str = "info"


@dataclass
class Told:
    """One observation as it is drawn."""

    name: str
    keys: Sequence[str]
    times: int
    ends: bool
    lasts: int | None


told = st.builds(
    Told,
    names,
    keys,
    st.integers(0, 3),
    st.booleans(),
    st.none() | st.integers(1, 20),
)


class Alerts(RuleBasedStateMachine):
    kind: str

    def __init__(self) -> None:
        super().__init__()
        self.own = DeskOnItsOwnLoop(self.kind)
        self.watch = Watch(self.own.desk.engine.alerts)
        self.alerts: dict[tuple[str, str], Modelled] = {}
        self.groups: list[Gathered] = []
        self.seconds = 0

    @override
    def teardown(self) -> None:
        self.own.close()

    @property
    def now(self) -> datetime:
        return after(self.seconds)

    @rule(seconds=st.integers(1, 15))
    def time_passes(self, seconds: int) -> None:
        self.seconds += seconds

    @rule(source=sources, seen=st.lists(told, max_size=4), whole=st.booleans())
    def a_source_looks(self, source: str, seen: list[Told], whole: bool) -> None:
        observed = [self.seen(each) for each in seen]
        self.own.run(self.watch.alerts.observe(source, observed, now=self.now, whole=whole))
        for each in seen:
            self.take(source, each)
        if whole:
            for (of, name), modelled in self.alerts.items():
                if of == source and name not in {each.name for each in seen}:
                    modelled.fires = False
        self.note_severities()

    def seen(self, each: Told) -> Seen:
        what = alert(
            each.name,
            SEVERITIES[each.name],
            times=each.times,
            ended=self.now if each.ends else None,
            expires=None if each.lasts is None else after(self.seconds + each.lasts),
        )
        return self.watch.seen(what, *each.keys)

    def take(self, source: str, each: Told) -> None:
        modelled = self.alerts.setdefault((source, each.name), Modelled(SEVERITIES[each.name]))
        if each.ends:
            modelled.fires = False
            return
        begins = not modelled.fires
        count = max(each.times, 1) if begins else each.times
        modelled.fires = True
        modelled.expires = None if each.lasts is None else after(self.seconds + each.lasts)
        if count:
            modelled.groups |= {self.open_group(key, modelled.severity) for key in each.keys}
        for number in modelled.groups:
            self.groups[number].times += count

    def open_group(self, key: str, severity: str) -> int:
        for number, group in enumerate(self.groups):
            if group.key == key and group.is_open:
                return number
        self.groups.append(Gathered(key, severity=severity))
        return len(self.groups) - 1

    @rule()
    def what_is_not_seen_again_expires(self) -> None:
        expected = [
            each
            for each in self.alerts.values()
            if each.fires and each.expires is not None and each.expires <= self.now
        ]
        assert self.own.run(self.watch.alerts.expire(now=self.now)) == len(expected)
        for each in expected:
            each.fires = False
        self.note_severities()

    @rule(key=st.sampled_from(["one", "two", "three"]))
    def somebody_resolves(self, key: str) -> None:
        for group in self.own.run(self.watch.groups()):
            if group.key == key:
                over = replace(group, state=GroupState.RESOLVED, resolved_at=self.now, due_at=None)
                assert self.own.run(self.watch.change(over))
        for each in self.groups:
            each.is_open = each.is_open and each.key != key

    def note_severities(self) -> None:
        for number, group in enumerate(self.groups):
            fires = [each.severity for each in self.members(number) if each.fires]
            if group.is_open and fires:
                group.severity = max(fires, key=lambda severity: Severity(severity).rank)

    def members(self, number: int) -> list[Modelled]:
        return [each for each in self.alerts.values() if number in each.groups]

    @invariant()
    def the_facts_are_a_recount(self) -> None:
        found = {
            group.key: (group.firing, group.alerts, group.times, group.severity.value)
            for group in self.own.run(self.watch.groups())
        }
        assert found == {
            group.key: (
                sum(each.fires for each in self.members(number)),
                len(self.members(number)),
                group.times,
                group.severity,
            )
            for number, group in enumerate(self.groups)
            if group.is_open
        }

    @invariant()
    def no_alert_that_fires_is_lost(self) -> None:
        for source in SOURCES:
            firing = self.own.run(self.watch.alerts.firing_of(source))
            assert sorted(each.labels["alertname"] for each in firing) == sorted(
                name for (of, name), each in self.alerts.items() if of == source and each.fires
            )


def kept(kind: str, examples: int, steps: int) -> None:
    machine = type("OnThisEngine", (Alerts,), {"kind": kind})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=examples, stateful_step_count=steps, deadline=None)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_the_facts_of_groups_are_those_of_a_recount(kind: str) -> None:
    kept(kind, 10, 20)


# A time limit that strikes within an example looks to hypothesis like data that changed under its hands.
@pytest.mark.timeout(600)
@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_the_facts_of_groups_are_those_of_a_recount_whatever_is_seen(kind: str) -> None:
    kept(kind, 250, 40)
