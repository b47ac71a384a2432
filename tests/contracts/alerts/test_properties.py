"""What must hold however alerts, silences, people and the clock follow each other."""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from contracts.alerts.matching import matches
from contracts.alerts.model import GROUP_TRANSITIONS, EntryKind, Group, GroupChange, GroupState, Labels
from contracts.alerts.rules import Rules
from contracts.commands import Acknowledge, LetGo, Resolve, Snooze, TakeOver
from contracts.faults import Fault, Reason
from tests.contracts.alerts.simulator import Simulator, is_active, rules

SETTINGS: dict[str, Any] = {
    "route": {
        "group_by": ["domain"],
        "chain": "page",
        "routes": [
            {"match": ["severity=info"], "chain": "none", "mute": ["noon"]},
            {"match": ["severity=critical"], "continue": True, "group_wait": 0},
        ],
    },
    "chains": {
        "page": [
            {"wait": 300},
            {"channel": "own"},
            {"wait": 300},
            {"webhook": "pager", "importance": "important"},
            {"wait": 600},
            {"email": "office@example.org"},
            {"repeat": 2},
        ]
    },
    "webhooks": {"pager": {"url": "https://pager.example.org/"}},
    "inhibitions": [{"source": ["severity=critical"], "target": ["severity=warning"], "equal": ["domain"]}],
    "intervals": {"noon": {"times": [{"from": "12:30", "to": "13:30"}]}},
    "maintenance": [{"interval": "noon", "match": ["domain=shop", "severity=warning"]}],
    "let_go_after": 7200,
}
RULES: Rules = rules(**SETTINGS)

_LABELS = st.fixed_dictionaries(
    {
        "domain": st.sampled_from(["web", "shop"]),
        "severity": st.sampled_from(["info", "warning", "critical"]),
        "host": st.sampled_from("ab"),
    }
)
_MINUTES = st.integers(0, 90).map(lambda count: timedelta(minutes=count))
_PRESSES = st.sampled_from([Acknowledge, TakeOver, LetGo, Resolve, Snooze])
_HAPPENINGS = st.lists(
    st.one_of(
        st.tuples(st.just("fire"), _LABELS),
        st.tuples(st.just("end"), _LABELS),
        st.tuples(st.just("silence"), st.sampled_from(["domain=web", "severity!=info,host=a"]), _MINUTES),
        st.tuples(st.just("press"), _PRESSES, st.integers(0, 9), st.sampled_from(["U0ADA", "U0BEA"])),
        st.tuples(st.just("reach"), st.booleans()),
        st.tuples(st.just("pass"), _MINUTES),
    ),
    max_size=25,
)


@dataclass
class Watched(Simulator):
    """A simulator that looks at every change as it is written. *climbed*: (lap, step), by group."""

    climbed: dict[str, list[tuple[int, int]]] = field(default_factory=dict)

    def happen(self, what: tuple[Any, ...]) -> None:
        match what:
            case ("fire", labels):
                self.fire(**labels)
            case ("end", labels):
                if any(alert.labels.items() >= labels.items() for alert in self.alerts.values()):
                    self.end(**labels)
            case ("silence", matchers, lasts):
                self.silence(matchers, lasts=lasts)
            case ("press", kind, number, actor):
                self._press(kind, number, actor)
            case ("reach", reachable):
                self.reachable = reachable
                if reachable:
                    self.unheard_since.clear()
            case ("pass", lasting):
                self.pass_time(lasting)
            case _:
                raise AssertionError(what)

    def _press(self, kind: Any, number: int, actor: str) -> None:
        if not self.groups:
            return
        group = list(self.groups.values())[number % len(self.groups)]
        act = kind(group.id, timedelta(minutes=20)) if kind is Snooze else kind(group.id)
        found = self.press(act, actor)
        if group.state is GroupState.RESOLVED:
            assert isinstance(found, Fault)
            assert found.reason is Reason.ALERT_OVER

    @override
    def _write(self, change: GroupChange) -> None:
        before, after = self.groups[change.after.id], change.after
        self.look(before, after, change)
        super()._write(change)

    def look(self, before: Group, after: Group, change: GroupChange) -> None:
        assert after.state in {before.state, *GROUP_TRANSITIONS[before.state].values()}
        assert before.state is not GroupState.RESOLVED
        numbers = [entry.number for entry in change.entries]
        assert numbers == list(range(before.entries + 1, after.entries + 1))
        self.climbed.setdefault(after.id, []).extend(
            (int(entry.facts["lap"]), int(entry.facts["step"]))
            for entry in change.entries
            if entry.kind is EntryKind.ESCALATED
        )
        if before.climb is not None:
            assert after.climb is not None
            assert after.climb.step >= before.climb.step
            assert after.climb.lap >= before.climb.lap
            assert set(after.climb.fell_back) >= set(before.climb.fell_back)
        assert (after.due_at is None) == (after.state is GroupState.RESOLVED) or after.hidden is not None
        assert all(each.channel is None or after.spoken is not None for each in change.told)


