"""Lanes: of each domain only one patch, the head, is offered to workers. A unique index holds that."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from contracts.notices import NewDelivery
from contracts.outcome import Failed, GaveUp, Landed, Outcome, Report, Retry, Step
from contracts.ports import AuditEntry, Finish, Work
from contracts.records import StoredPatch
from contracts.states import OPEN_STATES, PATCH_TRANSITIONS, PatchEvent, PatchState, after
from executor.engine.sqlite.audit import note_all
from executor.engine.sqlite.codec import STORED, report_to_json, stored_patch, to_time
from executor.engine.sqlite.outbox import Letter, letters, say
from executor.engine.sqlite.tasks import Ended, note_attempt
from executor.engine.sqlite.writer import Transaction, Writer

# A lane without a head has nobody who may go, so a newcomer is its head at once.
_ENTER = """
INSERT INTO lanes (seq, domain, content, state)
VALUES (:seq, :domain, :content, iif(
  EXISTS (SELECT 1 FROM lanes INDEXED BY lanes_head WHERE domain = :domain AND state IN ('ready', 'running')),
  'waiting', 'ready'))"""
_PROMOTE = """
UPDATE lanes SET state = 'ready'
WHERE seq = (
    SELECT seq FROM lanes INDEXED BY lanes_waiting
    WHERE domain = :domain AND state = 'waiting' AND due_at IS NULL ORDER BY seq LIMIT 1)
  AND NOT EXISTS (
    SELECT 1 FROM lanes INDEXED BY lanes_head WHERE domain = :domain AND state IN ('ready', 'running'))"""
_NEXT = "SELECT seq FROM lanes INDEXED BY lanes_ready WHERE state = 'ready' ORDER BY seq LIMIT 1"
_CLAIM = """
UPDATE lanes
SET state = 'running', attempt = attempt + 1, lease_until = :until, worker = :worker,
  started_at = :now, ended_at = NULL, steps = '[]', report = NULL
WHERE seq = :seq AND state = 'ready'"""
_HELD = """
seq = (SELECT seq FROM patches WHERE id = :patch) AND attempt = :attempt AND state = 'running'"""
_BEAT = f"UPDATE lanes SET lease_until = :until WHERE {_HELD}"
_STEP = f"UPDATE lanes SET steps = json_insert(steps, '$[#]', json_array(:step, :now)) WHERE {_HELD}"
_FIND = f"SELECT seq, domain, started_at, steps, content, held FROM lanes WHERE {_HELD}"
_LEAVE = "DELETE FROM lanes WHERE seq = :seq AND state = 'running'"
_END = """
INSERT INTO endings (seq, domain, ended_at, state, attempt, started_at, steps, report)
VALUES (:seq, :domain, :now, :state, :attempt, :started_at, :steps, :report)"""
_TALLY = """
INSERT INTO tallies VALUES (:domain, :state, 1) ON CONFLICT (domain, state) DO UPDATE SET many = many + 1"""
_RETRY = """
UPDATE lanes SET state = 'waiting', due_at = :due_at, ended_at = :now, report = :report, lease_until = NULL,
  held = held + :held
WHERE seq = :seq AND state = 'running'"""
_DUE = "state = 'waiting' AND due_at IS NOT NULL AND due_at <= :now"
_DUE_LANES = f"SELECT domain FROM lanes INDEXED BY lanes_timed WHERE {_DUE}"
_COME_DUE = f"UPDATE lanes INDEXED BY lanes_timed SET due_at = NULL WHERE {_DUE}"
# Heads are few, one per lane at most.
_RESCUE = """
UPDATE lanes INDEXED BY lanes_head SET state = 'ready', lease_until = NULL
WHERE state IN ('ready', 'running') AND state = 'running' AND lease_until <= :now
RETURNING (SELECT id FROM patches WHERE patches.seq = lanes.seq), attempt, worker"""
_RELEASE = f"UPDATE lanes SET state = 'ready', lease_until = NULL, held = held + :blameless WHERE {_HELD}"


def enter(tx: Transaction, seq: int | None, domain: str, content: str) -> None:
    """Put an accepted patch into its lane."""
    tx.execute(_ENTER, {"seq": seq, "domain": domain, "content": content})
    tx.wake(Work.LANES)


class SqliteLanes:
    """`contracts.ports.Lanes`."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def claim(self, *, worker: str, now: datetime, lease: timedelta) -> StoredPatch | None:
        wanted = {"worker": worker, "now": to_time(now), "until": to_time(now + lease)}
        row = await self._writer.run(partial(_claim, wanted))
        return None if row is None else stored_patch(row)

    async def beat(self, patch: str, attempt: int, *, now: datetime, lease: timedelta) -> bool:
        held = {"patch": patch, "attempt": attempt, "until": to_time(now + lease)}
        return await self._writer.run(lambda tx: tx.execute(_BEAT, held).rowcount == 1)

    async def step(
        self, patch: str, attempt: int, step: Step, *, now: datetime, told: Sequence[NewDelivery]
    ) -> bool:
        begun = {"patch": patch, "attempt": attempt, "step": step, "now": to_time(now)}
        return await self._writer.run(partial(_step, begun, letters(told, to_time(now))))

    async def finish(self, finish: Finish, *, now: datetime) -> bool:
        at = to_time(now)
        ended = {
            "patch": finish.patch,
            "attempt": finish.attempt,
            "now": at,
            "state": after(PATCH_TRANSITIONS, PatchState.RUNNING, _event_of(finish.outcome)),
            "due_at": to_time(finish.outcome.at) if isinstance(finish.outcome, Retry) else None,
            "held": isinstance(finish.outcome, Retry) and finish.outcome.held,
            "report": report_to_json(finish.outcome.report),
        }
        said = letters(finish.told, at)
        return await self._writer.run(partial(_finish, ended, finish.outcome.report, said))

    async def release(self, patch: str, attempt: int, *, now: datetime, blameless: bool) -> bool:
        held = {"patch": patch, "attempt": attempt, "blameless": int(blameless)}
        return await self._writer.run(partial(_release, held, to_time(now)))

    async def tend(self, *, now: datetime) -> int:
        return await self._writer.run(partial(_tend, to_time(now)))


