"""Alerts in great number: observed at once, then ticked with nothing due, with all due, with one silence.

Observing is put beside a durable commit on the same disk in the same run, a tick beside what is promised
of it. Rarely are all groups due in the same second: that is what it costs when what hides them changes.
"""

import asyncio
import itertools
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks import floors
from benchmarks.rows import Row
from bot.alerts.deciding import AlertTick
from bot.alerts.observing import Observer
from bot.settings import default_operations
from contracts.alerts.model import (
    DOMAIN,
    NAME,
    Group,
    GroupChange,
    Matcher,
    Observation,
    Operator,
    Silence,
    SilenceChange,
)
from contracts.alerts.rules import Rules
from contracts.faults import Reason, fault
from contracts.ports import Engine
from contracts.settings import Settings, SlackSettings
from executor.engine import open_engine

ALERTS, GROUPS = 100_000, 1_000
ROUNDS = 5
#: What the desk promises of a tick.
_PROMISED = timedelta(milliseconds=50)
_BEGUN = datetime(2026, 1, 1, tzinfo=UTC)
_RULES = Rules(default_operations().alerts, Settings(slack=SlackSettings(operators="C0BENCH")))


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="patchdesk-bench-") as name:
        return asyncio.run(_measure(Path(name)))


async def _measure(folder: Path) -> list[Row]:
    engine = await open_engine(f"sqlite:///{folder / 'desk.db'}", identity="bench")
    ids = itertools.count()
    observer = Observer(engine.alerts, _RULES.alerts, new_group_id=lambda: f"a-{next(ids):08}")
    observed = [await _observe(observer, engine, folder, again) for again in (False, True)]
    desk = _Desk(engine)
    await desk.speak()
    ticks = [
        await desk.ticks("nothing due", desk.nothing),
        await desk.ticks("one group of a thousand due", desk.one),
        await desk.ticks("100 groups due, nothing to decide", desk.some),
        await desk.ticks("all groups due, nothing to decide", desk.all),
        await desk.ticks("all groups due, each card to be edited", desk.all_grown),
    ]
    await desk.silence(DOMAIN, "web-none")
    ticks.append(await desk.ticks("one silence of other alerts, 100 groups due", desk.some))
    await desk.silence(NAME, "Alert7")
    ticks.append(await desk.ticks("one silence of one group, nothing due", desk.nothing))
    ticks.append(await desk.ticks("one silence of one group, 100 groups due", desk.some))
    await desk.silence("instance", "i[0-9]*0")
    ticks.append(await desk.ticks("one silence in every group, 100 groups due", desk.some))
    ticks.append(await desk.ticks("one silence in every group, all groups due", desk.all))
    await engine.close()
    return [*observed, *ticks]


async def _observe(observer: Observer, engine: Engine, folder: Path, again: bool) -> Row:
    observations = [
        Observation(
            {NAME: f"Alert{n % GROUPS}", DOMAIN: "web", "severity": "warning", "instance": f"i{n}"},
            fault(Reason.REPORTED, text=f"Instance {n} does not answer"),
            _BEGUN,
            times=1,
        )
        for n in range(ALERTS)
    ]
    commit = floors.commit_seconds(folder)
    began = time.perf_counter()
    await observer.observe("bench", observations, now=_BEGUN)
    took = time.perf_counter() - began
    groups = await engine.alerts.open_groups(limit=2 * GROUPS)
    assert len(groups) == GROUPS
    assert sum(group.firing for group in groups) == ALERTS
    each, name = took / ALERTS, "once more" if again else "for the first time"
    return Row(
        f"100k alerts into 1k groups observed {name}: each, beside a commit",
        f"{each * 1e6:.1f} µs",
        f"{commit * 1e6:.0f} µs",
        each / commit,
    )


class _Desk:
    """The tick, at a clock that the benchmark moves. What is due is prepared outside of what is measured."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._tick = AlertTick(engine.alerts, _RULES)
        self._now = _BEGUN
        self._silence: Silence | None = None

    async def speak(self) -> None:
        """Each group for the first time; then the words of the next interval are said, too."""
        for _ in range(3):
            self._now += timedelta(minutes=6)
            await self._look_at_all()

    async def _look_at_all(self) -> tuple[float, float]:
        """Tick until nothing is due; the longest tick in seconds, and the most CPU of one."""
        took = worked = 0.0
        while True:
            began, before = time.perf_counter(), time.process_time()
            await self._tick.tick(self._now)
            took = max(took, time.perf_counter() - began)
            worked = max(worked, time.process_time() - before)
            if not await self._engine.alerts.due(now=self._now, limit=1):
                return took, worked

    async def silence(self, label: str, pattern: str) -> None:
        """In place of the one before; it makes every group due, which is not measured."""
        if self._silence is not None:
            over = SilenceChange(replace(self._silence, ends=self._now))
            await self._engine.alerts.write([over], now=self._now)
        ends = self._now + timedelta(days=1)
        matcher = Matcher(label, Operator.LIKE, pattern)
        self._silence = Silence(f"s-{label}", (matcher,), "U0ANN", "bench", self._now, ends)
        await self._engine.alerts.write([SilenceChange(self._silence)], now=self._now)
        await self._look_at_all()

    async def nothing(self) -> None:
        assert await self._engine.alerts.due(now=self._now, limit=1) == ()

    async def one(self) -> None:
        await self._make_due(1)

    async def some(self) -> None:
        await self._make_due(100)

    async def all(self) -> None:
        await self._make_due(GROUPS)

    async def all_grown(self) -> None:
        """What their cards show is less than there is, so that each is edited."""
        await self._make_due(GROUPS, grown=True)

    async def _make_due(self, many: int, *, grown: bool = False) -> None:
        groups = await self._engine.alerts.open_groups(limit=many)
        changes = [GroupChange(group.version, self._due(group, grown=grown), (), ()) for group in groups]
        assert all(await self._engine.alerts.write(changes, now=self._now))

    def _due(self, group: Group, *, grown: bool) -> Group:
        assert group.shown is not None
        shown = replace(group.shown, times=group.times - 1) if grown else group.shown
        return replace(group, due_at=self._now, shown=shown)

    async def ticks(self, name: str, prepare: Callable[[], Awaitable[None]]) -> Row:
        times, worked = [], []
        for _ in range(ROUNDS):
            self._now += timedelta(seconds=1)
            await prepare()
            took, used = await self._look_at_all()
            times.append(took)
            worked.append(used)
        longest = statistics.median(times)
        return Row(
            f"100k alerts in 1k groups: longest tick, {name}, beside what is promised",
            f"{longest * 1000:.1f} ms, {statistics.median(worked) * 1000:.1f} ms of CPU",
            f"{_PROMISED / timedelta(milliseconds=1):.0f} ms promised",
            longest / _PROMISED.total_seconds(),
            "at most 1.0",
            longest <= _PROMISED.total_seconds(),
        )
