"""The plots of a report in words: their titles, and what they show for who does not see them."""

from collections.abc import Callable, Mapping
from typing import Final

from bot.delivery.wording import figures
from bot.delivery.wording.ink import shorten
from contracts.reports.body import Body, Plot

#: Slack takes a thousand characters.
_MOST_ALT: Final = 900

TITLES: Final[Mapping[Plot, str]] = {
    Plot.THROUGHPUT: "Patches by day: landed, failed, quarantined, and the share that landed",
    Plot.TIMES: "Wait and run by day: p50 and p90",
}


def _throughput(body: Body) -> str:
    days = "; ".join(
        f"{day.day:%d %b}: {day.landed} landed, {day.failed} failed, {day.quarantined} quarantined"
        for day in body.days
        if day.landed or day.failed or day.quarantined
    )
    shown = f"Bars by day of what came of patches, and the share that landed. {days or 'No patch ended'}."
    return shorten(shown, _MOST_ALT)


def _times(body: Body) -> str:
    days = "; ".join(
        f"{day.day:%d %b}: waited {figures.duration(day.wait.p50)} and {figures.duration(day.wait.p90)},"
        f" ran {figures.duration(day.run.p50)} and {figures.duration(day.run.p90)}"
        for day in body.days
        if day.wait and day.run
    )
    shown = f"Lines by day of how long patches waited and ran, p50 and p90. {days or 'No patch ended'}."
    return shorten(shown, _MOST_ALT)


ALTS: Final[Mapping[Plot, Callable[[Body], str]]] = {Plot.THROUGHPUT: _throughput, Plot.TIMES: _times}
