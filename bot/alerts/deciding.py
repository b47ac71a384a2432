"""The tick of alerts: looks at every group that is due, and writes what is decided."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from contracts.alerts.duties import with_duties
from contracts.alerts.hiding import of_alert
from contracts.alerts.lifecycle import View, advance, needs_members
from contracts.alerts.model import Alert, Group, GroupChange, Silence
from contracts.alerts.rules import Rules
from contracts.alerts.silences import announcements
from contracts.alerts.store import Alerts

#: Groups of one tick, and of its transaction: others wait no longer than these take, and Slack would not take
#: more cards in the time up to the next.
BATCH: Final = 250
#: Alerts of a group that are looked at before all of them are.
_FEW: Final = 3


class AlertTick:
    """*reached* is called with `alerts-decided` when a batch was written."""

    def __init__(
        self, alerts: Alerts, rules: Rules, *, reached: Callable[[str], None] = lambda _: None
    ) -> None:
        self._alerts = alerts
        self._rules = rules
        self._reached = reached

    async def tick(self, now: datetime) -> None:
        """Look at the groups that are due at *now*, the longest due first and `BATCH` of them at most.

        A group that moved on since it was read is left to the next tick, as are those beyond the batch.
        """
        await self._alerts.expire(now=now)
        due = await self._alerts.due(now=now, limit=BATCH)
        if not due:
            return
        hiding = _Hiding(await self._alerts.silences(now=now), await self._alerts.sources())
        rules = with_duties(self._rules, await self._alerts.duties(now=now))
        changes = await self._decide(due, hiding, rules, now)
        ending = announcements(changes, hiding.silences, self._rules)
        await self._alerts.write([*changes, *ending], now=now)
        self._reached("alerts-decided")

    async def _decide(
        self, due: Sequence[Group], hiding: "_Hiding", rules: Rules, now: datetime
    ) -> list[GroupChange]:
        unheard = await self._alerts.unheard([group.id for group in due])
        firing = await self._firing(due, hiding, now)
        decided = (
            advance(group, hiding.view(firing.get(group.id), unheard.get(group.id)), rules, now)
            for group in due
        )
        return [change for change in decided if change is not None]

    async def _firing(
        self, due: Sequence[Group], hiding: "_Hiding", now: datetime
    ) -> Mapping[str, tuple[Alert, ...]]:
        """The firing alerts of the groups that something could hide.

        A group is heard of as soon as one of its alerts is not hidden, so that a few are enough where one of
        them is not.
        """
        alerts = self._rules.alerts
        touched = [group.id for group in due if needs_members(group, alerts, hiding.silences, hiding.sources)]
        if not touched:
            return {}
        few = await self._alerts.firing(touched, limit=_FEW)
        view = hiding.view(None, None)
        open_still = [
            group
            for group, found in few.items()
            if len(found) == _FEW and all(of_alert(each.labels, view, alerts, now) for each in found)
        ]
        return {**few, **(await self._alerts.firing(open_still) if open_still else {})}


@dataclass(frozen=True, slots=True)
class _Hiding:
    """What may hide groups: silences, begun or not, and firing alerts that inhibit others."""

    silences: tuple[Silence, ...]
    sources: tuple[Alert, ...]

    def view(self, firing: tuple[Alert, ...] | None, unheard_since: datetime | None) -> View:
        return View(firing, self.silences, self.sources, unheard_since)
