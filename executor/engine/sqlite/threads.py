"""SQLite connections, each on a thread of its own; a whole function crosses to it in one hop."""

import asyncio
import fcntl
import os
import sqlite3
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar

import aiosqlite

T = TypeVar("T")

#: How long a statement waits for another process to end its transaction.
_BUSY_SECONDS = 10.0
#: A crash of the machine loses nothing that was committed (FULL). The cache holds the hot pages of a
#: store of a million rows; a log of 16 MB between checkpoints writes a page once that changed often.
_WRITER_PRAGMAS = (
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -65536",
    "PRAGMA wal_autocheckpoint = 4000",
    "PRAGMA journal_size_limit = 67108864",
)


#: Asked for by aiosqlite's constructor, for cursors that we do not use.
_ROWS_PER_HOP = 64


class Thread(aiosqlite.Connection):
    """An aiosqlite connection that takes whole functions.

    aiosqlite's own methods carry one statement per hop, and a hop costs as much as many statements.
    Its queue to the thread takes any function; this class is the one place that knows.
    """

    def submit(self, function: Callable[[sqlite3.Connection], T]) -> asyncio.Future[T]:
        """Run *function* on the thread, after everything that was submitted before.

        It runs even if the future is cancelled meanwhile. Raises ValueError once closed.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._tx.put_nowait((future, partial(function, self._conn)))
        return future

    async def read(self, function: Callable[[sqlite3.Connection], T]) -> T:
        """What *function* returns; all its statements see the same committed state."""
        return await self.submit(partial(_within_one_state, function))


def _within_one_state(function: Callable[[sqlite3.Connection], T], connection: sqlite3.Connection) -> T:
    connection.execute("BEGIN")
    try:
        return function(connection)
    finally:
        connection.execute("ROLLBACK")


async def open_writer(path: Path) -> Thread:
    """The connection that writes; makes the file, readable by its owner only, where there is none."""
    thread = Thread(partial(_connect_writer, path), _ROWS_PER_HOP)
    await thread
    return thread


async def open_reader(path: Path) -> Thread:
    """A connection that cannot write. Raises sqlite3.OperationalError where there is no file."""
    thread = Thread(partial(connect_reader, path), _ROWS_PER_HOP)
    await thread
    return thread


def _connect_writer(path: Path) -> sqlite3.Connection:
    path.touch(mode=0o600, exist_ok=True)
    connection = connect_plain(path)
    if _write_ahead(path, connection) != "wal":
        raise sqlite3.OperationalError(f"the file system of {path} cannot hold a write-ahead log")
    for pragma in _WRITER_PRAGMAS:
        connection.execute(pragma)
    return connection


def _write_ahead(path: Path, connection: sqlite3.Connection) -> str:
    """Ask for a write-ahead log; the kind of log that the store has now.

    One process at a time: of those that make the same new store only one can switch it, and SQLite tells the
    others at once that it is busy, however long they would wait.
    """
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        mode: str = connection.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    finally:
        os.close(folder)
    return mode


def connect_reader(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro",
        uri=True,
        isolation_level=None,
        timeout=_BUSY_SECONDS,
        check_same_thread=False,
    )
    connection.execute("PRAGMA query_only = ON")
    connection.execute("PRAGMA cache_size = -32768")
    return connection


def connect_plain(path: Path) -> sqlite3.Connection:
    # No implicit transactions: every BEGIN is ours. Closing may happen on another thread.
    return sqlite3.connect(
        path, isolation_level=None, timeout=_BUSY_SECONDS, cached_statements=256, check_same_thread=False
    )
