import asyncio
from dataclasses import replace

import pytest

from contracts.commands import Help, Place, Source
from contracts.notices import Answer, Mark, NewDelivery, PostCard, Twin
from contracts.ports import AuditEntry, Engine, NewEvent, PatchIdTakenError, Settlement
from contracts.records import MessageStanding
from contracts.states import InboxState, PatchState
from tests.engine.given import LANDED, LEASE, NOW, Desk, after, asked, card, message


async def test_fifty_deliveries_of_one_event_make_one_row(engine: Engine) -> None:
    event = NewEvent(Source.SLACK, "Ev1", b"first")
    again = NewEvent(Source.SLACK, "Ev1", b"a later copy")
    recorded = await asyncio.gather(
        engine.inbox.record(event, now=NOW), *(engine.inbox.record(again, now=NOW) for _ in range(49))
    )
    assert [each.fresh for each in recorded] == [True, *[False] * 49]
    assert len({each.id for each in recorded}) == 1
    row = await engine.inbox.claim(now=NOW, lease=LEASE)
    assert row is not None
    assert row.payload == b"first"
    assert await engine.inbox.claim(now=NOW, lease=LEASE) is None


async def test_a_key_is_unique_within_its_source_only(engine: Engine) -> None:
    slack = await engine.inbox.record(NewEvent(Source.SLACK, "same", b""), now=NOW)
    cli = await engine.inbox.record(NewEvent(Source.CLI, "same", b""), now=NOW)
    assert cli.fresh
    assert cli.id != slack.id


async def test_a_recorded_event_comes_back_as_it_was_recorded(engine: Engine) -> None:
    await engine.inbox.record(NewEvent(Source.MODAL, "V1", bytes(range(256))), now=after(0.123456))
    row = await engine.inbox.claim(now=after(1), lease=LEASE)
    assert row is not None
    assert (row.source, row.key, row.payload) == (Source.MODAL, "V1", bytes(range(256)))
    assert (row.received_at, row.state, row.attempt) == (after(0.123456), InboxState.RECORDED, 1)


async def test_the_oldest_event_is_claimed_first_and_several_may_be_held(desk: Desk) -> None:
    ids = [await desk.record() for _ in range(3)]
    assert [(await desk.open_inbox()).id for _ in range(3)] == ids
    assert await desk.engine.inbox.claim(now=NOW, lease=LEASE) is None


async def test_an_event_whose_lease_ran_out_is_offered_again_before_younger_ones(desk: Desk) -> None:
    first, second = await desk.record(), await desk.record()
    held = await desk.open_inbox()
    again = await desk.open_inbox(now=NOW + LEASE)
    assert (held.id, again.id) == (first, first)
    assert (held.attempt, again.attempt) == (1, 2)
    assert (await desk.open_inbox(now=NOW + LEASE)).id == second


async def test_a_postponed_event_waits_for_its_time(desk: Desk) -> None:
    first, second = await desk.record(), await desk.record()
    held = await desk.open_inbox()
    assert await desk.engine.inbox.postpone(held.id, held.attempt, until=after(60))
    assert (await desk.open_inbox(now=after(59))).id == second
    assert await desk.engine.inbox.claim(now=after(59), lease=LEASE) is None
    assert (await desk.open_inbox(now=after(60))).id == first


async def test_only_the_attempt_that_holds_an_event_postpones_it(desk: Desk) -> None:
    await desk.record()
    zombie = await desk.open_inbox()
    holder = await desk.open_inbox(now=after(31))
    assert not await desk.engine.inbox.postpone(zombie.id, zombie.attempt, until=after(99))
    assert await desk.engine.inbox.postpone(holder.id, holder.attempt, until=after(99))


async def test_racing_attempts_settle_an_event_once(desk: Desk) -> None:
    await desk.record()
    slow = await desk.open_inbox()
    quick = await desk.open_inbox(now=after(31))
    settlements = [
        Settlement(row.id, row.attempt, message("1.0"), (replace(asked("p-1"), id=f"p-{row.attempt}"),))
        for row in (slow, quick, slow, quick)
    ]
    settled = await asyncio.gather(
        *(desk.engine.inbox.settle(settlement, now=after(32)) for settlement in settlements)
    )
    assert [each and each.accepted for each in settled] == [None, ("p-2",), None, None]
    assert await desk.engine.inbox.claim(now=after(999), lease=LEASE) is None


async def test_a_settled_patch_comes_back_as_it_was_asked(desk: Desk) -> None:
    new = asked("p-1", "héllo \0 \N{SNOWMAN}")
    await desk.settle(new, now=after(0.000001))
    kept = await desk.patch("p-1")
    assert kept.patch == new.patch
    assert kept.actor == new.actor
    assert (kept.source, kept.place, kept.accepted_at) == (new.source, new.place, after(0.000001))
    assert (kept.state, kept.attempt, kept.steps, kept.report, kept.card) == (
        PatchState.READY,
        0,
        (),
        None,
        None,
    )


async def test_settling_says_what_goes_with_it(desk: Desk) -> None:
    place = message("1.0")
    new = replace(asked("p-1"), told=(NewDelivery(Mark(1), "C0DEV"), card("p-1")))
    answer = NewDelivery(Answer(Help(), "U0ANN"), "C0DEV", "1.0")
    await desk.settle(new, place=place, told=(answer,))
    said = [letter.notice for letter in [await desk.take(), await desk.take()] if letter]
    assert said == [PostCard("p-1")]  # its channel is held now
    assert (await desk.engine.ledger.counts()).outbox == 3


