"""`patchdesk preview`: what a patch would land as, and what stands before that; nothing is run or kept."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from bot import clock, shapes
from bot.cli.desk import configuration, domain_named, store
from bot.cli.exits import ExitCode
from bot.cli.phrases import preview as phrases
from bot.cli.reading import given, operator, read_or_stop
from bot.cli.rehearse import file_row, tell_offer
from bot.cli.screen import say, show_json, show_table
from bot.delivery.wording import patches, waiting
from bot.delivery.wording.faults import explain
from bot.delivery.wording.ink import PLAIN
from bot.settings import Config
from contracts.commands import Place, Submit
from contracts.control import Closed
from contracts.faults import Reason
from contracts.formats.context import Context
from contracts.gates import Foreseen
from contracts.outcome import Preview
from contracts.patch import Patch
from contracts.records import PatchLine
from executor.engine import exists
from executor.preview import Glass

_MOST_AHEAD = 100
_DESK_COULD_NOT = frozenset({Reason.GIT_BROKEN, Reason.REPOSITORY_UNREACHABLE})

AFile = Annotated[str, typer.Argument(metavar="FILE", help="A file with a patch, or - for standard input.")]
ADomain = Annotated[str | None, typer.Option("--domain", help="Where it goes, if the patch names no target.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; docs/cli.md has its shape.")]


@dataclass(frozen=True, slots=True)
class _Seen:
    """*ahead* are the open patches of its domain, *closed* how the domain or the desk is."""

    patch: Patch
    preview: Preview
    ahead: tuple[PatchLine, ...]
    closed: tuple[Closed, ...]


def preview(file: AFile, domain: ADomain = None, as_json: AsJson = False) -> None:
    """Say what a patch would land as, and what stands before its landing; nothing is run or kept.

    `submit --expect` takes the tree that this names.
    """
    config = configuration()
    name = domain_named(config.settings, domain) if domain else None
    asked = Submit((given(file),), addressed=True, domain=name)
    found = read_or_stop(asked, Context.of(config.settings, Place()))
    seen = asyncio.run(_previews(config, found))
    if as_json:
        shown = [shapes.previewed(each.patch, each.preview, each.ahead, each.closed) for each in seen]
        show_json({"patches": shown})
    else:
        for each in seen:
            _tell(each)
    raise typer.Exit(_code(seen))


async def _previews(config: Config, found: Sequence[Patch]) -> list[_Seen]:
    glass = Glass(config.settings, config.data)
    return [
        _Seen(
            patch,
            await glass.preview(patch, operator(), now=clock.now()),
            *await _before(config, patch.domain),
        )
        for patch in found
    ]


async def _before(config: Config, domain: str) -> tuple[tuple[PatchLine, ...], tuple[Closed, ...]]:
    """What waits in the lane already, and what keeps it closed; nothing where no desk has ever been."""
    if not exists(config.database_url):
        return (), ()
    async with store(config) as engine:
        ahead = await engine.ledger.queue((domain,), limit=_MOST_AHEAD)
        closed = await engine.ledger.closed()
    return ahead, tuple(each for each in closed if each.domain in {None, domain})


def _tell(seen: _Seen) -> None:
    for line in _sentences(seen):
        say(line)
    preview = seen.preview
    if preview.offer is not None:
        tell_offer(preview.offer)
    show_table(("file", "change", "added", "removed"), map(file_row, preview.files))
    show_table(("gate", "needed", "runs", "why not"), map(_gate_row, preview.gates))
    show_table(
        ("ahead", "state", "title"),
        ((line.id, patches.STATE_NAMES[line.state], line.title) for line in seen.ahead),
    )


def _sentences(seen: _Seen) -> Iterator[str]:
    preview = seen.preview
    where = f"{PLAIN.words(seen.patch.domain)}: " if seen.patch.together else ""
    yield f"{where}{patches.title(seen.patch, PLAIN)}: {phrases.landing(preview)}"
    for each in preview.faults:
        said = explain(each)
        yield f"{said.what} {said.hint}".rstrip()
    for each in preview.approvals:
        yield phrases.approval(explain(each).what)
    for each in preview.reworked:
        yield explain(each).what
    for closing in seen.closed:
        yield waiting.closed(closing, PLAIN)
    if seen.ahead:
        yield phrases.ahead(len(seen.ahead))


def _gate_row(gate: Foreseen) -> tuple[str, ...]:
    why = explain(gate.why_not).what if gate.why_not else ""
    return (gate.name, phrases.NEEDED[gate.required], phrases.RUNS[gate.why_not is None], why)


def _code(seen: Sequence[_Seen]) -> ExitCode:
    faults = {each.reason for one in seen for each in one.preview.faults}
    if faults & _DESK_COULD_NOT:
        return ExitCode.DESK
    return ExitCode.NO if faults else ExitCode.OK
