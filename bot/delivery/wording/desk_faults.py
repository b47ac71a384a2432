"""What can go wrong at gates, on the branch, in Slack and in the desk, and what people may not."""

from collections.abc import Mapping
from typing import Final

from bot.delivery.wording.said import Said
from contracts.faults import Reason

_DESK = "This is the desk's trouble, not the patch's. Its operators will find more in its log."

_GATES: Mapping[Reason, Said] = {
    Reason.GATE_FAILED: Said(
        "The gate {gate} said no (exit code {code:number}).",
        "Mend the patch and post it again.",
    ),
    Reason.GATE_NOT_STARTED: Said("The gate {gate} could not start: {detail:words}.", _DESK),
    Reason.GATE_TIMED_OUT: Said(
        "The gate {gate} was ended: it had no answer after {most:took}.",
        "If it is only slow, the operators can give it more time.",
    ),
    Reason.GATE_SILENT: Said(
        "The gate {gate} was ended: it printed nothing for {most:took}.",
        "If it is only quiet, the operators can allow it more silence.",
    ),
    Reason.GATE_KILLED: Said(
        "The gate {gate} was killed by signal {signal:words}.",
        "Memory is the usual cause.",
    ),
    Reason.GATE_FLOODED: Said(
        "The gate {gate} was ended: it printed more than {most:size}.", "Make what it runs less talkative."
    ),
    Reason.GATE_PATHS: Said("No changed file matches {when:list|or}.", ""),
    Reason.GATE_EARLIER: Said("The gate {gate} had already decided.", ""),
    Reason.CREDENTIALS_ADDED: Said(
        "{path}, line {at:number}, has what looks like a credential ({kind:words}); {count:n|is|are} added.",
        "Take it out, make it invalid where it was issued, and read it from the environment instead.",
    ),
    Reason.COMMANDS_NOT_RUN: Said(
        "{count:n|command|commands} in {field} did not run.",
        "They run only where somebody has approved them.",
    ),
    Reason.SANDBOX_TOO_LOW: Said(
        "Gates must run at sandbox level {level:number}; this machine gives {most:number} at most.",
        "`patchdesk doctor` says what is missing; `sandbox.min_level` can be lowered on purpose.",
    ),
    Reason.SANDBOX_NONE: Said(
        "No sandbox level holds on this machine, not even 0.", "`patchdesk doctor` says what is missing."
    ),
}

_LANDING: Mapping[Reason, Said] = {
    Reason.BRANCH_MISSING: Said(
        "The repository has no branch {branch}.",
        "Create it, or correct the domain's `branch` in the settings.",
    ),
    Reason.BRANCH_BUSY: Said(
        "{branch} moved under the patch {tries:n|time|times}; the desk stopped trying.",
        "Post it again when fewer changes land.",
    ),
    Reason.TIP_MOVED: Said(
        "{branch} moved on from {base:commit} while the gates ran, and they have not seen what it is now.",
        "`replay` tries the patch again on what the branch is then.",
    ),
    Reason.BRANCH_CHECKED_OUT: Said(
        "{branch} is checked out in the repository's own folder, so pushing would change it under its user.",
        "Check out another branch there, or make it a bare repository.",
    ),
    Reason.PUSH_REFUSED: Said(
        "The repository refused the push to {branch}: {detail:words}.",
        "Its rules (protection, hooks, rights) must let the desk push.",
    ),
    Reason.REPOSITORY_UNREACHABLE: Said("The repository could not be reached: {detail:words}.", _DESK),
    Reason.GIT_BROKEN: Said("{command} failed: {detail:words}.", _DESK),
    Reason.STOPPED_BY: Said(
        "{by:words} stopped it.", "Nothing of it landed. `replay` asks for it again if it should go on."
    ),
    Reason.SET_BROKEN: Said(
        "Its set cannot land because of {domain:words} (patch {id}): {state:words}.",
        "Mend what kept that one, and post the whole block again.",
    ),
    Reason.CANCELLED_BY: Said("{by:words} took it back.", "Post it again if it should run after all."),
    Reason.REJECTED_BY: Said(
        "{by:words} did not approve it{why:because}.", "Ask in the thread what has to change."
    ),
    Reason.DESK_CRASHED: Said("The desk went down while it worked on this, {attempts:n|time|times}.", _DESK),
    Reason.DESK_ERROR: Said("Something in the desk broke: {detail:words}.", _DESK),
}

