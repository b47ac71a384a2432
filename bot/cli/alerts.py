"""`patchdesk alerts`: what the configuration makes of an alert, before there is one."""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from typing import Annotated

import typer

from bot import clock
from bot.cli.desk import configuration, store
from bot.cli.exits import ExitCode, stop
from bot.cli.phrases import alerts as phrases
from bot.cli.screen import moment, say, show_json
from bot.delivery.wording.faults import explain
from bot.settings import Config
from contracts.alerts.duties import Duty, with_duties
from contracts.alerts.foretelling import Happening, Prospect, doubts, prospects
from contracts.alerts.matching import parse_matchers
from contracts.alerts.model import Alert, Operator, Silence
from contracts.alerts.rules import Rules
from contracts.faults import Fault
from executor.engine import exists

app = typer.Typer(no_args_is_help=True, add_completion=False)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON; docs/cli.md has its shape.")]
SomeLabels = Annotated[str, typer.Option("--labels", help="As in alertname=disk-low,severity=critical")]
ATime = Annotated[str, typer.Option("--at", help="When it begins to fire; now, if left out.")]


@app.callback()
def alerts() -> None:
    """What becomes of an alert, and whether `operations.yml` is well."""


@app.command("test")
def foretell(labels: SomeLabels, at: ATime = "", as_json: AsJson = False) -> None:
    """Say where an alert would go, what keeps it back, and who would be told when."""
    config = configuration()
    known, now = _labels(labels), _time(at)
    silences, sources, duties = asyncio.run(_kept(config, now))
    rules = with_duties(Rules(config.operations.alerts, config.settings), duties)
    found = prospects(rules, known, silences=silences, sources=sources, now=now)
    if as_json:
        show_json({"groups": [_shape(each) for each in found]})
        return
    if not exists(config.database_url):
        say(phrases.NO_STORE)
    for prospect in found:
        _tell(prospect)


@app.command()
def check() -> None:
    """Read `operations.yml` and say what is wrong with it, or leaves somebody uninformed."""
    config = configuration()
    say(phrases.checked(config.operations.alerts))
    found = doubts(Rules(config.operations.alerts, config.settings), clock.now())
    for doubt in found:
        said = explain(doubt)
        say(said.what)
        say(f"  {said.hint}")
    if found:
        raise typer.Exit(ExitCode.NO)
    say(phrases.FINE)


def _labels(text: str) -> Mapping[str, str]:
    parsed = parse_matchers(text)
    if isinstance(parsed, Fault):
        stop(ExitCode.USAGE, explain(parsed).what, phrases.LABELS_WANTED)
    if any(each.operator is not Operator.EQUAL for each in parsed):
        stop(ExitCode.USAGE, phrases.not_equal(text), phrases.LABELS_WANTED)
    return {each.label: each.value for each in parsed}


def _time(text: str) -> datetime:
    if not text:
        return clock.now()
    try:
        return datetime.fromisoformat(text).astimezone()
    except (ValueError, OverflowError):
        stop(ExitCode.USAGE, text, phrases.NOT_A_TIME)


async def _kept(
    config: Config, now: datetime
) -> tuple[tuple[Silence, ...], tuple[Alert, ...], tuple[Duty, ...]]:
    """Silences and duties that hold at *now* or later, and what inhibits at present; none without a store."""
    if not exists(config.database_url):
        return (), (), ()
    async with store(config) as engine:
        kept = engine.alerts
        return await kept.silences(now=now), await kept.sources(), await kept.duties(now=now)


def _tell(prospect: Prospect) -> None:
    for line in phrases.heading(prospect):
        say(line)
    say(f"  {phrases.WITHOUT_ACT}")
    for happens in prospect.happens:
        say(f"  {moment(happens.at)}  {phrases.happening(happens, prospect)}")


def _shape(prospect: Prospect) -> dict[str, object]:
    """What `--json` prints; docs/cli.md promises it."""
    hidden = prospect.hidden
    return {
        "route": prospect.route.path,
        "labels": dict(prospect.placement.labels),
        "channel": prospect.channel,
        "chain": prospect.route.chain,
        "hidden": None
        if hidden is None
        else {"why": hidden.why.value, "by": hidden.by, "until": _iso(hidden.until)},
        "happens": [_happening(each) for each in prospect.happens],
    }


def _happening(happens: Happening) -> dict[str, object]:
    told = [
        {"notice": each.notice.kind, "channel": each.channel, "to": _addressee(each.notice)}
        for each in happens.told
    ]
    facts = dict(happens.entry.facts)
    return {"at": _iso(happens.at), "kind": happens.entry.kind.value, "facts": facts, "told": told}


def _addressee(notice: object) -> str | None:
    """Who is told outside of the card, where the notice names anybody."""
    found = (getattr(notice, name, None) for name in ("user", "address", "name"))
    return next((who for who in found if who is not None), None)


def _iso(at: datetime | None) -> str | None:
    return at.astimezone().isoformat() if at else None
