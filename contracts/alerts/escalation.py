"""Chains: who is told in which order while nobody sees to a group. Never backwards."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from contracts.alerts.model import Climb
from contracts.sections import Section
from contracts.settings import ChannelId, GroupId, Name, Seconds

Address = Annotated[str, StringConstraints(pattern=r"^[^@\s<>,;]+@[^@\s<>,;]+$", max_length=254)]


class Way(enum.StrEnum):
    """How a step of a chain reaches somebody."""

    CHANNEL = "channel"
    PERSON = "person"
    USER_GROUP = "user_group"
    ON_CALL = "on_call"
    WEBHOOK = "webhook"
    EMAIL = "email"


class Importance(enum.StrEnum):
    DEFAULT = "default"  #: said once, under the card, where people are mentioned
    IMPORTANT = "important"  #: said to people directly and by e-mail, and again whenever the chain repeats


class StepSettings(Section):
    """One step: to wait, to tell somebody, or, at the end, to `repeat` the chain so many times.

    `channel` is a channel, or `own`: that of the card. `person` is one of `people`, `on_call` one of
    `schedules`, `webhook` one of `webhooks`, `email` one of `people` or an address.
    """

    wait: Seconds | None = None
    channel: ChannelId | Literal["own", "operators"] | None = None
    person: Name | None = None
    user_group: GroupId | None = None
    on_call: Name | None = None
    webhook: Name | None = None
    email: Address | Name | None = None
    repeat: Annotated[int, Field(ge=1, le=100)] | None = None
    importance: Importance = Importance.DEFAULT

    @model_validator(mode="after")
    def _does_one_thing(self) -> Self:
        keys = [key for key in ("wait", *Way, "repeat") if getattr(self, key) is not None]
        if len(keys) != 1:
            raise ValueError(f"a step does one thing: one of wait, {', '.join(Way)}, repeat")
        if self.way is None and self.importance is not Importance.DEFAULT:
            raise ValueError("only a step that tells somebody can be important")
        return self

    @property
    def way(self) -> Way | None:
        return next((way for way in Way if getattr(self, way) is not None), None)

    @property
    def to(self) -> str:
        """Whom a step with a way tells, as the file names it."""
        return str(getattr(self, self.way)) if self.way else ""


# Climbing ----------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Rung:
    """One telling of a chain. *number* counts all of its laps from 1, *place* those of one lap.

    *after* is how long to wait for it from the rung before, or from when the group is first spoken of.
    """

    number: int
    lap: int
    place: int
    after: timedelta
    step: StepSettings


def rungs(chain: Sequence[StepSettings]) -> tuple[Rung, ...]:
    """*chain* from its first telling to its last; laps after the first have important steps only."""
    laps = 1 + next((step.repeat for step in chain if step.repeat), 0)
    ladder: list[Rung] = []
    wait = timedelta(0)
    for lap in range(1, laps + 1):
        place = 0
        for step in chain:
            wait += step.wait or timedelta(0)
            if step.way is None:
                continue
            place += 1
            if lap == 1 or step.importance is Importance.IMPORTANT:
                ladder.append(Rung(len(ladder) + 1, lap, place, wait, step))
                wait = timedelta(0)
    return tuple(ladder)


def at_foot(chain: str, ladder: Sequence[Rung], now: datetime) -> Climb:
    return Climb(chain, step=0, lap=1, next_at=now + ladder[0].after if ladder else None)


def next_rung(climb: Climb, ladder: Sequence[Rung]) -> Rung | None:
    """What is carried out at the climb's `next_at`. None: nothing is left, or the file has less now."""
    return ladder[climb.step] if climb.step < len(ladder) else None


def climbed(
    climb: Climb, rung: Rung, ladder: Sequence[Rung], reached: tuple[str, ...], now: datetime
) -> Climb:
    """After *rung* was carried out at *now* and told *reached*; the rung after it waits from now on."""
    above = ladder[rung.number] if rung.number < len(ladder) else None
    told = (*climb.reached, *reached) if rung.lap == climb.lap else reached
    return replace(
        climb,
        step=rung.number,
        lap=rung.lap,
        next_at=now + above.after if above else None,
        reached=told,
    )


def ways_around(climb: Climb, ladder: Sequence[Rung]) -> Rung | None:
    """The next rung that needs no Slack and was not carried out, before its turn or in it."""
    above = (rung for rung in ladder[climb.step :] if rung.number not in climb.fell_back)
    return next((rung for rung in above if rung.step.way in {Way.WEBHOOK, Way.EMAIL}), None)


def fallen_back(climb: Climb, rung: Rung, now: datetime) -> Climb:
    return replace(climb, fell_back=(*climb.fell_back, rung.number), fell_back_at=now)


def webhooks_called(climb: Climb, ladder: Sequence[Rung]) -> tuple[str, ...]:
    """The webhooks of the steps that were carried out, in their turn or before it; each once."""
    done = (rung for rung in ladder if rung.number <= climb.step or rung.number in climb.fell_back)
    return tuple(dict.fromkeys(rung.step.webhook for rung in done if rung.step.webhook is not None))
