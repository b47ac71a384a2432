"""What a command prints: JSON, lines, and tables that suit who reads them.

On a terminal tables are drawn by rich. In a pipe they are lines with tabs and no heading, for `cut` and
`awk`; and rich, which takes as long to import as typer, is not imported.
"""

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import datetime

import typer

from bot.delivery.wording.ink import visible


def say(text: str = "") -> None:
    typer.echo(text)


def show_json(value: object) -> None:
    typer.echo(json.dumps(value, indent=2))


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Cells are made harmless first: titles and names are not ours."""
    cleaned = [[visible(cell) for cell in row] for row in rows]
    if cleaned and sys.stdout.isatty():
        from bot.cli.terminal import draw_table  # noqa: PLC0415 - rich, only where it is seen

        draw_table(columns, cleaned)
        return
    for row in cleaned:
        typer.echo("\t".join(row))


def moment(when: datetime | None) -> str:
    """Local time, to the second."""
    return when.astimezone().strftime("%Y-%m-%d %H:%M:%S") if when else ""
