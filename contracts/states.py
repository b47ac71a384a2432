"""The states of patches, deliveries and inbox rows, as tables. Nothing else may move one.

`docs/states.md` is drawn from these tables by a test.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

State = TypeVar("State")
Event = TypeVar("Event")


class PatchState(enum.StrEnum):
    PROPOSED = "proposed"  #: needs somebody's approval before it goes on
    WAITING = "waiting"  #: in its lane, behind others or until its time
    READY = "ready"  #: head of its lane, offered to workers
    RUNNING = "running"  #: one worker holds it under a lease and sends heartbeats
    PREPARED = "prepared"  #: its gates let it through; it lands when those of its whole set do
    LANDED = "landed"  #: its commit is on the branch
    FAILED = "failed"  #: it would not apply, or a gate did not let it through
    STOPPED = "stopped"  #: ended while it ran, by a person or because its set cannot land
    QUARANTINED = "quarantined"  #: the desk itself could not, several times
    CANCELLED = "cancelled"  #: taken back before it ran, by a person or because its set cannot land
    REJECTED = "rejected"  #: a person did not approve it


class PatchEvent(enum.StrEnum):
    PROPOSE = "propose"  #: what it touches needs an approval that it does not have
    APPROVE = "approve"  #: another person said yes to exactly this
    REJECT = "reject"  #: another person said no
    CANCEL = "cancel"  #: a person took it back, or its set cannot land any more
    PROMOTE = "promote"  #: became head of its lane
    DEMOTE = "demote"  #: its domain was closed before a worker took it
    CLAIM = "claim"  #: a worker took it; its attempt rises by one
    LAND = "land"  #: the commit reached the branch
    REFUSE = "refuse"  #: it would not apply, or a gate said no
    RETRY = "retry"  #: something passing went wrong; back into the lane until its time
    RESCUE = "rescue"  #: the lease ran out, or it was given back; into the lane again
    STOP = "stop"  #: a person ended it, or its set cannot land any more
    PREPARE = "prepare"  #: its gates passed, and it may land only together with others
    CLEAR = "clear"  #: the gates of all of its set have passed
    YIELD = "yield"  #: another of its set is kept back; its lane goes on without it
    GIVE_UP = "give-up"  #: the desk could not, and no attempt is left


PATCH_TRANSITIONS: Mapping[PatchState, Mapping[PatchEvent, PatchState]] = {
    PatchState.PROPOSED: {
        PatchEvent.APPROVE: PatchState.WAITING,
        PatchEvent.REJECT: PatchState.REJECTED,
        PatchEvent.CANCEL: PatchState.CANCELLED,
    },
    PatchState.WAITING: {
        PatchEvent.PROMOTE: PatchState.READY,
        PatchEvent.CANCEL: PatchState.CANCELLED,
    },
    PatchState.READY: {
        PatchEvent.CLAIM: PatchState.RUNNING,
        PatchEvent.DEMOTE: PatchState.WAITING,
        PatchEvent.CANCEL: PatchState.CANCELLED,
    },
    PatchState.RUNNING: {
        PatchEvent.PROPOSE: PatchState.PROPOSED,
        PatchEvent.LAND: PatchState.LANDED,
        PatchEvent.REFUSE: PatchState.FAILED,
        PatchEvent.RETRY: PatchState.WAITING,
        PatchEvent.RESCUE: PatchState.WAITING,
        PatchEvent.STOP: PatchState.STOPPED,
        PatchEvent.GIVE_UP: PatchState.QUARANTINED,
        PatchEvent.PREPARE: PatchState.PREPARED,
    },
    PatchState.PREPARED: {
        PatchEvent.CLEAR: PatchState.READY,
        PatchEvent.YIELD: PatchState.WAITING,
        PatchEvent.CANCEL: PatchState.CANCELLED,
    },
    PatchState.LANDED: {},
    PatchState.FAILED: {},
    PatchState.STOPPED: {},
    PatchState.QUARANTINED: {},
    PatchState.CANCELLED: {},
    PatchState.REJECTED: {},
}

#: A patch in one of these is still to be carried out; equal content waits for it.
OPEN_STATES = frozenset(state for state, events in PATCH_TRANSITIONS.items() if events)
#: One per domain at most: the head of the lane.
HEAD_STATES = frozenset({PatchState.READY, PatchState.RUNNING, PatchState.PREPARED})


class DeliveryState(enum.StrEnum):
    PENDING = "pending"  #: to be sent when due
    SENDING = "sending"  #: a deliverer holds it under a lease
    UNSURE = "unsure"  #: it may have been sent; look before sending again
    SENT = "sent"  #: Slack has it
    DEAD = "dead"  #: Slack will never take it; people were told another way


class DeliveryEvent(enum.StrEnum):
    CLAIM = "claim"  #: a deliverer took it; its attempt rises by one
    CONFIRM = "confirm"  #: Slack has it
    POSTPONE = "postpone"  #: Slack does not have it; again when due
    DOUBT = "doubt"  #: the answer was lost, or the lease ran out while sending
    BURY = "bury"  #: Slack will never take it


DELIVERY_TRANSITIONS: Mapping[DeliveryState, Mapping[DeliveryEvent, DeliveryState]] = {
    DeliveryState.PENDING: {DeliveryEvent.CLAIM: DeliveryState.SENDING},
    DeliveryState.SENDING: {
        DeliveryEvent.CONFIRM: DeliveryState.SENT,
        DeliveryEvent.POSTPONE: DeliveryState.PENDING,
        DeliveryEvent.DOUBT: DeliveryState.UNSURE,
        DeliveryEvent.BURY: DeliveryState.DEAD,
    },
    DeliveryState.UNSURE: {DeliveryEvent.CLAIM: DeliveryState.SENDING},
    DeliveryState.SENT: {},
    DeliveryState.DEAD: {},
}


class InboxState(enum.StrEnum):
    RECORDED = "recorded"  #: acknowledged to its sender; not yet decided
    SETTLED = "settled"  #: decided, and everything that follows is written


def after(table: Mapping[State, Mapping[Event, State]], state: State, event: Event) -> State:
    """The state that *event* leads to. Raises KeyError where the table does not allow it."""
    return table[state][event]


@dataclass(frozen=True, slots=True)
class Backoff:
    """When to try again after something passing went wrong."""

    first: timedelta = timedelta(seconds=2)
    most: timedelta = timedelta(minutes=5)
    attempts: int = 5  #: tries in all

    def again_at(self, attempt: int, *, now: datetime, jitter: float) -> datetime | None:
        """The time of the next try after 1-based *attempt* failed; None: that was the last.

        *jitter* in [0, 1) spreads the wait over [wait/2, wait).
        """
        if attempt >= self.attempts:
            return None
        wait = min(self.most, self.first * (1 << min(attempt - 1, 20)))
        return now + wait * (0.5 + jitter / 2)
