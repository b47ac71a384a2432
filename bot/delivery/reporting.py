"""Carry out what is said of reports: the message, and its plots in its thread."""

from functools import partial
from typing import assert_never

from bot.delivery.posting import Letter, Tried, post_once
from bot.delivery.render import reports as render
from bot.delivery.slack import SlackSender
from bot.delivery.slack_answers import Answer, Delivered
from bot.delivery.uploading import File, upload_once
from bot.delivery.wording.report_plots import ALTS, TITLES
from bot.reports.plots import draw
from contracts.notices import PostReport, UploadPlot
from contracts.ports import Engine
from contracts.records import Delivery
from contracts.reports.body import Plot, body_from_json
from contracts.reports.store import StoredReport


class Reporting:
    def __init__(self, engine: Engine, sender: SlackSender) -> None:
        self._reports = engine.reports
        self._outbox = engine.outbox
        self._sender = sender

    async def carry(self, delivery: Delivery, notice: PostReport | UploadPlot) -> Tried:
        match notice:
            case PostReport(report):
                return Tried(await self._post(delivery, await self._stored(report)))
            case UploadPlot(report, plot):
                return Tried(await self._upload(delivery, await self._stored(report), plot))
            case _:
                assert_never(notice)

    async def _post(self, delivery: Delivery, report: StoredReport) -> Answer:
        message = render.report(body_from_json(report.body))
        letter = Letter(message, delivery.channel or report.key.channel, delivery.thread)
        return await post_once(
            self._sender, letter, key=delivery.key, unsure=delivery.unsure, since=delivery.first_tried_at
        )

    async def _upload(self, delivery: Delivery, report: StoredReport, name: str) -> Answer:
        if name not in list(Plot) or report.card is None:
            # Of a release that drew other plots, or of a report that Slack never took.
            return Delivered()
        body, plot = body_from_json(report.body), Plot(name)
        file = File(
            name=f"{report.key.kind}-{body.period.label}-{plot}.png",
            title=TITLES[plot],
            content=partial(draw, body, plot),
            alt=ALTS[plot](body),
        )
        channel = delivery.channel or report.key.channel
        thread = report.card.ts if report.card.channel == channel else None
        return await upload_once(self._sender, self._outbox, delivery, file, channel=channel, thread=thread)

    async def _stored(self, report: str) -> StoredReport:
        """Raises LookupError: a report is written together with its notices."""
        found = await self._reports.report(report)
        if found is None:
            raise LookupError(f"there is no report {report}")
        return found
