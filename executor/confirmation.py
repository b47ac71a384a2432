"""Git's own reading of a diff beside the desk's: both see the same files, and make the same of them.

Starting git takes longer than all that it is asked. So it is started before there is a question, and asked
while the desk writes its objects.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

from contracts.faults import Fault, Reason, fault
from contracts.patch import Changeset, Diff
from executor.changeset.diffs import Claim
from executor.changeset.nearest import Near
from executor.git import GitError, Launched
from executor.process import Exited
from executor.repository.bare import Repository
from executor.repository.objects import entries, read_index


class Confirmer:
    """Has each claim of a changeset carried out by a git of its own, the first of which waits for it.

    An index holds the paths that a diff names and nothing else, which makes it as quick in a large
    repository as in a small one.
    """

    def __init__(self, repository: Repository, first: Launched | None) -> None:
        self._repository = repository
        self._first = first

    def prepare(self, claims: Sequence[Claim]) -> None:
        """Lay out what was there before each of *claims*. Blocks."""
        for number, claim in enumerate(claims):
            self._repository.write_index(_index(self._repository, number), claim.before)

    async def ask(self, claims: Sequence[Claim]) -> None:
        """Put the first of *claims*, which are prepared. Git is at it while its caller does other things."""
        if self._first is not None and claims:
            await self._first.feed(claims[0].body)

    async def answer(self, claims: Sequence[Claim]) -> Fault | None:
        """What speaks against *claims*: git reads a diff otherwise, or makes something else of the files.

        Raises GitError if git could not say.
        """
        for number, claim in enumerate(claims):
            if claim.body and (wrong := await self._answer(number, claim)):
                return wrong
        return None

    async def _answer(self, number: int, claim: Claim) -> Fault | None:
        try:
            said = await self._apply(number, claim.body)
        except GitError as error:
            if error.code is None:
                raise
            return Near(error.detail).fault(Reason.DIFF_DOES_NOT_APPLY, path=claim.names[0], hunk=1)
        applied = [line.split(b"\t", 2)[2].decode(errors="replace") for line in said.stdout.split(b"\0")[:-1]]
        same = await asyncio.to_thread(self._made_the_same, number, claim)
        if applied == list(claim.names) and same:
            return None
        return fault(Reason.DIFF_MISREAD, seen=" ".join(claim.names), applied=" ".join(applied))

    async def _apply(self, number: int, body: bytes) -> Exited:
        if number == 0 and self._first is not None:
            return await self._first.ended()
        async with _launched(self._repository, number) as git:
            await git.feed(body)
            return await git.ended()

    def _made_the_same(self, number: int, claim: Claim) -> bool:
        return read_index(_index(self._repository, number)) == entries(claim.after)


@asynccontextmanager
async def confirming(repository: Repository, changeset: Changeset) -> AsyncIterator[Confirmer]:
    """For one attempt at *changeset*; nobody else may work in the *repository* meanwhile."""
    if not any(isinstance(mutation, Diff) for mutation in changeset.mutations):
        yield Confirmer(repository, None)
        return
    async with _launched(repository, 0) as git:
        yield Confirmer(repository, git)


def _launched(repository: Repository, number: int) -> AbstractAsyncContextManager[Launched]:
    # It opens its index once it has read the diff.
    git = repository.git.with_env(GIT_INDEX_FILE=str(_index(repository, number)))
    return git.launched("apply", "--cached", "--whitespace=nowarn", "--numstat", "--apply", "-z", "-")


def _index(repository: Repository, number: int) -> Path:
    return repository.scratch / f"index-{number}"
