"""What returned is done, though the process is killed the moment after; the rest is whole or not at all."""

import asyncio
import sys
from asyncio.subprocess import PIPE

import pytest

from executor.engine import check, open_engine
from tests.engine.given import NOW, Desk
from tests.engine.waiting import DEADLINE


async def killed_after(url: str, verb: str, lines: int) -> int:
    """Kill the process once it has said *lines* times that *verb* returned; how often it had by then."""
    program = [sys.executable, "-m", "tests.engine.another_process", url, verb, "100000"]
    process = await asyncio.create_subprocess_exec(*program, stdout=PIPE)
    assert process.stdout is not None
    async with asyncio.timeout(DEADLINE):
        for _ in range(lines):
            assert await process.stdout.readline()
        process.kill()
        rest = await process.stdout.read()
        await process.wait()
    return lines + rest.count(b"\n")


async def test_a_recorded_event_survives_the_process_that_recorded_it(url: str) -> None:
    said = await killed_after(url, "record", 1)
    engine = await open_engine(url, identity="after")
    assert (await engine.ledger.counts()).inbox in (said, said + 1)
    await engine.close()


@pytest.mark.parametrize("lines", [3, 40])
async def test_a_settlement_is_whole_or_not_at_all_when_its_process_is_killed(url: str, lines: int) -> None:
    said = await killed_after(url, "settle", lines)
    assert await check(url) == ()
    engine = await open_engine(url, identity="after")
    for number in range(said + 2):
        found = [await engine.ledger.patch(f"p-{number}-{part}") for part in "abc"]
        settled = [patch is not None for patch in found]
        assert len(set(settled)) == 1
        assert settled[0] or number >= said
    counts = await engine.ledger.counts()
    assert counts.outbox == 2 * counts.waiting
    await engine.close()


async def test_the_end_of_a_patch_is_whole_or_not_at_all_when_its_process_is_killed(url: str) -> None:
    said = await killed_after(url, "carry-out", 25)
    assert await check(url) == ()
    engine = await open_engine(url, identity="after")
    (line,) = await engine.ledger.lanes(["web"])
    assert line.landed in (said, said + 1)
    assert (await engine.ledger.counts()).outbox == line.landed
    await engine.close()


@pytest.mark.parametrize("lines", [1, 30])
async def test_what_was_observed_is_counted_once_when_its_process_is_killed(url: str, lines: int) -> None:
    said = await killed_after(url, "observe", lines)
    assert await check(url) == ()
    engine = await open_engine(url, identity="after")
    read = await engine.alerts.watermark("rows")
    assert read in (said, said + 1)
    groups = await engine.alerts.open_groups(limit=9)
    assert [(group.key, group.times, group.due_at) for group in groups] == [
        ("B", read, NOW),
        ("A", read, NOW),
    ]
    await engine.close()


async def test_a_desk_goes_on_after_another_was_killed(url: str) -> None:
    await killed_after(url, "record", 5)
    engine = await open_engine(url, identity="after")
    desk = Desk(engine)
    fresh = await desk.record("after the crash")
    assert fresh > 5
    assert (await desk.open_inbox()).key == "event-0"
    await engine.close()
