"""Git's second opinion: asked about every diff of a patch, and never left behind."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from contracts.faults import Reason
from executor import confirmation
from executor import git as git_module
from executor.candidate import Candidate
from executor.changeset.diffs import Claim
from executor.repository import objects
from tests.executor.conftest import Builder
from tests.executor.diffs import diff
from tests.executor.repositories import Content
from tests.executor.waiting import alive, until

On = Callable[[Mapping[str, Content]], Builder]

LINES = b"1\n2\n3\n"
FIRST = diff("a", "@@ -1,3 +1,3 @@\n-1\n+one\n 2\n 3\n")
SECOND = diff("a", "@@ -1,3 +1,3 @@\n one\n 2\n-3\n+three\n")


async def test_each_diff_of_a_patch_is_confirmed_on_what_the_one_before_made(
    on: On, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bytes] = []
    real = confirmation.Confirmer._put

    def put(confirmer: confirmation.Confirmer, claim: Claim, git: git_module.Standby) -> None:
        asked.append(claim.body)
        real(confirmer, claim, git)

    monkeypatch.setattr(confirmation.Confirmer, "_put", put)
    files = await on({"a": LINES}).files(FIRST, SECOND)
    assert files["a"][1] == b"one\n2\nthree\n"
    assert asked == [FIRST.body, SECOND.body]


async def test_one_diff_that_git_reads_otherwise_is_enough(on: On, monkeypatch: pytest.MonkeyPatch) -> None:
    builder = on({"a": LINES})
    await builder.open()
    read = 0

    def read_index(file: Path) -> dict[str, str]:
        nonlocal read
        read += 1
        return objects.read_index(file) if read == 1 else {}

    monkeypatch.setattr(confirmation, "read_index", read_index)
    assert (await builder.refusal(FIRST, SECOND)).reason is Reason.DIFF_MISREAD


async def test_a_git_that_waits_for_a_diff_ends_with_a_patch_that_has_none_to_ask_about(on: On) -> None:
    builder = on({"a": LINES})
    wrong = await builder.refusal(diff("b", "@@ -1,3 +1,3 @@\n-1\n+one\n 2\n 3\n"))
    assert wrong.reason is Reason.FILE_MISSING
    assert isinstance(await builder.build(FIRST), Candidate)


async def test_a_git_that_was_killed_says_nothing_about_the_diff(
    on: On, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    builder = on({"a": LINES})
    await builder.open()
    script = tmp_path / "git"
    script.write_text("#!/bin/sh\ncat >/dev/null\nkill -9 $$\n")
    script.chmod(0o755)
    monkeypatch.setattr(git_module, "_program", lambda: str(script))
    with pytest.raises(git_module.GitError, match="exit -9"):
        await builder.build(FIRST)


async def test_a_git_that_hangs_ends_with_whoever_is_cancelled(
    on: On, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    builder = on({"a": LINES})
    await builder.open()
    pid, script = tmp_path / "pid", tmp_path / "git"
    script.write_text(f"#!/bin/sh\necho $$ > {pid}.new\nmv {pid}.new {pid}\nexec sleep 60\n")
    script.chmod(0o755)
    monkeypatch.setattr(git_module, "_program", lambda: str(script))
    async with asyncio.TaskGroup() as group:
        task = group.create_task(builder.build(FIRST))
        await until(pid.exists)
        task.cancel()
    await until(lambda: not alive(int(pid.read_text())))
