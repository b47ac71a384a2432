"""What an event of Slack costs until it is acknowledged, beside bare Bolt with one listener.

Events go through the dispatcher as Socket Mode hands them over; no network is measured. Slack is a server
of this process that knows `auth.test`. Rounds of all candidates alternate, and medians of rounds count.
"""

import asyncio
import sqlite3
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from aiohttp import web
from slack_bolt.async_app import AsyncAck, AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.web.async_client import AsyncWebClient

from benchmarks.rows import Row
from bot import clock
from bot.delivery import questions
from bot.home import home
from bot.intake.connection import connect
from bot.intake.http import listening
from bot.intake.people import People
from bot.intake.slack import COMMAND, Listeners, bolt_app
from bot.settings import SlackAccess
from bot.supervise import Errands
from contracts.settings import DomainSettings, Settings
from executor.engine import open_engine
from tests.peer.typed_text import as_slack_sends

ROUNDS = 9
EVENTS = 200
COMMANDS = 20
_CHANNEL = "C0BENCH"
_CHATTER = "Could somebody look at the build? I will be back at three."
_PATCH = "```\n--- a/hello.txt\n+++ b/hello.txt\n@@ -1 +1 @@\n-hello\n+hello, world\n```"


@dataclass(frozen=True, slots=True)
class _Cost:
    """Seconds of one dispatch: of the processor (all threads), and of the clock."""

    processor: float
    clock: float


Once = Callable[[int], Any]


def rows() -> list[Row]:
    with tempfile.TemporaryDirectory(prefix="patchdesk-bench-") as folder:
        return asyncio.run(_measure(Path(folder)))


async def _measure(folder: Path) -> list[Row]:
    async with _slack() as api_url, _desk(folder, api_url) as desk:
        bare = await _bare(api_url)
        floor = _Commits(folder / "floor.db")
        found = await _rounds(
            {
                "bare": (partial(_event, bare, _CHATTER), EVENTS),
                "chatter": (partial(_event, desk, _CHATTER), EVENTS),
                "recorded": (partial(_event, desk, _PATCH), EVENTS),
                "commit": (floor.one, EVENTS),
                "bare command": (partial(_command, bare), COMMANDS),
                "command": (partial(_command, desk), COMMANDS),
            }
        )
        floor.close()
    return list(_table(found))


def _table(cost: Mapping[str, _Cost]) -> list[Row]:
    bare, commit = cost["bare"], cost["commit"]
    most = bare.clock + 4 * commit.clock
    return [
        _row("event that asks for nothing, processor", cost["chatter"].processor, bare.processor, most=1.3),
        _row(
            "event that is recorded, processor, beside Bolt and a commit",
            cost["recorded"].processor,
            bare.processor + commit.processor,
        ),
        _row(
            "event, recorded then acknowledged, beside Bolt and 4 commits",
            cost["recorded"].clock,
            most,
            most=1.0,
        ),
        _row(
            "slash command, beside Bolt's default path",
            cost["command"].clock,
            cost["bare command"].clock,
            most=0.5,
        ),
    ]


def _row(name: str, measured: float, floor: float, *, most: float | None = None) -> Row:
    ratio = measured / floor
    goal, holds = ("", None) if most is None else (f"at most {most}", ratio <= most)
    return Row(name, f"{measured * 1e6:.0f} µs", f"{floor * 1e6:.0f} µs", ratio, goal, holds)


async def _rounds(candidates: Mapping[str, tuple[Once, int]]) -> dict[str, _Cost]:
    """The median round of each; the first round warms up and does not count."""
    spent: dict[str, list[_Cost]] = {name: [] for name in candidates}
    number = 0
    for _ in range(ROUNDS + 1):
        for name, (once, many) in candidates.items():
            processor, began = time.process_time(), time.perf_counter()
            for _ in range(many):
                number += 1
                await once(number)
            spent[name].append(
                _Cost((time.process_time() - processor) / many, (time.perf_counter() - began) / many)
            )
    return {
        name: _Cost(
            statistics.median(cost.processor for cost in costs[1:]),
            statistics.median(cost.clock for cost in costs[1:]),
        )
        for name, costs in spent.items()
    }


