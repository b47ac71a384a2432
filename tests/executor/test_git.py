"""Git is run in an environment that nobody else has a word in."""

from pathlib import Path

import pytest

from contracts.faults import Reason
from executor import git as git_module
from executor import process
from executor.git import Git, GitError, last_words, without_credentials
from tests.executor.repositories import Repo, make_repo


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    return make_repo(tmp_path / "repo", {"a": b"x\n"})


async def test_what_git_says_is_returned(repo: Repo) -> None:
    said = await Git(repo.path / ".git").run("rev-parse", "HEAD")
    assert said.stdout.decode().strip() == repo.git("rev-parse", "HEAD").strip()


async def test_a_failure_names_command_code_and_last_words(repo: Repo) -> None:
    with pytest.raises(GitError) as caught:
        await Git(repo.path / ".git").run("cat-file", "blob", "1" * 40)
    assert (caught.value.argv, caught.value.code) == (("cat-file", "blob", "1" * 40), 128)
    assert "bad file" in caught.value.detail
    found = caught.value.fault()
    assert (found.reason, found.args["command"]) == (Reason.GIT_BROKEN, "git cat-file")


async def test_a_code_that_is_expected_is_no_failure(repo: Repo) -> None:
    said = await Git(repo.path / ".git").run("rev-parse", "--verify", "-q", "refs/no", codes=(0, 1))
    assert said.code == 1


async def test_configuration_of_the_machine_the_user_and_hooks_is_not_obeyed(
    repo: Repo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "home/.gitconfig").write_text("[alias]\n\tsing = !echo la\n[user]\n\tname = Somebody\n")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    hook = repo.path / ".git/hooks/reference-transaction"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    hook.chmod(0o755)
    git = Git(repo.path / ".git")
    listed = (await git.run("config", "--list", "--show-scope")).stdout.decode()
    assert "Somebody" not in listed
    assert "global" not in listed
    assert "system" not in listed
    with pytest.raises(GitError):
        await git.run("sing")
    await git.run("update-ref", "refs/heads/x", "HEAD")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "ended",
    [
        process.TimedOut(git_module.LOCAL),
        process.Flooded(10),
        process.NotStarted("gone"),
    ],
)
async def test_a_git_that_was_killed_has_no_code(
    ended: process.Ended, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def run(*_args: object, **_rest: object) -> process.Ended:
        return ended

    monkeypatch.setattr(process, "run", run)
    with pytest.raises(GitError) as caught:
        await Git(tmp_path).run("status")
    assert caught.value.code is None


def test_credentials_are_never_shown() -> None:
    error = GitError(("fetch", "https://ada:s3cret@example.com/x.git"), 1, "for https://t0ken@example.com/x")
    assert "s3cret" not in str(error)
    assert "t0ken" not in str(error)
    assert "https://example.com/x.git" in str(error)
    assert (
        without_credentials("git@example.com:x and https://a:p%40@b/c") == "git@example.com:x and https://b/c"
    )


def test_only_the_end_of_what_git_said_is_kept() -> None:
    said = b"\n".join(b"line %d" % n for n in range(100)) + b"\n\xff https://u:p@h/\n"
    words = last_words(said)
    assert words.splitlines()[-1] == "\ufffd https://h/"
    assert len(words.splitlines()) == 6
