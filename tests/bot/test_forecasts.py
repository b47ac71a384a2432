"""What cards say of when a turn comes stays true, for those next in line."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.forecasts import Forecasts
from contracts.control import HoldPatch
from contracts.notices import EditCard
from contracts.ports import Sent
from contracts.settings import DomainSettings, Settings
from executor.engine import open_engine
from tests.engine.given import Desk, after, asked, card, message

SETTINGS = Settings(domains={"web": DomainSettings(channels=("C0DEV",))})
MINUTE = timedelta(minutes=1).total_seconds()


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """A patch took ten minutes, another has just begun, and seven wait, all with their cards."""
    opened = Desk(await open_engine(f"sqlite:///{tmp_path}/desk.db", identity="store"))
    await opened.settle(asked("past"), now=after(-20 * MINUTE))
    await opened.finish(await opened.start(now=after(-20 * MINUTE)), now=after(-10 * MINUTE))
    ids = ("running", *"abcdefg")
    await opened.settle(*(asked(id_) for id_ in ids), told=[card(id_) for id_ in ids])
    await opened.start()
    while letter := await opened.take():
        await opened.engine.outbox.record(letter.id, letter.attempt, Sent(message(letter.key)), now=after(0))
    yield opened
    await opened.engine.close()


async def edited(desk: Desk, at: float) -> list[str]:
    """The cards that are to be edited, which they are then."""
    found = []
    while letter := await desk.take(now=after(at)):
        assert isinstance(letter.notice, EditCard)
        found.append(letter.notice.patch)
        await desk.engine.outbox.record(letter.id, letter.attempt, Sent(), now=after(at))
    return sorted(found)


async def test_cards_that_are_new_or_still_right_are_left_alone(desk: Desk) -> None:
    forecasts = Forecasts(desk.engine, SETTINGS)
    for minutes in (0.5, 1.5, 5, 9):
        await forecasts.tick(after(minutes * MINUTE))
    assert await edited(desk, 9 * MINUTE) == []


async def test_where_the_head_takes_longer_than_others_did_the_next_cards_say_so_once(desk: Desk) -> None:
    forecasts = Forecasts(desk.engine, SETTINGS)
    for minutes in (0.5, 10, 15):
        await forecasts.tick(after(minutes * MINUTE))
    # Five minutes more are little to who waits for half an hour.
    assert await edited(desk, 15 * MINUTE) == ["a", "b"]
    await forecasts.tick(after(15.5 * MINUTE))
    assert await edited(desk, 16 * MINUTE) == ["c"]


async def test_after_a_restart_and_where_others_left_cards_are_brought_up_to_date_once(desk: Desk) -> None:
    forecasts = Forecasts(desk.engine, SETTINGS)
    await desk.engine.lanes.decide([HoldPatch("b", "Ben", "")], now=after(5 * MINUTE))
    await forecasts.tick(after(5 * MINUTE))
    assert await edited(desk, 5 * MINUTE) == ["a", "c", "d", "e", "f"]
    await forecasts.tick(after(6 * MINUTE))
    assert await edited(desk, 6 * MINUTE) == []
