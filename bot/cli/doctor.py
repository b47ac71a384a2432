"""`patchdesk doctor`: is everything there that the desk needs?"""

import asyncio
import sys
from typing import Annotated

import typer

from bot import clock
from bot.cli.exits import ExitCode
from bot.cli.phrases.doctor import explain_finding
from bot.cli.screen import say, show_json
from bot.doctor.examination import examine
from bot.doctor.findings import Finding, Health, all_well
from bot.settings import Config, SettingsError, read_config
from contracts.faults import Fault

_COLOURS = {Health.FINE: "green", Health.NOTE: "blue", Health.WRONG: "red", Health.UNKNOWN: "yellow"}

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; docs/cli.md has its shape.")]


def doctor(as_json: AsJson = False) -> None:
    """Look at everything the desk needs, and say how to mend what is wrong."""
    findings = asyncio.run(_examine(quiet=as_json))
    if as_json:
        show_json(_shape(findings))
    raise typer.Exit(ExitCode.OK if all_well(findings) else ExitCode.NO)


async def _examine(*, quiet: bool) -> list[Finding]:
    findings = []
    async for finding in examine(_configuration(), now=clock.now()):
        findings.append(finding)
        if not quiet:
            _tell(finding)
    return findings


def _configuration() -> Config | SettingsError:
    try:
        return read_config()
    except SettingsError as error:
        return error


def _tell(finding: Finding) -> None:
    said = explain_finding(finding)
    sign = f"{finding.health:<8}"
    if sys.stdout.isatty():
        sign = typer.style(sign, fg=_COLOURS[finding.health])
    say(f"{sign}{finding.area}: {said.what}")
    if said.hint:
        say(f"{'':8}  {said.hint}")


def _shape(findings: list[Finding]) -> dict[str, object]:
    """What `--json` prints; docs/cli.md promises it."""
    return {"well": all_well(findings), "findings": [_finding(each) for each in findings]}


def _finding(finding: Finding) -> dict[str, object]:
    about = finding.about
    return {
        "area": finding.area,
        "health": finding.health.value,
        "what": about.reason.value if isinstance(about, Fault) else about.value,
        "facts": dict(about.args if isinstance(about, Fault) else finding.facts),
    }
