"""Undoing what has landed: real commits, on what the branch has become since."""

from collections.abc import Callable, Mapping

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.faults import Fault, Reason
from contracts.modes import FileMode
from contracts.patch import Changeset, Chmod, Delete, Limits, Mutation, Rename, Replace, Revert, Write
from executor.candidate import Candidate, build
from tests.executor.conftest import DESCRIPTION, NOW, Builder
from tests.executor.repositories import Content, Repo

On = Callable[[Mapping[str, Content]], Builder]
LINES = b"".join(b"line %d\n" % number for number in range(1, 41))
R, X = "100644", "100755"


class Branch:
    """A branch that patches land on, one after the other."""

    def __init__(self, builder: Builder) -> None:
        self._builder = builder
        self._tip: str | None = None

    async def attempt(self, *mutations: Mutation) -> Candidate | Fault:
        repository, base = await self._builder.open()
        at = self._tip or base
        return await build(repository, Changeset(mutations), Limits(), DESCRIPTION, base=at, now=NOW)

    async def land(self, *mutations: Mutation) -> str:
        made = await self.attempt(*mutations)
        assert isinstance(made, Candidate), made
        self._tip = made.commit
        return made.commit

    async def refusal(self, *mutations: Mutation) -> Fault:
        found = await self.attempt(*mutations)
        assert isinstance(found, Fault), found
        return found

    async def files(self) -> dict[str, tuple[str, bytes]]:
        repository, base = await self._builder.open()
        return Repo(repository.path).at(self._tip or base)

    def moves_to(self, commit: str) -> None:
        self._tip = commit


def line(number: int, text: str) -> Replace:
    return Replace("a", f"line {number}\n", f"{text}\n", count=1)


async def test_everything_a_patch_did_goes_back(on: On) -> None:
    branch = Branch(on({"a": LINES, "b": b"b\n", "c": (b"c\n", 0o755), "d": b"\0\1\n", "sub/e": b"e\n"}))
    before = await branch.files()
    commit = await branch.land(
        line(3, "three"),
        Delete("b"),
        Chmod("c", FileMode.REGULAR),
        Write("d", b"\0\2\n"),
        Write("new/f", b"f"),
        Delete("sub/e"),
        Write("sub", b"a file where a folder was\n"),
    )
    await branch.land(Revert("p1", commit))
    assert await branch.files() == before


async def test_what_came_later_stays(on: On) -> None:
    branch = Branch(on({"a": LINES}))
    commit = await branch.land(line(10, "ten"), line(30, "thirty"))
    await branch.land(
        Write("z", b"z\n"), Replace("a", "line 20\n", "twenty\n"), Chmod("a", FileMode.EXECUTABLE)
    )
    await branch.land(Replace("a", "line 1\n", "zero\nline 1\n", count=1))
    await branch.land(Revert("p1", commit))
    expected = LINES.replace(b"line 20\n", b"twenty\n").replace(b"line 1\n", b"zero\nline 1\n", 1)
    assert await branch.files() == {"a": (X, expected), "z": (R, b"z\n")}


async def test_the_files_in_the_way_are_named_with_the_nearest_place(on: On) -> None:
    branch = Branch(on({"a": LINES, "b": LINES, "c": b"c\n", "d": b"d\n", "e": b"\0"}))
    commit = await branch.land(
        line(10, "ten"),
        Write("b", b"b\n"),
        Delete("c"),
        Write("d", b"D\n"),
        Write("e", b"\0\0"),
        Write("n", b"n"),
    )
    await branch.land(
        Replace("a", "ten\n", "TEN\n"), Write("c", b"C\n"), Delete("d"), Write("e", b"\1\0"), Write("n", b"N")
    )
    before = await branch.files()
    found = await branch.refusal(Revert("p1", commit))
    assert found.reason is Reason.REVERT_CONFLICT
    assert found.args["patch"] == "p1"
    assert found.args["files"] == "a c d e n"
    assert found.args["detail"].split("; ") == [
        "a: 6 of its 7 lines stand at line 7, and line 10 differs",
        "c: there is another file of this name now",
        "d: it is not there any more",
        "e: it is binary, and has been changed since",
        "n: it was new with the patch, and has been changed since",
    ]
    assert (found.args["expected"], found.args["found"]) == ("ten", "TEN")
    assert await branch.files() == before


async def test_a_rename_goes_back_with_what_was_changed_later(on: On) -> None:
    branch = Branch(on({"a": LINES}))
    commit = await branch.land(line(5, "five"), Rename("a", "b"))
    await branch.land(Replace("b", "line 35\n", "later\n"))
    await branch.land(Revert("p1", commit))
    assert await branch.files() == {"a": (R, LINES.replace(b"line 35\n", b"later\n"))}


