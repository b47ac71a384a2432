"""The inbox: events are kept before they are acknowledged, and each is settled once."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from contracts.commands import Source
from contracts.notices import NewDelivery, Twin
from contracts.patch import Together
from contracts.ports import (
    MovedOnError,
    NewEvent,
    NewPatch,
    NewSet,
    PatchIdTakenError,
    Recorded,
    Settled,
    Settlement,
    Work,
)
from contracts.records import InboxRow
from contracts.states import InboxState
from executor.engine.sqlite.audit import note_all
from executor.engine.sqlite.changes import Write, writes
from executor.engine.sqlite.codec import (
    actor_to_json,
    fault_to_json,
    from_time,
    patch_to_json,
    to_time,
)
from executor.engine.sqlite.lanes import Entrant, enter
from executor.engine.sqlite.outbox import Letter, letters, say
from executor.engine.sqlite.plan import plan_patch
from executor.engine.sqlite.sets import Joined, begin, join
from executor.engine.sqlite.together import keep_together
from executor.engine.sqlite.writer import Transaction, Writer, added_row

_RECORD = """
INSERT INTO inbox (source, key, received_at, state, payload)
VALUES (:source, :key, :now, 'recorded', :payload)
ON CONFLICT (source, key) DO NOTHING"""
_COME_DUE = """
UPDATE inbox INDEXED BY inbox_timed SET due_at = NULL
WHERE state = 'recorded' AND due_at IS NOT NULL AND due_at <= :now"""
_NEXT = """
SELECT id, source, key, payload, received_at, state, attempt + 1 FROM inbox INDEXED BY inbox_free
WHERE state = 'recorded' AND due_at IS NULL ORDER BY id LIMIT 1"""
_CLAIM = "UPDATE inbox SET attempt = attempt + 1, due_at = ? WHERE id = ?"
_POSTPONE = "UPDATE inbox SET due_at = ? WHERE id = ? AND attempt = ? AND state = 'recorded'"
_SETTLE = """
UPDATE inbox
SET state = 'settled', due_at = NULL, channel = :channel, ts = :ts, thread = :thread, rejected = :rejected,
  refused = :refused
WHERE id = :id AND attempt = :attempt AND state = 'recorded'"""
OPEN_TWIN = "SELECT id FROM lanes JOIN patches USING (seq) WHERE lanes.domain = ? AND content = ?"
_ACCEPT = """
INSERT INTO patches (id, domain, inbox_id, accepted_at, source, channel, ts, thread, actor_name, title,
  actor, patch)
SELECT :id, :domain, :inbox_id, :now, :source, :channel, :ts, :thread, :actor_name, :title,
  :actor, :patch
WHERE NOT EXISTS (SELECT 1 FROM sets WHERE id = :id)
ON CONFLICT (id) DO NOTHING"""
BROUGHT = "SELECT patch FROM brought WHERE channel = ? AND ts = ? AND content = ?"
_REMEMBER = """
INSERT INTO brought VALUES (?, ?, ?, ?)
ON CONFLICT (channel, ts, content) DO UPDATE SET patch = excluded.patch"""


class SqliteInbox:
    """`contracts.ports.Inbox`."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def record(self, event: NewEvent, *, now: datetime) -> Recorded:
        return await self._writer.run(partial(_record, event, to_time(now)))

    async def claim(self, *, now: datetime, lease: timedelta) -> InboxRow | None:
        row = await self._writer.run(partial(_claim, {"now": to_time(now), "until": to_time(now + lease)}))
        return None if row is None else _inbox_row(row)

    async def settle(self, settlement: Settlement, *, now: datetime) -> Settled | None:
        at = to_time(now)
        entries = [_Entry.of(patch, settlement.inbox_id, at) for patch in settlement.patches]
        changes, told = writes(settlement.changes, at), letters(settlement.told, at)
        return await self._writer.run(partial(_settle, settlement, entries, changes, told, now=at))

    async def postpone(self, inbox_id: int, attempt: int, *, until: datetime) -> bool:
        held = (to_time(until), inbox_id, attempt)
        return await self._writer.run(lambda tx: tx.execute(_POSTPONE, held).rowcount == 1)


def _inbox_row(row: Sequence[Any]) -> InboxRow:
    id_, source, key, payload, received_at, state, attempt = row
    return InboxRow(id_, Source(source), key, payload, from_time(received_at), InboxState(state), attempt)


def _record(event: NewEvent, now: int, tx: Transaction) -> Recorded:
    new = {"source": event.source, "key": event.key, "now": now, "payload": event.payload}
    if added := added_row(tx.execute(_RECORD, new)):
        tx.wake(Work.INBOX)
        return Recorded(added, fresh=True)
    first = tx.execute("SELECT id FROM inbox WHERE source = :source AND key = :key", new).fetchone()
    return Recorded(first[0], fresh=False)


def _claim(wanted: dict[str, int], tx: Transaction) -> tuple[Any, ...] | None:
    tx.execute(_COME_DUE, wanted)
    row: tuple[Any, ...] | None = tx.execute(_NEXT).fetchone()
    if row is not None:
        tx.execute(_CLAIM, (wanted["until"], row[0]))
    return row


