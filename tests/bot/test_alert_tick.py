"""What goes wrong becomes alerts and groups: on a real store, with a clock that the test holds."""

import itertools
import re
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typing_extensions import override

from bot.alerts import deciding
from bot.alerts.deciding import AlertTick
from bot.alerts.observing import Observer
from bot.alerts.sensing import Sensing
from bot.clock import new_group_id, new_patch_id
from bot.settings import read_operations
from contracts.alerts.duties import Duty, DutyChange
from contracts.alerts.model import (
    DOMAIN,
    NAME,
    EntryKind,
    Group,
    GroupState,
    Matcher,
    Observation,
    Operator,
    Severity,
    Silence,
    SilenceChange,
)
from contracts.alerts.rules import Rules
from contracts.alerts.settings import AlertSettings
from contracts.commands import Place
from contracts.faults import Reason, fault
from contracts.gates import GateResult, Verdict
from contracts.notices import CallWebhook, EditAlert, PageSomebody, PostAlert, TellOperators
from contracts.outcome import Failed, GaveUp, Landed, Outcome, Report
from contracts.ports import AuditEntry, Buried, Engine, Postponed, Settlement
from contracts.settings import Settings, SlackSettings
from executor.engine import open_engine
from tests.engine.given import NOW, Desk, asked, summary

OPERATIONS = b"""
alerts:
  route:
    group_by: [alertname, domain]
    group_wait: 30
    channel: operators
    chain: calls
    routes: []
  chains:
    calls: [{wait: 300}, {webhook: pager}]
  webhooks: {pager: {url: "http://127.0.0.1:1/"}}
  inhibitions: []
"""
ROOT = Path(__file__).parents[2]
RULES = read_operations(OPERATIONS, "operations.yml").alerts
SETTINGS = Settings(slack=SlackSettings(operators="C0OPS"))


def gate(name: str, verdict: Verdict) -> GateResult:
    why = None if verdict is Verdict.PASSED else fault(Reason.GATE_FAILED, gate=name, code=1)
    return GateResult(name, verdict, required=True, why=why)


def judged(*gates: GateResult) -> Outcome:
    """What comes of a patch whose gates said so."""
    report = Report("main", base="b" * 40, commit="c" * 40, gates=gates)
    refused = next((each for each in gates if each.verdict > Verdict.SKIPPED), None)
    return Landed(report) if refused is None else Failed(replace(report, fault=refused.why))


FAILS = judged(gate("lint", Verdict.PASSED), gate("tests", Verdict.FAILED))
LANDS = judged(gate("lint", Verdict.PASSED), gate("tests", Verdict.PASSED))


@dataclass
class World:
    """A store, and everything about alerts that runs on a clock."""

    engine: Engine
    settings: AlertSettings = RULES
    now: datetime = NOW
    _ids: "itertools.count[int]" = field(default_factory=itertools.count)

    @property
    def observer(self) -> Observer:
        return Observer(self.engine.alerts, self.settings, new_group_id=new_group_id)

    async def end(self, *outcomes: Outcome, domain: str = "web", text: str | None = None) -> None:
        """Patches that end so, one after the other."""
        desk = Desk(self.engine, self._ids)
        for outcome in outcomes:
            id_ = f"p-{next(self._ids)}-{new_patch_id()}"
            await desk.settle(asked(id_, text or id_, domain=domain), now=self.now)
            await desk.finish(await desk.start(now=self.now), outcome, now=self.now)

    async def sense(self) -> None:
        await Sensing(self.engine, self.observer).tick(self.now)

    async def look(self) -> None:
        await Sensing(self.engine, self.observer).look(self.now)

    async def see(self, *names: str, **labels: str) -> None:
        seen = [
            Observation({NAME: name, DOMAIN: "web", **labels}, fault(Reason.REPORTED, text="x"), self.now)
            for name in names
        ]
        await self.observer.observe("test", seen, now=self.now)

    async def tick(self, after: timedelta = timedelta(0)) -> None:
        self.now += after
        await AlertTick(self.engine.alerts, Rules(self.settings, SETTINGS)).tick(self.now)

    async def groups(self) -> dict[str, Group]:
        """The open ones by name."""
        found = await self.engine.alerts.open_groups(limit=9999)
        return {group.labels[NAME]: group for group in found}

    async def kinds(self, group: Group) -> list[EntryKind]:
        return [entry.kind for entry in await self.engine.alerts.log(group.id)]

    async def letters(self) -> list[Any]:
        """All notices that wait, in the order in which they are taken."""
        desk, found = Desk(self.engine), []
        while letter := await desk.take(now=self.now):
            found.append(letter.notice)
            await self.engine.outbox.record(letter.id, letter.attempt, Buried("read"), now=self.now)
        return found


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    engine = await open_engine(f"sqlite:///{tmp_path}/desk.db", identity="store")
    opened = World(engine)
    yield opened
    await opened.engine.close()


