"""What came of carrying a patch out: the report people read, and the outcome the lane acts on."""

import enum
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from contracts.control import Proposal
from contracts.faults import Fault
from contracts.gates import Foreseen, GateResult
from contracts.patch import BYTES_AS_BASE64


class Step(enum.StrEnum):
    """What a worker does, in this order; gates and landing repeat when the branch moved, gates when the
    candidate was changed."""

    FETCH = "fetch"  #: bring the branch's tip
    APPLY = "apply"  #: build the candidate commit
    CHECKOUT = "checkout"  #: the candidate as files for the gates
    GATES = "gates"
    REWORK = "rework"  #: commands change the candidate, for the gates to look at again
    LAND = "land"  #: compare-and-swap, push


@dataclass(frozen=True, slots=True)
class StepTime:
    """*ended* None: under way."""

    step: Step
    started: datetime
    ended: datetime | None = None


class Change(enum.StrEnum):
    ADDED = "added"
    MODIFIED = "modified"
    DELETED = "deleted"
    RENAMED = "renamed"
    MODE = "mode"


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file of the candidate against its base. *added*/*removed* are lines; None: binary."""

    path: str
    change: Change
    added: int | None
    removed: int | None
    old_path: str | None = None


@dataclass(frozen=True, slots=True)
class Approved:
    """Who let what needed an approval go on."""

    by: str
    at: datetime
    reasons: tuple[Fault, ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """What the desk could make of a patch that did not land as it was posted: for a person to take.

    *diff* is the adjusted patch, whole, as `git diff` prints it against the report's base; *steps* is how it
    came about, as `Report.resolutions` says it. An empty diff: the same again, on what the branch is then.
    """

    diff: bytes
    steps: tuple[Fault, ...]
    __pydantic_config__ = BYTES_AS_BASE64


@dataclass(frozen=True, slots=True)
class Report:
    """What is known of one attempt; what was not reached stays empty."""

    branch: str
    base: str | None = None  #: commit the candidate stands on
    commit: str | None = None  #: the candidate
    files: tuple[FileChange, ...] = ()
    gates: tuple[GateResult, ...] = ()
    steps: tuple[StepTime, ...] = ()
    moved: int = 0  #: how often the branch moved while the gates ran
    pushed_to: str | None = None  #: the origin, without credentials; None: the desk's own repository
    found: bool = False  #: landed by an earlier attempt that could not say so
    reused: bool = False  #: its gates ran in an earlier attempt, on exactly this candidate
    approved: Approved | None = None  #: None: nothing needed it
    resolutions: tuple[Fault, ...] = ()  #: what was done to the patch on its way, or tried
    offer: Offer | None = None  #: of a patch that failed
    fault: Fault | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """*tree* is what it lands as on *base*, if the base is still that; None: it does not fit.

    *faults* are everything that keeps it from landing as far as is known without a gate: of a patch that
    does not fit, every place. *approvals* are what somebody has to approve first.
    """

    branch: str
    base: str | None = None
    tree: str | None = None
    files: tuple[FileChange, ...] = ()
    faults: tuple[Fault, ...] = ()
    gates: tuple[Foreseen, ...] = ()
    approvals: tuple[Fault, ...] = ()
    offer: Offer | None = None  #: *tree* and *files* are then those of the adjusted patch
    reworked: tuple[Fault, ...] = ()  #: what may make another tree of it on its way


@dataclass(frozen=True, slots=True)
class Landed:
    report: Report
    kind: Literal["landed"] = "landed"


@dataclass(frozen=True, slots=True)
class Failed:
    """The patch is wrong, or a gate did not let it through. `report.fault` says which."""

    report: Report
    kind: Literal["failed"] = "failed"


@dataclass(frozen=True, slots=True)
class Retry:
    """The desk could not, and it may pass; try again at *at*. `report.fault` says why.

    *held*: it did not even try, because landing is held; the attempt counts for nothing.
    """

    report: Report
    at: datetime
    held: bool = False
    kind: Literal["retry"] = "retry"


@dataclass(frozen=True, slots=True)
class GaveUp:
    """The desk could not, several times. `report.fault` says why."""

    report: Report
    kind: Literal["gave-up"] = "gave-up"


@dataclass(frozen=True, slots=True)
class Stopped:
    """A person ended it. `report.fault` says who."""

    report: Report
    kind: Literal["stopped"] = "stopped"


@dataclass(frozen=True, slots=True)
class Proposed:
    """It needs an approval of exactly this before it goes on. `report.fault` says what for."""

    report: Report
    proposal: Proposal
    kind: Literal["proposed"] = "proposed"


@dataclass(frozen=True, slots=True)
class Prepared:
    """It may land as the report's commit on the report's base, but only together with the rest of its set.

    *under* is all that it was judged by: while that and the base are the same, so is the verdict.
    """

    report: Report
    under: str
    kind: Literal["prepared"] = "prepared"


Outcome = Landed | Failed | Retry | GaveUp | Stopped | Proposed | Prepared
