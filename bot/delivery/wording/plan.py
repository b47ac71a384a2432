"""What is said of the plan, its batches and its risks."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from decimal import ROUND_DOWN, Decimal
from typing import Final, assert_never

from bot.delivery.wording import figures
from bot.delivery.wording.ink import Ink
from contracts.plan import (
    USUAL,
    WEIGHTS,
    Basis,
    Batch,
    Difference,
    Edit,
    Key,
    Landed,
    Metric,
    Overall,
    Plan,
    Progress,
    Status,
    Value,
    open_blockers,
    progress,
)
from contracts.register import OPEN_RISKS, Degree, Risk, RiskState

STATUS_NAMES: Final[Mapping[Status, str]] = {
    Status.NOT_STARTED: "not started",
    Status.QUEUED: "queued",
    Status.IN_PROGRESS: "in progress",
    Status.BLOCKED: "blocked",
    Status.DONE: "done",
}
FIELD_NAMES: Final[Mapping[str, str]] = {
    Key.NAME: "name",
    Key.PRIORITY: "priority",
    Key.STATUS: "status",
    Key.PROGRESS: "progress",
    Key.EXPECTED: "expected patches",
    Key.TARGET: "target",
    Key.BLOCKERS: "blockers",
    Key.OWNER: "owner",
    Key.NOTES: "notes",
    "batches": "batches",
    Metric.PRS_MERGED: "PRs merged",
    Metric.CI_PASS_RATE: "CI pass rate",
    Metric.COVERAGE: "coverage",
    Metric.PRODUCTION_INCIDENTS: "production incidents",
    Metric.DEPLOYMENT_MINUTES: "deployment time in minutes",
}
_PERCENTS: Final = frozenset({Key.PROGRESS, Metric.CI_PASS_RATE, Metric.COVERAGE})

ROADMAP: Final = "Roadmap"
RISKS: Final = "Risks"
NO_BATCHES: Final = "The plan has no batches yet; `patchdesk plan import FILE` brings them."
NO_RISKS: Final = "The register has no risks; `patchdesk plan risk add` adds one."
NOBODY: Final = "nobody"
EDIT_WITH: Final = "`/patch roadmap edit [ID]` changes a batch."
_BAR: Final = 10

# The form, all of it plain text
FORM_TITLE: Final = "Change a batch"
FORM_NEXT: Final = "Next"
FORM_SAVE: Final = "Save"
BATCH_LABEL: Final = "Batch"
STATUS_LABEL: Final = "Status"
PROGRESS_LABEL: Final = "Progress in percent"
OWNER_LABEL: Final = "Owner"
TARGET_LABEL: Final = "Target"
TARGET_HINT: Final = "A day as 2026-12-01, or the plan's own weeks as Week 3."
BLOCKERS_LABEL: Final = "Blockers"
BLOCKERS_HINT: Final = "One on each line; the id of another batch, or what is in the way."
NOTES_LABEL: Final = "Notes"
_TENTH: Final = Decimal("0.1")


def too_long(label: str) -> str:
    """Of a field that is not in the form."""
    return f"{label}: too long for this form; `patchdesk plan update` changes them."


# Numbers ---------------------------------------------------------------------------------------
def bar(percent: Decimal, width: int = _BAR) -> str:
    """Full only at 100, empty only at 0."""
    filled = int(percent * width / 100)
    if percent > 0:
        filled = max(1, filled)
    return "█" * filled + "░" * (width - filled)


def percent(value: Decimal) -> str:
    """To a tenth, and never up: what is not done does not read as 100 %."""
    return f"{value.quantize(_TENTH, ROUND_DOWN).normalize():f} %"


def number(value: Decimal) -> str:
    return f"{value.normalize():,f}"


def overall(whole: Overall) -> str:
    batches = figures.counted(whole.batches, "batch", "batches")
    if whole.percent is None:
        return NO_BATCHES
    return f"{bar(whole.percent)} {percent(whole.percent)} over all {batches}, {whole.done:,} of them done"


def rule(whole: Overall) -> str:
    """How the overall progress comes about, so that anybody can compute it again."""
    priorities: dict[int, list[str]] = {}
    for name, weight in WEIGHTS.items():
        priorities.setdefault(weight, []).append(name)
    counts = ", ".join(f"{' or '.join(names)} × {weight}" for weight, names in priorities.items())
    said = f"Every batch counts by its priority: {counts}; without one × {WEIGHTS[USUAL]}."
    if whole.percent is None:
        return said
    above = " + ".join(f"{share.weight} × {number(share.percents)}" for share in whole.shares)
    below = " + ".join(f"{share.weight} × {share.batches:,}" for share in whole.shares)
    return f"{said} ({above}) ÷ ({below}) = {percent(whole.percent)}."


# Batches ---------------------------------------------------------------------------------------
def heading(batch: Batch, ink: Ink) -> str:
    return ink.say("{id} {name:words}", id=batch.id, name=batch.name)


def batch_line(plan: Plan, batch: Batch, landed: Landed, ink: Ink, *, today: date) -> str:
    """One batch at a glance: how far, what, how it stands, whose, until when, what is in the way."""
    far = progress(batch, landed)
    parts = [
        ink.strong(heading(batch, ink)),
        STATUS_NAMES[batch.status],
        ink.words(batch.priority) if batch.priority else "",
        ink.words(batch.owner) if batch.owner else NOBODY,
        due(batch, ink, today=today),
        basis(batch, far),
    ]
    said = f"{bar(far.percent)} {percent(far.percent)} {' · '.join(part for part in parts if part)}"
    way = in_the_way(plan, batch, ink)
    return f"{said} · {way}" if way else said


def basis(batch: Batch, far: Progress) -> str:
    """What patches have to do with it; empty if nothing."""
    match far.basis:
        case Basis.COUNTED:
            expected = figures.counted(int(batch.expected or 0), "patch", "patches")
            return f"{far.landed:,} of {expected} landed"
        case Basis.SAID | Basis.STATUS:
            return f"{figures.counted(far.landed, 'patch', 'patches')} landed" if far.landed else ""
        case _:
            assert_never(far.basis)


def progress_hint(batch: Batch, landed: Landed) -> str:
    """What an empty field means."""
    far = progress(replace(batch, progress=None), landed)
    counted = f", {basis(batch, far)}" if far.basis is Basis.COUNTED else ""
    return f"Left empty it is {percent(far.percent)}{counted}."


def due(batch: Batch, ink: Ink, *, today: date) -> str:
    if not batch.target:
        return ""
    late = batch.due is not None and batch.due < today and batch.status is not Status.DONE
    return f"{'overdue since' if late else 'until'} {ink.words(batch.target)}"


def in_the_way(plan: Plan, batch: Batch, ink: Ink) -> str:
    """Empty if nothing is, or it does not matter any more."""
    if batch.status is Status.DONE:
        return ""
    blockers = [ink.words(blocker) for blocker in open_blockers(plan, batch)]
    if batch.status is Status.BLOCKED:
        return f"blocked by {figures.joined(blockers)}" if blockers else "blocked, and nobody said by what"
    if not blockers:
        return ""
    return f"{'held up by' if batch.status is Status.IN_PROGRESS else 'after'} {figures.joined(blockers)}"


# What changed ----------------------------------------------------------------------------------
def value(field: str, what: Value, ink: Ink) -> str:
    """One value of a field, as people read it."""
    match what:
        case None:
            return "nothing"
        case Decimal():
            return percent(what) if field in _PERCENTS else number(what)
        case tuple():
            return ", ".join(ink.words(each) for each in what[:_BAR]) + (" …" if len(what) > _BAR else "")
        case str():
            named = STATUS_NAMES.get(Status(what)) if field == Key.STATUS and what in set(Status) else None
            return named or ink.words(what)
        case _:
            assert_never(what)


def difference(change: Difference, ink: Ink) -> str:
    """`status: queued → in progress`."""
    field = FIELD_NAMES.get(change.field) or ink.words(change.field)
    return f"{field}: {value(change.field, change.before, ink)} → {value(change.field, change.after, ink)}"


def changes(differences: Sequence[Difference], ink: Ink) -> list[str]:
    """A line for each; a batch that came or went is one, whatever it holds."""
    said: list[str] = []
    whole = {
        change.batch: "new" if change.before is None else "gone"
        for change in differences
        if change.field == Key.NAME and None in {change.before, change.after}
    }
    for change in differences:
        if change.batch in whole and change.batch is not None:
            if change.field == Key.NAME:
                name = value(Key.NAME, change.after or change.before, ink)
                said.append(f"{ink.quote(change.batch)} {name}: {whole[change.batch]}")
            continue
        batch = f"{ink.quote(change.batch)} " if change.batch else ""
        said.append(f"{batch}{difference(change, ink)}")
    return said


def edited(id_: str, batch: Batch | None, edits: Sequence[Edit], ink: Ink, *, actor: str) -> str:
    """*actor*, inked, has changed a batch (None: it is no longer there); *edits* of one version."""
    name = heading(batch, ink) if batch else ink.quote(id_)
    changes = "; ".join(difference(edit.difference, ink) for edit in edits)
    return f"{actor} has changed {ink.strong(name)}: {changes}."


# Risks -----------------------------------------------------------------------------------------
RISK_STATES: Final[Mapping[RiskState, str]] = {
    RiskState.OPEN: "open",
    RiskState.ACCEPTED: "accepted",
    RiskState.HAPPENED: "has happened",
    RiskState.CLOSED: "closed",
}
DEGREES: Final[Mapping[Degree, str]] = {Degree.LOW: "low", Degree.MEDIUM: "medium", Degree.HIGH: "high"}
RISK_RULE: Final = (
    "Score: probability × impact, where low is 1, medium 2 and high 3; "
    "6 and more is high, 3 and more medium. What may still happen is reviewed every week."
)


def risk_line(risk: Risk, ink: Ink, *, due_now: bool) -> str:
    """*due_now*: nobody has looked at it for a week."""
    scored = f"{DEGREES[risk.degree]} ({DEGREES[risk.probability]} × {DEGREES[risk.impact]} = {risk.score})"
    parts = [
        ink.strong(ink.say("{id} {risk:words}", id=risk.id, risk=risk.risk)),
        scored if risk.state in OPEN_RISKS else "",
        RISK_STATES[risk.state],
        ink.words(risk.owner) if risk.owner else NOBODY,
        ink.words(risk.mitigation) if risk.mitigation else "no mitigation",
        reviewed(risk, due_now=due_now),
    ]
    return " · ".join(part for part in parts if part)


def reviewed(risk: Risk, *, due_now: bool) -> str:
    said = f"reviewed {risk.reviewed_at:%Y-%m-%d}" if risk.reviewed_at else "never reviewed"
    return f"{said}, due for review" if due_now else said
