"""What is answered to people: help, lists, refusals, repeats, and notes to the desk's operators."""

from collections.abc import Sequence
from typing import Final

from bot.delivery.wording import figures
from bot.delivery.wording.faults import explain
from bot.delivery.wording.ink import Ink, visible
from bot.delivery.wording.patches import STATE_NAMES
from contracts.faults import Fault, Reason, Rejection
from contracts.notices import Twin
from contracts.records import LaneLine, StoredPatch

HOW_TO_POST: Final = (
    "Post a patch in a channel of its domain: a diff, or a JSON or YAML block with `role: command_patch`, "
    "inside a code fence or as a file (`.json .yml .yaml .patch .diff .txt`)."
)
WHAT_HAPPENS: Final = (
    "The desk answers in the thread, checks exactly what would land, and lands all of it or nothing. "
    "The mark on the message says how it stands: :eyes: in work, :white_check_mark: landed, "
    ":x: not landed, and the thread says why."
)
COMMANDS: Final = (
    "`/patch submit [DOMAIN]` opens a form",
    "`/patch queue [DOMAIN]` lists what waits",
    "`/patch status [DOMAIN]` shows how each lane stands",
    "`/patch show ID` shows one patch or set, `/patch why ID` what it waits for and how long",
    "`/patch stop ID` or `cancel ID` ends one, `/patch replay ID` brings a patch in again",
    "`/patch revert ID` undoes one that has landed, by a new patch",
    "`/patch adjust ID` takes the adjusted form that was offered of one, as a new patch",
    "`/patch hold ID WHY`, `/patch resume ID` and `/patch priority ID emergency|high|normal|low` order them",
    "`/patch pause|drain DOMAIN WHY` and `/patch freeze DOMAIN until TIME WHY` close a domain",
    "`/patch resume DOMAIN` and `/patch unfreeze DOMAIN` open it again",
    "`/patch halt WHY` stops the whole desk, `/patch unhalt` lets it go on; for its operators",
    "`/patch approve ID` and `/patch reject ID WHY` decide on a patch that needs an approval",
    "`/patch report daily|weekly|executive [DOMAIN] [PERIOD]` reports on a day, a week, a month",
    "`/patch alerts [MATCHERS]` lists what fires; `/patch ack MATCHERS` or `ack all` acknowledges it",
    "`/patch silence MATCHERS LENGTH WHY` keeps alerts quiet",
    "`/patch silences` lists what is kept quiet, `/patch unsilence ID` ends it",
    "`/patch oncall [SCHEDULE]` shows who is on call",
    "`/patch oncall take [SCHEDULE] [until TIME]` makes it you, `/patch oncall return [SCHEDULE]` ends that",
    "`/patch roadmap` shows how far the plan is, `/patch roadmap edit [ID]` changes it",
    "`/patch risks` lists what may go wrong",
    "`/patch help` shows this",
)
IN_THREADS: Final = "Slash commands do not work in threads; there, say the same words to @patchdesk."

MEND: Final = "Edit the message, or post it again; what was taken already is not taken twice."
LOGS_FOLLOW: Final = "What the gates printed that did not pass follows as a file."
NOTHING_WAITS: Final = "Nothing is waiting."
NOTHING_FINISHED: Final = "Nothing has finished yet."
NO_DOMAINS: Final = "No domain is set up yet."


def more(left: int, one: str, many: str) -> str:
    """What a list leaves out."""
    return f"… and {left:,} more {one if left == 1 else many}"


def lane(line: LaneLine, ink: Ink) -> str:
    """One domain at a glance."""
    ended = [
        f"{count:,} {name}"
        for count, name in (
            (line.landed, "landed"),
            (line.failed, "not landed"),
            (line.quarantined, "set aside"),
        )
        if count
    ]
    parts = [ink.strong(ink.words(line.domain)), _head(line, ink), _waiting(line, ink), ", ".join(ended)]
    return " · ".join(part for part in parts if part)


def _head(line: LaneLine, ink: Ink) -> str:
    if line.head is None:
        return "idle"
    state = STATE_NAMES[line.head.state]
    return ink.say("{state:raw}: {id} {title:words}", state=state, id=line.head.id, title=line.head.title)


def _waiting(line: LaneLine, ink: Ink) -> str:
    if not line.waiting:
        return "nobody waits"
    text = f"{line.waiting:,} waiting"
    if line.oldest_accepted_at is not None:
        text += ink.say(", the oldest since {since:when}", since=line.oldest_accepted_at)
    return text


# Refusals --------------------------------------------------------------------------------------
def rejected(refused: Sequence[Rejection]) -> str:
    """The first line of the answer to blocks that are no patches, or not in all of their domains."""
    count = len(refused)
    partly = sum(any(each.reason is Reason.SET_IN_PART for each in block.faults) for block in refused)
    if partly == count:
        return "Not all of this could be queued."
    if partly:
        return f"{count:,} blocks could not be taken, or not all of them."
    if count == 1:
        return "This could not be taken as a patch. Nothing of it was queued."
    return f"{count:,} blocks could not be taken as patches. Nothing of them was queued."


def block(rejection: Rejection, ink: Ink) -> str:
    name = f" ({ink.quote(rejection.name)})" if rejection.name else ""
    return f"Block {rejection.block:,}{name}"


def problem(fault: Fault, ink: Ink) -> str:
    """Where, what, how to mend it."""
    said = explain(fault, ink, located=True)
    return f"{said.what} {said.hint}".strip()


def twin(told: Twin, row: StoredPatch, ink: Ink, *, link: str | None) -> str:
    """*row* is the patch that brought the same change, *link* its card's address."""
    name = ink.link(ink.words(told.first), link) if link else ink.quote(told.first)
    part = f", for {ink.words(row.patch.domain)}," if told.of_set else ""
    state = STATE_NAMES[row.state]
    same = f"Block {told.block:,} is{part} the same change as patch {name}, which is {state}."
    return f"{same} It was not queued again."


def operators(fault: Fault, ink: Ink) -> str:
    said = explain(fault, ink)
    return f"{ink.strong('Note to the operators.')} {said.what} {said.hint}".strip()


def log_title(gate: str, dropped: int) -> str:
    """Of a log file; plain text, *gate* a configured name."""
    left = f" ({figures.size(dropped)} left out in the middle)" if dropped else ""
    return f"Log of {visible(gate)}{left}"
