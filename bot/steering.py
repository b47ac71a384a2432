"""What people decide about patches and domains: the rows as they are, what may be done, one settlement.

The decision is about rows that others change, too. Whoever writes it hears if one has (`MovedOnError`) and
has it decided again.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, tzinfo
from typing import Final, assert_never

from bot.admitting import draining
from bot.closing import Doors, name_of
from bot.delivery.questions import patch_meant
from bot.delivery.wording.patches import revert_body, revert_title
from bot.tending import privately, refusal
from contracts import course, policy
from contracts.commands import Actor, Place
from contracts.control import (
    Control,
    EndPatch,
)
from contracts.faults import Fault, Reason, fault
from contracts.formats.adjusted import changeset_of
from contracts.notices import (
    Confirm,
    Deed,
    Done,
    Mark,
    NewDelivery,
    TellDeed,
    Twin,
    WriteSummary,
    home_of,
    on_accepted,
    on_progress,
)
from contracts.patch import Author, Changeset, Limits, Patch, Revert, content_hash
from contracts.ports import AuditEntry, Ledger, NewPatch, Settlement
from contracts.records import InboxRow, StoredPatch
from contracts.settings import Settings
from contracts.states import PatchState
from contracts.steering import (
    AdjustPatch,
    ChangePriority,
    Drain,
    Freeze,
    Halt,
    OfPatch,
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
            case Stop() | PutOnHold() | ChangePriority() | Replay() | RevertPatch() | AdjustPatch():
                return await self._of_patch(nothing, actor, command)
            case Resume(name=name) if name is not None and name.casefold() in self._settings.domain_names():
                return await self._doors.of_domain(nothing, actor, command, name, zone)
            case Resume():
                return await self._of_patch(nothing, actor, command)
            case Pause() | Drain() | Freeze() | Unfreeze():
                return await self._doors.of_domain(nothing, actor, command, command.domain, zone)
            case Halt() | Unhalt():
                return await self._doors.of_desk(nothing, actor, command)
            case _:
                assert_never(command)

    # Patches -----------------------------------------------------------------------------------
    async def _of_patch(self, nothing: Settlement, actor: Actor, command: OfPatch | Resume) -> Settlement:
        place = nothing.place
        name = command.name if isinstance(command, Resume) else command.patch
        row = await patch_meant(name, place, self._ledger, self._settings, fits=_fits(command))
        if isinstance(row, Fault):
            return refusal(nothing, actor, row)
        if isinstance(command, RevertPatch):
            return await self._revert(nothing, actor, row)
        if isinstance(command, Replay):
            return await self._replay(nothing, actor, row)
        if isinstance(command, AdjustPatch):
            return await self._adjust(nothing, actor, row)
        may = policy.may_steer(self._settings, actor, row.actor, row.patch.domain, place)
        if isinstance(may, policy.Denied):
            return refusal(nothing, actor, may.fault)
        decided, deed = _decided(command, row, name_of(actor))
        if isinstance(decided, Fault):
            return refusal(nothing, actor, decided)
        return replace(
            nothing,
            changes=(decided,),
            told=(*self._told(row, deed, ends=_ends(decided)), *_confirmation(place, actor, row)),
            audit=(AuditEntry(actor.id, command.kind, f"patch {row.id}"),),
        )

    def _told(self, row: StoredPatch, deed: TellDeed, *, ends: bool = False) -> tuple[NewDelivery, ...]:
        """On the card and below it; *ends*: the patch is over now, and its message shows it, too."""
        channel, thread = self._home(row)
        told = [*on_progress(row.id, channel)]
        if channel is not None:
            told.append(NewDelivery(deed, channel, thread))
        if ends:
            told.append(NewDelivery(WriteSummary(row.id), None))
        if ends and row.patch.reverts is not None:
            told += on_progress(row.patch.reverts, channel)
        if ends and row.place.ts:
            told.append(NewDelivery(Mark(row.inbox_id), row.place.channel))
        return tuple(told)

    def _home(self, row: StoredPatch) -> tuple[str | None, str | None]:
        if row.patch.domain in self._settings.domains:
            return home_of(row.place, row.source, row.patch.domain, self._settings)
        return row.place.channel, row.place.thread

    async def _replay(self, nothing: Settlement, actor: Actor, row: StoredPatch) -> Settlement:
        if row.state not in course.REPLAYABLE:
            return refusal(nothing, actor, course.unfit(row, *course.REPLAYABLE))
        if row.patch.domain in self._settings.domains:
            may = policy.may_replay(self._settings, actor, row.patch.domain, nothing.place)
            if isinstance(may, policy.Denied):
                return refusal(nothing, actor, may.fault)
        return await self._following(nothing, actor, row, again_as(row), Deed.REPLAYED)

    async def _revert(self, nothing: Settlement, actor: Actor, row: StoredPatch) -> Settlement:
        """Who may submit to the domain may: what undoes a patch is a patch as any other."""
        inverse = inverse_of(row)
        if isinstance(inverse, Fault):
            return refusal(nothing, actor, inverse)
        if row.patch.domain in self._settings.domains:
            may = policy.may_submit(self._settings, actor, row.patch.domain, nothing.place)
            if isinstance(may, policy.Denied):
                return refusal(nothing, actor, may.fault)
        return await self._following(nothing, actor, row, inverse, Deed.REVERTING)

    async def _adjust(self, nothing: Settlement, actor: Actor, row: StoredPatch) -> Settlement:
        """Who may submit to the domain may: what was offered is a patch as any other."""
        adjusted = adjusted_of(row, self._settings.limits.limits())
        if isinstance(adjusted, Fault):
            return refusal(nothing, actor, adjusted)
        if row.patch.domain in self._settings.domains:
            may = policy.may_submit(self._settings, actor, row.patch.domain, nothing.place)
            if isinstance(may, policy.Denied):
                return refusal(nothing, actor, may.fault)
        return await self._following(nothing, actor, row, adjusted, Deed.ADJUSTED)

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
            told=(*on_accepted(id_, nothing.inbox_id, place, home), *self._told(row, told)),
            twin_to=NewDelivery(Twin("", made.block), *home) if home[0] else None,
        )
        entry = AuditEntry(actor.id, _FOLLOWING[deed], f"patch {row.id} as {id_}")
        return replace(nothing, patches=(new,), audit=(entry,))


def _decided(
    command: Stop | PutOnHold | ChangePriority | Resume, row: StoredPatch, by: str
) -> tuple[Control | Fault, TellDeed]:
    match command:
        case Stop():
            deed = Deed.STOPPING if row.state is PatchState.RUNNING else Deed.CANCELLED
            return course.ended(row, by), TellDeed(deed, by, {}, row.id)
        case PutOnHold(why=why):
            return course.held(row, by, why), TellDeed(Deed.HELD, by, {"why": why}, row.id)
        case Resume():
            return course.freed(row), TellDeed(Deed.FREED, by, {}, row.id)
        case ChangePriority(priority=priority):
            facts = {"priority": priority.value}
            return course.prioritised(row, priority), TellDeed(Deed.PRIORITISED, by, facts, row.id)
        case _:
            assert_never(command)


def _confirmation(place: Place, actor: Actor, row: StoredPatch) -> tuple[NewDelivery, ...]:
    """For who said it outside of the patch's thread, and would not see what is said there."""
    if place.thread is not None:
        return ()
    return privately(place, actor, Confirm(actor.id, Done.STEERED, {"patch": row.id}))


def _ends(decided: Control) -> bool:
    """A running one is ended by its worker, which says what there is to say."""
    return isinstance(decided, EndPatch) and decided.was is not PatchState.RUNNING


def _fits(command: OfPatch | Resume) -> Callable[[StoredPatch], bool]:
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
    return replace(patch, replays=row.id, author=author, depends_on=())


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
    return replace(again, changeset=changeset, replays=None, adjusts=row.id, expects_tree=None, together=None)
