"""Groups under a fake clock: a tick at every moment that is due, and what is said when.

Times in the tables are minutes since the start; a group waits for 30 seconds before it is spoken of.
"""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from contracts.alerts.lifecycle import advance
from contracts.alerts.model import EntryKind, GroupState, Severity
from contracts.commands import Acknowledge, LetGo, Resolve, Snooze
from contracts.notices import CallWebhook, EditAlert, TellAlert
from tests.contracts.alerts.simulator import OPERATORS, START, Simulator, chain, minutes, rules

TWO: dict[str, Any] = {
    "webhooks": {name: {"url": "https://pager.example.org/"} for name in ("pager", "later")}
}
PAGER: dict[str, Any] = {"webhooks": {"pager": {"url": "https://pager.example.org/"}}}


def simulator(**alerts: Any) -> Simulator:
    return Simulator(rules(**alerts))


def wait(count: float) -> dict[str, Any]:
    return {"wait": count * 60}


OWN: dict[str, Any] = {"channel": "own"}


# Gathering ---------------------------------------------------------------------------------------
def test_a_group_is_spoken_of_once_after_its_wait() -> None:
    desk = simulator()
    desk.fire(host="a")
    desk.pass_time(minutes(0.4))
    assert desk.said == []
    desk.fire(host="b")
    desk.pass_time(minutes(10))
    assert desk.log() == [(0.5, "opened")]
    assert desk.told() == [(0.5, "post-alert")]
    assert desk.facts(EntryKind.OPENED) == [{"firing": "2", "times": "2"}]
    assert desk.said[0][1].channel == OPERATORS


def test_what_ends_within_the_wait_is_not_spoken_of() -> None:
    desk = simulator()
    desk.fire()
    desk.pass_time(minutes(0.2))
    desk.end()
    desk.pass_time(minutes(20))
    assert desk.said == []
    assert desk.group.state is GroupState.RESOLVED


def test_what_comes_back_after_the_wait_is_spoken_of_at_once() -> None:
    desk = simulator()
    desk.fire()
    desk.pass_time(minutes(0.2))
    desk.end()
    desk.pass_time(minutes(2))
    desk.fire()
    desk.pass_time(minutes(1))
    assert desk.told() == [(2.2, "post-alert")]


def test_a_thousand_equal_failures_are_one_message_whose_count_rises() -> None:
    desk = simulator()
    for _ in range(1000):
        desk.fire()
        desk.pass_time(timedelta(seconds=1))
    assert [kind for _, kind in desk.told()] == ["post-alert", "tell-alert", "tell-alert", "tell-alert"]
    assert desk.log() == [(0.5, "opened"), (5.5, "grew"), (10.5, "grew"), (15.5, "grew")]
    assert [facts["times"] for facts in desk.facts(EntryKind.GREW)] == ["330", "630", "930"]
    desk.pass_time(minutes(10))
    assert desk.facts(EntryKind.GREW)[-1]["times"] == "1000"
    assert desk.group.shown is not None
    assert desk.group.shown.times == 1000


def test_the_card_follows_every_change_and_nothing_else() -> None:
    desk = simulator()
    desk.fire(host="a")
    desk.pass_time(minutes(1))
    before = len(desk.said)
    desk.fire(host="b")
    desk.pass_time(minutes(1))
    assert [each.notice for _, each in desk.said[before:]] == [EditAlert("a1")]
    desk.pass_time(minutes(3))
    assert len(desk.said) == before + 1


def test_what_is_only_still_so_is_said_again_after_the_repeat_interval() -> None:
    desk = simulator(route={"repeat_interval": 3600})
    desk.fire()
    desk.pass_time(minutes(125))
    assert desk.log() == [(0.5, "opened"), (60.5, "repeated"), (120.5, "repeated")]


def test_groups_are_told_by_their_labels() -> None:
    desk = simulator(route={"group_by": ["domain"]})
    desk.fire(domain="web")
    desk.fire(domain="shop", alertname="Other")
    desk.fire(domain="web", alertname="Other")
    desk.pass_time(minutes(1))
    assert sorted((group.labels["domain"], group.firing) for group in desk.groups.values()) == [
        ("shop", 1),
        ("web", 2),
    ]


def test_a_group_is_as_bad_as_its_worst_alert() -> None:
    desk = simulator()
    desk.fire(severity="info")
    desk.fire(severity="critical")
    desk.pass_time(minutes(1))
    assert desk.group.severity is Severity.CRITICAL


