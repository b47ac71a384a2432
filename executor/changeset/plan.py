"""Base files and a Changeset in; what changes, or the one reason why nothing does, out."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import assert_never

from contracts.faults import Fault, Reason, fault
from contracts.modes import FileMode, Presence
from contracts.patch import (
    Changeset,
    Chmod,
    Delete,
    Diff,
    Insert,
    InsertAt,
    Limits,
    Mutation,
    Rename,
    Replace,
    Revert,
    Side,
    Splice,
    Write,
    paths_of,
)
from contracts.paths import check_path
from contracts.resolving import Mending, Resolving
from executor.changeset import text
from executor.changeset.diffs import Claim, apply_diff, diff_conflicts, nothing_before
from executor.changeset.inverse import History, undo
from executor.changeset.overlay import Base, Overlay
from executor.changeset.splice import splice
from executor.changeset.substitution import (
    Answer,
    Invalid,
    Request,
    Substituted,
    TooLarge,
    TooSlow,
)
from executor.files import Edits, File, Kind

#: Carries out a regular expression. It blocks; `executor.regexes` gives one that does it apart.
Substitute = Callable[[Request], Answer]


@dataclass(frozen=True, slots=True)
class Plan:
    """*edits* is never empty; *claims* are what git still has to confirm.

    *mended*: what of the changeset was not taken as it was posted.
    """

    edits: Edits
    claims: tuple[Claim, ...]
    mended: tuple[Fault, ...] = ()


def plan(
    base: Base,
    changeset: Changeset,
    limits: Limits,
    substitute: Substitute,
    *,
    history: History | None = None,
    resolving: Resolving = Resolving(),  # noqa: B008 - frozen
) -> Plan | Fault:
    """Carry every mutation out in order, each on what the earlier ones made; all of them or none.

    *history* None: nothing has landed that could be undone, and no file was another before.
    """
    overlay = Overlay(base)
    planner = _Planner(overlay, limits, substitute, history, resolving)
    claims: list[Claim] = []
    for mutation in changeset.mutations:
        wrong = next((found for path in paths_of(mutation) if (found := check_path(path))), None)
        done = wrong or planner.carry_out(mutation)
        if isinstance(done, Fault):
            return done
        if done is not None:
            claims.append(done)
    edits = overlay.edits()
    return Plan(edits, tuple(claims), tuple(planner.steps)) if edits else fault(Reason.NOTHING_CHANGED)


def conflicts(
    base: Base,
    changeset: Changeset,
    limits: Limits,
    substitute: Substitute,
    *,
    resolving: Resolving = Resolving(),  # noqa: B008 - frozen
) -> tuple[Fault, ...]:
    """Everything that keeps *changeset* from *base*, hunk by hunk: for whoever has to mend it.

    A mutation that does not fit counts as not made, so that one after it may be named only for that.
    """
    overlay = Overlay(base)
    planner = _Planner(overlay, limits, substitute, None, resolving)
    found: list[Fault] = []
    for mutation in changeset.mutations:
        wrong = next((each for path in paths_of(mutation) if (each := check_path(path))), None)
        done = wrong or planner.carry_out(mutation)
        if isinstance(done, Fault) and isinstance(mutation, Diff):
            found += diff_conflicts(overlay, mutation, resolving) or (done,)
        elif isinstance(done, Fault):
            found.append(done)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Planner:
    overlay: Overlay
    limits: Limits
    substitute: Substitute
    history: History | None
    resolving: Resolving
    steps: list[Fault] = field(default_factory=list)  #: what of the mutations so far is not as it was posted

    def carry_out(self, mutation: Mutation) -> Claim | Fault | None:
        match mutation:
            case Write():
                return self._write(mutation)
            case Delete(path=path):
                return self._delete(path)
            case Rename(path=path, to=to):
                return self._rename(path, to)
            case Chmod(path=path, mode=mode):
                return self._chmod(path, mode)
            case Replace() | Insert() | InsertAt():
                return self._edit(mutation)
            case Splice(path=path, to=to):
                return self._edit(mutation) or (self._rename(path, to) if to is not None else None)
            case Diff():
                return self._diff(mutation)
            case Revert(patch=patch, commit=commit) if self.history is None:
                return fault(Reason.REVERT_GONE, patch=patch, commit=commit)
            case Revert():
                return undo(self.overlay, mutation, self.history)
            case _:
                assert_never(mutation)

    def _diff(self, mutation: Diff) -> Claim | Fault:
        versions = self.history.versions if self.history else nothing_before
        claim = apply_diff(
            self.overlay, mutation, most=self.limits.content, resolving=self.resolving, versions=versions
        )
        if isinstance(claim, Claim):
            self.steps.extend(claim.mended)
        return claim

    def _write(self, mutation: Write) -> Fault | None:
        is_file = self.overlay.kind(mutation.path) is Kind.FILE
        if mutation.expects is Presence.ABSENT and is_file:
            return fault(Reason.FILE_EXISTS, path=mutation.path)
        kept = FileMode.REGULAR
        if is_file or mutation.expects is Presence.PRESENT:
            there = self.overlay.file(mutation.path)
            if isinstance(there, Fault):
                return there
            kept = there.mode
        return self.overlay.put(mutation.path, File(mutation.content, mutation.mode or kept))

    def _delete(self, path: str) -> Fault | None:
        there = self.overlay.file(path)
        if isinstance(there, Fault):
            return there
        self.overlay.remove(path)
        return None

    def _rename(self, path: str, to: str) -> Fault | None:
        there = self.overlay.file(path)
        if isinstance(there, Fault):
            return there
        if self.overlay.kind(to) is not None:
            return fault(Reason.FILE_EXISTS, path=to)
        self.overlay.remove(path)
        return self.overlay.put(to, there)

    def _chmod(self, path: str, mode: FileMode) -> Fault | None:
        there = self.overlay.file(path)
        if isinstance(there, Fault):
            return there
        return self.overlay.put(path, File(there.content, mode))

    def _edit(self, mutation: Replace | Insert | InsertAt | Splice) -> Fault | None:
        there = self.overlay.file(mutation.path)
        if isinstance(there, Fault):
            return there
        read = text.decode(there.content)
        if read is None:
            return fault(Reason.NOT_TEXT, path=mutation.path)
        body = self._edited(mutation, read)
        if isinstance(body, Fault):
            return body
        content = read.encode(body)
        grown = len(content) - len(there.content)
        if grown > self.limits.file:
            return fault(Reason.FILE_TOO_LARGE, path=mutation.path, size=len(content), most=self.limits.file)
        return self.overlay.put(mutation.path, File(content, there.mode))

    def _edited(self, mutation: Replace | Insert | InsertAt | Splice, read: text.Text) -> str | Fault:
        match mutation:
            case Replace(regex=True):
                return self._substituted(mutation, read)
            case Replace(path=path, find=find, replacement=replacement, count=count):
                wanted = text.Wanted(path, find, count, self.limits.matches)
                return text.replace(read, wanted, replacement, room=self.limits.file)
            case Insert(path=path, anchor=anchor, text=added, side=side):
                return text.insert(path, read, anchor, added, before=side is Side.BEFORE)
            case InsertAt(path=path, line=line, text=added):
                return text.insert_at(path, read, line, added)
            case Splice():
                return self._spliced(mutation, read)
            case _:
                assert_never(mutation)

    def _spliced(self, mutation: Splice, read: text.Text) -> str | Fault:
        made = splice(read, mutation, blanks=self.resolving.whitespace is not Mending.NEVER)
        if isinstance(made, Fault):
            return made
        self.steps.extend(made.steps)
        return made.body

    def _substituted(self, mutation: Replace, read: text.Text) -> str | Fault:
        limits = self.limits
        answer = self.substitute(
            Request(
                pattern=read.seek(mutation.find),
                replacement=read.adopt(mutation.replacement),
                body=read.body,
                most=max(limits.matches, mutation.count or 0),
                most_size=len(read.body) + limits.file,
                seconds=limits.regex_time.total_seconds(),
            )
        )
        match answer:
            case Substituted(body=body, found=found):
                wanted = text.Wanted(mutation.path, mutation.find, mutation.count, limits.matches)
                return wanted.check(found) or body
            case Invalid(detail=detail):
                return fault(Reason.REGEX_INVALID, pattern=text.brief(mutation.find), detail=detail)
            case TooSlow():
                most = f"{limits.regex_time.total_seconds():g}"
                return fault(Reason.REGEX_TIMEOUT, path=mutation.path, most=most)
            case TooLarge():
                size = len(read.body) + limits.file
                return fault(Reason.FILE_TOO_LARGE, path=mutation.path, size=size, most=limits.file)
            case _:
                assert_never(answer)
