"""What is said of a level that does not hold."""

from datetime import UTC, datetime

import pytest

from bot.delivery.wording.faults import explain
from bot.watchdog.breaches import breach, observations
from contracts.alerts.model import fingerprint
from contracts.faults import Reason, fault
from contracts.health import Health, Level, Status
from contracts.measuring import Measure
from tests.delivery.rows import FACTS

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
OF: dict[Measure, dict[str, str]] = {
    measure: {"domain": "web"}
    for measure in (
        Measure.QUEUE_DEPTH,
        Measure.HEAD_AGE,
        Measure.SUMMARY_AGE,
        Measure.QUARANTINED,
        Measure.FAILURE_RATE,
    )
} | {measure: {"component": "lanes"} for measure in (Measure.SILENCE, Measure.RESTARTS, Measure.UNCONSUMED)}


def level(measure: Measure, measured: float = 75, limit: float = 60) -> Level:
    of = OF.get(measure, {})
    return Level(measure, of.get("domain"), measured, limit, NOON, component=of.get("component"))


def health(*levels: Level) -> Health:
    return Health(NOON, Status.DEGRADED, (), (), levels, True, None, 0, None, {})


@pytest.mark.parametrize("measure", Measure)
def test_every_breach_has_its_sentence_with_its_facts(measure: Measure) -> None:
    wrong = breach(level(measure))
    assert set(FACTS[wrong.reason]) <= set(wrong.args)
    said = explain(wrong)
    assert "?" not in said.what + said.hint, "nothing is missing in it"


@pytest.mark.parametrize("measure", Measure)
def test_the_labels_are_the_same_however_bad_it_is(measure: Measure) -> None:
    [bad], [worse] = (observations(health(level(measure, measured))) for measured in (61, 3600))
    assert fingerprint(bad.labels) == fingerprint(worse.labels)


def test_every_measure_is_an_alert_of_its_own() -> None:
    seen = observations(health(*(level(measure) for measure in Measure)))
    assert len({each.labels["alertname"] for each in seen}) == len(Measure)


def test_durations_shares_and_counts_are_said_as_such() -> None:
    age = explain(breach(level(Measure.HEAD_AGE, 3700, 900)))
    assert age.what == "The next patch of `web` has waited 1 h 1 min to be taken up; 15 min is the most."
    rate = explain(breach(level(Measure.FAILURE_RATE, 0.125, 0.05)))
    assert rate.what == "12.5 % of the last patches of `web` failed; 5 % is the most."
    deep = explain(breach(level(Measure.QUEUE_DEPTH, 11, 10)))
    assert deep.what == "11 patches wait for `web`; 10 is the most."


def test_what_the_desk_did_is_said_with_it() -> None:
    silent = level(Measure.SILENCE)
    did = Level(
        silent.name, None, 75, 60, NOON, did=fault(Reason.DID_RESTART, component="lanes"), component="lanes"
    )
    assert explain(breach(silent)).hint == "Its log says what it did last."
    assert explain(breach(did)).hint == "The desk started it again. Its log says what it did last."
