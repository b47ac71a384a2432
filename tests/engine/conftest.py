"""The engines that the suite holds to their promises."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from contracts.ports import Engine
from executor.engine import open_engine
from tests.engine.engines import KINDS, new_url
from tests.engine.given import Desk


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    return new_url(request.param, tmp_path)


@pytest.fixture
async def engine(url: str) -> AsyncIterator[Engine]:
    opened = await open_engine(url, identity="store-1")
    yield opened
    await opened.close()


@pytest.fixture
def desk(engine: Engine) -> Desk:
    return Desk(engine)
