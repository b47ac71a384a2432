from collections.abc import Coroutine
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from contracts.alerts.duties import Duty, DutyChange
from contracts.alerts.model import (
    Climb,
    Entry,
    EntryKind,
    Group,
    GroupChange,
    GroupState,
    Hidden,
    Hiding,
    Matcher,
    Operator,
    Placement,
    Severity,
    SilenceChange,
    Spoken,
    Taken,
)
from contracts.alerts.store import Watermark
from contracts.commands import Place
from contracts.notices import (
    CallWebhook,
    EditAlert,
    MailAlert,
    NewDelivery,
    PageSomebody,
    PostAlert,
    TellAlert,
    TellOperators,
)
from contracts.ports import Engine, MovedOnError, Postponed, Sent, Settled, Settlement
from tests.engine.alerted import WHAT, Watch, alert, silence
from tests.engine.given import NOW, Desk, after, asked

ENTRY = Entry(1, after(2), EntryKind.OPENED, None, {"firing": "2"})


@pytest.fixture
def watch(engine: Engine) -> Watch:
    return Watch(engine.alerts)


def resolved(group: Group) -> Group:
    return replace(group, state=GroupState.RESOLVED, resolved_at=after(5), due_at=None)


# Observing ---------------------------------------------------------------------------------------
async def test_a_first_alert_opens_a_group_that_is_due_at_once(watch: Watch) -> None:
    await watch.see(alert("Broken", "critical"), now=after(1))
    assert await watch.only() == Group(
        id="a-00000001",
        key="k",
        route="root",
        labels={"key": "k"},
        severity=Severity.CRITICAL,
        state=GroupState.WAITING,
        version=1,
        opened_at=after(1),
        firing=1,
        alerts=1,
        times=1,
        grew_at=after(1),
        due_at=after(1),
    )
    assert await watch.alerts.due(now=after(1), limit=10) == (await watch.only(),)


async def test_an_alert_is_kept_as_it_was_seen(watch: Watch) -> None:
    seen = replace(alert("Broken", expires=after(60)), link="https://example.org/a?b")
    await watch.see(seen, now=after(3))
    [kept] = await watch.alerts.members("a-00000001", limit=10)
    assert (kept.labels, kept.what, kept.since, kept.seen_at, kept.source) == (
        seen.labels,
        WHAT,
        NOW,
        after(3),
        "desk",
    )
    assert (kept.ended, kept.times, kept.expires, kept.link) == (None, 1, after(60), seen.link)


async def test_a_thousand_equal_failures_are_one_alert_whose_count_rises(watch: Watch) -> None:
    for _ in range(10):
        await watch.see(*[alert("Broken")] * 100)
    group = await watch.only()
    assert (group.firing, group.alerts, group.times) == (1, 1, 1000)


async def test_different_alerts_of_one_key_are_one_group(watch: Watch) -> None:
    await watch.see(alert("A", "info"), alert("B", "warning"), alert("C", "info", times=3))
    group = await watch.only()
    assert (group.firing, group.alerts, group.times, group.severity) == (3, 3, 5, Severity.WARNING)


async def test_an_alert_that_goes_on_into_another_route_is_in_both_groups(watch: Watch) -> None:
    await watch.alerts.observe("desk", [watch.seen(alert("A"), "one", "two")], now=NOW)
    await watch.alerts.observe("desk", [watch.seen(alert("A"), "one", "three")], now=after(1))
    assert [(group.key, group.firing, group.times) for group in await watch.groups()] == [
        ("one", 1, 2),
        ("three", 1, 1),
        ("two", 1, 2),
    ]


async def test_what_only_still_holds_changes_no_facts_and_wakes_nobody(watch: Watch) -> None:
    await watch.see(alert("Broken"))
    before = await watch.only()
    await watch.see(alert("Broken", times=0), now=after(10))
    assert await watch.only() == before
    [kept] = await watch.alerts.members(before.id, limit=1)
    assert kept.seen_at == after(10)


async def test_what_is_first_seen_to_hold_counts_as_once(watch: Watch) -> None:
    await watch.see(alert("Broken", times=0))
    assert (await watch.only()).times == 1


