"""The demo's four posts without Slack: read by the same rules, rehearsed on the sample repository."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bot import clock
from bot.demo import sample
from bot.demo.origin import Origin
from bot.demo.posts import POSTS, Ending, Post
from contracts.commands import Actor, ActorKind, Place, Submit
from contracts.faults import Reason, Rejection
from contracts.formats import fences
from contracts.formats.context import Context
from contracts.formats.reading import read
from contracts.outcome import Step
from contracts.patch import Patch
from contracts.settings import Settings
from executor.rehearsal import Rehearsal, Stage, open_stage, rehearse


@dataclass(frozen=True, slots=True)
class Tried:
    patch: Patch
    rehearsal: Rehearsal


@dataclass(frozen=True, slots=True)
class Played:
    """What came of *post*: a result for each block in it that is a patch or wants to be one."""

    post: Post
    results: tuple[Tried | Rejection, ...]

    @property
    def different(self) -> tuple[str, ...]:
        """What is not as it should be; nothing: all is."""
        return tuple(_differences(self))


async def play(folder: Path) -> AsyncIterator[Played]:
    """Each post in turn, in a repository below *folder*."""
    origin = Origin(folder / "greeter.git")
    await origin.make()
    async with open_stage(Settings(sandbox=sample.SANDBOX), clock=clock.now) as stage:
        python = await sample.interpreter(stage.sandbox)
        settings = Settings(domains={"greeter": sample.domain(origin.path, python)}, sandbox=sample.SANDBOX)
        for post in POSTS:
            # Nobody spoke to the desk: it has to tell patches from chatter by itself.
            asked = Submit(fences.parts(post.text), addressed=False)
            found = read(asked, Context.of(settings, Place(sample.CHANNEL)))
            results = [
                each if isinstance(each, Rejection) else await _try(stage, post, each, settings)
                for each in found
            ]
            yield Played(post, tuple(results))


async def _try(stage: Stage, post: Post, patch: Patch, settings: Settings) -> Tried:
    rules = settings.domains[patch.domain]
    rehearsal = await rehearse(
        stage,
        patch,
        Actor(ActorKind.PERSON, post.author.id, post.author.real_name, post.author.email),
        repository=rules.repository or "",
        branch=rules.branch,
        gates=[gate.spec() for gate in rules.gates],
        on_step=_in_silence,
    )
    return Tried(patch, rehearsal)


async def _in_silence(_step: Step, _now: datetime) -> None:
    """The steps of a rehearsal take no time to speak of here."""


def _differences(played: Played) -> Iterator[str]:
    match played.post.ending, played.results:
        case (Ending.LANDED, (Tried(rehearsal=rehearsal),)):
            if not rehearsal.would_land:
                yield f"it would not land: {rehearsal.report.fault}"
        case (Ending.GATE_FAILED, (Tried(rehearsal=rehearsal),)):
            fault = rehearsal.report.fault
            if fault is None or fault.reason is not Reason.GATE_FAILED or fault.args["gate"] != sample.TESTS:
                yield f"its gate did not fail: {fault}"
        case (Ending.REJECTED, (Rejection(faults=faults),)):
            if faults[0].reason is not Reason.BAD_JSON or faults[0].line is None:
                yield f"it was rejected for something else: {faults}"
        case (Ending.NO_ANSWER, ()):
            return
        case (_, results):
            yield f"it became {len(results)} of patches and rejections: {results}"
