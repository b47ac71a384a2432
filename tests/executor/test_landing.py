"""Landing: one branch moves from its base to the candidate, or nothing does, and nobody is in doubt."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from contracts.faults import Reason
from contracts.patch import Changeset, Limits, Write
from executor.candidate import Candidate, build
from executor.git import Git, GitError
from executor.landing import Landed, Moved, Refused, land
from executor.process import Exited
from executor.repository.bare import Repository, UnreachableError, opened
from tests.executor.conftest import DESCRIPTION, NOW
from tests.executor.repositories import Repo, make_origin, make_repo

FILES = {"a": b"1\n"}


@asynccontextmanager
async def candidate_for(
    tmp_path: Path, origin: Repo | None, number: int = 2
) -> AsyncIterator[tuple[Repository, Candidate]]:
    """A candidate for main of *origin*, or of the desk's own repository."""
    async with opened(tmp_path / "desk", "shop", str(origin.path) if origin else None) as repository:
        if origin is None:
            make_repo(tmp_path / "first", FILES).git("push", "-q", str(repository.path), "main")
        base = await repository.tip("main")
        assert isinstance(base, str)
        changes = Changeset((Write("a", b"now %d\n" % number),))
        made = await build(repository, changes, Limits(), DESCRIPTION, base=base, now=NOW)
        assert isinstance(made, Candidate)
        yield repository, made


@pytest.fixture
def origin(tmp_path: Path) -> tuple[Repo, Repo]:
    """A bare repository and somebody's clone of it."""
    return make_origin(tmp_path / "origin.git", FILES)


def tip(repo: Repo, branch: str = "main") -> str:
    return repo.git("rev-parse", f"refs/heads/{branch}").strip()


# A branch of the desk's own ------------------------------------------------------------------------
async def test_a_branch_of_the_desk_moves_to_the_candidate(tmp_path: Path) -> None:
    async with candidate_for(tmp_path, None) as (repository, candidate):
        assert await land(repository, "main", candidate) == Landed(None)
        assert tip(Repo(repository.path)) == candidate.commit
        Repo(repository.path).git("fsck", "--strict")


async def test_a_branch_that_moved_is_left_where_it_is(tmp_path: Path) -> None:
    async with candidate_for(tmp_path, None) as (repository, candidate):
        theirs = Repo(tmp_path / "first")
        other = theirs.commit({"b": b"x"})
        theirs.git("push", "-q", str(repository.path), "main")
        assert await land(repository, "main", candidate) == Moved()
        assert tip(Repo(repository.path)) == other


async def test_a_branch_that_is_gone_has_moved(tmp_path: Path) -> None:
    async with candidate_for(tmp_path, None) as (repository, candidate):
        Repo(repository.path).git("update-ref", "-d", "refs/heads/main")
        assert await land(repository, "main", candidate) == Moved()


async def test_a_branch_that_somebody_checked_out_of_the_desks_repository_is_not_moved(
    tmp_path: Path,
) -> None:
    async with candidate_for(tmp_path, None) as (repository, candidate):
        mine = Repo(repository.path)
        mine.git("worktree", "add", "-q", str(tmp_path / "copy"), "main")
        refused = await land(repository, "main", candidate)
        assert isinstance(refused, Refused)
        assert refused.fault.reason is Reason.BRANCH_CHECKED_OUT
        assert tip(mine) == candidate.base
        Repo(tmp_path / "copy").git("checkout", "-q", "--detach")
        assert await land(repository, "main", candidate) == Landed(None)


async def test_a_reference_that_cannot_be_written_is_trouble_not_a_move(tmp_path: Path) -> None:
    async with candidate_for(tmp_path, None) as (repository, candidate):
        (repository.path / "refs/heads/main.lock").write_bytes(b"")
        with pytest.raises(GitError):
            await land(repository, "main", candidate)
        assert tip(Repo(repository.path)) == candidate.base


async def test_a_branch_that_somebody_has_packed_meanwhile_moves_as_well(tmp_path: Path) -> None:
    async with candidate_for(tmp_path, None) as (repository, candidate):
        desk = Repo(repository.path)
        desk.git("pack-refs", "--all")
        assert not (repository.path / "refs/heads/main").exists()
        assert repository.swap("refs/heads/main", candidate.commit, base=candidate.base)
        desk.git("pack-refs", "--all")
        assert not repository.swap("refs/heads/main", candidate.commit, base=candidate.base)
        assert tip(desk) == candidate.commit


