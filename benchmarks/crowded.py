"""A store that has been in use for years: a million finished patches, a hundred thousand queued ones."""

import sqlite3
from contextlib import closing
from pathlib import Path

FINISHED = 1_000_000
QUEUED = 100_000
#: The lane in which all of QUEUED wait, and the channel in which as many deliveries do.
LANE, CHANNEL = "crowded", "C0CROWDED"

_NUMBERS = "WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < :many)"
_INBOX = f"""
{_NUMBERS}
INSERT INTO inbox (id, source, key, received_at, state, channel, ts, thread, payload)
SELECT n, 'slack', 'old' || n, n, 'settled', :channel, n, n, x'7b7d' FROM numbers"""
_PATCHES = f"""
{_NUMBERS}
INSERT INTO patches (seq, id, domain, inbox_id, accepted_at, source, channel, ts, thread, actor_name, title,
  actor, patch)
SELECT n, 'old' || n, iif(n > :finished, :lane, 'd' || (n % 50)), n, n, 'slack', :channel, n, n, 'Ann',
  'A change', :actor, :patch FROM numbers"""
_BROUGHT = f"""
{_NUMBERS}
INSERT INTO brought (channel, ts, content)
SELECT :channel, printf('%08d', n), printf('%064d', n) FROM numbers"""
_CARDS = f"""
{_NUMBERS}
INSERT INTO cards (patch, awaited, channel, ts)
SELECT * FROM (SELECT 'old' || n AS patch, 0, :channel, n FROM numbers) ORDER BY patch"""
_ENDINGS = f"""
{_NUMBERS}
INSERT INTO endings (seq, domain, ended_at, state, attempt, started_at, steps, report)
SELECT n, 'd' || (n % 50), n, iif(n % 4, 'landed', 'failed'), 1, n, '[]', '{{"branch":"main"}}'
FROM numbers"""
_TALLIES = "INSERT INTO tallies SELECT domain, state, count(*) FROM endings GROUP BY domain, state"
_LANES = f"""
{_NUMBERS}
INSERT INTO lanes (seq, domain, content, state)
SELECT :finished + n, :lane, printf('%064d', n), 'waiting' FROM numbers"""
_SAID = f"""
{_NUMBERS}
INSERT INTO said (id, state, ended_at, channel, attempt, created_at, first_tried_at, patch, notice)
SELECT n, 'sent', n, 'C0' || (n % 50), 1, n, n, 'old' || n, '{{"patch":"old","kind":"post-summary"}}'
FROM numbers"""
_UNSENT = f"""
{_NUMBERS}
INSERT INTO outbox (id, channel, rank, method, waits, created_at, kind, notice)
SELECT :finished + n, :channel, 0, 'chat.postMessage', 0, n, 'post-summary',
  '{{"patch":"old","kind":"post-summary"}}'
FROM numbers"""


def crowd(store: Path, *, actor: str, patch: str) -> None:
    """Fill an empty store whose schema is there and that nobody holds.

    *actor* and *patch* are those of every patch, as the store keeps them.
    """
    asked = {"finished": FINISHED, "lane": LANE, "channel": CHANNEL, "actor": actor, "patch": patch}
    steps = (
        (_INBOX, FINISHED + QUEUED),
        (_PATCHES, FINISHED + QUEUED),
        (_BROUGHT, FINISHED + QUEUED),
        (_CARDS, FINISHED + QUEUED),
        (_ENDINGS, FINISHED),
        (_TALLIES, 0),
        (_LANES, QUEUED),
        (_SAID, FINISHED),
        (_UNSENT, QUEUED),
    )
    with closing(sqlite3.connect(store, isolation_level=None)) as connection:
        # Nobody will mind if this is lost half-way: no journal, no sync.
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA journal_mode = OFF")
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -400000")
        connection.execute("BEGIN")
        for statement, many in steps:
            connection.execute(statement, {**asked, "many": many})
        connection.execute("UPDATE lanes SET state = 'ready' WHERE seq = ?", (FINISHED + 1,))
        connection.execute("COMMIT")