# Its end -----------------------------------------------------------------------------------------
def test_a_group_is_over_when_nothing_fired_for_a_while() -> None:
    desk = simulator()
    desk.fire(host="a")
    desk.fire(host="b")
    desk.pass_time(minutes(1))
    desk.end(host="a")
    desk.pass_time(minutes(9))
    assert desk.group.state is GroupState.FIRING
    desk.end(host="b")
    desk.pass_time(minutes(9))
    assert desk.log() == [(0.5, "opened"), (15, "resolved")]
    assert (desk.group.resolved_by, desk.group.due_at) == (None, None)


def test_what_comes_and_goes_stays_one_card() -> None:
    desk = simulator()
    for _ in range(10):
        desk.fire()
        desk.pass_time(minutes(2))
        desk.end()
        desk.pass_time(minutes(4))
    assert len(desk.groups) == 1
    assert [kind for _, kind in desk.told("post-alert")] == ["post-alert"]
    desk.pass_time(minutes(10))
    assert desk.log()[-1] == (61, "resolved")


def test_a_short_return_between_two_ticks_prolongs_the_quiet() -> None:
    desk = simulator()
    desk.fire()
    desk.pass_time(minutes(1))
    desk.end()
    desk.pass_time(minutes(4))
    desk.fire()
    desk.end()
    desk.pass_time(minutes(4))
    assert desk.log() == [(0.5, "opened")]
    desk.pass_time(minutes(1))
    assert desk.log()[-1] == (10, "resolved")


def test_the_quiet_is_counted_from_the_last_end_though_it_came_back_at_once() -> None:
    desk = simulator()
    desk.fire()
    desk.pass_time(minutes(1))
    desk.end()
    desk.pass_time(minutes(0))
    desk.fire()
    desk.pass_time(minutes(4))
    desk.end()
    desk.pass_time(minutes(10))
    assert desk.log() == [(0.5, "opened"), (10, "resolved")]


def test_what_fires_after_the_end_is_a_new_group() -> None:
    desk = simulator()
    desk.fire()
    desk.pass_time(minutes(1))
    desk.end()
    desk.pass_time(minutes(6))
    desk.fire()
    desk.pass_time(minutes(1))
    assert [group.state for group in desk.groups.values()] == [GroupState.RESOLVED, GroupState.FIRING]
    assert [kind for _, kind in desk.told("post-alert")] == ["post-alert"] * 2


# Chains ------------------------------------------------------------------------------------------
def test_a_chain_climbs_while_nobody_acknowledges() -> None:
    desk = simulator(**chain(wait(5), OWN, wait(10), OWN, wait(15), {"webhook": "pager"}), **PAGER)
    desk.fire()
    desk.pass_time(minutes(60))
    assert desk.log() == [(0.5, "opened"), (5.5, "escalated"), (15.5, "escalated"), (30.5, "escalated")]
    assert desk.told("call-webhook") == [(30.5, "call-webhook")]


def test_acknowledging_holds_the_chain_and_letting_go_takes_it_up_where_it_stood() -> None:
    desk = simulator(**chain(wait(5), OWN, wait(10), OWN, wait(15), OWN))
    desk.fire()
    desk.pass_time(minutes(7))
    desk.press(Acknowledge("a1"))
    desk.pass_time(minutes(33))
    desk.press(LetGo("a1"))
    desk.pass_time(minutes(30))
    assert [entry["step"] for entry in desk.facts(EntryKind.ESCALATED)] == ["1", "2", "3"]
    assert [at for at, kind in desk.log() if kind == "escalated"] == [5.5, 40, 55]


def test_who_acknowledged_is_reminded_and_then_it_is_nobody_s() -> None:
    desk = simulator(**chain(wait(5), OWN), remind_after=3600, let_go_after=3 * 3600)
    desk.fire()
    desk.pass_time(minutes(1))
    desk.press(Acknowledge("a1"), "U0ADA")
    desk.pass_time(minutes(190))
    assert desk.log() == [
        (0.5, "opened"),
        (1, "acknowledged"),
        (61, "reminded"),
        (121, "reminded"),
        (181, "let-go"),
        (181, "escalated"),
    ]
    assert desk.facts(EntryKind.REMINDED)[0]["mention"] == "U0ADA"
    assert desk.facts(EntryKind.LET_GO) == [{"from": "U0ADA", "mention": "U0ADA"}]
    assert desk.group.taken is None


