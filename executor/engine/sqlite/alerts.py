"""Alerts, their groups and silences: kept by one writer, read on a connection that cannot write."""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

from contracts.alerts.duties import Duty
from contracts.alerts.model import Alert, Entry, Group, GroupChange, Labels, Seen, Silence, SilenceChange
from contracts.alerts.store import Watermark
from executor.engine.sqlite import duties as duty_rows
from executor.engine.sqlite import groups as rows
from executor.engine.sqlite.changes import Write, writes
from executor.engine.sqlite.codec import from_time, labels_from_json, to_time
from executor.engine.sqlite.forgetting import forget
from executor.engine.sqlite.gathering import Gathering, Sight, end, sight
from executor.engine.sqlite.threads import Thread
from executor.engine.sqlite.writer import Transaction, Writer

_WATERMARK = "SELECT value FROM watermarks WHERE name = ?"
_MARK = """
INSERT INTO watermarks (name, value) VALUES (?, ?)
ON CONFLICT (name) DO UPDATE SET value = excluded.value"""
_EXPIRED = """
SELECT expires_at, seq, inhibits FROM alerts INDEXED BY alerts_expiring
WHERE ended_at IS NULL AND expires_at IS NOT NULL AND expires_at <= ?"""
_ANY_OVER = """
SELECT EXISTS (SELECT 1 FROM alert_groups INDEXED BY alert_groups_resolved
    WHERE state = 'resolved' AND resolved_at <= ?1)
  OR EXISTS (SELECT 1 FROM silences WHERE ends <= ?1)"""
_DUE = f"""{rows.GROUPS}
WHERE alert_groups.seq IN (
  SELECT seq FROM alert_groups INDEXED BY alert_groups_due
  WHERE state <> 'resolved' AND due_at IS NOT NULL AND due_at <= ? ORDER BY due_at, seq LIMIT ?)
ORDER BY due_at, alert_groups.seq"""
_OPEN = f"""{rows.GROUPS}
WHERE state <> 'resolved'
ORDER BY CASE severity WHEN 'critical' THEN 0 WHEN 'warning' THEN 1 ELSE 2 END, opened_at DESC,
  alert_groups.seq DESC
LIMIT ?"""
_UNHEARD = """
SELECT grp, min(created_at) FROM outbox INDEXED BY outbox_groups
WHERE grp IS NOT NULL AND grp IN (SELECT value FROM json_each(?)) GROUP BY grp"""
# Group by group: a limit of each is cheap, however many fire.
_FIRING = """
SELECT alerts.labels
FROM alert_members CROSS JOIN alerts ON alerts.seq = alert
WHERE grp = (SELECT seq FROM alert_groups WHERE id = ?) AND ended_at IS NULL
ORDER BY alert LIMIT ?"""
_MEMBERS = f"""
SELECT {rows.ALERT} FROM alert_members JOIN alerts ON alerts.seq = alert
WHERE grp = (SELECT seq FROM alert_groups WHERE id = ?)
ORDER BY ended_at IS NOT NULL, ended_at DESC, alert LIMIT ?"""
_INHIBITING = f"""
SELECT {rows.ALERT} FROM alerts INDEXED BY alerts_inhibiting
WHERE ended_at IS NULL AND inhibits = 1 ORDER BY seq"""
_FIRING_OF = f"""
SELECT {rows.ALERT} FROM alerts INDEXED BY alerts_firing
WHERE source = ? AND ended_at IS NULL ORDER BY seq"""
_ENTRIES = """
SELECT number, at, kind, actor, facts FROM alert_entries
WHERE grp = (SELECT seq FROM alert_groups WHERE id = ?) ORDER BY number"""


