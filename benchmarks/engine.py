"""The engine beside bare SQLite: enqueueing, whole cycles, a crowded store, waking, hand-off, statistics.

Every ratio is taken within one round, between two measurements of its floor; the table shows the medians
of the rounds. Files are in the folder for temporary files: set TMPDIR to measure another disk.
"""

import asyncio
import itertools
import statistics
import sys
import tempfile
import time
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import crowded, floors
from benchmarks.rows import Row
from contracts.commands import Actor, ActorKind, Place, Source
from contracts.notices import EditCard, NewDelivery, PostCard, PostSummary
from contracts.outcome import Landed, Report
from contracts.patch import Changeset, Patch, Replace, content_hash
from contracts.ports import Engine, Finish, NewEvent, NewPatch, Sent, Settlement, Turn, Work
from contracts.records import InboxRow
from executor.engine import open_engine
from executor.engine.sqlite import codec

ROUNDS = 5
_NOW = datetime(2026, 1, 1, tzinfo=UTC)
_LEASE = timedelta(days=1)
_ANN = Actor(ActorKind.PERSON, "U0ANN", "Ann", "ann@example.org")
_LANDED = Landed(Report("main", base="b" * 40, commit="c" * 40))
_numbers = itertools.count(1)


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="patchdesk-bench-") as name:
        return asyncio.run(_measure(Path(name)))


async def _measure(folder: Path) -> list[Row]:
    async with _opened(folder / "empty.db") as empty:
        found = [*await _rates(folder, empty), *await _waking(folder, empty)]
    async with _opened(folder / "crowded.db"):
        pass  # the schema is there now
    await asyncio.to_thread(
        crowded.crowd,
        folder / "crowded.db",
        actor=codec.actor_to_json(_ANN),
        patch=codec.patch_to_json(_patch("old", "crowded")),
    )
    async with _opened(folder / "crowded.db") as crowd, _opened(folder / "fresh.db") as fresh:
        found += await _crowd(crowd, fresh)
        found += await _statistics(crowd)
    found.append(await _idle(folder))
    return found


@asynccontextmanager
async def _opened(path: Path) -> AsyncIterator[Engine]:
    engine = await open_engine(f"sqlite:///{path}", identity="bench")
    yield engine
    await engine.close()


# Rounds ------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class _Compared:
    """One thing in each round: what was measured, its floor, and their ratio."""

    measured: float
    floor: float
    ratio: float


def _medians(rounds: Sequence[Sequence[_Compared]]) -> list[_Compared]:
    return [
        _Compared(
            *(statistics.median(getattr(each, name) for each in column) for name in _Compared.__slots__)
        )
        for column in zip(*rounds, strict=True)
    ]


def _at_least(name: str, compared: _Compared, unit: str, goal: float | None) -> Row:
    return Row(
        name,
        f"{compared.measured:,.0f} {unit}",
        f"{compared.floor:,.0f} {unit}",
        compared.ratio,
        "" if goal is None else f"at least {goal}",
        None if goal is None else compared.ratio >= goal,
    )


def _at_most(name: str, compared: _Compared, goal: float | None, *, floor: str = "") -> Row:
    return Row(
        name,
        f"{compared.measured * 1000:.2f} ms",
        floor or f"{compared.floor * 1000:.2f} ms",
        compared.ratio,
        "" if goal is None else f"at most {goal}",
        None if goal is None else compared.ratio <= goal,
    )


