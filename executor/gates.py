"""Runs the gates of a domain on a workspace. What did not run is never PASSED."""

import signal
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import assert_never

from contracts.approvals import Demands
from contracts.faults import Fault, Reason, fault
from contracts.gates import Credentials, Foreseen, GateResult, GateSpec, RepairSpec, Verdict
from contracts.globs import matching
from contracts.patch import Commands
from contracts.resolving import Mending
from contracts.secrets import redact
from executor.sandbox.level import (
    Ended,
    Exited,
    Flooded,
    Job,
    Left,
    NotStarted,
    Sandbox,
    Signalled,
    Silent,
    TimedOut,
)
from executor.workspace import Workspace

#: Where gates find their programs; the PATH of whoever started the desk is not theirs.
SEARCH_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Gating:
    """What there is to run, and where. *min_level* is the least level that the operators accept.

    *commands* came inside the patch and do not run; *left_out* are gates of the repository that may not.
    *captured* are such commands that run after the gates, and what they change of the files lands, too;
    *repairs* may change it where a gate says no.
    """

    specs: tuple[GateSpec, ...]
    commands: tuple[Commands, ...]
    sandbox: Sandbox
    min_level: int = 0
    credentials: Credentials = Credentials.REFUSE
    left_out: tuple[str, ...] = ()
    flaky: Mending = Mending.OFFER
    captured: tuple[GateSpec, ...] = ()
    repairs: tuple[RepairSpec, ...] = ()

    def under(self, demands: Demands) -> "Gating":
        """What *demands* say is to run; then the commands, which they allow or somebody has approved."""
        lists = tuple(map(_as_gate, self.commands))
        return replace(
            self,
            specs=demands.gates if demands.capture else (*demands.gates, *lists),
            captured=lists if demands.capture else (),
            commands=(),
            credentials=demands.credentials,
            left_out=demands.left_out,
            repairs=demands.repairs,
        )

    def applies(self, changed: Sequence[str]) -> bool:
        """Whether any gate has something to look at."""
        return any(concerns(spec, changed) for spec in self.specs)


def foresee(demands: Demands, commands: Sequence[Commands], changed: Sequence[str]) -> tuple[Foreseen, ...]:
    """Which gates will look at the *changed* paths, in their order, by the rules of `run_gates`."""
    specs = (*demands.gates, *map(_as_gate, commands))
    by_paths = (
        None if concerns(spec, changed) else fault(Reason.GATE_PATHS, when=" ".join(spec.when))
        for spec in specs
    )
    return (
        *(Foreseen(spec.name, spec.required, why) for spec, why in zip(specs, by_paths, strict=True)),
        *(Foreseen(name, False, fault(Reason.GATE_NOT_ALLOWED, gate=name)) for name in demands.left_out),
    )


def foresee_rework(
    demands: Demands, commands: Sequence[Commands], changed: Sequence[str]
) -> tuple[Fault, ...]:
    """What may make something else of the candidate that changes these paths."""
    lists = [each.field for each in commands] if demands.capture else []
    repairs = [each.command.name for each in demands.repairs if concerns(each.command, changed)]
    return (
        *([fault(Reason.MAY_CAPTURE, by=" ".join(lists))] if lists else ()),
        *([fault(Reason.MAY_REPAIR, by=" ".join(repairs))] if repairs else ()),
    )


async def run_gates(
    gating: Gating, changed: Sequence[str], workspace: Workspace | None, *, decided: str | None = None
) -> tuple[GateResult, ...]:
    """One result per gate, in their order, then one for each that may not run, and each list of commands.

    *workspace* is just laid out, or None where no gate applies to the *changed* paths. Every gate starts
    from exactly the candidate's files. After a required gate that did not pass nothing more runs; *decided*
    is one that did not before these. Raises OSError where the sandbox itself cannot.
    """
    results: list[GateResult] = []
    ran = False
    for spec in gating.specs:
        if decided is not None:
            result = not_reached(spec, decided)
        elif workspace is None or not concerns(spec, changed):
            result = _skipped(spec, fault(Reason.GATE_PATHS, when=" ".join(spec.when)))
        else:
            if ran:
                await workspace.restore()
            ran = True
            result = await _run(spec, gating, workspace)
            if result.required and result.verdict is Verdict.FAILED and gating.flaky is not Mending.NEVER:
                await workspace.restore()
                result = _twice(result, await _run(spec, gating, workspace), gating.flaky)
        if result.required and result.verdict > Verdict.SKIPPED:
            decided = spec.name
        results.append(result)
    return (*results, *map(_not_allowed, gating.left_out), *map(_not_run, gating.commands))


def _twice(first: GateResult, second: GateResult, flaky: Mending) -> GateResult:
    """What is told of a gate that said no and was asked again; a second yes counts only where it may."""
    runs = (first.verdict, second.verdict)
    if flaky is Mending.AUTO and second.verdict is Verdict.PASSED:
        return replace(first, verdict=Verdict.PASSED, why=None, runs=runs)
    return replace(first, runs=runs)


