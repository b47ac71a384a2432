"""What does not fit as it was posted lands, is offered or is refused, as the domain wants it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from contracts import course
from contracts.faults import Fault, Reason, fault
from contracts.formats.adjusted import changeset_of
from contracts.modes import FileMode
from contracts.outcome import Offer
from contracts.patch import Changeset, Chmod, Chunk, Diff, Limits, Mutation, Rename, Splice, Write
from contracts.records import StoredPatch
from contracts.states import PatchState
from executor.candidate import Candidate, build
from executor.offering import offered
from tests.contracts.test_secrets import TOKENS
from tests.executor.conftest import DESCRIPTION, NOW, Bench, Builder
from tests.executor.diffs import diff
from tests.executor.repositories import Repo, make_repo
from tests.executor.shop import NEW, shell
from tests.executor.test_resolution import Opening, shop_with

__all__ = ["shop_with"]

LINES = b"".join(b"line %d\n" % number for number in range(1, 31))
FIRST = "@@ -2,3 +2,3 @@\n line 2\n-line 3\n+LINE 3\n line 4\n"
MOVED = b"one more\n" * 5 + LINES
CHANGED = MOVED.replace(b"line 3\n", b"LINE 3\n")


@pytest.fixture
def theirs(tmp_path: Path) -> Repo:
    return make_repo(tmp_path / "theirs.git", {"a": MOVED})


def why(stored: StoredPatch) -> tuple[PatchState, Reason | None]:
    assert stored.report is not None
    return stored.state, stored.report.fault.reason if stored.report.fault else None


def offer_of(stored: StoredPatch) -> Offer:
    assert why(stored) == (PatchState.FAILED, Reason.NEEDS_ADJUSTING)
    assert stored.report is not None
    assert stored.report.offer is not None
    return stored.report.offer


def steps(stored: StoredPatch) -> list[tuple[Reason, dict[str, str]]]:
    assert stored.report is not None
    return [(each.reason, dict(each.args)) for each in stored.report.resolutions]


def applied(repo: Repo, diff: bytes) -> bytes:
    """What plain git makes of the branch with *diff*."""
    repo.git("checkout", "--quiet", "main")
    repo.git("apply", "--index", "-", stdin=diff)
    return (repo.path / "a").read_bytes()


# Another place ---------------------------------------------------------------------------------
ELSEWHERE = {"path": "a", "hunk": "1", "said": "2", "at": "7"}


async def test_a_hunk_that_stands_elsewhere_is_offered_and_nothing_lands(
    shop_with: Opening, theirs: Repo
) -> None:
    shop = await shop_with(shell("never", "exit 1"))
    stored = await shop.carry_out(diff("a", FIRST))
    offer = offer_of(stored)
    assert [(each.reason, dict(each.args)) for each in offer.steps] == [(Reason.TOOK_PLACE, ELSEWHERE)]
    assert steps(stored) == []
    assert stored.report is not None
    assert stored.report.gates == ()
    assert course.offers(stored) == (course.Offer.ADJUST,)
    assert "upload-offer" in await shop.said()
    assert theirs.at("main")["a"][1] == MOVED
    assert applied(theirs, offer.diff) == CHANGED


async def test_a_hunk_lands_elsewhere_where_the_domain_says_so_and_it_is_told(
    shop_with: Opening, theirs: Repo
) -> None:
    stored = await (await shop_with(place="auto")).carry_out(diff("a", FIRST))
    assert why(stored) == (PatchState.LANDED, None)
    assert steps(stored) == [(Reason.TOOK_PLACE, ELSEWHERE)]
    assert theirs.at("main")["a"][1] == CHANGED


async def test_where_another_place_is_never_taken_it_is_named(shop_with: Opening) -> None:
    stored = await (await shop_with(place="never")).carry_out(diff("a", FIRST))
    assert why(stored) == (PatchState.FAILED, Reason.DIFF_ELSEWHERE)
    assert stored.report is not None
    assert stored.report.fault is not None
    assert dict(stored.report.fault.args) == ELSEWHERE
    assert course.offers(stored) == ()


# A branch that has moved -----------------------------------------------------------------------
def indexed(repo: Repo, commit: str, path: str) -> Diff:
    """A diff of what *path* was at *commit*, which says so."""
    id_ = repo.git("rev-parse", f"{commit}:{path}").strip()
    return diff("a", FIRST, extra=f"index {id_[:10]}..{'0' * 10} 100644\n")


@pytest.mark.parametrize("says", [False, True])
async def test_lines_that_the_branch_itself_has_moved_are_followed(
    shop_with: Opening, theirs: Repo, says: bool
) -> None:
    theirs.git("checkout", "--quiet", "main")
    theirs.commit({"a": LINES})
    theirs.commit({"a": MOVED})
    shop = await shop_with(place="never")
    stored = await shop.carry_out(indexed(theirs, "main~1", "a") if says else diff("a", FIRST))
    assert why(stored) == (PatchState.LANDED, None)
    assert steps(stored) == [(Reason.TOOK_MOVED_LINES, {"path": "a", "count": "1"})]
    assert theirs.at("main")["a"][1] == CHANGED


@pytest.mark.parametrize(
    ("moved_tip", "reason"), [("offer", Reason.NEEDS_ADJUSTING), ("never", Reason.DIFF_ELSEWHERE)]
)
async def test_they_are_followed_only_where_a_patch_may_go_with_the_branch(
    shop_with: Opening, theirs: Repo, moved_tip: str, reason: Reason
) -> None:
    theirs.git("checkout", "--quiet", "main")
    theirs.commit({"a": LINES})
    theirs.commit({"a": MOVED})
    stored = await (await shop_with(place="auto", moved_tip=moved_tip)).carry_out(diff("a", FIRST))
    assert why(stored) == (PatchState.FAILED, reason)


async def test_an_id_counts_only_in_the_past_of_its_own_file(
    on: Callable[..., Builder], tmp_path: Path
) -> None:
    builder = on({"a": LINES, "b": b"other\n"})
    builder.repo.commit({"a": MOVED})
    repository, base = await builder.open()
    past = repository.history(base)

    def id_of(at: str) -> str:
        return builder.repo.git("rev-parse", at).strip()

    assert list(past.versions("a", "")) == [MOVED, LINES]
    assert list(past.versions("a", id_of("main~1:a")[:8])) == [LINES]
    assert list(past.versions("a", id_of("main:b"))) == [MOVED, LINES]  # of which that is none
    assert list(past.versions("gone", "")) == []


@pytest.mark.parametrize(("moved_tip", "offers"), [("offer", (course.Offer.REPLAY,)), ("never", ())])
async def test_a_branch_that_moves_while_the_gates_run_ends_the_patch_where_that_is_wanted(
    shop_with: Opening, theirs: Repo, moved_tip: str, offers: tuple[course.Offer, ...]
) -> None:
    shop = await shop_with(shell("yes", "true"), moved_tip=moved_tip)

    def somebody_pushes() -> None:
        theirs.git("checkout", "--quiet", "main")
        theirs.commit({"b": b"theirs\n"})
        theirs.git("checkout", "--quiet", "--detach")

    shop.at["gates-run"] = somebody_pushes
    stored = await shop.carry_out(NEW)
    assert why(stored) == (PatchState.FAILED, Reason.TIP_MOVED)
    assert course.offers(stored) == offers
    assert "new" not in theirs.at("main")


# Other blanks ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("whitespace", "reason"),
    [("auto", None), ("offer", Reason.NEEDS_ADJUSTING), ("never", Reason.EDIT_NOT_FOUND)],
)
async def test_other_blanks_are_taken_offered_or_refused(
    shop_with: Opening, theirs: Repo, whitespace: str, reason: Reason | None
) -> None:
    wanted = Splice("a", (Chunk(("   line 2", "-  line 3 ", "+  LINE 3")),))
    stored = await (await shop_with(whitespace=whitespace)).carry_out(wanted)
    assert why(stored) == (PatchState.FAILED if reason else PatchState.LANDED, reason)
    took = (Reason.TOOK_BLANKS, {"path": "a", "number": "1", "at": "7", "differs": "blanks"})
    assert steps(stored) == ([] if reason else [took])
    assert theirs.at("main")["a"][1] == (MOVED if reason else CHANGED)
    if reason is Reason.NEEDS_ADJUSTING:
        assert applied(theirs, offer_of(stored).diff) == CHANGED


async def test_what_would_not_be_shown_whole_is_not_offered(shop_with: Opening, theirs: Repo) -> None:
    theirs.commit({"a": MOVED.replace(b"line 1\n", TOKENS["github"].encode() + b"\n")})
    shop = await shop_with()
    stored = await shop.carry_out(Splice("a", (Chunk(("   line 2", "-  line 3 ", "+  LINE 3")),)))
    assert why(stored) == (PatchState.FAILED, Reason.OFFER_HIDDEN)
    assert course.offers(stored) == ()
    assert "upload-offer" not in await shop.said()


# The other ways ------------------------------------------------------------------------------------
CRLF = Write("c", b"one\r\ntwo\r\nthree\r\n")
TO_CRLF = diff("c", "@@ -1,3 +1,3 @@\n one\n-two\n+TWO\n three\n")


@pytest.mark.parametrize(
    ("line_endings", "reason"),
    [("auto", None), ("offer", Reason.NEEDS_ADJUSTING), ("never", Reason.DIFF_DOES_NOT_APPLY)],
)
async def test_other_line_ends_are_taken_offered_or_refused(
    shop_with: Opening, line_endings: str, reason: Reason | None
) -> None:
    shop = await shop_with(line_endings=line_endings, whitespace="auto")
    assert why(await shop.carry_out(CRLF)) == (PatchState.LANDED, None)
    stored = await shop.carry_out(TO_CRLF)
    assert why(stored)[1] is reason
    if reason is Reason.NEEDS_ADJUSTING:
        assert b"\n+TWO\r\n" in offer_of(stored).diff


@pytest.mark.parametrize(
    ("recount", "reason"),
    [("auto", None), ("offer", Reason.NEEDS_ADJUSTING), ("never", Reason.DIFF_HUNK_COUNT)],
)
async def test_other_counts_are_taken_offered_or_refused(
    shop_with: Opening, recount: str, reason: Reason | None
) -> None:
    took = fault(Reason.TOOK_COUNTS, path="a", hunk=1, said="-9 +9", found="-3 +3")
    counted = replace(diff("a", FIRST.replace("-2", "-7").replace("+2", "+7")), recounted=(took,))
    stored = await (await shop_with(recount=recount)).carry_out(counted)
    assert why(stored)[1] is reason


# What is offered is what it would be -----------------------------------------------------------------
contents = st.sampled_from([b"  a\n  b\n", b"\ta\n\tb", b"a\r\nb\r\n", b" a\n b\nc\n\n" + LINES])
binaries = st.sampled_from([b"x\0y", b"", b"\r\n", b"no end"])
others: st.SearchStrategy[Mutation] = st.sampled_from(
    [
        Rename("other", "moved/\u00fc b"),
        Chmod("other", FileMode.EXECUTABLE),
        Write("new", b"\0\1\2" * 50),
        Write("empty", b""),
        Write("other", b"whole\nnew\r\n\tfile"),
    ]
)
ADDED = Chunk(("     a", "-    b", "+    c", "+        d"))


@settings(max_examples=12)
@given(content=contents, other=binaries, more=st.lists(others, max_size=2, unique=True))
def test_git_makes_exactly_the_offered_tree_of_the_adjusted_patch(
    bench: Bench, content: bytes, other: bytes, more: list[Mutation]
) -> None:
    base = bench.theirs.commit({"a": content, "other": other})
    assert bench.run(bench.desk.tip("main")) == base
    renamed_last = sorted(more, key=lambda each: isinstance(each, Rename))
    changeset = Changeset((Splice("a", (ADDED,)), *renamed_last))
    made = bench.run(build(bench.desk, changeset, Limits(), DESCRIPTION, base=base, now=NOW))
    assert isinstance(made, Candidate)
    assert made.mended
    offer = bench.run(offered(bench.desk, made, made.mended, Limits()))
    assert isinstance(offer, Offer)
    wanted = Repo(bench.desk.path).at(made.commit)
    bench.theirs.git("apply", "--index", "-", stdin=offer.diff)
    bench.theirs.git("commit", "--quiet", "-m", "by hand")
    assert bench.theirs.at("HEAD") == wanted
    bench.theirs.git("reset", "--quiet", "--hard", base)
    read = changeset_of(offer.diff, Limits())
    assert not isinstance(read, Fault)
    again = bench.run(build(bench.desk, read, Limits(), DESCRIPTION, base=base, now=NOW))
    assert isinstance(again, Candidate)
    assert again.mended == ()
    assert Repo(bench.desk.path).at(again.commit) == wanted


async def test_what_is_more_than_a_patch_may_be_is_not_offered(on: Callable[..., Builder]) -> None:
    builder = on({"a": MOVED})
    repository, _ = await builder.open()
    made = await builder.build(diff("a", FIRST))
    assert isinstance(made, Candidate)
    found = await offered(repository, made, made.mended, Limits(content=10))
    assert isinstance(found, Fault)
    assert found.reason is Reason.CONTENT_TOO_LARGE
