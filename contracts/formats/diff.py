"""Unified and git diffs: their structure, read here, so that nobody has to believe another reader.

What `git apply` does with an odd diff, all with exit code 0: it drops a file whose hunk header is a bare
`@@`, puts insertions without context in the wrong place, and takes a blob by its id out of its store if a
binary patch names one. So every line has to belong somewhere, and what is handed on is written anew: each
file with `diff --git`, prefixes for `-p1`, modes and hunks, and a final line feed. Ids stay as far as they
tell what a file was before; git never gets to see them.
"""

import re
from dataclasses import dataclass, field, replace
from typing import Final

from contracts.faults import Fault, Reason
from contracts.formats.document import MOST_FAULTS
from contracts.formats.hunks import Hunk, Lines, bare, blame, opens_plain, read_hunk, shown
from contracts.formats.lines import Sign, first_line
from contracts.formats.names import (
    Names,
    are_names,
    line_name,
    paired_names,
    prefixes_of,
    quoted,
    release_of,
    sole_name,
    stated_name,
    strip_prefixes,
)
from contracts.modes import FileMode
from contracts.patch import Diff, FileHeader, Limits
from contracts.paths import check_path, strip_prefix

#: A diff begins on such a line, in any text.
HEADER: Final = Sign(
    re.compile(r"^(?:diff --git |--- [^\n]*\n\+\+\+ [^\n]*\n@@)", re.MULTILINE), ("diff --git ", "\n+++ ")
)
#: Something that is called a diff wants to be one if it has such a line.
WANTS: Final = Sign(
    re.compile(r"^(?:diff --(?:git|cc|combined) |--- [^\n]*\n\+\+\+ |@@@? )", re.MULTILINE),
    ("diff --", "\n+++ ", "@@"),
)

_BINARY: Final = b"GIT binary patch"
_BINARY_DATA: Final = re.compile(
    rb"(?:literal|delta) \d{1,12}|[A-Za-z][0-9A-Za-z!#$%&()*+;<=>?@^_`{|}~-]{5,}|"
)
_INDEX_MODE: Final = re.compile(rb"[0-9a-f]+\.\.[0-9a-f]+ ([0-7]{6})")
_INDEX_NEW: Final = re.compile(rb"[0-9a-f]+\.\.([0-9a-f]{7,40})(?: |$)")
_EMPTY_BLOB: Final = b"e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
_WHOLE_IDS: Final = re.compile(rb"[0-9a-f]{40}\.\.[0-9a-f]{40}(?= |$)")
_IDS: Final = re.compile(rb"[0-9a-f]{7,40}\.\.[0-9a-f]{7,40}(?= |$)")
_CREATED: Final = b"new file mode "
_DELETED: Final = b"deleted file mode "
_EXTENDED: Final = (
    b"old mode ",
    b"new mode ",
    _CREATED,
    _DELETED,
    b"rename from ",
    b"rename to ",
    b"copy from ",
    b"copy to ",
    b"similarity index ",
    b"dissimilarity index ",
    b"index ",
)
_MODES: Final = frozenset(FileMode)
#: What only counts below the `diff --git` of its file: without that line it would be left out in silence.
#: (That a plain file comes or goes is not: the lines below say it, too.)
_STRAY: Final = re.compile(
    rb"(?:old|new) mode [0-7]{6}|new file mode (?!100644)[0-7]{6}|(?:rename|copy) (?:from|to) .+"
    rb"|GIT binary patch"
)
#: A line that may open a file.
_OPENS: Final = re.compile(rb"\n(?:diff --git |--- )")


@dataclass(frozen=True, slots=True)
class FileDiff:
    """One file. *old* and *new* are its names without the diff's own prefixes; *at* its first line.

    *modes* are the two sides' modes as far as they are said; *moves* is `rename`, `copy` or empty. *ids* is
    what it says it leads from and to; a binary patch has to say so in whole, or a delta could not be told
    from one that was made for other bytes. *sole*: it has one name, which may begin with a prefix.
    """

    at: int
    old: str | None
    new: str | None
    modes: tuple[str | None, str | None] = (None, None)
    moves: str = ""
    hunks: tuple[Hunk, ...] = ()
    binary: tuple[bytes, ...] = ()
    ids: bytes = b""
    sole: bool = False

    @property
    def path(self) -> str:
        return self.new or self.old or ""


