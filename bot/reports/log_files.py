"""The execution log: a file per UTC day that follows the store, line by line, each line once.

The store numbers finished tasks in the order in which they were written. `.position` holds the number up to
which all is in the files. It is written after them: what a crash leaves between the two is found by comparing
the last line of a file with what is to be appended. One lock keeps the desk and `patchdesk log` apart.
"""

import asyncio
import fcntl
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Final

from bot.reports.log_lines import day_of, line_of
from contracts.ports import Engine
from contracts.reports.periods import Window
from contracts.reports.store import EndedTask

EVERY: Final = timedelta(seconds=5)
#: Tasks that are read and appended together; a crash can only part those.
_TOGETHER: Final = 500
_NAME: Final = re.compile(r"tasks-(\d{4}-\d{2}-\d{2})\.jsonl")
_TAIL: Final = 65_536
_POSITION: Final = ".position"


def folder_of(data: Path) -> Path:
    return data / "log"


def files_in(folder: Path) -> list[Path]:
    """The oldest day first."""
    return sorted(file for file in folder.glob("tasks-*.jsonl") if _NAME.fullmatch(file.name))


@dataclass(frozen=True, slots=True)
class ExecutionLog:
    """The files below *folder*. *keep*: days whose file is older than this lose it."""

    engine: Engine
    folder: Path
    keep: timedelta

    async def tick(self, now: datetime) -> None:
        """Bring the files up to the store, unless somebody is at them just now. Raises OSError."""
        with suppress(BlockingIOError), self._alone(wait=False):
            await self._catch_up()
            await asyncio.to_thread(self._prune, now)

    async def rebuild(self, day: date | None, *, now: datetime) -> tuple[date, ...]:
        """Write the file of *day*, or all that are kept, anew from the store; which days were written.

        Waits for a desk that is at the files.
        """
        with self._alone(wait=True):
            await self._catch_up()
            oldest = (now.astimezone(UTC) - self.keep).date()
            there = await self.engine.reports.days_with_tasks()
            days = tuple(each for each in there if each == day or (day is None and each >= oldest))
            for each in days:
                await self._write(each)
            return days

    # Following -----------------------------------------------------------------------------------
    async def _catch_up(self) -> None:
        position = await self._position()
        while tasks := await self.engine.reports.ended(after=position, limit=_TOGETHER):
            position = tasks[-1].number
            await asyncio.to_thread(self._keep, _by_day(tasks), position)

    def _keep(self, lines_of: Mapping[str, Sequence[bytes]], position: int) -> None:
        for day, lines in lines_of.items():
            _append(self.folder / f"tasks-{day}.jsonl", lines)
        _replace(self.folder / _POSITION, f"{position}\n".encode())

    async def _position(self) -> int:
        """Where there is none, or one that this store never reached, all files are written from the first."""
        try:
            position = int((self.folder / _POSITION).read_text(encoding="ascii"))
        except FileNotFoundError:
            position = -1
        if 0 <= position <= await self.engine.reports.last_number():
            return position
        for file in files_in(self.folder):
            file.unlink()
        return 0

    # Rebuilding ----------------------------------------------------------------------------------
    async def _write(self, day: date) -> None:
        start = datetime.combine(day, time(), UTC)
        window, after = Window(start, start + timedelta(days=1)), 0
        final = self.folder / f"tasks-{day}.jsonl"
        draft = self.folder / f".{final.name}.part"
        with draft.open("wb") as file:
            while tasks := await self.engine.reports.ended_within(window, after=after, limit=_TOGETHER):
                file.writelines(map(line_of, tasks))
                after = tasks[-1].number
            file.flush()
            os.fsync(file.fileno())
        draft.replace(final)
        _sync_folder(self.folder)

    # Files ---------------------------------------------------------------------------------------
    def _prune(self, now: datetime) -> None:
        oldest = f"{(now.astimezone(UTC) - self.keep).date():%Y-%m-%d}"
        for file in files_in(self.folder):
            if (match := _NAME.fullmatch(file.name)) and match[1] < oldest:
                file.unlink()

    @contextmanager
    def _alone(self, *, wait: bool) -> Iterator[None]:
        """Raises BlockingIOError if somebody else is at the files and this is not to *wait*."""
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (self.folder / ".lock").open("ab") as held:
            fcntl.flock(held, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield


def _by_day(tasks: Sequence[EndedTask]) -> Mapping[str, list[bytes]]:
    lines: dict[str, list[bytes]] = {}
    for task in tasks:
        lines.setdefault(day_of(task), []).append(line_of(task))
    return lines


def _append(path: Path, lines: Sequence[bytes]) -> None:
    """Append those of *lines* that are not there yet, and have them on the disk when this returns.

    Only the end of the file can hold some of them: the position was not written after them. A line that a
    crash cut off is taken away first.
    """
    with path.open("ab+") as file:
        last = _last_line(file.fileno())
        left = lines[lines.index(last) + 1 :] if last in lines else lines
        file.write(b"".join(left))
        file.flush()
        os.fsync(file.fileno())
    _sync_folder(path.parent)


def _last_line(handle: int) -> bytes:
    """The last whole line; what follows it is cut off."""
    end = os.fstat(handle).st_size
    tail, begin = b"", end
    while begin and tail.count(b"\n") < 2:
        begin = max(0, begin - _TAIL)
        tail = os.pread(handle, end - begin, begin)
    whole = tail[: tail.rfind(b"\n") + 1]
    os.ftruncate(handle, begin + len(whole))
    return whole[whole.rfind(b"\n", 0, -1) + 1 :]


def _replace(path: Path, content: bytes) -> None:
    draft = path.with_name(f"{path.name}.part")
    with draft.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """A new name is safe only once its folder is."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
