"""What is said of patches that were asked for together."""

from collections.abc import Mapping
from typing import Final

from bot.delivery.wording import figures, patches, waiting
from bot.delivery.wording.ink import Ink
from contracts.faults import Reason
from contracts.gates import Verdict
from contracts.records import PatchSet, StoredPatch
from contracts.states import OPEN_STATES, PatchState

STOP_ALL: Final = "Stop all"
_ATOMIC: Final = "lands in all of them or in none"
#: Where open members stand, in the order in which they are counted.
_COUNTED: Final[Mapping[PatchState, str]] = {
    PatchState.RUNNING: "running",
    PatchState.PREPARED: "ready",
    PatchState.READY: "next",
    PatchState.WAITING: "waiting",
    PatchState.PROPOSED: "to be approved",
}
_NOT_LANDED: Final = "not landed"
_NOT_QUEUED: Final = "not queued"


def title(found: PatchSet, ink: Ink) -> str:
    return patches.title(found.first.patch, ink)


def headline(found: PatchSet, ink: Ink) -> str:
    """How many landed; then how the others stand, or once all is over, whose fault it was."""
    many, landed = len(found.domains), _count(found, PatchState.LANDED)
    if landed == many:
        return ink.strong(f"All {many:,} landed.")
    counted = f"{landed:,} of {many:,} landed" if landed or found.open else "Nothing landed"
    more = f"{', '.join(_others(found))}." if found.open else f"{figures.joined(_blame(found, ink))}."
    return f"{ink.strong(counted)}: {more}"


def _others(found: PatchSet) -> list[str]:
    """How many are where, of those that have not landed."""
    parts = [f"{count:,} {name}" for state, name in _COUNTED.items() if (count := _count(found, state))]
    lost = sum(member.state not in OPEN_STATES | {PatchState.LANDED} for member in found.members)
    parts += [f"{lost:,} {_NOT_LANDED}"] if lost else []
    missing = len(_left_out(found))
    return [*parts, *([f"{missing:,} {_NOT_QUEUED}"] if missing else [])]


def _count(found: PatchSet, state: PatchState) -> int:
    return sum(member.state is state for member in found.members)


def _blame(found: PatchSet, ink: Ink) -> list[str]:
    """Those that did not land by themselves, not because another did not."""
    parts = [
        f"{ink.words(member.patch.domain)} {_how(member)}"
        for member in found.members
        if member.state is not PatchState.LANDED and not _is_along(member)
    ]
    return parts + [f"{ink.words(domain)} was {_NOT_QUEUED}" for domain in _left_out(found)]


def _how(member: StoredPatch) -> str:
    gates = member.report.gates if member.report else ()
    if member.state is PatchState.FAILED and any(
        gate.required and gate.verdict > Verdict.SKIPPED for gate in gates
    ):
        return "did not pass its gates"
    return waiting.in_a_sentence(member.state)


def _is_along(member: StoredPatch) -> bool:
    """Whether it only ended because another of its set did."""
    why = member.report.fault if member.report else None
    return why is not None and why.reason is Reason.SET_BROKEN


def _left_out(found: PatchSet) -> list[str]:
    entered = {member.patch.domain for member in found.members}
    return [domain for domain in found.domains if domain not in entered]


def in_part(found: PatchSet, ink: Ink) -> tuple[str, ...]:
    """Of an atomic set that is over and did not land whole: why that can be, and what undoes what landed."""
    landed = [member.id for member in found.members if member.state is PatchState.LANDED]
    if not found.atomic or found.open or len(landed) in (0, len(found.domains)):
        return ()
    undoing = figures.joined([ink.quote(f"revert {id_}") for id_ in landed], "and")
    why = "All had passed their gates, but what came in between kept some from landing."
    return (f"{why} To undo what landed: {undoing}.",)


def lines(found: PatchSet, ink: Ink, *, links: Mapping[str, str | None]) -> tuple[str, ...]:
    """One for each domain. *links*: by id of a patch the address of its card."""
    members = {member.patch.domain: member for member in found.members}
    return tuple(
        line(found, members[domain], ink, link=links.get(members[domain].id))
        if domain in members
        else f"{ink.strong(ink.words(domain))} · {_NOT_QUEUED}"
        for domain in found.domains
    )


def line(found: PatchSet, member: StoredPatch, ink: Ink, *, link: str | None) -> str:
    """`web · landed as 1a2b3c4 · patch k3v9x2ab`."""
    name = ink.say("patch {id}", id=member.id)
    parts = [
        ink.strong(ink.words(member.patch.domain)),
        _state(member, ink),
        ink.link(name, link) if link else name,
    ]
    if member.inbox_id != found.inbox_id:
        parts.append("was there before")
    return " · ".join(parts)


def _state(member: StoredPatch, ink: Ink) -> str:
    commit = member.report.commit if member.report else None
    if member.state is PatchState.LANDED and commit is not None:
        return ink.say("landed as {commit:commit}", commit=commit)
    if member.state is PatchState.PREPARED:
        return "ready, waits for the others"
    if member.state is PatchState.WAITING and member.hold is not None:
        return ink.say("on hold by {by:words}", by=member.hold.by)
    name = patches.STATE_NAMES[member.state]
    if member.state in OPEN_STATES or member.state is PatchState.LANDED:
        return name
    return f"{name}: {patches.reason(member, ink).what}"


def origin(found: PatchSet, ink: Ink, *, who: str) -> str:
    """`set k3v9x2ab · from Ada · lands in all of them or in none`. *who* is inked."""
    parts = [ink.say("set {id}", id=found.id)]
    if found.first.patch.label:
        parts.append(ink.say("called {label}", label=found.first.patch.label))
    parts.append(f"from {who}")
    parts += [_ATOMIC] if found.atomic else []
    return " · ".join(parts)
