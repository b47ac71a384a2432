"""These tests look into the files, so they know which engine they have."""

from pathlib import Path

import pytest

from tests.engine.engines import new_url


@pytest.fixture
def url(tmp_path: Path) -> str:
    return new_url("sqlite", tmp_path)
