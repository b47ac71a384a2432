"""Workspaces hold exactly the tree, before every gate, and are gone afterwards."""

import asyncio
import hashlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from executor.files import Kind, Leaf
from executor.workspace import Folders, default_root, open_folders, prune


class Tree:
    """Files in memory. *special* are leaves of other kinds, with what is read of them."""

    def __init__(
        self, files: Mapping[str, bytes], special: Mapping[str, tuple[Kind, bytes]] | None = None
    ) -> None:
        self.files = files
        self.special = special or {}
        self.read: list[str] = []

    def leaves(self) -> Iterator[Leaf]:
        for path in self.files:
            yield Leaf(path, Kind.FILE, executable=path.endswith(".sh"), id=_id(self.files[path]))
        for path, (kind, content) in self.special.items():
            yield Leaf(path, kind, executable=False, id=_id(content))

    def since(self, before: "Tree") -> tuple[tuple[Leaf, ...], tuple[Leaf, ...]]:
        old, new = (set(tree.leaves()) for tree in (before, self))
        return tuple(old - new), tuple(new - old)

    def content(self, leaf: Leaf) -> bytes:
        self.read.append(leaf.path)
        return self.files[leaf.path] if leaf.path in self.files else self.special[leaf.path][1]


def _id(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()


FILES = {
    "a": b"one\r\n",
    "dir/run.sh": b"#!/bin/sh\n",
    "dir/deep/b": b"\0" * 70000,
    "empty": b"",
    "caf\u00e9": b"x",
}
TREE = Tree(
    FILES,
    {"link": (Kind.SYMLINK, b"dir/run.sh"), "out": (Kind.SYMLINK, b"/etc"), "sub": (Kind.SUBMODULE, b"")},
)


def found(root: Path) -> dict[str, object]:
    """What lies below *root*: content and mode of files, targets of links, None for empty folders."""
    seen: dict[str, object] = {}
    for folder, folders, files in os.walk(root):
        for name in (*files, *folders):
            path = Path(folder, name)
            key = str(path.relative_to(root))
            if path.is_symlink():
                seen[key] = f"-> {path.readlink()}"
            elif path.is_file():
                seen[key] = (path.read_bytes(), stat.S_IMODE(path.stat().st_mode))
            elif not any(path.iterdir()):
                seen[key] = None
    return seen


WANTED: dict[str, object] = {
    "a": (b"one\r\n", 0o644),
    "dir/run.sh": (b"#!/bin/sh\n", 0o755),
    "dir/deep/b": (b"\0" * 70000, 0o644),
    "empty": (b"", 0o644),
    "caf\u00e9": (b"x", 0o644),
    "link": "-> dir/run.sh",
    "out": "-> /etc",
    "sub": None,
}


async def test_a_workspace_is_the_tree_and_nothing_else(workspaces: Folders, owner: int | None) -> None:
    async with workspaces.laid_out(TREE, kin="k") as workspace:
        assert found(workspace.tree) == WANTED
        assert found(workspace.scratch) == {"home": None, "tmp": None}
        if owner is not None:
            for path in (workspace.tree, *workspace.tree.rglob("*"), *workspace.scratch.rglob("*")):
                assert path.lstat().st_uid == path.lstat().st_gid == owner


async def test_names_that_are_not_utf8_are_laid_out_as_they_are(workspaces: Folders) -> None:
    name = os.fsdecode(b"caf\xe9")
    async with workspaces.laid_out(Tree({name: b"1"}), kin="k") as workspace:
        assert [os.fsencode(path.name) for path in workspace.tree.iterdir()] == [b"caf\xe9"]


def overwrite(tree: Path) -> None:
    (tree / "a").write_bytes(b"two\r\n")


def overwrite_and_hide_it(tree: Path) -> None:
    """Same size, same times: only the time of the last change, which cannot be set, tells."""
    before = (tree / "a").stat()
    (tree / "a").write_bytes(b"two\r\n")
    os.utime(tree / "a", ns=(before.st_atime_ns, before.st_mtime_ns))


def replace_by_another_file(tree: Path) -> None:
    (tree / "other").write_bytes(b"two\r\n")
    (tree / "other").replace(tree / "a")


def change_modes(tree: Path) -> None:
    (tree / "a").chmod(0o777)
    (tree / "dir/run.sh").chmod(0o000)
    (tree / "dir/deep").chmod(0o000)
    (tree / "dir").chmod(0o555)


def add_files(tree: Path) -> None:
    (tree / "more/deep").mkdir(parents=True)
    (tree / "more/deep/x").write_bytes(b"x")
    (tree / "dir/deep/.git").mkdir()
    (tree / "sub/x").write_bytes(b"x")
    os.mkfifo(tree / "pipe")


def remove_files(tree: Path) -> None:
    (tree / "a").unlink()
    (tree / "dir/run.sh").unlink()
    (tree / "dir/deep/b").unlink()
    (tree / "dir/deep").rmdir()
    (tree / "dir").rmdir()


def swap_kinds(tree: Path) -> None:
    (tree / "a").unlink()
    (tree / "a").mkdir()
    (tree / "dir/deep/b").unlink()
    (tree / "dir/deep").rmdir()
    (tree / "dir/deep").symlink_to("/etc")
    (tree / "link").unlink()
    (tree / "link").write_bytes(b"x")
    (tree / "sub").rmdir()
    (tree / "sub").symlink_to("dir")


def link_out(tree: Path) -> None:
    (tree / "a").unlink()
    (tree / "a").symlink_to("/etc/passwd")
    os.link(tree / "empty", tree / "hard")


def replace_everything(tree: Path) -> None:
    tree.rename(tree.parent / "moved")
    tree.symlink_to("/etc")


@pytest.mark.parametrize(
    "damage",
    [
        overwrite,
        overwrite_and_hide_it,
        replace_by_another_file,
        change_modes,
        add_files,
        remove_files,
        swap_kinds,
        link_out,
        replace_everything,
    ],
)
async def test_before_every_gate_it_is_the_tree_again(
    workspaces: Folders, damage: Callable[[Path], None], owner: int | None
) -> None:
    passwd = Path("/etc/passwd").read_bytes()
    async with workspaces.laid_out(TREE, kin="k") as workspace:
        damage(workspace.tree)
        (workspace.scratch / "tmp/left").write_bytes(b"x")
        await workspace.restore()
        assert found(workspace.tree) == WANTED
        assert found(workspace.scratch) == {"home": None, "tmp": None}
        if owner is not None:
            assert {path.lstat().st_uid for path in workspace.tree.rglob("*")} == {owner}
    assert Path("/etc/passwd").read_bytes() == passwd


async def test_what_nobody_touched_is_not_written_again(workspaces: Folders) -> None:
    tree = Tree(FILES)
    async with workspaces.laid_out(tree, kin="k") as workspace:
        # As if the clock had moved on since the files were written; within one tick it cannot tell.
        workspace._sealed_at += 10**9
        (workspace.tree / "a").write_bytes(b"changed")
        tree.read.clear()
        await workspace.restore()
        assert (workspace.tree / "a").read_bytes() == FILES["a"]
    assert tree.read == ["a"]


async def test_a_labyrinth_of_folders_is_removed_too(workspaces: Folders) -> None:
    async with workspaces.laid_out(Tree({"a": b""}), kin="k") as workspace:
        deep = os.open(workspace.tree, os.O_RDONLY)
        for _ in range(1500):
            os.mkdir("d", dir_fd=deep)
            inner = os.open("d", os.O_RDONLY, dir_fd=deep)
            os.close(deep)
            deep = inner
        os.close(deep)
        # In the way of what has to be moved up.
        (workspace.tree / "d/.deep-1").mkdir()
        await workspace.restore()
        assert found(workspace.tree) == {"a": (b"", 0o644)}


@pytest.mark.parametrize("name", ["..", ".", "a/../b", ".git/config", "x/.GIT/hooks/y", "git~1/z", ""])
async def test_names_that_git_would_not_check_out_are_refused(workspaces: Folders, name: str) -> None:
    with pytest.raises(OSError, match="the tree has a file named"):
        async with workspaces.laid_out(Tree({name: b"x"}), kin="k"):
            pass


async def test_a_file_below_a_file_is_refused(workspaces: Folders) -> None:
    with pytest.raises(OSError, match="below a file"):
        async with workspaces.laid_out(Tree({"a": b"", "a/b": b""}), kin="k"):
            pass


async def test_a_failing_attempt_leaves_no_files(workspaces: Folders) -> None:
    places = []

    async def fail() -> None:
        async with workspaces.laid_out(TREE, kin="k") as workspace:
            places.append(workspace.tree.parent)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        await fail()
    assert [place.exists() for place in places] == [False]


# The next of its kin -----------------------------------------------------------------------------
async def test_the_next_tree_writes_only_what_differs(workspaces: Folders) -> None:
    after = Tree(FILES | {"a": b"other", "dir/new": b"new"})
    del after.files["empty"]  # type: ignore[attr-defined]
    async with workspaces.laid_out(TREE, kin="k") as workspace:
        workspace._sealed_at += 10**9  # as if the clock had moved on since
        (workspace.tree / "caf\u00e9").write_bytes(b"touched by a gate")
        (workspace.tree / "left").write_bytes(b"left by a gate")
    async with workspaces.laid_out(after, kin="k") as again:
        assert again is workspace
        assert sorted(after.read) == ["a", "caf\u00e9", "dir/new"]
        assert found(again.tree) == {
            name: what for name, what in WANTED.items() if name not in {"empty", "link", "out", "sub"}
        } | {"a": (b"other", 0o644), "dir/new": (b"new", 0o644)}


async def test_a_file_that_changed_only_its_mode_or_kind_is_written_again(workspaces: Folders) -> None:
    async with workspaces.laid_out(Tree({"x.sh": b"a", "y": b"b"}), kin="k") as workspace:
        workspace._sealed_at += 10**9

    class Plain(Tree):
        def leaves(self) -> Iterator[Leaf]:  # type: ignore[explicit-override]
            return (replace(leaf, executable=False) for leaf in super().leaves())

    async with workspaces.laid_out(Plain({"x.sh": b"a"}, {"y": (Kind.SYMLINK, b"b")}), kin="k") as workspace:
        assert found(workspace.tree) == {"x.sh": (b"a", 0o644), "y": "-> b"}


@st.composite
def trees(draw: st.DrawFn) -> Tree:
    """Small, of few names, so that files, folders, links and submodules take each other's places."""
    names = draw(st.dictionaries(st.sampled_from(_NAMES), st.sampled_from(_KINDS), max_size=6))
    clear = {path: what for path, what in names.items() if not any(f"{path}/" in other for other in names)}
    files = {path: what for path, what in clear.items() if isinstance(what, bytes)}
    return Tree(files, {path: what for path, what in clear.items() if isinstance(what, tuple)})


_NAMES = ("a", "b", "b/a", "b/c", "b/c/d.sh", "b/c/e", "d", "d/x/y/z")
_KINDS = (b"one", b"two", (Kind.SYMLINK, b"a"), (Kind.SYMLINK, b"b"), (Kind.SUBMODULE, b""))


@settings(max_examples=40)
@given(st.lists(trees(), min_size=2, max_size=4))
def test_a_folder_that_no_gate_touches_follows_from_tree_to_tree(following: list[Tree]) -> None:
    async def follow() -> None:
        for tree in following:
            async with folders.laid_out(tree, kin="k") as workspace:
                with tempfile.TemporaryDirectory() as other:
                    async with Folders(Path(other), None).laid_out(tree, kin="k") as anew:
                        assert found(workspace.tree) == found(anew.tree)
                await workspace.restore()
                assert sorted(path.name for path in workspace.scratch.iterdir()) == ["home", "tmp"]

    with tempfile.TemporaryDirectory() as home:
        folders = Folders(Path(home), None, untouched=True)
        asyncio.run(follow())


async def test_what_no_gate_touches_is_read_once(tmp_path: Path) -> None:
    folders = Folders(tmp_path, None, untouched=True)
    after = Tree(FILES | {"a": b"other", "dir/new": b"new"})
    async with folders.laid_out(TREE, kin="k"):
        pass
    async with folders.laid_out(after, kin="k") as workspace:
        assert sorted(after.read) == ["a", "dir/new"]
        assert (workspace.tree / "dir/new").read_bytes() == b"new"


async def test_a_folder_whose_change_failed_half_way_is_not_trusted_again(tmp_path: Path) -> None:
    class Broken(Tree):
        def content(self, leaf: Leaf) -> bytes:  # type: ignore[explicit-override]
            raise OSError("no such object")

    folders = Folders(tmp_path, None, untouched=True)
    async with folders.laid_out(TREE, kin="k"):
        pass
    with pytest.raises(OSError, match="no such object"):
        async with folders.laid_out(Broken({"a": b"other"}), kin="k"):
            pass
    async with folders.laid_out(TREE, kin="k") as workspace:
        assert found(workspace.tree) == WANTED


async def test_two_of_a_kind_at_once_have_two_folders(workspaces: Folders) -> None:
    async with workspaces.laid_out(TREE, kin="k") as first, workspaces.laid_out(TREE, kin="k") as second:
        assert first.tree != second.tree
    assert len(list(workspaces._home.iterdir())) == 1


async def test_only_the_latest_kinds_keep_their_folder_and_no_scratch(workspaces: Folders) -> None:
    for number in range(12):
        async with workspaces.laid_out(Tree({"a": b""}), kin=str(number)) as workspace:
            (workspace.scratch / "home/x").write_bytes(b"x")
    kept = [sorted(path.name for path in place.iterdir()) for place in workspaces._home.iterdir()]
    assert kept == [["tree"]] * 8


# The home of workspaces --------------------------------------------------------------------------
async def test_what_a_dead_desk_left_is_removed_and_a_living_one_is_let_be(tmp_path: Path) -> None:
    dead = tmp_path / "desk-dead/w-1/tree"
    dead.mkdir(parents=True)
    (dead / "file").write_bytes(b"x")
    with open_folders(tmp_path, None) as first:
        assert not dead.exists()
        async with first.laid_out(TREE, kin="k") as workspace:
            with open_folders(tmp_path, None):
                pass
            assert found(workspace.tree) == WANTED
    assert [path.name for path in tmp_path.iterdir()] == []


def test_what_dead_desks_left_can_be_removed_while_another_lives(tmp_path: Path) -> None:
    with open_folders(tmp_path, None):
        for name in ("desk-1", "desk-2"):
            (tmp_path / name / "w-1").mkdir(parents=True)
        assert len(list(tmp_path.iterdir())) == 3
        assert prune(tmp_path) == 2
        assert len(list(tmp_path.iterdir())) == 1
        assert prune(tmp_path) == 0
    assert prune(tmp_path / "none") == 0


def test_the_gates_user_can_pass_and_nobody_can_list(tmp_path: Path) -> None:
    root = tmp_path / "root"
    with open_folders(root, None):
        for folder in (root, *root.iterdir()):
            assert stat.S_IMODE(folder.stat().st_mode) == 0o711


def test_a_root_that_is_a_link_or_somebody_elses_is_refused(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    with pytest.raises(PermissionError), open_folders(tmp_path / "link", None):
        pass
    if os.geteuid() == 0:
        theirs = tmp_path / "theirs"
        theirs.mkdir()
        os.chown(theirs, 12345, 12345)
        with pytest.raises(PermissionError), open_folders(theirs, None):
            pass


def test_each_user_has_a_root_of_its_own() -> None:
    assert default_root().name == f"patchdesk-{os.geteuid()}"
