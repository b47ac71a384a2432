"""The store's schema: numbered files that are carried out once each, forward only."""

import re
import sqlite3
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

from executor.engine.sqlite.tasks import add_functions
from executor.engine.trouble import NotAStoreError, StoreTooNewError, StoreTroubleError

#: Since when SQLite has what the statements use: STRICT tables.
_OLDEST_SQLITE = (3, 37, 0)


@cache
def known() -> tuple[tuple[int, str], ...]:
    """Every migration that came with this release: its number and its statements, in order."""
    folder = files("executor.engine.sqlite") / "schema"
    found = [
        (int(match[1]), entry.read_text(encoding="utf-8"))
        for entry in folder.iterdir()
        if (match := re.fullmatch(r"(\d{4})_\w+\.sql", entry.name))
    ]
    return tuple(sorted(found))


def migrate(connection: sqlite3.Connection, identity: str) -> None:
    """Bring the store to this release's schema, each step in a transaction of its own.

    *identity* names the store if it is new. Raises StoreTroubleError.
    """
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        oldest = ".".join(map(str, _OLDEST_SQLITE))
        raise StoreTroubleError(f"Python's SQLite is {sqlite3.sqlite_version}; the desk needs {oldest}")
    if version_of(connection) == known()[-1][0]:
        return
    add_functions(connection)
    for number, script in known():
        connection.execute("BEGIN IMMEDIATE")
        try:
            # Looked at again inside: another process may have brought it here meanwhile.
            if version_of(connection) < number:
                _carry_out(connection, number, script, identity)
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise


def version_of(connection: sqlite3.Connection) -> int:
    """The number of the last migration that the store has seen, 0 if it is empty.

    Raises StoreTooNewError, NotAStoreError.
    """
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    if not tables:
        return 0
    if "schema_version" not in tables:
        raise NotAStoreError("this database is not a store of the desk: it holds other tables")
    version: int = connection.execute("SELECT max(version) FROM schema_version").fetchone()[0]
    if version > (newest := known()[-1][0]):
        raise StoreTooNewError(
            f"the store has schema {version}, this release knows up to {newest}; run the newer release,"
            " or restore a backup from before it"
        )
    return version


def _carry_out(connection: sqlite3.Connection, number: int, script: str, identity: str) -> None:
    if number == 1:
        connection.execute("CREATE TABLE schema_version (version INTEGER PRIMARY KEY) STRICT")
    for statement in statements(script):
        connection.execute(statement)
    if number == 1:
        connection.execute("INSERT INTO identities VALUES (0, ?)", (identity,))
    connection.execute("INSERT INTO schema_version VALUES (?)", (number,))


def statements(script: str) -> Iterator[str]:
    """The statements of *script*, one by one: `executescript` would commit before the first."""
    gathered = ""
    for line in script.splitlines(keepends=True):
        gathered += line
        if sqlite3.complete_statement(gathered):
            yield gathered
            gathered = ""
