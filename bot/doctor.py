"""Looks at everything the desk needs, and says what it found. Changes nothing.

Findings are data; `bot.cli.phrases.doctor` and `bot.delivery.wording` have the words for them.
"""

import enum
import os
import re
import shutil
import stat
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from bot.settings import Config
from contracts.faults import Fault, Reason, fault
from contracts.settings import DomainSettings, SandboxSettings
from executor import process
from executor.git import Git, GitError
from executor.repository.bare import Origin
from executor.sandbox.probe import Chosen, choose

#: GIT_CONFIG_GLOBAL came with 2.32; an older git would read the configuration of whoever runs the desk.
LEAST_GIT = (2, 32)
#: Below this much room the store and the workspaces soon cannot be written.
LEAST_SPACE = 512 * 1024**2


class Health(enum.StrEnum):
    FINE = "fine"
    NOTE = "note"  #: works, and is worth knowing
    WRONG = "wrong"  #: something will not work
    UNKNOWN = "unknown"  #: could not be looked at, which is not fine either


class Symptom(enum.StrEnum):
    """What was found where no Fault says it; its comment names the facts."""

    PYTHON = "python"  #: version
    GIT = "git"  #: version
    GIT_OLD = "git-old"  #: version, least
    GIT_MISSING = "git-missing"  #: detail
    CONFIG = "config"  #: path, domains
    CONFIG_ABSENT = "config-absent"
    CONFIG_WRONG = "config-wrong"  #: problem
    NO_DOMAINS = "no-domains"  #: path
    DATA = "data"  #: path, free
    DATA_ABSENT = "data-absent"  #: path
    DATA_NOT_A_FOLDER = "data-not-a-folder"  #: path
    DATA_NOT_WRITABLE = "data-not-writable"  #: path
    DATA_OPEN = "data-open"  #: path, mode
    DATA_FULL = "data-full"  #: path, free, least
    STORE = "store"  #: url
    STORE_ABSENT = "store-absent"
    STORE_BROKEN = "store-broken"  #: problem
    STORE_UNREADABLE = "store-unreadable"  #: detail
    ORIGIN = "origin"  #: branch, commit
    ORIGIN_NONE = "origin-none"  #: branch
    GATES = "gates"  #: names
    GATES_NONE = "gates-none"
    GATE_PROGRAM_MISSING = "gate-program-missing"  #: gate, program, path
    CHANNELS_NONE = "channels-none"
    SANDBOX = "sandbox"  #: level
    SANDBOX_LEVEL = "sandbox-level"  #: level, detail (why it does not hold here)
    SANDBOX_NONE = "sandbox-none"


@dataclass(frozen=True, slots=True)
class Finding:
    """*area* is what was looked at (`git`, `domain shop`). *about* is a Fault, or a Symptom with *facts*."""

    area: str
    health: Health
    about: Symptom | Fault
    facts: Mapping[str, str] = field(default_factory=dict)


def _found(area: str, health: Health, about: Symptom, **facts: object) -> Finding:
    return Finding(area, health, about, {name: str(value) for name, value in facts.items()})


def content(findings: list[Finding]) -> bool:
    """True if nothing is wrong and nothing stayed unknown."""
    return all(finding.health in {Health.FINE, Health.NOTE} for finding in findings)


# The machine -----------------------------------------------------------------------------------
def python() -> Finding:
    return _found("python", Health.FINE, Symptom.PYTHON, version=".".join(map(str, sys.version_info[:3])))


async def git(*, search_path: str) -> Finding:
    asked = await process.run(["git", "--version"], env={"PATH": search_path}, within=timedelta(seconds=10))
    if not isinstance(asked, process.Exited) or asked.code != 0:
        return _found("git", Health.WRONG, Symptom.GIT_MISSING, detail=asked)
    return judge_git(asked.stdout.decode(errors="replace"))


def judge_git(said: str) -> Finding:
    """Whether the git that said this on `--version` is new enough."""
    numbers = re.search(r"\d+(?:\.\d+)+", said)
    version = numbers[0] if numbers else said.strip()
    if numbers and tuple(map(int, version.split(".")[:2])) >= LEAST_GIT:
        return _found("git", Health.FINE, Symptom.GIT, version=version)
    return _found("git", Health.WRONG, Symptom.GIT_OLD, version=version, least=".".join(map(str, LEAST_GIT)))


# What the desk was told ------------------------------------------------------------------------
def configuration(config: Config) -> Iterator[Finding]:
    domains = len(config.settings.domains)
    if config.source is None:
        yield _found("configuration", Health.WRONG, Symptom.CONFIG_ABSENT)
    elif not domains:
        yield _found("configuration", Health.WRONG, Symptom.NO_DOMAINS, path=config.source)
    else:
        yield _found("configuration", Health.FINE, Symptom.CONFIG, path=config.source, domains=domains)


