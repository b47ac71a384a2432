"""The risk rate: how much went wrong in the tasks of a window, and when that is too much.

A task is one patch that came to its end. Its errors are what refused it, what the desk itself could not,
and every gate that did not run though it should have; its warnings are what a person would want to hear of
though it landed.
"""

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import ConfigDict, Field

from contracts.faults import Reason
from contracts.gates import GateResult, Verdict, refusing
from contracts.outcome import Report
from contracts.sections import Section
from contracts.settings import Seconds

Percent = Annotated[float, Field(ge=0, le=100)]


class RiskSettings(Section):
    """When the rate warns and when it is critical. Above, not at: a rate of exactly 0.5 % is fine."""

    window: Seconds = timedelta(hours=24)
    warning: Percent = 0.5
    critical: Percent = 2.0
    warnings: Annotated[int, Field(ge=0)] = 3  #: more warnings than these are a warning


class RiskLevel(enum.StrEnum):
    """In rising order."""

    FINE = "fine"
    WARNING = "warning"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True)
class TaskMark:
    """What one task counts for. *failed*: it ended, and not by landing."""

    ended_at: datetime
    errors: int
    warnings: int
    failed: bool


@dataclass(frozen=True, slots=True)
class TaskCounts:
    tasks: int = 0
    errors: int = 0
    warnings: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Risk:
    """The rate with the numbers that it is made of; whoever shows the one shows the others."""

    counts: TaskCounts
    window: timedelta
    level: RiskLevel
    __pydantic_config__ = ConfigDict(ser_json_timedelta="float")

    @property
    def rate(self) -> float:
        """Errors per 100 tasks: errors / max(1, tasks) × 100."""
        return self.counts.errors / max(1, self.counts.tasks) * 100


def assess(counts: TaskCounts, settings: RiskSettings) -> Risk:
    return Risk(counts, settings.window, _level(counts, settings))


def _level(counts: TaskCounts, settings: RiskSettings) -> RiskLevel:
    rate = counts.errors / max(1, counts.tasks) * 100
    if rate > settings.critical or counts.failed:
        return RiskLevel.CRITICAL
    if rate > settings.warning or counts.warnings > settings.warnings:
        return RiskLevel.WARNING
    return RiskLevel.FINE


def total(marks: Iterable[TaskMark]) -> TaskCounts:
    marks = tuple(marks)
    return TaskCounts(
        len(marks),
        sum(mark.errors for mark in marks),
        sum(mark.warnings for mark in marks),
        sum(mark.failed for mark in marks),
    )


def critical_until(marks: Sequence[TaskMark], settings: RiskSettings, *, now: datetime) -> datetime | None:
    """When the rate would no longer be critical if nothing more ended; None: it is not critical at *now*.

    *marks* leave the window one by one, the oldest first.
    """
    left = sorted(
        (mark for mark in marks if mark.ended_at > now - settings.window), key=lambda mark: mark.ended_at
    )
    counts, at = total(left), None
    for mark in left:
        if _level(counts, settings) is not RiskLevel.CRITICAL:
            break
        counts, at = _without(counts, mark), mark.ended_at + settings.window
    return at


def _without(counts: TaskCounts, mark: TaskMark) -> TaskCounts:
    return TaskCounts(
        counts.tasks - 1,
        counts.errors - mark.errors,
        counts.warnings - mark.warnings,
        counts.failed - mark.failed,
    )


# What a task counts for --------------------------------------------------------------------------
def errors_of(report: Report) -> int:
    """Of a task that ended so. A fault that a gate has already been counted for is not counted twice."""
    desk = report.fault is not None and refusing(report.gates) is None
    return sum(map(_is_error, report.gates)) + desk


def warnings_of(report: Report, *, tries: int) -> int:
    """*tries*: how many attempts were made; each but the last had to be repeated."""
    advisory = sum(gate.verdict is Verdict.FAILED and not gate.required for gate in report.gates)
    flaky = sum(gate.is_flaky and gate.verdict is Verdict.PASSED for gate in report.gates)
    return advisory + flaky + (report.moved > 0) + max(0, tries - 1)


def did_not_run(gate: GateResult) -> bool:
    """True of a gate that gave no answer though it applied."""
    if gate.verdict is Verdict.SKIPPED:
        return gate.why is not None and gate.why.reason is Reason.GATE_EARLIER
    return gate.verdict is Verdict.ERRORED


def _is_error(gate: GateResult) -> bool:
    return did_not_run(gate) or (gate.required and gate.verdict is Verdict.FAILED)