def test_what_is_nobody_s_again_is_not_repeated_in_the_same_breath() -> None:
    desk = simulator(route={"repeat_interval": 600}, let_go_after=7200)
    desk.fire()
    desk.pass_time(minutes(1))
    desk.press(Acknowledge("a1"))
    desk.pass_time(minutes(135))
    assert desk.log()[-2:] == [(121, "let-go"), (131, "repeated")]
    desk.press(Acknowledge("a1"))
    desk.pass_time(minutes(30))
    desk.press(LetGo("a1"))
    desk.pass_time(minutes(10))
    assert desk.log()[-2:] == [(166, "let-go"), (176, "repeated")]
    desk.press(Snooze("a1", minutes(30)))
    desk.pass_time(minutes(40))
    assert desk.log()[-2:] == [(206, "woke"), (216, "repeated")]


def test_who_says_again_that_they_see_to_it_has_it_for_as_long_as_if_it_was_new() -> None:
    desk = simulator(remind_after=3600, let_go_after=2 * 3600)
    desk.fire()
    desk.pass_time(minutes(1))
    desk.press(Acknowledge("a1"))
    desk.pass_time(minutes(90))
    desk.press(Acknowledge("a1"))
    desk.pass_time(minutes(100))
    assert [at for at, kind in desk.log() if kind == "reminded"] == [61, 151]
    assert desk.group.state is GroupState.ACKNOWLEDGED


def test_growth_is_told_to_who_has_it_and_repeats_are_not() -> None:
    desk = simulator(route={"repeat_interval": 600})
    desk.fire()
    desk.pass_time(minutes(1))
    desk.press(Acknowledge("a1"))
    desk.fire(host="more")
    desk.pass_time(minutes(40))
    assert [kind for _, kind in desk.log()] == ["opened", "acknowledged", "grew"]


def test_a_snoozed_group_is_quiet_until_it_wakes() -> None:
    desk = simulator(**chain(wait(5), OWN))
    desk.fire()
    desk.pass_time(minutes(1))
    desk.press(Snooze("a1", minutes(30)), "U0ADA")
    desk.fire(host="more")
    desk.pass_time(minutes(40))
    assert desk.log() == [(0.5, "opened"), (1, "snoozed"), (31, "woke"), (31, "escalated")]
    assert desk.facts(EntryKind.WOKE) == [{"by": "U0ADA", "mention": "U0ADA"}]


def test_a_snoozed_group_whose_cause_ends_is_over_and_never_wakes() -> None:
    desk = simulator()
    desk.fire()
    desk.pass_time(minutes(1))
    desk.press(Snooze("a1", minutes(30)))
    desk.end()
    desk.pass_time(minutes(60))
    assert [kind for _, kind in desk.log()] == ["opened", "snoozed", "resolved"]


def test_a_late_tick_does_one_thing_once_and_later_steps_wait_from_then() -> None:
    desk = simulator(**chain(wait(5), OWN, wait(10), OWN, wait(10), OWN))
    desk.fire()
    desk.pass_time(minutes(1))
    desk.now = START + minutes(60)
    desk.pass_time(minutes(30))
    assert [at for at, kind in desk.log() if kind == "escalated"] == [60, 70, 80]


def test_a_chain_that_the_file_has_no_more_stands_still() -> None:
    desk = simulator(**chain(wait(5), OWN, wait(5), OWN))
    desk.fire()
    desk.pass_time(minutes(6))
    desk.rules = rules()
    desk.pass_time(minutes(30))
    assert [kind for _, kind in desk.log()] == ["opened", "escalated"]
    assert desk.group.climb is not None
    assert (desk.group.climb.step, desk.group.climb.next_at) == (1, None)


# Those who were called elsewhere -----------------------------------------------------------------
def test_a_webhook_that_was_called_hears_what_becomes_of_it() -> None:
    desk = simulator(
        **chain({"webhook": "pager"}, {"webhook": "pager"}, wait(60), {"webhook": "later"}), **TWO
    )
    desk.fire()
    desk.pass_time(minutes(1))
    desk.press(Acknowledge("a1"))
    desk.end()
    desk.pass_time(minutes(10))
    called = [(at, each.notice) for at, each in desk.said if each.notice.kind == "call-webhook"]
    assert called == [
        (0.5, CallWebhook("a1", 2, "pager")),
        (0.5, CallWebhook("a1", 3, "pager")),
        (1, CallWebhook("a1", 4, "pager")),
        (6, CallWebhook("a1", 5, "pager")),
    ]