def data_folder(folder: Path) -> Iterator[Finding]:
    if not folder.exists():
        yield _absent(folder)
        return
    if not folder.is_dir():
        yield _found("data", Health.WRONG, Symptom.DATA_NOT_A_FOLDER, path=folder)
        return
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield _found("data", Health.WRONG, Symptom.DATA_NOT_WRITABLE, path=folder)
        return
    if (mode := stat.S_IMODE(folder.stat().st_mode)) & 0o022:
        yield _found("data", Health.WRONG, Symptom.DATA_OPEN, path=folder, mode=f"{mode:04o}")
    free = shutil.disk_usage(folder).free
    if free < LEAST_SPACE:
        yield _found("data", Health.WRONG, Symptom.DATA_FULL, path=folder, free=free, least=LEAST_SPACE)
    else:
        yield _found("data", Health.FINE, Symptom.DATA, path=folder, free=free)


def _absent(folder: Path) -> Finding:
    """The desk makes its folder when it starts, if the nearest one above lets it."""
    above = next(parent for parent in folder.absolute().parents if parent.exists())
    if os.access(above, os.W_OK | os.X_OK):
        return _found("data", Health.NOTE, Symptom.DATA_ABSENT, path=folder)
    return _found("data", Health.WRONG, Symptom.DATA_NOT_WRITABLE, path=above)


# The domains -----------------------------------------------------------------------------------
async def domain(name: str, settings: DomainSettings, *, search_path: str) -> AsyncIterator[Finding]:
    """Whether patches of the domain *name* could be fetched, checked and pushed."""
    area = f"domain {name}"
    if settings.repository is None:
        yield _found(area, Health.NOTE, Symptom.ORIGIN_NONE, branch=settings.branch)
    else:
        yield await _origin(area, Origin(settings.repository), settings.branch)
    for gate in settings.gates:
        program = gate.run[0]
        if "/" not in program and shutil.which(program, path=search_path) is None:
            facts = {"gate": gate.name, "program": program, "path": search_path}
            yield _found(area, Health.WRONG, Symptom.GATE_PROGRAM_MISSING, **facts)
    if settings.gates:
        yield _found(area, Health.FINE, Symptom.GATES, names=" ".join(gate.name for gate in settings.gates))
    else:
        yield _found(area, Health.NOTE, Symptom.GATES_NONE)
    if not settings.channels:
        yield _found(area, Health.NOTE, Symptom.CHANNELS_NONE)


async def _origin(area: str, origin: Origin, branch: str) -> Finding:
    try:
        # No repository of ours is needed to ask another one.
        asked = await Git(Path("/dev/null")).run(
            "ls-remote", "--", origin.address, f"refs/heads/{branch}", within=timedelta(seconds=30)
        )
        if origin.folder is not None and branch in await _checked_out(origin.folder):
            return Finding(area, Health.WRONG, fault(Reason.BRANCH_CHECKED_OUT, branch=branch))
    except GitError as error:
        return Finding(area, Health.WRONG, fault(Reason.REPOSITORY_UNREACHABLE, detail=error.detail))
    commit = asked.stdout.decode(errors="replace").partition("\t")[0]
    if not commit:
        return Finding(area, Health.WRONG, fault(Reason.BRANCH_MISSING, branch=branch))
    return _found(area, Health.FINE, Symptom.ORIGIN, branch=branch, commit=commit)


async def _checked_out(folder: Path) -> set[str]:
    """The branches that working copies of the repository *folder* have checked out."""
    directory = folder / ".git" if (folder / ".git").is_dir() else folder
    listed = await Git(directory).run("worktree", "list", "--porcelain")
    return set(re.findall(r"^branch refs/heads/(.+)$", listed.stdout.decode(errors="replace"), re.M))


# The sandbox -----------------------------------------------------------------------------------
async def sandbox(settings: SandboxSettings) -> AsyncIterator[Finding]:
    """Runs every level's attacks, as the desk does at its start."""
    chosen = await choose(settings)
    probes = chosen.probes if isinstance(chosen, Chosen) else chosen
    for probe in probes:
        if not probe.stops:
            yield _found(
                "sandbox", Health.NOTE, Symptom.SANDBOX_LEVEL, level=probe.level, detail=probe.detail
            )
    if not isinstance(chosen, Chosen):
        yield _found("sandbox", Health.WRONG, Symptom.SANDBOX_NONE)
    elif (level := chosen.sandbox.level) < settings.min_level:
        why = fault(Reason.SANDBOX_TOO_LOW, level=settings.min_level, most=level)
        yield Finding("sandbox", Health.WRONG, why)
    else:
        yield _found("sandbox", Health.FINE, Symptom.SANDBOX, level=level)