@dataclass(frozen=True, slots=True)
class DiffText:
    """What was read; *faults* are in the order of the text, and their lines those of the diff."""

    files: tuple[FileDiff, ...]
    faults: tuple[Fault, ...]


def read_diff(body: bytes, limits: Limits, *, recount: bool = False) -> DiffText:
    """The structure of *body*. Text before, between and after its files is passed over.

    Reading stops where no more faults are told, and at more files than the limits allow. *recount*: hunks
    that say other counts than they hold are taken as what they hold.
    """
    reader = _Reader(_as_sent(body.removesuffix(b"\n").split(b"\n")), recount=recount)
    reader.read(limits.files)
    files = tuple(map(reader.without_prefix, reader.files))
    return DiffText(files, tuple(reader.faults) or reader.unsure())


def _as_sent(lines: list[bytes]) -> list[bytes]:
    """*lines* before something on their way gave every one of them, headers too, a carriage return."""
    sent = lines[:-1] if not lines[-1] else lines
    return [bare(line) for line in lines] if sent and all(line[-1:] == b"\r" for line in sent) else lines


def normalise(text: DiffText, prefixes: tuple[str, ...]) -> Diff | tuple[Fault, ...]:
    """*text* as one Diff of valid paths, or everything that is wrong with it. No file is a fault too."""
    faults = list(text.faults)
    if not text.files and not faults:
        faults.append(blame(Reason.DIFF_NO_HEADER, 0))
    files: list[FileDiff] = []
    for each in text.files:
        moved = replace(each, old=_relative(each.old, prefixes), new=_relative(each.new, prefixes))
        names = dict.fromkeys(name for name in (moved.old, moved.new) if name is not None)
        wrong = [fault for name in names if (fault := check_path(name))]
        faults += [replace(fault, line=each.at + 1, column=1) for fault in wrong]
        files.append(moved)
    if faults:
        return tuple(sorted(faults, key=lambda each: each.line or 0))
    headers = tuple(FileHeader(each.old, each.new) for each in files)
    recounted = tuple(
        Fault(
            Reason.TOOK_COUNTS,
            {"path": each.path, "hunk": str(number), "said": hunk.said, "found": hunk.holds},
        )
        for each in files
        for number, hunk in enumerate(each.hunks, start=1)
        if hunk.said
    )
    return Diff(b"".join(map(_render, files)), headers, recounted)


def _relative(name: str | None, prefixes: tuple[str, ...]) -> str | None:
    return None if name is None else strip_prefix(name, prefixes)


# Writing ---------------------------------------------------------------------------------------
def _render(file: FileDiff) -> bytes:
    old, new = file.old or file.new or "", file.new or file.old or ""
    lines = [b"diff --git " + quoted("a/" + old) + b" " + quoted("b/" + new)]
    before, after = file.modes
    if file.old is None:
        lines.append(f"new file mode {after or FileMode.REGULAR}".encode())
    elif file.new is None:
        lines.append(f"deleted file mode {before or FileMode.REGULAR}".encode())
    elif before != after:
        lines += [f"old mode {before}".encode(), f"new mode {after}".encode()]
    if file.moves:
        lines += [f"{file.moves} from ".encode() + quoted(old), f"{file.moves} to ".encode() + quoted(new)]
    lines += [b"index " + file.ids] if file.ids else []
    if file.binary:
        lines += [_BINARY, *file.binary]
    if file.hunks:
        lines.append(b"--- " + (quoted("a/" + old) if file.old is not None else b"/dev/null"))
        lines.append(b"+++ " + (quoted("b/" + new) if file.new is not None else b"/dev/null"))
    return b"\n".join(lines) + b"\n" + b"".join(hunk.render() for hunk in file.hunks)


