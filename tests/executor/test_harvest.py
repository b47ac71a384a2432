"""What a program left of the files is taken as it is, or not at all, whatever it left."""

import asyncio
import os
import shutil
import stat
import subprocess
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.faults import Fault, Reason, fault
from contracts.gates import GateSpec, Verdict
from contracts.modes import FileMode
from contracts.patch import Changeset, Delete, Limits, Write
from contracts.paths import check_path
from executor import leftovers
from executor.changeset.plan import Plan, plan
from executor.changeset.substitution import substitute
from executor.files import Edits, Kind
from executor.gates import Gating, run_keeping
from executor.harvest import Wanted, harvest
from executor.repository.bare import opened
from executor.repository.objects import Tree
from executor.sandbox.level import Left
from executor.sandbox.supervised import Supervised
from executor.workspace import open_folders
from tests.executor.conftest import Opened
from tests.executor.repositories import Content, make_repo
from tests.executor.waiting import until

LIMITS = Limits()
FILES: dict[str, Content] = {
    "a": b"a\n",
    "sub/b": b"b\n",
    "sub/deep/c": b"c\n",
    "tool": (b"#!/bin/sh\n", 0o755),
    "link": "-> a",
    ".gitignore": b"build/\n*.o\n!keep.o\n",
    "sub/.gitignore": b"/local\n",
}
#: By path: content and mode of what was written, None where something was deleted.
Taken = dict[str, tuple[bytes, FileMode | None] | None]
Run = Callable[..., Awaitable[Taken | Fault]]
Leave = Callable[[Tree, str], AbstractAsyncContextManager[Left]]
#: For what is read in the same way wherever it lies.
in_folder = pytest.mark.parametrize("leave", ["folder"], indirect=True)


@pytest.fixture(scope="module")
def theirs(memory: Path) -> Opened:
    """One for all: nothing here changes it."""

    async def fetched() -> Opened:
        origin = make_repo(memory / "harvested", FILES)
        async with opened(memory / "desk", "shop", str(origin.path)) as found:
            tip = await found.tip("main")
            assert isinstance(tip, str)
            return found, tip

    return asyncio.run(fetched())


@pytest.fixture(params=["folder", "overlay"])
def leave(request: pytest.FixtureRequest, box: Supervised | None, tmp_path: Path) -> Leave:
    """Runs a script where it changes the folder itself, and where it does not."""
    if request.param == "folder":
        return partial(_in_folder, tmp_path / "places")
    if box is None:
        pytest.skip("there are no overlays to be had here")
    return partial(_in_overlay, box, tmp_path / "places")


@asynccontextmanager
async def _in_folder(places: Path, tree: Tree, script: str) -> AsyncIterator[Left]:
    with open_folders(places, None) as folders:
        async with folders.laid_out(tree, kin="k") as workspace:
            shell = ["/bin/sh", "-ec", script]
            await asyncio.to_thread(subprocess.run, shell, cwd=workspace.tree, check=True)
            handle = os.open(workspace.tree, os.O_RDONLY)
            yield Left(handle, layer=False)
            os.close(handle)


@asynccontextmanager
async def _in_overlay(box: Supervised, places: Path, tree: Tree, script: str) -> AsyncIterator[Left]:
    spec = GateSpec("maker", ("/bin/sh", "-ec", script), timedelta(seconds=20))
    with open_folders(places, box.owner, untouched=True) as folders:
        async with (
            folders.laid_out(tree, kin="k") as workspace,
            run_keeping(spec, Gating((), (), box), workspace) as (result, left),
        ):
            assert result.verdict is Verdict.PASSED, result
            assert left is not None
            yield left


@pytest.fixture
def run(leave: Leave, theirs: Opened) -> Run:
    """`await run(script)`: what the script leaves, as it would be taken."""
    repository, tip = theirs

    async def taken(
        script: str,
        *,
        wanted: Wanted = Wanted(),  # noqa: B008
        limits: Limits = LIMITS,
        before: Callable[[Left], None] = lambda _: None,
    ) -> Taken | Fault:
        tree = repository.tree(tip)
        async with leave(tree, script) as left:
            before(left)
            return _read(await harvest(left, repository, tree, limits, wanted))

    return taken


