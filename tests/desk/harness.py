"""The desk as it runs, in-process, between a real Slack peer and a real repository."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import aiohttp

from bot import app
from bot.demo.peer import ADA, PATCHES, Mode, Workspace
from bot.settings import Config, SlackAccess
from contracts.ports import Engine
from contracts.records import StoredPatch
from contracts.settings import DomainSettings, GateSettings, SandboxSettings, Settings
from contracts.states import OPEN_STATES
from executor.engine import open_engine
from tests.desk.origin import Origin
from tests.peer.deliveries import Redelivery
from tests.peer.harness import StrictSlack, strict_slack
from tests.peer.strictness import BOT_SCOPES

T = TypeVar("T")
Json = dict[str, Any]

#: A machine that is shared may be slow; nothing here waits for a time to pass.
WITHIN = timedelta(seconds=25)
_MOMENT = 0.03

_PATH = {"PATH": "/usr/bin:/bin"}
GATES = (
    GateSettings(name="words", run=("sh", "-c", "! grep -n forbidden -r ."), env=_PATH),
    GateSettings(name="kept", run=("test", "-s", "keep.txt"), env=_PATH),
)


def slow_gate(seconds: float) -> dict[str, Any]:
    """A domain whose patches take a while."""
    return {"gates": [GateSettings(name="slow", run=("sleep", str(seconds)), env=_PATH)]}


@dataclass(slots=True)
class Points:
    """The named points that the desk passed, and a way to wait for the next."""

    passed: list[str] = field(default_factory=list)
    _next: asyncio.Event = field(default_factory=asyncio.Event)

    def reached(self, point: str) -> None:
        self.passed.append(point)
        self._next.set()

    async def next(self) -> None:
        """Returns at the next point; after a moment anyway, for what no point announces."""
        self._next.clear()
        with suppress(TimeoutError):
            await asyncio.wait_for(self._next.wait(), _MOMENT)


@dataclass(slots=True)
class Desk:
    slack: StrictSlack
    origin: Origin
    config: Config
    engine: Engine  #: opened a second time, to look
    points: Points

    # What people do --------------------------------------------------------------------------
    async def say(
        self, text: str, *, user: str = ADA.id, channel: str = PATCHES.id, thread: str | None = None
    ) -> str:
        """Post as a person; returns the message's ts once the desk has acknowledged it."""
        return await self.slack.peer.message(channel, user, text, thread_ts=thread)

    # What comes of it ------------------------------------------------------------------------
    async def at_rest(self) -> None:
        """Nothing waits anywhere: everything that will be said has been said."""

        async def idle() -> bool:
            counts = await self.engine.ledger.counts()
            return not (counts.inbox or counts.waiting or counts.running or counts.outbox)

        await self.until(idle)

    async def until(self, condition: Callable[[], Awaitable[T]], *, within: timedelta = WITHIN) -> T:
        """The first true value of *condition*."""
        try:
            async with asyncio.timeout(within.total_seconds()):
                while not (value := await condition()):
                    await self.points.next()
                return value
        except TimeoutError:
            raise AssertionError(f"did not happen within {within}: {await self.situation()}") from None

    async def situation(self) -> str:
        said = [f"{m['ts']} {m.get('text', '')[:200]!r}" for m in await self.slack.peer.messages(PATCHES.id)]
        patches = [f"{row.id} {row.state} {row.report and row.report.fault}" for row in await self.patches()]
        return "\n".join([str(await self.engine.ledger.counts()), *patches, *said])

    async def thread(self, ts: str, *, channel: str = PATCHES.id) -> list[Json]:
        """The answers in a thread, oldest first."""
        return [each for each in await self.slack.peer.thread(channel, ts) if each["ts"] != ts]

    async def answers(self, ts: str, *, channel: str = PATCHES.id) -> list[str]:
        """Everything that the desk said in a thread, blocks and all."""
        return [everything(each) for each in await self.thread(ts, channel=channel)]

    async def marks(self, ts: str, *, channel: str = PATCHES.id) -> list[str]:
        """The desk's reactions on a message."""
        [message] = [each for each in await self.slack.peer.messages(channel) if each["ts"] == ts]
        desk = self.slack.proxy.app.bot_user_id
        return [each["name"] for each in message.get("reactions") or () if desk in each["users"]]

    async def content(self, file: Mapping[str, Any]) -> str:
        """Of a file that lies in Slack."""
        headers = {"Authorization": f"Bearer {self.slack.proxy.app.bot_token}"}
        url = file["url_private"]
        async with aiohttp.ClientSession(headers=headers) as session, session.get(url) as response:
            return await response.text()

    async def patches(self) -> list[StoredPatch]:
        """All there are, in no order."""
        domains = tuple(self.config.settings.domains)
        open_ones = await self.engine.ledger.queue(domains, limit=500)
        over = await self.engine.ledger.recent(domains, limit=500)
        # One that ends between the two looks is in both.
        found = [await self.engine.ledger.patch(patch) for patch in {line.id for line in (*open_ones, *over)}]
        return [patch for patch in found if patch is not None]

    async def patch(self) -> StoredPatch:
        """The only one there is."""
        [patch] = await self.patches()
        return patch

    async def finished(self, many: int = 1) -> list[StoredPatch]:
        """The patches that are over, once there are so many."""

        async def ended() -> list[StoredPatch] | None:
            patches = await self.patches()
            over = [patch for patch in patches if patch.state not in OPEN_STATES]
            return over if len(over) >= many else None

        over = await self.until(ended)
        assert over is not None
        return over

    def posts(self) -> list[Mapping[str, Any]]:
        """What the desk posted, as Slack carried it out."""
        return [call.args for call in self.slack.proxy.effects("chat.postMessage")]

    def keys(self) -> list[str]:
        """The delivery keys of all posts, repeats included."""
        return [post["metadata"]["event_payload"]["key"] for post in self.posts()]