MINUTE = timedelta(minutes=1)


# Patches -----------------------------------------------------------------------------------------
async def test_failures_of_one_gate_are_one_group_whose_count_rises(world: World) -> None:
    await world.end(*[FAILS] * 3)
    await world.sense()
    await world.tick()
    await world.tick(MINUTE)
    [group] = (await world.groups()).values()
    assert (group.labels, group.state) == ({NAME: "patch-failed", DOMAIN: "web"}, GroupState.FIRING)
    assert (group.firing, group.alerts, group.times) == (1, 1, 3)
    assert await world.letters() == [PostAlert(group.id)]
    await world.end(FAILS)
    await world.sense()
    await world.tick()
    assert await world.letters() == [EditAlert(group.id)]
    assert (await world.groups())["patch-failed"].times == 4


async def test_it_is_over_when_a_later_patch_passes_the_gate(world: World) -> None:
    await world.end(FAILS)
    await world.sense()
    await world.tick(MINUTE)
    await world.end(judged(gate("tests", Verdict.PASSED), gate("lint", Verdict.FAILED)))
    await world.sense()
    members = await world.engine.alerts.members((await world.groups())["patch-failed"].id, limit=9)
    assert {each.labels["gate"]: each.ended is None for each in members} == {"tests": False, "lint": True}
    await world.end(LANDS)
    await world.sense()
    await world.tick()
    await world.tick(5 * MINUTE)
    assert await world.groups() == {}


async def test_one_domains_success_says_nothing_of_anothers(world: World) -> None:
    await world.end(FAILS)
    await world.end(LANDS, domain="api")
    await world.sense()
    assert (await world.groups())["patch-failed"].firing == 1


async def test_what_fails_and_passes_between_two_looks_has_fired_and_ended(world: World) -> None:
    await world.end(FAILS, LANDS)
    await world.sense()
    group = (await world.groups())["patch-failed"]
    assert (group.firing, group.times) == (0, 1)


@pytest.mark.parametrize(
    ("outcome", "name", "severity", "label"),
    [
        (FAILS, "patch-failed", Severity.WARNING, {"gate": "tests"}),
        (judged(gate("tests", Verdict.ERRORED)), "patch-errored", Severity.WARNING, {"gate": "tests"}),
        (
            Failed(Report("main", fault=fault(Reason.FILE_MISSING, path="a", suggestion=""))),
            "patch-failed",
            Severity.INFO,
            {"reason": "file-missing"},
        ),
        (
            Failed(
                Report("main", commit="c" * 40, fault=fault(Reason.PUSH_REFUSED, branch="m", detail="no"))
            ),
            "patch-failed",
            Severity.WARNING,
            {"reason": "push-refused"},
        ),
        (
            GaveUp(Report("main", fault=fault(Reason.DESK_CRASHED, attempts=3))),
            "patch-quarantined",
            Severity.CRITICAL,
            {"reason": "desk-crashed"},
        ),
    ],
)
async def test_what_keeps_a_patch_from_landing_is_in_the_labels_and_no_id_is(
    world: World, outcome: Outcome, name: str, severity: Severity, label: dict[str, str]
) -> None:
    await world.end(outcome)
    await world.sense()
    [alert] = await world.engine.alerts.firing_of("patches")
    assert alert.labels == {NAME: name, DOMAIN: "web", "severity": severity.value, **label}
    assert alert.what.args["patch"].startswith("p-0-")
    await world.end(LANDS)
    await world.sense()
    assert await world.engine.alerts.firing_of("patches") == ()


async def test_a_failure_that_nobody_repeats_is_forgotten_after_a_day(world: World) -> None:
    await world.end(FAILS)
    await world.sense()
    await world.tick(timedelta(hours=23))
    assert (await world.groups())["patch-failed"].firing == 1
    await world.tick(timedelta(hours=2))
    assert (await world.groups())["patch-failed"].firing == 0


