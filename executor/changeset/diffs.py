"""A diff on top of an overlay: what each of its files becomes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from contracts.faults import Fault, Reason, fault
from contracts.modes import FileMode
from contracts.patch import Diff
from contracts.resolving import Mending, Resolving
from executor.changeset.binary import decode_binary
from executor.changeset.hunks import Image, Placed, adopt_line_ends, fit_as_stated
from executor.changeset.nearest import Near
from executor.changeset.overlay import Overlay
from executor.changeset.sections import Section, split
from executor.files import Edits, File, Kind

#: Earlier contents of the file at a path, the latest first. The second argument is the object id that one of
#: them has, as far as the diff says it; empty: it does not.
Versions = Callable[[str, str], Iterable[bytes]]


def nothing_before(_path: str, _id: str) -> Iterable[bytes]:
    """Nothing is known of earlier contents."""
    return ()


@dataclass(frozen=True, slots=True)
class Claim:
    """That git makes *after* of *before* when it applies *body*; of all paths the body names.

    *names* are the paths as git must list them. Binary files are left out: git is not asked about them.
    """

    body: bytes
    names: tuple[str, ...]
    before: Edits
    after: Edits
    mended: tuple[Fault, ...] = ()  #: what of the diff was not taken as it was posted


@dataclass(frozen=True, slots=True)
class _Outcome:
    """A section as it was put, and what it makes of the file. *steps*: what of it is not as it was posted."""

    section: Section
    file: File | None
    steps: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class _Put:
    """What a section that was put makes of the bytes of its file."""

    section: Section
    content: bytes
    steps: tuple[Fault, ...] = ()


def apply_diff(
    overlay: Overlay,
    diff: Diff,
    *,
    most: int,
    resolving: Resolving = Resolving(),  # noqa: B008 - frozen
    versions: Versions = nothing_before,
) -> Claim | Fault:
    """Put *diff* onto *overlay*; every file is read as it was before the diff, as git does.

    *most* bounds a binary file, in bytes. *resolving* says what may be tried where it does not fit.
    """
    if diff.recounted and resolving.recount is Mending.NEVER:
        return replace(diff.recounted[0], reason=Reason.DIFF_HUNK_COUNT)
    sections = split(diff)
    if isinstance(sections, Fault):
        return sections
    if wrong := _claimed_twice(sections):
        return wrong
    outcomes: list[_Outcome] = []
    for section in sections:
        outcome = _carry_out(overlay, section, most, resolving, versions)
        if isinstance(outcome, Fault):
            return outcome
        outcomes.append(outcome)
    textual = [outcome.section for outcome in outcomes if not outcome.section.binary]
    paths = [path for section in textual for path in _paths(section)]
    before = overlay.snapshot(paths)
    if wrong := _write(overlay, outcomes):
        return wrong
    return Claim(
        body=b"".join(section.render() for section in textual),
        names=tuple(section.path for section in textual),
        before=before,
        after=overlay.snapshot(paths),
        mended=(*diff.recounted, *(step for each in outcomes for step in each.steps)),
    )


def diff_conflicts(overlay: Overlay, diff: Diff, resolving: Resolving) -> tuple[Fault, ...]:
    """Every file and hunk of *diff* that does not fit; a hunk that does not is passed over."""
    sections = split(diff)
    if isinstance(sections, Fault):
        return (sections,)
    return tuple(found for section in sections for found in _conflicts(overlay, section, resolving))


def _conflicts(overlay: Overlay, section: Section, resolving: Resolving) -> Iterator[Fault]:
    old = overlay.file(section.names.old) if section.names.old else File(b"")
    if isinstance(old, Fault):
        yield old
        return
    image = Image(section.path, old.content)
    for hunk in adopt_line_ends(section, old.content).hunks:
        if isinstance(wrong := image.apply(hunk, blanks=resolving.whitespace is not Mending.NEVER), Fault):
            yield wrong


def _paths(section: Section) -> list[str]:
    return [path for path in (section.names.old, section.names.new) if path]


def _claimed_twice(sections: tuple[Section, ...]) -> Fault | None:
    """Two files of a diff may read the same path, never write it: their order would decide."""
    written: set[str] = set()
    for section in sections:
        names = section.names
        mine = {path for path in (names.new, None if section.copies else names.old) if path}
        if twice := written & mine:
            return fault(Reason.PATH_TWICE, path=min(twice))
        written |= mine
    return None


def _carry_out(
    overlay: Overlay, section: Section, most: int, resolving: Resolving, versions: Versions
) -> _Outcome | Fault:
    old = overlay.file(section.names.old) if section.names.old else File(b"")
    if isinstance(old, Fault):
        return old
    new = section.names.new
    # A folder may be on its way out in this very diff; writing the file will tell.
    if new and new != section.names.old and overlay.kind(new) not in (None, Kind.DIRECTORY):
        return fault(Reason.FILE_EXISTS, path=new)
    put = _put(section, old.content, most, resolving, versions)
    if isinstance(put, Fault):
        return put
    if new is None:
        return _Outcome(put.section, None, put.steps) if not put.content else _left_over(section)
    mode = section.mode or (old.mode if section.names.old else FileMode.REGULAR)
    return mode if isinstance(mode, Fault) else _Outcome(put.section, File(put.content, mode), put.steps)


def _put(
    section: Section, before: bytes, most: int, resolving: Resolving, versions: Versions
) -> _Put | Fault:
    if section.binary:
        content = decode_binary(section, before, most=most)
        return content if isinstance(content, Fault) else _Put(section, content)
    posted = section
    if resolving.line_endings is not Mending.NEVER:
        section = adopt_line_ends(section, before)
    image = Image(section.path, before)
    placed: list[Placed] = []
    for hunk in section.hunks:
        found = image.apply(hunk, blanks=resolving.whitespace is not Mending.NEVER)
        if isinstance(found, Fault):
            return found
        placed.append(found)
    moved = _moved(section, placed, resolving, versions)
    if isinstance(moved, Fault):
        return moved
    ends = () if section is posted else (fault(Reason.TOOK_LINE_ENDS, path=section.path),)
    as_put = replace(section, hunks=tuple(each.hunk for each in placed))
    return _Put(as_put, image.content(), (*ends, *moved, *_other_blanks(section.path, placed)))


def _moved(
    section: Section, placed: Sequence[Placed], resolving: Resolving, versions: Versions
) -> tuple[Fault, ...] | Fault:
    """What is told of hunks that do not stand where they say.

    Where an earlier version of the file has all of them where they say, the diff was made of that, and the
    branch moved on; else nobody knows why they say another place.
    """
    path, elsewhere = section.path, [each for each in placed if each.elsewhere]
    if not elsewhere:
        return ()
    earlier = versions(section.names.old or path, section.old_id)
    if any(fit_as_stated(adopt_line_ends(section, content), content) for content in earlier):
        way = resolving.moved_tip
        told: tuple[Fault, ...] = (fault(Reason.TOOK_MOVED_LINES, path=path, count=len(elsewhere)),)
    else:
        way = resolving.place
        told = tuple(_at_another_line(Reason.TOOK_PLACE, path, each) for each in elsewhere)
    return _at_another_line(Reason.DIFF_ELSEWHERE, path, elsewhere[0]) if way is Mending.NEVER else told


def _at_another_line(reason: Reason, path: str, placed: Placed) -> Fault:
    hunk = placed.hunk
    return fault(reason, path=path, hunk=hunk.number, said=hunk.old_start, at=placed.line)


def _other_blanks(path: str, placed: Iterable[Placed]) -> tuple[Fault, ...]:
    return tuple(
        fault(Reason.TOOK_BLANKS, path=path, number=each.hunk.number, at=each.line, differs=each.rung)
        for each in placed
        if each.rung is not None
    )


def _left_over(section: Section) -> Fault:
    detail = "the diff deletes the file, and the branch has lines in it that the diff does not know"
    return Near(detail).fault(Reason.DIFF_DOES_NOT_APPLY, path=section.path, hunk=max(len(section.hunks), 1))


def _write(overlay: Overlay, outcomes: list[_Outcome]) -> Fault | None:
    """Take away first: a diff may turn a folder into a file, and lists the file before what was in it."""
    for outcome in outcomes:
        names = outcome.section.names
        if names.old and names.old != names.new and not outcome.section.copies:
            overlay.remove(names.old)
    for outcome in outcomes:
        if outcome.file and (wrong := overlay.put(outcome.section.path, outcome.file)):
            return wrong
    return None
