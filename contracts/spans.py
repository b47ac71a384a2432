"""How long, and until when, as people write it: `30m`, `1h30m`, `2 days`, `tomorrow 9:00`, `mon 14:30`."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Final

#: Longer is nobody's intention, and keeps dates within what a calendar holds.
LONGEST: Final = timedelta(days=366)

_UNITS: Final[Mapping[str, timedelta]] = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), timedelta(seconds=1)),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), timedelta(minutes=1)),
    **dict.fromkeys(("h", "hour", "hours"), timedelta(hours=1)),
    **dict.fromkeys(("d", "day", "days"), timedelta(days=1)),
    **dict.fromkeys(("w", "week", "weeks"), timedelta(weeks=1)),
}
_DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_PIECE: Final = re.compile(r"(\d{1,6}(?:\.\d{1,6})?)\s*([a-z]+)\s*")
_CLOCK: Final = re.compile(
    r"(?:(?P<day>today|tomorrow|(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*|\d{4}-\d{2}-\d{2})[\sT]+)?"
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})",
    re.I,
)


def span(text: str) -> timedelta | None:
    """The length that *text* writes, more than nothing and at most LONGEST; None: it writes none."""
    rest, found = text.strip().casefold(), timedelta(0)
    while rest:
        piece = _PIECE.match(rest)
        unit = _UNITS.get(piece[2]) if piece else None
        if piece is None or unit is None:
            return None
        found += unit * float(piece[1])
        rest = rest[piece.end() :]
        if found > LONGEST:
            return None
    return found or None


def until(text: str, *, now: datetime, zone: tzinfo) -> datetime | None:
    """The time that *text* writes: so long from *now*, or a time of day in *zone*, the next there is.

    None: it writes none, or one that is over.
    """
    if (length := span(text)) is not None:
        return now + length
    clock = _CLOCK.fullmatch(text.strip())
    if clock is None:
        return None
    try:
        at = time(int(clock["hour"]), int(clock["minute"]))
        moment = _on(clock["day"], at, now.astimezone(zone))
    except (ValueError, OverflowError):
        return None
    return moment if now < moment <= now + LONGEST else None


def _on(day: str | None, at: time, here: datetime) -> datetime:
    """Reckoned in local time: an aware one is an hour off across the night in which clocks are set."""
    named = (day or "").casefold()
    local = datetime.combine(here.date(), at)
    match named[:3]:
        case "":
            local += timedelta(days=local <= here.replace(tzinfo=None))
        case "tod":
            pass
        case "tom":
            local += timedelta(days=1)
        case short if short in _DAYS:
            local += timedelta(days=(_DAYS.index(short) - local.weekday()) % 7)
            local += timedelta(days=7 * (local <= here.replace(tzinfo=None)))
        case _:
            local = datetime.combine(datetime.fromisoformat(named).date(), at)
    return local.replace(tzinfo=here.tzinfo).astimezone(UTC)
