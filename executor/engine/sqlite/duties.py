"""Duties on call that people took."""

import sqlite3
from collections.abc import Callable
from typing import Final

from contracts.alerts.duties import Duty, DutyChange
from executor.engine.sqlite.codec import from_time, to_time
from executor.engine.sqlite.writer import Transaction

_WRITE: Final = """
INSERT INTO duties VALUES (?, ?, ?, ?, ?)
ON CONFLICT (id) DO UPDATE SET ends = excluded.ends WHERE excluded.ends < duties.ends"""
_HELD: Final = """
SELECT id, schedule, person, starts, ends FROM duties INDEXED BY duties_ending
WHERE ends > ? ORDER BY starts, id"""


def change_duty(change: DutyChange) -> Callable[[Transaction], bool]:
    """A duty that has ended meanwhile does not end again."""
    duty = change.duty
    row = (duty.id, duty.schedule, duty.person, to_time(duty.starts), to_time(duty.ends))
    return lambda tx: tx.execute(_WRITE, row).rowcount == 1


def held(store: sqlite3.Connection, now: int) -> tuple[Duty, ...]:
    return tuple(
        Duty(id_, schedule, person, from_time(starts), from_time(ends))
        for id_, schedule, person, starts, ends in store.execute(_HELD, (now,))
    )
