"""What a candidate is offered as, where it is not what was posted: its diff, for somebody to take."""

from collections.abc import Sequence

from contracts.faults import Fault, Reason, fault
from contracts.formats.adjusted import changeset_of
from contracts.outcome import Offer
from contracts.patch import Limits
from contracts.secrets import hides
from executor.candidate import Candidate
from executor.repository.bare import Repository


async def offered(
    repository: Repository, candidate: Candidate, steps: Sequence[Fault], limits: Limits
) -> Offer | Fault:
    """*candidate* as an adjusted patch, to which *steps* led; or why nobody could post such a patch, or would
    see what it is.

    Raises GitError where git cannot say what it changes.
    """
    said = await repository.git.run(
        "diff-tree",
        "-p",
        "--binary",
        "--full-index",
        "--no-ext-diff",
        "--no-textconv",
        candidate.base,
        candidate.commit,
    )
    if hides(said.stdout.decode(errors="replace")):
        return fault(Reason.OFFER_HIDDEN)
    read = changeset_of(said.stdout, limits)
    return read if isinstance(read, Fault) else Offer(said.stdout, tuple(steps))
