"""What a domain demands of a candidate before anything of it runs: decided on what it really changes."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from contracts.approvals import Demands, binding, demands_of, reasons, refusal, unseen
from contracts.control import Approval, Proposal
from contracts.faults import Fault, Reason, fault
from contracts.outcome import Approved
from contracts.patch import Patch, paths_of
from contracts.protection import CommandRule
from contracts.repository_policy import FILE, merged, read_policy
from contracts.secrets import hides, redact
from contracts.settings import DomainSettings
from executor.candidate import Candidate
from executor.files import Kind
from executor.repository.bare import Repository
from executor.repository.objects import FileDiff, Tree

#: Characters of the diff that people decide on.
_MOST_SHOWN: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Passed:
    """It may go on under *demands*; *approved* where it needed somebody's approval and has it."""

    demands: Demands
    approved: Approved | None = None


@dataclass(frozen=True, slots=True)
class Asking:
    """It needs an approval that it does not have. *why* is what people are told; *hidden* that nobody can be
    asked, since they would not see what it does."""

    demands: Demands
    proposal: Proposal
    why: Fault
    hidden: Fault | None = None


@dataclass(frozen=True, slots=True)
class Boundary:
    """What *rules* and the base's own policy say of one patch. *approval* is the one that it has."""

    rules: DomainSettings
    patch: Patch
    approval: Approval | None = None

    def judge(self, repository: Repository, candidate: Candidate) -> Passed | Asking | Fault:
        """A Fault: no approval would help, or the repository's own policy cannot be read."""
        before = repository.tree(candidate.base)
        demands = self._demands(before)
        changed = candidate.changed
        if isinstance(demands, Fault):
            return demands
        if FILE in changed and (broken := self._breaking(repository, candidate)):
            return broken
        if refused := refusal(self.patch, changed, demands):
            return refused
        found = reasons(self.patch, {path: before.entry(path) for path in changed}, demands)
        if not found:
            return Passed(demands)
        bound = self._binding(before, changed, demands)
        if self.approval is not None and self.approval.binding == bound:
            return Passed(demands, Approved(self.approval.by, self.approval.at, found))
        parts = before.diff(repository.tree(candidate.commit))
        proposal = Proposal(bound, found, _shown(parts, found))
        return Asking(demands, proposal, self._why(len(found)), self._hidden(demands, parts))

    def admit(self, repository: Repository, candidate: Candidate, paths: Sequence[str]) -> Fault | None:
        """Why *candidate* may not go on, at whose *paths* is what a program made and nobody has seen.

        No approval is asked for: nobody approves what is only known once it has run.
        """
        before = repository.tree(candidate.base)
        demands = self._demands(before)
        if isinstance(demands, Fault):
            return demands
        if FILE in paths and (broken := self._breaking(repository, candidate)):
            return broken
        return unseen(paths, {path: before.entry(path) for path in paths}, demands)

    def bound(self, repository: Repository, candidate: Candidate) -> str | None:
        """What an approval of *candidate* would be bound to; None: the repository's policy cannot be read."""
        before = repository.tree(candidate.base)
        demands = self._demands(before)
        return None if isinstance(demands, Fault) else self._binding(before, candidate.changed, demands)

    def _demands(self, base: Tree) -> Demands | Fault:
        demands = demands_of(self.rules)
        kind = base.kind(FILE)
        if kind is None:
            return demands
        if kind is not Kind.FILE:
            return fault(Reason.POLICY_FILE_BROKEN, file=FILE, detail="it is no plain file")
        policy = read_policy(base.file(FILE).content)
        if isinstance(policy, Fault):
            return policy
        return merged(demands, policy, gates_allowed=self.rules.repository_gates)

    def _breaking(self, repository: Repository, candidate: Candidate) -> Fault | None:
        """Why nothing could land any more after *candidate*, not even what mends it."""
        demands = self._demands(repository.tree(candidate.commit))
        if not isinstance(demands, Fault):
            return None
        broken = demands.reason is Reason.POLICY_FILE_BROKEN
        return replace(demands, reason=Reason.POLICY_WOULD_BREAK) if broken else demands

    def _binding(self, base: Tree, changed: Sequence[str], demands: Demands) -> str:
        named = (path for mutation in self.patch.changeset.mutations for path in paths_of(mutation))
        return binding(
            self.patch,
            {path: base.entry(path) for path in sorted({*changed, *named})},
            demands,
            self.rules.approvers,
            policy_file=base.entry(FILE),
        )

    def _hidden(self, demands: Demands, parts: Sequence[FileDiff]) -> Fault | None:
        """What an approval would be of without having been shown."""
        lists = self.patch.commands if demands.commands is CommandRule.APPROVE else ()
        names = [each.field for each in lists if any(map(hides, each.lines))]
        names += [path for part in parts if _hides_lines(part.text) for path in sorted(part.paths)]
        return fault(Reason.APPROVAL_HIDDEN, name=names[0]) if names else None

    def _why(self, count: int) -> Fault:
        if self.approval is not None:
            return fault(Reason.APPROVAL_VOID, by=self.approval.by, count=count)
        return fault(Reason.NEEDS_APPROVAL, count=count)


def _hides_lines(diff: str) -> bool:
    """Whether a line that comes is not shown whole. Of those that stay or go the branch can tell."""
    return hides(diff) and bool(_coming(diff) - _coming(redact(diff)))


def _coming(diff: str) -> Counter[str]:
    return Counter(line for line in diff.split("\n") if line.startswith("+"))


def _shown(parts: Sequence[FileDiff], found: Sequence[Fault]) -> str:
    """The diff, what is protected first; people outside of the repository get to see it."""
    protected = {reason.args["path"] for reason in found if "path" in reason.args}
    first = sorted(parts, key=lambda part: protected.isdisjoint(part.paths))
    text = redact("".join(part.text for part in first))
    if len(text) <= _MOST_SHOWN:
        return text
    return f"{text[:_MOST_SHOWN]}\n… {len(text) - _MOST_SHOWN:,} more characters\n"
