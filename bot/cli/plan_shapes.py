"""What `patchdesk plan … --json` prints. docs/cli.md promises these shapes, as those of `bot.shapes`."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal

from bot.delivery.wording.plan import rule
from bot.shapes import Json
from contracts.plan import (
    Batch,
    Edit,
    Landed,
    Metric,
    Overall,
    Plan,
    Value,
    late,
    open_blockers,
    overall,
    progress,
)
from contracts.plan_store import KeptPlan
from contracts.register import Risk


def dashboard(kept: KeptPlan, landed: Landed, today: date) -> Json:
    return {
        "version": kept.version,
        "overall": _overall(overall(kept.plan, landed)),
        "batches": [batch(kept.plan, each, landed, today) for each in kept.plan.batches],
        "metrics": {metric.value: _number(kept.plan.metric(metric)) for metric in Metric},
    }


def batch(plan: Plan, batch: Batch, landed: Landed, today: date) -> Json:
    far = progress(batch, landed)
    return {
        "id": batch.id,
        "name": batch.name,
        "priority": batch.priority,
        "status": batch.status.value,
        "progress": {
            "percent": _number(far.percent),
            "basis": far.basis.value,
            "landed": far.landed,
            "expected": _number(batch.expected),
        },
        "target": batch.target,
        "late": batch in late(plan, today),
        "blockers": list(batch.blockers),
        "open_blockers": list(open_blockers(plan, batch)),
        "owner": batch.owner,
        "notes": batch.notes,
    }


def weekly(
    label: str,
    plan: Plan,
    landed: Landed,
    *,
    period: tuple[datetime, datetime],
    parts: Mapping[str, Sequence[Batch]],
    due: Sequence[Risk],
) -> Json:
    start, end = period
    return {
        "label": label,
        "start": start.isoformat(),
        "end": end.isoformat(),
        "overall": _overall(overall(plan, landed)),
        **{
            name: [batch(plan, each, landed, end.date()) for each in batches]
            for name, batches in parts.items()
        },
        "metrics": {metric.value: _number(plan.metric(metric)) for metric in Metric},
        "risks_to_review": [risk(each) for each in due],
    }


def edit(edit: Edit) -> Json:
    what = edit.difference
    return {
        "version": edit.version,
        "at": edit.at.isoformat(),
        "actor": edit.actor,
        "batch": what.batch,
        "field": what.field,
        "before": _value(what.before),
        "after": _value(what.after),
    }


def risk(risk: Risk) -> Json:
    return {
        "id": risk.id,
        "risk": risk.risk,
        "probability": risk.probability.value,
        "impact": risk.impact.value,
        "score": risk.score,
        "degree": risk.degree.value,
        "mitigation": risk.mitigation,
        "owner": risk.owner,
        "state": risk.state.value,
        "reviewed_at": risk.reviewed_at.isoformat() if risk.reviewed_at else None,
        "version": risk.version,
    }


def _overall(whole: Overall) -> Json:
    return {
        "percent": _number(whole.percent),
        "batches": whole.batches,
        "done": whole.done,
        "rule": rule(whole),
        "shares": [
            {"weight": share.weight, "batches": share.batches, "percents": _number(share.percents)}
            for share in whole.shares
        ],
    }


def _number(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def _value(value: Value) -> object:
    return float(value) if isinstance(value, Decimal) else list(value) if isinstance(value, tuple) else value
