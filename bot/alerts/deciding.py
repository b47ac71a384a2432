"""The tick of alerts: looks at every group that is due, and writes what is decided."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Final

from contracts.alerts.duties import with_duties
from contracts.alerts.hiding import of_alert
from contracts.alerts.lifecycle import View, advance, needs_members
from contracts.alerts.model import Alert, Group, GroupChange, Labels, Silence
from contracts.alerts.rules import Rules
from contracts.alerts.silences import announcements
from contracts.alerts.store import Alerts

#: Groups of one tick, and of its transaction: others wait no longer than these take, and Slack would not take
#: more cards in the time up to the next.
BATCH: Final = 250
#: Alerts of a group that are looked at before all of them are.
_FEW: Final = 3
#: Alerts that one tick looks at for groups of which it has to see all; one group it always does.
_MANY: Final = 500
#: Alerts that one tick forgets at most.
_FORGOTTEN: Final = 200


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

        A group that moved on since it was read is left to the next tick, as are those beyond the batch, and
        those of which more alerts have to be looked at than go into one.
        """
        await self._alerts.expire(now=now)
        await self._alerts.forget(before=now - self._rules.alerts.keep, most=_FORGOTTEN)
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
        firing, later = await self._firing(due, hiding, now)
        decided = (
            advance(group, hiding.view(firing.get(group.id), unheard.get(group.id)), rules, now)
            for group in due
            if group.id not in later
        )
        return [change for change in decided if change is not None]

    async def _firing(
        self, due: Sequence[Group], hiding: "_Hiding", now: datetime
    ) -> tuple[Mapping[str, tuple[Labels, ...]], Collection[str]]:
        """The labels that fire in the groups that something could hide; the groups left to the next tick.

        A group is heard of as soon as one of its alerts is not hidden, so that a few are enough where one of
        them is not.
        """
        alerts = self._rules.alerts
        touched = [group for group in due if needs_members(group, alerts, hiding.silences, hiding.sources)]
        if not touched:
            return {}, ()
        few = await self._alerts.firing([group.id for group in touched], limit=_FEW)
        view = hiding.view(None, None)
        open_still = [
            group
            for group in touched
            if len(few[group.id]) == _FEW and all(of_alert(each, view, alerts, now) for each in few[group.id])
        ]
        seen_up_to = accumulate(group.firing for group in open_still)
        now_seen = [
            group.id
            for place, (group, seen) in enumerate(zip(open_still, seen_up_to, strict=True))
            if place == 0 or seen <= _MANY
        ]
        whole = await self._alerts.firing(now_seen) if now_seen else {}
        return {**few, **whole}, {group.id for group in open_still} - whole.keys()


@dataclass(frozen=True, slots=True)
class _Hiding:
    """What may hide groups: silences, begun or not, and firing alerts that inhibit others."""

    silences: tuple[Silence, ...]
    sources: tuple[Alert, ...]

    def view(self, firing: tuple[Labels, ...] | None, unheard_since: datetime | None) -> View:
        return View(firing, self.silences, self.sources, unheard_since)
