"""Runs the benchmarks by name, all of them without one: `python -m benchmarks [NAME...] [--write FILE]`.

A benchmark is a module of this folder with `rows()`; each measures its own floor in the same run.
"""

import argparse
import importlib
import os
import platform
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.rows import Row

NAMES = ("engine", "landing", "sandbox", "slack", "startup", "extraction", "alerts", "reports")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks")
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; none: all")
    parser.add_argument("--write", type=Path, metavar="FILE", help="write the table as Markdown, too")
    given = parser.parse_args()
    if unknown := set(given.names) - set(NAMES):
        parser.error(f"there is no benchmark {min(unknown)!r}")
    parts = [_heading()]
    for name in given.names or NAMES:
        part = f"## {name.capitalize()}\n\n{_table(importlib.import_module(f'benchmarks.{name}').rows())}"
        print(part, end="\n\n", flush=True)
        parts.append(part)
    if given.write is not None:
        given.write.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return 0


def _heading() -> str:
    git = subprocess.run(["git", "--version"], check=True, capture_output=True, text=True).stdout.split()[2]
    return (
        "# Benchmarks\n\n"
        "Printed by `make bench`. Every ratio compares with a floor that was measured in the same run,\n"
        "medians of at least five; the absolute figures belong to one machine and one hour.\n\n"
        f"Measured {datetime.now(UTC):%Y-%m-%d} on {os.cpu_count()} cores, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, git {git}."
    )


def _table(rows: Sequence[Row]) -> str:
    lines = ["| what | measured | floor | ratio | goal | holds |", "|---|---|---|---|---|---|"]
    lines += [
        f"| {row.name} | {row.measured} | {row.floor} | {row.ratio:.2f} | {row.goal} | {_holds(row.holds)} |"
        for row in rows
    ]
    return "\n".join(lines)


def _holds(holds: bool | None) -> str:
    return {True: "yes", False: "**no**", None: ""}[holds]


if __name__ == "__main__":
    sys.exit(main())
