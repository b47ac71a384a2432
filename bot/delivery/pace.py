"""When Slack may be asked again: our own limits per channel and method, and what its refusals said. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final


@dataclass(frozen=True, slots=True)
class Rate:
    """*burst* at once, then one *every*: at most `burst + t / every` within any time *t*."""

    every: timedelta
    burst: int = 1


#: Slack takes about one message a second in a channel.
CHANNEL_RATE: Final = Rate(timedelta(seconds=1))
#: Slack's tier 3: 50 a minute in all. Methods that are not named have no limit we could meet.
METHOD_RATES: Final[Mapping[str, Rate]] = {
    "chat.update": Rate(timedelta(seconds=1.5), burst=10),
    "reactions.add": Rate(timedelta(seconds=1.5), burst=10),
}


@dataclass(slots=True)
class Pace:
    """What is busy until when. Each name's time is when its whole burst would be free again."""

    channel_rate: Rate = CHANNEL_RATE
    method_rates: Mapping[str, Rate] = field(default_factory=lambda: METHOD_RATES)
    _channels: dict[str, datetime] = field(default_factory=dict)
    _methods: dict[str, datetime] = field(default_factory=dict)
    _refused: dict[str, datetime] = field(default_factory=dict)

    def posted(self, channel: str, now: datetime) -> None:
        """A message appeared in *channel*."""
        _spend(self._channels, channel, self.channel_rate, now)

    def called(self, method: str, now: datetime) -> None:
        if method in self.method_rates:
            _spend(self._methods, method, self.method_rates[method], now)

    def limited(self, method: str, until: datetime) -> None:
        """Slack said 429: it takes no call of *method* before *until*."""
        self._refused[method] = max(until, self._refused.get(method, until))

    def busy(self, now: datetime) -> tuple[frozenset[str], frozenset[str]]:
        """The channels and the methods that must wait."""
        free_channels, free_methods = self._free_times(now)
        return frozenset(free_channels), frozenset(free_methods)

    def next_free(self, now: datetime) -> datetime | None:
        """When the first of what is busy becomes free; None: nothing is busy."""
        channels, methods = self._free_times(now)
        return min((*channels.values(), *methods.values()), default=None)

    def _free_times(self, now: datetime) -> tuple[dict[str, datetime], dict[str, datetime]]:
        channels = {name: _free_at(full, self.channel_rate) for name, full in self._channels.items()}
        methods = {name: _free_at(full, self.method_rates[name]) for name, full in self._methods.items()}
        for name, until in self._refused.items():
            methods[name] = max(until, methods.get(name, until))
        return (
            {name: at for name, at in channels.items() if at > now},
            {name: at for name, at in methods.items() if at > now},
        )

    def forget(self, now: datetime) -> None:
        """Drop what is over, so that channels of long ago take no memory."""
        for times in (self._channels, self._methods, self._refused):
            for name in [name for name, at in times.items() if at <= now]:
                del times[name]


def _spend(times: dict[str, datetime], name: str, rate: Rate, now: datetime) -> None:
    times[name] = max(now, times.get(name, now)) + rate.every


def _free_at(full: datetime, rate: Rate) -> datetime:
    """*full*: when the whole burst is free; one of it is free so much earlier."""
    return full - rate.every * (rate.burst - 1)
