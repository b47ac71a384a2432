"""The outbox: one row per write to Slack (or to a file), claimed, tried and recorded.

Deliveries of one channel, rank and method are a queue, in which the oldest goes first. A claim looks only
at the heads of the queues, so that a long one behind a busy channel costs it nothing.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, NamedTuple, assert_never

from contracts.commands import Place
from contracts.notices import (
    POSTING_METHODS,
    NewDelivery,
    coalesces,
    group_told_of,
    method_of,
    needs_card,
    posts_card,
)
from contracts.ports import (
    AuditEntry,
    Buried,
    DeliveryOutcome,
    Doubtful,
    Postponed,
    Redirected,
    Sent,
    Work,
)
from contracts.records import Delivery
from contracts.states import DELIVERY_TRANSITIONS, DeliveryEvent, DeliveryState, after
from executor.engine.sqlite.audit import note_all
from executor.engine.sqlite.codec import from_time, notice_from_json, notice_to_json, to_time
from executor.engine.sqlite.writer import Transaction, Writer

_SENDING = DeliveryState.SENDING
#: Whether it is still to be posted, and the channel that it went to from a dead one.
_Card = tuple[int, str | None]
_POSTING = json.dumps(sorted(POSTING_METHODS))


class Letter(NamedTuple):
    """A NewDelivery as the outbox keeps it: the columns of `_SAY`, in that order."""

    channel: str
    thread: str | None
    rank: int
    method: str
    waits: int
    kind: str
    same: str | None
    patch: str | None
    created_at: int
    notice: str
    grp: str | None


def letters(deliveries: Sequence[NewDelivery], now: int) -> list[Letter]:
    return [_letter(delivery, now) for delivery in deliveries]


def _letter(delivery: NewDelivery, now: int) -> Letter:
    notice = delivery.notice
    same = coalesces(notice)
    followed = needs_card(notice)
    return Letter(
        channel=delivery.channel or "",
        thread=delivery.thread,
        rank=0 if same is None else 1,
        method=method_of(notice) or "",
        waits=0 if followed is None else 1,
        kind=notice.kind,
        same=same,
        patch=posts_card(notice) or followed,
        created_at=now,
        notice=notice_to_json(notice),
        grp=group_told_of(notice),
    )


# What waits with an equal key says the same when it is sent, so the new row is not needed.
_SAY = """
INSERT INTO outbox (channel, thread, rank, method, waits, kind, same, patch, created_at, notice, grp)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (same) WHERE state = 'pending' AND same IS NOT NULL DO NOTHING"""
_CARD = "SELECT awaited, redirect FROM cards WHERE patch = ?"
_AWAIT_CARD = "INSERT INTO cards (patch, awaited) VALUES (?, 1) ON CONFLICT (patch) DO UPDATE SET awaited = 1"


def say(tx: Transaction, said: Sequence[Letter]) -> None:
    if not said:
        return
    cards: dict[str | None, _Card | None] = {}
    rows: list[Letter] = []
    for letter in said:
        if letter.waits:
            if letter.patch not in cards:
                cards[letter.patch] = tx.execute(_CARD, (letter.patch,)).fetchone()
            rows.append(_follow_card(cards[letter.patch], letter))
        else:
            rows.append(letter)
            if letter.patch is not None:
                tx.execute(_AWAIT_CARD, (letter.patch,))
                cards.pop(letter.patch, None)
    tx.executemany(_SAY, rows)
    tx.wake(Work.OUTBOX, len(said))


def _follow_card(card: _Card | None, letter: Letter) -> Letter:
    if card is None:
        return letter._replace(waits=0)
    awaited, redirect = card
    if redirect is None:
        return letter if awaited else letter._replace(waits=0)
    return letter._replace(waits=awaited, channel=redirect, thread=None)


class SqliteOutbox:
    """`contracts.ports.Outbox`. *names* are the store's: (first delivery, name), in that order."""

    def __init__(self, writer: Writer, names: Sequence[tuple[int, str]]) -> None:
        self._writer = writer
        self._names = names

    async def put(self, deliveries: Sequence[NewDelivery], *, now: datetime) -> None:
        said = letters(deliveries, to_time(now))
        await self._writer.run(lambda tx: say(tx, said))

    async def claim(
        self,
        *,
        now: datetime,
        lease: timedelta,
        busy_channels: frozenset[str],
        busy_methods: frozenset[str],
    ) -> Delivery | None:
        wanted = {
            "now": to_time(now),
            "until": to_time(now + lease),
            "channels": json.dumps(sorted(busy_channels)),
            "methods": json.dumps(sorted(busy_methods)),
            "posting": _POSTING,
        }
        row = await self._writer.run(partial(_claim, wanted))
        return None if row is None else self._delivery(row)

    async def note(self, delivery: int, attempt: int, progress: str) -> bool:
        return await self._writer.run(partial(_note, delivery, attempt, progress))

    async def record(
        self,
        delivery: int,
        attempt: int,
        outcome: DeliveryOutcome,
        *,
        now: datetime,
        told: Sequence[NewDelivery] = (),
        audit: Sequence[AuditEntry] = (),
    ) -> bool:
        at = to_time(now)
        said = letters(told, at)

        def unit(tx: Transaction) -> bool:
            held = _Held.find(tx, delivery, attempt)
            if held is None:
                return False
            _end(tx, held, outcome, at)
            say(tx, said)
            note_all(tx, audit, at)
            # Its channel is free for the next one.
            tx.wake(Work.OUTBOX)
            return True

        return await self._writer.run(unit)

    def _delivery(self, row: tuple[Any, ...]) -> Delivery:
        (id_, notice, channel, thread, attempt, unsure, created_at, first_tried_at, progress) = row
        return Delivery(
            id=id_,
            key=f"{self._name_at(id_)}-{id_}",
            notice=notice_from_json(notice),
            channel=channel or None,
            thread=thread,
            attempt=attempt,
            unsure=bool(unsure),
            created_at=from_time(created_at),
            first_tried_at=from_time(first_tried_at),
            progress=progress,
        )

    def _name_at(self, delivery: int) -> str:
        return next(name for first, name in reversed(self._names) if first <= delivery)


