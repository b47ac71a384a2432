"""What people say to patches that need an approval: the row as it is, who may, one settlement.

An approval is of exactly what its card showed. Whoever writes it hears if the row has changed meanwhile
(`MovedOnError`) and has it decided again.
"""

from dataclasses import replace
from typing import assert_never

from bot.delivery.questions import patch_meant
from bot.tending import refusal
from contracts import policy
from contracts.commands import Actor, Place
from contracts.control import ApprovePatch, Proposal, RejectPatch
from contracts.faults import Fault, Reason, fault
from contracts.notices import Deed, NewDelivery, TellDeed, home_of, on_ended, on_progress
from contracts.ports import AuditEntry, Ledger, Settlement
from contracts.records import InboxRow, StoredPatch
from contracts.ruling import Approve, Ruling, TurnDown
from contracts.settings import Settings
from contracts.states import PatchState


class Approver:
    def __init__(self, ledger: Ledger, settings: Settings) -> None:
        self._ledger = ledger
        self._settings = settings

    async def decide(self, row: InboxRow, actor: Actor, place: Place, command: Ruling) -> Settlement:
        """All that follows from *command*; a refusal is told to the person alone."""
        nothing = Settlement(row.id, row.attempt, place)
        meant = await ruled_on(command, actor, place, self._ledger, self._settings)
        if isinstance(meant, Fault):
            return refusal(nothing, actor, meant)
        patch, shown = meant
        return self._ruled(nothing, actor, patch, shown, command)

    def _ruled(
        self, nothing: Settlement, actor: Actor, patch: StoredPatch, shown: Proposal, command: Ruling
    ) -> Settlement:
        by = actor.name or actor.id
        home = home_of(patch.place, patch.source, patch.patch.domain, self._settings)
        match command:
            case Approve():
                decided: ApprovePatch | RejectPatch = ApprovePatch(patch.id, shown.binding, by)
                deed, told = TellDeed(Deed.APPROVED, by, {}, patch.id), on_progress(patch.id, home[0])
            case TurnDown(why=why):
                decided = RejectPatch(patch.id, shown.binding, by, why)
                deed = TellDeed(Deed.REJECTED, by, {"why": why}, patch.id)
                told = on_ended(patch.id, patch.inbox_id, patch.place, home[0])
                told += on_progress(patch.patch.reverts, home[0]) if patch.patch.reverts else ()
            case _:
                assert_never(command)
        said = (NewDelivery(deed, *home),) if home[0] else ()
        entry = AuditEntry(actor.id, command.kind, f"patch {patch.id} as {shown.binding}")
        return replace(nothing, changes=(decided,), told=(*told, *said), audit=(entry,))


async def ruled_on(
    command: Ruling, actor: Actor, place: Place, ledger: Ledger, settings: Settings
) -> tuple[StoredPatch, Proposal] | Fault:
    """What *actor* would rule on, or why they cannot."""
    patch = await patch_meant(command.patch, place, ledger, settings, fits=_is_proposed)
    if isinstance(patch, Fault):
        return patch
    for asker in await _askers(patch, ledger):
        may = policy.may_approve(settings, actor, asker, patch.patch.domain, place)
        if isinstance(may, policy.Denied):
            return may.fault
    shown = _shown(patch, command)
    return shown if isinstance(shown, Fault) else (patch, shown)


async def _askers(patch: StoredPatch, ledger: Ledger) -> list[Actor]:
    """Whoever asked for *patch*, and for what it is again: that somebody else pressed a button on that does
    not make it another's."""
    found, row = [patch.actor], patch
    while (before := row.patch.replays or row.patch.adjusts) is not None:
        earlier = await ledger.patch(before)
        if earlier is None:
            break
        found, row = [*found, earlier.actor], earlier
    return found


def _is_proposed(row: StoredPatch) -> bool:
    return row.state is PatchState.PROPOSED


def _shown(patch: StoredPatch, command: Ruling) -> Proposal | Fault:
    """What is ruled on, if it is still what whoever rules was shown; words mean what stands there now."""
    if patch.state is not PatchState.PROPOSED or patch.proposal is None:
        return fault(Reason.NOT_PROPOSED, id=patch.id, state=patch.state)
    if command.binding not in {None, patch.proposal.binding}:
        return fault(Reason.PROPOSAL_OUTDATED, id=patch.id)
    return patch.proposal