def _read(found: Changeset | Fault | None) -> Taken | Fault:
    if isinstance(found, Fault):
        return found
    taken: Taken = {}
    for mutation in found.mutations if found else ():
        match mutation:
            case Write(path=path, content=content, mode=mode):
                taken[path] = (content, mode)
            case Delete(path=path):
                taken[path] = None
            case _:
                raise AssertionError(mutation)
    return taken


def why(found: Taken | Fault) -> tuple[Reason, str]:
    assert isinstance(found, Fault), found
    return found.reason, found.args.get("path", "")


REGULAR, EXECUTABLE = FileMode.REGULAR, FileMode.EXECUTABLE


# What is taken -----------------------------------------------------------------------------------
async def test_files_that_were_written_made_deleted_and_closed_or_opened_to_execution_are_taken(
    run: Run,
) -> None:
    script = "echo new > a; mkdir -p x/y; echo z > x/y/z; rm sub/b; chmod +x sub/deep/c; chmod -x tool"
    assert await run(script) == {
        "a": (b"new\n", REGULAR),
        "x/y/z": (b"z\n", REGULAR),
        "sub/b": None,
        "sub/deep/c": (b"c\n", EXECUTABLE),
        "tool": (b"#!/bin/sh\n", REGULAR),
    }


async def test_nothing_is_taken_of_what_is_as_it_was(run: Run) -> None:
    """Whatever was touched, written anew, replaced, or only made wider for whoever owns it."""
    script = "touch -d @0 a; cat sub/b > t; mv t sub/b; chmod 600 sub/deep/c; ln -sfn a link; mkdir empty"
    assert await run(script) == {}


@pytest.mark.parametrize(
    ("script", "taken"),
    [
        ("rm -r sub", {"sub/b": None, "sub/deep/c": None, "sub/.gitignore": None}),
        (
            "rm -r sub; mkdir sub; echo b > sub/b",
            {"sub/deep/c": None, "sub/.gitignore": None},
        ),
        (
            "rm -r sub; echo f > sub",
            {"sub/b": None, "sub/deep/c": None, "sub/.gitignore": None, "sub": (b"f\n", REGULAR)},
        ),
        ("rm a; mkdir a; echo f > a/f", {"a": None, "a/f": (b"f\n", REGULAR)}),
        ("mv sub/deep other", {"sub/deep/c": None, "other/c": (b"c\n", REGULAR)}),
        ("mv a renamed", {"a": None, "renamed": (b"a\n", REGULAR)}),
    ],
    ids=["gone", "made-again", "a-file-now", "a-folder-now", "moved", "renamed"],
)
async def test_folders_that_went_came_back_or_became_something_else(
    run: Run, script: str, taken: Taken
) -> None:
    assert await run(script) == taken


async def test_what_the_repository_ignores_is_not_taken_unless_it_has_it_already(run: Run) -> None:
    """The .gitignore of the candidate counts, not what was made of it."""
    script = """
        mkdir build; mkfifo build/pipe; echo o > x.o; echo k > keep.o; echo l > sub/local; echo l > local
        echo '*' > .gitignore; echo new > new
    """
    assert await run(script) == {
        "keep.o": (b"k\n", REGULAR),
        "local": (b"l\n", REGULAR),
        "new": (b"new\n", REGULAR),
        ".gitignore": (b"*\n", REGULAR),
    }


async def test_only_what_is_wanted_is_looked_at(run: Run) -> None:
    script = "echo new > a; rm sub/b; mkfifo pipe; ln -s / out; echo x > x"
    assert await run(script, wanted=Wanted(frozenset({"a", "link"}))) == {"a": (b"new\n", REGULAR)}


@in_folder
async def test_names_mean_nothing_to_git(run: Run) -> None:
    script = "echo 1 > ':(top)x'; echo 2 > '*'; echo 3 > '\"q\"'; echo 4 > -n"
    found = await run(script)
    assert isinstance(found, dict)
    assert set(found) == {":(top)x", "*", '"q"', "-n"}


