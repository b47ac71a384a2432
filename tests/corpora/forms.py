"""One real change written in the forms that people and coding agents write."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace

from contracts.formats.diff import FileDiff, read_diff
from contracts.formats.hunks import Hunk
from executor.changeset.sections import lines_of
from tests.corpora.desk import LIMITS

#: A file's content by name, before the change or after it.
Files = Callable[[str], bytes]
_LONGEST_HEADING = 70  #: git cuts longer ones off


@dataclass(frozen=True, slots=True)
class Change:
    """*body* is the change as git writes it with three lines of context.

    Edits by whole lines are made of its hunks as *rewrite* leaves them.
    """

    body: bytes
    before: Files
    after: Files
    rewrite: Callable[[Hunk], Hunk] | None = None


def codex(change: Change, *, anchored: bool) -> bytes | None:
    """*change* as `*** Begin Patch`; None where that form cannot say it.

    *anchored*: with the line that git shows behind `@@`, and with `*** End of File` where a hunk is there.
    """
    files = _sayable(change)
    if files is None:
        return None
    lines = [b"*** Begin Patch\n"]
    for file in files:
        old, new = (file.old or "").encode(), (file.new or "").encode()
        if file.new is None:
            lines.append(b"*** Delete File: " + old + b"\n")
        elif file.old is None:
            lines.append(b"*** Add File: " + new + b"\n")
            lines += [b"+" + line for line in lines_of(change.after(file.new))]
        else:
            lines.append(b"*** Update File: " + old + b"\n")
            lines += [b"*** Move to: " + new + b"\n"] if old != new else []
            for hunk in file.hunks:
                lines += _chunk(change, file, hunk, anchored=anchored)
    return b"".join((*lines, b"*** End Patch\n"))


def _chunk(change: Change, file: FileDiff, hunk: Hunk, *, anchored: bool) -> Iterator[bytes]:
    heading = lines_of(change.body)[hunk.at].split(b"@@", 2)[2].strip()
    known = anchored and heading and len(heading) < _LONGEST_HEADING
    yield b"@@ " + heading + b"\n" if known else b"@@\n"
    yield from (line + b"\n" for line in hunk.lines if not line.startswith(b"\\"))
    if anchored and hunk.old_start + hunk.old_count - 1 == len(lines_of(change.before(file.old or ""))):
        yield b"*** End of File\n"


def blocks(change: Change, *, named_once: bool = False) -> bytes | None:
    """*change* as search/replace blocks; None where that form cannot say it.

    *named_once*: a file's name stands above the first of its blocks only.
    """
    files = _sayable(change)
    if files is None or any(file.new is None or file.old not in {None, file.new} for file in files):
        return None
    lines: list[bytes] = []
    for file in files:
        name = (file.new or "").encode()
        if file.old is None:
            lines += _block(name, [], lines_of(change.after(file.new or "")))
        for hunk in file.hunks if file.old is not None else ():
            sides = [(line[:1], line[1:] + b"\n") for line in hunk.lines if not line.startswith(b"\\")]
            old = [text for tag, text in sides if tag != b"+"]
            new = [text for tag, text in sides if tag != b"-"]
            if not any(line.strip() for line in old):
                return None
            lines += _block(name, old, new)
            name = b"" if named_once else name
    marks = (b"<<<<<", b"=====", b">>>>>")
    if sum(line.startswith(marks) for line in lines) != 3 * lines.count(b"=======\n"):
        return None
    return b"".join(lines)


def _block(name: bytes, old: list[bytes], new: list[bytes]) -> list[bytes]:
    head = [name + b"\n"] if name else []
    return [*head, b"<<<<<<< SEARCH\n", *old, b"=======\n", *new, b">>>>>>> REPLACE\n"]


def _sayable(change: Change) -> tuple[FileDiff, ...] | None:
    """The files of *change*, if lines alone say all of it: no modes, no bytes, no changed line ends."""
    text = read_diff(change.body, LIMITS)
    if text.faults or not all(_is_sayable(file, change) for file in text.files):
        return None
    if (rewrite := change.rewrite) is None:
        return text.files
    return tuple(replace(file, hunks=tuple(map(rewrite, file.hunks))) for file in text.files)


def _is_sayable(file: FileDiff, change: Change) -> bool:
    name = file.new or file.old or ""
    plain = {None, "100644"} >= set(file.modes) or file.new is None
    if not plain or file.binary or file.moves == "copy" or not name.isascii() or '"' in name:
        return False
    if file.new is None:
        return True
    after = change.after(file.new)
    if file.old is None:
        return b"\r" not in after and (not after or after.endswith(b"\n"))
    before = change.before(file.old)
    if before == after:
        return True
    ended = before.endswith(b"\n") == after.endswith(b"\n")
    return bool(before and after) and ended and _ends(before) == _ends(after) != {b"\r\n", b"\n"}


def _ends(content: bytes) -> set[bytes]:
    return {b"\r\n" if line.endswith(b"\r\n") else b"\n" for line in lines_of(content)}


# Diffs that something has touched -----------------------------------------------------------------
def bare(body: bytes) -> bytes | None:
    """As `diff -u` writes it; None if more than lines change, or a file of that name cannot be told."""
    marks = (
        b"new mode ",
        b"new file mode 120000",
        b"deleted file mode 120000",
        b"GIT binary patch",
        b"rename from ",
        b"copy from ",
        b"new file mode 100755",
    )
    sections = [b"diff --git " + each for each in body.split(b"\ndiff --git ")]
    heads = [section.partition(b"\n@@ ") for section in sections]
    if any(not at or any(b"\n" + mark in head for mark in marks) for head, at, _ in heads):
        return None
    if b'"' in b"".join(head for head, _, _ in heads):
        return None
    kept = []
    for head, at, hunks in heads:
        lines = [line for line in head.split(b"\n") if line.startswith((b"--- ", b"+++ "))]
        kept.append(b"\n".join(lines) + at + hunks)
    return b"\n".join(kept)


def through_a_mailer(body: bytes) -> bytes | None:
    """With the line ends that mail has; None if there are such line ends already, which mail would lose."""
    return None if b"\r" in body else body.replace(b"\n", b"\r\n")


def without_blanks(body: bytes) -> bytes:
    """Without the blank of empty context lines, as editors save it."""
    return body.replace(b"\n \n", b"\n\n").replace(b"\n \n", b"\n\n")


TOUCHED: Mapping[str, Callable[[bytes], bytes | None]] = {
    "diff -u": bare,
    "git diff with CRLF from a mailer": through_a_mailer,
    "git diff, blanks cut off": without_blanks,
}
