"""What the command line says of reports and of the execution log."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Final

from bot.delivery.wording import figures

ZONES: Final = "Write it as the tz database does, as in Europe/Berlin."
NO_LOG: Final = "Nothing has been written yet."


def bad_day(text: str) -> str:
    return f"{text!r} is no day; write it as in 2026-11-20"


def rebuilt(days: Sequence[date], folder: Path) -> str:
    files = figures.counted(len(days), "file", "files")
    return f"{files} written anew in {folder}."
