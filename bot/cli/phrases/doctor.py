"""What the doctor says of its findings."""

from collections.abc import Mapping
from typing import Final

from bot.delivery.wording.faults import Said, explain
from bot.delivery.wording.ink import PLAIN
from bot.doctor import Finding, Health, Symptom
from contracts.faults import Fault

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
    Symptom.DATA: Said("{path}, {free:size} free.", ""),
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
    Symptom.STORE: Said("{url:words}: every check passed.", ""),
    Symptom.STORE_ABSENT: Said("There is no store yet; the desk makes it when it starts.", ""),
    Symptom.STORE_BROKEN: Said(
        "{problem:words}", "Stop the desk and restore a backup: `patchdesk db restore FILE`."
    ),
    Symptom.STORE_UNREADABLE: Said(
        "The store could not be opened: {detail:words}.",
        "Only the desk's user and its own programs may hold it.",
    ),
    Symptom.ORIGIN: Said("{branch} is at {commit:commit}.", ""),
    Symptom.ORIGIN_NONE: Said(
        "No `repository`: the desk's own bare repository is the only one, and {branch} must be pushed to it.",
        "",
    ),
    Symptom.GATES: Said("Gates: {names:list}.", ""),
    Symptom.GATES_NONE: Said(
        "No gates: whatever applies will land.", "Add `gates` to check what would land."
    ),
    Symptom.GATE_PROGRAM_MISSING: Said(
        "The gate {gate} wants {program}, which is not on {path}.",
        "Install it there, or write the whole path: gates do not see the PATH of your shell.",
    ),
    Symptom.CHANNELS_NONE: Said("No channels: only the command line brings it patches.", ""),
    Symptom.SANDBOX: Said("Gates run at level {level:number}.", ""),
    Symptom.SANDBOX_LEVEL: Said(
        "Level {level:number} does not hold on this machine: {detail:words}.",
        "docs/decisions/0005-sandbox-levels.md says what each level needs.",
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


SIGNS: Final[Mapping[Health, str]] = {
    Health.FINE: "ok",
    Health.NOTE: "note",
    Health.WRONG: "wrong",
    Health.UNKNOWN: "unknown",
}
