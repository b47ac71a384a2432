"""Whose turn it is in a lane: priority, then age, but nobody is passed for ever; and closed domains."""

from collections.abc import Iterable
from typing import NamedTuple

from contracts.control import FAIRNESS, Closing
from contracts.ports import Work
from executor.engine.sqlite.writer import Transaction

#: May have its turn: it waits for no time, no person and no other patch.
FREE = "state = 'waiting' AND due_at IS NULL AND held_by IS NULL AND unmet = 0"
#: Kept back by a person or by another patch.
KEPT = """
(state = 'proposed' OR (state = 'waiting' AND due_at IS NULL AND (held_by IS NOT NULL OR unmet > 0)))"""
_HEADED = "SELECT 1 FROM lanes INDEXED BY lanes_head WHERE domain = ? AND state IN ('ready', 'running')"
_FIRST = f"""
SELECT seq FROM lanes INDEXED BY lanes_waiting
WHERE domain = :domain AND {FREE} AND hotfix >= :hotfix ORDER BY rank, seq LIMIT 1"""
_OLDEST = f"""
SELECT seq, passed FROM lanes INDEXED BY lanes_oldest
WHERE domain = :domain AND {FREE} AND hotfix >= :hotfix ORDER BY seq LIMIT 1"""
_CLOSED = "SELECT closing FROM closed WHERE domain IN (?, '')"
_BEGIN = "UPDATE lanes SET state = 'ready' WHERE seq = ?"
_PASSED_OVER = "UPDATE lanes SET passed = passed + 1 WHERE seq = ?"
_DEMOTE = """
UPDATE lanes INDEXED BY lanes_head SET state = 'waiting'
WHERE state IN ('ready', 'running') AND state = 'ready'"""


class Gate(NamedTuple):
    """What the domain lets begin: nothing, hotfixes, or everything."""

    shut: bool
    hotfixes: bool


def gate_of(tx: Transaction, domain: str) -> Gate:
    closings = {closing for (closing,) in tx.execute(_CLOSED, (domain,))}
    return Gate(bool(closings & {Closing.PAUSED, Closing.HALTED}), Closing.FROZEN in closings)


def promote(tx: Transaction, domain: str) -> int:
    """Give the lane a head if it has none and one may begin; how many became READY."""
    gate = gate_of(tx, domain)
    if gate.shut or tx.execute(_HEADED, (domain,)).fetchone():
        return 0
    who = {"domain": domain, "hotfix": int(gate.hotfixes)}
    first = tx.execute(_FIRST, who).fetchone()
    if first is None:
        return 0
    chosen: int = first[0]
    oldest, passed = tx.execute(_OLDEST, who).fetchone()
    if oldest != chosen:
        if passed >= FAIRNESS:
            chosen = oldest
        else:
            tx.execute(_PASSED_OVER, (oldest,))
    tx.execute(_BEGIN, (chosen,))
    tx.wake(Work.LANES)
    return 1


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
