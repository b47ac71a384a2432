"""A desk at an engine, in few words: what the tests of every engine are written with."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from contracts.commands import Actor, ActorKind, Place, Source
from contracts.faults import Reason, fault
from contracts.notices import EditCard, NewDelivery, PostCard, PostSummary, Twin
from contracts.outcome import Failed, GaveUp, Landed, Outcome, Report, Retry
from contracts.patch import Changeset, Patch, Replace, Write, content_hash
from contracts.ports import Engine, Finish, NewEvent, NewPatch, Settled, Settlement
from contracts.records import Delivery, InboxRow, StoredPatch

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
LEASE = timedelta(seconds=30)
ANN = Actor(ActorKind.PERSON, "U0ANN", "Ann", "ann@example.org", frozenset({"S0DEV"}))
NOBODY_BUSY: frozenset[str] = frozenset()

LANDED = Landed(Report("main", base="b" * 40, commit="c" * 40))
FAILED = Failed(Report("main", fault=fault(Reason.FILE_MISSING, path="a.txt", suggestion="b.txt")))
GAVE_UP = GaveUp(Report("main", fault=fault(Reason.DESK_CRASHED, attempts=3)))


def after(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def retry_at(moment: datetime) -> Retry:
    return Retry(Report("main", fault=fault(Reason.REPOSITORY_UNREACHABLE, detail="no route")), moment)


def message(ts: str) -> Place:
    return Place("C0DEV", ts, ts)


def patch_of(text: str, domain: str = "web") -> Patch:
    """Equal *text* is equal content."""
    changes = (Write("read.me", text.encode()), Replace("a.txt", "old", text))
    return Patch(domain, Changeset(changes), f"Say {text}", details={"why": "because"})


def asked(id_: str, text: str | None = None, *, domain: str = "web", place: Place | None = None) -> NewPatch:
    """A patch that nobody is told of; its twin would be."""
    place = place or message(id_)
    patch = patch_of(text or id_, domain)
    twin_to = NewDelivery(Twin("", 1), place.channel, place.thread)
    return NewPatch(id_, patch, content_hash(patch), ANN, Source.SLACK, place, (), twin_to)


def card(patch: str, channel: str = "C0DEV", thread: str | None = None) -> NewDelivery:
    return NewDelivery(PostCard(patch), channel, thread)


def edit(patch: str, channel: str = "C0DEV") -> NewDelivery:
    return NewDelivery(EditCard(patch), channel)


def summary(patch: str, channel: str = "C0DEV", thread: str | None = None) -> NewDelivery:
    return NewDelivery(PostSummary(patch), channel, thread)


@dataclass
class Desk:
    """An engine, and the verbs that a test needs often."""

    engine: Engine
    _keys: "itertools.count[int]" = field(default_factory=itertools.count)

    async def record(self, key: str | None = None, *, now: datetime = NOW) -> int:
        event = NewEvent(Source.SLACK, key or f"event-{next(self._keys)}", b"{}")
        return (await self.engine.inbox.record(event, now=now)).id

    async def open_inbox(self, *, now: datetime = NOW) -> InboxRow:
        row = await self.engine.inbox.claim(now=now, lease=LEASE)
        assert row is not None
        return row

    async def settle(
        self,
        *patches: NewPatch,
        place: Place | None = None,
        edited: bool = False,
        told: Sequence[NewDelivery] = (),
        now: datetime = NOW,
    ) -> Settled:
        """Record an event, claim it, and settle it with *patches*."""
        await self.record(now=now)
        row = await self.open_inbox(now=now)
        place = place or (patches[0].place if patches else Place())
        settlement = Settlement(row.id, row.attempt, place, patches, told=tuple(told), edited=edited)
        settled = await self.engine.inbox.settle(settlement, now=now)
        assert settled is not None
        return settled

    async def claim(self, *, now: datetime = NOW) -> StoredPatch | None:
        return await self.engine.lanes.claim(worker="worker-1", now=now, lease=LEASE)

    async def start(self, *, now: datetime = NOW) -> StoredPatch:
        claimed = await self.claim(now=now)
        assert claimed is not None
        return claimed

    async def finish(
        self,
        claimed: StoredPatch,
        outcome: Outcome = LANDED,
        *,
        told: Sequence[NewDelivery] = (),
        now: datetime = NOW,
    ) -> bool:
        ended = Finish(claimed.id, claimed.attempt, outcome, tuple(told))
        return await self.engine.lanes.finish(ended, now=now)

    async def patch(self, id_: str) -> StoredPatch:
        found = await self.engine.ledger.patch(id_)
        assert found is not None
        return found

    async def put(self, *deliveries: NewDelivery, now: datetime = NOW) -> None:
        await self.engine.outbox.put(deliveries, now=now)

    async def take(
        self,
        *,
        now: datetime = NOW,
        channels: frozenset[str] = NOBODY_BUSY,
        methods: frozenset[str] = NOBODY_BUSY,
    ) -> Delivery | None:
        return await self.engine.outbox.claim(
            now=now, lease=LEASE, busy_channels=channels, busy_methods=methods
        )

    async def letter(self, *, now: datetime = NOW) -> Delivery:
        taken = await self.take(now=now)
        assert taken is not None
        return taken
