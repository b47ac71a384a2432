"""What the engine is compared with: bare SQLite on the same disk, and another queue on SQLite.

Each is measured for a fixed time, because what a commit takes varies a hundredfold between disks.
"""

import itertools
import sqlite3
import statistics
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from huey import SqliteHuey

_SECONDS = 0.25
_PAYLOAD = b"x" * 200


def commits_per_second(folder: Path) -> float:
    """F1: one row and one durable commit at a time, by sqlite3 alone."""
    times = _times(folder, _commit)
    return len(times) / sum(times)


def commit_seconds(folder: Path) -> float:
    """The median time of one such commit."""
    return statistics.median(_times(folder, _commit))


def cycles_per_second(folder: Path) -> float:
    """F2: a row is inserted, taken and ended, a durable commit each."""
    times = _times(folder, _cycle)
    return len(times) / sum(times)


def _times(folder: Path, act: Callable[[sqlite3.Connection], None]) -> list[float]:
    times = []
    with closing(sqlite3.connect(folder / "floor.db", isolation_level=None)) as store:
        store.execute("PRAGMA journal_mode = WAL")
        store.execute("PRAGMA synchronous = FULL")
        columns = "id INTEGER PRIMARY KEY, text TEXT, state INTEGER, payload BLOB"
        store.execute(f"CREATE TABLE IF NOT EXISTS notes ({columns})")
        until = time.perf_counter() + _SECONDS
        while (began := time.perf_counter()) < until:
            act(store)
            times.append(time.perf_counter() - began)
    return times


def _commit(store: sqlite3.Connection) -> None:
    store.execute("BEGIN IMMEDIATE")
    store.execute("INSERT INTO notes (text, payload) VALUES (?, ?)", ("a note", _PAYLOAD))
    store.execute("COMMIT")


def _cycle(store: sqlite3.Connection) -> None:
    _commit(store)
    for state in (1, 2):
        store.execute("BEGIN IMMEDIATE")
        store.execute("UPDATE notes SET state = ? WHERE id = (SELECT max(id) FROM notes)", (state,))
        store.execute("COMMIT")


def huey_cycles_per_second(folder: Path, workers: int) -> float:
    """Enqueue, take and run a task that does nothing, and keep its result; from *workers* threads.

    WAL and synchronous=FULL, as the engine has them.
    """
    huey = SqliteHuey(filename=str(folder / f"huey-{workers}.db"), fsync=True, timeout=60)

    @huey.task()  # type: ignore[untyped-decorator]
    def nothing() -> int:
        return 1

    done = itertools.count()
    began = time.perf_counter()

    def work() -> None:
        while time.perf_counter() < began + 2 * _SECONDS:
            nothing()
            huey.execute(huey.dequeue())
            next(done)

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return next(done) / (time.perf_counter() - began)
