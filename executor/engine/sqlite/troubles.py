"""What is wrong as rows show it: gates that contradict themselves, deliveries that do not arrive."""

import json
import sqlite3
from collections.abc import Sequence
from datetime import datetime

from contracts.gates import Verdict
from contracts.ports import AuditEntry
from contracts.records import FailingDeliveries, FlakyGate
from executor.engine.sqlite.codec import from_time

_NOTED = """
SELECT id, at, actor, action, detail FROM audit
WHERE id > ? AND action IN (SELECT value FROM json_each(?)) ORDER BY id LIMIT ?"""
# Content is equal where the same changes stand on the same base. A gate that was skipped has said nothing.
_FLAKY = f"""
SELECT domain, gate, count(*), max(latest) FROM (
  SELECT domain, gate, max(ended_at) AS latest FROM gate_runs INDEXED BY gate_runs_latest
  WHERE ended_at >= ? AND candidate IS NOT NULL AND verdict <> {Verdict.SKIPPED:d}
  GROUP BY domain, gate, candidate
  HAVING min(verdict) = {Verdict.PASSED:d} AND max(verdict) > {Verdict.PASSED:d})
GROUP BY domain, gate ORDER BY domain, gate"""
# What was tried in vain has a time for the next try. `why` is of the row that min() finds.
_FAILING = """
SELECT channel, iif(channel = '', kind, '') AS what, count(*), min(first_tried_at), why
FROM outbox INDEXED BY outbox_timed
WHERE state IN ('pending', 'unsure') AND due_at IS NOT NULL AND first_tried_at < ?
GROUP BY channel, what ORDER BY channel, what"""


def noted(
    actions: Sequence[str], after: int, limit: int, store: sqlite3.Connection
) -> tuple[tuple[int, datetime, AuditEntry], ...]:
    rows = store.execute(_NOTED, (after, json.dumps(list(actions)), limit))
    return tuple((id_, from_time(at), AuditEntry(*entry)) for id_, at, *entry in rows)


def flaky_gates(since: int, store: sqlite3.Connection) -> tuple[FlakyGate, ...]:
    rows = store.execute(_FLAKY, (since,))
    return tuple(FlakyGate(domain, gate, count, from_time(latest)) for domain, gate, count, latest in rows)


def failing_deliveries(since: int, store: sqlite3.Connection) -> tuple[FailingDeliveries, ...]:
    rows = store.execute(_FAILING, (since,))
    return tuple(
        FailingDeliveries(channel or None, kind, count, from_time(first), why or "")
        for channel, kind, count, first, why in rows
    )
