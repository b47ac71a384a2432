"""A desk in a process of its own, to be watched or killed.

`python -m tests.engine.another_process URL VERB N` prints a line whenever VERB has returned.
"""

import asyncio
import sys
from dataclasses import replace

from contracts.alerts.store import Watermark
from contracts.notices import NewDelivery, WriteSummary
from executor.engine import open_engine
from tests.engine.alerted import Watch, alert
from tests.engine.given import NOW, Desk, asked, card, summary


async def record(desk: Desk, number: int) -> None:
    await desk.record(f"event-{number}")


async def settle(desk: Desk, number: int) -> None:
    """Three patches and six notices."""
    names = [f"p-{number}-{part}" for part in "abc"]
    told = [delivery for name in names for delivery in (card(name), summary(name))]
    await desk.settle(*(asked(name, domain=f"d{number % 3}") for name in names), told=told)


async def carry_out(desk: Desk, number: int) -> None:
    """One patch from its event to its end."""
    await desk.settle(asked(f"p-{number}"))
    ended = NewDelivery(WriteSummary(f"p-{number}"), None)
    await desk.finish(await desk.start(), told=(ended,))


async def observe(desk: Desk, number: int) -> None:
    """Two alerts in a group each, and how far its reader has come."""
    watch = Watch(desk.engine.alerts)
    seen = [watch.seen(alert(name), name) for name in "AB"]
    renamed = [replace(each, new_groups=(f"a-{number}-{part}",)) for part, each in enumerate(seen)]
    mark = Watermark("rows", number, number + 1)
    await desk.engine.alerts.observe("desk", renamed, now=NOW, mark=mark)


async def drain(desk: Desk, number: int) -> None:
    """Carry out whatever is there, as one of several; a line for each patch."""
    while (claimed := await desk.claim()) is not None:
        assert await desk.finish(claimed)
        print(claimed.id, flush=True)


async def main(url: str, verb: str, many: int) -> None:
    engine = await open_engine(url, identity="another")
    desk = Desk(engine)
    verbs = {"record": record, "settle": settle, "carry-out": carry_out, "drain": drain, "observe": observe}
    for number in range(many):
        await verbs[verb](desk, number)
        print(number, flush=True)
    await engine.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
