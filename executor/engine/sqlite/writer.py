"""Group commit: transactions that wait at the same time become durable with one sync of the disk."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from contracts.ports import Work
from executor.engine.sqlite.threads import Thread

T = TypeVar("T")


class Transaction:
    """What a unit of work sees of the store: statements, and whom to wake once they are durable."""

    __slots__ = ("execute", "executemany", "wakes")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.execute = connection.execute
        self.executemany = connection.executemany
        self.wakes: dict[Work, int] = {}

    def wake(self, work: Work, units: int = 1) -> None:
        """*units* of *work* can be done once this is committed."""
        if units:
            self.wakes[work] = self.wakes.get(work, 0) + units


@dataclass(slots=True, eq=False)
class _Waiting:
    unit: Callable[[Transaction], Any]
    future: asyncio.Future[Any]


@dataclass(slots=True, frozen=True)
class _Ended:
    """What became of one unit: its result, or what it raised (then nothing of it was written)."""

    result: Any = None
    error: Exception | None = None
    wakes: Mapping[Work, int] | None = None


class Writer:
    """The one way to write. *announce* is told of new work after the commit that brought it."""

    def __init__(self, thread: Thread, announce: Callable[[Mapping[Work, int]], None]) -> None:
        self._thread = thread
        self._announce = announce
        self._waiting: list[_Waiting] = []
        self._busy = False

    async def run(self, unit: Callable[[Transaction], T]) -> T:
        """Run *unit* in a transaction and return its result when that is durable.

        Whatever *unit* raises undoes all it wrote, and only that, and is raised here. If this call is
        cancelled while *unit* runs, the transaction is committed all the same.
        """
        loop = asyncio.get_running_loop()
        waiting = _Waiting(unit, loop.create_future())
        self._waiting.append(waiting)
        if not self._busy:
            # Later in this turn of the loop: callers that run before it join the same commit.
            self._busy = True
            loop.call_soon(self._start)
        result: T = await waiting.future
        return result

    def _start(self) -> None:
        group = [waiting for waiting in self._waiting if not waiting.future.done()]
        self._waiting.clear()
        if not group:
            self._busy = False
            return
        try:
            hop = self._thread.submit(partial(_commit_together, [waiting.unit for waiting in group]))
        except ValueError as error:
            self._busy = False
            _fail(group, error)
            return
        hop.add_done_callback(partial(self._committed, group))

    def _committed(self, group: Sequence[_Waiting], hop: asyncio.Future[list[_Ended]]) -> None:
        if error := hop.exception():
            _fail(group, error)
        else:
            wakes: Counter[Work] = Counter()
            for waiting, ended in zip(group, hop.result(), strict=True):
                if ended.wakes:
                    wakes.update(ended.wakes)
                if waiting.future.done():
                    continue
                if ended.error is None:
                    waiting.future.set_result(ended.result)
                else:
                    waiting.future.set_exception(ended.error)
            if wakes:
                self._announce(wakes)
        # After those that were just answered, so that what they do next goes together too.
        asyncio.get_running_loop().call_soon(self._start)


def _fail(group: Sequence[_Waiting], error: BaseException) -> None:
    for waiting in group:
        if not waiting.future.done():
            waiting.future.set_exception(error)


def _commit_together(
    units: Sequence[Callable[[Transaction], Any]], connection: sqlite3.Connection
) -> list[_Ended]:
    """Run *units* in one transaction, or, if one of them raises, each in its own.

    So that one's failure undoes nothing of the others, and the many groups without a failure do not pay
    for a savepoint per unit. A unit may be run twice: it depends on nothing but the store.
    """
    try:
        return _commit(units, connection)
    except Exception as error:  # noqa: BLE001 - it belongs to the caller who waits for it
        if len(units) == 1:
            return [_Ended(error=error)]
    return [ended for unit in units for ended in _commit_together([unit], connection)]


def _commit(units: Sequence[Callable[[Transaction], Any]], connection: sqlite3.Connection) -> list[_Ended]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        ended = [_run(unit, connection) for unit in units]
        connection.execute("COMMIT")
    except BaseException:
        # SQLite has ended the transaction itself after some errors (a full disk).
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    return ended


def _run(unit: Callable[[Transaction], Any], connection: sqlite3.Connection) -> _Ended:
    transaction = Transaction(connection)
    return _Ended(unit(transaction), wakes=transaction.wakes)
