"""The control groups of level 4, as far as a machine without a delegated one lets them be tried."""

import os
import subprocess
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from executor.sandbox import cgroup
from executor.sandbox.level import Job
from executor.sandbox.supervised import Supervised
from tests.executor.waiting import alive

MOUNTS = """\
24 30 0:22 / /proc rw,nosuid shared:12 - proc proc rw
31 23 0:27 / /sys/fs/cgroup rw,nosuid,nodev shared:4 - cgroup2 cgroup2 rw,nsdelegate
"""
JOINING = """
import os, sys
from executor.sandbox import cgroup
cgroup.join(sys.argv[1])
os.execv("/bin/sh", ["sh", "-c", "trap '' TERM HUP; setsid sleep 60 & echo $!; wait"])
"""
_IMPORTS = {"PYTHONPATH": str(Path(__file__).parents[2])}
OLD_MOUNTS = "31 23 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"


@pytest.mark.parametrize(
    ("groups", "place"),
    [
        ("0::/system.slice/patchdesk.service\n", "/sys/fs/cgroup/system.slice/patchdesk.service"),
        ("0::/system.slice/patchdesk.service/desk\n", "/sys/fs/cgroup/system.slice/patchdesk.service"),
        ("4:memory:/a\n0::/b\n", "/sys/fs/cgroup/b"),
        ("0::/\n", "/sys/fs/cgroup"),
    ],
)
def test_the_group_of_a_process_is_found(groups: str, place: str) -> None:
    assert cgroup.own_group(MOUNTS, groups) == place


@pytest.mark.parametrize(("mounts", "groups"), [(OLD_MOUNTS, "0::/\n"), (MOUNTS, "4:memory:/a\n")])
def test_the_first_version_is_not_enough(mounts: str, groups: str) -> None:
    with pytest.raises(OSError, match="second version"):
        cgroup.own_group(mounts, groups)


@pytest.fixture
def hierarchy() -> str:
    """Where this machine lets groups be made, with whatever controllers."""
    try:
        mountinfo = Path("/proc/self/mountinfo").read_text(encoding="utf-8")
        place = cgroup.own_group(mountinfo, Path("/proc/self/cgroup").read_text(encoding="utf-8"))
    except OSError as error:
        pytest.skip(str(error))
    if not os.access(place, os.W_OK):
        pytest.skip(f"{place} is not this user's")
    return place


def test_what_is_in_a_group_ends_with_it_whatever_it_ignores(hierarchy: str) -> None:
    with cgroup.group(hierarchy, {}) as place:
        gate = subprocess.Popen(
            [sys.executable, "-c", JOINING, place],
            stdout=subprocess.PIPE,
            env=_IMPORTS,
        )
        assert gate.stdout is not None
        daemon = int(gate.stdout.readline())
        members = Path(place, "cgroup.procs").read_text(encoding="ascii").split()
        assert {str(gate.pid), str(daemon)} <= set(members)
    gate.stdout.close()
    gate.wait()
    assert not alive(daemon)
    assert not Path(place).exists()


def test_the_group_of_a_supervisor_that_was_killed_is_taken_away_and_no_other(hierarchy: str) -> None:
    gone = subprocess.Popen(["true"])
    gone.wait()
    left = Path(hierarchy, f"gate-{gone.pid}")
    left.mkdir()
    gate = subprocess.Popen([sys.executable, "-c", JOINING, left], stdout=subprocess.PIPE, env=_IMPORTS)
    with cgroup.group(hierarchy, {}) as ours, gate:
        assert gate.stdout is not None
        daemon = int(gate.stdout.readline())
        cgroup.sweep(hierarchy)
        assert Path(ours).exists()
    assert not left.exists()
    assert not alive(daemon)


async def test_a_limit_that_cannot_be_set_is_trouble_and_never_passed_over(
    sandbox: Supervised, hierarchy: str
) -> None:
    """As on a machine whose group has no controller for memory."""
    if "memory" in Path(hierarchy, "cgroup.subtree_control").read_text(encoding="ascii").split():
        pytest.skip("here it can be set")
    unlimited = replace(sandbox, level=4, group=hierarchy, bwrap="/bin/false")
    job = Job(("/bin/true",), Path("/"), {}, timedelta(seconds=10))
    with pytest.raises(OSError, match=r"memory\.max"):
        await unlimited.run(job)
    assert not list(Path(hierarchy).glob("gate-*"))