async def test_a_rename_stays_where_its_old_name_is_taken(on: On) -> None:
    branch = Branch(on({"a": LINES}))
    commit = await branch.land(Rename("a", "b"))
    await branch.land(Write("a", b"another\n"))
    found = await branch.refusal(Revert("p1", commit))
    assert (found.args["files"], found.args["detail"]) == ("b", "b: there is another a now")


async def test_files_that_changed_places_change_back(on: On) -> None:
    other = LINES.replace(b"line", b"other")
    branch = Branch(on({"a": LINES, "b": other}))
    before = await branch.files()
    commit = await branch.land(Rename("b", "c"), Rename("a", "b"))
    await branch.land(Revert("p1", commit))
    assert await branch.files() == before


async def test_a_place_that_is_not_clear_is_refused(on: On) -> None:
    block = b"begin\n" + b"same\n" * 70 + b"end\n"
    branch = Branch(on({"a": b"first\n" + block}))
    commit = await branch.land(
        Write("a", b"first\n" + block.replace(b"same\n" * 36, b"same\n" * 35 + b"new\n", 1))
    )
    twice = block.replace(b"same\n" * 36, b"same\n" * 35 + b"new\n", 1)
    await branch.land(Write("a", b"first\n" + twice + twice))
    found = await branch.refusal(Revert("p1", commit))
    assert found.args["detail"] == "a: what it did fits in 2 places"


async def test_more_lines_around_it_tell_the_place(on: On) -> None:
    one = b"head %d\n" + b"x\n" * 5 + b"old\n" + b"x\n" * 5
    branch = Branch(on({"a": one % 1 + one % 2}))
    commit = await branch.land(Write("a", one % 1 + (one % 2).replace(b"old", b"new")))
    await branch.land(
        Write("a", b"top\n" + (one % 1).replace(b"old", b"new") + (one % 2).replace(b"old", b"new"))
    )
    await branch.land(Revert("p1", commit))
    assert (await branch.files())["a"][1] == b"top\n" + (one % 1).replace(b"old", b"new") + one % 2


async def test_undoing_it_twice_changes_nothing_and_undoing_the_undoing_brings_it_back(on: On) -> None:
    branch = Branch(on({"a": LINES}))
    commit = await branch.land(line(10, "ten"))
    landed = await branch.files()
    undone = await branch.land(Revert("p1", commit))
    assert (await branch.refusal(Revert("p1", commit))).reason is Reason.NOTHING_CHANGED
    await branch.land(Revert("p2", undone))
    assert await branch.files() == landed


async def test_a_commit_that_the_branch_does_not_stand_on_is_not_undone(on: On) -> None:
    builder = on({"a": LINES})
    branch = Branch(builder)
    _, base = await builder.open()
    commit = await branch.land(line(10, "ten"))
    branch.moves_to(base)
    for gone in (commit, "1" * 40, base):
        found = await branch.refusal(Revert("p1", gone))
        assert (found.reason, found.args["commit"]) == (Reason.REVERT_GONE, gone)


async def test_a_folder_in_the_way_is_named(on: On) -> None:
    branch = Branch(on({"a": LINES}))
    commit = await branch.land(Delete("a"), Write("b", b"b\n"))
    await branch.land(Write("a/x", b"x\n"))
    found = await branch.refusal(Revert("p1", commit))
    assert (found.args["files"], found.args["detail"]) == ("a", "a: a folder is in the way")


content = st.lists(st.sampled_from([b"a\n", b"b\n", b"c\r\n", b"d", b"", b"\xff\n", b"\0"]), max_size=6).map(
    b"".join
)
mode = st.sampled_from([None, FileMode.REGULAR, FileMode.EXECUTABLE])
path = st.sampled_from(["a", "b", "c/d", "c/e", "f"])
mutation = st.one_of(
    st.builds(Write, path, content, mode),
    st.builds(Delete, path),
    st.builds(Rename, path, path),
    st.builds(Chmod, path, st.sampled_from(FileMode)),
)
FILES: Mapping[str, Content] = {"a": LINES, "b": (b"b\r\n", 0o755), "c/d": b"", "f": b"no end"}


@pytest.fixture
def builder(on: On) -> Builder:
    return on(FILES)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(changes=st.lists(mutation, min_size=1, max_size=5))
async def test_a_patch_and_its_undoing_leave_the_files_as_they_were(
    builder: Builder, changes: list[Mutation]
) -> None:
    branch = Branch(builder)
    before = await branch.files()
    made = await branch.attempt(*changes)
    if isinstance(made, Fault):
        return
    branch.moves_to(made.commit)
    await branch.land(Revert("p1", made.commit))
    assert await branch.files() == before