# What hides --------------------------------------------------------------------------------------
def test_a_silenced_group_is_not_spoken_of_until_the_silence_ends_and_then_at_once() -> None:
    desk = simulator(**chain(wait(5), OWN))
    desk.silence("domain=web", lasts=minutes(60))
    desk.fire(domain="web")
    desk.pass_time(minutes(59))
    assert desk.said == []
    desk.pass_time(minutes(10))
    assert desk.told() == [(60, "post-alert"), (65, "tell-alert")]
    assert desk.log()[:3] == [(0, "hidden"), (45, "silence-ends"), (60, "shown")]


def test_the_coming_end_of_a_silence_is_told_in_the_thread_of_what_it_hides() -> None:
    desk = simulator(**chain(wait(5), OWN))
    desk.fire()
    desk.pass_time(minutes(1))
    desk.silence("alertname=Broken", lasts=minutes(60))
    desk.pass_time(minutes(80))
    assert desk.log() == [
        (0.5, "opened"),
        (1, "hidden"),
        (46, "silence-ends"),
        (61, "shown"),
        (61, "escalated"),
    ]
    [ends] = desk.facts(EntryKind.SILENCE_ENDS)
    assert (ends["silence"], ends["mention"]) == ("s1", "U0ADA")


def test_a_silence_shorter_than_the_notice_ends_without_one() -> None:
    desk = simulator()
    desk.fire()
    desk.pass_time(minutes(1))
    desk.silence("alertname=Broken", lasts=minutes(10))
    desk.pass_time(minutes(15))
    assert [kind for _, kind in desk.log()] == ["opened", "hidden", "shown"]


def test_a_silence_that_is_ended_early_lets_its_groups_be_heard_at_once() -> None:
    desk = simulator()
    desk.fire()
    desk.pass_time(minutes(1))
    silence = desk.silence("alertname=Broken", lasts=minutes(60))
    desk.pass_time(minutes(9))
    desk.unsilence(silence)
    desk.pass_time(minutes(1))
    assert desk.log()[-1] == (10, "shown")


def test_a_silence_that_begins_later_hides_from_then() -> None:
    desk = simulator()
    desk.fire()
    desk.silence("alertname=Broken", lasts=minutes(5), starts=START + minutes(20))
    desk.pass_time(minutes(40))
    assert desk.log() == [(0.5, "opened"), (20, "hidden"), (25, "shown")]


def test_one_alert_that_is_not_silenced_is_enough_to_be_heard() -> None:
    desk = simulator()
    desk.silence("host=a", lasts=minutes(60))
    desk.fire(host="a")
    desk.fire(host="b")
    desk.pass_time(minutes(1))
    assert desk.told() == [(0.5, "post-alert")]
    desk.end(host="b")
    desk.pass_time(minutes(1))
    assert desk.log()[-1] == (1, "hidden")
    desk.fire(host="c")
    desk.pass_time(minutes(1))
    assert desk.log()[-1] == (2, "shown")


def test_one_silence_after_the_other_hides_without_a_word_between() -> None:
    desk = simulator()
    desk.silence("host=a", lasts=minutes(30))
    desk.silence("host=~a", lasts=minutes(60), starts=START + minutes(20))
    desk.fire(host="a")
    desk.pass_time(minutes(90))
    assert desk.log() == [(0, "hidden"), (65, "silence-ends"), (80, "shown"), (80, "opened")]


def test_that_people_silenced_it_is_said_and_what_hides_by_itself_is_only_shown() -> None:
    desk = simulator(route={"mute": ["night"]}, intervals={"night": NIGHT})
    desk.fire()
    desk.pass_time(minutes(1))
    desk.silence("alertname=Broken", lasts=minutes(5))
    desk.pass_time(minutes(30))
    assert desk.log() == [(0.5, "opened"), (1, "hidden"), (6, "shown"), (10, "hidden")]
    assert desk.told("tell-alert") == [(1, "tell-alert"), (6, "tell-alert")]
    assert desk.told("edit-alert")[-1] == (10, "edit-alert")


