"""What the doctor says of its findings."""

from collections.abc import Mapping
from typing import Final

from bot.delivery.wording.faults import Said, explain
from bot.delivery.wording.ink import PLAIN
from bot.doctor.findings import Finding, Symptom
from contracts.faults import Fault

_NOT_HELD = "Level {level:number} does not hold on this machine: {detail:words}."

SENTENCES: Final[Mapping[Symptom, Said]] = {
    Symptom.PYTHON: Said("Python {version:words}.", ""),
    Symptom.GIT: Said("git {version:words}.", ""),
    Symptom.GIT_OLD: Said(
        "git {version:words} is too old.",
        "Install {least:words} or newer: an older one reads the configuration of whoever runs the desk.",
    ),
    Symptom.GIT_MISSING: Said("git does not run: {detail:words}.", "Install git and put it on the PATH."),
    Symptom.CONFIG: Said("{path} with {domains:n|domain|domains}.", ""),
    Symptom.CONFIG_ABSENT: Said(
        "There is no `patchdesk.yml` here.",
        "Write one (docs/configuration.md shows how), or name another file in PATCHDESK_CONFIG.",
    ),
    Symptom.CONFIG_WRONG: Said("{problem:words}", "docs/configuration.md has every setting."),
    Symptom.NO_DOMAINS: Said("{path} has no domains.", "Add one: a repository, a branch, a channel, gates."),
    Symptom.DATA: Said("{path} can be written, and has room.", ""),
    Symptom.DATA_ABSENT: Said("{path} is not there yet; the desk makes it when it starts.", ""),
    Symptom.DATA_NOT_A_FOLDER: Said(
        "{path} is not a folder.", "Move it away, or name another in PATCHDESK_DATA."
    ),
    Symptom.DATA_NOT_WRITABLE: Said(
        "{path} cannot be written by this user.", "Give it to the user that runs the desk."
    ),
    Symptom.DATA_OPEN: Said(
        "Others can write {path} (mode {mode:words}).",
        "`chmod go-w` it: the store and the repositories are there.",
    ),
    Symptom.DATA_FULL: Said(
        "Only {free:size} are free at {path}.", "Make room: the store wants at least {least:size}."
    ),
    Symptom.STORE: Said("Every check passed.", ""),
    Symptom.STORE_ABSENT: Said("There is no store yet; the desk makes it when it starts.", ""),
    Symptom.STORE_BROKEN: Said(
        "{problem:words}", "Stop the desk and restore a backup: `patchdesk db restore FILE`."
    ),
    Symptom.ORIGIN: Said("{branch} is at {commit:commit}.", ""),
    Symptom.ORIGIN_UNREACHABLE: Said(
        "The repository could not be reached: {detail:words}.",
        "Check the address, and that the desk's user may fetch from it and push to it.",
    ),
    Symptom.ORIGIN_NONE: Said(
        "No `repository` is set, so {path} will be the only one; the desk makes it at the first patch.",
        "Push {branch} to it before patches can land there.",
    ),
    Symptom.GATES: Said("Gates: {names:list}.", ""),
    Symptom.GATES_NONE: Said(
        "No gates: whatever applies will land.", "Add `gates` to check what would land."
    ),
    Symptom.GATE_PROGRAM_MISSING: Said(
        "{gate} wants {program}, which is not on {path}.",
        "Install it there, or write the whole path: gates do not see the PATH of your shell.",
    ),
    Symptom.GATE_PROGRAM_CLOSED: Said(
        "{gate} wants {program}, which gates cannot reach: {at} is closed to other users.",
        "Gates run as a user of their own. Install the program where everybody can run it.",
    ),
    Symptom.SLACK_ABSENT: Said(
        "No tokens are set, so Slack was not asked.", "docs/connect-slack.md shows how to get them."
    ),
    Symptom.SLACK: Said("Every token is taken by {workspace:words}; events come by {way:words}.", ""),
    Symptom.SCOPES: Said("All {count:number} scopes are granted.", ""),
    Symptom.SCOPES_UNKNOWN: Said(
        "Slack did not say which scopes the bot token has.", "Compare them with manifest.yml by hand."
    ),
    Symptom.SCOPES_MISSING: Said(
        "The bot token lacks {scopes:list}.", "Bring the app up to manifest.yml and install it again."
    ),
    Symptom.SCOPES_WELCOME: Said(
        "The bot token lacks {scopes:list}; it works without.",
        "Commits get a stand-in for the author's address then, and user groups cannot submit.",
    ),
    Symptom.CHANNEL: Said("In {channel:words} (#{name:words}).", ""),
    Symptom.CHANNEL_UNKNOWN: Said(
        "Slack tells nothing of {channel:words}: {error:words}.",
        "Check the id; to a private channel the desk must be invited: `/invite @patchdesk`.",
    ),
    Symptom.CHANNEL_ARCHIVED: Said(
        "{channel:words} (#{name:words}) is archived.", "Name another channel, or bring it back."
    ),
    Symptom.CHANNEL_STRANGE: Said(
        "The desk is not in {channel:words} (#{name:words}).", "Write `/invite @patchdesk` there."
    ),
    Symptom.CLOCK: Said("Within {off:n|second|seconds} of Slack's.", ""),
    Symptom.CLOCK_OFF: Said(
        "{off:n|second|seconds} away from Slack's.",
        "Have it set by NTP: Slack's signatures are good for five minutes, and leases mean real time.",
    ),
    Symptom.CLOCK_BEHIND: Said(
        "{path} is from the future, so the clock went back.", "Have it set by NTP before the desk runs."
    ),
    Symptom.CLOCK_ALONE: Said("Nothing of the desk's is from the future.", ""),
    Symptom.POLICY_FILE: Said("{file} on the branch is read.", ""),
    Symptom.POLICY_FILE_GATES: Said(
        "{file} on the branch has gates that do not run: {names:list}.",
        "Set `repository_gates: true` if whoever writes to the branch may add gates (docs/approvals.md).",
    ),
    Symptom.POLICY_FILE_UNSEEN: Said(
        "Whether the branch has a {file}, and what it says, is seen once the desk has fetched it.", ""
    ),
    Symptom.APPROVERS_NONE: Said(
        "Only {user:words} may submit, and nobody else may approve.",
        "Nobody approves their own patches. Name others under `approvers`, or decide on this machine:"
        " `patchdesk approve ID`.",
    ),
    Symptom.APPROVERS_ONE: Said(
        "Only {user:words} may approve.",
        "What they submit themselves waits until somebody decides on this machine: `patchdesk approve ID`.",
    ),
    Symptom.PROTECTED_NONE: Said(
        "No paths are protected: patches change CI files as any other.",
        "Take `protected: []` out if that was not meant; docs/approvals.md says what is protected then.",
    ),
    Symptom.FREEZE_ENDLESS: Said(
        "A freeze window lasts for ever ({why:words}): only approved hotfixes land.",
        "Give it an end, `times` or fewer days; to close the domain for a while, `patchdesk pause`.",
    ),
    Symptom.FREEZE_OVER: Said("A freeze window is over for good ({why:words}).", "It can be taken out."),
    Symptom.CHANNELS_NONE: Said("No channels: only the command line brings it patches.", ""),
    Symptom.SANDBOX: Said("Gates run at level {level:number}.", ""),
    Symptom.SANDBOX_LOW: Said(
        "Gates would run at level {level:number}, but `sandbox.min_level` is {least:number}.",
        "Nothing can land like this. The lines above say what is wanted; or accept less on purpose, with"
        " `min_level: {level:number}` under `sandbox` in patchdesk.yml.",
    ),
    Symptom.SANDBOX_LEVEL: Said(
        _NOT_HELD,
        "docs/decisions/0005-sandbox-levels.md says what each level needs.",
    ),
    Symptom.SANDBOX_ROOT: Said(
        _NOT_HELD,
        "Gates cannot have a user of their own then; let the desk run as root, with the rights that "
        "deploy/patchdesk.service gives. Level 3 holds without it.",
    ),
    Symptom.SANDBOX_LANDLOCK: Said(
        _NOT_HELD, "It wants Linux 6.7 or newer with `landlock` among the `lsm=` of its command line."
    ),
    Symptom.SANDBOX_BUBBLEWRAP: Said(
        _NOT_HELD,
        "Install bubblewrap 0.8 or newer from the system's packages (`apt install bubblewrap`): gates' user "
        "must be let through to it, and a folder like /root lets nobody through.",
    ),
    Symptom.SANDBOX_APPARMOR: Said(
        _NOT_HELD,
        "AppArmor keeps user namespaces from programs that it does not know. Give the desk's Python a "
        "profile with `userns,`, or run `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`: "
        "docs/deploy.md has both.",
    ),
    Symptom.SANDBOX_NAMESPACES: Said(
        _NOT_HELD,
        "User namespaces are off (`sysctl -w user.max_user_namespaces=15000` allows them), or a container or "
        "a unit with `ProtectKernelTunables=yes` keeps /proc from being mounted: docs/deploy.md says what to "
        "allow.",
    ),
    Symptom.SANDBOX_CGROUP: Said(
        _NOT_HELD, "Run the desk under systemd with `Delegate=yes`, and ask from within its unit."
    ),
    Symptom.SANDBOX_NONE: Said(
        "No level holds on this machine, so no gate can run.", "The lines above say what got through."
    ),
}


def explain_finding(finding: Finding) -> Said:
    if isinstance(finding.about, Fault):
        return explain(finding.about)
    said = SENTENCES[finding.about]
    return Said(PLAIN.say(said.what, **finding.facts), PLAIN.say(said.hint, **finding.facts))
