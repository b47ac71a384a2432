"""Freezes that begin and end by themselves are told of, once, wherever the domain is heard."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.freezing import FreezeTick
from contracts.control import Closed, CloseDomain, Closing
from contracts.notices import Deed, TellDeed
from contracts.ports import Engine, Sent
from contracts.settings import DomainSettings, Settings
from executor.engine import open_engine

#: A Friday.
NOON = datetime(2026, 3, 6, 12, tzinfo=UTC)
MIDNIGHT = datetime(2026, 3, 7, tzinfo=UTC)
FRIDAY = {"why": "no releases on Fridays", "weekdays": ["fri"], "zone": "UTC"}
HEARD = ("C0DEV", "C0OPS")


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    opened = await open_engine(f"sqlite:///{tmp_path}/desk.db", identity="store")
    yield opened
    await opened.close()


def settings(*windows: Mapping[str, object]) -> Settings:
    return Settings(domains={"web": DomainSettings.model_validate({"channels": HEARD, "freeze": windows})})


async def told(engine: Engine, now: datetime) -> list[tuple[Deed, str, str | None]]:
    """What was said since the last look, by whom, and where."""
    said = []
    lease, busy = timedelta(days=1), frozenset[str]()
    while delivery := await engine.outbox.claim(now=now, lease=lease, busy_channels=busy, busy_methods=busy):
        assert isinstance(delivery.notice, TellDeed)
        await engine.outbox.record(delivery.id, delivery.attempt, Sent(), now=now)
        said.append((delivery.notice.deed, delivery.notice.by, delivery.channel))
    return sorted(said)


async def test_a_window_is_told_of_at_its_beginning_and_at_its_end(engine: Engine) -> None:
    tick = FreezeTick(engine, settings(FRIDAY)).tick
    for now in (NOON, NOON + timedelta(seconds=1)):
        await tick(now)
    assert await told(engine, NOON) == [(Deed.FROZEN, "", channel) for channel in HEARD]
    for now in (MIDNIGHT, MIDNIGHT + timedelta(seconds=1)):
        await tick(now)
    assert await told(engine, MIDNIGHT) == [(Deed.THAWED, "", channel) for channel in HEARD]
    assert await engine.ledger.closed() == ()


async def test_the_end_that_a_person_gave_is_told_of_in_their_name(engine: Engine) -> None:
    hers = Closed("web", Closing.FROZEN, "Ada", "release", NOON, NOON + timedelta(hours=1))
    await engine.lanes.decide([CloseDomain(hers)], now=NOON)
    tick = FreezeTick(engine, settings()).tick
    await tick(NOON + timedelta(minutes=59))
    assert await told(engine, NOON) == []
    await tick(NOON + timedelta(hours=1))
    assert await told(engine, MIDNIGHT) == [(Deed.THAWED, "Ada", channel) for channel in HEARD]


async def test_a_window_that_was_taken_out_is_no_end_that_has_come(engine: Engine) -> None:
    await FreezeTick(engine, settings(FRIDAY)).tick(NOON)
    await told(engine, NOON)
    await FreezeTick(engine, settings()).tick(NOON)
    assert await told(engine, NOON) == [(Deed.OPENED, "", channel) for channel in HEARD]


async def test_what_is_over_in_a_domain_that_is_gone_is_opened_without_a_word(engine: Engine) -> None:
    gone = Closed("gone", Closing.FROZEN, "Ada", "release", NOON, MIDNIGHT)
    await engine.lanes.decide([CloseDomain(gone), CloseDomain(replace(gone, domain="web"))], now=NOON)
    await FreezeTick(engine, settings()).tick(MIDNIGHT)
    assert await engine.ledger.closed() == ()
    assert len(await told(engine, MIDNIGHT)) == len(HEARD)
