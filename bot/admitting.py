"""Whether new patches may enter their lanes, and after which others: what blocks say, against the rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter

from contracts.commands import Place
from contracts.control import Closed, Closing
from contracts.faults import Fault, Reason, Rejection, fault, nearest
from contracts.notices import Mark, NewDelivery, Reject
from contracts.ports import Ledger, NewPatch, Settlement
from contracts.records import PatchLine, Standing
from contracts.states import OPEN_STATES, PatchState

#: By the names that were used: the patches that are called so.
Known = Mapping[str, Sequence[PatchLine]]
#: By their ids those new patches of atomic sets whose content is there already.
Repeating = Mapping[str, Standing]


@dataclass(frozen=True, slots=True)
class Admitted:
    """*patches* with what they need, which stands before them. *refused* are blocks of the others."""

    patches: tuple[NewPatch, ...]
    refused: tuple[Rejection, ...]


async def admitted(settlement: Settlement, ledger: Ledger) -> Settlement:
    """*settlement* with the patches that may enter; the others are refused like blocks that are none."""
    if not settlement.patches:
        return settlement
    closed = await ledger.closed()
    names = {name for new in settlement.patches for name in new.patch.depends_on}
    known = {name: await ledger.named(name) for name in names}
    found = admit(settlement.patches, closed, known, await _repeating(settlement, ledger))
    if not found.refused:
        return replace(settlement, patches=found.patches)
    earlier = [each for told in settlement.told for each in _refused_in(told)]
    rejected = sorted((*earlier, *found.refused), key=lambda each: each.block)
    others = [told for told in settlement.told if not isinstance(told.notice, Reject | Mark)]
    return replace(
        settlement,
        patches=found.patches,
        rejected=settlement.rejected + len(found.refused),
        told=(*refusals(settlement.inbox_id, settlement.place, rejected), *others),
        refused=found.refused[0].faults[0],
    )


async def _repeating(settlement: Settlement, ledger: Ledger) -> Repeating:
    before = settlement.place if settlement.edited else None
    return {
        new.id: standing
        for new in settlement.patches
        if _is_atomic(new)
        and (standing := await ledger.standing(new.patch.domain, new.content, before)) is not None
    }


def refusals(inbox_id: int, place: Place, rejected: Sequence[Rejection]) -> tuple[NewDelivery, ...]:
    """One answer for all blocks. Where there is no channel (the command line), the row's count tells."""
    if not rejected or place.channel is None:
        return ()
    mark = (NewDelivery(Mark(inbox_id), place.channel),) if place.ts else ()
    return (*mark, NewDelivery(Reject(tuple(rejected)), place.channel, place.thread))


def _refused_in(told: NewDelivery) -> tuple[Rejection, ...]:
    return told.notice.rejections if isinstance(told.notice, Reject) else ()


def draining(domain: str, closed: Sequence[Closed]) -> Fault | None:
    """Why *domain* takes nothing new; None: it does."""
    for each in closed:
        if each.closing is Closing.DRAINING and each.domain in {None, domain}:
            return fault(Reason.DOMAIN_DRAINING, domain=domain, by=each.by, why=each.why)
    return None


# Deciding --------------------------------------------------------------------------------------
def admit(
    news: Sequence[NewPatch], closed: Sequence[Closed], known: Known, repeating: Repeating | None = None
) -> Admitted:
    """Which of *news* may enter. One that depends on one that may not is refused with it.

    Of an atomic set all may or none. Content that is open already is no news, so it keeps such a set out; but
    one that an edited message has brought whole before is passed over by the store.
    """
    wrong: dict[str, Fault] = {}
    for new in news:
        if (drained := draining(new.patch.domain, closed)) is not None:
            wrong[new.id] = drained
    while True:
        wrong |= _with_their_sets(news, wrong)
        left = [new for new in news if new.id not in wrong]
        found = _unmet(left, known) or _circling(left) or _repeated(left, repeating or {})
        if not found:
            return Admitted(_in_order([_needing(new, left, known) for new in left]), _rejections(news, wrong))
        wrong |= found


def _unmet(news: Sequence[NewPatch], known: Known) -> dict[str, Fault]:
    """Of each patch the first dependency that there is not, or that will never land."""
    found: dict[str, Fault] = {}
    for new in news:
        for name in new.patch.depends_on:
            if why := _missing(name, news, known):
                found.setdefault(new.id, why)
    return found


def _missing(name: str, news: Sequence[NewPatch], known: Known) -> Fault | None:
    if _called(name, news):
        return None
    if not known[name]:
        labels = [new.patch.label for new in news if new.patch.label]
        return fault(Reason.UNKNOWN_DEPENDENCY, name=name, suggestion=nearest(name, labels))
    for line in known[name]:
        if line.state not in OPEN_STATES and line.state is not PatchState.LANDED:
            return fault(Reason.DEPENDENCY_OVER, name=name, id=line.id, state=line.state)
    return None


