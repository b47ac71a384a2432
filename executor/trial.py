"""One patch on one base: candidate, files, gates. Landing it, or not, is for others to decide."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from contracts.faults import Fault, Reason, fault
from contracts.gates import Credentials, GateResult, Verdict, refusing
from contracts.outcome import Report, Step, StepTime
from contracts.patch import Limits, Patch
from contracts.resolving import Resolving
from executor.boundary import Asking, Boundary, Passed
from executor.candidate import Candidate, build
from executor.credentials import check_credentials
from executor.gates import Gating, run_gates
from executor.repository.bare import Repository
from executor.repository.commits import Description
from executor.workspace import Workspaces

Clock = Callable[[], datetime]
OnStep = Callable[[Step, datetime], Awaitable[None]]


class Journal:
    """What is known of an attempt so far: its report grows with every step."""

    def __init__(self, branch: str, clock: Clock, on_step: OnStep) -> None:
        self._report = Report(branch)
        self._clock = clock
        self._on_step = on_step

    @property
    def step(self) -> Step | None:
        """The one under way."""
        return self._report.steps[-1].step if self._report.steps else None

    @property
    def moved(self) -> int:
        return self._report.moved

    async def begin(self, step: Step) -> None:
        """Note that *step* begins, which ends the one before; whatever `on_step` raises is raised."""
        now = self._clock()
        self._report = replace(self._report, steps=(*self._ended(now), StepTime(step, now)))
        await self._on_step(step, now)

    def note(self, **known: Any) -> None:
        """Fields of the report, by name."""
        self._report = replace(self._report, **known)

    def close(self, **known: Any) -> Report:
        """The whole report, its last step ended."""
        return replace(self._report, steps=self._ended(self._clock()), **known)

    def _ended(self, now: datetime) -> tuple[StepTime, ...]:
        return tuple(replace(step, ended=step.ended or now) for step in self._report.steps)


def nothing(_point: str) -> None:
    """Nobody wants to know what was reached."""


@dataclass(frozen=True, slots=True)
class Refusal:
    fault: Fault


def _second_verdicts(results: Sequence[GateResult]) -> tuple[Fault, ...]:
    """The gates of which only the second verdict let the candidate through."""
    passed = (each for each in results if each.is_flaky and each.verdict is Verdict.PASSED)
    return tuple(fault(Reason.TOOK_SECOND_VERDICT, gate=each.name) for each in passed)


@dataclass(frozen=True, slots=True)
class Trial:
    """One patch of one repository; `on` may be called again for another base.

    *boundary* None: nobody could approve anything here, so *gating* is all there is. *reached* hears of
    each point that is passed: applied, checked-out (where a gate applies), gates-run.
    """

    repository: Repository
    patch: Patch
    description: Description
    gating: Gating
    workspaces: Workspaces
    limits: Limits
    clock: Clock
    journal: Journal
    reached: Callable[[str], None] = nothing
    boundary: Boundary | None = None
    resolving: Resolving = field(default_factory=Resolving)

    async def on(self, base: str) -> Candidate | Refusal | Asking:
        """The candidate, if nothing is demanded that it has not and no required gate says no.

        Raises what the desk itself stumbles over.
        """
        await self.journal.begin(Step.APPLY)
        self.journal.note(base=base)
        changeset, now = self.patch.changeset, self.clock()
        candidate = await build(
            self.repository,
            changeset,
            self.limits,
            self.description,
            base=base,
            now=now,
            resolving=self.resolving,
        )
        if isinstance(candidate, Fault):
            return Refusal(candidate)
        self.journal.note(commit=candidate.commit, files=candidate.files, resolutions=candidate.mended)
        self.reached("applied")
        if moved := self._moved(candidate):
            return Refusal(moved)
        judged = await self._judged(candidate)
        if isinstance(judged, Fault):
            return Refusal(judged)
        gating = self.gating.under(judged.demands) if judged else self.gating
        found = await asyncio.to_thread(self._credentials, candidate, gating.credentials)
        if isinstance(judged, Asking) and refusing(found) is None:
            self.journal.note(gates=found)
            return judged
        results = (*found, *await self._gate(candidate, gating, refused=refusing(found)))
        self.journal.note(gates=results, resolutions=(*candidate.mended, *_second_verdicts(results)))
        self.reached("gates-run")
        refused = refusing(results)
        if refused is not None and refused.why is not None:
            return Refusal(refused.why)
        return candidate

    def _moved(self, candidate: Candidate) -> Fault | None:
        """Whether it would land as another tree than its sender has seen."""
        expected, found = self.patch.expects_tree, self.repository.tree(candidate.commit).id
        if expected is None or expected == found:
            return None
        return fault(Reason.BASE_MOVED, expected=expected, found=found)

    async def _judged(self, candidate: Candidate) -> Passed | Asking | Fault | None:
        if self.boundary is None:
            return None
        judged = await asyncio.to_thread(self.boundary.judge, self.repository, candidate)
        if isinstance(judged, Passed):
            self.journal.note(approved=judged.approved)
        return judged

    def _credentials(self, candidate: Candidate, policy: Credentials) -> tuple[GateResult, ...]:
        before, after = self.repository.tree(candidate.base), self.repository.tree(candidate.commit)
        return check_credentials(before, after, candidate.files, policy)

    async def _gate(
        self, candidate: Candidate, gating: Gating, *, refused: GateResult | None
    ) -> tuple[GateResult, ...]:
        changed = candidate.changed
        if refused is not None or not gating.applies(changed):
            return await run_gates(gating, changed, None, decided=refused.name if refused else None)
        await self.journal.begin(Step.CHECKOUT)
        tree = self.repository.tree(candidate.commit)
        async with self.workspaces.laid_out(tree, kin=str(self.repository.path)) as workspace:
            self.reached("checked-out")
            await self.journal.begin(Step.GATES)
            return await run_gates(gating, changed, workspace)
