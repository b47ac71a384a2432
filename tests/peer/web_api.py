"""The Web API of a strict Slack: the peer's answers, held to Slack's rules and shapes."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.demo.peer import App, Workspace
from tests.peer import fidelity
from tests.peer.history import Remembered, flag, newest_first, parent_first
from tests.peer.rules import RateLimits, Triggers
from tests.peer.strictness import argument_refusal, decoded, error, scope_refusal, token_refusal
from tests.peer.upstream import Upstream
from tests.peer.view_ids import ViewIds

JsonObject = dict[str, Any]

_LONGEST_POST = 40_000


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    answer: JsonObject
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Call:
    method: str
    args: JsonObject
    app: App


class RefusalError(Exception):
    """Slack's error code."""


class WebApi:
    """*tell* hands an inner event to one app; *ticket* makes a Socket Mode URL for one app."""

    def __init__(
        self,
        workspace: Workspace,
        upstream: Upstream,
        *,
        scopes: frozenset[str],
        usergroups: Mapping[str, tuple[str, ...]],
        tell: Callable[[App, JsonObject], None],
        ticket: Callable[[App], str],
    ) -> None:
        self.workspace = workspace
        self.scopes = scopes
        self.usergroups = dict(usergroups)
        self.limits = RateLimits()
        self.triggers = Triggers()
        self.views = ViewIds()
        self.remembered = Remembered()
        self._upstream = upstream
        self._tell = tell
        self._ticket = ticket
        self._special: Mapping[str, Callable[[Call], Awaitable[JsonObject]]] = {
            "apps.connections.open": self._connect,
            "chat.delete": self._delete,
            "chat.postEphemeral": self._post_ephemeral,
            "chat.postMessage": self._post,
            "chat.update": self._update,
            "conversations.history": self._history,
            "conversations.info": self._info,
            "conversations.replies": self._replies,
            "files.completeUploadExternal": self._share,
            "reactions.add": self._react,
            "reactions.remove": self._react,
            "users.conversations": self._conversations_of,
            "usergroups.list": self._usergroups,
            "usergroups.users.list": self._usergroup_members,
            "users.info": self._user,
            "views.open": self._open_view,
            "views.push": self._open_view,
            "views.update": self._update_view,
        }

    async def answer(self, method: str, given: Mapping[str, Any], token: str | None) -> Reply:
        """What Slack would answer; `answer["ok"]` says whether it did it."""
        args = decoded(given)
        refusal = (
            token_refusal(method, token, self.workspace.apps)
            or scope_refusal(method, self.scopes)
            or argument_refusal(method, args)
        )
        if refusal:
            return self._reply(refusal)
        wait = self.limits.retry_after(method, args, _now())
        if wait is not None:
            return Reply(429, error("ratelimited"), {"Retry-After": str(wait)})
        app = next(app for app in self.workspace.apps if token in {app.bot_token, app.app_token})
        call = Call(method, fidelity.with_block_ids(args), app)
        try:
            return self._reply(await self._special.get(method, self._forward)(call))
        except RefusalError as refused:
            return self._reply(error(str(refused)))

    def _reply(self, answer: JsonObject) -> Reply:
        return Reply(200, answer, {"X-OAuth-Scopes": ",".join(sorted(self.scopes))})

    async def _forward(self, call: Call) -> JsonObject:
        return await self._upstream.call(call.method, call.args, call.app.bot_token)

    async def _carried_out(self, call: Call) -> JsonObject:
        answer = await self._forward(call)
        if not answer["ok"]:
            raise RefusalError(answer["error"])
        return answer

    async def _connect(self, call: Call) -> JsonObject:
        return {"ok": True, "url": self._ticket(call.app)}

    async def _post(self, call: Call) -> JsonObject:
        channel = await self._channel(call)
        text = str(call.args.get("text") or "")[:_LONGEST_POST]
        whole = Call(call.method, {**call.args, "channel": channel["id"], "text": text}, call.app)
        answer = await self._carried_out(whole)
        self.remembered.keep_metadata(channel["id"], answer["ts"], call.args)
        self._echo(
            fidelity.own_message(answer["message"], call.app, channel, self.workspace.team_id), channel
        )
        return answer

    async def _update(self, call: Call) -> JsonObject:
        channel = await self._channel(call)
        before = await self._own(call, channel, "cant_update_message")
        answer = await self._carried_out(call)
        self.remembered.keep_metadata(channel["id"], before["ts"], call.args)
        after = answer["message"]
        self._echo(fidelity.own_change("message_changed", channel, before["ts"], before, after), channel)
        return answer

    async def _delete(self, call: Call) -> JsonObject:
        channel = await self._channel(call)
        before = await self._own(call, channel, "cant_delete_message")
        answer = await self._carried_out(call)
        self._echo(fidelity.own_change("message_deleted", channel, before["ts"], before, None), channel)
        return answer

    async def _post_ephemeral(self, call: Call) -> JsonObject:
        channel = await self._channel(call)
        if call.args["user"] not in channel["members"]:
            raise RefusalError("user_not_in_channel")
        answer = await self._carried_out(call)
        self.remembered.ephemeral.add((channel["id"], answer["message_ts"]))
        return answer

    async def _history(self, call: Call) -> JsonObject:
        return newest_first(await self._messages(call), call.args)

    async def _replies(self, call: Call) -> JsonObject:
        return parent_first(await self._messages(call), call.args)

    async def _messages(self, call: Call) -> list[JsonObject]:
        """What the peer has, without ephemerals; with metadata where it was asked for."""
        channel = await self._channel(call)
        answer = await self._carried_out(call)
        metadata = self.remembered.metadata if flag(call.args, "include_all_metadata") else {}
        return [
            fidelity.persons_message(message, channel["id"], self.workspace.team_id)
            | ({"metadata": metadata[key]} if (key := (channel["id"], message["ts"])) in metadata else {})
            for message in answer["messages"]
            if message.get("subtype") != "ephemeral"
        ]

    async def _info(self, call: Call) -> JsonObject:
        answer = await self._carried_out(call)
        known = (await self._upstream.channels())[answer["channel"]["id"]]
        answer["channel"]["is_member"] = call.app.bot_user_id in known["members"]
        return answer

    async def _react(self, call: Call) -> JsonObject:
        channel = await self._channel(call)
        args, added = call.args, call.method == "reactions.add"
        message = await self._visible(channel["id"], args["timestamp"])
        users = [each["users"] for each in message.get("reactions", ()) if each["name"] == args["name"]]
        if added == any(call.app.bot_user_id in each for each in users):
            raise RefusalError("already_reacted" if added else "no_reaction")
        answer = await self._carried_out(call)
        item = {"channel": channel["id"], "ts": args["timestamp"]}
        self._echo(
            fidelity.own_reaction(args["name"], call.app, item, message.get("user"), added=added), channel
        )
        return answer

    async def _share(self, call: Call) -> JsonObject:
        name = call.args.get("channel_id") or call.args.get("channels")
        channel = await self._channel(Call(call.method, {"channel": name}, call.app)) if name else None
        answer = await self._carried_out(call)
        if channel is not None:
            places = [
                place for each in answer["files"][0]["shares"].values() for place in each[channel["id"]]
            ]
            message = await self._visible(channel["id"], places[-1]["ts"])
            self._echo(fidelity.own_message(message, call.app, channel, self.workspace.team_id), channel)
        # Slack shares in the background: its answer does not know yet where.
        bare: JsonObject = {"shares": {}, "channels": [], "groups": [], "ims": []}
        return {**answer, "files": [{**file, **bare} for file in answer["files"]]}

    async def _user(self, call: Call) -> JsonObject:
        answer = await self._carried_out(call)
        if "users:read.email" not in self.scopes:
            answer["user"]["profile"].pop("email", None)
        return answer

    async def _conversations_of(self, call: Call) -> JsonObject:
        """Those that the user is in; of the private ones, only those that the app is in too.

        The peer answers with the app's own channels, whoever is asked about.
        """
        types = str(call.args.get("types") or "public_channel").split(",")
        everything = await self._carried_out(Call("conversations.list", call.args, call.app))
        known = await self._upstream.channels()
        asked, app = call.args.get("user") or call.app.bot_user_id, call.app.bot_user_id
        kind = {"im": "im", "group": "private_channel", "channel": "public_channel"}
        shown = [
            channel
            for channel in everything["channels"]
            if asked in (members := known[channel["id"]]["members"])
            and (app in members or not channel["is_private"])
            and kind[fidelity.channel_type(channel)] in types
        ]
        return {**everything, "channels": shown}

    async def _usergroups(self, _call: Call) -> JsonObject:
        groups = [
            {"id": name, "handle": name.lower(), "users": list(members), "user_count": len(members)}
            for name, members in self.usergroups.items()
        ]
        return {"ok": True, "usergroups": groups}

    async def _usergroup_members(self, call: Call) -> JsonObject:
        if call.args["usergroup"] not in self.usergroups:
            raise RefusalError("no_such_subteam")
        return {"ok": True, "users": list(self.usergroups[call.args["usergroup"]])}

    async def _open_view(self, call: Call) -> JsonObject:
        if refusal := self.triggers.use(call.args["trigger_id"], _now()):
            raise RefusalError(refusal)
        answer = await self._carried_out(call)
        return {**answer, "view": self.views.outward(answer["view"])}

    async def _update_view(self, call: Call) -> JsonObject:
        told = call.args.get("view_id")
        if told is None:
            answer = await self._carried_out(call)
            return {**answer, "view": self.views.outward(answer["view"])}
        peers = self.views.peers(told)
        if peers is None:
            raise RefusalError("not_found")
        if self.views.is_stale(told, call.args.get("hash")):
            raise RefusalError("hash_conflict")
        answer = await self._carried_out(Call(call.method, {**call.args, "view_id": peers}, call.app))
        return {**answer, "view": self.views.updated(told, answer["view"])}

    async def _channel(self, call: Call) -> JsonObject:
        """The channel that is meant, as the peer's state knows it; the app must be in it."""
        meant = str(call.args["channel"])
        if meant.startswith("U"):
            opened = await self._upstream.call("conversations.open", {"users": meant}, call.app.bot_token)
            meant = opened["channel"]["id"]
        channel = (await self._upstream.channels()).get(meant)
        if channel is None:
            raise RefusalError("channel_not_found")
        if call.app.bot_user_id not in channel["members"]:
            raise RefusalError("channel_not_found" if channel["is_private"] else "not_in_channel")
        return channel

    async def _own(self, call: Call, channel: JsonObject, otherwise: str) -> JsonObject:
        message = await self._visible(channel["id"], call.args["ts"])
        if message.get("bot_id") != call.app.bot_id:
            raise RefusalError(otherwise)
        return message

    async def _visible(self, channel: str, ts: str) -> JsonObject:
        message = await self._upstream.message(channel, ts)
        if message is None or message.get("subtype") == "ephemeral":
            raise RefusalError("message_not_found")
        return message

    def _echo(self, event: JsonObject, channel: JsonObject) -> None:
        """Slack tells every member app of what an app did, that app too."""
        for app in self.workspace.apps:
            if app.bot_user_id in channel["members"]:
                self._tell(app, event)


def _now() -> float:
    return asyncio.get_running_loop().time()
