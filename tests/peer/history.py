"""What Slack remembers of messages beside their text, and how it hands out history in pages."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tests.peer.strictness import error

Args = Mapping[str, Any]
JsonObject = dict[str, Any]


@dataclass(slots=True)
class Remembered:
    """By channel and ts."""

    metadata: dict[tuple[str, str], JsonObject] = field(default_factory=dict)
    ephemeral: set[tuple[str, str]] = field(default_factory=set)

    def keep_metadata(self, channel: str, ts: str, args: Args) -> None:
        """As chat.postMessage and chat.update do: left out, it stays; empty, it goes."""
        if "metadata" in args and args["metadata"] is not None:
            self.metadata[channel, ts] = args["metadata"]
            if not args["metadata"]:
                del self.metadata[channel, ts]


def newest_first(messages: Sequence[JsonObject], args: Args) -> JsonObject:
    """conversations.history; *messages* newest first."""
    return _page(_between(messages, args), args)


def parent_first(messages: Sequence[JsonObject], args: Args) -> JsonObject:
    """conversations.replies; *messages* oldest first, the parent always comes with the first page."""
    if not messages or messages[0]["ts"] != args["ts"]:
        return error("thread_not_found")
    return _page([messages[0], *_between(messages[1:], args)], args)


def flag(args: Args, name: str) -> bool:
    """Forms carry `1` or `true`, JSON carries true."""
    return str(args.get(name, "")).lower() in {"1", "true"}


def _between(messages: Sequence[JsonObject], args: Args) -> list[JsonObject]:
    oldest, latest = args.get("oldest") or "0", args.get("latest") or "9" * 10
    inclusive = flag(args, "inclusive")
    return [
        message
        for message in messages
        if Decimal(oldest) < Decimal(message["ts"]) < Decimal(latest)
        or (inclusive and message["ts"] in {oldest, latest})
    ]


def _page(messages: Sequence[JsonObject], args: Args) -> JsonObject:
    limit = int(args.get("limit") or 100)
    if not 1 <= limit <= 999:
        return error("invalid_limit")
    try:
        start = _position(args.get("cursor") or "", messages)
    except (ValueError, binascii.Error):
        return error("invalid_cursor")
    end = start + limit
    more = end < len(messages)
    cursor = base64.b64encode(f"next_ts:{messages[end]['ts']}".encode()).decode() if more else ""
    return {
        "ok": True,
        "messages": list(messages[start:end]),
        "has_more": more,
        "response_metadata": {"next_cursor": cursor},
    }


def _position(cursor: str, messages: Sequence[JsonObject]) -> int:
    if not cursor:
        return 0
    _, _, ts = base64.b64decode(cursor, validate=True).decode("ascii").partition("next_ts:")
    return [message["ts"] for message in messages].index(ts)
