"""Changesets: what they weigh, name and refuse, and when two patches are the same."""

from dataclasses import replace

import pytest

from contracts.faults import Fault, Reason
from contracts.modes import FileMode
from contracts.patch import (
    Changeset,
    Chmod,
    Delete,
    Diff,
    FileHeader,
    Insert,
    InsertAt,
    Limits,
    Mutation,
    Patch,
    Rename,
    Replace,
    Side,
    Write,
    build_changeset,
    content_hash,
    paths_of,
    weight,
)

DIFF = Diff(b"123", (FileHeader("a", "b"), FileHeader(None, "b"), FileHeader("c", None)))

#: A mutation, its bytes, its paths.
MUTATIONS: list[tuple[Mutation, int, tuple[str, ...]]] = [
    (Write("a", b"12"), 2, ("a",)),
    (Delete("a"), 0, ("a",)),
    (Rename("a", "b"), 0, ("a", "b")),
    (Chmod("a", FileMode.REGULAR), 0, ("a",)),
    (Replace("a", "é", "x"), 3, ("a",)),
    (Insert("a", "anchor", "é", Side.AFTER), 2, ("a",)),
    (InsertAt("a", 1, "xy"), 2, ("a",)),
    (DIFF, 3, ("a", "b", "c")),
]


@pytest.mark.parametrize(("mutation", "size", "paths"), MUTATIONS)
def test_a_mutation_weighs_its_bytes_and_names_its_paths_once(
    mutation: Mutation, size: int, paths: tuple[str, ...]
) -> None:
    assert weight(mutation) == size
    assert paths_of(mutation) == paths


def refused(*mutations: Mutation, limits: Limits) -> Fault:
    built = build_changeset(mutations, limits)
    assert isinstance(built, Fault)
    return built


def test_mutations_within_the_limits_are_a_changeset_in_their_order() -> None:
    mutations = (Write("b", b""), Delete("a"))
    assert build_changeset(mutations, Limits()) == Changeset(mutations)


def test_nothing_is_no_changeset() -> None:
    assert refused(limits=Limits()).reason is Reason.NO_MUTATIONS


def test_a_file_beyond_its_limit_is_refused() -> None:
    wrong = refused(Write("a", b"1234"), limits=Limits(file=3))
    assert (wrong.reason, wrong.args) == (Reason.FILE_TOO_LARGE, {"path": "a", "size": "4", "most": "3"})
    assert isinstance(build_changeset((Write("a", b"123"),), Limits(file=3)), Changeset)


def test_a_diff_of_many_files_is_only_bound_by_the_whole() -> None:
    assert isinstance(build_changeset((DIFF,), Limits(file=1)), Changeset)
    assert refused(DIFF, limits=Limits(content=2)).reason is Reason.CONTENT_TOO_LARGE


def test_content_counts_over_all_mutations() -> None:
    wrong = refused(Write("a", b"123"), Write("b", b"123"), limits=Limits(content=5))
    assert (wrong.reason, wrong.args) == (Reason.CONTENT_TOO_LARGE, {"size": "6", "most": "5"})


def test_files_count_once_however_often_they_change() -> None:
    twice = (Write("a", b""), Chmod("a", FileMode.REGULAR))
    assert isinstance(build_changeset(twice, Limits(files=1)), Changeset)
    wrong = refused(Rename("a", "b"), limits=Limits(files=1))
    assert (wrong.reason, wrong.args) == (Reason.TOO_MANY_FILES, {"count": "2", "most": "1"})


def test_paths_that_some_people_cannot_have_side_by_side_are_refused() -> None:
    wrong = refused(Write("Readme", b""), Write("README", b""), limits=Limits())
    assert (wrong.reason, wrong.args) == (Reason.PATH_COLLISION, {"path": "Readme", "other": "README"})


PATCH = Patch("web", Changeset((Write("a", b"\xff"),)), "Title")


def test_words_around_a_patch_do_not_change_what_it_is() -> None:
    same = replace(PATCH, title="Other", body="x", label="y", details={"a": "b"}, block=2)
    assert content_hash(same) == content_hash(PATCH)


@pytest.mark.parametrize(
    "other",
    [
        replace(PATCH, domain="api"),
        replace(PATCH, changeset=Changeset((Write("b", b"\xff"),))),
        replace(PATCH, changeset=Changeset((Write("a", b"\xfe"),))),
        replace(PATCH, changeset=Changeset((Write("a", b"\xff", FileMode.EXECUTABLE),))),
        replace(PATCH, changeset=Changeset((Delete("a"),))),
    ],
)
def test_another_domain_or_another_change_is_another_patch(other: Patch) -> None:
    assert content_hash(other) != content_hash(PATCH)


def test_the_hash_is_the_same_in_every_process() -> None:
    assert len(content_hash(PATCH)) == 64
    assert content_hash(PATCH) == content_hash(Patch("web", Changeset((Write("a", b"\xff"),)), ""))
