"""The demo: that it judges by what really happened, and that it goes well."""

import asyncio
import signal
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bot.cli.commands import build
from bot.cli.exits import ExitCode
from bot.demo import offline, play, sample
from bot.demo.judge import Evidence, differences
from bot.demo.origin import Entry
from bot.demo.peer import PATCHDESK
from bot.demo.posts import POSTS, Ending, Post
from bot.demo.watch import Edited, Posted, Reacted, happenings
from tests.peer.local_slack import BINARY

DESK = PATCHDESK.bot_user_id
COMMIT = "0123456789abcdef"


def post(ending: Ending) -> Post:
    return next(post for post in POSTS if post.ending is ending)


def message(user: str, text: str = "", *marks: str, **more: Any) -> dict[str, Any]:
    reactions = [{"name": name, "users": [DESK]} for name in marks]
    return {"ts": "1.0", "user": user, "text": text, "reactions": reactions, **more}


def as_it_should_be(ending: Ending) -> Evidence:
    """What a post of this ending leaves behind where all is well."""
    author = post(ending).author
    match ending:
        case Ending.LANDED:
            thread = [message(author.id, "", "white_check_mark"), message(DESK, f"Landed as {COMMIT[:10]}")]
            log = [Entry(COMMIT, author.real_name, "Say goodbye, too", "k3fq7xza")]
            return Evidence(DESK, thread, log, dict(post(ending).landing))
        case Ending.GATE_FAILED:
            thread = [
                message(author.id, "", "x"),
                message(DESK, "`tests` said no"),
                message(DESK, files=[{"name": "tests.log"}]),
            ]
            return Evidence(DESK, thread, [], {})
        case Ending.REJECTED:
            return Evidence(DESK, [message(author.id, "", "x"), message(DESK, "Line 8, column 3: …")], [], {})
        case Ending.NO_ANSWER:
            return Evidence(DESK, [message(author.id)], [], {})


def spoilt(seen: Evidence) -> Sequence[Evidence]:
    """The same with one thing wrong, in every way that matters."""
    root, *answers = seen.thread
    unlike = [{**root, "reactions": [{"name": "eyes", "users": [DESK]}]}, *answers]
    somebodys = Entry("f" * 16, next(post.author.real_name for post in POSTS), "More", "")
    ways = [
        replace(seen, thread=unlike),
        replace(seen, thread=[root] if answers else [root, message(DESK, "What is this?")]),
        replace(seen, log=[] if seen.log else [replace(somebodys, author=author) for author in AUTHORS]),
    ]
    if seen.files:
        ways += [replace(seen, files=dict.fromkeys(seen.files)), replace(seen, log=[seen.log[0], somebodys])]
        ways += [replace(seen, log=[replace(seen.log[0], patch="")])]
    return ways


AUTHORS = sorted({post.author.real_name for post in POSTS})


@pytest.mark.parametrize("ending", Ending)
def test_what_ended_as_it_should_has_no_differences(ending: Ending) -> None:
    assert list(differences(post(ending), as_it_should_be(ending))) == []


@pytest.mark.parametrize("ending", Ending)
def test_whatever_is_otherwise_is_a_difference(ending: Ending) -> None:
    for number, seen in enumerate(spoilt(as_it_should_be(ending))):
        assert list(differences(post(ending), seen)), number


def test_each_ending_is_posted_once() -> None:
    assert sorted(post.ending for post in POSTS) == sorted(Ending)


# What is shown ---------------------------------------------------------------------------------
def test_two_looks_at_a_channel_tell_what_happened_between_them() -> None:
    card = {"ts": "2.0", "thread_ts": "1.0"}
    before = [message("U0ADA", "hello", "eyes"), {**message(DESK, "waiting"), **card}]
    after = [
        message("U0ADA", "hello", "white_check_mark"),
        {**message(DESK, "landed"), **card},
        {**message(DESK, "", files=[{"name": "tests.log"}]), "ts": "3.0", "thread_ts": "1.0"},
    ]
    assert list(happenings(before, after)) == [
        Reacted("1.0", DESK, "eyes", present=False),
        Reacted("1.0", DESK, "white_check_mark", present=True),
        Edited("2.0", "1.0", DESK, "waiting", "landed"),
        Posted("3.0", "1.0", DESK, "", ("tests.log",)),
    ]
    assert list(happenings(after, after)) == []


# Without Slack ---------------------------------------------------------------------------------
def test_without_a_local_slack_the_same_posts_are_tried() -> None:
    result = CliRunner().invoke(build(["demo"]), ["demo", "--slack-peer", "/nowhere/local-slack"])
    assert result.exit_code == ExitCode.OK, result.output
    assert result.stdout.startswith("No local Slack: /nowhere/local-slack is not there")
    assert result.stdout.count("✓") == len(POSTS)
    assert "line 8, column 3" in result.stdout


async def test_a_demo_whose_gates_let_everything_through_is_seen_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine = sample.domain
    monkeypatch.setattr(
        sample, "domain", lambda path, python: genuine(path, python).model_copy(update={"gates": ()})
    )
    played = [each async for each in offline.play(tmp_path)]
    assert [each.post.ending for each in played if each.different] == [Ending.GATE_FAILED]


# With the local Slack --------------------------------------------------------------------------
@pytest.mark.slow
def test_the_demo_ends_as_it_should() -> None:
    result = CliRunner().invoke(build(["demo"]), ["demo", "--once", "--slack-peer", str(BINARY)])
    assert result.exit_code == ExitCode.OK, result.output
    assert result.stdout.count("✓") == len(POSTS)
    assert "Ada Okafor: Say goodbye, too" in result.stdout


@pytest.mark.slow
async def test_a_demo_that_ends_otherwise_says_what_is_different(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        play, "POSTS", [replace(post(Ending.GATE_FAILED), ending=Ending.LANDED), post(Ending.NO_ANSWER)]
    )
    async with play.stage(tmp_path, BINARY) as stage:
        judged = await play.judge(stage, await play.play(stage, lambda _: None))
    assert [bool(different) for _, different in judged] == [True, False]


@pytest.mark.slow
async def test_the_demo_stays_until_it_is_interrupted(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        "demo",
        "--slack-peer",
        BINARY,
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert process.stdout is not None
    async with asyncio.timeout(50):
        async for line in process.stdout:
            if b"Still open" in line:
                break
        process.send_signal(signal.SIGINT)
        assert await process.wait() == 130


@pytest.mark.slow
def test_a_local_slack_that_does_not_start_is_said_to_be_the_trouble() -> None:
    result = CliRunner().invoke(build(["demo"]), ["demo", "--once", "--slack-peer", "/bin/false"])
    assert result.exit_code == ExitCode.DESK
    assert "the local Slack did not start" in result.stderr
