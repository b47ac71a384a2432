"""Lanes against a model that is short enough to be seen to be right."""

from dataclasses import dataclass, replace
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

from contracts.control import Grip
from contracts.outcome import Outcome, Step
from contracts.states import HEAD_STATES, PatchState
from tests.engine.engines import KINDS, DeskOnItsOwnLoop
from tests.engine.given import FAILED, GAVE_UP, LANDED, LEASE, NOW, after, asked, retry_at

DOMAINS = ("api", "docs", "web")
ENDINGS = {"landed": PatchState.LANDED, "failed": PatchState.FAILED, "gave-up": PatchState.QUARANTINED}

domains = st.sampled_from(DOMAINS)


@dataclass
class Modelled:
    id: str
    domain: str
    content: str
    state: PatchState = PatchState.WAITING
    attempt: int = 0
    due: datetime | None = None
    lease: datetime = NOW

    @property
    def is_open(self) -> bool:
        return self.state not in ENDINGS.values()


class Lanes(RuleBasedStateMachine):
    kind: str

    def __init__(self) -> None:
        super().__init__()
        self.own = DeskOnItsOwnLoop(self.kind)
        self.desk = self.own.desk
        self.patches: list[Modelled] = []
        self.seconds = 0

    @override
    def teardown(self) -> None:
        self.own.close()

    @property
    def now(self) -> datetime:
        return after(self.seconds)

    def lane(self, domain: str) -> list[Modelled]:
        return [patch for patch in self.patches if patch.domain == domain and patch.is_open]

    def promote(self, domain: str) -> int:
        lane = self.lane(domain)
        free = [patch for patch in lane if patch.state is PatchState.WAITING and patch.due is None]
        if any(patch.state in HEAD_STATES for patch in lane) or not free:
            return 0
        free[0].state = PatchState.READY
        return 1

    def come_due(self) -> int:
        for patch in self.patches:
            if patch.due is not None and patch.due <= self.now:
                patch.due = None
        return sum(map(self.promote, DOMAINS))

    @rule(seconds=st.integers(0, 40))
    def time_passes(self, seconds: int) -> None:
        self.seconds += seconds

    @rule(domain=domains, content=st.sampled_from("abcd"))
    def somebody_submits(self, domain: str, content: str) -> None:
        id_ = f"p-{len(self.patches)}"
        settled = self.own.run(self.desk.settle(asked(id_, content, domain=domain), now=self.now))
        twin = next((patch for patch in self.lane(domain) if patch.content == content), None)
        if twin is not None:
            assert (settled.accepted, settled.twins) == ((), (twin.id,))
            return
        assert settled.accepted == (id_,)
        self.patches.append(Modelled(id_, domain, content))
        self.promote(domain)

    @rule()
    def a_worker_claims(self) -> None:
        claimed = self.own.run(self.desk.claim(now=self.now))
        ready = [patch for patch in self.patches if patch.state is PatchState.READY]
        assert (claimed and claimed.id) == (ready[0].id if ready else None)
        if claimed is not None:
            ready[0].state, ready[0].lease = PatchState.RUNNING, self.now + LEASE
            ready[0].attempt += 1
            assert claimed.attempt == ready[0].attempt

    @precondition(lambda self: self.patches)
    @rule(data=st.data(), late=st.integers(0, 2), outcome=st.sampled_from(["retry", *ENDINGS]))
    def a_worker_finishes(self, data: st.DataObject, late: int, outcome: str) -> None:
        patch = data.draw(st.sampled_from(self.patches))
        attempt = patch.attempt - late
        outcomes: dict[str, Outcome] = {"landed": LANDED, "failed": FAILED, "gave-up": GAVE_UP}
        ended = outcomes.get(outcome) or retry_at(after(self.seconds + 25))
        finished = self.own.run(self.finish(patch.id, attempt, ended))
        holds = patch.state is PatchState.RUNNING and late == 0
        assert finished is holds
        if holds:
            patch.state = ENDINGS.get(outcome, PatchState.WAITING)
            patch.due = after(self.seconds + 25) if outcome == "retry" else None
            self.come_due()
            self.promote(patch.domain)

    async def finish(self, id_: str, attempt: int, outcome: Outcome) -> bool:
        stored = await self.desk.patch(id_)
        return await self.desk.finish(replace(stored, attempt=attempt), outcome, now=self.now)

    @precondition(lambda self: self.patches)
    @rule(data=st.data(), late=st.integers(0, 1), beats=st.booleans())
    def a_worker_gives_a_sign(self, data: st.DataObject, late: int, *, beats: bool) -> None:
        patch = data.draw(st.sampled_from(self.patches))
        holds = patch.state is PatchState.RUNNING and late == 0
        lanes, attempt = self.desk.engine.lanes, patch.attempt - late
        if beats:
            assert self.own.run(lanes.beat(patch.id, attempt, now=self.now, lease=LEASE)) is holds
            patch.lease = self.now + LEASE if holds else patch.lease
        else:
            step = self.own.run(lanes.step(patch.id, attempt, Step.GATES, now=self.now, told=()))
            assert (step is Grip.HELD) is holds

    @rule()
    def somebody_tends(self) -> None:
        offered = self.own.run(self.desk.engine.lanes.tend(now=self.now))
        lost = [p for p in self.patches if p.state is PatchState.RUNNING and p.lease <= self.now]
        for patch in lost:
            patch.state = PatchState.WAITING
        # An older one whose time has come goes before the one that was abandoned.
        promoted = sum(self.promote(patch.domain) for patch in lost)
        assert offered == promoted + self.come_due()

    @invariant()
    def the_store_is_as_the_model(self) -> None:
        ledger = self.desk.engine.ledger
        lines = self.own.run(ledger.queue(DOMAINS, limit=1000))
        assert [(line.id, line.state) for line in lines] == [
            (patch.id, patch.state) for domain in DOMAINS for patch in self.in_order(domain)
        ]
        states = self.own.run(ledger.states())
        assert states == {s: sum(patch.state is s for patch in self.patches) for s in PatchState}

    def in_order(self, domain: str) -> list[Modelled]:
        def turn(patch: Modelled) -> tuple[bool, datetime]:
            return (patch.state not in HEAD_STATES, patch.due or NOW)

        return sorted(self.lane(domain), key=turn)

    @invariant()
    def a_lane_has_one_head_at_most(self) -> None:
        for domain in DOMAINS:
            assert sum(patch.state in HEAD_STATES for patch in self.lane(domain)) <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_lanes_do_as_the_model_does(kind: str) -> None:
    machine = type("LanesOfKind", (Lanes,), {"kind": kind})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=30, stateful_step_count=40, deadline=None)
    )