# Each row once -----------------------------------------------------------------------------------
class _DiedError(Exception):
    pass


class Mortal(Observer):
    """Dies at its first call: before anything is kept, or right after."""

    def __init__(self, world: World, *, kept: bool) -> None:
        super().__init__(world.engine.alerts, world.settings, new_group_id=new_group_id)
        self._kept = kept

    @override
    async def observe(self, *given: Any, **named: Any) -> None:
        if self._kept:
            await super().observe(*given, **named)
        raise _DiedError


@pytest.mark.parametrize("kept", [False, True])
async def test_each_ending_counts_once_though_the_desk_died_between(world: World, kept: bool) -> None:
    await world.end(*[FAILS] * 5)
    with pytest.raises(_DiedError):
        await Sensing(world.engine, Mortal(world, kept=kept)).tick(world.now)
    await world.end(*[FAILS] * 2)
    await world.sense()
    await world.sense()
    assert (await world.groups())["patch-failed"].times == 7


async def test_more_endings_than_one_look_takes_are_all_seen(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.alerts.sensing.BATCH", 2)
    await world.end(*[FAILS] * 5)
    await world.sense()
    assert (await world.groups())["patch-failed"].times == 5


# The rest that goes wrong ------------------------------------------------------------------------
async def test_a_gate_that_contradicts_itself_is_flaky_until_that_is_long_ago(world: World) -> None:
    await world.end(FAILS, text="same")
    await world.look()
    assert await world.groups() == {}
    await world.end(LANDS, text="same")
    await world.end(FAILS, text="other")
    await world.look()
    await world.look()
    [flaky] = await world.engine.alerts.firing_of("gates")
    assert flaky.labels == {NAME: "gate-flaky", DOMAIN: "web", "severity": "warning", "gate": "tests"}
    assert (flaky.what.args["count"], flaky.times) == ("1", 1)
    world.now += timedelta(hours=25)
    await world.look()
    assert await world.engine.alerts.firing_of("gates") == ()


async def test_what_was_lost_and_what_could_not_be_read_is_seen_once(world: World) -> None:
    desk = Desk(world.engine)
    await desk.put(summary("p-1"))
    letter = await desk.letter(now=world.now)
    entries = (
        AuditEntry("desk", "delivery-lost", "post-summary store-1: chat.postMessage: msg_too_long"),
        AuditEntry("desk", "unreadable", "inbox row 7: sender-unread"),
        AuditEntry("desk", "delivery-lost", "edit-alert store-2: chat.update: msg_too_long"),
        AuditEntry("U0ANN", "denied", "inbox row 8: not-a-submitter"),
    )
    await world.engine.outbox.record(letter.id, letter.attempt, Buried("no"), now=world.now, audit=entries)
    await world.sense()
    await world.sense()
    seen = await world.engine.alerts.firing_of("audit")
    assert [(each.labels[NAME], each.labels.get("kind"), each.what.args["why"]) for each in seen] == [
        ("delivery-lost", "post-summary", "chat.postMessage: msg_too_long"),
        ("event-unreadable", None, "sender-unread"),
    ]
    assert [each.times for each in seen] == [1, 1]
    await world.tick(timedelta(hours=1))
    assert await world.engine.alerts.firing_of("audit") == ()


async def test_deliveries_that_do_not_arrive_are_an_alert_for_as_long_as_they_wait(world: World) -> None:
    desk = Desk(world.engine)
    await desk.put(summary("p-1"), summary("p-2", "C0WEB"))
    for _ in range(2):
        letter = await desk.letter(now=world.now)
        until = world.now + timedelta(minutes=30)
        await world.engine.outbox.record(
            letter.id, letter.attempt, Postponed(until, "no route"), now=world.now
        )
    await world.look()
    assert await world.engine.alerts.firing_of("deliveries") == ()
    world.now += timedelta(minutes=6)
    await world.look()
    found = await world.engine.alerts.firing_of("deliveries")
    assert [each.labels.get("channel") for each in found] == ["C0DEV", "C0WEB"]
    assert found[0].what.args == {"where": "C0DEV", "count": "1", "why": "no route"}
    world.now += timedelta(minutes=25)
    await desk.letter(now=world.now)
    await world.look()
    await world.tick()
    assert await world.engine.alerts.firing_of("deliveries") == ()


# The tick ----------------------------------------------------------------------------------------
async def test_a_tick_looks_at_a_batch_and_the_next_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deciding, "BATCH", 4)
    await world.see(*(f"A{n}" for n in range(10)))
    spoken = []
    for _ in range(3):
        await world.tick(MINUTE)
        groups = (await world.groups()).values()
        spoken.append(sum(group.state is GroupState.FIRING for group in groups))
    assert spoken == [4, 8, 10]