# Reading ---------------------------------------------------------------------------------------
@dataclass(slots=True)
class _Headers:
    """The header lines of one file, by what they begin with."""

    at: int
    git: bytes | None = None  #: the names of its `diff --git` line
    extended: dict[bytes, bytes] = field(default_factory=dict)
    old: bytes | None = None  #: what follows `--- `
    new: bytes | None = None


class _UnreadableError(Exception):
    """This file cannot be read; the reader looks for the next one."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


class _Reader:
    def __init__(self, lines: Lines, *, recount: bool) -> None:
        self.lines = lines
        self.recount = recount
        self.at = 0
        self.ended = 0  #: the line after the last file
        self.files: list[FileDiff] = []
        self.faults: list[Fault] = []
        #: What the two names of files without `diff --git` begin with beside the path.
        self.prefixes: set[tuple[str, str]] = set()

    def read(self, most_files: int) -> None:
        while self.at < len(self.lines) and len(self.faults) < MOST_FAULTS:
            line = self.lines[self.at]
            if len(self.files) > most_files:
                count, most = str(len(self.files)), str(most_files)
                self.faults.append(blame(Reason.TOO_MANY_FILES, self.files[-1].at, count=count, most=most))
                return
            if self.opens(self.at):
                self.file_or_fault()
            elif line.startswith((b"diff --cc ", b"diff --combined ")):
                self.fail(Reason.DIFF_BAD_HEADER, self.at, text=shown(line))
                self.skip_file()
            elif (path := _stub(bare(line))) is not None:
                self.fail(Reason.DIFF_BINARY_STUB, self.at, path=path)
            elif line.startswith((b"@@ ", b"@@@ ")):
                self.stray_hunk()
            elif line.startswith(b"--- ") and self.line(self.at + 1).startswith(b"+++ "):
                # The headers of a file without a hunk.
                self.fail(Reason.DIFF_BAD_HUNK, self.at + 2, text=shown(self.line(self.at + 2)))
            else:
                self.at += 1

    def line(self, at: int) -> bytes:
        return self.lines[at] if at < len(self.lines) else b""

    def opens(self, at: int) -> bool:
        return self.lines[at].startswith(b"diff --git ") or opens_plain(self.lines, at)

    def fail(self, reason: Reason, at: int, **args: str) -> None:
        self.faults.append(blame(reason, at, **args))
        self.at = at + 1

    def stray_hunk(self) -> None:
        """A hunk that no file's headers stand before; those that follow it are the same fault."""
        reason = Reason.DIFF_BAD_HUNK if self.files or self.faults else Reason.DIFF_NO_HEADER
        args = {"text": shown(self.lines[self.at])} if reason is Reason.DIFF_BAD_HUNK else {}
        self.fail(reason, self.at, **args)
        self.skip_file()

    def skip_file(self) -> None:
        self.at = first_line(self.lines, self.at, _OPENS)
        while self.at < len(self.lines) and not self.opens(self.at):
            self.at = first_line(self.lines, self.at + 1, _OPENS)

    def file_or_fault(self) -> None:
        try:
            self.files.append(self.file())
            self.ended = self.at
        except _UnreadableError as error:
            self.faults.append(error.fault)
            self.skip_file()

    def unreadable(self, reason: Reason, at: int, **args: str) -> _UnreadableError:
        self.at = max(self.at, at + 1)
        return _UnreadableError(blame(reason, at, **args))

    def file(self) -> FileDiff:
        headers = self.headers()
        file = self.named(headers)
        self.check_modes(file, headers)
        line = bare(self.line(self.at))
        if _stub(line) is not None:
            raise self.unreadable(Reason.DIFF_BINARY_STUB, self.at, path=file.path)
        index = headers.extended.get(b"index ", b"")
        if line == _BINARY:
            ids = _WHOLE_IDS.match(index)
            return replace(file, binary=self.binary(file), ids=ids[0] if ids else b"")
        hunks = self.hunks(file, git=headers.git is not None)
        self.check_stray(self.at)
        ids = _IDS.match(index) if hunks else None
        file = replace(file, hunks=hunks, ids=ids[0] if ids else b"")
        self.check_sides(file)
        if file.old is None and not file.hunks and not _is_empty(headers):
            raise self.unreadable(Reason.DIFF_EMPTY, file.at, text=shown(self.lines[file.at]))
        return file

    def headers(self) -> _Headers:
        headers = _Headers(self.at)
        above = self.at - 1
        while above > self.ended and self.lines[above].startswith(b"index "):
            above -= 1
        if above >= self.ended:
            self.check_stray(above)
        if self.lines[self.at].startswith(b"diff --git "):
            headers.git = bare(self.lines[self.at]).removeprefix(b"diff --git ")
            self.at += 1
            while key := self.extended(self.line(self.at)):
                if key in headers.extended:
                    raise self.unreadable(Reason.DIFF_BAD_HEADER, self.at, text=shown(self.lines[self.at]))
                headers.extended[key] = bare(self.lines[self.at])[len(key) :]
                self.at += 1
        if self.line(self.at).startswith(b"--- "):
            if not self.line(self.at + 1).startswith(b"+++ "):
                raise self.unreadable(Reason.DIFF_BAD_HEADER, self.at, text=shown(self.line(self.at)))
            headers.old = bare(self.line(self.at))[4:]
            headers.new = bare(self.line(self.at + 1))[4:]
            self.at += 2
        return headers

    def check_stray(self, at: int) -> None:
        """A header on the line *at*, beside a file that it does not belong to."""
        if _STRAY.fullmatch(bare(self.line(at))):
            self.at += 1
            raise self.unreadable(Reason.DIFF_BAD_HEADER, at, text=shown(self.line(at)))

    def extended(self, line: bytes) -> bytes | None:
        return next((key for key in _EXTENDED if line.startswith(key)), None)

    def named(self, headers: _Headers) -> FileDiff:
        """The file of *headers*: its names, modes and whether it moves. Every header must agree."""
        pair = paired_names(headers.git) if headers.git is not None else None
        lines = stated = None
        if headers.old is not None and headers.new is not None:
            lines = line_name(headers.old), line_name(headers.new)
            stated = stated_name(headers.old), stated_name(headers.new)
        names = strip_prefixes(pair, lines, stated)
        if headers.git is not None and pair is None and stated and not are_names(headers.git, stated):
            names = None
        moves, moved = _moves(headers)
        if moved is not None:
            names = moved if lines is None or moved in {names, lines} else None
        elif names is not None and lines is None:
            created, deleted = (key in headers.extended for key in (_CREATED, _DELETED))
            names = (None if created else names[0]), (None if deleted else names[1])
        if names is None or not _agrees(headers, names, moves):
            raise self.unreadable(Reason.DIFF_CONTRADICTION, headers.at, text=shown(self.lines[headers.at]))
        sole = pair is None and not moves and self.is_sole(stated)
        return FileDiff(headers.at, *names, modes=_modes(headers), moves=moves, sole=sole)

    def is_sole(self, stated: Names | None) -> bool:
        """True if only one of the two names is *stated*; both tell what this diff's names begin with."""
        if stated is None:
            return False
        old, new = stated
        if old is None or new is None:
            return True
        self.prefixes.add(prefixes_of(old, new))
        return False

    def without_prefix(self, file: FileDiff) -> FileDiff:
        """*file*, once all others have told what their names begin with."""
        if not file.sole:
            return file
        olds, news = ({pair[side] for pair in self.prefixes} for side in (0, 1))
        return replace(file, old=sole_name(file.old, "a", olds), new=sole_name(file.new, "b", news))

    def unsure(self) -> tuple[Fault, ...]:
        """That new files have names which may begin with a prefix, where no other file could tell."""
        if self.prefixes:
            return ()
        created = (file for file in self.files if file.sole and file.old is None)
        for file in created:
            if folder := release_of(file.path):
                return (blame(Reason.DIFF_UNSURE_NAMES, file.at, path=file.path, folder=folder),)
        return ()

    def check_modes(self, file: FileDiff, headers: _Headers) -> None:
        index = _INDEX_MODE.fullmatch(headers.extended.get(b"index ", b""))
        for mode in (*file.modes, index[1].decode() if index else None):
            if mode is not None and mode not in _MODES:
                raise self.unreadable(Reason.DIFF_BAD_MODE, headers.at, path=file.path, mode=mode)

    def binary(self, file: FileDiff) -> tuple[bytes, ...]:
        """The lines of binary data, unread: whoever applies them decodes them."""
        start = self.at = self.at + 1
        while self.at < len(self.lines) and _BINARY_DATA.fullmatch(bare(self.lines[self.at])):
            self.at += 1
        lines = [bare(line) for line in self.lines[start : self.at]]
        while lines and not lines[-1]:
            lines.pop()
        if not lines or not lines[0]:
            raise self.unreadable(Reason.DIFF_BINARY_STUB, start - 1, path=file.path)
        return (*lines, b"")

    def hunks(self, file: FileDiff, *, git: bool) -> tuple[Hunk, ...]:
        hunks: list[Hunk] = []
        while self.line(self.at).startswith(b"@@"):
            found = read_hunk(self.lines, self.at, file.path, len(hunks) + 1, git=git, recount=self.recount)
            if isinstance(found, Fault):
                self.at += 1
                raise _UnreadableError(found)
            hunk, self.at = found
            if file.old is not None and not hunk.has_context and hunk.old_start:
                number = str(len(hunks) + 1)
                raise self.unreadable(Reason.DIFF_ZERO_CONTEXT, hunk.at, path=file.path, hunk=number)
            hunks.append(hunk)
            while self.at < len(self.lines) and not bare(self.lines[self.at]):
                self.at += 1
        return tuple(hunks)

    def check_sides(self, file: FileDiff) -> None:
        """A created file has no old lines, a deleted one no new; a file that stays changes somehow."""
        for hunk in file.hunks:
            if (file.old is None and hunk.old_count) or (file.new is None and hunk.new_count):
                raise self.unreadable(Reason.DIFF_BAD_HUNK, hunk.at, text=shown(self.lines[hunk.at]))
        stays = file.old is not None and file.new is not None
        if stays and not file.hunks and not file.moves and file.modes[0] == file.modes[1]:
            raise self.unreadable(Reason.DIFF_EMPTY, file.at, text=shown(self.lines[file.at]))