# What is not ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("script", "path"),
    [
        ("mkfifo pipe", "pipe"),
        ("rm a; mkfifo a", "a"),
        ("ln -s a new", "new"),
        ("rm -r sub; ln -s /etc sub", "sub"),
        ("ln -sfn /etc/passwd link", "link"),
        ("rm a; ln -s /etc/passwd a", "a"),
        ("echo x > x; ln x y", "x"),
    ],
    ids=["pipe", "pipe-for-file", "link", "link-for-folder", "other-link", "link-for-file", "hard-link"],
)
async def test_what_is_no_regular_file_with_one_name_is_refused(run: Run, script: str, path: str) -> None:
    assert why(await run(script)) == (Reason.LEFT_NO_FILE, path)


async def test_a_socket_is_refused(run: Run) -> None:
    script = "/usr/bin/python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind(\"s\")'"
    assert why(await run(script)) == (Reason.LEFT_NO_FILE, "s")


@pytest.mark.skipif(os.geteuid() != 0, reason="devices need root")
@in_folder
async def test_a_device_is_refused_be_it_what_an_overlay_writes_for_a_file_that_is_gone(run: Run) -> None:

    def sow(left: Left) -> None:
        os.unlink("a", dir_fd=left.folder)
        os.mknod("a", stat.S_IFCHR | 0o666, os.makedev(0, 0), dir_fd=left.folder)

    assert why(await run("true", before=sow)) == (Reason.LEFT_NO_FILE, "a")


async def test_a_giant_of_holes_is_refused_unread(run: Run) -> None:
    assert why(await run("truncate -s 900M giant")) == (Reason.FILE_TOO_LARGE, "giant")


@in_folder
async def test_more_than_a_patch_may_hold_is_refused(run: Run) -> None:
    small = replace(LIMITS, files=5, content=100)
    many = await run("for i in 1 2 3 4 5 6 7 8 9; do : > f$i; done", limits=small)
    assert why(many)[0] is Reason.TOO_MANY_FILES
    large = await run("for i in 1 2 3; do head -c 60 /dev/zero > f$i; done", limits=small)
    assert why(large)[0] is Reason.CONTENT_TOO_LARGE


@in_folder
async def test_more_names_than_anybody_reads_are_refused_but_for_folders_that_do_not_count(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leftovers, "MOST_NAMES", 1000)
    many = "mkdir {0}; cd {0}; seq 1001 | xargs touch"
    assert why(await run(many.format("new")))[0] is Reason.LEFT_TOO_MANY
    assert await run(many.format("build")) == {}
    assert await run(many.format("new"), wanted=Wanted(frozenset({"a", "sub/b"}))) == {}


@in_folder
async def test_folders_deeper_than_any_patch_may_name_are_refused(run: Run) -> None:
    found = await run("i=0; while [ $i -lt 70 ]; do mkdir d; cd d; i=$((i+1)); done; echo x > x")
    assert why(found)[0] is Reason.PATH_TOO_DEEP


@in_folder
async def test_a_path_longer_than_any_patch_may_name_is_refused(run: Run) -> None:
    """Folder by folder it can be made, and by no name at once be opened."""
    name = "n" * 200
    found = await run(
        f"i=0; while [ $i -lt 30 ]; do mkdir {name}; cd -P {name}; i=$((i+1)); done; echo x > x"
    )
    assert isinstance(found, dict)
    [path] = found
    assert check_path(path) == fault(Reason.PATH_TOO_LONG, path=path[:80], size=len(path), most=4096)


@in_folder
@pytest.mark.parametrize(
    ("error", "reason"),
    [(PermissionError, Reason.LEFT_NO_FILE), (FileNotFoundError, Reason.LEFT_CHANGING)],
)
async def test_what_was_closed_or_went_meanwhile_is_refused(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: type[OSError], reason: Reason
) -> None:
    """A desk that is not root may not look at everything that its own gates leave."""
    real = os.open

    def fails(name: str, flags: int, mode: int = 0o777, *, dir_fd: int | None = None) -> int:
        if name == "a":
            raise error
        return real(name, flags, mode, dir_fd=dir_fd)

    def close(_left: Left) -> None:
        monkeypatch.setattr(os, "open", fails)

    assert why(await run("echo new > a", before=close)) == (reason, "a")


@in_folder
async def test_names_that_differ_only_in_case_are_refused(run: Run) -> None:
    assert why(await run("echo 1 > One; echo 2 > one"))[0] is Reason.PATH_COLLISION


