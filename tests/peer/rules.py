"""Rules of Slack that need memory: rates, triggers that live three seconds, response URLs with five uses."""

import math
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

#: A reading of the loop's clock, in seconds.
Instant = float


@dataclass(frozen=True, slots=True)
class Rates:
    """What Slack tolerates before it answers 429."""

    post_every: timedelta = timedelta(seconds=1)  #: per channel
    updates: int = 50  #: calls of chat.update of the whole app …
    per: timedelta = timedelta(minutes=1)  #: … in this time


@dataclass(slots=True)
class RateLimits:
    """Counts only while `rates` is set."""

    rates: Rates | None = None
    _posted: dict[str, Instant] = field(default_factory=dict)
    _updated: deque[Instant] = field(default_factory=deque)

    def retry_after(self, method: str, args: Mapping[str, Any], now: Instant) -> int | None:
        """None: go on, and it is counted. Else whole seconds to wait, at least one."""
        if self.rates is None:
            return None
        match method:
            case "chat.postMessage" | "chat.postEphemeral":
                wait = self._post(str(args.get("channel")), now, self.rates)
            case "chat.update":
                wait = self._update(now, self.rates)
            case _:
                wait = 0.0
        return max(1, math.ceil(wait)) if wait > 0 else None

    def _post(self, channel: str, now: Instant, rates: Rates) -> float:
        wait = self._posted.get(channel, -math.inf) + rates.post_every.total_seconds() - now
        if wait <= 0:
            self._posted[channel] = now
        return wait

    def _update(self, now: Instant, rates: Rates) -> float:
        oldest_that_counts = now - rates.per.total_seconds()
        while self._updated and self._updated[0] <= oldest_that_counts:
            self._updated.popleft()
        if len(self._updated) < rates.updates:
            self._updated.append(now)
            return 0.0
        return self._updated[0] - oldest_that_counts


@dataclass(slots=True)
class Triggers:
    """Every trigger that was handed to the desk: good once, and not for long."""

    lifetime: timedelta = timedelta(seconds=3)
    _given: dict[str, Instant] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)

    def give(self, trigger: str, now: Instant) -> None:
        self._given.setdefault(trigger, now)

    def use(self, trigger: str, now: Instant) -> str | None:
        """Slack's error code, or None: it was good, and now is used up."""
        if trigger not in self._given:
            return "invalid_trigger_id"
        if trigger in self._used:
            return "exchanged_trigger_id"
        if now - self._given[trigger] > self.lifetime.total_seconds():
            return "expired_trigger_id"
        self._used.add(trigger)
        return None


@dataclass(slots=True)
class ResponseUrls:
    """Every response URL that was handed to the desk."""

    uses: int = 5
    lifetime: timedelta = timedelta(minutes=30)
    _given: dict[str, Instant] = field(default_factory=dict)
    _used: dict[str, int] = field(default_factory=dict)

    def give(self, path: str, now: Instant) -> None:
        self._given.setdefault(path, now)

    def use(self, path: str, now: Instant) -> str | None:
        """Slack's error code, or None: it was good, and one use is gone."""
        if path not in self._given or now - self._given[path] > self.lifetime.total_seconds():
            return "expired_url"
        if self._used.get(path, 0) >= self.uses:
            return "used_url"
        self._used[path] = self._used.get(path, 0) + 1
        return None
