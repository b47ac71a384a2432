"""Reads. Each is one function on a connection that cannot write, and sees one committed state."""

import sqlite3
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import islice
from typing import Any

from contracts.commands import Place
from contracts.control import Closed, Obstacles
from contracts.ports import AuditEntry, Counts
from contracts.records import (
    FailingDeliveries,
    FlakyGate,
    LaneLine,
    MessageStanding,
    PatchLine,
    PatchSet,
    Standing,
    StoredPatch,
)
from contracts.states import OPEN_STATES, PatchState
from executor.engine.sqlite import troubles
from executor.engine.sqlite.codec import (
    STORED,
    fault_from_json,
    from_time,
    from_time_if,
    stored_patch,
    to_time,
)
from executor.engine.sqlite.inbox import BROUGHT, OPEN_TWIN
from executor.engine.sqlite.obstacles import closed, obstacles
from executor.engine.sqlite.sets import IN_THREAD, patch_set
from executor.engine.sqlite.threads import Thread
from executor.engine.sqlite.turns import FREE, HEADS, KEPT, InLine, in_turn

_OF_ROW = """
SELECT id, coalesce(lanes.state, endings.state)
FROM patches LEFT JOIN lanes USING (seq) LEFT JOIN endings USING (seq)
WHERE inbox_id = ? ORDER BY seq"""
#: The versions of a message that were answered, latest first.
_VERSIONS = """
SELECT id, rejected FROM inbox
WHERE channel = ? AND ts = ? AND state = 'settled'
  AND (rejected > 0 OR EXISTS (SELECT 1 FROM patches WHERE inbox_id = inbox.id))
ORDER BY id DESC"""
_FREE = f"lanes INDEXED BY lanes_waiting WHERE {FREE}"
_BY_AGE = f"lanes INDEXED BY lanes_oldest WHERE {FREE}"
_KEPT = f"lanes INDEXED BY lanes_kept WHERE {KEPT}"
_TIMED = "lanes INDEXED BY lanes_later WHERE state = 'waiting' AND due_at IS NOT NULL"
_OPEN = """
SELECT id, patches.domain, title, actor_name, state, accepted_at, NULL, held_by IS NOT NULL
FROM patches JOIN lanes USING (seq) WHERE seq IN"""
_HEAD = f"{_OPEN} (SELECT seq FROM {HEADS} AND domain = ?)"
_IN_LINE = f"""
SELECT * FROM (SELECT seq, rank, passed FROM {_FREE} AND domain = :domain ORDER BY rank, seq LIMIT :limit)
UNION SELECT * FROM (
  SELECT seq, rank, passed FROM {_BY_AGE} AND domain = :domain ORDER BY seq LIMIT :limit)"""
_WAITING = f"{_OPEN} (?)"
_LATER = (
    f"{_OPEN} (SELECT seq FROM {_TIMED} AND domain = ? ORDER BY due_at, seq LIMIT ?) ORDER BY due_at, seq"
)
_BACK = f"{_OPEN} (SELECT seq FROM {_KEPT} AND domain = ? ORDER BY seq LIMIT ?) ORDER BY seq"
_FINISHED = """
SELECT id, patches.domain, title, actor_name, state, accepted_at, endings.ended_at, 0
FROM endings INDEXED BY endings_latest JOIN patches USING (seq)
WHERE endings.domain = ? ORDER BY endings.ended_at DESC, seq DESC LIMIT ?"""
_LANE = f"""
SELECT
  (SELECT count(*) FROM {_FREE} AND domain = :domain) + (SELECT count(*) FROM {_TIMED} AND domain = :domain)
  + (SELECT count(*) FROM {_KEPT} AND domain = :domain),
  (SELECT accepted_at FROM patches WHERE seq = (SELECT min(seq) FROM (
    SELECT seq FROM {HEADS} AND domain = :domain
    UNION ALL SELECT min(seq) FROM {_BY_AGE} AND domain = :domain
    UNION ALL SELECT min(seq) FROM {_TIMED} AND domain = :domain
    UNION ALL SELECT min(seq) FROM {_KEPT} AND domain = :domain)))"""
_LINE = """
SELECT id, patches.domain, title, actor_name, coalesce(lanes.state, endings.state), accepted_at,
  endings.ended_at, held_by IS NOT NULL
FROM patches LEFT JOIN lanes USING (seq) LEFT JOIN endings USING (seq)"""
_IN_THREAD = f"""
{_LINE} WHERE id IN (SELECT patch FROM cards INDEXED BY cards_thread
  WHERE channel IS NOT NULL AND channel = ? AND coalesce(thread, ts) = ?) ORDER BY seq"""
_BY_ID = f"{_LINE} WHERE id = ?"
_BY_SET = f"{_LINE} WHERE seq IN (SELECT seq FROM members WHERE set_id = ?) ORDER BY seq"
_BY_LABEL = f"""
{_LINE} WHERE seq IN (SELECT seq FROM labels WHERE label = :name) AND inbox_id = (
  SELECT inbox_id FROM patches WHERE seq = (SELECT max(seq) FROM labels WHERE label = :name)) ORDER BY seq"""
