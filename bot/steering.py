"""What people decide about patches and domains: the rows as they are, what may be done, one settlement.

The decision is about rows that others change, too. Whoever writes it hears if one has (`MovedOnError`) and
has it decided again.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import Final, assert_never

from bot import deeds
from bot.admitting import draining
from bot.closing import Doors, name_of
from bot.delivery.questions import meant, patch_meant
from bot.delivery.wording.patches import revert_body, revert_title
from bot.tending import refusal
from contracts import course, policy
from contracts.commands import Actor, Place
from contracts.faults import Fault, Reason, fault
from contracts.formats.adjusted import changeset_of
from contracts.notices import (
    Deed,
    NewDelivery,
    TellDeed,
    Twin,
    home_of,
    on_accepted,
)
from contracts.patch import Author, Changeset, Limits, Patch, Revert, content_hash
from contracts.ports import AuditEntry, Ledger, NewPatch, Settlement
from contracts.records import InboxRow, PatchSet, StoredPatch
from contracts.settings import Settings
from contracts.states import PatchState
from contracts.steering import (
    AdjustPatch,
    ChangePriority,
    Drain,
    Freeze,
    Halt,
    Pause,
    PutOnHold,
    Replay,
    Resume,
    RevertPatch,
    Steering,
    Stop,
    Unfreeze,
    Unhalt,
)

#: What asks for one patch more.
Again = Replay | RevertPatch | AdjustPatch
#: What the audit calls the deeds that lead to a patch more.
_FOLLOWING: Final = {Deed.REPLAYED: "replay", Deed.REVERTING: "revert", Deed.ADJUSTED: "adjust"}


class Helm:
    """*new_patch_id* names the patches that are replayed."""

    def __init__(
        self,
        ledger: Ledger,
        settings: Settings,
        *,
        clock: Callable[[], datetime],
        new_patch_id: Callable[[], str],
    ) -> None:
        self._ledger = ledger
        self._settings = settings
        self._doors = Doors(ledger, settings, clock)
        self._new_patch_id = new_patch_id

    async def decide(
        self, row: InboxRow, actor: Actor, place: Place, command: Steering, zone: tzinfo
    ) -> Settlement:
        """All that follows from *command*; a refusal is told to the person alone. *zone*: of times of day."""
        nothing = Settlement(row.id, row.attempt, place)
        match command:
            case Replay() | RevertPatch() | AdjustPatch():
                return await self._of_patch(nothing, actor, command)
            case Resume(name=name) if name is not None and name.casefold() in self._settings.domain_names():
                return await self._doors.of_domain(nothing, actor, command, name, zone)
            case Stop() | PutOnHold() | ChangePriority() | Resume():
                return await self._of_open(nothing, actor, command)
            case Pause() | Drain() | Freeze() | Unfreeze():
                return await self._doors.of_domain(nothing, actor, command, command.domain, zone)
            case Halt() | Unhalt():
                return await self._doors.of_desk(nothing, actor, command)
            case _:
                assert_never(command)

    # Patches -----------------------------------------------------------------------------------
    async def _of_open(self, nothing: Settlement, actor: Actor, command: deeds.OfOpen) -> Settlement:
        name = command.name if isinstance(command, Resume) else command.patch
        found = await meant(name, nothing.place, self._ledger, self._settings, fits=_fits(command))
        match found:
            case Fault():
                return refusal(nothing, actor, found)
            case PatchSet():
                return deeds.of_set(nothing, actor, command, found, self._settings)
            case StoredPatch():
                return deeds.of_patch(nothing, actor, command, found, self._settings)

    async def _of_patch(self, nothing: Settlement, actor: Actor, command: Again) -> Settlement:
        row = await patch_meant(
            command.patch, nothing.place, self._ledger, self._settings, fits=_fits(command)
        )
        match command:
            case _ if isinstance(row, Fault):
                return refusal(nothing, actor, row)
            case Replay():
                return await self._replay(nothing, actor, row)
            case RevertPatch():
                return await self._submitted(nothing, actor, row, inverse_of(row), Deed.REVERTING)
            case AdjustPatch():
                return await self._adjust(nothing, actor, row)

    async def _replay(self, nothing: Settlement, actor: Actor, row: StoredPatch) -> Settlement:
        if row.state not in course.REPLAYABLE:
            return refusal(nothing, actor, course.unfit(row, *course.REPLAYABLE))
        if (parted := await self._parted(row)) is not None:
            return refusal(nothing, actor, parted)
        if row.patch.domain in self._settings.domains:
            may = policy.may_replay(self._settings, actor, row.patch.domain, nothing.place)
            if isinstance(may, policy.Denied):
                return refusal(nothing, actor, may.fault)
        return await self._following(nothing, actor, row, again_as(row), Deed.REPLAYED)

    async def _adjust(self, nothing: Settlement, actor: Actor, row: StoredPatch) -> Settlement:
        adjusted = await self._parted(row) or adjusted_of(row, self._settings.limits.limits())
        return await self._submitted(nothing, actor, row, adjusted, Deed.ADJUSTED)

    async def _submitted(
        self, nothing: Settlement, actor: Actor, row: StoredPatch, made: Patch | Fault, deed: Deed
    ) -> Settlement:
        """Who may submit to the domain may: what follows from *row* is a patch as any other."""
        if isinstance(made, Fault):
            return refusal(nothing, actor, made)
        if row.patch.domain in self._settings.domains:
            may = policy.may_submit(self._settings, actor, row.patch.domain, nothing.place)
            if isinstance(may, policy.Denied):
                return refusal(nothing, actor, may.fault)
        return await self._following(nothing, actor, row, made, deed)

    async def _parted(self, row: StoredPatch) -> Fault | None:
        """Why *row* may not come in again: it was to land in all domains of its set or in none, and would
        land without the others. Where these have landed it may follow them."""
        if row.set_id is None or row.patch.together is None or not row.patch.together.atomic:
            return None
        found = await self._ledger.patch_set(row.set_id)
        others = [each for each in found.members if each.id != row.id] if found else []
        if all(each.state is PatchState.LANDED for each in others):
            return None
        return fault(Reason.SET_PARTED, id=row.id, set=row.set_id)

    async def _following(
        self, nothing: Settlement, actor: Actor, row: StoredPatch, made: Patch, deed: Deed
    ) -> Settlement:
        """*made* enters the lane, and stands where *row* does."""
        domain, by = row.patch.domain, name_of(actor)
        if domain not in self._settings.domains:
            known = " ".join(self._settings.domains)
            gone = fault(Reason.UNKNOWN_TARGET, target=domain, domains=known, suggestion="")
            return refusal(nothing, actor, gone)
        if (closed := draining(domain, await self._ledger.closed())) is not None:
            return refusal(nothing, actor, closed)
        id_ = self._new_patch_id()
        told = TellDeed(deed, by, {"patch": id_}, row.id)
        # Not the message itself: its mark tells what came of what it brought, not of this.
        place = replace(row.place, ts=None)
        home = home_of(place, row.source, domain, self._settings)
        new = NewPatch(
            id_,
            made,
            content_hash(made),
            actor,
            row.source,
            place,
            told=(*on_accepted(id_, nothing.inbox_id, place, home), *deeds.told(row, told, self._settings)),
            twin_to=NewDelivery(Twin("", made.block), *home) if home[0] else None,
        )
        entry = AuditEntry(actor.id, _FOLLOWING[deed], f"patch {row.id} as {id_}")
        return replace(nothing, patches=(new,), audit=(entry,))


def _fits(command: deeds.OfOpen | Again) -> Callable[[StoredPatch], bool]:
    """Which patches of a thread *command* can mean."""
    match command:
        case Stop():
            return lambda row: not isinstance(course.ended(row, ""), Fault)
        case Resume():
            return lambda row: row.hold is not None
        case Replay():
            return lambda row: row.state in course.REPLAYABLE
        case RevertPatch():
            return lambda row: row.state is PatchState.LANDED and row.reverted_by is None
        case AdjustPatch():
            return lambda row: course.Offer.ADJUST in course.offers(row)
        case PutOnHold() | ChangePriority():
            return lambda _row: False
        case _:
            assert_never(command)


def again_as(row: StoredPatch) -> Patch:
    """The same content. Who wrote it stays its author, whoever asks for it again."""
    patch, actor = row.patch, row.actor
    author = patch.author or Author(actor.name, actor.email)
    return replace(patch, replays=row.id, author=author, depends_on=(), together=None)


def inverse_of(row: StoredPatch) -> Patch | Fault:
    """What undoes *row*, for whoever asks for it to have written."""
    commit = row.report.commit if row.report else None
    if row.state is not PatchState.LANDED or commit is None:
        return course.unfit(row, PatchState.LANDED)
    return Patch(
        row.patch.domain,
        Changeset((Revert(row.id, commit),)),
        title=revert_title(row.patch.title),
        body=revert_body(row.id, commit),
        reverts=row.id,
    )


def adjusted_of(row: StoredPatch, limits: Limits) -> Patch | Fault:
    """What was offered of *row*, as a patch. Who wrote it stays its author, whoever takes it."""
    offered = row.report.offer if row.report else None
    if row.state is not PatchState.FAILED or offered is None or not offered.diff:
        return fault(Reason.NOT_OFFERED, id=row.id)
    changeset = changeset_of(offered.diff, limits)
    if isinstance(changeset, Fault):
        return changeset
    again = again_as(row)
    return replace(again, changeset=changeset, replays=None, adjusts=row.id, expects_tree=None)
