"""What is wrong with a store: damage of the file, and rows that the desk would never have written."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from executor.engine.sqlite.migrations import known, statements, version_of
from executor.engine.sqlite.tasks import add_functions
from executor.engine.sqlite.threads import connect_reader
from executor.engine.sqlite.turns import FREE
from executor.engine.trouble import StoreTroubleError

_FINISHED = "SELECT domain, state, count(*) FROM endings NOT INDEXED GROUP BY domain, state"
#: Each finds one thing that may not be; its first column says of what. NOT INDEXED: an index may be
#: what is broken.
_IMPOSSIBLE = (
    (
        "lane {}: more than one head",
        """SELECT domain FROM lanes NOT INDEXED WHERE state IN ('ready', 'running', 'prepared')
        GROUP BY domain HAVING count(*) > 1""",
    ),
    (
        "lane {}: the same content is open twice",
        "SELECT domain FROM lanes NOT INDEXED GROUP BY domain, content HAVING count(*) > 1",
    ),
    (
        "lane {}: a patch runs without a lease",
        "SELECT domain FROM lanes NOT INDEXED WHERE state = 'running' AND lease_until IS NULL",
    ),
    (
        "patch {}: neither open nor finished",
        """SELECT id FROM patches
        WHERE seq NOT IN (SELECT seq FROM lanes) AND seq NOT IN (SELECT seq FROM endings)""",
    ),
    (
        "patch {}: finished, and still in its lane",
        "SELECT id FROM patches JOIN lanes USING (seq) JOIN endings USING (seq)",
    ),
    (
        "lane {}: its count of finished patches is wrong",
        f"""SELECT domain FROM (SELECT * FROM ({_FINISHED}) EXCEPT SELECT * FROM tallies)
        UNION SELECT domain FROM (SELECT * FROM tallies EXCEPT SELECT * FROM ({_FINISHED}))""",
    ),
    (
        "delivery {}: waits for a card that nobody will post",
        """SELECT id FROM outbox AS follower NOT INDEXED WHERE waits = 1 AND NOT EXISTS (
          SELECT 1 FROM cards WHERE cards.patch = follower.patch AND awaited = 1)""",
    ),
    (
        "card of {}: awaited, and in no delivery",
        """SELECT patch FROM cards WHERE awaited = 1
        EXCEPT SELECT patch FROM outbox NOT INDEXED
        WHERE kind IN ('post-card', 'post-set', 'post-alert', 'post-report')""",
    ),
    (
        "delivery {}: said, and still to be said",
        "SELECT id FROM outbox JOIN said USING (id)",
    ),
    (
        "channel {}: several deliveries are in hand at once",
        """SELECT channel FROM outbox NOT INDEXED WHERE state = 'sending' AND channel <> ''
        GROUP BY channel HAVING count(*) > 1""",
    ),
)

_RECOUNT = """
SELECT alert_groups.id, count(alert) AS alerts,
  count(alert) FILTER (WHERE ended_at IS NULL AND alerts.severity = 'info') AS info,
  count(alert) FILTER (WHERE ended_at IS NULL AND alerts.severity = 'warning') AS warning,
  count(alert) FILTER (WHERE ended_at IS NULL AND alerts.severity = 'critical') AS critical
FROM alert_groups NOT INDEXED
  LEFT JOIN alert_members ON grp = alert_groups.seq LEFT JOIN alerts ON alerts.seq = alert
