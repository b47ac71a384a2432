"""Webhooks: one JSON document to one address, and what its answer means for the delivery."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any, Final

import aiohttp

from bot.delivery.slack_answers import SOON, WAIT_UNTOLD, Answer, Delivered, Rejected, RetryAfter
from contracts.faults import Reason, fault

#: A receiver that says so takes the same document later.
_PASSING: Final = frozenset({408, 425, 429})
_LONGEST_WAIT: Final = timedelta(hours=1)


@asynccontextmanager
async def open_webhooks() -> AsyncIterator["Webhooks"]:
    async with aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session:
        yield Webhooks(session)


class Webhooks:
    """Calls addresses that operators chose. An answer is a status; what comes with it is not read."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def call(
        self,
        name: str,
        url: str,
        document: Mapping[str, Any],
        *,
        key: str,
        headers: Mapping[str, str],
        within: timedelta,
    ) -> Answer:
        """POST *document*. A lost answer only means to try again: *key* (Idempotency-Key) is the same.

        The address may be a secret: it appears in no answer.
        """
        sent = {**headers, "Idempotency-Key": key}
        patience = aiohttp.ClientTimeout(total=within.total_seconds())
        try:
            async with self._session.post(
                url, json=document, headers=sent, allow_redirects=False, timeout=patience
            ) as response:
                return _understood(name, response)
        except aiohttp.InvalidURL:
            return _refused(name, "its address is none")
        except aiohttp.ClientSSLError as error:
            return _refused(name, f"no safe connection ({type(error).__name__})")
        except (aiohttp.ClientError, TimeoutError) as error:
            return RetryAfter(SOON, f"webhook {name}: {type(error).__name__}")


def _understood(name: str, response: aiohttp.ClientResponse) -> Answer:
    status = response.status
    if 200 <= status < 300:
        return Delivered()
    if status in _PASSING or status >= 500:
        return RetryAfter(_wait(response.headers.get("Retry-After")), f"webhook {name}: HTTP {status}")
    if 300 <= status < 400:
        return _refused(name, f"HTTP {status}: it leads elsewhere, and the desk does not follow")
    return _refused(name, f"HTTP {status}")


def _wait(told: str | None) -> timedelta:
    if told is None:
        return SOON
    if told.isascii() and told.isdecimal() and len(told) < 6:
        return min(timedelta(seconds=int(told)), _LONGEST_WAIT)
    return WAIT_UNTOLD


def _refused(name: str, detail: str) -> Rejected:
    return Rejected("webhook", detail, fault(Reason.WEBHOOK_REFUSED, name=name, detail=detail))
