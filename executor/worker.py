"""Takes the head of a lane and carries it out, as a straight line."""

import asyncio
import logging
import os
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from contracts.control import Grip
from contracts.faults import Fault, Reason, fault, nearest
from contracts.notices import NewDelivery, home_of, on_finished, on_progress
from contracts.outcome import (
    Failed,
    GaveUp,
    Landed,
    Offer,
    Outcome,
    Prepared,
    Proposed,
    Report,
    Retry,
    Step,
    Stopped,
)
from contracts.ports import Engine, Finish
from contracts.records import StoredPatch
from contracts.reports.periods import Window
from contracts.resolving import Mending
from contracts.risk import RiskSettings, assess, critical_until, total
from contracts.settings import DomainSettings, Settings
from executor import landing
from executor.boundary import Asking, Boundary
from executor.gates import Gating, sandbox_too_low
from executor.git import GitError
from executor.grip import Holding, LostGripError
from executor.repository.bare import Repository, UnreachableError, opened
from executor.repository.commits import Description, Person
from executor.sandbox.level import UNTOUCHED_FROM, Sandbox
from executor.sandbox.probe import best
from executor.standing import judged_by, still_stands
from executor.trial import Clock, Journal, Refusal, Trial, nothing
from executor.workspace import Workspaces, default_root, open_folders

#: How long a held patch waits before it is seen that somebody has let landing go on.
_LOOK_AGAIN = timedelta(hours=1)

_log = logging.getLogger(__name__)


def _never() -> bool:
    return False


@asynccontextmanager
async def open_worker(
    engine: Engine,
    settings: Settings,
    data: Path,
    *,
    clock: Clock,
    jitter: Callable[[], float],
    reached: Callable[[str], None] = nothing,
    risk: RiskSettings | None = None,
    stopping: Callable[[], bool] = _never,
) -> AsyncIterator["Worker"]:
    """A worker in the best sandbox of this machine, which is probed first (about a second).

    Its workspaces are gone afterwards. Raises OSError if there is no place for them.
    """
    sandbox = await best(settings.sandbox)
    level, least = sandbox.level, settings.sandbox.min_level
    if level < least:
        _log.warning(
            "no gate will run: sandbox level %d is asked for, and this machine gives %d", least, level
        )
    else:
        _log.info("gates run at sandbox level %d", level)
    name = f"{socket.gethostname()}:{os.getpid()}"
    with open_folders(default_root(), sandbox.owner, untouched=sandbox.level >= UNTOUCHED_FROM) as workspaces:
        yield Worker(
            engine,
            settings,
            data,
            sandbox,
            workspaces,
            clock,
            jitter,
            name,
            reached,
            risk or RiskSettings(),
            stopping,
        )