async def test_a_settlement_that_raises_leaves_nothing(desk: Desk) -> None:
    await desk.settle(asked("p-1", "one"))
    await desk.record()
    row = await desk.open_inbox()
    before = await desk.engine.ledger.counts()
    taken = Settlement(
        row.id,
        row.attempt,
        message("2.0"),
        (replace(asked("p-2", "two"), told=(card("p-2"),)), asked("p-1", "three")),
        told=(card("p-9"),),
        audit=(AuditEntry("desk", "refused", "x"),),
    )
    with pytest.raises(PatchIdTakenError, match="p-1"):
        await desk.engine.inbox.settle(taken, now=NOW)
    assert await desk.engine.ledger.counts() == before
    assert await desk.engine.ledger.patch("p-2") is None
    assert await desk.engine.ledger.audit(limit=9) == ()
    again = replace(taken, patches=(taken.patches[0], asked("p-3", "three")))
    settled = await desk.engine.inbox.settle(again, now=NOW)
    assert settled is not None
    assert settled.accepted == ("p-2", "p-3")


async def test_content_that_is_open_in_its_domain_is_answered_with_the_first(desk: Desk) -> None:
    await desk.settle(asked("p-1", "same"))
    settled = await desk.settle(asked("p-2", "same"))
    assert (settled.accepted, settled.twins) == ((), ("p-1",))
    assert await desk.engine.ledger.patch("p-2") is None
    assert (await desk.letter()).notice == Twin("p-1", 1)


async def test_content_that_runs_is_still_open(desk: Desk) -> None:
    await desk.settle(asked("p-1", "same"))
    await desk.start()
    assert (await desk.settle(asked("p-2", "same"))).twins == ("p-1",)


async def test_the_second_of_two_equal_patches_of_one_message_is_a_twin_of_the_first(desk: Desk) -> None:
    settled = await desk.settle(asked("p-1", "same"), asked("p-2", "same"), asked("p-3", "other"))
    assert (settled.accepted, settled.twins) == (("p-1", "p-3"), ("p-1",))


async def test_equal_content_of_another_domain_is_no_twin(desk: Desk) -> None:
    settled = await desk.settle(asked("p-1", "same"), asked("p-2", "same", domain="api"))
    assert settled.accepted == ("p-1", "p-2")


async def test_content_is_taken_again_once_the_first_is_finished(desk: Desk) -> None:
    await desk.settle(asked("p-1", "same"))
    await desk.finish(await desk.start())
    assert (await desk.settle(asked("p-2", "same"))).accepted == ("p-2",)


async def test_a_twin_nobody_is_told_of_is_still_not_queued(desk: Desk) -> None:
    await desk.settle(asked("p-1", "same"))
    settled = await desk.settle(replace(asked("p-2", "same"), twin_to=None))
    assert settled.twins == ("p-1",)
    assert (await desk.engine.ledger.counts()).outbox == 0


@pytest.mark.parametrize("finished", [False, True])
async def test_an_edit_passes_over_what_its_message_brought_before(desk: Desk, *, finished: bool) -> None:
    place = message("1.0")
    await desk.settle(asked("p-1", "kept", place=place))
    if finished:
        await desk.finish(await desk.start(), LANDED)
    edited = await desk.settle(
        asked("p-2", "kept", place=place), asked("p-3", "added", place=place), edited=True
    )
    assert (edited.accepted, edited.twins) == (("p-3",), ())
    assert await desk.take() is None


async def test_an_edit_passes_over_what_its_message_brought_as_a_twin(desk: Desk) -> None:
    place = message("2.0")
    await desk.settle(asked("p-1", "same", place=message("1.0")))
    await desk.settle(asked("p-2", "same", place=place))
    assert (await desk.letter()).notice == Twin("p-1", 1)
    edited = await desk.settle(asked("p-3", "same", place=place), edited=True)
    assert (edited.accepted, edited.twins) == ((), ())


async def test_an_edit_that_says_a_new_thing_twice_has_one_twin(desk: Desk) -> None:
    place = message("1.0")
    edited = await desk.settle(
        asked("p-1", "new", place=place), asked("p-2", "new", place=place), edited=True
    )
    assert (edited.accepted, edited.twins) == (("p-1",), ("p-1",))


async def test_what_another_message_brought_is_news_in_an_edit(desk: Desk) -> None:
    await desk.settle(asked("p-1", "same", place=message("1.0")))
    await desk.finish(await desk.start())
    edited = await desk.settle(asked("p-2", "same", place=message("2.0")), edited=True)
    assert edited.accepted == ("p-2",)


async def test_how_a_message_stands_is_known_once_it_is_settled(desk: Desk) -> None:
    inbox_id = await desk.record()
    assert await desk.engine.ledger.inbox_of(inbox_id) is None
    row = await desk.open_inbox()
    place = Place("C0DEV", "1.0", "0.5")
    settlement = Settlement(row.id, row.attempt, place, (asked("p-1"), asked("p-2")), rejected=3)
    await desk.engine.inbox.settle(settlement, now=NOW)
    await desk.finish(await desk.start())
    states = (PatchState.LANDED, PatchState.READY)
    assert await desk.engine.ledger.inbox_of(inbox_id) == MessageStanding(place, states, 3, ("p-1", "p-2"))
    assert await desk.engine.ledger.inbox_of(inbox_id + 1) is None


async def test_a_settlement_remembers_what_no_row_shows(desk: Desk) -> None:
    for number in range(3):
        await desk.record()
        row = await desk.open_inbox()
        entry = AuditEntry("U0EVE", "deny", f"not a submitter {number}")
        await desk.engine.inbox.settle(
            Settlement(row.id, row.attempt, Place(), audit=(entry,)), now=after(number)
        )
    latest = await desk.engine.ledger.audit(limit=2)
    assert [(at, entry.detail) for at, entry in latest] == [
        (after(2), "not a submitter 2"),
        (after(1), "not a submitter 1"),
    ]
