"""What only a terminal gets to see, drawn by rich."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text


def draw_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    table = Table(*columns, box=box.SIMPLE_HEAD)
    for row in rows:
        # Text, not str: rich would read markup in a title that somebody wrote.
        table.add_row(*(Text(cell) for cell in row))
    Console().print(table)
