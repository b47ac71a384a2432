"""The desk's own repositories, their branches, and the commits it writes."""

import asyncio
import ctypes
import errno
import fcntl
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pygit2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.faults import Fault, Reason
from contracts.modes import FileMode
from contracts.outcome import Change, FileChange
from contracts.patch import Chmod, Delete, Rename, Replace, Write
from executor.candidate import Candidate
from executor.files import File, Kind, Leaf
from executor.git import GitError, Standby
from executor.repository import bare
from executor.repository.bare import Origin, Repository, RepositoryBusyError, UnreachableError, opened
from executor.repository.commits import (
    DESK,
    Description,
    Person,
    find_landed,
    message,
    patch_of,
    write_commit,
)
from executor.repository.objects import Tree, _entries
from tests.executor.conftest import DESCRIPTION, NOW, Builder
from tests.executor.diffs import diff
from tests.executor.repositories import Content, Repo, make_repo

On = Callable[[Mapping[str, Content]], Builder]


# Opening -----------------------------------------------------------------------------------------
async def test_a_repository_is_made_once_and_found_again(tmp_path: Path) -> None:
    theirs = make_repo(tmp_path / "theirs", {"a": b"x"})
    for _ in range(2):
        async with opened(tmp_path / "desk", "shop", str(theirs.path)) as repository:
            assert await repository.tip("main") == theirs.git("rev-parse", "main").strip()
    mine = Repo(tmp_path / "desk/shop.git")
    mine.git("fsck", "--strict")
    assert mine.git("for-each-ref", "--format=%(refname)").split() == ["refs/patchdesk/origin/main"]
    assert mine.git("symbolic-ref", "HEAD").strip() == "refs/heads/patchdesk/none"
    assert (tmp_path / "desk").stat().st_mode & 0o777 == 0o700


async def test_what_others_wrote_into_its_configuration_is_overwritten(tmp_path: Path) -> None:
    async with opened(tmp_path, "shop", None):
        pass
    config = tmp_path / "shop.git/config"
    ours = config.read_text()
    config.write_text(f"{ours}[core]\n\tfsmonitor = touch /tmp/ran\n")
    async with opened(tmp_path, "shop", None):
        assert config.read_text() == ours


async def test_locks_that_a_killed_git_left_are_removed(tmp_path: Path) -> None:
    theirs = make_repo(tmp_path / "theirs", {"a": b"x"})
    async with opened(tmp_path, "shop", str(theirs.path)) as repository:
        await repository.tip("main")
    left = [
        tmp_path / "shop.git" / name
        for name in ("packed-refs.lock", "refs/patchdesk/origin/main.lock", "objects/info/commit-graph.lock")
    ]
    for lock in left:
        lock.write_bytes(b"")
    theirs.commit({"a": b"y"})
    async with opened(tmp_path, "shop", str(theirs.path)) as repository:
        assert await repository.tip("main") == theirs.git("rev-parse", "main").strip()
    assert not any(lock.exists() for lock in left)


async def test_where_others_push_a_fresh_lock_may_be_theirs(tmp_path: Path) -> None:
    async with opened(tmp_path, "shop", None):
        pass
    fresh, old = (tmp_path / "shop.git/refs/heads" / name for name in ("fresh.lock", "old.lock"))
    for lock in (fresh, old):
        lock.write_bytes(b"")
    os.utime(old, (0, 0))
    async with opened(tmp_path, "shop", None):
        assert fresh.exists()
        assert not old.exists()


async def test_only_one_at_a_time_has_a_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bare, "_LOCK_WAIT", timedelta(milliseconds=50))
    async with opened(tmp_path, "shop", None):
        with pytest.raises(RepositoryBusyError):
            async with opened(tmp_path, "shop", None):
                pass
        async with opened(tmp_path, "other", None):
            pass
    async with opened(tmp_path, "shop", None):
        pass


async def test_a_repository_that_is_let_go_is_waited_for(tmp_path: Path) -> None:
    order = []

    async def second() -> None:
        async with opened(tmp_path, "shop", None):
            order.append("second")

    async with asyncio.TaskGroup() as group, opened(tmp_path, "shop", None):
        group.create_task(second())
        await asyncio.sleep(0)
        order.append("first")
    assert order == ["first", "second"]