async def test_facts_that_change_make_a_group_due_and_raise_its_version(watch: Watch) -> None:
    await watch.see(alert("A"))
    assert await watch.change(replace(await watch.only(), due_at=after(3600)))
    assert await watch.alerts.due(now=after(10), limit=1) == ()
    before = await watch.only()
    await watch.see(alert("B"), now=after(10))
    group = await watch.only()
    assert (group.due_at, group.grew_at) == (after(10), after(10))
    assert group.version > before.version


async def test_severity_follows_the_worst_that_fires_and_stays_when_nothing_does(watch: Watch) -> None:
    await watch.see(alert("A", "info"), alert("B", "critical"))
    severities = [(await watch.only()).severity]
    for name, severity in (("B", "critical"), ("A", "info")):
        await watch.see(alert(name, severity, ended=after(1)))
        severities.append((await watch.only()).severity)
    assert severities == [Severity.CRITICAL, Severity.INFO, Severity.INFO]
    assert (await watch.only()).firing == 0


async def test_an_end_is_kept_once_with_its_time(watch: Watch) -> None:
    await watch.see(alert("A"))
    await watch.see(alert("A", ended=after(4)), now=after(5))
    await watch.see(alert("A", ended=after(8)), now=after(9))
    group = await watch.only()
    [kept] = await watch.alerts.members(group.id, limit=1)
    assert (group.firing, group.times, group.grew_at, kept.ended) == (0, 1, NOW, after(4))


async def test_an_end_of_what_was_never_seen_to_fire_is_nothing(watch: Watch) -> None:
    await watch.see(alert("A", ended=after(4)))
    assert await watch.groups() == []


async def test_an_alert_that_fires_again_in_its_open_group_counts_anew(watch: Watch) -> None:
    await watch.see(alert("A", times=5))
    await watch.see(alert("A", ended=after(1)), alert("A", since=after(2), times=2), now=after(3))
    group = await watch.only()
    [kept] = await watch.alerts.members(group.id, limit=9)
    assert (group.firing, group.alerts, group.times) == (1, 1, 7)
    assert (kept.times, kept.since, kept.ended) == (2, after(2), None)


async def test_what_fires_after_a_group_was_resolved_is_a_new_group(watch: Watch) -> None:
    await watch.see(alert("A"))
    await watch.see(alert("A", ended=after(1)), now=after(1))
    first = await watch.only()
    assert await watch.change(resolved(first))
    await watch.see(alert("A", since=after(60)), now=after(60))
    second = await watch.only()
    assert (second.id, second.firing, second.alerts, second.times) == ("a-00000003", 1, 1, 1)
    [kept] = await watch.alerts.members(first.id, limit=9)
    assert (kept.since, kept.ended) == (NOW, after(1))


async def test_a_resolved_group_stays_resolved_while_its_cause_holds(watch: Watch) -> None:
    await watch.see(alert("A"))
    assert await watch.change(resolved(await watch.only()))
    await watch.see(alert("A", times=0), whole=True, now=after(9))
    assert await watch.groups() == []
    await watch.see(alert("A", times=1), now=after(10))
    assert (await watch.only()).times == 1


async def test_an_alert_counts_once_in_an_open_group_though_another_of_its_groups_was_resolved(
    watch: Watch,
) -> None:
    await watch.alerts.observe("desk", [watch.seen(alert("A"), "one", "two")], now=NOW)
    await watch.see(alert("A", ended=after(1)))
    one, two = await watch.groups()
    assert await watch.change(resolved(one))
    await watch.alerts.observe("desk", [watch.seen(alert("A"), "one", "two")], now=after(2))
    found = {group.key: (group.firing, group.alerts, group.times) for group in await watch.groups()}
    assert found == {"one": (1, 1, 1), "two": (1, 1, 2)}
    assert [kept.ended for kept in await watch.alerts.members(one.id, limit=9)] == [after(1)]
    assert [kept.ended for kept in await watch.alerts.members(two.id, limit=9)] == [None]


async def test_what_joined_a_group_ended_and_began_anew_within_one_look_is_in_that_group(
    watch: Watch,
) -> None:
    await watch.see(alert("A"), key="over")
    assert await watch.change(resolved(await watch.only()))
    await watch.see(alert("A", times=2), alert("A", ended=after(6)), alert("A", since=after(7)), now=after(8))
    group = await watch.only()
    assert (group.firing, group.alerts, group.times) == (1, 1, 3)
    assert [kept.ended for kept in await watch.alerts.members(group.id, limit=9)] == [None]
    await watch.see(whole=True, now=after(9))
    assert (await watch.only()).firing == 0


