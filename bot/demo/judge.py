"""Whether a post ended as it should: from what its thread says and what is on the branch. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.demo.origin import Entry
from bot.demo.posts import Ending, Post
from bot.demo.sample import TESTS
from bot.demo.watch import marks

Message = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Evidence:
    """*thread* is the message and what followed it, *files* the branch's tip where a post names files.

    *log* are the commits since the demo began, newest first.
    """

    desk: str
    thread: Sequence[Message]
    log: Sequence[Entry]
    files: Mapping[str, str | None]

    @property
    def answers(self) -> list[str]:
        return [message["text"] for message in self.thread[1:] if message["user"] == self.desk]

    @property
    def mark(self) -> list[str]:
        """The desk's reactions on the message."""
        return sorted(name for user, name in marks(self.thread[0]) if user == self.desk)

    def commits_of(self, author: str) -> list[Entry]:
        return [entry for entry in self.log if entry.author == author]


def differences(post: Post, seen: Evidence) -> Iterator[str]:
    """What is not as it should be; nothing: all is."""
    commits = len(seen.commits_of(post.author.real_name))
    match post.ending:
        case Ending.LANDED:
            yield from _unless(seen.mark == ["white_check_mark"], f"the mark is {seen.mark}")
            yield from _unless(
                commits == 1, f"{commits} commits of {post.author.real_name} are on the branch"
            )
            yield from _landed(post, seen)
        case Ending.GATE_FAILED:
            yield from _refused(seen, commits)
            yield from _unless(any(f"`{TESTS}`" in said for said in seen.answers), "no answer names the gate")
            logs = [name for message in seen.thread for name in _files(message)]
            yield from _unless(len(logs) == 1, f"{len(logs)} logs are in the thread")
        case Ending.REJECTED:
            yield from _refused(seen, commits)
            yield from _unless(
                any("line 8, column 3" in said.casefold() for said in seen.answers),
                "no answer says where it is broken",
            )
        case Ending.NO_ANSWER:
            yield from _unless(not seen.answers, f"it was answered: {seen.answers}")
            yield from _unless(not seen.mark, f"it was marked: {seen.mark}")
            yield from _unless(
                commits == 0, f"{commits} commits of {post.author.real_name} are on the branch"
            )


def _landed(post: Post, seen: Evidence) -> Iterator[str]:
    for commit in seen.commits_of(post.author.real_name):
        told = any(commit.commit[:10] in said for said in seen.answers)
        yield from _unless(told, f"no answer names the commit {commit.commit[:10]}")
        yield from _unless(bool(commit.patch), "the commit has no Patchdesk-Patch trailer")
    for path, text in post.landing:
        yield from _unless(text in (seen.files[path] or ""), f"{path} on the branch has no {text!r}")


def _refused(seen: Evidence, commits: int) -> Iterator[str]:
    yield from _unless(seen.mark == ["x"], f"the mark is {seen.mark}")
    yield from _unless(commits == 0, f"{commits} commits of its author are on the branch")
    yield from _unless(bool(seen.answers), "there is no answer")


def _unless(as_it_should_be: bool, otherwise: str) -> Iterator[str]:
    if not as_it_should_be:
        yield otherwise


def _files(message: Message) -> list[str]:
    return [file["name"] for file in message.get("files") or ()]
