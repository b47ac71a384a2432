"""Sets: patches that one block asked of several domains; begun with the first, told of until the last."""

import json
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from contracts.commands import Place
from contracts.notices import on_set_begun, on_set_changed
from contracts.patch import Together
from contracts.ports import NewSet, PatchIdTakenError
from contracts.records import PatchSet
from executor.engine.sqlite.codec import STORED, stored_patch
from executor.engine.sqlite.outbox import letters, say
from executor.engine.sqlite.writer import Transaction

_BEGIN = """
INSERT INTO sets (id, atomic, inbox_id, domains, channel, thread)
SELECT :id, :atomic, :inbox_id, :domains, :channel, :thread
WHERE NOT EXISTS (SELECT 1 FROM patches WHERE id = :id)
ON CONFLICT (id) DO NOTHING"""
_JOIN = "INSERT INTO members SELECT ?, ?, seq, ? FROM patches WHERE id = ?"
_OF_MEMBER = "SELECT id, channel, thread FROM members JOIN sets ON sets.id = set_id WHERE seq = ?"
_ANY_OPEN = "SELECT 1 FROM members JOIN lanes USING (seq) WHERE set_id = ?"
_SET = """
SELECT sets.inbox_id, atomic, domains, sets.channel, sets.thread, cards.channel, cards.ts, cards.thread
FROM sets LEFT JOIN cards ON cards.patch = sets.id WHERE sets.id = ?"""
IN_THREAD = """
SELECT sets.id FROM cards INDEXED BY cards_thread JOIN sets ON sets.id = cards.patch
WHERE cards.channel IS NOT NULL AND cards.channel = ? AND coalesce(cards.thread, cards.ts) = ?
ORDER BY sets.inbox_id, sets.id"""
_MEMBERS = f"{STORED} JOIN members USING (seq) WHERE members.set_id = ? ORDER BY members.place"


class Joined(NamedTuple):
    """A patch of a set: its own, or (*twin*) one that was there before and has equal content."""

    patch: str
    domain: str
    twin: bool


def begin(tx: Transaction, new: NewSet, together: Together, inbox_id: int, now: int) -> None:
    """Before the first of its patches enters. Raises PatchIdTakenError."""
    row = {
        "id": new.id,
        "atomic": together.atomic,
        "inbox_id": inbox_id,
        "domains": json.dumps(together.domains),
        "channel": new.channel,
        "thread": new.thread,
    }
    if tx.execute(_BEGIN, row).rowcount == 0:
        raise PatchIdTakenError(new.id)
    say(tx, letters(on_set_begun(new.id, (new.channel, new.thread)), now))


def join(tx: Transaction, set_id: str, domains: Sequence[str], joined: Sequence[Joined]) -> None:
    for each in joined:
        tx.execute(_JOIN, (set_id, domains.index(each.domain), each.twin, each.patch))


def tell_sets(tx: Transaction, seq: int, now: int) -> None:
    """The state of the patch *seq* is another: have the cards of its sets show it."""
    for set_id, channel, thread in tx.execute(_OF_MEMBER, (seq,)).fetchall():
        over = tx.execute(_ANY_OPEN, (set_id,)).fetchone() is None
        say(tx, letters(on_set_changed(set_id, (channel, thread), over=over), now))


def patch_set(set_id: str, store: sqlite3.Connection) -> PatchSet | None:
    row = store.execute(_SET, (set_id,)).fetchone()
    if row is None:
        return None
    inbox_id, atomic, domains, channel, thread, *card = row
    return PatchSet(
        id=set_id,
        inbox_id=inbox_id,
        atomic=bool(atomic),
        domains=tuple(json.loads(domains)),
        members=tuple(stored_patch(member) for member in store.execute(_MEMBERS, (set_id,)).fetchall()),
        place=Place(channel, None, thread),
        card=None if card[0] is None else Place(*card),
    )
