"""The outbox against a model that is short enough to be seen to be right."""

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

from contracts.commands import Place
from contracts.notices import (
    POSTING_METHODS,
    EditCard,
    Mark,
    NewDelivery,
    PostCard,
    PostSummary,
    WriteSummary,
    coalesces,
    method_of,
    needs_card,
)
from contracts.ports import Buried, DeliveryOutcome, Doubtful, Postponed, Redirected, Sent
from tests.engine.engines import KINDS, DeskOnItsOwnLoop
from tests.engine.given import LEASE, after

CHANNELS = ("C0DEV", "C0OPS", "C0WEB")
METHODS = ("chat.postMessage", "chat.update", "reactions.add")
PATCHES = ("p-1", "p-2")

channels = st.sampled_from(CHANNELS)
notices = st.one_of(
    *(st.builds(kind, st.sampled_from(PATCHES)) for kind in (PostCard, EditCard, PostSummary)),
    st.builds(Mark, st.integers(1, 2)),
    st.builds(WriteSummary, st.just("p-1")),
)


@dataclass
class Letter:
    number: int
    said: NewDelivery
    waits: bool
    due: datetime
    attempt: int = 0
    unsure: bool = False
    held_until: datetime | None = None

    @property
    def same(self) -> str | None:
        return coalesces(self.said.notice)


class Outbox(RuleBasedStateMachine):
    kind: str

    def __init__(self) -> None:
        super().__init__()
        self.own = DeskOnItsOwnLoop(self.kind)
        self.outbox = self.own.desk.engine.outbox
        self.letters: list[Letter] = []  # what is still to be said, oldest first
        self.awaited: set[str] = set()  # patches whose card is still to be posted
        self.redirects: dict[str, str] = {}
        self.ids: dict[int, int] = {}  # of letters that have been claimed
        self.numbers = 0
        self.seconds = 0

    @override
    def teardown(self) -> None:
        self.own.close()

    @property
    def now(self) -> datetime:
        return after(self.seconds)

    @rule(seconds=st.integers(0, 20))
    def time_passes(self, seconds: int) -> None:
        self.seconds += seconds

    @rule(said=st.builds(NewDelivery, notices, channels, st.sampled_from([None, "1.0"])))
    def somebody_speaks(self, said: NewDelivery) -> None:
        if isinstance(said.notice, WriteSummary):
            said = NewDelivery(said.notice, None)
        self.own.run(self.outbox.put([said], now=self.now))
        self.put(said)

    def put(self, said: NewDelivery) -> None:
        followed = needs_card(said.notice)
        if followed in self.redirects:
            said = replace(said, channel=self.redirects[followed], thread=None)
        key = coalesces(said.notice)
        if key is None or not any(letter.same == key and self.is_pending(letter) for letter in self.letters):
            self.numbers += 1
            self.letters.append(Letter(self.numbers, said, waits=followed in self.awaited, due=self.now))
        if isinstance(said.notice, PostCard):
            self.awaited.add(said.notice.patch)

    def is_pending(self, letter: Letter) -> bool:
        return letter.held_until is None and not letter.unsure

    @rule(busy=st.sets(channels), methods=st.sets(st.sampled_from(METHODS)))
    def a_deliverer_claims(self, busy: set[str], methods: set[str]) -> None:
        claimed = self.own.run(
            self.outbox.claim(
                now=self.now, lease=LEASE, busy_channels=frozenset(busy), busy_methods=frozenset(methods)
            )
        )
        for letter in self.letters:
            if letter.held_until is not None and letter.held_until <= self.now:
                letter.held_until, letter.unsure, letter.due = None, True, self.now
        offered = [letter for letter in self.letters if self.may_go(letter, busy, methods)]
        expected = min(offered, key=lambda letter: (letter.same is not None, letter.number), default=None)
        assert (claimed is None) is (expected is None)
        if claimed is None or expected is None:
            return
        expected.held_until = self.now + LEASE
        expected.attempt += 1
        assert claimed.id == self.ids.setdefault(expected.number, claimed.id)
        assert (claimed.notice, claimed.channel, claimed.thread, claimed.attempt, claimed.unsure) == (
            expected.said.notice,
            expected.said.channel,
            expected.said.thread,
            expected.attempt,
            expected.unsure,
        )

    def may_go(self, letter: Letter, busy: set[str], methods: set[str]) -> bool:
        channel, method = letter.said.channel, method_of(letter.said.notice)
        held = {each.said.channel for each in self.letters if each.held_until is not None} - {None}
        return not (
            letter.held_until is not None
            or letter.due > self.now
            or letter.waits
            or method in methods
            or (channel in busy and method in POSTING_METHODS)
            or channel in held
        )

    @precondition(lambda self: any(letter.number in self.ids for letter in self.letters))
    @rule(
        data=st.data(),
        late=st.integers(0, 1),
        outcome=st.sampled_from([Sent, Postponed, Doubtful, Redirected, Buried]),
        channel=channels,
    )
    def a_deliverer_reports(
        self, data: st.DataObject, late: int, outcome: type[DeliveryOutcome], channel: str
    ) -> None:
        letter = data.draw(st.sampled_from([each for each in self.letters if each.number in self.ids]))
        later = after(self.seconds + 10)
        outcomes: dict[type[DeliveryOutcome], DeliveryOutcome] = {
            Sent: Sent(Place(letter.said.channel, "9.9")),
            Postponed: Postponed(later, "busy"),
            Doubtful: Doubtful(later, "reset"),
            Redirected: Redirected(channel, "dead"),
            Buried: Buried("no"),
        }
        recorded = self.own.run(
            self.outbox.record(
                self.ids[letter.number], letter.attempt - late, outcomes[outcome], now=self.now
            )
        )
        assert recorded is (letter.held_until is not None and late == 0)
        if recorded:
            letter.held_until = None
            self.end(letter, outcomes[outcome])

    def end(self, letter: Letter, outcome: DeliveryOutcome) -> None:
        notice = letter.said.notice
        match outcome:
            case Sent() | Buried():
                self.letters.remove(letter)
                if isinstance(notice, PostCard):
                    self.awaited.discard(notice.patch)
                    for follower in self.followers(notice.patch):
                        follower.waits = False
            case Doubtful(until=until):
                letter.unsure, letter.due = True, until
            case Postponed(until=until):
                letter.unsure, letter.due = False, until
                self.swallow(letter)
            case Redirected(channel=channel):
                letter.unsure, letter.due = False, self.now
                letter.said = NewDelivery(notice, channel)
                self.swallow(letter)
                if isinstance(notice, PostCard):
                    self.redirects[notice.patch] = channel
                    for follower in self.followers(notice.patch):
                        follower.said = NewDelivery(follower.said.notice, channel)

    def followers(self, patch: str) -> list[Letter]:
        return [each for each in self.letters if each.waits and needs_card(each.said.notice) == patch]

    def swallow(self, letter: Letter) -> None:
        """It is pending again, and says what an equal one would."""
        self.letters = [
            each
            for each in self.letters
            if each is letter or each.same is None or each.same != letter.same or not self.is_pending(each)
        ]

    @invariant()
    def the_store_holds_as_many_as_the_model(self) -> None:
        assert self.own.run(self.own.desk.engine.ledger.counts()).outbox == len(self.letters)


@pytest.mark.parametrize("kind", KINDS)
def test_the_outbox_does_as_the_model_does(kind: str) -> None:
    machine = type("OutboxOfKind", (Outbox,), {"kind": kind})
    run_state_machine_as_test(
        machine, settings=settings(max_examples=30, stateful_step_count=40, deadline=None)
    )
