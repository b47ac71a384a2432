"""What people decide about patches still to be carried out, and what keeps one from its turn."""

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from contracts.faults import Fault
from contracts.states import PatchState

#: The oldest patch of a lane lets at most so many others go before it.
FAIRNESS = 5


class Priority(enum.StrEnum):
    """In falling order."""

    EMERGENCY = "emergency"
    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"

    @property
    def rank(self) -> int:
        """0 goes first."""
        return _RANKS[self]


_RANKS = {priority: rank for rank, priority in enumerate(Priority)}


class Grip(enum.StrEnum):
    """How a running attempt stands to its patch."""

    HELD = "held"  #: go on
    LOST = "lost"  #: another attempt has it; nothing more may be written
    STOPPED = "stopped"  #: a person ended it
    HALTED = "halted"  #: the whole desk is to stand still; give it back


class Closing(enum.StrEnum):
    """Why a domain, or the whole desk, lets no patch begin."""

    PAUSED = "paused"  #: a person said so, until somebody resumes it
    FROZEN = "frozen"  #: a freeze window; an approved hotfix goes through
    DRAINING = "draining"  #: what waits is carried out, nothing new is taken
    HALTED = "halted"  #: the kill switch: what runs ends before its next step, too


@dataclass(frozen=True, slots=True)
class Closed:
    """*domain* None: the whole desk. *until* None: open end.

    *by* is a person; empty: a freeze window of the settings.
    """

    domain: str | None
    closing: Closing
    by: str
    why: str
    since: datetime
    until: datetime | None = None


# Decisions ---------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class EndPatch:
    """Take the patch out: CANCELLED before it runs; while it runs, its worker ends it as STOPPED.

    *was* is the state it was read in; from its landing step on nobody can stop it.
    """

    patch: str
    was: PatchState
    by: str
    kind: Literal["end-patch"] = "end-patch"


@dataclass(frozen=True, slots=True)
class HoldPatch:
    """Keep it where it is in its lane, and let others go before it."""

    patch: str
    by: str
    why: str
    kind: Literal["hold-patch"] = "hold-patch"


@dataclass(frozen=True, slots=True)
class FreePatch:
    """The end of a hold."""

    patch: str
    kind: Literal["free-patch"] = "free-patch"


@dataclass(frozen=True, slots=True)
class Prioritise:
    patch: str
    priority: Priority
    kind: Literal["prioritise"] = "prioritise"


@dataclass(frozen=True, slots=True)
class ApprovePatch:
    """Let a proposed patch go on, as *binding* describes it and no other way."""

    patch: str
    binding: str
    by: str
    kind: Literal["approve-patch"] = "approve-patch"


@dataclass(frozen=True, slots=True)
class RejectPatch:
    """*why* may be empty."""

    patch: str
    binding: str
    by: str
    why: str = ""
    kind: Literal["reject-patch"] = "reject-patch"


@dataclass(frozen=True, slots=True)
class CloseDomain:
    """Closing again in the same way replaces what was said before."""

    closed: Closed
    kind: Literal["close-domain"] = "close-domain"


@dataclass(frozen=True, slots=True)
class OpenDomain:
    """*was*: only if it is still closed as that says; None: however it is."""

    domain: str | None
    closing: Closing
    was: Closed | None = None
    kind: Literal["open-domain"] = "open-domain"


Control = (
    EndPatch | HoldPatch | FreePatch | Prioritise | ApprovePatch | RejectPatch | CloseDomain | OpenDomain
)


# What keeps a patch from its turn ------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Hold:
    by: str
    why: str
    since: datetime


@dataclass(frozen=True, slots=True)
class Proposal:
    """What needs an approval: *reasons* are protected paths and the like; *binding* is what is approved.

    *diff* is what it changes, to decide on; where it is long, its beginning.
    """

    binding: str
    reasons: tuple[Fault, ...]
    diff: str = ""


@dataclass(frozen=True, slots=True)
class Approval:
    binding: str
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Dependency:
    """A patch that has to land first. *state* is its present one."""

    patch: str
    state: PatchState


@dataclass(frozen=True, slots=True)
class Companion:
    """Another patch of the same atomic set that has not passed its gates, or that something keeps back."""

    patch: str
    domain: str
    state: PatchState
    kept: bool


@dataclass(frozen=True, slots=True)
class Obstacles:
    """Everything that keeps one open patch from running now; all empty: it is its turn.

    *ahead* are the patches that go before it, as things stand, *head_since* when the one of them began that
    runs; *again_at* is when it is tried again. Of a patch of an atomic set: *companions* are those it cannot
    land without, *sets_ahead* the sets (their ids) that share a domain with its own and go before it.
    """

    ahead: tuple[str, ...] = ()
    hold: Hold | None = None
    proposal: Proposal | None = None
    waits_for: tuple[Dependency, ...] = ()
    closed: tuple[Closed, ...] = ()
    again_at: datetime | None = None
    head_since: datetime | None = None
    companions: tuple[Companion, ...] = ()
    sets_ahead: tuple[str, ...] = ()
