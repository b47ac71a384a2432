"""Whether a candidate that passed in an earlier attempt may land as it is: the same base, the same rules."""

import asyncio

from contracts.outcome import Prepared
from executor.candidate import Candidate
from executor.trial import Trial


async def judged_by(trial: Trial, candidate: Candidate) -> str:
    """All that *candidate* was judged by. Equal words, equal verdict; empty: the rules cannot be read."""
    if trial.boundary is None:
        raise ValueError("nothing is demanded of a rehearsal")
    bound = await asyncio.to_thread(trial.boundary.bound, trial.repository, candidate)
    return f"{bound} at level {trial.gating.min_level}" if bound else ""


async def still_stands(trial: Trial, prepared: Prepared | None, *, tip: str) -> Candidate | None:
    """What was prepared, noted in the journal as if its gates had run now; None: it has to be made anew."""
    if prepared is None or prepared.report.commit is None or prepared.report.base != tip:
        return None
    report = prepared.report
    candidate = Candidate(prepared.report.commit, tip, report.files, report.resolutions)
    if not trial.repository.has(candidate.commit) or await judged_by(trial, candidate) != prepared.under:
        return None
    trial.journal.note(
        base=tip,
        commit=candidate.commit,
        files=report.files,
        gates=report.gates,
        approved=report.approved,
        resolutions=report.resolutions,
        reused=True,
    )
    return candidate
