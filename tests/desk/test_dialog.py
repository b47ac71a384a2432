"""`/patch submit`: a form that is open at once, filled then, and loses nothing that was typed."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.delivery.render import dialogs
from bot.demo.peer import ADA, BEN, PATCHES, RANDOM, Mode
from bot.intake import slack as intake
from tests.desk.harness import Desk, desk_at_work, everything
from tests.desk.posts import BROKEN, DIFF
from tests.peer.faults import DeliveryFault, Fault
from tests.peer.journal import Kind

both_modes = pytest.mark.parametrize("mode", list(Mode))


async def opened(
    desk: Desk, words: str = "submit", *, user: str = ADA.id, channel: str = PATCHES.id
) -> dict[str, Any]:
    """The form as it stands once it is filled."""
    before = len(desk.slack.proxy.effects("views.update"))
    await desk.slack.peer.command(channel, user, "/patch", words)
    await desk.slack.proxy.until(lambda: len(desk.slack.proxy.effects("views.update")) > before)
    [view] = (await desk.slack.peer.views()).stack
    return view


def entered(patch: str, *, domain: str = "web", title: str | None = None) -> dict[str, dict[str, object]]:
    option = {"text": {"type": "plain_text", "text": domain}, "value": domain}
    return {
        dialogs.DOMAIN: {dialogs.DOMAIN: {"type": "static_select", "selected_option": option}},
        dialogs.TITLE: {dialogs.TITLE: {"type": "plain_text_input", "value": title}},
        dialogs.PATCH: {dialogs.PATCH: {"type": "plain_text_input", "value": patch}},
    }


@both_modes
async def test_what_is_entered_in_the_form_lands_and_the_channel_says_so(tmp_path: Path, mode: Mode) -> None:
    async with desk_at_work(tmp_path, mode=mode) as desk:
        await opened(desk)
        submitted = await desk.slack.peer.view_submit(ADA.id, entered(DIFF, title="Greet the desk"))
        assert (submitted.stack, submitted.errors) == ((), {})
        [patch] = await desk.finished()
        await desk.at_rest()
        assert desk.origin.read("hello.txt") == "hello\ndesk\n"
        assert desk.origin.log()[0] == "Greet the desk"
        assert desk.origin.author() == f"{ADA.real_name} <{ADA.email}>"
        card, summary = desk.posts()
        assert "thread_ts" not in card
        row = await desk.engine.ledger.patch(patch.id)
        assert row is not None
        assert row.card is not None
        assert summary["thread_ts"] == row.card.ts


async def test_the_form_is_open_before_the_desk_knows_who_asks(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        desk.slack.proxy.faults.add(Fault.slow("users.info", delay=timedelta(seconds=1)))
        await desk.slack.peer.command(PATCHES.id, ADA.id, "/patch", "submit")
        [loading] = (await desk.slack.peer.views()).stack
        assert "submit" not in loading or loading["submit"] is None
        await desk.slack.proxy.until(lambda: desk.slack.proxy.effects("views.update"))
        [form] = (await desk.slack.peer.views()).stack
        assert [block["block_id"] for block in form["blocks"]] == [
            dialogs.DOMAIN,
            dialogs.TITLE,
            dialogs.PATCH,
        ]


async def test_the_named_domain_is_chosen(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path, domains={"docs": {"channels": (PATCHES.id,)}}) as desk:
        form = await opened(desk, "submit docs")
        assert form["blocks"][0]["element"]["initial_option"]["value"] == "docs"


@both_modes
async def test_what_is_wrong_is_said_beside_the_field_and_nothing_is_lost(tmp_path: Path, mode: Mode) -> None:
    async with desk_at_work(tmp_path, mode=mode) as desk:
        await opened(desk)
        refused = await desk.slack.peer.view_submit(ADA.id, entered(BROKEN))
        assert set(refused.errors) == {dialogs.PATCH}
        assert "Line 5" in refused.errors[dialogs.PATCH]
        assert len(refused.stack) == 1
        assert "recorded" not in desk.points.passed

        mended = await desk.slack.peer.view_submit(ADA.id, entered(DIFF))
        assert mended.errors == {}
        await desk.finished()


async def test_who_may_not_submit_is_told_before_they_type(tmp_path: Path) -> None:
    restricted = {"submitters": {"users": [ADA.id]}}
    async with desk_at_work(tmp_path, domains={"web": restricted}) as desk:
        form = await opened(desk, user=BEN.id)
        assert "you are not among the people" in everything(form)
        elsewhere = await opened(desk, channel=RANDOM.id)
        assert "takes no patches in this channel" in everything(elsewhere)


async def test_a_form_that_slack_does_not_open_is_said_so(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        desk.slack.proxy.faults.add(Fault.error("views.open", "expired_trigger_id"))
        await desk.slack.peer.command(PATCHES.id, ADA.id, "/patch", "submit")
        [delivery] = desk.slack.proxy.deliveries(Kind.COMMAND)
        assert delivery.answer is not None
        assert "could not be opened: expired_trigger_id" in everything(delivery.answer)


async def test_a_form_that_takes_slack_too_long_is_said_so_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "_TRIGGER", timedelta(milliseconds=100))
    async with desk_at_work(tmp_path) as desk:
        desk.slack.proxy.faults.add(Fault.slow("views.open", delay=timedelta(milliseconds=500)))
        await desk.slack.peer.command(PATCHES.id, ADA.id, "/patch", "submit")
        [delivery] = desk.slack.proxy.deliveries(Kind.COMMAND)
        assert delivery.answer is not None
        assert "Slack took too long" in everything(delivery.answer)


async def test_a_form_for_somebody_slack_does_not_tell_of_just_now_says_so(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        desk.slack.proxy.faults.add(Fault.server_error("users.info"))
        assert "did not say who" in everything(await opened(desk))
        assert "domain" in everything(await opened(desk)).casefold()


async def test_a_form_that_could_not_be_filled_at_first_is_filled_all_the_same(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        desk.slack.proxy.faults.add(Fault.server_error("views.update"))
        form = await opened(desk)
        assert form["blocks"][0]["block_id"] == dialogs.DOMAIN


async def test_a_form_that_is_sent_twice_is_one_patch(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        await opened(desk)
        desk.slack.proxy.faults.add(DeliveryFault.duplicate(copies=9, kind=Kind.INTERACTION))
        await desk.slack.peer.view_submit(ADA.id, entered(DIFF))
        await desk.finished()
        await desk.at_rest()
        assert len(await desk.patches()) == 1
        assert len(desk.posts()) == 2
