"""Chains: who is told in which order, by what, and how often."""

from datetime import timedelta
from typing import Any

import pytest
from pydantic import ValidationError

from bot.settings import default_operations
from contracts.alerts.escalation import Importance, StepSettings, Way, rungs
from contracts.alerts.model import EntryKind
from contracts.alerts.reaching import HERE, Reached, reach
from contracts.notices import CallWebhook, MailAlert, PageSomebody
from tests.contracts.alerts.simulator import Simulator, chain, minutes, rules

TEAM: dict[str, Any] = {
    "people": {
        "ada": {"slack": "U0ADA", "email": "ada@example.org"},
        "bea": {"slack": "U0BEA"},
        "cyd": {"email": "cyd@example.org"},
    },
    "schedules": {
        "desk": {
            "layers": [{"people": ["ada", "bea"], "start": "2026-03-01", "days": 1, "handover": "12:20"}]
        },
        "nobody": {"layers": [{"people": ["bea"], "start": "2030-01-01"}]},
    },
    "webhooks": {"pager": {"url": "https://pager.example.org/"}},
}


def climb(*steps: dict[str, Any], lasting: float = 120) -> Simulator:
    desk = Simulator(rules(**chain(*steps), **TEAM))
    desk.fire(domain="web")
    desk.pass_time(minutes(lasting))
    return desk


def important(**step: str) -> dict[str, Any]:
    return {**step, "importance": "important"}


def directly(desk: Simulator) -> list[tuple[str, str | None]]:
    """Whom pages, mails and calls told, with the channel they went to."""
    found = []
    for _, each in desk.said:
        match each.notice:
            case PageSomebody(user=to) | MailAlert(address=to) | CallWebhook(name=to):
                found.append((to, each.channel))
            case _:
                pass
    return found


def mentions(desk: Simulator) -> list[str | None]:
    return [facts.get("mention") for facts in desk.facts(EntryKind.ESCALATED)]


# Rungs -----------------------------------------------------------------------------------------
def test_waits_add_up_between_tellings() -> None:
    steps = [StepSettings.model_validate(each) for each in ({"wait": 60}, {"wait": 30}, {"channel": "own"})]
    assert [(each.number, each.after) for each in rungs(steps)] == [(1, timedelta(seconds=90))]


def test_only_important_steps_are_repeated_and_their_waits_stay() -> None:
    steps = [
        {"wait": 60},
        {"channel": "own"},
        {"wait": 60},
        important(webhook="pager"),
        {"wait": 60},
        {"repeat": 2},
    ]
    ladder = rungs([StepSettings.model_validate(each) for each in steps])
    assert [(each.number, each.lap, each.place, each.after.seconds) for each in ladder] == [
        (1, 1, 1, 60),
        (2, 1, 2, 60),
        (3, 2, 2, 180),
        (4, 3, 2, 180),
    ]


def test_a_chain_without_a_telling_has_no_rung() -> None:
    assert rungs([StepSettings.model_validate({"wait": 60})]) == ()
    assert [kind for _, kind in climb({"wait": 60}).log()] == ["opened"]


def test_critical_alerts_escalate_after_5_15_and_30_minutes_where_a_team_says_nothing() -> None:
    desk = Simulator(rules({"slack": {"operators": "C0OPS"}, "domains": {"web": {"channels": ["C0WEB"]}}}))
    desk.rules = type(desk.rules)(default_operations().alerts, desk.rules.desk)
    desk.fire(severity="critical", domain="web")
    desk.pass_time(minutes(31))
    card = 10 / 60
    assert [round(at - card) for at, kind in desk.log() if kind == "escalated"] == [5, 15, 30]
    assert mentions(desk) == [HERE, None, HERE]
    assert directly(desk) == [("C0OPS", "C0OPS")]


# Whom a step reaches ---------------------------------------------------------------------------
def test_a_step_that_is_not_important_mentions_people_in_the_thread() -> None:
    desk = climb({"person": "ada"}, {"on_call": "desk"}, {"user_group": "S0OPS"}, {"channel": "own"})
    assert mentions(desk) == ["U0ADA", None, "S0OPS", HERE]
    assert directly(desk) == []
    assert desk.facts(EntryKind.ESCALATED)[1]["person"] == "ada", "told a step before, and not again"


