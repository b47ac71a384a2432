"""Diffs as the desk gets them: `git apply -p1` form, without index lines, with the names they mention."""

import re
from collections.abc import Iterator

from contracts.patch import Diff, FileHeader
from tests.executor.repositories import Repo


def diff_between(repo: Repo, old: str, new: str, *options: str) -> Diff:
    """What git says became of *old* on the way to *new*."""
    about_names = [option for option in options if not option.startswith("-U")]  # -U asks for a patch
    raw = repo.raw("diff", "--raw", "-z", *about_names, old, new).decode().split("\0")[:-1]
    files: list[FileHeader] = []
    while raw:
        status = raw.pop(0).split(" ")[-1][:1]
        path = raw.pop(0)
        match status:
            case "A":
                files.append(FileHeader(None, path))
            case "D":
                files.append(FileHeader(path, None))
            case "R" | "C":
                files.append(FileHeader(path, raw.pop(0)))
            case _:
                files.append(FileHeader(path, path))
    body = repo.raw("diff", "--binary", "--full-index", *options, old, new)
    return Diff(b"".join(_sections(body)), tuple(files))


def _sections(body: bytes) -> Iterator[bytes]:
    for section in re.split(rb"^(?=diff --git )", body, flags=re.M):
        # Binary files keep their ids: what they were made for must be checked.
        yield section if b"\nGIT binary patch\n" in section else without_index(section)


def without_index(body: bytes) -> bytes:
    return b"".join(line for line in body.splitlines(keepends=True) if not line.startswith(b"index "))


def diff(path: str, hunks: str, *, old: str | None = "", new: str | None = "", extra: str = "") -> Diff:
    """A diff of one file, with *extra* header lines; *old* or *new* None: it comes or goes."""
    before = None if old is None else (old or path)
    after = None if new is None else (new or path)
    head = f"diff --git a/{before or path} b/{after or path}\n{extra}"
    if hunks:
        head += (
            f"--- {f'a/{before}' if before else '/dev/null'}\n+++ {f'b/{after}' if after else '/dev/null'}\n"
        )
    return Diff((head + hunks).encode(), (FileHeader(before, after),))


def joined(*diffs: Diff) -> Diff:
    return Diff(b"".join(one.body for one in diffs), tuple(header for one in diffs for header in one.files))
