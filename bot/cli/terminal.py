"""What only a terminal gets to see, drawn by rich."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from rich import box
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from bot.cli.screen import moment
from bot.delivery.wording import overview as wording
from bot.delivery.wording.overview import Cell, Tone
from bot.overview import Overview

_STYLES: Final[Mapping[Tone, str]] = {
    Tone.PLAIN: "",
    Tone.GOOD: "green",
    Tone.WARN: "yellow",
    Tone.BAD: "bold red",
}


def draw_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(*columns, box=box.SIMPLE_HEAD)
    for row in rows:
        # Text, not str: rich would read markup in a title that somebody wrote.
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)


@contextmanager
def redrawn() -> Iterator[Callable[[Overview], None]]:
    """A screen of its own while entered; what is given to it replaces what is on it."""
    with Live(console=Console(), auto_refresh=False, screen=True, vertical_overflow="ellipsis") as live:
        yield lambda seen: live.update(drawn(seen), refresh=True)


def drawn(seen: Overview) -> RenderableType:
    """What has nothing to show takes one line."""
    head = Text(f"{wording.TITLE}  ", style="bold")
    head.append_text(_text(wording.headline(seen)))
    parts: list[RenderableType] = [head, Text(f"{wording.standing(seen.counts, running=seen.running)}")]
    parts.append(Text(f"{wording.AS_OF} {moment(seen.at)}", style="dim"))
    for table in wording.tables(seen):
        if table.rows:
            parts += [Text(), Text(table.title, style="bold"), _table(table)]
        else:
            parts.append(Text.assemble((table.title, "bold"), f": {table.empty}"))
        if table.note:
            parts.append(Text(table.note, style="dim"))
    return Group(*parts)


def _table(table: wording.Table) -> Table:
    made = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for place, column in enumerate(table.columns):
        made.add_column(column, justify="right" if place in table.numbers else "left")
    for row in table.rows:
        made.add_row(*map(_text, row))
    return made


def _text(cell: Cell) -> Text:
    """Text, not str: rich would read markup in a title that somebody wrote."""
    return Text(moment(cell.at) if cell.at else cell.text, style=_STYLES[cell.tone])
