"""The two calls that go out: what time is it at Slack, and: all is well here."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

import aiohttp

from contracts.faults import Reason, fault
from contracts.measuring import Unmeasured

_PATIENCE: Final = aiohttp.ClientTimeout(total=5, sock_connect=3)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SlackSeen:
    """*skew*: how far Slack's clock is ahead of ours; it is known to the second."""

    reachable: bool
    skew: timedelta | Unmeasured


class Calls:
    """The connections that the calls go over."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def look_at_slack(self, api_url: str, *, clock: Callable[[], datetime]) -> SlackSeen:
        """Whatever Slack answers to a call without rights, it says what time it is there."""
        asked = clock()
        try:
            async with self._session.post(f"{api_url}api.test") as answer:
                said = answer.headers.get("Date")
        except (aiohttp.ClientError, TimeoutError) as error:
            why = fault(Reason.MEASURING_FAILED, detail=str(error) or type(error).__name__)
            return SlackSeen(reachable=False, skew=Unmeasured(why, expected=False))
        there = _moment(said)
        if there is None:
            why = fault(Reason.MEASURING_FAILED, detail="Slack's answer has no date")
            return SlackSeen(reachable=True, skew=Unmeasured(why, expected=True))
        return SlackSeen(reachable=True, skew=_beyond(there, asked, clock()))

    async def say_all_is_well(self, address: str) -> bool:
        """Call the outbound heartbeat. That it is not heard is seen by who waits for it, and in the log."""
        try:
            async with self._session.get(address) as answer:
                heard = answer.status < 400
        except (aiohttp.ClientError, TimeoutError) as error:
            log.warning("the outbound heartbeat was not heard: %s", str(error) or type(error).__name__)
            return False
        if not heard:
            log.warning("the outbound heartbeat was refused: HTTP %d", answer.status)
        return heard


@asynccontextmanager
async def calling() -> AsyncIterator[Calls]:
    async with aiohttp.ClientSession(timeout=_PATIENCE) as session:
        yield Calls(session)


def _moment(said: str | None) -> datetime | None:
    if said is None:
        return None
    try:
        found = parsedate_to_datetime(said)
    except ValueError:
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _beyond(there: datetime, asked: datetime, answered: datetime) -> timedelta:
    """How far *there* surely lies outside of what was possible: it is cut to the second, and was written
    somewhere between asking and hearing."""
    if there > answered:
        return there - answered
    latest = there + timedelta(seconds=1)
    return latest - asked if latest < asked else timedelta(0)