async def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    async with opened(tmp_path, "shop", None):
        pass
    handle = os.open(tmp_path / "shop.flock", os.O_RDWR)
    fcntl.flock(handle, fcntl.LOCK_EX)
    os.close(handle)
    async with opened(tmp_path, "shop", None):
        pass


# Branches ----------------------------------------------------------------------------------------
async def test_the_tip_follows_the_origin_even_backwards(tmp_path: Path) -> None:
    theirs = make_repo(tmp_path / "theirs", {"a": b"1"})
    first = theirs.git("rev-parse", "HEAD").strip()
    second = theirs.commit({"a": b"2"})
    async with opened(tmp_path, "shop", str(theirs.path)) as repository:
        assert await repository.tip("main") == second
        theirs.git("reset", "-q", "--hard", first)
        assert await repository.tip("main") == first


async def test_branches_with_slashes_and_odd_names(tmp_path: Path) -> None:
    theirs = make_repo(tmp_path / "theirs", {"a": b"1"})
    theirs.git("branch", "release/1.0-\u00e9")
    async with opened(tmp_path, "shop", str(theirs.path)) as repository:
        assert await repository.tip("release/1.0-\u00e9") == theirs.git("rev-parse", "HEAD").strip()


@pytest.mark.parametrize("origin", [True, False])
async def test_a_branch_that_is_not_there_is_named(tmp_path: Path, origin: bool) -> None:
    theirs = make_repo(tmp_path / "theirs", {"a": b"1"})
    async with opened(tmp_path, "shop", str(theirs.path) if origin else None) as repository:
        found = await repository.tip("gone")
    assert isinstance(found, Fault)
    assert (found.reason, dict(found.args)) == (Reason.BRANCH_MISSING, {"branch": "gone"})


async def test_a_branch_of_the_desk_itself_is_what_people_pushed(tmp_path: Path) -> None:
    theirs = make_repo(tmp_path / "theirs", {"a": b"1"})
    async with opened(tmp_path, "shop", None) as repository:
        theirs.git("push", "-q", str(repository.path), "main")
        assert await repository.tip("main") == theirs.git("rev-parse", "HEAD").strip()


@pytest.mark.parametrize("address", ["{}/none", "https://ada:s3cret@127.0.0.1:1/x.git"])
async def test_an_origin_that_does_not_answer_may_pass_and_keeps_its_credentials(
    tmp_path: Path, address: str
) -> None:
    async with opened(tmp_path, "shop", address.format(tmp_path)) as repository:
        with pytest.raises(UnreachableError) as caught:
            await repository.tip("main")
        with pytest.raises(UnreachableError):
            await repository.head(Origin(address.format(tmp_path)))
    found = caught.value.fault()
    assert found.reason is Reason.REPOSITORY_UNREACHABLE
    assert found.args["detail"]
    assert "s3cret" not in str(caught.value) + found.args["detail"]


async def test_a_branch_that_looks_like_an_option_is_none(tmp_path: Path) -> None:
    theirs = make_repo(tmp_path / "theirs", {"a": b"1"})
    async with opened(tmp_path, "shop", str(theirs.path)) as repository:
        found = await repository.tip("--upload-pack=false")
    assert isinstance(found, Fault)


async def test_an_origin_that_looks_like_an_option_or_a_program_is_not_run(tmp_path: Path) -> None:
    for number, address in enumerate(("--upload-pack=touch ran", f"ext::touch {tmp_path}/ran")):
        async with opened(tmp_path, f"shop{number}", address) as repository:
            with pytest.raises(UnreachableError):
                await repository.tip("main")
    assert not (tmp_path / "ran").exists()


async def test_the_checked_out_branch_of_an_origin(tmp_path: Path) -> None:
    theirs = make_repo(tmp_path / "theirs", {"a": b"1"})
    origin = Origin(str(theirs.path))
    async with opened(tmp_path, "shop", str(theirs.path)) as repository:
        assert await repository.head(origin) == "main"
        theirs.git("checkout", "-q", "--detach")
        assert await repository.head(origin) is None