_RUN_TIMES = """
SELECT ended_at - started_at FROM endings INDEXED BY endings_latest
WHERE domain = ? AND attempt > 0 ORDER BY ended_at DESC, seq DESC LIMIT ?"""
# All rows of `lanes` are counted without a look into them; heads are few.
_READY = "(SELECT count(*) FROM lanes INDEXED BY lanes_ready WHERE state = 'ready')"
_RUNNING = f"(SELECT count(*) FROM {HEADS} AND state = 'running')"
_PREPARED = f"(SELECT count(*) FROM {HEADS} AND state = 'prepared')"
_WAITS = f"((SELECT count(*) FROM lanes) - (SELECT count(*) FROM {HEADS}))"
_PROPOSED = f"(SELECT count(*) FROM {_KEPT} AND state = 'proposed')"
_STATES = f"""
SELECT 'waiting', {_WAITS} - {_PROPOSED} UNION ALL SELECT 'proposed', {_PROPOSED}
UNION ALL SELECT 'ready', {_READY} UNION ALL SELECT 'running', {_RUNNING}
UNION ALL SELECT 'prepared', {_PREPARED}
UNION ALL SELECT state, sum(many) FROM tallies GROUP BY state"""
_COUNTS = f"""
SELECT
  (SELECT count(*) FROM inbox INDEXED BY inbox_free WHERE state = 'recorded' AND due_at IS NULL)
  + (SELECT count(*) FROM inbox INDEXED BY inbox_timed WHERE state = 'recorded' AND due_at IS NOT NULL),
  {_WAITS} + {_READY} + {_PREPARED},
  {_RUNNING},
  (SELECT count(*) FROM outbox),
  (SELECT created_at FROM outbox ORDER BY id LIMIT 1)"""


class SqliteLedger:
    """`contracts.ports.Ledger`."""

    def __init__(self, reader: Thread) -> None:
        self._reader = reader

    async def patch(self, patch: str) -> StoredPatch | None:
        row = await self._reader.read(
            lambda store: store.execute(f"{STORED} WHERE id = ?", (patch,)).fetchone()
        )
        return None if row is None else stored_patch(row)

    async def patch_set(self, set_id: str) -> PatchSet | None:
        return await self._reader.read(partial(patch_set, set_id))

    async def sets_in_thread(self, place: Place) -> tuple[str, ...]:
        where = (place.channel, place.thread)
        rows = await self._reader.read(lambda store: store.execute(IN_THREAD, where).fetchall())
        return tuple(set_id for (set_id,) in rows)

    async def standing(self, domain: str, content: str, place: Place | None) -> Standing | None:
        return await self._reader.read(partial(_content, domain, content, place))

    async def inbox_of(self, inbox_id: int) -> MessageStanding | None:
        return await self._reader.read(partial(_standing, inbox_id))

    async def lanes(self, domains: Sequence[str]) -> tuple[LaneLine, ...]:
        return await self._reader.read(lambda store: tuple(_lane(store, domain) for domain in domains))

    async def queue(self, domains: Sequence[str], *, limit: int) -> tuple[PatchLine, ...]:
        return await self._reader.read(partial(_queue, domains, limit))

    async def recent(self, domains: Sequence[str], *, limit: int) -> tuple[PatchLine, ...]:
        return await self._reader.read(partial(_recent, domains, limit))

    async def counts(self) -> Counts:
        row = await self._reader.read(lambda store: store.execute(_COUNTS).fetchone())
        inbox, waiting, running, outbox, oldest = row
        return Counts(inbox, waiting, running, outbox, from_time_if(oldest))

    async def obstacles(self, patch: str) -> Obstacles | None:
        return await self._reader.read(partial(obstacles, patch))

    async def closed(self) -> tuple[Closed, ...]:
        return await self._reader.read(closed)

    async def in_thread(self, place: Place) -> tuple[PatchLine, ...]:
        where = (place.channel, place.thread)
        rows = await self._reader.read(lambda store: store.execute(_IN_THREAD, where).fetchall())
        return tuple(_line(row) for row in rows)

    async def named(self, name: str) -> tuple[PatchLine, ...]:
        return await self._reader.read(partial(_named, name))

    async def run_times(self, domain: str, *, last: int) -> tuple[timedelta, ...]:
        rows = await self._reader.read(lambda store: store.execute(_RUN_TIMES, (domain, last)).fetchall())
        return tuple(timedelta(microseconds=lasted) for (lasted,) in rows)

    async def states(self) -> dict[PatchState, int]:
        rows = await self._reader.read(lambda store: store.execute(_STATES).fetchall())
        return dict.fromkeys(PatchState, 0) | {PatchState(state): many for state, many in rows}

    async def audit(self, *, limit: int) -> tuple[tuple[datetime, AuditEntry], ...]:
        rows = await self._reader.read(
            lambda store: store.execute(
                "SELECT at, actor, action, detail FROM audit ORDER BY id DESC LIMIT ?", (limit,)
            ).fetchall()
        )
        return tuple((from_time(at), AuditEntry(*entry)) for at, *entry in rows)

    async def noted(
        self, actions: Sequence[str], *, after: int, limit: int
    ) -> tuple[tuple[int, datetime, AuditEntry], ...]:
        return await self._reader.read(partial(troubles.noted, actions, after, limit))

    async def flaky_gates(self, *, since: datetime) -> tuple[FlakyGate, ...]:
        return await self._reader.read(partial(troubles.flaky_gates, to_time(since)))

    async def failing_deliveries(self, *, since: datetime) -> tuple[FailingDeliveries, ...]:
        return await self._reader.read(partial(troubles.failing_deliveries, to_time(since)))


