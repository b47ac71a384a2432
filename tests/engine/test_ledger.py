from contracts.outcome import Outcome
from contracts.ports import Counts
from contracts.records import LaneLine, PatchLine
from contracts.states import PatchState
from tests.engine.given import FAILED, GAVE_UP, LANDED, NOW, Desk, after, asked, card, edit, retry_at

ENDINGS: tuple[Outcome, ...] = (LANDED, FAILED, GAVE_UP, LANDED)


def line(
    id_: str, state: PatchState, position: int | None, *, domain: str = "web", seconds: int = 0
) -> PatchLine:
    return PatchLine(id_, domain, f"Say {id_}", "Ann", state, after(seconds), None, position)


async def test_an_unknown_patch_is_none(desk: Desk) -> None:
    assert await desk.engine.ledger.patch("none") is None


async def test_an_empty_store_counts_nothing(desk: Desk) -> None:
    ledger = desk.engine.ledger
    assert await ledger.counts() == Counts(0, 0, 0, 0, None)
    assert await ledger.states() == dict.fromkeys(PatchState, 0)
    assert await ledger.queue(["web"], limit=9) == ()
    assert await ledger.recent(["web"], limit=9) == ()
    assert await ledger.lanes(["web"]) == (LaneLine("web", 0, None, None, 0, 0, 0),)


async def test_the_queue_shows_open_patches_in_the_order_they_will_run(desk: Desk) -> None:
    await desk.settle(*(asked(f"p-{n}") for n in range(5)))
    await desk.finish(await desk.start(), retry_at(after(200)))
    await desk.finish(await desk.start(), retry_at(after(100)))
    await desk.start()
    assert await desk.engine.ledger.queue(["web"], limit=9) == (
        line("p-2", PatchState.RUNNING, 1),
        line("p-3", PatchState.WAITING, 2),
        line("p-4", PatchState.WAITING, 3),
        line("p-1", PatchState.WAITING, 4),
        line("p-0", PatchState.WAITING, 5),
    )


async def test_a_short_queue_shows_the_front_of_every_lane(desk: Desk) -> None:
    await desk.settle(*(asked(f"p-{n}", domain="web" if n < 5 else "api") for n in range(8)))
    shown = await desk.engine.ledger.queue(["web", "api", "none"], limit=5)
    assert [(each.id, each.position) for each in shown] == [
        ("p-0", 1),
        ("p-1", 2),
        ("p-2", 3),
        ("p-5", 1),
        ("p-6", 2),
    ]


async def test_recent_shows_the_latest_finished_of_all_named_domains(desk: Desk) -> None:
    for n, outcome in enumerate(ENDINGS):
        await desk.settle(asked(f"p-{n}", domain=("web", "api", "docs")[n % 3]))
        await desk.finish(await desk.start(), outcome, now=after(n))
    await desk.settle(asked("p-9"))
    shown = await desk.engine.ledger.recent(["web", "api"], limit=2)
    assert [(each.id, each.state, each.finished_at, each.position) for each in shown] == [
        ("p-3", PatchState.LANDED, after(3), None),
        ("p-1", PatchState.FAILED, after(1), None),
    ]
    assert len(await desk.engine.ledger.recent(["web", "api", "docs"], limit=9)) == 4


async def test_a_lane_at_a_glance(desk: Desk) -> None:
    for n, outcome in enumerate(ENDINGS):
        await desk.settle(asked(f"done-{n}"))
        await desk.finish(await desk.start(), outcome)
    for n in range(4):
        await desk.settle(asked(f"p-{n}"), now=after(n))
    await desk.finish(await desk.start(now=after(5)), retry_at(after(99)), now=after(5))
    await desk.settle(asked("a-0", domain="api"), now=after(7))
    api, web = await desk.engine.ledger.lanes(["api", "web"])
    assert api == LaneLine(
        "api", 0, line("a-0", PatchState.READY, 1, domain="api", seconds=7), after(7), 0, 0, 0
    )
    assert web == LaneLine("web", 3, line("p-1", PatchState.READY, 1, seconds=1), NOW, 2, 1, 1)


async def test_counts_tell_what_waits_everywhere(desk: Desk) -> None:
    await desk.settle(*(asked(f"p-{n}") for n in range(3)), asked("a-0", domain="api"))
    await desk.start()
    await desk.finish(await desk.start(), retry_at(after(99)))
    await desk.record()
    held = await desk.record()
    assert (await desk.open_inbox()).id < held
    await desk.put(card("p-0"), now=after(1))
    await desk.put(edit("p-0"), edit("p-1", "C0OPS"), now=after(2))
    assert await desk.engine.ledger.counts() == Counts(2, 3, 1, 3, after(1))
    assert (await desk.letter()).channel == "C0DEV"
    assert (await desk.letter()).channel == "C0OPS"
    assert await desk.engine.ledger.counts() == Counts(2, 3, 1, 3, after(1))


async def test_every_state_is_counted(desk: Desk) -> None:
    for n, outcome in enumerate(ENDINGS):
        await desk.settle(asked(f"done-{n}"))
        await desk.finish(await desk.start(), outcome)
    await desk.settle(*(asked(f"p-{n}", domain=f"d{n % 2}") for n in range(5)))
    await desk.start()
    assert await desk.engine.ledger.states() == dict.fromkeys(PatchState, 0) | {
        PatchState.WAITING: 3,
        PatchState.READY: 1,
        PatchState.RUNNING: 1,
        PatchState.LANDED: 2,
        PatchState.FAILED: 1,
        PatchState.QUARANTINED: 1,
    }
