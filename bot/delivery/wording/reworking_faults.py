"""What programs made of a patch's files: what became part of it, and what could not."""

from collections.abc import Mapping
from typing import Final

from bot.delivery.wording.said import Said
from contracts.faults import Reason

REWORKING_FAULTS: Final[Mapping[Reason, Said]] = {
    Reason.COMMANDS_CAPTURED: Said(
        "{field} brings {count:n|shell line|shell lines} to run, and what they change in the files lands, "
        "too: nobody sees that before.",
        "",
    ),
    Reason.MAY_CAPTURE: Said("What {by:list} changes in the files will land, too.", ""),
    Reason.MAY_REPAIR: Said("Where a gate says no, it may be repaired by {by:list}.", ""),
    Reason.LEFT_TOO_MANY: Said(
        "What ran left more than {most:number} files and folders behind.",
        "List what is not meant to land in `.gitignore`, or have it write elsewhere.",
    ),
    Reason.LEFT_NO_FILE: Said(
        "What ran left {path} as {found:words}; only regular files with one name can land.",
        "List it in `.gitignore`, or have what runs remove it.",
    ),
    Reason.LEFT_CHANGING: Said(
        "{path} changed while the desk read it.",
        "Whatever writes it has to end with the command that started it.",
    ),
    Reason.LEFT_UNSEEN: Said(
        "What ran changed {path}, which is protected, and nobody has seen how.",
        "Post that change in a patch, for somebody to approve.",
    ),
    Reason.LEFT_OTHER_TREE: Said(
        "What ran changed files: this would land as the tree {found:commit}, and {expected:commit} was "
        "expected.",
        "Post it again without naming a tree.",
    ),
    Reason.LEFT_NOTHING: Said(
        "What ran undid all that the patch changes.", "Look at what the branch has, and at what runs."
    ),
    Reason.CAPTURED: Said(
        "{by:list} changed {count:n|file|files}, now part of the patch: {files:list}. All gates ran again.",
        "",
    ),
    Reason.CAPTURED_AGAIN: Said(
        "{by:list} changed files once more when it ran on what it had made; that was not taken.", ""
    ),
    Reason.REPAIRED: Said(
        "{gate} had said no; {by:list} repaired {count:n|file|files}: {files:list}. All gates ran again.", ""
    ),
    Reason.REPAIR_BROKE: Said(
        "A repair was tried, and what {by:list} made of it could not be taken{said:because}.", ""
    ),
    Reason.REPAIR_IDLE: Said("A repair was tried, and {by:list} found nothing to change.", ""),
    Reason.REPAIR_IN_VAIN: Said("A repair was tried: what {by:list} made of it does not pass, either.", ""),
}
