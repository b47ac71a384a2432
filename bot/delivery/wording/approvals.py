"""What is said of approvals: what needs one, who may give it, and who did."""

from collections.abc import Sequence
from typing import Final

from bot.delivery.wording import figures
from bot.delivery.wording.faults import explain
from bot.delivery.wording.ink import PLAIN, Ink, spelled_out
from contracts.faults import Fault, Reason
from contracts.outcome import Approved
from contracts.patch import Commands
from contracts.records import StoredPatch
from contracts.settings import ApproverSettings
from contracts.states import PatchState

APPROVE: Final = "Approve"
TURN_DOWN: Final = "Reject"
TURN_DOWN_TITLE: Final = "Reject a patch"
KEEP: Final = "Leave it waiting"
WHY_LABEL: Final = "Why"
WHY_PLACEHOLDER: Final = "Its thread is told"
DIFF_TITLE: Final = "What would change"
#: Of what is listed, on a card and in the thread.
_MOST_REASONS: Final = 5
_MOST_LINES: Final = 20
_ABOUT_COMMANDS: Final = frozenset({Reason.COMMANDS_PROTECTED, Reason.COMMANDS_CAPTURED})


def reasons(row: StoredPatch, ink: Ink) -> tuple[str, ...]:
    """What of a proposed patch needs an approval, a line each; nothing of others."""
    if row.state is not PatchState.PROPOSED or row.proposal is None:
        return ()
    return _listed(row.proposal.reasons, ink)


def _listed(found: Sequence[Fault], ink: Ink) -> tuple[str, ...]:
    lines = [f"• {explain(each, ink).what}" for each in found[:_MOST_REASONS]]
    left = len(found) - len(lines)
    return (*lines, f"• and {figures.counted(left, 'thing', 'things')} more") if left else tuple(lines)


def approved(row: StoredPatch, ink: Ink) -> str:
    """`Approved by Ben: ...`; empty where nobody had to, or has yet."""
    given = row.report.approved if row.report else None
    if given is None and row.approval is not None and row.proposal is not None:
        given = Approved(row.approval.by, row.approval.at, row.proposal.reasons)
    if given is None or row.state is PatchState.PROPOSED:
        return ""
    what = " ".join(explain(each, ink).what for each in given.reasons[:2])
    left = len(given.reasons) - 2
    more = f" And {figures.counted(left, 'thing', 'things')} more." if left > 0 else ""
    return ink.say("Approved by {by:words} {at:when}: {what:raw}", by=given.by, at=given.at, what=what + more)


def asked(row: StoredPatch, approvers: ApproverSettings, ink: Ink) -> tuple[str, ...]:
    """Who is asked for what, and how they answer. People and groups that the domain names are called."""
    called = [ink.person(name) for name in (*sorted(approvers.users), *sorted(approvers.groups))]
    who = figures.joined(called, "or") if called else "Somebody else who may change the domain"
    fault = row.report.fault if row.report else None
    why = explain(fault, ink).what if fault else ""
    how = ink.say(
        "Press a button on the card, or say {yes} or {no} here. The file below shows what would change, "
        "or run.",
        yes="approve",
        no="reject ID why",
    )
    return (f"{who}: {why}", *_listed(row.proposal.reasons if row.proposal else (), ink), how)


def shell_lines(commands: Commands, ink: Ink) -> str:
    """The lines that would run, as far as there is room: the file has them whole."""
    written = _written(commands)
    lines = [ink.quote(line) for line in written[:_MOST_LINES]]
    left = len(written) - len(lines)
    more = [f"and {figures.counted(left, 'line', 'lines')} more"] if left else []
    return "\n".join([_would_run(commands, ink), *lines, *more])


def whole(row: StoredPatch) -> str:
    """All that is asked for, nothing of it cut short or out of sight: shell lines and the diff."""
    diff = row.proposal.diff if row.proposal else ""
    lists = ("\n".join([_would_run(each, PLAIN), *_written(each), "", ""]) for each in to_be_run(row))
    return spelled_out("".join([*lists, diff]))


def to_be_run(row: StoredPatch) -> Sequence[Commands]:
    """The shell lists that need the approval."""
    found = row.proposal.reasons if row.proposal else ()
    return row.patch.commands if any(each.reason in _ABOUT_COMMANDS for each in found) else ()


def _would_run(commands: Commands, ink: Ink) -> str:
    return ink.say("{field} would run:", field=commands.field)


def _written(commands: Commands) -> list[str]:
    """Line by line: one that hides a line break in it would look like less than it does."""
    return [line for each in commands.lines for line in each.split("\n") if line.strip()]
