"""Atomic sets as they stand: which of them is begun, which have to let another go first. Only reads.

A set is begun while one of its patches is the head of a lane. Two sets that share a domain are never both
begun: each could hold the lane that the other needs.
"""

import sqlite3
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple, Protocol

from contracts.control import FAIRNESS, Closing
from contracts.states import HEAD_STATES, PatchState

#: Those of atomic sets: few, and mostly none.
BOUND = "lanes INDEXED BY lanes_bound WHERE bound IS NOT NULL"
_ANY = f"SELECT 1 FROM {BOUND} LIMIT 1"
_MEMBERS = f"""
SELECT bound, seq, domain, state, rank, passed, hotfix,
  state <> 'proposed' AND due_at IS NULL AND held_by IS NULL AND unmet = 0
FROM {BOUND} AND cleared = 0 ORDER BY bound, seq"""
_CLOSED = """
SELECT closing FROM closed WHERE domain = ? UNION ALL SELECT closing FROM closed WHERE domain = ''"""


class Statements(Protocol):
    """A transaction, or a connection that only reads."""

    def execute(self, sql: str, parameters: Any = ..., /) -> sqlite3.Cursor: ...


class Gate(NamedTuple):
    """What the domain lets begin: nothing, hotfixes, or everything."""

    shut: bool
    hotfixes: bool

    def lets(self, hotfix: int) -> bool:
        return not self.shut and hotfix >= self.hotfixes


def gate_of(tx: Statements, domain: str) -> Gate:
    closings = {closing for (closing,) in tx.execute(_CLOSED, (domain,))}
    return Gate(bool(closings & {Closing.PAUSED, Closing.HALTED}), Closing.FROZEN in closings)


class Member(NamedTuple):
    """An open patch of an atomic set. *kept*: a person, another patch, its time or its domain keeps it."""

    seq: int
    domain: str
    state: PatchState
    rank: int
    passed: int
    kept: bool


class Bond(NamedTuple):
    """The open patches of one atomic set that is not cleared; never empty."""

    set_id: str
    members: tuple[Member, ...]

    @property
    def domains(self) -> frozenset[str]:
        return frozenset(member.domain for member in self.members)

    @property
    def is_begun(self) -> bool:
        return any(member.state in HEAD_STATES for member in self.members)

    @property
    def is_kept(self) -> bool:
        return any(member.kept for member in self.members)

    @property
    def has_passed(self) -> bool:
        """All have passed their gates, and nothing keeps one of them from landing."""
        return not self.is_kept and all(each.state is PatchState.PREPARED for each in self.members)

    @property
    def place(self) -> tuple[bool, int, int]:
        """Of sets that may begin the least goes first; one that was passed over often goes before all."""
        aged = any(member.passed >= FAIRNESS for member in self.members)
        return (not aged, min(each.rank for each in self.members), min(each.seq for each in self.members))


def any_bonds(tx: Statements) -> bool:
    return tx.execute(_ANY).fetchone() is not None


def bonds(tx: Statements) -> list[Bond]:
    rows = tx.execute(_MEMBERS).fetchall()
    gates = {domain: gate_of(tx, domain) for domain in {row[2] for row in rows}}
    return [
        Bond(set_id, tuple(_member(row, gates[row[2]]) for row in rows_of_set))
        for set_id, rows_of_set in groupby(rows, key=itemgetter(0))
    ]


def _member(row: tuple[Any, ...], gate: Gate) -> Member:
    _, seq, domain, state, rank, passed, hotfix, free = row
    return Member(seq, domain, PatchState(state), rank, passed, not (free and gate.lets(hotfix)))


def may_begin(found: list[Bond]) -> list[Bond]:
    """Those that are not begun and let no other go first: no two of them share a domain. See `ahead_of`."""
    taken = {domain for bond in found if bond.is_begun for domain in bond.domains}
    able = []
    waiting = [bond for bond in found if not bond.is_begun and not bond.is_kept]
    for bond in sorted(waiting, key=lambda each: each.place):
        if taken.isdisjoint(bond.domains):
            able.append(bond)
        taken |= bond.domains
    return able


def ahead_of(bond: Bond, others: list[Bond]) -> list[Bond]:
    """The sets that share a domain with *bond*, which is not begun, and that it has to let go first."""
    return [
        other
        for other in others
        if other is not bond
        and not other.domains.isdisjoint(bond.domains)
        and (other.is_begun or (not other.is_kept and other.place < bond.place))
    ]
