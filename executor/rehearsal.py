"""Carries a patch out on a throw-away copy of a repository: same candidate, same gates, and no landing."""

import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from contracts.commands import Actor
from contracts.faults import Fault, Reason, fault
from contracts.gates import GateSpec, RepairSpec
from contracts.outcome import Report, Step
from contracts.patch import Limits, Patch
from contracts.resolving import Resolving
from contracts.settings import Settings
from executor.gates import Gating
from executor.git import GitError
from executor.repository.bare import Origin, UnreachableError, opened
from executor.repository.commits import Description, Person
from executor.repository.history import SHALLOW
from executor.sandbox.level import UNTOUCHED_FROM, Sandbox
from executor.sandbox.probe import best
from executor.trial import Clock, Journal, OnStep, Refusal, Trial
from executor.workspace import Workspaces, default_root, open_folders


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """*report* is what a landing's would be; its fault says why the patch would not land."""

    report: Report

    @property
    def would_land(self) -> bool:
        return self.report.fault is None


@dataclass(frozen=True, slots=True)
class Stage:
    """Where patches are rehearsed. *min_level* is the least sandbox level for gates."""

    sandbox: Sandbox
    workspaces: Workspaces
    limits: Limits
    clock: Clock
    min_level: int = 0


@asynccontextmanager
async def open_stage(settings: Settings, *, clock: Clock) -> AsyncIterator[Stage]:
    """A stage with the limits of *settings*, in the best sandbox of this machine, which is probed first.

    Raises OSError if there is no place for workspaces.
    """
    sandbox = await best(settings.sandbox)
    with open_folders(default_root(), sandbox.owner, untouched=sandbox.level >= UNTOUCHED_FROM) as workspaces:
        yield Stage(sandbox, workspaces, settings.limits.limits(), clock, settings.sandbox.min_level)


async def rehearse(
    stage: Stage,
    patch: Patch,
    actor: Actor,
    *,
    repository: str,
    branch: str | None,
    gates: Sequence[GateSpec],
    on_step: OnStep,
    repairs: Sequence[RepairSpec] = (),
    resolving: Resolving = Resolving(),  # noqa: B008 - frozen
) -> Rehearsal:
    """What would come of *patch* on *branch* (None: what is checked out) of *repository*, a path or address.

    Only commits count: what somebody has changed in the folder and not committed is not seen. Raises
    OSError where the machine cannot.
    """
    journal = Journal(branch or "HEAD", stage.clock, on_step)
    with tempfile.TemporaryDirectory(prefix="patchdesk-try-") as home:
        async with opened(Path(home), "try", repository) as copy:
            trial = Trial(
                repository=copy,
                patch=patch,
                description=Description(
                    "try", patch.title, patch.body, "try", Person(actor.name, actor.email)
                ),
                gating=Gating(
                    tuple(gates), patch.commands, stage.sandbox, stage.min_level, repairs=tuple(repairs)
                ),
                workspaces=stage.workspaces,
                limits=stage.limits,
                clock=stage.clock,
                journal=journal,
                resolving=resolving,
            )
            try:
                wrong = await _try(trial, Origin(repository), branch)
            except (GitError, UnreachableError) as error:
                wrong = error.fault()
    return Rehearsal(journal.close(fault=wrong))


async def _try(trial: Trial, origin: Origin, branch: str | None) -> Fault | None:
    """Why the patch would not land."""
    await trial.journal.begin(Step.FETCH)
    name = branch or await trial.repository.head(origin)
    trial.journal.note(branch=name or "HEAD")
    tip = await trial.repository.fetch(origin, f"refs/heads/{name}" if name else "HEAD", SHALLOW)
    if tip is None:
        return fault(Reason.BRANCH_MISSING, branch=name or "HEAD")
    tried = await trial.on(tip)
    return tried.fault if isinstance(tried, Refusal) else None
