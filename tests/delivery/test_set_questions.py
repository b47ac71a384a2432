"""Which set is meant, and who is told of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.delivery import questions
from contracts.commands import Place, Show, Why
from contracts.faults import Fault, Reason
from contracts.ports import Sent
from contracts.records import PatchSet, StoredPatch
from contracts.settings import DomainSettings, Settings
from executor.engine import open_engine
from tests.engine.given import NOW, Desk, asked, card
from tests.engine.test_sets import ASKED, SET, end, enter, members, said

SETTINGS = Settings(
    domains={
        "web": DomainSettings(channels=("C0DEV", "C0BOTH", "C0WEB")),
        "api": DomainSettings(channels=("C0BOTH",)),
    }
)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    engine = await open_engine(f"sqlite:///{tmp_path}/desk.db", identity="x")
    yield Desk(engine)
    await engine.close()


async def meant(
    desk: Desk, name: str | None = SET, channel: str | None = "C0DEV", thread: str | None = None
) -> StoredPatch | PatchSet | Fault:
    place = Place(channel, None, thread)
    return await questions.meant(name, place, desk.engine.ledger, SETTINGS, fits=lambda row: row.hold is None)


async def answer(desk: Desk, question: Show | Why) -> str:
    told = await questions.answer(
        question, channel="C0DEV", ledger=desk.engine.ledger, settings=SETTINGS, now=NOW, thread=ASKED.thread
    )
    return told.text


async def test_a_set_is_spoken_of_where_its_card_stands_and_where_all_of_it_may_be(desk: Desk) -> None:
    await enter(desk, *members("web", "api"))
    for channel in ("C0DEV", "C0BOTH", None):
        assert isinstance(await meant(desk, channel=channel), PatchSet)
    for channel in ("C0WEB", "C0ELSEWHERE"):
        wrong = await meant(desk, channel=channel)
        assert isinstance(wrong, Fault)
        assert wrong.reason is Reason.UNKNOWN_PATCH


async def test_a_thread_with_one_set_and_its_cards_means_the_set(desk: Desk) -> None:
    await enter(desk, *members("web", "api"))
    await said(desk)
    await desk.put(card("s-1-web", "C0DEV", ASKED.thread))
    await end(desk, await desk.letter(), Sent(Place("C0DEV", "12.0", ASKED.thread)))
    assert isinstance(await meant(desk, None, thread=ASKED.thread), PatchSet)
    # A patch that is none of them stands there, too: it could be meant as well.
    await desk.settle(asked("p-1", place=ASKED))
    await desk.put(card("p-1", "C0DEV", ASKED.thread))
    await end(desk, await desk.letter(), Sent(Place("C0DEV", "13.0", ASKED.thread)))
    wrong = await meant(desk, None, thread=ASKED.thread)
    assert isinstance(wrong, Fault)
    assert wrong.reason is Reason.WHICH_PATCH


async def test_a_set_is_shown_and_explained_with_all_its_patches(desk: Desk) -> None:
    await enter(desk, *members("web", "api"))
    await said(desk)
    await desk.start()
    shown = await answer(desk, Show(SET))
    assert "*0 of 2 landed*: 1 running, 1 next." in shown
    why = await answer(desk, Why())
    assert "web: Starting" in why
    assert "api: Next; it starts as soon as a worker is free." in why
    await desk.finish(await desk.start())
    assert "api" not in await answer(desk, Why(SET))
