"""Watches those who watch: a loop that needs neither the watchdog nor the store to see who is silent."""

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Final

from bot.notify import Notifier
from bot.pulse import Pulse, Pulses
from contracts.faults import Fault, Reason, fault

#: How often it looks. A look is a few comparisons.
LOOK: Final = timedelta(seconds=1)
#: A look that comes so much later than it should says that the process stood still.
_LATE: Final = timedelta(seconds=5)
#: The names that are known here and there.
SENTRY: Final = "sentry"
WATCHDOG: Final = "watchdog"

log = logging.getLogger(__name__)


class Sentry:
    """`tick` ends components that are silent, so that they are restarted, and feeds the service manager's
    watchdog as long as none is.

    *silence*: who gave no sign of life for longer is ended. *tell*: says to the operators that the watchdog
    is among them, in a way that does not use it.
    """

    def __init__(
        self,
        pulses: Pulses,
        notifier: Notifier,
        *,
        silence: timedelta,
        tell: Callable[[Fault], Awaitable[None]],
    ) -> None:
        self._pulses = pulses
        self._notifier = notifier
        self._silence = silence
        self._tell = tell
        self._told = False

    async def tick(self, _now: datetime) -> None:
        self._forgive_what_nobody_could_help()
        # Who looks is alive, however long the store kept it from looking.
        silent = tuple(pulse for pulse in self._pulses.silent(self._silence) if pulse.name != SENTRY)
        for pulse in silent:
            if pulse.interrupt():
                log.error("%s gave no sign of life for %s and is started again", pulse.name, pulse.silent)
        if not silent:
            self._notifier.alive()
        await self._watch_the_watchdog(silent)

    def _forgive_what_nobody_could_help(self) -> None:
        """If this very loop comes late, no other could run either: that is not their silence."""
        late = self._pulses.of(SENTRY).quiet - LOOK
        if late > _LATE:
            log.warning("the whole desk stood still for %s", late)
            for pulse in self._pulses:
                pulse.forgive(late)

    async def _watch_the_watchdog(self, silent: tuple[Pulse, ...]) -> None:
        watchdog = next((pulse for pulse in silent if pulse.name == WATCHDOG), None)
        if watchdog is None:
            self._told = False
        elif not self._told:
            log.critical("the watchdog has not ticked for %s", watchdog.silent)
            limit = max(self._silence, watchdog.allowed)
            self._told = True
            await self._tell(
                fault(
                    Reason.WATCHDOG_STOPPED,
                    measured=f"{watchdog.silent.total_seconds():.0f}",
                    limit=f"{limit.total_seconds():.0f}",
                )
            )
