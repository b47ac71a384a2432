"""Lanes: of each domain only one patch, the head, is offered to workers. A unique index holds that."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple

from contracts.control import Control, Grip
from contracts.notices import NewDelivery
from contracts.outcome import (
    Failed,
    GaveUp,
    Landed,
    Outcome,
    Prepared,
    Proposed,
    Report,
    Retry,
    Step,
    Stopped,
)
from contracts.ports import AuditEntry, Finish, MovedOnError, Work
from contracts.records import StoredPatch
from contracts.states import PATCH_TRANSITIONS, PatchEvent, PatchState, after
from executor.engine.sqlite.audit import note_all
from executor.engine.sqlite.codec import (
    STORED,
    prepared_to_json,
    proposal_to_json,
    report_to_json,
    stored_patch,
    to_time,
)
from executor.engine.sqlite.controls import control
from executor.engine.sqlite.endings import Ending, end
from executor.engine.sqlite.outbox import Letter, letters, say
from executor.engine.sqlite.sets import tell_sets
from executor.engine.sqlite.tasks import Ended, note_attempt
from executor.engine.sqlite.threads import Thread
from executor.engine.sqlite.together import keep_together
from executor.engine.sqlite.turns import is_next, promote, promote_all
from executor.engine.sqlite.writer import Transaction, Writer

_ENTER = """
INSERT INTO lanes (seq, domain, content, state, rank, hotfix, unmet, bound)
VALUES (:seq, :domain, :content, :state, :rank, :hotfix, :unmet, :bound)"""
_NEEDS = "SELECT patches.seq, endings.state FROM patches LEFT JOIN endings USING (seq) WHERE id = ?"
_NEXT = "SELECT seq FROM lanes INDEXED BY lanes_ready WHERE state = 'ready' ORDER BY rank, seq LIMIT 1"
_CLAIM = """
UPDATE lanes
SET state = 'running', attempt = attempt + 1, lease_until = :until, worker = :worker,
  started_at = :now, ended_at = NULL, steps = '[]', report = NULL, stop_by = NULL, passed = 0
WHERE seq = :seq AND state = 'ready'"""
_HELD = """
seq = (SELECT seq FROM patches WHERE id = :patch) AND attempt = :attempt AND state = 'running'"""
_HALTED = "EXISTS (SELECT 1 FROM closed WHERE domain IN (lanes.domain, '') AND closing = 'halted')"
_BEAT = f"UPDATE lanes SET lease_until = :until WHERE {_HELD}"
_STEP = f"""
UPDATE lanes SET steps = json_insert(steps, '$[#]', json_array(:step, :now))
WHERE {_HELD} AND stop_by IS NULL AND broken IS NULL AND NOT {_HALTED}"""
_GRIP = f"SELECT stop_by IS NOT NULL OR broken IS NOT NULL, {_HALTED} FROM lanes WHERE {_HELD}"
_FIND = f"SELECT seq, domain, started_at, steps, content, held FROM lanes WHERE {_HELD}"
_LEAVE = "DELETE FROM lanes WHERE seq = :seq AND state = 'running'"
_RETRY = """
UPDATE lanes SET state = 'waiting', due_at = :due_at, ended_at = :now, report = :report, lease_until = NULL,
  held = held + :held
WHERE seq = :seq AND state = 'running'"""
_PROPOSE = """
UPDATE lanes SET state = 'proposed', ended_at = :now, report = :report, lease_until = NULL,
  proposal = :proposal, approval = NULL, held = held + 1
WHERE seq = :seq AND state = 'running'"""
_PREPARE = """
UPDATE lanes SET state = 'prepared', ended_at = :now, report = :report, lease_until = NULL,
  prepared = :prepared, held = held + 1