def test_an_important_step_tells_people_directly_and_by_e_mail_and_does_not_mention_them() -> None:
    desk = climb(important(person="ada"), important(person="bea"))
    assert mentions(desk) == [None, None]
    assert directly(desk) == [("U0ADA", "U0ADA"), ("ada@example.org", None), ("U0BEA", "U0BEA")]


def test_somebody_without_slack_is_written_to() -> None:
    assert directly(climb({"person": "cyd"})) == [("cyd@example.org", None)]


def test_webhooks_and_addresses_and_other_channels_are_told_directly() -> None:
    desk = climb({"webhook": "pager"}, {"email": "x@example.org"}, {"email": "ada"}, {"channel": "C0ELSE"})
    assert directly(desk) == [
        ("pager", None),
        ("x@example.org", None),
        ("ada@example.org", None),
        ("C0ELSE", "C0ELSE"),
    ]
    assert desk.facts(EntryKind.ESCALATED)[3]["to"] == "C0ELSE"


def test_the_operators_are_mentioned_where_the_card_is_theirs() -> None:
    assert mentions(climb({"channel": "operators"})) == [HERE]


def test_who_is_on_call_is_asked_when_the_step_s_time_comes() -> None:
    desk = climb({"on_call": "desk"}, {"wait": 1800}, {"on_call": "desk"})
    assert [facts["person"] for facts in desk.facts(EntryKind.ESCALATED)] == ["ada", "bea"]


def test_a_step_to_a_schedule_with_nobody_is_written_and_tells_nobody() -> None:
    desk = climb({"on_call": "nobody"})
    assert mentions(desk) == [None]
    assert directly(desk) == []


def test_nobody_is_told_twice_in_one_lap_and_again_in_the_next() -> None:
    desk = climb(important(person="ada"), important(on_call="desk"), {"wait": 600}, {"repeat": 1})
    assert directly(desk) == [
        ("U0ADA", "U0ADA"),
        ("ada@example.org", None),
        ("U0ADA", "U0ADA"),
        ("ada@example.org", None),
    ]
    assert [facts["lap"] for facts in desk.facts(EntryKind.ESCALATED)] == ["1", "1", "2", "2"]


def test_each_lap_tells_everybody_of_it() -> None:
    desk = climb(important(person="bea"), {"wait": 60}, important(person="ada"), {"wait": 600}, {"repeat": 1})
    assert [to for to, channel in directly(desk) if channel] == ["U0BEA", "U0ADA", "U0BEA", "U0ADA"]


def test_channels_and_webhooks_may_be_told_again_in_one_lap() -> None:
    desk = climb({"channel": "own"}, {"channel": "own"}, {"webhook": "pager"}, {"webhook": "pager"})
    assert mentions(desk)[:2] == [HERE, HERE]
    assert directly(desk) == [("pager", None), ("pager", None)]


def test_a_step_that_waits_reaches_nobody() -> None:
    desk = climb({"wait": 60})
    waiting = StepSettings.model_validate({"wait": 60})
    assert reach(waiting, desk.group, desk.rules, desk.now) == Reached()


# Settings --------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "step",
    [
        {},
        {"wait": 60, "channel": "own"},
        {"person": "ada", "webhook": "pager"},
        {"wait": 60, "importance": "important"},
        {"wait": 0},
        {"repeat": 0},
        {"channel": "everywhere"},
        {"user_group": "U0ADA"},
        {"email": "a b@example.org"},
    ],
)
def test_a_step_does_one_thing(step: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        StepSettings.model_validate(step)


def test_a_step_knows_its_way_and_whom_it_names() -> None:
    step = StepSettings.model_validate(important(on_call="desk"))
    assert (step.way, step.to, step.importance) == (Way.ON_CALL, "desk", Importance.IMPORTANT)
    assert (StepSettings.model_validate({"wait": 1}).way, StepSettings.model_validate({"wait": 1}).to) == (
        None,
        "",
    )
