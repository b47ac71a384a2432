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

#: Every class of path that is refused by itself, and examples of it. What the branch has in the way of a
#: valid path is in tests/executor/test_escapes.py.
CLASSES: dict[str, tuple[Reason, tuple[str, ...]]] = {
    "nothing": (Reason.PATH_EMPTY, ("",)),
    "a control character": (Reason.PATH_CONTROL, ("a\nb", "a\x00", "a\x7f", "a\x85")),
    "bytes that are no UTF-8": (Reason.PATH_CONTROL, ("\ud800", "a/\udcff")),
    "a backslash": (Reason.PATH_BACKSLASH, ("a\\b", "..\\a")),
    "from the root": (Reason.PATH_ABSOLUTE, ("/a", "//a")),
    "from a drive": (Reason.PATH_ABSOLUTE, ("C:/a", "c:a")),
    "the folder above": (Reason.PATH_OUTSIDE, ("..", "../a", "a/../b", "a/..")),
    "the folder itself": (Reason.PATH_OUTSIDE, (".", "./a", "a/./b")),
    "an empty part": (Reason.PATH_OUTSIDE, ("a//b", "a/")),
    "git's folder": (Reason.PATH_DOTGIT, (".git", ".git/config", "a/.git")),
    "git's folder in another case": (Reason.PATH_DOTGIT, ("a/.GIT/hooks/x", ".Git")),
    "git's folder with what Windows drops": (Reason.PATH_DOTGIT, (".git./x", ".git . /x", ".git ")),
    "git's folder by its short name": (Reason.PATH_DOTGIT, ("git~1/x", "GIT~1")),
    "git's folder as a stream": (Reason.PATH_DOTGIT, (".git:stream", ".git::$INDEX_ALLOCATION/x")),
    "git's folder with what macOS drops": (Reason.PATH_DOTGIT, (".g\u200cit/x", "\ufeff.git")),
    "below what git reads as a file": (
        Reason.PATH_DOTGIT,
        (".gitmodules/a", "a/.gitattributes/b", ".GITMODULES/a", ".gitattributes./a", ".gitmodules:x/a"),
    ),
    "below what git reads as a file by its short name": (
        Reason.PATH_DOTGIT,
        ("gitmod~1/a", "GITATT~4/a", "gi7eba~1/a", "gi7d2~12/a"),
    ),
    "a part that is too long": (
        Reason.PATH_TOO_LONG,
        ("x" * (MOST_COMPONENT_BYTES + 1), "é" * 128),
    ),
    "a path that is too long": (Reason.PATH_TOO_LONG, (("x" * 100 + "/") * 50 + "x", "\ud800" * 5000)),
    "a path that is too deep": (Reason.PATH_TOO_DEEP, ("x/" * MOST_DEPTH + "x",)),
}
#: What only several paths together can be.
OF_SEVERAL = {Reason.PATH_COLLISION, Reason.PATH_TWICE}
#: What the operators' policy says of paths that are valid.
BY_POLICY = {Reason.PATH_REFUSED, Reason.PATH_PROTECTED}

TAKEN = [
    "a",
    "a/b.c",
    ".gitignore",
    ".gitmodules",
    "a/.gitattributes",
    "gitmods/a",
    "file~12/a",
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


@pytest.mark.parametrize("name", CLASSES)
def test_a_path_that_could_do_harm_is_refused_by_name(name: str) -> None:
    reason, examples = CLASSES[name]
    found = {path: check_path(path) for path in examples}
    assert {path: wrong.reason if wrong else None for path, wrong in found.items()} == dict.fromkeys(
        examples, reason
    )


def test_no_class_of_refused_paths_is_left_out() -> None:
    every = {reason for reason in Reason if reason.name.startswith("PATH_")}
    assert {reason for reason, _ in CLASSES.values()} == every - OF_SEVERAL - BY_POLICY


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
    assert fold(".github. /w") == fold(".GitHub/w")
    assert fold(".git\u200chub/w.") == fold(".github/w")
    assert fold("a") != fold("b")
    assert len({fold(path) for path in ("a", "a/...", "a/. .", ".a", "a b", "a.b/c")}) == 6


def test_the_longest_prefix_is_taken_off_at_a_folder_only() -> None:
    prefixes = ("/home/ann", "/home/ann/web/")
    assert strip_prefix("/home/ann/web/a", prefixes) == "a"
    assert strip_prefix("/home/ann/b", prefixes) == "b"
    assert strip_prefix("/home/anna/b", prefixes) == "/home/anna/b"
    assert strip_prefix("/home/ann", prefixes) == "/home/ann"
    assert strip_prefix("a", ()) == "a"
