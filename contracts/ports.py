"""What the desk asks of its storage engine, and what an engine promises.

Every verb that writes is ONE transaction: when it returns, all of it is durable; when it raises,
nothing of it happened. Verbs take what there is to say (`NewDelivery`) along, so that a change and
its announcement cannot part. A verb that is guarded by an attempt changes nothing and returns False
when somebody else has taken the row meanwhile. A verb that gives others something to do wakes them
after the commit. Times are aware UTC and always arguments.

`tests/engine` holds every engine to these promises.
"""

import enum
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from contracts.alerts.duties import DutyChange
from contracts.alerts.model import GroupChange, SilenceChange
from contracts.alerts.store import Alerts
from contracts.commands import Actor, Place, Source
from contracts.control import Closed, Control, Grip, Obstacles
from contracts.faults import Fault
from contracts.health import GateHealth, HealthLog
from contracts.measuring import StoreNumbers
from contracts.notices import NewDelivery
from contracts.outcome import Outcome, Step
from contracts.patch import Patch
from contracts.plan_store import PlanChange, Plans
from contracts.records import (
    Delivery,
    FailingDeliveries,
    FlakyGate,
    InboxRow,
    LaneLine,
    MessageStanding,
    PatchLine,
    PatchSet,
    Standing,
    StoredPatch,
)
from contracts.reports.store import Reports
from contracts.states import PatchState


class Work(enum.StrEnum):
    """The three places where something can wait to be done."""

    INBOX = "inbox"
    LANES = "lanes"
    OUTBOX = "outbox"


#: Takes at most one unit of work and carries it out; False: there was none.
Turn = Callable[[], Awaitable[bool]]


# Inbox -----------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class NewEvent:
    """*key* is unique within its source: an event id, an idempotency key, a content hash."""

    source: Source
    key: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Recorded:
    """*fresh* False: this key was recorded before; *id* is that first row."""

    id: int
    fresh: bool


@dataclass(frozen=True, slots=True)
class NewPatch:
    """A patch to enter its lane. *told* is said if it does; *twin* if its content is already there.

    *content* is `patch.content_hash`. *title* etc. are in the patch itself.
    """

    id: str
    patch: Patch
    content: str
    actor: Actor
    source: Source
    place: Place
    told: tuple[NewDelivery, ...]
    twin_to: NewDelivery | None = None  #: its notice is a Twin whose *first* the engine fills in
    #: Ids of patches that have to land before it begins; known, or before it in its settlement.
    needs: tuple[str, ...] = ()
    set_id: str | None = None  #: of the set that it is a member of (`patch.together`)


