"""What `patchdesk plan` says, beside what every medium says of the plan."""

from typing import Final

from bot.delivery.wording import figures

BATCH_COLUMNS: Final = ("id", "batch", "priority", "status", "progress", "owner", "target", "in the way")
EDIT_COLUMNS: Final = ("version", "when", "who", "what", "change")
RISK_COLUMNS: Final = ("id", "risk", "score", "state", "owner", "reviewed", "mitigation")

NOTHING_CHANGED: Final = "Nothing changed."
NO_HISTORY: Final = "Nothing has changed yet."
NOTHING_WRITTEN: Final = "Nothing was written."
NOTHING_TO_REVIEW: Final = "Nothing is due for review."
BAD_DAY: Final = "--since takes a day, as in 2026-12-01"
SAY_WHAT: Final = "say what is to change, as in `status=in-progress progress=40`"
NOT_UTF8: Final = "this is not UTF-8 text"
NEED_RISK: Final = "a new risk needs its text: risk=…"

COMPLETED: Final = "Completed"
CURRENT: Final = "Current batch"
IN_PROGRESS: Final = "In progress"
BLOCKED: Final = "Blocked"
METRICS: Final = "Metrics"
NEXT: Final = "Next goals"
TO_REVIEW: Final = "Risks to review"
NONE: Final = "nothing"
UNMEASURED: Final = "not measured"


def weekly_title(label: str, start: str, end: str) -> str:
    return f"Weekly report: {label} ({start} to {end})"


def valid(batches: int, *, file: str) -> str:
    return f"{file} is a plan of {figures.counted(batches, 'batch', 'batches')}."


def version(number: int) -> str:
    return f"This is version {number:,} of the plan."


def exported(file: str, number: int) -> str:
    return f"{file} has version {number:,} of the plan."


def would_change(count: int) -> str:
    return f"{figures.counted(count, 'field', 'fields')} would change; nothing was written."


def not_written(file: str, detail: str) -> str:
    return f"{file} cannot be written: {detail}"