def _moves(headers: _Headers) -> tuple[str, Names | None]:
    """Whether the file is renamed or copied, and from what to what."""
    for verb in ("rename", "copy"):
        source, target = (headers.extended.get(f"{verb} {way} ".encode()) for way in ("from", "to"))
        if source is not None and target is not None:
            return verb, (line_name(source), line_name(target))
    return "", None


def _modes(headers: _Headers) -> tuple[str | None, str | None]:
    def said(*keys: bytes) -> str | None:
        modes = (headers.extended[key] for key in keys if key in headers.extended)
        return next((mode.decode(errors="replace").strip() for mode in modes), None)

    return said(b"old mode ", _DELETED), said(b"new mode ", _CREATED)


def _agrees(headers: _Headers, names: Names, moves: str) -> bool:
    """True if names, `/dev/null` and the mode lines tell one story."""
    old, new = names
    said = headers.extended
    created, deleted = _CREATED in said, _DELETED in said
    if (b"old mode " in said) != (b"new mode " in said) or (old is None and new is None):
        return False
    if moves:
        return old is not None and new is not None and not created and not deleted
    if (created and old is not None) or (deleted and new is not None):
        return False
    return old is None or new is None or old == new


def _is_empty(headers: _Headers) -> bool:
    """True unless the index line of a file without lines names another object than the empty one."""
    index = _INDEX_NEW.match(headers.extended.get(b"index ", b""))
    return index is None or _EMPTY_BLOB.startswith(index[1])


def _stub(line: bytes) -> str | None:
    """The file of a line that says that two binary files differ, and not how."""
    if not line.startswith((b"Binary files ", b"Files ")) or not line.endswith(b" differ"):
        return None
    old, _, new = line.partition(b"iles ")[2].removesuffix(b" differ").rpartition(b" and ")
    return shown(old if new == b"/dev/null" else new)
