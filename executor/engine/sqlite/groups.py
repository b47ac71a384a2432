"""Groups and silences as rows: read, and written where they are still as they were decided on."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from functools import partial
from typing import Any

from contracts.alerts.matching import may_match
from contracts.alerts.model import (
    Alert,
    Climb,
    Entry,
    EntryKind,
    Group,
    GroupChange,
    GroupState,
    Hidden,
    Matcher,
    Severity,
    Silence,
    SilenceChange,
    Spoken,
    Taken,
)
from contracts.as_json import AsJson
from contracts.commands import Place
from executor.engine.sqlite.codec import (
    fault_from_json,
    from_time,
    from_time_if,
    labels_from_json,
    matchers_from_json,
    matchers_to_json,
    to_time,
    to_time_if,
)
from executor.engine.sqlite.outbox import Letter, letters, say
from executor.engine.sqlite.writer import Transaction


@dataclass(frozen=True, slots=True)
class _Standing:
    """What is decided of a group and nothing is looked up by; named as in Group."""

    spoken: Spoken | None = None
    shown: Spoken | None = None
    told_at: datetime | None = None
    quiet_since: datetime | None = None
    hidden: Hidden | None = None
    taken: Taken | None = None
    reminded_at: datetime | None = None
    snoozed_until: datetime | None = None
    climb: Climb | None = None


_STANDING: AsJson[_Standing] = AsJson(_Standing)
_DECIDED = tuple(field.name for field in fields(_Standing))

#: What `group` reads.
GROUPS = """
SELECT id, key, route, labels, severity, state, version, opened_at, info + warning + critical, alerts, times,
  grew_at, due_at, entries, standing, resolved_at, resolved_by, cards.channel, cards.ts, cards.thread
FROM alert_groups LEFT JOIN cards ON cards.patch = alert_groups.id
"""
#: What `alert` reads.
ALERT = """
fingerprint, source, alerts.labels, what, since, seen_at, ended_at, alerts.times, expires_at, link"""
#: What `silence` reads.
SILENCES = "SELECT id, matchers, creator, comment, starts, ends, announced FROM silences"

_CHANGE = """
UPDATE alert_groups
SET version = version + 1, state = ?, due_at = ?, entries = ?, standing = ?, resolved_at = ?, resolved_by = ?
WHERE id = ? AND version = ? AND state <> 'resolved'"""
_LOG = """
INSERT INTO alert_entries (grp, number, at, kind, actor, facts)
VALUES ((SELECT seq FROM alert_groups WHERE id = ?), ?, ?, ?, ?, ?)"""
# A silence only ever ends earlier, and its end is announced once; whoever decided on an older one is late.
_SILENCE = """
INSERT INTO silences (id, matchers, creator, comment, starts, ends, announced) VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE
SET ends = min(ends, excluded.ends), announced = max(announced, excluded.announced)
WHERE excluded.ends < ends OR (excluded.ends = ends AND excluded.announced > announced)"""

_OPEN_LABELS = "SELECT seq, labels FROM alert_groups INDEXED BY alert_groups_open WHERE state <> 'resolved'"
# The version rises, so that nothing that was decided before is written over this.
_WAKE = """
UPDATE alert_groups SET version = version + 1, due_at = min(coalesce(due_at, ?1), ?1) WHERE seq = ?2"""


# Reading -----------------------------------------------------------------------------------------
def group(row: Sequence[Any]) -> Group:
    """Of what GROUPS selects."""
    (id_, key, route, labels, severity, state, version, opened_at, firing, alerts, times) = row[:11]
    (grew_at, due_at, entries, standing, resolved_at, resolved_by, *card) = row[11:]
    decided = _STANDING.load(standing)
    return Group(
        id=id_,
        key=key,
        route=route,
        labels=labels_from_json(labels),
        severity=Severity(severity),
        state=GroupState(state),
        version=version,
        opened_at=from_time(opened_at),
        firing=firing,
        alerts=alerts,
        times=times,
        grew_at=from_time(grew_at),
        due_at=from_time_if(due_at),
        entries=entries,
        resolved_at=from_time_if(resolved_at),
        resolved_by=resolved_by,
        card=None if card[0] is None else Place(*card),
        **{name: getattr(decided, name) for name in _DECIDED},
    )


def alert(row: Sequence[Any]) -> Alert:
    """Of what ALERT names."""
    fingerprint, source, labels, what, since, seen_at, ended_at, times, expires_at, link = row
    return Alert(
        fingerprint,
        source,
        labels_from_json(labels),
        fault_from_json(what),
        from_time(since),
        from_time(seen_at),
        from_time_if(ended_at),
        times,
        from_time_if(expires_at),
        link,
    )


def entry(row: Sequence[Any]) -> Entry:
    number, at, kind, actor, facts = row
    return Entry(number, from_time(at), EntryKind(kind), actor, json.loads(facts))


def silence(row: Sequence[Any]) -> Silence:
    """Of what SILENCES selects."""
    id_, matchers, creator, comment, starts, ends, announced = row
    return Silence(
        id_,
        matchers_from_json(matchers),
        creator,
        comment,
        from_time(starts),
        from_time(ends),
        bool(announced),
    )


# Writing -----------------------------------------------------------------------------------------
def change_group(change: GroupChange, now: int) -> Callable[[Transaction], bool]:
    after = change.after
    standing = _Standing(**{name: getattr(after, name) for name in _DECIDED})
    row = (
        after.state,
        to_time_if(after.due_at),
        after.entries,
        _STANDING.dump(standing, exclude_defaults=True),
        to_time_if(after.resolved_at),
        after.resolved_by,
        after.id,
        change.version,
    )
    log = [
        (after.id, each.number, to_time(each.at), each.kind, each.actor, json.dumps(dict(each.facts)))
        for each in change.entries
    ]
    return partial(_change_group, row, log, letters(change.told, now))


def _change_group(
    row: tuple[Any, ...], log: Sequence[tuple[Any, ...]], told: Sequence[Letter], tx: Transaction
) -> bool:
    if tx.execute(_CHANGE, row).rowcount == 0:
        return False
    tx.executemany(_LOG, log)
    say(tx, told)
    return True


def change_silence(change: SilenceChange, now: int) -> Callable[[Transaction], bool]:
    after = change.silence
    row = (
        after.id,
        matchers_to_json(after.matchers),
        after.creator,
        after.comment,
        to_time(after.starts),
        to_time(after.ends),
        after.announced,
    )
    return partial(_change_silence, row, after.matchers, letters(change.told, now), now)


def _change_silence(
    row: tuple[Any, ...], matchers: Sequence[Matcher], told: Sequence[Letter], now: int, tx: Transaction
) -> bool:
    if tx.execute(_SILENCE, row).rowcount == 0:
        return False
    open_ones = tx.execute(_OPEN_LABELS).fetchall()
    tx.executemany(
        _WAKE, [(now, seq) for seq, labels in open_ones if may_match(matchers, labels_from_json(labels))]
    )
    say(tx, told)
    return True
