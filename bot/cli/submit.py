"""`patchdesk submit`: a patch from a shell, into the inbox of the desk on this machine."""

import asyncio
import re
from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated

import typer

from bot import clock
from bot.cli.desk import configuration, domain_named, is_running, store
from bot.cli.exits import ExitCode, stop
from bot.cli.look import told, told_set
from bot.cli.phrases import desk as phrases
from bot.cli.reading import given, operator, read_or_stop
from bot.cli.screen import say
from bot.delivery.wording import patches
from bot.delivery.wording.faults import explain
from bot.delivery.wording.ink import PLAIN
from bot.intake import cli
from bot.settings import Config
from contracts.commands import Place, Source, Submit
from contracts.formats.context import Context
from contracts.ports import Engine, NewEvent
from contracts.records import MessageStanding, StoredPatch
from contracts.states import OPEN_STATES, PatchState

_TREE = re.compile(r"[0-9a-f]{40}")
_LOOK_EVERY = timedelta(milliseconds=100)

AFile = Annotated[str, typer.Argument(metavar="FILE", help="A file with a patch, or - for standard input.")]
ADomain = Annotated[str | None, typer.Option("--domain", help="Where it goes, if the patch names no target.")]
ATitle = Annotated[str | None, typer.Option("--title", help="What it is called, if the patch does not say.")]
AKey = Annotated[
    str | None, typer.Option("--idempotency-key", help="The same key again submits nothing again.")
]
Expect = Annotated[
    str | None,
    typer.Option("--expect", metavar="TREE", help="Land as this very tree, as `preview` names it."),
]
Wait = Annotated[bool, typer.Option("--wait", help="Follow it to its end; exit 0 only if it landed.")]


def submit(
    file: AFile,
    *,
    domain: ADomain = None,
    title: ATitle = None,
    idempotency_key: AKey = None,
    expect: Expect = None,
    wait: Wait = False,
) -> None:
    """Submit a patch as the operator of this machine."""
    config = configuration()
    name = domain_named(config.settings, domain) if domain else None
    part = given(file)
    asked = Submit((part,), addressed=True, domain=name, title=title)
    # The desk reads it again; here, whoever typed the command is still looking.
    found = read_or_stop(asked, Context.of(config.settings, Place()))
    if expect is not None and len(found) != 1:
        stop(ExitCode.USAGE, phrases.one_tree(len(found)))
    if expect is not None and not _TREE.fullmatch(expect):
        stop(ExitCode.USAGE, phrases.no_tree(expect))
    user = operator()
    payload = cli.encode(
        part.body,
        name=part.name,
        domain=name,
        title=title,
        login=user.id,
        email=user.email,
        expects=expect,
    )
    event = NewEvent(Source.CLI, idempotency_key or clock.new_key(), payload)
    raise typer.Exit(asyncio.run(_submit(config, event, wait=wait)))


async def _submit(config: Config, event: NewEvent, *, wait: bool) -> ExitCode:
    running = is_running(config)
    async with store(config, made=True) as engine:
        recorded = await engine.inbox.record(event, now=clock.now())
        say(phrases.recorded(fresh=recorded.fresh))
        if not running:
            say(phrases.NO_DESK)
        if wait:
            return await _follow(engine, recorded.id) if running else ExitCode.DESK
        return ExitCode.OK


async def _follow(engine: Engine, inbox_id: int) -> ExitCode:
    """Tell of the patches of one inbox row until all have ended."""
    shown: dict[str, str] = {}
    while True:
        standing = await engine.ledger.inbox_of(inbox_id)
        rows = [await engine.ledger.patch(patch) for patch in standing.patches] if standing else []
        rows_now = [row for row in rows if row is not None]
        for row in rows_now:
            line = patches.standing(row, PLAIN, outlook=None, now=clock.now())
            if shown.get(row.id) != line and row.state in OPEN_STATES:
                say(f"{row.id}  {_named(row)}{line}")
            shown[row.id] = line
        if standing and not OPEN_STATES.intersection(standing.states):
            return await _ended(engine, rows_now, standing)
        await asyncio.sleep(_LOOK_EVERY.total_seconds())


async def _ended(engine: Engine, rows: list[StoredPatch], standing: MessageStanding) -> ExitCode:
    for row in rows:
        for line in told(row):
            say(line)
    for set_id in dict.fromkeys(row.set_id for row in rows if row.set_id):
        for line in await _told_set(engine, set_id):
            say(line)
    if standing.refused is not None:
        said = explain(standing.refused)
        say(f"{said.what} {said.hint}")
    elif not rows:
        say(phrases.SAME_IS_OPEN)
    states = {row.state for row in rows}
    if PatchState.QUARANTINED in states:
        return ExitCode.DESK
    return ExitCode.OK if states == {PatchState.LANDED} and not standing.rejected else ExitCode.NO


def _named(row: StoredPatch) -> str:
    """Of a patch that is one of several: which of them."""
    return f"{row.patch.domain}, in set {row.set_id}: " if row.set_id else ""


async def _told_set(engine: Engine, set_id: str) -> Sequence[str]:
    found = await engine.ledger.patch_set(set_id)
    return tuple(told_set(found)) if found is not None else ()
