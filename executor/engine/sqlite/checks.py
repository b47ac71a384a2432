"""What is wrong with a store: damage of the file, and rows that the desk would never have written."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from executor.engine.sqlite.migrations import known, statements, version_of
from executor.engine.sqlite.threads import connect_reader
from executor.engine.trouble import StoreTroubleError

#: Each finds one thing that may not be; its first column says of what. NOT INDEXED: an index may be
#: what is broken.
_IMPOSSIBLE = (
    (
        "lane {}: more than one head",
        """SELECT domain FROM patches NOT INDEXED WHERE state IN ('ready', 'running')
        GROUP BY domain HAVING count(*) > 1""",
    ),
    (
        "lane {}: patches wait and none is its head",
        """SELECT DISTINCT domain FROM patches AS waiting WHERE state = 'waiting' AND due_at IS NULL
        AND NOT EXISTS (SELECT 1 FROM patches AS head NOT INDEXED
          WHERE head.domain = waiting.domain AND head.state IN ('ready', 'running'))""",
    ),
    (
        "lane {}: the same content is open twice",
        """SELECT domain FROM patches NOT INDEXED WHERE state IN ('waiting', 'ready', 'running')
        GROUP BY domain, content HAVING count(*) > 1""",
    ),
    (
        "patch {}: what it would change is gone",
        "SELECT id FROM patches WHERE seq NOT IN (SELECT seq FROM submissions)",
    ),
    (
        "submission {}: its patch is gone",
        "SELECT seq FROM submissions WHERE seq NOT IN (SELECT seq FROM patches)",
    ),
    (
        "lane {}: its count of finished patches is wrong",
        """SELECT domain FROM (
          SELECT domain, state, count(*) AS many FROM patches NOT INDEXED
          WHERE state IN ('landed', 'failed', 'quarantined') GROUP BY domain, state
          EXCEPT SELECT domain, state, many FROM tallies)
        UNION SELECT domain FROM (
          SELECT domain, state, many FROM tallies
          EXCEPT SELECT domain, state, count(*) FROM patches NOT INDEXED
          WHERE state IN ('landed', 'failed', 'quarantined') GROUP BY domain, state)""",
    ),
    (
        "delivery {}: waits for a card that nobody will post",
        """SELECT id FROM outbox AS follower WHERE waits = 1 AND NOT EXISTS (
          SELECT 1 FROM outbox AS card NOT INDEXED WHERE card.patch = follower.patch
          AND card.kind = 'post-card' AND card.state IN ('pending', 'sending', 'unsure'))""",
    ),
    (
        "channel {}: several deliveries are in hand at once",
        """SELECT channel FROM outbox NOT INDEXED WHERE state = 'sending' AND channel <> ''
        GROUP BY channel HAVING count(*) > 1""",
    ),
)


def findings(path: Path) -> tuple[str, ...]:
    """What is wrong with the store at *path*; empty: nothing. Reads all of it.

    Raises FileNotFoundError. A store of an older release is held against that release's schema.
    """
    if not path.is_file():
        raise FileNotFoundError(path)
    try:
        with closing(connect_reader(path)) as store:
            store.execute("BEGIN")
            return tuple(_look(store))
    except (sqlite3.DatabaseError, StoreTroubleError) as error:
        return (str(error),)


def _look(store: sqlite3.Connection) -> Iterator[str]:
    damage = [row[0] for row in store.execute("PRAGMA integrity_check") if row[0] != "ok"]
    if damage:
        # Whatever else could be read from damaged pages would only mislead.
        yield from damage
        return
    version = version_of(store)
    if version == 0:
        yield "the store is empty: it has no schema"
        return
    yield from _schema(store, version)
    for table, row, parent, _ in store.execute("PRAGMA foreign_key_check"):
        yield f"{table} {row}: its row in {parent} is gone"
    for sentence, query in _IMPOSSIBLE:
        for (subject,) in store.execute(query):
            yield sentence.format(subject)


def _schema(store: sqlite3.Connection, version: int) -> Iterator[str]:
    with closing(sqlite3.connect(":memory:")) as fresh:
        for number, script in known():
            if number <= version:
                for statement in statements(script):
                    fresh.execute(statement)
        wanted, found = _objects(fresh), _objects(store)
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name) and name != "schema_version":
            yield f"schema: {name} is not as this release made it"


def _objects(store: sqlite3.Connection) -> dict[str, str]:
    named = "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT GLOB 'sqlite_*'"
    return dict(store.execute(named).fetchall())