@dataclass(frozen=True, slots=True)
class NewSet:
    """The set of the patches whose `set_id` is *id*, and where its card goes; *channel* None: it has none."""

    id: str
    channel: str | None = None
    thread: str | None = None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Something that must be remembered though no row shows it: a refusal, a dead channel."""

    actor: str
    action: str
    detail: str


#: A row as it is to be from now on, if it is still as it was when this was decided.
Change = GroupChange | SilenceChange | DutyChange | PlanChange | Control


@dataclass(frozen=True, slots=True)
class Settlement:
    """All that follows from one inbox row."""

    inbox_id: int
    attempt: int
    place: Place
    patches: tuple[NewPatch, ...] = ()
    sets: tuple[NewSet, ...] = ()
    rejected: int = 0
    told: tuple[NewDelivery, ...] = ()
    audit: tuple[AuditEntry, ...] = ()
    edited: bool = False
    changes: tuple[Change, ...] = ()
    refused: Fault | None = None  #: why nothing came of it, for who waits at a shell


@dataclass(frozen=True, slots=True)
class Settled:
    """Ids of the patches that entered a lane, and for each twin the id of the one before it."""

    accepted: tuple[str, ...]
    twins: tuple[str, ...]


class PatchIdTakenError(Exception):
    """A patch or a set with this id exists; nothing was settled. Settle again with another id."""


class MovedOnError(Exception):
    """A row that a change was decided on has changed meanwhile; nothing was settled. Decide again."""


class Inbox(Protocol):
    async def record(self, event: NewEvent, *, now: datetime) -> Recorded:
        """Keep the event before it is acknowledged. The same key again changes nothing."""

    async def claim(self, *, now: datetime, lease: timedelta) -> InboxRow | None:
        """The oldest row that nobody holds and that is due, now held until *now* + *lease*."""

    async def settle(self, settlement: Settlement, *, now: datetime) -> Settled | None:
        """Write all that follows from the row, once. None: another attempt has it, or it is settled.

        A patch whose content is already open in its domain is not queued; its `twin_to` is said
        instead. From an edited message (*edited*), content that this message brought before, in
        whatever state, is passed over in silence. Lanes without a head get one.

        A set begins with the first of its patches that enters; what stands for the others is a member as
        well. An atomic one enters whole or not at all: if content of it is open meanwhile, that is a
        MovedOnError. From then on its card is edited with every change of a member's state, and it is summed
        up when the last of them is over. Raises PatchIdTakenError, MovedOnError.
        """

    async def postpone(self, inbox_id: int, attempt: int, *, until: datetime) -> bool:
        """Offer the row again at *until*."""


# Lanes -----------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Finish:
    """The end of one attempt."""

    patch: str
    attempt: int
    outcome: Outcome
    told: tuple[NewDelivery, ...]


class Lanes(Protocol):
    """At most one patch of a domain is READY or RUNNING: the head of its lane.

    Who becomes the head: of those that nothing keeps back the one of highest priority, of equals the
    oldest; but the oldest of all lets at most `control.FAIRNESS` others go before it.

    A patch of an atomic set that is bound may not land: where it could, it is PREPARED and stays the head.
    All of a set are cleared in the transaction in which the last of them is prepared, and end in the one in
    which one of them ends otherwise; those that run are told by their `grip`. A set begins only while nothing
    keeps any of its patches back, and none that shares a domain with it is begun; then the others of it
    go before everybody. See docs/decisions/0010-atomic-sets-are-prepared-then-cleared.md.
    """

    async def claim(self, *, worker: str, now: datetime, lease: timedelta) -> StoredPatch | None:
        """The READY patch of highest priority, of equals the oldest; None if there is none.

        It is RUNNING now, with its attempt raised by one.

        Its steps and report are emptied: they are those of this attempt.
        """

    async def beat(self, patch: str, attempt: int, *, now: datetime, lease: timedelta) -> bool:
        """Extend the lease. False: it is lost, and whatever runs must be killed."""

    async def step(
        self, patch: str, attempt: int, step: Step, *, now: datetime, told: Sequence[NewDelivery]
    ) -> Grip:
        """Note that *step* begins, which ends the one before. Nothing is written but where it is HELD."""

    async def grip(self, patch: str, attempt: int) -> Grip:
        """How the attempt stands now; a read, to be asked often."""

    async def finish(self, finish: Finish, *, now: datetime) -> bool:
        """End the attempt, give its lane the next head, say what is to be said.

        A Retry goes back to WAITING until its time; others of its lane may go before it. The state
        follows from the outcome by `states.PATCH_TRANSITIONS`. A second call changes nothing.
        """

    async def release(
        self,
        patch: str,
        attempt: int,
        *,
        now: datetime,
        blameless: bool,
        told: Sequence[NewDelivery] = (),
    ) -> bool:
        """Give the patch back unfinished: it may begin again at once, if its domain lets it.

        *blameless*: the attempt does not count as a try. False: the attempt does not hold it any more.
        """

    async def decide(
        self,
        decided: Sequence[Control],
        *,
        now: datetime,
        told: Sequence[NewDelivery] = (),
        audit: Sequence[AuditEntry] = (),
    ) -> bool:
        """Write what the desk decided by itself. False: a row has moved on, and nothing was written."""

    async def tend(self, *, now: datetime) -> int:
        """Offer abandoned patches again, give idle lanes a head whose time has come.

        Returns how many became READY; each that was abandoned is noted in the audit. Lanes are tended by
        `Engine.run` on its safety poll.
        """


# Outbox ----------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Sent:
    """Slack has it; *ref* is the message's channel and ts where there is one."""

    ref: Place | None = None


@dataclass(frozen=True, slots=True)
class Postponed:
    """Slack does not have it. Try again at *until*."""

    until: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Doubtful:
    """Slack may have it. Look before sending again, at *until*."""

    until: datetime
    why: str


@dataclass(frozen=True, slots=True)
class Redirected:
    """The channel is dead; the delivery (and a card's followers) go to *channel*, outside threads."""

    channel: str
    why: str


@dataclass(frozen=True, slots=True)
class Buried:
    """Slack will never take it."""

    why: str


DeliveryOutcome = Sent | Postponed | Doubtful | Redirected | Buried


class Outbox(Protocol):
    async def put(self, deliveries: Sequence[NewDelivery], *, now: datetime) -> None:
        """Say something that follows from no other write."""

    async def claim(
        self,
        *,
        now: datetime,
        lease: timedelta,
        busy_channels: frozenset[str],
        busy_methods: frozenset[str],
    ) -> Delivery | None:
        """The next due delivery whose method is not busy, nor its channel if it posts there.

        Finals before progress. A busy channel takes no post (`notices.POSTING_METHODS`); its edits and
        reactions go on.

        One that needs a card waits until the card is SENT or DEAD. One whose lease ran out while
        SENDING, or that is UNSURE, comes back with *unsure* set. Deliveries of one channel never
        are in two hands: a channel with a held delivery is passed over.
        """

    async def note(self, delivery: int, attempt: int, progress: str) -> bool:
        """Remember how far a delivery of several calls has come."""

    async def record(
        self,
        delivery: int,
        attempt: int,
        outcome: DeliveryOutcome,
        *,
        now: datetime,
        told: Sequence[NewDelivery] = (),
        audit: Sequence[AuditEntry] = (),
    ) -> bool:
        """End one try. A posted card's ref becomes its patch's `card`."""