@dataclass(frozen=True, slots=True)
class Worker:
    """`turn` is a `contracts.ports.Turn`; one Worker may be called from several tasks.

    *data* is the desk's folder. *jitter* gives numbers in [0, 1). *reached* hears of each point that an
    attempt passes: claimed, fetched, applied, checked-out, gates-run, landed-ref, finished. *stopping*: the
    desk was told to stop.
    """

    engine: Engine
    settings: Settings
    data: Path
    sandbox: Sandbox
    workspaces: Workspaces
    clock: Clock
    jitter: Callable[[], float]
    name: str
    reached: Callable[[str], None] = nothing
    risk: RiskSettings = field(default_factory=RiskSettings)
    stopping: Callable[[], bool] = _never

    @property
    def too_low(self) -> Fault | None:
        """Why no gate will run, where this machine does not give the sandbox that is asked for."""
        return sandbox_too_low(self.sandbox, self.settings.sandbox.min_level)

    async def turn(self) -> bool:
        """Carry out one patch. False: there was none. Cancelled, it ends what runs and gives it back."""
        lease = self.settings.executor.lease
        stored = await self.engine.lanes.claim(worker=self.name, now=self.clock(), lease=lease)
        if stored is None:
            return False
        self.reached("claimed")
        journal = self._journal(stored)
        holding = Holding(
            self.engine.lanes, stored, lease, self.clock, landing=lambda: journal.step is Step.LAND
        )
        try:
            outcome = await holding.carry_out(self._attempt(stored, journal))
        except asyncio.CancelledError:
            # Nobody need wait for the lease to run out. That the desk had to stop is not the patch's fault;
            # that it was ended because it stood still may be.
            await self._give_back(stored, blameless=self.stopping())
            raise
        match outcome:
            case Grip.LOST:
                _log.warning("patch %s: attempt %d lost its lease", stored.id, stored.attempt)
            case Grip.HALTED:
                told = on_progress(stored.id, self._home(stored)[0])
                await self._give_back(stored, blameless=True, told=told)
            case Grip.STOPPED:
                await self._finish(stored, Stopped(journal.close(fault=await self._ended_by(stored))))
            case Grip.HELD:
                raise AssertionError("an attempt that is held goes on")
            case _:
                await self._finish(stored, outcome)
        return True

    async def _finish(self, stored: StoredPatch, outcome: Outcome) -> None:
        home = self._home(stored)
        told = on_finished(stored.id, stored.inbox_id, outcome, stored.place, home)
        if stored.patch.reverts is not None:
            told += on_progress(stored.patch.reverts, home[0])
        finish = Finish(stored.id, stored.attempt, outcome, told)
        kept = await self.engine.lanes.finish(finish, now=self.clock())
        late = "" if kept else ", too late"
        _log.info("patch %s: attempt %d: %s%s", stored.id, stored.attempt, outcome.kind, late)
        self.reached("finished")

    async def _give_back(
        self, stored: StoredPatch, *, blameless: bool, told: Sequence[NewDelivery] = ()
    ) -> None:
        await self.engine.lanes.release(
            stored.id, stored.attempt, now=self.clock(), blameless=blameless, told=told
        )
        _log.info("patch %s: attempt %d is given back", stored.id, stored.attempt)

    async def _ended_by(self, stored: StoredPatch) -> Fault:
        now = await self.engine.ledger.patch(stored.id)
        if now and now.broken and not now.stop_by:
            return now.broken
        return fault(Reason.STOPPED_BY, by=now.stop_by if now and now.stop_by else "somebody")

    # One attempt ---------------------------------------------------------------------------
    async def _attempt(self, stored: StoredPatch, journal: Journal) -> Outcome:
        """Every trouble becomes an outcome: a passing one a Retry, until there were enough of them."""
        domain = self.settings.domains.get(stored.patch.domain)
        if domain is None:
            return Failed(journal.close(fault=self._unknown(stored.patch.domain)))
        if stored.tries > self.settings.executor.attempts + 1:
            return GaveUp(journal.close(fault=_crashed(stored)))
        try:
            if domain.hold_when_critical and (held := await self._held(stored, journal)):
                return held
            return await self._carry_out(stored, domain, journal)
        except (GitError, UnreachableError) as error:
            wrong = error.fault()
        except OSError as error:
            wrong = fault(Reason.DESK_ERROR, detail=str(error))
        except LostGripError:
            raise
        except Exception as error:  # noqa: BLE001 - one patch must not take the desk down with it
            _log.exception("patch %s: attempt %d", stored.id, stored.attempt)
            wrong = fault(Reason.DESK_ERROR, detail=type(error).__name__)
        return self._again(stored, journal.close(fault=wrong))

    async def _held(self, stored: StoredPatch, journal: Journal) -> Retry | None:
        """A wait while the domain's risk rate is critical. It is no try: enough of those would give up."""
        now = self.clock()
        domain, window = stored.patch.domain, Window(now - self.risk.window, now)
        marks = await self.engine.reports.marks(window, [domain])
        until = critical_until(marks, self.risk, now=now)
        if until is None:
            return None
        at = min(until, now + _LOOK_AGAIN)
        found = assess(total(marks), self.risk)
        why = fault(
            Reason.RISK_CRITICAL,
            domain=domain,
            tasks=found.counts.tasks,
            errors=found.counts.errors,
            failed=found.counts.failed,
            rate=f"{found.rate:.2f}",
            until=f"{at:%Y-%m-%d %H:%M} UTC",
        )
        return Retry(journal.close(fault=why), at, held=True)

    async def _carry_out(self, stored: StoredPatch, domain: DomainSettings, journal: Journal) -> Outcome:
        home = self.data / "repositories"
        async with opened(home, stored.patch.domain, domain.repository) as repository:
            while journal.moved <= self.settings.executor.moves:
                outcome = await self._once(stored, domain, repository, journal)
                if outcome is not None:
                    return outcome
                journal.note(moved=journal.moved + 1)
        busy = fault(Reason.BRANCH_BUSY, branch=domain.branch, tries=journal.moved)
        return self._again(stored, journal.close(fault=busy))

    async def _once(
        self, stored: StoredPatch, domain: DomainSettings, repository: Repository, journal: Journal
    ) -> Outcome | None:
        """One round on the branch as it is now; None: it moved meanwhile."""
        await journal.begin(Step.FETCH)
        tip = await repository.tip(domain.branch)
        if isinstance(tip, Fault):
            return Failed(journal.close(fault=tip))
        self.reached("fetched")
        if stored.attempt > 1 and (found := await self._landed_before(stored, repository, journal, tip)):
            return found
        if stored.tries > self.settings.executor.attempts:
            return GaveUp(journal.close(fault=_crashed(stored)))
        trial = self._trial(stored, domain, repository, journal)
        candidate = await still_stands(trial, stored.prepared, tip=tip) or await trial.on(tip)
        if isinstance(candidate, Refusal):
            return Failed(journal.close(fault=candidate.fault))
        if isinstance(candidate, Asking):
            return Proposed(journal.close(fault=candidate.why), candidate.proposal)
        if stored.bound:
            return Prepared(journal.close(), await judged_by(trial, candidate))
        await journal.begin(Step.LAND)
        landed = await landing.land(repository, domain.branch, candidate)
        match landed:
            case landing.Landed(pushed_to=origin):
                self.reached("landed-ref")
                return Landed(journal.close(pushed_to=origin))
            case landing.Refused(fault=wrong):
                return Failed(journal.close(fault=wrong))
            case landing.Moved():
                return _after_a_move(stored, domain, journal, tip)

    async def _landed_before(
        self, stored: StoredPatch, repository: Repository, journal: Journal, tip: str
    ) -> Landed | None:
        """An earlier attempt may have moved the branch and then died: git says, nobody guesses."""
        commit = await asyncio.to_thread(repository.find_landed, stored.id, tip=tip, since=stored.accepted_at)
        if commit is None:
            return None
        files = await asyncio.to_thread(repository.changes, commit)
        origin = repository.origin.shown if repository.origin else None
        base = await asyncio.to_thread(repository.parent, commit)
        return Landed(journal.close(base=base, commit=commit, files=files, pushed_to=origin, found=True))

    def _again(self, stored: StoredPatch, report: Report) -> Retry | GaveUp:
        backoff = self.settings.executor.backoff()
        at = backoff.again_at(stored.tries, now=self.clock(), jitter=self.jitter())
        return Retry(report, at) if at is not None else GaveUp(report)

    # What an attempt needs -----------------------------------------------------------------
    def _journal(self, stored: StoredPatch) -> Journal:
        channel, _ = self._home(stored)
        domain = self.settings.domains.get(stored.patch.domain)

        async def on_step(step: Step, now: datetime) -> None:
            told = on_progress(stored.id, channel)
            grip = await self.engine.lanes.step(stored.id, stored.attempt, step, now=now, told=told)
            if grip is not Grip.HELD:
                raise LostGripError(grip)

        return Journal(domain.branch if domain else "", self.clock, on_step)

    def _trial(
        self, stored: StoredPatch, domain: DomainSettings, repository: Repository, journal: Journal
    ) -> Trial:
        resolving = domain.resolve.resolving()
        return Trial(
            repository=repository,
            patch=stored.patch,
            description=_describe(stored),
            gating=Gating(
                (),
                stored.patch.commands,
                self.sandbox,
                self.settings.sandbox.min_level,
                flaky=resolving.flaky,
            ),
            workspaces=self.workspaces,
            limits=self.settings.limits.limits(),
            clock=self.clock,
            journal=journal,
            reached=self.reached,
            boundary=Boundary(domain, stored.patch, stored.approval),
            resolving=resolving,
        )

    def _home(self, stored: StoredPatch) -> tuple[str | None, str | None]:
        return home_of(stored.place, stored.source, stored.patch.domain, self.settings)

    def _unknown(self, domain: str) -> Fault:
        known = self.settings.domains
        return fault(
            Reason.UNKNOWN_TARGET, target=domain, domains=" ".join(known), suggestion=nearest(domain, known)
        )


