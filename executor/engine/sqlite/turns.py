"""Whose turn it is in a lane: priority, then age, but nobody is passed for ever; and closed domains.

A patch of an atomic set has its turn when its set may begin; then the others of the set go before everybody.
"""

from collections import deque
from collections.abc import Collection, Iterable, Iterator
from typing import NamedTuple

from contracts.control import FAIRNESS
from contracts.ports import Work
from contracts.states import PatchState
from executor.engine.sqlite.bonds import BOUND, Bond, Gate, any_bonds, bonds, gate_of, may_begin
from executor.engine.sqlite.writer import Transaction

#: May have its turn: it waits for no time, no person and no other patch.
FREE = "state = 'waiting' AND due_at IS NULL AND held_by IS NULL AND unmet = 0"
#: Kept back by a person or by another patch.
KEPT = """
(state = 'proposed' OR (state = 'waiting' AND due_at IS NULL AND (held_by IS NOT NULL OR unmet > 0)))"""
#: The heads of lanes, one of each at most.
HEADS = "lanes INDEXED BY lanes_head WHERE state IN ('ready', 'running', 'prepared')"
_STANDS = f"""
SELECT EXISTS (SELECT 1 FROM {HEADS} AND domain = :domain),
  EXISTS (SELECT 1 FROM lanes INDEXED BY lanes_waiting WHERE domain = :domain AND {FREE})"""
_WHO = f"domain = :domain AND {FREE} AND bound IS NULL AND hotfix >= :hotfix"
#: The first by priority, and the oldest: mostly one and the same.
_ORDINARY = f"""
SELECT * FROM (SELECT seq, rank, passed FROM lanes INDEXED BY lanes_waiting
  WHERE {_WHO} ORDER BY rank, seq LIMIT 1)
UNION SELECT * FROM (SELECT seq, rank, passed FROM lanes INDEXED BY lanes_oldest
  WHERE {_WHO} ORDER BY seq LIMIT 1)"""
_CLEARED = f"""
SELECT seq, due_at FROM {BOUND}
  AND domain = ? AND cleared = 1 AND state = 'waiting' AND hotfix >= ? LIMIT 1"""
_BEGIN = "UPDATE lanes SET state = 'ready' WHERE seq = ?"
_PASSED_OVER = "UPDATE lanes SET passed = passed + 1 WHERE seq = ?"
_DEMOTE = """
UPDATE lanes INDEXED BY lanes_head SET state = 'waiting'
WHERE state IN ('ready', 'running', 'prepared') AND state = 'ready'"""


def promote(tx: Transaction, domain: str) -> int:
    """Give the lane a head if it has none and one may begin; how many became READY."""
    headed, waits = tx.execute(_STANDS, {"domain": domain}).fetchone()
    if headed or not waits or (gate := gate_of(tx, domain)).shut:
        return 0
    chosen = _chosen(tx, domain, gate)
    if chosen is None:
        return 0
    tx.execute(_BEGIN, (chosen,))
    tx.wake(Work.LANES)
    return 1


def is_next(tx: Transaction, domain: str, hotfix: bool) -> bool:
    """Whether a patch that nothing keeps back is the head of its lane as soon as it comes into it.

    Where there are atomic sets `promote` says so: one of them may go first.
    """
    headed, waits = tx.execute(_STANDS, {"domain": domain}).fetchone()
    return not headed and not waits and not any_bonds(tx) and gate_of(tx, domain).lets(hotfix)


class _Waiting(NamedTuple):
    """One of those that nothing keeps back. *able*: it may be the next; *before_all*: it has to be."""

    seq: int
    rank: int
    passed: int
    able: bool = True
    before_all: bool = False


def _chosen(tx: Transaction, domain: str, gate: Gate) -> int | None:
    """Who is next; the oldest remembers that it was passed over.

    For one whose set is cleared the lane waits: what landed in between could keep it, alone of its set, out.
    """
    found = _ordinary(tx, domain, gate)
    if any_bonds(tx):
        if cleared := tx.execute(_CLEARED, (domain, int(gate.hotfixes))).fetchone():
            seq, due_at = cleared
            return None if due_at is not None else int(seq)
        found += _bound(tx, domain)
    able = [each for each in found if each.able]
    if not able:
        return None
    first = min(able, key=lambda each: (not each.before_all, each.rank, each.seq))
    oldest = min(found)
    if oldest.able and oldest.passed >= FAIRNESS and not first.before_all:
        return oldest.seq
    if oldest is not first:
        tx.execute(_PASSED_OVER, (oldest.seq,))
    return first.seq


def _ordinary(tx: Transaction, domain: str, gate: Gate) -> list[_Waiting]:
    """The first and the oldest of those that may land alone."""
    who = {"domain": domain, "hotfix": int(gate.hotfixes)}
    return [_Waiting(*each) for each in tx.execute(_ORDINARY, who)]


def _bound(tx: Transaction, domain: str) -> list[_Waiting]:
    """Those that may land only with the rest of their set."""
    found = bonds(tx)
    able = {
        bond.set_id for bond in may_begin(found) if domain in bond.domains and not _delays_the_aged(tx, bond)
    }
    return [
        _Waiting(
            each.seq,
            each.rank,
            each.passed,
            able=bond.is_begun or bond.set_id in able,
            before_all=bond.is_begun,
        )
        for bond in found
        if not bond.is_kept
        for each in bond.members
        if each.domain == domain and each.state is PatchState.WAITING
    ]


def _delays_the_aged(tx: Transaction, bond: Bond) -> bool:
    """Whether somebody waits in one of its lanes who was passed over often enough."""
    for member in bond.members:
        for each in _ordinary(tx, member.domain, gate_of(tx, member.domain)):
            if each.seq < member.seq and each.passed >= FAIRNESS:
                return True
    return False


class InLine(NamedTuple):
    """One of those that wait in a lane; below 0 the *rank* of those that have to go before everybody."""

    seq: int
    rank: int
    passed: int


def in_turn(waiting: Collection[InLine]) -> Iterator[int]:
    """In which order *waiting* would have their turns by the rule of `promote`, if nobody came or went.

    Of the first by rank and the first by age it needs as many as there are to be told in their order.
    """
    ranked = deque(sorted(waiting, key=lambda each: (each.rank, each.seq)))
    aged = deque(sorted(waiting))
    passed = {each.seq: each.passed for each in waiting}
    while passed:
        while ranked[0].seq not in passed:
            ranked.popleft()
        while aged[0].seq not in passed:
            aged.popleft()
        first, oldest = ranked[0], aged[0]
        if passed[oldest.seq] >= FAIRNESS and first.rank >= 0:
            first = oldest
        elif oldest.seq != first.seq:
            passed[oldest.seq] += 1
        del passed[first.seq]
        yield first.seq


def promote_all(tx: Transaction, domains: Iterable[str]) -> int:
    return sum(promote(tx, domain) for domain in dict.fromkeys(domains))


def reconsider(tx: Transaction, domain: str | None) -> None:
    """Have those who are offered and not taken wait again, and choose anew; None: in every lane."""
    if domain is None:
        tx.execute(_DEMOTE)
        promote_all(tx, [name for (name,) in tx.execute("SELECT DISTINCT domain FROM lanes")])
    else:
        tx.execute(f"{_DEMOTE} AND domain = ?", (domain,))
        promote(tx, domain)
