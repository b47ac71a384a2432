"""What must be remembered though no row shows it."""

from collections.abc import Sequence

from contracts.ports import AuditEntry
from executor.engine.sqlite.writer import Transaction


def note_all(tx: Transaction, entries: Sequence[AuditEntry], now: int) -> None:
    for entry in entries:
        tx.execute(
            "INSERT INTO audit (at, actor, action, detail) VALUES (?, ?, ?, ?)",
            (now, entry.actor, entry.action, entry.detail),
        )
