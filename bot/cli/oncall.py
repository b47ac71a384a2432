"""`patchdesk oncall`: who is on call, and who takes it for a while."""

import asyncio
from typing import Annotated

import typer

from bot import clock
from bot.cli.desk import configuration, store
from bot.cli.exits import ExitCode, stop
from bot.cli.inbox import through_inbox
from bot.cli.phrases import alerts as phrases
from bot.cli.screen import say, show_json
from bot.delivery.wording.alerts import NO_SCHEDULES, duty_line
from bot.delivery.wording.faults import explain
from bot.delivery.wording.ink import PLAIN
from bot.settings import Config
from contracts.alerts.duties import Duty, schedule_meant, with_duties
from contracts.alerts.oncall import Shift, upcoming
from contracts.alerts.rules import Rules
from contracts.commands import EndDuty, TakeDuty
from contracts.faults import Fault
from executor.engine import exists

app = typer.Typer(no_args_is_help=True, add_completion=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; docs/cli.md has its shape.")]
APerson = Annotated[str, typer.Argument(metavar="PERSON", help="As `people` of `operations.yml` names them.")]
ASchedule = Annotated[str | None, typer.Option("--schedule", help="Which; the only one, if left out.")]
OneSchedule = Annotated[str | None, typer.Argument(metavar="SCHEDULE", help="One of them; all, if left out.")]
ATime = Annotated[
    str, typer.Option("--until", help="As 4h, 18:00; times of day in UTC. Else for the rest of the shift.")
]


@app.callback()
def oncall() -> None:
    """Who is on call, and who takes it for a while."""


@app.command()
def show(schedule: OneSchedule = None, as_json: AsJson = False) -> None:
    """Say who is on call, until when, and who is next."""
    config, now = configuration(), clock.now()
    rules = with_duties(Rules(config.operations.alerts, config.settings), asyncio.run(_duties(config)))
    known = rules.alerts.schedules
    if schedule is not None:
        _meant(schedule, rules)
    shifts = {name: upcoming(known[name], now, 2) for name in ([schedule] if schedule else sorted(known))}
    if as_json:
        show_json({"schedules": [_shape(name, each) for name, each in shifts.items()]})
        return
    for name, each in shifts.items():
        say(duty_line(name, each, PLAIN))
    if not shifts:
        say(NO_SCHEDULES)


@app.command()
def take(person: APerson, schedule: ASchedule = None, until: ATime = "", as_json: AsJson = False) -> None:
    """Make somebody the one who is on call, whoever else would be."""
    _named(person)
    through_inbox(TakeDuty(schedule, until, person), as_json=as_json)


@app.command("return")
def give_back(person: APerson, schedule: ASchedule = None, as_json: AsJson = False) -> None:
    """End what somebody took; whoever has the shift is on call again."""
    _named(person)
    through_inbox(EndDuty(schedule, person), as_json=as_json)


def _named(person: str) -> None:
    """The command ends if the settings do not name *person*."""
    people = configuration().operations.alerts.people
    if person not in people:
        stop(ExitCode.USAGE, phrases.no_person(person, people), phrases.WHERE_PEOPLE_ARE)


def _meant(schedule: str, rules: Rules) -> None:
    meant = schedule_meant(schedule, rules.alerts)
    if isinstance(meant, Fault):
        said = explain(meant)
        stop(ExitCode.USAGE, said.what, said.hint)


async def _duties(config: Config) -> tuple[Duty, ...]:
    """None where there is no store yet."""
    if not exists(config.database_url):
        return ()
    async with store(config) as engine:
        return await engine.alerts.duties(now=clock.now())


def _shape(name: str, shifts: tuple[Shift, ...]) -> dict[str, object]:
    """What `--json` prints; docs/cli.md promises it."""
    return {
        "schedule": name,
        "shifts": [
            {
                "person": each.person,
                "starts": each.starts.isoformat(),
                "ends": each.ends.isoformat() if each.ends else None,
            }
            for each in shifts
        ],
    }
