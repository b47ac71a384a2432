"""The commit that would land: a plan for the base, confirmed by git, grafted onto the base's tree."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from contracts.faults import Fault, Reason, fault
from contracts.outcome import FileChange
from contracts.patch import Changeset, Limits
from contracts.resolving import Resolving
from executor.changeset.diffs import Claim
from executor.changeset.nearest import Near
from executor.changeset.plan import plan
from executor.files import Edits
from executor.git import GitError
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
    tree = await asyncio.to_thread(repository.tree, base)
    regexes = Regexes(asyncio.get_running_loop())
    history = repository.history(base)
    planned = await asyncio.to_thread(
        partial(plan, tree, changeset, limits, regexes, history=history, resolving=resolving)
    )
    if isinstance(planned, Fault):
        return planned
    for claim in planned.claims:
        if wrong := await _confirm(repository, claim):
            return wrong
    made = await asyncio.to_thread(
        partial(_commit, repository, planned.edits, description, base=base, now=now)
    )
    return replace(made, mended=tuple(each for claim in planned.claims for each in claim.mended))


def _commit(
    repository: Repository, edits: Edits, description: Description, *, base: str, now: datetime
) -> Candidate:
    tree = repository.tree(base).graft(edits)
    commit = repository.write_commit(description, tree=tree, parent=base, now=now)
    return Candidate(commit, base, repository.changes(commit))


async def _confirm(repository: Repository, claim: Claim) -> Fault | None:
    """What speaks against *claim*: git reads the diff otherwise, or makes something else of the files.

    The index holds the paths that the diff names and nothing else, which makes it as quick in a large
    repository as in a small one.
    """
    if not claim.body:
        return None
    index = repository.scratch / "index"
    await asyncio.to_thread(repository.write_index, index, claim.before)
    try:
        said = await repository.git.with_env(GIT_INDEX_FILE=str(index)).run(
            "apply", "--cached", "--whitespace=nowarn", "--numstat", "--apply", "-z", "-", stdin=claim.body
        )
    except GitError as error:
        if error.code is None:
            raise
        return Near(error.detail).fault(Reason.DIFF_DOES_NOT_APPLY, path=claim.names[0], hunk=1)
    applied = [line.split(b"\t", 2)[2].decode(errors="replace") for line in said.stdout.split(b"\0")[:-1]]
    made = await asyncio.to_thread(repository.read_index, index)
    if applied == list(claim.names) and made == {path: file for path, file in claim.after.items() if file}:
        return None
    return fault(Reason.DIFF_MISREAD, seen=" ".join(claim.names), applied=" ".join(applied))
