"""`patchdesk plan`: the execution plan, as a file and as it is kept. No desk needs to run for it."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from bot import clock
from bot.cli import plan_shapes, risks
from bot.cli.desk import configuration, store
from bot.cli.exits import ExitCode, stop
from bot.cli.phrases import plan as phrases
from bot.cli.reading import given, operator, refusal
from bot.cli.screen import moment, say, show_json, show_table
from bot.delivery.wording import plan as wording
from bot.delivery.wording.ink import PLAIN
from bot.settings import Config
from bot.shapes import fault as fault_shape
from contracts import plan as plans
from contracts.faults import Fault, Reason, Rejection, fault, nearest
from contracts.formats.plan_text import read_plan, write_plan
from contracts.formats.plan_words import read_changes, read_metrics
from contracts.plan import Batch, Difference, Edit, Landed, Metric, Plan
from contracts.plan_store import KeptPlan, PlanChange
from contracts.ports import Engine
from contracts.register import Risk, due_for_review

app = typer.Typer(no_args_is_help=True, add_completion=False)
app.add_typer(risks.app, name="risk")

_WEEK = timedelta(days=7)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; docs/cli.md has its shape.")]
AFile = Annotated[str, typer.Argument(metavar="FILE", help="A plan as JSON, or - for standard input.")]
ABatch = Annotated[str, typer.Argument(metavar="ID", help="A batch of the plan.")]
Changes = Annotated[list[str], typer.Argument(metavar="FIELD=VALUE", help="What is to be changed.")]


@app.callback()
def plan() -> None:
    """The execution plan and its risks."""


# Looking ---------------------------------------------------------------------------------------
@app.command()
def dashboard(as_json: AsJson = False) -> None:
    """How far the plan is: all of it, and every batch."""
    kept, landed, _ = asyncio.run(_standing(configuration()))
    today = clock.now().date()
    if as_json:
        show_json(plan_shapes.dashboard(kept, landed, today))
        return
    whole = plans.overall(kept.plan, landed)
    say(wording.overall(whole))
    show_table(phrases.BATCH_COLUMNS, (_row(kept.plan, batch, landed, today) for batch in kept.plan.batches))
    say(wording.rule(whole))
    for line in _metrics(kept.plan):
        say(line)


async def _standing(config: Config) -> tuple[KeptPlan, Landed, tuple[Risk, ...]]:
    async with store(config) as engine:
        return await engine.plan.current(), await engine.plan.landed(), await engine.plan.risks()


def _row(plan: Plan, batch: Batch, landed: Landed, today: date) -> tuple[str, ...]:
    far = plans.progress(batch, landed)
    percent = f"{wording.bar(far.percent)} {wording.percent(far.percent)}"
    counted = wording.basis(batch, far)
    return (
        batch.id,
        batch.name,
        batch.priority or "",
        wording.STATUS_NAMES[batch.status],
        f"{percent} ({counted})" if counted else percent,
        batch.owner or wording.NOBODY,
        wording.due(batch, PLAIN, today=today),
        wording.in_the_way(plan, batch, PLAIN),
    )


def _metrics(plan: Plan) -> Iterator[str]:
    for metric in Metric:
        value = plan.metric(metric)
        said = phrases.UNMEASURED if value is None else wording.value(metric, value, PLAIN)
        yield f"{wording.FIELD_NAMES[metric]}: {said}"


@app.command()
def weekly(
    label: Annotated[str, typer.Argument(metavar="LABEL", help='What the week is called, as in "Week 1".')],
    since: Annotated[str | None, typer.Option(help="Its first day; seven days ago, if left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """The plan's part of a weekly report."""
    now = clock.now()
    start = _first_day(since) if since else now - _WEEK
    asyncio.run(_weekly(configuration(), label, start, now, as_json=as_json))


def _first_day(typed: str) -> datetime:
    try:
        return datetime.combine(date.fromisoformat(typed), time(), tzinfo=UTC)
    except ValueError:
        stop(ExitCode.USAGE, phrases.BAD_DAY)