# Reading ---------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Counts:
    """What waits, at a glance; from partial indexes, cheap at any size."""

    inbox: int
    waiting: int
    running: int
    outbox: int
    oldest_outbox_at: datetime | None


class Ledger(Protocol):
    """Reads; each sees one committed state of the store."""

    async def patch(self, patch: str) -> StoredPatch | None: ...

    async def patch_set(self, set_id: str) -> PatchSet | None: ...

    async def sets_in_thread(self, place: Place) -> tuple[str, ...]:
        """The ids of the sets whose cards stand in the thread of *place*, or began it."""

    async def standing(self, domain: str, content: str, place: Place | None) -> Standing | None:
        """What of this content there is already; *place*: of the message that was edited."""

    async def inbox_of(self, inbox_id: int) -> MessageStanding | None: ...

    async def lanes(self, domains: Sequence[str]) -> tuple[LaneLine, ...]:
        """One line per named domain, in that order."""

    async def queue(self, domains: Sequence[str], *, limit: int) -> tuple[PatchLine, ...]:
        """Open patches of *domains*, in the order they will run per domain."""

    async def recent(self, domains: Sequence[str], *, limit: int) -> tuple[PatchLine, ...]:
        """Finished patches of *domains*, latest first."""

    async def counts(self) -> Counts: ...

    async def obstacles(self, patch: str) -> Obstacles | None:
        """What keeps an open patch from running now; None: it is not open."""

    async def closed(self) -> tuple[Closed, ...]:
        """Every domain that is closed, and how."""

    async def in_thread(self, place: Place) -> tuple[PatchLine, ...]:
        """The patches whose cards stand in the thread of *place*, or began it; oldest first."""

    async def named(self, name: str) -> tuple[PatchLine, ...]:
        """The patch with this id, or those of the set; else all of the latest message that called one so.

        Empty: there is none.
        """

    async def run_times(self, domain: str, *, last: int) -> tuple[timedelta, ...]:
        """How long the last attempts of the *domain*'s *last* endings took; latest first."""

    async def states(self) -> dict[PatchState, int]:
        """How many patches are in each state; every state is a key."""

    async def audit(self, *, limit: int) -> tuple[tuple[datetime, AuditEntry], ...]:
        """Latest first."""

    async def noted(
        self, actions: Sequence[str], *, after: int, limit: int
    ) -> tuple[tuple[int, datetime, AuditEntry], ...]:
        """What the audit has of *actions* after its entry number *after*, in its order, with numbers."""

    async def flaky_gates(self, *, since: datetime) -> tuple[FlakyGate, ...]:
        """Gates that gave different answers on equal content in attempts that ended *since* then."""

    async def failing_deliveries(self, *, since: datetime) -> tuple[FailingDeliveries, ...]:
        """Deliveries that wait to be tried again and were first tried before *since*, by where they go."""


# Health ----------------------------------------------------------------------------------------
class HealthStore(HealthLog, Protocol):
    """What the store gives to be measured, and what it keeps of it. Each read sees one committed state."""

    async def numbers(
        self, domains: Sequence[str], *, now: datetime, last: int, since: datetime
    ) -> StoreNumbers:
        """Of the named domains, in that order: the *last* endings of each, what was quarantined *since*."""

    async def gates(self, domain: str, *, last: int) -> tuple[GateHealth, ...]:
        """By the reports of the domain's *last* endings, in the order of the latest one's gates.

        A gate that did not run in any of them is left out.
        """

    async def note(self, entries: Sequence[AuditEntry], *, now: datetime) -> None:
        """Remember what the desk did by itself."""


class Engine(Protocol):
    @property
    def inbox(self) -> Inbox: ...
    @property
    def lanes(self) -> Lanes: ...
    @property
    def outbox(self) -> Outbox: ...
    @property
    def ledger(self) -> Ledger: ...
    @property
    def health(self) -> HealthStore: ...
    @property
    def alerts(self) -> Alerts: ...
    @property
    def reports(self) -> Reports: ...
    @property
    def plan(self) -> Plans: ...

    async def run(self, work: Work, turn: Turn, *, workers: int, clock: Callable[[], datetime]) -> None:
        """Call *turn* from *workers* tasks whenever there may be work, until cancelled.

        A turn that returned True is called again at once. Wake-ups come with commits of this process,
        by datagram from others, and from a safety poll of a second at most; a lost wake-up only costs
        that. An exception from *turn* ends the run and is raised.
        """

    async def nudge(self, work: Work, *, at: datetime) -> None:
        """Have *work*'s turns called again at *at* (this process): something becomes due then."""

    async def check(self) -> tuple[str, ...]:
        """What is wrong with the store; empty: nothing."""

    async def backup(self, to: Path) -> None:
        """A consistent copy of the store while it is used. Raises FileExistsError."""

    async def close(self) -> None: ...
