"""Which levels this machine really gives: each level's attack is run once, and must be stopped."""

import asyncio
import os
import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from contracts.settings import SandboxSettings
from executor.sandbox.level import Ended, Exited, Flooded, Job, NoSandbox, Sandbox, TimedOut
from executor.sandbox.supervised import Caps, Supervised

_PATIENCE = timedelta(seconds=10)
_SHORT = timedelta(milliseconds=300)
#: For the probe of floods and of process limits; the settings' own would make it slow.
_SMALL_OUTPUT = 256 * 1024
_FEW = 16
_SHELL = "/bin/sh"


@dataclass(frozen=True, slots=True)
class Probed:
    """*stops* False: the level does not hold on this machine; *detail* says what got through, for people
    who run the desk."""

    level: int
    stops: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """The highest level that holds. `doctor` shows *probes*."""

    sandbox: Sandbox
    probes: tuple[Probed, ...]


async def choose(settings: SandboxSettings) -> Chosen | tuple[Probed, ...]:
    """Probe every level this desk could use, all at once; only the probes if not even level 0 holds."""
    caps = Caps(settings.memory, settings.file_size, settings.processes, settings.output)
    levels = [Supervised(0, None, caps)]
    if os.geteuid() == 0:
        levels.append(Supervised(1, settings.uid, caps))
    probes = await asyncio.gather(*map(probe, levels))
    if os.geteuid() != 0:
        probes.append(Probed(1, stops=False, detail="the desk does not run as root"))
    held = [sandbox for sandbox, probed in zip(levels, probes, strict=False) if probed.stops]
    return Chosen(held[-1], tuple(probes)) if held else tuple(probes)


async def best(settings: SandboxSettings) -> Sandbox:
    """The highest level that holds; where none does, a sandbox in which nothing runs and that says why."""
    chosen = await choose(settings)
    if isinstance(chosen, Chosen):
        return chosen.sandbox
    return NoSandbox("; ".join(probe.detail for probe in chosen))


async def probe(sandbox: Supervised) -> Probed:
    """Run the attacks that *sandbox*'s level must stop."""
    attacks = _LEVEL_0 if sandbox.owner is None else (*_LEVEL_0, *_LEVEL_1)
    try:
        got_through = await asyncio.gather(*(attack(sandbox) for attack in attacks))
    except OSError as error:
        return Probed(sandbox.level, stops=False, detail=str(error))
    detail = "; ".join(filter(None, got_through))
    return Probed(sandbox.level, stops=not detail, detail=detail)


_Attack = Callable[[Supervised], Awaitable[str]]


async def _run(sandbox: Supervised, script: str, within: timedelta = _PATIENCE) -> Ended:
    return await sandbox.run(Job((_SHELL, "-c", script), Path("/"), {"PATH": "/usr/bin:/bin"}, within))


async def _hang(sandbox: Supervised) -> str:
    quick = replace(sandbox, grace=_SHORT)
    ended = await _run(quick, "trap '' TERM; while :; do sleep 60; done", _SHORT)
    return "" if isinstance(ended.how, TimedOut) else f"a program that hangs: {ended.how}"


async def _flood(sandbox: Supervised) -> str:
    small = replace(sandbox, caps=replace(sandbox.caps, output=_SMALL_OUTPUT))
    ended = await _run(small, f"while :; do echo {'y' * 200}; done")
    return "" if isinstance(ended.how, Flooded) else f"a flood of output: {ended.how}"


async def _spy(sandbox: Supervised) -> str:
    ended = await _run(sandbox, "env")
    names = {line.partition("=")[0] for line in ended.output.splitlines()}
    if ended.how != Exited(0):
        return f"not even a plain program runs: {ended.how} {ended.output[:200]}"
    return f"the environment: {' '.join(sorted(names))}" if names - {"PATH", "PWD", "SHLVL", "_"} else ""


async def _daemon(sandbox: Supervised) -> str:
    ended = await _run(sandbox, "(trap '' HUP; sleep 60 & echo $!) & wait")
    left = Path("/proc", ended.output.strip() or "none")
    return f"a daemon: {left}" if not left.name.isdecimal() or await asyncio.to_thread(left.exists) else ""


async def _theft(sandbox: Supervised) -> str:
    with tempfile.NamedTemporaryFile() as secret:
        secret.write(b"open sesame")
        secret.flush()
        ended = await _run(sandbox, f"cat {secret.name} || cat /proc/{os.getpid()}/environ")
    stolen = "open sesame" in ended.output or ended.how == Exited(0)
    return "a file of the desk's was read" if stolen else ""


async def _bomb(sandbox: Supervised) -> str:
    few = replace(sandbox, caps=replace(sandbox.caps, processes=_FEW))
    ended = await _run(few, f"for i in $(seq {4 * _FEW}); do sleep 30 & done; echo all started")
    return "a fork bomb" if "all started" in ended.output else ""


_LEVEL_0: tuple[_Attack, ...] = (_hang, _flood, _spy, _daemon)
_LEVEL_1: tuple[_Attack, ...] = (_theft, _bomb)
