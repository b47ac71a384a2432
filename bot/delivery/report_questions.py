"""A report that somebody asks for: made now, for the channel that asks, and kept nowhere."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from bot.delivery.render import answers
from bot.delivery.render import reports as render
from bot.delivery.render.blocks import Message
from bot.reports.making import Order, make
from bot.reports.schedule import zone_named
from contracts.commands import ShowReport
from contracts.faults import Fault, Reason, fault, nearest
from contracts.operations import Operations
from contracts.ports import Engine
from contracts.reports.periods import SPANS, Period, last_full, named
from contracts.reports.settings import Kind


@dataclass(frozen=True, slots=True)
class ReportBoard:
    engine: Engine
    operations: Operations

    async def answer(self, question: ShowReport, domains: tuple[str, ...], *, now: datetime) -> Message:
        """*domains*: those that are meant and may be seen."""
        zone = zone_named(self.operations.reports.zone)
        kind = kind_named(question.report)
        if isinstance(kind, Fault):
            return answers.fault(kind)
        period = period_of(kind, question.period, zone, now=now)
        if isinstance(period, Fault):
            return answers.fault(period)
        one = domains[0] if len(domains) == 1 else None
        order = Order(kind, period, zone, domains, one)
        return render.report(await make(order, self.engine, self.operations.risk, now=now))


def kind_named(word: str) -> Kind | Fault:
    kinds = [kind.value for kind in Kind]
    if word in kinds:
        return Kind(word)
    return fault(Reason.UNKNOWN_REPORT, kind=word, known=" ".join(kinds), suggestion=nearest(word, kinds))


def period_of(kind: Kind, label: str | None, zone: ZoneInfo, *, now: datetime) -> Period | Fault:
    """The period called *label*; without one, the last full one that such a report is about."""
    return last_full(SPANS[kind], now, zone) if label is None else named(label, zone)
