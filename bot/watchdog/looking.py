"""The tick: measure, judge, mend what can be mended, keep it, raise what does not hold."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Protocol

from bot.pulse import Pulses
from bot.watchdog.breaches import observations
from bot.watchdog.calling import Calls
from bot.watchdog.measuring import Measuring
from contracts.alerts.model import Observation
from contracts.faults import Fault, Reason, fault
from contracts.health import Health
from contracts.levels import Levels
from contracts.measuring import Measure, all_well, judge, with_deeds
from contracts.ports import AuditEntry, Engine

#: Who did what the audit says, and who saw what the alerts say.
DESK: Final = "desk"
SOURCE: Final = "watchdog"

log = logging.getLogger(__name__)

#: What a level's breach led to, by the level's name and component.
Deeds = dict[tuple[str, str | None], Fault]


class Observe(Protocol):
    async def __call__(
        self, source: str, observations: Sequence[Observation], *, now: datetime, whole: bool
    ) -> None:
        """Raise alerts for *observations*; *whole*: all others of *source* have ended."""


class Watchdog:
    """`tick` looks at the desk once; `tidy` removes what was left behind.

    *left_behind* removes what nobody needs any more, and returns how much that was. *heartbeat* is called
    when all is well.
    """

    def __init__(
        self,
        engine: Engine,
        pulses: Pulses,
        measuring: Measuring,
        calls: Calls,
        *,
        levels: Levels,
        observe: Observe,
        left_behind: Callable[[], int],
        heartbeat: str | None,
    ) -> None:
        self._engine = engine
        self._pulses = pulses
        self._measuring = measuring
        self._calls = calls
        self._levels = levels
        self._observe = observe
        self._left_behind = left_behind
        self._heartbeat = heartbeat
        self._restarts: dict[str, int] = {}
        self._before: Health | None = None

    async def tick(self, now: datetime) -> None:
        """Look at everything once. Raises what the store raises: then nothing is known, and it shows."""
        before = self._before or await self._engine.health.latest()
        deeds = await self._rescue(now)
        measured = await self._measuring.measure(now)
        health = judge(measured, before, self._levels, now)
        deeds |= await self._note_restarts(now)
        deeds |= await self._mend(health, now)
        health = with_deeds(health, deeds)
        await self._engine.health.keep(health, now=now)
        self._before = health
        await self._observe(SOURCE, observations(health), now=now, whole=True)
        if self._heartbeat is not None and all_well(health):
            await self._calls.say_all_is_well(self._heartbeat)

    async def tidy(self, now: datetime) -> None:
        await self._tidy(now)

    async def _rescue(self, now: datetime) -> Deeds:
        """The lanes do this themselves every second; here it is done even when they stand still."""
        offered = await self._engine.lanes.tend(now=now)
        if not offered:
            return {}
        log.warning("%d patches were offered again", offered)
        return {(Measure.HEAD_AGE, None): fault(Reason.DID_REQUEUE, count=offered)}

    async def _note_restarts(self, now: datetime) -> Deeds:
        """Restarts are the supervisor's; what it did since the last look is remembered here."""
        deeds: Deeds = {}
        entries: list[AuditEntry] = []
        for pulse in self._pulses:
            if pulse.restarts > self._restarts.get(pulse.name, 0):
                entries.append(AuditEntry(DESK, "restarted", f"{pulse.name}: {pulse.last_error}"))
                again = fault(Reason.DID_RESTART, component=pulse.name)
                deeds |= {(measure, pulse.name): again for measure in (Measure.SILENCE, Measure.RESTARTS)}
            self._restarts[pulse.name] = pulse.restarts
        if entries:
            await self._engine.health.note(entries, now=now)
        return deeds

    async def _mend(self, health: Health, now: datetime) -> Deeds:
        deeds: Deeds = {}
        broken = {level.name for level in health.levels if level.broken_since is not None}
        if Measure.SOCKET_SILENCE in broken and (many := await self._reconnect(now)):
            deeds[Measure.SOCKET_SILENCE, None] = fault(Reason.DID_RECONNECT, count=many)
        if Measure.DISK_FREE in broken and (many := await self._tidy(now)):
            deeds[Measure.DISK_FREE, None] = fault(Reason.DID_TIDY, count=many)
        return deeds

    async def _reconnect(self, now: datetime) -> int:
        connections = self._measuring.connections
        many = 0 if connections is None else connections.reconnect(self._levels.socket_silence)
        if many:
            log.warning("%d silent connections to Slack are begun anew", many)
            entry = AuditEntry(DESK, "reconnected", f"{many} silent connections to Slack")
            await self._engine.health.note((entry,), now=now)
        return many

    async def _tidy(self, now: datetime) -> int:
        many = await asyncio.to_thread(self._left_behind)
        if many:
            log.info("removed what was left of workspaces: %d", many)
            entry = AuditEntry(DESK, "tidied", f"{many} workspaces of dead desks")
            await self._engine.health.note((entry,), now=now)
        return many
