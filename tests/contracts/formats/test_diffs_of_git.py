"""What is read of a diff is what git would do with it; real git is asked."""

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.formats.diff import normalise, read_diff
from contracts.patch import Diff, Limits

_ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "LC_ALL": "C",
    "GIT_AUTHOR_NAME": "Ann",
    "GIT_AUTHOR_EMAIL": "ann@example.org",
    "GIT_COMMITTER_NAME": "Ann",
    "GIT_COMMITTER_EMAIL": "ann@example.org",
}

#: Content and whether it may be executed.
File = tuple[bytes, bool]
Tree = Mapping[str, File]

names = st.sampled_from(
    ["a", "b.txt", "dir/c", "dir/d e", "x y/z", "é.md", 'quo"te', "a b/a b", "i/w", "b/b", "a/b", "b/a"]
)
lines = st.sampled_from(
    [b"one", b"two", b"", b"  indented", b"-- ", b"--- a/x", b"+++ b/x", b"@@ -1 +1 @@", b"\xff\xfe"]
)
contents = st.builds(
    lambda parts, last: b"".join(part + b"\n" for part in parts) + last,
    st.lists(lines, max_size=12),
    st.sampled_from([b"", b"", b"no line end"]),
)
trees = st.dictionaries(names, st.tuples(contents, st.booleans()), max_size=5)


class Repository:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.git("init", "--quiet", "--initial-branch=main")

    def git(self, *arguments: str, given: bytes = b"") -> bytes:
        return subprocess.run(
            ["git", *arguments], cwd=self.path, env=_ENVIRONMENT, input=given, capture_output=True, check=True
        ).stdout

    def tree(self, files: Tree) -> str:
        """Make *files* the index and a tree; its id."""
        self.git("read-tree", "--empty")
        entries = []
        for name, (content, executable) in files.items():
            blob = self.git("hash-object", "-w", "--stdin", given=content).decode().strip()
            entries.append(f"{100755 if executable else 100644} {blob}\t{name}\0".encode())
        self.git("update-index", "-z", "--index-info", given=b"".join(entries))
        return self.git("write-tree").decode().strip()

    def names_that_git_sees(self, diff: bytes) -> list[str]:
        listed = self.git("apply", "--numstat", "-z", given=diff).decode().split("\0")
        return [line.split("\t", 2)[2] for line in listed if line]

    def applied(self, base: str, diff: bytes) -> str:
        """The tree that git makes of tree *base* with *diff*."""
        self.git("read-tree", base)
        self.git("apply", "--cached", "--whitespace=nowarn", given=diff)
        return self.git("write-tree").decode().strip()


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return Repository(tmp_path_factory.mktemp("repository"))


@settings(max_examples=40)
@given(
    before=trees,
    after=trees,
    options=st.sampled_from(
        [
            [],
            ["-M"],
            ["-M", "-C", "--find-copies-harder"],
            ["-U1"],
            ["--src-prefix=i/", "--dst-prefix=w/"],
            ["--no-prefix"],
            ["--full-index"],
        ]
    ),
)
def test_a_diff_of_git_is_read_as_git_reads_it(
    repository: Repository, before: Tree, after: Tree, options: list[str]
) -> None:
    old, new = repository.tree(before), repository.tree(after)
    made = repository.git("diff-tree", "-p", "-r", "--text", *options, old, new)
    read = read_diff(made, Limits())
    if old == new:
        assert (read.files, read.faults) == ((), ())
        return
    diff = normalise(read, ())
    assert isinstance(diff, Diff), diff
    prefix = ["-p0"] if "--no-prefix" in options else []
    listed = repository.git("apply", "--numstat", "-z", *prefix, given=made).decode().split("\0")
    seen = [line.split("\t", 2)[2] for line in listed if line]
    assert [header.new or header.old for header in diff.files] == seen
    assert repository.names_that_git_sees(diff.body) == seen
    assert repository.applied(old, diff.body) == new
