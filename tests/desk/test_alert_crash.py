"""Killed between any two steps from a failure to its alert's card, the desk posts that card once."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from bot import clock
from bot.demo.peer import PATCHES, RANDOM
from bot.settings import read_operations
from contracts.alerts.model import Alert
from tests.desk.harness import Desk, everything
from tests.desk.posts import FORBIDDEN, fenced
from tests.desk.test_crash import LATER, World, died, world

OPERATIONS = f"""
alerts:
  route: {{group_by: [alertname, domain], group_wait: 0, channel: {RANDOM.id}, routes: []}}
  inhibitions: []
"""

#: In the order in which they are reached. One is tried always, the others when slow tests are.
POINTS = ("finished", "endings-found", "endings-observed", "alerts-decided")
ALWAYS = ("endings-observed",)


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let all leases of the dead desk run out."""
    really = clock.now
    return lambda: monkeypatch.setattr(clock, "now", lambda: really() + LATER)


@asynccontextmanager
async def alerting(folder: Path) -> AsyncIterator[World]:
    """Where alerts have a channel of their own."""
    file = folder / "operations.yml"
    file.write_text(OPERATIONS, encoding="utf-8")
    async with world(folder) as left:
        operations = read_operations(file.read_bytes(), str(file))
        yield replace(left, config=replace(left.config, operations=operations))


@pytest.mark.parametrize(
    "point", [pytest.param(each, marks=() if each in ALWAYS else pytest.mark.slow) for each in POINTS]
)
async def test_a_failure_is_one_alert_wherever_the_desk_was_killed(
    tmp_path: Path, later: Callable[[], None], point: str
) -> None:
    async with alerting(tmp_path) as left:
        async with left.mortal(point) as process:
            await left.slack.peer.message(PATCHES.id, "U0ADA", fenced(FORBIDDEN))
            await died(process)
        later()
        async with left.restarted() as desk:
            await desk.until(lambda: _cards(desk))
            await desk.at_rest()
            alert = await desk.until(lambda: _alert(desk))
            assert alert is not None
            assert (alert.times, alert.ended) == (1, None)
            assert len(await _cards(desk)) == 1


async def _cards(desk: Desk) -> list[str]:
    """The watchdog may have something to say, too: the desk was away for minutes."""
    posted = [everything(each) for each in await desk.slack.peer.messages(RANDOM.id)]
    return [text for text in posted if "patch-failed" in text]


async def _alert(desk: Desk) -> Alert | None:
    return next(iter(await desk.engine.alerts.firing_of("patches")), None)
