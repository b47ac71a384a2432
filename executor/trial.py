"""One patch on one base: candidate, files, gates. Landing it, or not, is for others to decide."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from contracts.faults import Fault, Reason, fault
from contracts.gates import GateResult, Verdict, refusing
from contracts.outcome import Offer, Report, Step, StepTime
from contracts.patch import Limits, Patch
from contracts.resolving import Mending, Resolving
from executor.boundary import Asking, Boundary, Passed
from executor.candidate import Candidate, build
from executor.gates import Gating
from executor.offering import offered
from executor.passage import Passage, Tried
from executor.repository.bare import Repository
from executor.repository.commits import Description
from executor.reworking import Bench
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


def _to_try_again(results: Sequence[GateResult], flaky: Mending) -> Offer | None:
    """Of a gate that contradicted itself the first verdict counts; whether it should, somebody may try."""
    if flaky is Mending.OFFER and any(each.is_flaky and each.required for each in results):
        return Offer(b"", ())
    return None


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
        self.journal.note(commit=candidate.commit, files=candidate.files)
        self.reached("applied")
        if self.resolving.is_for_people(candidate.mended):
            return await self._offered(candidate)
        self.journal.note(resolutions=candidate.mended)
        if moved := self._moved(candidate):
            return Refusal(moved)
        judged = await self._judged(candidate)
        if isinstance(judged, Fault):
            return Refusal(judged)
        gating = self.gating.under(judged.demands) if judged else self.gating
        passage = self._passage(gating)
        if isinstance(judged, Asking):
            found = await passage.credentials(candidate)
            if refusing(found) is None:
                self.journal.note(gates=found)
                return Refusal(judged.hidden) if judged.hidden else judged
        tried = await passage.passed(candidate)
        self._note(tried)
        self.reached("gates-run")
        return tried.candidate if tried.fault is None else Refusal(tried.fault)

    def _note(self, tried: Tried) -> None:
        self.journal.note(
            commit=tried.candidate.commit,
            files=tried.candidate.files,
            gates=tried.results,
            resolutions=(*tried.candidate.mended, *tried.steps, *_second_verdicts(tried.results)),
            offer=tried.offer or _to_try_again(tried.results, self.resolving.flaky),
        )

    async def _offered(self, candidate: Candidate) -> Refusal:
        """Nothing of it runs before somebody has taken it: then it is a patch as any other."""
        offer = await offered(self.repository, candidate, candidate.mended, self.limits)
        if isinstance(offer, Fault):
            return Refusal(offer)
        self.journal.note(offer=offer)
        return Refusal(fault(Reason.NEEDS_ADJUSTING))

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

    def _passage(self, gating: Gating) -> Passage:
        return Passage(
            Bench(self.repository, self.description, gating, self.workspaces, self.limits, self.clock),
            self._admit,
            self.journal.begin,
            self.reached,
            self.resolving.repair,
            self.patch.expects_tree,
        )

    def _admit(self, candidate: Candidate, paths: Sequence[str]) -> Fault | None:
        return self.boundary.admit(self.repository, candidate, paths) if self.boundary else None
