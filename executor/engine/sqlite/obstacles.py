"""What keeps an open patch from running now."""

import sqlite3

from contracts.control import Closed, Closing, Dependency, Obstacles
from contracts.states import OPEN_STATES, PatchState
from executor.engine.sqlite.codec import STORED, from_time, from_time_if, stored_patch
from executor.engine.sqlite.turns import FREE

#: More are counted by nobody.
_MOST_AHEAD = 100
_ROW = (
    "SELECT seq, domain, state, due_at, hotfix FROM lanes WHERE seq = (SELECT seq FROM patches WHERE id = ?)"
)
_AHEAD = f"""
SELECT id FROM patches JOIN lanes USING (seq)
WHERE lanes.domain = :domain AND seq != :seq AND (state IN ('ready', 'running')
  OR ({FREE} AND (rank, seq) < (SELECT rank, seq FROM lanes WHERE seq = :seq)))
ORDER BY state NOT IN ('ready', 'running'), rank, seq LIMIT {_MOST_AHEAD}"""
_SINCE = """
SELECT started_at FROM lanes INDEXED BY lanes_head
WHERE state IN ('ready', 'running') AND state = 'running' AND domain = ?"""
_NEEDS = """
SELECT id, coalesce(lanes.state, endings.state) FROM dependencies JOIN patches ON patches.seq = needs
LEFT JOIN lanes ON lanes.seq = needs LEFT JOIN endings ON endings.seq = needs
WHERE dependencies.seq = ? ORDER BY needs"""
_CLOSED = "SELECT domain, closing, by, why, since, until FROM closed ORDER BY domain, closing"


def obstacles(patch: str, store: sqlite3.Connection) -> Obstacles | None:
    row = store.execute(_ROW, (patch,)).fetchone()
    if row is None:
        return None
    seq, domain, state, due_at, hotfix = row
    stored = stored_patch(store.execute(f"{STORED} WHERE patches.seq = ?", (seq,)).fetchone())
    needed = [Dependency(id_, PatchState(now)) for id_, now in store.execute(_NEEDS, (seq,))]
    ahead = store.execute(_AHEAD, {"domain": domain, "seq": seq}) if state == PatchState.WAITING else ()
    running = store.execute(_SINCE, (domain,)).fetchone() if state == PatchState.WAITING else None
    return Obstacles(
        ahead=tuple(id_ for (id_,) in ahead),
        head_since=from_time(running[0]) if running else None,
        hold=stored.hold,
        proposal=stored.proposal if state == PatchState.PROPOSED else None,
        waits_for=tuple(each for each in needed if each.state is not PatchState.LANDED),
        closed=tuple(
            each for each in closed(store) if each.domain in {None, domain} and _stops(each, hotfix=hotfix)
        ),
        again_at=from_time_if(due_at) if state in OPEN_STATES else None,
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