def test_a_cause_that_comes_and_goes_does_not_fill_the_threads_of_its_effects() -> None:
    desk = simulator(**INHIBITED)
    effect = {"severity": "warning", "domain": "web", "alertname": "Effect"}
    cause = {"severity": "critical", "domain": "web", "alertname": "Cause"}
    desk.fire(**effect)
    desk.pass_time(minutes(10))
    for _ in range(10):
        desk.fire(**cause)
        desk.pass_time(minutes(1))
        desk.end(**cause)
        desk.pass_time(minutes(1))
    replies = [
        at for at, each in desk.said if each.notice == TellAlert("a1", getattr(each.notice, "entry", 0))
    ]
    assert replies == [11, 17, 23, 29]


INHIBITED: dict[str, Any] = {
    "inhibitions": [{"source": ["severity=critical"], "target": ["severity=warning"], "equal": ["domain"]}],
    "route": {"group_by": ["alertname", "severity"]},
}


def test_an_inhibited_group_is_heard_as_soon_as_the_cause_has_ended() -> None:
    desk = simulator(**INHIBITED)
    desk.fire(severity="critical", domain="web", alertname="Cause")
    desk.fire(severity="warning", domain="web", alertname="Effect")
    desk.pass_time(minutes(30))
    assert desk.told() == [(0.5, "post-alert")]
    effect = next(group for group in desk.groups.values() if group.labels["alertname"] == "Effect")
    assert effect.hidden is not None
    assert effect.hidden.by == "Cause"
    desk.end(severity="critical", domain="web", alertname="Cause")
    desk.pass_time(minutes(1))
    assert desk.told("post-alert") == [(0.5, "post-alert"), (30, "post-alert")]


def test_a_cause_that_comes_later_hides_what_was_spoken_of() -> None:
    desk = simulator(**INHIBITED)
    desk.fire(severity="warning", domain="web", alertname="Effect")
    desk.pass_time(minutes(10))
    desk.fire(severity="critical", domain="web", alertname="Cause")
    desk.pass_time(minutes(10))
    assert [kind for _, kind in desk.log()] == ["opened", "hidden", "opened"]


NIGHT: dict[str, Any] = {"times": [{"from": "12:10", "to": "13:00"}]}


def test_a_mute_time_of_the_route_hides_its_groups() -> None:
    desk = simulator(
        route={"chain": "all", "mute": ["night"]},
        chains={"all": [wait(5), OWN, wait(10), OWN]},
        intervals={"night": NIGHT},
    )
    desk.fire()
    desk.pass_time(minutes(90))
    assert desk.log() == [
        (0.5, "opened"),
        (5.5, "escalated"),
        (10, "hidden"),
        (60, "shown"),
        (60, "escalated"),
    ]


def test_outside_of_its_active_times_a_route_says_nothing() -> None:
    desk = simulator(route={"active": ["office"]}, intervals={"office": NIGHT})
    desk.fire()
    desk.pass_time(minutes(90))
    assert desk.log() == [(0, "hidden"), (10, "shown"), (10, "opened"), (60, "hidden")]


def test_maintenance_hides_what_it_matches() -> None:
    desk = simulator(
        route={"group_by": ["domain"]},
        intervals={"night": NIGHT},
        maintenance=[{"interval": "night", "match": ["domain=web"]}],
    )
    desk.pass_time(minutes(15))
    desk.fire(domain="web")
    desk.fire(domain="shop")
    desk.pass_time(minutes(60))
    posts = [(at, each.notice) for at, each in desk.said if each.notice.kind == "post-alert"]
    assert [at for at, _ in posts] == [15.5, 60]


def test_who_has_a_hidden_group_is_not_reminded_of_it() -> None:
    desk = simulator(remind_after=600, let_go_after=7200)
    desk.fire()
    desk.pass_time(minutes(1))
    desk.press(Acknowledge("a1"))
    desk.silence("alertname=Broken", lasts=minutes(60))
    desk.pass_time(minutes(65))
    assert [(at, kind) for at, kind in desk.log() if kind == "reminded"] == [(61, "reminded")]


# When Slack is out of reach ----------------------------------------------------------------------
ROUND: dict[str, Any] = (
    chain(
        wait(30),
        OWN,
        {"webhook": "pager"},
        wait(30),
        {"email": "office@example.org"},
    )
    | PAGER
)


