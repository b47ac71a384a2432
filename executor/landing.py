"""Moves ONE branch from the commit a candidate stands on to the candidate, or not at all.

Where the domain has an origin, the branch is the one there, and the move is a push with a lease; else
it is the branch of the desk's own repository. See docs/decisions/0004-the-push-is-the-swap.md.
"""

import asyncio
import re
from dataclasses import dataclass

from contracts.faults import Fault, Reason, fault
from executor.candidate import Candidate
from executor.git import REMOTE, GitError, last_words
from executor.repository.bare import Origin, Repository, UnreachableError


@dataclass(frozen=True, slots=True)
class Landed:
    """*pushed_to* is the origin, without credentials; None: the desk's own repository."""

    pushed_to: str | None


@dataclass(frozen=True, slots=True)
class Moved:
    """The branch is no longer where it was."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The repository does not take the candidate, now or later."""

    fault: Fault


Landing = Landed | Moved | Refused

#: git-push(1), "OUTPUT", with --porcelain: flag, tab, from:to, tab, [summary] (reason).
_REFUSAL = re.compile(r"^!\t[^\t]*\t\[(?P<summary>[^\]]*)\](?: \((?P<reason>.*)\))?$", re.MULTILINE)
_CHECKED_OUT = "branch is currently checked out"
#: What a receiving git says when another push was quicker between its advertisement and its update.
_RACE = re.compile(r"failed to update ref|failed to lock|cannot lock ref|incorrect old value|already exists")


async def land(repository: Repository, branch: str, candidate: Candidate) -> Landing:
    """Raises UnreachableError, GitError or OSError where nobody can say, or where it may yet work."""
    if repository.origin is None:
        return await _move(repository, branch, candidate)
    await asyncio.to_thread(repository.sync)
    return await _push(repository, repository.origin, branch, candidate)


async def _move(repository: Repository, branch: str, candidate: Candidate) -> Landing:
    ref = f"refs/heads/{branch}"
    if found := await asyncio.to_thread(_swap, repository, branch, candidate):
        return found
    # Somebody has the reference's lock, or it is elsewhere: git waits for the one and names the other.
    try:
        await repository.git.run("update-ref", ref, candidate.commit, candidate.base)
    except GitError:
        if repository.resolve(ref) != candidate.base:
            return Moved()
        raise
    await asyncio.to_thread(repository.sync)
    return Landed(None)


def _swap(repository: Repository, branch: str, candidate: Candidate) -> Landed | Refused | None:
    repository.sync()
    if repository.checked_out(branch):
        return Refused(fault(Reason.BRANCH_CHECKED_OUT, branch=branch))
    if not repository.swap(f"refs/heads/{branch}", candidate.commit, base=candidate.base):
        return None
    # Once more, now for the reference: nobody may hear of a landing that a power cut can undo.
    repository.sync()
    return Landed(None)


async def _push(repository: Repository, origin: Origin, branch: str, candidate: Candidate) -> Landing:
    ref = f"refs/heads/{branch}"
    options = ["--porcelain", "--no-verify", "--no-follow-tags", f"--force-with-lease={ref}:{candidate.base}"]
    if origin.folder is not None:
        # Whatever the folder's configuration says: nothing moves under somebody's working copy.
        options.append("--receive-pack=git -c receive.denyCurrentBranch=refuse receive-pack")
    try:
        said = await repository.git.run(
            "push", *options, "--", origin.address, f"{candidate.commit}:{ref}", codes=(0, 1), within=REMOTE
        )
    except GitError as error:
        return await _look_again(repository, origin, branch, candidate, error.detail)
    if not said.code:
        return Landed(origin.shown)
    refusal = _REFUSAL.search(said.stdout.decode(errors="replace"))
    words = last_words(said.stderr)
    if refusal is None or refusal["summary"] not in {"rejected", "remote rejected"}:
        return await _look_again(repository, origin, branch, candidate, words)
    if refusal["summary"] == "rejected":
        return Moved()
    return _refused(branch, refusal["reason"] or "", words) or await _look_again(
        repository, origin, branch, candidate, words
    )


def _refused(branch: str, reason: str, words: str) -> Refused | None:
    """The origin's no; None if it only means that somebody else was quicker."""
    if _CHECKED_OUT in reason:
        return Refused(fault(Reason.BRANCH_CHECKED_OUT, branch=branch))
    if _RACE.search(reason):
        return None
    said = [line.removeprefix("remote:").strip() for line in words.splitlines() if line.startswith("remote:")]
    detail = ": ".join(part for part in (reason, " ".join(filter(None, said))) if part)
    return Refused(fault(Reason.PUSH_REFUSED, branch=branch, detail=detail))


async def _look_again(
    repository: Repository, origin: Origin, branch: str, candidate: Candidate, words: str
) -> Landing:
    """The answer was lost or says nothing: what does the branch say? Pushing again would not find out."""
    tip = await repository.tip(branch)
    if isinstance(tip, Fault):
        return Refused(tip)
    if await asyncio.to_thread(repository.contains, tip, candidate.commit):
        return Landed(origin.shown)
    if tip != candidate.base:
        return Moved()
    raise UnreachableError(words)
