"""A desk without people: the real store, real origins, the real sandbox, one domain named `shop`."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from contracts.commands import Actor, ActorKind, Place, Source
from contracts.notices import home_of, on_accepted
from contracts.patch import Changeset, Commands, Mutation, Patch, Write, content_hash
from contracts.ports import Engine, NewEvent, NewPatch, Sent, Settlement
from contracts.records import StoredPatch
from contracts.settings import DomainSettings, GateSettings, SandboxSettings, Settings, WorkerSettings
from executor.engine import open_engine
from executor.sandbox.level import Sandbox
from executor.worker import Worker
from executor.workspace import Workspaces
from tests.executor.repositories import Repo

ADA = Actor(ActorKind.PERSON, "U0ADA", "Ada", "ada@example.com")
PLACE = Place("C0SHOP", "1700000000.000100", "1700000000.000100")
START = datetime(2025, 6, 1, 12, 0, tzinfo=UTC)


class Clock:
    """Time as the test wants it; every look at it is a moment later."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        self.now += timedelta(milliseconds=1)
        return self.now

    def forward(self, by: timedelta) -> None:
        self.now += by


class RealTime(Clock):
    def __call__(self) -> datetime:  # type: ignore[explicit-override]
        return datetime.now(UTC)


def shell(name: str, script: str, **options: object) -> GateSettings:
    return GateSettings.model_validate({"name": name, "run": ("/bin/sh", "-c", script), **options})


@dataclass
class Shop:
    """*points* are what workers reached; *at* is called once when a worker reaches a point."""

    engine: Engine
    settings: Settings
    data: Path
    sandbox: Sandbox
    workspaces: Workspaces
    clock: Clock = field(default_factory=Clock)
    points: list[str] = field(default_factory=list)
    at: dict[str, Callable[[], None]] = field(default_factory=dict)
    ids: Iterator[str] = field(default_factory=lambda: (f"patch{number}" for number in range(100)))

    def worker(self, name: str = "w1") -> Worker:
        return Worker(
            self.engine,
            self.settings,
            self.data,
            self.sandbox,
            self.workspaces,
            self.clock,
            lambda: 0.5,
            name,
            self._reached,
        )

    def _reached(self, point: str) -> None:
        self.points.append(point)
        self.at.pop(point, lambda: None)()

    async def submit(
        self,
        *mutations: Mutation,
        commands: tuple[Commands, ...] = (),
        title: str = "A change",
        expects: str | None = None,
    ) -> str:
        """Enter a patch into the lane; its id."""
        patch = Patch("shop", Changeset(mutations), title, commands=commands, expects_tree=expects)
        name = next(self.ids)
        recorded = await self.engine.inbox.record(NewEvent(Source.SLACK, name, b"x"), now=self.clock())
        row = await self.engine.inbox.claim(now=self.clock(), lease=timedelta(seconds=30))
        assert row is not None
        home = home_of(PLACE, Source.SLACK, "shop", self.settings)
        new = NewPatch(
            id=name,
            patch=patch,
            content=content_hash(patch),
            actor=ADA,
            source=Source.SLACK,
            place=PLACE,
            told=on_accepted(name, recorded.id, PLACE, home),
        )
        settled = await self.engine.inbox.settle(
            Settlement(row.id, row.attempt, PLACE, (new,)), now=self.clock()
        )
        assert settled is not None
        assert settled.accepted == (name,)
        return name

    async def carry_out(self, *mutations: Mutation, **options: object) -> StoredPatch:
        """Submit a patch and take one turn."""
        name = await self.submit(*mutations, **options)  # type: ignore[arg-type]
        assert await self.worker().turn()
        return await self.look(name)

    async def look(self, patch: str) -> StoredPatch:
        found = await self.engine.ledger.patch(patch)
        assert found is not None
        return found

    async def said(self) -> list[str]:
        """Send everything that waits to be sent; the kinds of it."""
        kinds: list[str] = []
        while delivery := await self.engine.outbox.claim(
            now=self.clock(), lease=timedelta(hours=1), busy_channels=frozenset(), busy_methods=frozenset()
        ):
            kinds.append(delivery.notice.kind)
            await self.engine.outbox.record(delivery.id, delivery.attempt, Sent(PLACE), now=self.clock())
        return kinds

    async def rescue(self) -> None:
        """As if the lease of whoever holds a patch had run out."""
        self.clock.forward(timedelta(minutes=10))
        await self.engine.lanes.tend(now=self.clock())


@asynccontextmanager
async def open_shop(
    folder: Path,
    origin: Repo | None,
    sandbox: Sandbox,
    workspaces: Workspaces,
    *gates: GateSettings,
    **executor: object,
) -> AsyncIterator[Shop]:
    domain = DomainSettings(
        repository=str(origin.path) if origin else None, channels=("C0SHOP",), gates=gates
    )
    settings = Settings(
        domains={"shop": domain},
        executor=WorkerSettings.model_validate(executor),
        sandbox=SandboxSettings(min_level=0),
    )
    folder.mkdir(exist_ok=True)
    engine = await open_engine(f"sqlite:///{folder}/desk.db", identity=str(folder))
    try:
        yield Shop(engine, settings, folder, sandbox, workspaces)
    finally:
        await engine.close()


NEW = Write("new", b"new\n")
