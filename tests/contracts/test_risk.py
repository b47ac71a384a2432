from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.faults import Reason, fault
from contracts.gates import GateResult, Verdict
from contracts.outcome import Report
from contracts.risk import (
    RiskLevel,
    RiskSettings,
    TaskCounts,
    TaskMark,
    assess,
    critical_until,
    errors_of,
    total,
    warnings_of,
)

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SETTINGS = RiskSettings()
WINDOW = SETTINGS.window

marks = st.builds(
    TaskMark,
    st.integers(0, 48 * 60).map(lambda minutes: NOW - timedelta(minutes=minutes)),
    st.integers(0, 3),
    st.integers(0, 2),
    st.booleans(),
)


@pytest.mark.parametrize(
    ("counts", "level"),
    [
        (TaskCounts(), RiskLevel.FINE),
        (TaskCounts(tasks=200, errors=1), RiskLevel.FINE),  # 0.5 %, not above
        (TaskCounts(tasks=199, errors=1), RiskLevel.WARNING),
        (TaskCounts(tasks=100, errors=2), RiskLevel.WARNING),  # 2 %, not above
        (TaskCounts(tasks=100, errors=3), RiskLevel.CRITICAL),
        (TaskCounts(tasks=10_000, failed=1), RiskLevel.CRITICAL),
        (TaskCounts(tasks=10_000, warnings=3), RiskLevel.FINE),
        (TaskCounts(tasks=10_000, warnings=4), RiskLevel.WARNING),
    ],
)
def test_the_limits_are_the_last_values_that_are_still_well(counts: TaskCounts, level: RiskLevel) -> None:
    assert assess(counts, SETTINGS).level is level


def test_without_tasks_the_rate_divides_by_one() -> None:
    assert assess(TaskCounts(errors=2), SETTINGS).rate == 200


def result(verdict: Verdict, reason: Reason | None = None, *, required: bool = True) -> GateResult:
    return GateResult("tests", verdict, required, fault(reason) if reason else None)


def test_a_gate_that_did_not_run_is_an_error_and_one_that_did_not_apply_is_none() -> None:
    gates = (
        result(Verdict.PASSED),
        result(Verdict.FAILED, Reason.GATE_FAILED),
        result(Verdict.ERRORED, Reason.GATE_TIMED_OUT, required=False),
        result(Verdict.SKIPPED, Reason.GATE_EARLIER),
        result(Verdict.SKIPPED, Reason.GATE_PATHS),
        result(Verdict.SKIPPED, Reason.COMMANDS_NOT_RUN, required=False),
    )
    report = Report("main", gates=gates, fault=fault(Reason.GATE_FAILED, gate="tests", code=1))
    assert errors_of(report) == 3


def test_what_no_gate_said_is_an_error_of_its_own() -> None:
    assert errors_of(Report("main", fault=fault(Reason.DESK_ERROR, detail="x"))) == 1
    assert errors_of(Report("main")) == 0


def test_advice_that_was_not_taken_a_branch_that_moved_and_repeated_tries_are_warnings() -> None:
    gates = (result(Verdict.FAILED, Reason.GATE_FAILED, required=False),)
    assert warnings_of(Report("main", gates=gates, moved=2), tries=3) == 1 + 1 + 2
    assert warnings_of(Report("main"), tries=1) == 0


@given(st.lists(marks, max_size=12))
def test_the_rate_is_critical_up_to_the_time_that_is_given_and_not_from_then_on(
    found: list[TaskMark],
) -> None:
    until = critical_until(found, SETTINGS, now=NOW)

    def critical(at: datetime) -> bool:
        inside = [mark for mark in found if mark.ended_at > at - WINDOW]
        return assess(total(inside), SETTINGS).level is RiskLevel.CRITICAL

    if until is None:
        assert not critical(NOW)
    else:
        assert until > NOW
        assert not critical(until)
        ends = [mark.ended_at + WINDOW for mark in found]
        assert all(critical(end) for end in ends if NOW <= end < until)
