"""What looks like a credential does not get onto a branch unnoticed, and is quoted nowhere."""

from collections.abc import Mapping

import pytest

from contracts.faults import Reason
from contracts.gates import Credentials, GateResult, Verdict
from contracts.patch import Delete, Mutation, Rename, Replace, Write
from executor.candidate import Candidate
from executor.credentials import GATE, check_credentials
from tests.contracts.test_secrets import TOKENS
from tests.executor.test_repository import On

TOKEN = TOKENS["github"]
OTHER = TOKENS["aws"]


async def found(
    on: On, files: Mapping[str, bytes], *mutations: Mutation, policy: Credentials = Credentials.REFUSE
) -> tuple[GateResult, ...]:
    builder = on(files)
    candidate = await builder.build(*mutations)
    assert isinstance(candidate, Candidate)
    repository = builder.repository
    before, after = repository.tree(candidate.base), repository.tree(candidate.commit)
    return check_credentials(before, after, candidate.files, policy)


async def test_a_new_one_is_refused_and_not_quoted(on: On) -> None:
    [result] = await found(
        on, {"a": b"x\n"}, Write("src/conf.py", f"one\nkey = '{TOKEN}'\n{OTHER}\n".encode())
    )
    assert (result.name, result.verdict, result.required) == (GATE, Verdict.FAILED, True)
    assert result.why is not None
    assert result.why.reason is Reason.CREDENTIALS_ADDED
    assert dict(result.why.args) == {"path": "src/conf.py", "at": "2", "kind": "github", "count": "2"}
    assert TOKEN not in repr(result)


THERE = {"a": f"key = '{TOKEN}'\nold\n".encode()}


@pytest.mark.parametrize("mutation", [Replace("a", "old", "new"), Rename("a", "b"), Delete("a")])
async def test_one_that_was_there_is_not_this_patchs_doing(on: On, mutation: Mutation) -> None:
    assert await found(on, THERE, mutation) == ()


async def test_another_beside_it_is(on: On) -> None:
    [result] = await found(on, THERE, Replace("a", "old", OTHER))
    assert result.why is not None
    assert result.why.args["at"] == "2"


BYTES = [b"\0" + TOKEN.encode(), f"key = {TOKEN}\r\n".encode("utf-16")]


@pytest.mark.parametrize("content", BYTES)
async def test_it_makes_no_difference_that_the_file_is_no_text_to_git(on: On, content: bytes) -> None:
    [result] = await found(on, {"a": b"x"}, Write("b", content))
    assert result.verdict is Verdict.FAILED


@pytest.mark.parametrize("content", BYTES)
async def test_what_was_there_in_such_a_file_may_stay(on: On, content: bytes) -> None:
    assert await found(on, {"a": content}, Rename("a", "b")) == ()


@pytest.mark.parametrize(
    ("policy", "required"),
    [(Credentials.REFUSE, [True]), (Credentials.REPORT, [False]), (Credentials.IGNORE, [])],
)
async def test_the_domain_says_what_becomes_of_it(on: On, policy: Credentials, required: list[bool]) -> None:
    results = await found(on, {"a": b"x"}, Write("b", TOKEN.encode()), policy=policy)
    assert [each.required for each in results] == required
