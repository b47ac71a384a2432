"""Durations, sizes, counts and commits as people read them."""

from datetime import UTC, datetime, timedelta

_UNITS = (("d", timedelta(days=1)), ("h", timedelta(hours=1)), ("min", timedelta(minutes=1)))
_KB = 1024
_SHORT_COMMIT = 10


def duration(length: timedelta) -> str:
    """Two units at most: `0.3 s`, `12 s`, `1 min 5 s`, `3 d 4 h`; never negative, though clocks differ."""
    if length < timedelta(seconds=10):
        return f"{max(length, timedelta(0)).total_seconds():.1f}".removesuffix(".0") + " s"
    left = timedelta(seconds=round(length.total_seconds()))
    for (name, unit), (below, smaller) in zip(
        _UNITS, (*_UNITS[1:], ("s", timedelta(seconds=1))), strict=True
    ):
        if left >= unit:
            rest = (left % unit) // smaller
            return f"{left // unit} {name} {rest} {below}" if rest else f"{left // unit} {name}"
    return f"{left.seconds} s"


def size(count: int) -> str:
    """`512 bytes`, `12 KB`, `1.5 MB`; 1024 bytes are a KB, as in the settings."""
    if count < _KB:
        return counted(count, "byte", "bytes")
    amount, unit = (count / _KB, "KB") if count < _KB * _KB else (count / _KB / _KB, "MB")
    return f"{amount:.1f}".removesuffix(".0") + f" {unit}"


def exact_size(count: int) -> str:
    """Like `size`, but two different counts never read the same."""
    unit = _KB if count < _KB * _KB else _KB * _KB
    if count < _KB or count % unit == 0:
        return size(count)
    return f"{size(count)} ({count:,} bytes)"


def counted(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count:,} times")


def short_commit(commit: str) -> str:
    return commit[:_SHORT_COMMIT]


def utc(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def joined(parts: list[str], last: str = "and") -> str:
    """`a`, `a and b`, `a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {last} {parts[-1]}" if parts else ""
