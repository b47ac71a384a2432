"""What is measured of the rows, and how the desk was."""

import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, Final

from contracts.as_json import AsJson
from contracts.gates import Verdict
from contracts.health import GateHealth, Health, Sample, Status
from contracts.measuring import DomainNumbers, StoreNumbers
from contracts.ports import AuditEntry
from executor.engine.sqlite.audit import note_all
from executor.engine.sqlite.codec import from_time, from_time_if, to_time
from executor.engine.sqlite.threads import Thread
from executor.engine.sqlite.turns import FREE, HEADS
from executor.engine.sqlite.writer import Transaction, Writer

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MINUTE: Final = timedelta(minutes=1)
_HOUR: Final = timedelta(hours=1)
_MINUTES_KEPT: Final = timedelta(days=7)
_HOURS_KEPT: Final = timedelta(days=365)

_HEALTH: AsJson[Health] = AsJson(Health)
_RISING: Final = tuple(Status)

# What is measured ------------------------------------------------------------------------------
_ENDED = "endings INDEXED BY endings_latest WHERE domain = :domain ORDER BY ended_at DESC, seq DESC"
# What a person keeps back is no backlog.
_QUEUED = f"""
SELECT (SELECT count(*) FROM lanes INDEXED BY lanes_waiting WHERE {FREE} AND domain = :domain)
  + (SELECT count(*) FROM lanes INDEXED BY lanes_later
    WHERE state = 'waiting' AND due_at IS NOT NULL AND domain = :domain)"""
# A head has waited since it came, since the one before it ended, or since its own last attempt did.
_HEAD = """
SELECT state, max(accepted_at, coalesce(ended_at, 0), coalesce(started_at, 0)), started_at
FROM lanes INDEXED BY lanes_head JOIN patches USING (seq)
WHERE state IN ('ready', 'running', 'prepared') AND lanes.domain = :domain"""
_LAST = f"SELECT state, seq, ended_at, started_at FROM {_ENDED} LIMIT :last"
_QUARANTINED = """
SELECT count(*) FROM endings INDEXED BY endings_quarantined
WHERE state = 'quarantined' AND domain = :domain AND ended_at > :since"""
_SUMMARIES = """
SELECT patches.domain, min(outbox.created_at)
FROM outbox INDEXED BY outbox_summaries JOIN patches ON patches.id = outbox.patch
WHERE kind = 'post-summary' GROUP BY patches.domain"""
_ALL = f"""
SELECT (SELECT count(*) FROM {HEADS} AND state = 'running'),
  (SELECT min(received_at) FROM (
    SELECT received_at FROM inbox
    WHERE id = (SELECT min(id) FROM inbox INDEXED BY inbox_free WHERE state = 'recorded' AND due_at IS NULL)
    UNION ALL SELECT min(due_at) FROM inbox INDEXED BY inbox_timed
    WHERE state = 'recorded' AND due_at IS NOT NULL AND due_at <= :now)),
  (SELECT min(created_at) FROM outbox
    WHERE state IN ('pending', 'unsure') AND waits = 0 AND (due_at IS NULL OR due_at <= :now)),
  (SELECT created_at FROM outbox ORDER BY id LIMIT 1)"""
_RUNS = f"""
SELECT latest.ended_at, gate.value ->> 'name', gate.value ->> 'verdict'
FROM (SELECT seq, ended_at, report FROM {_ENDED} LIMIT :last) AS latest, json_each(report, '$.gates') AS gate
ORDER BY latest.ended_at DESC, latest.seq DESC, gate.key"""

# What is kept ----------------------------------------------------------------------------------
_KEEP = """
INSERT INTO health VALUES (1, :at, :health)
ON CONFLICT (only) DO UPDATE SET at = excluded.at, health = excluded.health"""
_SAMPLE = """
INSERT INTO {table} VALUES (:at, :status, :depth, :broken)
ON CONFLICT (at) DO UPDATE SET status = max(status, excluded.status), broken = max(broken, excluded.broken),
  depth = max(depth, excluded.depth)"""
_FORGET = "DELETE FROM {table} WHERE at < ?"
_HISTORY = "SELECT at, status, depth, broken FROM {table} WHERE at >= ? ORDER BY at"


