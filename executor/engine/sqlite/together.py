"""What atomic sets do as one: clear, give way, end; at the end of every transaction that may move a patch.

Nobody has to know what an event means for a set: all that follows is seen from its rows.
"""

from collections.abc import Iterable
from dataclasses import replace

from contracts.faults import Fault, Reason, fault
from contracts.notices import on_ended_with_set, on_progress
from contracts.outcome import Report
from contracts.ports import Work
from contracts.states import PATCH_TRANSITIONS, PatchEvent, PatchState, after
from executor.engine.sqlite.bonds import Bond, Member, any_bonds, bonds
from executor.engine.sqlite.codec import STORED, fault_to_json, stored_patch
from executor.engine.sqlite.endings import take_out
from executor.engine.sqlite.outbox import letters, say
from executor.engine.sqlite.sets import tell_sets
from executor.engine.sqlite.turns import promote_all
from executor.engine.sqlite.writer import Transaction

#: The member that did not land, the first of several.
_LOST = """
SELECT id, endings.domain, endings.state FROM members JOIN endings USING (seq) JOIN patches USING (seq)
WHERE set_id = ? AND endings.state <> 'landed' ORDER BY endings.ended_at, seq LIMIT 1"""
_CLEAR = "UPDATE lanes SET state = :state, cleared = 1 WHERE bound = :set_id AND state = 'prepared'"
_YIELD = "UPDATE lanes SET state = 'waiting' WHERE bound = ? AND state IN ('ready', 'prepared')"
_BREAK = "UPDATE lanes SET broken = :why WHERE seq = :seq AND broken IS NULL"
#: Where the card of a patch stands, or is going to stand.
_HOME = """
SELECT channel, thread FROM cards WHERE patch = :patch AND channel IS NOT NULL
UNION ALL SELECT channel, thread FROM outbox WHERE kind = 'post-card' AND patch = :patch LIMIT 1"""


def keep_together(tx: Transaction, now: int, *, moved: int | None = None) -> int:
    """Have every atomic set stand as its patches do; how many patches became READY.

    *moved* is the patch (its seq) whose attempt ended: those that wait for it show how it stands.
    """
    if not any_bonds(tx):
        return 0
    found = bonds(tx)
    for bond in found:
        _keep(tx, bond, now, moved)
    return promote_all(tx, [domain for bond in found for domain in sorted(bond.domains)])


def _keep(tx: Transaction, bond: Bond, now: int, moved: int | None) -> None:
    lost = tx.execute(_LOST, (bond.set_id,)).fetchone()
    if lost is not None:
        why = fault(Reason.SET_BROKEN, id=lost[0], domain=lost[1], state=lost[2])
        for member in bond.members:
            _end_with_set(tx, member, why, now)
    elif bond.has_passed:
        state = after(PATCH_TRANSITIONS, PatchState.PREPARED, PatchEvent.CLEAR)
        cleared = tx.execute(_CLEAR, {"set_id": bond.set_id, "state": state})
        tx.wake(Work.LANES, cleared.rowcount)
        _tell(tx, bond.members, now)
    elif bond.is_kept and tx.execute(_YIELD, (bond.set_id,)).rowcount:
        _tell(tx, bond.members, now)
    elif any(member.seq == moved for member in bond.members):
        _tell(tx, [each for each in bond.members if each.state is PatchState.PREPARED], now)


def _end_with_set(tx: Transaction, member: Member, why: Fault, now: int) -> None:
    """One that runs is ended by its worker, which says what there is to say."""
    if member.state is PatchState.RUNNING:
        if tx.execute(_BREAK, {"seq": member.seq, "why": fault_to_json(why)}).rowcount:
            _tell(tx, [member], now)
        return
    row = stored_patch(tx.execute(f"{STORED} WHERE patches.seq = ?", (member.seq,)).fetchone())
    state = after(PATCH_TRANSITIONS, member.state, PatchEvent.CANCEL)
    take_out(tx, member.seq, state, replace(row.report or Report(""), fault=why), now)
    said = on_ended_with_set(row.id, row.inbox_id, row.place, _home(tx, row.id))
    say(tx, letters(said, now))


def _tell(tx: Transaction, members: Iterable[Member], now: int) -> None:
    """Have their cards show what became of them."""
    for member in members:
        [patch] = tx.execute("SELECT id FROM patches WHERE seq = ?", (member.seq,)).fetchone()
        channel, _ = _home(tx, patch)
        say(tx, letters(on_progress(patch, channel), now))
        tell_sets(tx, member.seq, now)


def _home(tx: Transaction, patch: str) -> tuple[str | None, str | None]:
    return tx.execute(_HOME, {"patch": patch}).fetchone() or (None, None)
