"""Gather the numbers: from the store, the components, the disk, Slack. Where there is none, say why."""

import asyncio
import logging
import shutil
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Protocol

from bot.pulse import Pulse, Pulses
from bot.watchdog.calling import Calls
from contracts.faults import Reason, fault
from contracts.health import GateHealth
from contracts.levels import Levels
from contracts.measuring import ComponentNumbers, Measurements, Unmeasured
from contracts.ports import Engine

#: Reports that are read for the health of a domain's gates.
_RUNS: Final = 20

log = logging.getLogger(__name__)

_NOT_YET = Unmeasured(fault(Reason.NOT_MEASURED_YET), expected=True)
_NO_SOCKET = Unmeasured(fault(Reason.NO_SOCKET), expected=True)
_NO_DRIFT = Unmeasured(fault(Reason.NOTHING_MEASURES), expected=True)


class Connections(Protocol):
    """Those to Slack, in Socket Mode."""

    @property
    def silent(self) -> timedelta:
        """Since anything was heard on any of them."""

    def reconnect(self, silent: timedelta) -> int:
        """Begin those anew that were silent for longer; how many."""


class Measuring:
    """*sockets* says whether there are to be connections to Slack; `connections` is set once there are."""

    def __init__(
        self,
        engine: Engine,
        pulses: Pulses,
        calls: Calls,
        *,
        domains: Sequence[str],
        levels: Levels,
        data: Path,
        api_url: str,
        sockets: bool,
        clock: Callable[[], datetime],
    ) -> None:
        self._engine = engine
        self._pulses = pulses
        self._calls = calls
        self._domains = domains
        self._levels = levels
        self._data = data
        self._api_url = api_url
        self._sockets = sockets
        self._clock = clock
        self._gates: dict[str, tuple[int | None, tuple[GateHealth, ...]]] = {}
        self._findings: int | Unmeasured = _NOT_YET
        self.connections: Connections | None = None

    async def measure(self, now: datetime) -> Measurements:
        store = await self._engine.health.numbers(
            self._domains,
            now=now,
            last=self._levels.failure_window,
            since=now - self._levels.quarantine_window,
        )
        slack = await self._calls.look_at_slack(self._api_url, clock=self._clock)
        return Measurements(
            store=store,
            components=tuple(self._component(pulse, now) for pulse in self._pulses),
            gates=await self._all_gates({each.domain: each.last for each in store.domains}),
            disk_free=await asyncio.to_thread(_disk_free, self._data),
            findings=self._findings,
            socket_silent=self._socket(),
            clock_skew=slack.skew,
            reachable=slack.reachable,
            drift=_NO_DRIFT,
        )

    async def check_store(self, _now: datetime) -> None:
        """Read the store from end to end; what is found counts until the next time."""
        found = await self._engine.check()
        for finding in found:
            log.error("the store: %s", finding)
        self._findings = len(found)

    def _component(self, pulse: Pulse, now: datetime) -> ComponentNumbers:
        taken = pulse.since_taken
        return ComponentNumbers(
            name=pulse.name,
            began=now - pulse.age,
            silent=pulse.silent,
            allowed=pulse.allowed,
            last_beat=now - pulse.quiet if pulse.has_beaten else None,
            restarts=pulse.restarts,
            restarts_lately=pulse.restarts_within(self._levels.restart_window),
            restarting=pulse.restarting,
            last_error=pulse.last_error,
            taken_at=None if taken is None else now - taken,
            busy=pulse.busy,
        )

    async def _all_gates(self, last: dict[str, int | None]) -> tuple[GateHealth, ...]:
        """Reports are long: those of a domain are read again only after another ending."""
        for domain, latest in last.items():
            if domain not in self._gates or self._gates[domain][0] != latest:
                self._gates[domain] = latest, await self._engine.health.gates(domain, last=_RUNS)
        return tuple(gate for domain in last for gate in self._gates[domain][1])

    def _socket(self) -> timedelta | Unmeasured:
        if self.connections is not None:
            return self.connections.silent
        return _NOT_YET if self._sockets else _NO_SOCKET


def _disk_free(data: Path) -> float | Unmeasured:
    try:
        usage = shutil.disk_usage(data)
    except OSError as error:
        log.warning("the disk of %s could not be measured: %s", data, error)
        return Unmeasured(fault(Reason.MEASURING_FAILED, detail=error.strerror or error), expected=False)
    return usage.free / usage.total
