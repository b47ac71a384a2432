"""A candidate's way through the gates, and what programs may make of it there.

The patch's own shell lists and the domain's repair commands may change files; then there is another
candidate, and all gates look at that. Each of the two happens once: three times through the gates at most.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace

from contracts.faults import Fault, Reason, fault
from contracts.gates import GateResult, Reach, refusing
from contracts.outcome import Offer, Step
from contracts.resolving import Mending
from executor.candidate import Candidate
from executor.credentials import check_credentials
from executor.gates import Gating, concerns, not_reached, run_gates
from executor.harvest import Wanted
from executor.offering import offered
from executor.reworking import Bench, Command, Reworked

#: Why what programs made at these paths of the candidate may not go on.
Admit = Callable[[Candidate, Sequence[str]], Fault | None]


#: Characters of what a command said at last.
_MOST_SAID = 200


@dataclass(frozen=True, slots=True)
class Tried:
    """*results* are of exactly *candidate*, and *steps* made it of the patch. *fault* None: it may land.

    *captured*: it has what the patch's own shell lists changed. *offer* is what would pass instead.
    """

    candidate: Candidate
    results: tuple[GateResult, ...]
    steps: tuple[Fault, ...] = ()
    fault: Fault | None = None
    captured: bool = False
    offer: Offer | None = None

    def told(self, *more: Fault) -> "Tried":
        return replace(self, steps=(*self.steps, *more))


@dataclass(frozen=True, slots=True)
class Passage:
    """*begin* notes each step and raises where the attempt has to end; *reached* hears checked-out.

    *repair*: what becomes of a repair that helps. *expects*: the one tree that may land, if there is one.
    """

    bench: Bench
    admit: Admit
    begin: Callable[[Step], Awaitable[None]]
    reached: Callable[[str], None]
    repair: Mending
    expects: str | None = None

    async def passed(self, candidate: Candidate) -> Tried:
        """The gates' verdict on *candidate*, or on what it became. Raises GitError and OSError where the desk
        cannot."""
        tried = await self._through(candidate)
        return tried if tried.fault is None else await self._repaired(tried)

    async def credentials(self, candidate: Candidate) -> tuple[GateResult, ...]:
        """The first verdict, for which nothing has to run."""
        repository, policy = self.bench.repository, self.bench.gating.credentials

        def check() -> tuple[GateResult, ...]:
            before, after = repository.tree(candidate.base), repository.tree(candidate.commit)
            return check_credentials(before, after, candidate.files, policy)

        return await asyncio.to_thread(check)

    async def _through(self, candidate: Candidate, *, may_capture: bool = True) -> Tried:
        """The gates once, and once more where shell lists changed files that land, too."""
        found = await self.credentials(candidate)
        results = (*found, *await self._gate(candidate, refused=refusing(found)))
        made = await self._lists(candidate, refusing(results), taking=may_capture)
        results += made.results
        refused = refusing(results)
        tried = Tried(candidate, results, fault=refused.why if refused else made.untaken)
        if tried.fault is not None or not made.by:
            return tried
        if not may_capture:
            return tried.told(fault(Reason.CAPTURED_AGAIN, by=" ".join(made.by)))
        if wrong := self._unexpected(made.candidate) or await self._inadmissible(made):
            return replace(tried, fault=wrong)
        captured = await self._through(made.candidate, may_capture=False)
        step = _step(Reason.CAPTURED, made)
        return replace(captured, steps=(step, *captured.steps), captured=True)

    async def _gate(self, candidate: Candidate, *, refused: GateResult | None) -> tuple[GateResult, ...]:
        bench, changed = self.bench, candidate.changed
        if refused is not None or not bench.gating.applies(changed):
            return await run_gates(bench.gating, changed, None, decided=refused.name if refused else None)
        await self.begin(Step.CHECKOUT)
        tree = bench.repository.tree(candidate.commit)
        async with bench.workspaces.laid_out(tree, kin=bench.kin) as workspace:
            self.reached("checked-out")
            await self.begin(Step.GATES)
            return await run_gates(bench.gating, changed, workspace)

    async def _lists(self, candidate: Candidate, refused: GateResult | None, *, taking: bool) -> Reworked:
        """The shell lists of which the changes land; *taking* False: they have, and do not any more."""
        lists = self.bench.gating.captured
        if refused is not None:
            return Reworked(candidate, tuple(not_reached(spec, refused.name) for spec in lists))
        if not lists:
            return Reworked(candidate)
        await self.begin(Step.REWORK)
        commands = [Command(spec, Wanted()) for spec in lists]
        return await (self.bench.rework if taking else self.bench.check)(candidate, commands)

    # Repair --------------------------------------------------------------------------------
    async def _repaired(self, tried: Tried) -> Tried:
        """*tried*, to which a gate said no, as the domain's commands repair it, if it passes then; or as it
        is, with what was tried in vain."""
        refused = refusing(tried.results)
        commands = _repairs(self.bench.gating, tried.candidate)
        if refused is None or not _said_no(refused) or not commands:
            return tried
        await self.begin(Step.REWORK)
        made = await self.bench.rework(tried.candidate, commands)
        if wrong := _broken(made) or await self._inadmissible(made):
            return tried.told(_broke(made), wrong)
        if not made.by:
            names = " ".join(result.name for result in made.results)
            return tried.told(fault(Reason.REPAIR_IDLE, by=names))
        again = await self._through(made.candidate, may_capture=not tried.captured)
        if again.fault is not None:
            return tried.told(fault(Reason.REPAIR_IN_VAIN, by=" ".join(made.by)), again.fault)
        step = _step(Reason.REPAIRED, made, gate=refused.name)
        return await self._as_wanted(tried, replace(again, steps=(*tried.steps, step, *again.steps)))

    async def _as_wanted(self, tried: Tried, repaired: Tried) -> Tried:
        """*repaired*, where it may land unseen; or *tried* with the offer of it."""
        # Whoever named the tree that is to land has not seen this one.
        if self.repair is Mending.AUTO and self.expects is None:
            return repaired
        offer = await offered(self.bench.repository, repaired.candidate, repaired.steps, self.bench.limits)
        return tried.told(offer) if isinstance(offer, Fault) else replace(tried, offer=offer)

    # What may land ---------------------------------------------------------------------------
    async def _inadmissible(self, made: Reworked) -> Fault | None:
        return await asyncio.to_thread(self.admit, made.candidate, made.paths)

    def _unexpected(self, candidate: Candidate) -> Fault | None:
        found = self.bench.repository.tree(candidate.commit).id
        if self.expects is None or self.expects == found:
            return None
        return fault(Reason.LEFT_OTHER_TREE, expected=self.expects, found=found)


def _step(reason: Reason, made: Reworked, **more: object) -> Fault:
    """What is told of *made*."""
    names, files = " ".join(made.by), " ".join(made.paths)
    return fault(reason, by=names, files=files, count=len(made.paths), **more)  # type: ignore[arg-type]


def _said_no(refused: GateResult) -> bool:
    return refused.why is not None and refused.why.reason is Reason.GATE_FAILED


def _broke(made: Reworked) -> Fault:
    """What is told of a repair that cannot be taken; the last words of a command that failed say why."""
    failed = refusing(made.results)
    said = failed.output.split("\n") if failed else []
    last = next((line.strip() for line in reversed(said) if line.strip()), "")
    return fault(Reason.REPAIR_BROKE, by=(failed or made.results[-1]).name, said=last[:_MOST_SAID])


def _broken(made: Reworked) -> Fault | None:
    """Why nothing of what the commands left counts."""
    failed = refusing(made.results)
    return failed.why if failed else made.untaken


def _repairs(gating: Gating, candidate: Candidate) -> list[Command]:
    """What may repair *candidate*, each with the files that it may change."""
    touched = Wanted(frozenset(candidate.changed))
    return [
        Command(each.command, Wanted() if each.reach is Reach.ANY else touched)
        for each in gating.repairs
        if concerns(each.command, candidate.changed)
    ]