@pytest.mark.parametrize(
    ("address", "folder"),
    [
        ("/srv/x.git", "/srv/x.git"),
        ("x.git", "x.git"),
        ("./a:b", "./a:b"),
        ("file:///srv/x.git", "/srv/x.git"),
        ("host:x.git", None),
        ("git@host:x.git", None),
        ("ssh://host/x.git", None),
        ("https://a:b@host/x.git", None),
    ],
)
def test_which_origins_are_folders_of_this_machine(address: str, folder: str | None) -> None:
    assert Origin(address).folder == (Path(folder) if folder else None)


def test_an_origin_is_shown_without_credentials() -> None:
    assert Origin("https://a:b@host/x.git").shown == "https://host/x.git"


# Trees -------------------------------------------------------------------------------------------
FILES: Mapping[str, Content] = {
    "a": b"1",
    "run": (b"2", 0o755),
    "dir/b": b"3",
    "dir/sub/c": b"4",
    "link": "-> a",
}


async def test_a_tree_knows_what_lies_where(on: On) -> None:
    builder = on(FILES)
    await builder.build(Write("new", b""))
    tree = builder.repository.tree(builder.repo.git("rev-parse", "main").strip())
    assert [tree.kind(path) for path in ("a", "link", "dir", "dir/sub/c", "none", "a/b", "link/x")] == [
        Kind.FILE, Kind.SYMLINK, Kind.DIRECTORY, Kind.FILE, None, None, None,
    ]  # fmt: skip
    assert tree.file("run") == File(b"2", FileMode.EXECUTABLE)
    assert sorted(tree.names("dir")) == ["b", "sub"]
    assert sorted(tree.names("")) == ["a", "dir", "link", "run"]
    assert list(tree.names("a")) == []
    assert list(tree.files("dir")) == ["dir/b", "dir/sub/c"]
    leaves = {leaf.path: leaf for leaf in tree.leaves()}
    assert leaves["link"].kind is Kind.SYMLINK
    assert tree.content(leaves["link"]) == b"a"
    assert leaves["run"].executable
    for path in ("dir", "none"):
        with pytest.raises(KeyError):
            tree.file(path)
    with pytest.raises(KeyError):
        tree.content(Leaf("dir", Kind.FILE, executable=False, id=tree.id))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"a": b"1", "dir/b": b"2", "dir/sub/c": b"3"}, {"a": b"1", "dir/b": b"other", "new/d": b"4"}),
        ({"a/b": b"1"}, {"a": b"1"}),
        ({"a": b"1"}, {"a/b": b"1", "a/c": b"2"}),
        ({"a": b"1"}, {"a": b"1"}),
    ],
)
async def test_what_differs_between_trees_is_what_their_leaves_say(
    before: dict[str, Content], after: dict[str, Content], tmp_path: Path
) -> None:
    theirs = make_repo(tmp_path / "theirs", before)
    async with opened(tmp_path, "shop", str(theirs.path)) as repository:
        first = await repository.tip("main")
        assert isinstance(first, str)
        old = repository.tree(first)
        edits = dict.fromkeys(before) | {
            path: File(content) for path, content in after.items() if isinstance(content, bytes)
        }
        new = old.graft(edits)
        gone, fresh = new.since(old)
        assert set(gone) == set(old.leaves()) - set(new.leaves())
        assert set(fresh) == set(new.leaves()) - set(old.leaves())


async def test_names_that_are_not_utf8_are_kept(tmp_path: Path) -> None:
    theirs = make_repo(tmp_path / "theirs", {"a": b"1", os.fsdecode(b"caf\xe9"): b"2"})
    async with opened(tmp_path, "shop", str(theirs.path)) as repository:
        tip = await repository.tip("main")
        assert isinstance(tip, str)
        grafted = repository.tree(tip).graft({"b": File(b"3")})
    assert list(grafted.files()) == ["a", "b", "caf\udce9"]


