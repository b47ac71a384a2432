"""A weekly report over a million events: finished patches and runs of gates, all in the reported week.

The floor is one pass of SQLite over the same rows, in the same file: no report can read less. Both run in
processes of their own, so that their memory is theirs.
"""

import asyncio
import json
import random
import re
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.rows import Row
from bot.delivery.render.reports import report
from bot.reports.making import Order, make
from contracts.reports.periods import Span, covering
from contracts.reports.settings import Kind
from contracts.risk import RiskSettings
from executor.engine import open_engine

_TASKS = 250_000
_GATES = 3
_EVENTS = _TASKS * (1 + _GATES)
_DOMAINS = 8
_RUNS = 5
_START = datetime(2026, 3, 2, tzinfo=UTC)
_WEEK = timedelta(days=7)
_MOST_SECONDS = 2.0
_MOST_BYTES = 150 * 1024 * 1024
_PASS = """
SELECT count(*), sum(ended_at - accepted_at) FROM tasks INDEXED BY tasks_ended;
SELECT count(*), sum(took), sum(verdict) FROM gate_runs"""


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "desk.db"
        asyncio.run(_made(store))
        _fill(store)
        floor, _ = _measured("floor", store)
        seconds, peak = _measured("report", store)
        one_seconds, one_peak = _measured("domain", store)
        bare = _bare()
    return [
        _time("weekly report over 1M events", seconds, floor),
        _memory("its peak memory, beside an interpreter that has imported the same", peak, bare),
        _time(f"the same of one of {_DOMAINS} domains", one_seconds, floor),
        _memory("its peak memory", one_peak, bare),
    ]


def _time(name: str, seconds: float, floor: float) -> Row:
    holds = seconds <= _MOST_SECONDS
    return Row(name, f"{seconds:.2f} s", f"{floor:.2f} s", seconds / floor, "at most 2 s", holds)


def _memory(name: str, peak: int, bare: int) -> Row:
    measured, floor = (f"{size / 1024 / 1024:.0f} MB" for size in (peak, bare))
    return Row(name, measured, floor, peak / bare, "at most 150 MB", peak <= _MOST_BYTES)


# A store with a busy week behind it ---------------------------------------------------------------
async def _made(store: Path) -> None:
    await (await open_engine(f"sqlite:///{store}", identity="bench")).close()


def _fill(path: Path) -> None:
    chance, base = random.Random(1), int(_START.timestamp() * 1_000_000)
    ends = sorted(base + chance.randrange(int(_WEEK.total_seconds())) * 1_000_000 for _ in range(_TASKS))
    with closing(sqlite3.connect(path)) as store:
        store.execute(
            """INSERT INTO inbox (id, source, key, received_at, state, payload)
            VALUES (1, 'cli', 'x', 0, 'settled', x'')"""
        )
        store.executemany(
            """INSERT INTO patches
            VALUES (?, ?, ?, 1, ?, 'cli', NULL, NULL, NULL, 'Ann', 'A title', '{}', '{}')""",
            ((n, f"p{n}", f"domain{n % _DOMAINS}", at - 90_000_000) for n, at in enumerate(ends, 1)),
        )
        store.executemany(
            "INSERT INTO tasks VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, ?, ?)",
            (_task(n, at, chance) for n, at in enumerate(ends, 1)),
        )
        store.executemany(
            "INSERT INTO gate_runs VALUES (?, ?, ?, ?, 1, ?, ?, ?, ?, ?)",
            (
                (f"domain{n % _DOMAINS}", f"gate{place}", at, n, place, *_run(n, chance))
                for n, at in enumerate(ends, 1)
                for place in range(_GATES)
            ),
        )
        store.commit()


def _task(n: int, at: int, chance: random.Random) -> tuple[object, ...]:
    failed = chance.random() < 0.1
    wait = chance.randrange(1, 80) * 1_000_000
    return (
        *(n, n, at, f"domain{n % _DOMAINS}", "failed" if failed else "landed"),
        *(at - 90_000_000, at - 90_000_000 + wait, int(failed)),
        *(("gate-failed", "gate1") if failed else (None, None)),
    )


def _run(n: int, chance: random.Random) -> tuple[object, ...]:
    """Every tenth candidate is judged twice, so that some gates flake."""
    verdict = chance.choices((0, 2, 3, 1), (92, 5, 1, 2))[0]
    candidate = (n - n % 10 // 9) * 2_654_435_761 % 2**62
    return verdict, chance.randrange(10**9), candidate, 80 + chance.random() * 10


# In processes of their own --------------------------------------------------------------------------
def _measured(what: str, store: Path) -> tuple[float, int]:
    """The median time of some, and the greatest peak memory."""
    found = [json.loads(_child(what, str(store))) for _ in range(_RUNS)]
    return statistics.median(seconds for seconds, _ in found), max(peak for _, peak in found)


def _bare() -> int:
    _, peak = json.loads(_child("bare", ""))
    return int(peak)


def _child(*argv: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks.reports", *argv], check=True, capture_output=True, text=True
    )
    return ran.stdout


def _peak() -> int:
    """The most memory that this process had, in bytes. `getrusage` counts what it was forked from, too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    [kilobytes] = re.findall(r"^VmHWM:\s+(\d+) kB$", status, re.M)
    return int(kilobytes) * 1024


async def _report(store: Path, domain: str | None) -> None:
    engine = await open_engine(f"sqlite:///{store}", identity="bench")
    try:
        week = covering(Span.WEEK, _START.date(), UTC)
        domains = None if domain is None else (domain,)
        order = Order(Kind.WEEKLY, week, UTC, domains, domain)
        body = await make(order, engine, RiskSettings(), now=week.end)
    finally:
        await engine.close()
    assert sum(figure.now or 0 for figure in body.figures[:3]) == (
        _TASKS if domain is None else _TASKS // _DOMAINS
    )
    report(body)


def _floor(store: Path) -> None:
    with closing(sqlite3.connect(store)) as bare:
        for statement in _PASS.split(";"):
            bare.execute(statement).fetchall()


def main() -> None:
    what, store = sys.argv[1], Path(sys.argv[2])
    began = time.perf_counter()
    if what == "floor":
        _floor(store)
    elif what != "bare":
        asyncio.run(_report(store, "domain1" if what == "domain" else None))
    taken = time.perf_counter() - began
    print(json.dumps([taken, _peak()]))


if __name__ == "__main__":
    main()
