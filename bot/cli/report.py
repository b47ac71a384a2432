"""`patchdesk report`: a report of any period, from the store as it is. No desk needs to run for it."""

import asyncio
import enum
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from bot import clock
from bot.cli.desk import configuration, domain_named, store
from bot.cli.exits import ExitCode, stop
from bot.cli.phrases import reports as phrases
from bot.cli.screen import say, show_json
from bot.delivery.render.reports import report_html, report_markdown
from bot.delivery.report_questions import kind_named, period_of
from bot.delivery.wording.faults import explain
from bot.reports.making import Order, make
from bot.reports.plots import drawn
from bot.reports.schedule import ScheduleError, zone_named
from bot.settings import Config
from contracts.faults import Fault
from contracts.reports.body import Body, Plot, body_to_data
from contracts.reports.periods import Period
from contracts.reports.settings import Kind

Known = TypeVar("Known", Kind, Period)


class Format(enum.StrEnum):
    MD = "md"
    JSON = "json"
    HTML = "html"


AKind = Annotated[
    str, typer.Argument(metavar="KIND", help="daily, weekly, demo, retrospective or executive.")
]
ADomain = Annotated[str | None, typer.Option("--domain", help="A domain or an alias; all, if left out.")]
APeriod = Annotated[
    str | None,
    typer.Option("--period", help="2026-11-20, 2026-W47, 2026-W46-W47 or 2026-11; else the last full one."),
]
AZone = Annotated[str | None, typer.Option("--zone", help="Where days begin; `reports.zone`, if left out.")]
AFormat = Annotated[Format, typer.Option("--format", help="How to write it.")]
AFolder = Annotated[Path | None, typer.Option("--plots", help="Draw its plots into this folder.")]


def report(
    kind: AKind,
    *,
    domain: ADomain = None,
    period: APeriod = None,
    zone: AZone = None,
    written: AFormat = Format.MD,
    plots: AFolder = None,
) -> None:
    """Report on a day, a week or a month, in Markdown, JSON or HTML."""
    config = configuration()
    body = asyncio.run(_made(config, _order(config, kind, domain, period, zone)))
    match written:
        case Format.JSON:
            show_json(body_to_data(body))
        case Format.MD:
            say(report_markdown(body).rstrip())
        case Format.HTML:
            say(report_html(body).rstrip())
    if plots is not None:
        _draw(body, plots)


def _order(config: Config, kind: str, domain: str | None, period: str | None, zone: str | None) -> Order:
    try:
        where = zone_named(zone or config.operations.reports.zone)
    except ScheduleError as error:
        stop(ExitCode.USAGE, str(error), phrases.ZONES)
    known = _or_stop(kind_named(kind.casefold()))
    wanted = _or_stop(period_of(known, period, where, now=clock.now()))
    name = domain_named(config.settings, domain) if domain else None
    return Order(known, wanted, where, (name,) if name else None, name)


def _or_stop(value: Known | Fault) -> Known:
    if isinstance(value, Fault):
        said = explain(value)
        stop(ExitCode.USAGE, said.what, said.hint)
    return value


async def _made(config: Config, order: Order) -> Body:
    async with store(config) as engine:
        return await make(order, engine, config.operations.risk, now=clock.now())


def _draw(body: Body, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for plot in Plot:
        path = folder / f"{body.kind}-{body.period.label}-{plot}.png"
        path.write_bytes(drawn(body, plot))
