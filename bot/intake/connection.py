"""Come to Slack: check the tokens, learn who we are there. What is wrong is said before anything runs."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import aiohttp
from slack_sdk.web.async_client import AsyncWebClient

from bot.delivery.slack import PATIENCE, ask
from bot.delivery.slack_answers import Rejected, RetryAfter, Success, Unknown
from bot.intake.events import Ourselves
from bot.settings import SlackAccess
from contracts.faults import Fault, Reason, fault

_TRIES: Final = 5
_LONGEST_PAUSE: Final = timedelta(seconds=10)


class CannotStartError(Exception):
    """The desk cannot run like this; `fault` says why and how to mend it."""

    def __init__(self, why: Fault) -> None:
        super().__init__(f"{why.reason}: {dict(why.args)}")
        self.fault = why


@dataclass(frozen=True, slots=True)
class Connection:
    """*client* speaks with the bot's token, does not retry, and shares its connections.

    *workspace* is Slack's own address, for links.
    """

    client: AsyncWebClient
    ourselves: Ourselves
    workspace: str


def usable(access: SlackAccess) -> tuple[Fault, ...]:
    """What is missing in *access*, before Slack is asked."""
    missing = [] if access.bot_token else [fault(Reason.VARIABLE_UNSET, variable="SLACK_BOT_TOKEN")]
    if not access.app_token and not access.signing_secret:
        missing.append(fault(Reason.NO_WAY_IN))
    return tuple(missing)


@asynccontextmanager
async def connect(access: SlackAccess) -> AsyncIterator[Connection]:
    """Entered once Slack took every token in *access*. Raises CannotStartError."""
    for missing in usable(access):
        raise CannotStartError(missing)
    base = access.api_url or AsyncWebClient.BASE_URL
    async with aiohttp.ClientSession(timeout=PATIENCE) as session:
        client = AsyncWebClient(access.bot_token, base_url=base, session=session, retry_handlers=[])
        about = await _check(client, "auth.test", "SLACK_BOT_TOKEN")
        if access.app_token:
            as_app = AsyncWebClient(access.app_token, base_url=base, session=session, retry_handlers=[])
            await _check(as_app, "apps.connections.open", "SLACK_APP_TOKEN")
        ourselves = Ourselves(user=str(about.get("user_id")), bot=str(about.get("bot_id")))
        yield Connection(client, ourselves, str(about.get("url") or ""))


async def _check(client: AsyncWebClient, method: str, variable: str) -> Mapping[str, Any]:
    """What Slack answers to *method*; for a while, not being answered is no answer."""
    detail = ""
    for _ in range(_TRIES):
        match await ask(client, method, repeatable=True):
            case Success(data):
                return data
            case Rejected(error=error):
                raise CannotStartError(fault(Reason.TOKEN_REFUSED, variable=variable, error=error))
            case RetryAfter(wait=wait, why=detail):
                await asyncio.sleep(min(wait, _LONGEST_PAUSE).total_seconds())
            case Unknown(why=detail):
                pass
    raise CannotStartError(fault(Reason.SLACK_SILENT, address=client.base_url, detail=detail))
