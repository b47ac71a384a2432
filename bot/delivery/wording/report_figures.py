"""The figures of a report in words: their names, their units, how they changed; and the risk rate."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, NamedTuple, assert_never

from bot.delivery.wording import figures
from bot.delivery.wording.faults import explain
from bot.delivery.wording.ink import Ink
from contracts.reports.figures import Cause, Figure, GateTally, Measure, Unit, unit_of
from contracts.risk import Risk, RiskLevel

NAMES: Final[Mapping[Measure, str]] = {
    Measure.LANDED: "Patches landed",
    Measure.FAILED: "Patches failed",
    Measure.QUARANTINED: "Patches quarantined",
    Measure.SUCCESS_RATE: "Landed, of all that ended",
    Measure.GATE_PASS_RATE: "Gate pass rate",
    Measure.FLAKE_RATE: "Flake rate of gates",
    Measure.COVERAGE: "Coverage",
    Measure.INCIDENTS: "Incidents (critical alerts)",
    Measure.DEPLOY_MEAN: "Mean time to deploy (accepted to landed)",
    Measure.WAIT_P50: "Wait, p50",
    Measure.WAIT_P90: "Wait, p90",
    Measure.RUN_P50: "Run, p50",
    Measure.RUN_P90: "Run, p90",
    Measure.ACKNOWLEDGE_MEAN: "Mean time to acknowledge an alert (MTTA)",
    Measure.RESOLVE_MEAN: "Mean time to resolve an alert (MTTR)",
    Measure.APPROVAL_P50: "Approval latency, p50",
    Measure.APPROVAL_P90: "Approval latency, p90",
    Measure.APPROVAL_LONGEST: "Approval latency, longest",
    Measure.APPROVALS_WAITING: "Patches that wait for an approval",
    Measure.OLDEST_OPEN: "Age of the oldest open patch",
}
UNMEASURED: Final = "not measured"
_LEVELS: Final[Mapping[RiskLevel, str]] = {
    RiskLevel.FINE: "fine",
    RiskLevel.WARNING: "a warning",
    RiskLevel.CRITICAL: "critical",
}


class Row(NamedTuple):
    """One figure as a table shows it; *note* says why there is none."""

    name: str
    now: str
    before: str
    change: str
    note: str


def row(figure: Figure, ink: Ink) -> Row:
    unit = unit_of(figure.measure)
    return Row(
        NAMES[figure.measure],
        UNMEASURED if figure.now is None else amount(figure.now, unit),
        "" if figure.before is None else amount(figure.before, unit),
        changed(figure),
        explain(figure.why, ink).what if figure.why else "",
    )


def line(figure: Figure, ink: Ink) -> str:
    """`Patches landed: 12 (+3; 9 before)`."""
    name, now, before, change, note = row(figure, ink)
    beside = "; ".join(part for part in (change, before and f"{before} before") if part)
    return f"{name}: {ink.strong(now)}" + (f" ({beside})" if beside else "") + (f". {note}" if note else "")


def amount(value: float, unit: Unit) -> str:
    match unit:
        case Unit.COUNT:
            return f"{round(value):,}"
        case Unit.PERCENT:
            return f"{value:.1f}".removesuffix(".0") + " %"
        case Unit.SECONDS:
            return figures.duration(timedelta(seconds=value))
        case _:
            assert_never(unit)


def changed(figure: Figure) -> str:
    """Against the period before; empty if either was not measured."""
    if figure.change is None:
        return ""
    if not figure.change:
        return "as before"
    sign, unit = ("+" if figure.change > 0 else "-"), unit_of(figure.measure)
    if unit is Unit.PERCENT:
        return f"{sign}{abs(figure.change):.1f}".removesuffix(".0") + " points"
    return sign + amount(abs(figure.change), unit)


def cause(what: Cause, ink: Ink) -> str:
    """A Reason's own name says it in few words, whatever release wrote it."""
    reason = ink.words(what.reason.replace("-", " "))
    gate = f" ({ink.quote(what.gate)})" if what.gate else ""
    return f"{reason}{gate}: {figures.times(what.many)}"


def gate(tally: GateTally, ink: Ink, *, domain: bool) -> str:
    """*domain*: say whose gate it is."""
    name = f"{ink.quote(tally.gate)}" + (f" of {ink.words(tally.domain)}" if domain else "")
    parts = [f"{tally.passed:,} passed", f"{tally.failed:,} failed"]
    parts += [f"{tally.errored:,} could not run"] if tally.errored else []
    parts += [f"{tally.skipped:,} were not run"] if tally.skipped else []
    return f"{name}: {', '.join(parts)}"


def risk(found: Risk) -> str:
    """The rate, its formula and its numbers; they are not shown apart."""
    counts = found.counts
    return (
        f"Risk rate over {figures.duration(found.window)}: errors / max(1, tasks) × 100 ="
        f" {counts.errors:,} / max(1, {counts.tasks:,}) × 100 = {found.rate:.2f} %,"
        f" {figures.counted(counts.failed, 'task', 'tasks')} failed,"
        f" {figures.counted(counts.warnings, 'warning', 'warnings')}: {_LEVELS[found.level]}."
    )
