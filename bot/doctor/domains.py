"""The domains: whether their patches could be fetched, checked and pushed."""

import os
import re
import shutil
import stat
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

from bot.doctor.findings import Finding, Health, Symptom, found
from contracts.approvals import demands_of
from contracts.faults import Fault, Reason, fault
from contracts.repository_policy import FILE, merged, read_policy
from contracts.settings import DomainSettings, GateSettings, RepairSettings
from executor.gates import SEARCH_PATH
from executor.git import Git, GitError
from executor.repository.bare import Origin

#: What git calls a symbolic link.
_LINK = "120000"


async def domain(name: str, settings: DomainSettings, data: Path) -> AsyncIterator[Finding]:
    """Whether patches of the domain *name* could be fetched, checked and pushed."""
    area = f"domain {name}"
    own = data / "repositories" / f"{name}.git"
    if settings.repository is not None or own.is_dir():
        origin = Origin(settings.repository or str(own))
        finding = await _origin(area, origin, settings.branch)
        yield finding
        if finding.about is Symptom.ORIGIN:
            at = finding.facts["commit"]
            for finding in await _policy_file(area, _git_folder(origin.folder or own), at, settings):
                yield finding
    else:
        yield found(area, Health.NOTE, Symptom.ORIGIN_NONE, path=own, branch=settings.branch)
    commands: tuple[GateSettings | RepairSettings, ...] = (*settings.gates, *settings.repair)
    for command in commands:
        for finding in _program(area, command.name, command.run[0]):
            yield finding
    if settings.gates:
        yield found(area, Health.FINE, Symptom.GATES, names=" ".join(gate.name for gate in settings.gates))
    else:
        yield found(area, Health.NOTE, Symptom.GATES_NONE)
    if not settings.channels:
        yield found(area, Health.NOTE, Symptom.CHANNELS_NONE)


def _program(area: str, gate: str, program: str) -> Iterator[Finding]:
    """Whether the gates' user can run *program*. A relative path with a slash is one of the patch's own."""
    if "/" in program and not program.startswith("/"):
        return
    path = shutil.which(program, path=SEARCH_PATH)
    if path is None:
        missing = {"gate": gate, "program": program, "path": SEARCH_PATH}
        yield found(area, Health.WRONG, Symptom.GATE_PROGRAM_MISSING, **missing)
    elif os.geteuid() == 0 and (at := _closed(Path(path))):
        yield found(area, Health.WRONG, Symptom.GATE_PROGRAM_CLOSED, gate=gate, program=path, at=at)


def _closed(program: Path) -> Path | None:
    """The first folder on the way to *program* that keeps others out, or the program itself."""
    real = program.resolve()
    return next((at for at in (*reversed(real.parents), real) if not at.stat().st_mode & stat.S_IXOTH), None)


async def _origin(area: str, origin: Origin, branch: str) -> Finding:
    try:
        # No repository of ours is needed to ask another one.
        asked = await Git(Path("/dev/null")).run(
            "ls-remote", "--", origin.address, f"refs/heads/{branch}", within=timedelta(seconds=30)
        )
        if origin.folder is not None and branch in await _checked_out(origin.folder):
            return Finding(area, Health.WRONG, fault(Reason.BRANCH_CHECKED_OUT, branch=branch))
    except GitError as error:
        detail, *_ = error.detail.splitlines() or [""]
        return found(area, Health.WRONG, Symptom.ORIGIN_UNREACHABLE, detail=detail)
    commit = asked.stdout.decode(errors="replace").partition("\t")[0]
    if not commit:
        return Finding(area, Health.WRONG, fault(Reason.BRANCH_MISSING, branch=branch))
    return found(area, Health.FINE, Symptom.ORIGIN, branch=branch, commit=commit)


def _git_folder(folder: Path) -> Path:
    return folder / ".git" if (folder / ".git").is_dir() else folder


async def _policy_file(
    area: str, directory: Path, commit: str, settings: DomainSettings
) -> tuple[Finding, ...]:
    """What the desk makes of the branch's own demands; nothing if it has none.

    *directory* is the origin if it is on this machine, else the desk's copy, which may not be there yet.
    """
    git = Git(directory)
    try:
        listed = (await git.run("ls-tree", commit, "--", FILE)).stdout.decode(errors="replace")
        if not listed:
            return ()
        mode, kind, blob = listed.split(maxsplit=3)[:3]
        content = (await git.run("cat-file", "blob", blob)).stdout if kind == "blob" else b""
    except GitError:
        return (found(area, Health.NOTE, Symptom.POLICY_FILE_UNSEEN, file=FILE),)
    if kind != "blob" or mode == _LINK:
        broken = fault(Reason.POLICY_FILE_BROKEN, file=FILE, detail="it is no plain file")
        return (Finding(area, Health.WRONG, broken),)
    return _judge_policy(area, content, settings)


def _judge_policy(area: str, content: bytes, settings: DomainSettings) -> tuple[Finding, ...]:
    policy = read_policy(content)
    if isinstance(policy, Fault):
        return (Finding(area, Health.WRONG, policy),)
    together = merged(demands_of(settings), policy, gates_allowed=settings.repository_gates)
    if isinstance(together, Fault):
        return (Finding(area, Health.WRONG, together),)
    read = found(area, Health.FINE, Symptom.POLICY_FILE, file=FILE)
    if not together.left_out:
        return (read,)
    left_out = " ".join(together.left_out)
    return (read, found(area, Health.NOTE, Symptom.POLICY_FILE_GATES, file=FILE, names=left_out))


async def _checked_out(folder: Path) -> set[str]:
    """The branches that working copies of the repository *folder* have checked out."""
    listed = await Git(_git_folder(folder)).run("worktree", "list", "--porcelain")
    return set(re.findall(r"^branch refs/heads/(.+)$", listed.stdout.decode(errors="replace"), re.M))
