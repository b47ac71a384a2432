"""Who is heard, and who may submit what from where."""

import pytest

from contracts.commands import Actor, ActorKind, Place
from contracts.faults import Reason
from contracts.policy import (
    Allowed,
    Denied,
    hears,
    may_approve,
    may_close,
    may_halt,
    may_replay,
    may_silence,
    may_steer,
    may_submit,
    sees_alert,
    sees_silence,
)
from contracts.settings import ApproverSettings, DomainSettings, Settings, SlackSettings, Submitters

HERE = Place("C01HERE", "1.1", "1.1")
ELSEWHERE = Place("C02ELSE", "1.1", "1.1")
SETTINGS = Settings(
    domains={
        "open": DomainSettings(channels=("C01HERE",)),
        "closed": DomainSettings(
            channels=("C01HERE",),
            submitters=Submitters(users=frozenset({"U01ANN"}), groups=frozenset({"S01DEVS"})),
        ),
    },
    slack=SlackSettings(allow_bots={"C01HERE": frozenset({"B01GOOD"})}),
)


def person(user: str, *groups: str) -> Actor:
    return Actor(ActorKind.PERSON, user, user, f"{user}@example.org", frozenset(groups))


def bot(name: str) -> Actor:
    return Actor(ActorKind.BOT, name, name, "")


def _reason(decision: Allowed | Denied) -> Reason:
    assert isinstance(decision, Denied)
    return decision.fault.reason


def test_everybody_in_its_channel_may_submit_to_a_domain_that_names_nobody() -> None:
    assert may_submit(SETTINGS, person("U09ANY"), "open", HERE) == Allowed()


def test_a_domain_takes_nothing_from_a_channel_it_does_not_listen_to() -> None:
    assert _reason(may_submit(SETTINGS, person("U01ANN"), "open", ELSEWHERE)) is Reason.DOMAIN_NOT_HERE


def test_a_dialog_opened_nowhere_reaches_no_domain() -> None:
    assert _reason(may_submit(SETTINGS, person("U01ANN"), "open", Place())) is Reason.DOMAIN_NOT_HERE


def test_named_people_and_members_of_named_groups_may_submit() -> None:
    assert may_submit(SETTINGS, person("U01ANN"), "closed", HERE) == Allowed()
    assert may_submit(SETTINGS, person("U09BEN", "S01DEVS"), "closed", HERE) == Allowed()


def test_anybody_else_is_told_no() -> None:
    decision = may_submit(SETTINGS, person("U09BEN", "S02OPS"), "closed", HERE)
    assert _reason(decision) is Reason.NOT_A_SUBMITTER


def test_the_operator_of_the_machine_may_always_submit() -> None:
    operator = Actor(ActorKind.OPERATOR, "root", "root", "root@localhost")
    assert may_submit(SETTINGS, operator, "closed", Place()) == Allowed()


def test_other_bots_are_not_heard_unless_the_channel_lists_them() -> None:
    assert hears(SETTINGS, person("U09ANY"), HERE)
    assert hears(SETTINGS, bot("B01GOOD"), HERE)
    assert not hears(SETTINGS, bot("B01GOOD"), ELSEWHERE)
    assert not hears(SETTINGS, bot("B02EVIL"), HERE)


def test_a_bot_the_channel_lists_submits_to_the_channels_domains() -> None:
    assert may_submit(SETTINGS, bot("B01GOOD"), "closed", HERE) == Allowed()


# Alerts ----------------------------------------------------------------------------------------
WITH_OPERATORS = SETTINGS.model_copy(update={"slack": SlackSettings(operators="C0OPS")})


@pytest.mark.parametrize(
    ("domain", "channel", "home", "seen"),
    [
        ("open", "C01HERE", None, True),
        ("open", "C02ELSE", None, False),
        ("open", "C02ELSE", "C02ELSE", True),
        ("open", "C0OPS", None, True),
        ("open", None, None, True),
        ("gone", "C01HERE", None, False),
        (None, "C0OPS", None, True),
        (None, "C01HERE", None, False),
        (None, "C01HERE", "C01HERE", True),
        (None, None, None, True),
    ],
)
def test_an_alert_is_seen_where_its_domain_listens_and_where_its_card_is(
    domain: str | None, channel: str | None, home: str | None, seen: bool
) -> None:
    assert sees_alert(WITH_OPERATORS, domain, channel, home) is seen


def test_without_an_operators_channel_the_desks_own_alerts_are_everybodys_whom_it_serves() -> None:
    assert sees_alert(SETTINGS, None, "C01HERE", None)
    assert not sees_alert(SETTINGS, None, "C02ELSE", None)


@pytest.mark.parametrize(
    ("domain", "channel", "seen"),
    [
        ("open", "C01HERE", True),
        ("open", "C02ELSE", False),
        ("gone", "C01HERE", False),
        (None, "C01HERE", True),
        (None, "C02ELSE", False),
        (None, "C0OPS", True),
        ("gone", None, True),
    ],
)
def test_a_silence_is_seen_where_it_could_hide_something(
    domain: str | None, channel: str | None, seen: bool
) -> None:
    assert sees_silence(WITH_OPERATORS, domain, channel) is seen


def test_a_channel_silences_its_own_domains_and_the_operators_everything() -> None:
    ann, ops = person("U01ANN"), Place("C0OPS")
    assert may_silence(WITH_OPERATORS, ann, "open", HERE) == Allowed()
    assert may_silence(WITH_OPERATORS, ann, None, ops) == Allowed()
    for domain, place in (("open", ELSEWHERE), (None, HERE), ("open", Place())):
        assert _reason(may_silence(WITH_OPERATORS, ann, domain, place)) is Reason.SILENCE_ELSEWHERE
    on_the_machine = Actor(ActorKind.OPERATOR, "root", "root", "")
    assert may_silence(WITH_OPERATORS, on_the_machine, None, Place()) == Allowed()


