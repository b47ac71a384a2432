"""Answers to questions, out of rows: the same for a mention, a slash command and the App Home."""

from collections.abc import Sequence
from datetime import datetime
from typing import assert_never

from bot.delivery import plan_questions
from bot.delivery.alert_questions import AlertBoard, AlertQuestion
from bot.delivery.links import permalink
from bot.delivery.render import answers, dialogs
from bot.delivery.render.blocks import Message
from bot.delivery.report_questions import ReportBoard
from contracts.commands import (
    Help,
    ListAlerts,
    ListRisks,
    ListSilences,
    Question,
    Queue,
    Roadmap,
    Show,
    ShowReport,
    Status,
    WhoIsOnCall,
)
from contracts.faults import Fault, Reason, fault, nearest
from contracts.plan_store import Plans
from contracts.ports import Ledger
from contracts.records import StoredPatch
from contracts.settings import Settings
from contracts.states import OPEN_STATES

#: Lines of a list; more are counted.
MOST_LISTED = 25


async def answer(
    question: Question,
    *,
    channel: str | None,
    ledger: Ledger,
    settings: Settings,
    now: datetime,
    workspace: str | None = None,
    board: AlertBoard | None = None,
    reports: ReportBoard | None = None,
    plans: Plans | None = None,
) -> Message:
    """What *question* is answered in *channel*: only about domains that the channel may see.

    *workspace* is Slack's own address, for links. *board* is asked about alerts, *reports* for reports,
    *plans* about the plan.
    """
    match question:
        case Help():
            return answers.help_text()
        case Status(name):
            domains = visible_domains(name, channel, settings)
            if isinstance(domains, Fault):
                return answers.fault(domains)
            return answers.status(await ledger.lanes(domains))
        case Queue(name):
            domains = visible_domains(name, channel, settings)
            return answers.fault(domains) if isinstance(domains, Fault) else await _queue(domains, ledger)
        case Show(patch):
            row = await ledger.patch(patch)
            if row is None or not _may_see(row, channel, settings):
                return answers.fault(fault(Reason.UNKNOWN_PATCH, id=patch))
            return await _show(row, channel, ledger, now, workspace)
        case ShowReport(domain=name):
            return await _report(question, visible_domains(name, channel, settings), reports, now)
        case ListAlerts() | ListSilences() | WhoIsOnCall():
            return await _alerts(question, channel, board, now)
        case Roadmap() | ListRisks():
            seen = visible_domains(None, channel, settings)
            return await plan_questions.answer(question, plans, seen, now=now)
        case _:
            assert_never(question)


def visible_domains(name: str | None, channel: str | None, settings: Settings) -> tuple[str, ...] | Fault:
    """The domain called *name*, or all, that may be spoken of in *channel* (None: the desk's own machine).

    The operators' channel sees all.
    """
    seen = settings.domains_of(None if channel == settings.slack.operators else channel)
    if not seen:
        return fault(Reason.CHANNEL_NOT_SERVED)
    if name is None:
        return seen
    known = {word: owner for word, owner in settings.domain_names().items() if owner in seen}
    if (owner := known.get(name.casefold())) is not None:
        return (owner,)
    return fault(Reason.UNKNOWN_TARGET, target=name, domains=" ".join(seen), suggestion=nearest(name, known))


def _may_see(row: StoredPatch, channel: str | None, settings: Settings) -> bool:
    domains = visible_domains(None, channel, settings)
    return not isinstance(domains, Fault) and row.patch.domain in domains


async def _show(
    row: StoredPatch, channel: str | None, ledger: Ledger, now: datetime, workspace: str | None
) -> Message:
    position = await position_of(row, ledger)
    link = permalink(workspace, row.card or row.place)
    return answers.show(row, channel=channel, position=position, now=now, link=link)


async def _alerts(
    question: AlertQuestion, channel: str | None, board: AlertBoard | None, now: datetime
) -> Message:
    if board is None:
        raise LookupError(f"nobody answers {question.kind}")
    return await board.answer(question, channel=channel, now=now)


async def _report(
    question: ShowReport, domains: tuple[str, ...] | Fault, reports: ReportBoard | None, now: datetime
) -> Message:
    if reports is None:
        raise LookupError(f"nobody answers {question.kind}")
    if isinstance(domains, Fault):
        return answers.fault(domains)
    return await reports.answer(question, domains, now=now)


async def _queue(domains: Sequence[str], ledger: Ledger) -> Message:
    lines = await ledger.queue(domains, limit=MOST_LISTED)
    waiting = sum(lane.waiting + (lane.head is not None) for lane in await ledger.lanes(domains))
    return answers.queue(lines, left=max(0, waiting - len(lines)) if len(lines) == MOST_LISTED else 0)


async def position_of(row: StoredPatch, ledger: Ledger) -> int | None:
    """Its place in its lane, if it is open and among the first; of a long lane only the beginning is read."""
    if row.state not in OPEN_STATES:
        return None
    lines = await ledger.queue([row.patch.domain], limit=MOST_LISTED)
    return next((line.position for line in lines if line.id == row.id), None)


async def home(domains: Sequence[str], *, ledger: Ledger, now: datetime) -> dialogs.View:
    """The App Home of somebody who may see *domains*."""
    return dialogs.home_view(
        await ledger.lanes(domains),
        await ledger.queue(domains, limit=MOST_LISTED),
        await ledger.recent(domains, limit=MOST_LISTED),
        now=now,
    )
