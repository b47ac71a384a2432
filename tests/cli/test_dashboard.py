"""`patchdesk dashboard` and `patchdesk keys`, in a folder with a real store."""

import asyncio
import io
import os
import pty
import re
import signal
import sys
import termios
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import yaml
from rich.console import Console

from bot.cli.exits import ExitCode
from bot.cli.terminal import drawn
from bot.overview import look
from bot.settings import default_operations, read_settings
from bot.web.keys import holder_of
from contracts.settings import DomainSettings, Scope, Settings
from executor.engine import open_engine
from tests.cli.conftest import Place
from tests.cli.json_shapes import PROMISED, departures
from tests.cli.test_commands import LANDS
from tests.docs.http_page import PROMISED as OVER_HTTP
from tests.engine.given import NOW, Desk, asked

HOSTILE = "[red]markup[/red] \x1b[31mescape \u202e"


# dashboard -------------------------------------------------------------------------------------
async def test_a_dashboard_in_a_pipe_is_printed_once(place: Place) -> None:
    await place.run("submit", place.write("p.yml", LANDS))
    for argv in (["dashboard"], ["dashboard", "--once"]):
        ran = await place.run(*argv)
        assert ran.code == ExitCode.OK
        assert ran.out.startswith("No desk is running.\n")
        assert "1 event to decide" in ran.out
        assert "\nDomains\ngreeter\tidle\t0\t\t0\t0\t0\n" in ran.out
        assert "errors / max(1, tasks) × 100 = 0 / 1 × 100" in ran.out


async def test_a_dashboard_in_json_has_the_promised_shape(place: Place) -> None:
    async with place.desk(carries_out=False):
        await place.run("submit", place.write("p.yml", LANDS))
        while not (ran := await place.run("dashboard", "--json")).json["queue"]:
            pass
    assert ran.json["running"] is True
    assert list(departures(PROMISED["dashboard"], ran.json)) == []
    assert list(departures(PROMISED["status"]["domains"], ran.json["domains"])) == []
    assert list(departures(PROMISED["queue"]["patches"], ran.json["queue"])) == []
    assert ran.json["health"].keys() == OVER_HTTP["health"].keys()


async def test_a_dashboard_without_a_store_says_so(place: Place) -> None:
    ran = await place.run("dashboard")
    assert (ran.code, ran.out) == (ExitCode.DESK, "")
    assert "there is no store yet" in ran.err


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    engine = await open_engine(f"sqlite:///{tmp_path}/desk.db", identity="drawn")
    yield Desk(engine)
    await engine.close()


async def test_what_somebody_wrote_cannot_paint_the_terminal(desk: Desk) -> None:
    await desk.settle(asked("p-1", text=HOSTILE))
    settings = Settings(domains={"web": DomainSettings()})
    seen = await look(desk.engine, settings, default_operations(), running=True, now=NOW)
    written = io.StringIO()
    Console(file=written, width=200, force_terminal=True, color_system="truecolor").print(drawn(seen))
    assert "Say [red]markup[/red] \\x1b[31mescape \\u202e" in written.getvalue()
    assert "\x1b[31mescape" not in written.getvalue()


# keys ------------------------------------------------------------------------------------------
async def test_a_key_that_was_made_is_recognized_by_the_lines_that_were_printed(place: Place) -> None:
    ran = await place.run("keys", "create", "on", "--scope", "alerts", "--scope", "read")
    assert ran.code == ExitCode.OK
    [key] = re.findall(r"^pdk-[\w-]{43}$", ran.out, re.M)
    lines = ran.out[ran.out.index("http:") :]
    [known] = read_settings(lines.encode(), "pasted").http.keys
    assert (known.name, set(known.scopes)) == ("on", {Scope.READ, Scope.ALERTS})
    assert holder_of(key, [known]) is known
    assert key not in lines


async def test_a_key_in_json_has_the_promised_shape(place: Place) -> None:
    ran = await place.run("keys", "create", "grafana", "--json")
    assert list(departures(PROMISED["keys create"], ran.json)) == []
    assert ran.json["settings"]["scopes"] == ["read"]
    settings = read_settings(yaml.safe_dump({"http": {"keys": [ran.json["settings"]]}}).encode(), "pasted")
    assert holder_of(ran.json["key"], settings.http.keys)


async def test_two_keys_are_never_the_same(place: Place) -> None:
    made = {(await place.run("keys", "create", "a", "--json")).json["key"] for _ in range(3)}
    assert len(made) == 3


@pytest.mark.parametrize("name", ["a b", "", "-x", "a" * 64])
async def test_a_name_that_yaml_could_mistake_is_refused(place: Place, name: str) -> None:
    ran = await place.run("keys", "create", "--", name)
    assert ran.code == ExitCode.USAGE
    assert "pdk-" not in ran.out


async def test_a_dashboard_on_a_terminal_is_drawn_anew_until_it_is_ended(place: Place) -> None:
    await place.run("submit", place.write("p.yml", LANDS))
    async with on_a_terminal(place, "dashboard", "--refresh", "0.5") as (process, screen):
        await screen.shows("1 event to decide")
        async with place.desk(carries_out=False):
            await screen.shows("Say goodbye, too")
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 130


class Screen:
    """What a command wrote to its terminal."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._written = ""

    async def shows(self, text: str) -> None:
        deadline = time.monotonic() + 20
        while text not in self._written:
            assert time.monotonic() < deadline, self._written[-2000:]
            self._written += (await asyncio.to_thread(os.read, self._descriptor, 65536)).decode()


@asynccontextmanager
async def on_a_terminal(place: Place, *argv: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, Screen]]:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (60, 160))
    root = str(Path(__file__).parents[2])
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        *argv,
        cwd=place.folder,
        env=os.environ | {"PYTHONPATH": root, "TERM": "xterm"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    try:
        yield process, Screen(ours)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        os.close(ours)
