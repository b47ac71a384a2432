"""The section `levels` of `operations.yml`: what the desk promises about itself, as limits."""

from datetime import timedelta
from typing import Annotated

from pydantic import AnyHttpUrl, Field

from contracts.sections import Section
from contracts.settings import Name, Seconds

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]


class DomainLevels(Section):
    """The limits of one domain; what it leaves out is as for all."""

    queue_depth: Count | None = None
    head_age: Seconds | None = None
    summary_age: Seconds | None = None
    quarantined: Count | None = None
    failure_rate: Share | None = None


class Levels(Section):
    """Limits whose breach is an alert: what is measured must not be above them, `disk_free` not below.

    Five of them hold per domain, and `domains` may give other ones. `quarantined` counts the patches that
    went into quarantine within `quarantine_window`. `failure_rate` is a share of the last `failure_window`
    patches that came to an end, and is not measured before there were `failure_least`. A component that
    gives no sign of life for `silence` is missing; more than `restarts` of one within `restart_window` are
    too many. Something may wait for `unconsumed` while nothing of its kind is taken up.
    """

    queue_depth: Count = 10
    head_age: Seconds = timedelta(minutes=15)
    summary_age: Seconds = timedelta(minutes=20)
    quarantined: Count = 10
    quarantine_window: Seconds = timedelta(days=7)
    failure_rate: Share = 0.05
    failure_window: Annotated[int, Field(ge=1, le=1000)] = 50
    failure_least: Annotated[int, Field(ge=1)] = 20
    domains: dict[Name, DomainLevels] = Field(default_factory=dict)

    silence: Seconds = timedelta(seconds=60)
    restarts: Count = 2
    restart_window: Seconds = timedelta(minutes=5)
    unconsumed: Seconds = timedelta(seconds=30)
    outbox_age: Seconds = timedelta(minutes=2)
    disk_free: Share = 0.1
    socket_silence: Seconds = timedelta(seconds=60)
    clock_skew: Seconds = timedelta(seconds=30)

    def of(self, domain: str) -> "Levels":
        """The limits of *domain*."""
        own = self.domains.get(domain)
        return self if own is None else self.model_copy(update=own.model_dump(exclude_none=True))


class HealthSettings(Section):
    """The section `health`: how often the desk looks at itself, and how it ends.

    `every`: how often everything is measured. `heartbeat` is an address that is called then, as long as all
    is well. `check_every`: how often the store is read from end to end; `tidy_every`: how often what was
    left behind is removed. `grace`: how long work in hand may take when the desk is told to stop, and
    `last_words` how long what is then still to be said.
    """

    every: Annotated[timedelta, Field(ge=timedelta(seconds=1), le=timedelta(minutes=10))] = timedelta(
        seconds=30
    )
    heartbeat: AnyHttpUrl | None = None
    check_every: Seconds = timedelta(days=1)
    tidy_every: Seconds = timedelta(hours=1)
    grace: Seconds = timedelta(seconds=10)
    last_words: Seconds = timedelta(seconds=5)
