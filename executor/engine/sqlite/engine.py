"""The engine on SQLite: one file, one writer, any number of processes on one machine."""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import datetime
from functools import partial
from pathlib import Path

from contracts.ports import Turn, Work
from executor.engine.sqlite.alerts import SqliteAlerts
from executor.engine.sqlite.checks import findings
from executor.engine.sqlite.copies import take
from executor.engine.sqlite.health import SqliteHealth
from executor.engine.sqlite.hold import Hold
from executor.engine.sqlite.inbox import SqliteInbox
from executor.engine.sqlite.lanes import SqliteLanes
from executor.engine.sqlite.ledger import SqliteLedger
from executor.engine.sqlite.migrations import migrate
from executor.engine.sqlite.outbox import SqliteOutbox
from executor.engine.sqlite.plan import SqlitePlans
from executor.engine.sqlite.reports import SqliteReports
from executor.engine.sqlite.threads import Thread, open_reader, open_writer
from executor.engine.sqlite.wake import Bell, Datagrams, wake_folder
from executor.engine.sqlite.writer import Writer
from executor.engine.trouble import NotAStoreError


async def open_sqlite(path: Path, identity: str) -> "SqliteEngine":
    """Open the store at *path*, made and migrated as needed. *identity* names it if it is new.

    Raises StoreTroubleError.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    async with AsyncExitStack() as undo:
        hold = undo.enter_context(Hold(path))
        try:
            writing = await open_writer(path)
            undo.push_async_callback(writing.close)
            names = await writing.submit(partial(_prepare, identity))
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorname in ("SQLITE_NOTADB", "SQLITE_CORRUPT"):
                raise NotAStoreError(f"{path}: {error}; restore a backup") from error
            raise
        engine = SqliteEngine(path, hold, writing, await open_reader(path), names)
        undo.pop_all()
        return engine


def _prepare(identity: str, store: sqlite3.Connection) -> Sequence[tuple[int, str]]:
    migrate(store, identity)
    return store.execute("SELECT first_delivery, name FROM identities ORDER BY first_delivery").fetchall()


class SqliteEngine:
    """`contracts.ports.Engine`. Belongs to the event loop in which it was opened."""

    def __init__(
        self, path: Path, hold: Hold, writing: Thread, reading: Thread, names: Sequence[tuple[int, str]]
    ) -> None:
        self._path = path
        self._hold = hold
        self._writing = writing
        self._reading = reading
        self._bells = {work: Bell() for work in Work}
        self._datagrams = Datagrams(wake_folder(path), self._ring)
        writer = Writer(writing, self._announce)
        self.inbox = SqliteInbox(writer)
        self.lanes = SqliteLanes(writer, reading)
        self.outbox = SqliteOutbox(writer, names)
        self.ledger = SqliteLedger(reading)
        self.health = SqliteHealth(writer, reading)
        self.alerts = SqliteAlerts(writer, reading)
        self.reports = SqliteReports(writer, reading)
        self.plan = SqlitePlans(writer, reading)

    async def run(self, work: Work, turn: Turn, *, workers: int, clock: Callable[[], datetime]) -> None:
        self._datagrams.listen()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._keep_ringing(work, clock))
                for _ in range(workers):
                    group.create_task(_take_turns(self._bells[work], turn))
        except BaseExceptionGroup as raised:
            # The promise is the turn's own exception, not a group around it.
            raise raised.exceptions[0] from raised

    async def nudge(self, work: Work, *, at: datetime) -> None:
        self._bells[work].set_alarm(at)

    async def check(self) -> tuple[str, ...]:
        return await asyncio.to_thread(findings, self._path)

    async def backup(self, to: Path) -> None:
        await asyncio.to_thread(take, self._path, to)

    async def close(self) -> None:
        """Ends what is under way. The last one to close leaves no log beside the store."""
        await self._reading.close()
        await self._writing.close()
        self._datagrams.close()
        self._hold.release()

    async def _keep_ringing(self, work: Work, clock: Callable[[], datetime]) -> None:
        bell = self._bells[work]
        while True:
            if work is Work.LANES:
                await self.lanes.tend(now=clock())
            bell.ring_for_all()
            await bell.pause(clock)

    def _announce(self, wakes: Mapping[Work, int]) -> None:
        self._ring(wakes)
        self._datagrams.send(wakes)

    def _ring(self, wakes: Mapping[Work, int]) -> None:
        for work, units in wakes.items():
            self._bells[work].ring(units)


async def _take_turns(bell: Bell, turn: Turn) -> None:
    while True:
        heard = bell.rings
        if not await turn():
            await bell.wait(heard)
