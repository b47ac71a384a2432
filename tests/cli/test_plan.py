"""`patchdesk plan`, in a folder with a real store."""

import json
from pathlib import Path
from typing import Any

import pytest

from bot.cli.exits import ExitCode
from tests.cli.conftest import Place
from tests.cli.json_shapes import PROMISED, departures

PLAN: dict[str, Any] = {
    "batches": [
        {"id": "b-1", "name": "Foundations", "priority": "P0", "status": "in-progress", "progress": 40},
        {"id": "b-2", "name": "Walls", "status": "queued", "expectedPatches": 4, "blockers": ["b-1"]},
    ],
    "metrics": {"coverage": None},
}
TEXT = json.dumps(PLAN, indent=2)


async def planned(place: Place) -> Path:
    file = place.write("plan.json", TEXT)
    ran = await place.run("plan", "import", file)
    assert (ran.code, ran.err) == (ExitCode.OK, "")
    return file


def shaped_as(name: str, real: object) -> None:
    assert list(departures(PROMISED[name], real)) == []


# Files -----------------------------------------------------------------------------------------
async def test_an_imported_plan_is_exported_without_loss(place: Place) -> None:
    await planned(place)
    ran = await place.run("plan", "export")
    assert json.loads(ran.out) == PLAN
    assert list(json.loads(ran.out)["batches"][1]) == list(PLAN["batches"][1])
    assert "version 1" in ran.err
    assert (await place.run("plan", "export", "out.json")).code == ExitCode.OK
    assert (place.folder / "out.json").read_text(encoding="utf-8") == ran.out
    assert (await place.run("plan", "import", "out.json")).out == "Nothing changed.\n"


async def test_without_a_plan_there_is_nothing_to_export(place: Place) -> None:
    await place.run("plan", "risk", "add", "r-1", "risk=Rain")
    ran = await place.run("plan", "export")
    assert (ran.code, ran.out) == (ExitCode.NO, "")
    assert "no plan yet" in ran.err


async def test_validate_says_everything_that_is_wrong_with_its_line(place: Place) -> None:
    broken = TEXT.replace("40", "140").replace('"queued"', '"quued"')
    ran = await place.run("plan", "validate", "-", stdin=broken)
    assert ran.code == ExitCode.NO
    assert "line 8, column 19: `progress` is 140" in ran.err
    assert "`quued` is no status. Did you mean `queued`?" in ran.err
    ran = await place.run("plan", "validate", "-", "--json", stdin=broken)
    assert ran.code == ExitCode.NO
    assert [each["line"] for each in ran.json["faults"]] == [8, 13]
    shaped_as("fault", ran.json["faults"][0])
    assert "2 batches" in (await place.run("plan", "validate", "-", stdin=TEXT)).out


async def test_validate_says_where_a_file_is_no_text(place: Place) -> None:
    (place.folder / "bad.json").write_bytes(b'{"batches":\n [\xff]}')
    ran = await place.run("plan", "validate", "bad.json")
    assert ran.code == ExitCode.NO
    assert "line 2, column 3" in ran.err


async def test_a_broken_file_is_not_imported(place: Place) -> None:
    await planned(place)
    ran = await place.run("plan", "import", "-", stdin=TEXT.replace("40", "NaN"))
    assert ran.code == ExitCode.NO
    assert "NaN is not JSON" in ran.err
    assert json.loads((await place.run("plan", "export")).out) == PLAN


async def test_an_import_can_be_tried_and_tied_to_a_version(place: Place) -> None:
    await planned(place)
    other = place.write("other.json", TEXT.replace("Walls", "Roof").replace("b-2", "b-3"))
    tried = await place.run("plan", "import", other, "--dry-run")
    assert tried.code == ExitCode.OK
    assert "`b-2` Walls: gone" in tried.out
    assert "`b-3` Roof: new" in tried.out
    await place.run("plan", "update", "b-1", "progress=50")
    late = await place.run("plan", "import", other, "--onto", "1")
    assert late.code == ExitCode.NO
    assert "at version 2; this was made from 1" in late.err
    assert (await place.run("plan", "import", other, "--onto", "2")).code == ExitCode.OK


# Looking and changing --------------------------------------------------------------------------
async def test_the_dashboard_shows_batches_with_bars_and_the_rule(place: Place) -> None:
    await planned(place)
    ran = await place.run("plan", "dashboard")
    assert "26.6 % over all 2 batches" in ran.out
    assert "(4 × 40 + 2 × 0) ÷ (4 × 1 + 2 × 1) = 26.6 %" in ran.out
    assert "b-1\tFoundations\tP0\tin progress\t████░░░░░░ 40 %\tnobody" in ran.out
    assert "0 of 4 patches landed" in ran.out
    assert "coverage: not measured" in ran.out
    shaped_as("plan dashboard", (await place.run("plan", "dashboard", "--json")).json)


