"""What a domain protects, what an approval is of, and who may give one."""

from collections.abc import Mapping
from typing import Final

from bot.delivery.wording.said import Said
from contracts.faults import Reason

APPROVAL_FAULTS: Final[Mapping[Reason, Said]] = {
    Reason.PATH_REFUSED: Said(
        "No patch may change {path}: {glob} is closed by the domain's policy.",
        "Leave it out, or have an operator change the policy.",
    ),
    Reason.PATH_PROTECTED: Said("{path} is protected ({glob}).", ""),
    Reason.GATE_FILE_PROTECTED: Said("{path} belongs to the gate {gate}.", ""),
    Reason.COMMANDS_REFUSED: Said(
        "It brings {count:n|shell line|shell lines} in {field}, which this domain does not take.",
        "Leave {field} out and post it again.",
    ),
    Reason.COMMANDS_PROTECTED: Said("{field} brings {count:n|shell line|shell lines} to run.", ""),
    Reason.HOTFIX_PROTECTED: Said("It asks to go through freezes as a hotfix.", ""),
    Reason.NEEDS_APPROVAL: Said(
        "Somebody other than its submitter has to approve {count:n|thing|things} in it.",
        "The gates run once that is done.",
    ),
    Reason.APPROVAL_VOID: Said(
        "What {by:words} approved is not what would land now: the files that it touches, or the policy, "
        "have changed. {count:n|thing needs|things need} an approval again.",
        "The gates run once that is done.",
    ),
    Reason.APPROVAL_HIDDEN: Said(
        "Somebody would have to approve it, and {name} has what looks like a credential: that is not shown, "
        "and nobody approves what they are not shown.",
        "Take it out, and read it from the environment instead.",
    ),
    Reason.GATE_NOT_ALLOWED: Said(
        "The repository's gate {gate} may not run here.",
        "Operators let it with the domain's `repository_gates`.",
    ),
    Reason.POLICY_FILE_BROKEN: Said(
        "The repository's policy cannot be followed: {detail:words}.",
        "Nothing lands until the file on the branch is mended, with git.",
    ),
    Reason.POLICY_WOULD_BREAK: Said(
        "The repository's policy could not be followed any more with this patch: {detail:words}.",
        "Mend it in the patch and post it again; `patchdesk schema repository` prints what it may hold.",
    ),
    Reason.POLICY_FILE_GATE: Said(
        "The repository's policy has a gate {gate}, which is the name of one of the operators' gates.",
        "Give it another name.",
    ),
    Reason.OWN_PATCH: Said(
        "You asked for it yourself: somebody else has to decide on it.",
        "`cancel` takes it back.",
    ),
    Reason.NOT_AN_APPROVER: Said(
        "Sorry, you are not among the people who approve patches of {domain} from here.",
        "Its operators can add you.",
    ),
    Reason.NOT_PROPOSED: Said("{id} needs no approval now: it is {state:words}.", "`show` tells more."),
    Reason.PROPOSAL_OUTDATED: Said(
        "{id} is not what that card showed any more.", "Look at the card as it is now, and decide on that."
    ),
}