def everything(message: Mapping[str, Any]) -> str:
    """All text of a message that a person sees."""
    texts = [str(message.get("text") or "")]
    texts += [found for block in message.get("blocks") or () for found in _texts(block)]
    texts += [f"file {file['name']}" for file in message.get("files") or ()]
    return "\n".join(texts)


def _texts(value: object) -> list[str]:
    match value:
        case {"text": str(text)}:
            return [text]
        case dict():
            return [text for each in value.values() for text in _texts(each)]
        case list():
            return [text for each in value for text in _texts(each)]
        case _:
            return []


def settings(
    origin: Origin, *, domains: Mapping[str, Mapping[str, Any]] | None = None, **sections: Any
) -> Settings:
    """One domain `web` on *origin*, heard in #patches; *domains* adds to it or changes it."""
    web = {"repository": str(origin.path), "channels": (PATCHES.id,), "gates": GATES}
    given = {
        "web": web,
        **{name: {**(web if name == "web" else {}), **each} for name, each in (domains or {}).items()},
    }
    # Whatever this machine gives: what a level stops is tested elsewhere.
    sections = {"sandbox": SandboxSettings(min_level=0), **sections}
    return Settings(domains={name: DomainSettings(**each) for name, each in given.items()}, **sections)


def configuration(folder: Path, slack: StrictSlack, known: Settings) -> Config:
    """In HTTP mode with a free port."""
    app, data = slack.proxy.app, folder / "data"
    over_sockets = slack.mode is Mode.SOCKET
    return Config(
        settings=known,
        slack=SlackAccess(
            app.bot_token,
            app.app_token if over_sockets else None,
            None if over_sockets else app.signing_secret,
            slack.proxy.api_url,
        ),
        data=data,
        database_url=f"sqlite:///{data}/desk.db",
        http_host="127.0.0.1",
        http_port=0 if over_sockets else _free_port(),
        source=None,
    )


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


@asynccontextmanager
async def running(config: Config, slack: StrictSlack, points: Points) -> AsyncIterator[None]:
    """The desk at work; left, it is told to stop and has stopped."""
    ready, stop = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    desk = loop.create_task(app.run(config, ready=ready.set, reached=points.reached, stop=stop))
    waiting = loop.create_task(ready.wait())
    await asyncio.wait([desk, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if slack.mode is Mode.EVENTS:
        slack.proxy.request_url.url = f"http://{config.http_host}:{config.http_port}/slack/events"
    try:
        yield
    finally:
        stop.set()
        await desk


@asynccontextmanager
async def desk_at_work(
    folder: Path,
    *,
    mode: Mode = Mode.SOCKET,
    domains: Mapping[str, Mapping[str, Any]] | None = None,
    workspace: Workspace | None = None,
    redelivery: Redelivery | None = None,
    scopes: frozenset[str] = BOT_SCOPES,
    usergroups: Mapping[str, tuple[str, ...]] | None = None,
    configured: Mapping[str, Any] | None = None,
    **sections: Any,
) -> AsyncIterator[Desk]:
    """Everything started, in *folder*; *domains* and *sections* as for `settings`.

    *configured* are other fields of the configuration.
    """
    origin = Origin.make(folder / "origin.git")
    known = settings(origin, domains=domains, **sections)
    async with strict_slack(
        folder, mode=mode, workspace=workspace, redelivery=redelivery, scopes=scopes, usergroups=usergroups
    ) as slack:
        config = replace(configuration(folder, slack, known), **(configured or {}))
        points = Points()
        async with running(config, slack, points):
            engine = await open_engine(config.database_url, identity="looking")
            try:
                yield Desk(slack, origin, config, engine, points)
            finally:
                await engine.close()