def _line(row: Sequence[Any], position: int | None = None) -> PatchLine:
    id_, domain, title, actor, state, accepted_at, finished_at, on_hold = row
    return PatchLine(
        id_,
        domain,
        title,
        actor,
        PatchState(state),
        from_time(accepted_at),
        from_time_if(finished_at),
        position,
        bool(on_hold),
    )


def _named(name: str, store: sqlite3.Connection) -> tuple[PatchLine, ...]:
    rows = store.execute(_BY_ID, (name.casefold(),)).fetchall()
    rows = rows or store.execute(_BY_SET, (name.casefold(),)).fetchall()
    rows = rows or store.execute(_BY_LABEL, {"name": name}).fetchall()
    return tuple(_line(row) for row in rows)


def _content(domain: str, content: str, place: Place | None, store: sqlite3.Connection) -> Standing | None:
    twin = store.execute(OPEN_TWIN, (domain, content)).fetchone()
    before = None if place is None else store.execute(BROUGHT, (place.channel, place.ts, content)).fetchone()
    return Standing(twin[0] if twin else None, before is not None) if twin or before else None


def _standing(inbox_id: int, store: sqlite3.Connection) -> MessageStanding | None:
    row = store.execute(
        "SELECT channel, ts, thread, refused, rejected FROM inbox WHERE id = ? AND state = 'settled'",
        (inbox_id,),
    ).fetchone()
    if row is None:
        return None
    *place, refused, rejected = row
    versions = store.execute(_VERSIONS, place[:2]).fetchall() or [(inbox_id, rejected)]
    latest, *earlier = versions
    found = [
        *(
            (patch, state)
            for id_, _ in earlier
            for patch, state in _of_row(store, id_)
            if state in OPEN_STATES
        ),
        *_of_row(store, latest[0]),
    ]
    return MessageStanding(
        Place(*place),
        tuple(state for _, state in found),
        latest[1],
        tuple(patch for patch, _ in found),
        edited=bool(earlier),
        refused=None if refused is None else fault_from_json(refused),
    )


def _of_row(store: sqlite3.Connection, inbox_id: int) -> list[tuple[str, PatchState]]:
    return [(patch, PatchState(state)) for patch, state in store.execute(_OF_ROW, (inbox_id,))]


def _lane(store: sqlite3.Connection, domain: str) -> LaneLine:
    waiting, oldest = store.execute(_LANE, {"domain": domain}).fetchone()
    head = store.execute(_HEAD, (domain,)).fetchone()
    ends: dict[str, int] = dict(
        store.execute("SELECT state, many FROM tallies WHERE domain = ?", (domain,)).fetchall()
    )
    return LaneLine(
        domain=domain,
        waiting=waiting,
        head=None if head is None else _line(head, 1),
        oldest_accepted_at=from_time_if(oldest),
        landed=ends.get(PatchState.LANDED, 0),
        failed=ends.get(PatchState.FAILED, 0),
        quarantined=ends.get(PatchState.QUARANTINED, 0),
    )


def _queue(domains: Sequence[str], limit: int, store: sqlite3.Connection) -> tuple[PatchLine, ...]:
    """The first of every lane before the second of any, as far as *limit* goes; then lane by lane."""
    lines = [(place, line) for place, domain in enumerate(domains) for line in _open(store, domain, limit)]
    lines.sort(key=lambda entry: (entry[1].position, entry[0]))
    shown = sorted(lines[:limit], key=lambda entry: (entry[0], entry[1].position))
    return tuple(line for _, line in shown)


def _open(store: sqlite3.Connection, domain: str, limit: int) -> list[PatchLine]:
    waiting = [InLine(*row) for row in store.execute(_IN_LINE, {"domain": domain, "limit": limit})]
    rows = [
        *store.execute(_HEAD, (domain,)),
        *(row for seq in islice(in_turn(waiting), limit) for row in store.execute(_WAITING, (seq,))),
        *store.execute(_LATER, (domain, limit)),
        *store.execute(_BACK, (domain, limit)),
    ]
    return [_line(row, position) for position, row in enumerate(rows[:limit], start=1)]


def _recent(domains: Sequence[str], limit: int, store: sqlite3.Connection) -> tuple[PatchLine, ...]:
    rows = [row for domain in domains for row in store.execute(_FINISHED, (domain, limit))]
    rows.sort(key=lambda row: row[6], reverse=True)  # by when it ended
    return tuple(_line(row) for row in rows[:limit])
