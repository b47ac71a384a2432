"""The durable rows: inbox, lanes and outbox, behind `contracts.ports.Engine`.

A store is named by a URL: `sqlite:///` and a path (so an absolute path makes four slashes).
"""

import asyncio
from pathlib import Path

from contracts.ports import Engine
from executor.engine.sqlite.checks import findings
from executor.engine.sqlite.copies import put_back, take
from executor.engine.sqlite.engine import open_sqlite
from executor.engine.sqlite.wake import somebody_listens, wake_folder
from executor.engine.trouble import NotAStoreError, StoreInUseError, StoreTooNewError, StoreTroubleError

__all__ = [
    "NotAStoreError",
    "StoreInUseError",
    "StoreTooNewError",
    "StoreTroubleError",
    "backup",
    "check",
    "exists",
    "is_worked_on",
    "open_engine",
    "restore",
]

_SQLITE = "sqlite:///"


async def open_engine(url: str, *, identity: str) -> Engine:
    """The engine at *url*; its store is made if it is not there and brought to this release's schema.

    *identity* (unique among all stores, from the caller) names the store if it is new, else it is not
    used. Raises StoreTroubleError with what to do, ValueError for a URL of no known kind.
    """
    return await open_sqlite(_path_of(url), identity)


def exists(url: str) -> bool:
    """Whether the store has been made."""
    return _path_of(url).is_file()


def is_worked_on(url: str) -> bool:
    """Whether some process takes turns on the store just now. Holds up nobody."""
    return somebody_listens(wake_folder(_path_of(url)))


async def check(url: str) -> tuple[str, ...]:
    """What is wrong with the store, without opening it for use; empty: nothing. Raises FileNotFoundError."""
    return await asyncio.to_thread(findings, _path_of(url))


async def backup(url: str, to: Path) -> None:
    """A consistent copy of the store, in use or not. Raises FileNotFoundError, FileExistsError."""
    await asyncio.to_thread(take, _path_of(url), to)


async def restore(url: str, copy: Path, *, identity: str) -> None:
    """Make *copy* the store, if nothing is wrong with it and nobody holds the store.

    The store before it is kept as `<name>.replaced`. *identity*: a fresh one, because what happened
    after *copy* was taken has used keys of the old. Raises FileNotFoundError, NotAStoreError,
    StoreInUseError.
    """
    await asyncio.to_thread(put_back, _path_of(url), copy, identity)


def _path_of(url: str) -> Path:
    if not url.startswith(_SQLITE) or url == _SQLITE:
        raise ValueError(f"{url!r} is not the URL of a store; it has the form sqlite:////folder/desk.db")
    return Path(url.removeprefix(_SQLITE))
