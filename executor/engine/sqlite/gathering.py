"""Observations into rows: which alerts fire now, and what that makes of the facts of their groups.

All that is touched is read at once, decided in memory, and written at once, so that a hundred thousand
alerts cost a few statements each. What is decided here is only what follows from the rows by counting.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from contracts.alerts.model import Seen, fingerprint, severity_of
from executor.engine.sqlite.codec import fault_to_json, labels_to_json, to_time, to_time_if
from executor.engine.sqlite.writer import Transaction

_ROW = "fingerprint, seq, severity, inhibits, since, seen_at, ended_at, times, expires_at, link, what"
_KNOWN = f"""
SELECT {_ROW} FROM alerts INDEXED BY alerts_latest
WHERE source = :source AND latest = 1 AND fingerprint IN (SELECT value FROM json_each(:fingerprints))"""
_UNSEEN = f"""
SELECT {_ROW} FROM alerts INDEXED BY alerts_firing
WHERE source = :source AND ended_at IS NULL
  AND fingerprint NOT IN (SELECT value FROM json_each(:fingerprints))"""
_PLACES = """
SELECT alert, grp, state = 'resolved' FROM alert_members JOIN alert_groups ON alert_groups.seq = grp
WHERE alert IN (SELECT value FROM json_each(:alerts))"""
_OPEN = """
SELECT key, seq FROM alert_groups INDEXED BY alert_groups_open
WHERE state <> 'resolved' AND key IN (SELECT value FROM json_each(:keys))"""
_OUTLIVED = "UPDATE alerts SET latest = 0 WHERE seq = ?"
_NEW_ALERT = """
INSERT INTO alerts (source, labels, seq, fingerprint, severity, inhibits, since, seen_at, ended_at, times,
  expires_at, link, what)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
_ALERT = """
UPDATE alerts SET inhibits = ?, since = ?, seen_at = ?, ended_at = ?, times = ?, expires_at = ?, link = ?,
  what = ?
WHERE seq = ?"""
_NEW_GROUP = """
INSERT INTO alert_groups (seq, id, key, route, labels, opened_at, grew_at, severity, state)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'waiting')"""
_JOIN = "INSERT INTO alert_members (grp, alert) VALUES (?, ?)"
_TAKE_PLACE = "UPDATE alert_members SET alert = ? WHERE grp = ? AND alert = ?"
_COUNT = """
UPDATE alert_groups
SET info = info + :info, warning = warning + :warning, critical = critical + :critical,
  alerts = alerts + :alerts, times = times + :times, grew_at = coalesce(:grew_at, grew_at),
  severity = CASE
    WHEN critical + :critical > 0 THEN 'critical'
    WHEN warning + :warning > 0 THEN 'warning'
    WHEN info + :info > 0 THEN 'info'
    ELSE severity END,
  version = version + 1, due_at = min(coalesce(due_at, :now), :now)
WHERE seq = :seq AND state <> 'resolved'"""
_WAKE = """
UPDATE alert_groups SET version = version + 1, due_at = :now
WHERE state <> 'resolved' AND (due_at IS NULL OR due_at > :now)"""
_ENDING = """
SELECT grp, severity, count(*) FROM alert_members JOIN alerts ON alerts.seq = alert
WHERE alert IN (SELECT value FROM json_each(:alerts)) GROUP BY grp, severity"""
_END = "UPDATE alerts SET ended_at = ? WHERE seq = ?"


class Spot(NamedTuple):
    """A placement, with the id of a group should one be needed."""

    key: str
    route: str
    labels: str
    new_id: str


class Sight(NamedTuple):
    """A Seen as it goes into rows."""

    fingerprint: str
    severity: str
    labels: str
    what: str
    since: int
    ended: int | None
    times: int
    expires: int | None
    link: str | None
    inhibits: bool
    spots: tuple[Spot, ...]


def sight(seen: Seen) -> Sight:
    observed = seen.observation
    return Sight(
        fingerprint(observed.labels),
        severity_of(observed.labels).value,
        labels_to_json(observed.labels),
        fault_to_json(observed.what),
        to_time(observed.since),
        to_time_if(observed.ended),
        observed.times,
        to_time_if(observed.expires),
        observed.link,
        seen.inhibits,
        tuple(
            Spot(placed.key, placed.route, labels_to_json(placed.labels), new_id)
            for placed, new_id in zip(seen.placements, seen.new_groups, strict=True)
        ),
    )


