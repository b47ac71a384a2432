"""`patchdesk plan risk`: the risk register."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Annotated, NoReturn

import typer

from bot import clock
from bot.cli import plan_shapes
from bot.cli.desk import configuration, store
from bot.cli.exits import ExitCode, stop
from bot.cli.phrases import plan as phrases
from bot.cli.reading import operator, refusal
from bot.cli.screen import say, show_json, show_table
from bot.delivery.wording import plan as wording
from bot.delivery.wording.ink import PLAIN
from bot.settings import Config
from contracts.faults import Fault, Reason, Rejection, fault, nearest
from contracts.formats.plan_text import read_field
from contracts.formats.plan_words import read_risk
from contracts.plan import Key
from contracts.plan_store import RiskChange
from contracts.register import OPEN_RISKS, Degree, Risk, by_score, due_for_review

app = typer.Typer(no_args_is_help=True, add_completion=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; docs/cli.md has its shape.")]
ARisk = Annotated[str, typer.Argument(metavar="ID", help="A risk of the register.")]
Fields = Annotated[
    list[str],
    typer.Argument(
        metavar="FIELD=VALUE",
        help="risk, probability and impact (low, medium, high), mitigation, owner, state.",
    ),
]

#: Of the risk as it is (None: there is none) what it is to be.
Decide = Callable[[Risk | None, Sequence[str]], Risk]


@app.callback()
def risk() -> None:
    """The risk register."""


@app.command()
def add(risk: ARisk, fields: Fields) -> None:
    """Add a risk: risk=TEXT, and what else is known of it."""
    checked = read_field(Key.ID, risk)
    if isinstance(checked, Fault):
        _refuse(checked, code=ExitCode.USAGE)

    def decide(there: Risk | None, _ids: Sequence[str]) -> Risk:
        if there is not None:
            _refuse(fault(Reason.RISK_THERE, id=risk), code=ExitCode.NO)
        return _read(Risk(risk, "", Degree.MEDIUM, Degree.MEDIUM), fields)

    asyncio.run(_change(configuration(), risk, decide, made=True))


@app.command()
def update(risk: ARisk, fields: Fields) -> None:
    """Change a risk; the states are open, accepted, happened and closed."""

    def decide(there: Risk | None, ids: Sequence[str]) -> Risk:
        return _read(there or _unknown(risk, ids), fields)

    asyncio.run(_change(configuration(), risk, decide))


@app.command("list")
def list_(
    everything: Annotated[bool, typer.Option("--all", help="What can no longer happen, too.")] = False,
    as_json: AsJson = False,
) -> None:
    """The risks, the worst first."""
    risks, now = asyncio.run(_risks(configuration())), clock.now()
    shown = [each for each in by_score(risks) if everything or each.state in OPEN_RISKS]
    if as_json:
        show_json({"risks": [plan_shapes.risk(each) for each in shown]})
        return
    if not shown:
        say(wording.NO_RISKS)
    due = due_for_review(risks, now)
    show_table(phrases.RISK_COLUMNS, (_row(each, due_now=each in due) for each in shown))


@app.command()
def review(
    risks: Annotated[
        list[str] | None, typer.Argument(metavar="ID", help="Risks that were looked at just now.")
    ] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that are due.")] = False,
) -> None:
    """Note that risks were looked at; without an ID, list what is due for it."""
    config, now = configuration(), clock.now()
    due = due_for_review(asyncio.run(_risks(config)), now)
    if not risks and not everything:
        if not due:
            say(phrases.NOTHING_TO_REVIEW)
        show_table(phrases.RISK_COLUMNS, (_row(each, due_now=True) for each in due))
        return
    for id_ in risks or [each.id for each in due]:

        def decide(there: Risk | None, ids: Sequence[str], id_: str = id_) -> Risk:
            return replace(there or _unknown(id_, ids), reviewed_at=now)

        asyncio.run(_change(config, id_, decide))


async def _risks(config: Config) -> tuple[Risk, ...]:
    async with store(config) as engine:
        return await engine.plan.risks()


async def _change(config: Config, id_: str, decide: Decide, *, made: bool = False) -> None:
    """Write what *decide* makes of the risk as it is; decided again where somebody was faster."""
    async with store(config, made=made) as engine:
        while True:
            risks = {each.id: each for each in await engine.plan.risks()}
            after = decide(risks.get(id_), list(risks))
            if await engine.plan.write(RiskChange(after, operator().name), now=clock.now()):
                break
    due = due_for_review([after], clock.now())
    say(wording.risk_line(after, PLAIN, due_now=bool(due)))


def _read(risk: Risk, fields: Sequence[str]) -> Risk:
    after = read_risk(risk, fields)
    if isinstance(after, tuple):
        _refuse(*after, code=ExitCode.USAGE)
    return after


def _unknown(id_: str, ids: Sequence[str]) -> NoReturn:
    _refuse(fault(Reason.UNKNOWN_RISK, id=id_, suggestion=nearest(id_, ids)), code=ExitCode.NO)


def _row(risk: Risk, *, due_now: bool) -> tuple[str, ...]:
    return (
        risk.id,
        risk.risk,
        f"{wording.DEGREES[risk.degree]} ({risk.score})",
        wording.RISK_STATES[risk.state],
        risk.owner or wording.NOBODY,
        wording.reviewed(risk, due_now=due_now),
        risk.mitigation,
    )


def _refuse(*faults: Fault, code: ExitCode) -> NoReturn:
    stop(code, refusal([Rejection(1, faults)]), phrases.NOTHING_WRITTEN)