class SqliteAlerts:
    """`contracts.alerts.store.Alerts`."""

    def __init__(self, writer: Writer, reader: Thread) -> None:
        self._writer = writer
        self._reader = reader

    async def observe(
        self,
        source: str,
        seen: Sequence[Seen],
        *,
        now: datetime,
        whole: bool = False,
        mark: Watermark | None = None,
    ) -> None:
        sights = [sight(each) for each in seen]
        await self._writer.run(partial(_observe, source, sights, mark, now=to_time(now), whole=whole))

    async def expire(self, *, now: datetime) -> int:
        return await self._writer.run(partial(_expire, to_time(now)))

    async def write(
        self, changes: Sequence[GroupChange | SilenceChange], *, now: datetime
    ) -> tuple[bool, ...]:
        return await self._writer.run(partial(_write, writes(changes, to_time(now))))

    async def forget(self, *, before: datetime, most: int) -> int:
        wanted = to_time(before)
        if not await self._reader.read(lambda store: store.execute(_ANY_OVER, (wanted,)).fetchone()[0]):
            return 0
        return await self._writer.run(lambda tx: forget(tx, wanted, most))

    # Reading -----------------------------------------------------------------------------------
    async def watermark(self, name: str) -> int:
        return await self._reader.read(partial(_watermark, name))

    async def due(self, *, now: datetime, limit: int) -> tuple[Group, ...]:
        return await self._groups(_DUE, to_time(now), limit)

    async def unheard(self, groups: Sequence[str]) -> Mapping[str, datetime]:
        wanted = json.dumps(list(groups))
        found = await self._reader.read(lambda store: store.execute(_UNHEARD, (wanted,)).fetchall())
        return {group: from_time(since) for group, since in found}

    async def firing(
        self, groups: Sequence[str], *, limit: int | None = None
    ) -> Mapping[str, tuple[Labels, ...]]:
        most = -1 if limit is None else limit

        def read(store: sqlite3.Connection) -> list[list[tuple[str]]]:
            return [store.execute(_FIRING, (group, most)).fetchall() for group in groups]

        found = await self._reader.read(read)
        return {
            group: tuple(labels_from_json(labels) for (labels,) in each)
            for group, each in zip(groups, found, strict=True)
        }

    async def firing_of(self, source: str) -> tuple[Alert, ...]:
        found = await self._reader.read(lambda store: store.execute(_FIRING_OF, (source,)).fetchall())
        return tuple(map(rows.alert, found))

    async def sources(self) -> tuple[Alert, ...]:
        found = await self._reader.read(lambda store: store.execute(_INHIBITING).fetchall())
        return tuple(map(rows.alert, found))

    async def silences(self, *, now: datetime) -> tuple[Silence, ...]:
        query, at = f"{rows.SILENCES} WHERE ends > ? ORDER BY ends, id", to_time(now)
        found = await self._reader.read(lambda store: store.execute(query, (at,)).fetchall())
        return tuple(map(rows.silence, found))

    async def silence(self, silence: str) -> Silence | None:
        query = f"{rows.SILENCES} WHERE id = ?"
        found = await self._reader.read(lambda store: store.execute(query, (silence,)).fetchone())
        return None if found is None else rows.silence(found)

    async def duties(self, *, now: datetime) -> tuple[Duty, ...]:
        at = to_time(now)
        return await self._reader.read(lambda store: duty_rows.held(store, at))

    async def group(self, group: str) -> Group | None:
        found = await self._groups(f"{rows.GROUPS} WHERE alert_groups.id = ?", group)
        return found[0] if found else None

    async def open_groups(self, *, limit: int) -> tuple[Group, ...]:
        return await self._groups(_OPEN, limit)

    async def members(self, group: str, *, limit: int) -> tuple[Alert, ...]:
        found = await self._reader.read(lambda store: store.execute(_MEMBERS, (group, limit)).fetchall())
        return tuple(map(rows.alert, found))

    async def log(self, group: str) -> tuple[Entry, ...]:
        found = await self._reader.read(lambda store: store.execute(_ENTRIES, (group,)).fetchall())
        return tuple(map(rows.entry, found))

    async def _groups(self, query: str, *wanted: object) -> tuple[Group, ...]:
        found = await self._reader.read(lambda store: store.execute(query, wanted).fetchall())
        return tuple(map(rows.group, found))


def _observe(
    source: str, sights: Sequence[Sight], mark: Watermark | None, tx: Transaction, *, now: int, whole: bool
) -> None:
    if mark is not None:
        if _watermark(mark.name, tx) != mark.before:
            return
        tx.execute(_MARK, (mark.name, mark.value))
    Gathering(tx, source, now).see(sights, whole=whole)


def _watermark(name: str, store: Transaction | sqlite3.Connection) -> int:
    row = store.execute(_WATERMARK, (name,)).fetchone()
    return 0 if row is None else int(row[0])


def _expire(now: int, tx: Transaction) -> int:
    expired = tx.execute(_EXPIRED, (now,)).fetchall()
    hiding = any(inhibits for *_, inhibits in expired)
    end(tx, [(at, seq) for at, seq, _ in expired], now, hiding=hiding)
    return len(expired)


def _write(changes: Sequence[Write], tx: Transaction) -> tuple[bool, ...]:
    return tuple(change(tx) for change in changes)
