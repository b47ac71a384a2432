"""Freeze windows: which domains the settings close now, and which they open again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from contracts.control import Closed, CloseDomain, Closing, OpenDomain
from contracts.intervals import covering
from contracts.settings import DomainSettings, Settings

#: Who closes a domain by its settings.
BY_SETTINGS: Final = ""


def frozen_by_settings(domain: str, rules: DomainSettings, now: datetime) -> Closed | None:
    """The window that *now* lies in; of several the one that lasts longest."""
    found: Closed | None = None
    for window in rules.freeze:
        span = covering(window, now)
        if span is None:
            continue
        closed = Closed(domain, Closing.FROZEN, BY_SETTINGS, window.why, span.starts, span.ends)
        if found is None or outlasts(closed, found):
            found = closed
    return found


def outlasts(one: Closed, other: Closed) -> bool:
    if other.until is None:
        return False
    return one.until is None or one.until > other.until


def freezes(
    settings: Settings, closed: Sequence[Closed], now: datetime
) -> tuple[CloseDomain | OpenDomain, ...]:
    """What makes *closed* be as the windows say, and ends what is over.

    A person's freeze stays where it lasts longer.
    """
    frozen = {each.domain: each for each in closed if each.closing is Closing.FROZEN}
    found = {name: frozen_by_settings(name, rules, now) for name, rules in settings.domains.items()}
    windows = {name: window for name, window in found.items() if window is not None}
    closes = [CloseDomain(each) for name, each in windows.items() if _is_due(each, frozen.get(name))]
    opens = [
        OpenDomain(domain, Closing.FROZEN, each)
        for domain, each in frozen.items()
        if domain not in windows and (is_over(each, now) or each.by == BY_SETTINGS)
    ]
    return (*closes, *opens)


def is_over(closed: Closed, now: datetime) -> bool:
    return closed.until is not None and closed.until <= now


def _is_due(window: Closed, present: Closed | None) -> bool:
    if present is None:
        return True
    if present.by != BY_SETTINGS:
        return outlasts(window, present)
    return (window.until, window.why) != (present.until, present.why)