async def test_a_whole_look_ends_what_it_does_not_see_of_its_own_source(watch: Watch) -> None:
    await watch.see(alert("A"), alert("B"), key="desk")
    await watch.see(alert("C"), key="web", source="web")
    await watch.see(alert("A", times=0), key="desk", whole=True, now=after(7))
    assert [(group.key, group.firing) for group in await watch.groups()] == [("desk", 1), ("web", 1)]
    await watch.see(whole=True, now=after(8))
    assert [(group.key, group.firing) for group in await watch.groups()] == [("desk", 0), ("web", 1)]
    kept = await watch.alerts.members("a-00000001", limit=9)
    assert [(each.labels["alertname"], each.ended) for each in kept] == [("A", after(8)), ("B", after(7))]


async def test_neither_of_two_sources_ends_what_the_other_sees(watch: Watch) -> None:
    await watch.see(alert("A"), source="desk")
    await watch.see(alert("A"), source="http")
    await watch.see(alert("A", ended=after(1)), source="http")
    assert [(group.firing, group.alerts) for group in await watch.groups()] == [(1, 2)]


async def test_an_alert_that_is_not_seen_again_in_time_has_ended(watch: Watch) -> None:
    await watch.see(alert("A", expires=after(60)), alert("B", expires=after(90)), alert("C"))
    assert await watch.alerts.expire(now=after(59)) == 0
    assert await watch.alerts.expire(now=after(61)) == 1
    assert await watch.alerts.expire(now=after(61)) == 0
    group = await watch.only()
    assert (group.firing, group.alerts, group.due_at) == (2, 3, NOW)
    [ended] = [kept for kept in await watch.alerts.members(group.id, limit=9) if kept.ended]
    assert ended.ended == after(60)
    await watch.see(alert("B", times=0, expires=after(180)), now=after(80))
    assert await watch.alerts.expire(now=after(100)) == 0


async def test_a_mark_is_kept_with_what_was_seen_up_to_it(watch: Watch) -> None:
    assert await watch.alerts.watermark("endings") == 0
    seen = [watch.seen(alert("A"), "k")]
    await watch.alerts.observe("desk", seen, now=NOW, mark=Watermark("endings", 0, 7))
    assert await watch.alerts.watermark("endings") == 7
    await watch.alerts.observe("desk", seen, now=NOW, mark=Watermark("endings", 0, 7))
    await watch.alerts.observe("desk", seen, now=NOW, mark=Watermark("endings", 0, 9))
    assert await watch.alerts.watermark("endings") == 7
    assert (await watch.only()).times == 1
    await watch.alerts.observe("desk", [], now=NOW, mark=Watermark("endings", 7, 9))
    assert await watch.alerts.watermark("endings") == 9


async def test_alerts_that_inhibit_are_sources_while_they_fire(watch: Watch) -> None:
    await watch.alerts.observe("desk", [watch.seen(alert("A"), "k", inhibits=True)], now=NOW)
    await watch.see(alert("B"))
    assert [each.labels["alertname"] for each in await watch.alerts.sources()] == ["A"]
    await watch.see(alert("A", ended=after(1)))
    assert await watch.alerts.sources() == ()


async def test_every_open_group_is_due_when_what_hides_changes(watch: Watch) -> None:
    await watch.see(alert("A"), key="one")
    await watch.see(alert("B"), key="two")

    async def woken(hide: Coroutine[Any, Any, object]) -> list[str]:
        for group in await watch.groups():
            assert await watch.change(replace(group, due_at=None))
        await hide
        return sorted(group.key for group in await watch.alerts.due(now=after(99), limit=9))

    source = watch.seen(alert("S", expires=after(60)), "s", inhibits=True)
    assert await woken(watch.alerts.write([SilenceChange(silence())], now=NOW)) == ["one", "two"]
    assert await woken(watch.alerts.observe("x", [source], now=NOW)) == ["one", "s", "two"]
    assert await woken(watch.see(source="x", whole=True)) == ["one", "s", "two"]
    assert await woken(watch.alerts.observe("x", [source], now=NOW)) == ["one", "s", "two"]
    assert await woken(watch.alerts.expire(now=after(61))) == ["one", "s", "two"]


