"""What a source sees, given its places by the routes, and kept."""

from collections.abc import Callable, Sequence
from datetime import datetime

from contracts.alerts.inhibition import is_source
from contracts.alerts.model import Observation, Seen
from contracts.alerts.routing import placements
from contracts.alerts.settings import AlertSettings
from contracts.alerts.store import Alerts, Watermark


class Observer:
    """*new_group_id* gives an id that no group has."""

    def __init__(self, alerts: Alerts, settings: AlertSettings, *, new_group_id: Callable[[], str]) -> None:
        self._alerts = alerts
        self._settings = settings
        self._new_group_id = new_group_id

    async def observe(
        self,
        source: str,
        observations: Sequence[Observation],
        *,
        now: datetime,
        whole: bool = False,
        mark: Watermark | None = None,
    ) -> None:
        """As `contracts.alerts.store.Alerts.observe`; the places follow from the labels."""
        seen = [self._seen(each) for each in observations]
        await self._alerts.observe(source, seen, now=now, whole=whole, mark=mark)

    def _seen(self, observation: Observation) -> Seen:
        places = placements(self._settings, observation.labels)
        ids = tuple(self._new_group_id() for _ in places)
        return Seen(observation, places, ids, is_source(self._settings, observation.labels))