async def test_a_tick_looks_at_so_many_alerts_and_the_next_goes_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deciding, "_MANY", 9)
    for host in "abcd":
        await world.see(*(f"A{n}" for n in range(5)), host=host)
    all_hosts = Silence(
        "s", (Matcher("host", Operator.LIKE, ".+"),), "U0ANN", "", world.now, NOW + 9 * MINUTE
    )
    await world.engine.alerts.write([SilenceChange(all_hosts)], now=world.now)
    hidden = []
    for _ in range(3):
        await world.tick(MINUTE)
        hidden.append(sum(group.hidden is not None for group in (await world.groups()).values()))
    assert hidden == [2, 4, 5]


async def test_a_tick_forgets_what_has_been_over_for_as_long_as_it_is_kept(world: World) -> None:
    await world.see("A")
    await world.tick(MINUTE)
    [group] = (await world.groups()).values()
    await world.observer.observe("test", [], now=world.now, whole=True)
    for _ in range(2):
        await world.tick(10 * MINUTE)
    assert await world.groups() == {}
    await world.letters()
    await world.tick(RULES.keep - 2 * MINUTE)
    assert await world.engine.alerts.group(group.id) is not None
    await world.tick(20 * MINUTE)
    assert await world.engine.alerts.group(group.id) is None


async def test_a_tick_with_nothing_due_writes_nothing(world: World) -> None:
    await world.see("A")
    await world.tick(MINUTE)
    before = await world.groups()
    await world.tick(MINUTE)
    assert await world.groups() == before