# Rates (targets 1 and 2) -------------------------------------------------------------------------
async def _rates(folder: Path, engine: Engine) -> list[Row]:
    columns: tuple[tuple[str, str, float | None, Callable[[], Awaitable[float]]], ...] = (
        ("durable enqueue, 100 callers", "events/s", 4.0, lambda: _enqueue(engine, 100, 3000)),
        ("durable enqueue, one caller", "events/s", 0.45, lambda: _enqueue(engine, 1, 300)),
        ("whole cycle, 50 workers", "patches/s", 1.5, lambda: _cycle(engine, 50, 1500)),
        ("whole cycle, 10 workers", "patches/s", 1.0, lambda: _cycle(engine, 10, 500)),
        ("whole cycle, one worker", "patches/s", 0.22, lambda: _cycle(engine, 1, 100)),
    )
    rounds, beside = [], []
    for _ in range(ROUNDS):
        compared = []
        for *_, measure in columns:
            before = floors.commits_per_second(folder)
            measured = await measure()
            floor = (before + floors.commits_per_second(folder)) / 2
            compared.append(_Compared(measured, floor, measured / floor))
        rounds.append(compared)
        beside.append(await _beside_others(folder, engine))
    found = [
        _at_least(f"{name}, beside commits of one row", compared, unit, goal)
        for (name, unit, goal, _), compared in zip(columns, _medians(rounds), strict=True)
    ]
    alone, huey = _medians(beside)
    return [
        *found,
        _at_least("whole cycle, one worker, beside three bare commits", alone, "patches/s", None),
        _at_least("whole cycle, 50 workers, beside huey's SqliteHuey at its best", huey, "patches/s", 6.0),
    ]


async def _beside_others(folder: Path, engine: Engine) -> list[_Compared]:
    bare = floors.cycles_per_second(folder)
    one = await _cycle(engine, 1, 100)
    best = max([await asyncio.to_thread(floors.huey_cycles_per_second, folder, each) for each in (1, 10)])
    fifty = await _cycle(engine, 50, 1500)
    return [_Compared(one, bare, one / bare), _Compared(fifty, best, fifty / best)]


async def _enqueue(engine: Engine, callers: int, many: int) -> float:
    events = [_event() for _ in range(many)]

    async def call(caller: int) -> None:
        for event in events[caller::callers]:
            await engine.inbox.record(event, now=_NOW)

    rate = many / await _together(call, callers)
    await _claimed_events(engine, many)
    return rate


async def _cycle(engine: Engine, workers: int, many: int) -> float:
    """Patches per second from a claimed event to the end: settled, claimed, finished, each durable.

    With the inbox's and the lane's fencing, the search for an open twin, and three rows for the outbox.
    Each worker has a lane of its own.
    """
    settlements = await _settlements(engine, many, lanes=workers)

    async def work(worker: int) -> None:
        for settlement in settlements[worker::workers]:
            await engine.inbox.settle(settlement, now=_NOW)
            claimed = await engine.lanes.claim(worker="bench", now=_NOW, lease=_LEASE)
            assert claimed is not None
            assert await engine.lanes.finish(_finish(claimed.id, claimed.attempt), now=_NOW)

    return many / await _together(work, workers)


async def _together(work: Callable[[int], Coroutine[Any, Any, None]], many: int) -> float:
    """Seconds until *work* has ended for each of *many*, all begun at once."""
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(many):
            group.create_task(work(number))
    return time.perf_counter() - began


# What is asked and said --------------------------------------------------------------------------
def _event() -> NewEvent:
    return NewEvent(Source.SLACK, f"Ev{next(_numbers)}", b"x" * 200)


def _patch(text: str, domain: str) -> Patch:
    return Patch(
        domain, Changeset((Replace("src/app.py", "timeout = 1", f"timeout = {text}"),)), "Wait longer"
    )


async def _claimed_events(engine: Engine, many: int) -> list[InboxRow]:
    claims = (engine.inbox.claim(now=_NOW, lease=_LEASE) for _ in range(many))
    return [row for row in await asyncio.gather(*claims) if row is not None]


async def _settlements(engine: Engine, many: int, *, lanes: int) -> list[Settlement]:
    """One new patch each, from events that are held; the lanes in turn."""
    await asyncio.gather(*(engine.inbox.record(_event(), now=_NOW) for _ in range(many)))
    rows = await _claimed_events(engine, many)
    return [_settlement(row, f"lane-{number % lanes}") for number, row in enumerate(rows)]


def _settlement(row: InboxRow, domain: str) -> Settlement:
    id_ = f"p{row.id:08}"
    place = Place("C0BENCH", id_, id_)
    patch = _patch(id_, domain)
    told = (NewDelivery(PostCard(id_), place.channel, place.thread),)
    new = NewPatch(id_, patch, content_hash(patch), _ANN, Source.SLACK, place, told)
    return Settlement(row.id, row.attempt, place, (new,))


