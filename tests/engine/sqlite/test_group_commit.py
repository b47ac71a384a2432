import asyncio
from collections.abc import AsyncIterator, Mapping
from functools import partial
from pathlib import Path

import pytest

from contracts.ports import Work
from executor.engine.sqlite.threads import Thread, open_writer
from executor.engine.sqlite.writer import Transaction, Writer


class SpoiltError(Exception):
    pass


class Heard:
    def __init__(self) -> None:
        self.wakes: list[dict[Work, int]] = []

    def __call__(self, wakes: Mapping[Work, int]) -> None:
        self.wakes.append(dict(wakes))


@pytest.fixture
async def thread(tmp_path: Path) -> AsyncIterator[Thread]:
    opened = await open_writer(tmp_path / "desk.db")
    await opened.submit(lambda store: store.execute("CREATE TABLE notes (text TEXT UNIQUE)"))
    yield opened
    await opened.close()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def writer(thread: Thread, heard: Heard) -> Writer:
    return Writer(thread, heard)


def note(text: str, tx: Transaction) -> str:
    tx.execute("INSERT INTO notes VALUES (?)", (text,))
    tx.wake(Work.INBOX)
    return text


def note_and_fail(text: str, tx: Transaction) -> str:
    note(text, tx)
    raise SpoiltError(text)


async def notes(thread: Thread) -> list[str]:
    rows = await thread.read(lambda store: store.execute("SELECT text FROM notes ORDER BY 1").fetchall())
    return [text for (text,) in rows]


async def test_transactions_that_wait_together_are_committed_together(
    writer: Writer, thread: Thread, heard: Heard
) -> None:
    commits: list[str] = []
    await thread.set_trace_callback(lambda text: commits.append(text) if text == "COMMIT" else None)
    noted = await asyncio.gather(*(writer.run(partial(note, str(n))) for n in range(9)))
    assert noted == [str(n) for n in range(9)]
    assert len(commits) == 1
    assert heard.wakes == [{Work.INBOX: 9}]


async def test_one_that_fails_undoes_itself_alone(writer: Writer, thread: Thread, heard: Heard) -> None:
    units = [partial(note, "a"), partial(note_and_fail, "b"), partial(note, "c"), partial(note, "a")]
    ended = await asyncio.gather(*(writer.run(unit) for unit in units), return_exceptions=True)
    assert ended[0] == "a"
    assert isinstance(ended[1], SpoiltError)
    assert ended[2] == "c"
    assert "UNIQUE" in str(ended[3])
    assert await notes(thread) == ["a", "c"]
    assert heard.wakes == [{Work.INBOX: 2}]


async def test_one_that_fails_alone_leaves_nothing(writer: Writer, thread: Thread, heard: Heard) -> None:
    with pytest.raises(SpoiltError):
        await writer.run(partial(note_and_fail, "a"))
    assert await notes(thread) == []
    assert heard.wakes == []


async def test_one_that_is_cancelled_before_its_turn_is_not_carried_out(
    writer: Writer, thread: Thread
) -> None:
    first = asyncio.create_task(writer.run(partial(note, "a")))
    second = asyncio.create_task(writer.run(partial(note, "b")))
    await asyncio.sleep(0)
    second.cancel()
    await first
    assert second.cancelled()
    assert await notes(thread) == ["a"]


async def test_one_that_is_cancelled_alone_leaves_the_writer_idle(writer: Writer, thread: Thread) -> None:
    alone = asyncio.create_task(writer.run(partial(note, "a")))
    await asyncio.sleep(0)
    alone.cancel()
    await asyncio.gather(alone, return_exceptions=True)
    assert await writer.run(partial(note, "b")) == "b"
    assert await notes(thread) == ["b"]


async def test_one_that_is_cancelled_while_it_runs_does_not_stop_the_next(
    writer: Writer, thread: Thread
) -> None:
    held = asyncio.create_task(writer.run(partial(note, "a")))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    held.cancel()
    await asyncio.gather(held, return_exceptions=True)
    await writer.run(partial(note, "b"))
    assert await notes(thread) == ["a", "b"]


async def test_a_transaction_waits_for_that_of_another_process(
    tmp_path: Path, writer: Writer, thread: Thread
) -> None:
    other = await open_writer(tmp_path / "desk.db")
    await other.execute("BEGIN IMMEDIATE")
    waiting = asyncio.create_task(writer.run(partial(note, "a")))
    await other.execute("INSERT INTO notes VALUES ('b')")
    assert not waiting.done()
    await other.commit()
    assert await waiting == "a"
    assert await notes(thread) == ["a", "b"]
    await other.close()


async def test_a_closed_store_takes_nothing(tmp_path: Path, heard: Heard) -> None:
    thread = await open_writer(tmp_path / "closed.db")
    writer = Writer(thread, heard)
    await thread.close()
    with pytest.raises(ValueError, match="no active connection"):
        await writer.run(partial(note, "a"))


async def test_a_full_disk_is_everybodys_and_the_store_goes_on(writer: Writer, thread: Thread) -> None:
    (pages,) = (await thread.submit(lambda store: store.execute("PRAGMA page_count").fetchone())) or (0,)
    await thread.submit(lambda store: store.execute(f"PRAGMA max_page_count = {pages}").fetchone())
    ended = await asyncio.gather(
        *(writer.run(partial(note, letter * 20_000)) for letter in "ab"), return_exceptions=True
    )
    assert all("full" in str(error) for error in ended)
    await thread.submit(lambda store: store.execute("PRAGMA max_page_count = 1000000").fetchone())
    assert await writer.run(partial(note, "c")) == "c"
    assert await notes(thread) == ["c"]
