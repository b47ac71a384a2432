"""Nothing that a patch says leads out of the tree, or makes a tree that git would not have made."""

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from contracts.commands import Part, PartKind, Submit
from contracts.faults import Fault, Reason
from contracts.formats.context import Context
from contracts.formats.reading import read
from contracts.modes import FileMode
from contracts.patch import Changeset, Limits, Mutation, Patch, Rename, Write
from executor.candidate import Candidate, build
from executor.files import Kind
from executor.repository.bare import Repository, opened
from tests.executor.conftest import DESCRIPTION, NOW
from tests.executor.repositories import Content, Repo, make_repo
from tests.executor.trees import refusal, tree_of

# What stands in the way in the base's tree ------------------------------------------------------
TREE = tree_of(
    {
        "file": b"x",
        "dir/file": b"x",
        "link": Kind.SYMLINK,
        "dir/link": Kind.SYMLINK,
        "module": Kind.SUBMODULE,
        "Case/file": b"x",
        "caf\u00e9": b"x",
    }
)
#: Paths that are valid by themselves, by what the tree has there.
IN_THE_WAY = {
    "a link": ("link", Reason.NOT_A_FILE),
    "a link in a folder": ("dir/link", Reason.NOT_A_FILE),
    "below a link": ("link/new", Reason.NOT_A_FILE),
    "far below a link": ("dir/link/a/b/new", Reason.NOT_A_FILE),
    "a submodule": ("module", Reason.NOT_A_FILE),
    "below a submodule": ("module/new", Reason.NOT_A_FILE),
    "a folder": ("dir", Reason.NOT_A_FILE),
    "below a file": ("file/new", Reason.NOT_A_FILE),
    "a name in another case": ("FILE", Reason.PATH_COLLISION),
    "a folder in another case": ("case/new", Reason.PATH_COLLISION),
    "a name in another composition": ("cafe\u0301", Reason.PATH_COLLISION),
}


@pytest.mark.parametrize("name", IN_THE_WAY)
def test_what_stands_in_the_way_is_never_written_through(name: str) -> None:
    path, reason = IN_THE_WAY[name]
    assert refusal(TREE, Write(path, b"x")).reason is reason
    moved = refusal(TREE, Rename("dir/file", path)).reason
    assert moved in {reason, Reason.FILE_EXISTS}


# A search for ways out --------------------------------------------------------------------------
OUTSIDE = "canary"
FILES: dict[str, Content] = {
    "a": b"one\ntwo\nthree\n",
    "dir/b": b"one\n",
    "dir/sub/c d": b"x\r\ny\r\n",
    "\u00fc/x": b"\xef\xbb\xbfone\n",
    "run": (b"#!/bin/sh\n", 0o755),
    "out": f"-> ../{OUTSIDE}",
    "dir/up": "-> ../..",
    "file": f"-> ../{OUTSIDE}/secret",
    "loop": "-> loop",
}
PIECES = ("a", "dir", "b", "sub", "c d", "out", "up", "file", "loop", OUTSIDE, "secret", "new", "A", "\u00fc")
HOSTILE = (
    "..",
    ".",
    "",
    ".git",
    ".GIT",
    "git~1",
    ".git ",
    ".g\u200cit",
    "hooks",
    "config",
    "\\",
    "..\\..",
    "C:",
    "\x00",
    "\n",
    "x" * 300,
    ".gitmodules",
    ".gitattributes",
    "\u202e",
    "-rf",
    "'",
    '"',
    "/dev/null",
    "\udcff",
)
paths = st.one_of(
    st.sampled_from(sorted(FILES)),
    st.lists(st.sampled_from(PIECES), min_size=1, max_size=3).map("/".join),
    st.lists(st.sampled_from(PIECES * 2 + HOSTILE), min_size=1, max_size=4).map("/".join),
)
lines = st.lists(st.sampled_from(["one", "two", "three", "x", "", "-- ", "*** End Patch"]), max_size=3)


@st.composite
def documents(draw: st.DrawFn) -> tuple[str, str]:
    kinds = st.sampled_from(["write", "delete", "rename", "chmod", "replace", "insert"])
    extra = {"content": "x\n", "to": draw(paths), "mode": draw(st.sampled_from(["755", "120000", "160000"]))}
    fields = {
        "write": ["content"],
        "rename": ["to"],
        "chmod": ["mode"],
        "insert": ["content"],
        "delete": [],
        "replace": [],
    }
    mutations = []
    for kind in draw(st.lists(kinds, min_size=1, max_size=3)):
        made = {"op": kind, "path": draw(paths), **{name: extra[name] for name in fields[kind]}}
        more: dict[str, dict[str, object]] = {
            "replace": {"find": "one", "replacement": "1"},
            "insert": {"insertAt": 1},
        }
        mutations.append({**made, **more.get(kind, {})})
    return json.dumps({"role": "command_patch", "mutations": mutations}), "json"


