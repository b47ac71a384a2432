"""A rehearsal tells what would come of a patch, and changes nothing."""

from datetime import datetime
from pathlib import Path

import pytest

from contracts.faults import Reason
from contracts.gates import GateSpec, RepairSpec, Verdict
from contracts.outcome import Change, Step
from contracts.patch import Changeset, Commands, Limits, Patch, Replace, Write
from contracts.resolving import Mending, Resolving
from contracts.settings import Settings
from executor import rehearsal
from executor.rehearsal import Rehearsal, Stage, open_stage, rehearse
from executor.sandbox.level import NoSandbox
from executor.sandbox.probe import best
from executor.sandbox.supervised import Supervised
from executor.workspace import Folders
from tests.executor.repositories import Repo, make_repo
from tests.executor.shop import ADA, Clock

PATCH = Patch("shop", Changeset((Write("new", b"new\n"),)), "A change", commands=(Commands("test", ("x",)),))
YES = GateSpec("yes", ("test", "-s", "new"))


@pytest.fixture
def theirs(tmp_path: Path) -> Repo:
    return make_repo(tmp_path / "theirs", {"a": b"1\n"})


@pytest.fixture
def stage(sandbox: Supervised, workspaces: Folders) -> Stage:
    return Stage(sandbox, workspaces, Limits(), Clock())


async def tried(
    stage: Stage, repo: Repo | str, *gates: GateSpec, patch: Patch = PATCH, branch: str | None = None
) -> tuple[Rehearsal, list[Step]]:
    steps: list[Step] = []

    async def on_step(step: Step, _now: datetime) -> None:
        steps.append(step)

    where = repo if isinstance(repo, str) else str(repo.path)
    found = await rehearse(stage, patch, ADA, repository=where, branch=branch, gates=gates, on_step=on_step)
    return found, steps


async def test_a_patch_that_would_land_does_not(stage: Stage, theirs: Repo) -> None:
    before = (theirs.git("for-each-ref"), theirs.git("rev-parse", "HEAD").strip())
    found, steps = await tried(stage, theirs, YES)
    assert found.would_land
    assert steps == [Step.FETCH, Step.APPLY, Step.CHECKOUT, Step.GATES]
    report = found.report
    assert (report.branch, report.base, report.pushed_to) == ("main", before[1], None)
    assert [(file.path, file.change) for file in report.files] == [("new", Change.ADDED)]
    assert [gate.verdict for gate in report.gates] == [Verdict.PASSED, Verdict.SKIPPED]
    assert report.steps[-1].ended is not None
    assert (theirs.git("for-each-ref"), theirs.git("rev-parse", "HEAD").strip()) == before
    assert theirs.git("status", "--porcelain") == ""


async def test_a_gate_that_says_no_would_keep_it_out(stage: Stage, theirs: Repo) -> None:
    found, _ = await tried(stage, theirs, GateSpec("no", ("false",)), YES)
    assert not found.would_land
    assert found.report.fault is not None
    assert found.report.fault.reason is Reason.GATE_FAILED
    assert [gate.verdict for gate in found.report.gates][:2] == [Verdict.FAILED, Verdict.SKIPPED]


async def test_a_patch_that_does_not_apply_says_why(stage: Stage, theirs: Repo) -> None:
    patch = Patch("shop", Changeset((Replace("a", "2", "3"),)), "x")
    found, _ = await tried(stage, theirs, patch=patch)
    assert found.report.fault is not None
    assert found.report.fault.reason is Reason.TEXT_NOT_FOUND


async def test_another_branch_may_be_named(stage: Stage, theirs: Repo) -> None:
    theirs.git("checkout", "-q", "-b", "side")
    side = theirs.commit({"b": b"x"})
    theirs.git("checkout", "-q", "main")
    found, _ = await tried(stage, theirs, branch="side")
    assert (found.report.branch, found.report.base) == ("side", side)
    found, _ = await tried(stage, theirs, branch="none")
    assert found.report.fault is not None
    assert (found.report.fault.reason, found.report.branch) == (Reason.BRANCH_MISSING, "none")


async def test_what_is_checked_out_need_not_be_a_branch(stage: Stage, theirs: Repo) -> None:
    theirs.git("checkout", "-q", "--detach")
    found, _ = await tried(stage, theirs)
    assert (found.report.branch, found.report.fault) == ("HEAD", None)


async def test_a_repository_without_a_commit_has_no_branch(stage: Stage, tmp_path: Path) -> None:
    found, _ = await tried(stage, make_repo(tmp_path / "empty"))
    assert found.report.fault is not None
    assert found.report.fault.reason is Reason.BRANCH_MISSING


async def test_what_is_no_repository_is_unreachable(stage: Stage, tmp_path: Path) -> None:
    found, _ = await tried(stage, str(tmp_path))
    assert not found.would_land
    assert found.report.fault is not None
    assert found.report.fault.reason is Reason.REPOSITORY_UNREACHABLE


async def test_a_stage_is_opened_with_what_the_settings_say(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(rehearsal, "default_root", lambda: tmp_path / "workspaces")
    settings = Settings.model_validate({"limits": {"files": 7}, "sandbox": {"min_level": 1}})
    async with open_stage(settings, clock=Clock()) as opened:
        assert (opened.limits.files, opened.min_level) == (7, 1)
        assert opened.sandbox.level == (await best(settings.sandbox)).level
    assert list((tmp_path / "workspaces").iterdir()) == []


async def test_the_least_level_holds_here_too(workspaces: Folders, theirs: Repo) -> None:
    found, _ = await tried(Stage(NoSandbox("none"), workspaces, Limits(), Clock()), theirs, YES)
    assert found.report.fault is not None
    assert found.report.fault.reason is Reason.SANDBOX_NONE


@pytest.mark.parametrize("repair", [Mending.AUTO, Mending.OFFER])
async def test_what_repairs_it_at_the_desk_repairs_it_here(
    stage: Stage, theirs: Repo, repair: Mending
) -> None:
    formatter = RepairSpec(GateSpec("formatter", ("sed", "-i", "s/new/tidy/", "new")))
    found = await rehearse(
        stage,
        PATCH,
        ADA,
        repository=str(theirs.path),
        branch=None,
        gates=[GateSpec("tidy", ("grep", "tidy", "new"))],
        on_step=_unheard,
        repairs=[formatter],
        resolving=Resolving(repair=repair),
    )
    assert found.would_land is (repair is Mending.AUTO)
    steps = found.report.offer.steps if found.report.offer else found.report.resolutions
    assert [each.reason for each in steps] == [Reason.REPAIRED]


async def _unheard(_step: Step, _now: datetime) -> None:
    """Nobody asks how far it is."""
