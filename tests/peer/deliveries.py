"""Deliver to the desk as Slack does: at least once, again when not acknowledged, and as wrongly as asked."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from tests.peer.faults import DeliveryFault, Duplicate, Faults, HoldBack, SwallowAck
from tests.peer.journal import Delivery, Journal, Kind
from tests.peer.outlets import Again, Outlet, Receipt

Payload = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Redelivery:
    """When Slack gives up on an acknowledgement, and when it tries again; only events are repeated."""

    ack_within: timedelta = timedelta(seconds=3)
    after: tuple[timedelta, ...] = (timedelta(0), timedelta(minutes=1), timedelta(minutes=5))


class Deliveries:
    """*start* runs something beside the caller."""

    def __init__(
        self,
        journal: Journal,
        faults: Faults,
        redelivery: Redelivery,
        start: Callable[[Coroutine[Any, Any, None]], None],
    ) -> None:
        self.redelivery = redelivery
        self._journal = journal
        self._faults = faults
        self._start = start
        self._held: list[tuple[Outlet, Kind, Payload]] = []

    async def deliver(self, outlet: Outlet, kind: Kind, payload: Payload) -> Mapping[str, Any] | None:
        """Returns after the first attempt, with what came with its acknowledgement; repeats go on alone."""
        if not outlet.listens:
            return None
        fault = self._faults.for_delivery(kind, payload.get("event", {}).get("type"))
        if fault is not None and isinstance(fault.how, HoldBack):
            self._held.append((outlet, kind, payload))
            return None
        receipt = await self._attempt(outlet, kind, payload, None, fault)
        if kind is Kind.EVENT and not receipt.acked and receipt.again:
            self._start(self._repeat(outlet, payload))
        held, self._held = self._held, []
        for late in held:
            self._start(self._late(*late))
        return receipt.answer

    async def _late(self, outlet: Outlet, kind: Kind, payload: Payload) -> None:
        await self.deliver(outlet, kind, payload)

    async def _repeat(self, outlet: Outlet, payload: Payload) -> None:
        for number, wait in enumerate(self.redelivery.after, 1):
            await asyncio.sleep(wait.total_seconds())
            fault = self._faults.for_delivery(Kind.EVENT, payload.get("event", {}).get("type"))
            receipt = await self._attempt(outlet, Kind.EVENT, payload, Again(number, "timeout"), fault)
            if receipt.acked or not receipt.again:
                return

    async def _attempt(
        self, outlet: Outlet, kind: Kind, payload: Payload, again: Again | None, fault: DeliveryFault | None
    ) -> Receipt:
        how = fault.how if fault else None
        copies = 1 + (how.copies if isinstance(how, Duplicate) else 0)

        async def send(copy: int) -> Receipt:
            receipt = await outlet.send(kind, payload, again, self.redelivery.ack_within)
            if isinstance(how, SwallowAck):
                receipt = replace(receipt, acked=False)
            self._journal.write(
                Delivery(
                    kind,
                    payload,
                    attempt=again.number if again else 0,
                    copy=copy,
                    over=receipt.over,
                    acked=receipt.acked,
                    answer=receipt.answer,
                    status=receipt.status,
                    fault=fault.name if fault else None,
                )
            )
            return receipt

        first, *_ = await asyncio.gather(*(send(copy) for copy in range(copies)))
        return first