async def test_a_silence_wakes_only_groups_that_it_could_touch(watch: Watch) -> None:
    for key in ("one", "two"):
        await watch.see(alert("Broken"), key=key)
    for group in await watch.groups():
        assert await watch.change(replace(group, due_at=None))
    of_one = replace(silence(), matchers=(Matcher("key", Operator.EQUAL, "one"), *silence().matchers))
    await watch.alerts.write([SilenceChange(of_one)], now=NOW)
    assert [group.key for group in await watch.alerts.due(now=NOW, limit=9)] == ["one"]


async def test_ten_thousand_alerts_are_one_observation(watch: Watch) -> None:
    seen = [watch.seen(alert(f"A{n}"), f"k{n % 100}") for n in range(10_000)]
    await watch.alerts.observe("desk", seen, now=NOW)
    groups = await watch.groups()
    assert len(groups) == 100
    assert {(group.firing, group.times) for group in groups} == {(100, 100)}


# Deciding ----------------------------------------------------------------------------------------
async def test_a_change_is_read_back_as_it_was_written(watch: Watch) -> None:
    await watch.see(alert("A"))
    group = await watch.only()
    changed = replace(
        group,
        state=GroupState.SNOOZED,
        due_at=after(11),
        entries=1,
        spoken=Spoken(after(1), 2, 3),
        hidden=Hidden(Hiding.SILENCE, "s-1", after(2), None, announced=True),
        taken=Taken("U0ANN", after(3)),
        reminded_at=after(4),
        snoozed_until=after(5),
        climb=Climb("default", 2, 1, after(6), ("U0ANN",), (1, 2), after(5)),
        shown=Spoken(after(1), 2, 2),
        quiet_since=after(8),
        told_at=after(9.000001),
        resolved_at=after(7),
        resolved_by="U0ANN",
    )
    assert await watch.change(changed, ENTRY)
    assert await watch.alerts.group(group.id) == replace(changed, version=group.version + 1)
    assert await watch.alerts.log(group.id) == (ENTRY,)


async def test_a_change_decided_on_an_older_version_writes_nothing(watch: Watch, desk: Desk) -> None:
    await watch.see(alert("A"))
    group = await watch.only()
    await watch.see(alert("B"))
    told = (NewDelivery(PostAlert(group.id), "C0OPS"),)
    assert not await watch.change(replace(group, entries=1), ENTRY, told=told)
    assert await watch.alerts.log(group.id) == ()
    assert await desk.take() is None


async def test_of_several_changes_those_that_still_hold_are_written(watch: Watch) -> None:
    await watch.see(alert("A"), key="one")
    await watch.see(alert("B"), key="two")
    one, two = await watch.groups()
    await watch.see(alert("C"), key="one")
    changes = [
        GroupChange(group.version, replace(group, due_at=None), (), ())
        for group in (one, replace(two, due_at=after(3)))
    ]
    assert await watch.alerts.write(changes, now=NOW) == (False, True)


async def test_what_a_change_says_goes_into_the_outbox_with_it(watch: Watch, desk: Desk) -> None:
    await watch.see(alert("A"))
    group = await watch.only()
    card, reply = PostAlert(group.id), TellAlert(group.id, 1)
    told = (NewDelivery(card, "C0OPS"), NewDelivery(reply, "C0OPS"))
    assert await watch.change(replace(group, entries=1), ENTRY, told=told)
    letter = await desk.letter()
    assert letter.notice == card
    assert await desk.take() is None
    await desk.engine.outbox.record(letter.id, letter.attempt, Sent(Place("C0OPS", "1.5")), now=NOW)
    assert (await watch.only()).card == Place("C0OPS", "1.5")
    assert (await desk.letter()).notice == reply
    assert await desk.engine.check() == ()


async def test_a_resolved_group_is_not_changed_any_more(watch: Watch) -> None:
    await watch.see(alert("A"))
    assert await watch.change(resolved(await watch.only()))
    after_ = await watch.alerts.group("a-00000001")
    assert after_ is not None
    await watch.see(alert("A", ended=after(9)))
    assert not await watch.change(replace(after_, state=GroupState.ACKNOWLEDGED))
    assert await watch.alerts.group("a-00000001") == after_


