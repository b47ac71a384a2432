"""What people do about groups, and how little it takes to be too late."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from contracts.alerts.model import EntryKind, GroupState, Taken
from contracts.alerts.pressing import press
from contracts.commands import Acknowledge, Act, LetGo, Resolve, Snooze, TakeOver
from contracts.faults import Fault, Reason
from contracts.notices import EditAlert, TellAlert
from tests.contracts.alerts.simulator import START, Simulator, minutes, rules

ACTS: list[Act] = [
    Acknowledge("a1"),
    TakeOver("a1"),
    LetGo("a1"),
    Snooze("a1", timedelta(hours=1)),
    Resolve("a1"),
]


@pytest.fixture
def desk() -> Simulator:
    """One group that people were told of."""
    made = Simulator(rules())
    made.fire()
    made.pass_time(minutes(1))
    return made


def reason(found: Fault | None) -> Reason | None:
    return found.reason if found else None


def snoozed(desk: Simulator) -> tuple[GroupState, datetime | None]:
    return desk.group.state, desk.group.snoozed_until


def test_an_act_is_written_shown_and_told_at_once(desk: Simulator) -> None:
    before = len(desk.said)
    assert desk.press(Acknowledge("a1"), "U0ADA") is None
    assert [each.notice for _, each in desk.said[before:]] == [EditAlert("a1"), TellAlert("a1", 2)]
    assert desk.group.taken == Taken("U0ADA", START + minutes(1))
    assert desk.entries[-1][1].actor == "U0ADA"


def test_nobody_is_mentioned_for_what_they_did_themselves(desk: Simulator) -> None:
    desk.press(Acknowledge("a1"), "U0ADA")
    desk.press(TakeOver("a1"), "U0ADA")
    desk.press(Snooze("a1", minutes(5)), "U0ADA")
    desk.press(LetGo("a1"), "U0ADA")
    desk.press(Resolve("a1"), "U0ADA")
    assert [kind for _, kind in desk.log()] == [
        "opened",
        "acknowledged",
        "acknowledged",
        "snoozed",
        "let-go",
        "resolved",
    ]
    assert not [entry for _, entry in desk.entries if "mention" in entry.facts]


def test_what_somebody_has_can_be_taken_over_and_they_are_told(desk: Simulator) -> None:
    desk.press(Acknowledge("a1"), "U0ADA")
    found = desk.press(Acknowledge("a1"), "U0BEA")
    assert found is not None
    assert (found.reason, found.args["by"]) == (Reason.ALERT_TAKEN, "U0ADA")
    desk.press(TakeOver("a1"), "U0BEA")
    assert desk.facts(EntryKind.TAKEN_OVER) == [{"from": "U0ADA", "mention": "U0ADA"}]
    assert desk.group.taken == Taken("U0BEA", START + minutes(1))


def test_an_operator_without_slack_is_not_mentioned(desk: Simulator) -> None:
    desk.press(Acknowledge("a1"), "root")
    desk.press(TakeOver("a1"), "U0BEA")
    assert desk.facts(EntryKind.TAKEN_OVER) == [{"from": "root"}]


def test_who_gives_back_what_another_has_tells_them(desk: Simulator) -> None:
    desk.press(Acknowledge("a1"), "U0ADA")
    desk.press(LetGo("a1"), "U0BEA")
    assert desk.facts(EntryKind.LET_GO) == [{"from": "U0ADA", "mention": "U0ADA"}]
    assert desk.group.state is GroupState.FIRING


def test_what_nobody_has_cannot_be_given_back(desk: Simulator) -> None:
    assert reason(desk.press(LetGo("a1"))) is Reason.ALERT_NOT_TAKEN


def test_a_snooze_can_be_ended_acknowledged_and_prolonged(desk: Simulator) -> None:
    desk.press(Snooze("a1", minutes(30)), "U0ADA")
    assert snoozed(desk) == (GroupState.SNOOZED, START + minutes(31))
    desk.press(Snooze("a1", minutes(60)), "U0ADA")
    assert snoozed(desk) == (GroupState.SNOOZED, START + minutes(61))
    desk.press(Acknowledge("a1"), "U0BEA")
    assert snoozed(desk) == (GroupState.ACKNOWLEDGED, None)
    desk.press(Snooze("a1", minutes(30)))
    desk.press(LetGo("a1"))
    assert snoozed(desk) == (GroupState.FIRING, None)


@pytest.mark.parametrize("lasting", [timedelta(0), timedelta(days=-1), timedelta(days=31)])
def test_a_snooze_lasts_for_a_sensible_time(desk: Simulator, lasting: timedelta) -> None:
    assert reason(desk.press(Snooze("a1", lasting))) is Reason.SNOOZE_LENGTH
    assert desk.group.state is GroupState.FIRING


def test_somebody_may_resolve_what_still_fires_and_it_stays_resolved(desk: Simulator) -> None:
    desk.press(Resolve("a1"), "U0ADA")
    assert desk.facts(EntryKind.RESOLVED) == [{"firing": "1"}]
    desk.pass_time(minutes(600))
    assert (desk.group.state, desk.group.resolved_by, desk.group.due_at) == (
        GroupState.RESOLVED,
        "U0ADA",
        None,
    )


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.kind)
def test_an_act_on_a_resolved_group_never_reopens_it(desk: Simulator, act: Act) -> None:
    desk.end()
    desk.pass_time(minutes(10))
    before = desk.group
    assert reason(desk.press(act)) is Reason.ALERT_OVER
    assert desk.group == before


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.kind)
def test_an_act_that_was_decided_before_the_end_is_not_written_after_it(desk: Simulator, act: Act) -> None:
    """A store writes a change only on the version it was decided on, and every end raises the version."""
    group = desk.group
    desk.press(Acknowledge("a1"))
    late = press(group, act, "U0BEA", desk.rules, desk.now)
    if isinstance(late, Fault):
        assert late.reason is Reason.ALERT_NOT_TAKEN
    else:
        assert late.version < desk.group.version


@pytest.mark.parametrize("act", ACTS, ids=lambda act: act.kind)
def test_nobody_can_act_on_what_nobody_was_told_of(act: Act) -> None:
    desk = Simulator(rules())
    desk.fire()
    assert reason(desk.press(act)) is Reason.ALERT_UNTOLD


def test_a_group_that_was_pressed_is_looked_at_at_once(desk: Simulator) -> None:
    desk.press(Acknowledge("a1"))
    assert desk.group.due_at == desk.now
    desk.tick()
    assert desk.group.due_at == desk.now + desk.rules.alerts.remind_after


def test_many_are_acknowledged_one_by_one_and_the_rest_say_why_not() -> None:
    desk = Simulator(rules(route={"group_by": ["host"]}))
    for host in "abc":
        desk.fire(host=host)
    desk.pass_time(minutes(1))
    desk.groups["a3"] = replace(
        desk.groups["a3"], taken=Taken("U0BEA", desk.now), state=GroupState.ACKNOWLEDGED
    )
    found = [desk.press(Acknowledge(id_), "U0ADA") for id_ in desk.groups]
    assert [reason(each) for each in found] == [None, None, Reason.ALERT_TAKEN]