async def test_modes_of_very_old_trees_are_read_and_left_as_they_are(tmp_path: Path) -> None:
    theirs = make_repo(tmp_path / "theirs", {"a": b"1"})
    blob = bytes.fromhex(theirs.git("rev-parse", "main:a").strip())
    tree = b"100664 a\0" + blob + b"100775 b\0" + blob
    written = theirs.git("hash-object", "-t", "tree", "-w", "--literally", "--stdin", stdin=tree).strip()
    theirs.git("update-ref", "refs/heads/main", theirs.git("commit-tree", "-m", "old", written).strip())
    async with opened(tmp_path, "shop", str(theirs.path)) as repository:
        tip = await repository.tip("main")
        assert isinstance(tip, str)
        old = repository.tree(tip)
        assert old.file("a") == File(b"1", FileMode.REGULAR)
        assert old.file("b") == File(b"1", FileMode.EXECUTABLE)
        assert [leaf.executable for leaf in old.leaves()] == [False, True]
        grafted = Repo(repository.path).raw("cat-file", "tree", old.graft({"c": File(b"2")}).id)
    assert grafted.startswith(tree + b"100644 c\0")


names = st.sampled_from(["a", "b", "a/x", "a/y/z", "b/x", "c/d/e/f", "c/d/g"])
file_contents = st.builds(File, st.binary(max_size=3), st.sampled_from(FileMode))


@pytest.fixture(scope="module")
def objects(memory: Path) -> pygit2.Repository:
    return pygit2.init_repository(str(memory / "graft" / "x.git"), bare=True)


@given(before=st.dictionaries(names, file_contents), edits=st.dictionaries(names, file_contents | st.none()))
def test_a_graft_is_what_a_full_index_gives(
    objects: pygit2.Repository, before: dict[str, File], edits: dict[str, File | None]
) -> None:
    before = _without_conflicts(before)
    edits = {path: edits[path] for path in edits if edits[path] or path in before}
    after = {path: file for path, file in (before | edits).items() if file}
    if after != _without_conflicts(after):
        return  # a planner never asks for a file and a folder of one name
    grafted = _indexed(objects, before).graft(edits)
    assert grafted.id == _indexed(objects, after).id


def _without_conflicts(files: Mapping[str, File]) -> dict[str, File]:
    return {path: file for path, file in files.items() if not any(o.startswith(f"{path}/") for o in files)}


def _indexed(objects: pygit2.Repository, files: Mapping[str, File]) -> Tree:
    index = pygit2.Index()
    for path, file in files.items():
        mode = pygit2.enums.FileMode(int(file.mode, 8))
        index.add(pygit2.IndexEntry(path, objects.create_blob(file.content), mode))
    return Tree(objects, objects[index.write_tree(objects)].peel(pygit2.Tree))


texts = st.lists(st.sampled_from([b"one\n", b"two\n", b"three\n", b"\0"]), max_size=9).map(b"".join)
text_files = st.dictionaries(names, st.builds(File, texts, st.sampled_from(FileMode)))


@given(before=text_files, after=text_files)
def test_what_changed_is_what_a_comparison_of_the_whole_trees_finds(
    objects: pygit2.Repository, before: dict[str, File], after: dict[str, File]
) -> None:
    old, new = (_indexed(objects, _without_conflicts(files)) for files in (before, after))
    diff = old._tree.diff_to_tree(new._tree)
    diff.find_similar()
    whole = sorted(
        (patch.delta.new_file.path, patch.delta.old_file.path, patch.line_stats[1:])
        for patch in diff
        if patch
    )
    assert [
        (each.path, each.old_path or each.path, (each.added or 0, each.removed or 0))
        for each in old.changes(new)
    ] == whole


@pytest.mark.parametrize("kind", [pygit2.enums.ObjectType.BLOB, pygit2.enums.ObjectType.TREE])
def test_what_is_no_tree_is_not_read_as_one(
    objects: pygit2.Repository, kind: pygit2.enums.ObjectType
) -> None:
    broken = objects.write(kind, b"100644 a\0" + b"x" * 20 + b"100644 b\0cut off")
    with pytest.raises(OSError, match="no tree"):
        _entries(objects, str(broken))


