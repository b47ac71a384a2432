"""`patchdesk report` and `patchdesk log`, on a real store."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.cli.exits import ExitCode
from contracts.reports.settings import Kind
from executor.engine import open_engine
from tests.cli.conftest import Place
from tests.cli.json_shapes import PROMISED, departures
from tests.engine.given import Desk, asked

MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
WEEK = ("--period", "2026-W10", "--zone", "UTC")


@pytest.fixture
async def week(place: Place) -> Place:
    """Two patches of `greeter` that landed, and one that is open."""
    place.config.data.mkdir(parents=True)
    desk = Desk(await open_engine(place.config.database_url, identity="x"))
    for number in range(2):
        at = MONDAY + timedelta(days=number)
        await desk.settle(asked(f"p-{number}", domain="greeter"), now=at)
        await desk.finish(await desk.start(now=at + timedelta(minutes=2)), now=at + timedelta(minutes=5))
    await desk.settle(asked("open", domain="greeter"), now=MONDAY + timedelta(days=3))
    await desk.engine.close()
    return place


async def test_a_report_is_made_of_any_period(week: Place) -> None:
    ran = await week.run("report", "weekly", "--domain", "greeter", *WEEK)
    assert (ran.code, ran.err) == (ExitCode.OK, "")
    assert ran.out.startswith("# Weekly report 2026-W10, greeter\n")
    assert "| Patches landed | 2 | 0 | +2 |  |" in ran.out
    assert "patchdesk report weekly --domain greeter --period 2026-W10 --zone UTC --format json" in ran.out


async def test_the_call_that_a_report_names_makes_its_numbers_again(week: Place) -> None:
    said = (await week.run("report", "weekly", "--domain", "greeter", *WEEK)).out
    call = said.rsplit("`", 2)[1].split()[1:]
    ran = await week.run(*call)
    found = {figure["measure"]: figure["now"] for figure in ran.json["figures"]}
    assert (found["landed"], found["wait-p50"], found["run-p90"]) == (2, 120, 180)
    assert found["deploy-mean"] == 300
    assert found["oldest-open"] == timedelta(days=4).total_seconds()
    assert list(departures(PROMISED["report"], ran.json)) == []
    assert (await week.run(*call)).json["figures"] == ran.json["figures"]


@pytest.mark.parametrize("kind", Kind)
async def test_every_kind_is_made_as_a_page(week: Place, kind: Kind) -> None:
    ran = await week.run("report", kind, *WEEK, "--format", "html")
    assert ran.code == ExitCode.OK
    assert ran.out.startswith("<!doctype html>\n")


async def test_plots_are_drawn_into_a_folder(week: Place) -> None:
    ran = await week.run("report", "weekly", *WEEK, "--plots", "plots")
    assert ran.code == ExitCode.OK
    drawn = sorted(path.name for path in (week.folder / "plots").iterdir())
    assert drawn == ["weekly-2026-W10-throughput.png", "weekly-2026-W10-times.png"]


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("monthly",), "There is no report"),
        (("weekly", "--period", "yesterday"), "is no period"),
        (("weekly", "--zone", "Mars/Olympus"), "time zone"),
        (("weekly", "--domain", "greter"), "greter"),
    ],
)
async def test_what_has_no_meaning_is_refused(week: Place, words: tuple[str, ...], what: str) -> None:
    ran = await week.run("report", *words)
    assert ran.code == ExitCode.USAGE
    assert what in ran.err


async def test_to_print_a_report_nothing_is_drawn(week: Place) -> None:
    """matplotlib takes longer to import than all the rest."""
    week.write("look.py", "import sys, bot.cli.report; print('matplotlib' in sys.modules)")
    process = await week.spawn("report", "daily", "--period", "2026-03-02", "--zone", "UTC")
    assert process.code == ExitCode.OK
    import subprocess  # noqa: PLC0415 - a process of its own: here, other tests have drawn
    import sys  # noqa: PLC0415

    looked = subprocess.run(  # noqa: ASYNC221 - nothing else runs meanwhile
        [sys.executable, week.folder / "look.py"],
        check=True,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    assert looked.stdout == "False\n"


# The log -----------------------------------------------------------------------------------------
async def test_the_log_is_rebuilt_and_read_without_a_desk(week: Place) -> None:
    assert (await week.run("log", "tail")).code == ExitCode.NO
    ran = await week.run("log", "rebuild", "--day", "2026-03-03")
    assert (ran.code, "1 file" in ran.out) == (ExitCode.OK, True)
    file = week.config.data / "log/tasks-2026-03-03.jsonl"
    before = file.read_bytes()
    file.unlink()
    await week.run("log", "rebuild", "--day", "2026-03-03")
    assert file.read_bytes() == before
    assert [json.loads(line)["task_id"] for line in before.splitlines()] == ["p-1"]


async def test_the_last_lines_are_read_over_several_days(week: Place) -> None:
    await week.run("log", "rebuild", "--day", "2026-03-02")
    for lines, ids in (("1", ["p-1"]), ("9", ["p-0", "p-1"])):
        process = await week.spawn("log", "tail", "--lines", lines)
        assert [json.loads(line)["task_id"] for line in process.out.splitlines()] == ids


async def test_what_is_no_day_is_refused(week: Place) -> None:
    ran = await week.run("log", "rebuild", "--day", "tuesday")
    assert ran.code == ExitCode.USAGE
    assert "tuesday" in ran.err
