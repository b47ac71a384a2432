"""Holds the desk's reading and applying of patches against a folder of real ones.

In FOLDER: source packages (`*.dsc` with their files), whose patch series are applied and become
histories; git repositories; `releases/NAME/` with the archives of a package's releases, each of which becomes
a commit; and `cases/` as `record-apply.sh` makes them. What is unpacked and made goes to FOLDER/work, a
line for whatever was not the same to FOLDER/work/report.tsv, the counts so far to FOLDER/work/table.txt.
Exits with 1 if anything landed wrongly.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

from tests.corpora import cases, histories, releases, series
from tests.corpora.histories import Sample
from tests.corpora.tally import Tally


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.corpora", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument(
        "--only", default="", help="of packages, releases and repositories, those with this in the name"
    )
    parser.add_argument("--commits", type=int, default=100_000, help="at most so many of a history, the last")
    parser.add_argument(
        "--every", type=int, default=10, metavar="N", help="every Nth commit in all forms, and spoiled"
    )
    parser.add_argument(
        "--largest", type=int, default=1 << 20, metavar="BYTES", help="larger commits are passed over"
    )
    given = parser.parse_args()
    work = given.folder / "work"
    work.mkdir(exist_ok=True)
    (work / "report.tsv").unlink(missing_ok=True)
    tally = Tally(work / "report.tsv")
    with tempfile.TemporaryDirectory(prefix="corpora-") as home:
        try:
            asyncio.run(_hold(given, Path(home), tally))
        finally:
            print(tally.table())
    return 1 if tally.wrong else 0


async def _hold(given: argparse.Namespace, home: Path, tally: Tally) -> None:
    folder: Path = given.folder
    began = time.monotonic()
    if (folder / "cases").is_dir() and not given.only:
        await cases.hold(folder / "cases", folder / "work", home, tally)
    async for path in _histories(given, home, tally):
        await histories.hold(path, home, tally, Sample(given.commits, given.every, given.largest))
        (folder / "work/table.txt").write_text(f"{tally.table()}\n")
        passed = time.monotonic() - began
        print(f"{passed:7.0f} s  {tally.judged:7} patches, {tally.wrong} wrong: {path.name}", flush=True)


async def _histories(given: argparse.Namespace, home: Path, tally: Tally) -> AsyncIterator[Path]:
    """Every repository there is, or that packages and releases give."""
    folder, work, only = given.folder, given.folder / "work", given.only
    for package in sorted(folder.glob("*.dsc")):
        if only in package.name and (path := await series.hold(package, work, home, tally)):
            yield path
    for archives in sorted(folder.glob("releases/*/")):
        if only in archives.name:
            yield releases.imported(archives, work, given.commits + 1)
    for path in sorted(folder.iterdir()):
        if only in path.name and (path / ".git").is_dir():
            yield path


if __name__ == "__main__":
    sys.exit(main())
