"""What Slack refuses and the peer does not: tokens, scopes, and the limits of what is sent.

Looks only at the request. What depends on the workspace (who may change which message, who is in which
channel) is in `web_api`.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from bot.demo.peer import App
from tests.peer.blocks import problems_in_message, problems_in_view, tables_in

Args = Mapping[str, Any]
JsonObject = dict[str, Any]

#: What the desk asks for when it is installed.
BOT_SCOPES = frozenset(
    {
        "app_mentions:read",
        "channels:history",
        "groups:history",
        "im:history",
        "channels:read",
        "groups:read",
        "chat:write",
        "commands",
        "files:read",
        "files:write",
        "im:write",
        "reactions:write",
        "users:read",
        "users:read.email",
        "usergroups:read",
    }
)

#: One of these scopes is needed; a method that is not named needs none, or is not used by the desk.
_SCOPES: Mapping[str, tuple[str, ...]] = {
    "chat.postMessage": ("chat:write",),
    "chat.update": ("chat:write",),
    "chat.delete": ("chat:write",),
    "chat.postEphemeral": ("chat:write",),
    "conversations.history": ("channels:history", "groups:history", "im:history"),
    "conversations.replies": ("channels:history", "groups:history", "im:history"),
    "conversations.info": ("channels:read", "groups:read", "im:read"),
    "conversations.members": ("channels:read", "groups:read", "im:read"),
    "conversations.open": ("im:write",),
    "files.completeUploadExternal": ("files:write",),
    "files.getUploadURLExternal": ("files:write",),
    "files.info": ("files:read",),
    "reactions.add": ("reactions:write",),
    "reactions.remove": ("reactions:write",),
    "usergroups.list": ("usergroups:read",),
    "usergroups.users.list": ("usergroups:read",),
    "users.conversations": ("channels:read", "groups:read", "im:read"),
    "users.info": ("users:read",),
    "users.list": ("users:read",),
    "users.lookupByEmail": ("users:read.email",),
}

_REQUIRED: Mapping[str, tuple[str, ...]] = {
    "chat.postMessage": ("channel",),
    "chat.update": ("channel", "ts"),
    "chat.delete": ("channel", "ts"),
    "chat.postEphemeral": ("channel", "user"),
    "chat.getPermalink": ("channel", "message_ts"),
    "conversations.history": ("channel",),
    "conversations.info": ("channel",),
    "conversations.replies": ("channel", "ts"),
    "files.completeUploadExternal": ("files",),
    "reactions.add": ("channel", "timestamp", "name"),
    "reactions.remove": ("channel", "timestamp", "name"),
    "usergroups.users.list": ("usergroup",),
    "users.info": ("user",),
    "views.open": ("trigger_id", "view"),
    "views.publish": ("user_id", "view"),
    "views.push": ("trigger_id", "view"),
    "views.update": ("view",),
}

_JSON_ARGUMENTS = ("attachments", "blocks", "files", "metadata", "view")
_EMOJI = re.compile(r"[a-z0-9_+'-]+(::skin-tone-[2-6])?")
_METADATA_BYTES = 16_384
_VIEW_BYTES = 250_000


def error(code: str, problems: Iterable[str] = ()) -> JsonObject:
    """A refusal in Slack's form."""
    messages = list(problems)
    return {"ok": False, "error": code, **({"response_metadata": {"messages": messages}} if messages else {})}


def decoded(args: Args) -> JsonObject:
    """The arguments, with those that travel as JSON text in a form read; broken JSON stays text."""
    return {name: _read(value) if name in _JSON_ARGUMENTS else value for name, value in args.items()}


def token_refusal(method: str, token: str | None, apps: Iterable[App]) -> JsonObject | None:
    """Whether *token* is one of the workspace, and of the right kind for *method*."""
    apps = tuple(apps)
    if not token:
        return error("not_authed")
    if token not in {known for app in apps for known in (app.bot_token, app.app_token)}:
        return error("invalid_auth")
    if token.startswith("xapp-") != (method == "apps.connections.open"):
        return error("not_allowed_token_type")
    return None


def scope_refusal(method: str, granted: frozenset[str]) -> JsonObject | None:
    needed = _SCOPES.get(method, ())
    if not needed or granted.intersection(needed):
        return None
    return error("missing_scope") | {"needed": needed[0], "provided": ",".join(sorted(granted))}


def argument_refusal(method: str, args: Args) -> JsonObject | None:
    """Whether Slack would take these (decoded) arguments, whatever the workspace holds."""
    missing = [name for name in _REQUIRED.get(method, ()) if args.get(name) in (None, "")]
    if missing:
        return error("invalid_arguments", (f"[ERROR] missing required field: {name}" for name in missing))
    check = _ARGUMENTS.get(method)
    return None if check is None else check(args)


def _read(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _message(args: Args) -> JsonObject | None:
    if not (args.get("text") or args.get("blocks") or args.get("attachments")):
        return error("no_text")
    return _blocks(args) or _metadata(args)


def _update(args: Args) -> JsonObject | None:
    if len(args.get("text") or "") > 4000:
        return error("msg_too_long")
    return _message(args)


def _blocks(args: Args) -> JsonObject | None:
    blocks = args.get("blocks")
    if blocks is None:
        return None
    if isinstance(blocks, str):
        return error("invalid_blocks_format")
    if problems := problems_in_message(blocks):
        return error("invalid_blocks", problems)
    return error("only_one_table_allowed") if tables_in(blocks) > 1 else None


def _metadata(args: Args) -> JsonObject | None:
    metadata = args.get("metadata")
    if not metadata:
        return None
    match metadata:
        case {"event_type": str(), "event_payload": dict(), **rest} if not rest:
            too_large = len(json.dumps(metadata).encode()) > _METADATA_BYTES
            return error("metadata_too_large") if too_large else None
        case _:
            return error("invalid_metadata_format")


def _view(args: Args) -> JsonObject | None:
    view = args["view"]
    if not isinstance(view, dict):
        return error("invalid_arguments", ["[ERROR] must be an object [json-pointer:/view]"])
    if len(json.dumps(view).encode()) > _VIEW_BYTES:
        return error("view_too_large")
    problems = problems_in_view(view)
    return error("invalid_arguments", problems) if problems else None


def _updated_view(args: Args) -> JsonObject | None:
    return _view(args) if args.get("view_id") or args.get("external_id") else error("invalid_arguments")


def _reaction(args: Args) -> JsonObject | None:
    return None if _EMOJI.fullmatch(args["name"]) else error("invalid_name")


_ARGUMENTS: Mapping[str, Callable[[Args], JsonObject | None]] = {
    "chat.postMessage": _message,
    "chat.postEphemeral": _message,
    "chat.update": _update,
    "files.completeUploadExternal": _blocks,
    "reactions.add": _reaction,
    "reactions.remove": _reaction,
    "views.open": _view,
    "views.publish": _view,
    "views.push": _view,
    "views.update": _updated_view,
}
