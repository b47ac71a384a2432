"""`patchdesk status`, `queue`, `show` and `why`: what the store says. No desk needs to run for it."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

import typer

from bot import clock, shapes
from bot.cli.desk import configuration, domain_named, is_running, store
from bot.cli.exits import ExitCode, stop
from bot.cli.phrases import desk as phrases
from bot.cli.screen import moment, say, show_json, show_table
from bot.delivery.questions import outlook_of
from bot.delivery.wording import answers, approvals, overview, patches, sets, waiting
from bot.delivery.wording.faults import explain
from bot.delivery.wording.ink import PLAIN, visible_lines
from bot.settings import Config
from contracts import course
from contracts.faults import Reason, fault
from contracts.outlook import Outlook
from contracts.records import LaneLine, PatchLine, PatchSet, StoredPatch
from contracts.states import PatchState

#: More than this is for `--json` and for nobody's eyes.
_MOST_LINES = 1000

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; docs/cli.md has its shape.")]
ADomain = Annotated[str | None, typer.Argument(help="A domain or an alias of it; all, if left out.")]
AnId = Annotated[str, typer.Argument(metavar="ID", help="A patch or a set, as the cards name it.")]


def status(as_json: AsJson = False) -> None:
    """How the domains stand, and what waits."""
    asyncio.run(_status(configuration(), as_json=as_json))


async def _status(config: Config, *, as_json: bool) -> None:
    running = is_running(config)
    async with store(config) as engine:
        counts = await engine.ledger.counts()
        states = await engine.ledger.states()
        lanes = await engine.ledger.lanes(tuple(config.settings.domains))
        closed = await engine.ledger.closed()
    if as_json:
        show_json(shapes.status(running, counts, states, lanes, closed))
        return
    say(overview.standing(counts, running=running))
    for each in closed:
        say(waiting.closed(each, PLAIN))
    if not lanes:
        say(answers.NO_DOMAINS)
    columns = (
        "domain",
        "head",
        "waiting",
        "oldest since",
        *map(patches.STATE_NAMES.__getitem__, shapes.ENDS),
    )
    show_table(columns, map(_lane_row, lanes))


def _lane_row(lane: LaneLine) -> tuple[str, ...]:
    head = f"{lane.head.id} ({patches.STATE_NAMES[lane.head.state]})" if lane.head else ""
    ended = map(str, (lane.landed, lane.failed, lane.quarantined))
    return (lane.domain, head, str(lane.waiting), moment(lane.oldest_accepted_at), *ended)


def queue(domain: ADomain = None, as_json: AsJson = False) -> None:
    """The patches still to be carried out, in the order they will run."""
    asyncio.run(_queue(configuration(), domain, as_json=as_json))


async def _queue(config: Config, domain: str | None, *, as_json: bool) -> None:
    names = (domain_named(config.settings, domain),) if domain else tuple(config.settings.domains)
    async with store(config) as engine:
        lines = await engine.ledger.queue(names, limit=_MOST_LINES)
    if as_json:
        show_json({"patches": [shapes.line(line) for line in lines]})
        return
    if not lines:
        say(answers.NOTHING_WAITS)
    show_table(("domain", "place", "id", "state", "since", "from", "title"), map(_queue_row, lines))


def _queue_row(line: PatchLine) -> tuple[str, ...]:
    place, state = str(line.position or ""), patches.state_of(line)
    return (line.domain, place, line.id, state, moment(line.accepted_at), line.actor, line.title)


def show(patch: AnId, as_json: AsJson = False) -> None:
    """One patch: where it stands, what it changes, what the gates said.

    Of a set: where each of its patches stands.
    """
    asyncio.run(_show(configuration(), patch.casefold(), as_json=as_json))


async def _show(config: Config, name: str, *, as_json: bool) -> None:
    found = await _found(config, name)
    if as_json:
        show_json(_shape(found))
        return
    for paragraph in _paragraphs(found):
        say(paragraph)


@dataclass(frozen=True, slots=True)
class _Found:
    """A patch, or all of a set (*together*); *expected* by their ids."""

    rows: tuple[StoredPatch, ...]
    expected: Mapping[str, Outlook | None]
    together: PatchSet | None = None


async def _found(config: Config, name: str) -> _Found:
    """The command ends if there is no such patch or set."""
    async with store(config) as engine:
        row = await engine.ledger.patch(name)
        together = await engine.ledger.patch_set(name) if row is None else None
        rows = (row,) if row else together.members if together else ()
        expected = {each.id: await outlook_of(each, engine.ledger, clock.now()) for each in rows}
    if not rows:
        said = explain(fault(Reason.UNKNOWN_PATCH, id=name))
        stop(ExitCode.NO, said.what, said.hint)
    return _Found(rows, expected, together)


def _paragraphs(found: _Found) -> Iterator[str]:
    if found.together is not None:
        return told_set(found.together)
    [row] = found.rows
    return told(row, found.expected[row.id])


def _shape(found: _Found) -> dict[str, object]:
    if found.together is not None:
        return shapes.patch_set(found.together, found.expected)
    [row] = found.rows
    return shapes.patch(row, found.expected[row.id])


def why(patch: AnId, as_json: AsJson = False) -> None:
    """Every condition that keeps a patch from its turn, and when that may come."""
    asyncio.run(_why(configuration(), patch.casefold(), as_json=as_json))


async def _why(config: Config, name: str, *, as_json: bool) -> None:
    found = await _found(config, name)
    if as_json:
        shown = [_reasons_shape(row, found.expected[row.id]) for row in found.rows]
        show_json({"id": name, "patches": shown} if found.together else shown[0])
        return
    for row in found.rows:
        for line in _reasons(row, found.expected[row.id]):
            say(f"{row.patch.domain}: {line}" if found.together else line)


def _reasons(row: StoredPatch, expected: Outlook | None) -> tuple[str, ...]:
    now = clock.now()
    if expected is None:
        return (patches.standing(row, PLAIN, outlook=None, now=now),)
    return (*waiting.obstacles(expected, PLAIN, now=now), waiting.estimate(expected, PLAIN))


def _reasons_shape(row: StoredPatch, expected: Outlook | None) -> dict[str, object]:
    known = shapes.outlook(expected) if expected else None
    return {"id": row.id, "state": row.state.value, "outlook": known}


def told_set(found: PatchSet) -> Iterator[str]:
    """What is over and what is not, domain by domain."""
    yield f"{found.id}  {sets.title(found, PLAIN)}"
    yield f"  {sets.headline(found, PLAIN)}"
    yield from (f"    {line}" for line in sets.lines(found, PLAIN, links={}))


def told(row: StoredPatch, expected: Outlook | None = None) -> Iterator[str]:
    """The whole of *row* in paragraphs, as its summary would say it; *expected* is of one that waits."""
    now = clock.now()
    said = patches.summary(row, PLAIN, now=now)
    yield f"{row.id}  {patches.title(row.patch, PLAIN)}"
    yield f"  {said.headline} {said.hint}".rstrip()
    if expected is not None:
        yield from (f"  {line}" for line in waiting.obstacles(expected, PLAIN, now=now))
        yield f"  {waiting.estimate(expected, PLAIN)}"
    parts = (
        (said.gates_total, said.gates),
        (patches.MENDED if said.mended else "", said.mended),
        (patches.OFFERED if said.offered else "", said.offered),
        (said.files_total, said.files),
        ("", said.facts),
    )
    for heading, lines in parts:
        yield from (f"  {line}" for line in (heading, *(f"  {line}" for line in lines)) if line.strip())
    yield from (f"  {line}" for line in (said.times, said.commands) if line)
    for gate in patches.logs(row):
        yield ""
        yield answers.log_title(gate.name, gate.dropped)
        yield visible_lines(gate.output)
    yield from _to_be_approved(row)
    yield from _adjusted(row)


def _to_be_approved(row: StoredPatch) -> Iterator[str]:
    """Nobody decides here on less than the thread shows."""
    if row.state is PatchState.PROPOSED:
        yield from ("", approvals.DIFF_TITLE, approvals.whole(row))


def _adjusted(row: StoredPatch) -> Iterator[str]:
    """The adjusted patch, where there is one to take."""
    offered = row.report.offer if row.report else None
    if offered is not None and course.Offer.ADJUST in course.offers(row):
        yield ""
        yield patches.ADJUSTED_TITLE
        yield visible_lines(offered.diff.decode(errors="replace"))
        yield phrases.adjust(row.id)
