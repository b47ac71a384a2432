"""The commit that would land: a plan for the base, confirmed by git, grafted onto the base's tree."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime

from contracts.faults import Fault
from contracts.outcome import FileChange
from contracts.patch import Changeset, Limits
from contracts.resolving import Resolving
from executor.changeset.plan import plan
from executor.confirmation import Confirmer
from executor.files import Edits
from executor.regexes import Regexes
from executor.repository.bare import Repository
from executor.repository.commits import Description


@dataclass(frozen=True, slots=True)
class Candidate:
    """*commit* stands on *base* and is named by no reference. *mended*: what was not taken as posted."""

    commit: str
    base: str
    files: tuple[FileChange, ...]
    mended: tuple[Fault, ...] = ()

    @property
    def changed(self) -> list[str]:
        """Every path that is not as it was; of a renamed file both."""
        return [path for file in self.files for path in (file.path, file.old_path) if path]


async def build(
    repository: Repository,
    changeset: Changeset,
    limits: Limits,
    description: Description,
    *,
    base: str,
    now: datetime,
    resolving: Resolving = Resolving(),  # noqa: B008 - frozen
) -> Candidate | Fault:
    """*changeset* as a commit on *base*. Raises GitError and OSError where the desk cannot."""
    confirmer = Confirmer(repository)
    regexes = Regexes(asyncio.get_running_loop())

    def built() -> Candidate | Fault:
        tree, history = repository.tree(base), repository.history(base)
        with confirmer.ready_for(changeset):
            planned = plan(tree, changeset, limits, regexes, history=history, resolving=resolving)
            if isinstance(planned, Fault):
                return planned
            confirmer.ask(planned.claims)
            # What the desk believes, named by no reference.
            made = _commit(repository, planned.edits, description, base=base, now=now)
            wrong = confirmer.answer()
        return wrong or replace(made, mended=planned.mended)

    try:
        return await asyncio.to_thread(built)
    except asyncio.CancelledError:
        confirmer.abandon()
        raise


def _commit(
    repository: Repository, edits: Edits, description: Description, *, base: str, now: datetime
) -> Candidate:
    tree = repository.tree(base).graft(edits)
    commit = repository.write_commit(description, tree=tree, parent=base, now=now)
    return Candidate(commit, base, repository.changes(commit))
