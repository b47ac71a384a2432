"""The real local Slack peer and the strict proxy before it, started together for one test."""

import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.demo.peer import Mode, Peer, Workspace
from tests.peer.deliveries import Redelivery
from tests.peer.lasting import lent_slack
from tests.peer.local_slack import local_slack
from tests.peer.proxy import SlackProxy, slack_proxy
from tests.peer.strictness import BOT_SCOPES


@dataclass(frozen=True, slots=True)
class StrictSlack:
    """A workspace at work: people act through `peer`, the desk speaks to `proxy`."""

    peer: Peer
    proxy: SlackProxy
    workspace: Workspace
    mode: Mode


@asynccontextmanager
async def strict_slack(
    folder: Path,
    *,
    workspace: Workspace | None = None,
    mode: Mode = Mode.SOCKET,
    redelivery: Redelivery | None = None,
    scopes: frozenset[str] = BOT_SCOPES,
    usergroups: Mapping[str, tuple[str, ...]] | None = None,
) -> AsyncIterator[StrictSlack]:
    """The desk is the first app of the *workspace*; `SLACK_API_URL` is `slack.proxy.api_url`.

    In HTTP mode set `slack.proxy.request_url.url` once the desk listens. *scopes*: what the desk was granted.
    *usergroups*: members by id. *folder* is for the files of a peer in HTTP mode, which is told at its start
    where its requests go; one in Socket Mode is lent.
    """
    workspace = workspace or Workspace()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/from-peer"
        async with (
            lent_slack(workspace)
            if mode is Mode.SOCKET
            else local_slack(workspace, folder, mode=mode, request_url=address) as peer,
            slack_proxy(
                listening,
                peer.url,
                workspace,
                mode=mode,
                redelivery=redelivery,
                scopes=scopes,
                usergroups=usergroups,
            ) as proxy,
        ):
            yield StrictSlack(peer, proxy, workspace, mode)
