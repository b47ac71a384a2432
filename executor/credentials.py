"""The gate that needs no configuration: whether a candidate adds what looks like a credential."""

from collections.abc import Iterable

from contracts.faults import Fault, Reason, fault
from contracts.gates import Credentials, GateResult, Verdict
from contracts.outcome import Change, FileChange
from contracts.secrets import find
from executor.files import Kind
from executor.repository.objects import Tree

#: What the gate is called in results.
GATE = "credentials"


def check_credentials(
    before: Tree, after: Tree, files: Iterable[FileChange], policy: Credentials
) -> tuple[GateResult, ...]:
    """A result if the *files* of *after* hold credentials that *before* did not; it never quotes them.

    What was there already is not this patch's doing, in whichever file it stood.
    """
    if policy is Credentials.IGNORE:
        return ()
    changed = [file for file in files if file.change is not Change.DELETED]
    there = [(file.path, *found) for file in changed for found in _in(after, file.path)]
    if not there:
        return ()
    known = {value for file in changed for _, _, value in _in(before, file.old_path or file.path)}
    added = [(path, line, kind) for path, line, kind, value in there if value not in known]
    if not added:
        return ()
    path, line, kind = added[0]
    why = fault(Reason.CREDENTIALS_ADDED, path=path, at=line, kind=kind, count=len(added))
    return (_refusal(why, policy),)


def _refusal(why: Fault, policy: Credentials) -> GateResult:
    return GateResult(GATE, Verdict.FAILED, required=policy is Credentials.REFUSE, why=why)


def _in(tree: Tree, path: str) -> Iterable[tuple[int, str, str]]:
    """Line, kind and value of each credential in a file; nothing where there is none."""
    if tree.kind(path) is not Kind.FILE:
        return []
    # A NUL byte makes bytes of any text, and UTF-16 has one beside every letter of a credential.
    text = tree.file(path).content.replace(b"\0", b"").decode("utf-8", "replace")
    return [
        (text.count("\n", 0, found.start) + 1, found.kind, text[found.start : found.end])
        for found in find(text)
    ]
