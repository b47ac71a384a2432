"""What people decide about open patches and about domains, written if it still applies."""

from collections.abc import Mapping
from typing import Any, assert_never

from contracts.control import (
    Approval,
    ApprovePatch,
    CloseDomain,
    Control,
    EndPatch,
    FreePatch,
    HoldPatch,
    OpenDomain,
    Prioritise,
    RejectPatch,
)
from contracts.faults import Fault, Reason, fault
from contracts.outcome import Report, Step
from contracts.states import PATCH_TRANSITIONS, PatchEvent, PatchState, after
from executor.engine.sqlite.codec import approval_to_json, from_time, to_time_if
from executor.engine.sqlite.endings import take_out
from executor.engine.sqlite.rulings import Decision, note_ruling
from executor.engine.sqlite.sets import tell_sets
from executor.engine.sqlite.turns import promote, reconsider
from executor.engine.sqlite.writer import Transaction

_OPEN = "SELECT seq FROM lanes JOIN patches USING (seq) WHERE id = :patch AND {}"
_PROPOSED = "state = 'proposed' AND json_extract(proposal, '$.binding') = :binding"
_STOP = f"""
UPDATE lanes SET stop_by = :by
WHERE seq = (SELECT seq FROM patches WHERE id = :patch) AND state = 'running' AND cleared = 0
  AND coalesce(json_extract(steps, '$[#-1][0]'), '') IS NOT '{Step.LAND}'"""
_HOLD = """
UPDATE lanes SET held_by = :by, held_why = :why, held_at = :now, state = 'waiting'
WHERE seq = (SELECT seq FROM patches WHERE id = :patch) AND state IN ('waiting', 'ready', 'prepared')
  AND cleared = 0
RETURNING domain, seq"""
_FREE = """
UPDATE lanes SET held_by = NULL, held_why = NULL, held_at = NULL
WHERE seq = (SELECT seq FROM patches WHERE id = :patch) AND held_by IS NOT NULL
RETURNING domain, seq"""
_PRIORITISE = """
UPDATE lanes SET rank = :rank, passed = 0
WHERE seq = (SELECT seq FROM patches WHERE id = :patch) AND state IN ('proposed', 'waiting', 'ready')
RETURNING domain, seq"""
_APPROVE = """
UPDATE lanes SET state = 'waiting', approval = :approval
WHERE seq = (SELECT seq FROM patches WHERE id = :patch) AND state = 'proposed'
  AND json_extract(proposal, '$.binding') = :binding
RETURNING domain, seq"""
_CLOSE = """
INSERT INTO closed VALUES (:domain, :closing, :by, :why, :since, :until)
ON CONFLICT (domain, closing) DO UPDATE
SET by = excluded.by, why = excluded.why, since = excluded.since, until = excluded.until"""
_REOPEN = """
DELETE FROM closed
WHERE domain = :domain AND closing = :closing AND (:any OR (by = :by AND until IS :until))"""


def control(decided: Control, now: int, tx: Transaction) -> bool:
    """False: the patch is not any more as it was when this was decided, and nothing was written."""
    match decided:
        case EndPatch():
            return _end(decided, now, tx)
        case HoldPatch(patch=patch, by=by, why=why):
            held = {"patch": patch, "by": by, "why": why, "now": now}
            return _and_reconsider(tx, _HOLD, held, now)
        case FreePatch(patch=patch):
            return _and_reconsider(tx, _FREE, {"patch": patch}, now)
        case Prioritise(patch=patch, priority=priority):
            return _and_reconsider(tx, _PRIORITISE, {"patch": patch, "rank": priority.rank}, now)
        case ApprovePatch():
            return _approve(decided, now, tx)
        case RejectPatch():
            return _reject(decided, now, tx)
        case CloseDomain():
            return _close(decided, tx)
        case OpenDomain():
            return _open(decided, tx)
        case _:
            assert_never(decided)


def _and_reconsider(tx: Transaction, statement: str, values: Mapping[str, Any], now: int) -> bool:
    changed = tx.execute(statement, values).fetchone()
    if changed is None:
        return False
    domain, seq = changed
    reconsider(tx, domain)
    tell_sets(tx, seq, now)
    return True


def _end(decided: EndPatch, now: int, tx: Transaction) -> bool:
    if decided.was is PatchState.RUNNING:
        return tx.execute(_STOP, {"patch": decided.patch, "by": decided.by}).rowcount == 1
    state = after(PATCH_TRANSITIONS, decided.was, PatchEvent.CANCEL)
    found = tx.execute(
        _OPEN.format("state = :was AND cleared = 0"), {"patch": decided.patch, "was": decided.was}
    ).fetchone()
    return found is not None and _leave(tx, found, state, fault(Reason.CANCELLED_BY, by=decided.by), now)


def _approve(decided: ApprovePatch, now: int, tx: Transaction) -> bool:
    ruled = {"patch": decided.patch, "binding": decided.binding}
    found = tx.execute(_OPEN.format(_PROPOSED), ruled).fetchone()
    if found is None:
        return False
    note_ruling(tx, found[0], Decision.APPROVED, now)
    approval = approval_to_json(Approval(decided.binding, decided.by, from_time(now)))
    return _and_reconsider(tx, _APPROVE, {**ruled, "approval": approval}, now)


def _reject(decided: RejectPatch, now: int, tx: Transaction) -> bool:
    ruled = {"patch": decided.patch, "binding": decided.binding}
    found = tx.execute(_OPEN.format(_PROPOSED), ruled).fetchone()
    why = fault(Reason.REJECTED_BY, by=decided.by, why=decided.why)
    return found is not None and _leave(tx, found, PatchState.REJECTED, why, now)


def _leave(tx: Transaction, found: tuple[int], state: PatchState, why: Fault, now: int) -> bool:
    promote(tx, take_out(tx, found[0], state, Report("", fault=why), now))
    return True


def _open(decided: OpenDomain, tx: Transaction) -> bool:
    was = decided.was
    present = {
        "domain": decided.domain or "",
        "closing": decided.closing,
        "any": was is None,
        "by": was.by if was else None,
        "until": to_time_if(was.until) if was else None,
    }
    gone = tx.execute(_REOPEN, present).rowcount == 1
    reconsider(tx, decided.domain)
    return gone


def _close(decided: CloseDomain, tx: Transaction) -> bool:
    closed = decided.closed
    tx.execute(
        _CLOSE,
        {
            "domain": closed.domain or "",
            "closing": closed.closing,
            "by": closed.by,
            "why": closed.why,
            "since": to_time_if(closed.since),
            "until": to_time_if(closed.until),
        },
    )
    reconsider(tx, closed.domain)
    return True
