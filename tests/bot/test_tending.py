"""What people do about alerts is decided on the rows as they are when it is written, and written once."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.submit import AT_ONCE, Asked, Submitter, Trouble
from contracts.alerts.model import (
    EntryKind,
    Group,
    GroupChange,
    GroupState,
    Observation,
    Placement,
    Seen,
    Spoken,
)
from contracts.alerts.settings import AlertSettings
from contracts.commands import (
    Acknowledge,
    AcknowledgeAll,
    Act,
    Actor,
    ActorKind,
    EndDuty,
    EndSilence,
    MakeSilence,
    Place,
    Resolve,
    Source,
    TakeDuty,
    Tending,
)
from contracts.faults import Fault, Reason, fault
from contracts.notices import Confirm, Deed, Deny, Done, Misunderstood, Notice, TellDeed
from contracts.ports import Engine, NewEvent, Sent, Settled, Settlement
from contracts.settings import DomainSettings, Settings, SlackSettings
from executor.engine import open_engine

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
HERE, OPS = Place("C0HERE"), Place("C0OPS")
SETTINGS = Settings(
    domains={"web": DomainSettings(channels=("C0HERE",))}, slack=SlackSettings(operators="C0OPS")
)
ALERTS = AlertSettings.model_validate(
    {
        "route": {"channel": "domain", "chain": "none"},
        "chains": {"none": []},
        "people": {"ann": {"slack": "U0ANN"}, "cyd": {"slack": "U0CYD"}},
        "schedules": {"web": {"layers": [{"people": ["cyd"], "start": "2025-12-29"}]}},
    }
)
ANN = Actor(ActorKind.PERSON, "U0ANN", "Ann", "ann@example.org")
BEN = Actor(ActorKind.PERSON, "U0BEN", "Ben", "ben@example.org")
ROOT = Actor(ActorKind.OPERATOR, "root", "root", "root@localhost")

Given = Act | Tending | Fault


@dataclass
class Desk:
    """A store, and a door through which what is *asked* comes in."""

    engine: Engine
    asked: list[Asked | Trouble] = field(default_factory=list)
    now: datetime = NOW

    def place(self, payload: bytes) -> Place:
        return Place(json.loads(payload)["channel"])

    async def __call__(self, payload: bytes) -> Asked | Trouble:
        return self.asked[-1]

    async def does(
        self, command: Given, actor: Actor = ANN, place: Place = HERE, *, source: Source = Source.ACTION
    ) -> list[Notice]:
        """What is said because of it."""
        self.asked.append(Asked(actor, place, command))
        payload = json.dumps({"channel": place.channel}).encode()
        event = NewEvent(source, f"key-{len(self.asked)}", payload)
        await self.engine.inbox.record(event, now=self.now)
        assert await self.submitter.turn()
        return await self.said()

    async def said(self) -> list[Notice]:
        """Everything that waits to be said, taken off the outbox."""
        said: list[Notice] = []
        nobody: frozenset[str] = frozenset()
        while True:
            delivery = await self.engine.outbox.claim(
                now=self.now, lease=timedelta(hours=1), busy_channels=nobody, busy_methods=nobody
            )
            if delivery is None:
                return said
            said.append(delivery.notice)
            await self.engine.outbox.record(delivery.id, delivery.attempt, Sent(), now=self.now)

    @property
    def submitter(self) -> Submitter:
        ids = iter(f"s{len(self.asked)}{letter}" for letter in "abcdefgh")
        return Submitter(
            self.engine,
            SETTINGS,
            {Source.ACTION: self, Source.SLACK: self},
            clock=lambda: self.now,
            new_patch_id=lambda: next(ids),
            jitter=lambda: 0.0,
            alerts=ALERTS,
        )

    async def fires(self, name: str = "PatchFailed", domain: str = "web") -> Group:
        labels = {"alertname": name, "domain": domain}
        observed = Observation({**labels, "severity": "warning"}, fault(Reason.NO_MUTATIONS), self.now)
        placement = Placement(f"{{}}:{name}{domain}", "{}", labels)
        seen = Seen(observed, (placement,), (f"a-{name}{domain}".casefold(),), inhibits=False)
        await self.engine.alerts.observe("test", [seen], now=self.now)
        group = await self.group(f"a-{name}{domain}".casefold())
        await self.write(replace(group, state=GroupState.FIRING, spoken=Spoken(self.now, 1, 1)))
        return await self.group(group.id)

    async def write(self, after: Group) -> None:
        change = GroupChange(after.version, after, (), ())
        assert await self.engine.alerts.write([change], now=self.now) == (True,)

    async def group(self, group: str) -> Group:
        found = await self.engine.alerts.group(group)
        assert found is not None
        return found

    async def audit(self) -> list[tuple[str, str, str]]:
        return [(each.actor, each.action, each.detail) for _, each in await self.engine.ledger.audit(limit=9)]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    engine = await open_engine(f"sqlite:///{tmp_path}/desk.db", identity="test")
    try:
        yield Desk(engine)
    finally:
        await engine.close()


def denied(said: list[Notice]) -> list[Reason]:
    return [notice.fault.reason for notice in said if isinstance(notice, Deny)]


# Races -------------------------------------------------------------------------------------------
async def test_an_acknowledgement_that_races_a_resolve_never_reopens(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = await desk.fires()
    inbox = desk.engine.inbox
    tries: list[Settlement] = []

    async def settle(settlement: Settlement, *, now: datetime) -> Settled | None:
        if not tries:
            tries.append(settlement)
            await desk.write(replace(await desk.group(group.id), state=GroupState.RESOLVED, resolved_at=now))
        return await settled(settlement, now=now)

    settled = inbox.settle
    monkeypatch.setattr(inbox, "settle", settle)
    said = await desk.does(Acknowledge(group.id))
    assert len(tries[0].changes) == 1
    assert denied(said) == [Reason.ALERT_OVER]
    assert (await desk.group(group.id)).state is GroupState.RESOLVED
    assert await desk.engine.alerts.log(group.id) == ()


async def test_a_change_beside_it_only_has_it_decided_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = await desk.fires()
    inbox = desk.engine.inbox
    tries: list[Settlement] = []

    async def settle(settlement: Settlement, *, now: datetime) -> Settled | None:
        tries.append(settlement)
        if len(tries) < 3:
            await desk.fires()
        return await settled(settlement, now=now)

    settled = inbox.settle
    monkeypatch.setattr(inbox, "settle", settle)
    await desk.does(Acknowledge(group.id))
    row = await desk.group(group.id)
    assert (len(tries), row.state) == (3, GroupState.ACKNOWLEDGED)
    assert [entry.kind for entry in await desk.engine.alerts.log(group.id)] == [EntryKind.ACKNOWLEDGED]
    assert [each for each in await desk.audit() if each[1] == "acknowledge"] == [
        (ANN.id, "acknowledge", f"alert {group.id}")
    ]


async def test_what_never_stands_still_is_left_for_a_moment_and_told_in_the_end(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = await desk.fires()
    inbox, tries = desk.engine.inbox, []

    async def settle(settlement: Settlement, *, now: datetime) -> Settled | None:
        tries.append(bool(settlement.changes))
        if settlement.changes:
            await desk.fires()
        return await settled(settlement, now=now)

    settled = inbox.settle
    monkeypatch.setattr(inbox, "settle", settle)
    assert await desk.does(Acknowledge(group.id)) == []
    assert tries == [True] * AT_ONCE
    for _ in range(20):
        desk.now += timedelta(minutes=2)
        await desk.submitter.turn()
    [told] = await desk.said()
    assert isinstance(told, Misunderstood)
    assert told.fault.reason is Reason.ROWS_MOVE_ON
    assert (await desk.group(group.id)).state is GroupState.FIRING


# Presses -----------------------------------------------------------------------------------------
async def test_what_cannot_be_done_is_said_to_who_tried_and_kept_in_the_audit(desk: Desk) -> None:
    group = await desk.fires()
    await desk.does(Acknowledge(group.id))
    said = await desk.does(Acknowledge(group.id), BEN)
    assert denied(said) == [Reason.ALERT_TAKEN]
    assert [notice.user for notice in said if isinstance(notice, Deny)] == [BEN.id]
    assert (BEN.id, "refused", "alert-taken") in await desk.audit()
    assert denied(await desk.does(Resolve("a-gone"))) == [Reason.UNKNOWN_ALERT]


async def test_a_form_that_makes_no_sense_any_more_is_told_to_its_sender(desk: Desk) -> None:
    wrong = fault(Reason.BAD_SPAN, text="today 9:00")
    assert denied(await desk.does(wrong)) == [Reason.BAD_SPAN]
    assert await desk.does(wrong, source=Source.SLACK) == [Misunderstood(ANN.id, wrong)]


async def test_a_press_of_somebody_whom_slack_does_not_tell_of_is_not_lost_in_silence(desk: Desk) -> None:
    desk.asked.append(Trouble(fault(Reason.SENDER_UNREAD, detail="HTTP 503")))
    event = NewEvent(Source.ACTION, "key", json.dumps({"channel": "C0HERE"}).encode())
    await desk.engine.inbox.record(event, now=desk.now)
    for _ in range(20):
        await desk.submitter.turn()
        desk.now += timedelta(minutes=2)
    [told] = await desk.said()
    assert isinstance(told, Misunderstood)
    assert told.fault.reason is Reason.SENDER_UNREAD


# By matchers -------------------------------------------------------------------------------------
async def test_all_that_match_and_are_seen_here_are_acknowledged_at_once(desk: Desk) -> None:
    web, other = await desk.fires("A"), await desk.fires("B")
    hidden = await desk.fires("C", "vault")
    said = await desk.does(AcknowledgeAll("alertname=~[AC]"))
    assert Confirm(ANN.id, Done.ACKNOWLEDGED, {"count": "1"}) in said
    states = [(await desk.group(each.id)).state for each in (web, other, hidden)]
    assert states == [GroupState.ACKNOWLEDGED, GroupState.FIRING, GroupState.FIRING]
    said = await desk.does(AcknowledgeAll(""), BEN, OPS)
    assert Confirm(BEN.id, Done.ACKNOWLEDGED, {"count": "2"}) in said
    taken = [(await desk.group(each.id)).taken for each in (web, other, hidden)]
    assert [each and each.by for each in taken] == [ANN.id, BEN.id, BEN.id]


async def test_the_desks_own_machine_sees_all_and_is_told_nothing_in_slack(desk: Desk) -> None:
    group = await desk.fires("C", "vault")
    said = await desk.does(AcknowledgeAll("domain=vault"), ROOT, Place())
    assert not [notice for notice in said if isinstance(notice, Confirm | Deny)]
    assert (await desk.group(group.id)).state is GroupState.ACKNOWLEDGED


async def test_matchers_that_are_none_are_refused(desk: Desk) -> None:
    assert denied(await desk.does(AcknowledgeAll("everything"))) == [Reason.MATCHER_UNREAD]


# Silences ----------------------------------------------------------------------------------------
HOUR = timedelta(hours=1)


async def test_a_silence_is_made_and_ended(desk: Desk) -> None:
    [told] = await desk.does(MakeSilence("domain=web", HOUR, "moving"))
    assert isinstance(told, Confirm)
    made = await desk.engine.alerts.silence(told.facts["silence"])
    assert made is not None
    assert (made.creator, made.comment, made.ends - made.starts) == (ANN.id, "moving", HOUR)
    desk.now = made.starts + timedelta(minutes=1)
    [told] = await desk.does(EndSilence(made.id), BEN)
    assert isinstance(told, Confirm)
    assert told.did is Done.UNSILENCED
    assert denied(await desk.does(EndSilence(made.id))) == [Reason.UNKNOWN_SILENCE]


@pytest.mark.parametrize(
    ("matchers", "place", "group", "reason"),
    [
        ("domain=web", HERE, None, None),
        ("alertname=A", HERE, None, Reason.SILENCE_ELSEWHERE),
        ("domain=vault", HERE, None, Reason.SILENCE_ELSEWHERE),
        ("domain=~web", HERE, None, Reason.SILENCE_ELSEWHERE),
        ("alertname=A", OPS, None, None),
        ("alertname=A", HERE, "a-1", None),
        ("alertname=~.*", OPS, None, Reason.SILENCE_HIDES_ALL),
    ],
)
async def test_who_may_silence_what_from_where(
    desk: Desk, matchers: str, place: Place, group: str | None, reason: Reason | None
) -> None:
    said = await desk.does(MakeSilence(matchers, HOUR, "because", group), place=place)
    assert denied(said) == ([reason] if reason else [])
    assert len(await desk.engine.alerts.silences(now=NOW + timedelta(minutes=1))) == (0 if reason else 1)


async def test_a_silence_is_ended_by_its_maker_anywhere_and_by_others_where_they_could_make_it(
    desk: Desk,
) -> None:
    [told] = await desk.does(MakeSilence("alertname=A", HOUR, "because"), place=OPS)
    assert isinstance(told, Confirm)
    desk.now = NOW + timedelta(minutes=1)
    end = EndSilence(told.facts["silence"])
    assert denied(await desk.does(end, BEN)) == [Reason.SILENCE_ELSEWHERE]
    desk.now = NOW + timedelta(minutes=2)
    assert denied(await desk.does(end, ANN)) == []


# Duties ------------------------------------------------------------------------------------------
async def test_who_takes_a_duty_is_told_of_where_it_is_said_and_to_the_operators(desk: Desk) -> None:
    facts = {"schedule": "web", "before": "cyd", "until": (NOW + timedelta(hours=4)).isoformat()}
    taken = TellDeed(Deed.ON_DUTY, "Ann", facts)
    assert await desk.does(TakeDuty(None, "4h")) == [taken, taken]
    assert await desk.does(TakeDuty("web", "1h"), BEN) == [Deny("U0BEN", fault(Reason.NOT_IN_PEOPLE))]
    [duty] = await desk.engine.alerts.duties(now=desk.now)
    assert (duty.person, duty.ends) == ("ann", NOW + timedelta(hours=4))
    back = TellDeed(Deed.OFF_DUTY, "Ann", {"schedule": "web", "after": "cyd"})
    assert await desk.does(EndDuty("web"), place=OPS) == [back]
    assert await desk.engine.alerts.duties(now=desk.now) == ()
    [_, again, *_] = await desk.audit()
    assert again == ("U0BEN", "refused", "not-in-people")
