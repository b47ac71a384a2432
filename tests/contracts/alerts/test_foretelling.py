"""What is said beforehand is what would happen."""

from datetime import timedelta
from typing import Any

from contracts.alerts.foretelling import Prospect, doubts, prospects
from contracts.alerts.matching import parse_matchers
from contracts.alerts.model import Alert, Hiding, Silence, fingerprint
from contracts.alerts.rules import Rules
from contracts.faults import Fault, Reason
from contracts.notices import CallWebhook, PostAlert
from tests.contracts.alerts.simulator import OPERATORS, START, WHAT, Simulator, chain, minutes, rules

LABELS = {"alertname": "Broken", "domain": "web"}
CHAIN = chain({"wait": 300}, {"channel": "own"}, {"wait": 600}, {"webhook": "pager"}) | {
    "webhooks": {"pager": {"url": "https://pager.example.org/"}}
}


def foretold(
    given: Rules, labels: dict[str, str] = LABELS, *, silences: Any = (), sources: Any = ()
) -> tuple[Prospect, ...]:
    return prospects(given, labels, silences=silences, sources=sources, now=START)


def silence(lasts: timedelta) -> Silence:
    parsed = parse_matchers("domain=web")
    assert not isinstance(parsed, Fault)
    return Silence("s1", parsed, "U0ADA", "", START, START + lasts)


def test_it_says_what_a_desk_then_does() -> None:
    [prospect] = foretold(rules(**CHAIN))
    desk = Simulator(rules(**CHAIN))
    desk.fire(domain="web")
    desk.pass_time(minutes(16))
    said = [((each.at - START) / minutes(1), each.entry.kind.value) for each in prospect.happens]
    assert said == desk.log() == [(0.5, "opened"), (5.5, "escalated"), (15.5, "escalated")]
    notices = [[told.notice for told in each.told] for each in prospect.happens]
    assert notices == [[PostAlert("new")], [], [CallWebhook("new", 3, "pager")]]
    assert (prospect.channel, prospect.hidden) == (OPERATORS, None)


def test_it_says_what_hides_it_and_what_comes_after() -> None:
    [prospect] = foretold(rules(**CHAIN), silences=[silence(minutes(60))])
    assert prospect.hidden is not None
    assert (prospect.hidden.why, prospect.hidden.by) == (Hiding.SILENCE, "s1")
    assert [((each.at - START) / minutes(1), each.entry.kind.value) for each in prospect.happens] == [
        (0, "hidden"),
        (45, "silence-ends"),
        (60, "shown"),
        (60, "opened"),
        (65, "escalated"),
        (75, "escalated"),
    ]


def test_what_is_inhibited_is_never_heard_of() -> None:
    inhibition = {"source": ["alertname=Cause"], "target": ["alertname=Broken"]}
    cause = {"alertname": "Cause"}
    source = Alert(fingerprint(cause), "test", cause, WHAT, START, START, None, 1, None, None)
    [prospect] = foretold(rules(inhibitions=[inhibition]), sources=[source])
    assert [each.entry.kind.value for each in prospect.happens] == ["hidden"]


def test_every_route_that_takes_it_is_told_of() -> None:
    routes = [
        {"match": ["domain=web"], "continue": True, "channel": "C0WEB"},
        {"match": ["alertname=Broken"]},
    ]
    found = foretold(rules(route={"routes": routes}))
    assert [(each.route.path, each.channel) for each in found] == [
        ("{}/{domain=web}", "C0WEB"),
        ("{}/{alertname=Broken}", OPERATORS),
    ]


def test_what_is_muted_every_minute_of_the_year_ends_the_search() -> None:
    always = {"weekdays": ["mon:sun"]}
    [prospect] = foretold(rules(route={"mute": ["always"]}, intervals={"always": always}))
    assert [each.entry.kind.value for each in prospect.happens] == ["hidden"]


def test_what_is_hidden_every_other_hour_ends_the_search_too() -> None:
    """Nothing of it is spoken of: its wait is not over within a year."""
    often = {"times": [{"from": f"{hour:02}:00", "to": f"{hour + 1:02}:00"} for hour in range(0, 24, 2)]}
    route = {"group_wait": 400 * 24 * 3600, "mute": ["often"]}
    [prospect] = foretold(rules(route=route, intervals={"often": often}))
    assert {each.entry.kind.value for each in prospect.happens} == {"hidden", "shown"}


# Doubts ----------------------------------------------------------------------------------------
def test_a_route_without_a_channel_is_doubted() -> None:
    assert [each.reason for each in doubts(rules({}), START)] == [Reason.ALERTS_UNHEARD]
    assert doubts(rules({}, route={"channel": "C0OPS"}), START) == ()
    assert doubts(rules(), START) == ()


def test_a_schedule_with_a_gap_soon_is_doubted() -> None:
    def schedule(start: str, **during: Any) -> Rules:
        layer = {"people": ["ada"], "start": start} | ({"during": during} if during else {})
        return rules(people={"ada": {"slack": "U0ADA"}}, schedules={"desk": {"layers": [layer]}})

    assert doubts(schedule("2026-01-01"), START) == ()
    [late] = doubts(schedule("2026-03-09"), START)
    assert late.reason is Reason.NOBODY_ON_CALL
    assert late.args == {
        "schedule": "desk",
        "since": "2026-03-02T12:00+00:00",
        "until": "2026-03-09T09:00+00:00",
    }
    [never] = doubts(schedule("2030-01-01"), START)
    assert never.args["until"].startswith("2030") or never.args["until"] == "further notice"
    assert doubts(schedule("2026-01-01", weekdays=["mon:fri"]), START)