async def test_a_settlement_writes_its_changes(watch: Watch, desk: Desk) -> None:
    await watch.see(alert("A"))
    group = await watch.only()
    await desk.record()
    row = await desk.open_inbox()
    taken = replace(group, state=GroupState.ACKNOWLEDGED, entries=1)
    changes = (GroupChange(group.version, taken, (ENTRY,), ()), SilenceChange(silence()))
    settlement = Settlement(row.id, row.attempt, Place(), changes=changes)
    assert await desk.engine.inbox.settle(settlement, now=NOW) == Settled((), ())
    assert (await watch.only()).state is GroupState.ACKNOWLEDGED
    assert await watch.alerts.silence("s-1") == silence()
    assert await desk.engine.inbox.settle(settlement, now=NOW) is None


async def test_a_settlement_whose_group_has_moved_on_settles_nothing(watch: Watch, desk: Desk) -> None:
    await watch.see(alert("A"))
    group = await watch.only()
    await watch.see(alert("B"))
    await desk.record()
    row = await desk.open_inbox()
    told = (NewDelivery(TellOperators(WHAT), "C0OPS"),)
    change = GroupChange(group.version, replace(group, state=GroupState.ACKNOWLEDGED), (), ())
    settlement = Settlement(
        row.id, row.attempt, Place(), (asked("p-1"),), told=told, changes=(SilenceChange(silence()), change)
    )
    with pytest.raises(MovedOnError):
        await desk.engine.inbox.settle(settlement, now=NOW)
    assert await desk.engine.ledger.patch("p-1") is None
    assert await watch.alerts.silences(now=NOW) == ()
    assert await desk.take() is None
    assert (await desk.engine.ledger.counts()).inbox == 1


# Duties ------------------------------------------------------------------------------------------
async def test_duties_are_there_until_they_end_and_end_only_earlier(desk: Desk) -> None:
    first, later = Duty("d-1", "web", "ada", NOW, after(90)), Duty("d-2", "web", "bea", after(1), after(60))

    async def write(*duties: Duty) -> None:
        await desk.record()
        row = await desk.open_inbox()
        changes = tuple(DutyChange(each) for each in duties)
        await desk.engine.inbox.settle(Settlement(row.id, row.attempt, Place(), changes=changes), now=NOW)

    await write(later, first)
    held = desk.engine.alerts.duties
    assert await held(now=after(59)) == (first, later)
    assert await held(now=after(60)) == (first,)
    await write(replace(first, ends=after(30)))
    assert await held(now=after(30)) == (later,)
    with pytest.raises(MovedOnError):
        await write(replace(first, ends=after(90)))


# Silences ----------------------------------------------------------------------------------------
async def test_silences_are_there_until_they_end(watch: Watch) -> None:
    begun, later = silence("s-1", ends=60), silence("s-2", starts=70, ends=90)
    changes = [SilenceChange(begun), SilenceChange(later)]
    assert await watch.alerts.write(changes, now=NOW) == (True, True)
    assert await watch.alerts.silences(now=after(59)) == (begun, later)
    assert await watch.alerts.silences(now=after(60)) == (later,)
    assert await watch.alerts.silence("s-1") == begun
    assert await watch.alerts.silence("s-3") is None


async def test_a_silence_that_was_ended_is_not_prolonged_by_a_late_announcement(
    watch: Watch, desk: Desk
) -> None:
    ended = silence(ends=30)
    announced = SilenceChange(silence(announced=True), (NewDelivery(TellOperators(WHAT), "C0OPS"),))
    await watch.alerts.write([SilenceChange(silence())], now=NOW)
    assert await watch.alerts.write([SilenceChange(ended), announced], now=NOW) == (True, False)
    assert await watch.alerts.silence("s-1") == ended
    assert await desk.take() is None


async def test_the_end_of_a_silence_is_announced_once(watch: Watch) -> None:
    change = SilenceChange(silence(announced=True))
    await watch.alerts.write([SilenceChange(silence())], now=NOW)
    assert await watch.alerts.write([change, change], now=NOW) == (True, False)