class _Entry(NamedTuple):
    """A new patch, and its row and notices, written out before the transaction begins."""

    new: NewPatch
    row: dict[str, Any]
    entrant: Entrant
    told: list[Letter]

    @classmethod
    def of(cls, new: NewPatch, inbox_id: int, now: int) -> "_Entry":
        row = {
            "id": new.id,
            "domain": new.patch.domain,
            "inbox_id": inbox_id,
            "now": now,
            "source": new.source,
            "channel": new.place.channel,
            "ts": new.place.ts,
            "thread": new.place.thread,
            "actor_name": new.actor.name,
            "title": new.patch.title,
            "actor": actor_to_json(new.actor),
            "patch": patch_to_json(new.patch),
        }
        patch = new.patch
        bound = new.set_id if patch.together is not None and patch.together.atomic else None
        entrant = Entrant(patch.domain, new.content, patch.priority.rank, patch.hotfix, new.needs, bound)
        return cls(new, row, entrant, letters(new.told, now))


def _settle(
    settlement: Settlement,
    entries: Sequence[_Entry],
    changes: Sequence[Write],
    told: Sequence[Letter],
    tx: Transaction,
    *,
    now: int,
) -> Settled | None:
    place = settlement.place
    settled = tx.execute(
        _SETTLE,
        {
            "id": settlement.inbox_id,
            "attempt": settlement.attempt,
            "channel": place.channel,
            "ts": place.ts,
            "thread": place.thread,
            "rejected": settlement.rejected,
            "refused": None if settlement.refused is None else fault_to_json(settlement.refused),
        },
    )
    if settled.rowcount == 0:
        return None
    entered = _enter_all(settlement, entries, tx, now=now)
    if not all(change(tx) for change in changes):
        raise MovedOnError
    keep_together(tx, now)
    say(tx, told)
    note_all(tx, settlement.audit, now)
    return entered


def _enter_all(settlement: Settlement, entries: Sequence[_Entry], tx: Transaction, *, now: int) -> Settled:
    accepted: list[str] = []
    twins: list[str] = []
    sets: dict[str, Together] = {}
    # What stands for a patch that does not enter; None: nobody knows any more.
    instead = _brought_before(tx, entries) if settlement.edited else {}
    for entry in entries:
        new = entry.new
        if new.id in instead:
            continue
        if twin := tx.execute(OPEN_TWIN, (new.patch.domain, new.content)).fetchone():
            twins.append(twin[0])
            instead[new.id] = twin[0]
            _answer_twin(tx, new.twin_to, twin[0], now)
        else:
            if new.set_id is not None and new.patch.together is not None and new.set_id not in sets:
                sets[new.set_id] = new.patch.together
                begin(tx, _home_of(settlement, new.set_id), new.patch.together, settlement.inbox_id, now)
            _accept(tx, entry, instead)
            accepted.append(new.id)
        _remember(tx, new, instead.get(new.id, new.id))
    for set_id, together in sets.items():
        _gather(tx, set_id, together, entries, instead)
    return Settled(tuple(accepted), tuple(twins))


def _home_of(settlement: Settlement, set_id: str) -> NewSet:
    return next((new for new in settlement.sets if new.id == set_id), NewSet(set_id))


def _gather(
    tx: Transaction,
    set_id: str,
    together: Together,
    entries: Sequence[_Entry],
    instead: Mapping[str, str | None],
) -> None:
    """Note the members of a set that has begun."""
    news = [entry.new for entry in entries if entry.new.set_id == set_id]
    if together.atomic and any(new.id in instead for new in news):
        raise MovedOnError
    stand = [(instead.get(new.id, new.id), new) for new in news]
    join(
        tx,
        set_id,
        together.domains,
        [Joined(id_, new.patch.domain, id_ != new.id) for id_, new in stand if id_ is not None],
    )


def _brought_before(tx: Transaction, entries: Sequence[_Entry]) -> dict[str, str | None]:
    """Those whose content their message has brought before, to the patch that came of it then."""
    found: dict[str, str | None] = {}
    for entry in entries:
        brought = (entry.new.place.channel, entry.new.place.ts, entry.new.content)
        if row := tx.execute(BROUGHT, brought).fetchone():
            found[entry.new.id] = row[0]
    return found


def _remember(tx: Transaction, new: NewPatch, stands: str | None) -> None:
    if new.place.channel is not None and new.place.ts is not None:
        tx.execute(_REMEMBER, (new.place.channel, new.place.ts, new.content, stands))


def _answer_twin(tx: Transaction, twin_to: NewDelivery | None, first: str, now: int) -> None:
    if twin_to is None:
        return
    notice = twin_to.notice
    told = replace(notice, first=first) if isinstance(notice, Twin) else notice
    say(tx, letters([replace(twin_to, notice=told)], now))


def _accept(tx: Transaction, entry: _Entry, instead: Mapping[str, str | None]) -> None:
    seq = added_row(tx.execute(_ACCEPT, entry.row))
    if seq is None:
        raise PatchIdTakenError(entry.new.id)
    needs = [instead.get(needed, needed) for needed in entry.entrant.needs]
    enter(tx, seq, entry.entrant._replace(needs=tuple(id_ for id_ in needs if id_)))
    patch = entry.new.patch
    if patch.label is not None:
        tx.execute("INSERT INTO labels VALUES (?, ?)", (patch.label, seq))
    if patch.reverts is not None:
        tx.execute("INSERT INTO reverts VALUES (?, ?)", (patch.reverts, seq))
    if patch.batch is not None:
        plan_patch(tx, seq, patch.batch)
    say(tx, entry.told)