def _after_a_move(stored: StoredPatch, domain: DomainSettings, journal: Journal, base: str) -> Failed | None:
    """The branch moved while the gates ran on *base*. None: it is applied to the tip and checked again.

    So is, in any case, what others of its set may have landed with.
    """
    if domain.resolve.moved_tip is Mending.AUTO or stored.cleared:
        return None
    wrong = fault(Reason.TIP_MOVED, branch=domain.branch, base=base)
    offer = Offer(b"", ()) if domain.resolve.moved_tip is Mending.OFFER else None
    return Failed(journal.close(fault=wrong, offer=offer))


def _crashed(stored: StoredPatch) -> Fault:
    return fault(Reason.DESK_CRASHED, attempts=stored.tries - 1)


def _describe(stored: StoredPatch) -> Description:
    patch, place = stored.patch, stored.place
    where = " ".join(part for part in (place.channel, place.ts) if part)
    asked = Person(stored.actor.name, stored.actor.email)
    author = Person(patch.author.name, patch.author.email) if patch.author else asked
    return Description(
        patch=stored.id,
        title=patch.title,
        body=patch.body,
        source=f"{stored.source} {where}".strip(),
        author=author,
        asked=asked if author != asked else None,
        written=patch.author.at if patch.author else None,
        reverts=patch.reverts,
    )
