"""What the store keeps, as it is read back. Times are aware UTC."""

from dataclasses import dataclass
from datetime import datetime

from contracts.commands import Actor, Place, Source
from contracts.control import Approval, Hold, Priority, Proposal
from contracts.faults import Fault
from contracts.notices import Notice
from contracts.outcome import Prepared, Report, StepTime
from contracts.patch import Patch
from contracts.states import OPEN_STATES, InboxState, PatchState


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One recorded event. *payload* is what the intake wrote, for that intake to read back."""

    id: int
    source: Source
    key: str
    payload: bytes
    received_at: datetime
    state: InboxState
    attempt: int


@dataclass(frozen=True, slots=True)
class StoredPatch:
    """A patch and how far it is. *attempt* counts claims; it is the fencing token of the last one."""

    id: str
    patch: Patch
    actor: Actor
    source: Source
    inbox_id: int
    place: Place
    state: PatchState
    attempt: int
    accepted_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    not_before: datetime | None = None
    steps: tuple[StepTime, ...] = ()
    report: Report | None = None
    card: Place | None = None  #: the posted card (channel and ts), once Slack has confirmed it
    held: int = 0  #: attempts of an open patch that are no tries: landing was held, the desk had to stop

    priority: Priority | None = None  #: while it is open
    hold: Hold | None = None
    stop_by: str | None = None  #: who has asked that its present attempt ends
    proposal: Proposal | None = None
    approval: Approval | None = None
    reverted_by: str | None = None  #: the latest patch that undoes it, landed or not
    set_id: str | None = None  #: of the set that it is a member of (`patch.together`)
    bound: bool = False  #: it may land only once all of its (atomic) set have passed their gates
    cleared: bool = False  #: while it is open: they have, and nobody can take it back any more
    broken: Fault | None = None  #: while it runs: why its set, and so it, cannot land any more
    prepared: Prepared | None = None  #: the latest candidate that passed while it was bound

    @property
    def tries(self) -> int:
        """Attempts that were made to carry it out."""
        return self.attempt - self.held


@dataclass(frozen=True, slots=True)
class PatchLine:
    """A patch in a list: what a queue or a status shows of it."""

    id: str
    domain: str
    title: str
    actor: str
    state: PatchState
    accepted_at: datetime
    finished_at: datetime | None
    position: int | None  #: 1 is the head of the lane; None once finished
    on_hold: bool = False  #: a person keeps it where it is


@dataclass(frozen=True, slots=True)
class PatchSet:
    """What came of one block for several *domains*; *members* are in their order.

    A domain without a member kept its part out. A member of another message was there before, with equal
    content. There is always one of the set's own.
    """

    id: str
    inbox_id: int
    atomic: bool
    domains: tuple[str, ...]
    members: tuple[StoredPatch, ...]
    place: Place  #: where its card goes; no channel: it has none
    card: Place | None = None  #: as of a StoredPatch

    @property
    def first(self) -> StoredPatch:
        """The first of its own members."""
        return next(member for member in self.members if member.inbox_id == self.inbox_id)

    @property
    def open(self) -> tuple[StoredPatch, ...]:
        return tuple(member for member in self.members if member.state in OPEN_STATES)


@dataclass(frozen=True, slots=True)
class Standing:
    """Content that is there already. *twin*: the open patch with it.

    *brought*: the same message has brought it before, in whatever state it is now.
    """

    twin: str | None
    brought: bool


@dataclass(frozen=True, slots=True)
class LaneLine:
    """One domain at a glance. *waiting* does not count the head."""

    domain: str
    waiting: int
    head: PatchLine | None
    oldest_accepted_at: datetime | None
    landed: int
    failed: int
    quarantined: int


@dataclass(frozen=True, slots=True)
class MessageStanding:
    """How the patches of one message stand: what its reaction is decided from.

    Of an edited message that is what its latest version brought, and what is still open of earlier ones.
    """

    place: Place
    states: tuple[PatchState, ...]
    rejected: int  #: blocks that were refused before they became patches
    patches: tuple[str, ...] = ()  #: their ids, in the order of *states*
    edited: bool = False  #: earlier versions were answered, too
    refused: Fault | None = None  #: why nothing was done of what was asked


@dataclass(frozen=True, slots=True)
class Delivery:
    """One claimed Slack write. *unsure*: an earlier try may have got through; look first.

    *key* is unique for ever and travels as message metadata. *first_tried_at* bounds the search.
    """

    id: int
    key: str
    notice: Notice
    channel: str | None
    thread: str | None
    attempt: int
    unsure: bool
    created_at: datetime
    first_tried_at: datetime
    progress: str | None = None  #: what an earlier try of a several-call delivery reached


@dataclass(frozen=True, slots=True)
class FlakyGate:
    """A gate that both passed and did not on equal content; *count*: on how many contents."""

    domain: str
    gate: str
    count: int
    latest: datetime  #: when one of these contents was last judged


@dataclass(frozen=True, slots=True)
class FailingDeliveries:
    """What waits to be tried again: for one channel, or (*channel* None) of one kind elsewhere."""

    channel: str | None
    kind: str
    count: int
    since: datetime  #: when the first of them was first tried
    why: str  #: of the last try of the one that was tried first
