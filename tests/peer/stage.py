"""The workspace in which the strict Slack itself is tested, and things to send there."""

from collections.abc import Awaitable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from bot.demo.peer import ADA, PATCHDESK, PATCHES, RANDOM, App, Channel, Workspace
from tests.peer.deliveries import Redelivery

OTHER_BOT = App("A0OTHER", "U0OTHER", "other")
HIDDEN = Channel("C0HIDDEN", "hidden", members=(ADA.id,), is_private=True)
ELSEWHERE = Channel("C0ELSEWHERE", "elsewhere", members=(ADA.id, OTHER_BOT.bot_user_id))
WORKSPACE = Workspace(apps=(PATCHDESK, OTHER_BOT), channels=(PATCHES, RANDOM, HIDDEN, ELSEWHERE))
#: Repeats come soon.
SOON = Redelivery(after=(timedelta(0), timedelta(milliseconds=50), timedelta(milliseconds=50)))
#: And nobody waits three seconds for an acknowledgement that will not come.
IMPATIENT = replace(SOON, ack_within=timedelta(milliseconds=400))
GROUP = "S0MAINTAINERS"

BUTTON = {
    "type": "actions",
    "elements": [
        {
            "type": "button",
            "action_id": "approve",
            "text": {"type": "plain_text", "text": "Approve"},
            "value": "7",
        }
    ],
}
MODAL: dict[str, Any] = {
    "type": "modal",
    "callback_id": "submit",
    "title": {"type": "plain_text", "text": "Submit a patch"},
    "submit": {"type": "plain_text", "text": "Submit"},
    "blocks": [
        {
            "type": "input",
            "block_id": "patch",
            "label": {"type": "plain_text", "text": "Patch"},
            "element": {"type": "plain_text_input", "action_id": "text", "multiline": True},
        }
    ],
}


async def refused(call: Awaitable[object]) -> str:
    """The error code that Slack answered."""
    with pytest.raises(SlackApiError) as raised:
        await call
    return str(raised.value.response["error"])


def section(text: str, **more: object) -> dict[str, Any]:
    return {"type": "section", "text": {"type": "mrkdwn", "text": text}, **more}
