"""What is said of a patch that waits: what keeps it from its turn, when that may come, who decided what."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Final

from bot.delivery.wording import figures
from bot.delivery.wording.faults import explain
from bot.delivery.wording.ink import Ink
from contracts.control import Closed, Closing, Companion, Dependency, Hold, Proposal
from contracts.course import Offer
from contracts.notices import Deed, TellDeed
from contracts.outlook import Outlook
from contracts.states import OPEN_STATES, PatchState

#: In the middle of a sentence.
_STATES: Final[Mapping[PatchState, str]] = {
    PatchState.PROPOSED: "needs an approval",
    PatchState.WAITING: "is waiting",
    PatchState.READY: "is next in its lane",
    PatchState.RUNNING: "is running",
    PatchState.PREPARED: "has passed its gates",
    PatchState.LANDED: "has landed",
    PatchState.FAILED: "did not land",
    PatchState.STOPPED: "was stopped",
    PatchState.QUARANTINED: "was set aside",
    PatchState.CANCELLED: "was taken back",
    PatchState.REJECTED: "was not approved",
}
_CLOSED: Final[Mapping[Closing, str]] = {
    Closing.PAUSED: "{what:words} is paused by {by:words} since {since:when}{until:raw} ({why:words}).",
    Closing.FROZEN: "{what:words} is frozen by {by:words} since {since:when}{until:raw} ({why:words}).",
    Closing.DRAINING: "{what:words} takes nothing new since {since:when}, says {by:words} ({why:words}).",
    Closing.HALTED: "{what:words} is halted by {by:words} since {since:when}{until:raw} ({why:words}).",
}
_BY_SETTINGS: Final = "its settings"
_MOST_AHEAD: Final = 5

OFFERS: Final[Mapping[Offer, str]] = {
    Offer.STOP: "Stop",
    Offer.CANCEL: "Cancel",
    Offer.HOLD: "Hold",
    Offer.RESUME: "Resume",
    Offer.REPLAY: "Replay",
    Offer.REVERT: "Revert",
    Offer.ADJUST: "Apply the adjusted patch",
}


def in_a_sentence(state: PatchState) -> str:
    return _STATES[state]


# What keeps it ---------------------------------------------------------------------------------
def obstacles(outlook: Outlook, ink: Ink, *, now: datetime) -> tuple[str, ...]:
    """Every condition that is not met, each a line; none: it is its turn."""
    found = outlook.obstacles
    lines = [_hold(found.hold, ink)] if found.hold else []
    lines += [_proposal(found.proposal, ink)] if found.proposal else []
    lines += [_dependency(each, ink) for each in found.waits_for]
    lines += [_companion(each, ink) for each in found.companions]
    lines += [_set_ahead(each, ink) for each in found.sets_ahead]
    lines += [closed(each, ink) for each in found.closed]
    if found.again_at is not None and found.again_at > now:
        lines.append(ink.say("It will be tried again at {at:when}.", at=found.again_at))
    if found.ahead:
        lines.append(_ahead(found.ahead, ink))
    return tuple(lines)


def _hold(hold: Hold, ink: Ink) -> str:
    why = " ({why:words})." if hold.why else "."
    return ink.say("Held by {by:words} since {since:when}" + why, by=hold.by, since=hold.since, why=hold.why)


def _proposal(proposal: Proposal, ink: Ink) -> str:
    return " ".join(
        ["Somebody else has to approve it.", *(explain(each, ink).what for each in proposal.reasons)]
    )


def _dependency(needed: Dependency, ink: Ink) -> str:
    said = f"Waits for {{id}} to land, which {_STATES[needed.state]}."
    if needed.state not in OPEN_STATES:
        said += " It never will: cancel this one, bring that one in again and this one after it."
    return ink.say(said, id=needed.patch)


def _companion(other: Companion, ink: Ink) -> str:
    kept = ", and something keeps it back" if other.kept and other.state is not PatchState.PROPOSED else ""
    said = f"Lands only together with {{domain:words}} (patch {{id}}), which {_STATES[other.state]}{kept}."
    return ink.say(said, domain=other.domain, id=other.patch)


def _set_ahead(set_id: str, ink: Ink) -> str:
    return ink.say("The set {id}, which shares a domain with its own, goes before it.", id=set_id)


def closed(each: Closed, ink: Ink) -> str:
    """How and why a domain, or the whole desk, lets nothing begin."""
    until = ink.say(" until {until:when}", until=each.until) if each.until else ""
    return ink.say(
        _CLOSED[each.closing],
        what=each.domain or "The desk",
        by=each.by or _BY_SETTINGS,
        since=each.since,
        until=until,
        why=each.why,
    )


def _ahead(ahead: tuple[str, ...], ink: Ink) -> str:
    shown = [ink.quote(id_) for id_ in ahead[:_MOST_AHEAD]]
    shown += [f"{len(ahead) - _MOST_AHEAD:,} more"] if len(ahead) > _MOST_AHEAD else []
    return f"Number {len(ahead) + 1:,} in line, behind {figures.joined(shown)}."


# When its turn may come ------------------------------------------------------------------------
def estimate(outlook: Outlook, ink: Ink) -> str:
    """How long until it begins, or why nobody can tell."""
    if outlook.unknown is not None:
        return explain(outlook.unknown, ink).what
    if not outlook.wait and outlook.obstacles.ahead:
        return "It begins as soon as what is before it has ended."
    if not outlook.wait:
        return "It begins as soon as a worker is free."
    return f"It begins in about {figures.duration(outlook.wait)}."


def in_line(outlook: Outlook, ink: Ink, *, now: datetime) -> str:
    """One line for a card: what keeps it most, or its place and when its turn may come."""
    conditions = obstacles(outlook, ink, now=now)
    if len(conditions) > bool(outlook.obstacles.ahead):
        left = len(conditions) - 1
        more = f" And {figures.counted(left, 'thing', 'things')} more; `why` says all." if left else ""
        return conditions[0] + more
    place = ink.say("Waiting, number {at:number} in line ({now:when}).", at=outlook.position, now=now)
    if not outlook.wait:
        return place
    begins = ink.say("It begins at about {at:when}.", at=_whole_minute(now + outlook.wait))
    return f"{place} {begins}"


def _whole_minute(moment: datetime) -> datetime:
    """The next one: a card stands for a while, and seconds would say more than anybody knows."""
    return moment.replace(second=0, microsecond=0) + timedelta(minutes=1)


# Who decided what ------------------------------------------------------------------------------
def _held(facts: Mapping[str, str]) -> str:
    return "{by:words} put it on hold ({why:words})." if facts.get("why") else "{by:words} put it on hold."


def _opened(facts: Mapping[str, str]) -> str:
    said = "{by:words} opened {domain:words} again; it is no longer {closing:words}"
    return said + (" ({why:words})." if facts.get("why") else ".")


def _frozen(facts: Mapping[str, str]) -> str:
    end = " until {until:when}" if facts.get("until") else ""
    return "{by:words} froze {domain:words}" + end + " ({why:words}). Only approved hotfixes begin."


def _on_duty(facts: Mapping[str, str]) -> str:
    end = " until {until:when}" if facts.get("until") else ""
    instead = " in place of {before:words}" if facts.get("before") else ""
    return "{by:words} is on call for {schedule:words}" + end + instead + "."


def _off_duty(facts: Mapping[str, str]) -> str:
    after = "{after:words} is" if facts.get("after") else "nobody is"
    return "{by:words} gave the duty of {schedule:words} back; now " + after + " on call."


def _rejected(facts: Mapping[str, str]) -> str:
    return (
        "{by:words} did not approve it ({why:words})."
        if facts.get("why")
        else "{by:words} did not approve it."
    )


_DEEDS: Final[Mapping[Deed, str | Callable[[Mapping[str, str]], str]]] = {
    Deed.STOPPING: "{by:words} stopped it; it ends within seconds.",
    Deed.CANCELLED: "{by:words} took it back.",
    Deed.HELD: _held,
    Deed.FREED: "{by:words} let it go on.",
    Deed.PRIORITISED: "{by:words} made its priority {priority:words}.",
    Deed.REPLAYED: "{by:words} replayed it as {patch}.",
    Deed.REVERTING: "{by:words} asked for it to be undone, as {patch}.",
    Deed.ADJUSTED: "{by:words} took the adjusted patch, as {patch}.",
    Deed.PAUSED: "{by:words} paused {domain:words} ({why:words}). Nothing begins until somebody resumes it.",
    Deed.DRAINING: "{by:words} lets {domain:words} run empty ({why:words}). New patches are refused.",
    Deed.FROZEN: _frozen,
    Deed.OPENED: _opened,
    Deed.ON_DUTY: _on_duty,
    Deed.OFF_DUTY: _off_duty,
    Deed.THAWED: "The freeze of {domain:words} is over ({why:words}).",
    Deed.HALTED: "{by:words} halted the desk ({why:words}). Nothing begins, and what runs is given back.",
    Deed.UNHALTED: "{by:words} let the desk go on.",
    Deed.APPROVED: "{by:words} approved it.",
    Deed.REJECTED: _rejected,
}


def deed(told: TellDeed, ink: Ink) -> str:
    said = _DEEDS[told.deed]
    template = said if isinstance(said, str) else said(told.facts)
    facts: dict[str, object] = dict(told.facts)
    if until := told.facts.get("until"):
        facts["until"] = datetime.fromisoformat(until)
    return ink.say(template, by=told.by or "The settings", **facts)