async def test_a_lock_that_somebody_lets_go_of_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who pushes holds it for a moment; a landing that failed for that would be tried again much later."""
    async with candidate_for(tmp_path, None) as (repository, candidate):
        lock = repository.path / "refs/heads/main.lock"
        lock.write_bytes(b"")
        real = Repository.swap

        def swap(*args: Any, **options: Any) -> bool:
            done = real(*args, **options)
            lock.unlink()
            return done

        monkeypatch.setattr(Repository, "swap", swap)
        assert await land(repository, "main", candidate) == Landed(None)
        assert tip(Repo(repository.path)) == candidate.commit


async def test_whoever_moves_the_branch_at_the_same_time_loses_nothing(tmp_path: Path) -> None:
    """The desk in process and gits beside it, each a compare-and-swap: of one base only one gets on."""
    async with opened(tmp_path / "desk", "shop", None) as repository:
        make_repo(tmp_path / "first", FILES).git("push", "-q", str(repository.path), "main")
        desk, ref = Repo(repository.path), "refs/heads/main"
        first = tip(desk)

        async def push(name: str, move: Callable[[str, str], Awaitable[bool]]) -> int:
            moved = 0
            for number in range(15):
                base = repository.resolve(ref)
                assert base is not None
                words = replace(DESCRIPTION, title=f"{name} {number}")
                commit = repository.write_commit(words, tree=repository.tree(base), parent=base, now=NOW)
                moved += await move(base, commit)
            return moved

        async def in_process(base: str, commit: str) -> bool:
            return await asyncio.to_thread(repository.swap, ref, commit, base=base)

        async def by_git(base: str, commit: str) -> bool:
            ended = await repository.git.run("update-ref", ref, commit, base, codes=(0, 128))
            return ended.code == 0

        moves = await asyncio.gather(
            push("desk", in_process), push("one git", by_git), push("other git", by_git)
        )
        assert moves[0]
        assert any(moves[1:])
        assert int(desk.git("rev-list", "--count", f"{first}..main")) == sum(moves)


# An origin ---------------------------------------------------------------------------------------
async def test_an_origin_gets_exactly_the_candidate_on_exactly_the_branch(
    tmp_path: Path, origin: tuple[Repo, Repo]
) -> None:
    bare, _ = origin
    before = bare.git("for-each-ref")
    async with candidate_for(tmp_path, bare) as (repository, candidate):
        assert await land(repository, "main", candidate) == Landed(str(bare.path))
        assert tip(bare) == candidate.commit
        assert bare.git("for-each-ref") == before.replace(candidate.base, candidate.commit)


async def test_what_was_pushed_meanwhile_is_not_overwritten(
    tmp_path: Path, origin: tuple[Repo, Repo]
) -> None:
    bare, working = origin
    async with candidate_for(tmp_path, bare) as (repository, candidate):
        other = working.commit({"b": b"x"})
        working.git("push", "-q", "origin", "main")
        assert await land(repository, "main", candidate) == Moved()
        assert tip(bare) == other


async def test_a_branch_that_was_put_back_has_moved_too(tmp_path: Path, origin: tuple[Repo, Repo]) -> None:
    """The candidate would be a fast-forward there; it was checked on another base."""
    bare, working = origin
    first = tip(bare)
    working.commit({"b": b"x"})
    working.git("push", "-q", "origin", "main")
    async with candidate_for(tmp_path, bare) as (repository, candidate):
        working.git("push", "-q", "--force", "origin", f"{first}:main")
        assert await land(repository, "main", candidate) == Moved()
        assert tip(bare) == first


async def test_a_branch_that_was_deleted_is_not_made_again(tmp_path: Path, origin: tuple[Repo, Repo]) -> None:
    bare, _ = origin
    async with candidate_for(tmp_path, bare) as (repository, candidate):
        bare.git("update-ref", "-d", "refs/heads/main")
        assert await land(repository, "main", candidate) == Moved()
        assert bare.git("for-each-ref") == ""


@pytest.mark.parametrize("setting", ["refuse", "warn", "ignore", "updateInstead", None])
async def test_no_working_copy_changes_under_its_user_whatever_it_is_configured_to(
    tmp_path: Path, setting: str | None
) -> None:
    theirs = make_repo(tmp_path / "theirs", FILES)
    if setting:
        theirs.git("config", "receive.denyCurrentBranch", setting)
    async with candidate_for(tmp_path, theirs) as (repository, candidate):
        refused = await land(repository, "main", candidate)
        assert isinstance(refused, Refused)
        assert refused.fault.reason is Reason.BRANCH_CHECKED_OUT
        assert refused.fault.args["branch"] == "main"
        assert tip(theirs) == candidate.base
        assert theirs.git("status", "--porcelain") == ""
        theirs.git("checkout", "-q", "-b", "mine")
        assert await land(repository, "main", candidate) == Landed(str(theirs.path))
        assert theirs.git("status", "--porcelain") == ""


async def test_a_linked_working_copy_counts_as_well(tmp_path: Path, origin: tuple[Repo, Repo]) -> None:
    bare, _ = origin
    bare.git("worktree", "add", "-q", str(tmp_path / "linked"), "main")
    async with candidate_for(tmp_path, bare) as (repository, candidate):
        refused = await land(repository, "main", candidate)
        assert isinstance(refused, Refused)
        assert refused.fault.reason is Reason.BRANCH_CHECKED_OUT


@pytest.mark.parametrize("hook", ["pre-receive", "update"])
async def test_a_hook_of_the_origin_may_refuse_and_is_quoted(
    tmp_path: Path, origin: tuple[Repo, Repo], hook: str
) -> None:
    bare, _ = origin
    script = bare.path / "hooks" / hook
    script.parent.mkdir(exist_ok=True)
    script.write_text("#!/bin/sh\necho 'Only on Tuesdays.' >&2\nexit 1\n")
    script.chmod(0o755)
    async with candidate_for(tmp_path, bare) as (repository, candidate):
        refused = await land(repository, "main", candidate)
        assert isinstance(refused, Refused)
        assert refused.fault.reason is Reason.PUSH_REFUSED
        assert "hook declined" in refused.fault.args["detail"]
        assert "Only on Tuesdays." in refused.fault.args["detail"]
        assert tip(bare) == candidate.base


# When nobody answers -------------------------------------------------------------------------------
class Interrupted:
    """Lets a push happen, or not, and then loses the answer."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, *, arrives: bool, answer: Exited | None = None
    ) -> None:
        real = Git.run

        async def run(git: Git, *argv: str, **options: object) -> Exited:
            if argv[0] != "push":
                return await real(git, *argv, **options)  # type: ignore[arg-type]
            if arrives:
                await real(git, *argv, **options)  # type: ignore[arg-type]
            if answer is not None:
                return answer
            raise GitError(argv, 128, "fatal: the remote end hung up unexpectedly")

        monkeypatch.setattr(Git, "run", run)


