"""The driver of the peer says what went wrong instead of waiting for ever."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.demo.peer import ADA, BEN, PATCHDESK, PATCHES, Mode, Peer, PeerError, Workspace, render_config
from tests.peer.local_slack import local_slack


@pytest.fixture
async def peer(tmp_path: Path) -> AsyncIterator[Peer]:
    async with local_slack(Workspace(), tmp_path) as peer:
        yield peer


async def test_the_configured_workspace_is_there(peer: Peer) -> None:
    state = await peer.state()
    people = [user.id for user in Workspace().users]
    assert [user["id"] for user in state["users"]] == [PATCHDESK.bot_user_id, *people]
    assert set(state["channels"][0]["members"]) == {user["id"] for user in state["users"]}


async def test_what_the_peer_refuses_is_raised(peer: Peer) -> None:
    ts = await peer.message(PATCHES.id, ADA.id, "x")
    with pytest.raises(PeerError, match="not_authorized"):
        await peer.edit_message(PATCHES.id, ts, BEN.id, "y")
    with pytest.raises(PeerError, match="message_not_found"):
        await peer.delete_message(PATCHES.id, "1.0", ADA.id)
    with pytest.raises(PeerError, match="has no approve"):
        await peer.press(PATCHES.id, ts, ADA.id, "approve")
    with pytest.raises(PeerError, match="no message"):
        await peer.press(PATCHES.id, "1.0", ADA.id, "approve")
    with pytest.raises(PeerError, match="no modal"):
        await peer.view_close(ADA.id)


async def test_a_reset_forgets_messages_and_keeps_channels(peer: Peer) -> None:
    await peer.message(PATCHES.id, ADA.id, "x")
    assert [entry["kind"] for entry in await peer.log()] == ["socket"]
    await peer.reset()
    assert await peer.messages(PATCHES.id) == []
    assert await peer.log() == []
    assert len((await peer.state())["channels"]) == len(Workspace().channels)


def test_http_mode_needs_an_address_in_the_configuration() -> None:
    config = render_config(Workspace(), mode=Mode.EVENTS, request_url="http://127.0.0.1:1/slack/events")
    assert '"requestUrl": "http://127.0.0.1:1/slack/events"' in config
    assert "requestUrl" not in render_config(Workspace(), mode=Mode.SOCKET)