@st.composite
def diffs(draw: st.DrawFn) -> tuple[str, str]:
    old, new = draw(paths), draw(paths)
    new = draw(st.sampled_from([old, new]))
    modes = ["", "new file mode 120000\n", "new file mode 100644\n", "deleted file mode 100644\n"]
    head = draw(st.sampled_from([f"diff --git a/{old} b/{new}\n", ""]))
    head += draw(
        st.sampled_from(
            [*modes, f"rename from {old}\nrename to {new}\n", "old mode 100644\nnew mode 160000\n"]
        )
    )
    sides = draw(
        st.sampled_from(
            [f"--- a/{old}\n+++ b/{new}\n", f"--- /dev/null\n+++ b/{new}\n", f"--- {old}\n+++ {new}\n"]
        )
    )
    hunk = draw(
        st.sampled_from(
            [
                "@@ -1 +1 @@\n-one\n+1\n",
                "@@ -0,0 +1 @@\n+../canary\n",
                "@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n",
            ]
        )
    )
    return head + sides + hunk, "diff"


@st.composite
def codex(draw: st.DrawFn) -> tuple[str, str]:
    parts = ["*** Begin Patch"]
    for _ in range(draw(st.integers(1, 2))):
        path = draw(paths)
        parts += draw(
            st.sampled_from(
                [
                    [f"*** Add File: {path}", "+x"],
                    [f"*** Delete File: {path}"],
                    [f"*** Update File: {path}", f"*** Move to: {draw(paths)}", "@@", "-one", "+1"],
                    [f"*** Update File: {path}", "@@", " one", *(f"+{line}" for line in draw(lines))],
                ]
            )
        )
    return "\n".join((*parts, "*** End Patch")) + "\n", "text"


@st.composite
def blocks(draw: st.DrawFn) -> tuple[str, str]:
    old, new = "\n".join(draw(lines)), "\n".join(draw(lines))
    return f"{draw(paths)}\n<<<<<<< SEARCH\n{old}\n=======\n{new}\n>>>>>>> REPLACE\n", "text"


@dataclass(frozen=True, slots=True)
class Ground:
    """*outside* holds the canary; the repository's links lead there."""

    theirs: Repo
    desk: Repository
    tip: str
    outside: Path
    run: Callable[[Coroutine[Any, Any, Any]], Any]

    def seen(self) -> dict[str, bytes]:
        return {str(file): file.read_bytes() for file in self.outside.rglob("*") if file.is_file()}


@pytest.fixture(scope="module")
def ground(memory: Path) -> Iterator[Ground]:
    folder = memory / "escapes"
    theirs = make_repo(folder / "theirs", FILES)
    for name in ("theirs", "checkout"):
        (folder / name).mkdir(exist_ok=True)
    (folder / OUTSIDE).mkdir()
    (folder / OUTSIDE / "secret").write_bytes(b"canary\n")
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        desk = runner.run(stack.enter_async_context(opened(folder / "desk", "d", str(theirs.path))))
        tip = runner.run(desk.tip("main"))
        assert isinstance(tip, str)
        yield Ground(theirs, desk, tip, folder / OUTSIDE, runner.run)
        runner.run(stack.aclose())


def changeset_of(text: str, language: str) -> Changeset | None:
    body = text.encode("utf-8", "surrogateescape")
    submit = Submit((Part(PartKind.FENCE, body, None, language),), addressed=True)
    results = read(submit, Context({"d": "d"}, ("d",), {}, Limits()))
    return results[0].changeset if len(results) == 1 and isinstance(results[0], Patch) else None


def hold(ground: Ground, changeset: Changeset, checkout: Path) -> None:
    """Carries *changeset* out; whatever comes of it, nothing outside is touched and git finds no fault."""
    before = ground.seen()
    made: Candidate | Fault = ground.run(
        build(ground.desk, changeset, Limits(), DESCRIPTION, base=ground.tip, now=NOW)
    )
    assert ground.seen() == before
    if isinstance(made, Fault):
        event(f"refused: {made.reason}")
        return
    event("landed")
    bare = Repo(ground.desk.path)
    bare.git("fsck", "--strict", "--no-dangling", made.commit)
    base, after = bare.at(ground.tip), bare.at(made.commit)
    modes = {mode for name, (mode, content) in after.items() if base.get(name) != (mode, content)}
    assert modes <= set(FileMode)
    bare.git("--work-tree", str(checkout), "read-tree", "--reset", "-u", made.commit)
    assert any(checkout.iterdir()) == bool(after)
    assert ground.seen() == before


@settings(max_examples=100)
@given(posted=st.one_of(documents(), diffs(), codex(), blocks()))
def test_no_patch_in_any_format_reaches_outside_the_tree(ground: Ground, posted: tuple[str, str]) -> None:
    changeset = changeset_of(*posted)
    if changeset is None:
        event("unread")
        return
    hold(ground, changeset, ground.outside.parent / "checkout")


@settings(max_examples=60)
@given(names=st.lists(paths, min_size=1, max_size=3))
def test_no_path_leads_out_even_if_nobody_checked_it_before(ground: Ground, names: list[str]) -> None:
    # As if the reader of a format had forgotten to: the planner checks for itself.
    mutations: list[Mutation] = [Write(name, b"x") for name in names]
    hold(ground, Changeset(tuple(mutations)), ground.outside.parent / "checkout")
