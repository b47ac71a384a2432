"""Plots of a report, as PNG files that are the same bytes for the same report.

matplotlib takes a second to import, so only who draws imports it; that is done in a thread.
"""

import asyncio
import io
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from contracts.reports.body import Body, Plot
from contracts.reports.figures import Day, Spread

if TYPE_CHECKING:
    from matplotlib.axes import Axes


_LANDED, _FAILED, _QUARANTINED, _RATE = "#2f7d4f", "#b3372f", "#c98a1b", "#33425b"
_WAIT, _RUN = "#3d6fb4", "#7a4fa3"
_SIZE: Final = (9.6, 4.8)
_DPI: Final = 100


async def draw(body: Body, plot: Plot) -> bytes:
    """Meanwhile others go on."""
    return await asyncio.to_thread(drawn, body, plot)


def drawn(body: Body, plot: Plot) -> bytes:
    """A PNG. The same report is the same bytes, with the same release of matplotlib."""
    # Not pyplot: it keeps figures in a global list, and looks for a display.
    import matplotlib as mpl  # noqa: PLC0415 - takes a second
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: PLC0415 - the same
    from matplotlib.figure import Figure  # noqa: PLC0415 - the same

    with mpl.rc_context({"font.family": "DejaVu Sans", "font.size": 10}):
        figure = Figure(figsize=_SIZE, dpi=_DPI, layout="constrained")
        FigureCanvasAgg(figure)
        axes = figure.add_subplot()
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color="#dddddd")
        axes.set_axisbelow(True)
        _DRAWING[plot](axes, body.days)
        axes.set_title(_title(body, plot), loc="left")
        picture = io.BytesIO()
        # No time and no version in the file: the same report is the same bytes.
        figure.savefig(picture, format="png", metadata={"Software": None})
        return picture.getvalue()


def _title(body: Body, plot: Plot) -> str:
    what = {Plot.THROUGHPUT: "Patches by day", Plot.TIMES: "Wait and run by day"}[plot]
    # A dollar sign would begin a formula.
    domain = (body.domain or "all domains").replace("$", r"\$")
    return f"{what}: {domain}, {body.period.label}"


def _throughput(axes: "Axes", days: Sequence[Day]) -> None:
    from matplotlib.ticker import MaxNLocator  # noqa: PLC0415 - as above

    places = _label_days(axes, days)
    bottom = [0] * len(days)
    for name, colour, values in (
        ("landed", _LANDED, [day.landed for day in days]),
        ("failed", _FAILED, [day.failed for day in days]),
        ("quarantined", _QUARANTINED, [day.quarantined for day in days]),
    ):
        axes.bar(places, values, bottom=bottom, color=colour, label=name, width=0.7)
        bottom = [below + value for below, value in zip(bottom, values, strict=True)]
    axes.set_ylabel("patches")
    axes.set_ylim(0, max([*bottom, 1]) * 1.15)
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
    share = axes.twinx()
    share.spines[["top"]].set_visible(False)
    rates = [day.landed / ended * 100 if (ended := _ended(day)) else float("nan") for day in days]
    share.plot(places, rates, color=_RATE, marker="o", label="success, %")
    share.set_ylim(0, 105)
    share.set_ylabel("landed, % of what ended")
    handles = [*axes.get_legend_handles_labels()[0], *share.get_legend_handles_labels()[0]]
    axes.legend(handles=handles, loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=4, frameon=False)


def _ended(day: Day) -> int:
    return day.landed + day.failed + day.quarantined


def _times(axes: "Axes", days: Sequence[Day]) -> None:
    places = _label_days(axes, days)
    most = max((time for day in days for time in _lengths(day)), default=timedelta(0))
    unit, name = next(
        (unit, name) for unit, name in _UNITS if most >= unit * 3 or unit == timedelta(seconds=1)
    )
    for label, colour, dashes, pick in _LINES:
        values = [_in(unit, pick(day)) for day in days]
        axes.plot(places, values, color=colour, linestyle=dashes, marker="o", label=label)
    axes.set_ylabel(name)
    axes.set_ylim(bottom=0, top=None if most else 1)
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=4, frameon=False)


def _lengths(day: Day) -> list[timedelta]:
    return [time for spread in (day.wait, day.run) if spread for time in (spread.p50, spread.p90)]


def _p50(spread: Spread | None) -> timedelta | None:
    return None if spread is None else spread.p50


def _p90(spread: Spread | None) -> timedelta | None:
    return None if spread is None else spread.p90


def _in(unit: timedelta, length: timedelta | None) -> float:
    return float("nan") if length is None else length / unit


def _label_days(axes: "Axes", days: Sequence[Day]) -> list[int]:
    """Places on the horizontal axis; a month has every third day written."""
    places = list(range(len(days)))
    step = 1 if len(days) <= 14 else 3
    axes.set_xticks(places[::step], [f"{day.day:%a} {day.day.day}" for day in days[::step]])
    axes.set_xlim(-0.6, max(len(days), 1) - 0.4)
    return places


_UNITS: Final = (
    (timedelta(hours=1), "hours"),
    (timedelta(minutes=1), "minutes"),
    (timedelta(seconds=1), "seconds"),
)
_LINES: Final[tuple[tuple[str, str, str, Callable[[Day], timedelta | None]], ...]] = (
    ("wait, half", _WAIT, "-", lambda day: _p50(day.wait)),
    ("wait, nine in ten", _WAIT, ":", lambda day: _p90(day.wait)),
    ("run, half", _RUN, "-", lambda day: _p50(day.run)),
    ("run, nine in ten", _RUN, ":", lambda day: _p90(day.run)),
)
_DRAWING: Final[Mapping[Plot, Callable[["Axes", Sequence[Day]], None]]] = {
    Plot.THROUGHPUT: _throughput,
    Plot.TIMES: _times,
}
