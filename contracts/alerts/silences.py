"""Silences: what is not to be spoken of for a while, because somebody said so."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

from contracts.alerts.matching import matches, parse_matchers
from contracts.alerts.model import Labels, Silence
from contracts.faults import Fault, Reason, fault

LONGEST: Final = timedelta(days=365)


def silence(
    id_: str, matchers: str, *, creator: str, comment: str, starts: datetime, ends: datetime, now: datetime
) -> Silence | Fault:
    """A new silence of what the text *matchers* matches, or why it is none."""
    parsed = parse_matchers(matchers)
    if isinstance(parsed, Fault):
        return parsed
    if matches(parsed, {}):
        return fault(Reason.SILENCE_HIDES_ALL)
    if ends <= max(starts, now):
        return fault(Reason.SILENCE_OVER, ends=ends.isoformat())
    if ends - starts > LONGEST:
        return fault(Reason.SILENCE_TOO_LONG, most=LONGEST.days)
    return Silence(id_, parsed, creator, comment, starts, ends)


def is_active(silence: Silence, now: datetime) -> bool:
    return silence.starts <= now < silence.ends


def silencing(silences: Iterable[Silence], labels: Labels, now: datetime) -> Silence | None:
    """Of the active silences that match *labels*, the one that ends last."""
    hiding = [each for each in silences if is_active(each, now) and matches(each.matchers, labels)]
    return max(hiding, key=lambda each: (each.ends, each.id), default=None)
