"""What people do about the plan: the plan as it is, what was filled in, one settlement.

Whoever writes it hears if somebody else has changed the plan meanwhile (`MovedOnError`) and has it decided
again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bot.tending import refusal
from contracts import policy
from contracts.commands import Actor, EditBatch, Place
from contracts.faults import Fault, Reason, fault, nearest
from contracts.formats.plan_text import read_blockers, read_field
from contracts.notices import Misunderstood, NewDelivery, TellPlan
from contracts.plan import Batch, Clash, Key, Value, changed, wanted, with_batch
from contracts.plan_store import KeptPlan, PlanChange, Plans
from contracts.ports import AuditEntry, Settlement
from contracts.records import InboxRow
from contracts.settings import Settings

#: What is wrong, field by field.
Wrong = dict[Key, Fault]


@dataclass(frozen=True, slots=True)
class Edited:
    """What becomes of the plan; *changes* is empty if the form says what is so already."""

    kept: KeptPlan
    batch: Batch
    changes: Mapping[Key, Value]


async def edited(command: EditBatch, plans: Plans) -> Edited | Wrong | Fault:
    """What *command* makes of the plan as it is; or what is wrong in which field, or altogether."""
    values = {Key(name): _read(Key(name), typed) for name, typed in command.fields.items()}
    wrong = {key: value for key, value in values.items() if isinstance(value, Fault)}
    if wrong:
        return wrong
    kept = await plans.current()
    batch = kept.plan.batch(command.batch)
    if batch is None:
        suggestion = nearest(command.batch[:80], [each.id for each in kept.plan.batches])
        return fault(Reason.UNKNOWN_BATCH, id=command.batch[:80], suggestion=suggestion)
    history = await plans.history(batch=batch.id, after=command.version)
    since = [edit for edit in history if edit.version <= kept.version]
    form = {key: value for key, value in values.items() if not isinstance(value, Fault)}
    changes = wanted(batch, form, since)
    if isinstance(changes, Clash):
        return {changes.key: fault(Reason.PLAN_CLASH, batch=batch.id, field=changes.key, by=changes.actor)}
    return Edited(kept, batch, changes)


def _read(key: Key, typed: str) -> Value | Fault:
    """In a form each blocker has a line of its own, commas and all."""
    if key is Key.BLOCKERS:
        return read_blockers([line for line in typed.splitlines() if line.strip()])
    return read_field(key, typed)


class Planner:
    def __init__(self, plans: Plans, settings: Settings) -> None:
        self._plans = plans
        self._settings = settings

    async def decide(self, row: InboxRow, actor: Actor, place: Place, command: EditBatch) -> Settlement:
        """All that follows from *command*; a refusal is told to the person alone."""
        nothing = Settlement(row.id, row.attempt, place)
        match policy.may_edit_plan(self._settings, actor, place):
            case policy.Denied(why):
                return refusal(nothing, actor, why)
            case policy.Allowed():
                pass
        match await edited(command, self._plans):
            case Fault() as why:
                return refusal(nothing, actor, why)
            case dict() as wrong:
                return refusal(nothing, actor, next(iter(wrong.values())))
            case Edited(changes=changes) if not changes:
                return nothing
            case Edited() as done:
                return _changing(nothing, actor, done)

    async def advised(self, settlement: Settlement, actor: Actor) -> Settlement:
        """With a hint for each batch that its patches name and the plan does not have."""
        named = {new.patch.batch for new in settlement.patches if new.patch.batch is not None}
        place = settlement.place
        if not named or place.channel is None:
            return settlement
        known = [batch.id for batch in (await self._plans.current()).plan.batches]
        hints = [
            fault(Reason.BATCH_NOT_PLANNED, id=batch, suggestion=nearest(batch, known))
            for batch in sorted(named.difference(known))
            if known
        ]
        told = (NewDelivery(Misunderstood(actor.id, hint), place.channel, place.thread) for hint in hints)
        return replace(settlement, told=(*settlement.told, *told))


def _changing(nothing: Settlement, actor: Actor, done: Edited) -> Settlement:
    after = with_batch(done.kept.plan, changed(done.batch, done.changes))
    told = TellPlan(done.kept.version + 1, done.batch.id, actor.id)
    return replace(
        nothing,
        changes=(PlanChange(done.kept, after, actor.name or actor.id),),
        told=(NewDelivery(told, nothing.place.channel),) if nothing.place.channel else (),
        audit=(AuditEntry(actor.id, "change-batch", f"batch {done.batch.id}"),),
    )
