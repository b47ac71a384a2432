"""What is wrong and how to mend it, for every Reason."""

from collections.abc import Mapping
from typing import Final

from bot.delivery.wording.alert_faults import ALERT_FAULTS
from bot.delivery.wording.approval_faults import APPROVAL_FAULTS
from bot.delivery.wording.control_faults import CONTROL_FAULTS
from bot.delivery.wording.desk_faults import DESK_FAULTS
from bot.delivery.wording.health_faults import HEALTH_FAULTS
from bot.delivery.wording.ink import PLAIN, Ink, placeholders
from bot.delivery.wording.patch_faults import PATCH_FAULTS
from bot.delivery.wording.plan_faults import PLAN_FAULTS
from bot.delivery.wording.reports import REPORT_FAULTS
from bot.delivery.wording.reworking_faults import REWORKING_FAULTS
from bot.delivery.wording.said import Said
from bot.delivery.wording.sensed_faults import SENSED_FAULTS
from bot.delivery.wording.web_faults import WEB_FAULTS
from contracts.faults import Fault, Reason

__all__ = ["SENTENCES", "Said", "explain", "locate", "tell"]

#: Every Reason has its sentences here; a test compares their placeholders with the Reason's comment.
SENTENCES: Final[Mapping[Reason, Said]] = {
    **ALERT_FAULTS,
    **APPROVAL_FAULTS,
    **CONTROL_FAULTS,
    **DESK_FAULTS,
    **HEALTH_FAULTS,
    **PATCH_FAULTS,
    **PLAN_FAULTS,
    **REPORT_FAULTS,
    **REWORKING_FAULTS,
    **SENSED_FAULTS,
    **WEB_FAULTS,
}


def explain(fault: Fault, ink: Ink = PLAIN, *, located: bool = False) -> Said:
    """The sentences for *fault*, its facts written in *ink*; *located*: they begin with where it is."""
    said = SENTENCES[fault.reason]
    place = locate(fault, ink) if located else ""
    what = f"{place[0].upper()}{place[1:]}: " if place else ""
    return Said(what + tell(said.what, fault, ink), tell(said.hint, fault, ink).strip())


def tell(template: str, fault: Fault, ink: Ink) -> str:
    """*template* with the fault's facts. A row that an earlier release wrote may lack one named today."""
    return ink.say(template, **(dict.fromkeys(placeholders(template), "?") | dict(fault.args)))


def locate(fault: Fault, ink: Ink = PLAIN) -> str:
    """`line 3, column 5`, with the file if it is known; empty if nothing is."""
    parts = [ink.quote(fault.file)] if fault.file else []
    parts += [f"line {fault.line:,}"] if fault.line is not None else []
    parts += [f"column {fault.column:,}"] if fault.column is not None else []
    return ", ".join(parts)
