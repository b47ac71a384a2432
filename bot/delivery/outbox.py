"""Carry deliveries from the outbox to Slack, each message once.

A turn takes one delivery, has it carried out, and records what came of it.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from bot.delivery.alerting import Ways
from bot.delivery.carrying import Carrier
from bot.delivery.conclusions import Circumstances, Conclusion, conclude
from bot.delivery.pace import Pace
from bot.delivery.posting import Tried
from bot.delivery.slack import SlackSender
from bot.delivery.slack_answers import Answer, Delivered, RetryAfter, Unknown
from bot.tallies import Counted, Tallies
from contracts.notices import POSTING_METHODS, method_of
from contracts.operations import Operations
from contracts.ports import Buried, Doubtful, Engine, Postponed, Redirected, Sent, Work
from contracts.records import Delivery
from contracts.settings import Settings

log = logging.getLogger(__name__)

#: A deliverer that was silent for so long is taken for dead, and another looks what it did.
LEASE: Final = timedelta(seconds=60)
#: Well within the lease: whoever holds a delivery has stopped sending before another may begin.
SENDING_WITHIN: Final = timedelta(seconds=45)
#: What came of a try, as it is counted.
_NAMES: Final = {
    Sent: "sent",
    Postponed: "postponed",
    Doubtful: "doubtful",
    Redirected: "redirected",
    Buried: "buried",
}


def nobody(_point: str) -> None:
    """Nobody waits for the deliverer's signals."""


class Deliverer:
    """`turn` is the outbox's Turn; several may run at the same time.

    *workspace* is Slack's own address (`auth.test`'s `url`), for links; without it there are none. *ways* are
    what alerts need besides Slack, *operations* what reports are made by.
    *reached* hears of three points of a turn, for tests that end the process there: "delivery-claimed",
    "delivery-sent" (Slack answered, nothing is recorded) and "delivery-recorded".
    """

    def __init__(
        self,
        engine: Engine,
        sender: SlackSender,
        settings: Settings,
        data: Path,
        *,
        clock: Callable[[], datetime],
        jitter: Callable[[], float],
        workspace: str | None = None,
        ways: Ways | None = None,
        operations: Operations | None = None,
        reached: Callable[[str], None] = nobody,
        lease: timedelta = LEASE,
        tallies: Tallies | None = None,
    ) -> None:
        self._engine = engine
        self._carrier = Carrier(
            engine,
            sender,
            settings,
            data,
            clock=clock,
            workspace=workspace,
            ways=ways or Ways(),
            operations=operations or Operations(),
        )
        self._settings = settings
        self._clock = clock
        self._jitter = jitter
        self._reached = reached
        self._lease = lease
        self._tallies = tallies or Tallies()
        self._pace = Pace()
        self._claiming = asyncio.Lock()
        self._alarm: datetime | None = None
        #: Channels whose death the operators were told by this process; a post that got through revives one.
        self._dead: set[str] = set()

    async def turn(self) -> bool:
        delivery = await self._claim()
        if delivery is None:
            return False
        self._reached("delivery-claimed")
        tried = await self._within_lease(delivery)
        self._reached("delivery-sent")
        await self._record(delivery, tried)
        self._reached("delivery-recorded")
        return True

    async def _claim(self) -> Delivery | None:
        """One at a time: what one turn takes counts for the pace of the next."""
        async with self._claiming:
            now = self._clock()
            self._pace.forget(now)
            channels, methods = self._pace.busy(now)
            delivery = await self._engine.outbox.claim(
                now=now, lease=self._lease, busy_channels=channels, busy_methods=methods
            )
            if delivery is not None and (method := method_of(delivery.notice)):
                self._pace.called(method, now)
            if delivery is None:
                await self._come_back(self._pace.next_free(now))
            return delivery

    async def _come_back(self, at: datetime | None) -> None:
        """Have turns called when something that is busy now becomes free."""
        if at is not None and at != self._alarm:
            self._alarm = at
            await self._engine.nudge(Work.OUTBOX, at=at)

    async def _within_lease(self, delivery: Delivery) -> Tried:
        try:
            async with asyncio.timeout(SENDING_WITHIN.total_seconds()):
                return await self._carrier.carry_out(delivery)
        except TimeoutError:
            return Tried(Unknown(f"no answer within {SENDING_WITHIN}"))

    async def _record(self, delivery: Delivery, tried: Tried) -> None:
        now = self._clock()
        self._note_pace(delivery, tried.answer, now)
        around = Circumstances(
            lasting=tried.lasting,
            operators=self._settings.slack.operators,
            known_dead=self._dead,
            now=now,
            jitter=self._jitter(),
        )
        conclusion = conclude(delivery, tried.answer, around)
        if conclusion.trouble is not None:
            log.error("%s for %s: %s", delivery.notice.kind, delivery.channel, conclusion.trouble)
        recorded = await self._engine.outbox.record(
            delivery.id,
            delivery.attempt,
            conclusion.outcome,
            now=now,
            told=conclusion.told,
            audit=conclusion.audit,
        )
        if not recorded:
            log.warning("delivery %s was taken over by another", delivery.key)
            return
        self._tallies.count(Counted.DELIVERIES, delivery.notice.kind, _NAMES[type(conclusion.outcome)])
        await self._follow(delivery, conclusion)

    async def _follow(self, delivery: Delivery, conclusion: Conclusion) -> None:
        if conclusion.dead is not None:
            self._dead.add(conclusion.dead)
        elif isinstance(conclusion.outcome, Sent) and method_of(delivery.notice) in POSTING_METHODS:
            self._dead.discard(delivery.channel or "")
        if isinstance(conclusion.outcome, Postponed | Doubtful):
            await self._engine.nudge(Work.OUTBOX, at=conclusion.outcome.until)

    def _note_pace(self, delivery: Delivery, answer: Answer, now: datetime) -> None:
        method = method_of(delivery.notice)
        if method is None:
            return
        if isinstance(answer, RetryAfter) and answer.limited:
            self._tallies.count(Counted.LIMITED, method)
            self._pace.limited(method, now + answer.wait)
        if delivery.channel and method in POSTING_METHODS and isinstance(answer, Delivered | Unknown):
            self._pace.posted(delivery.channel, now)
