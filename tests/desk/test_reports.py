"""Reports as people get them: on a schedule with their plots, and when they ask."""

import io
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot import clock
from bot.app import CannotStartError
from bot.demo.peer import ADA, PATCHES
from bot.reports import log_files
from contracts.faults import Reason
from contracts.operations import Operations
from contracts.reports.periods import Span, last_full
from contracts.reports.settings import Kind
from contracts.reports.store import ReportKey
from executor.engine import open_engine
from tests.desk.harness import Desk, Points, configuration, desk_at_work, everything, running, settings
from tests.desk.origin import Origin
from tests.desk.posts import writing
from tests.engine.given import Desk as Store
from tests.engine.given import asked
from tests.peer.harness import strict_slack
from tests.peer.journal import Kind as Delivered

LAST_WEEK = last_full(Span.WEEK, clock.now(), UTC)
SCHEDULED = {"kind": "weekly", "channel": PATCHES.id, "domain": "web"}


@asynccontextmanager
async def desk_with_a_week_behind_it(folder: Path) -> AsyncIterator[Desk]:
    """Three patches landed in the last week, and the report of it was due before the desk was started."""
    origin = Origin.make(folder / "origin.git")
    async with strict_slack(folder) as slack:
        operations = Operations.model_validate({"reports": {"schedules": [SCHEDULED]}})
        config = replace(configuration(folder, slack, settings(origin)), operations=operations)
        config.data.mkdir(parents=True)
        engine = await open_engine(config.database_url, identity="before")
        await _live_through(Store(engine), LAST_WEEK.start)
        await engine.reports.known_since(
            ReportKey(Kind.WEEKLY, PATCHES.id, "web"), now=LAST_WEEK.start - timedelta(days=30)
        )
        await engine.close()
        points = Points()
        async with running(config, slack, points):
            engine = await open_engine(config.database_url, identity="looking")
            try:
                yield Desk(slack, origin, config, engine, points)
            finally:
                await engine.close()


async def _live_through(store: Store, start: datetime) -> None:
    for number in range(3):
        at = start + timedelta(days=number)
        await store.settle(asked(f"p-{number}"), now=at)
        claimed = await store.start(now=at + timedelta(minutes=3))
        await store.finish(claimed, now=at + timedelta(minutes=10))


async def test_a_weekly_report_is_posted_once_with_its_plots_in_its_thread(tmp_path: Path) -> None:
    async with desk_with_a_week_behind_it(tmp_path) as desk:
        await desk.until(lambda: _with_files(desk, 2))
        await desk.at_rest()
        [post] = [
            each for each in await desk.slack.peer.messages(PATCHES.id) if "Weekly report" in each["text"]
        ]
        said = everything(post)
        for heading in (
            "Current batch and overall progress",
            "Completed this week",
            "In progress",
            "Blockers",
            "Metrics",
            "Next week’s goals",
            "Help needed",
            "Wins",
        ):
            assert heading in said
        assert "Patches landed: *3*" in said
        assert f"--domain web --period {LAST_WEEK.label}" in said
        replies = await desk.thread(post["ts"])
        names = [file["name"] for each in replies for file in each["files"]]
        assert names == [f"weekly-{LAST_WEEK.label}-{plot}.png" for plot in ("throughput", "times")]
        for file in (file for each in replies for file in each["files"]):
            width, height = struct.unpack(">II", (await _bytes(desk, file))[16:24])
            assert (width, height) == (960, 480)
        alts = [call.args["alt_txt"] for call in desk.slack.proxy.calls("files.getUploadURLExternal")]
        assert all(alt.startswith(("Bars by day", "Lines by day")) for alt in alts)
        assert "1 landed" in alts[0]


async def _with_files(desk: Desk, many: int) -> bool:
    posts = [each for each in await desk.slack.peer.messages(PATCHES.id) if "Weekly" in each.get("text", "")]
    files = [
        file for post in posts for each in await desk.thread(post["ts"]) for file in each.get("files") or ()
    ]
    return len(files) >= many


async def _bytes(desk: Desk, file: dict[str, Any]) -> bytes:
    headers = {"Authorization": f"Bearer {desk.slack.proxy.app.bot_token}"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(file["url_private"]) as response,
    ):
        content = await response.read()
    assert io.BytesIO(content).read(8) == b"\x89PNG\r\n\x1a\n"
    return content


async def test_a_report_can_be_asked_for(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path) as desk:
        await desk.say(writing("new.txt", title="Add new.txt"))
        await desk.finished()
        today = f"{datetime.now(UTC):%Y-%m-%d}"
        for words, expected in (
            (f"report daily web {today}", "Patches landed: *1*"),
            (f"report weekly {today}", "Add new.txt"),
            ("report executive", "Executive report"),
            ("report monthly", "There is no report"),
            ("report daily web 2026-99", "is no period"),
            ("report daily api", "api"),
        ):
            await desk.slack.peer.command(PATCHES.id, ADA.id, "/patch", words)
            [*_, delivery] = desk.slack.proxy.deliveries(Delivered.COMMAND)
            assert delivery.answer is not None
            assert expected in everything(delivery.answer), words
        ts = await desk.say(f"<@U0PATCHDESK> report daily web {today}")
        await desk.at_rest()
        [said] = await desk.answers(ts)
        assert "Daily digest" in said


async def test_the_execution_log_follows_what_the_desk_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_files, "EVERY", timedelta(milliseconds=50))
    async with desk_at_work(tmp_path) as desk:
        await desk.say(writing("new.txt", title="Add new.txt"))
        [patch] = await desk.finished()
        folder = desk.config.data / "log"

        async def written() -> bool:
            return any(patch.id in path.read_text() for path in folder.glob("tasks-*.jsonl"))

        await desk.until(written)


async def test_while_the_risk_is_critical_a_card_says_that_landing_is_held(tmp_path: Path) -> None:
    async with desk_at_work(tmp_path, domains={"web": {"hold_when_critical": True}}) as desk:
        await desk.say(writing("bad.txt", "forbidden", title="Say what is forbidden"))
        await desk.finished()
        ts = await desk.say(writing("good.txt", title="Say something good"))

        async def held() -> bool:
            return any("Held." in said for said in await desk.answers(ts))

        await desk.until(held)
        [said] = [each for each in await desk.answers(ts) if "Held." in each]
        # The gate that said no, and the one behind it that did not run.
        assert "2 errors / max(1, 1 task) × 100 = 200.00 %" in said


_says_why = pytest.RaisesExc(
    CannotStartError,
    check=lambda error: (
        error.fault.reason is Reason.BAD_SCHEDULE and "weekly to" in error.fault.args["detail"]
    ),
)


async def test_a_desk_whose_schedules_have_no_meaning_does_not_start(tmp_path: Path) -> None:
    origin = Origin.make(tmp_path / "origin.git")
    wrong = Operations.model_validate({"reports": {"schedules": [{**SCHEDULED, "cron": "0 25 * * *"}]}})
    async with strict_slack(tmp_path) as slack:
        config = replace(configuration(tmp_path, slack, settings(origin)), operations=wrong)
        with pytest.RaisesGroup(_says_why, allow_unwrapped=True, flatten_subgroups=True):
            async with running(config, slack, Points()):
                pass
