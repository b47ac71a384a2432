"""Patches that were asked for together: they enter as one, and the set is told of till the last is over."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from contracts.commands import Place
from contracts.control import EndPatch, HoldPatch
from contracts.notices import EditSet, Notice, PostSet, SumUpSet
from contracts.patch import Together, content_hash
from contracts.ports import (
    DeliveryOutcome,
    MovedOnError,
    NewPatch,
    NewSet,
    PatchIdTakenError,
    Redirected,
    Sent,
    Settled,
    Settlement,
)
from contracts.records import Delivery, PatchSet
from contracts.states import PatchState
from tests.engine.given import FAILED, NOW, Desk, after, asked, message, patch_of, retry_at

SET = "s-1"
ASKED = message("10.0")
_SENT = Sent(ASKED)


def member(
    id_: str, domain: str, *, of: str = SET, text: str = "same", domains: Sequence[str], atomic: bool = False
) -> NewPatch:
    patch = replace(patch_of(text, domain), together=Together(tuple(domains), atomic))
    return replace(asked(id_, place=ASKED), patch=patch, content=content_hash(patch), set_id=of)


def members(*domains: str, of: str = SET, text: str = "same", atomic: bool = False) -> list[NewPatch]:
    return [
        member(f"{of}-{domain}", domain, of=of, text=text, domains=domains, atomic=atomic)
        for domain in domains
    ]


async def enter(
    desk: Desk, *patches: NewPatch, edited: bool = False, channel: str | None = "C0DEV"
) -> Settled:
    """Settle one message whose sets have their cards in its thread."""
    await desk.record()
    row = await desk.open_inbox()
    ids = dict.fromkeys(new.set_id for new in patches if new.set_id)
    sets = tuple(NewSet(id_, channel, ASKED.thread) for id_ in ids)
    settlement = Settlement(row.id, row.attempt, ASKED, patches, sets, edited=edited)
    settled = await desk.engine.inbox.settle(settlement, now=NOW)
    assert settled is not None
    return settled


async def set_of(desk: Desk, id_: str = SET) -> PatchSet:
    found = await desk.engine.ledger.patch_set(id_)
    assert found is not None
    return found


async def said(desk: Desk) -> list[Notice]:
    """All that waits to be sent, sent; what follows a card goes after it."""
    notices: list[Notice] = []
    while (letter := await desk.take()) is not None:
        notices.append(letter.notice)
        await end(desk, letter)
    return notices


async def end(desk: Desk, letter: Delivery, outcome: DeliveryOutcome = _SENT) -> None:
    assert await desk.engine.outbox.record(letter.id, letter.attempt, outcome, now=NOW)


async def test_the_patches_of_a_set_enter_their_lanes_and_know_it(desk: Desk) -> None:
    settled = await enter(desk, *members("web", "api"))
    assert settled.accepted == ("s-1-web", "s-1-api")
    assert (await desk.patch("s-1-api")).set_id == SET
    assert (await desk.patch("s-1-api")).patch.together == Together(("web", "api"))
    assert (await desk.patch("s-1-web")).state is PatchState.READY
    assert (await desk.patch("s-1-api")).state is PatchState.READY


async def test_members_are_in_the_order_of_the_domains_that_were_named(desk: Desk) -> None:
    api, web = members("api", "web", atomic=True)
    await enter(desk, web, api)
    found = await set_of(desk)
    assert [each.patch.domain for each in found.members] == ["api", "web"]
    assert (found.domains, found.atomic, found.card) == (("api", "web"), True, None)
    assert found.first.id == "s-1-api"


async def test_a_domain_that_kept_its_part_out_is_named_without_a_member(desk: Desk) -> None:
    web, _, docs = members("web", "api", "docs")
    await enter(desk, web, docs)
    found = await set_of(desk)
    assert found.domains == ("web", "api", "docs")
    assert [each.id for each in found.members] == ["s-1-web", "s-1-docs"]


async def test_there_is_no_set_of_another_name(desk: Desk) -> None:
    await enter(desk, *members("web", "api"))
    assert await desk.engine.ledger.patch_set("s-1-web") is None
    assert await desk.engine.ledger.patch(SET) is None


async def test_an_open_patch_of_equal_content_becomes_the_member(desk: Desk) -> None:
    await desk.settle(asked("p-1", "same", domain="web"))
    settled = await enter(desk, *members("web", "api"))
    assert (settled.accepted, settled.twins) == (("s-1-api",), ("p-1",))
    found = await set_of(desk)
    assert [each.id for each in found.members] == ["p-1", "s-1-api"]
    assert found.first.id == "s-1-api"
    assert (await desk.patch("p-1")).set_id == SET


async def test_a_set_that_brings_nothing_new_is_none(desk: Desk) -> None:
    await enter(desk, *members("web", "api"))
    again = await enter(desk, *members("web", "api", of="s-2"))
    assert (again.accepted, again.twins) == ((), ("s-1-web", "s-1-api"))
    assert await desk.engine.ledger.patch_set("s-2") is None


async def test_a_patch_says_the_set_that_it_came_with_though_others_count_it_too(desk: Desk) -> None:
    await enter(desk, *members("web", "api", of="s-9"))
    await enter(desk, *members("web", "docs", of="s-0"))
    assert (await desk.patch("s-9-web")).set_id == "s-9"
    assert [each.id for each in (await set_of(desk, "s-0")).members] == ["s-9-web", "s-0-docs"]


async def test_an_edit_that_adds_a_domain_begins_a_set_with_what_was_brought_before(desk: Desk) -> None:
    await enter(desk, *members("web", "api"))
    edited = await enter(desk, *members("web", "api", "docs", of="s-2"), edited=True)
    assert (edited.accepted, edited.twins) == (("s-2-docs",), ())
    assert [each.id for each in (await set_of(desk, "s-2")).members] == ["s-1-web", "s-1-api", "s-2-docs"]


@pytest.mark.parametrize("already", ["web", "api"])
async def test_an_atomic_set_does_not_enter_in_part(desk: Desk, already: str) -> None:
    await desk.settle(asked("p-1", "same", domain=already))
    await said(desk)
    with pytest.raises(MovedOnError):
        await enter(desk, *members("web", "api", atomic=True))
    assert await desk.engine.ledger.patch_set(SET) is None
    assert [await desk.engine.ledger.patch(f"s-1-{domain}") for domain in ("web", "api")] == [None, None]
    assert await said(desk) == []


async def test_an_edit_passes_over_an_atomic_set_that_its_message_brought(desk: Desk) -> None:
    await enter(desk, *members("web", "api", atomic=True))
    edited = await enter(desk, *members("web", "api", of="s-2", atomic=True), edited=True)
    assert edited == Settled((), ())


async def test_sets_and_patches_have_no_id_in_common(desk: Desk) -> None:
    await desk.settle(asked(SET, "another"))
    with pytest.raises(PatchIdTakenError):
        await enter(desk, *members("web", "api"))
    # The row that could not be settled is still held.
    await enter(desk, *members("web", "api", of="s-2"))
    with pytest.raises(PatchIdTakenError):
        await desk.settle(asked("s-2", "a third"))


async def test_what_there_is_of_a_content_is_known(desk: Desk) -> None:
    content = content_hash(patch_of("same", "web"))
    standing = desk.engine.ledger.standing
    assert await standing("web", content, None) is None
    await desk.settle(asked("p-1", "same", place=ASKED))
    here = await standing("web", content, ASKED)
    assert here is not None
    assert (here.twin, here.brought) == ("p-1", True)
    elsewhere = await standing("web", content, message("11.0"))
    assert elsewhere is not None
    assert (elsewhere.twin, elsewhere.brought) == ("p-1", False)
    await desk.finish(await desk.start())
    assert await standing("web", content, None) is None
    over = await standing("web", content, ASKED)
    assert over is not None
    assert (over.twin, over.brought) == (None, True)


async def test_a_set_is_named_by_its_id_for_who_depends_on_it(desk: Desk) -> None:
    await enter(desk, *members("web", "api"))
    assert [line.id for line in await desk.engine.ledger.named("S-1")] == ["s-1-web", "s-1-api"]


async def test_a_set_is_found_in_the_thread_of_its_card(desk: Desk) -> None:
    await enter(desk, *members("web", "api"))
    assert await desk.engine.ledger.sets_in_thread(ASKED) == ()
    await said(desk)
    assert await desk.engine.ledger.sets_in_thread(ASKED) == (SET,)
    assert await desk.engine.ledger.sets_in_thread(message("11.0")) == ()
    assert await desk.engine.ledger.in_thread(ASKED) == ()


# What is said of sets --------------------------------------------------------------------------
async def test_the_card_of_a_set_is_posted_where_it_was_asked_and_remembered(desk: Desk) -> None:
    await enter(desk, *members("web", "api"))
    letter = await desk.letter()
    assert letter.notice == PostSet(SET)
    assert (letter.channel, letter.thread) == ("C0DEV", ASKED.thread)
    await end(desk, letter, Sent(Place("C0DEV", "12.0", "10.0")))
    assert (await set_of(desk)).card == Place("C0DEV", "12.0", "10.0")


async def test_the_card_shows_every_change_of_a_member_and_the_last_end_sums_it_up_once(desk: Desk) -> None:
    await enter(desk, *members("web", "api"))
    assert await said(desk) == [PostSet(SET)]
    web = await desk.start()
    assert await said(desk) == [EditSet(SET)]
    api = await desk.start()
    await desk.finish(web, retry_at(after(5)))
    await desk.engine.lanes.tend(now=after(5))
    web = await desk.start(now=after(5))
    # What waits for the card says the same when it is sent.
    assert await said(desk) == [EditSet(SET)]
    await desk.finish(api)
    assert await said(desk) == [EditSet(SET)]
    await desk.finish(web, FAILED, now=after(6))
    assert await said(desk) == [SumUpSet(SET), EditSet(SET)]
    found = await set_of(desk)
    assert [each.state for each in found.members] == [PatchState.FAILED, PatchState.LANDED]
    assert found.open == ()
    assert await desk.engine.check() == ()


async def test_what_people_decide_about_a_member_shows_on_the_card_of_its_set(desk: Desk) -> None:
    await enter(desk, *members("web", "api"))
    await said(desk)
    await desk.engine.lanes.decide([HoldPatch("s-1-web", "Ann", "")], now=NOW)
    assert await said(desk) == [EditSet(SET)]
    ended = [EndPatch(f"s-1-{domain}", was, "Ann") for domain, was in zip(("web", "api"), _WAS, strict=True)]
    await desk.engine.lanes.decide(ended, now=NOW)
    assert await said(desk) == [SumUpSet(SET), EditSet(SET)]


_WAS = (PatchState.WAITING, PatchState.READY)


async def test_a_patch_that_stands_in_two_sets_shows_on_both_cards(desk: Desk) -> None:
    await enter(desk, *members("web", "api"))
    await enter(desk, *members("web", "docs", of="s-2"))
    await said(desk)
    await desk.start()
    assert await said(desk) == [EditSet(SET), EditSet("s-2")]


async def test_the_members_of_a_set_without_a_card_end_in_silence(desk: Desk) -> None:
    await enter(desk, *members("web", "api"), channel=None)
    await desk.finish(await desk.start())
    await desk.finish(await desk.start())
    assert await said(desk) == []


async def test_what_is_said_of_a_set_follows_its_card_into_another_channel(desk: Desk) -> None:
    await enter(desk, *members("web", "api"))
    await desk.start()
    card = await desk.letter()
    await end(desk, card, Redirected("C0OPS", "archived"))
    again = await desk.letter()
    assert (again.notice, again.channel, again.thread) == (PostSet(SET), "C0OPS", None)
    await end(desk, again, Sent(Place("C0OPS", "13.0", "13.0")))
    edit = await desk.letter()
    assert (edit.notice, edit.channel) == (EditSet(SET), "C0OPS")
