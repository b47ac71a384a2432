"""The domains: whether their patches could be fetched, checked and pushed."""

import os
import re
import shutil
import stat
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

from bot.doctor.findings import Finding, Health, Symptom, found
from contracts.faults import Reason, fault
from contracts.settings import DomainSettings
from executor.gates import SEARCH_PATH
from executor.git import Git, GitError
from executor.repository.bare import Origin


async def domain(name: str, settings: DomainSettings, data: Path) -> AsyncIterator[Finding]:
    """Whether patches of the domain *name* could be fetched, checked and pushed."""
    area = f"domain {name}"
    own = data / "repositories" / f"{name}.git"
    if settings.repository is not None or own.is_dir():
        yield await _origin(area, Origin(settings.repository or str(own)), settings.branch)
    else:
        yield found(area, Health.NOTE, Symptom.ORIGIN_NONE, path=own, branch=settings.branch)
    for gate in settings.gates:
        for finding in _program(area, gate.name, gate.run[0]):
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


async def _checked_out(folder: Path) -> set[str]:
    """The branches that working copies of the repository *folder* have checked out."""
    directory = folder / ".git" if (folder / ".git").is_dir() else folder
    listed = await Git(directory).run("worktree", "list", "--porcelain")
    return set(re.findall(r"^branch refs/heads/(.+)$", listed.stdout.decode(errors="replace"), re.M))
