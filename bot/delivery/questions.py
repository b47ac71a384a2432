"""Answers to questions, out of rows: the same for a mention, a slash command and the App Home."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import assert_never

from bot.delivery import plan_questions
from bot.delivery.alert_questions import AlertBoard, AlertQuestion
from bot.delivery.links import permalink
from bot.delivery.render import answers, dialogs, sets
from bot.delivery.render.blocks import Message
from bot.delivery.report_questions import ReportBoard
from contracts.commands import (
    Help,
    ListAlerts,
    ListRisks,
    ListSilences,
    Place,
    Question,
    Queue,
    Roadmap,
    Show,
    ShowReport,
    Status,
    WhoIsOnCall,
    Why,
)
from contracts.faults import Fault, Reason, fault, nearest
from contracts.outlook import LAST, Outlook, outlook
from contracts.plan_store import Plans
from contracts.ports import Ledger
from contracts.records import PatchSet, StoredPatch
from contracts.settings import Settings
from contracts.states import OPEN_STATES, PatchState

#: Lines of a list; more are counted.
MOST_LISTED = 25


async def answer(
    question: Question,
    *,
    channel: str | None,
    ledger: Ledger,
    settings: Settings,
    now: datetime,
    thread: str | None = None,
    workspace: str | None = None,
    board: AlertBoard | None = None,
    reports: ReportBoard | None = None,
    plans: Plans | None = None,
) -> Message:
    """What *question* is answered in *channel*, or its *thread*: only about domains that it may see.

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
            closed = [each for each in await ledger.closed() if each.domain in {None, *domains}]
            return answers.status(await ledger.lanes(domains), closed)
        case Queue(name):
            domains = visible_domains(name, channel, settings)
            return answers.fault(domains) if isinstance(domains, Fault) else await _queue(domains, ledger)
        case Show(patch):
            shown = await meant(patch, Place(channel), ledger, settings, fits=_is_open)
            return await _show(shown, channel, ledger, now, workspace)
        case Why(patch):
            asked = await meant(patch, Place(channel, None, thread), ledger, settings, fits=_is_open)
            return await _why(asked, ledger, now)
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


async def patch_meant(
    name: str | None,
    place: Place,
    ledger: Ledger,
    settings: Settings,
    *,
    fits: Callable[[StoredPatch], bool],
) -> StoredPatch | Fault:
    """The patch called *name*; without one the only one in the thread of *place*, or that *fits* there."""
    if name is not None:
        row = await ledger.patch(name.casefold())
        if row is None or not _may_see(row, place.channel, settings):
            return await _no_patch(name, place, ledger, settings)
        return row
    lines = await ledger.in_thread(place) if place.thread is not None else ()
    rows = [row for line in lines if (row := await ledger.patch(line.id)) is not None]
    if len(rows) != 1:
        rows = [row for row in rows if fits(row)] or rows
    if len(rows) != 1:
        return fault(Reason.WHICH_PATCH, ids=" ".join(row.id for row in rows))
    return rows[0]


async def _no_patch(name: str, place: Place, ledger: Ledger, settings: Settings) -> Fault:
    found = await _set_meant(name, place, ledger)
    if found is not None and _may_see_set(found, place.channel, settings):
        return fault(Reason.SET_NAMED, id=found.id, ids=" ".join(member.id for member in found.members))
    return fault(Reason.UNKNOWN_PATCH, id=name[:80])


async def meant(
    name: str | None,
    place: Place,
    ledger: Ledger,
    settings: Settings,
    *,
    fits: Callable[[StoredPatch], bool],
) -> StoredPatch | PatchSet | Fault:
    """As `patch_meant`; it may be a set, too: called *name*, or all there is in the thread of *place*."""
    found = await _set_meant(name, place, ledger)
    if found is not None and _may_see_set(found, place.channel, settings):
        return found
    return await patch_meant(name, place, ledger, settings, fits=fits)


async def _set_meant(name: str | None, place: Place, ledger: Ledger) -> PatchSet | None:
    if name is not None:
        return await ledger.patch_set(name.casefold())
    sets = await ledger.sets_in_thread(place) if place.thread is not None else ()
    found = await ledger.patch_set(sets[0]) if len(sets) == 1 else None
    if found is None:
        return None
    members = {member.id for member in found.members}
    return found if all(line.id in members for line in await ledger.in_thread(place)) else None


def _may_see_set(found: PatchSet, channel: str | None, settings: Settings) -> bool:
    """Where its card stands, and wherever all of it may be spoken of."""
    here = channel is not None and channel == found.place.channel
    return here or all(_may_see(row, channel, settings) for row in found.members)


def _may_see(row: StoredPatch, channel: str | None, settings: Settings) -> bool:
    domains = visible_domains(None, channel, settings)
    return not isinstance(domains, Fault) and row.patch.domain in domains


async def _why(row: StoredPatch | PatchSet | Fault, ledger: Ledger, now: datetime) -> Message:
    if isinstance(row, Fault):
        return answers.fault(row)
    if isinstance(row, PatchSet):
        outlooks = {member.id: await outlook_of(member, ledger, now) for member in row.open}
        return sets.why(row, outlooks, now=now)
    return answers.why(row, outlook=await outlook_of(row, ledger, now), now=now)


def _is_open(row: StoredPatch) -> bool:
    return row.state in OPEN_STATES


async def _show(
    row: StoredPatch | PatchSet | Fault,
    channel: str | None,
    ledger: Ledger,
    now: datetime,
    workspace: str | None,
) -> Message:
    if isinstance(row, Fault):
        return answers.fault(row)
    if isinstance(row, PatchSet):
        return sets.show(row, links={each.id: permalink(workspace, each.card) for each in row.members})
    expected = await outlook_of(row, ledger, now)
    link = permalink(workspace, row.card or row.place)
    return answers.show(row, channel=channel, outlook=expected, now=now, link=link)


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


async def outlook_of(row: StoredPatch, ledger: Ledger, now: datetime) -> Outlook | None:
    """What keeps *row* from its turn and when that may come; None: it runs, or is over."""
    if row.state not in OPEN_STATES or row.state is PatchState.RUNNING:
        return None
    found = await ledger.obstacles(row.id)
    if found is None:
        return None
    domain = row.patch.domain
    return outlook(found, await ledger.run_times(domain, last=LAST), domain=domain, now=now)


async def home(domains: Sequence[str], *, ledger: Ledger, now: datetime) -> dialogs.View:
    """The App Home of somebody who may see *domains*."""
    return dialogs.home_view(
        await ledger.lanes(domains),
        await ledger.queue(domains, limit=MOST_LISTED),
        await ledger.recent(domains, limit=MOST_LISTED),
        now=now,
    )