def _finish(id_: str, attempt: int) -> Finish:
    told = (NewDelivery(EditCard(id_), "C0BENCH"), NewDelivery(PostSummary(id_), "C0BENCH", id_))
    return Finish(id_, attempt, _LANDED, told)


# A crowded store (targets 3 and 6) ---------------------------------------------------------------
async def _crowd(crowd: Engine, fresh: Engine) -> list[Row]:
    head = await crowd.lanes.claim(worker="bench", now=_NOW, lease=_LEASE)
    assert head is not None
    assert head.patch.domain == crowded.LANE
    rounds = []
    for _ in range(ROUNDS):
        compared = []
        for measure in (partial(_cycle, workers=50, many=1500), _claims, _letters):
            before = await measure(fresh)
            measured = await measure(crowd)
            floor = (before + await measure(fresh)) / 2
            compared.append(_Compared(measured, floor, measured / floor))
        rounds.append(compared)
    cycles, claims, letters = _medians(rounds)
    return [
        _at_least(
            "1M finished, 100k queued: whole cycle, 50 workers, beside an empty store",
            cycles,
            "patches/s",
            0.8,
        ),
        _at_most("100k blocked in one lane: a claim, beside an empty store", claims, 1.3),
        _at_most("100k unsent to one busy channel: a claim, beside an empty store", letters, None),
    ]


async def _claims(engine: Engine) -> float:
    """The median seconds of a claim, one at a time."""
    for settlement in await _settlements(engine, 100, lanes=100):
        await engine.inbox.settle(settlement, now=_NOW)
    times = []
    for _ in range(100):
        began = time.perf_counter()
        claimed = await engine.lanes.claim(worker="bench", now=_NOW, lease=_LEASE)
        times.append(time.perf_counter() - began)
        assert claimed is not None
        await engine.lanes.finish(Finish(claimed.id, claimed.attempt, _LANDED, ()), now=_NOW)
    return statistics.median(times)


async def _letters(engine: Engine) -> float:
    told = [NewDelivery(PostSummary(f"none-{next(_numbers)}"), f"C0{n % 20}") for n in range(100)]
    await engine.outbox.put(told, now=_NOW)
    busy = frozenset({crowded.CHANNEL, "C0BENCH"})
    times = []
    for _ in range(100):
        began = time.perf_counter()
        letter = await engine.outbox.claim(
            now=_NOW, lease=_LEASE, busy_channels=busy, busy_methods=frozenset({"chat.update"})
        )
        times.append(time.perf_counter() - began)
        assert letter is not None
        await engine.outbox.record(letter.id, letter.attempt, Sent(), now=_NOW)
    return statistics.median(times)


async def _statistics(engine: Engine) -> list[Row]:
    async def everywhere() -> None:
        await engine.ledger.counts()
        await engine.ledger.states()

    async def lanes() -> None:
        await engine.ledger.lanes([crowded.LANE, *(f"d{n}" for n in range(50))])

    compared = [await _median_of(read, 20) for read in (everywhere, lanes)]
    return [
        _at_most(
            "1M finished, 100k queued: counts of everything",
            _Compared(compared[0], 0.01, compared[0] / 0.01),
            1.0,
        ),
        _at_most(
            "1M finished, 100k queued: 51 lanes at a glance",
            _Compared(compared[1], 0.01, compared[1] / 0.01),
            None,
        ),
    ]


async def _median_of(act: Callable[[], Awaitable[object]], many: int) -> float:
    times = []
    for _ in range(many):
        began = time.perf_counter()
        await act()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


# Waking and hand-off (targets 4 and 5) -----------------------------------------------------------
async def _waking(folder: Path, engine: Engine) -> list[Row]:
    async def submit_here() -> float:
        began = time.perf_counter()
        await engine.inbox.record(_event(), now=_NOW)
        return began

    rounds = []
    async with _another_process(folder / "empty.db") as submit_there:
        for _ in range(ROUNDS):
            compared = []
            for measure in (_start(engine, submit_here), _start(engine, submit_there), _hand_off(engine)):
                before = floors.commit_seconds(folder)
                measured = await measure
                floor = (before + floors.commit_seconds(folder)) / 2
                compared.append(_Compared(measured, floor, measured / floor))
            rounds.append(compared)
    own, foreign, handed = _medians(rounds)
    return [
        _at_most("idle: from enqueue to its start, in process, beside a commit", own, 6.0),
        _at_most("idle: from enqueue to its start, across processes, beside a commit", foreign, 12.0),
        _at_most("one lane: from one patch's end to the next one's start, beside a commit", handed, 3.0),
    ]


