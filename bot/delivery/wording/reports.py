"""What reports are made of, in words: headings, figures, sentences; and why a figure is missing."""

from collections.abc import Mapping
from typing import Final

from bot.delivery.wording.said import Said
from contracts.faults import Reason

REPORT_FAULTS: Final[Mapping[Reason, Said]] = {
    Reason.RISK_CRITICAL: Said(
        "The risk rate of {domain} is critical: {errors:n|error|errors} / max(1, {tasks:n|task|tasks}) × 100"
        " = {rate:words} %, {failed:n|task|tasks} failed. Nothing lands there meanwhile.",
        "It is tried again at {until:words} at the latest.",
    ),
    Reason.NOTHING_TO_MEASURE: Said("There was nothing to measure.", ""),
    Reason.NOT_REPORTED: Said("No gate reports it.", "A gate reports it with a line like `coverage: 87.5%`."),
    Reason.NO_APPROVALS: Said("No approval was counted.", ""),
    Reason.BAD_SCHEDULE: Said(
        "The schedules of reports cannot be used: {detail:words}.",
        "They are in `operations.yml`, in `reports`.",
    ),
    Reason.UNKNOWN_PERIOD: Said(
        "{period} is no period.",
        "Write a day (`2026-11-20`), a week (`2026-W47`), two weeks (`2026-W46-W47`) or a month (`2026-11`).",
    ),
    Reason.UNKNOWN_REPORT: Said("There is no report {kind}.{suggestion:maybe}", "There are {known:list}."),
}