def lived(happenings: list[tuple[Any, ...]]) -> Watched:
    desk = Watched(RULES)
    for each in happenings:
        desk.happen(each)
    return desk


@given(_HAPPENINGS)
def test_escalation_never_goes_backwards_and_every_move_is_in_the_table(
    happenings: list[tuple[Any, ...]],
) -> None:
    desk = lived(happenings)
    desk.pass_time(timedelta(hours=5))
    for steps in desk.climbed.values():
        assert steps == sorted(set(steps)), "each step once in each lap, in their order"


@given(_HAPPENINGS)
def test_what_fires_is_heard_of_hidden_or_waited_for(happenings: list[tuple[Any, ...]]) -> None:
    """No alert is lost: each that fires is in an open group that was spoken of, or there is a reason."""
    desk = lived(happenings)
    desk.pass_time(timedelta(minutes=1))
    for alert in desk.alerts.values():
        if alert.ended is not None:
            continue
        groups = [group for group in desk.groups.values() if alert.fingerprint in desk.members[group.id]]
        assert groups
        for group in groups:
            if group.state is GroupState.WAITING:
                assert group.hidden is not None
            elif group.state is GroupState.RESOLVED:
                assert group.resolved_by is not None or group.resolved_at is not None
            else:
                assert group.spoken is not None


@given(_HAPPENINGS)
def test_a_group_is_silenced_only_while_a_silence_matches_all_of_it(
    happenings: list[tuple[Any, ...]],
) -> None:
    desk = lived(happenings)
    desk.pass_time(timedelta(0))
    for group in desk.groups.values():
        if group.hidden is None or group.hidden.why != "silence" or group.firing == 0:
            continue
        assert any(is_active(each, desk.now) for each in desk.silences.values())
        for fingerprint in desk.members[group.id]:
            alert = desk.alerts[fingerprint]
            if alert.ended is None and not _hidden_otherwise(alert.labels):
                active = [each for each in desk.silences.values() if is_active(each, desk.now)]
                assert any(matches(each.matchers, alert.labels) for each in active)


def _hidden_otherwise(labels: Labels) -> bool:
    """By the inhibition or the maintenance of SETTINGS."""
    return labels.get("severity") == "warning"


@settings(max_examples=60)
@given(_HAPPENINGS, st.integers(1, 40))
def test_ticking_more_often_says_nothing_else(happenings: list[tuple[Any, ...]], every: int) -> None:
    calm = lived(happenings)
    restless = Watched(RULES)
    for each in happenings:
        if each[0] != "pass":
            restless.happen(each)
            continue
        until = restless.now + each[1]
        restless.pass_time(timedelta(0))
        while restless.now < until:
            restless.pass_time(min(timedelta(minutes=every), until - restless.now))
            due = {id_: group.due_at for id_, group in restless.groups.items()}
            for id_, group in list(restless.groups.items()):
                if group.state is not GroupState.RESOLVED:
                    restless.groups[id_] = replace(group, due_at=restless.now)
            restless.tick()
            after = {id_: group.due_at for id_, group in restless.groups.items()}
            assert {id_: at for id_, at in due.items() if at} == {id_: at for id_, at in after.items() if at}
    assert restless.log() == calm.log()
    assert restless.said == calm.said
