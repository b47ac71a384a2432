"""What follows from the form that changes a batch: who may, what is wrong, what is written."""

from dataclasses import replace
from decimal import Decimal

import pytest

from bot.planning import Edited, Planner, edited
from contracts.commands import Actor, ActorKind, EditBatch, Place, Source
from contracts.faults import Reason
from contracts.notices import Deny, TellPlan
from contracts.plan import Batch, Key, Plan, Status, changed, with_batch
from contracts.plan_store import PlanChange
from contracts.ports import Engine
from contracts.records import InboxRow
from contracts.settings import DomainSettings, Settings, SlackSettings, Submitters
from contracts.states import InboxState
from executor.engine import open_engine
from tests.engine.given import NOW

ADA = Actor(ActorKind.PERSON, "U0ADA", "Ada Okafor", "ada@example.com")
HERE, OPERATORS = Place("C0DEV"), Place("C0OPS")
SETTINGS = Settings(
    domains={
        "web": DomainSettings(channels=("C0DEV",), submitters=Submitters(users=frozenset({"U0ADA"}))),
        "docs": DomainSettings(
            channels=("C0DEV", "C0DOCS"), submitters=Submitters(users=frozenset({"U0BEN"}))
        ),
    },
    slack=SlackSettings(operators="C0OPS"),
)
PLAN = Plan((Batch("b-1", "Foundations", Status.IN_PROGRESS, progress=Decimal(40)),))
ROW = InboxRow(1, Source.ACTION, "k", b"", NOW, InboxState.RECORDED, 1)


@pytest.fixture
async def engine(tmp_path: object) -> object:
    opened = await open_engine(f"sqlite:///{tmp_path}/desk.db", identity="store-1")
    await opened.plan.write(PlanChange(await opened.plan.current(), PLAN, "ann"), now=NOW)
    yield opened
    await opened.close()


def edit(batch: str = "b-1", version: int = 1, **fields: str) -> EditBatch:
    return EditBatch(batch, version, fields)


async def decided(
    engine: Engine, command: EditBatch, *, actor: Actor = ADA, place: Place = HERE
) -> tuple[tuple[object, ...], tuple[object, ...]]:
    """The changes, and what is told."""
    settlement = await Planner(engine.plan, SETTINGS).decide(ROW, actor, place, command)
    return settlement.changes, tuple(delivery.notice for delivery in settlement.told)


async def refused(engine: Engine, command: EditBatch, **asked: object) -> Reason:
    changes, [told] = await decided(engine, command, **asked)  # type: ignore[arg-type]
    assert changes == ()
    assert isinstance(told, Deny)
    return told.fault.reason


async def test_a_change_is_written_by_name_and_told_to_the_channel(engine: Engine) -> None:
    [change], told = await decided(engine, edit(status="blocked", progress="40"))
    assert isinstance(change, PlanChange)
    assert (change.before.version, change.actor) == (1, "Ada Okafor")
    assert change.after.batches[0].status is Status.BLOCKED
    assert told == (TellPlan(2, "b-1", "U0ADA"),)


async def test_a_form_that_says_what_is_so_already_changes_nothing(engine: Engine) -> None:
    assert await decided(engine, edit(status="in-progress", progress="40 %", owner="")) == ((), ())


@pytest.mark.parametrize(
    ("actor", "place", "may"),
    [
        (ADA, HERE, True),
        (replace(ADA, id="U0BEN"), HERE, True),
        (replace(ADA, id="U0CEM"), HERE, False),
        (ADA, Place("C0DOCS"), False),
        (ADA, Place("C0ELSE"), False),
        (ADA, Place(), False),
        (replace(ADA, id="U0CEM"), OPERATORS, True),
        (replace(ADA, kind=ActorKind.BOT), HERE, False),
        (replace(ADA, kind=ActorKind.OPERATOR), Place(), True),
    ],
)
async def test_submitters_of_any_domain_of_the_channel_may_and_operators(
    engine: Engine, actor: Actor, place: Place, may: bool
) -> None:
    changes, _ = await decided(engine, edit(owner="Ada"), actor=actor, place=place)
    assert bool(changes) is may


@pytest.mark.parametrize(
    ("command", "reason"),
    [
        (edit("b-2", owner="Ada"), Reason.UNKNOWN_BATCH),
        (edit(progress="140"), Reason.PLAN_OUT_OF_RANGE),
        (edit(status="maybe"), Reason.PLAN_BAD_WORD),
    ],
)
async def test_what_cannot_be_is_told_to_the_person_alone(
    engine: Engine, command: EditBatch, reason: Reason
) -> None:
    assert await refused(engine, command) is reason


async def test_what_another_changed_meanwhile_is_a_clash_only_in_the_same_field(engine: Engine) -> None:
    kept = await engine.plan.current()
    after = with_batch(kept.plan, changed(kept.plan.batches[0], {Key.OWNER: "Ben"}))
    assert await engine.plan.write(PlanChange(kept, after, "ben"), now=NOW)
    assert await refused(engine, edit(owner="Cem")) is Reason.PLAN_CLASH
    done = await edited(edit(owner="", status="done"), engine.plan)
    assert isinstance(done, Edited)
    assert done.changes == {Key.STATUS: Status.DONE}
    assert done.batch.owner == "Ben"


async def test_everything_that_is_wrong_is_found_field_by_field(engine: Engine) -> None:
    wrong = await edited(edit(progress="x", targetDate="soon", blockers="\n".join("x" * 21)), engine.plan)
    assert isinstance(wrong, dict)
    assert {key: each.reason for key, each in wrong.items()} == {
        Key.PROGRESS: Reason.WRONG_TYPE,
        Key.TARGET: Reason.PLAN_BAD_DATE,
        Key.BLOCKERS: Reason.PLAN_TOO_MANY,
    }
