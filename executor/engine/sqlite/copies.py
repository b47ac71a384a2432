"""Copies of a store: taken while it is used, put back while nobody uses it."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from executor.engine.sqlite.checks import findings
from executor.engine.sqlite.hold import Hold
from executor.engine.sqlite.threads import connect_plain, connect_reader
from executor.engine.trouble import NotAStoreError


def take(path: Path, to: Path) -> None:
    """Write one committed state of the store to the new file *to*. Writers are not held up.

    *to* is there whole or not at all. Raises FileNotFoundError, FileExistsError.
    """
    if not path.is_file():
        raise FileNotFoundError(path)
    if to.exists():
        raise FileExistsError(to)
    beside = to.with_name(f"{to.name}.partial")
    _copy(path, beside)
    os.link(beside, to)
    beside.unlink()
    _sync(to.parent)


def put_back(path: Path, copy: Path, identity: str) -> None:
    """Make *copy* the store. The one before it stays beside it as `<name>.replaced`.

    *identity* names the store from here on. Raises FileNotFoundError, NotAStoreError, StoreInUseError.
    """
    if wrong := findings(copy):
        raise NotAStoreError(f"{copy} cannot be restored: {'; '.join(wrong[:5])}")
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with Hold(path, alone=True):
        beside = path.with_name(f"{path.name}.partial")
        _copy(copy, beside, identity)
        _set_aside(path)
        beside.replace(path)
        _sync(path.parent)


def _copy(source: Path, target: Path, identity: str | None = None) -> None:
    target.unlink(missing_ok=True)
    target.touch(mode=0o600)
    with closing(connect_reader(source)) as store, closing(connect_plain(target)) as copy:
        store.backup(copy)
        # One file, without a log beside it.
        copy.execute("PRAGMA journal_mode = DELETE")
        if identity is not None:
            _rename(copy, identity)
    _sync(target)


def _rename(store: sqlite3.Connection, identity: str) -> None:
    """Deliveries from here on have keys of the new name."""
    store.execute(
        """INSERT INTO identities
        SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = 'outbox'), 0) + 1, ?
        WHERE true ON CONFLICT (first_delivery) DO UPDATE SET name = excluded.name""",
        (identity,),
    )


def _set_aside(path: Path) -> None:
    """Keep the store with its log under another name, and leave *path* in place until it is replaced.

    Should this be cut off, the next start finds the old store, not an empty one.
    """
    if not path.exists():
        return
    aside, log = path.with_name(f"{path.name}.replaced"), path.with_name(f"{path.name}-wal")
    aside.unlink(missing_ok=True)
    aside.with_name(f"{aside.name}-wal").unlink(missing_ok=True)
    os.link(path, aside)
    if log.exists():
        log.rename(aside.with_name(f"{aside.name}-wal"))
    path.with_name(f"{path.name}-shm").unlink(missing_ok=True)


def _sync(path: Path) -> None:
    fd = os.open(path, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