@dataclass(slots=True)
class _Alert:
    """A row in hand. *groups* are the open ones; *over*: one of its groups was resolved."""

    seq: int
    severity: str
    inhibits: bool
    since: int
    seen_at: int
    ended: int | None
    times: int
    expires: int | None
    link: str | None
    what: str
    groups: set[int] = field(default_factory=set)
    over: bool = False


@dataclass(slots=True)
class _Facts:
    """What is added to the facts of one group."""

    firing: dict[str, int] = field(default_factory=lambda: {"info": 0, "warning": 0, "critical": 0})
    alerts: int = 0
    times: int = 0
    grew: bool = False


@dataclass(slots=True)
class Gathering:
    """One transaction's changes to alerts and to the facts of groups."""

    tx: Transaction
    source: str
    now: int
    alerts: dict[str, _Alert] = field(default_factory=dict)
    open: dict[str, int] = field(default_factory=dict)
    facts: dict[int, _Facts] = field(default_factory=dict)
    seen: dict[int, _Alert] = field(default_factory=dict)
    new_alerts: list[tuple[_Alert, Sight]] = field(default_factory=list)
    new_groups: list[tuple[Any, ...]] = field(default_factory=list)
    joined: list[tuple[int, int]] = field(default_factory=list)
    replaced: list[tuple[int, int, int]] = field(default_factory=list)
    outlived: list[tuple[int]] = field(default_factory=list)
    hiding_changed: bool = False
    _next_alert: int = 0
    _next_group: int = 0

    def see(self, sights: Sequence[Sight], *, whole: bool) -> None:
        """Take in what was seen, in that order. *whole*: what fires of this source beside it has ended."""
        unseen = self._read(sights, whole=whole)
        for each in sights:
            if each.ended is None:
                self._fires(each)
            elif alert := self.alerts.get(each.fingerprint):
                self._end(alert, each.ended)
        for alert in unseen:
            self._end(alert, self.now)
        self._write()

    # Reading -----------------------------------------------------------------------------------
    def _read(self, sights: Sequence[Sight], *, whole: bool) -> list[_Alert]:
        """All that is touched; those that fire and were not looked for, if the look was *whole*."""
        wanted = {"source": self.source, "fingerprints": _json({each.fingerprint for each in sights})}
        self.alerts = self._rows(_KNOWN, wanted)
        unseen = self._rows(_UNSEEN, wanted) if whole else {}
        self.alerts |= unseen
        by_seq = {alert.seq: alert for alert in self.alerts.values()}
        for seq, group, resolved in self.tx.execute(_PLACES, {"alerts": _json(by_seq)}):
            if resolved:
                by_seq[seq].over = True
            else:
                by_seq[seq].groups.add(group)
        keys = {spot.key for each in sights for spot in each.spots}
        self.open = dict(self.tx.execute(_OPEN, {"keys": _json(keys)}).fetchall())
        self._next_alert = self.tx.execute("SELECT coalesce(max(seq), 0) + 1 FROM alerts").fetchone()[0]
        self._next_group = self.tx.execute("SELECT coalesce(max(seq), 0) + 1 FROM alert_groups").fetchone()[0]
        return list(unseen.values())

    def _rows(self, query: str, wanted: dict[str, str]) -> dict[str, _Alert]:
        return {
            print_: _Alert(seq, severity, bool(inhibits), *rest)
            for print_, seq, severity, inhibits, *rest in self.tx.execute(query, wanted)
        }

    # Deciding ----------------------------------------------------------------------------------
    def _fires(self, each: Sight) -> None:
        alert = self.alerts.get(each.fingerprint)
        begins = alert is None or alert.ended is not None
        if alert is None or (begins and alert.over):
            alert = self._begin(each, alert)
        elif begins:
            alert.since, alert.times, alert.ended = each.since, 0, None
        self.seen[alert.seq] = alert
        self.hiding_changed |= each.inhibits != alert.inhibits or (begins and each.inhibits)
        alert.inhibits, alert.what, alert.expires = each.inhibits, each.what, each.expires
        alert.seen_at, alert.link = self.now, each.link or alert.link
        count = max(1, each.times) if begins else each.times
        if begins:
            for group in alert.groups:
                self._facts(group).firing[alert.severity] += 1
        if count:
            self._happened(alert, each.spots, count)

    def _begin(self, each: Sight, before: _Alert | None) -> _Alert:
        alert = _Alert(
            seq=self._next_alert,
            severity=each.severity,
            inhibits=each.inhibits,
            since=each.since,
            seen_at=self.now,
            ended=None,
            times=0,
            expires=None,
            link=None,
            what=each.what,
        )
        self._next_alert += 1
        self.alerts[each.fingerprint] = alert
        self.new_alerts.append((alert, each))
        if before is not None:
            self.outlived.append((before.seq,))
            self.replaced += [(alert.seq, group, before.seq) for group in before.groups]
            alert.groups = before.groups
        return alert

    def _happened(self, alert: _Alert, spots: Iterable[Spot], count: int) -> None:
        alert.times += count
        for spot in spots:
            group = self.open.get(spot.key) or self._open_group(spot, alert.severity)
            if group not in alert.groups:
                alert.groups.add(group)
                self.joined.append((group, alert.seq))
                facts = self._facts(group)
                facts.alerts += 1
                facts.firing[alert.severity] += 1
        for group in alert.groups:
            facts = self._facts(group)
            facts.times += count
            facts.grew = True

    def _open_group(self, spot: Spot, severity: str) -> int:
        group = self.open[spot.key] = self._next_group
        self._next_group += 1
        self.new_groups.append(
            (group, spot.new_id, spot.key, spot.route, spot.labels, self.now, self.now, severity)
        )
        return group

    def _end(self, alert: _Alert, ended: int) -> None:
        if alert.ended is not None:
            return
        alert.ended = ended
        self.seen[alert.seq] = alert
        self.hiding_changed |= alert.inhibits
        for group in alert.groups:
            self._facts(group).firing[alert.severity] -= 1

    def _facts(self, group: int) -> _Facts:
        found = self.facts.get(group)
        if found is None:
            found = self.facts[group] = _Facts()
        return found

    # Writing -----------------------------------------------------------------------------------
    def _write(self) -> None:
        tx, fresh = self.tx, {alert.seq for alert, _ in self.new_alerts}
        tx.executemany(_OUTLIVED, self.outlived)
        tx.executemany(_NEW_ALERT, map(self._new_row, self.new_alerts))
        tx.executemany(_ALERT, (self._row(a) for a in self.seen.values() if a.seq not in fresh))
        tx.executemany(_NEW_GROUP, self.new_groups)
        # One that joined may have ended and begun anew since, within the same look.
        tx.executemany(_JOIN, sorted(self.joined))
        tx.executemany(_TAKE_PLACE, self.replaced)
        _count(tx, self.facts, self.now)
        if self.hiding_changed:
            _wake_all(tx, self.now)

    def _new_row(self, new: tuple[_Alert, Sight]) -> tuple[Any, ...]:
        alert, each = new
        return (
            self.source,
            each.labels,
            alert.seq,
            each.fingerprint,
            alert.severity,
            alert.inhibits,
            alert.since,
            alert.seen_at,
            alert.ended,
            alert.times,
            alert.expires,
            alert.link,
            alert.what,
        )

    def _row(self, alert: _Alert) -> tuple[Any, ...]:
        return (
            alert.inhibits,
            alert.since,
            alert.seen_at,
            alert.ended,
            alert.times,
            alert.expires,
            alert.link,
            alert.what,
            alert.seq,
        )


def end(tx: Transaction, ended: Sequence[tuple[int, int]], now: int, *, hiding: bool) -> None:
    """Alerts that fire have ended: (when, seq) of each. *hiding*: one of them inhibited others."""
    if not ended:
        return
    facts: dict[int, _Facts] = {}
    for group, severity, many in tx.execute(_ENDING, {"alerts": _json(seq for _, seq in ended)}):
        facts.setdefault(group, _Facts()).firing[severity] -= many
    tx.executemany(_END, ended)
    _count(tx, facts, now)
    if hiding:
        _wake_all(tx, now)


def _wake_all(tx: Transaction, now: int) -> None:
    """What inhibits is not what it was, and only the rules know whom that touches: look at all groups.

    Their versions rise, so that nothing that was decided before is written over this.
    """
    tx.execute(_WAKE, {"now": now})


def _count(tx: Transaction, facts: dict[int, _Facts], now: int) -> None:
    tx.executemany(
        _COUNT,
        (
            {
                **added.firing,
                "alerts": added.alerts,
                "times": added.times,
                "grew_at": now if added.grew else None,
                "now": now,
                "seq": group,
            }
            for group, added in facts.items()
        ),
    )


def _json(values: Iterable[object]) -> str:
    return json.dumps(list(values))