# Sets ------------------------------------------------------------------------------------------
def kept_whole(domains: Iterable[str]) -> Fault:
    """Why an atomic set does not enter whose parts for *domains* may not."""
    return fault(Reason.SET_KEPT_WHOLE, domains=", ".join(domains))


def _is_atomic(new: NewPatch) -> bool:
    return new.patch.together is not None and new.patch.together.atomic


def _with_their_sets(news: Sequence[NewPatch], wrong: Mapping[str, Fault]) -> dict[str, Fault]:
    """The other patches of atomic sets of which one is *wrong*."""
    out: dict[str | None, list[str]] = {}
    for new in news:
        if new.id in wrong and _is_atomic(new):
            out.setdefault(new.set_id, []).append(new.patch.domain)
    return {
        new.id: kept_whole(out[new.set_id])
        for new in news
        if new.id not in wrong and _is_atomic(new) and new.set_id in out
    }


def _repeated(news: Sequence[NewPatch], repeating: Repeating) -> dict[str, Fault]:
    """Patches of atomic sets whose content is there already, or comes with an earlier block."""
    found: dict[str, Fault] = {}
    blocks: dict[tuple[str, str], int] = {}
    for new in news:
        block = blocks.setdefault((new.patch.domain, new.content), new.patch.block)
        if not _is_atomic(new) or _is_old(new.set_id, news, repeating):
            continue
        if (standing := repeating.get(new.id)) is not None and standing.twin is not None:
            found[new.id] = fault(Reason.SET_TWIN, domain=new.patch.domain, id=standing.twin)
        elif standing is not None:
            found[new.id] = fault(Reason.SET_BROUGHT, domain=new.patch.domain)
        elif block != new.patch.block:
            found[new.id] = fault(Reason.SET_REPEATS, domain=new.patch.domain, block=block)
    return found


def _is_old(set_id: str | None, news: Sequence[NewPatch], repeating: Repeating) -> bool:
    """Whether the message has brought all of it before."""
    return all(new.id in repeating and repeating[new.id].brought for new in news if new.set_id == set_id)


# Dependencies ----------------------------------------------------------------------------------
def _called(name: str, news: Sequence[NewPatch]) -> list[str]:
    return [new.id for new in news if new.patch.label == name]


def _needing(new: NewPatch, news: Sequence[NewPatch], known: Known) -> NewPatch:
    needs = [
        id_
        for name in new.patch.depends_on
        for id_ in (_called(name, news) or [line.id for line in known[name]])
    ]
    return replace(new, needs=tuple(dict.fromkeys(needs)))


def _graph(news: Sequence[NewPatch]) -> dict[str, list[str]]:
    return {new.id: [id_ for name in new.patch.depends_on for id_ in _called(name, news)] for new in news}


def _circling(news: Sequence[NewPatch]) -> dict[str, Fault]:
    """The patches of one circle, if there is one."""
    try:
        TopologicalSorter(_graph(news)).prepare()
    except CycleError as error:
        circle: list[str] = error.args[1][::-1]
    else:
        return {}
    names = {new.id: new.patch.label or f"block {new.patch.block}" for new in news}
    why = fault(Reason.DEPENDENCY_CYCLE, cycle=" needs ".join(names[id_] for id_ in circle))
    return dict.fromkeys(circle, why)


def _in_order(news: Sequence[NewPatch]) -> tuple[NewPatch, ...]:
    """What is needed before what needs it, and else as they came."""
    left, ordered = list(news), list[NewPatch]()
    while left:
        open_ids = {new.id for new in left}
        first = next(new for new in left if not open_ids.intersection(new.needs))
        left.remove(first)
        ordered.append(first)
    return tuple(ordered)


def _rejections(news: Sequence[NewPatch], wrong: Mapping[str, Fault]) -> tuple[Rejection, ...]:
    """By block: one that is for several domains can be refused for each."""
    blocks: dict[int, list[Fault]] = {}
    for new in news:
        why = wrong.get(new.id)
        if why is not None and why not in blocks.setdefault(new.patch.block, []):
            blocks[new.patch.block].append(why)
    for block, faults in blocks.items():
        entering = [new.patch.domain for new in news if new.patch.block == block and new.id not in wrong]
        if entering:
            faults.append(fault(Reason.SET_IN_PART, domains=", ".join(entering)))
    return tuple(Rejection(block, tuple(faults)) for block, faults in blocks.items())
