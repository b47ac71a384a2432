"""The deliverer run by the engine, with the real clock, against a Slack that counts."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from bot.delivery.outbox import Deliverer
from contracts.ports import Work
from tests.delivery.desk import LANDED_OUTCOME, Desk
from tests.peer.rules import Rates


def clock() -> datetime:
    return datetime.now(UTC)


async def test_a_slack_that_counts_has_nothing_to_complain_about(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cards, edits, summaries and marks of several patches: no 429, and nothing waits longer than it must."""
    monkeypatch.undo()  # the engine's own alarms
    desk.slack.proxy.rates = Rates()
    for number in range(2):
        await desk.accept(title=f"patch {number}")
    deliverer = Deliverer(desk.engine, desk.sender, desk.settings, desk.data, clock=clock, jitter=lambda: 0.5)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(desk.engine.run(Work.OUTBOX, deliverer.turn, workers=4, clock=clock))
        began = clock()
        desk.now = clock()
        await desk.carry_out(LANDED_OUTCOME)
        await desk.slack.proxy.until(lambda: len(desk.slack.proxy.effects("chat.postMessage")) == 3)
        running.cancel()
    assert {call.status for call in desk.slack.proxy.calls()} == {200}
    assert timedelta(seconds=2) <= clock() - began < timedelta(seconds=6)
