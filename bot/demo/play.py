"""The demo as it runs: a local Slack, the desk, a repository, and four posts.

What happens is told as values, as it happens; `bot.cli.demo` shows them.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot import app, clock
from bot.demo import sample
from bot.demo.judge import Evidence, differences
from bot.demo.origin import Entry, Origin
from bot.demo.peer import PATCHDESK, PATCHES, Peer, Workspace
from bot.demo.posts import POSTS, Post
from bot.demo.watch import Happening, happenings
from bot.demo.workspace import local_slack
from bot.settings import Config, SlackAccess
from contracts.ports import Engine
from contracts.settings import Settings
from executor.engine import open_engine
from executor.sandbox.probe import best

#: For all four posts; they take a few seconds.
_ENDS_WITHIN = timedelta(seconds=50)
_LOOK_EVERY = timedelta(milliseconds=100)

Tell = Callable[[Happening], None]


@dataclass(slots=True)
class Stage:
    """Everything that runs. *shown* is the channel as it was told last."""

    peer: Peer
    origin: Origin
    engine: Engine
    began_at: str  #: the branch's tip before anybody posted
    shown: Sequence[Mapping[str, Any]] = field(default_factory=list)

    async def look(self, tell: Tell) -> None:
        """Tell what happened in the channel since the last look."""
        now = await self.peer.messages(PATCHES.id)
        for happening in happenings(self.shown, now):
            tell(happening)
        self.shown = now

    async def idle(self) -> bool:
        """Nothing waits anywhere in the desk: everything that will be said has been said."""
        counts = await self.engine.ledger.counts()
        return not (counts.inbox or counts.waiting or counts.running or counts.outbox)

    async def new_commits(self) -> tuple[Entry, ...]:
        log = await self.origin.log()
        return log[: [entry.commit for entry in log].index(self.began_at)]


@asynccontextmanager
async def stage(folder: Path, binary: Path) -> AsyncIterator[Stage]:
    """The local Slack *binary*, the desk and the repository, with all their files in *folder*."""
    origin = Origin(folder / "greeter.git")
    await origin.make()
    tip = (await origin.log())[0].commit
    async with local_slack(binary, Workspace(name="Patchdesk demo"), folder) as peer:
        config = await _configuration(folder, origin, peer.api_url)
        async with _desk(config):
            engine = await open_engine(config.database_url, identity=clock.new_key())
            try:
                yield Stage(peer, origin, engine, tip)
            finally:
                await engine.close()


async def _configuration(folder: Path, origin: Origin, api_url: str) -> Config:
    python = await sample.interpreter(await best(sample.SANDBOX))
    data = folder / "data"
    return Config(
        settings=Settings(domains={"greeter": sample.domain(origin.path, python)}, sandbox=sample.SANDBOX),
        slack=SlackAccess(PATCHDESK.bot_token, PATCHDESK.app_token, PATCHDESK.signing_secret, api_url),
        data=data,
        database_url=f"sqlite:///{data}/desk.db",
        http_host="127.0.0.1",
        http_port=0,
        source=None,
    )


@asynccontextmanager
async def _desk(config: Config) -> AsyncIterator[None]:
    ready, stop = asyncio.Event(), asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(app.run(config, ready=ready.set, stop=stop))
        await ready.wait()
        try:
            yield
        finally:
            stop.set()


async def play(stage: Stage, tell: Tell) -> dict[str, Post]:
    """Post everything and wait until all of it has ended, or should have; ts to post."""
    posted: dict[str, Post] = {}
    for post in POSTS:
        posted[await stage.peer.message(PATCHES.id, post.author.id, post.text)] = post
        await stage.look(tell)
    # A desk that does not come to rest in time is judged as it stands; what is missing is a difference.
    with suppress(TimeoutError):
        async with asyncio.timeout(_ENDS_WITHIN.total_seconds()):
            while not await stage.idle():
                await asyncio.sleep(_LOOK_EVERY.total_seconds())
                await stage.look(tell)
    await stage.look(tell)
    return posted


async def judge(stage: Stage, posted: Mapping[str, Post]) -> list[tuple[Post, tuple[str, ...]]]:
    """For each post: what is different from how it should have ended."""
    log = await stage.new_commits()
    judged = []
    for ts, post in posted.items():
        files = {path: await stage.origin.read(path) for path, _ in post.landing}
        evidence = Evidence(PATCHDESK.bot_user_id, await stage.peer.thread(PATCHES.id, ts), log, files)
        judged.append((post, tuple(differences(post, evidence))))
    return judged


async def keep_showing(stage: Stage, tell: Tell) -> None:
    """Until cancelled: whoever uses the browser page sees it told here, too."""
    while True:
        await asyncio.sleep(_LOOK_EVERY.total_seconds())
        await stage.look(tell)
