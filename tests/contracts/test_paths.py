"""Which paths a patch may name."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contracts.faults import Reason
from contracts.paths import (
    MOST_BYTES,
    MOST_COMPONENT_BYTES,
    MOST_DEPTH,
    check_path,
    fold,
    is_dotgit,
    strip_prefix,
)

REFUSED = {
    "": Reason.PATH_EMPTY,
    "a\nb": Reason.PATH_CONTROL,
    "a\x00": Reason.PATH_CONTROL,
    "a\x7f": Reason.PATH_CONTROL,
    "a\x85": Reason.PATH_CONTROL,
    "\ud800": Reason.PATH_CONTROL,
    "a\\b": Reason.PATH_BACKSLASH,
    "/a": Reason.PATH_ABSOLUTE,
    "C:/a": Reason.PATH_ABSOLUTE,
    "c:a": Reason.PATH_ABSOLUTE,
    "..": Reason.PATH_OUTSIDE,
    ".": Reason.PATH_OUTSIDE,
    "a/../b": Reason.PATH_OUTSIDE,
    "./a": Reason.PATH_OUTSIDE,
    "a//b": Reason.PATH_OUTSIDE,
    "a/": Reason.PATH_OUTSIDE,
    ".git": Reason.PATH_DOTGIT,
    "a/.GIT/hooks/x": Reason.PATH_DOTGIT,
    ".git./x": Reason.PATH_DOTGIT,
    ".git . /x": Reason.PATH_DOTGIT,
    "git~1/x": Reason.PATH_DOTGIT,
    "GIT~1": Reason.PATH_DOTGIT,
    ".git:stream": Reason.PATH_DOTGIT,
    ".git::$INDEX_ALLOCATION/x": Reason.PATH_DOTGIT,
    ".g\u200cit/x": Reason.PATH_DOTGIT,
    "\ufeff.git": Reason.PATH_DOTGIT,
    "x" * (MOST_COMPONENT_BYTES + 1): Reason.PATH_TOO_LONG,
    "é" * 128: Reason.PATH_TOO_LONG,
    "x/" * MOST_DEPTH + "x": Reason.PATH_TOO_DEEP,
    ("x" * 100 + "/") * 50 + "x": Reason.PATH_TOO_LONG,
    "\ud800" * 5000: Reason.PATH_TOO_LONG,
}

TAKEN = [
    "a",
    "a/b.c",
    ".gitignore",
    ".github/workflows/x.yml",
    "git",
    "a.git",
    "a..b",
    "...",
    "a b/ c",
    "ä/日本/🚀",
    "x" * MOST_COMPONENT_BYTES,
    "x/" * (MOST_DEPTH - 1) + "x",
    "-rf",
    "ab:c",
]


@pytest.mark.parametrize("path", REFUSED, ids=ascii)
def test_a_path_that_could_do_harm_is_refused_by_name(path: str) -> None:
    wrong = check_path(path)
    assert wrong is not None
    assert wrong.reason is REFUSED[path]


@pytest.mark.parametrize("path", TAKEN)
def test_an_ordinary_path_is_taken(path: str) -> None:
    assert check_path(path) is None


def test_what_is_said_of_a_path_can_be_shown() -> None:
    wrong = check_path("a\nb")
    assert wrong is not None
    assert wrong.args == {"path": "'a\\nb'"}
    wrong = check_path("x" * 10_000)
    assert wrong is not None
    assert wrong.args == {"path": "x" * 80, "size": "10000", "most": str(MOST_BYTES)}


@given(st.text(st.characters(codec=None, categories=("L", "P", "Zs", "Cc", "Cf", "Cs", "S")), max_size=30))
def test_a_path_that_is_taken_stays_inside_and_names_no_git(path: str) -> None:
    if check_path(path) is None:
        assert not path.startswith("/")
        assert not {"", ".", ".."}.intersection(path.split("/"))
        assert not any(is_dotgit(component) for component in path.split("/"))
        assert not any(unicodedata.category(char) == "Cc" for char in path)
        path.encode()


@given(
    st.sampled_from([".git", ".Git", ".GIT", "git~1"]), st.sampled_from(["", ".", " ", ". .", ":x", "...:y"])
)
def test_git_is_known_whatever_follows_that_a_file_system_ignores(name: str, tail: str) -> None:
    assert is_dotgit(name + tail)


def test_two_paths_fold_to_one_where_some_file_system_would() -> None:
    assert fold("A/É") == fold("a/e\u0301")
    assert fold("straße") == fold("STRASSE")
    assert fold("a") != fold("b")


def test_the_longest_prefix_is_taken_off_at_a_folder_only() -> None:
    prefixes = ("/home/ann", "/home/ann/web/")
    assert strip_prefix("/home/ann/web/a", prefixes) == "a"
    assert strip_prefix("/home/ann/b", prefixes) == "b"
    assert strip_prefix("/home/anna/b", prefixes) == "/home/anna/b"
    assert strip_prefix("/home/ann", prefixes) == "/home/ann"
    assert strip_prefix("a", ()) == "a"
