"""Group commit: transactions that wait at the same time become durable with one sync of the disk."""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
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


def added_row(inserted: sqlite3.Cursor) -> int | None:
    """The number of the row that an INSERT has added; None: it added none.

    RETURNING says it, too, but costs as much as the whole of a small INSERT.
    """
    return inserted.lastrowid if inserted.rowcount else None


@dataclass(slots=True, eq=False)
class _Waiting:
    """A unit of work, who waits for it, and what became of it: a result, or an error and nothing written."""

    unit: Callable[[Transaction], Any]
    future: asyncio.Future[Any]
    result: Any = None
    error: BaseException | None = None
    wakes: Mapping[Work, int] = field(default_factory=dict)

    def run(self, connection: sqlite3.Connection) -> None:
        transaction = Transaction(connection)
        self.result = self.unit(transaction)
        self.wakes = transaction.wakes

    def fail(self, error: BaseException) -> None:
        self.error, self.wakes = error, {}

    def answer(self) -> None:
        if self.future.done():
            return  # cancelled meanwhile
        if self.error is None:
            self.future.set_result(self.result)
        else:
            self.future.set_exception(self.error)


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
            hop = self._thread.submit(partial(_commit_together, group))
        except ValueError as error:
            self._busy = False
            for waiting in group:
                waiting.fail(error)
                waiting.answer()
            return
        hop.add_done_callback(partial(self._committed, group))

    def _committed(self, group: Sequence[_Waiting], hop: asyncio.Future[None]) -> None:
        wakes: dict[Work, int] = {}
        for waiting in group:
            if error := hop.exception():
                waiting.fail(error)
            waiting.answer()
            for work, units in waiting.wakes.items():
                wakes[work] = wakes.get(work, 0) + units
        # After those that were just answered, so that what they do next goes together too.
        asyncio.get_running_loop().call_soon(self._start)
        if wakes:
            self._announce(wakes)


def _commit_together(group: Sequence[_Waiting], connection: sqlite3.Connection) -> None:
    """Run the units in one transaction, or, if one of them raises, each in its own.

    So that one's failure undoes nothing of the others, and the many groups without a failure do not pay
    for a savepoint per unit. A unit may be run twice: it depends on nothing but the store.
    """
    try:
        _commit(group, connection)
    except Exception as error:  # noqa: BLE001 - it belongs to the caller who waits for it
        if len(group) == 1:
            group[0].fail(error)
            return
        for waiting in group:
            _commit_together([waiting], connection)


def _commit(group: Sequence[_Waiting], connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    try:
        for waiting in group:
            waiting.run(connection)
        connection.execute("COMMIT")
    except BaseException:
        # SQLite has ended the transaction itself after some errors (a full disk).
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
