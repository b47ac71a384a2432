"""A desk's folder with a sample repository, and a desk without Slack that works in it."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from bot import clock
from bot.cli.commands import build
from bot.demo import sample
from bot.demo.origin import Origin
from bot.intake.cli import FromCli
from bot.settings import Config, read_config
from bot.submit import Submitter
from contracts.commands import Source
from contracts.ports import Engine, Work
from executor.engine import is_worked_on, open_engine
from executor.worker import open_worker

#: The interpreter of the machine: a gate's user may not see that of the tests.
PYTHON = "python3"


@dataclass(frozen=True, slots=True)
class Ran:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Place:
    """A folder in which the command line is used; *domain* are the settings of `greeter`."""

    folder: Path
    origin: Origin
    domain: dict[str, Any] = field(default_factory=dict)

    def configure(self, **changes: Any) -> None:
        settings = {"domains": {"greeter": self.domain | changes}}
        (self.folder / "patchdesk.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")

    def write(self, name: str, text: str) -> Path:
        path = self.folder / name
        path.write_text(text, encoding="utf-8")
        return path

    async def run(self, *argv: str | Path, stdin: str = "") -> Ran:
        """The command line within this process, in a thread and a loop of its own."""
        args = [str(arg) for arg in argv]
        result = await asyncio.to_thread(CliRunner().invoke, build(), args, stdin, catch_exceptions=False)
        return Ran(result.exit_code, result.stdout, result.stderr)

    async def spawn(self, *argv: str | Path, stdin: str = "") -> Ran:
        """The command line as a process of its own."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bot",
            *argv,
            cwd=self.folder,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        out, err = await process.communicate(stdin.encode())
        return Ran(process.returncode or 0, out.decode(), err.decode())

    @property
    def config(self) -> Config:
        return read_config(
            {"PATCHDESK_CONFIG": f"{self.folder}/patchdesk.yml", "PATCHDESK_DATA": f"{self.folder}/var"}
        )

    @asynccontextmanager
    async def desk(self, *, carries_out: bool = True) -> AsyncIterator[None]:
        """All of a desk that has nothing to do with Slack, at work; or only what decides and queues."""
        config = self.config
        async with self._engine() as engine:
            opened = open_worker(engine, config.settings, config.data, clock=clock.now, jitter=clock.jitter)
            async with opened as worker, asyncio.TaskGroup() as group:
                turns = {Work.INBOX: self._submitter(engine).turn}
                if carries_out:
                    turns[Work.LANES] = worker.turn
                running = [
                    group.create_task(engine.run(work, turn, workers=1, clock=clock.now))
                    for work, turn in turns.items()
                ]
                while not is_worked_on(config.database_url):  # noqa: ASYNC110 - a socket rings no bell here
                    await asyncio.sleep(0)
                yield
                for task in running:
                    task.cancel()

    @asynccontextmanager
    async def _engine(self) -> AsyncIterator[Engine]:
        engine = await open_engine(self.config.database_url, identity=clock.new_key())
        try:
            yield engine
        finally:
            await engine.close()

    def _submitter(self, engine: Engine) -> Submitter:
        return Submitter(
            engine,
            self.config.settings,
            {Source.CLI: FromCli()},
            clock=clock.now,
            new_patch_id=clock.new_patch_id,
            jitter=clock.jitter,
            alerts=self.config.operations.alerts,
        )


@pytest.fixture
async def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """The working folder of the test, and nothing around it that leads to another desk or a real Slack."""
    for name in [name for name in os.environ if name.startswith(("PATCHDESK_", "SLACK_"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    origin = Origin(tmp_path / "greeter.git")
    await origin.make()
    settings = sample.domain(origin.path, PYTHON).model_dump(mode="json", exclude_defaults=True)
    made = Place(tmp_path, origin, settings)
    made.configure()
    return made
