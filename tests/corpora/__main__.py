"""Holds the desk's reading and applying of patches against a folder of real ones.

In FOLDER: source packages (`*.dsc` with their files), whose patch series are applied and become
histories; git repositories; and `cases/` as `record-apply.sh` makes them. What is unpacked and made goes
to FOLDER/work, a line for whatever was not the same to FOLDER/work/report.tsv. Exits with 1 if anything
landed wrongly.
"""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.corpora import cases, histories, series
from tests.corpora.tally import Tally


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.corpora", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="FOLDER")
    parser.add_argument(
        "--only", default="", help="of packages and repositories, those with this in the name"
    )
    parser.add_argument("--commits", type=int, default=100_000, help="at most so many of a history, the last")
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
    folder, work = given.folder, given.folder / "work"
    if (folder / "cases").is_dir() and not given.only:
        await cases.hold(folder / "cases", work, home, tally)
    made = []
    for package in sorted(folder.glob("*.dsc")):
        if given.only in package.name and (path := await series.hold(package, work, home, tally)):
            made.append(path)
            print(package.name, flush=True)
    for path in (*made, *_repositories(folder, given.only)):
        await histories.hold(path, home, tally, given.commits)
        print(path.name, flush=True)


def _repositories(folder: Path, only: str) -> Iterator[Path]:
    return (path for path in sorted(folder.iterdir()) if only in path.name and (path / ".git").is_dir())


if __name__ == "__main__":
    sys.exit(main())
