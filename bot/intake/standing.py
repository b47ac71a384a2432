"""How the desk stands in a workspace: what its token was granted, its channels, its clock beside Slack's.

Asked by the doctor; nothing is changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Final

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.delivery.slack import ask
from bot.delivery.slack_answers import Rejected, RetryAfter, Success, Unknown

#: Without these something does not work at all; manifest.yml asks for them.
NEEDED: Final = frozenset(
    {
        "app_mentions:read",
        "channels:history",
        "channels:read",
        "chat:write",
        "commands",
        "files:read",
        "files:write",
        "groups:history",
        "groups:read",
        "im:history",
        "im:write",
        "reactions:write",
        "users:read",
    }
)
#: Without these commits have a stand-in for the author's address, and user groups cannot submit.
WELCOME: Final = frozenset({"usergroups:read", "users:read.email"})


@dataclass(frozen=True, slots=True)
class Granted:
    """*scopes* None: Slack did not name them. *date*: Slack's clock when it answered."""

    scopes: frozenset[str] | None
    date: datetime | None


@dataclass(frozen=True, slots=True)
class Channel:
    """*error*: what Slack says instead of telling about it."""

    name: str = ""
    is_member: bool = False
    is_archived: bool = False
    error: str | None = None


async def granted(client: AsyncWebClient) -> Granted:
    try:
        headers = (await client.auth_test()).headers
    except (SlackApiError, aiohttp.ClientError, TimeoutError):
        return Granted(None, None)
    # https://docs.slack.dev/authentication/installing-with-oauth: every answer to a token names its scopes.
    named = headers.get("x-oauth-scopes")
    scopes = None if named is None else frozenset(scope.strip() for scope in named.split(","))
    return Granted(scopes, _date(headers))


def _date(headers: Mapping[str, str]) -> datetime | None:
    try:
        return parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return None


async def channel(client: AsyncWebClient, channel_id: str) -> Channel:
    match await ask(client, "conversations.info", form={"channel": channel_id}, repeatable=True):
        case Success(data):
            about = data.get("channel") or {}
            name, is_member = str(about.get("name") or ""), bool(about.get("is_member"))
            return Channel(name, is_member, bool(about.get("is_archived")))
        case Rejected(error=error):
            return Channel(error=error)
        case RetryAfter(why=why) | Unknown(why=why):
            return Channel(error=why)