def _as_gate(commands: Commands) -> GateSpec:
    """The lines in their order, up to the first that fails. A shell reads them, and only in the sandbox."""
    return GateSpec(commands.field, ("/bin/sh", "-ec", "\n".join(commands.lines)))


def not_reached(spec: GateSpec, decided: str) -> GateResult:
    """Of one that did not run, because *decided* said no before it."""
    return _skipped(spec, fault(Reason.GATE_EARLIER, gate=decided))


def _skipped(spec: GateSpec, why: Fault) -> GateResult:
    return GateResult(spec.name, Verdict.SKIPPED, spec.required, why)


def _not_allowed(gate: str) -> GateResult:
    return GateResult(gate, Verdict.SKIPPED, required=False, why=fault(Reason.GATE_NOT_ALLOWED, gate=gate))


def _not_run(commands: Commands) -> GateResult:
    why = fault(Reason.COMMANDS_NOT_RUN, field=commands.field, count=len(commands.lines))
    return GateResult(commands.field, Verdict.SKIPPED, required=False, why=why)


async def _run(spec: GateSpec, gating: Gating, workspace: Workspace) -> GateResult:
    if too_low := _too_low(spec, gating):
        return too_low
    return _result(spec, await gating.sandbox.run(_job(spec, workspace)), gating.sandbox.level)


@asynccontextmanager
async def run_keeping(
    spec: GateSpec, gating: Gating, workspace: Workspace
) -> AsyncIterator[tuple[GateResult, Left | None]]:
    """Run *spec* as a gate is run, with what it left of the files until the block ends; None where it never
    came to them. Raises OSError where the sandbox itself cannot."""
    if too_low := _too_low(spec, gating):
        yield too_low, None
        return
    async with gating.sandbox.kept(_job(spec, workspace)) as (ended, left):
        yield _result(spec, ended, gating.sandbox.level), left


def _too_low(spec: GateSpec, gating: Gating) -> GateResult | None:
    why = sandbox_too_low(gating.sandbox, gating.min_level)
    return GateResult(spec.name, Verdict.ERRORED, spec.required, why) if why else None


def sandbox_too_low(sandbox: Sandbox, least: int) -> Fault | None:
    """Why nothing runs in *sandbox*, if nothing does."""
    if sandbox.level >= least:
        return None
    if sandbox.level < 0:
        return fault(Reason.SANDBOX_NONE)
    return fault(Reason.SANDBOX_TOO_LOW, level=least, most=sandbox.level)


def _job(spec: GateSpec, workspace: Workspace) -> Job:
    env = {
        "PATH": SEARCH_PATH,
        "HOME": str(workspace.scratch / "home"),
        "TMPDIR": str(workspace.scratch / "tmp"),
        "LANG": "C.UTF-8",
    }
    return Job(
        spec.run,
        workspace.tree,
        env | dict(spec.env),
        spec.timeout,
        scratch=workspace.scratch,
        idle=spec.idle,
        network=spec.network,
    )


def _result(spec: GateSpec, ended: Ended, level: int) -> GateResult:
    verdict, said = _judge(spec, ended)
    # Nobody behind this line has to know what the gate was entrusted with, or came across.
    output = redact(ended.output, dict(spec.env).values())
    return GateResult(spec.name, verdict, spec.required, said, ended.took, level, output, ended.dropped)


def _judge(spec: GateSpec, ended: Ended) -> tuple[Verdict, Fault | None]:
    match ended.how:
        case Exited(code=0):
            return Verdict.PASSED, None
        case Exited(code=code):
            return Verdict.FAILED, fault(Reason.GATE_FAILED, gate=spec.name, code=code)
        case Signalled(signal=number):
            return Verdict.ERRORED, fault(Reason.GATE_KILLED, gate=spec.name, signal=_signal_name(number))
        case TimedOut():
            most = f"{spec.timeout.total_seconds():g}"
            return Verdict.ERRORED, fault(Reason.GATE_TIMED_OUT, gate=spec.name, most=most)
        case Silent(after=after):
            most = f"{after.total_seconds():g}"
            return Verdict.ERRORED, fault(Reason.GATE_SILENT, gate=spec.name, most=most)
        case Flooded(most=bytes_):
            return Verdict.ERRORED, fault(Reason.GATE_FLOODED, gate=spec.name, most=bytes_)
        case NotStarted(detail=detail):
            return Verdict.ERRORED, fault(Reason.GATE_NOT_STARTED, gate=spec.name, detail=detail)
        case _:
            assert_never(ended.how)


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:  # real-time signals have none
        return str(number)


# Which paths a gate looks at -------------------------------------------------------------------
def concerns(spec: GateSpec, changed: Iterable[str]) -> bool:
    """Whether *spec* has something to look at among the *changed* paths."""
    return not spec.when or any(matching(spec.when, path) for path in changed)
