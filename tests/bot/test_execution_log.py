"""The execution log holds each finished task once, whatever happened between the store and the files."""

import fcntl
import json
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.reports import log_files
from bot.reports.log_files import ExecutionLog, files_in
from contracts.faults import Reason, fault
from contracts.gates import GateResult, Verdict
from contracts.outcome import Failed, Report
from executor.engine import open_engine
from tests.engine.given import ANN, LANDED, Desk, asked

DAY = datetime(2026, 3, 2, tzinfo=UTC)
KEEP = timedelta(days=90)
FIELDS = [
    *("task_id", "agent", "phase", "description", "status", "start_time", "end_time", "duration_seconds"),
    *("dependencies", "errors", "warnings", "metrics"),
]


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    engine = await open_engine(f"sqlite:///{tmp_path}/desk.db", identity="x")
    yield Desk(engine)
    await engine.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "log"


def log_of(desk: Desk, folder: Path, keep: timedelta = KEEP) -> ExecutionLog:
    return ExecutionLog(desk.engine, folder, keep)


async def end(desk: Desk, id_: str, at: datetime) -> None:
    await desk.settle(asked(id_), now=at)
    await desk.finish(await desk.start(now=at), now=at)


def ids(path: Path) -> list[str]:
    return [json.loads(line)["task_id"] for line in path.read_text(encoding="utf-8").splitlines()]


def everything(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in files_in(folder)}


# What a line says ----------------------------------------------------------------------------------
async def test_a_line_says_what_became_of_a_task(desk: Desk, folder: Path) -> None:
    why = fault(Reason.GATE_FAILED, gate="tests", code=1)
    gates = (
        GateResult("tests", Verdict.FAILED, True, why, timedelta(seconds=1.5)),
        GateResult("style", Verdict.SKIPPED, True, fault(Reason.GATE_EARLIER, gate="tests")),
    )
    await desk.settle(asked("p-1"), now=DAY)
    claimed = await desk.start(now=DAY + timedelta(seconds=4))
    failed = Failed(Report("main", gates=gates, fault=why))
    await desk.finish(claimed, failed, now=DAY + timedelta(seconds=10))
    await log_of(desk, folder).tick(DAY)
    line = json.loads((folder / "tasks-2026-03-02.jsonl").read_text(encoding="utf-8"))
    assert list(line) == FIELDS
    assert (line["task_id"], line["agent"], line["status"]) == ("p-1", ANN.name, "failed")
    assert (line["start_time"], line["end_time"]) == (
        "2026-03-02T00:00:04.000000Z",
        "2026-03-02T00:00:10.000000Z",
    )
    assert line["duration_seconds"] == 6
    assert line["errors"] == [
        {"gate": "tests", "reason": "gate-failed"},
        {"gate": "style", "reason": "gate-earlier"},
    ]
    assert line["metrics"]["wait_seconds"] == 4
    assert line["metrics"]["errors"] == len(line["errors"])


async def test_a_task_is_in_the_file_of_the_utc_day_of_its_end(desk: Desk, folder: Path) -> None:
    await end(desk, "late", DAY - timedelta(microseconds=1))
    await end(desk, "early", DAY)
    await log_of(desk, folder).tick(DAY)
    assert ids(folder / "tasks-2026-03-01.jsonl") == ["late"]
    assert ids(folder / "tasks-2026-03-02.jsonl") == ["early"]


# Crashes -------------------------------------------------------------------------------------------
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    days=st.lists(st.integers(-2, 2), min_size=1, max_size=7),
    rounds=st.lists(
        st.tuples(st.integers(0, 3), st.sampled_from(["", "position", "torn", "both"])), max_size=4
    ),
)
async def test_after_a_crash_no_line_is_lost_and_none_is_there_twice(
    tmp_path_factory: pytest.TempPathFactory, days: list[int], rounds: Sequence[tuple[int, str]]
) -> None:
    """Tasks end in any order of days (clocks are set back); the log is killed between its steps."""
    base = tmp_path_factory.mktemp("crash")
    folder = base / "log"
    engine = await open_engine(f"sqlite:///{base}/desk.db", identity="x")
    desk, left = Desk(engine), list(enumerate(days))
    for many, crash in (*rounds, (len(left), "")):
        for number, day in left[:many]:
            await end(desk, f"p-{number}", DAY + timedelta(days=day))
        left = left[many:]
        before = (folder / ".position").read_bytes() if (folder / ".position").exists() else None
        await log_of(desk, folder).tick(DAY)
        if crash in {"position", "both"} and before is not None:
            (folder / ".position").write_bytes(before)
        if crash in {"torn", "both"} and before is not None and files_in(folder):
            # Only what was appended since the position was written may be torn.
            (folder / ".position").write_bytes(before)
            _tear_last_line(folder, int(before))
    await log_of(desk, folder).tick(DAY)
    found = everything(folder)
    await log_of(desk, folder).rebuild(None, now=DAY + timedelta(days=3))
    assert everything(folder) == found
    listed = [id_ for path in files_in(folder) for id_ in ids(path)]
    assert sorted(listed) == sorted(f"p-{number}" for number, _ in enumerate(days))
    await engine.close()