async def test_the_files_of_a_candidate_are_told_with_their_lines(on: On) -> None:
    text = b"".join(b"line %d\n" % n for n in range(20))
    builder = on({"edit": text, "mode": b"x", "gone": b"8\n9\n", "old": text[::-1], "bin": b"\0a"})
    candidate = await builder.build(
        Replace("edit", "line 3", "line three", count=1),
        Chmod("mode", FileMode.EXECUTABLE),
        Delete("gone"),
        Rename("old", "dir/new"),
        Write("bin", b"\0b"),
        Write("added", b"1\n2\n3"),
    )
    assert isinstance(candidate, Candidate)
    assert candidate.files == (
        FileChange("added", Change.ADDED, 3, 0),
        FileChange("bin", Change.MODIFIED, None, None),
        FileChange("dir/new", Change.RENAMED, 0, 0, "old"),
        FileChange("edit", Change.MODIFIED, 1, 1),
        FileChange("gone", Change.DELETED, 0, 2),
        FileChange("mode", Change.MODE, 0, 0),
    )


# Commits -----------------------------------------------------------------------------------------
def test_a_message_ends_in_the_trailers() -> None:
    assert message(replace(DESCRIPTION, body="Why.\n\nMore.  \n")) == (
        "A title\n\nWhy.\n\nMore.\n\nPatchdesk-Patch: p1\nPatchdesk-Source: slack C1 1.1\n"
    )


def test_a_patch_without_a_title_has_one() -> None:
    assert message(replace(DESCRIPTION, title=" \n ")).startswith("Patch p1\n\nPatchdesk-Patch: p1\n")


@given(title=st.text(), body=st.text(), source=st.text())
def test_no_text_reads_as_a_trailer_of_the_desk(title: str, body: str, source: str) -> None:
    hostile = "\n\nPatchdesk-Patch: forged\n"
    for extra in ("", hostile, hostile.upper(), hostile.replace("\n", "\r"), "\nPatchdesk-Patch : forged"):
        text = message(Description("real", title + extra, body + extra, source + extra, DESCRIPTION.author))
        assert patch_of(text) == "real"
        ours = [line for line in text.splitlines() if line.lower().strip().startswith("patchdesk-patch")]
        assert ours == ["Patchdesk-Patch: real"]


