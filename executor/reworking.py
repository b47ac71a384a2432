"""Runs commands on a candidate for what they make of its files: the candidate as they leave it."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from contracts.faults import Fault, Reason, fault
from contracts.gates import GateResult, GateSpec, Verdict, refusing
from contracts.patch import Changeset, Limits, Mutation, build_changeset, paths_of
from executor.candidate import Candidate
from executor.changeset.plan import plan
from executor.gates import Gating, not_reached, run_keeping
from executor.harvest import Wanted, harvest
from executor.regexes import Regexes
from executor.repository.bare import Repository
from executor.repository.commits import Description
from executor.workspace import Workspaces


@dataclass(frozen=True, slots=True)
class Command:
    """*spec* runs as a gate does; what it changes at the paths that are *wanted* is taken."""

    spec: GateSpec
    wanted: Wanted


@dataclass(frozen=True, slots=True)
class Reworked:
    """*candidate* as the commands that are named in *by* left it: *changes* has the last at each path.

    *untaken*: why what one of them left is not taken; nothing ran after it, and nothing of it all counts.
    """

    candidate: Candidate
    results: tuple[GateResult, ...] = ()
    by: tuple[str, ...] = ()
    changes: Mapping[str, Mutation] = field(default_factory=dict)
    untaken: Fault | None = None

    @property
    def paths(self) -> list[str]:
        return sorted(self.changes)


@dataclass(frozen=True, slots=True)
class Bench:
    """Where candidates of one patch are worked on, under the rules of *gating*."""

    repository: Repository
    description: Description
    gating: Gating
    workspaces: Workspaces
    limits: Limits
    clock: Callable[[], datetime]

    @property
    def kin(self) -> str:
        return str(self.repository.path)

    async def rework(self, candidate: Candidate, commands: Sequence[Command]) -> Reworked:
        """Run *commands* in their order, each on the files as the ones before left them, up to the first that
        does not succeed. Raises GitError and OSError where the desk cannot."""
        made = Reworked(candidate)
        for command in commands:
            made = await self._run(made, command)
            if made.untaken is not None:
                break
        return made

    async def check(self, candidate: Candidate, commands: Sequence[Command]) -> Reworked:
        """Run each of *commands* on exactly *candidate*, which stays as it is; *by* are those that would have
        changed it."""
        made = Reworked(candidate)
        for command in commands:
            ran = await self._run(made, command)
            by = made.by if ran.candidate == candidate and not ran.untaken else (*made.by, command.spec.name)
            made = replace(made, results=ran.results, by=by)
        return made

    async def _run(self, made: Reworked, command: Command) -> Reworked:
        """*made* and what *command* makes of it, unless one before it did not succeed."""
        if failed := refusing(made.results):
            return replace(made, results=(*made.results, not_reached(command.spec, failed.name)))
        tree = self.repository.tree(made.candidate.commit)
        async with (
            self.workspaces.laid_out(tree, kin=self.kin) as workspace,
            run_keeping(command.spec, self.gating, workspace) as (result, left),
        ):
            made = replace(made, results=(*made.results, result))
            if result.verdict is not Verdict.PASSED:
                return made
            if left is None:
                raise OSError(f"the sandbox did not hand out what {result.name} left")
            found = await harvest(left, self.repository, tree, self.limits, command.wanted)
        if found is None:
            return made
        return await self._taken(made, command.spec.name, found)

    async def _taken(self, made: Reworked, by: str, found: Changeset | Fault) -> Reworked:
        """*made* with what was *found*, as long as all of it together is within what one patch may do."""
        if isinstance(found, Fault):
            return replace(made, untaken=found)
        changes = {**made.changes, **{paths_of(each)[0]: each for each in found.mutations}}
        together = build_changeset(tuple(changes.values()), self.limits)
        if isinstance(together, Fault):
            return replace(made, untaken=together)
        amended = await self._amended(made.candidate, found)
        if isinstance(amended, Fault):
            return replace(made, untaken=amended)
        return replace(made, candidate=amended, by=(*made.by, by), changes=changes)

    async def _amended(self, candidate: Candidate, changes: Changeset) -> Candidate | Fault:
        """*changes* on *candidate*, as one commit on the same base, within what any patch may do."""
        tree = self.repository.tree(candidate.commit)
        regexes = Regexes(asyncio.get_running_loop())
        planned = await asyncio.to_thread(partial(plan, tree, changes, self.limits, regexes))
        if isinstance(planned, Fault):
            return planned

        def commit() -> Candidate:
            after = tree.graft(planned.edits)
            made = self.repository.write_commit(
                self.description, tree=after, parent=candidate.base, now=self.clock()
            )
            return replace(candidate, commit=made, files=self.repository.changes(made))

        amended = await asyncio.to_thread(commit)
        return amended if amended.files else fault(Reason.LEFT_NOTHING)
