"""What the doctor finds, against real folders, repositories and programs."""

import os
import re
import subprocess
from datetime import UTC, datetime
from inspect import getsource
from pathlib import Path

import pytest

from bot.cli.phrases.doctor import SENTENCES
from bot.delivery.wording.ink import placeholders
from bot.doctor import domains, machine
from bot.doctor.demands import demands
from bot.doctor.findings import Finding, Health, Symptom
from contracts.faults import Fault, Reason
from contracts.settings import DomainSettings
from executor.sandbox.probe import Lack

NOW = datetime(2026, 11, 21, 15, 30, tzinfo=UTC)


def reasons(findings: list[Finding], health: Health = Health.WRONG) -> list[str]:
    about = [finding.about for finding in findings if finding.health is health]
    return [each.reason.value if isinstance(each, Fault) else each.value for each in about]


def git(*argv: str | Path) -> None:
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.com"]
    subprocess.run(["git", *identity, *argv], check=True, capture_output=True)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A working copy with `main` checked out, and a second branch `release`."""
    folder = tmp_path / "checkout"
    git("init", "-q", "-b", "main", folder)
    git("-C", folder, "commit", "-q", "--allow-empty", "-m", "Begin")
    git("-C", folder, "branch", "release")
    return folder


@pytest.fixture
def bare(tmp_path: Path, checkout: Path) -> Path:
    folder = tmp_path / "bare.git"
    git("clone", "-q", "--bare", checkout, folder)
    return folder


async def domain(data: Path | None = None, **settings: object) -> list[Finding]:
    checked = DomainSettings.model_validate(settings)
    return [finding async for finding in domains.domain("shop", checked, data or Path("nowhere"))]


# The machine -----------------------------------------------------------------------------------
@pytest.mark.parametrize("said", ["git version 2.32.0", "git version 2.39.5 (Apple)", "git version 3.0"])
def test_a_git_that_can_leave_out_its_owners_configuration_is_fine(said: str) -> None:
    assert machine.judge_git(said).health is Health.FINE


@pytest.mark.parametrize("said", ["git version 2.31.9", "git version 1.8.3.1", "no git at all"])
def test_an_older_git_is_wrong(said: str) -> None:
    assert machine.judge_git(said).health is Health.WRONG


async def test_the_git_of_this_machine_is_asked() -> None:
    assert (await machine.git()).about is Symptom.GIT


async def test_a_machine_without_git_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("executor.git._program", lambda: "/nowhere/git")
    assert (await machine.git()).about is Symptom.GIT_MISSING


# The data folder -------------------------------------------------------------------------------
def test_a_data_folder_that_others_can_write_is_wrong(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    assert "data-open" in reasons(list(machine.data_folder(tmp_path)))
    tmp_path.chmod(0o700)
    assert reasons(list(machine.data_folder(tmp_path))) == []


def test_a_data_folder_that_is_a_file_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "var").touch()
    assert reasons(list(machine.data_folder(tmp_path / "var"))) == ["data-not-a-folder"]


def test_a_data_folder_that_is_not_there_yet_is_a_note(tmp_path: Path) -> None:
    assert reasons(list(machine.data_folder(tmp_path / "a/b/var")), Health.NOTE) == ["data-absent"]
    assert not (tmp_path / "a").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is closed to root")
def test_a_data_folder_that_cannot_be_written_is_wrong(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    assert reasons(list(machine.data_folder(tmp_path))) == ["data-not-writable"]
    assert reasons(list(machine.data_folder(tmp_path / "var"))) == ["data-not-writable"]


# The domains -----------------------------------------------------------------------------------
async def test_a_branch_of_a_bare_repository_is_fine(bare: Path) -> None:
    found = await domain(repository=str(bare), channels=["C0SHOP"], gates=[{"name": "t", "run": ["git"]}])
    assert [finding.health for finding in found] == [Health.FINE, Health.FINE]


async def test_a_branch_that_somebody_has_checked_out_is_wrong(checkout: Path) -> None:
    assert reasons(await domain(repository=str(checkout))) == [Reason.BRANCH_CHECKED_OUT]
    assert reasons(await domain(repository=str(checkout), branch="release")) == []


async def test_a_branch_checked_out_in_a_second_working_copy_is_wrong(checkout: Path, tmp_path: Path) -> None:
    git("-C", checkout, "worktree", "add", "-q", tmp_path / "second", "release")
    assert reasons(await domain(repository=str(checkout), branch="release")) == [Reason.BRANCH_CHECKED_OUT]


async def test_a_branch_that_is_not_there_is_wrong(bare: Path) -> None:
    assert reasons(await domain(repository=str(bare), branch="nowhere")) == [Reason.BRANCH_MISSING]


async def test_a_repository_that_does_not_answer_is_wrong(tmp_path: Path) -> None:
    assert reasons(await domain(repository=str(tmp_path / "gone"))) == ["origin-unreachable"]


async def test_a_domain_without_a_repository_is_asked_about_in_the_desks_own(
    tmp_path: Path, bare: Path
) -> None:
    assert reasons(await domain(tmp_path), Health.NOTE) == ["origin-none", "gates-none", "channels-none"]
    (tmp_path / "repositories").mkdir()
    bare.rename(tmp_path / "repositories/shop.git")
    assert reasons(await domain(tmp_path), Health.NOTE) == ["gates-none", "channels-none"]
    assert reasons(await domain(tmp_path, branch="nowhere")) == [Reason.BRANCH_MISSING]


async def test_a_gate_whose_program_is_nowhere_is_wrong(bare: Path) -> None:
    absent = [{"name": "types", "run": ["no-such-program"]}]
    found = await domain(repository=str(bare), gates=absent, repair=absent)
    assert reasons(found) == ["gate-program-missing", "gate-program-missing"]


@pytest.mark.skipif(os.geteuid() != 0, reason="gates run as another user only where the desk is root")
async def test_a_gate_whose_program_is_closed_to_the_gates_user_is_wrong(bare: Path, tmp_path: Path) -> None:
    program = tmp_path / "tools/check"
    program.parent.mkdir()
    program.touch(mode=0o755)
    program.parent.chmod(0o700)
    found = await domain(repository=str(bare), gates=[{"name": "check", "run": [str(program)]}])
    assert reasons(found) == ["gate-program-closed"]


async def test_a_domain_without_gates_or_channels_is_told_so(bare: Path) -> None:
    assert reasons(await domain(repository=str(bare)), Health.NOTE) == ["gates-none", "channels-none"]


async def policy(bare: Path, tmp_path: Path, text: str, **settings: object) -> list[Finding]:
    """What is found with *text* as the `.patchdesk.yml` of the branch."""
    copy = tmp_path / "copy"
    git("clone", "-q", bare, copy)
    (copy / ".patchdesk.yml").write_text(text)
    git("-C", copy, "add", ".patchdesk.yml")
    git("-C", copy, "commit", "-q", "-m", "Demand more")
    git("-C", copy, "push", "-q", "origin", "main")
    return await domain(tmp_path, repository=str(bare), channels=["C0SHOP"], **settings)


async def test_a_policy_of_the_branch_that_cannot_be_read_is_wrong(bare: Path, tmp_path: Path) -> None:
    assert reasons(await policy(bare, tmp_path, "gates: 7\n")) == [Reason.POLICY_FILE_BROKEN]


async def test_a_policy_that_is_no_plain_file_is_wrong(bare: Path, tmp_path: Path) -> None:
    (tmp_path / "copy").mkdir()
    git("init", "-q", "-b", "main", tmp_path / "copy")
    (tmp_path / "copy/.patchdesk.yml").symlink_to("elsewhere.yml")
    git("-C", tmp_path / "copy", "add", ".patchdesk.yml")
    git("-C", tmp_path / "copy", "commit", "-q", "-m", "Point elsewhere")
    git("-C", tmp_path / "copy", "push", "-q", "-f", bare, "main")
    assert reasons(await domain(repository=str(bare))) == [Reason.POLICY_FILE_BROKEN]


async def test_a_policy_whose_gate_takes_anothers_name_is_wrong(bare: Path, tmp_path: Path) -> None:
    gate = {"name": "lint", "run": ["git"]}
    found = await policy(
        bare, tmp_path, "gates:\n  - name: lint\n    run: [make]\n", gates=[gate], repository_gates=True
    )
    assert reasons(found) == [Reason.POLICY_FILE_GATE]


async def test_gates_of_the_branch_that_do_not_run_are_told(bare: Path, tmp_path: Path) -> None:
    found = await policy(bare, tmp_path, "gates:\n  - name: lint\n    run: [make]\n")
    assert reasons(found, Health.NOTE) == ["policy-file-gates", "gates-none"]


async def test_a_policy_of_a_branch_elsewhere_is_not_guessed_at(
    bare: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("executor.repository.bare.Origin.folder", None)
    assert "policy-file-unseen" in reasons(await policy(bare, tmp_path, "{}\n"), Health.NOTE)


# What they demand ------------------------------------------------------------------------------
def demanded(**settings: object) -> list[tuple[Health, str]]:
    found = demands("shop", DomainSettings.model_validate(settings), now=NOW)
    return [(each.health, str(each.about)) for each in found]


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({}, []),
        ({"submitters": {"users": ["U0ADA", "U0BEN"]}}, []),
        ({"submitters": {"users": ["U0ADA"]}}, [(Health.WRONG, "approvers-none")]),
        ({"submitters": {"users": ["U0ADA"], "groups": ["S0DEV"]}}, []),
        ({"approvers": {"users": ["U0ADA"]}}, [(Health.NOTE, "approvers-one")]),
        (
            {"submitters": {"users": ["U0ADA"]}, "approvers": {"users": ["U0ADA"]}},
            [(Health.WRONG, "approvers-none")],
        ),
        ({"submitters": {"users": ["U0ADA"]}, "approvers": {"groups": ["S0DEV"]}}, []),
        ({"protected": []}, [(Health.NOTE, "protected-none")]),
    ],
)
def test_whether_somebody_could_approve_and_what_is_protected_is_told(
    settings: dict[str, object], expected: list[tuple[Health, str]]
) -> None:
    assert demanded(**settings) == expected


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        ({"months": ["jan:dec"]}, [(Health.WRONG, "freeze-endless")]),
        ({"weekdays": ["fri:sun"]}, []),
        ({"from": "2020-12-01T00:00", "to": "2021-01-01T00:00"}, [(Health.NOTE, "freeze-over")]),
        ({"from": "2026-12-01T00:00", "to": "2027-01-01T00:00"}, []),
    ],
)
def test_a_window_that_never_ends_or_never_comes_again_is_told(
    window: dict[str, object], expected: list[tuple[Health, str]]
) -> None:
    assert demanded(freeze=[{"why": "feast", **window}]) == expected


# Words -----------------------------------------------------------------------------------------
def test_every_symptom_has_a_sentence_that_needs_the_facts_of_its_comment() -> None:
    comments = dict(re.findall(r"^ +(\w+) = \S+(?:  #: (.*))?$", getsource(Symptom), re.M))
    for symptom in Symptom:
        named = re.sub(r"\([^)]*\)", "", comments[symptom.name]).replace(",", " ").split()
        said = SENTENCES[symptom]
        assert placeholders(said.what + said.hint) <= set(named), symptom


def test_whatever_a_sandbox_level_lacks_the_doctor_has_a_word_on_it() -> None:
    assert set(machine._LACKS) == set(Lack)
    assert all(SENTENCES[symptom].hint for symptom in machine._LACKS.values())
