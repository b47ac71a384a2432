"""The end of a patch: written once, counted, and passed on to those who waited for it."""

from typing import NamedTuple

from contracts.notices import on_progress
from contracts.outcome import Report
from contracts.states import PatchState
from executor.engine.sqlite.codec import report_to_json
from executor.engine.sqlite.outbox import letters, say
from executor.engine.sqlite.rulings import decision_of, note_ruling
from executor.engine.sqlite.sets import tell_sets
from executor.engine.sqlite.turns import promote_all
from executor.engine.sqlite.writer import Transaction

_END = """
INSERT INTO endings (seq, domain, ended_at, state, attempt, started_at, steps, report)
VALUES (:seq, :domain, :ended_at, :state, :attempt, :started_at, :steps, :report)"""
_TALLY = """
INSERT INTO tallies VALUES (:domain, :state, 1) ON CONFLICT (domain, state) DO UPDATE SET many = many + 1"""
_DEPENDENT = """
SELECT patches.id, cards.channel FROM dependencies JOIN lanes USING (seq) JOIN patches USING (seq)
LEFT JOIN cards ON cards.patch = patches.id WHERE needs = ? ORDER BY seq"""
_MET = """
UPDATE lanes SET unmet = unmet - 1
WHERE seq IN (SELECT seq FROM dependencies WHERE needs = ?) AND unmet > 0
RETURNING domain"""


class Ending(NamedTuple):
    seq: int
    domain: str
    state: PatchState
    attempt: int
    started_at: int
    ended_at: int
    steps: str
    report: str


def end(tx: Transaction, ending: Ending) -> None:
    """What waited for it to land may begin, or says on its card that it waits in vain. The lane itself has
    left it already."""
    tx.execute(_END, ending._asdict())
    tx.execute(_TALLY, {"domain": ending.domain, "state": ending.state})
    tell_sets(tx, ending.seq, ending.ended_at)
    if not (dependent := tx.execute(_DEPENDENT, (ending.seq,)).fetchall()):
        return
    said = [each for patch, channel in dependent for each in on_progress(patch, channel)]
    say(tx, letters(said, ending.ended_at))
    if ending.state is PatchState.LANDED:
        promote_all(tx, [domain for (domain,) in tx.execute(_MET, (ending.seq,)).fetchall()])


def take_out(tx: Transaction, seq: int, state: PatchState, report: Report, now: int) -> str:
    """End a patch that does not run; the domain whose lane it has left."""
    note_ruling(tx, seq, decision_of(state), now)
    domain, attempt = tx.execute(
        "DELETE FROM lanes WHERE seq = ? RETURNING domain, attempt", (seq,)
    ).fetchone()
    ended = Ending(seq, domain, state, attempt, now, now, steps="[]", report=report_to_json(report))
    end(tx, ended)
    return str(domain)