@in_folder
async def test_a_file_that_changes_while_it_is_read_is_refused(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.read

    def meanwhile(handle: int, most: int) -> bytes:
        os.utime(handle)
        return real(handle, most)

    monkeypatch.setattr(os, "read", meanwhile)
    assert why(await run("echo new > a", wanted=Wanted(frozenset({"a"})))) == (Reason.LEFT_CHANGING, "a")


@in_folder
async def test_a_folder_that_becomes_a_link_after_it_was_seen_leads_nowhere(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody of the same user could do that at the lower levels."""
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "x").write_text("secret")
    real = leftovers.Survey.explore

    def then_swap(self: leftovers.Survey, folder: str) -> None:
        real(self, folder)
        os.rename("new", "old", src_dir_fd=self._left.folder, dst_dir_fd=self._left.folder)
        os.symlink(secret, "new", dir_fd=self._left.folder)

    monkeypatch.setattr(leftovers.Survey, "explore", then_swap)
    assert why(await run("mkdir new; echo x > new/x")) == (Reason.LEFT_CHANGING, "new/x")


@in_folder
async def test_whoever_is_cancelled_waits_until_nobody_reads_the_folder_any_more(
    leave: Leave, theirs: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository, tip = theirs
    reads, go_on, ended = threading.Event(), threading.Event(), threading.Event()
    real = os.read

    def slowly(handle: int, most: int) -> bytes:
        if go_on.is_set():
            return real(handle, most)
        reads.set()
        assert go_on.wait(20)
        content = real(handle, most)
        ended.set()
        return content

    tree = repository.tree(tip)
    async with leave(tree, "echo new > a") as left:
        task = asyncio.create_task(harvest(left, repository, tree, LIMITS, Wanted()))
        monkeypatch.setattr(os, "read", slowly)
        await until(reads.is_set)
        task.cancel()
        for _ in range(10):
            await asyncio.sleep(0)
        assert not task.done()
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert ended.is_set()


# Whatever is done ------------------------------------------------------------------------------------
_PATHS = st.sampled_from(["a", "sub", "sub/b", "sub/deep", "sub/deep/c", "tool", "x", "x/y", "x/y/z"])
_DEEDS = st.tuples(st.sampled_from(["write", "open", "remove", "folder", "move"]), _PATHS, _PATHS)


def _do(root: Path, deed: str, path: str, other: str) -> None:
    """*deed* as far as it can be done."""
    place = root / path
    with suppress(OSError):
        match deed:
            case "write":
                place.write_text(other)
            case "open":
                place.chmod(0o755)
            case "remove" if place.is_dir():
                shutil.rmtree(place)
            case "remove":
                place.unlink()
            case "folder":
                place.mkdir(parents=True)
            case "move":
                place.rename(root / other)
            case _:
                raise AssertionError(deed)


def _files(root: Path) -> dict[str, tuple[bytes, bool]]:
    return {
        str(path.relative_to(root)): (path.read_bytes(), bool(path.stat().st_mode & 0o100))
        for path in root.rglob("*")
        if path.is_file() and not path.is_symlink()
    }


@settings(max_examples=20)
@given(deeds=st.lists(_DEEDS, max_size=12))
def test_what_is_taken_makes_of_the_tree_what_is_in_the_folder(theirs: Opened, deeds: list[Any]) -> None:
    repository, tip = theirs
    tree = repository.tree(tip)

    async def taken(places: Path) -> tuple[Changeset | Fault | None, dict[str, tuple[bytes, bool]]]:
        async with _in_folder(places, tree, "true") as left:
            root = Path(f"/proc/self/fd/{left.folder}").readlink()
            for deed in deeds:
                _do(root, *deed)
            return await harvest(left, repository, tree, LIMITS, Wanted()), _files(root)

    with TemporaryDirectory() as places:
        found, there = asyncio.run(taken(Path(places) / "places"))
    assert not isinstance(found, Fault)
    edits: Edits = {}
    if found is not None:
        planned = plan(tree, found, LIMITS, substitute)
        assert isinstance(planned, Plan), planned
        edits = planned.edits
    made = tree.graft(edits)
    leaves = [leaf for leaf in made.leaves() if leaf.kind is Kind.FILE]
    assert {leaf.path: (made.content(leaf), leaf.executable) for leaf in leaves} == there
