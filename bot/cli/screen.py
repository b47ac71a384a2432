"""What a command prints: JSON, lines, and tables that suit who reads them.

On a terminal tables are drawn by rich. In a pipe they are lines with tabs and no heading, for `cut` and
`awk`; and rich, which takes as long to import as typer, is not imported.
"""

import json
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import typer


def printable(text: str) -> str:
    """*text* on one line and without anything a terminal would obey: titles and names are not ours."""
    return "".join(char if _harmless(char) else ascii(char)[1:-1] for char in text)


def _harmless(char: str) -> bool:
    return unicodedata.category(char) not in {"Cc", "Cf", "Cs", "Zl", "Zp"}


def say(text: str = "") -> None:
    typer.echo(text)


def show_json(value: object) -> None:
    typer.echo(json.dumps(value, indent=2))


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str]], *, title: str = "") -> None:
    cleaned = [[printable(cell) for cell in row] for row in rows]
    if sys.stdout.isatty():
        from bot.cli.terminal import draw_table  # noqa: PLC0415 - rich, only where it is seen

        draw_table(columns, cleaned, title)
        return
    for row in cleaned:
        typer.echo("\t".join(row))


def moment(when: datetime | None) -> str:
    """Local time, to the second."""
    return when.astimezone().strftime("%Y-%m-%d %H:%M:%S") if when else ""


def duration(time: timedelta) -> str:
    seconds = time.total_seconds()
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"
