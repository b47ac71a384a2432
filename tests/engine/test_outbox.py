from contracts.commands import Place
from contracts.faults import Reason, Rejection, fault
from contracts.notices import (
    Deny,
    EditCard,
    Mark,
    NewDelivery,
    PostCard,
    Reject,
    TellOperators,
    UploadLog,
    WriteSummary,
)
from contracts.ports import AuditEntry, Buried, Doubtful, Postponed, Redirected, Sent
from contracts.records import Delivery
from tests.engine.given import LEASE, NOW, Desk, after, asked, card, edit, summary

REF = Place("C0DEV", "111.222")


async def drain(desk: Desk) -> list[Delivery]:
    """Everything that can be sent now, sent one after the other."""
    sent = []
    while (letter := await desk.take()) is not None:
        assert await desk.engine.outbox.record(letter.id, letter.attempt, Sent(REF), now=NOW)
        sent.append(letter)
    return sent


def tell(channel: str, detail: str = "x") -> NewDelivery:
    return NewDelivery(TellOperators(fault(Reason.DESK_ERROR, detail=detail)), channel)


async def test_a_delivery_comes_back_as_it_was_put(desk: Desk) -> None:
    rejection = Rejection(2, (fault(Reason.BAD_JSON, line=3, column=4, detail="no"),), "a.json")
    await desk.put(NewDelivery(Reject((rejection,)), "C0DEV", "1.5"), now=after(1.000001))
    letter = await desk.letter(now=after(2))
    assert letter.notice == Reject((rejection,))
    assert (letter.channel, letter.thread, letter.attempt, letter.unsure) == ("C0DEV", "1.5", 1, False)
    assert (letter.created_at, letter.first_tried_at, letter.progress) == (after(1.000001), after(2), None)


async def test_a_sent_delivery_is_never_offered_again(desk: Desk) -> None:
    await desk.put(tell("C0DEV"))
    assert len(await drain(desk)) == 1
    assert await desk.take(now=after(9999)) is None


async def test_every_delivery_has_a_key_of_its_own_that_stays(desk: Desk) -> None:
    await desk.put(*(tell(f"C0{n}") for n in range(5)))
    letters = [await desk.letter() for _ in range(5)]
    assert len({letter.key for letter in letters}) == 5
    again = await desk.letter(now=NOW + LEASE)
    assert again.key == letters[0].key


async def test_finals_go_before_progress_and_the_oldest_first(desk: Desk) -> None:
    await desk.put(edit("p-1"), NewDelivery(Mark(1), "C0DEV"), tell("C0DEV", "one"), tell("C0DEV", "two"))
    sent = [letter.notice for letter in await drain(desk)]
    assert sent == [tell("C0DEV", "one").notice, tell("C0DEV", "two").notice, EditCard("p-1"), Mark(1)]


async def test_a_channel_is_never_in_two_hands(desk: Desk) -> None:
    await desk.put(tell("C0DEV"), edit("p-1"), tell("C0OPS"))
    first, second = await desk.letter(), await desk.letter()
    assert (first.channel, second.channel) == ("C0DEV", "C0OPS")
    assert await desk.take() is None
    await desk.engine.outbox.record(first.id, first.attempt, Sent(), now=NOW)
    assert (await desk.letter()).notice == EditCard("p-1")


async def test_what_goes_nowhere_in_slack_may_be_in_many_hands(desk: Desk) -> None:
    await desk.put(NewDelivery(WriteSummary("p-1"), None), NewDelivery(WriteSummary("p-2"), None))
    letters = [await desk.letter(), await desk.letter()]
    assert [letter.notice for letter in letters] == [WriteSummary("p-1"), WriteSummary("p-2")]
    assert {letter.channel for letter in letters} == {None}


async def test_a_busy_channel_takes_no_post_but_edits_and_reactions(desk: Desk) -> None:
    deny = NewDelivery(Deny("U0EVE", fault(Reason.NOT_A_SUBMITTER, domain="web")), "C0DEV")
    await desk.put(tell("C0DEV"), deny, NewDelivery(UploadLog("p-1", "lint"), "C0DEV"), edit("p-1"))
    busy = frozenset({"C0DEV"})
    letter = await desk.take(channels=busy)
    assert letter is not None
    assert letter.notice == EditCard("p-1")
    await desk.engine.outbox.record(letter.id, letter.attempt, Sent(), now=NOW)
    assert await desk.take(channels=busy) is None
    assert len(await drain(desk)) == 3


