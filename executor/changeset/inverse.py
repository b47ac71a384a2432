"""The inverse of a landed patch on top of an overlay: what it did is undone, what came later stays.

A file that still is as the patch left it becomes what it was. One that has changed since is undone hunk by
hunk, each in the one place where its lines stand; where that is not clear, nothing is undone anywhere.
"""

from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from typing import Protocol

from contracts.faults import Fault, Reason, fault
from contracts.patch import Revert
from executor.changeset.hunks import Image
from executor.changeset.nearest import Near
from executor.changeset.overlay import Overlay
from executor.changeset.sections import Hunk
from executor.files import File

#: Lines around a change that tell its place: more where with fewer there are several places.
_CONTEXTS = (3, 10, 30)
#: Conflicts that are explained; all are named.
_MOST_EXPLAINED = 5


@dataclass(frozen=True, slots=True)
class Turned:
    """What one commit made of one file: from *before*, at *old*, to *after*, at *new*; None: not there."""

    old: str
    new: str
    before: File | None
    after: File | None


class History(Protocol):
    """What has landed."""

    def turned(self, commit: str) -> Sequence[Turned] | None:
        """Every file that *commit* changed; None: it is not among what the base stands on."""

    def versions(self, path: str, id_: str) -> Iterable[bytes]:
        """Earlier contents of the file at *path*, the latest first, as far back as is looked.

        *id_* is the beginning of the object id that one of them may have: then it is that one alone; else
        they are the last few.
        """

    def hunks(self, before: bytes, after: bytes, *, context: int) -> Sequence[Hunk]:
        """What leads from *before* to *after*, with so many lines around each change; of binaries nothing."""


@dataclass(frozen=True, slots=True)
class _Undone:
    """*file* at *old*, and nothing at *new*, unless that is the same name."""

    old: str
    new: str
    file: File | None


def undo(overlay: Overlay, revert: Revert, history: History) -> Fault | None:
    """Put what undoes *revert*'s commit onto *overlay*: all of it, or a fault naming what is in the way."""
    turned = history.turned(revert.commit)
    if turned is None:
        return fault(Reason.REVERT_GONE, patch=revert.patch, commit=revert.commit)
    undone: list[_Undone] = []
    conflicts: dict[str, Near] = {}
    left = {each.new for each in turned}
    for each in turned:
        found = _undone(overlay, each, left, history)
        if isinstance(found, Near):
            conflicts[each.new] = found
        else:
            undone.append(found)
    if not conflicts:
        conflicts = _write(overlay, undone)
    if not conflicts:
        return None
    explained = [f"{path}: {why.detail}" for path, why in list(conflicts.items())[:_MOST_EXPLAINED]]
    lines = next((why for why in conflicts.values() if why.expected), Near(""))
    return fault(
        Reason.REVERT_CONFLICT,
        patch=revert.patch,
        files=" ".join(conflicts),
        detail="; ".join(explained),
        expected=lines.expected,
        found=lines.found,
    )


def _write(overlay: Overlay, undone: Sequence[_Undone]) -> dict[str, Near]:
    """What stands in the way, by path. Take away first: a folder may have become a file."""
    gone = {each.new for each in undone if each.file is None or each.new != each.old}
    for path, file in overlay.snapshot(gone).items():
        if file is not None:
            overlay.remove(path)
    in_the_way: dict[str, Near] = {}
    for each in undone:
        if each.file is not None and (wrong := overlay.put(each.old, each.file)) is not None:
            in_the_way[each.old] = Near(f"{wrong.args.get('found') or wrong.args.get('other')} is in the way")
    return in_the_way


def _undone(overlay: Overlay, turned: Turned, left: Set[str], history: History) -> _Undone | Near:
    """*left* are the names that the patch wrote to, and that are free for what was there before."""
    there = overlay.snapshot([turned.old, turned.new])
    now = there[turned.new]
    if turned.old != turned.new:
        if there[turned.old] == turned.before and now is None:
            return _Undone(turned.old, turned.new, turned.before)
        if there[turned.old] is not None and turned.old not in left:
            return Near(f"there is another {turned.old} now")
    if now in (turned.after, turned.before):
        return _Undone(turned.old, turned.new, turned.before)
    if now is None:
        return Near("it is not there any more")
    if turned.after is None:
        return Near("there is another file of this name now")
    if turned.before is None:
        return Near("it was new with the patch, and has been changed since")
    content = _content(now.content, turned.before.content, turned.after.content, turned.new, history)
    if isinstance(content, Near):
        return content
    mode = now.mode if turned.before.mode is turned.after.mode else turned.before.mode
    return _Undone(turned.old, turned.new, File(content, mode))


def _content(now: bytes, before: bytes, after: bytes, path: str, history: History) -> bytes | Near:
    """*now* without what led from *before* to *after*."""
    if now == after:
        return before
    if before == after:
        return now
    why = Near("")
    for context in _CONTEXTS:
        image = Image(path, now)
        hunks = history.hunks(after, before, context=context)
        if not hunks:
            return Near("it is binary, and has been changed since")
        wrong = next((found for hunk in hunks if (found := image.apply_anywhere(hunk))), None)
        if wrong is None:
            return image.content()
        if wrong.reason is not Reason.DIFF_AMBIGUOUS:
            return (
                why if why.detail else Near(wrong.args["detail"], wrong.args["expected"], wrong.args["found"])
            )
        why = Near(f"what it did fits in {wrong.args['count']} places")
    return why
