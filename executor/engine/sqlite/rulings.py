"""How long patches waited for an approval: a row for each decision, and what is counted of them."""

import enum
import sqlite3
from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from contracts.reports.figures import Approvals, spread
from contracts.states import PatchState
from executor.engine.sqlite.writer import Transaction

# A patch waits since the attempt ended that proposed it.
_NOTE: Final = """
INSERT INTO rulings
SELECT :now, seq, domain, ended_at, :decision FROM lanes WHERE seq = :seq AND state = 'proposed'"""
_OF_DOMAINS: Final = "(:domains IS NULL OR domain IN (SELECT value FROM json_each(:domains)))"
_LENGTHS: Final = f"""
SELECT max(0, decided_at - asked_at) FROM rulings
WHERE decided_at >= :start AND decided_at < :end AND decision <> 'withdrawn' AND {_OF_DOMAINS} ORDER BY 1"""
# Of those that still wait, and of those that were decided since then.
_WAITING: Final = f"""
SELECT (SELECT count(*) FROM lanes INDEXED BY lanes_kept
    WHERE state = 'proposed' AND ended_at < :end AND {_OF_DOMAINS})
  + (SELECT count(*) FROM rulings WHERE decided_at >= :end AND asked_at < :end AND {_OF_DOMAINS})"""


class Decision(enum.StrEnum):
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"  #: it was taken back before anybody decided


def note_ruling(tx: Transaction, seq: int, decision: Decision, now: int) -> None:
    """Before the row changes; nothing of a patch that needs no approval."""
    tx.execute(_NOTE, {"seq": seq, "decision": decision, "now": now})


def decision_of(ending: PatchState) -> Decision:
    """How a patch that waits for an approval ends."""
    return Decision.REJECTED if ending is PatchState.REJECTED else Decision.WITHDRAWN


def approvals_in(store: sqlite3.Connection, bound: Mapping[str, Any]) -> Approvals:
    """Of a window (`start`, `end`) and `domains`, as JSON; NULL: all."""
    lengths = [timedelta(microseconds=length) for (length,) in store.execute(_LENGTHS, bound)]
    waiting: int = store.execute(_WAITING, bound).fetchone()[0]
    return Approvals(spread(lengths), lengths[-1] if lengths else None, waiting)