# Candidates ------------------------------------------------------------------------------------
async def _event(app: AsyncApp, text: str, number: int) -> None:
    typed = as_slack_sends(text, "b1")
    ts = f"1700000000.{number:06}"
    inner = {
        "type": "message",
        "user": "U0ADA",
        "channel": _CHANNEL,
        "channel_type": "channel",
        "ts": ts,
        "event_ts": ts,
        "client_msg_id": "00000000-0000-0000-0000-000000000000",
        "team": "T0BENCH",
        "text": typed.text,
        "blocks": typed.blocks,
    }
    outer = {
        "type": "event_callback",
        "team_id": "T0BENCH",
        "api_app_id": "A0BENCH",
        "event_id": f"Ev{number}",
        "event_time": 1700000000,
        "authorizations": [{"team_id": "T0BENCH", "user_id": "U0BENCH", "is_bot": True}],
        "event": inner,
    }
    await _dispatch(app, outer)


async def _command(app: AsyncApp, number: int) -> None:
    body = {
        "command": COMMAND,
        "text": "status",
        "channel_id": _CHANNEL,
        "user_id": "U0ADA",
        "team_id": "T0BENCH",
    }
    await _dispatch(app, {**body, "trigger_id": str(number)})


async def _dispatch(app: AsyncApp, body: dict[str, Any]) -> None:
    response = await app.async_dispatch(AsyncBoltRequest(body=body, mode="socket_mode"))
    if response.status != 200:
        raise RuntimeError(f"not acknowledged: {response.status} {response.body}")


async def _bare(api_url: str) -> AsyncApp:
    app = AsyncApp(client=AsyncWebClient("xoxb-bench", base_url=api_url), signing_secret="s")

    @app.event("message")
    async def hear(event: dict[str, Any]) -> None:
        pass

    @app.command(COMMAND)
    async def answer(ack: AsyncAck) -> None:
        await ack("fine")

    await _event(app, _CHATTER, 0)
    return app


@asynccontextmanager
async def _desk(folder: Path, api_url: str) -> AsyncIterator[AsyncApp]:
    settings = Settings(domains={"bench": DomainSettings(channels=(_CHANNEL,))})
    engine = await open_engine(f"sqlite:///{folder}/desk.db", identity="bench")
    access = SlackAccess("xoxb-bench", None, "s", api_url)
    async with connect(access) as slack, Errands() as errands:
        people = People(slack.client, settings, clock.now)
        listeners = Listeners(
            engine,
            settings,
            slack,
            people,
            errands,
            answering=partial(questions.answer, ledger=engine.ledger, settings=settings),
            home=partial(home, channels_of=people.channels_of, ledger=engine.ledger, settings=settings),
            clock=clock.now,
        )
        yield await bolt_app(slack.client, listeners)
    await engine.close()


class _Commits:
    """The floor of durability: one row, one commit, raw sqlite3, on the disk that the desk uses here."""

    def __init__(self, path: Path) -> None:
        self._store = sqlite3.connect(path, isolation_level=None)
        self._store.execute("PRAGMA journal_mode = WAL")
        self._store.execute("PRAGMA synchronous = FULL")
        self._store.execute("CREATE TABLE events (key TEXT PRIMARY KEY, payload BLOB)")

    async def one(self, number: int) -> None:
        self._store.execute("INSERT INTO events VALUES (?, ?)", (str(number), b"x" * 1000))

    def close(self) -> None:
        self._store.close()


@asynccontextmanager
async def _slack() -> AsyncIterator[str]:
    who = {
        "ok": True,
        "url": "https://bench.slack.com/",
        "team_id": "T0BENCH",
        "user_id": "U0BENCH",
        "bot_id": "B0",
    }

    async def answer(_request: web.Request) -> web.StreamResponse:
        return web.json_response(who)

    application = web.Application()
    application.router.add_post("/api/auth.test", answer)
    async with listening(application, "127.0.0.1", 0) as address:
        yield f"{address}/api/"
