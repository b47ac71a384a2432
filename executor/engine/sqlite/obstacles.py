"""What keeps an open patch from running now."""

import json
import sqlite3
from collections.abc import Sequence
from itertools import islice, takewhile

from contracts.control import Closed, Closing, Companion, Dependency, Obstacles
from contracts.states import OPEN_STATES, PatchState
from executor.engine.sqlite.bonds import Bond, ahead_of, bonds
from executor.engine.sqlite.codec import STORED, from_time, from_time_if, stored_patch
from executor.engine.sqlite.turns import FREE, HEADS, InLine, in_turn

#: More are counted by nobody.
_MOST_AHEAD = 100
_ROW = """
SELECT seq, domain, state, due_at, hotfix, bound FROM lanes
WHERE seq = (SELECT seq FROM patches WHERE id = ?)"""
_FIRST = "(cleared OR bound IN (SELECT value FROM json_each(:begun)))"
_PLACE = f"iif({_FIRST}, -1, rank)"
_HEAD = f"SELECT id FROM patches WHERE seq IN (SELECT seq FROM {HEADS} AND domain = :domain)"
_IN_LINE = f"""
SELECT seq, {_PLACE} AS place, passed FROM lanes
WHERE domain = :domain AND (seq = :seq OR (state = 'waiting' AND cleared)
  OR ({FREE} AND coalesce(bound NOT IN (SELECT value FROM json_each(:kept)), TRUE)))"""
#: More than are counted, so that the patch itself is one of them.
_BY_PLACE = f"{_IN_LINE} ORDER BY place, seq LIMIT {_MOST_AHEAD + 1}"
_BY_AGE = f"{_IN_LINE} ORDER BY seq LIMIT {_MOST_AHEAD + 1}"
# Of a patch that runs; one that has prepared its part of a set holds the head too, and takes no time.
_SINCE = f"SELECT started_at FROM {HEADS} AND state = 'running' AND domain = ?"
_NEEDS = """
SELECT id, coalesce(lanes.state, endings.state) FROM dependencies JOIN patches ON patches.seq = needs
LEFT JOIN lanes ON lanes.seq = needs LEFT JOIN endings ON endings.seq = needs
WHERE dependencies.seq = ? ORDER BY needs"""
_CLOSED = "SELECT domain, closing, by, why, since, until FROM closed ORDER BY domain, closing"


def obstacles(patch: str, store: sqlite3.Connection) -> Obstacles | None:
    row = store.execute(_ROW, (patch,)).fetchone()
    if row is None:
        return None
    seq, domain, state, due_at, hotfix, bound = row
    stored = stored_patch(store.execute(f"{STORED} WHERE patches.seq = ?", (seq,)).fetchone())
    needed = [Dependency(id_, PatchState(now)) for id_, now in store.execute(_NEEDS, (seq,))]
    found = bonds(store)
    own = next((bond for bond in found if bond.set_id == bound), None)
    ahead = _ahead(found, domain, seq, store) if state == PatchState.WAITING else ()
    running = store.execute(_SINCE, (domain,)).fetchone() if state == PatchState.WAITING else None
    return Obstacles(
        ahead=ahead,
        head_since=from_time(running[0]) if running else None,
        hold=stored.hold,
        proposal=stored.proposal if state == PatchState.PROPOSED else None,
        waits_for=tuple(each for each in needed if each.state is not PatchState.LANDED),
        closed=tuple(
            each for each in closed(store) if each.domain in {None, domain} and _stops(each, hotfix=hotfix)
        ),
        again_at=from_time_if(due_at) if state in OPEN_STATES else None,
        companions=_companions(own, seq, store) if own else (),
        sets_ahead=tuple(each.set_id for each in ahead_of(own, found)) if own and not own.is_begun else (),
    )


def _ahead(found: Sequence[Bond], domain: str, seq: int, store: sqlite3.Connection) -> tuple[str, ...]:
    """Those of a set that has begun go before everybody, those of one that is kept back before nobody."""
    asked = {
        "domain": domain,
        "seq": seq,
        "begun": json.dumps([bond.set_id for bond in found if bond.is_begun and not bond.is_kept]),
        "kept": json.dumps([bond.set_id for bond in found if bond.is_kept]),
    }
    head = [id_ for (id_,) in store.execute(_HEAD, asked)]
    waiting = {InLine(*row) for wanted in (_BY_PLACE, _BY_AGE) for row in store.execute(wanted, asked)}
    before = islice(takewhile(lambda each: each != seq, in_turn(waiting)), _MOST_AHEAD - len(head))
    ids = (store.execute("SELECT id FROM patches WHERE seq = ?", (each,)).fetchone()[0] for each in before)
    return (*head, *ids)


def _companions(bond: Bond, seq: int, store: sqlite3.Connection) -> tuple[Companion, ...]:
    others = [each for each in bond.members if each.seq != seq]
    ids = {each.seq: store.execute("SELECT id FROM patches WHERE seq = ?", (each.seq,)) for each in others}
    return tuple(
        Companion(ids[each.seq].fetchone()[0], each.domain, each.state, each.kept)
        for each in others
        if each.kept or each.state is not PatchState.PREPARED
    )


def _stops(closed: Closed, *, hotfix: bool) -> bool:
    match closed.closing:
        case Closing.PAUSED | Closing.HALTED:
            return True
        case Closing.FROZEN:
            return not hotfix
        case Closing.DRAINING:
            return False


def closed(store: sqlite3.Connection) -> tuple[Closed, ...]:
    return tuple(
        Closed(domain or None, Closing(closing), by, why, from_time(since), from_time_if(until))
        for domain, closing, by, why, since, until in store.execute(_CLOSED)
    )