def test_webhooks_and_mails_go_first_while_slack_is_out_of_reach_each_once() -> None:
    desk = simulator(**ROUND)
    desk.reachable = False
    desk.fire()
    desk.pass_time(minutes(90))
    assert desk.log() == [(0.5, "opened"), (5.5, "fell-back"), (10.5, "fell-back"), (30.5, "escalated")]
    assert desk.told("call-webhook", "mail-alert") == [(5.5, "call-webhook"), (10.5, "mail-alert")]
    facts = desk.facts(EntryKind.FELL_BACK)[0]
    assert (facts["way"], facts["to"]) == ("webhook", "pager")
    assert facts["since"] == (START + minutes(0.5)).isoformat()


def test_nothing_falls_back_where_people_have_heard() -> None:
    desk = simulator(**ROUND)
    desk.fire()
    desk.pass_time(minutes(90))
    assert "fell-back" not in [kind for _, kind in desk.log()]
    assert desk.told("call-webhook", "mail-alert") == [(30.5, "call-webhook"), (60.5, "mail-alert")]


def test_nothing_falls_back_once_slack_is_back() -> None:
    desk = simulator(**ROUND)
    desk.reachable = False
    desk.fire()
    desk.pass_time(minutes(4))
    desk.unheard_since.clear()
    desk.pass_time(minutes(20))
    assert [kind for _, kind in desk.log()] == ["opened"]


def test_nothing_falls_back_of_what_somebody_has_taken() -> None:
    desk = simulator(**ROUND)
    desk.reachable = False
    desk.fire()
    desk.pass_time(minutes(2))
    desk.press(Acknowledge("a1"), "operator")
    desk.pass_time(minutes(20))
    assert [kind for _, kind in desk.log()] == ["opened", "acknowledged"]


def test_a_chain_without_another_way_has_none_to_fall_back_on() -> None:
    desk = simulator(**chain(wait(30), OWN))
    desk.reachable = False
    desk.fire()
    desk.pass_time(minutes(20))
    assert [kind for _, kind in desk.log()] == ["opened"]


# Ticks -------------------------------------------------------------------------------------------
@pytest.mark.parametrize("every", [0.25, 1, 7])
def test_ticking_earlier_or_more_often_than_due_changes_nothing(every: float) -> None:
    def live(desk: Simulator, *, restless: bool) -> Simulator:
        def pass_time(count: float) -> None:
            end = desk.now + minutes(count)
            while restless and desk.now + minutes(every) < end:
                desk.pass_time(minutes(every))
                for group in list(desk.groups.values()):
                    if group.state is not GroupState.RESOLVED:
                        desk.groups[group.id] = replace(group, due_at=desk.now)
                before = (len(desk.entries), len(desk.said), desk.groups)
                desk.tick()
                assert (len(desk.entries), len(desk.said)) == before[:2]
            desk.pass_time(end - desk.now)

        desk.silence("domain=web", lasts=minutes(40), starts=START + minutes(50))
        desk.fire(domain="web")
        pass_time(3)
        desk.fire(domain="web")
        pass_time(20)
        desk.press(Acknowledge("a1"))
        pass_time(300)
        desk.press(Snooze("a1", minutes(45)))
        pass_time(60)
        desk.end(domain="web")
        pass_time(30)
        return desk

    settings = chain(wait(5), OWN, wait(10), OWN, {"webhook": "pager"}) | PAGER
    calm = live(simulator(**settings), restless=False)
    restless = live(simulator(**settings), restless=True)
    assert calm.log() == restless.log()
    assert calm.told("edit-alert") == restless.told("edit-alert")
    assert {kind for _, kind in calm.log()} >= {"grew", "escalated", "hidden", "reminded", "woke", "resolved"}


def test_a_group_that_is_over_is_never_touched_again() -> None:
    desk = simulator()
    desk.fire()
    desk.pass_time(minutes(1))
    desk.press(Resolve("a1"))
    before = desk.group
    assert advance(before, desk.view(before), desk.rules, START + minutes(10)) is None


def test_without_any_channel_nothing_goes_to_slack_and_the_chain_climbs_all_the_same() -> None:
    desk = Simulator(rules({"domains": {}}, **ROUND))
    desk.fire()
    desk.pass_time(minutes(90))
    assert desk.told() == [(30.5, "call-webhook"), (60.5, "mail-alert")]
    assert [kind for _, kind in desk.log()] == ["opened", "escalated", "escalated", "escalated"]
