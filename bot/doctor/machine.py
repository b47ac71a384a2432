"""The machine: Python, git, the data folder and the store in it, the sandbox."""

import os
import re
import shutil
import stat
import sys
from collections.abc import AsyncIterator, Iterator
from datetime import datetime, timedelta
from pathlib import Path

from bot.doctor.findings import Finding, Health, Symptom, found
from contracts.settings import SandboxSettings
from executor import engine
from executor.git import Git, GitError
from executor.sandbox.probe import Chosen, Lack, choose

#: GIT_CONFIG_GLOBAL came with 2.32; an older git would read the configuration of whoever runs the desk.
LEAST_GIT = (2, 32)
#: Below this much room the store and the workspaces soon cannot be written.
LEAST_SPACE = 512 * 1024**2
_LACKS = {
    Lack.ROOT: Symptom.SANDBOX_ROOT,
    Lack.LANDLOCK: Symptom.SANDBOX_LANDLOCK,
    Lack.BUBBLEWRAP: Symptom.SANDBOX_BUBBLEWRAP,
    Lack.APPARMOR: Symptom.SANDBOX_APPARMOR,
    Lack.NAMESPACES: Symptom.SANDBOX_NAMESPACES,
    Lack.CGROUP: Symptom.SANDBOX_CGROUP,
}
_CLOCKS_DIFFER = timedelta(minutes=1)


def python() -> Finding:
    return found("python", Health.FINE, Symptom.PYTHON, version=".".join(map(str, sys.version_info[:3])))


async def git() -> Finding:
    try:
        # No repository is needed to be asked for one's version.
        asked = await Git(Path("/dev/null")).run("--version")
    except GitError as error:
        return found("git", Health.WRONG, Symptom.GIT_MISSING, detail=error.detail)
    return judge_git(asked.stdout.decode(errors="replace"))


def judge_git(said: str) -> Finding:
    """Whether the git that said this on `--version` is new enough."""
    numbers = re.search(r"\d+(?:\.\d+)+", said)
    version = numbers[0] if numbers else said.strip()
    if numbers and tuple(map(int, version.split(".")[:2])) >= LEAST_GIT:
        return found("git", Health.FINE, Symptom.GIT, version=version)
    return found("git", Health.WRONG, Symptom.GIT_OLD, version=version, least=".".join(map(str, LEAST_GIT)))


def data_folder(folder: Path) -> Iterator[Finding]:
    if not folder.exists():
        yield _absent(folder)
        return
    if not folder.is_dir():
        yield found("data", Health.WRONG, Symptom.DATA_NOT_A_FOLDER, path=folder)
        return
    if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        yield found("data", Health.WRONG, Symptom.DATA_NOT_WRITABLE, path=folder)
        return
    if (mode := stat.S_IMODE(folder.stat().st_mode)) & 0o022:
        yield found("data", Health.WRONG, Symptom.DATA_OPEN, path=folder, mode=f"{mode:04o}")
    free = shutil.disk_usage(folder).free
    if free < LEAST_SPACE:
        yield found("data", Health.WRONG, Symptom.DATA_FULL, path=folder, free=free, least=LEAST_SPACE)
    else:
        yield found("data", Health.FINE, Symptom.DATA, path=folder)


def _absent(folder: Path) -> Finding:
    """The desk makes its folder when it starts, if the nearest one above lets it."""
    above = next(parent for parent in folder.absolute().parents if parent.exists())
    if os.access(above, os.W_OK | os.X_OK):
        return found("data", Health.NOTE, Symptom.DATA_ABSENT, path=folder)
    return found("data", Health.WRONG, Symptom.DATA_NOT_WRITABLE, path=above)


def clock(folder: Path, now: datetime) -> Finding:
    """Without another clock at hand, what the desk wrote earlier can at least not be from the future."""
    latest = (
        max(folder.iterdir(), key=lambda file: file.stat().st_mtime, default=None)
        if folder.is_dir()
        else None
    )
    if latest is not None and latest.stat().st_mtime > (now + _CLOCKS_DIFFER).timestamp():
        return found("clock", Health.WRONG, Symptom.CLOCK_BEHIND, path=latest)
    return found("clock", Health.FINE, Symptom.CLOCK_ALONE)


async def store(url: str) -> AsyncIterator[Finding]:
    try:
        problems = await engine.check(url)
    except FileNotFoundError:
        yield found("store", Health.NOTE, Symptom.STORE_ABSENT)
        return
    for problem in problems:
        yield found("store", Health.WRONG, Symptom.STORE_BROKEN, problem=problem)
    if not problems:
        yield found("store", Health.FINE, Symptom.STORE)


async def sandbox(settings: SandboxSettings) -> AsyncIterator[Finding]:
    """Runs every level's attacks, as the desk does at its start."""
    chosen = await choose(settings)
    probes = chosen.probes if isinstance(chosen, Chosen) else chosen
    for probe in probes:
        if not probe.stops:
            about = _LACKS[probe.lacks] if probe.lacks else Symptom.SANDBOX_LEVEL
            yield found("sandbox", Health.NOTE, about, level=probe.level, detail=probe.detail)
    if not isinstance(chosen, Chosen):
        yield found("sandbox", Health.WRONG, Symptom.SANDBOX_NONE)
    elif (level := chosen.sandbox.level) < settings.min_level:
        yield found("sandbox", Health.WRONG, Symptom.SANDBOX_LOW, level=level, least=settings.min_level)
    else:
        yield found("sandbox", Health.FINE, Symptom.SANDBOX, level=level)