async def test_a_busy_method_is_passed_over(desk: Desk) -> None:
    await desk.put(tell("C0DEV"), tell("C0OPS"), edit("p-1"))
    letter = await desk.take(methods=frozenset({"chat.postMessage"}))
    assert letter is not None
    assert letter.notice == EditCard("p-1")
    assert await desk.take(methods=frozenset({"chat.postMessage"})) is None


async def test_equal_notices_that_wait_together_are_one(desk: Desk) -> None:
    await desk.put(edit("p-1"), edit("p-2"), edit("p-1"))
    await desk.put(edit("p-1"), NewDelivery(Mark(1), "C0DEV"), NewDelivery(Mark(1), "C0DEV"))
    assert [letter.notice for letter in await drain(desk)] == [EditCard("p-1"), EditCard("p-2"), Mark(1)]


async def test_notices_that_do_not_coalesce_are_each_sent(desk: Desk) -> None:
    await desk.put(tell("C0DEV"), tell("C0DEV"))
    assert len(await drain(desk)) == 2


async def test_an_edit_that_comes_while_another_is_sent_follows_it(desk: Desk) -> None:
    await desk.put(edit("p-1"))
    held = await desk.letter()
    await desk.put(edit("p-1"))
    await desk.put(edit("p-1"))
    await desk.engine.outbox.record(held.id, held.attempt, Sent(), now=NOW)
    assert len(await drain(desk)) == 1


async def test_a_postponed_edit_swallows_the_one_that_came_meanwhile(desk: Desk) -> None:
    await desk.put(edit("p-1"))
    held = await desk.letter()
    await desk.put(edit("p-1"))
    assert await desk.engine.outbox.record(held.id, held.attempt, Postponed(after(5), "429"), now=NOW)
    assert (await desk.engine.ledger.counts()).outbox == 1
    assert await desk.take(now=after(4)) is None
    again = await desk.letter(now=after(5))
    assert (again.id, again.attempt) == (held.id, 2)


async def test_a_postponed_delivery_comes_back_in_its_time_and_is_not_unsure(desk: Desk) -> None:
    await desk.put(tell("C0DEV"), tell("C0OPS"))
    held = await desk.letter()
    await desk.engine.outbox.record(held.id, held.attempt, Postponed(after(5), "429"), now=NOW)
    assert (await desk.letter(now=after(4))).channel == "C0OPS"
    assert await desk.take(now=after(4)) is None
    again = await desk.letter(now=after(5))
    assert (again.id, again.attempt, again.unsure, again.first_tried_at) == (held.id, 2, False, NOW)


async def test_a_doubtful_delivery_comes_back_unsure_in_its_time(desk: Desk) -> None:
    await desk.put(tell("C0DEV"))
    held = await desk.letter()
    await desk.engine.outbox.record(held.id, held.attempt, Doubtful(after(5), "reset"), now=NOW)
    assert await desk.take(now=after(4)) is None
    again = await desk.letter(now=after(5))
    assert (again.id, again.attempt, again.unsure) == (held.id, 2, True)
    await desk.engine.outbox.record(again.id, again.attempt, Postponed(after(6), "not there"), now=after(5))
    assert not (await desk.letter(now=after(6))).unsure


async def test_a_lease_that_ran_out_while_sending_leaves_the_delivery_unsure(desk: Desk) -> None:
    await desk.put(tell("C0DEV"))
    held = await desk.letter()
    assert await desk.take(now=after(29)) is None
    again = await desk.letter(now=after(30))
    assert (again.id, again.attempt, again.unsure, again.first_tried_at) == (held.id, 2, True, NOW)


async def test_a_woken_deliverer_changes_nothing(desk: Desk) -> None:
    await desk.put(tell("C0DEV"))
    zombie = await desk.letter()
    holder = await desk.letter(now=after(30))
    outbox = desk.engine.outbox
    entry = AuditEntry("desk", "late", "")
    assert not await outbox.note(zombie.id, zombie.attempt, "half")
    assert not await outbox.record(
        zombie.id, zombie.attempt, Buried("gone"), now=NOW, told=(tell("C0OPS"),), audit=(entry,)
    )
    assert (await desk.engine.ledger.counts()).outbox == 1
    assert await desk.engine.ledger.audit(limit=9) == ()
    assert await outbox.record(holder.id, holder.attempt, Sent(), now=after(31))
    assert not await outbox.record(holder.id, holder.attempt, Sent(), now=after(31))


async def test_progress_is_remembered_for_the_next_try(desk: Desk) -> None:
    await desk.put(NewDelivery(UploadLog("p-1", "lint"), "C0DEV"))
    held = await desk.letter()
    assert await desk.engine.outbox.note(held.id, held.attempt, "uploaded F123")
    assert (await desk.letter(now=after(30))).progress == "uploaded F123"


