"""The desk, put together and run. A list: what is made here is explained where it comes from."""

import asyncio
import fcntl
import signal
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Final

from slack_bolt.async_app import AsyncApp

from bot import clock
from bot.delivery import questions
from bot.delivery.outbox import Deliverer
from bot.delivery.slack import SlackSender, open_sender
from bot.home import home
from bot.intake.cli import FromCli
from bot.intake.connection import CannotStartError, Connection, connect
from bot.intake.files import Files
from bot.intake.gather import FromSlack
from bot.intake.people import People
from bot.intake.slack import Listeners, bolt_app
from bot.intake.socket import socket_mode
from bot.settings import Config
from bot.submit import Submitter
from bot.supervise import Component, Errands, Turnstile, kept
from bot.tallies import Tallies
from bot.web.probes import Phase
from bot.web.server import Front, served
from contracts.commands import Source
from contracts.faults import Reason, fault
from contracts.ports import Engine, Turn, Work
from executor.engine import open_engine
from executor.worker import open_worker

__all__ = ["CannotStartError", "run"]

#: For turns in hand when the desk is told to stop; what takes longer is taken up again by the next start.
GRACE: Final = timedelta(seconds=10)
_SETTLERS: Final = 4
_DELIVERERS: Final = 4

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
    """Run the desk until *stop* is set; without one, until SIGTERM or SIGINT.

    Raises CannotStartError, and StoreTroubleError where the store cannot be used as it is.
    *ready* is called once events are taken in, *reached* at each named point of the way.
    """
    async with AsyncExitStack() as stack:
        stack.enter_context(only_desk(config.data))
        engine = await open_engine(config.database_url, identity=clock.new_key())
        stack.push_async_callback(engine.close)
        tallies = Tallies()
        front = await stack.enter_async_context(_front(config, engine, tallies))
        slack = await stack.enter_async_context(connect(config.slack))
        desk = Desk(config, engine, slack, front, tallies, reached)
        await stack.enter_async_context(desk.at_work())
        # Not before: until here there is nothing to end in order, and a signal should end the waiting.
        stopping = stack.enter_context(_told_to_stop(stop))
        front.probes.phase = Phase.READY
        if ready is not None:
            ready()
        await stopping.wait()
        front.probes.phase = Phase.STOPPING


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything that is there before the desk begins to work."""

    config: Config
    engine: Engine
    slack: Connection
    front: Front
    tallies: Tallies
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
            app = await bolt_app(self.slack.client, self._listeners(people, errands))
            turnstile = Turnstile()
            components: Mapping[str, Component] = {
                Work.INBOX: self._working(
                    turnstile, Work.INBOX, self._submitter(people, files).turn, _SETTLERS
                ),
                Work.LANES: partial(self._landing, turnstile),
                Work.OUTBOX: self._working(turnstile, Work.OUTBOX, self._deliverer(sender).turn, _DELIVERERS),
            }
            await stack.enter_async_context(kept(components, turnstile, grace=GRACE, jitter=clock.jitter))
            await stack.enter_async_context(self._intake(app))
            yield

    def _working(self, turnstile: Turnstile, work: Work, turn: Turn, workers: int) -> Component:
        return partial(self.engine.run, work, turnstile.guard(work, turn), workers=workers, clock=clock.now)

    async def _landing(self, turnstile: Turnstile) -> None:
        """Its sandbox is probed beside everything else: events are taken in meanwhile."""
        settings = self.config.settings
        async with open_worker(
            self.engine,
            settings,
            self.config.data,
            clock=clock.now,
            jitter=clock.jitter,
            reached=self.reached,
        ) as worker:
            await self._working(turnstile, Work.LANES, worker.turn, settings.executor.workers)()

    def _intake(self, app: AsyncApp) -> AbstractAsyncContextManager[None]:
        """Socket Mode where there is a token for it, else HTTP."""
        if self.front.events is None:
            return socket_mode(app, self.config.slack.app_token or "")
        return self.front.events.open(app)

    def _submitter(self, people: People, files: Files) -> Submitter:
        from_slack = FromSlack(self.slack.ourselves, people, files)
        return Submitter(
            self.engine,
            self.config.settings,
            {Source.SLACK: from_slack, Source.MODAL: from_slack, Source.CLI: FromCli()},
            clock=clock.now,
            new_patch_id=clock.new_patch_id,
            jitter=clock.jitter,
            reached=self.reached,
        )

    def _deliverer(self, sender: SlackSender) -> Deliverer:
        return Deliverer(
            self.engine,
            sender,
            self.config.settings,
            self.config.data,
            clock=clock.now,
            jitter=clock.jitter,
            workspace=self.slack.workspace,
            reached=self.reached,
        )

    def _listeners(self, people: People, errands: Errands) -> Listeners:
        ledger, settings = self.engine.ledger, self.config.settings
        return Listeners(
            self.engine,
            settings,
            self.slack,
            people,
            errands,
            answering=partial(
                questions.answer, ledger=ledger, settings=settings, workspace=self.slack.workspace
            ),
            home=partial(home, channels_of=people.channels_of, ledger=ledger, settings=settings),
            clock=clock.now,
            reached=self.reached,
        )


@asynccontextmanager
async def _front(config: Config, engine: Engine, tallies: Tallies) -> AsyncIterator[Front]:
    """The server. Raises CannotStartError if it cannot listen."""
    async with AsyncExitStack() as stack:
        opened = served(config, engine, tallies=tallies, secret=clock.new_secret(), clock=clock.now)
        try:
            front, _ = await stack.enter_async_context(opened)
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


@contextmanager
def _told_to_stop(stop: asyncio.Event | None) -> Iterator[asyncio.Event]:
    """*stop* itself, or an event that SIGTERM and SIGINT set."""
    if stop is not None:
        yield stop
        return
    stopping, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    try:
        yield stopping
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
