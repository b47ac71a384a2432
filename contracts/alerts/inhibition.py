"""Alerts that hide others while they fire: what follows from a known cause is not news."""

from collections.abc import Iterable

from contracts.alerts.matching import matches, may_match
from contracts.alerts.model import Alert, Labels
from contracts.alerts.settings import AlertSettings, InhibitionSettings


def is_source(settings: AlertSettings, labels: Labels) -> bool:
    """Whether some rule lets an alert of *labels* hide others."""
    return any(matches(rule.sources, labels) for rule in settings.inhibitions)


def inhibitor(settings: AlertSettings, labels: Labels, sources: Iterable[Alert]) -> Alert | None:
    """The firing alert of *sources* that hides an alert of *labels*.

    Two that are both source and target of a rule do not hide each other by it, or nobody would hear of
    either; and so no alert hides itself.
    """
    for rule in settings.inhibitions:
        if not matches(rule.targets, labels):
            continue
        is_both = matches(rule.sources, labels)
        for source in sources:
            if _hides(rule, source.labels, labels, is_both=is_both):
                return source
    return None


def _hides(rule: InhibitionSettings, source: Labels, target: Labels, *, is_both: bool) -> bool:
    if not matches(rule.sources, source) or (is_both and matches(rule.targets, source)):
        return False
    return all(source.get(name, "") == target.get(name, "") for name in rule.equal)


def may_be_inhibited(settings: AlertSettings, known: Labels, sources: Iterable[Alert]) -> bool:
    """Whether one of *sources* could hide an alert of which only the labels *known* are known."""
    there = tuple(sources)
    return any(
        may_match(rule.targets, known)
        and any(
            matches(rule.sources, source.labels)
            and all(name not in known or source.labels.get(name, "") == known[name] for name in rule.equal)
            for source in there
        )
        for rule in settings.inhibitions
    )
