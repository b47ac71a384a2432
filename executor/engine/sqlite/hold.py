"""Who holds a store: any number of engines, or one restore."""

import fcntl
import os
from pathlib import Path
from typing import Self

from executor.engine.trouble import StoreInUseError


class Hold:
    """A lock beside the store. It goes with the process, however that ends."""

    def __init__(self, path: Path, *, alone: bool = False) -> None:
        """Raises StoreInUseError at once if others are in the way."""
        self._fd = os.open(path.with_name(f"{path.name}-lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._fd, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._fd)
            if alone:
                raise StoreInUseError(f"a desk holds {path}; stop it first") from None
            raise StoreInUseError(f"{path} is just being restored; start again afterwards") from None

    def release(self) -> None:
        os.close(self._fd)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()
