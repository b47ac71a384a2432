"""The plan and its risks: versioned rows, and what led to them."""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from contracts.as_json import AsJson
from contracts.plan import Difference, Edit, Landed, Plan, Value, differences
from contracts.plan_store import KeptPlan, PlanChange, RiskChange
from contracts.register import Risk, RiskEdit
from executor.engine.sqlite.codec import from_time, to_time
from executor.engine.sqlite.threads import Thread
from executor.engine.sqlite.writer import Transaction, Writer

_PLAN: AsJson[Plan] = AsJson(Plan)
_RISK: AsJson[Risk] = AsJson(Risk)

_FIRST = "INSERT INTO plan VALUES (1, 1, :plan) ON CONFLICT DO NOTHING"
_NEXT = "UPDATE plan SET version = version + 1, plan = :plan WHERE one = 1 AND version = :version"
_EDIT = """
INSERT INTO plan_edits (version, at, actor, batch, field, before, after) VALUES (?, ?, ?, ?, ?, ?, ?)"""
_EDITS = """
SELECT version, at, actor, batch, field, before, after FROM plan_edits
WHERE version > :after AND at >= :start AND at < :end AND (:batch IS NULL OR batch = :batch)
ORDER BY id DESC LIMIT :limit"""
_LANDED = """
SELECT batch, count(*) FROM planned JOIN endings USING (seq) WHERE state = 'landed' GROUP BY batch"""
_FIRST_RISK = "INSERT INTO risks VALUES (:id, 1, :risk) ON CONFLICT DO NOTHING"
_NEXT_RISK = "UPDATE risks SET version = version + 1, risk = :risk WHERE id = :id AND version = :version"
_RISK_EDIT = "INSERT INTO risk_edits (at, actor, risk, version, after) VALUES (?, ?, ?, ?, ?)"
_RISK_EDITS = """
SELECT at, actor, after FROM risk_edits WHERE :risk IS NULL OR risk = :risk ORDER BY id DESC LIMIT :limit"""
_ALL = -1  #: as SQLite's LIMIT
_BEFORE_ALL, _AFTER_ALL = -(2**63), 2**63 - 1


class SqlitePlans:
    """`contracts.plan_store.Plans`."""

    def __init__(self, writer: Writer, reader: Thread) -> None:
        self._writer = writer
        self._reader = reader

    async def write(self, change: PlanChange | RiskChange, *, now: datetime) -> bool:
        at = to_time(now)
        write = change_plan(change, at) if isinstance(change, PlanChange) else change_risk(change, at)
        return await self._writer.run(write)

    async def current(self) -> KeptPlan:
        row = await self._reader.read(
            lambda store: store.execute("SELECT version, plan FROM plan").fetchone()
        )
        return KeptPlan(0, Plan()) if row is None else KeptPlan(row[0], _PLAN.load(row[1]))

    async def history(
        self,
        *,
        batch: str | None = None,
        after: int = 0,
        start: datetime | None = None,
        end: datetime | None = None,
        limit: int | None = None,
    ) -> tuple[Edit, ...]:
        asked = {
            "batch": batch,
            "after": after,
            "start": _BEFORE_ALL if start is None else to_time(start),
            "end": _AFTER_ALL if end is None else to_time(end),
            "limit": _ALL if limit is None else limit,
        }
        rows = await self._reader.read(lambda store: store.execute(_EDITS, asked).fetchall())
        return tuple(_edit(row) for row in reversed(rows))

    async def landed(self) -> Landed:
        return dict(await self._reader.read(lambda store: store.execute(_LANDED).fetchall()))

    async def risks(self) -> tuple[Risk, ...]:
        rows = await self._reader.read(
            lambda store: store.execute("SELECT risk FROM risks ORDER BY id").fetchall()
        )
        return tuple(_RISK.load(risk) for (risk,) in rows)

    async def risk_history(
        self, risk: str | None = None, *, limit: int | None = None
    ) -> tuple[RiskEdit, ...]:
        asked = {"risk": risk, "limit": _ALL if limit is None else limit}
        rows = await self._reader.read(lambda store: store.execute(_RISK_EDITS, asked).fetchall())
        return tuple(RiskEdit(from_time(at), actor, _RISK.load(after)) for at, actor, after in reversed(rows))


def change_plan(change: PlanChange, now: int) -> Callable[[Transaction], bool]:
    version = change.before.version
    row = {"version": version, "plan": _PLAN.dump(change.after)}
    edits = [
        (version + 1, now, change.actor, each.batch, each.field, _stored(each.before), _stored(each.after))
        for each in differences(change.before.plan, change.after)
    ]

    def write(tx: Transaction) -> bool:
        if tx.execute(_NEXT if version else _FIRST, row).rowcount == 0:
            return False
        tx.executemany(_EDIT, edits)
        return True

    return write


def change_risk(change: RiskChange, now: int) -> Callable[[Transaction], bool]:
    version = change.after.version
    after = replace(change.after, version=version + 1)
    stored = _RISK.dump(after)
    row = {"id": after.id, "version": version, "risk": stored}

    def write(tx: Transaction) -> bool:
        if tx.execute(_NEXT_RISK if version else _FIRST_RISK, row).rowcount == 0:
            return False
        tx.execute(_RISK_EDIT, (now, change.actor, after.id, after.version, stored))
        return True

    return write


def plan_patch(tx: Transaction, seq: int | None, batch: str) -> None:
    """Have a patch that was just accepted count for *batch* once it has landed."""
    tx.execute("INSERT INTO planned VALUES (?, ?)", (seq, batch))


def _stored(value: Value) -> str | None:
    """As JSON, in which numbers keep all their digits."""
    if value is None:
        return None
    return str(value) if isinstance(value, Decimal) else json.dumps(value)


def _value(stored: str | None) -> Value:
    if stored is None:
        return None
    value = json.loads(stored, parse_int=Decimal, parse_float=Decimal)
    return tuple(value) if isinstance(value, list) else value


def _edit(row: Sequence[Any]) -> Edit:
    version, at, actor, batch, field, before, after = row
    return Edit(version, from_time(at), actor, Difference(batch, field, _value(before), _value(after)))
