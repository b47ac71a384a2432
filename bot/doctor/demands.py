"""What a domain demands: whether somebody could approve, what is protected, windows that never end."""

from collections.abc import Iterator
from datetime import datetime

from bot.doctor.findings import Finding, Health, Symptom, found
from contracts.intervals import covering, next_change
from contracts.settings import DomainSettings, FreezeSettings, Submitters


def demands(name: str, settings: DomainSettings, *, now: datetime) -> Iterator[Finding]:
    """What keeps patches of the domain *name* from landing, or lets them, perhaps more than was meant."""
    area = f"domain {name}"
    yield from _approvers(area, settings)
    if not settings.protected:
        yield found(area, Health.NOTE, Symptom.PROTECTED_NONE)
    for window in settings.freeze:
        yield from _window(area, window, now)


def _approvers(area: str, settings: DomainSettings) -> Iterator[Finding]:
    """Nobody approves their own: one person is too few, unless others submit."""
    submitter, approver = _only(settings.submitters), _only(settings.approvers)
    named = settings.approvers.users or settings.approvers.groups
    alone = approver if named else submitter
    if alone is None:
        return
    if submitter == alone:
        yield found(area, Health.WRONG, Symptom.APPROVERS_NONE, user=alone)
    else:
        yield found(area, Health.NOTE, Symptom.APPROVERS_ONE, user=alone)


def _only(people: Submitters) -> str | None:
    """The one person that is meant; None: several, a group, or everybody."""
    if people.groups or len(people.users) != 1:
        return None
    (user,) = people.users
    return user


def _window(area: str, window: FreezeSettings, now: datetime) -> Iterator[Finding]:
    span = covering(window, now)
    if span is not None and span.ends is None:
        yield found(area, Health.WRONG, Symptom.FREEZE_ENDLESS, why=window.why)
    if span is None and next_change(window, now) is None:
        yield found(area, Health.NOTE, Symptom.FREEZE_OVER, why=window.why)