async def test_followers_wait_until_the_card_is_sent(desk: Desk) -> None:
    await desk.settle(asked("p-1"))
    await desk.put(card("p-1"), summary("p-1", "C0OTHER"), edit("p-1", "C0OTHER"), card("p-2", "C0THIRD"))
    held = await desk.letter()
    assert held.notice == PostCard("p-1")
    assert (await desk.letter()).notice == PostCard("p-2")
    assert await desk.take() is None
    await desk.put(summary("p-1", "C0FOURTH"))
    assert await desk.take() is None
    await desk.engine.outbox.record(held.id, held.attempt, Sent(REF), now=NOW)
    assert [letter.channel for letter in await drain(desk)] == ["C0OTHER", "C0FOURTH", "C0OTHER"]
    assert (await desk.patch("p-1")).card == REF


async def test_a_patch_without_a_card_keeps_nothing_waiting(desk: Desk) -> None:
    await desk.put(summary("p-1"))
    assert len(await drain(desk)) == 1


async def test_what_follows_a_posted_card_goes_at_once(desk: Desk) -> None:
    await desk.put(card("p-1"))
    await drain(desk)
    await desk.put(summary("p-1"))
    assert len(await drain(desk)) == 1


async def test_a_buried_card_lets_its_followers_go(desk: Desk) -> None:
    await desk.settle(asked("p-1"))
    await desk.put(card("p-1"), summary("p-1", "C0OTHER"))
    held = await desk.letter()
    await desk.engine.outbox.record(held.id, held.attempt, Buried("channel_not_found"), now=NOW)
    assert len(await drain(desk)) == 1
    assert (await desk.patch("p-1")).card is None


async def test_a_card_in_doubt_keeps_its_followers_waiting(desk: Desk) -> None:
    await desk.put(card("p-1"), summary("p-1", "C0OTHER"))
    held = await desk.letter()
    await desk.engine.outbox.record(held.id, held.attempt, Doubtful(after(5), "reset"), now=NOW)
    assert await desk.take(now=after(4)) is None
    assert (await desk.letter(now=after(5))).notice == PostCard("p-1")


async def test_a_redirected_card_takes_its_followers_along(desk: Desk) -> None:
    await desk.settle(asked("p-1"))
    await desk.put(card("p-1", thread="1.0"), summary("p-1", thread="1.0"))
    held = await desk.letter()
    assert await desk.engine.outbox.note(held.id, held.attempt, "half")
    assert await desk.engine.outbox.record(
        held.id, held.attempt, Redirected("C0OPS", "is_archived"), now=NOW, told=(tell("C0OPS"),)
    )
    await desk.put(edit("p-1"), NewDelivery(Mark(1), "C0DEV"))
    redirected = await desk.letter()
    assert (redirected.id, redirected.channel, redirected.thread) == (held.id, "C0OPS", None)
    assert (redirected.progress, redirected.attempt) == (None, 2)
    ref = Place("C0OPS", "9.9")
    await desk.engine.outbox.record(redirected.id, redirected.attempt, Sent(ref), now=NOW)
    assert (await desk.patch("p-1")).card == ref
    places = {type(letter.notice).__name__: (letter.channel, letter.thread) for letter in await drain(desk)}
    assert places == {
        "PostSummary": ("C0OPS", None),
        "TellOperators": ("C0OPS", None),
        "EditCard": ("C0OPS", None),
        "Mark": ("C0DEV", None),
    }


async def test_any_other_redirected_delivery_goes_alone(desk: Desk) -> None:
    await desk.put(tell("C0DEV", "one"), tell("C0DEV", "two"))
    held = await desk.letter()
    await desk.engine.outbox.record(held.id, held.attempt, Redirected("C0OPS", "is_archived"), now=NOW)
    assert sorted((letter.channel or "", letter.id) for letter in await drain(desk)) == [
        ("C0DEV", held.id + 1),
        ("C0OPS", held.id),
    ]


async def test_what_is_told_and_noted_comes_with_the_record(desk: Desk) -> None:
    await desk.put(tell("C0DEV"))
    held = await desk.letter()
    entry = AuditEntry("desk", "dead-channel", "C0DEV")
    await desk.engine.outbox.record(
        held.id, held.attempt, Buried("is_archived"), now=after(3), told=(tell("C0OPS"),), audit=(entry,)
    )
    assert (await desk.letter()).channel == "C0OPS"
    assert await desk.engine.ledger.audit(limit=9) == ((after(3), entry),)
