"""Answers about the plan: everybody's whose channel is served, because the plan names no domain."""

from datetime import datetime

from bot.delivery.render import answers, plan
from bot.delivery.render.blocks import Message
from contracts.commands import ListRisks, Roadmap
from contracts.faults import Fault
from contracts.plan_store import Plans


async def answer(
    question: Roadmap | ListRisks, plans: Plans | None, seen: tuple[str, ...] | Fault, *, now: datetime
) -> Message:
    """*seen* are the domains that may be spoken of, or why none may."""
    if plans is None:
        raise LookupError(f"nobody answers {question.kind}")
    if isinstance(seen, Fault):
        return answers.fault(seen)
    if isinstance(question, ListRisks):
        return plan.risks(await plans.risks(), now=now)
    return plan.roadmap(await plans.current(), await plans.landed(), now=now)
