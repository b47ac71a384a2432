"""A deliverer at work: a real store, the strict Slack, and a clock that jumps to whatever is due next."""

import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.delivery.alerting import Ways
from bot.delivery.outbox import LEASE, Deliverer
from bot.delivery.slack import SlackSender
from bot.demo.peer import ADA
from contracts.commands import Actor, ActorKind, Place, Source
from contracts.control import Grip
from contracts.notices import NewDelivery, Notice, home_of, on_accepted, on_finished, on_progress
from contracts.outcome import Failed, Landed, Outcome, Step
from contracts.patch import content_hash
from contracts.ports import Engine, Finish, NewEvent, NewPatch, Settlement, Work
from contracts.records import StoredPatch
from contracts.settings import DomainSettings, Settings, SlackSettings
from executor.engine import open_engine
from tests.delivery.rows import CHANNEL, FAILED, OPERATORS, PATCH, REPORT
from tests.peer.harness import StrictSlack

SETTINGS = Settings(
    domains={"web": DomainSettings(channels=(CHANNEL,))}, slack=SlackSettings(operators=OPERATORS)
)
WORKSPACE_URL = "https://x.slack.com/"
ACTOR = Actor(ActorKind.PERSON, ADA.id, ADA.real_name, ADA.email)
LEASED = timedelta(minutes=5)
#: More turns than any test here needs; one that goes on for ever is found out.
MOST_TURNS = 500


class CrashError(Exception):
    """The process ended here."""


