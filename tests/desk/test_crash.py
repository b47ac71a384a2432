"""Killed between any two steps that are kept, the desk tells one truth after its next start."""

import asyncio
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import clock
from bot.demo.peer import PATCHES
from bot.settings import Config
from contracts.states import PatchState
from executor.engine import open_engine
from tests.desk.harness import Desk, Points, configuration, running, settings
from tests.desk.origin import Origin
from tests.desk.posts import FORBIDDEN, fenced, writing
from tests.peer.deliveries import Redelivery
from tests.peer.harness import StrictSlack, strict_slack

ROOT = Path(__file__).parents[2]
#: Slack goes on for minutes; here it goes on for as long as a desk takes to come back.
PERSISTENT = Redelivery(ack_within=timedelta(seconds=1), after=(timedelta(milliseconds=500),) * 20)
#: All leases of the dead desk have run out by then.
LATER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Ending:
    """A post and how it must end, whenever the desk was killed."""

    text: str
    state: PatchState
    log: tuple[str, ...]
    answers: int
    mark: str


LANDS = Ending(
    writing("new.txt", title="Add new.txt"),
    PatchState.LANDED,
    ("Add new.txt", "Begin"),
    2,
    "white_check_mark",
)
FAILS = Ending(fenced(FORBIDDEN), PatchState.FAILED, ("Begin",), 3, "x")

#: Post, named point, and which times it is reached.
POINTS = [
    (LANDS, "recorded", 1),
    (LANDS, "inbox-claimed", 1),
    (LANDS, "settled", 1),
    (LANDS, "claimed", 1),
    (LANDS, "fetched", 1),
    (LANDS, "applied", 1),
    (LANDS, "checked-out", 1),
    (LANDS, "gates-run", 1),
    (LANDS, "landed-ref", 1),
    (LANDS, "finished", 1),
    (LANDS, "delivery-claimed", 5),
    (LANDS, "delivery-sent", 6),
    (LANDS, "delivery-recorded", 5),
    (FAILS, "gates-run", 1),
    (FAILS, "finished", 1),
    (FAILS, "delivery-sent", 7),
]
#: These are tried always, the others when slow tests are.
ALWAYS = {(LANDS, point, 1) for point in ("recorded", "settled", "landed-ref", "delivery-sent")}
TABLE = [
    pytest.param(
        *row,
        marks=() if row in ALWAYS else pytest.mark.slow,
        id=f"{row[0].state}-{row[1]}-{row[2]}",
    )
    for ending, point, times in POINTS
    for row in [(ending, point, time) for time in range(1, times + 1)]
]


@dataclass(frozen=True, slots=True)
class World:
    """What stays when the desk dies."""

    slack: StrictSlack
    origin: Origin
    config: Config
    folder: Path

    @asynccontextmanager
    async def mortal(self, point: str, time: int = 1) -> AsyncIterator[asyncio.subprocess.Process]:
        """The desk as a process, ready, that is going to kill itself."""
        async with self.starting(point, time) as process:
            assert process.stdout is not None
            async with asyncio.timeout(30):
                assert await process.stdout.readline() == b"ready\n", self.log.read_text()
            yield process

    @asynccontextmanager
    async def starting(self, point: str, time: int = 1) -> AsyncIterator[asyncio.subprocess.Process]:
        with self.log.open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *("-m", "tests.desk.crashing", "--die-at", point, "--time", str(time)),
                cwd=ROOT,
                env=_environment(self.config, self.folder),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
            )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    @property
    def log(self) -> Path:
        return self.folder / "mortal.log"

    @asynccontextmanager
    async def restarted(self) -> AsyncIterator[Desk]:
        points = Points()
        async with running(self.config, self.slack, points):
            engine = await open_engine(self.config.database_url, identity="looking")
            try:
                yield Desk(self.slack, self.origin, self.config, engine, points)
            finally:
                await engine.close()


@asynccontextmanager
async def world(folder: Path, **sections: Any) -> AsyncIterator[World]:
    origin = Origin.make(folder / "origin.git")
    async with strict_slack(folder, redelivery=PERSISTENT) as slack:
        yield World(slack, origin, configuration(folder, slack, settings(origin, **sections)), folder)


def _environment(config: Config, folder: Path) -> Mapping[str, str]:
    file = folder / "patchdesk.yml"
    file.write_text(config.settings.model_dump_json(), encoding="utf-8")
    slack = config.slack
    told = {"SLACK_BOT_TOKEN": slack.bot_token, "SLACK_APP_TOKEN": slack.app_token}
    return {
        "PATH": "/usr/bin:/bin",
        "PATCHDESK_CONFIG": str(file),
        "PATCHDESK_DATA": str(config.data),
        "PATCHDESK_HTTP": f"{config.http_host}:{config.http_port}",
        "SLACK_API_URL": slack.api_url or "",
        **{name: value for name, value in told.items() if value},
    }


async def died(process: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(30):
        assert await process.wait() == -signal.SIGKILL


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let all leases of the dead desk run out."""
    really = clock.now
    return lambda: monkeypatch.setattr(clock, "now", lambda: really() + LATER)


@pytest.mark.parametrize(("ending", "point", "time"), TABLE)
async def test_killed_at_any_point_it_tells_one_truth_after_the_next_start(
    tmp_path: Path, later: Callable[[], None], ending: Ending, point: str, time: int
) -> None:
    async with world(tmp_path) as left:
        async with left.mortal(point, time) as process, asyncio.TaskGroup() as group:
            group.create_task(left.slack.peer.message(PATCHES.id, "U0ADA", ending.text))
            await died(process)
            assert tuple(left.origin.log()) in {("Begin",), ending.log}
        later()
        await _tells_the_truth(left, ending)


async def _tells_the_truth(left: World, ending: Ending) -> None:
    async with left.restarted() as desk:
        [patch] = await desk.finished()
        await desk.at_rest()
        ts = (await left.slack.peer.messages(PATCHES.id))[0]["ts"]
        assert patch.state is ending.state
        assert tuple(desk.origin.log()) == ending.log
        assert desk.origin.landed() == ([patch.id] if ending.state is PatchState.LANDED else [])
        assert len(await desk.thread(ts)) == ending.answers, await desk.situation()
        assert [key for key, count in Counter(desk.keys()).items() if count > 1] == []
        assert await desk.marks(ts) == [ending.mark]
        assert (desk.config.data / "summaries" / "web" / f"{patch.id}.md").is_file()


@pytest.mark.slow
async def test_killed_again_and_again_it_still_lands_once(tmp_path: Path, later: Callable[[], None]) -> None:
    async with world(tmp_path, executor={"lease": 1}) as left:
        async with left.mortal("fetched") as process:
            await left.slack.peer.message(PATCHES.id, "U0ADA", LANDS.text)
            await died(process)
        for point in ("gates-run", "landed-ref", "finished"):
            async with left.mortal(point) as process:
                await died(process)
        later()
        await _tells_the_truth(left, LANDS)