async def test_an_answer_that_was_lost_is_read_from_the_branch(
    tmp_path: Path, origin: tuple[Repo, Repo], monkeypatch: pytest.MonkeyPatch
) -> None:
    bare, _ = origin
    async with candidate_for(tmp_path, bare) as (repository, candidate):
        Interrupted(monkeypatch, arrives=True)
        assert await land(repository, "main", candidate) == Landed(str(bare.path))
        assert tip(bare) == candidate.commit


async def test_a_landing_is_found_below_what_others_pushed_since(
    tmp_path: Path, origin: tuple[Repo, Repo], monkeypatch: pytest.MonkeyPatch
) -> None:
    bare, working = origin
    async with candidate_for(tmp_path, bare) as (repository, candidate):
        await land(repository, "main", candidate)
        working.git("pull", "-q", "origin", "main")
        working.commit({"b": b"x"})
        working.git("push", "-q", "origin", "main")
        Interrupted(monkeypatch, arrives=False)
        assert await land(repository, "main", candidate) == Landed(str(bare.path))


async def test_a_push_that_did_not_arrive_may_yet_work(
    tmp_path: Path, origin: tuple[Repo, Repo], monkeypatch: pytest.MonkeyPatch
) -> None:
    bare, _ = origin
    async with candidate_for(tmp_path, bare) as (repository, candidate):
        Interrupted(monkeypatch, arrives=False)
        with pytest.raises(UnreachableError, match="hung up"):
            await land(repository, "main", candidate)
        assert tip(bare) == candidate.base


