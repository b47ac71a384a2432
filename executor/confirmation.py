"""Git's own reading of a diff beside the desk's: both see the same files, and make the same of them.

Starting git takes longer than all that it is asked. So it is started before there is a question, and asked
while the desk writes its objects.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from contracts.faults import Fault, Reason, fault
from contracts.patch import Changeset, Diff
from executor.changeset.diffs import Claim
from executor.changeset.nearest import Near
from executor.git import GitError, Standby
from executor.repository.bare import Repository
from executor.repository.objects import entries, read_index


class Confirmer:
    """Has what diffs claim carried out by git, one after the other. It blocks, but for `abandon`.

    Git's index holds the paths that a diff names and nothing else, which makes it as quick in a large
    repository as in a small one. Nobody else may work in the *repository* meanwhile.
    """

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self._index = repository.scratch / "index"
        self._git: Standby | None = None
        self._claims: list[Claim] = []
        self._abandoned = False

    @contextmanager
    def ready_for(self, changeset: Changeset) -> Iterator[None]:
        """Have git come up if there will be something to ask; none is left at the end. Raises GitError."""
        try:
            if any(isinstance(mutation, Diff) for mutation in changeset.mutations):
                self._start()
            yield
        finally:
            self._end()

    def abandon(self) -> None:
        """For another thread: nobody waits for the answer any more."""
        self._abandoned = True
        if (git := self._git) is not None:
            git.kill()

    def ask(self, claims: Sequence[Claim]) -> None:
        """Put *claims*; git is at the first of them while its caller does other things."""
        self._claims = [claim for claim in claims if claim.body]
        if self._claims and self._git is not None:
            self._put(self._claims[0], self._git)

    def answer(self) -> Fault | None:
        """What speaks against the claims: git reads a diff otherwise, or makes something else of the files.

        Raises GitError if git could not say.
        """
        for claim in self._claims:
            git = self._git
            if git is None:
                git = self._start()
                self._put(claim, git)
            if wrong := self._judge(claim, git):
                return wrong
            self._end()
        return None

    def _start(self) -> Standby:
        apply = ("apply", "--cached", "--whitespace=nowarn", "--numstat", "--apply", "-z", "-")
        self._git = self._repository.git.with_env(GIT_INDEX_FILE=str(self._index)).standby(*apply)
        if self._abandoned:
            self._git.kill()
        return self._git

    def _end(self) -> None:
        git, self._git = self._git, None
        if git is not None:
            git.close()

    def _put(self, claim: Claim, git: Standby) -> None:
        # Git looks at its index only once it has read the diff.
        self._repository.write_index(self._index, claim.before)
        git.feed(claim.body)

    def _judge(self, claim: Claim, git: Standby) -> Fault | None:
        try:
            said = git.ended()
        except GitError as error:
            if error.code is None or error.code < 0:
                raise  # somebody ended it, and it has said nothing about the diff
            return Near(error.detail).fault(Reason.DIFF_DOES_NOT_APPLY, path=claim.names[0], hunk=1)
        applied = [line.split(b"\t", 2)[2].decode(errors="replace") for line in said.stdout.split(b"\0")[:-1]]
        if applied == list(claim.names) and read_index(self._index) == entries(claim.after):
            return None
        return fault(Reason.DIFF_MISREAD, seen=" ".join(claim.names), applied=" ".join(applied))
