"""Make what the peer says look like what Slack says."""

import hashlib
import time
import uuid
from collections.abc import Mapping
from typing import Any

from bot.demo.peer import App
from tests.peer.typed_text import as_slack_sends

JsonObject = dict[str, Any]


def moved(value: Any, bases: Mapping[str, str]) -> Any:
    """*value* with every string that starts with one of the *bases* moved to another base."""
    match value:
        case str():
            for old, new in bases.items():
                if value.startswith(old):
                    return new + value.removeprefix(old)
            return value
        case dict():
            return {key: moved(each, bases) for key, each in value.items()}
        case list():
            return [moved(each, bases) for each in value]
        case _:
            return value


def persons_message(message: Mapping[str, Any], channel: str, team_id: str) -> JsonObject:
    """A message that a person typed, as events and history carry it; apps' messages pass unchanged.

    The same message always gets the same client_msg_id and, until it is edited, the same block_id.
    """
    if "bot_id" in message:
        return dict(message)
    ts, text = message["ts"], message.get("text", "")
    block_id = hashlib.sha256(f"{channel}/{ts}/{text}".encode()).hexdigest()[:5]
    typed = as_slack_sends(text, block_id)
    return {
        **message,
        "client_msg_id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{channel}/{ts}")),
        "team": team_id,
        "text": typed.text,
        **({"blocks": typed.blocks} if typed.blocks else {}),
    }


def with_block_ids(args: Mapping[str, Any]) -> JsonObject:
    """Slack names the blocks of a message or view that came without a block_id; the peer hands out null."""
    named = dict(args)
    if isinstance(args.get("blocks"), list):
        named["blocks"] = [{"block_id": uuid.uuid4().hex[:5], **block} for block in args["blocks"]]
    if isinstance(args.get("view"), dict):
        named["view"] = with_block_ids(args["view"])
    return named


def event(peers: Mapping[str, Any], channel: Mapping[str, Any] | None, team_id: str) -> JsonObject:
    """An inner event of the peer, as Slack sends it; *channel* as the peer's state knows it."""
    shaped = dict(peers)
    about = {"channel_type": channel_type(channel)} if channel else {}
    match peers:
        case {"type": "message", "subtype": "message_changed" | "message_deleted"}:
            kept = {
                name: persons_message(peers[name], peers["channel"], team_id)
                for name in ("message", "previous_message")
                if name in peers
            }
            return {**shaped, **about, **kept, "hidden": True}
        case {"type": "message"}:
            return {**persons_message(shaped, peers["channel"], team_id), **about}
        case {"type": "app_mention"}:
            return persons_message(shaped, peers["channel"], team_id)
        case _:
            return shaped


def channel_type(channel: Mapping[str, Any]) -> str:
    """The peer calls private channels `channel`."""
    if channel["is_im"]:
        return "im"
    return "group" if channel["is_private"] else "channel"


def own_message(message: Mapping[str, Any], app: App, channel: Mapping[str, Any], team_id: str) -> JsonObject:
    """The event by which every member app hears of an app's own post."""
    profile = {"id": app.bot_id, "app_id": app.app_id, "name": app.name, "team_id": team_id, "deleted": False}
    return {
        **message,
        "type": "message",
        "channel": channel["id"],
        "channel_type": channel_type(channel),
        "event_ts": message["ts"],
        "team": team_id,
        "bot_profile": profile,
    }


def own_change(
    subtype: str,
    channel: Mapping[str, Any],
    ts: str,
    before: Mapping[str, Any],
    after: Mapping[str, Any] | None,
) -> JsonObject:
    """message_changed (with *after*) and message_deleted events of an app's own messages."""
    now = event_ts()
    return {
        "type": "message",
        "subtype": subtype,
        "hidden": True,
        "channel": channel["id"],
        "channel_type": channel_type(channel),
        "ts": now,
        "event_ts": now,
        "previous_message": dict(before),
        **({"message": dict(after)} if after else {"deleted_ts": ts}),
    }


def own_reaction(
    name: str, app: App, item: Mapping[str, str], author: str | None, *, added: bool
) -> JsonObject:
    return {
        "type": "reaction_added" if added else "reaction_removed",
        "user": app.bot_user_id,
        "reaction": name,
        "item": {"type": "message", **item},
        "item_user": author,
        "event_ts": event_ts(),
    }


def wrapped(inner: Mapping[str, Any], app: App, team_id: str) -> JsonObject:
    """The outer event for *app*, with an event_id of its own."""
    return {
        "token": "verification-token",
        "team_id": team_id,
        "api_app_id": app.app_id,
        "event": dict(inner),
        "type": "event_callback",
        "event_id": f"Ev{uuid.uuid4().hex[:10].upper()}",
        "event_time": int(time.time()),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": team_id,
                "user_id": app.bot_user_id,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
    }


def event_ts() -> str:
    return f"{time.time():.6f}"
