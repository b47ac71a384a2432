"""Hand-made interactions: what the peer cannot send, built on a trigger and a response URL that it knows."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

JsonObject = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Origin:
    """Who acts, where, and what the app may answer with; good for one payload."""

    app_id: str
    team_id: str
    team_domain: str
    user_id: str
    user_name: str
    channel_id: str
    channel_name: str
    trigger_id: str
    response_url: str

    @classmethod
    def of_command(cls, command: Mapping[str, str]) -> "Origin":
        """The origin that the payload of a slash command carries."""
        return cls(
            app_id=command["api_app_id"],
            team_id=command["team_id"],
            team_domain=command["team_domain"],
            user_id=command["user_id"],
            user_name=command["user_name"],
            channel_id=command["channel_id"],
            channel_name=command["channel_name"],
            trigger_id=command["trigger_id"],
            response_url=command["response_url"],
        )

    def message_shortcut(self, callback_id: str, message: Mapping[str, Any]) -> JsonObject:
        """A person chose the app's entry in the menu of *message*."""
        return {
            **self._base("message_action"),
            "callback_id": callback_id,
            "trigger_id": self.trigger_id,
            "response_url": self.response_url,
            "message_ts": message["ts"],
            "message": dict(message),
            "channel": self._channel(),
            "action_ts": _action_ts(),
        }

    def global_shortcut(self, callback_id: str) -> JsonObject:
        return {
            **self._base("shortcut"),
            "callback_id": callback_id,
            "trigger_id": self.trigger_id,
            "action_ts": _action_ts(),
        }

    def message_action(self, action: Mapping[str, Any], message: Mapping[str, Any]) -> JsonObject:
        """block_actions of a message: a person used an element of it."""
        return {
            **self._base("block_actions"),
            "trigger_id": self.trigger_id,
            "response_url": self.response_url,
            "container": {
                "type": "message",
                "message_ts": message["ts"],
                "channel_id": self.channel_id,
                "is_ephemeral": message.get("subtype") == "ephemeral",
            },
            "channel": self._channel(),
            "message": dict(message),
            "state": {"values": {}},
            "actions": [{"type": "button", **action, "action_ts": _action_ts()}],
        }

    def view_action(self, action: Mapping[str, Any], view: Mapping[str, Any]) -> JsonObject:
        """block_actions of a modal or of App Home."""
        return {
            **self._base("block_actions"),
            "trigger_id": self.trigger_id,
            "container": {"type": "view", "view_id": view["id"]},
            "view": dict(view),
            "actions": [{"type": "button", **action, "action_ts": _action_ts()}],
        }

    def view_submission(self, view: Mapping[str, Any], values: Mapping[str, Mapping[str, Any]]) -> JsonObject:
        """*values*: block id, action id, the element's value."""
        return {
            **self._base("view_submission"),
            "trigger_id": self.trigger_id,
            "view": {**view, "state": {"values": {block: dict(each) for block, each in values.items()}}},
            "response_urls": [],
        }

    def view_closed(self, view: Mapping[str, Any], *, is_cleared: bool = False) -> JsonObject:
        return {**self._base("view_closed"), "view": dict(view), "is_cleared": is_cleared}

    def _base(self, kind: str) -> JsonObject:
        return {
            "type": kind,
            "token": "verification-token",
            "api_app_id": self.app_id,
            "team": {"id": self.team_id, "domain": self.team_domain},
            "user": {
                "id": self.user_id,
                "username": self.user_name,
                "name": self.user_name,
                "team_id": self.team_id,
            },
            "enterprise": None,
            "is_enterprise_install": False,
        }

    def _channel(self) -> JsonObject:
        return {"id": self.channel_id, "name": self.channel_name}


def app_rate_limited(app_id: str, team_id: str, minute: int) -> JsonObject:
    """Not an event but an outer type: Slack drops events until *minute* (epoch seconds)."""
    return {
        "type": "app_rate_limited",
        "token": "verification-token",
        "team_id": team_id,
        "minute_rate_limited": minute,
        "api_app_id": app_id,
    }


def url_verification(challenge: str) -> JsonObject:
    """What Slack sends once when a request URL is set."""
    return {"type": "url_verification", "token": "verification-token", "challenge": challenge}


def _action_ts() -> str:
    return f"{time.time():.6f}"
