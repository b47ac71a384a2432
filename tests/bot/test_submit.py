"""The one door: what follows from an inbox row, and that it is written once."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import submit
from bot.submit import LEASE, PATIENCE, Asked, Submitter, Trouble, plan
from contracts.commands import (
    Actor,
    ActorKind,
    Command,
    Help,
    Ignore,
    Part,
    PartKind,
    Place,
    Question,
    Queue,
    Show,
    Source,
    Status,
    Submit,
)
from contracts.faults import Fault, Reason, fault
from contracts.notices import Answer, Deny, Mark, Misunderstood, PostCard, Reject, Twin
from contracts.patch import Together
from contracts.ports import Engine, NewEvent, NewSet, Sent, Settlement
from contracts.records import InboxRow
from contracts.settings import DomainSettings, Settings, SlackSettings, Submitters
from contracts.states import InboxState, PatchState
from executor.engine import open_engine

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
HERE = Place("C0HERE", "1.1", "1.0")
ADA = Actor(ActorKind.PERSON, "U0ADA", "Ada", "ada@example.com")
AGENT = Actor(ActorKind.BOT, "B0AGENT", "agent", "")
OPERATOR = Actor(ActorKind.OPERATOR, "root", "root", "root@localhost")
SETTINGS = Settings(
    domains={
        "web": DomainSettings(channels=("C0HERE",)),
        "docs": DomainSettings(channels=("C0DOCS", "C0HERE")),
        "ops": DomainSettings(channels=("C0HERE",), submitters=Submitters(users=frozenset({"U0BEN"}))),
    },
    slack=SlackSettings(allow_bots={"C0HERE": frozenset({"B0AGENT"})}),
)


def row(source: Source = Source.SLACK, *, attempt: int = 1, payload: bytes = b"") -> InboxRow:
    return InboxRow(7, source, "key", payload, NOW, InboxState.RECORDED, attempt)


def patch(target: str | list[str] = "web", path: str = "a.txt", **fields: object) -> Part:
    block = {
        "role": "command_patch",
        "target": target,
        **fields,
        "mutations": [{"op": "write", "path": path, "content": "x"}],
    }
    return Part(PartKind.FENCE, json.dumps(block).encode())


def ids() -> Callable[[], str]:
    numbers = itertools.count(1)
    return lambda: f"id{next(numbers):06}"


def planned(
    command: Command | Fault, *, actor: Actor = ADA, place: Place = HERE, source: Source = Source.SLACK
) -> Settlement:
    return plan(row(source), Asked(actor, place, command), SETTINGS, ids())


def submitted(
    *parts: Part, actor: Actor = ADA, place: Place = HERE, source: Source = Source.SLACK, **how: object
) -> Settlement:
    return planned(Submit(parts, **{"addressed": False} | how), actor=actor, place=place, source=source)  # type: ignore[arg-type]


# Deciding ----------------------------------------------------------------------------------------
def test_an_accepted_patch_gets_its_card_in_the_thread_and_its_message_a_mark() -> None:
    [new] = submitted(patch()).patches
    assert (new.id, new.patch.domain, new.actor, new.place) == ("id000001", "web", ADA, HERE)
    mark, card = new.told
    assert (mark.notice, mark.channel) == (Mark(7), "C0HERE")
    assert (card.notice, card.channel, card.thread) == (PostCard("id000001"), "C0HERE", "1.0")
    assert new.twin_to is not None
    assert (new.twin_to.notice, new.twin_to.thread) == (Twin("", 1), "1.0")


def test_each_block_is_a_patch_with_an_id_of_its_own() -> None:
    settlement = submitted(patch(path="a"), patch(path="b"))
    assert [(new.id, new.patch.block) for new in settlement.patches] == [("id000001", 1), ("id000002", 2)]


def test_a_block_for_several_domains_is_a_set_with_an_id_and_a_place_of_its_own() -> None:
    settlement = submitted(patch("web", "a"), patch(["web", "docs"], "b"))
    single, web, docs = settlement.patches
    assert (single.id, single.set_id) == ("id000001", None)
    assert (web.set_id, docs.set_id) == ("id000002", "id000002")
    assert (web.id, docs.id) == ("id000003", "id000004")
    assert settlement.sets == (NewSet("id000002", "C0HERE", "1.0"),)


def test_a_domain_that_one_may_not_submit_to_is_left_out_of_a_set() -> None:
    settlement = submitted(patch(["ops", "web"]))
    [web] = settlement.patches
    assert (web.patch.domain, web.set_id, settlement.rejected) == ("web", "id000001", 0)
    assert web.patch.together == Together(("ops", "web"))
    [told] = settlement.told
    assert isinstance(told.notice, Deny)


def test_of_an_atomic_set_nothing_is_left_out_but_all_of_it() -> None:
    settlement = submitted(patch(["ops", "web"], atomic=True))
    assert (settlement.patches, settlement.sets, settlement.rejected) == ((), (), 1)
    _, answer, told = settlement.told
    assert isinstance(answer.notice, Reject)
    [rejection] = answer.notice.rejections
    assert [(each.reason, each.args["domains"]) for each in rejection.faults] == [
        (Reason.SET_KEPT_WHOLE, "ops")
    ]
    assert isinstance(told.notice, Deny)


def test_a_set_from_the_command_line_has_its_card_in_the_first_channel() -> None:
    settlement = submitted(patch(["docs", "web"]), actor=OPERATOR, place=Place(), source=Source.CLI)
    assert settlement.sets == (NewSet("id000001", "C0DOCS", None),)


def test_broken_blocks_are_answered_together_and_counted() -> None:
    broken = Part(PartKind.FENCE, b'{"role": "command_patch", "mutations": [')
    settlement = submitted(broken, patch(), broken)
    assert settlement.rejected == 2
    mark, reject = settlement.told
    assert mark.notice == Mark(7)
    assert isinstance(reject.notice, Reject)
    assert [rejection.block for rejection in reject.notice.rejections] == [1, 3]
    assert len(settlement.patches) == 1


def test_an_attachment_that_could_not_be_had_is_a_rejected_block() -> None:
    lost = fault(Reason.DOWNLOAD_FAILED, name="fix.diff", detail="HTTP 404")
    settlement = submitted(patch(), unread=(lost,))
    [_, reject] = settlement.told
    assert isinstance(reject.notice, Reject)
    [rejection] = reject.notice.rejections
    assert (rejection.block, rejection.name, rejection.faults) == (2, "fix.diff", (lost,))


def test_chatter_is_settled_with_nothing_said() -> None:
    assert submitted(Part(PartKind.FENCE, b"print(1)\n")) == Settlement(7, 1, HERE)
    assert planned(Ignore("why")) == Settlement(7, 1, HERE)


def test_who_may_not_is_told_privately_once_and_it_is_remembered() -> None:
    settlement = submitted(patch("ops", "a"), patch("ops", "b"), patch("web"))
    [told] = settlement.told
    assert isinstance(told.notice, Deny)
    assert (told.notice.user, told.notice.fault.reason) == ("U0ADA", Reason.NOT_A_SUBMITTER)
    assert [(entry.actor, entry.action) for entry in settlement.audit] == [("U0ADA", "denied")] * 2
    assert [new.patch.domain for new in settlement.patches] == ["web"]
    assert settlement.rejected == 0


def test_a_bot_that_is_not_listed_is_not_heard_at_all() -> None:
    stranger = Actor(ActorKind.BOT, "B0EVIL", "evil", "")
    assert submitted(patch(), actor=stranger) == Settlement(7, 1, HERE)
    assert planned(Help(), actor=stranger) == Settlement(7, 1, HERE)
    assert len(submitted(patch(), actor=AGENT).patches) == 1


@pytest.mark.parametrize("question", [Help(), Status(), Status("web"), Queue(), Show("abc")])
def test_a_question_is_answered_where_it_was_asked(question: Question) -> None:
    [told] = planned(question).told
    assert (told.notice, told.channel, told.thread) == (Answer(question, "U0ADA"), "C0HERE", "1.0")


def test_words_that_are_no_command_are_answered_too() -> None:
    unknown = fault(Reason.UNKNOWN_COMMAND, words="dance", suggestion="")
    [told] = planned(unknown).told
    assert told.notice == Misunderstood("U0ADA", unknown)


def test_what_came_over_the_form_has_its_card_in_the_channel_it_was_opened_in() -> None:
    opened_in = Place("C0HERE")
    [new] = submitted(patch(), place=opened_in, source=Source.MODAL, domain="web").patches
    [card] = new.told
    assert (card.notice, card.channel, card.thread) == (PostCard("id000001"), "C0HERE", None)


def test_what_came_from_the_command_line_has_its_card_in_the_domains_channel() -> None:
    [new] = submitted(patch(), actor=OPERATOR, place=Place(), source=Source.CLI).patches
    [card] = new.told
    assert (card.channel, card.thread) == ("C0HERE", None)


def test_where_nobody_listens_a_rejection_is_only_counted() -> None:
    broken = Part(PartKind.WHOLE, b"{")
    settlement = submitted(broken, actor=OPERATOR, place=Place(), source=Source.CLI, addressed=True)
    assert (settlement.rejected, settlement.told) == (1, ())


def test_an_edit_is_settled_as_one() -> None:
    assert submitted(patch(), edited=True).edited
    assert not submitted(patch()).edited


# Doing -------------------------------------------------------------------------------------------
@dataclass
class Script:
    """A reader that gives what it is told to, in order; an event is waited for."""

    answers: list["Scripted"]
    read: int = 0

    def place(self, payload: bytes) -> Place:
        return HERE

    async def __call__(self, payload: bytes) -> Asked | Trouble:
        answer = self.answers[min(self.read, len(self.answers) - 1)]
        self.read += 1
        match answer:
            case Exception():
                raise answer
            case asyncio.Event():
                await answer.wait()
                raise AssertionError("nobody sets it")
            case Asked() | Trouble():
                return answer


Scripted = Asked | Trouble | Exception | asyncio.Event


@dataclass
class Door:
    engine: Engine
    now: datetime = NOW
    points: list[str] = field(default_factory=list)

    async def record(self, key: str = "k") -> None:
        await self.engine.inbox.record(NewEvent(Source.SLACK, key, b"{}"), now=self.now)

    def submitter(self, *answers: "Scripted", new_id: Callable[[], str] | None = None) -> Submitter:
        return Submitter(
            self.engine,
            SETTINGS,
            {Source.SLACK: Script(list(answers))},
            clock=lambda: self.now,
            new_patch_id=new_id or ids(),
            jitter=lambda: 0.5,
            reached=self.points.append,
        )

    async def said(self) -> list[object]:
        """The notices that wait to be sent, as they would be taken."""
        found: list[object] = []
        while delivery := await self.engine.outbox.claim(
            now=self.now, lease=timedelta(minutes=1), busy_channels=frozenset(), busy_methods=frozenset()
        ):
            found.append(delivery.notice)
            await self.engine.outbox.record(delivery.id, delivery.attempt, Sent(), now=self.now)
        return found


@pytest.fixture
async def door(tmp_path: Path) -> AsyncIterator[Door]:
    engine = await open_engine(f"sqlite:///{tmp_path}/desk.db", identity="test")
    yield Door(engine)
    await engine.close()


async def test_a_turn_without_work_says_so(door: Door) -> None:
    assert await door.submitter().turn() is False


async def test_a_row_is_read_decided_and_settled_once(door: Door) -> None:
    await door.record()
    submitter = door.submitter(Asked(ADA, HERE, Submit((patch(),), addressed=False)))
    assert await submitter.turn() is True
    assert await submitter.turn() is False
    assert door.points == ["inbox-claimed", "settled"]
    stored = await door.engine.ledger.patch("id000001")
    assert stored is not None
    assert stored.state is PatchState.READY


async def test_an_id_that_is_taken_is_replaced_by_another(door: Door) -> None:
    def submission(path: str) -> Asked:
        return Asked(ADA, HERE, Submit((patch(path=path),), addressed=False))

    await door.record("one")
    await door.submitter(submission("a"), new_id=lambda: "same").turn()
    await door.record("two")
    drawn: Iterator[str] = iter(["same", "other"])
    await door.submitter(submission("b"), new_id=lambda: next(drawn)).turn()
    assert {line.id for line in await door.engine.ledger.queue(["web"], limit=9)} == {"same", "other"}


async def test_passing_trouble_is_tried_again_later(door: Door) -> None:
    await door.record()
    trouble = Trouble(fault(Reason.SENDER_UNREAD, detail="HTTP 503"))
    submitter = door.submitter(trouble, Asked(ADA, HERE, Help()))
    assert await submitter.turn() is True
    assert await submitter.turn() is False
    door.now += PATIENCE.first
    assert await submitter.turn() is True
    assert door.points == ["inbox-claimed", "inbox-claimed", "settled"]


async def test_trouble_that_does_not_pass_is_told_to_the_sender(door: Door) -> None:
    await door.record()
    why = fault(Reason.DOWNLOAD_FAILED, name="fix.diff", detail="HTTP 503")
    submitter = door.submitter(Trouble(why))
    for _ in range(PATIENCE.attempts):
        assert await submitter.turn() is True
        door.now += PATIENCE.most
    assert await submitter.turn() is False
    [told] = [notice for notice in await door.said() if isinstance(notice, Reject)]
    assert told.rejections[0].faults == (why,)
    [(_, entry)] = await door.engine.ledger.audit(limit=5)
    assert entry.action == "unreadable"


async def test_a_row_that_brings_the_desk_down_every_time_is_told_to_the_sender_in_the_end(
    door: Door,
) -> None:
    await door.record()
    submitter = door.submitter(ZeroDivisionError())
    for _ in range(PATIENCE.attempts):
        with pytest.raises(ZeroDivisionError):
            await submitter.turn()
        door.now += LEASE
    assert await submitter.turn() is True
    [told] = [notice for notice in await door.said() if isinstance(notice, Reject)]
    assert told.rejections[0].faults[0].reason is Reason.DESK_CRASHED


async def test_reading_that_hangs_is_given_up_before_the_lease_ends(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert submit.READING_WITHIN < LEASE
    monkeypatch.setattr(submit, "READING_WITHIN", timedelta(milliseconds=10))
    await door.record()
    submitter = door.submitter(asyncio.Event())
    assert await submitter.turn() is True
    assert door.points == ["inbox-claimed"]
    door.now += PATIENCE.first
    assert await submitter.turn() is True
