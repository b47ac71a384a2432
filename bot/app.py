"""The desk, put together and run. A list: what is made here is explained where it comes from."""

import asyncio
import fcntl
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

from slack_bolt.async_app import AsyncApp

from bot import clock, forecasts, freezing
from bot.alerts.deciding import AlertTick
from bot.alerts.observing import Observer
from bot.alerts.sensing import Sensing
from bot.delivery import questions
from bot.delivery.alert_questions import AlertBoard
from bot.delivery.alerting import Ways
from bot.delivery.mail import Mailer
from bot.delivery.outbox import Deliverer
from bot.delivery.report_questions import ReportBoard
from bot.delivery.slack import SlackSender, open_sender
from bot.delivery.webhooks import Webhooks, open_webhooks
from bot.ending import Stopping, last_words
from bot.forecasts import Forecasts
from bot.freezing import FreezeTick
from bot.home import home
from bot.intake.actions import FromActions
from bot.intake.cli import FromCli
from bot.intake.connection import CannotStartError, Connection, connect
from bot.intake.files import Files
from bot.intake.gather import FromSlack
from bot.intake.people import People
from bot.intake.slack import Listeners, bolt_app
from bot.intake.socket import Lines, socket_mode
from bot.notify import Notifier
from bot.pulse import Pulses, step_taken
from bot.reports import log_files, posting
from bot.reports.log_files import ExecutionLog
from bot.reports.posting import Reporter
from bot.reports.schedule import ScheduleError, schedules
from bot.sentry import LOOK, SENTRY, WATCHDOG, Sentry
from bot.settings import Config
from bot.submit import Submitter
from bot.supervise import PATIENCE, Component, Errands, Turnstile, kept
from bot.tallies import Tallies
from bot.ticking import every
from bot.watchdog.calling import Calls, calling
from bot.watchdog.looking import Watchdog
from bot.watchdog.measuring import Measuring
from bot.web.probes import Phase
from bot.web.server import Front, served
from contracts.alerts.rules import Rules
from contracts.commands import Source
from contracts.faults import Fault, Reason, fault
from contracts.notices import NewDelivery, TellOperators
from contracts.ports import Engine, Turn, Work
from executor.engine import open_engine
from executor.worker import open_worker
from executor.workspace import default_root, prune

__all__ = ["CannotStartError", "run"]

_SETTLERS: Final = 4
_DELIVERERS: Final = 4
#: Between two looks at what happened and what is due, and at what merely holds.
_ALERTS: Final = timedelta(seconds=1)
_LOOKING: Final = timedelta(seconds=30)

Reached = Callable[[str], None]


def nobody(_point: str) -> None:
    """Nobody waits for the desk's signals."""


async def run(
    config: Config,
    *,
    ready: Callable[[], None] | None = None,
    reached: Reached = nobody,
    stop: asyncio.Event | None = None,
) -> None:
    """Run the desk until *stop* is set; without one, until SIGTERM or SIGINT, and a second of these.

    Raises CannotStartError, and StoreTroubleError where the store cannot be used as it is.
    *ready* is called once events are taken in, *reached* at each named point of the way.
    """
    stopping = Stopping(stop)
    async with stopping.heeded():
        await _run(config, ready or (lambda: None), reached, stopping)


