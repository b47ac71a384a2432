"""What came in and could not be read, and what was to be said and does not arrive, as alerts."""

from datetime import datetime, timedelta
from typing import Final

from contracts.alerts.model import NAME, SEVERITY, Observation, Severity
from contracts.faults import Reason, fault
from contracts.notices import EditAlert
from contracts.ports import AuditEntry
from contracts.records import FailingDeliveries

LOST: Final = "delivery-lost"
UNREADABLE: Final = "unreadable"
_EDIT: Final = EditAlert("").kind
#: What the audit has that is an alert.
ACTIONS: Final = (LOST, UNREADABLE)
#: It cannot end, having happened; so long after the last time it is over.
OVER_AFTER: Final = timedelta(hours=1)
#: Between two tries a delivery is in hand and not among those that wait.
UNSEEN_FOR: Final = timedelta(minutes=5)


def noted(entry: AuditEntry, at: datetime) -> Observation | None:
    """Of an entry of the audit whose action is one of ACTIONS; its detail is `subject: why`.

    None for the edit of an alert's card: every count is shown by one, so that counting those that are lost
    would never end.
    """
    subject, _, why = entry.detail.partition(": ")
    labels = {NAME: "event-unreadable", SEVERITY: Severity.WARNING.value}
    what = fault(Reason.EVENT_UNREADABLE, why=why)
    if entry.action == LOST:
        kind = subject.partition(" ")[0]
        if kind == _EDIT:
            return None
        labels = {NAME: "delivery-lost", SEVERITY: Severity.WARNING.value, "kind": kind}
        what = fault(Reason.DELIVERY_LOST, kind=kind, why=why)
    return Observation(labels, what, at, expires=at + OVER_AFTER)


def failing(waiting: FailingDeliveries, now: datetime) -> Observation:
    """What was tried for a while and still waits."""
    where = {"kind": waiting.kind} if waiting.channel is None else {"channel": waiting.channel}
    labels = {NAME: "delivery-failing", SEVERITY: Severity.WARNING.value, **where}
    what = fault(
        Reason.DELIVERY_FAILING, where=waiting.channel or waiting.kind, count=waiting.count, why=waiting.why
    )
    return Observation(labels, what, waiting.since, times=0, expires=now + UNSEEN_FOR)
