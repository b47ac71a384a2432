"""What follows from a known cause is not news."""

from typing import Any

from contracts.alerts.inhibition import inhibitor, is_source, may_be_inhibited
from contracts.alerts.model import Alert, fingerprint
from contracts.alerts.settings import AlertSettings
from tests.contracts.alerts.simulator import START, WHAT

CRITICAL_HIDES_WARNING = {
    "source": ["severity=critical"],
    "target": ['severity=~"warning|info"'],
    "equal": ["domain"],
}


def rule(*rules: dict[str, Any]) -> AlertSettings:
    return AlertSettings.model_validate({"inhibitions": list(rules)})


def alert(**labels: str) -> Alert:
    return Alert(fingerprint(labels), "test", labels, WHAT, START, START, None, 1, None, None)


def test_a_source_hides_targets_with_equal_labels() -> None:
    settings = rule(CRITICAL_HIDES_WARNING)
    source = alert(severity="critical", domain="web")
    assert is_source(settings, source.labels)
    assert inhibitor(settings, {"severity": "warning", "domain": "web"}, [source]) == source
    assert inhibitor(settings, {"severity": "warning", "domain": "shop"}, [source]) is None
    assert inhibitor(settings, {"severity": "critical", "domain": "web"}, [source]) is None
    assert inhibitor(settings, {"severity": "warning", "domain": "web"}, []) is None


def test_labels_that_both_lack_are_equal() -> None:
    source = alert(severity="critical")
    assert inhibitor(rule(CRITICAL_HIDES_WARNING), {"severity": "info"}, [source]) == source


def test_no_alert_hides_itself() -> None:
    settings = rule({"source": ["a=1"], "target": ["a=1"]})
    one = alert(a="1")
    assert inhibitor(settings, one.labels, [one]) is None


def test_two_that_are_both_source_and_target_do_not_hide_each_other() -> None:
    settings = rule({"source": ["a=1"], "target": ['b=~".*"']})
    one, other = alert(a="1", b="1"), alert(a="1", b="2")
    assert inhibitor(settings, one.labels, [one, other]) is None
    assert inhibitor(settings, other.labels, [one, other]) is None
    assert inhibitor(settings, {"b": "3"}, [one, other]) == one, "this one is a target only"


def test_a_source_that_is_no_target_hides_one_that_is_both() -> None:
    settings = rule({"source": ["a=1"], "target": ["b=1"]})
    source = alert(a="1")
    assert inhibitor(settings, {"a": "1", "b": "1"}, [source]) == source


def test_a_pure_target_is_hidden_by_one_that_is_both() -> None:
    settings = rule({"source": ["a=1"], "target": ["b=1"]})
    both = alert(a="1", b="1")
    assert inhibitor(settings, {"b": "1"}, [both]) == both


def test_what_a_group_is_known_by_tells_whether_members_could_be_hidden() -> None:
    settings = rule(CRITICAL_HIDES_WARNING)
    source = alert(severity="critical", domain="web")
    assert may_be_inhibited(settings, {}, [source])
    assert may_be_inhibited(settings, {"domain": "web"}, [source])
    assert not may_be_inhibited(settings, {"domain": "shop"}, [source])
    assert not may_be_inhibited(settings, {"severity": "critical"}, [source])
    assert not may_be_inhibited(settings, {"domain": "web"}, [])
    assert not may_be_inhibited(settings, {"domain": "web"}, [alert(severity="info", domain="web")])
