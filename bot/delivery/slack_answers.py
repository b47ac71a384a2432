"""What Slack's answers mean for a delivery. Pure: no client, no connection.

Source of the error names: the tables of errors of Slack's method reference.
"""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from contracts.commands import Place
from contracts.faults import Fault

#: Where a 429 brings no Retry-After.
WAIT_UNTOLD: Final = timedelta(seconds=5)
SOON: Final = timedelta(seconds=1)


class Refusal(enum.StrEnum):
    """Why Slack will not take something, however often it is asked."""

    CHANNEL = "channel"  #: nothing of ours appears in that channel any more
    GONE = "gone"  #: the message, thread or file it belongs to is not there, or not ours
    ACCESS = "access"  #: the token or its scopes; an operator can mend it
    CONTENT = "content"  #: what was sent, or an error we do not know


@dataclass(frozen=True, slots=True)
class Delivered:
    """Slack has it; *ref* is the message where there is one."""

    ref: Place | None = None


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """Slack does not have it. *limited*: it said 429, and the whole method must rest for *wait*."""

    wait: timedelta
    why: str
    limited: bool = False


@dataclass(frozen=True, slots=True)
class Rejected:
    """Slack refused it with *error*. *fault*: what to tell of it, where it was not Slack or not as usual."""

    method: str
    error: str
    fault: Fault | None = None

    @property
    def refusal(self) -> Refusal:
        if self.fault is not None:
            return Refusal.CONTENT
        return _REFUSALS.get(self.error, Refusal.CONTENT)


@dataclass(frozen=True, slots=True)
class Unknown:
    """Slack may have it: the answer was lost, or made no sense. Look, not before *wait* is over."""

    why: str
    wait: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Missing:
    """Looked for, and surely not there."""


Answer = Delivered | RetryAfter | Rejected | Unknown


@dataclass(frozen=True, slots=True)
class Success:
    """The fields that came with `ok: true`."""

    data: Mapping[str, Any]


Reply = Success | RetryAfter | Rejected | Unknown

_LIMITED = frozenset({"ratelimited", "rate_limited"})
#: Slack says of these that a part may have been done.
_HALF_DONE = frozenset({"internal_error", "fatal_error", "service_unavailable"})
#: Nothing was done, and it passes.
_PASSING = frozenset({"request_timeout", "team_added_to_org", "accesslimited"})

_REFUSALS: Final[Mapping[str, Refusal]] = {
    **dict.fromkeys(
        (
            "cannot_post_to_channel",
            "channel_is_archived",
            "channel_not_found",
            "channel_type_not_supported",
            "ekm_access_denied",
            "is_archived",
            "messages_tab_disabled",
            "not_in_channel",
            "restricted_action",
            "restricted_action_non_threadable_channel",
            "restricted_action_read_only_channel",
            "restricted_action_thread_only_channel",
        ),
        Refusal.CHANNEL,
    ),
    **dict.fromkeys(
        (
            "bad_timestamp",
            "cannot_reply_to_message",
            "cant_update_message",
            "edit_window_closed",
            "file_deleted",
            "file_not_found",
            "invalid_thread_ts",
            "is_inactive",
            "message_not_found",
            "no_item_specified",
            "not_reactable",
            "restricted_action_thread_locked",
            "thread_locked",
            "thread_not_found",
            "too_many_emoji",
            "too_many_reactions",
            "user_not_found",
            "user_not_in_channel",
        ),
        Refusal.GONE,
    ),
    **dict.fromkeys(
        (
            "access_denied",
            "account_inactive",
            "invalid_auth",
            "missing_scope",
            "no_permission",
            "not_allowed_token_type",
            "not_authed",
            "org_login_required",
            "team_access_not_granted",
            "token_expired",
            "token_revoked",
        ),
        Refusal.ACCESS,
    ),
}


def understand(method: str, status: int, retry_after: str | None, body: object, *, repeatable: bool) -> Reply:
    """What an HTTP answer means; *body* is the decoded JSON, or whatever came instead.

    *repeatable*: doing it twice does no harm, so that an unclear answer only means to try again.
    """
    if status == 429:
        return RetryAfter(_seconds(retry_after), f"{method}: rate limited", limited=True)
    if not isinstance(body, Mapping) or not isinstance(body.get("ok"), bool) or status >= 500:
        return unclear(f"{method}: HTTP {status} without a JSON answer", repeatable=repeatable)
    if body["ok"]:
        return Success(body)
    error = str(body.get("error") or "unknown_error")
    if error in _LIMITED:
        return RetryAfter(_seconds(retry_after), f"{method}: {error}", limited=True)
    if error in _HALF_DONE:
        return unclear(f"{method}: {error}", repeatable=repeatable)
    if error in _PASSING:
        return RetryAfter(SOON, f"{method}: {error}")
    return Rejected(method, error)


def unclear(why: str, *, repeatable: bool) -> RetryAfter | Unknown:
    return RetryAfter(SOON, why) if repeatable else Unknown(why)


def _seconds(retry_after: str | None) -> timedelta:
    text = (retry_after or "").strip()
    return (
        timedelta(seconds=int(text)) if text.isascii() and text.isdecimal() and len(text) < 6 else WAIT_UNTOLD
    )