WHERE seq = :seq AND state = 'running'"""
_DUE = "state = 'waiting' AND due_at IS NOT NULL AND due_at <= :now"
_DUE_LANES = f"SELECT domain FROM lanes INDEXED BY lanes_timed WHERE {_DUE}"
_COME_DUE = f"UPDATE lanes INDEXED BY lanes_timed SET due_at = NULL WHERE {_DUE}"
# Heads are few, one per lane at most.
_RESCUE = """
UPDATE lanes INDEXED BY lanes_head SET state = 'waiting', lease_until = NULL
WHERE state IN ('ready', 'running', 'prepared') AND state = 'running' AND lease_until <= :now
RETURNING (SELECT id FROM patches WHERE patches.seq = lanes.seq), attempt, worker, domain"""
_RELEASE = f"""
UPDATE lanes SET state = 'waiting', lease_until = NULL, held = held + :blameless
WHERE {_HELD} RETURNING worker, domain, seq"""


class Entrant(NamedTuple):
    """An accepted patch on its way into its lane; *needs* are ids of patches that have to land before it.

    *bound*: the atomic set that it is of. It may have its turn once all of that are there (`keep_together`).
    """

    domain: str
    content: str
    rank: int
    hotfix: bool
    needs: tuple[str, ...]
    bound: str | None = None


def enter(tx: Transaction, seq: int | None, entrant: Entrant) -> None:
    """Put an accepted patch into its lane. What it needs is known, or the caller is wrong: LookupError."""
    needed = [_needed(tx, id_) for id_ in entrant.needs]
    unmet = [number for number, state in needed if state != PatchState.LANDED]
    begins = not unmet and entrant.bound is None and is_next(tx, entrant.domain, entrant.hotfix)
    tx.execute(
        _ENTER,
        {
            "seq": seq,
            "domain": entrant.domain,
            "content": entrant.content,
            "state": PatchState.READY if begins else PatchState.WAITING,
            "rank": entrant.rank,
            "hotfix": entrant.hotfix,
            "unmet": len(unmet),
            "bound": entrant.bound,
        },
    )
    if unmet:
        tx.executemany("INSERT INTO dependencies VALUES (?, ?)", [(seq, number) for number in unmet])
    if begins:
        tx.wake(Work.LANES)
    elif entrant.bound is None:
        promote(tx, entrant.domain)


def _needed(tx: Transaction, id_: str) -> tuple[int, str | None]:
    found: tuple[int, str | None] | None = tx.execute(_NEEDS, (id_,)).fetchone()
    if found is None:
        raise LookupError(f"there is no patch {id_}")
    return found


class SqliteLanes:
    """`contracts.ports.Lanes`."""

    def __init__(self, writer: Writer, reader: Thread) -> None:
        self._writer = writer
        self._reader = reader

    async def claim(self, *, worker: str, now: datetime, lease: timedelta) -> StoredPatch | None:
        wanted = {"worker": worker, "now": to_time(now), "until": to_time(now + lease)}
        row = await self._writer.run(partial(_claim, wanted))
        return None if row is None else stored_patch(row)

    async def beat(self, patch: str, attempt: int, *, now: datetime, lease: timedelta) -> bool:
        held = {"patch": patch, "attempt": attempt, "until": to_time(now + lease)}
        return await self._writer.run(lambda tx: tx.execute(_BEAT, held).rowcount == 1)

    async def grip(self, patch: str, attempt: int) -> Grip:
        held = {"patch": patch, "attempt": attempt}
        return await self._reader.read(lambda store: _grip(store.execute(_GRIP, held).fetchone()))

    async def step(
        self, patch: str, attempt: int, step: Step, *, now: datetime, told: Sequence[NewDelivery]
    ) -> Grip:
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
            "proposal": _proposal_of(finish.outcome),
            "prepared": prepared_to_json(finish.outcome) if isinstance(finish.outcome, Prepared) else None,
        }
        said = letters(finish.told, at)
        return await self._writer.run(partial(_finish, ended, finish.outcome.report, said))

    async def release(
        self,
        patch: str,
        attempt: int,
        *,
        now: datetime,
        blameless: bool,
        told: Sequence[NewDelivery] = (),
    ) -> bool:
        held, at = {"patch": patch, "attempt": attempt, "blameless": int(blameless)}, to_time(now)
        return await self._writer.run(partial(_release, held, letters(told, at), at))

    async def decide(
        self,
        decided: Sequence[Control],
        *,
        now: datetime,
        told: Sequence[NewDelivery] = (),
        audit: Sequence[AuditEntry] = (),
    ) -> bool:
        at = to_time(now)
        try:
            await self._writer.run(partial(_decide, decided, letters(told, at), audit, at))
        except MovedOnError:
            return False
        return True

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
        case Stopped():
            return PatchEvent.STOP
        case Proposed():
            return PatchEvent.PROPOSE
        case Prepared():
            return PatchEvent.PREPARE


def _proposal_of(outcome: Outcome) -> str | None:
    return proposal_to_json(outcome.proposal) if isinstance(outcome, Proposed) else None


def _grip(row: tuple[int, int] | None) -> Grip:
    if row is None:
        return Grip.LOST
    stopped, halted = row
    return Grip.STOPPED if stopped else Grip.HALTED if halted else Grip.HELD


def _claim(wanted: dict[str, Any], tx: Transaction) -> tuple[Any, ...] | None:
    head = tx.execute(_NEXT).fetchone()
    if head is None:
        return None
    tx.execute(_CLAIM, {**wanted, "seq": head[0]})
    tell_sets(tx, head[0], wanted["now"])
    row: tuple[Any, ...] = tx.execute(f"{STORED} WHERE patches.seq = ?", head).fetchone()
    return row


def _step(begun: dict[str, Any], said: Sequence[Letter], tx: Transaction) -> Grip:
    if tx.execute(_STEP, begun).rowcount == 0:
        return _grip(tx.execute(_GRIP, begun).fetchone())
    say(tx, said)
    return Grip.HELD


def _finish(ended: dict[str, Any], report: Report, said: Sequence[Letter], tx: Transaction) -> bool:
    held = tx.execute(_FIND, ended).fetchone()
    if held is None:
        return False
    seq, domain, started_at, steps, content, waited = held
    state, attempt, now = ended["state"], ended["attempt"], ended["now"]
    ended = {**ended, "seq": seq}
    match state:
        case PatchState.WAITING:
            tx.execute(_RETRY, ended)
            tell_sets(tx, seq, now)
        case PatchState.PROPOSED:
            tx.execute(_PROPOSE, ended)
            tell_sets(tx, seq, now)
        case PatchState.PREPARED:
            tx.execute(_PREPARE, ended)
            tell_sets(tx, seq, now)
        case _:
            tx.execute(_LEAVE, ended)
            end(tx, Ending(seq, domain, state, attempt, started_at, now, steps, ended["report"]))
    note_attempt(tx, Ended(seq, domain, content, attempt, waited, started_at, now, state), report)
    _come_due(tx, now)
    promote(tx, domain)
    keep_together(tx, now, moved=seq)
    say(tx, said)
    return True


def _decide(
    decided: Sequence[Control], said: Sequence[Letter], audit: Sequence[AuditEntry], now: int, tx: Transaction
) -> None:
    if not all(control(each, now, tx) for each in decided):
        raise MovedOnError
    keep_together(tx, now)
    say(tx, said)
    note_all(tx, audit, now)


def _tend(now: int, tx: Transaction) -> int:
    rescued = tx.execute(_RESCUE, {"now": now}).fetchall()
    note_all(tx, [AuditEntry("desk", "rescued", _of(*held)) for *held, _ in rescued], now)
    promoted = promote_all(tx, [domain for *_, domain in rescued])
    promoted += _come_due(tx, now)
    return promoted + keep_together(tx, now)


def _release(held: dict[str, Any], said: Sequence[Letter], now: int, tx: Transaction) -> bool:
    released = tx.execute(_RELEASE, held).fetchall()
    for worker, domain, seq in released:
        note_all(tx, [AuditEntry("desk", "given-back", _of(held["patch"], held["attempt"], worker))], now)
        promote(tx, domain)
        say(tx, said)
        tell_sets(tx, seq, now)
        keep_together(tx, now)
    return bool(released)


def _of(patch: str, attempt: int, worker: str) -> str:
    return f"patch {patch}, attempt {attempt} of {worker}"


def _come_due(tx: Transaction, now: int) -> int:
    """Patches whose time has come may go again; how many of them became heads at once."""
    due = tx.execute(_DUE_LANES, {"now": now}).fetchall()
    if not due:
        return 0
    tx.execute(_COME_DUE, {"now": now})
    return promote_all(tx, [domain for (domain,) in due])
