"""What can be wrong with the plan and its risks, and who may not change them."""

from collections.abc import Mapping
from typing import Final

from bot.delivery.wording.said import Said
from contracts.faults import Reason

PLAN_FAULTS: Final[Mapping[Reason, Said]] = {
    Reason.PLAN_BAD_WORD: Said(
        "{said} is no {field:words}.{suggestion:maybe}", "Write one of these: {known:list|or}."
    ),
    Reason.PLAN_OUT_OF_RANGE: Said(
        "{field} is {said:words}; it must be from {least:number} to {most:number}.", "Correct the number."
    ),
    Reason.PLAN_BAD_DATE: Said(
        "{field} cannot be {said}.", "Write a day as `2026-12-01`, or the plan's own weeks as `Week 3`."
    ),
    Reason.PLAN_BAD_ID: Said(
        "{said} cannot be an id.",
        "Letters, digits and `_ . : / -` can, without blanks, 64 of them at most.",
    ),
    Reason.PLAN_ID_TWICE: Said(
        "The id {id} is there twice; first on line {first:number}.", "Give each batch an id of its own."
    ),
    Reason.PLAN_TOO_LONG: Said(
        "{field} has {size:n|character|characters}; at most {most:number} are kept.", "Make it shorter."
    ),
    Reason.PLAN_TOO_MANY: Said("{field} has more than {most:n|entry|entries}.", "Leave some out."),
    Reason.NOT_A_BLOCKER: Said("{said} is not among its blockers.", "Write it as the plan does."),
    Reason.PLAN_MOVED_ON: Said(
        "The plan is at version {version:number}; this was made from {since:number}.",
        "`patchdesk plan history` says what changed; export it again.",
    ),
    Reason.NO_PLAN: Said("There is no plan yet.", "`patchdesk plan import FILE` brings one."),
    Reason.UNKNOWN_BATCH: Said(
        "The plan has no batch {id}.{suggestion:maybe}", "`roadmap` lists the batches."
    ),
    Reason.BATCH_NOT_PLANNED: Said(
        "The patch names the batch {id}, which the plan does not have.{suggestion:maybe}",
        "It is carried out all the same, and counts for that batch once the plan has it.",
    ),
    Reason.PLAN_CLASH: Said(
        "{by:words} has changed {field:words} of {batch} meanwhile; nothing of yours was written.",
        "Open the form again to see it as it is now.",
    ),
    Reason.NOT_A_PLANNER: Said(
        "Sorry, you are not among the people who may change the plan here.",
        "Submitters of a domain of this channel may, and so may operators.",
    ),
    Reason.UNKNOWN_RISK: Said(
        "The register has no risk {id}.{suggestion:maybe}", "`patchdesk plan risk list` lists them."
    ),
    Reason.RISK_THERE: Said(
        "The register has a risk {id} already.", "Choose another id, or change that one."
    ),
}