@dataclass
class Desk:
    """*now* moves only when a test or `settle` moves it."""

    engine: Engine
    slack: StrictSlack
    sender: SlackSender
    data: Path
    settings: Settings = SETTINGS
    ways: Ways = field(default_factory=Ways)
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    alarms: set[datetime] = field(default_factory=set)
    _ids: Any = field(default_factory=lambda: itertools.count(1))
    _deliverer: Deliverer | None = None

    @property
    def deliverer(self) -> Deliverer:
        if self._deliverer is None:
            self.restart()
        assert self._deliverer is not None
        return self._deliverer

    def restart(self, *, dies: Callable[[str], bool] = lambda _point: False) -> None:
        """Another process takes over; *dies*: whether it ends at a point, too."""

        def reached(point: str) -> None:
            if dies(point):
                raise CrashError(point)

        self._deliverer = Deliverer(
            self.engine,
            self.sender,
            self.settings,
            self.data,
            clock=lambda: self.now,
            jitter=lambda: 0.0,
            workspace=WORKSPACE_URL,
            ways=self.ways,
            reached=reached,
        )

    async def settle(self) -> None:
        """Work until nothing is due any more, however much later that is."""
        for _ in range(MOST_TURNS):
            if await self.deliverer.turn():
                continue
            self.alarms = {at for at in self.alarms if at > self.now}
            if not self.alarms:
                return
            self.now = min(self.alarms)
        raise AssertionError("there is no end to it")

    def jump(self) -> None:
        """To the next time at which something is due."""
        self.now = min((at for at in self.alarms if at > self.now), default=self.now)

    async def crash(self, point: str, *, when: Callable[[], bool] = lambda: True) -> None:
        """Deliver until *point*, and end there; then the lease runs out and another takes over."""
        self.restart(dies=lambda reached: reached == point and when())
        try:
            await self.settle()
        except CrashError:
            self.now += LEASE
            self.restart()
            return
        raise AssertionError(f"{point} was not reached")

    # What people and the executor do -----------------------------------------------------------
    async def accept(
        self, *, source: Source = Source.SLACK, title: str = "Retry the fetcher", rejected: int = 0
    ) -> StoredPatch:
        """Somebody posts a patch, and it enters its lane."""
        number = next(self._ids)
        place = Place()
        if source is Source.SLACK:
            ts = await self.slack.peer.message(CHANNEL, ADA.id, title)
            place = Place(CHANNEL, ts, ts)
        recorded = await self.engine.inbox.record(NewEvent(source, f"event-{number}", b""), now=self.now)
        row = await self.engine.inbox.claim(now=self.now, lease=LEASED)
        assert row is not None
        patch = replace(PATCH, title=title)
        told = on_accepted(
            f"patch-{number}", recorded.id, place, home_of(place, source, "web", self.settings)
        )
        new = NewPatch(
            f"patch-{number}", patch, f"{content_hash(patch)}-{number}", ACTOR, source, place, told
        )
        settled = await self.engine.inbox.settle(
            Settlement(row.id, row.attempt, place, (new,), rejected=rejected), now=self.now
        )
        assert settled is not None
        return await self.row(new.id)

    async def row(self, patch: str) -> StoredPatch:
        row = await self.engine.ledger.patch(patch)
        assert row is not None
        return row

    async def begin(self) -> StoredPatch:
        """The head of the lane is claimed and its gates begin."""
        row = await self.engine.lanes.claim(worker="w", now=self.now, lease=LEASED)
        assert row is not None
        channel, _ = self._home(row)
        told = on_progress(row.id, channel)
        step = await self.engine.lanes.step(row.id, row.attempt, Step.GATES, now=self.now, told=told)
        assert step is Grip.HELD
        return row

    async def finish(self, row: StoredPatch, outcome: Outcome) -> None:
        told = on_finished(row.id, row.inbox_id, outcome, row.place, self._home(row))
        assert await self.engine.lanes.finish(Finish(row.id, row.attempt, outcome, told), now=self.now)

    def _home(self, row: StoredPatch) -> tuple[str | None, str | None]:
        return home_of(row.place, row.source, "web", self.settings)

    async def carry_out(self, outcome: Outcome) -> StoredPatch:
        """The head of the lane, from its claim to *outcome*, with nothing delivered in between."""
        row = await self.begin()
        await self.finish(row, outcome)
        return row

    async def tell(self, notice: Notice, *, channel: str | None = CHANNEL, thread: str | None = None) -> None:
        await self.engine.outbox.put([NewDelivery(notice, channel, thread)], now=self.now)

    # What there is to see ----------------------------------------------------------------------
    async def said(self, channel: str = CHANNEL) -> list[dict[str, Any]]:
        """The desk's own messages, without the ephemeral ones."""
        bot = self.slack.proxy.app.bot_id
        return [
            each
            for each in await self.slack.peer.messages(channel)
            if each.get("bot_id") == bot and each.get("subtype") != "ephemeral"
        ]

    async def texts(self, channel: str = CHANNEL) -> list[str]:
        return [message["text"] for message in await self.said(channel)]

    async def reactions(self, row: StoredPatch) -> list[str]:
        messages = await self.slack.peer.messages(row.place.channel or "")
        (message,) = [each for each in messages if each["ts"] == row.place.ts]
        return [each["name"] for each in message.get("reactions", ())]

    async def audit(self) -> list[str]:
        return [entry.action for _, entry in await self.engine.ledger.audit(limit=99)]

    async def waiting(self) -> int:
        return (await self.engine.ledger.counts()).outbox


LANDED_OUTCOME = Landed(REPORT)
assert FAILED.report is not None
FAILED_OUTCOME = Failed(FAILED.report)


@asynccontextmanager
async def desk_at_work(
    folder: Path, slack: StrictSlack, sender: SlackSender, note: Callable[[Engine, Desk], None]
) -> AsyncIterator[Desk]:
    """*note* has the engine's nudges set the desk's alarms."""
    engine = await open_engine(f"sqlite:///{folder}/desk.db", identity="test")
    try:
        desk = Desk(engine, slack, sender, folder / "data")
        note(engine, desk)
        yield desk
    finally:
        await engine.close()


async def set_alarm(desk: Desk, work: Work, at: datetime) -> None:
    assert work is Work.OUTBOX
    desk.alarms.add(at)