# Approvals -------------------------------------------------------------------------------------
APPROVALS = Settings(
    domains={
        "open": DomainSettings(channels=("C01HERE",)),
        "closed": SETTINGS.domains["closed"],
        "named": DomainSettings(
            channels=("C01HERE",),
            approvers=ApproverSettings(users=frozenset({"U01CAP"}), groups=frozenset({"S01LEADS"})),
        ),
    }
)
OPERATOR = Actor(ActorKind.OPERATOR, "root", "root", "")


@pytest.mark.parametrize("domain", ["open", "closed", "named"])
@pytest.mark.parametrize("owner", [person("U01CAP"), bot("B01GOOD"), OPERATOR])
def test_nobody_approves_what_they_asked_for(domain: str, owner: Actor) -> None:
    assert _reason(may_approve(APPROVALS, owner, owner, domain, HERE)) is Reason.OWN_PATCH


@pytest.mark.parametrize(
    ("domain", "actor", "place", "may"),
    [
        ("open", person("U09ANY"), HERE, True),
        ("open", person("U09ANY"), ELSEWHERE, False),
        ("closed", person("U01ANN"), HERE, True),
        ("closed", person("U09ANY"), HERE, False),
        ("closed", person("U09ANY", "S01DEVS"), HERE, True),
        ("named", person("U01CAP"), ELSEWHERE, True),
        ("named", person("U09ANY", "S01LEADS"), HERE, True),
        ("named", person("U09ANY"), HERE, False),
        ("named", OPERATOR, Place(), True),
        ("open", bot("B02OTHER"), HERE, False),
        ("gone", person("U09ANY"), HERE, False),
    ],
)
def test_another_named_person_approves(domain: str, actor: Actor, place: Place, may: bool) -> None:
    decision = may_approve(APPROVALS, actor, person("U05ADA"), domain, place)
    assert (decision == Allowed()) is may
    assert may or _reason(decision) is Reason.NOT_AN_APPROVER


# The course of things ---------------------------------------------------------------------------
OPERATORS = Place("C09OPS", "1.1", "1.1")
STEERED = SETTINGS.model_copy(update={"slack": SlackSettings(operators="C09OPS")})
OWNER = person("U07OWNER")
MACHINE = Actor(ActorKind.OPERATOR, "root", "root", "")


@pytest.mark.parametrize(
    ("actor", "domain", "place", "may"),
    [
        (OWNER, "closed", ELSEWHERE, True),
        (person("U01ANN"), "closed", HERE, True),
        (person("U08NEW", "S01DEVS"), "closed", HERE, True),
        (person("U08NEW"), "closed", HERE, False),
        (person("U01ANN"), "closed", ELSEWHERE, False),
        (person("U08NEW"), "open", HERE, True),
        (person("U08NEW"), "closed", OPERATORS, True),
        (bot("B01GOOD"), "open", HERE, False),
        (bot("B01GOOD"), "open", OPERATORS, False),
        (MACHINE, "closed", Place(), True),
    ],
)
def test_a_patch_is_steered_by_who_asked_for_it_and_by_those_of_its_domain(
    actor: Actor, domain: str, place: Place, may: bool
) -> None:
    decided = may_steer(STEERED, actor, OWNER, domain, place)
    assert isinstance(decided, Allowed) is may
    if not may:
        assert _reason(decided) is Reason.NOT_YOURS


def test_a_bot_may_steer_what_it_asked_for() -> None:
    assert may_steer(STEERED, bot("B01GOOD"), bot("B01GOOD"), "open", HERE) == Allowed()


def test_a_domain_is_closed_where_it_listens_by_those_who_may_submit() -> None:
    assert may_close(STEERED, person("U01ANN"), "closed", HERE) == Allowed()
    assert may_close(STEERED, person("U09ANY"), "closed", OPERATORS) == Allowed()
    assert _reason(may_close(STEERED, person("U09ANY"), "closed", HERE)) is Reason.NOT_A_SUBMITTER
    assert _reason(may_close(STEERED, OWNER, "open", ELSEWHERE)) is Reason.NOT_STEERED_HERE
    assert _reason(may_close(STEERED, bot("B01GOOD"), "open", HERE)) is Reason.NOT_STEERED_HERE


def test_only_operators_halt_the_desk() -> None:
    assert may_halt(STEERED, MACHINE, Place()) == Allowed()
    assert may_halt(STEERED, person("U09ANY"), OPERATORS) == Allowed()
    assert _reason(may_halt(STEERED, person("U01ANN"), HERE)) is Reason.NOT_AN_OPERATOR
    assert _reason(may_halt(SETTINGS, person("U01ANN"), Place())) is Reason.NOT_AN_OPERATOR
    assert _reason(may_halt(STEERED, bot("B01GOOD"), OPERATORS)) is Reason.NOT_AN_OPERATOR


def test_having_asked_once_is_no_right_to_ask_again() -> None:
    assert _reason(may_replay(STEERED, OWNER, "closed", HERE)) is Reason.NOT_A_SUBMITTER
    assert may_replay(STEERED, person("U01ANN"), "closed", HERE) == Allowed()
    assert may_replay(STEERED, person("U09ANY"), "closed", OPERATORS) == Allowed()
    assert may_replay(STEERED, MACHINE, "closed", Place()) == Allowed()