def _event_of(outcome: Outcome) -> PatchEvent:
    match outcome:
        case Landed():
            return PatchEvent.LAND
        case Failed():
            return PatchEvent.REFUSE
        case Retry():
            return PatchEvent.RETRY
        case GaveUp():
            return PatchEvent.GIVE_UP


def _claim(wanted: dict[str, Any], tx: Transaction) -> tuple[Any, ...] | None:
    head = tx.execute(_NEXT).fetchone()
    if head is None:
        return None
    tx.execute(_CLAIM, {**wanted, "seq": head[0]})
    row: tuple[Any, ...] = tx.execute(f"{STORED} WHERE patches.seq = ?", head).fetchone()
    return row


def _step(begun: dict[str, Any], said: Sequence[Letter], tx: Transaction) -> bool:
    if tx.execute(_STEP, begun).rowcount == 0:
        return False
    say(tx, said)
    return True


def _finish(ended: dict[str, Any], report: Report, said: Sequence[Letter], tx: Transaction) -> bool:
    held = tx.execute(_FIND, ended).fetchone()
    if held is None:
        return False
    seq, domain, started_at, steps, content, waited = held
    ended = {**ended, "seq": seq, "domain": domain, "started_at": started_at, "steps": steps}
    if ended["state"] in OPEN_STATES:
        tx.execute(_RETRY, ended)
    else:
        tx.execute(_LEAVE, ended)
        tx.execute(_END, ended)
        tx.execute(_TALLY, ended)
    attempt = Ended(seq, domain, content, ended["attempt"], waited, started_at, ended["now"], ended["state"])
    note_attempt(tx, attempt, report)
    _come_due(tx, ended["now"])
    _promote(tx, domain)
    say(tx, said)
    return True


def _tend(now: int, tx: Transaction) -> int:
    rescued = tx.execute(_RESCUE, {"now": now}).fetchall()
    note_all(tx, [AuditEntry("desk", "rescued", _of(*held)) for held in rescued], now)
    tx.wake(Work.LANES, len(rescued))
    return len(rescued) + _come_due(tx, now)


def _release(held: dict[str, Any], now: int, tx: Transaction) -> bool:
    worker = tx.execute(f"SELECT worker FROM lanes WHERE {_HELD}", held).fetchone()
    if worker is None or tx.execute(_RELEASE, held).rowcount == 0:
        return False
    note_all(tx, [AuditEntry("desk", "given-back", _of(held["patch"], held["attempt"], *worker))], now)
    tx.wake(Work.LANES)
    return True


def _of(patch: str, attempt: int, worker: str) -> str:
    return f"patch {patch}, attempt {attempt} of {worker}"


def _come_due(tx: Transaction, now: int) -> int:
    """Patches whose time has come may go again; how many of them became heads at once."""
    due = tx.execute(_DUE_LANES, {"now": now}).fetchall()
    if not due:
        return 0
    tx.execute(_COME_DUE, {"now": now})
    return sum(_promote(tx, domain) for domain in dict.fromkeys(domain for (domain,) in due))


def _promote(tx: Transaction, domain: str) -> int:
    """Give the lane a head if it has none and one may go; how many became READY."""
    promoted = tx.execute(_PROMOTE, {"domain": domain}).rowcount
    tx.wake(Work.LANES, promoted)
    return promoted