_EXPIRE = """
UPDATE outbox INDEXED BY outbox_held SET state = 'unsure', unsure = 1, lease_until = NULL, due_at = NULL
WHERE state = 'sending' AND lease_until <= :now"""
_COME_DUE = """
UPDATE outbox INDEXED BY outbox_timed SET due_at = NULL
WHERE state IN ('pending', 'unsure') AND due_at IS NOT NULL AND due_at <= :now"""
_FREE = "state IN ('pending', 'unsure') AND due_at IS NULL AND waits = 0"
# The oldest of each queue, by leaps from one queue to the next.
_HEADS = f"""
SELECT (SELECT id FROM outbox INDEXED BY outbox_free WHERE {_FREE} ORDER BY queue, id LIMIT 1)
UNION ALL
SELECT (SELECT id FROM outbox AS next INDEXED BY outbox_free
        WHERE {_FREE} AND next.queue > here.queue ORDER BY queue, id LIMIT 1)
FROM head JOIN outbox AS here ON here.id = head.id"""
_TAKE = f"""
UPDATE outbox
SET state = 'sending', attempt = attempt + 1, lease_until = :until,
  first_tried_at = coalesce(first_tried_at, :now)
WHERE id = (
  WITH RECURSIVE head(id) AS ({_HEADS})
  SELECT id FROM head JOIN outbox USING (id)
  WHERE NOT (channel IN (SELECT value FROM json_each(:channels))
      AND method IN (SELECT value FROM json_each(:posting)))
    AND method NOT IN (SELECT value FROM json_each(:methods))
    AND (channel = '' OR NOT EXISTS (
      SELECT 1 FROM outbox AS held INDEXED BY outbox_held
      WHERE held.state = 'sending' AND held.channel = outbox.channel))
  ORDER BY rank, id LIMIT 1)
RETURNING id, notice, channel, thread, attempt, unsure, created_at, first_tried_at, progress"""


def _claim(wanted: dict[str, Any], tx: Transaction) -> tuple[Any, ...] | None:
    tx.execute(_EXPIRE, wanted)
    tx.execute(_COME_DUE, wanted)
    row: tuple[Any, ...] | None = tx.execute(_TAKE, wanted).fetchone()
    return row


def _note(delivery: int, attempt: int, progress: str, tx: Transaction) -> bool:
    changed = tx.execute(
        "UPDATE outbox SET progress = ? WHERE id = ? AND attempt = ? AND state = ?",
        (progress, delivery, attempt, _SENDING),
    )
    return changed.rowcount == 1