async def _weekly(config: Config, label: str, start: datetime, now: datetime, *, as_json: bool) -> None:
    end = min(now, start + _WEEK)
    async with store(config) as engine:
        kept, landed = await engine.plan.current(), await engine.plan.landed()
        history = await engine.plan.history(start=start, end=end)
        due = due_for_review(await engine.plan.risks(), now)
    parts = _parts(kept.plan, plans.completed_between(history, start, end))
    if as_json:
        show_json(plan_shapes.weekly(label, kept.plan, landed, period=(start, end), parts=parts, due=due))
        return
    for line in _report(label, kept.plan, landed, period=(start, end), parts=parts, due=due):
        say(line)


def _parts(plan: Plan, completed: Sequence[str]) -> dict[str, Sequence[Batch]]:
    current = plans.current(plan)
    return {
        "current": [current] if current else [],
        "completed": [batch for batch in plan.batches if batch.id in completed],
        "in_progress": plans.in_progress(plan),
        "blocked": plans.blocked(plan),
        "next_goals": plans.next_goals(plan),
    }


_HEADINGS = {
    "current": phrases.CURRENT,
    "completed": phrases.COMPLETED,
    "in_progress": phrases.IN_PROGRESS,
    "blocked": phrases.BLOCKED,
    "next_goals": phrases.NEXT,
}


def _report(
    label: str,
    plan: Plan,
    landed: Landed,
    *,
    period: tuple[datetime, datetime],
    parts: Mapping[str, Sequence[Batch]],
    due: Sequence[Risk],
) -> Iterator[str]:
    start, end = period
    whole = plans.overall(plan, landed)
    yield phrases.weekly_title(PLAIN.words(label), str(start.date()), str(end.date()))
    yield wording.overall(whole)
    yield wording.rule(whole)
    for name, batches in parts.items():
        lines = [wording.batch_line(plan, batch, landed, PLAIN, today=end.date()) for batch in batches]
        yield from _section(_HEADINGS[name], lines)
    yield from _section(phrases.METRICS, list(_metrics(plan)))
    yield from _section(phrases.TO_REVIEW, [wording.risk_line(risk, PLAIN, due_now=True) for risk in due])


def _section(heading: str, lines: Sequence[str]) -> Iterator[str]:
    yield ""
    yield f"{heading}:"
    yield from (f"  {line}" for line in lines or [phrases.NONE])


