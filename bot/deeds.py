"""What somebody does to open patches: of one or of all of a set, what is written and what is said."""

from dataclasses import replace
from typing import assert_never

from bot.closing import name_of
from bot.tending import privately, refusal
from contracts import course, policy
from contracts.commands import Actor, Place
from contracts.control import Control, EndPatch
from contracts.faults import Fault, Reason, fault
from contracts.notices import (
    Confirm,
    Deed,
    Deny,
    Done,
    Mark,
    NewDelivery,
    TellDeed,
    WriteSummary,
    home_of,
    on_progress,
)
from contracts.ports import AuditEntry, Settlement
from contracts.records import PatchSet, StoredPatch
from contracts.settings import Settings
from contracts.states import PatchState
from contracts.steering import ChangePriority, PutOnHold, Resume, Stop

#: What can be done to several at once.
OfOpen = Stop | PutOnHold | ChangePriority | Resume


def of_patch(
    nothing: Settlement, actor: Actor, command: OfOpen, row: StoredPatch, settings: Settings
) -> Settlement:
    by = name_of(actor)
    decided = _decided(nothing.place, actor, command, row, settings)
    if isinstance(decided, Fault):
        return refusal(nothing, actor, decided)
    deed = _deed(command, (row,), by, row.id)
    return replace(
        nothing,
        changes=(decided,),
        told=(
            *told(row, deed, settings, ends=_ends(decided)),
            *_confirmation(nothing.place, actor, row.id),
        ),
        audit=(AuditEntry(actor.id, command.kind, f"patch {row.id}"),),
    )


def of_set(
    nothing: Settlement, actor: Actor, command: OfOpen, found: PatchSet, settings: Settings
) -> Settlement:
    """To every open member that *actor* may do it to and that it fits; the others are told to the person."""
    place, by = nothing.place, name_of(actor)
    rows = [row for row in found.open if row.hold or not isinstance(command, Resume)]
    decided = {row.id: _decided(place, actor, command, row, settings) for row in rows}
    wrong = tuple(each for each in decided.values() if isinstance(each, Fault))
    changes = {id_: each for id_, each in decided.items() if not isinstance(each, Fault)}
    if not changes:
        none = Reason.NOT_HELD if found.open else Reason.SET_OVER
        return refusal(nothing, actor, wrong[0] if wrong else fault(none, id=found.id))
    done = tuple(row for row in rows if row.id in changes)
    deed = _deed(command, done, by, found.id)
    home = found.place
    said = [NewDelivery(deed, home.channel, home.thread)] if home.channel else []
    for row in done:
        elsewhere = _home(row, settings) != (home.channel, home.thread)
        of_row = replace(deed, patch=row.id) if elsewhere else None
        said += told(row, of_row, settings, ends=_ends(changes[row.id]))
    for number, why in enumerate(wrong):
        said += privately(place, actor, Deny(actor.id, why)) if why not in wrong[:number] else ()
    return replace(
        nothing,
        changes=tuple(changes.values()),
        told=(*said, *_confirmation(place, actor, found.id)),
        audit=(AuditEntry(actor.id, command.kind, f"set {found.id}: {', '.join(changes)}"),),
        refused=wrong[0] if wrong else None,
    )


def told(
    row: StoredPatch, deed: TellDeed | None, settings: Settings, *, ends: bool = False
) -> tuple[NewDelivery, ...]:
    """On the card and below it; *ends*: the patch is over now, and its message shows it, too."""
    channel, thread = _home(row, settings)
    said = [*on_progress(row.id, channel)]
    if channel is not None and deed is not None:
        said.append(NewDelivery(deed, channel, thread))
    if ends:
        said.append(NewDelivery(WriteSummary(row.id), None))
    if ends and row.patch.reverts is not None:
        said += on_progress(row.patch.reverts, channel)
    if ends and row.place.ts:
        said.append(NewDelivery(Mark(row.inbox_id), row.place.channel))
    return tuple(said)


def _home(row: StoredPatch, settings: Settings) -> tuple[str | None, str | None]:
    return home_of(row.place, row.source, row.patch.domain, settings)


def _decided(
    place: Place, actor: Actor, command: OfOpen, row: StoredPatch, settings: Settings
) -> Control | Fault:
    may = policy.may_steer(settings, actor, row.actor, row.patch.domain, place)
    if isinstance(may, policy.Denied):
        return may.fault
    match command:
        case Stop():
            return course.ended(row, name_of(actor))
        case PutOnHold(why=why):
            return course.held(row, name_of(actor), why)
        case Resume():
            return course.freed(row)
        case ChangePriority(priority=priority):
            return course.prioritised(row, priority)
        case _:
            assert_never(command)


def _deed(command: OfOpen, rows: tuple[StoredPatch, ...], by: str, of: str) -> TellDeed:
    match command:
        case Stop():
            runs = any(row.state is PatchState.RUNNING for row in rows)
            return TellDeed(Deed.STOPPING if runs else Deed.CANCELLED, by, {}, of)
        case PutOnHold(why=why):
            return TellDeed(Deed.HELD, by, {"why": why}, of)
        case Resume():
            return TellDeed(Deed.FREED, by, {}, of)
        case ChangePriority(priority=priority):
            return TellDeed(Deed.PRIORITISED, by, {"priority": priority.value}, of)
        case _:
            assert_never(command)


def _confirmation(place: Place, actor: Actor, of: str) -> tuple[NewDelivery, ...]:
    """For who said it outside of the thread, and would not see what is said there."""
    if place.thread is not None:
        return ()
    return privately(place, actor, Confirm(actor.id, Done.STEERED, {"patch": of}))


def _ends(decided: Control) -> bool:
    """A running one is ended by its worker, which says what there is to say."""
    return isinstance(decided, EndPatch) and decided.was is not PatchState.RUNNING
