"""A diff on top of an overlay: what each of its files becomes."""

from collections.abc import Iterator
from dataclasses import dataclass

from contracts.faults import Fault, Reason, fault
from contracts.patch import Diff, FileMode
from contracts.resolving import Mending
from executor.changeset.binary import decode_binary
from executor.changeset.hunks import Image, adopt_line_ends
from executor.changeset.nearest import Near
from executor.changeset.overlay import Overlay
from executor.changeset.sections import Section, split
from executor.files import Edits, File, Kind


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
    """A section with the file's own line ends (*mended*: it had others), and what it makes of the file."""

    section: Section
    file: File | None
    mended: bool = False


def apply_diff(
    overlay: Overlay, diff: Diff, *, most: int, line_endings: Mending = Mending.AUTO
) -> Claim | Fault:
    """Put *diff* onto *overlay*; every file is read as it was before the diff, as git does.

    *most* bounds a binary file, in bytes.
    """
    sections = split(diff)
    if isinstance(sections, Fault):
        return sections
    if wrong := _claimed_twice(sections):
        return wrong
    outcomes: list[_Outcome] = []
    for section in sections:
        outcome = _carry_out(overlay, section, most, line_endings)
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
        mended=(
            *diff.recounted,
            *(fault(Reason.TOOK_LINE_ENDS, path=each.section.path) for each in outcomes if each.mended),
        ),
    )


def diff_conflicts(overlay: Overlay, diff: Diff) -> tuple[Fault, ...]:
    """Every file and hunk of *diff* that does not fit; a hunk that does not is passed over."""
    sections = split(diff)
    if isinstance(sections, Fault):
        return (sections,)
    return tuple(found for section in sections for found in _conflicts(overlay, section))


def _conflicts(overlay: Overlay, section: Section) -> Iterator[Fault]:
    old = overlay.file(section.names.old) if section.names.old else File(b"")
    if isinstance(old, Fault):
        yield old
        return
    image = Image(section.path, old.content)
    for hunk in adopt_line_ends(section, old.content).hunks:
        if wrong := image.apply(hunk):
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


def _carry_out(overlay: Overlay, section: Section, most: int, line_endings: Mending) -> _Outcome | Fault:
    old = overlay.file(section.names.old) if section.names.old else File(b"")
    if isinstance(old, Fault):
        return old
    new = section.names.new
    # A folder may be on its way out in this very diff; writing the file will tell.
    if new and new != section.names.old and overlay.kind(new) not in (None, Kind.DIRECTORY):
        return fault(Reason.FILE_EXISTS, path=new)
    posted = section
    if line_endings is Mending.AUTO:
        section = adopt_line_ends(section, old.content)
    mended = section is not posted
    content = _content(section, old.content, most)
    if isinstance(content, Fault):
        return content
    if new is None:
        return _Outcome(section, None, mended) if not content else _left_over(section)
    mode = section.mode or (old.mode if section.names.old else FileMode.REGULAR)
    return mode if isinstance(mode, Fault) else _Outcome(section, File(content, mode), mended)


def _content(section: Section, before: bytes, most: int) -> bytes | Fault:
    if section.binary:
        return decode_binary(section, before, most=most)
    image = Image(section.path, before)
    for hunk in section.hunks:
        if wrong := image.apply(hunk):
            return wrong
    return image.content()


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
