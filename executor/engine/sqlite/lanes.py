"""Lanes: of each domain only one patch, the head, is offered to workers. A unique index holds that."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from contracts.notices import NewDelivery
from contracts.outcome import Failed, GaveUp, Landed, Outcome, Retry, Step
from contracts.ports import Finish, Work
from contracts.records import StoredPatch
from contracts.states import OPEN_STATES, PATCH_TRANSITIONS, PatchEvent, PatchState, after
from executor.engine.sqlite.codec import PATCH_COLUMNS, report_to_json, stored_patch, to_time
from executor.engine.sqlite.outbox import Letter, letters, say
from executor.engine.sqlite.writer import Transaction, Writer

_RUNNING = PatchState.RUNNING

_PROMOTE = """
UPDATE patches SET state = 'ready'
WHERE seq = (
    SELECT seq FROM patches INDEXED BY patches_waiting
    WHERE domain = :domain AND state = 'waiting' AND due_at IS NULL ORDER BY seq LIMIT 1)
  AND NOT EXISTS (
    SELECT 1 FROM patches INDEXED BY patches_head WHERE domain = :domain AND state IN ('ready', 'running'))"""
_CLAIM = f"""
UPDATE patches
SET state = 'running', attempt = attempt + 1, lease_until = :until, worker = :worker,
  started_at = :now, ended_at = NULL, steps = '[]', report = NULL
WHERE seq = (SELECT seq FROM patches INDEXED BY patches_ready WHERE state = 'ready' ORDER BY seq LIMIT 1)
RETURNING {PATCH_COLUMNS},
  (SELECT actor FROM submissions WHERE submissions.seq = patches.seq),
  (SELECT patch FROM submissions WHERE submissions.seq = patches.seq)"""
_FINISH = """
UPDATE patches
SET state = :state, ended_at = :now, due_at = :due_at, report = :report, lease_until = NULL
WHERE id = :patch AND attempt = :attempt AND state = 'running'
RETURNING domain"""
_TALLY = """
INSERT INTO tallies VALUES (:domain, :state, 1) ON CONFLICT (domain, state) DO UPDATE SET many = many + 1"""
_COME_DUE = """
UPDATE patches INDEXED BY patches_timed SET due_at = NULL
WHERE state = 'waiting' AND due_at IS NOT NULL AND due_at <= :now
RETURNING domain"""
_RESCUE = """
UPDATE patches INDEXED BY patches_leases SET state = 'ready', lease_until = NULL
WHERE state = 'running' AND lease_until <= :now"""


def promote(tx: Transaction, domain: str) -> int:
    """Give the lane a head if it has none and one may go; how many became READY."""
    promoted = tx.execute(_PROMOTE, {"domain": domain}).rowcount
    tx.wake(Work.LANES, promoted)
    return promoted


class SqliteLanes:
    """`contracts.ports.Lanes`."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    async def claim(self, *, worker: str, now: datetime, lease: timedelta) -> StoredPatch | None:
        wanted = {"worker": worker, "now": to_time(now), "until": to_time(now + lease)}
        row = await self._writer.run(lambda tx: tx.execute(_CLAIM, wanted).fetchone())
        return None if row is None else stored_patch(row)

    async def beat(self, patch: str, attempt: int, *, now: datetime, lease: timedelta) -> bool:
        held = (to_time(now + lease), patch, attempt, _RUNNING)
        return await self._writer.run(partial(_beat, held))

    async def step(
        self, patch: str, attempt: int, step: Step, *, now: datetime, told: Sequence[NewDelivery]
    ) -> bool:
        at = to_time(now)
        return await self._writer.run(partial(_step, (step, at, patch, attempt, _RUNNING), letters(told, at)))

    async def finish(self, finish: Finish, *, now: datetime) -> bool:
        at = to_time(now)
        ended = {
            "patch": finish.patch,
            "attempt": finish.attempt,
            "now": at,
            "state": after(PATCH_TRANSITIONS, _RUNNING, _event_of(finish.outcome)),
            "due_at": to_time(finish.outcome.at) if isinstance(finish.outcome, Retry) else None,
            "report": report_to_json(finish.outcome.report),
        }
        return await self._writer.run(partial(_finish, ended, letters(finish.told, at)))

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


def _beat(held: tuple[Any, ...], tx: Transaction) -> bool:
    beaten = tx.execute("UPDATE patches SET lease_until = ? WHERE id = ? AND attempt = ? AND state = ?", held)
    return beaten.rowcount == 1


def _step(begun: tuple[Any, ...], said: Sequence[Letter], tx: Transaction) -> bool:
    noted = tx.execute(
        """UPDATE patches SET steps = json_insert(steps, '$[#]', json_array(?, ?))
        WHERE id = ? AND attempt = ? AND state = ?""",
        begun,
    )
    if noted.rowcount == 0:
        return False
    say(tx, said)
    return True


def _finish(ended: dict[str, Any], said: Sequence[Letter], tx: Transaction) -> bool:
    row = tx.execute(_FINISH, ended).fetchone()
    if row is None:
        return False
    (domain,) = row
    if ended["state"] not in OPEN_STATES:
        tx.execute(_TALLY, {"domain": domain, "state": ended["state"]})
    _come_due(tx, ended["now"])
    promote(tx, domain)
    say(tx, said)
    return True


def _tend(now: int, tx: Transaction) -> int:
    rescued = tx.execute(_RESCUE, {"now": now}).rowcount
    tx.wake(Work.LANES, rescued)
    return rescued + _come_due(tx, now)


def _come_due(tx: Transaction, now: int) -> int:
    """Patches whose time has come may go again; how many of them became heads at once."""
    domains: Iterable[tuple[str]] = tx.execute(_COME_DUE, {"now": now}).fetchall()
    return sum(promote(tx, domain) for domain in {domain for (domain,) in domains})
