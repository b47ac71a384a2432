"""People stop, hold, order and close what the desk does: on the card, in words, across a restart."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.delivery.render.cards import ACTIONS, APPROVE
from bot.demo.peer import ADA, BEN, PATCHES, RANDOM
from contracts.control import Closing, Priority
from contracts.course import Offer
from contracts.records import StoredPatch
from contracts.settings import FreezeSettings, GateSettings, SlackSettings
from contracts.states import PatchState
from tests.desk.harness import Desk, desk_at_work, everything
from tests.desk.origin import Origin
from tests.desk.posts import command_patch, fenced, writing
from tests.desk.test_crash import world

DESK = "<@U0PATCHDESK>"
_PATH = {"PATH": "/usr/bin:/bin"}
#: It ignores what asks it to end, and leaves something behind that is nobody's child any more.
STUBBORN = """
trap '' TERM INT HUP
( trap '' TERM INT HUP; setsid sh -c "trap '' TERM INT HUP; while :; do sleep 1; done" & ) &
while :; do sleep 1; done
"""


def gate(script: str) -> dict[str, Any]:
    return {"gates": [GateSettings(name="gate", run=("sh", "-c", script), env=_PATH)]}


#: Only a patch that brings this file is at its gates for long: until somebody stops it.
PATIENT = gate("if test -e slow.txt; then sleep 600; fi")


async def blocked(desk: Desk) -> StoredPatch:
    """The lane, by a patch that runs until it is stopped."""
    await desk.say(writing("slow.txt", title="blocks"))
    return await at_its_gates(desk, "blocks")


async def named(desk: Desk, title: str) -> StoredPatch | None:
    return next((row for row in await desk.patches() if row.patch.title == title), None)


async def in_state(desk: Desk, title: str, *states: PatchState) -> StoredPatch:
    async def reached() -> StoredPatch | None:
        row = await named(desk, title)
        return row if row is not None and row.state in states else None

    row = await desk.until(reached)
    assert row is not None
    return row


async def at_its_gates(desk: Desk, title: str) -> StoredPatch:
    async def there() -> StoredPatch | None:
        row = await named(desk, title)
        runs = row is not None and row.state is PatchState.RUNNING and row.card is not None
        return row if row and runs and row.steps and row.steps[-1].step == "gates" else None

    row = await desk.until(there)
    assert row is not None
    return row


async def card_of(desk: Desk, row: StoredPatch) -> dict[str, Any]:
    """Its message, once there is one."""

    async def posted() -> dict[str, Any] | None:
        now = await desk.engine.ledger.patch(row.id)
        if now is None or now.card is None or now.card.channel is None:
            return None
        root = now.card.thread or now.card.ts or ""
        found = await desk.slack.peer.thread(now.card.channel, root)
        return next((each for each in found if each["ts"] == now.card.ts), None)

    card = await desk.until(posted)
    assert card is not None
    return card


async def shows(desk: Desk, row: StoredPatch, words: str) -> None:
    async def shown() -> bool:
        return words in everything(await card_of(desk, row))

    await desk.until(shown)


def buttons(card: dict[str, Any]) -> list[str]:
    return [
        element["action_id"]
        for block in card["blocks"]
        if block["type"] == "actions"
        for element in block["elements"]
    ]


async def press(desk: Desk, row: StoredPatch, offer: Offer, *, user: str = BEN.id) -> None:
    async def offered() -> str | None:
        card = await card_of(desk, row)
        return card["ts"] if ACTIONS[offer] in buttons(card) else None

    ts = await desk.until(offered)
    assert ts is not None
    await desk.slack.peer.press(PATCHES.id, ts, user, ACTIONS[offer])


async def said(desk: Desk, ts: str, words: str) -> None:
    async def there() -> bool:
        return any(words in each for each in await desk.answers(ts))

    await desk.until(there)


async def said_in(desk: Desk, words: str, *, channel: str = PATCHES.id) -> None:
    async def there() -> bool:
        return any(words in everything(each) for each in await desk.slack.peer.messages(channel))

    await desk.until(there)


async def spoken(desk: Desk, words: str, *, user: str = BEN.id, thread: str | None = None) -> str:
    return await desk.say(f"{DESK} {words}", user=user, thread=thread)


async def closed(desk: Desk, *closings: Closing) -> None:
    async def so() -> bool:
        return [each.closing for each in await desk.engine.ledger.closed()] == list(closings)

    await desk.until(so)


# Stop ------------------------------------------------------------------------------------------
@pytest.mark.slow
async def test_a_stop_ends_whatever_the_gate_forked_and_ignored(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path, domains={"web": gate(STUBBORN)}) as desk:
        ts = await desk.say(writing("a.txt", title="stubborn"))
        row = await at_its_gates(desk, "stubborn")
        await shows(desk, row, "Stop")
        loop = asyncio.get_running_loop()
        began = loop.time()
        await press(desk, row, Offer.STOP)
        row = await in_state(desk, "stubborn", PatchState.STOPPED)
        assert loop.time() - began < 10
        assert [each for each in _processes() if "while :; do sleep 1; done" in each] == []
        await desk.at_rest()
        card = await card_of(desk, row)
        assert "Ben" in everything(card)
        assert "It had come to: gates." in everything(card)
        assert buttons(card) == [ACTIONS[Offer.REPLAY]]
        assert any("Ben" in each and "stopped it" in each for each in await desk.answers(ts))
        assert await desk.marks(ts) == ["x"]
        [lane] = await desk.engine.ledger.lanes(["web"])
        assert (lane.head, lane.waiting) == (None, 0)
        assert desk.origin.landed() == []


def _processes() -> list[str]:
    """Command lines of everything that runs."""
    lines = []
    for each in Path("/proc").iterdir():
        if each.name.isdecimal():
            with suppress(OSError):
                lines.append((each / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace"))
    return lines


async def test_the_word_stop_in_a_thread_means_its_patch_and_frees_the_lane(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path, domains={"web": PATIENT}) as desk:
        first = await blocked(desk)
        await desk.say(writing("b.txt", title="second"))
        await in_state(desk, "second", PatchState.WAITING)
        await card_of(desk, first)
        await spoken(desk, "stop", user=ADA.id, thread=first.place.ts)
        stopped = await in_state(desk, "blocks", PatchState.STOPPED)
        await in_state(desk, "second", PatchState.LANDED)
        await shows(desk, stopped, "stopped it")


async def test_who_is_no_submitter_is_told_so_privately_and_stops_nothing(tmp_path: Path) -> None:
    only_ada = {**PATIENT, "submitters": {"users": [ADA.id]}}
    async with desk_at_work(tmp_path, domains={"web": only_ada}) as desk:
        row = await blocked(desk)
        await shows(desk, row, "Stop")
        await press(desk, row, Offer.STOP, user=BEN.id)

        async def told() -> bool:
            calls = desk.slack.proxy.effects("chat.postEphemeral")
            return any(
                call.args["user"] == BEN.id and "Only who asked" in call.args["text"] for call in calls
            )

        await desk.until(told)
        assert (await in_state(desk, "blocks", PatchState.RUNNING)).stop_by is None
        await press(desk, row, Offer.STOP, user=ADA.id)
        await in_state(desk, "blocks", PatchState.STOPPED)


# Hold, order -----------------------------------------------------------------------------------
async def test_a_patch_on_hold_lets_others_go_until_it_is_resumed(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path, domains={"web": PATIENT}) as desk:
        runs = await blocked(desk)
        held = await desk.say(writing("b.txt", title="held"))
        row = await in_state(desk, "held", PatchState.WAITING)
        await shows(desk, row, "number 2 in line")
        await press(desk, row, Offer.HOLD)
        await shows(desk, row, "Held by Ben")
        assert buttons(await card_of(desk, row)) == [ACTIONS[Offer.RESUME], ACTIONS[Offer.CANCEL]]
        await said(desk, held, "put it on hold")
        await press(desk, runs, Offer.STOP)
        await desk.say(writing("c.txt", title="passes"))
        await in_state(desk, "passes", PatchState.LANDED)
        assert (await in_state(desk, "held", PatchState.WAITING)).hold is not None
        await press(desk, row, Offer.RESUME, user=ADA.id)
        await in_state(desk, "held", PatchState.LANDED)


async def test_a_waiting_patch_is_taken_back_with_a_click_and_its_message_says_so(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path, domains={"web": PATIENT}) as desk:
        runs = await blocked(desk)
        ts = await desk.say(writing("b.txt", title="not needed"))
        row = await in_state(desk, "not needed", PatchState.WAITING)
        await press(desk, row, Offer.CANCEL, user=ADA.id)
        await in_state(desk, "not needed", PatchState.CANCELLED)
        await press(desk, runs, Offer.STOP)
        await desk.at_rest()
        assert await desk.marks(ts) == ["x"]
        assert buttons(await card_of(desk, row)) == []
        assert desk.origin.landed() == []


async def test_a_slash_command_is_answered_to_whoever_said_it(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path, domains={"web": PATIENT}) as desk:
        row = await blocked(desk)
        await desk.slack.peer.command(PATCHES.id, ADA.id, "/patch", f"stop {row.id}")
        await in_state(desk, "blocks", PatchState.STOPPED)
        await desk.until(lambda: _whispered(desk, f"Done; the thread of `{row.id}` says so."))
        await desk.slack.peer.command(PATCHES.id, ADA.id, "/patch", f"hold {row.id} too late")
        await desk.until(lambda: _whispered(desk, f"That cannot be done with `{row.id}`"))


async def test_an_emergency_goes_first_and_a_word_makes_one(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path, domains={"web": PATIENT}) as desk:
        runs = await blocked(desk)
        await desk.say(writing("b.txt", title="normal"))
        await in_state(desk, "normal", PatchState.WAITING)
        await desk.say(writing("c.txt", title="later"))
        later = await in_state(desk, "later", PatchState.WAITING)
        await desk.say(writing("d.txt", title="fire", priority="emergency"))
        fire = await in_state(desk, "fire", PatchState.WAITING)
        assert fire.priority is Priority.EMERGENCY
        await spoken(desk, f"priority {later.id} high")
        await shows(desk, later, "priority high")
        await press(desk, runs, Offer.STOP)
        await desk.finished(4)
        assert desk.origin.log() == ["normal", "later", "fire", "Begin"]


async def test_a_patch_waits_for_another_domain_and_why_names_it(tmp_path: Path) -> None:
    api = {"channels": (PATCHES.id,), "repository": str(Origin.make(tmp_path / "api.git").path)}
    async with desk_at_work(tmp_path, domains={"api": api}) as desk:
        await spoken(desk, "pause api not yet")
        await closed(desk, Closing.PAUSED)
        change = {"op": "write", "path": "x.txt", "content": "x\n"}
        ts = await desk.say(
            fenced(
                command_patch(change, target="web", title="uses it", id="web-1", depends_on=["api-1"]),
                command_patch(change, target="api", title="offers it", id="api-1"),
            )
        )
        offers = await in_state(desk, "offers it", PatchState.WAITING)
        uses = await in_state(desk, "uses it", PatchState.WAITING)
        await shows(desk, uses, f"Waits for `{offers.id}` to land, which is waiting.")
        asked = await spoken(desk, f"why {uses.id}")
        await said(desk, asked, f"Waits for `{offers.id}` to land")
        await said(desk, asked, "no time of its own")
        asked = await spoken(desk, f"why {offers.id}")
        await said(desk, asked, "api is paused by Ben")
        await spoken(desk, "resume api")
        await in_state(desk, "uses it", PatchState.LANDED)
        await desk.at_rest()
        assert (await in_state(desk, "offers it", PatchState.LANDED)).patch.label == "api-1"
        assert await desk.marks(ts) == ["white_check_mark"]


async def test_blocks_that_wait_for_each_other_are_refused_with_the_circle(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        first, second = ({"op": "write", "path": name, "content": "x\n"} for name in ("a", "b"))
        ts = await desk.say(
            fenced(
                command_patch(first, title="one", id="one", depends_on="two"),
                command_patch(second, title="two", id="two", depends_on="one"),
            )
        )
        await said(desk, ts, "wait for each other")
        await desk.at_rest()
        assert await desk.patches() == []
        assert await desk.marks(ts) == ["x"]


# Domains ---------------------------------------------------------------------------------------
async def test_a_pause_outlives_the_desk_and_a_resume_ends_it(tmp_path: Path) -> None:
    async with world(tmp_path) as left:
        async with left.restarted() as desk:
            await spoken(desk, "pause web the build machine is away", user=ADA.id)
            await closed(desk, Closing.PAUSED)
            await said_in(desk, "paused web (the build machine is away)")
            await desk.say(writing("a.txt", title="patient"))
            row = await in_state(desk, "patient", PatchState.WAITING)
            await shows(desk, row, "web is paused by Ada")
        async with left.restarted() as desk:
            await desk.say(writing("b.txt", title="another"))
            await in_state(desk, "another", PatchState.WAITING)
            await in_state(desk, "patient", PatchState.WAITING)
            await spoken(desk, "resume web it is back")
            await desk.finished(2)
            assert desk.origin.log() == ["another", "patient", "Begin"]


async def test_a_draining_domain_carries_out_what_waits_and_refuses_what_is_new(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path, domains={"web": PATIENT}) as desk:
        runs = await blocked(desk)
        await desk.say(writing("b.txt", title="waits"))
        await in_state(desk, "waits", PatchState.WAITING)
        await spoken(desk, "drain web moving house")
        await closed(desk, Closing.DRAINING)
        ts = await desk.say(writing("c.txt", title="too late"))
        await said(desk, ts, "takes no new patches: Ben")
        await press(desk, runs, Offer.STOP)
        await in_state(desk, "waits", PatchState.LANDED)
        await desk.at_rest()
        assert await named(desk, "too late") is None
        assert await desk.marks(ts) == ["x"]


async def test_a_halt_gives_back_what_runs_before_its_next_step_and_unhalt_starts_it_anew(
    tmp_path: Path,
) -> None:
    operators = SlackSettings(operators=RANDOM.id)
    async with desk_at_work(tmp_path, domains={"web": PATIENT}, slack=operators) as desk:
        row = await blocked(desk)
        here = await spoken(desk, "halt fire")
        await desk.until(lambda: _whispered(desk, "Only the desk's operators"))
        assert await desk.engine.ledger.closed() == (), here
        await desk.say(f"{DESK} halt something is very wrong", user=BEN.id, channel=RANDOM.id)
        await closed(desk, Closing.HALTED)
        given_back = await in_state(desk, "blocks", PatchState.WAITING)
        assert given_back.id == row.id
        await shows(desk, row, "The desk is halted by Ben")
        await said_in(desk, "halted the desk (something is very wrong)")
        await desk.say(f"{DESK} unhalt", user=BEN.id, channel=RANDOM.id)
        again = await at_its_gates(desk, "blocks")
        assert again.attempt == 2
        await press(desk, again, Offer.STOP)
        await in_state(desk, "blocks", PatchState.STOPPED)
        assert desk.origin.landed() == []


async def _whispered(desk: Desk, words: str) -> bool:
    return any(words in call.args["text"] for call in desk.slack.proxy.effects("chat.postEphemeral"))


@pytest.mark.slow
async def test_a_freeze_in_words_ends_by_itself(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        await spoken(desk, "freeze web until 3s release")
        await closed(desk, Closing.FROZEN)
        await desk.say(writing("a.txt", title="frozen"))
        row = await in_state(desk, "frozen", PatchState.WAITING)
        await shows(desk, row, "web is frozen by Ben")
        landed = await in_state(desk, "frozen", PatchState.LANDED)
        assert landed.started_at is not None
        assert landed.started_at - row.accepted_at > timedelta(0)
        assert await desk.engine.ledger.closed() == ()
        await said_in(desk, "The freeze of web is over (release).")


async def test_a_window_of_the_settings_freezes_and_nobody_opens_it_by_a_word(tmp_path: Path) -> None:
    always = FreezeSettings.model_validate({"why": "no releases now", "months": ["jan:dec"]})
    async with desk_at_work(tmp_path, domains={"web": {"freeze": (always,)}}) as desk:
        await closed(desk, Closing.FROZEN)
        await desk.say(writing("a.txt", title="frozen"))
        row = await in_state(desk, "frozen", PatchState.WAITING)
        await shows(desk, row, "web is frozen by its settings")
        await spoken(desk, "unfreeze web")
        await desk.until(lambda: _whispered(desk, "is frozen by its settings until"))
        await closed(desk, Closing.FROZEN)


async def test_only_a_hotfix_that_somebody_else_approved_goes_through_a_freeze(tmp_path: Path) -> None:
    always = FreezeSettings.model_validate({"why": "no releases now", "months": ["jan:dec"]})
    async with desk_at_work(tmp_path, domains={"web": {"freeze": (always,)}}) as desk:
        await closed(desk, Closing.FROZEN)
        await desk.say(writing("a.txt", title="ordinary"))
        await in_state(desk, "ordinary", PatchState.WAITING)
        await desk.say(writing("b.txt", title="urgent", hotfix=True))
        row = await in_state(desk, "urgent", PatchState.PROPOSED)
        await shows(desk, row, "Approve")
        card = await card_of(desk, row)
        await desk.slack.peer.press(PATCHES.id, card["ts"], BEN.id, APPROVE)
        await in_state(desk, "urgent", PatchState.LANDED)
        await in_state(desk, "ordinary", PatchState.WAITING)
        assert desk.origin.log() == ["urgent", "Begin"]


# Replay ----------------------------------------------------------------------------------------
async def test_what_was_stopped_is_replayed_with_a_click_as_a_patch_of_its_own(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path, domains={"web": PATIENT}) as desk:
        row = await blocked(desk)
        await press(desk, row, Offer.STOP, user=ADA.id)
        await in_state(desk, "blocks", PatchState.STOPPED)
        await shows(desk, row, "Replay")
        await press(desk, row, Offer.REPLAY)

        async def replayed() -> StoredPatch | None:
            found = [each for each in await desk.patches() if each.patch.replays == row.id]
            return found[0] if found else None

        new = await desk.until(replayed)
        assert new is not None
        assert (new.patch.changeset, new.actor.name) == (row.patch.changeset, BEN.real_name)
        assert new.patch.author is not None
        assert new.patch.author.name == row.actor.name
        assert row.place.ts is not None
        await said(desk, row.place.ts, f"replayed it as `{new.id}`")
        await shows(desk, new, f"replays `{row.id}`")
        await press(desk, new, Offer.STOP)
        await desk.finished(2)
