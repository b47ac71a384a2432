"""Who stands still is noticed, ended and started again, and it is counted."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import pytest

from bot import sentry as sentry_module
from bot import supervise
from bot.notify import Notifier
from bot.pulse import Pulse, Pulses, mine, step_taken
from bot.sentry import SENTRY, WATCHDOG, Sentry
from bot.supervise import Component, Turnstile, kept
from bot.ticking import every
from contracts.faults import Fault, Reason

PERIOD = timedelta(milliseconds=100)
#: As in the settings: two periods without a sign of life.
SILENCE = 2 * PERIOD
DEADLINE = timedelta(seconds=10)


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervise, "_FIRST", timedelta(milliseconds=1))


def clock() -> datetime:
    return datetime.now(UTC)


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(DEADLINE.total_seconds()):
        while not condition():  # noqa: ASYNC110 - many things are waited for
            await asyncio.sleep(0.002)


class Freezer:
    """A tick or a turn that stands still from its *after*-th call on, until it was ended *thaws* times."""

    def __init__(self, *, after: int = 2, thaws: int = 1) -> None:
        self.calls = 0
        self.ended = 0
        self.frozen_at: float | None = None
        self._after = after
        self._thaws = thaws

    async def tick(self, _now: datetime) -> None:
        await self.turn()

    async def turn(self) -> bool:
        self.calls += 1
        if self.calls >= self._after and self.ended < self._thaws:
            self.frozen_at = asyncio.get_running_loop().time()
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.ended += 1
                raise
        return False


@asynccontextmanager
async def desk(
    components: dict[str, Component], pulses: Pulses, *, notifier: Notifier | None = None
) -> AsyncIterator[list[Fault]]:
    """The components and a sentry; gives what the operators are told."""
    told: list[Fault] = []

    async def tell(trouble: Fault) -> None:
        told.append(trouble)

    sentry = Sentry(pulses, notifier or Notifier(None), silence=SILENCE, tell=tell)
    everything = {**components, SENTRY: every(PERIOD / 10, sentry.tick, clock=clock)}
    nothing_in_hand = timedelta(milliseconds=1)
    async with kept(everything, Turnstile(), grace=nothing_in_hand, jitter=lambda: 0.0, pulses=pulses):
        yield told


@pytest.mark.parametrize("name", [WATCHDOG, "alerts", "reports", "store-check"])
async def test_a_tick_that_never_returns_is_noticed_within_two_periods_and_started_again(name: str) -> None:
    pulses, frozen = Pulses(), Freezer()
    async with desk({name: every(PERIOD, frozen.tick, clock=clock)}, pulses):
        await until(lambda: frozen.ended)
        assert frozen.frozen_at is not None
        took = asyncio.get_running_loop().time() - frozen.frozen_at
        await until(lambda: frozen.calls > 3)
    assert took < (SILENCE + PERIOD).total_seconds()
    pulse = pulses.of(name)
    assert (pulse.restarts, pulse.last_error) == (1, "TimeoutError")


def calling(turn: Callable[[], Awaitable[bool]]) -> Component:
    """As `Engine.run` does: a turn that found nothing is called again after a moment."""

    async def run() -> None:
        while True:
            if not await turn():
                await asyncio.sleep(0.002)

    return run


@pytest.mark.parametrize("name", ["inbox", "lanes", "outbox"])
async def test_a_turn_that_never_returns_is_ended_when_its_patience_is_over(name: str) -> None:
    pulses, frozen = Pulses(), Freezer()
    turn = Turnstile().guard(name, frozen.turn, patience=SILENCE, places=1)
    async with desk({name: calling(turn)}, pulses):
        await until(lambda: frozen.calls > 3)
    assert (frozen.ended, pulses.of(name).restarts, pulses.of(name).last_error) == (1, 0, "TimeoutError")


@pytest.mark.parametrize("name", ["inbox", "lanes", "outbox"])
async def test_a_loop_that_calls_no_turns_any_more_is_started_again(name: str) -> None:
    pulses, starts, calls = Pulses(), 0, 0

    async def nothing() -> bool:
        nonlocal calls
        calls += 1
        return False

    turn = Turnstile().guard(name, nothing)

    async def run() -> None:
        nonlocal starts
        starts += 1
        for _ in range(3):
            await turn()
        if starts == 1:
            await asyncio.Event().wait()
        await calling(turn)()

    async with desk({name: run}, pulses):
        await until(lambda: starts == 2 and calls > 20)
        assert not pulses.silent(SILENCE)
    assert (starts, pulses.of(name).restarts) == (2, 1)


async def test_work_that_takes_long_and_goes_on_is_let_be() -> None:
    pulses, steps, done = Pulses(), 0, asyncio.Event()

    async def work() -> bool:
        nonlocal steps
        while steps < 12:
            await asyncio.sleep(SILENCE.total_seconds() / 3)
            steps += 1
            step_taken()
        done.set()
        await asyncio.Event().wait()
        return True

    turn = Turnstile().guard("lanes", work, patience=SILENCE, places=1)
    async with desk({"lanes": calling(turn)}, pulses):
        async with asyncio.timeout(DEADLINE.total_seconds()):
            await done.wait()
        assert (steps, pulses.of("lanes").restarts, pulses.of("lanes").last_error) == (12, 0, None)


async def test_work_that_does_not_let_itself_be_ended_is_silence() -> None:
    pulses, let_go = Pulses(), asyncio.Event()

    async def work() -> bool:
        while not let_go.is_set():
            try:
                await let_go.wait()
            except asyncio.CancelledError:
                continue
        return False

    turn = Turnstile().guard("lanes", work, patience=PERIOD, places=1)
    async with desk({"lanes": calling(turn)}, pulses):
        await until(lambda: pulses.of("lanes") in pulses.silent(SILENCE))
        let_go.set()
        await until(lambda: not pulses.silent(SILENCE))


# The watchdog is watched ---------------------------------------------------------------------------
async def test_when_the_watchdog_stops_the_operators_hear_of_it_without_it(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pulses, frozen = Pulses(), Freezer(thaws=3)
    async with desk({WATCHDOG: every(PERIOD, frozen.tick, clock=clock)}, pulses) as told:
        await until(lambda: frozen.ended == 3)
        await until(lambda: not pulses.silent(SILENCE))
    assert [trouble.reason for trouble in told] == [Reason.WATCHDOG_STOPPED]
    assert "the watchdog has not ticked" in caplog.text


async def test_a_watchdog_that_fails_at_every_tick_has_stopped_too() -> None:
    pulses = Pulses()

    async def fail(_now: datetime) -> None:
        raise ZeroDivisionError

    async with desk({WATCHDOG: every(PERIOD, fail, clock=clock)}, pulses) as told:
        await until(lambda: told)
    assert pulses.of(WATCHDOG).restarts > 1
    assert pulses.of(WATCHDOG).last_error == "ZeroDivisionError"


async def test_another_stop_of_the_watchdog_is_told_again() -> None:
    pulses, hold = Pulses(), asyncio.Event()
    hold.set()

    async def tick(_now: datetime) -> None:
        if not hold.is_set():
            await asyncio.Event().wait()

    async with desk({WATCHDOG: every(PERIOD, tick, clock=clock)}, pulses) as told:
        for stops in (1, 2):
            hold.clear()
            await until(lambda stops=stops: len(told) == stops)  # type: ignore[misc]
            hold.set()
            await until(lambda: not pulses.silent(SILENCE))
            await until(lambda: pulses.of(WATCHDOG).has_beaten)
            await asyncio.sleep(PERIOD.total_seconds())


async def test_the_service_manager_is_fed_only_while_nobody_is_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pulses, notifier, frozen = Pulses(), Notifier(None), Freezer(after=10, thaws=1000)
    fed: list[None] = []
    monkeypatch.setattr(notifier, "alive", lambda: fed.append(None))
    async with desk({WATCHDOG: every(PERIOD, frozen.tick, clock=clock)}, pulses, notifier=notifier):
        await until(lambda: len(fed) > 2)
        await until(lambda: pulses.silent(SILENCE))
        hungry = len(fed)
        await until(lambda: frozen.ended > 2)
        assert len(fed) == hungry


async def test_when_the_whole_process_stood_still_nobody_is_ended_for_it(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sentry_module, "LOOK", PERIOD / 10)
    monkeypatch.setattr(sentry_module, "_LATE", SILENCE)
    pulses, ticks = Pulses(), 0

    async def tick(_now: datetime) -> None:
        nonlocal ticks
        ticks += 1
        if ticks == 2:
            time.sleep(3 * SILENCE.total_seconds())  # noqa: ASYNC251 - this is the trouble

    async with desk({"alerts": every(PERIOD, tick, clock=clock)}, pulses) as told:
        await until(lambda: ticks > 4)
    assert "the whole desk stood still" in caplog.text
    assert (pulses.of("alerts").restarts, told) == (0, [])


# Counting ------------------------------------------------------------------------------------------
async def test_a_crash_is_restarted_counted_and_remembered() -> None:
    pulses, starts = Pulses(), 0

    async def run() -> None:
        nonlocal starts
        starts += 1
        if starts < 5:
            raise OSError("disk full")
        mine().beat()
        await asyncio.Event().wait()

    async with desk({"alerts": run}, pulses):
        pulse = pulses.of("alerts")
        await until(lambda: starts == 5)
        assert (pulse.restarts, pulse.restarts_within(timedelta(minutes=5)), pulse.restarting) == (
            4,
            4,
            False,
        )
        assert pulse.last_error == "OSError: disk full"
    assert list(pulses) == [], "what has ended is not looked at any more"


async def test_only_what_was_taken_up_counts_as_that() -> None:
    pulses, found = Pulses(), [False, True]

    async def turn() -> bool:
        return found.pop() if found else False

    guarded = Turnstile().guard("inbox", turn)
    pulse = pulses.of("inbox")
    with pulse.felt():
        assert (await guarded(), pulse.since_taken is None) == (True, False)
        before = pulse.since_taken
        assert await guarded() is False
    assert before is not None
    assert pulse.since_taken is not None
    assert pulse.since_taken > before


async def test_an_error_is_remembered_without_its_secrets() -> None:
    pulse = Pulse("lanes")
    pulse.fell(OSError("cannot fetch https://ada:hunter2@example.org/web.git"))
    assert pulse.last_error is not None
    assert "hunter2" not in pulse.last_error
    assert pulse.last_error.startswith("OSError: cannot fetch https://")


async def test_a_pulse_outside_of_any_component_is_nobodys() -> None:
    mine().beat()
    step_taken()
    assert mine().name == "nobody"
    assert not Pulse("idle").interrupt()