# Reading -----------------------------------------------------------------------------------------
async def test_the_longest_due_come_first_and_as_many_as_were_asked_for(watch: Watch) -> None:
    for name, due in (("a", 30), ("b", 10), ("c", 20), ("d", 90)):
        await watch.see(alert(name), key=name)
        [group] = [each for each in await watch.groups() if each.key == name]
        assert await watch.change(replace(group, due_at=after(due)))
    assert [group.key for group in await watch.alerts.due(now=after(30), limit=9)] == ["b", "c", "a"]
    assert [group.key for group in await watch.alerts.due(now=after(30), limit=2)] == ["b", "c"]


async def test_open_groups_come_the_worst_first_then_the_latest(watch: Watch) -> None:
    for second, (key, severity) in enumerate(
        [("old", "warning"), ("bad", "critical"), ("new", "warning"), ("low", "info")]
    ):
        await watch.see(alert(key, severity), key=key, now=after(second))
    assert [group.key for group in await watch.alerts.open_groups(limit=3)] == ["bad", "new", "old"]


async def test_members_come_firing_first_then_those_that_ended_last(watch: Watch) -> None:
    await watch.see(*(alert(name) for name in "ABCD"))
    await watch.see(alert("A", ended=after(1)), alert("C", ended=after(2)))
    members = await watch.alerts.members("a-00000001", limit=3)
    assert [each.labels["alertname"] for each in members] == ["B", "D", "C"]


async def test_the_firing_alerts_of_several_groups_are_read_at_once(watch: Watch) -> None:
    await watch.see(alert("A"), alert("B"), key="one")
    await watch.see(alert("C"), key="two")
    await watch.see(alert("B", ended=after(1)), key="one")
    one, two = await watch.groups()
    found = await watch.alerts.firing([one.id, two.id, "a-none"])
    assert {group: [labels["alertname"] for labels in alerts] for group, alerts in found.items()} == {
        one.id: ["A"],
        two.id: ["C"],
        "a-none": [],
    }


async def test_no_more_firing_alerts_are_read_than_were_asked_for(watch: Watch) -> None:
    await watch.see(*(alert(name) for name in "ABCD"))
    await watch.see(alert("A", ended=after(1)))
    found = await watch.alerts.firing(["a-00000001"], limit=2)
    assert [labels["alertname"] for labels in found["a-00000001"]] == ["B", "C"]


@pytest.mark.parametrize(
    "notice", [PostAlert("g"), EditAlert("g"), TellAlert("g", 1), PageSomebody("g", 1, "U")]
)
async def test_what_slack_has_not_taken_yet_is_unheard_since_it_was_said(
    watch: Watch, desk: Desk, notice: PostAlert
) -> None:
    await desk.put(NewDelivery(notice, "C0OPS"), now=after(3))
    await desk.put(NewDelivery(TellAlert("g", 2), "C0OPS"), now=after(9))
    assert await watch.alerts.unheard(["g", "h"]) == {"g": after(3)}
    letter = await desk.letter(now=after(10))
    assert await watch.alerts.unheard(["g"]) == {"g": after(3)}
    later = Postponed(after(60), "down")
    await desk.engine.outbox.record(letter.id, letter.attempt, later, now=after(10))
    assert await watch.alerts.unheard(["g"]) == {"g": after(3)}
    letter = await desk.letter(now=after(60) + timedelta(minutes=5))
    if letter.notice == notice:
        await desk.engine.outbox.record(letter.id, letter.attempt, Sent(), now=after(60))
        assert await watch.alerts.unheard(["g"]) == {"g": after(9)}


async def test_a_mail_or_a_webhook_that_waits_is_not_slack_that_does_not_hear(
    watch: Watch, desk: Desk
) -> None:
    await desk.put(
        NewDelivery(MailAlert("g", 1, "a@example.org"), None), NewDelivery(CallWebhook("g", 1, "w"), None)
    )
    assert await watch.alerts.unheard(["g"]) == {}


async def test_what_nobody_knows_of_is_nothing(watch: Watch) -> None:
    assert await watch.alerts.group("a-none") is None
    assert await watch.alerts.log("a-none") == ()
    assert await watch.alerts.members("a-none", limit=9) == ()
    assert not await watch.change(
        Group(
            "a-none",
            "k",
            "root",
            Placement("k", "root", {}).labels,
            Severity.INFO,
            GroupState.WAITING,
            1,
            *(NOW, 0, 0, 0, NOW, None),
        )
    )