_ASKING: Mapping[Reason, Said] = {
    Reason.CHANNEL_NOT_SERVED: Said(
        "This desk takes no patches in this channel.", "An operator can add the channel to a domain."
    ),
    Reason.DOMAIN_NOT_HERE: Said("{domain} does not listen here.", "Its channels: {channels:channels}."),
    Reason.NOT_A_SUBMITTER: Said(
        "Sorry, you are not among the people who may change {domain}.", "Its operators can add you."
    ),
    Reason.UNKNOWN_COMMAND: Said(
        "{words} is no command here.{suggestion:maybe}", "`help` lists the commands."
    ),
    Reason.UNKNOWN_PATCH: Said("There is no patch {id}.", "`queue` and `status` list them."),
    Reason.DOWNLOAD_FAILED: Said("The file {name} could not be fetched: {detail:words}.", "Post it again."),
    Reason.DOWNLOAD_FOREIGN: Said(
        "The file {name} lies on {host}, not in Slack.", "Upload it to Slack, or paste its content."
    ),
    Reason.DOWNLOAD_SIGN_IN: Said(
        "Slack gave a sign-in page instead of the file {name}.",
        "The app needs the `files:read` scope; an operator has to reinstall it.",
    ),
    Reason.SENDER_UNREAD: Said(
        "Slack did not say who sent this: {detail:words}.", "Post it again in a few minutes."
    ),
    Reason.FORM_NOT_OPENED: Said("The form could not be opened: {detail:words}.", "Ask for it again."),
}

_DELIVERING: Mapping[Reason, Said] = {
    Reason.CHANNEL_DEAD: Said(
        "The channel {channel:channel} takes no posts any more (Slack says {error}).",
        "What was meant for it goes to: {instead:channels}. Invite the desk again, or change the settings.",
    ),
    Reason.SLACK_REFUSED: Said(
        "Slack refused {method}: {error}.", "A message was lost; the desk's log has it."
    ),
    Reason.SLACK_UNREACHABLE: Said(
        "Slack did not answer to {method}: {detail:words}.", "The desk keeps trying."
    ),
}

_STARTING: Mapping[Reason, Said] = {
    Reason.VARIABLE_UNSET: Said(
        "{variable} is not set.", "docs/connect-slack.md says where Slack shows it and how to pass it on."
    ),
    Reason.NO_WAY_IN: Said(
        "Neither SLACK_APP_TOKEN nor SLACK_SIGNING_SECRET is set, so no event can reach the desk.",
        "Set the first for Socket Mode or the second for HTTP; docs/connect-slack.md says where they are.",
    ),
    Reason.TOKEN_REFUSED: Said(
        "Slack does not take {variable}: {error}.",
        "Copy it again from the app's pages, or reinstall the app; docs/connect-slack.md shows where.",
    ),
    Reason.SLACK_SILENT: Said(
        "Slack could not be reached at {address}: {detail:words}.", "Check the network and SLACK_API_URL."
    ),
    Reason.DATA_IN_USE: Said(
        "Another desk is running on {path}.", "Stop it, or give this one a PATCHDESK_DATA of its own."
    ),
    Reason.ADDRESS_TAKEN: Said(
        "The desk cannot listen on {address}: {detail:words}.", "Choose another with PATCHDESK_HTTP."
    ),
}

DESK_FAULTS: Final[Mapping[Reason, Said]] = {
    **_GATES,
    **_LANDING,
    **_ASKING,
    **_DELIVERING,
    **_STARTING,
}