def _tear_last_line(folder: Path, position: int) -> None:
    """Cut the file whose last line is the newest of all, if that is newer than *position*."""
    newest = max(
        ((int(ids(path)[-1].removeprefix("p-")), path) for path in files_in(folder)), default=(-1, None)
    )
    number, path = newest
    if path is not None and number + 1 > position:
        path.write_bytes(path.read_bytes()[:-5])


async def test_files_without_a_position_are_written_from_the_first_line(desk: Desk, folder: Path) -> None:
    await end(desk, "p-1", DAY)
    await log_of(desk, folder).tick(DAY)
    (folder / ".position").unlink()
    await end(desk, "p-2", DAY)
    await log_of(desk, folder).tick(DAY)
    assert ids(folder / "tasks-2026-03-02.jsonl") == ["p-1", "p-2"]


async def test_a_store_that_was_put_back_is_followed_from_its_beginning(desk: Desk, folder: Path) -> None:
    await end(desk, "p-1", DAY)
    await log_of(desk, folder).tick(DAY)
    (folder / ".position").write_text("7\n", encoding="ascii")
    await log_of(desk, folder).tick(DAY)
    assert ids(folder / "tasks-2026-03-02.jsonl") == ["p-1"]


async def test_more_tasks_than_are_read_together_are_all_there(
    desk: Desk, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_files, "_TOGETHER", 2)
    for number in range(5):
        await end(desk, f"p-{number}", DAY)
    await log_of(desk, folder).tick(DAY)
    assert ids(folder / "tasks-2026-03-02.jsonl") == [f"p-{number}" for number in range(5)]


# Rebuilding and keeping ------------------------------------------------------------------------------
async def test_a_day_is_rebuilt_byte_for_byte(desk: Desk, folder: Path) -> None:
    for number in range(3):
        await end(desk, f"p-{number}", DAY + timedelta(days=number % 2))
    log = log_of(desk, folder)
    await log.tick(DAY)
    before = everything(folder)
    (folder / "tasks-2026-03-02.jsonl").write_bytes(b"spoilt\n")
    assert await log.rebuild(date(2026, 3, 2), now=DAY) == (date(2026, 3, 2),)
    assert everything(folder) == before
    for path in files_in(folder):
        path.unlink()
    assert await log.rebuild(None, now=DAY) == (date(2026, 3, 2), date(2026, 3, 3))
    assert everything(folder) == before
    await end(desk, "p-9", DAY)
    await log.tick(DAY)
    assert ids(folder / "tasks-2026-03-02.jsonl") == ["p-0", "p-2", "p-9"]


async def test_days_that_are_not_kept_lose_their_file(desk: Desk, folder: Path) -> None:
    await end(desk, "old", DAY)
    await end(desk, "new", DAY + timedelta(days=10))
    await log_of(desk, folder, timedelta(days=10)).tick(DAY + timedelta(days=10))
    assert [path.name for path in files_in(folder)] == ["tasks-2026-03-02.jsonl", "tasks-2026-03-12.jsonl"]
    await log_of(desk, folder, timedelta(days=10)).tick(DAY + timedelta(days=11))
    assert [path.name for path in files_in(folder)] == ["tasks-2026-03-12.jsonl"]


async def test_while_somebody_rebuilds_the_desk_waits_for_the_next_tick(desk: Desk, folder: Path) -> None:
    await end(desk, "p-1", DAY)
    folder.mkdir()
    with (folder / ".lock").open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        await log_of(desk, folder).tick(DAY)
        assert files_in(folder) == []
    await log_of(desk, folder).tick(DAY)
    assert ids(folder / "tasks-2026-03-02.jsonl") == ["p-1"]


async def test_an_outcome_that_landed_is_completed(desk: Desk, folder: Path) -> None:
    await end(desk, "p-1", DAY)
    await log_of(desk, folder).tick(DAY)
    line = json.loads((folder / "tasks-2026-03-02.jsonl").read_text(encoding="utf-8"))
    assert (line["status"], line["errors"]) == ("completed", [])
    assert line["metrics"]["commit"] == LANDED.report.commit