# Forgetting ----------------------------------------------------------------------------------------
OLD = after(1000)


async def over(watch: Watch, name: str, *, at: float = 5, also: tuple[str, ...] = ()) -> Group:
    """A group that was resolved *at* then, and all of its alerts with it; with a line of log."""
    await watch.see(alert(name), *(alert(each) for each in also), key=name)
    await watch.see(*(alert(each, ended=after(at)) for each in (name, *also)), key=name)
    group = next(each for each in await watch.groups() if each.key == name)
    entry = Entry(group.entries + 1, after(at), EntryKind.RESOLVED, None, {})
    ended = replace(
        group, state=GroupState.RESOLVED, resolved_at=after(at), due_at=None, entries=entry.number
    )
    assert await watch.change(ended, entry)
    return group


async def test_a_group_that_was_over_by_then_is_forgotten_with_all_of_it(
    watch: Watch, engine: Engine
) -> None:
    old, young = await over(watch, "old"), await over(watch, "young", at=2000)
    await watch.see(alert("open"), key="open")
    assert await watch.alerts.forget(before=OLD, most=10) == 1
    assert await watch.alerts.group(old.id) is None
    assert await watch.alerts.log(old.id) == ()
    assert await watch.alerts.members(old.id, limit=9) == ()
    assert len(await watch.alerts.log(young.id)) == len(await watch.alerts.members(young.id, limit=9)) == 1
    assert [group.key for group in await watch.groups()] == ["open"]
    assert await watch.alerts.forget(before=OLD, most=10) == 0
    assert await engine.check() == ()


async def test_what_was_forgotten_and_fires_again_is_a_new_group(watch: Watch) -> None:
    old = await over(watch, "A")
    await watch.alerts.forget(before=OLD, most=10)
    await watch.see(alert("A"), key="A")
    group = await watch.only()
    assert (group.id != old.id, group.firing, group.times) == (True, 1, 1)


async def test_a_resolved_group_is_remembered_while_its_cause_holds(watch: Watch) -> None:
    await watch.see(alert("A"), key="A")
    assert await watch.change(resolved(await watch.only()))
    assert await watch.alerts.forget(before=OLD, most=10) == 0
    await watch.see(alert("A", times=0), key="A")
    assert await watch.groups() == []  # it is known still: nothing begins


async def test_a_group_is_remembered_while_words_of_it_wait(watch: Watch, desk: Desk) -> None:
    old = await over(watch, "A")
    await desk.put(NewDelivery(EditAlert(old.id), "C0OPS"))
    assert await watch.alerts.forget(before=OLD, most=10) == 0
    letter = await desk.letter()
    assert await watch.alerts.forget(before=OLD, most=10) == 0
    assert await desk.engine.outbox.record(letter.id, letter.attempt, Sent(), now=NOW)
    assert await watch.alerts.forget(before=OLD, most=10) == 1


async def test_an_alert_of_two_groups_is_there_for_the_one_that_stays(watch: Watch, engine: Engine) -> None:
    await watch.alerts.observe("desk", [watch.seen(alert("A"), "one", "two")], now=NOW)
    await watch.alerts.observe("desk", [watch.seen(alert("A", ended=after(3)), "one", "two")], now=NOW)
    one, two = await watch.groups()
    assert await watch.change(resolved(one))
    assert await watch.alerts.forget(before=OLD, most=10) == 1
    assert [each.labels["alertname"] for each in await watch.alerts.members(two.id, limit=9)] == ["A"]
    assert await engine.check() == ()


async def test_a_large_group_is_forgotten_step_by_step(watch: Watch, engine: Engine) -> None:
    await over(watch, "A", also=tuple("BCDEFG"))
    await over(watch, "later", at=6)
    gone = [await watch.alerts.forget(before=OLD, most=3) for _ in range(4)]
    assert gone == [0, 0, 2, 0]
    assert await engine.check() == ()


async def test_silences_that_had_ended_by_then_are_forgotten(watch: Watch) -> None:
    await watch.alerts.write(
        [SilenceChange(silence("s-1")), SilenceChange(silence("s-2", ends=3000))], now=NOW
    )
    await watch.alerts.forget(before=OLD, most=10)
    assert await watch.alerts.silence("s-1") is None
    assert await watch.alerts.silence("s-2") is not None