async def test_a_group_that_moved_on_is_left_to_the_next_tick(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.see("A", "B")
    really = world.engine.alerts.due

    async def due(**given: Any) -> Sequence[Group]:
        found = await really(**given)
        await world.see("A", gate="other")
        return found

    monkeypatch.setattr(world.engine.alerts, "due", due)
    await world.tick(MINUTE)
    monkeypatch.undo()
    states = {name: group.state for name, group in (await world.groups()).items()}
    assert states == {"A": GroupState.WAITING, "B": GroupState.FIRING}
    await world.tick()
    group = (await world.groups())["A"]
    assert (group.state, group.spoken and group.spoken.firing) == (GroupState.FIRING, 2)
    assert await world.kinds(group) == [EntryKind.OPENED]


async def test_operators_hear_once_that_a_silence_ends_over_what_nobody_was_told_of(world: World) -> None:
    everything = (Matcher(NAME, Operator.LIKE, "trouble.*"),)
    silence = Silence("s-1", everything, "U0ADA", "move", NOW, NOW + 60 * MINUTE)
    assert await world.engine.alerts.write([SilenceChange(silence)], now=NOW) == (True,)
    await world.see("trouble-1", "trouble-2", "trouble-3")
    await world.tick()
    await world.tick(44 * MINUTE)
    assert await world.letters() == []
    await world.tick(MINUTE)
    [told] = await world.letters()
    assert isinstance(told, TellOperators)
    assert (told.fault.reason, told.fault.args["silence"]) == (Reason.SILENCE_ENDS, "s-1")
    await world.tick()
    await world.tick(MINUTE)
    assert await world.letters() == []
    await world.tick(14 * MINUTE)
    assert {type(each) for each in await world.letters()} == {PostAlert}


async def test_a_silence_hides_what_it_matches_and_what_still_fires_at_its_end_is_told(world: World) -> None:
    matcher = Matcher("gate", Operator.EQUAL, "tests")
    hour = Silence("s-1", (matcher,), "U0ANN", "on it", world.now, world.now + timedelta(hours=1))
    await world.engine.alerts.write([SilenceChange(hour)], now=world.now)
    await world.see("A", gate="tests")
    await world.see("B", gate="lint")
    await world.tick(MINUTE)
    groups = await world.groups()
    assert groups["A"].hidden is not None
    assert groups["A"].hidden.by == "s-1"
    assert groups["B"].hidden is None
    assert await world.letters() == [PostAlert(groups["B"].id)]
    await world.tick(timedelta(hours=1))
    assert (await world.groups())["A"].state is GroupState.FIRING
    assert PostAlert(groups["A"].id) in await world.letters()


@pytest.mark.parametrize(("many", "hidden"), [(0, False), (1, True), (5, True)])
async def test_a_group_is_hidden_when_each_of_its_alerts_is(world: World, many: int, hidden: bool) -> None:
    """The first ones that are looked at are silenced; the last one decides."""
    matcher = Matcher("gate", Operator.LIKE, f"g[0-{many}]|last" if hidden else "g[0-9]")
    hour = Silence("s-1", (matcher,), "U0ANN", "on it", world.now, world.now + timedelta(hours=1))
    await world.engine.alerts.write([SilenceChange(hour)], now=world.now)
    for number in range(many if hidden else 5):
        await world.see("A", gate=f"g{number}")
    await world.see("A", gate="last")
    await world.tick(MINUTE)
    assert ((await world.groups())["A"].hidden is not None) is hidden


async def test_what_slack_does_not_take_goes_the_next_way(world: World) -> None:
    """The chain would call the webhook an hour later; Slack is silent, so it goes first."""
    chains = {"calls": [{"wait": 3600}, {"webhook": "pager"}]}
    world.settings = AlertSettings.model_validate(
        RULES.model_dump(by_alias=True, exclude={"chains"}) | {"chains": chains, "fall_back_after": 120}
    )
    await world.see("A")
    await world.tick(MINUTE)
    group = (await world.groups())["A"]
    for _ in range(3):
        await world.tick(MINUTE)
    assert EntryKind.FELL_BACK in await world.kinds(group)
    notices = await world.letters()
    assert [type(each) for each in notices if isinstance(each, CallWebhook)] == [CallWebhook]


async def test_a_restart_forgets_nothing_of_a_group(world: World, tmp_path: Path) -> None:
    await world.end(FAILS)
    await world.sense()
    await world.engine.close()
    world.engine = await open_engine(f"sqlite:///{tmp_path}/desk.db", identity="again")
    await world.tick(MINUTE)
    [group] = (await world.groups()).values()
    assert await world.letters() == [PostAlert(group.id)]
    await world.sense()
    assert (await world.groups())["patch-failed"].times == 1


def test_every_alert_that_the_desk_raises_is_explained() -> None:
    """Their names stand in the code as text, each once where it is given."""
    page = (ROOT / "docs/alerts.md").read_text(encoding="utf-8")
    code = "".join((ROOT / f"bot/alerts/{name}.py").read_text("utf-8") for name in ("patches", "deliveries"))
    raised = set(re.findall(r'(?:NAME: |_labels\()"([a-z-]+)"', code))
    assert len(raised) >= 7
    assert raised == set(re.findall(r"^\| `([a-z]+-[a-z]+)` \| `(?:info|warning|critical)`", page, re.M))


async def test_who_took_the_duty_is_told_and_not_whose_shift_it_is(world: World) -> None:
    operations = b"""
alerts:
  route: {group_by: [alertname, domain], group_wait: 30, channel: operators, chain: duty, routes: []}
  people: {ada: {slack: U0ADA}, bea: {slack: U0BEA}}
  schedules: {web: {layers: [{people: [ada], start: 2026-01-01}]}}
  chains: {duty: [{on_call: web, importance: important}]}
"""
    world.settings = read_operations(operations, "operations.yml").alerts
    desk = Desk(world.engine, world._ids)
    row_id = await desk.record(now=world.now)
    row = await desk.open_inbox(now=world.now)
    taken = DutyChange(Duty("d-1", "web", "bea", world.now, world.now + timedelta(hours=1)))
    await world.engine.inbox.settle(Settlement(row_id, row.attempt, Place(), changes=(taken,)), now=world.now)
    await world.see("Down", severity="critical")
    await world.tick()
    await world.tick(MINUTE)
    paged = [each.user for each in await world.letters() if isinstance(each, PageSomebody)]
    assert paged == ["U0BEA"]
