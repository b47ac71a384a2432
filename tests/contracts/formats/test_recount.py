"""Hunks that say other counts than they hold: taken as what they hold where a domain says so, and told."""

import pytest

from contracts.commands import Part, PartKind, Place, Submit
from contracts.faults import Reason, Rejection
from contracts.formats.context import Context
from contracts.formats.reading import read
from contracts.patch import Diff, Patch
from contracts.settings import DomainSettings, ResolveSettings, Settings

HEAD = "--- a/x\n+++ b/x\n"
GOOD = "@@ -20,2 +20,2 @@\n-y\n+z\n w\n"
FEWER = "@@ -1,3 +1,3 @@\n a\n-b\n+c\n"
MORE = "@@ -1,1 +1,1 @@\n a\n-b\n+c\n d\n"


def posted(text: str, recount: str = "auto", *, language: str = "diff") -> Patch | Rejection:
    resolve = ResolveSettings.model_validate({"recount": recount})
    settings = Settings(domains={"web": DomainSettings(channels=("C0WEB",), resolve=resolve)})
    part = Part(PartKind.FENCE, text.encode(), language=language)
    [found] = read(Submit((part,), addressed=True), Context.of(settings, Place("C0WEB")))
    return found


def taken(text: str) -> tuple[list[dict[str, str]], bytes]:
    patch = posted(text)
    assert isinstance(patch, Patch), patch
    [diff] = patch.changeset.mutations
    assert isinstance(diff, Diff)
    assert {each.reason for each in diff.recounted} <= {Reason.TOOK_COUNTS}
    return [dict(each.args) for each in diff.recounted], diff.body


@pytest.mark.parametrize(
    ("hunk", "said", "found"), [(FEWER, "-3 +3", "-2 +2"), (MORE, "-1 +1", "-3 +3")], ids=["fewer", "more"]
)
def test_a_hunk_before_another_is_taken_as_what_it_holds(hunk: str, said: str, found: str) -> None:
    recounted, body = taken(HEAD + hunk + GOOD)
    assert recounted == [{"path": "x", "hunk": "1", "said": said, "found": found}]
    old, new = found.split()
    assert f"@@ -1,{old[1:]} +1,{new[1:]} @@\n".encode() in body
    assert b"@@ -20,2 +20,2 @@\n" in body


@pytest.mark.parametrize(
    "follows", [HEAD.replace("x", "y") + GOOD, "-- \n2.39.5\n"], ids=["a file", "a mail's end"]
)
def test_so_is_one_before_whatever_can_be_no_part_of_it(follows: str) -> None:
    assert taken(HEAD + FEWER + follows)[0][0]["hunk"] == "1"


def test_a_last_hunk_with_more_lines_than_it_says_is_taken() -> None:
    assert taken(HEAD + MORE)[0] == [{"path": "x", "hunk": "1", "said": "-1 +1", "found": "-3 +3"}]


@pytest.mark.parametrize(
    "text",
    [HEAD + FEWER, HEAD + MORE + "\n+1 from me\n", HEAD + GOOD + "\n- and a remark\n"],
    ids=["it may be cut off", "a remark", "a remark behind one that is well"],
)
def test_a_last_hunk_that_may_lack_lines_or_have_too_many_is_refused(text: str) -> None:
    found = posted(text)
    assert isinstance(found, Rejection)
    assert [each.reason for each in found.faults] == [Reason.DIFF_HUNK_COUNT]


@pytest.mark.parametrize("hunk", [FEWER, MORE])
def test_without_the_setting_every_wrong_count_is_refused(hunk: str) -> None:
    found = posted(HEAD + hunk + GOOD, recount="never")
    assert isinstance(found, Rejection)
    assert [each.reason for each in found.faults] == [Reason.DIFF_HUNK_COUNT]


def test_nothing_is_told_of_counts_that_are_right() -> None:
    assert taken(HEAD + GOOD)[0] == []


def test_a_diff_inside_a_command_is_read_the_same_way() -> None:
    inner = "".join(f"    {line}\n" for line in (HEAD + MORE).splitlines())
    found = posted(f"role: command_patch\ndiff: |\n{inner}", language="yaml")
    assert isinstance(found, Patch), found
    [diff] = found.changeset.mutations
    assert isinstance(diff, Diff)
    assert len(diff.recounted) == 1
