"""What is said of the desk as a process, of its store, and of submitting from a shell."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bot.delivery.wording import figures
from bot.delivery.wording.ink import PLAIN
from bot.settings import Config
from contracts.gates import Verdict
from contracts.outcome import Report

WHERE_SETTINGS_ARE: Final = "docs/configuration.md has every setting and variable."
NO_DESK: Final = "No desk is running here; it is taken up when one starts (`patchdesk run`)."
SAME_IS_OPEN: Final = "The same content is in the queue already; it was not queued again."
NOT_DECIDED: Final = "The desk has not decided it yet; `patchdesk doctor` looks for what keeps it."
NOTHING_DONE: Final = "Nothing was submitted or tried."
CLOSED: Final = "The desk is closed."
STORE_IS_WELL: Final = "Nothing is wrong with the store."
STORE_APPEARS: Final = "`patchdesk run` makes it, and so does `patchdesk submit`."
CHOOSE_ANOTHER: Final = "Name a file that is not there yet."


def opened(config: Config) -> str:
    domains = figures.counted(len(config.settings.domains), "domain", "domains")
    slack = "Socket Mode" if config.slack.app_token else "Slack over HTTP"
    return f"The desk is open: {domains}, {slack}, HTTP on {config.http_host}:{config.http_port}."


# The store -------------------------------------------------------------------------------------
def no_store(url: str) -> str:
    return f"there is no store yet at {url}"


def store_trouble(error: Exception) -> str:
    return f"the store cannot be used: {error}"


def backed_up(to: Path) -> str:
    return f"{to} has the store as it is now."


def restored(source: Path) -> str:
    return f"The store is that of {source} now; the one before it lies beside it, named `.replaced`."


def is_there(path: Path) -> str:
    return f"{path} is there already"


def is_not_there(path: Path) -> str:
    return f"there is no file {path}"


def not_readable(path: Path, detail: str) -> str:
    return f"{path} cannot be read: {detail}"


# Submitting ------------------------------------------------------------------------------------
def recorded(*, fresh: bool) -> str:
    return "Recorded." if fresh else "This was recorded before; nothing new was submitted."


def one_tree(patches: int) -> str:
    return f"--expect is for one patch; this is {figures.counted(patches, 'patch', 'patches')}."


def no_tree(text: str) -> str:
    return f"--expect {text!r} is no tree: `patchdesk preview` names it, with 40 digits."


def done(patches: Sequence[str]) -> str:
    """*patches*: those that came of it."""
    return f"Done: it is patch {', '.join(patches)}." if patches else "Done."


def adjust(patch: str) -> str:
    return f"`patchdesk adjust {patch}` has it tried."


# Trying ----------------------------------------------------------------------------------------
HOW_GATES_ARE_WRITTEN: Final = 'Write NAME=PROGRAM ARGUMENTS, as in --gate "tests=python3 -m unittest -q".'


def bad_gate(text: str, detail: str) -> str:
    return f"--gate {text!r} is no gate" + (f": {detail}" if detail else "")


def rehearsed(report: Report) -> str:
    if report.fault is not None:
        return "it would not land."
    where = PLAIN.say("{branch} at {base:commit}", branch=report.branch, base=report.base or "")
    if not any(gate.verdict is Verdict.PASSED for gate in report.gates):
        return f"it would land on {where}; no gate checked it."
    return f"it would land on {where}."


def advisory(gate: str) -> str:
    return f"{gate} (advisory)"