async def _start(engine: Engine, submit: Callable[[], Awaitable[float]], many: int = 40) -> float:
    """The median seconds from the call that enqueues (*submit* says when) to a turn that has claimed it."""
    claimed: asyncio.Queue[float] = asyncio.Queue()

    async def turn() -> bool:
        row = await engine.inbox.claim(now=_NOW, lease=_LEASE)
        if row is not None:
            claimed.put_nowait(time.perf_counter())
        return row is not None

    times = []
    async with _running(engine, Work.INBOX, turn):
        for _ in range(many):
            await asyncio.sleep(0.01)  # until everybody is idle again
            began = await submit()
            times.append(await claimed.get() - began)
    return statistics.median(times)


async def _hand_off(engine: Engine, many: int = 40) -> float:
    """The median seconds that a lane with a queue stands between two patches, with one worker."""
    for settlement in await _settlements(engine, many, lanes=1):
        await engine.inbox.settle(settlement, now=_NOW)
    times: list[float] = []
    done = asyncio.Event()
    ended: float | None = None

    async def turn() -> bool:
        nonlocal ended
        claimed = await engine.lanes.claim(worker="bench", now=_NOW, lease=_LEASE)
        if claimed is None:
            done.set()
            return False
        if ended is not None:
            times.append(time.perf_counter() - ended)
        await engine.lanes.finish(_finish(claimed.id, claimed.attempt), now=_NOW)
        ended = time.perf_counter()
        return True

    async with _running(engine, Work.LANES, turn):
        await done.wait()
    return statistics.median(times)


@asynccontextmanager
async def _running(engine: Engine, work: Work, turn: Turn, workers: int = 1) -> AsyncIterator[None]:
    run = asyncio.create_task(engine.run(work, turn, workers=workers, clock=lambda: _NOW))
    yield
    run.cancel()
    with suppress(asyncio.CancelledError):
        await run


@asynccontextmanager
async def _another_process(store: Path) -> AsyncIterator[Callable[[], Awaitable[float]]]:
    """A process that records an event whenever it is asked to, and says when it began."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.engine", str(store), stdin=PIPE, stdout=PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    asking, answers = process.stdin, process.stdout

    async def submit() -> float:
        asking.write(b"\n")
        return float(await answers.readline())

    yield submit
    asking.close()
    await process.wait()


async def _submit_when_asked(store: Path) -> None:
    async with _opened(store) as engine:
        while await asyncio.to_thread(sys.stdin.readline):
            began = time.perf_counter()
            await engine.inbox.record(replace(_event(), source=Source.CLI), now=_NOW)
            print(began, flush=True)


async def _idle(folder: Path, seconds: float = 8.0) -> Row:
    """The CPU time of a process that waits for all three kinds of work, as the desk does."""

    async with _opened(folder / "idle.db") as engine:

        async def settle() -> bool:
            return await engine.inbox.claim(now=_NOW, lease=_LEASE) is not None

        async def carry_out() -> bool:
            return await engine.lanes.claim(worker="bench", now=_NOW, lease=_LEASE) is not None

        async def deliver() -> bool:
            nobody: frozenset[str] = frozenset()
            claim = engine.outbox.claim(now=_NOW, lease=_LEASE, busy_channels=nobody, busy_methods=nobody)
            return await claim is not None

        async with (
            _running(engine, Work.INBOX, settle, 2),
            _running(engine, Work.LANES, carry_out, 2),
            _running(engine, Work.OUTBOX, deliver, 4),
        ):
            await asyncio.sleep(1)
            began = time.process_time()
            await asyncio.sleep(seconds)
            used = (time.process_time() - began) / seconds
    return Row("idle: CPU", f"{used:.2%}", "0.20%", used / 0.002, "at most 1.0", used <= 0.002)


if __name__ == "__main__":
    asyncio.run(_submit_when_asked(Path(sys.argv[1])))
