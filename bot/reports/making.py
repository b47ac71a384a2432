"""Find out what a report says: counts from the store, the plan, the risk rate; arithmetic is in contracts."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal

from contracts import plan as plans
from contracts.ports import Engine
from contracts.register import OPEN_RISKS, by_score, due_for_review
from contracts.reports.body import BatchLine, Body, PlanPart, RiskLine
from contracts.reports.figures import figures
from contracts.reports.periods import Period, Window, before, days_of
from contracts.reports.settings import Kind
from contracts.risk import RiskSettings, assess

#: Lines of a list of patches; how many there are is in the figures.
MOST_LINES = 20


@dataclass(frozen=True, slots=True)
class Order:
    """A report to make. *domains* None: all there ever were; *domain* is what it is called then, or None.

    *due_at* set: it is late.
    """

    kind: Kind
    period: Period
    zone: tzinfo
    domains: tuple[str, ...] | None
    domain: str | None
    due_at: datetime | None = None


async def make(order: Order, engine: Engine, risk: RiskSettings, *, now: datetime) -> Body:
    """What *order* asks for, from the store as it is; the same order later differs only in what is open."""
    period, earlier = order.period, before(order.period, order.zone)
    window = Window(period.start, min(period.end, max(period.start, now)))
    reports, domains = engine.reports, order.domains
    counted = await reports.counted(window, domains)
    counted_before = await reports.counted(Window(earlier.start, earlier.end), domains)
    tasks = await reports.tasks(Window(window.end - risk.window, window.end), domains)
    return Body(
        kind=order.kind,
        domain=order.domain,
        period=period,
        zone=str(order.zone),
        made_at=now,
        due_at=order.due_at,
        running=period.end > now,
        figures=figures(counted, counted_before, ends=(window.end, earlier.end)),
        gates=counted.gates,
        causes=counted.causes,
        days=await reports.days(days_of(period, order.zone), domains),
        landed=await reports.landed(window, domains, limit=MOST_LINES),
        open=await reports.open_at(window.end, domains, limit=MOST_LINES),
        risk=assess(tasks, risk),
        plan=await plan_part(engine, window, now=now),
    )


# The plan ----------------------------------------------------------------------------------------
async def plan_part(engine: Engine, window: Window, *, now: datetime) -> PlanPart | None:
    """What the plan says; None: there is none."""
    kept = await engine.plan.current()
    if kept.version == 0:
        return None
    plan, landed = kept.plan, await engine.plan.landed()
    history = await engine.plan.history(start=window.start, end=window.end)
    finished = plans.completed_between(history, window.start, window.end)

    def lines(batches: Sequence[plans.Batch]) -> tuple[BatchLine, ...]:
        return tuple(_batch(plan, batch, landed) for batch in batches)

    overall, current = plans.overall(plan, landed), plans.current(plan)
    return PlanPart(
        percent=_number(overall.percent),
        batches=overall.batches,
        finished=overall.done,
        shares=tuple((each.weight, each.batches, float(each.percents)) for each in overall.shares),
        current=None if current is None else _batch(plan, current, landed),
        done=lines([batch for batch in plan.batches if batch.id in finished]),
        under_way=lines(plans.in_progress(plan)),
        blocked=lines(plans.blocked(plan)),
        next=lines(plans.next_goals(plan)),
        late=lines(plans.late(plan, now.date())),
        risks=await _risks(engine, now),
    )


async def _risks(engine: Engine, now: datetime) -> tuple[RiskLine, ...]:
    risks = await engine.plan.risks()
    stale = {risk.id for risk in due_for_review(risks, now)}
    return tuple(
        RiskLine(r.id, r.risk, r.score, r.degree, r.mitigation, r.owner, r.id in stale)
        for r in by_score(risks)
        if r.state in OPEN_RISKS
    )


def _batch(plan: plans.Plan, batch: plans.Batch, landed: plans.Landed) -> BatchLine:
    progress = plans.progress(batch, landed)
    return BatchLine(
        id=batch.id,
        name=batch.name,
        status=batch.status,
        percent=float(progress.percent),
        landed=progress.landed,
        owner=batch.owner,
        target=batch.target,
        blockers=plans.open_blockers(plan, batch),
        notes=batch.notes,
    )


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
