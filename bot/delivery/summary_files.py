"""Write summaries as files that are either whole or not there."""

import os
from pathlib import Path


def write_summary(data: Path, domain: str, patch: str, text: str) -> Path:
    """`<data>/summaries/<domain>/<patch>.md`, replaced in one step and on the disk when this returns.

    *domain* and *patch* are names that the desk checked or made. Raises OSError. Blocks; run it in a thread.
    """
    folder = data / "summaries" / domain
    folder.mkdir(parents=True, exist_ok=True)
    final = folder / f"{patch}.md"
    # One name for all tries: what a killed one left behind is overwritten, not collected.
    draft = folder / f".{patch}.md.part"
    with draft.open("w", encoding="utf-8", newline="\n") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(final)
    _sync_folder(folder)
    return final


def _sync_folder(folder: Path) -> None:
    """The new name is safe only once its folder is."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
