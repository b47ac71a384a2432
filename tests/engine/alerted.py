"""Alerts in few words: what the tests of alerts are written with."""

import itertools
from dataclasses import dataclass, field
from datetime import datetime

from contracts.alerts.model import (
    NAME,
    SEVERITY,
    Group,
    GroupChange,
    Matcher,
    Observation,
    Operator,
    Placement,
    Seen,
    Silence,
)
from contracts.alerts.store import Alerts
from contracts.faults import Reason, fault
from contracts.notices import NewDelivery
from tests.engine.given import NOW, after

WHAT = fault(Reason.DESK_ERROR, detail="x")


def alert(
    name: str,
    severity: str = "warning",
    *,
    times: int = 1,
    ended: datetime | None = None,
    expires: datetime | None = None,
    since: datetime = NOW,
) -> Observation:
    labels = {NAME: name, SEVERITY: severity}
    return Observation(labels, WHAT, since, ended, times, expires)


def silence(id_: str = "s-1", *, starts: float = 0, ends: float = 60, announced: bool = False) -> Silence:
    matcher = Matcher(NAME, Operator.EQUAL, "Broken")
    return Silence(id_, (matcher,), "U0ANN", "on it", after(starts), after(ends), announced)


@dataclass
class Watch:
    """A store of alerts, and the verbs that a test needs often."""

    alerts: Alerts
    _ids: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def seen(self, what: Observation, *keys: str, inhibits: bool = False) -> Seen:
        placements = tuple(Placement(key, "root", {"key": key}) for key in keys)
        ids = tuple(f"a-{next(self._ids):08}" for _ in keys)
        return Seen(what, placements, ids, inhibits)

    async def see(
        self,
        *observed: Observation,
        key: str = "k",
        source: str = "desk",
        whole: bool = False,
        now: datetime = NOW,
    ) -> None:
        """All of them in the group of *key*."""
        await self.alerts.observe(source, [self.seen(each, key) for each in observed], now=now, whole=whole)

    async def groups(self) -> list[Group]:
        """The open ones, by key."""
        return sorted(await self.alerts.open_groups(limit=10_000), key=lambda group: group.key)

    async def only(self) -> Group:
        [group] = await self.groups()
        return group

    async def change(
        self, after_: Group, *entries: object, told: tuple[NewDelivery, ...] = (), now: datetime = NOW
    ) -> bool:
        """Write *after_* over the version that it was made of."""
        change = GroupChange(after_.version, after_, entries, told)  # type: ignore[arg-type]
        [written] = await self.alerts.write([change], now=now)
        return written