@app.command()
def history(
    batch: Annotated[str | None, typer.Argument(metavar="ID", help="A batch; all, if left out.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="The latest so many.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Who changed what, when, from what to what; the oldest first."""
    edits = asyncio.run(_history(configuration(), batch, limit))
    if as_json:
        show_json({"edits": [plan_shapes.edit(each) for each in edits]})
        return
    if not edits:
        say(phrases.NO_HISTORY)
    show_table(phrases.EDIT_COLUMNS, map(_edit_row, edits))


async def _history(config: Config, batch: str | None, limit: int) -> tuple[Edit, ...]:
    async with store(config) as engine:
        return await engine.plan.history(batch=batch, limit=limit)


def _edit_row(edit: Edit) -> tuple[str, ...]:
    what = edit.difference
    return (
        str(edit.version),
        moment(edit.at),
        edit.actor,
        what.batch or "",
        wording.difference(what, PLAIN),
    )


# Changing --------------------------------------------------------------------------------------
@app.command()
def update(batch: ABatch, changes: Changes) -> None:
    """Change a batch: name, status, priority, progress, expected, target, owner, notes, blockers."""

    def decide(kept: KeptPlan) -> Plan:
        found = kept.plan.batch(batch)
        if found is None:
            suggestion = nearest(batch, [each.id for each in kept.plan.batches])
            _refuse(fault(Reason.UNKNOWN_BATCH, id=batch, suggestion=suggestion), code=ExitCode.NO)
        given_ = read_changes(found, changes)
        if isinstance(given_, tuple):
            _refuse(*given_, code=ExitCode.USAGE)
        return plans.with_batch(kept.plan, plans.changed(found, given_))

    asyncio.run(_change(configuration(), decide))


@app.command()
def metrics(changes: Changes) -> None:
    """Change the metrics: prsMerged, ciPassRate, coverage, productionIncidents, deploymentMinutes."""

    def decide(kept: KeptPlan) -> Plan:
        given_ = read_metrics(changes)
        if isinstance(given_, tuple):
            _refuse(*given_, code=ExitCode.USAGE)
        return plans.with_metrics(kept.plan, given_)

    asyncio.run(_change(configuration(), decide))


async def _change(config: Config, decide: Callable[[KeptPlan], Plan], *, made: bool = False) -> None:
    """Write what *decide* makes of the plan as it is; decided again where somebody was faster."""
    async with store(config, made=made) as engine:
        changes = await _written(engine, decide)
    _tell(changes)
    if not changes:
        say(phrases.NOTHING_CHANGED)


def _tell(changes: Sequence[Difference]) -> None:
    for line in wording.changes(changes, PLAIN):
        say(line)


async def _written(engine: Engine, decide: Callable[[KeptPlan], Plan]) -> tuple[Difference, ...]:
    while True:
        kept = await engine.plan.current()
        after = decide(kept)
        unchanged = after == kept.plan and kept.version > 0
        change = PlanChange(kept, after, operator().name)
        if unchanged or await engine.plan.write(change, now=clock.now()):
            return plans.differences(kept.plan, after)


# Files -----------------------------------------------------------------------------------------
@app.command()
def validate(file: AFile, as_json: AsJson = False) -> None:
    """Say everything that is wrong with a plan in a file, with line and column."""
    read = _read(file)
    faults = read if isinstance(read, tuple) else ()
    if as_json:
        show_json({"faults": [fault_shape(each) for each in faults]})
        raise typer.Exit(ExitCode.NO if faults else ExitCode.OK)
    if isinstance(read, tuple):
        stop(ExitCode.NO, refusal([Rejection(1, read)]))
    say(phrases.valid(len(read.batches), file=PLAIN.words(file)))


@app.command("import")
def import_(
    file: AFile,
    onto: Annotated[
        int | None, typer.Option(min=0, help="Only if the plan is still at this version.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change.")] = False,
) -> None:
    """Make a file the plan; what it does not hold is gone from it."""
    read = _read(file)
    if isinstance(read, tuple):
        _refuse(*read, code=ExitCode.NO)

    def decide(kept: KeptPlan) -> Plan:
        if onto is not None and onto != kept.version:
            _refuse(fault(Reason.PLAN_MOVED_ON, since=onto, version=kept.version), code=ExitCode.NO)
        if dry_run:
            changes = plans.differences(kept.plan, read)
            _tell(changes)
            say(phrases.would_change(len(changes)))
            raise typer.Exit(ExitCode.OK)
        return read

    asyncio.run(_change(configuration(), decide, made=not dry_run))


@app.command()
def export(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="Where to; standard output, if left out.")
    ] = "-",
) -> None:
    """Write the plan as a file that `import` reads back without loss."""
    kept, _, _ = asyncio.run(_standing(configuration()))
    if kept.version == 0:
        _refuse(fault(Reason.NO_PLAN), code=ExitCode.NO)
    text = write_plan(kept.plan)
    if file == "-":
        typer.echo(text, nl=False)
        typer.echo(phrases.version(kept.version), err=True)
        return
    try:
        Path(file).write_text(text, encoding="utf-8")
    except OSError as error:
        stop(ExitCode.USAGE, phrases.not_written(file, error.strerror or str(error)))
    say(phrases.exported(PLAIN.words(file), kept.version))


def _read(file: str) -> Plan | tuple[Fault, ...]:
    body = given(file).body
    try:
        return read_plan(body.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        before = body[: error.start]
        line, column = before.count(b"\n") + 1, error.start - before.rfind(b"\n")
        return (fault(Reason.NOT_UTF8, offset=error.start, line=line, column=column),)


def _refuse(*faults: Fault, code: ExitCode) -> NoReturn:
    stop(code, refusal([Rejection(1, faults)]), phrases.NOTHING_WRITTEN)
