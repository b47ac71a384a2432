"""Who somebody is: name, email, user groups and channels, as Slack knows them, remembered for a while."""

import asyncio
import logging
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, Final, Generic, TypeVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from slack_sdk.web.async_client import AsyncWebClient

from bot.delivery.slack import ask
from bot.delivery.slack_answers import Rejected, Success
from bot.intake.events import Sender
from bot.submit import Trouble
from contracts.commands import Actor, ActorKind, Command, TakeDuty
from contracts.faults import Fault, Reason, fault
from contracts.settings import Settings
from contracts.steering import Freeze

#: The domain of addresses that nobody has; `.invalid` is reserved for that (RFC 2606).
NOWHERE: Final = "users.noreply.patchdesk.invalid"

_NAMES_LAST = timedelta(hours=1)
#: Short: who was just let into a group, or put out of it, should not wait long.
_GROUPS_LAST = timedelta(minutes=1)
_MOST_REMEMBERED = 2000
_PAGE = 200
_PERSON: Final = re.compile(r"[UW][A-Z0-9]{2,}")

log = logging.getLogger(__name__)
Value = TypeVar("Value")


class People:
    """Asks Slack, at most once per person and hour and once per group and minute.

    What Slack will not tell (a scope was not granted, somebody is a guest of another workspace) has a
    stand-in: the id for a name, an address that reaches nobody, no membership.
    """

    def __init__(self, client: AsyncWebClient, settings: Settings, clock: Callable[[], datetime]) -> None:
        self._client = client
        self._groups = sorted(
            {
                group
                for domain in settings.domains.values()
                for named in (domain.submitters, domain.approvers)
                for group in named.groups
            }
        )
        self._about: _Remembered[_About] = _Remembered(_NAMES_LAST, clock)
        self._members: _Remembered[frozenset[str]] = _Remembered(_GROUPS_LAST, clock)

    async def find(self, sender: Sender) -> Actor | Trouble:
        """*sender* as an actor; Trouble: Slack did not answer, and may later."""
        if sender.kind is not ActorKind.PERSON:
            return Actor(sender.kind, sender.id, sender.name or sender.id, f"{sender.id}@{NOWHERE}")
        about = await self._about.get(sender.id, self._ask_about)
        if isinstance(about, Trouble):
            return about
        members = await asyncio.gather(
            *(self._members.get(group, self._ask_members) for group in self._groups)
        )
        groups = set()
        for group, users in zip(self._groups, members, strict=True):
            if isinstance(users, Trouble):
                return users
            groups |= {group} if sender.id in users else set()
        return Actor(ActorKind.PERSON, sender.id, about.name, about.email, frozenset(groups))

    async def names(self, ids: Iterable[str]) -> Mapping[str, str]:
        """What the people among *ids* are called, as far as Slack says so now."""
        people = sorted(who for who in ids if _PERSON.fullmatch(who))
        known = await asyncio.gather(*(self._about.get(who, self._ask_about) for who in people))
        return {who: it.name for who, it in zip(people, known, strict=True) if isinstance(it, _About)}

    async def zone_for(self, command: Command | Fault, user: str) -> tzinfo:
        """The time zone in which *user* means *command*; UTC where it names no time of day."""
        return await self.zone_of(user) if isinstance(command, Freeze | TakeDuty) else UTC

    async def zone_of(self, user: str) -> tzinfo:
        """The time zone that *user* lives in; UTC while Slack does not say."""
        about = await self._about.get(user, self._ask_about)
        return UTC if isinstance(about, Trouble) else _zone(about)

    async def channels_of(self, user: str) -> frozenset[str]:
        """The channels that *user* is in and the desk knows of; fewer if Slack stops answering."""
        channels: set[str] = set()
        form = {"user": user, "types": "public_channel,private_channel", "limit": str(_PAGE)}
        while True:
            answer = await self._ask("users.conversations", form, user)
            if not isinstance(answer, Mapping):
                return frozenset(channels)
            channels |= {channel["id"] for channel in answer.get("channels") or ()}
            form["cursor"] = (answer.get("response_metadata") or {}).get("next_cursor") or ""
            if not form["cursor"]:
                return frozenset(channels)

    async def _ask_about(self, user: str) -> "_About | Trouble":
        answer = await self._ask("users.info", {"user": user}, user)
        return answer if isinstance(answer, Trouble) else _About.read(user, answer.get("user"))

    async def _ask_members(self, group: str) -> frozenset[str] | Trouble:
        answer = await self._ask("usergroups.users.list", {"usergroup": group}, group)
        return answer if isinstance(answer, Trouble) else frozenset(map(str, answer.get("users") or ()))

    async def _ask(self, method: str, form: Mapping[str, str], about: str) -> Mapping[str, Any] | Trouble:
        """What Slack says; nothing, if it will not say it tomorrow either."""
        match await ask(self._client, method, form=form, repeatable=True):
            case Success(data):
                return data
            case Rejected(error=error):
                log.warning("%s tells nothing of %s: %s", method, about, error)
                return {}
            case passing:
                return Trouble(fault(Reason.SENDER_UNREAD, detail=passing.why))


@dataclass(frozen=True, slots=True)
class _About:
    """*zone* as Slack names it, like `Europe/Berlin`; empty: it does not."""

    name: str
    email: str
    zone: str

    @classmethod
    def read(cls, user: str, about: Any) -> "_About":
        about = about if isinstance(about, dict) else {}
        profile = about.get("profile") or {}
        names = (
            profile.get("real_name"),
            about.get("real_name"),
            profile.get("display_name"),
            about.get("name"),
        )
        name = next((" ".join(it.split()) for it in names if isinstance(it, str) and it.strip()), user)
        return cls(name, profile.get("email") or f"{user}@{NOWHERE}", str(about.get("tz") or ""))


def _zone(about: _About) -> tzinfo:
    try:
        return ZoneInfo(about.zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return UTC


@dataclass(frozen=True, slots=True)
class _Entry(Generic[Value]):
    value: Value
    until: datetime


class _Remembered(Generic[Value]):
    """The latest answers, each for a time; the oldest makes room. Trouble is not remembered."""

    def __init__(self, lasts: timedelta, clock: Callable[[], datetime]) -> None:
        self._lasts = lasts
        self._clock = clock
        self._entries: OrderedDict[str, _Entry[Value]] = OrderedDict()

    async def get(self, key: str, find: Callable[[str], Awaitable[Value | Trouble]]) -> Value | Trouble:
        entry = self._entries.get(key)
        if entry is not None and self._clock() < entry.until:
            return entry.value
        found = await find(key)
        if not isinstance(found, Trouble):
            self._entries[key] = _Entry(found, self._clock() + self._lasts)
            self._entries.move_to_end(key)
            if len(self._entries) > _MOST_REMEMBERED:
                self._entries.popitem(last=False)
        return found
