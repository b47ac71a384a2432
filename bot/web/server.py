"""The one HTTP server of the desk. It listens before the desk is ready, and until after it has stopped."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from bot.alerts.inbound import Inbound
from bot.alerts.observing import Observer
from bot.intake.http import EVENTS, MOST_BODY, Events, listening
from bot.overview import Overview, freshness, look
from bot.settings import Config
from bot.tallies import Tallies
from bot.web.access import Access
from bot.web.alerts import AlertsIn
from bot.web.answers import secure
from bot.web.dashboard import Dashboard
from bot.web.health import HealthPages
from bot.web.metrics import Metrics, errors_counted
from bot.web.probes import Probes
from bot.web.rows import Rows
from contracts.ports import Engine


@dataclass(frozen=True, slots=True)
class Front:
    """The server as the rest of the desk sees it. *events* None: Slack comes by socket."""

    probes: Probes
    events: Events | None
    application: web.Application
    address: str


@asynccontextmanager
async def served(
    config: Config,
    engine: Engine,
    *,
    tallies: Tallies,
    secret: str,
    new_group_id: Callable[[], str],
    clock: Callable[[], datetime],
) -> AsyncIterator[Front]:
    """Listens while entered. Raises OSError if it cannot be listened on.

    *secret* is drawn anew for every run: it seals browser sessions.
    """
    probes, access = Probes(), Access(config.settings.http, secret, clock, tallies)
    slack = config.slack
    events = None if slack.app_token else Events(slack.signing_secret or "", clock)

    async def looked() -> Overview:
        return await look(engine, config.settings, config.operations, running=probes.at_work, now=clock())

    inbound = Inbound(Observer(engine.alerts, config.operations.alerts, new_group_id=new_group_id))
    dashboard = Dashboard(looked, access, clock=clock)
    application = web.Application(client_max_size=MOST_BODY, middlewares=[access.middleware])
    application.on_response_prepare.append(secure)
    application.on_shutdown.append(dashboard.stop)
    for part in (
        probes,
        HealthPages(engine.health, fresh=freshness(config.operations), clock=clock),
        Metrics(engine, looked, tallies, since=await engine.reports.last_ended()),
        AlertsIn(inbound, clock=clock),
        Rows(engine.ledger, config.settings, probes, clock=clock),
        dashboard,
    ):
        application.add_routes(part.routes())
    if events is not None:
        application.add_routes([web.post(EVENTS, events.receive)])
    with errors_counted(tallies):
        async with listening(application, config.http_host, config.http_port) as address:
            yield Front(probes, events, application, address)