WHERE state <> 'resolved' GROUP BY alert_groups.seq"""
#: The same, of rows that a store has since its second schema.
_IMPOSSIBLE_ALERTS = (
    (
        "group {}: its count of alerts is wrong",
        f"""SELECT id FROM ({_RECOUNT}) EXCEPT SELECT id FROM (
          SELECT id, alerts, info, warning, critical FROM alert_groups NOT INDEXED
          INTERSECT {_RECOUNT})""",
    ),
    (
        "group {}: another one of its key is open",
        """SELECT min(id) FROM alert_groups NOT INDEXED
        WHERE state <> 'resolved' GROUP BY key HAVING count(*) > 1""",
    ),
    (
        "group {}: its log has a gap",
        """SELECT id FROM alert_groups NOT INDEXED WHERE entries <> (
          SELECT coalesce(max(number), 0) FROM alert_entries WHERE grp = seq)
          OR entries <> (SELECT count(*) FROM alert_entries WHERE grp = seq)""",
    ),
    (
        "alert {}: fires in no group",
        """SELECT fingerprint FROM alerts NOT INDEXED
        WHERE ended_at IS NULL AND seq NOT IN (SELECT alert FROM alert_members)""",
    ),
)


_END = "seq, domain, state, ended_at, started_at"
#: What never ran is no task.
_NO_TASK = "state = 'cancelled' OR state = 'rejected'"
#: The same, since the fourth.
_IMPOSSIBLE_TASKS = (
    (
        "patch {}: finished, and not counted as that",
        f"""SELECT id FROM patches WHERE seq IN (
          SELECT seq FROM (
            SELECT {_END} FROM endings NOT INDEXED WHERE NOT ({_NO_TASK})
            EXCEPT SELECT {_END} FROM tasks NOT INDEXED))""",
    ),
    (
        "patch {}: counted, and not finished like that, or twice",
        f"""SELECT id FROM patches WHERE seq IN (
          SELECT seq FROM (
            SELECT {_END} FROM tasks NOT INDEXED EXCEPT SELECT {_END} FROM endings NOT INDEXED)
          UNION ALL SELECT seq FROM tasks NOT INDEXED GROUP BY seq HAVING count(*) > 1)""",
    ),
    (
        "report {}: nobody was told of it",
        """SELECT id FROM reports WHERE id NOT IN (
          SELECT patch FROM outbox NOT INDEXED WHERE kind = 'post-report'
          UNION ALL SELECT patch FROM said WHERE patch IS NOT NULL)""",
    ),
)


#: The same, since the seventh.
_IMPOSSIBLE_TURNS = (
    (
        "lane {}: patches wait and none is its head",
        f"""SELECT domain FROM lanes NOT INDEXED WHERE {FREE} AND bound IS NULL AND NOT EXISTS (
          SELECT 1 FROM closed WHERE closed.domain IN (lanes.domain, '')
            AND (closing IN ('paused', 'halted') OR (closing = 'frozen' AND hotfix = 0)))
        EXCEPT SELECT domain FROM lanes NOT INDEXED WHERE state IN ('ready', 'running', 'prepared')""",
    ),
    (
        "set {}: none of its own patches ever entered",
        "SELECT id FROM sets WHERE id NOT IN (SELECT set_id FROM members WHERE twin = 0)",
    ),
    (
        "set {}: over and never summed up, or before its end, or twice",
        """WITH told (id, many) AS MATERIALIZED (
          SELECT patch, count(*) FROM (
            SELECT patch FROM outbox NOT INDEXED WHERE kind = 'sum-up-set'
            UNION ALL SELECT patch FROM said WHERE patch IN (SELECT id FROM sets)
              AND json_extract(notice, '$.kind') = 'sum-up-set')
          GROUP BY patch)
        SELECT sets.id FROM sets LEFT JOIN told USING (id)
        WHERE channel IS NOT NULL AND coalesce(many, 0) <> (
          NOT EXISTS (SELECT 1 FROM members JOIN lanes USING (seq) WHERE set_id = sets.id))""",
    ),
    (
        "set {}: one of its patches may land and another may not",
        """SELECT set_id FROM members JOIN lanes NOT INDEXED USING (seq) WHERE twin = 0
        GROUP BY set_id HAVING min(cleared) <> max(cleared)""",
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
    later = (_IMPOSSIBLE_ALERTS if version >= 2 else ()) + (_IMPOSSIBLE_TASKS if version >= 4 else ())
    later += _IMPOSSIBLE_TURNS if version >= 7 else ()
    for sentence, query in _IMPOSSIBLE + later:
        for (subject,) in store.execute(query):
            yield sentence.format(subject)


def _schema(store: sqlite3.Connection, version: int) -> Iterator[str]:
    with closing(sqlite3.connect(":memory:")) as fresh:
        add_functions(fresh)
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