class _Held(NamedTuple):
    """A delivery that this attempt still holds."""

    id: int
    is_card: bool
    patch: str | None
    same: str | None

    @classmethod
    def find(cls, tx: Transaction, delivery: int, attempt: int) -> "_Held | None":
        row = tx.execute(
            """SELECT id, kind IN ('post-card', 'post-set', 'post-alert', 'post-report'), patch, same
            FROM outbox
            WHERE id = ? AND attempt = ? AND state = ?""",
            (delivery, attempt, _SENDING),
        ).fetchone()
        return None if row is None else cls(*row)


def _end(tx: Transaction, held: _Held, outcome: DeliveryOutcome, now: int) -> None:
    match outcome:
        case Sent(ref=ref):
            _leave(tx, held, DeliveryEvent.CONFIRM, now)
            if held.is_card:
                _let_follow(tx, held, ref or Place())
        case Postponed(until=until, why=why):
            _stand_alone(tx, held)
            _go_back(tx, held, DeliveryEvent.POSTPONE, due_at=to_time(until), why=why)
        case Doubtful(until=until, why=why):
            _go_back(tx, held, DeliveryEvent.DOUBT, due_at=to_time(until), why=why)
        case Redirected(channel=channel, why=why):
            _stand_alone(tx, held)
            _go_back(tx, held, DeliveryEvent.POSTPONE, why=why)
            _redirect(tx, held, channel)
        case Buried(why=why):
            _leave(tx, held, DeliveryEvent.BURY, now, why=why)
            if held.is_card:
                _let_follow(tx, held, Place())
        case _:
            assert_never(outcome)


def _leave(tx: Transaction, held: _Held, event: DeliveryEvent, now: int, why: str | None = None) -> None:
    """The delivery has come to its end."""
    state = after(DELIVERY_TRANSITIONS, _SENDING, event)
    tx.execute(
        """INSERT INTO said
        SELECT id, ?, ?, channel, thread, attempt, created_at, first_tried_at, patch, ?, notice
        FROM outbox WHERE id = ?""",
        (state, now, why, held.id),
    )
    tx.execute("DELETE FROM outbox WHERE id = ? AND state = ?", (held.id, _SENDING))


def _go_back(
    tx: Transaction, held: _Held, event: DeliveryEvent, *, why: str, due_at: int | None = None
) -> None:
    """The delivery will be tried again."""
    state = after(DELIVERY_TRANSITIONS, _SENDING, event)
    tx.execute(
        """UPDATE outbox SET state = ?, unsure = ?, due_at = ?, why = ?, lease_until = NULL
        WHERE id = ? AND state = ?""",
        (state, state is DeliveryState.UNSURE, due_at, why, held.id, _SENDING),
    )


def _stand_alone(tx: Transaction, held: _Held) -> None:
    """An equal delivery that came while this one was tried says nothing that this one will not say."""
    if held.same is not None:
        tx.execute("DELETE FROM outbox WHERE same = ? AND state = 'pending'", (held.same,))


def _redirect(tx: Transaction, held: _Held, channel: str) -> None:
    # What was begun in the old channel is of no use in the new one.
    tx.execute(
        "UPDATE outbox SET channel = ?, thread = NULL, progress = NULL WHERE id = ?", (channel, held.id)
    )
    if held.is_card:
        tx.execute("UPDATE cards SET redirect = ? WHERE patch = ?", (channel, held.patch))
        tx.execute(
            """UPDATE outbox INDEXED BY outbox_followers SET channel = ?, thread = NULL
            WHERE patch = ? AND waits = 1""",
            (channel, held.patch),
        )


def _let_follow(tx: Transaction, card: _Held, ref: Place) -> None:
    tx.execute(
        "UPDATE cards SET awaited = 0, channel = ?, ts = ?, thread = ? WHERE patch = ?",
        (ref.channel, ref.ts, ref.thread, card.patch),
    )
    freed = tx.execute(
        "UPDATE outbox INDEXED BY outbox_followers SET waits = 0 WHERE patch = ? AND waits = 1",
        (card.patch,),
    )
    tx.wake(Work.OUTBOX, freed.rowcount)
