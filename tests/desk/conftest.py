"""What the tests of the whole desk share."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from functools import partial

import pytest

from bot import submit
from bot.delivery import conclusions, outbox, slack, slack_answers
from bot.delivery.pace import Pace, Rate
from contracts.settings import SandboxSettings
from executor import worker
from executor.sandbox.level import Sandbox
from executor.sandbox.probe import best


@pytest.fixture(scope="session")
def sandbox() -> Sandbox:
    """The machine does not change between two tests, and looking at it takes most of a second."""
    return asyncio.run(best(SandboxSettings()))


@pytest.fixture(autouse=True)
def _probed_once(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    async def known(_settings: SandboxSettings) -> Sandbox:
        return sandbox

    monkeypatch.setattr(worker, "best", known)


@pytest.fixture(autouse=True)
def _brisk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The local Slack is patient and quick: our pace and our pauses only cost time here.

    Tests marked `paced` keep both.
    """
    if request.node.get_closest_marker("paced") is not None:
        return
    monkeypatch.setattr(outbox, "Pace", partial(Pace, Rate(timedelta(milliseconds=1)), {}))
    soon = timedelta(milliseconds=100)
    for module in (slack, slack_answers):
        monkeypatch.setattr(module, "SOON", soon)
    for name in ("LASTING", "PASSING"):
        monkeypatch.setattr(conclusions, name, replace(getattr(conclusions, name), first=soon))
    monkeypatch.setattr(submit, "PATIENCE", replace(submit.PATIENCE, first=soon))
