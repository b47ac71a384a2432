"""What each notice means in Slack: read the rows as they are now, render them, send."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import assert_never

from bot.delivery import questions
from bot.delivery.alert_questions import AlertBoard
from bot.delivery.alerting import Alerting, Ways
from bot.delivery.asking import Asking
from bot.delivery.gathering import Gathering
from bot.delivery.links import permalink
from bot.delivery.marks import marks_for
from bot.delivery.posting import Letter, Tried, checked, post_once, thread_of_card
from bot.delivery.render import alerts, answers, cards, plan, summaries
from bot.delivery.render.blocks import Message
from bot.delivery.report_questions import ReportBoard
from bot.delivery.reporting import Reporting
from bot.delivery.slack import SlackSender
from bot.delivery.slack_answers import SOON, Answer, Delivered, RetryAfter
from bot.delivery.summary_files import write_summary
from bot.delivery.uploading import File, ready, upload_once
from bot.delivery.wording.answers import log_title
from bot.delivery.wording.patches import ADJUSTED_TITLE, Relative
from contracts import notices
from contracts.alerts.rules import Rules
from contracts.commands import Question
from contracts.faults import Fault, Reason
from contracts.operations import Operations
from contracts.ports import Engine
from contracts.records import Delivery, StoredPatch
from contracts.settings import Settings
from contracts.states import OPEN_STATES

log = logging.getLogger(__name__)

_Posted = (
    notices.PostCard
    | notices.PostSummary
    | notices.Reject
    | notices.Twin
    | notices.Answer
    | notices.Misunderstood
    | notices.TellOperators
    | notices.TellPlan
    | notices.TellDeed
)


class Carrier:
    """Carries deliveries out and records nothing, but for how far an upload has come."""

    def __init__(
        self,
        engine: Engine,
        sender: SlackSender,
        settings: Settings,
        data: Path,
        *,
        clock: Callable[[], datetime],
        workspace: str | None,
        ways: Ways,
        operations: Operations,
    ) -> None:
        self._alerting = Alerting(engine.alerts, sender, ways, clock=clock, workspace=workspace)
        self._naming = ways.naming
        rules = Rules(ways.settings, settings)
        self._board = AlertBoard(engine.alerts, rules, naming=ways.naming, workspace=workspace)
        self._asking = Asking(engine, sender, settings)
        self._gathering = Gathering(engine, sender, workspace=workspace)
        self._reporting = Reporting(engine, sender)
        self._reports = ReportBoard(engine, operations)
        self._outbox = engine.outbox
        self._ledger = engine.ledger
        self._plans = engine.plan
        self._sender = sender
        self._settings = settings
        self._data = data
        self._clock = clock
        self._workspace = workspace

    async def carry_out(self, delivery: Delivery) -> Tried:
        notice = delivery.notice
        match notice:
            case notices.EditCard(patch):
                return await self._edit_card(patch)
            case notices.UploadLog() | notices.UploadOffer():
                return Tried(await self._upload(delivery, notice))
            case notices.WriteSummary(patch):
                return Tried(await self._write_summary(patch))
            case notices.Mark(inbox_id):
                return await self._mark(inbox_id)
            case notices.Deny() | notices.Confirm():
                return Tried(await self._whisper(delivery, notice), lasting=False)
            case (
                notices.PostAlert()
                | notices.EditAlert()
                | notices.TellAlert()
                | notices.PageSomebody()
                | notices.MailAlert()
                | notices.CallWebhook()
            ):
                return await self._alerting.carry(delivery, notice)
            case notices.AskApproval() | notices.UploadDiff():
                return Tried(await self._asking.carry(delivery, notice))
            case notices.PostSet() | notices.EditSet() | notices.SumUpSet():
                return await self._gathering.carry(delivery, notice)
            case notices.PostReport() | notices.UploadPlot():
                return await self._reporting.carry(delivery, notice)
            case _:
                return Tried(await self._post(delivery, notice))

    # Messages ----------------------------------------------------------------------------------
    async def _post(self, delivery: Delivery, notice: _Posted) -> Answer:
        channel = _channel_of(delivery)
        message, thread = await self._compose(notice, channel, delivery.thread)
        letter = Letter(message, channel, delivery.thread or thread)
        return await post_once(
            self._sender,
            letter,
            key=delivery.key,
            unsure=delivery.unsure,
            since=delivery.first_tried_at,
        )

    async def _compose(self, notice: _Posted, channel: str, thread: str | None) -> tuple[Message, str | None]:
        """What is said, and the thread it belongs to if the delivery names none: *thread* None."""
        match notice:
            case notices.PostCard(patch):
                return await self._card(await self._row(patch), channel), None
            case notices.PostSummary(patch):
                row = await self._row(patch)
                return summaries.summary(row, now=self._clock()), thread_of_card(row.card, channel)
            case notices.Reject(rejections):
                return answers.rejections(rejections), None
            case notices.Twin(first):
                row = await self._row(first)
                link = permalink(self._workspace, row.card or row.place)
                return answers.twin(notice, row, link=link), None
            case notices.Answer(question):
                return await self._answer(question, channel, thread), None
            case notices.Misunderstood(fault=wrong):
                return answers.fault(wrong), None
            case notices.TellOperators(wrong):
                return answers.operators(wrong), None
            case notices.TellDeed(patch=of):
                return cards.deed(notice), await self._thread_of(of, channel)
            case notices.TellPlan(version, batch, user):
                return await self._plan_edit(version, batch, user), None
            case _:
                assert_never(notice)

    async def _thread_of(self, of: str | None, channel: str) -> str | None:
        """*of* is a patch or a set."""
        if of is None:
            return None
        found = await self._ledger.patch_set(of) or await self._row(of)
        return thread_of_card(found.card, channel)

    async def _card(self, row: StoredPatch, channel: str) -> Message:
        outlook = await questions.outlook_of(row, self._ledger, self._clock())
        link = permalink(self._workspace, row.place) if row.place.channel != channel else None
        relatives = await self._relatives(row)
        return cards.card(
            row, channel=channel, outlook=outlook, now=self._clock(), link=link, relatives=relatives
        )

    async def _relatives(self, row: StoredPatch) -> list[Relative]:
        found = [await self._row(patch) for patch in (row.patch.reverts, row.reverted_by) if patch]
        return [Relative(each, permalink(self._workspace, each.card)) for each in found]

    async def _plan_edit(self, version: int, batch: str, user: str) -> Message:
        edits = await self._plans.history(batch=batch, after=version - 1)
        kept = await self._plans.current()
        of_this = [edit for edit in edits if edit.version == version]
        return plan.told(batch, kept.plan.batch(batch), of_this, user=user)

    async def _answer(self, question: Question, channel: str, thread: str | None) -> Message:
        return await questions.answer(
            question,
            channel=channel,
            thread=thread,
            ledger=self._ledger,
            settings=self._settings,
            now=self._clock(),
            workspace=self._workspace,
            board=self._board,
            reports=self._reports,
            plans=self._plans,
        )

    async def _edit_card(self, patch: str) -> Tried:
        """Nothing to edit if the card never got posted. Only the last edit must get through."""
        row = await self._row(patch)
        if row.card is None or row.card.channel is None:
            return Tried(Delivered())
        message = checked(await self._card(row, row.card.channel))
        return Tried(await self._sender.update(message, at=row.card), lasting=row.state not in OPEN_STATES)

    async def _named(self, wrong: Fault) -> Fault:
        """Who stands in somebody's way is called by name, where there is one."""
        if wrong.reason is not Reason.ALERT_TAKEN:
            return wrong
        by = wrong.args.get("by", "")
        names = await self._naming([by])
        return replace(wrong, args={**wrong.args, "by": names.get(by, by)})

    async def _whisper(self, delivery: Delivery, notice: notices.Deny | notices.Confirm) -> Answer:
        """Nobody can look up what only one person sees: if in doubt, it was said."""
        if delivery.unsure:
            return Delivered()
        if isinstance(notice, notices.Deny):
            message = answers.fault(await self._named(notice.fault))
        else:
            message = alerts.done(notice)
        return await self._sender.post_ephemeral(
            checked(message), channel=_channel_of(delivery), user=notice.user, thread=delivery.thread
        )

    # Reactions ---------------------------------------------------------------------------------
    async def _mark(self, inbox_id: int) -> Tried:
        standing = await self._ledger.inbox_of(inbox_id)
        if standing is None or standing.place.ts is None:
            return Tried(Delivered())
        marks = marks_for(standing)
        if marks.add is not None:
            answer = await self._sender.add_reaction(marks.add, to=standing.place)
            if not isinstance(answer, Delivered):
                return Tried(answer, lasting=marks.settled)
        for stale in marks.remove:
            answer = await self._sender.remove_reaction(stale, of=standing.place)
            if not isinstance(answer, Delivered):
                return Tried(answer, lasting=marks.settled)
        return Tried(Delivered())

    # Files -------------------------------------------------------------------------------------
    async def _upload(self, delivery: Delivery, notice: notices.UploadLog | notices.UploadOffer) -> Answer:
        row = await self._row(notice.patch)
        file = _log_of(row, notice.gate) if isinstance(notice, notices.UploadLog) else _adjusted(row)
        if file is None:
            return Delivered()
        channel = _channel_of(delivery)
        thread = delivery.thread or thread_of_card(row.card, channel)
        return await upload_once(self._sender, self._outbox, delivery, file, channel=channel, thread=thread)

    async def _write_summary(self, patch: str) -> Answer:
        row = await self._row(patch)
        text = summaries.summary_markdown(row, now=self._clock())
        try:
            await asyncio.to_thread(write_summary, self._data, row.patch.domain, row.id, text)
        except OSError as error:
            log.warning("the summary of %s could not be written", patch, exc_info=True)
            return RetryAfter(SOON, f"summary file: {error}")
        return Delivered()

    async def _row(self, patch: str) -> StoredPatch:
        """Raises LookupError: a notice is written together with its patch, so that store would be broken."""
        row = await self._ledger.patch(patch)
        if row is None:
            raise LookupError(f"there is no patch {patch}")
        return row


def _channel_of(delivery: Delivery) -> str:
    if delivery.channel is None:
        raise LookupError(f"delivery {delivery.key} has no channel")
    return delivery.channel


def _log_of(row: StoredPatch, gate: str) -> File | None:
    results = row.report.gates if row.report else ()
    result = next((each for each in results if each.name == gate and each.output), None)
    if result is None:
        return None
    title = log_title(result.name, result.dropped)
    return File(f"{row.id}-{gate}.log", title, ready(result.output.encode()))


def _adjusted(row: StoredPatch) -> File | None:
    """What was offered, byte by byte what is applied if somebody takes it."""
    offered = row.report.offer if row.report else None
    if offered is None:
        return None
    return File(f"{row.id}-adjusted.patch", ADJUSTED_TITLE, ready(offered.diff))
