"""Regular expressions of patches run in a program of their own."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from executor import process, regexes
from executor.changeset.substitution import (
    TOO_BIG,
    Invalid,
    Request,
    Substituted,
    TooLarge,
    TooSlow,
    substitute,
)

REQUEST = Request(
    pattern=r"(\w+), (\w+)", replacement=r"\2 \1", body="Lovelace, Ada\n", most=10, most_size=1000, seconds=5
)


@pytest.mark.parametrize(
    "request_",
    [
        REQUEST,
        replace(REQUEST, body="\u00e9, \U0001f600\n" * 50 + "\x00\x7f"),
        replace(REQUEST, pattern="("),
        replace(REQUEST, body="a, b\n" * 11),
        replace(REQUEST, replacement="x" * 2000),
        replace(REQUEST, pattern="(a*)*" * 200, body="ab" * 2000, most=10**6, most_size=10**6, seconds=0.05),
    ],
    ids=["plain", "unicode", "invalid", "too-many", "too-large", "too-slow"],
)
async def test_the_program_answers_as_the_function_does(request_: Request) -> None:
    assert await regexes.substitute(request_) == substitute(request_)


def test_the_kinds_of_answers_are_all_seen() -> None:
    assert substitute(REQUEST) == Substituted("Ada Lovelace\n", 1)
    assert isinstance(substitute(replace(REQUEST, pattern="(")), Invalid)
    assert substitute(replace(REQUEST, body="a, b\n" * 11)) == Substituted("", 11)
    assert substitute(replace(REQUEST, replacement="x" * 2000)) == TooLarge()


async def test_a_pattern_that_takes_gigabytes_to_compile_is_stopped_by_the_limit_on_memory() -> None:
    bomb = replace(REQUEST, pattern="(?:(?:a{1000}){1000}){1000}")
    answer = await regexes.substitute(bomb)
    assert answer in (Invalid(TOO_BIG), TooSlow())


async def test_a_pattern_that_recurses_for_ever_is_stopped() -> None:
    answer = await regexes.substitute(replace(REQUEST, pattern="(?R)", body="ab" * 2000))
    assert answer in (Invalid(TOO_BIG), TooSlow())


async def test_a_thread_may_ask_while_the_event_loop_runs() -> None:
    ask = regexes.Regexes(asyncio.get_running_loop())
    assert await asyncio.to_thread(ask, REQUEST) == Substituted("Ada Lovelace\n", 1)


async def test_a_program_that_is_killed_from_outside_is_too_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    async def killed(*_argv: object, within: timedelta, **_rest: object) -> process.Ended:
        return process.TimedOut(within)

    monkeypatch.setattr(process, "run", killed)
    assert await regexes.substitute(REQUEST) == TooSlow()


async def test_a_program_that_is_killed_for_its_memory_is_no_trouble_of_the_desk(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def killed(*_argv: object, **_rest: object) -> process.Ended:
        return process.Exited(-9, b"", b"")

    monkeypatch.setattr(process, "run", killed)
    assert await regexes.substitute(REQUEST) == Invalid(TOO_BIG)


async def test_a_program_that_cannot_start_is_trouble_of_the_desk(monkeypatch: pytest.MonkeyPatch) -> None:
    async def missing(*_argv: object, **_rest: object) -> process.Ended:
        return process.NotStarted("no such file")

    monkeypatch.setattr(process, "run", missing)
    with pytest.raises(OSError, match="no such file"):
        await regexes.substitute(REQUEST)