async def _run(config: Config, ready: Callable[[], None], reached: Reached, stopping: Stopping) -> None:
    async with AsyncExitStack() as stack:
        stack.enter_context(only_desk(config.data))
        engine = await open_engine(config.database_url, identity=clock.new_key())
        stack.push_async_callback(engine.close)
        tallies, notifier = Tallies(), Notifier(config.notify, watched=config.watched)
        front = await stack.enter_async_context(_front(config, engine, tallies))
        slack = await stack.enter_async_context(connect(config.slack))
        desk = Desk(config, engine, slack, front, tallies, notifier, Pulses(), reached)
        await stack.enter_async_context(desk.at_work())
        # Not before: until here there is nothing to end in order, and a signal should end the waiting.
        stopping.listen()
        front.probes.phase = Phase.READY
        notifier.ready()
        ready()
        await stopping.told.wait()
        front.probes.phase = Phase.STOPPING
        notifier.stopping()


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that is there before the desk begins to work."""

    config: Config
    engine: Engine
    slack: Connection
    front: Front
    tallies: Tallies
    notifier: Notifier
    pulses: Pulses
    reached: Reached

    @asynccontextmanager
    async def at_work(self) -> AsyncIterator[None]:
        """Takes events in and works on what is there. Left, it takes in nothing more, then ends its work."""
        token, api_url = self.config.slack.bot_token or "", self.config.slack.api_url
        async with AsyncExitStack() as stack:
            most = self.config.settings.limits.block
            files = await stack.enter_async_context(Files(token, api_url=api_url, most=most))
            sender = await stack.enter_async_context(open_sender(token, api_url=api_url))
            errands = await stack.enter_async_context(Errands())
            people = People(self.slack.client, self.config.settings, clock.now)
            ways = self._ways(people, await stack.enter_async_context(open_webhooks()))
            app = await bolt_app(self.slack.client, self._listeners(people, errands))
            calls = await stack.enter_async_context(calling())
            measuring, health = self._measuring(calls), self.config.operations.health
            # Ended in the reverse order: first the way in, then the work, then what is said of it.
            saying, working = Turnstile(), Turnstile()
            await stack.enter_async_context(
                self._kept(
                    {
                        Work.OUTBOX: self._working(
                            saying, Work.OUTBOX, self._deliverer(sender, ways).turn, _DELIVERERS
                        ),
                        SENTRY: every(LOOK, self._sentry().tick, clock=clock.now),
                    },
                    saying,
                    grace=health.last_words,
                )
            )
            await stack.enter_async_context(
                last_words(self.engine.ledger, self.pulses.of(Work.OUTBOX), most=health.last_words)
            )
            components: dict[str, Component] = {
                Work.INBOX: self._working(
                    working, Work.INBOX, self._submitter(people, files).turn, _SETTLERS
                ),
                Work.LANES: partial(self._landing, working),
                "freezing": every(freezing.EVERY, self._freezing().tick, clock=clock.now),
                "forecasts": every(forecasts.EVERY, self._forecasts().tick, clock=clock.now),
                **self._watching(measuring, calls),
                **self._alerting(),
                **self._reporting(),
            }
            await stack.enter_async_context(self._kept(components, working, grace=health.grace))
            measuring.connections = await stack.enter_async_context(self._intake(app))
            yield

    def _kept(
        self, components: Mapping[str, Component], turnstile: Turnstile, *, grace: timedelta
    ) -> AbstractAsyncContextManager[None]:
        return kept(components, turnstile, grace=grace, jitter=clock.jitter, pulses=self.pulses)

    def _working(
        self,
        turnstile: Turnstile,
        work: Work,
        turn: Turn,
        workers: int,
        *,
        patience: timedelta | None = None,
    ) -> Component:
        guarded = turnstile.guard(work, turn, patience=patience or PATIENCE, places=workers)
        return partial(self.engine.run, work, guarded, workers=workers, clock=clock.now)

    # The desk looks at itself -----------------------------------------------------------------
    def _measuring(self, calls: Calls) -> Measuring:
        return Measuring(
            self.engine,
            self.pulses,
            calls,
            domains=tuple(self.config.settings.domains),
            levels=self.config.operations.levels,
            data=self.config.data,
            api_url=self.slack.client.base_url,
            sockets=self.front.events is None,
            clock=clock.now,
        )

    def _watching(self, measuring: Measuring, calls: Calls) -> dict[str, Component]:
        operations = self.config.operations
        health = operations.health
        watchdog = Watchdog(
            self.engine,
            self.pulses,
            measuring,
            calls,
            levels=operations.levels,
            observe=self._observer().observe,
            left_behind=partial(prune, default_root()),
            heartbeat=str(health.heartbeat) if health.heartbeat else None,
        )
        return {
            WATCHDOG: every(health.every, watchdog.tick, clock=clock.now),
            "store-check": every(health.check_every, measuring.check_store, clock=clock.now),
            "tidying": every(health.tidy_every, watchdog.tidy, clock=clock.now),
        }

    def _alerting(self) -> dict[str, Component]:
        rules = Rules(self.config.operations.alerts, self.config.settings)
        deciding = AlertTick(self.engine.alerts, rules, reached=self.reached)
        sensing = Sensing(self.engine, self._observer(), reached=self.reached)
        return {
            "alerts": every(_ALERTS, deciding.tick, clock=clock.now),
            "sensing": every(_ALERTS, sensing.tick, clock=clock.now),
            "looking": every(_LOOKING, sensing.look, clock=clock.now),
        }

    def _reporting(self) -> dict[str, Component]:
        operations = self.config.operations
        try:
            scheduled = schedules(operations.reports, self.config.settings.domains)
        except ScheduleError as error:
            raise CannotStartError(fault(Reason.BAD_SCHEDULE, detail=error)) from error
        reporter = Reporter(self.engine, operations, scheduled, clock.new_key)
        keep = timedelta(days=operations.log.keep_days)
        written = ExecutionLog(self.engine, log_files.folder_of(self.config.data), keep)
        return {
            "reports": every(posting.EVERY, reporter.tick, clock=clock.now),
            "execution-log": every(log_files.EVERY, written.tick, clock=clock.now),
        }

    def _freezing(self) -> FreezeTick:
        return FreezeTick(self.engine, self.config.settings)

    def _forecasts(self) -> Forecasts:
        return Forecasts(self.engine, self.config.settings)

    def _observer(self) -> Observer:
        alerts = self.config.operations.alerts
        return Observer(self.engine.alerts, alerts, new_group_id=clock.new_group_id)

    def _sentry(self) -> Sentry:
        silence = self.config.operations.levels.silence
        return Sentry(self.pulses, self.notifier, silence=silence, tell=self._tell_operators)

    async def _tell_operators(self, trouble: Fault) -> None:
        operators = self.config.settings.slack.operators
        told = (NewDelivery(TellOperators(trouble), operators),) if operators else ()
        await self.engine.outbox.put(told, now=clock.now())

    # What works -------------------------------------------------------------------------------
    async def _landing(self, turnstile: Turnstile) -> None:
        """Its sandbox is probed beside everything else: events are taken in meanwhile."""
        settings = self.config.settings
        async with open_worker(
            self.engine,
            settings,
            self.config.data,
            clock=clock.now,
            jitter=clock.jitter,
            reached=self._came_further,
            risk=self.config.operations.risk,
            stopping=lambda: turnstile.closed,
        ) as worker:
            if too_low := worker.too_low:
                await self._tell_operators(too_low)
            gates = [
                sum((gate.timeout for gate in each.gates), PATIENCE) for each in settings.domains.values()
            ]
            patience = max(gates, default=PATIENCE)
            await self._working(
                turnstile, Work.LANES, worker.turn, settings.executor.workers, patience=patience
            )()

    def _came_further(self, point: str) -> None:
        step_taken()
        self.reached(point)

    def _intake(self, app: AsyncApp) -> AbstractAsyncContextManager[Lines | None]:
        """Socket Mode where there is a token for it, else HTTP."""
        if self.front.events is None:
            return socket_mode(app, self.config.slack.app_token or "")
        return self.front.events.open(app)

    def _submitter(self, people: People, files: Files) -> Submitter:
        from_slack = FromSlack(self.slack.ourselves, people, files)
        return Submitter(
            self.engine,
            self.config.settings,
            {
                Source.SLACK: from_slack,
                Source.MODAL: from_slack,
                Source.ACTION: FromActions(people, clock.now),
                Source.CLI: FromCli(),
            },
            alerts=self.config.operations.alerts,
            clock=clock.now,
            new_patch_id=clock.new_patch_id,
            jitter=clock.jitter,
            reached=self.reached,
            tallies=self.tallies,
        )

    def _ways(self, people: People, webhooks: Webhooks) -> Ways:
        config = self.config
        mailer = Mailer(config.mail) if config.mail else None
        return Ways(config.operations.alerts, mailer, webhooks, config.webhooks, people.names)

    def _deliverer(self, sender: SlackSender, ways: Ways) -> Deliverer:
        return Deliverer(
            self.engine,
            sender,
            self.config.settings,
            self.config.data,
            clock=clock.now,
            jitter=clock.jitter,
            workspace=self.slack.workspace,
            ways=ways,
            operations=self.config.operations,
            reached=self.reached,
            tallies=self.tallies,
        )

    def _listeners(self, people: People, errands: Errands) -> Listeners:
        ledger, settings, workspace = self.engine.ledger, self.config.settings, self.slack.workspace
        rules = Rules(self.config.operations.alerts, settings)
        board = AlertBoard(self.engine.alerts, rules, naming=people.names, workspace=workspace)
        return Listeners(
            self.engine,
            settings,
            self.slack,
            people,
            errands,
            answering=partial(
                questions.answer,
                ledger=ledger,
                settings=settings,
                workspace=workspace,
                board=board,
                reports=ReportBoard(self.engine, self.config.operations),
                plans=self.engine.plan,
            ),
            home=partial(home, channels_of=people.channels_of, ledger=ledger, settings=settings),
            clock=clock.now,
            reached=self.reached,
        )


@asynccontextmanager
async def _front(config: Config, engine: Engine, tallies: Tallies) -> AsyncIterator[Front]:
    """The server. Raises CannotStartError if it cannot listen."""
    async with AsyncExitStack() as stack:
        opened = served(
            config,
            engine,
            tallies=tallies,
            secret=clock.new_secret(),
            new_group_id=clock.new_group_id,
            clock=clock.now,
        )
        try:
            front = await stack.enter_async_context(opened)
        except OSError as error:
            address = f"{config.http_host}:{config.http_port}"
            why = fault(Reason.ADDRESS_TAKEN, address=address, detail=error.strerror or error)
            raise CannotStartError(why) from error
        yield front


@contextmanager
def only_desk(data: Path) -> Iterator[None]:
    """The data folder, made if need be, for this process alone. Raises CannotStartError.

    The lock ends with the process, however that ends.
    """
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    with (data / "desk.lock").open("a", encoding="utf-8") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise CannotStartError(fault(Reason.DATA_IN_USE, path=data)) from error
        yield
