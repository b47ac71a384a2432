"""The plan in Slack: the roadmap, and the form that changes a batch, all the way through the desk."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from bot.delivery.render import plan as forms
from bot.demo.peer import ADA, BEN, PATCHES, RANDOM, Mode
from contracts.plan import FULL, Batch, Key, Plan, Status, changed, with_batch
from contracts.plan_store import PlanChange, RiskChange
from contracts.register import Degree, Risk
from tests.desk.harness import Desk, desk_at_work, everything
from tests.desk.posts import writing
from tests.desk.test_questions import DESK, answered
from tests.engine.given import NOW
from tests.peer.faults import DeliveryFault
from tests.peer.journal import Kind

both_modes = pytest.mark.parametrize("mode", list(Mode))

PLAN = Plan(
    (
        Batch("b-1", "Foundations", Status.IN_PROGRESS, "P0", Decimal(50), owner="Ann", target="2026-12-01"),
        Batch("b-2", "Walls", Status.QUEUED, "P1", blockers=("b-1", "no bricks, yet")),
        Batch("b-3", "Roof", Status.NOT_STARTED, expected=Decimal(4)),
    )
)


async def planned(desk: Desk, plan: Plan = PLAN, *, by: str = "ann") -> None:
    kept = await desk.engine.plan.current()
    assert await desk.engine.plan.write(PlanChange(kept, plan, by), now=NOW)


async def form(
    desk: Desk, words: str = "roadmap edit", *, user: str = ADA.id, channel: str = PATCHES.id
) -> Any:
    """The form as it stands once it is filled."""
    before = len(desk.slack.proxy.effects("views.update"))
    await desk.slack.peer.command(channel, user, "/patch", words)
    await desk.slack.proxy.until(lambda: len(desk.slack.proxy.effects("views.update")) > before)
    [view] = (await desk.slack.peer.views()).stack
    return view


def entered(**fields: str | None) -> dict[str, dict[str, object]]:
    """The fields of the form for `b-1` as it is in PLAN, but for *fields*."""
    as_it_is = {
        "status": "in-progress",
        "progress": "50",
        "owner": "Ann",
        "targetDate": "2026-12-01",
        "blockers": None,
        "notes": None,
    }
    values: dict[str, dict[str, object]] = {}
    for name, value in {**as_it_is, **fields}.items():
        typed: dict[str, object] = {"type": "plain_text_input", "value": value}
        if name == Key.STATUS:
            typed = {"type": "static_select", "selected_option": option(str(value))}
        values[name] = {name: typed}
    return values


def option(value: str) -> dict[str, object]:
    return {"text": {"type": "plain_text", "text": value}, "value": value}


async def batch(desk: Desk, id_: str = "b-1") -> Batch:
    found = (await desk.engine.plan.current()).plan.batch(id_)
    assert found is not None
    return found


# Looking ---------------------------------------------------------------------------------------
async def test_the_roadmap_shows_every_batch_and_the_rule_of_the_overall_progress(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        assert "no batches yet" in await answered(desk, "roadmap")
        await planned(desk)
        said = await answered(desk, "roadmap")
        assert "22.2 % over all 3 batches" in said
        assert "(4 × 50 + 3 × 0 + 2 × 0) ÷ (4 × 1 + 3 × 1 + 2 × 1)" in said
        for piece in ("Foundations", "in progress", "Ann", "2026-12-01", "after b-1 and no bricks, yet"):
            assert piece in said
        assert "takes no patches" in await answered(desk, "roadmap", channel=RANDOM.id)


async def test_a_mention_is_answered_with_the_roadmap_in_its_thread(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        await planned(desk)
        ts = await desk.say(f"{DESK} roadmap")
        await desk.at_rest()
        [answer] = await desk.answers(ts)
        assert "Foundations" in answer


async def test_the_risks_are_listed_the_worst_first(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        assert "no risks" in await answered(desk, "risks")
        for risk in (
            Risk("r-1", "Drizzle", Degree.LOW, Degree.LOW),
            Risk("r-2", "Flood", Degree.MEDIUM, Degree.HIGH, "Pumps", "Ben"),
        ):
            assert await desk.engine.plan.write(RiskChange(risk, "ann"), now=NOW)
        said = await answered(desk, "risks")
        assert said.index("Flood") < said.index("Drizzle")
        assert "high (medium × high = 6)" in said
        assert "due for review" in said


async def test_progress_comes_from_the_patches_that_landed_where_nobody_said_it(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        await planned(desk)
        for name in ("one", "two"):
            await desk.say(writing(f"{name}.txt", title=name, batch="b-3"))
        await desk.finished(2)
        await desk.at_rest()
        assert "50 % *`b-3` Roof" in await answered(desk, "roadmap")
        assert "2 of 4 patches landed" in await answered(desk, "roadmap")


async def test_a_patch_for_a_batch_that_is_not_planned_lands_with_a_hint(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        await desk.say(writing("zero.txt", batch="b-33"))
        await desk.finished()
        await desk.at_rest()
        assert not any("`b-33`, which" in everything(post) for post in desk.posts())
        await planned(desk)
        ts = await desk.say(writing("one.txt", metadata={"batch": "b-33"}))
        await desk.finished(2)
        await desk.at_rest()
        assert any("names the batch `b-33`" in answer for answer in await desk.answers(ts))
        assert desk.origin.read("one.txt") == "new\n"
        assert await desk.engine.plan.landed() == {"b-33": 2}


# Changing --------------------------------------------------------------------------------------
@both_modes
async def test_a_batch_is_chosen_changed_and_the_channel_hears_of_it(tmp_path: Path, mode: Mode) -> None:
    async with desk_at_work(tmp_path, mode=mode) as desk:
        await planned(desk)
        first = await form(desk)
        assert first["callback_id"] == forms.CHOOSE
        chosen = {forms.BATCH: {forms.BATCH: {"type": "static_select", "selected_option": option("b-1")}}}
        [second] = (await desk.slack.peer.view_submit(ADA.id, chosen)).stack
        assert second["callback_id"] == forms.CHANGE
        assert "Foundations" in everything(second)

        done = entered(status="blocked", progress="60.5 %", blockers="rain\nno bricks, yet")
        submitted = await desk.slack.peer.view_submit(ADA.id, done)
        assert (submitted.stack, submitted.errors) == ((), {})
        await desk.at_rest()
        now = await batch(desk)
        assert (now.status, now.progress, now.blockers) == (
            Status.BLOCKED,
            Decimal("60.5"),
            ("rain", "no bricks, yet"),
        )
        edits = await desk.engine.plan.history(after=1)
        assert {edit.actor for edit in edits} == {ADA.real_name}
        [post] = desk.posts()
        assert post["channel"] == PATCHES.id
        assert f"<@{ADA.id}> has changed" in everything(post)
        assert "status: in progress → blocked" in everything(post)
        assert "progress: 50 % → 60.5 %" in everything(post)


async def test_a_named_batch_needs_no_choosing_and_its_fields_are_as_they_are(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        await planned(desk)
        view = await form(desk, "roadmap edit b-2")
        elements = {
            block["block_id"]: block["element"] for block in view["blocks"] if block["type"] == "input"
        }
        assert elements["status"]["initial_option"]["value"] == "queued"
        assert elements["blockers"]["initial_value"] == "b-1\nno bricks, yet"
        assert "Did you mean" in everything(await form(desk, "roadmap edit b-22"))


async def test_what_is_wrong_is_said_beside_its_field_and_nothing_is_recorded(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        await planned(desk)
        await form(desk, "roadmap edit b-1")
        wrong = entered(progress="140", targetDate="soon")
        refused = await desk.slack.peer.view_submit(ADA.id, wrong)
        assert set(refused.errors) == {"progress", "targetDate"}
        assert "from 0 to 100" in refused.errors["progress"]
        assert len(refused.stack) == 1
        assert "recorded" not in desk.points.passed
        assert (await desk.slack.peer.view_submit(ADA.id, entered(progress="70"))).errors == {}
        await desk.at_rest()
        assert (await batch(desk)).progress == Decimal(70)


async def test_what_somebody_else_changed_meanwhile_is_kept_and_a_clash_is_said(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        await planned(desk)
        await form(desk, "roadmap edit b-1")
        kept = await desk.engine.plan.current()
        owned = changed(kept.plan.batches[0], {Key.OWNER: "Ben", Key.STATUS: Status.DONE})
        await planned(desk, with_batch(kept.plan, owned), by="ben")

        clash = await desk.slack.peer.view_submit(ADA.id, entered(owner="Cem"))
        assert set(clash.errors) == {"owner"}
        assert "ben has changed owner" in clash.errors["owner"]

        assert (await desk.slack.peer.view_submit(ADA.id, entered(notes="Dig deeper"))).errors == {}
        await desk.at_rest()
        now = await batch(desk)
        assert (now.owner, now.status, now.notes, now.progress) == ("Ben", Status.DONE, "Dig deeper", FULL)


async def test_two_who_change_two_batches_at_once_lose_nothing(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        await planned(desk)
        await form(desk, "roadmap edit b-1")
        await desk.slack.peer.view_submit(ADA.id, entered(notes="from Ada"))
        kept = await desk.engine.plan.current()
        other = changed(kept.plan.batches[1], {Key.NOTES: "from Ben"})
        while not await desk.engine.plan.write(
            PlanChange(kept, with_batch(kept.plan, other), "ben"), now=NOW
        ):
            kept = await desk.engine.plan.current()
        await desk.at_rest()
        assert [(await batch(desk, id_)).notes for id_ in ("b-1", "b-2")] == ["from Ada", "from Ben"]


async def test_a_form_that_is_sent_twice_is_one_change(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        await planned(desk)
        await form(desk, "roadmap edit b-1")
        desk.slack.proxy.faults.add(DeliveryFault.duplicate(copies=5, kind=Kind.INTERACTION))
        await desk.slack.peer.view_submit(ADA.id, entered(progress="70"))
        await desk.at_rest()
        assert (await desk.engine.plan.current()).version == 2
        assert len(desk.posts()) == 1


async def test_only_submitters_of_the_channel_may_change_the_plan(tmp_path: Path) -> None:
    restricted = {"submitters": {"users": [ADA.id]}}
    async with desk_at_work(tmp_path, domains={"web": restricted}) as desk:
        await planned(desk)
        assert "may change the plan" in everything(await form(desk, user=BEN.id))
        assert "may change the plan" in everything(await form(desk, channel=RANDOM.id))
        assert (await form(desk))["callback_id"] == forms.CHOOSE


async def test_a_form_without_a_plan_says_so(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        assert "no plan yet" in everything(await form(desk))
