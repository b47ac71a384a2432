"""The engines that are held to the promises, and one on a loop of its own for state machines."""

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from executor.engine import open_engine
from tests.engine.given import Desk

T = TypeVar("T")

KINDS = ("sqlite",)


def new_url(kind: str, folder: Path) -> str:
    """Of a store that is not there yet."""
    match kind:
        case "sqlite":
            return f"sqlite:///{folder / 'desk.db'}"
        case unknown:
            raise AssertionError(unknown)


class DeskOnItsOwnLoop:
    """For rules, which cannot be coroutines."""

    def __init__(self, kind: str) -> None:
        self._folder = Path(tempfile.mkdtemp())
        self._runner = asyncio.Runner()
        self.desk = Desk(self.run(open_engine(new_url(kind, self._folder), identity="model")))

    def run(self, what: Coroutine[Any, Any, T]) -> T:
        return self._runner.run(what)

    def close(self) -> None:
        findings = self.run(self.desk.engine.check())
        self.run(self.desk.engine.close())
        self._runner.close()
        shutil.rmtree(self._folder)
        assert findings == ()
