"""What is said of a patch before it is submitted."""

from collections.abc import Mapping
from typing import Final

from bot.delivery.wording import figures
from bot.delivery.wording.ink import PLAIN
from contracts.outcome import Preview

NEEDED: Final[Mapping[bool, str]] = {True: "required", False: "advisory"}
RUNS: Final[Mapping[bool, str]] = {True: "runs", False: "does not run"}


def landing(preview: Preview) -> str:
    if preview.tree is None:
        return "it would not land."
    base = PLAIN.say("{branch} at {base:commit}", branch=preview.branch, base=preview.base or "")
    if preview.faults:
        return f"on {base} it is the tree {preview.tree}, which would not land."
    return f"on {base} it is the tree {preview.tree}."


def approval(why: str) -> str:
    return f"Somebody has to approve it: {why}"


def ahead(count: int) -> str:
    return f"{figures.counted(count, 'patch is', 'patches are')} in its lane already."
