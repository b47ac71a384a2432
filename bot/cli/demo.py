"""`patchdesk demo`: the desk at work in front of your eyes."""

import asyncio
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from bot.cli.exits import ExitCode, stop
from bot.cli.phrases import demo as phrases
from bot.cli.theatre import Theatre
from bot.demo import offline, play
from bot.demo.workspace import NoLocalSlackError

Once = Annotated[bool, typer.Option("--once", help="One pass; exit 0 only if all four ended as they should.")]
Binary = Annotated[
    Path | None, typer.Option("--slack-peer", help="The program of the local Slack; `make demo` knows it.")
]


def demo(once: Once = False, slack_peer: Binary = None) -> None:
    """Show the desk at work: a local Slack, a sample repository, four posts."""
    theatre = Theatre()
    with tempfile.TemporaryDirectory(prefix="patchdesk-demo-") as folder:
        if slack_peer is None or not slack_peer.is_file():
            theatre.say(phrases.no_local_slack(slack_peer))
            well = asyncio.run(_without_slack(Path(folder), theatre))
        else:
            try:
                well = asyncio.run(_with_slack(Path(folder), slack_peer, theatre, once=once))
            except NoLocalSlackError as error:
                stop(ExitCode.DESK, phrases.local_slack_failed(str(error)))
    raise typer.Exit(ExitCode.OK if well else ExitCode.NO)


async def _with_slack(folder: Path, binary: Path, theatre: Theatre, *, once: bool) -> bool:
    async with play.stage(folder, binary) as stage:
        theatre.open(stage.peer.url)
        posted = await play.play(stage, theatre.tell)
        judged = await play.judge(stage, posted)
        theatre.log(await stage.origin.drawn())
        theatre.verdict(judged)
        if not once:
            theatre.stay(stage.peer.url)
            await play.keep_showing(stage, theatre.tell)
    return not any(different for _, different in judged)


async def _without_slack(folder: Path, theatre: Theatre) -> bool:
    judged = []
    async for played in offline.play(folder):
        theatre.rehearsed(played)
        judged.append((played.post, played.different))
    theatre.verdict(judged)
    return not any(different for _, different in judged)
