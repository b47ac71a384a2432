"""What is said of approvals: what needs one, who may give it, and who did."""

from collections.abc import Sequence
from typing import Final

from bot.delivery.wording import figures
from bot.delivery.wording.faults import explain
from bot.delivery.wording.ink import Ink
from contracts.faults import Fault
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
    how = ink.say("Press a button on the card, or say {yes} or {no} here.", yes="approve", no="reject ID why")
    return (f"{who}: {why}", *_listed(row.proposal.reasons if row.proposal else (), ink), how)


def shell_lines(commands: Commands, ink: Ink) -> str:
    """Exactly the lines that would run."""
    lines = [ink.quote(line) for line in commands.lines[:_MOST_LINES]]
    left = len(commands.lines) - len(lines)
    more = [f"and {figures.counted(left, 'line', 'lines')} more"] if left else []
    return "\n".join([ink.say("{field} would run:", field=commands.field), *lines, *more])
