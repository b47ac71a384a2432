"""Chains: who is told in which order while nobody sees to a group. Never backwards."""

import enum
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from contracts.alerts.model import Climb
from contracts.settings import ChannelId, GroupId, Name, Seconds, Section

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
