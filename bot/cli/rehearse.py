"""`patchdesk try`: what would come of a patch, on a throw-away copy; lands nothing."""

import asyncio
import shlex
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated

import typer

from bot import clock, shapes
from bot.cli.desk import configuration, domain_named
from bot.cli.exits import ExitCode, stop
from bot.cli.phrases import desk as phrases
from bot.cli.reading import given, operator, read_or_stop
from bot.cli.screen import say, show_json, show_table
from bot.delivery.wording import answers, figures, patches
from bot.delivery.wording.faults import explain, locate
from bot.delivery.wording.ink import PLAIN, visible_lines
from contracts.commands import Submit
from contracts.faults import Reason
from contracts.formats.context import Context
from contracts.gates import GateResult, GateSpec, RepairSpec, Verdict
from contracts.outcome import Change, FileChange, Offer, Step
from contracts.patch import Patch
from contracts.resolving import Resolving
from contracts.settings import DomainSettings, Settings
from executor.rehearsal import Rehearsal, open_stage, rehearse

#: The name of the domain where none is configured: what is tried goes nowhere.
_ANY = "try"
#: Nothing is known of the patch then.
_DESK_COULD_NOT = frozenset({Reason.GIT_BROKEN, Reason.REPOSITORY_UNREACHABLE})

AFile = Annotated[str, typer.Argument(metavar="FILE", help="A file with a patch, or - for standard input.")]
Repo = Annotated[str, typer.Option("--repo", metavar="PATH", help="The repository; only its commits count.")]
Branch = Annotated[str | None, typer.Option("--branch", help="The branch; what is checked out, if left out.")]
Gates = Annotated[
    list[str] | None, typer.Option("--gate", metavar='"NAME=ARGV..."', help="A gate to run; repeatable.")
]
ADomain = Annotated[
    str | None, typer.Option("--domain", help="Run the gates that this domain is configured with.")
]
MinLevel = Annotated[
    int | None,
    typer.Option("--min-level", min=0, max=4, help="Run gates in no weaker sandbox; else as configured."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; docs/cli.md has its shape.")]


def try_patch(
    file: AFile,
    *,
    repo: Repo,
    branch: Branch = None,
    gate: Gates = None,
    domain: ADomain = None,
    min_level: MinLevel = None,
    as_json: AsJson = False,
) -> None:
    """Say what would come of a patch, on a throw-away copy.

    It is applied to what is committed, gates run on the result, and nothing lands.
    """
    settings = configuration().settings
    if min_level is not None:
        sandbox = settings.sandbox.model_copy(update={"min_level": min_level})
        settings = settings.model_copy(update={"sandbox": sandbox})
    name = domain_named(settings, domain) if domain else _ANY
    rules = settings.domains.get(name, DomainSettings())
    specs = tuple(map(parse_gate, gate)) if gate else tuple(each.spec() for each in rules.gates)
    submit = Submit((given(file),), addressed=True, domain=name)
    asked = read_or_stop(submit, Context.of_trial(settings, name))
    # Gates that somebody brings are none that the domain's commands were made for.
    repairs = () if gate else rules.repairs()
    resolving = rules.resolve.resolving()
    rehearsals = asyncio.run(
        _try(asked, repo, branch, specs, settings, repairs=repairs, resolving=resolving, quiet=as_json)
    )
    if as_json:
        reports = [rehearsal.report for rehearsal in rehearsals]
        show_json({"patches": list(map(shapes.tried, asked, reports))})
    raise typer.Exit(_code(rehearsals))


def parse_gate(text: str) -> GateSpec:
    """A gate as it is written on the command line: `tests=python3 -m unittest`, quoted as in a shell."""
    name, _, line = text.partition("=")
    try:
        argv = shlex.split(line)
    except ValueError as error:
        stop(ExitCode.USAGE, phrases.bad_gate(text, str(error)), phrases.HOW_GATES_ARE_WRITTEN)
    if not name or not argv:
        stop(ExitCode.USAGE, phrases.bad_gate(text, ""), phrases.HOW_GATES_ARE_WRITTEN)
    return GateSpec(name, tuple(argv))


async def _try(
    asked: Sequence[Patch],
    repo: str,
    branch: str | None,
    gates: Sequence[GateSpec],
    settings: Settings,
    *,
    repairs: Sequence[RepairSpec],
    resolving: Resolving,
    quiet: bool,
) -> list[Rehearsal]:
    rehearsals = []
    async with open_stage(settings, clock=clock.now) as stage:
        for patch in asked:
            rehearsal = await rehearse(
                stage,
                patch,
                operator(),
                repository=repo,
                branch=branch,
                gates=gates,
                repairs=repairs,
                resolving=resolving,
                on_step=_in_silence if quiet else _on_step,
            )
            rehearsals.append(rehearsal)
            if not quiet:
                tell(patch, rehearsal)
    return rehearsals


async def _on_step(step: Step, _now: datetime) -> None:
    say(f"{patches.STEP_NAMES[step]} …")


async def _in_silence(_step: Step, _now: datetime) -> None:
    """With `--json` nothing but the JSON is printed."""


def tell(patch: Patch, rehearsal: Rehearsal) -> None:
    """What would come of it, its files and its gates, and what the gates that did not pass printed."""
    report = rehearsal.report
    say()
    for line in outcome(patch, rehearsal):
        say(line)
    if report.offer is not None:
        tell_offer(report.offer)
    show_table(("file", "change", "added", "removed"), map(file_row, report.files))
    show_table(("gate", "verdict", "took", "sandbox", "why"), map(_gate_row, report.gates))
    for gate in report.gates:
        if gate.verdict > Verdict.SKIPPED and gate.output:
            say(answers.log_title(gate.name, gate.dropped))
            say(visible_lines(gate.output))


def outcome(patch: Patch, rehearsal: Rehearsal) -> Iterator[str]:
    """What would come of it, in sentences."""
    fault = rehearsal.report.fault
    yield f"{patches.title(patch, PLAIN)}: {phrases.rehearsed(rehearsal.report)}"
    if fault is not None:
        said, place = explain(fault), locate(fault)
        yield f"{said.what} {said.hint}".rstrip() + (f" ({place})" if place else "")
    for each in rehearsal.report.resolutions:
        yield explain(each).what
    if commands := patches.commands_not_run(patch, PLAIN):
        yield commands


def tell_offer(offer: Offer) -> None:
    """What the desk would do differently, and the adjusted patch, as it may be posted."""
    say(patches.OFFERED)
    for step in offer.steps:
        say(f"- {explain(step).what}")
    say()
    say(visible_lines(offer.diff.decode(errors="replace")))


def file_row(file: FileChange) -> tuple[str, ...]:
    name = f"{file.old_path} → {file.path}" if file.change is Change.RENAMED else file.path
    counts = ("" if lines is None else str(lines) for lines in (file.added, file.removed))
    return (name, file.change, *counts)


def _gate_row(gate: GateResult) -> tuple[str, ...]:
    name = gate.name if gate.required else phrases.advisory(gate.name)
    took = figures.duration(gate.took) if gate.took is not None else ""
    level = "" if gate.level is None else str(gate.level)
    return (
        name,
        patches.VERDICT_NAMES[gate.verdict],
        took,
        level,
        explain(gate.why).what if gate.why else "",
    )


def _code(rehearsals: Sequence[Rehearsal]) -> ExitCode:
    faults = {rehearsal.report.fault.reason for rehearsal in rehearsals if rehearsal.report.fault}
    if faults & _DESK_COULD_NOT:
        return ExitCode.DESK
    return ExitCode.NO if faults else ExitCode.OK