async def test_an_update_says_what_changed_and_the_history_who_changed_it(place: Place) -> None:
    await planned(place)
    ran = await place.run("plan", "update", "b-1", "status=done", "blockers+=rain, or snow", "owner=alice")
    assert ran.code == ExitCode.OK
    assert "`b-1` status: in progress → done" in ran.out
    assert "`b-1` progress: 40 % → 100 %" in ran.out
    assert "`b-1` blockers: nothing → rain, or snow" in ran.out
    edits = (await place.run("plan", "history", "b-1", "--json")).json
    shaped_as("plan history", edits)
    [status] = [each for each in edits["edits"] if each["field"] == "status" and each["before"]]
    assert (status["before"], status["after"], status["version"]) == ("in-progress", "done", 2)
    assert "alice" in (await place.run("plan", "history")).out


async def test_metrics_are_changed(place: Place) -> None:
    await planned(place)
    assert "coverage: nothing → 86.5 %" in (await place.run("plan", "metrics", "coverage=86.5")).out
    assert (await place.run("plan", "metrics", "coverage=200")).code == ExitCode.USAGE


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (["update", "b-22", "status=done"], ExitCode.NO, "Did you mean `b-2`?"),
        (["update", "b-1", "stats=done"], ExitCode.USAGE, "Did you mean `status`?"),
        (["update", "b-1", "progress=nan"], ExitCode.USAGE, "`progress` must be a number"),
        (["update", "b-1", "target=2026-02-30"], ExitCode.USAGE, "cannot be `2026-02-30`"),
        (["update", "b-1", "done"], ExitCode.USAGE, "FIELD=VALUE"),
        (["update", "b-1"], ExitCode.USAGE, "Missing argument"),
        (["weekly", "Week 1", "--since", "monday"], ExitCode.USAGE, "2026-12-01"),
        (["import", "nowhere.json"], ExitCode.USAGE, "cannot be read"),
        (["risk", "update", "r-9", "owner=x"], ExitCode.NO, "no risk `r-9`"),
        (["risk", "add", "r 9", "risk=x"], ExitCode.USAGE, "cannot be an id"),
        (["risk", "add", "r-9", "owner=x"], ExitCode.USAGE, "`risk` is missing"),
    ],
)
async def test_what_cannot_be_is_refused_and_nothing_is_written(
    place: Place, argv: list[str], code: ExitCode, said: str
) -> None:
    await planned(place)
    ran = await place.run("plan", *argv)
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err
    assert json.loads((await place.run("plan", "export")).out) == PLAN


async def test_the_weekly_report_says_what_was_completed_and_what_comes_next(place: Place) -> None:
    await planned(place)
    await place.run("plan", "update", "b-1", "status=done")
    await place.run("plan", "risk", "add", "r-1", "risk=Rain")
    ran = await place.run("plan", "weekly", "Week 1")
    assert ran.out.startswith("Weekly report: Week 1 (")
    completed = ran.out.partition("Completed:")[2].partition("In progress:")[0]
    assert "Foundations" in completed
    assert "Walls" in ran.out.partition("Next goals:")[2].partition("Metrics:")[0]
    assert "Rain" in ran.out.partition("Risks to review:")[2]
    as_json = (await place.run("plan", "weekly", "Week 1", "--json")).json
    shaped_as("plan weekly", as_json)
    assert [each["id"] for each in as_json["completed"]] == ["b-1"]
    long_ago = await place.run("plan", "weekly", "Week 0", "--since", "2020-01-01", "--json")
    assert long_ago.json["completed"] == []


# Risks -----------------------------------------------------------------------------------------
async def test_risks_are_added_reviewed_and_closed(place: Place) -> None:
    added = await place.run("plan", "risk", "add", "r-1", "risk=Rain", "probability=high", "owner=ben")
    assert added.code == ExitCode.OK
    assert "high (high × medium = 6)" in added.out
    again = await place.run("plan", "risk", "add", "r-1", "risk=Snow")
    assert (again.code, "already" in again.err) == (ExitCode.NO, True)
    assert "r-1\tRain" in (await place.run("plan", "risk", "review")).out
    assert (await place.run("plan", "risk", "review", "r-1")).code == ExitCode.OK
    assert "Nothing is due" in (await place.run("plan", "risk", "review")).out
    listed = (await place.run("plan", "risk", "list", "--json")).json
    shaped_as("plan risk list", listed)
    assert listed["risks"][0]["version"] == 2
    assert (await place.run("plan", "risk", "update", "r-1", "state=closed")).code == ExitCode.OK
    assert "no risks" in (await place.run("plan", "risk", "list")).out
    assert "closed" in (await place.run("plan", "risk", "list", "--all")).out