class SqliteHealth:
    """`contracts.ports.HealthStore`."""

    def __init__(self, writer: Writer, reader: Thread) -> None:
        self._writer = writer
        self._reader = reader

    async def numbers(
        self, domains: Sequence[str], *, now: datetime, last: int, since: datetime
    ) -> StoreNumbers:
        asked = {"now": to_time(now), "last": last, "since": to_time(since)}
        return await self._reader.read(partial(_numbers, tuple(domains), asked))

    async def gates(self, domain: str, *, last: int) -> tuple[GateHealth, ...]:
        return await self._reader.read(partial(_gates, domain, last))

    async def note(self, entries: Sequence[AuditEntry], *, now: datetime) -> None:
        await self._writer.run(lambda tx: note_all(tx, entries, to_time(now)))

    async def keep(self, health: Health, *, now: datetime) -> None:
        await self._writer.run(partial(_keep, _HEALTH.dump(health), _sample(health), now))

    async def latest(self) -> Health | None:
        row = await self._reader.read(lambda store: store.execute("SELECT health FROM health").fetchone())
        return None if row is None else _HEALTH.load(row[0])

    async def minutes(self, *, since: datetime) -> tuple[Sample, ...]:
        return await self._history("health_minutes", since)

    async def hours(self, *, since: datetime) -> tuple[Sample, ...]:
        return await self._history("health_hours", since)

    async def _history(self, table: str, since: datetime) -> tuple[Sample, ...]:
        asked = _HISTORY.format(table=table)
        rows = await self._reader.read(lambda store: store.execute(asked, (to_time(since),)).fetchall())
        return tuple(
            Sample(from_time(at), _RISING[status], depth, broken) for at, status, depth, broken in rows
        )


def _numbers(domains: Sequence[str], asked: dict[str, int], store: sqlite3.Connection) -> StoreNumbers:
    summaries: dict[str, int] = dict(store.execute(_SUMMARIES).fetchall())
    running, inbox, due, outbox = store.execute(_ALL, asked).fetchone()
    return StoreNumbers(
        domains=tuple(
            _domain(store, {**asked, "domain": domain}, summaries.get(domain)) for domain in domains
        ),
        running=running,
        inbox_since=from_time_if(inbox),
        due_since=from_time_if(due),
        outbox_since=from_time_if(outbox),
    )


def _domain(store: sqlite3.Connection, asked: dict[str, Any], summary: int | None) -> DomainNumbers:
    state, head_since, head_taken = store.execute(_HEAD, asked).fetchone() or (None, None, None)
    last = store.execute(_LAST, asked).fetchall()
    latest_seq, latest_end, latest_start = last[0][1:] if last else (None, None, None)
    free = state == "ready"
    taken = [moment for moment in (head_taken, latest_start) if moment is not None]
    return DomainNumbers(
        domain=asked["domain"],
        queued=store.execute(_QUEUED, asked).fetchone()[0] + free,
        head_since=from_time(max(head_since or 0, latest_end or 0)) if free else None,
        summary_since=from_time_if(summary),
        quarantined=store.execute(_QUARANTINED, asked).fetchone()[0],
        finished=len(last),
        failed=sum(ended != "landed" for ended, *_ in last),
        last_taken_at=from_time_if(max(taken, default=None)),
        last=latest_seq,
    )


def _gates(domain: str, last: int, store: sqlite3.Connection) -> tuple[GateHealth, ...]:
    found: dict[str, list[tuple[int, Verdict]]] = {}
    for at, name, verdict in store.execute(_RUNS, {"domain": domain, "last": last}):
        if verdict != Verdict.SKIPPED:
            found.setdefault(name, []).append((at, Verdict(verdict)))
    return tuple(
        GateHealth(
            domain=domain,
            gate=name,
            verdict=runs[0][1],
            at=from_time(runs[0][0]),
            passed=sum(verdict is Verdict.PASSED for _, verdict in runs),
            runs=len(runs),
        )
        for name, runs in found.items()
    )


def _sample(health: Health) -> dict[str, int]:
    return {
        "status": _RISING.index(health.status),
        "depth": health.queue_depth,
        "broken": sum(level.broken_since is not None for level in health.levels),
    }


def _keep(stored: str, sample: dict[str, int], now: datetime, tx: Transaction) -> None:
    tx.execute(_KEEP, {"at": to_time(now), "health": stored})
    for table, span, kept in (
        ("health_minutes", _MINUTE, _MINUTES_KEPT),
        ("health_hours", _HOUR, _HOURS_KEPT),
    ):
        at = to_time(now)
        tx.execute(
            _SAMPLE.format(table=table), {**sample, "at": at - at % (span // timedelta(microseconds=1))}
        )
        tx.execute(_FORGET.format(table=table), (to_time(now - kept),))
