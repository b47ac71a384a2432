"""What `deploy/` ships is what the desk needs: a unit that systemd takes, steps that work, enough rights."""

import functools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[1]
UNIT = (ROOT / "deploy/patchdesk.service").read_text(encoding="utf-8")
DOCKERFILE = (ROOT / "deploy/Dockerfile").read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy/compose.yml").read_text(encoding="utf-8"))
DESK: dict[str, Any] = COMPOSE["services"]["desk"]

_PROBE = """
import asyncio
from contracts.settings import SandboxSettings
from executor.sandbox.probe import choose
print(*(f"{probe.level}:{probe.stops}" for probe in asyncio.run(choose(SandboxSettings())).probes))
"""


def of_unit(key: str) -> str:
    [value] = re.findall(rf"^{key}=(.*)$", UNIT, re.M)
    return str(value)


def rights() -> list[str]:
    return [right.removeprefix("CAP_") for right in of_unit("CapabilityBoundingSet").split()]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not on this machine")
def test_systemd_takes_the_unit_without_a_remark(tmp_path: Path) -> None:
    here = UNIT.replace("/opt/patchdesk/.venv/bin/patchdesk", shutil.which("true") or "/bin/true")
    (tmp_path / "patchdesk.service").write_text(here, encoding="utf-8")
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / "patchdesk.service")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (checked.returncode, checked.stderr) == (0, "")


def test_unit_and_container_give_the_same_rights() -> None:
    assert sorted(DESK["cap_add"]) == sorted(rights())
    assert DESK["cap_drop"] == ["ALL"]
    assert of_unit("NoNewPrivileges") == "yes"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can hide parts of /proc")
def test_the_unit_hides_nothing_that_gates_need_hidden_by_themselves() -> None:
    """What systemd does for `ProtectKernelTunables=yes` costs level 3; so the unit does without."""
    if "3:True" not in probed():
        pytest.skip("level 3 does not hold here at all")
    hide = "mount --bind /proc/sys /proc/sys && mount -o remount,bind,ro /proc/sys"
    assert "3:False" in probed("unshare", "--mount", "sh", "-c", f'{hide} && exec "$@"', "sh")
    for key in ("ProtectKernelTunables", "ProtectProc", "ProcSubset", "RestrictNamespaces"):
        assert not re.search(rf"^{key}=", UNIT, re.M)


@functools.cache
def probed(*confined: str) -> list[str]:
    said = subprocess.run(
        [*confined, sys.executable, "-c", _PROBE], capture_output=True, text=True, check=True, cwd=ROOT
    )
    return said.stdout.split()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give rights up")
def test_these_rights_are_enough_for_gates_to_run_as_another_user() -> None:
    given = ",".join(["-all", *(f"+{right.lower()}" for right in rights())])
    confined = ("setpriv", f"--bounding-set={given}", "--inh-caps=-all", "--no-new-privs")
    levels = probed(*confined)
    assert levels[:2] == ["0:True", "1:True"]
    # Whatever more this machine gives to root it gives under these rights, too.
    assert levels == probed()


def test_everything_that_the_image_copies_is_there_and_not_ignored() -> None:
    copied = [source for line in re.findall(r"^COPY (.+)$", DOCKERFILE, re.M) for source in line.split()[:-1]]
    let_in = re.findall(
        r"^!(.+)$", (ROOT / "deploy/Dockerfile.dockerignore").read_text(encoding="utf-8"), re.M
    )
    assert {source.partition("/")[0] for source in copied} == set(let_in)
    assert all((ROOT / source).exists() for source in copied)


def test_the_settings_that_the_container_mounts_are_those_that_it_is_told_of() -> None:
    mounted = {volume.split(":")[1] for volume in DESK["volumes"]}
    told = dict(re.findall(r"(PATCHDESK_\w+)=(\S+)", DOCKERFILE))
    assert {told["PATCHDESK_CONFIG"], told["PATCHDESK_DATA"]} <= mounted
    assert (told["PATCHDESK_CONFIG"], told["PATCHDESK_DATA"]) == tuple(
        re.search(rf"{name}=(\S+)", of_unit("Environment"))[1]  # type: ignore[index]
        for name in ("PATCHDESK_CONFIG", "PATCHDESK_DATA")
    )
    assert DESK["ports"][0].startswith("127.0.0.1:")


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_what_the_image_installs_runs(tmp_path: Path) -> None:
    """The RUN lines of the image, in a fresh environment and on a copy of what is let in."""
    context = tmp_path / "context"
    for source in ("bot", "contracts", "executor", "requirements"):
        shutil.copytree(ROOT / source, context / source, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", context)
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "venv")], check=True)
    steps = [step for step in re.findall(r"^RUN (.+)$", DOCKERFILE, re.M) if step.startswith("pip ")]
    assert len(steps) == 2
    for step in steps:
        pip, *arguments = step.split()
        subprocess.run([str(tmp_path / "venv/bin" / pip), *arguments, "--quiet"], cwd=context, check=True)
    shown = subprocess.run(
        [str(tmp_path / "venv/bin/patchdesk"), "--help"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "dashboard" in shown.stdout
