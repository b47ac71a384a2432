"""What is over for long is forgotten, a little at a time: resolved groups of alerts, and silences.

What reports count of a group stays, in a narrow row.
"""

import json
from collections.abc import Iterable

from executor.engine.sqlite.writer import Transaction

_LOST_SILENCES = "DELETE FROM silences WHERE ends <= ?"
#: Groups of one step.
_MOST_GROUPS = 20
# What fires still is known by its group, whenever that was resolved; and who waits for words of it, waits.
# The facts of a group are those of when it was resolved: if nothing fired then, nothing does.
_OVER = f"""
SELECT seq FROM alert_groups INDEXED BY alert_groups_resolved
WHERE state = 'resolved' AND resolved_at <= :before
  AND (info + warning + critical = 0 OR NOT EXISTS (
    SELECT 1 FROM alert_members JOIN alerts ON alerts.seq = alert
    WHERE grp = alert_groups.seq AND (ended_at IS NULL OR ended_at > :before)))
  AND NOT EXISTS (SELECT 1 FROM outbox INDEXED BY outbox_groups
    WHERE grp IS NOT NULL AND grp = alert_groups.id)
ORDER BY resolved_at, seq LIMIT {_MOST_GROUPS}"""
_MEMBERS = """
SELECT grp, alert FROM alert_members
WHERE grp IN (SELECT value FROM json_each(:groups)) ORDER BY grp, alert LIMIT :most"""
_LEAVE = "DELETE FROM alert_members WHERE grp = ? AND alert = ?"
# One that went on into another route is a member of that group, too.
_ALERTS = """
DELETE FROM alerts WHERE seq IN (SELECT value FROM json_each(:alerts))
  AND NOT EXISTS (SELECT 1 FROM alert_members INDEXED BY alert_members_of WHERE alert = alerts.seq)"""
_EMPTY = """
SELECT seq FROM alert_groups WHERE seq IN (SELECT value FROM json_each(:groups))
  AND NOT EXISTS (SELECT 1 FROM alert_members WHERE grp = alert_groups.seq)"""
_REMEMBER = """
INSERT INTO incidents (opened_at, resolved_at, taken_at, critical, domain)
SELECT opened_at, resolved_at,
  (SELECT min(at) FROM alert_entries WHERE grp = seq AND kind IN ('acknowledged', 'taken-over')),
  severity = 'critical', json_extract(labels, '$.domain')
FROM alert_groups WHERE seq IN (SELECT value FROM json_each(:groups))"""
_FORGET = (
    "DELETE FROM alert_entries WHERE grp IN (SELECT value FROM json_each(:groups))",
    """DELETE FROM cards WHERE patch IN (
      SELECT id FROM alert_groups WHERE seq IN (SELECT value FROM json_each(:groups)))""",
    "DELETE FROM alert_groups WHERE seq IN (SELECT value FROM json_each(:groups))",
)


def forget(tx: Transaction, before: int, most: int) -> int:
    """One step: how many groups are gone. One of more than *most* alerts goes in several."""
    tx.execute(_LOST_SILENCES, (before,))
    groups = [seq for (seq,) in tx.execute(_OVER, {"before": before})]
    if not groups:
        return 0
    left = tx.execute(_MEMBERS, {"groups": _json(groups), "most": most}).fetchall()
    tx.executemany(_LEAVE, left)
    tx.execute(_ALERTS, {"alerts": _json(alert for _, alert in left)})
    gone = [seq for (seq,) in tx.execute(_EMPTY, {"groups": _json(groups)})]
    forgotten = {"groups": _json(gone)}
    tx.execute(_REMEMBER, forgotten)
    for statement in _FORGET:
        tx.execute(statement, forgotten)
    return len(gone)


def _json(values: Iterable[int]) -> str:
    return json.dumps(list(values))
