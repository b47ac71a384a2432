"""What a patch would be if its turn came now: the candidate, and nothing run, kept or landed."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path

from contracts.commands import Actor
from contracts.faults import Fault, Reason, fault
from contracts.gates import refusing
from contracts.outcome import Preview
from contracts.patch import Patch
from contracts.settings import Settings
from executor.boundary import Asking, Boundary, Passed
from executor.candidate import Candidate, build
from executor.changeset.plan import conflicts
from executor.credentials import check_credentials
from executor.gates import foresee, foresee_rework
from executor.git import GitError
from executor.offering import offered
from executor.regexes import Regexes
from executor.repository.bare import Origin, Repository, UnreachableError, opened
from executor.repository.commits import Description, Person
from executor.repository.history import SHALLOW


@dataclass(frozen=True, slots=True)
class Glass:
    """What previews are made in; *data* is the desk's folder."""

    settings: Settings
    data: Path

    async def preview(self, patch: Patch, actor: Actor, *, now: datetime) -> Preview:
        """Of *patch*, on the present tip of its domain's branch. Raises OSError where the machine cannot."""
        rules = self.settings.domains[patch.domain]
        try:
            async with self._copy(patch.domain) as (copy, origin):
                tip = await copy.fetch(origin, f"refs/heads/{rules.branch}", SHALLOW)
                if tip is None:
                    return Preview(rules.branch, faults=(fault(Reason.BRANCH_MISSING, branch=rules.branch),))
                return await self._on(copy, patch, actor, tip, now)
        except (GitError, UnreachableError) as error:
            return Preview(rules.branch, faults=(error.fault(),))

    @asynccontextmanager
    async def _copy(self, domain: str) -> AsyncIterator[tuple[Repository, Origin]]:
        """A copy to be thrown away: the desk may be at work on its own."""
        own = self.data / "repositories" / f"{domain}.git"
        address = self.settings.domains[domain].repository or str(own)
        with tempfile.TemporaryDirectory(prefix="patchdesk-preview-") as home:
            async with opened(Path(home), "preview", address) as copy:
                yield copy, Origin(address)

    async def _on(self, copy: Repository, patch: Patch, actor: Actor, base: str, now: datetime) -> Preview:
        rules, limits = self.settings.domains[patch.domain], self.settings.limits.limits()
        who = Person(actor.name, actor.email)
        said = Description("preview", patch.title, patch.body, "preview", who)
        resolving = rules.resolve.resolving()
        candidate = await build(copy, patch.changeset, limits, said, base=base, now=now, resolving=resolving)
        if isinstance(candidate, Fault):
            regexes = Regexes(asyncio.get_running_loop())
            tree = copy.tree(base)
            every = await asyncio.to_thread(
                partial(conflicts, tree, patch.changeset, limits, regexes, resolving=resolving)
            )
            return Preview(rules.branch, base, faults=every or (candidate,))
        if resolving.is_for_people(candidate.mended):
            return await self._offered(copy, candidate, rules.branch)
        judged = await asyncio.to_thread(Boundary(rules, patch).judge, copy, candidate)
        seen = Preview(rules.branch, base, copy.tree(candidate.commit).id, candidate.files)
        if isinstance(judged, Fault):
            return replace(seen, faults=(judged,))
        return await asyncio.to_thread(_judged, copy, patch, candidate, judged, seen)

    async def _offered(self, copy: Repository, candidate: Candidate, branch: str) -> Preview:
        """What would land, if somebody took the adjusted patch; what that is then judged by is not told."""
        offer = await offered(copy, candidate, candidate.mended, self.settings.limits.limits())
        seen = Preview(branch, candidate.base, copy.tree(candidate.commit).id, candidate.files)
        if isinstance(offer, Fault):
            return replace(seen, faults=(offer,))
        return replace(seen, faults=(fault(Reason.NEEDS_ADJUSTING),), offer=offer)


def _judged(
    copy: Repository, patch: Patch, candidate: Candidate, judged: Passed | Asking, seen: Preview
) -> Preview:
    demands = judged.demands
    before, after = copy.tree(candidate.base), copy.tree(candidate.commit)
    found = refusing(check_credentials(before, after, candidate.files, demands.credentials))
    hidden = judged.hidden if isinstance(judged, Asking) else None
    wrong = found.why if found else hidden
    return replace(
        seen,
        faults=(wrong,) if wrong else (),
        gates=foresee(demands, patch.commands, candidate.changed),
        approvals=judged.proposal.reasons if isinstance(judged, Asking) else (),
        reworked=foresee_rework(demands, patch.commands, candidate.changed),
    )
