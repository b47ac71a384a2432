"""Silences: what is not to be spoken of for a while, because somebody said so."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

from contracts.alerts.matching import matches, parse_matchers, spelled
from contracts.alerts.model import EntryKind, GroupChange, Labels, Silence, SilenceChange
from contracts.alerts.rules import Rules
from contracts.faults import Fault, Reason, fault
from contracts.notices import NewDelivery, TellOperators

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


def silencing(silences: Iterable[Silence], labels: Labels, now: datetime) -> Silence | None:
    """Of the silences that hide an alert of *labels* from *now* on without a gap, the one that ends last."""
    near = (each for each in silences if each.ends > now and matches(each.matchers, labels))
    last: Silence | None = None
    for each in sorted(near, key=lambda each: (each.starts, each.id)):
        if each.starts > (last.ends if last else now):
            break
        if last is None or each.ends > last.ends:
            last = each
    return last


def announcements(
    changes: Iterable[GroupChange], silences: Iterable[Silence], rules: Rules
) -> tuple[SilenceChange, ...]:
    """The silences whose coming end *changes* note for groups without a card, and so without a thread.

    The operators are told of each, once, however many groups it hides.
    """
    unseen = {
        entry.facts.get("silence")
        for change in changes
        for entry in change.entries
        if entry.kind is EntryKind.SILENCE_ENDS and change.after.spoken is None
    }
    return tuple(
        SilenceChange(replace(each, announced=True), _to_operators(each, rules))
        for each in silences
        if each.id in unseen and not each.announced
    )


def _to_operators(silence: Silence, rules: Rules) -> tuple[NewDelivery, ...]:
    operators = rules.desk.slack.operators
    if operators is None:
        return ()
    ends = silence.ends.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
    what = spelled(silence.matchers)
    ending = fault(Reason.SILENCE_ENDS, silence=silence.id, matchers=what, ends=ends)
    return (NewDelivery(TellOperators(ending), operators),)