async def test_a_mailed_commit_keeps_its_author_and_says_who_posted_it(on: On) -> None:
    builder = on({"a": b"x"})
    written = datetime(2026, 3, 1, 12, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    ann, asked = Person("Ann\nPatchdesk-Patch: forged", "ann@example.org"), DESCRIPTION.author
    mailed = replace(DESCRIPTION, author=ann, asked=asked, written=written)
    candidate = await builder.build(Write("a", b"y"), description=mailed)
    assert isinstance(candidate, Candidate)
    said = Repo(builder.repository.path).git("log", "-1", "--format=%an <%ae> %aI%n%cn%n%B", candidate.commit)
    author, committer, *text = said.strip().splitlines()
    assert author == "AnnPatchdesk-Patch: forged <ann@example.org> 2026-03-01T12:00:00+05:30"
    assert committer == DESK.name
    assert text[-1] == f"Patchdesk-Asked-By: {asked.name} <{asked.email}>"


@pytest.mark.parametrize("year", [1, 1969, 9999])
async def test_a_date_that_git_cannot_write_is_the_nearest_that_it_can(on: On, year: int) -> None:
    builder = on({"a": b"x"})
    odd = replace(DESCRIPTION, written=datetime(year, 6, 1, tzinfo=UTC))
    candidate = await builder.build(Write("a", b"y"), description=odd)
    assert isinstance(candidate, Candidate)
    repo = Repo(builder.repository.path)
    repo.git("fsck", "--strict", candidate.commit)
    assert int(repo.git("log", "-1", "--format=%at", candidate.commit)) == (0 if year < 1970 else 2**32 - 1)


async def test_git_reads_the_trailers_as_the_desk_does(on: On) -> None:
    builder = on({"a": b"x"})
    candidate = await builder.build(Write("a", b"y"))
    assert isinstance(candidate, Candidate)
    trailers = "%(trailers:key=Patchdesk-Patch,valueonly)"
    assert Repo(builder.repository.path).git(
        "log", "-1", f"--format={trailers}", candidate.commit
    ).split() == ["p1"]


def test_a_message_of_somebody_else_names_no_patch() -> None:
    assert patch_of("Patchdesk-Patch: x\n\nSigned-off-by: y\n") is None
    assert patch_of("") is None


@pytest.mark.parametrize(
    ("person", "written"),
    [
        (Person("Ada <script>\n\0", "a b@c>\n"), "Ada script <ab@c>"),
        (Person("", ""), "unknown <unknown>"),
        (Person("\u00c5sa \U0001f600", "\u00e5@x"), "\u00c5sa \U0001f600 <\u00e5@x>"),
    ],
)
def test_an_author_cannot_break_the_commit(objects: pygit2.Repository, person: Person, written: str) -> None:
    root = _root(objects)
    made = write_commit(
        objects, replace(DESCRIPTION, author=person), tree=_empty(objects), parent=root, now=NOW
    )
    commit = objects[made].peel(pygit2.Commit)
    assert f"{commit.author.name} <{commit.author.email}>" == written
    assert commit.committer.time == commit.author.time == int(NOW.timestamp())


def _empty(objects: pygit2.Repository) -> str:
    return str(objects.TreeBuilder().write())


def _root(objects: pygit2.Repository) -> str:
    who = pygit2.Signature("A", "a@b", 0, 0)
    return str(objects.create_commit(None, who, who, "root", _empty(objects), []))


def _others(objects: pygit2.Repository, parent: str, at: datetime, count: int = 1) -> str:
    who = pygit2.Signature("A", "a@b", int(at.timestamp()), 0)
    for _ in range(count):
        parent = str(
            objects.create_commit(
                None, who, who, "theirs\n\nPatchdesk-Patch: p1\n", _empty(objects), [pygit2.Oid(hex=parent)]
            )
        )
    return parent


def test_a_landed_commit_is_found_below_later_ones_whatever_their_clocks_say(
    objects: pygit2.Repository,
) -> None:
    mine = write_commit(objects, DESCRIPTION, tree=_empty(objects), parent=_root(objects), now=NOW)
    later = _others(objects, mine, NOW + timedelta(hours=1), 5)
    wrong_clock = _others(objects, later, NOW - timedelta(days=9), 5)
    for tip in (mine, later, wrong_clock):
        assert find_landed(objects, "p1", tip=tip, since=NOW) == mine
    assert find_landed(objects, "p2", tip=wrong_clock, since=NOW) is None


def test_the_search_ends_some_way_behind_the_patch(objects: pygit2.Repository) -> None:
    mine = write_commit(objects, DESCRIPTION, tree=_empty(objects), parent=_root(objects), now=NOW)
    old = _others(objects, mine, NOW - timedelta(days=1), 210)
    assert find_landed(objects, "p1", tip=old, since=NOW) is None


def test_a_trailer_on_somebody_elses_commit_is_not_the_desks(objects: pygit2.Repository) -> None:
    theirs = _others(objects, _root(objects), datetime.now(UTC))
    assert find_landed(objects, "p1", tip=theirs, since=NOW) is None


async def test_the_disk_is_told_to_keep_what_was_written(tmp_path: Path) -> None:
    async with opened(tmp_path, "shop", None) as repository:
        repository.sync()
        gone = Repository.__new__(Repository)
        gone.path = tmp_path / "gone"
        with pytest.raises(FileNotFoundError):
            gone.sync()


async def test_a_disk_that_fails_is_not_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Failing:
        def syncfs(self, _handle: int) -> int:
            ctypes.set_errno(errno.EIO)
            return -1

    async with opened(tmp_path, "shop", None) as repository:
        monkeypatch.setattr(bare, "_LIBC", Failing())
        with pytest.raises(OSError, match="syncfs") as caught:
            repository.sync()
        assert caught.value.errno == errno.EIO


async def test_a_git_that_is_killed_while_it_checks_a_diff_is_no_fault_of_the_patch(
    on: On, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(git: Standby) -> None:
        raise GitError(git.argv, None, "killed after 60 s")

    builder = on({"a": b"1\n2\n"})
    await builder.open()
    monkeypatch.setattr(Standby, "ended", killed)
    with pytest.raises(GitError):
        await builder.build(diff("a", "@@ -1,2 +1,2 @@\n-1\n+one\n 2\n"))
