"""What the tests of the whole desk share."""

from datetime import timedelta
from functools import partial

import pytest

from bot.delivery import outbox
from bot.delivery.pace import Pace, Rate
from contracts.settings import SandboxSettings
from executor import worker
from executor.sandbox.level import Sandbox
from executor.sandbox.probe import best

_found: list[Sandbox] = []


@pytest.fixture(autouse=True)
def _probed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine does not change between two tests; looking at it takes most of a second."""

    async def remembered(settings: SandboxSettings) -> Sandbox:
        if not _found:
            _found.append(await best(settings))
        return _found[0]

    monkeypatch.setattr(worker, "best", remembered)


@pytest.fixture(autouse=True)
def _brisk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The local Slack is patient: our own pace only costs time here, except to tests marked `paced`."""
    if request.node.get_closest_marker("paced") is None:
        monkeypatch.setattr(outbox, "Pace", partial(Pace, Rate(timedelta(milliseconds=1)), {}))
