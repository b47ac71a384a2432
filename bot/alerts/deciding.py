"""The tick of alerts: looks at every group that is due, and writes what is decided."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from contracts.alerts.lifecycle import View, advance, needs_members
from contracts.alerts.model import Alert, Group, GroupChange, Silence
from contracts.alerts.rules import Rules
from contracts.alerts.store import Alerts

#: Groups of one transaction: others wait for the writer no longer than these take.
BATCH: Final = 250


class AlertTick:
    def __init__(self, alerts: Alerts, rules: Rules) -> None:
        self._alerts = alerts
        self._rules = rules

    async def tick(self, now: datetime) -> None:
        """Look at all groups that are due at *now*.

        What hides is read once; a group that moved on since it was read is left to the next tick.
        """
        await self._alerts.expire(now=now)
        due = await self._alerts.due(now=now, limit=BATCH)
        if not due:
            return
        hiding = _Hiding(await self._alerts.silences(now=now), await self._alerts.sources())
        while due:
            changes = await self._decide(due, hiding, now)
            written = await self._alerts.write(changes, now=now)
            if sum(written) < len(due):
                return
            due = await self._alerts.due(now=now, limit=BATCH)

    async def _decide(self, due: Sequence[Group], hiding: "_Hiding", now: datetime) -> list[GroupChange]:
        ids = [group.id for group in due]
        unheard = await self._alerts.unheard(ids)
        touched = [
            group.id
            for group in due
            if needs_members(group, self._rules.alerts, hiding.silences, hiding.sources)
        ]
        firing = await self._alerts.firing(touched) if touched else {}
        decided = (
            advance(
                group,
                View(firing.get(group.id), hiding.silences, hiding.sources, unheard.get(group.id)),
                self._rules,
                now,
            )
            for group in due
        )
        return [change for change in decided if change is not None]


@dataclass(frozen=True, slots=True)
class _Hiding:
    """What may hide groups: silences, begun or not, and firing alerts that inhibit others."""

    silences: tuple[Silence, ...]
    sources: tuple[Alert, ...]
