"""How the desk is, as measured. What was not measured is None, with the reason beside it."""

import enum
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from contracts.faults import Fault
from contracts.gates import Verdict


class Status(enum.StrEnum):
    """In rising order of trouble."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"  #: a level is broken; work goes on
    FAILING = "failing"  #: a component is down, or something waits and nothing is consumed


class ServiceState(enum.StrEnum):
    UP = "up"
    RESTARTING = "restarting"
    DOWN = "down"  #: no heartbeat for too long


@dataclass(frozen=True, slots=True)
class Service:
    """One component of the desk. *why*: how it last ended, or that it is silent."""

    name: str
    state: ServiceState
    last_beat: datetime | None
    restarts: int
    why: Fault | None = None


@dataclass(frozen=True, slots=True)
class Level:
    """One service level where it was measured.

    *measured* None: it could not be, *why* says so. *broken_since* None: it holds. *did*: what the desk did
    about it, None if nothing can be done by itself. Durations are seconds, shares are between 0 and 1.
    A level is of the desk, of one *domain*, or of one *component*. *floor*: the limit is the least.
    """

    name: str
    domain: str | None
    measured: float | None
    limit: float
    broken_since: datetime | None = None
    why: Fault | None = None
    did: Fault | None = None
    component: str | None = None
    floor: bool = False


@dataclass(frozen=True, slots=True)
class GateHealth:
    """The last verdict of one gate of one domain, and how many of its last runs passed."""

    domain: str
    gate: str
    verdict: Verdict
    at: datetime
    passed: int
    runs: int


@dataclass(frozen=True, slots=True)
class Health:
    """One measurement of everything. *last_consumed_at*: when anything that waited was last taken up.

    *drift* is the share of domains whose branch is not where the desk left it; None until it is measured.
    """

    at: datetime
    status: Status
    services: tuple[Service, ...]
    gates: tuple[GateHealth, ...]
    levels: tuple[Level, ...]
    reachable: bool | None
    last_consumed_at: datetime | None
    queue_depth: int
    drift: float | None
    unmeasured: Mapping[str, Fault]


@dataclass(frozen=True, slots=True)
class Sample:
    """What is kept of one minute, or of the 60 minutes of an hour: the worst status, the deepest queue."""

    at: datetime
    status: Status
    queue_depth: int
    broken: int  #: how many levels did not hold


class HealthLog(Protocol):
    """What the store keeps of the desk's health."""

    async def keep(self, health: Health, *, now: datetime) -> None:
        """The latest, and this minute's and hour's sample, in one transaction.

        Minutes older than 7 days and hours older than a year go.
        """

    async def latest(self) -> Health | None: ...

    async def minutes(self, *, since: datetime) -> tuple[Sample, ...]:
        """Oldest first."""

    async def hours(self, *, since: datetime) -> tuple[Sample, ...]:
        """Oldest first."""
