"""Atomic sets under any schedule: never one landed before all have passed, never one that is stuck."""

from collections.abc import Sequence
from datetime import datetime

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from typing_extensions import override

from contracts.control import (
    ApprovePatch,
    Closed,
    CloseDomain,
    Closing,
    Control,
    FreePatch,
    OpenDomain,
    Priority,
)
from contracts.course import ended, freed, held, prioritised
from contracts.faults import Fault
from contracts.outcome import Outcome
from contracts.records import StoredPatch
from contracts.states import HEAD_STATES, OPEN_STATES, PatchState
from tests.engine.engines import KINDS, DeskOnItsOwnLoop
from tests.engine.given import FAILED, LANDED, after, asked, retry_at
from tests.engine.test_atomic_sets import PASSED
from tests.engine.test_control import PROPOSED, STOPPED
from tests.engine.test_sets import enter, members

DOMAINS = ("api", "docs", "web")
domains = st.sampled_from(DOMAINS)
several = st.lists(domains, min_size=2, max_size=3, unique=True)


class Sets(RuleBasedStateMachine):
    kind: str

    def __init__(self) -> None:
        super().__init__()
        self.own = DeskOnItsOwnLoop(self.kind)
        self.desk = self.own.desk
        self.sets: dict[str, list[str]] = {}
        self.alone: list[str] = []
        self.passed: set[str] = set()
        self.shut: set[str] = set()
        self.seconds = 0

    @property
    def now(self) -> datetime:
        return after(self.seconds)

    @override
    def teardown(self) -> None:
        try:
            self.all_comes_to_an_end()
        finally:
            self.own.close()

    # What happens --------------------------------------------------------------------------
    @rule(domain=domains)
    def somebody_submits(self, domain: str) -> None:
        id_ = f"p-{len(self.alone)}"
        self.own.run(self.desk.settle(asked(id_, domain=domain), now=self.now))
        self.alone.append(id_)

    @precondition(lambda self: len(self.sets) < 4)
    @rule(wanted=several)
    def somebody_submits_a_set(self, wanted: list[str]) -> None:
        of = f"s-{len(self.sets)}"
        entered = self.own.run(enter(self.desk, *members(*wanted, of=of, text=of, atomic=True)))
        self.sets[of] = list(entered.accepted)

    @rule(outcome=st.sampled_from(["pass", "pass", "fail", "retry", "propose", "vanish"]))
    def a_worker_takes_one(self, outcome: str) -> None:
        claimed = self.own.run(self.desk.claim(now=self.now))
        if claimed is not None and outcome != "vanish":
            self.finish(claimed, outcome)

    @precondition(lambda self: self.running())
    @rule(data=st.data(), outcome=st.sampled_from(["pass", "fail", "retry"]))
    def a_worker_that_took_longer_finishes(self, data: st.DataObject, outcome: str) -> None:
        self.finish(data.draw(st.sampled_from(self.running())), outcome)

    @precondition(lambda self: self.open())
    @rule(data=st.data(), what=st.sampled_from(["hold", "free", "end", "urgent"]))
    def somebody_steers(self, data: st.DataObject, what: str) -> None:
        row = data.draw(st.sampled_from(self.open()))
        decided: dict[str, Control | Fault] = {
            "hold": held(row, "Ben", ""),
            "free": freed(row),
            "end": ended(row, "Ben"),
            "urgent": prioritised(row, Priority.HIGH),
        }
        if not isinstance(wanted := decided[what], Fault):
            self.decide(wanted)

    @rule(domain=domains)
    def somebody_opens_or_closes(self, domain: str) -> None:
        if domain in self.shut:
            self.decide(OpenDomain(domain, Closing.PAUSED))
            self.shut.remove(domain)
        else:
            self.decide(CloseDomain(Closed(domain, Closing.PAUSED, "Ben", "", self.now)))
            self.shut.add(domain)

    @rule(seconds=st.integers(5, 40))
    def time_passes(self, seconds: int) -> None:
        self.seconds += seconds
        self.own.run(self.desk.engine.lanes.tend(now=self.now))

    # What always holds ---------------------------------------------------------------------
    @invariant()
    def nothing_lands_before_all_have_passed(self) -> None:
        for rows in map(self.rows, self.sets.values()):
            if any(row.cleared or row.state is PatchState.LANDED for row in rows):
                assert {row.id for row in rows} <= self.passed
                assert not any(row.bound for row in rows)

    @invariant()
    def what_is_broken_ends(self) -> None:
        for rows in map(self.rows, self.sets.values()):
            if any(row.state not in {*OPEN_STATES, PatchState.LANDED} for row in rows):
                assert all(row.state is PatchState.RUNNING and row.broken for row in rows if row.bound)

    @invariant()
    def two_sets_that_share_a_domain_are_not_both_begun(self) -> None:
        begun = [
            {row.patch.domain for row in rows if row.bound}
            for rows in map(self.rows, self.sets.values())
            if any(row.bound and row.state in HEAD_STATES for row in rows)
        ]
        assert sum(map(len, begun)) == len(set[str]().union(*begun))

    @invariant()
    def a_lane_waits_for_one_that_is_cleared(self) -> None:
        rows = self.open()
        waits = {row.patch.domain for row in rows if row.cleared and row.state is PatchState.WAITING}
        assert waits.isdisjoint(row.patch.domain for row in rows if row.state in HEAD_STATES)

    # How it ends ---------------------------------------------------------------------------
    def all_comes_to_an_end(self) -> None:
        """People clear away what they put there; then workers are enough."""
        self.decide(*(OpenDomain(domain, Closing.PAUSED) for domain in sorted(self.shut)))
        for _ in range(200):
            if not self.open():
                return
            self.decide(*self.good_will())
            self.seconds += 60
            self.own.run(self.desk.engine.lanes.tend(now=self.now))
            while (claimed := self.own.run(self.desk.claim(now=self.now))) is not None:
                self.finish(claimed, "pass")
                self.nothing_lands_before_all_have_passed()
        raise AssertionError([(row.id, row.state) for row in self.open()])

    def good_will(self) -> list[Control]:
        decided = list[Control]()
        for row in self.open():
            if row.hold is not None:
                decided.append(FreePatch(row.id))
            if row.state is PatchState.PROPOSED and row.proposal is not None:
                decided.append(ApprovePatch(row.id, row.proposal.binding, "Ben"))
        return decided

    # What it is told with ------------------------------------------------------------------
    def rows(self, ids: Sequence[str]) -> list[StoredPatch]:
        return [self.own.run(self.desk.patch(id_)) for id_ in ids]

    def open(self) -> list[StoredPatch]:
        ids = [*self.alone, *(id_ for ids in self.sets.values() for id_ in ids)]
        return [row for row in self.rows(ids) if row.state in OPEN_STATES]

    def running(self) -> list[StoredPatch]:
        return [row for row in self.open() if row.state is PatchState.RUNNING]

    def decide(self, *decided: Control) -> None:
        assert self.own.run(self.desk.engine.lanes.decide(decided, now=self.now))

    def finish(self, row: StoredPatch, outcome: str) -> None:
        """As a worker does: one that is to end ends, one that may not land alone is prepared."""
        row = self.own.run(self.desk.patch(row.id))
        outcomes: dict[str, Outcome] = {
            "pass": PASSED if row.bound else LANDED,
            "fail": FAILED,
            "retry": retry_at(after(self.seconds + 20)),
            "propose": PROPOSED,
        }
        if row.cleared and outcome == "propose":
            outcome = "retry"  # its lane does not wait for people
        told: Outcome = STOPPED if row.stop_by or row.broken else outcomes[outcome]
        assert self.own.run(self.desk.finish(row, told, now=self.now))
        if told is PASSED:
            self.passed.add(row.id)


def kept(kind: str, examples: int, steps: int) -> None:
    machine = type("SetsOfKind", (Sets,), {"kind": kind})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=examples, stateful_step_count=steps, deadline=None)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_under_any_schedule_none_lands_before_all_have_passed_and_none_is_stuck(kind: str) -> None:
    kept(kind, 3, 25)


# A time limit that strikes within an example looks to hypothesis like data that changed under its hands.
@pytest.mark.timeout(600)
@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_under_very_many_schedules_none_lands_too_early_and_none_is_stuck(kind: str) -> None:
    kept(kind, 150, 60)
