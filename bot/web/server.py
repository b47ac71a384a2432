"""The one HTTP server of the desk. It listens before the desk is ready, and until after it has stopped."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from aiohttp import web

from bot.intake.http import EVENTS, MOST_BODY, Events, listening
from bot.settings import Config
from bot.tallies import Tallies
from bot.web.access import Access
from bot.web.answers import secure
from bot.web.probes import Probes
from bot.web.rows import Rows
from contracts.ports import Engine


@dataclass(frozen=True, slots=True)
class Front:
    """What the rest of the desk has to do with the server. *events* None: Slack comes by socket."""

    probes: Probes
    events: Events | None


@asynccontextmanager
async def served(
    config: Config, engine: Engine, *, tallies: Tallies, secret: str, clock: Callable[[], datetime]
) -> AsyncIterator[tuple[Front, str]]:
    """Listens while entered; gives the address, too. Raises OSError if it cannot be listened on.

    *secret* is drawn anew for every run: it seals browser sessions.
    """
    slack = config.slack
    events = None if slack.app_token else Events(slack.signing_secret or "", clock)
    front = Front(Probes(), events)
    access = Access(config.settings.http, secret, clock, tallies)
    application = web.Application(client_max_size=MOST_BODY, middlewares=[access.middleware])
    application.on_response_prepare.append(secure)
    application.add_routes([*front.probes.routes(), *Rows(engine.ledger, config.settings).routes()])
    if events is not None:
        application.add_routes([web.post(EVENTS, events)])
    async with listening(application, config.http_host, config.http_port) as address:
        yield front, address
