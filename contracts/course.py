"""What may be done to a patch as it stands: decided on its row, written if the row is still so."""

import enum
from typing import Final

from contracts.control import EndPatch, FreePatch, HoldPatch, Prioritise, Priority
from contracts.faults import Fault, Reason, fault
from contracts.outcome import Step
from contracts.records import StoredPatch
from contracts.states import OPEN_STATES, PatchState

#: These wait for their turn, with nobody at work on them.
_IDLE: Final = (PatchState.WAITING, PatchState.READY)
#: Their content may be asked for again.
REPLAYABLE: Final = (PatchState.QUARANTINED, PatchState.FAILED, PatchState.STOPPED)


class Offer(enum.StrEnum):
    """What somebody can do with one click."""

    STOP = "stop"
    CANCEL = "cancel"
    HOLD = "hold"
    RESUME = "resume"
    REPLAY = "replay"
    REVERT = "revert"
    ADJUST = "adjust"


def offers(row: StoredPatch) -> tuple[Offer, ...]:
    """What fits how *row* stands."""
    match row.state:
        case PatchState.RUNNING:
            return () if isinstance(ended(row, ""), Fault) else (Offer.STOP,)
        case PatchState.WAITING | PatchState.READY | PatchState.PREPARED:
            return () if row.cleared else (Offer.RESUME if row.hold else Offer.HOLD, Offer.CANCEL)
        case PatchState.PROPOSED:
            return () if row.cleared else (Offer.CANCEL,)
        case PatchState.STOPPED | PatchState.QUARANTINED:
            return () if _ended_with_its_set(row) else (Offer.REPLAY,)
        case PatchState.LANDED:
            return (Offer.REVERT,) if row.report and row.report.commit else ()
        case PatchState.FAILED:
            return _after_failing(row)
        case PatchState.CANCELLED | PatchState.REJECTED:
            return ()


def _ended_with_its_set(row: StoredPatch) -> bool:
    why = row.report.fault if row.report else None
    return why is not None and why.reason is Reason.SET_BROKEN


def _after_failing(row: StoredPatch) -> tuple[Offer, ...]:
    """What the desk has offered itself; one that was taken up can be again, if nothing came of that."""
    offered = row.report.offer if row.report else None
    together = row.patch.together
    # Of an atomic set it may come in again only where all others have landed, which the row does not know.
    if offered is None or (together is not None and together.atomic):
        return ()
    return (Offer.ADJUST,) if offered.diff else (Offer.REPLAY,)


def ended(row: StoredPatch, by: str) -> EndPatch | Fault:
    """Taken back, or stopped while it runs; not from its landing step on, nor once its set is cleared."""
    if row.state not in OPEN_STATES:
        return unfit(row, *OPEN_STATES)
    if row.cleared:
        return fault(Reason.SET_CLEARED, id=row.id)
    if row.state is PatchState.RUNNING and row.stop_by is not None:
        return fault(Reason.STOPPING_ALREADY, id=row.id, by=row.stop_by)
    if row.state is PatchState.RUNNING and row.steps and row.steps[-1].step is Step.LAND:
        return fault(Reason.LANDING_NOW, id=row.id)
    return EndPatch(row.id, row.state, by)


def held(row: StoredPatch, by: str, why: str) -> HoldPatch | Fault:
    idle = (*_IDLE, PatchState.PREPARED)
    if row.cleared and row.state in idle:
        return fault(Reason.SET_CLEARED, id=row.id)
    return HoldPatch(row.id, by, why) if row.state in idle else unfit(row, *idle)


def freed(row: StoredPatch) -> FreePatch | Fault:
    return FreePatch(row.id) if row.hold is not None else fault(Reason.NOT_HELD, id=row.id)


def prioritised(row: StoredPatch, priority: Priority) -> Prioritise | Fault:
    idle = (PatchState.PROPOSED, *_IDLE)
    return Prioritise(row.id, priority) if row.state in idle else unfit(row, *idle)


def unfit(row: StoredPatch, *wanted: PatchState) -> Fault:
    return fault(Reason.STATE_UNFIT, id=row.id, state=row.state, wanted=" ".join(sorted(wanted)))