def said(line: str) -> Exited:
    return Exited(1, f"To origin\n{line}\nDone\n".encode(), b"error: failed to push some refs\n")


@pytest.mark.parametrize(
    "answer",
    [
        said("!\tx:refs/heads/main\t[remote rejected] (failed to update ref)"),
        said("!\tx:refs/heads/main\t[remote rejected] (incorrect old value provided)"),
        said("!\tx:refs/heads/main\t[remote failure] (remote failed to report status)"),
        said("nothing that git would say"),
    ],
)
@pytest.mark.parametrize("somebody_was_quicker", [True, False])
async def test_an_answer_that_does_not_decide_is_decided_by_the_branch(
    tmp_path: Path,
    origin: tuple[Repo, Repo],
    monkeypatch: pytest.MonkeyPatch,
    answer: Exited,
    somebody_was_quicker: bool,
) -> None:
    bare, working = origin
    async with candidate_for(tmp_path, bare) as (repository, candidate):
        if somebody_was_quicker:
            working.commit({"b": b"x"})
            working.git("push", "-q", "origin", "main")
        Interrupted(monkeypatch, arrives=False, answer=answer)
        if somebody_was_quicker:
            assert await land(repository, "main", candidate) == Moved()
        else:
            with pytest.raises(UnreachableError):
                await land(repository, "main", candidate)


async def test_a_branch_that_vanished_while_nobody_answered_is_missing(
    tmp_path: Path, origin: tuple[Repo, Repo], monkeypatch: pytest.MonkeyPatch
) -> None:
    bare, _ = origin
    async with candidate_for(tmp_path, bare) as (repository, candidate):
        bare.git("update-ref", "-d", "refs/heads/main")
        Interrupted(monkeypatch, arrives=False)
        refused = await land(repository, "main", candidate)
        assert isinstance(refused, Refused)
        assert refused.fault.reason is Reason.BRANCH_MISSING


async def test_an_origin_that_vanished_is_unreachable(tmp_path: Path, origin: tuple[Repo, Repo]) -> None:
    bare, _ = origin
    async with candidate_for(tmp_path, bare) as (repository, candidate):
        bare.path.rename(tmp_path / "elsewhere")
        with pytest.raises(UnreachableError):
            await land(repository, "main", candidate)


async def test_of_many_desks_that_land_on_one_base_exactly_one_does(
    tmp_path: Path, origin: tuple[Repo, Repo]
) -> None:
    bare, _ = origin
    async with AsyncExitStack() as stack:
        desks = []
        for number in range(5):
            (tmp_path / f"{number}").mkdir()
            desks.append(await stack.enter_async_context(candidate_for(tmp_path / f"{number}", bare, number)))
        ended = await asyncio.gather(*(land(repository, "main", one) for repository, one in desks))
        assert sorted(type(one).__name__ for one in ended) == ["Landed"] + ["Moved"] * 4
        _, landed = desks[ended.index(Landed(str(bare.path)))]
        assert tip(bare) == landed.commit


async def test_no_plus_refspec_is_ever_pushed(
    tmp_path: Path, origin: tuple[Repo, Repo], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plus overrides the lease."""
    bare, _ = origin
    pushed: list[tuple[str, ...]] = []
    real = Git.run

    async def run(git: Git, *argv: str, **options: object) -> Exited:
        pushed.append(argv)
        return await real(git, *argv, **options)  # type: ignore[arg-type]

    async with candidate_for(tmp_path, bare) as (repository, candidate):
        monkeypatch.setattr(Git, "run", run)
        await land(repository, "main", candidate)
        (argv,) = (argv for argv in pushed if argv[0] == "push")
    assert argv[-1] == f"{candidate.commit}:refs/heads/main"
    assert f"--force-with-lease=refs/heads/main:{candidate.base}" in argv
    assert "--no-verify" in argv
    assert "--force" not in argv
